"""Two-point correlation of one image, and of samples, for worker threads: no Qt, no napari."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .image_work import Origins, cut

LENGTHS = {"correlation": "Correlation length", "characteristic": "Characteristic length"}
Lengths = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Correlation:
    """S2 of an image or a sample, ready to plot.

    Attributes
    ----------
    name : str
        Of the image or sample.
    probability : ndarray, (distances, differences)
        P(dn | r).
    distance, difference : ndarray
        r in `unit`, and the difference of porosity.
    unit : str
        ``"µm"``, or ``"px"`` without a pixel size.
    lengths : dict
        Correlation and characteristic `Length`, or why there is none, by name.
    tiles : int
        Tiles counted.
    """

    name: str
    probability: NDArray[np.float64]
    distance: NDArray[np.float64]
    difference: NDArray[np.float64]
    unit: str
    lengths: Lengths
    tiles: int

    def table(self) -> Any:
        """Return it as a table: a row a distance, a column a grey difference."""
        import pandas as pd

        names = [f"dn_{level}" for level in range(self.difference.size)]
        table = pd.DataFrame(self.probability, columns=names)
        table.insert(0, "r_um" if self.unit == "µm" else "r_px", self.distance)
        return table


@dataclass(frozen=True, eq=False)
class Compared:
    """Two samples beside each other: the second less the first.

    Attributes
    ----------
    first, second : Correlation
        The samples.
    test : dict
        The line of the study's table of differences; empty where there is none.
    significant : ndarray of bool or None
        The cells (r, dn) whose difference is significant, where the study tells.
    """

    first: Correlation
    second: Correlation
    test: dict[str, Any] = field(default_factory=dict)
    significant: NDArray[np.bool_] | None = None

    @property
    def change(self) -> NDArray[np.float64]:
        """Difference of the probabilities."""
        return self.second.probability - self.first.probability

    def table(self) -> Any:
        """Return the difference as a table."""
        found = self.first.table()
        found.iloc[:, 1:] = self.change
        return found


@dataclass(frozen=True)
class Samples:
    """What the study has of S2: for each source its samples, and the table of lengths."""

    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lengths: Any = None


def correlate_image(
    report: Progress,
    name: str,
    values: NDArray[Any],
    regions: Any,
    origins: Origins,
    r_max: int,
    pixel_size_nm: float | None,
) -> Correlation:
    """Count the pairs of an image tile by tile, as a study does.

    Parameters
    ----------
    report : Progress
        Progress by tiles.
    name : str
        Of the image.
    values : ndarray, (H, W)
        Porosity.
    regions : ndarray of bool, (H, W), or callable, optional
        Where pairs are counted, or what returns that.
    origins : tuple of (row, column)
        Where the tiles lie; empty to take the image as one piece.
    r_max : int
        Largest distance, px.
    pixel_size_nm : float or None
        For the distances.

    Raises
    ------
    NpmError
        If there are no pairs, or the tile is not larger than the greatest distance.
    """
    from napari_npm.core.correlation import two_point

    report(0, 1, "counting pairs")
    tiles = cut(values, origins)
    inside = regions() if callable(regions) else regions
    masks = None if inside is None else cut(inside, origins)
    if masks is not None:
        used = [number for number, mask in enumerate(masks) if mask.any()]
        if not used:
            raise NpmError("There are no pairs of pixels to count: the regions are empty.")
        tiles, masks = tiles[used], masks[used]
    r_max = min(r_max, min(tiles.shape[1:]) - 1)
    found = two_point(tiles, masks, r_max=r_max, progress=report)
    return ready(name, found, pixel_size_nm)


def ready(
    name: str, found: Any, pixel_size_nm: float | None, groups: Sequence[Any] | None = None
) -> Correlation:
    """Return a two-point correlation with its lengths, in units.

    Parameters
    ----------
    name : str
        Of the image or sample.
    found : TwoPoint
        The correlation.
    pixel_size_nm : float or None
        For the distances.
    groups : sequence, optional
        The specimen of each map: the intervals are then over specimens.
    """
    from napari_npm.core.correlation import characteristic_length, correlation_length

    nm = 1000.0 if pixel_size_nm is None else pixel_size_nm
    lengths: Lengths = {}
    for key, measure in zip(LENGTHS, (correlation_length, characteristic_length), strict=True):
        try:
            lengths[key] = measure(found, nm, groups=groups)
        except NpmError as error:
            lengths[key] = str(error)
    levels = found.probability.shape[1]
    return Correlation(
        name,
        np.asarray(found.probability, dtype=np.float64),
        np.asarray(found.r, dtype=np.float64) * nm / 1000,
        np.arange(levels) / max(levels - 1, 1),
        "px" if pixel_size_nm is None else "µm",
        lengths,
        found.n_images,
    )


def lengths_text(found: Correlation) -> str:
    """Return the lengths in words, with what limits them where they are not determined."""
    said = []
    for key, name in LENGTHS.items():
        length = found.lengths[key]
        if isinstance(length, str):
            said.append(f"{name}: {length}")
            continue
        spread = ""
        if length.low_um is not None and length.high_um is not None:
            spread = f" ({length.low_um:.3g}–{length.high_um:.3g})"
        doubt = "" if length.determined else f", not determined: {length.limit.rstrip('.')}"
        said.append(f"{name}: {length.um:.3g}{spread} {found.unit}{doubt}.")
    return "\n".join(said)


def stored_regions(study: Any, image_id: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the characteristic regions that the study has of an image's MulF map.

    Raises
    ------
    NpmError
        If they were not found yet.
    """
    from napari_npm.study.results import Flag

    flags = study.stacked(image_id, "regions/mulf")
    if flags is None or flags.shape != tuple(shape):
        raise NpmError(
            f"{image_id} has no regions yet: find them in the Characteristic regions dock."
        )
    found: NDArray[np.bool_] = (flags & Flag.CHARACTERISTIC) > 0
    return found


def read_samples(report: Progress, study: Any) -> Samples:
    """Return what the study has of S2."""
    report(0, 1, "")
    sources: dict[str, list[str]] = {}
    for item in study.state("correlate").records:
        source, _, sample = item.split("/", 2)
        known = sources.setdefault(source, [])
        if sample not in known:
            known.append(sample)
    return Samples(
        {source: tuple(names) for source, names in sources.items()}, study.table("lengths")
    )


def compare_samples(report: Progress, study: Any, source: str, names: Sequence[str]) -> Compared:
    """Return S2 of two samples.

    Raises
    ------
    NpmError
        If one of them was not correlated, or they differ in the largest distance.
    """
    from napari_npm.study.correlating import significant_of
    from napari_npm.study.results import two_point_of

    settings = study.parameters("correlate")
    found = []
    for number, name in enumerate(names):
        report(number, len(names), name)
        one = two_point_of(study, source, name)
        if one is None:
            raise NpmError(f"S2 of {name} was not counted yet: press “S2 of samples”.")
        found.append(ready(name, one, study.pixel_size_nm, _drawn(study, name, settings.unit)))
    if found[0].probability.shape != found[1].probability.shape:
        raise NpmError("The samples were correlated to different distances: press “S2 of samples”.")
    first, second = names
    for pair in ((first, second), (second, first)):
        test = _line(study.table("s2_differences"), source, *pair)
        if test:
            marked = significant_of(study, source, *pair, settings.significance)
            fits = marked is not None and marked.shape == found[0].probability.shape
            return Compared(*found, test, marked if fits else None)
    return Compared(*found)


def _drawn(study: Any, sample: str, unit: str) -> list[Any] | None:
    """Return the specimen of each map where intervals are over specimens, as in the tables."""
    from napari_npm.study.correlating import specimens

    names = specimens(study, sample)
    return names if unit == "specimen" and len(set(names)) >= 3 else None


def _line(table: Any, source: str, first: str, second: str) -> dict[str, Any]:
    if table is None or table.empty:
        return {}
    own = table[
        (table["source"] == source)
        & (table["first"].astype(str) == first)
        & (table["second"].astype(str) == second)
    ]
    return dict(own.iloc[0]) if len(own) else {}


def test_text(compared: Compared) -> str:
    """Return in words whether two samples differ."""
    test = compared.test
    if not test:
        return "Whether this is more than chance was not tested: press “S2 of samples”."
    unit = "specimens" if test["unit"] == "specimen" else "tiles"
    p = f"{test['p_overall']:.2g}"
    text = f"The test of no difference at all gives p = {p}, by permutation of {unit}"
    if unit == "specimens":
        text += f" (of tiles {test['p_overall_tiles']:.2g}, which are not independent)"
    marks = compared.significant
    inside = (
        ""
        if marks is None or not marks[1:].any()
        else " Inside the lines single cells are, all cells taken into account, more than chance."
    )
    return f"{text}.{inside}"
