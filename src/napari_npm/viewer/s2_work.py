"""Two-point correlation of one image, for worker threads: no Qt, no napari."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .image_work import Origins, cut


@dataclass(frozen=True)
class Correlation:
    """S2 of one image, ready to plot.

    Attributes
    ----------
    probability : ndarray, (distances, differences)
        S2, thinned to what a dock can show.
    distance, difference : ndarray
        r in `unit`, and the difference of porosity.
    unit : str
        ``"µm"``, or ``"px"`` without a pixel size.
    text : str
        Correlation and characteristic length in words.
    tiles : int
        Tiles counted.
    """

    probability: NDArray[np.float64]
    distance: NDArray[np.float64]
    difference: NDArray[np.float64]
    unit: str
    text: str
    tiles: int


def correlate_image(
    report: Progress,
    values: NDArray[Any],
    regions: NDArray[np.bool_] | None,
    origins: Origins,
    r_max: int,
    pixel_size_nm: float | None,
) -> Generator[None, None, Correlation]:
    """Count the pairs of an image tile by tile, as a study does.

    Raises
    ------
    NpmError
        If there are no pairs, or the tile is not larger than the greatest distance.
    """
    from napari_npm.core.correlation import (
        characteristic_length,
        correlation_length,
        from_counts,
        two_point,
    )

    tiles = cut(values, origins)
    masks = None if regions is None else cut(regions, origins)
    r_max = min(r_max, min(tiles.shape[1:]) - 1)
    counts: Any = 0
    for number in range(len(tiles)):
        if masks is not None and not masks[number].any():
            continue
        mask = None if masks is None else masks[number : number + 1]
        one = slice(number, number + 1)

        def inner(done: int, total: int, *_: object, base: int = number) -> None:
            share = int(100 * done / max(total, 1))
            report(100 * base + share, 100 * len(tiles), f"tile {base + 1} of {len(tiles)}")

        report(100 * number, 100 * len(tiles), f"tile {number + 1} of {len(tiles)}")
        counts = counts + two_point(tiles[one], mask, r_max=r_max, progress=inner).counts
        yield
    if not np.any(counts):
        raise NpmError("There are no pairs of pixels to count: the regions are empty.")
    found = from_counts(counts)
    size = 1.0 if pixel_size_nm is None else pixel_size_nm / 1000
    unit = "px" if pixel_size_nm is None else "µm"
    nm = 1000.0 if pixel_size_nm is None else pixel_size_nm
    said = []
    for name, measure in (
        ("Correlation length", correlation_length),
        ("Characteristic length", characteristic_length),
    ):
        try:
            length = measure(found, nm)
        except NpmError as error:
            said.append(f"{name}: {error}")
            continue
        doubt = "" if length.determined else f", not determined: {length.limit.rstrip('.')}"
        said.append(f"{name}: {length.um:.3g} {unit}{doubt}.")
    probability = np.asarray(found.probability, dtype=np.float64)
    levels = probability.shape[1]
    return Correlation(
        probability,
        np.asarray(found.r, dtype=np.float64) * size,
        np.arange(levels) / max(levels - 1, 1),
        unit,
        "\n".join(said),
        len(tiles),
    )
