"""Make the sample data: images, masks, truth and a mosaic of a phantom, always the same.

python make_sample_data.py                 write everything anew beside this script
python make_sample_data.py --check         make it again elsewhere and compare
python make_sample_data.py --model FOLDER  take a trained model from FOLDER into model/
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tifffile

from napari_npm.core.phantom import Phantom, PhantomClass, PhantomConfig, mosaic, specimen
from napari_npm.core.response import load_curve

HERE = Path(__file__).resolve().parent
MANIFEST = "SHA256SUMS"
MADE = ("images", "mosaic", "masks", "truth", "samples.toml")  # by this script
KEPT = ("model", "response.csv")  # in the manifest too, but made elsewhere

SEED = 27
SPECIMENS = "ABCDE"
TILES = 6
LABELS = ("0 %", "0.01 %", "0.02 %")
MOSAIC_CLASS = 1
# S2 and S3 differ from S1 inside the places: the C-S-H porosity varies over 0.68 and 0.46 of the
# length, and pores of the same area are 0.57 and 0.31 times as large. Mean porosity differs by so
# little that it alone tells about half of the tiles.
CONFIG = PhantomConfig(
    classes=(
        PhantomClass(),
        PhantomClass(correlation=0.68, pore_size=0.57, porosity=-0.035),
        PhantomClass(correlation=0.46, pore_size=0.31, porosity=-0.010),
    ),
    place_fraction=0.45,
    pore_px=24.0,
    pore_fraction=0.06,
    csh_porosity=0.19,
)


def phantoms() -> Iterator[tuple[str, str, Phantom]]:
    """Yield the folder, the name without ending and the phantom of every image."""
    # Pinned here, so that a better curve in the package does not change the sample images.
    curve = load_curve(HERE / "response.csv")
    for index in range(len(LABELS)):
        sample = f"S{index + 1}"
        for number, letter in enumerate(SPECIMENS):
            tiles = specimen(CONFIG, index, number, n_tiles=TILES, seed=SEED, curve=curve)
            for k, tile in enumerate(tiles):
                name = f"{sample}-{letter}"
                yield f"images/{sample}/{name}", f"{name}-{k + 1}", tile
    large = mosaic(CONFIG, MOSAIC_CLASS, len(SPECIMENS), seed=SEED, curve=curve)
    yield "mosaic", f"S{MOSAIC_CLASS + 1}-mosaic", large


def write(folder: Path) -> None:
    """Write all that this script makes into a folder, over what is there."""
    for name in MADE:
        shutil.rmtree(folder / name, ignore_errors=True)
    for place, name, phantom in phantoms():
        for where, pixels in (
            (place, phantom.bse),
            ("masks", phantom.labels),
            ("truth", phantom.places.astype(np.uint8)),
        ):
            target = folder / where / f"{name}.tif"
            target.parent.mkdir(parents=True, exist_ok=True)
            write_tiff(target, pixels, phantom.pixel_size_nm)
    (folder / "samples.toml").write_text(samples_toml(), encoding="utf-8", newline="\n")


def write_tiff(path: Path, pixels: np.ndarray, pixel_size_nm: float) -> None:
    """Write an 8-bit TIFF as ImageJ does, with its pixel size and without a date."""
    tifffile.imwrite(
        path,
        pixels,
        imagej=True,
        photometric="minisblack",
        compression="zlib",
        compressionargs={"level": 9},
        predictor=2,
        resolution=(1 / pixel_size_nm, 1 / pixel_size_nm),
        metadata={"unit": "nm"},
        datetime=False,
        software=False,
    )


def samples_toml() -> str:
    """List the samples and the mosaic."""
    lines = [
        "# Samples in this folder; masks/ and truth/ hold a file of the same name for each image.",
        f"pixel_size_nm = {CONFIG.pixel_size_nm}",
        "kv = 5.0",
    ]
    for index, label in enumerate(LABELS):
        name = f"S{index + 1}"
        lines += ["", "[[samples]]", f'name = "{name}"', f'label = "{label}"']
        lines += [f'folder = "images/{name}"']
    name = f"S{MOSAIC_CLASS + 1}"
    lines += ["", "[[mosaics]]", f'file = "mosaic/{name}-mosaic.tif"', f'sample = "{name}"', ""]
    return "\n".join(lines)


def files(folder: Path, names: Sequence[str]) -> list[str]:
    """List the files below some names in a folder, as relative paths in order."""
    found = [
        path
        for name in names
        for path in ([folder / name] if (folder / name).is_file() else (folder / name).rglob("*"))
        if path.is_file()
    ]
    return sorted(path.relative_to(folder).as_posix() for path in found)


def write_manifest(folder: Path) -> None:
    """Write the hashes of all data files, in the format of sha256sum."""
    lines = [f"{sha256(folder / name)}  {name}\n" for name in files(folder, MADE + KEPT)]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8", newline="\n")


def sha256(path: Path) -> str:
    """Hash a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check() -> list[str]:
    """Make the data again, and say in what these files differ from them and from the manifest."""
    wrong = []
    text = (HERE / MANIFEST).read_text(encoding="utf-8")
    listed = {name: digest for digest, name in (row.split("  ", 1) for row in text.splitlines())}
    present = files(HERE, MADE + KEPT)
    wrong += [f"{name} is missing" for name in listed.keys() - set(present)]
    wrong += [f"{name} is not in {MANIFEST}" for name in set(present) - listed.keys()]
    with tempfile.TemporaryDirectory() as temporary:
        again = Path(temporary)
        write(again)
        for name in files(again, MADE):
            if (
                name in listed
                and sha256(again / name) != listed[name]
                and not same_image(again / name, HERE / name)
            ):
                wrong.append(f"{name} comes out differently")
    wrong += [
        f"{name} was changed"
        for name in present
        if name in listed and sha256(HERE / name) != listed[name]
    ]
    return sorted(wrong)


def same_image(one: Path, other: Path) -> bool:
    """Tell whether two TIFFs differ in nothing but how another zlib has compressed them."""
    if one.suffix != ".tif" or not other.exists():
        return False
    with tifffile.TiffFile(one) as a, tifffile.TiffFile(other) as b:
        layout = {"StripOffsets", "StripByteCounts"}
        tags = [
            {t.name: t.value for t in tif.pages.first.tags if t.name not in layout}
            for tif in (a, b)
        ]
        return tags[0] == tags[1] and np.array_equal(a.asarray(), b.asarray())


def take_model(source: Path) -> None:
    """Take a trained model (weights, card, history) over into model/."""
    shutil.rmtree(HERE / "model", ignore_errors=True)
    shutil.copytree(source, HERE / "model")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Make the sample data.")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--check", action="store_true", help="make them again and compare")
    group.add_argument("--model", type=Path, metavar="FOLDER", help="take over a trained model")
    options = parser.parse_args(arguments)
    if options.check:
        wrong = check()
        print("\n".join(wrong) or "The sample data are as this script makes them.")
        return 1 if wrong else 0
    if options.model:
        take_model(options.model)
    else:
        write(HERE)
    write_manifest(HERE)
    total = sum((HERE / name).stat().st_size for name in files(HERE, MADE + KEPT))
    print(f"{len(files(HERE, MADE + KEPT))} files, {total / 1e6:.1f} MB, in {HERE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
