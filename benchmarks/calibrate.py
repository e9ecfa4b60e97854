"""Speed of `calibrate` beside its floor, in one process: prints seconds and the ratio.

    python benchmarks/calibrate.py [--tiles 1000] [--profile]

The floor reads the same images with the study's reader and writes the same maps as zarr chunks that
are seen on disk, and does nothing else; the step also reads masks, converts, takes the histogram,
hashes the result and keeps a line for each image. Each image is one tile of 384 x 384 pixels, the
case with the most files.
"""

import argparse
import cProfile
import os
import pstats
import tempfile
import time
from pathlib import Path

import numpy as np
import zarr

from napari_npm.core.phantom import planted, specimen
from napari_npm.io import write_image
from napari_npm.study import Study, add_images, run

DISTINCT = 20


def make_study(folder: Path, tiles: int) -> Study:
    """Return a study of phantom tiles with masks, every step before `calibrate` done."""
    phantoms = specimen(planted("both"), 1, 0, n_tiles=DISTINCT, seed=1)
    paths = []
    for number in range(tiles):
        phantom = phantoms[number % DISTINCT]
        # no two files alike, as no two images are
        pixels = np.clip(phantom.bse.astype(int) + number % 7 - 3, 0, 255).astype(np.uint8)
        pixels[0, :4] = np.frombuffer(np.uint32(number).tobytes(), np.uint8)
        paths.append(folder / "images" / f"tile-{number:04d}.tif")
        write_image(paths[-1], pixels, phantom.pixel_size_nm)
    study = Study.create(folder / "study")
    add_images(study, "S1", paths)
    for number, image in enumerate(study.images):
        study.set_mask(image.id, phantoms[number % DISTINCT].labels)
    run(study, ["simulate", "import", "mask"])
    return study


def floor(study: Study, folder: Path) -> tuple[float, float, float, float]:
    """Return seconds to read all images, to write all maps and to write them without a sync.

    The last is the processor's time for the first two.
    """
    maps = zarr.open_array(study.stack("mulf").path, mode="r")
    values = [np.asarray(maps[number]) for number in range(DISTINCT)]
    started, processor = time.perf_counter(), time.process_time()
    for image in study.images:
        study.read(image.id)
    read = time.perf_counter() - started
    times, busy = [], time.process_time() - processor
    for synced in (True, False):
        place = folder / f"floor-{synced}.zarr"
        array = zarr.create_array(
            place,
            shape=maps.shape,
            chunks=maps.chunks,
            dtype=maps.dtype,
            config={"write_empty_chunks": True},
        )
        started, processor = time.perf_counter(), time.process_time()
        for number in range(len(study.images)):
            array[number] = values[number % DISTINCT]
            if synced:
                with (place / array.metadata.encode_chunk_key((number, 0, 0))).open("rb+") as file:
                    os.fsync(file.fileno())
        times.append(time.perf_counter() - started)
        busy += synced * (time.process_time() - processor)
    return read, times[0], times[1], busy


def main() -> None:
    """Time both and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiles", type=int, default=1000)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = make_study(folder, chosen.tiles)
        run(study, ["calibrate"], only=[study.images[0].id])  # imports and compiles
        profile = cProfile.Profile()
        if chosen.profile:
            profile.enable()
        started, processor = time.perf_counter(), time.process_time()
        run(study, ["calibrate"], scheduler="synchronous" if chosen.profile else "threads")
        step, busy = time.perf_counter() - started, time.process_time() - processor
        profile.disable()
        started = time.perf_counter()
        run(study, ["calibrate"])
        again = time.perf_counter() - started
        read, write, unsynced, least = floor(study, folder)
        print(f"{chosen.tiles} tiles of 384 x 384, one an image, {os.cpu_count()} cores")
        print(f"read images {read:6.2f} s   write maps {write:6.2f} s (no sync {unsynced:.2f} s)")
        print(
            f"calibrate   {step:6.2f} s   ratio {step / (read + write):.2f}"
            f" (no sync in the floor {step / (read + unsynced):.2f})"
        )
        print(f"processor   {busy:6.2f} s   of the floor {least:6.2f} s   ratio {busy / least:.2f}")
        print(f"again, nothing to do {again:6.2f} s")
        if chosen.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        study.close()


if __name__ == "__main__":
    main()
