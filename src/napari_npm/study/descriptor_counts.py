"""What the describe step counts in the maps of an image, and adds up over those of a sample."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .arrays import read_arrays
from .results import damaged
from .study import Study

if TYPE_CHECKING:
    from napari_npm.core.pores import Pores

PHASES = ("pore", "solid")
"""High- and low-porosity pixels, as tables name them."""
Counts = dict[str, NDArray[Any]]


def counts_path(study: Study, image_id: str) -> Path:
    """Return where the counts of an image are kept."""
    return study.folder / "state" / "describe" / f"{image_id.replace('/', '-')}.npz"


def write_counts(study: Study, image_id: str, counts: Counts) -> None:
    """Keep the counts of an image."""
    from napari_npm.io import write_bytes

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **counts)  # type: ignore[arg-type] # names are not "file"
    write_bytes(counts_path(study, image_id), buffer.getvalue())


def drop_counts(study: Study, kept: Iterable[str]) -> None:
    """Remove the counts of images that are no longer there."""
    wanted = {counts_path(study, image_id) for image_id in kept}
    for path in counts_path(study, "x").parent.glob("*.npz"):
        if path not in wanted:
            path.unlink()


def counts_of(study: Study, sample: str) -> Counts:
    """Return the counts of all images of a sample, added up.

    Raises
    ------
    NpmError
        If a file of them is damaged.
    """
    parts = []
    for image in study.images:
        if image.sample == sample:
            path = counts_path(study, image.id)
            try:
                parts.append(read_arrays(path))
            except ValueError as error:
                raise NpmError(damaged(study, "describe", path)) from error
    return add_counts(parts)


def add_counts(parts: Sequence[Counts]) -> Counts:
    """Add up counts; those of single images have been cut after their last number."""
    total: Counts = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        arrays = [part[name] for part in parts if name in part]
        if name.startswith("pores_"):
            total[name] = np.concatenate(arrays)  # a size and how often, over and over
            continue
        longest = max(array.size for array in arrays)
        total[name] = sum(np.pad(array, (0, longest - array.size)) for array in arrays)  # type: ignore[assignment] # there is at least one
    return total


def pore_counts(pores: Sequence["Pores"]) -> Counts:
    """Return which sizes the pores of some maps have, and how often."""
    sizes = [one.areas for one in pores] or [np.zeros(0, np.int64)]
    pixels, times = np.unique(np.concatenate(sizes), return_counts=True)
    return {"pores_pixels": pixels, "pores_times": times}


def shape_counts(
    one: NDArray[np.generic], pores: "Pores", pixel_size_nm: float
) -> tuple[dict[str, float], Counts]:
    """Return the further descriptors of a map for its row, and their counts.

    Parameters
    ----------
    one : array, (H, W)
        The map.
    pores : Pores
        Its pores.
    pixel_size_nm : float
        Side of a pixel in nm.
    """
    from napari_npm.core.minkowski import minkowski
    from napari_npm.core.runs import count_runs
    from napari_npm.core.thickness import local_thickness

    row: dict[str, float] = {}
    counts: Counts = {}
    high = pores.split.high
    for phase, mask in zip(PHASES, (high, ~high), strict=True):
        runs, thickness = count_runs(mask), local_thickness(mask)
        covered = np.bincount(thickness[mask])
        mean = float(thickness[mask].mean()) if mask.any() else float("nan")
        row[f"chord_{phase}_nm"] = runs.mean_chord * pixel_size_nm
        row[f"thickness_{phase}_nm"] = mean * pixel_size_nm
        counts |= {
            f"runs_inside_{phase}": runs.inside,
            f"runs_cut_{phase}": runs.cut,
            f"runs_places_{phase}": runs.places,
            f"runs_ends_{phase}": np.array([runs.ends]),
            f"thickness_{phase}": covered,
        }
    found, level = minkowski(one), pores.split.threshold
    area_um2 = found.pixels * (pixel_size_nm / 1000) ** 2
    row["perimeter_per_um"] = found.perimeter[level] * pixel_size_nm / 1000 / area_um2
    row["euler_per_um2"] = float(found.euler[level]) / area_um2
    counts |= {
        "minkowski_area": found.area,
        "minkowski_perimeter": found.perimeter,
        "minkowski_euler": found.euler,
        "minkowski_pixels": np.array([found.pixels]),
    }
    return row, counts
