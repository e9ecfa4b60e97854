"""Grey levels of an image and its references, for worker threads: no Qt, no napari."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.calibration import Level, reference_levels
from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.progress import Progress

_BINS, _GROUPS, _WIDEST = 256, 2048, 1 << 16
_FAR = 1e12


@dataclass(frozen=True)
class Place:
    """Where an image stands in a study, for references that are averaged over several images."""

    study: Any
    image_id: str


@dataclass(frozen=True)
class Grey:
    """Grey levels of an image.

    Attributes
    ----------
    edges, counts : ndarray
        Bin edges (bins + 1) and pixels a bin outside unhydrated cement, for drawing.
    values, pixels_at : ndarray
        Every grey value that may occur and its pixels outside unhydrated cement; for images of
        floating point the middles of 4096 bins.
    grouped, pixels_in : ndarray
        The same in at most 2048 groups of neighbouring values, for live numbers: the mean value
        of each group and its pixels.
    csh, metal : Level or None
        The references marked on this image.
    pixels : dict of int to int
        Pixels of each mask label.
    size : int
        Pixels of the image.
    unhydrated : ndarray of bool or None
        Where unhydrated cement is; None where there is none.
    references : dict of str to (Level, str)
        ``"g_csh"`` and ``"g_metal"`` as the marked regions give them, with the scope they come
        from; one that is not marked anywhere is missing.
    problems : tuple of str
        Why a reference that is marked cannot be used, or is missing.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    values: NDArray[np.float64]
    pixels_at: NDArray[np.int64]
    grouped: NDArray[np.float64]
    pixels_in: NDArray[np.int64]
    csh: Level | None
    metal: Level | None
    pixels: dict[int, int]
    size: int
    unhydrated: NDArray[np.bool_] | None = None
    references: dict[str, tuple[Level, str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def g_csh(self) -> float | None:
        """Mean grey level of the C-S-H marked on this image."""
        return None if self.csh is None else self.csh.mean

    @property
    def g_metal(self) -> float | None:
        """Mean grey level of the metal marked on this image."""
        return None if self.metal is None else self.metal.mean


def grey_of(
    report: Progress,
    image: NDArray[Any],
    labels: NDArray[Any] | None,
    parameters: Any = None,
    place: Place | None = None,
) -> Grey:
    """Measure the grey histogram outside unhydrated cement and the reference levels.

    Parameters
    ----------
    report : Progress
        May raise `Cancelled`.
    image, labels : ndarray, (H, W)
        Grey values and mask.
    parameters : CalibrateParameters, optional
        The scope of the references.
    place : Place, optional
        The image's place in a study.
    """
    report(0, 1, "")
    if labels is not None and labels.shape != image.shape:
        labels = None
    unhydrated = None if labels is None else labels == Label.UNHYDRATED
    if unhydrated is not None and not unhydrated.any():
        unhydrated = None
    values, pixels_at = _count(image if unhydrated is None else image[~unhydrated], image)
    if image.dtype == np.uint8:
        low, high = -0.5, 255.5
    else:
        low = 0.0 if image.dtype.kind == "u" else float(values[0])
        high = max(float(values[-1]), low + 1e-9)
    counts, edges = np.histogram(values, _BINS, (low, high), weights=pixels_at)
    levels = None if labels is None else reference_levels(image, labels)
    found = {} if labels is None else np.bincount(labels.ravel(), minlength=len(Label) + 1)
    csh, metal = (None, None) if levels is None else (levels.csh, levels.metal)
    references, problems = _references(csh, metal, parameters, place)
    return Grey(
        edges,
        counts.astype(np.int64),
        values,
        pixels_at,
        *_group(values, pixels_at),
        csh,
        metal,
        {int(label): int(found[label]) for label in Label} if labels is not None else {},
        image.size,
        unhydrated,
        references,
        problems,
    )


def _count(
    kept: NDArray[Any], image: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    low, high = image.min(), image.max()
    if image.dtype.kind in "iu" and int(high) - int(low) < _WIDEST:
        first = 0 if image.dtype == np.uint8 else int(low)
        last = 255 if image.dtype == np.uint8 else int(high)
        shifted = kept.ravel() if first == 0 else kept.ravel().astype(np.int64) - first
        counts = np.bincount(shifted, minlength=last - first + 1)
        return np.arange(first, last + 1, dtype=np.float64), counts
    counts, edges = np.histogram(kept, 4096, (float(low), max(float(high), float(low) + 1e-9)))
    return (edges[:-1] + edges[1:]) / 2, counts


def _group(
    values: NDArray[np.float64], pixels_at: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    starts = np.arange(0, values.size, -(-values.size // _GROUPS))
    pixels = np.add.reduceat(pixels_at, starts)
    sums = np.add.reduceat(values * pixels_at, starts)
    some = pixels > 0
    return sums[some] / pixels[some], pixels[some]


def _references(
    csh: Level | None, metal: Level | None, parameters: Any, place: Place | None
) -> tuple[dict[str, tuple[Level, str]], tuple[str, ...]]:
    if place is None:
        own = {"g_csh": csh, "g_metal": metal}
        return {name: (one, "image") for name, one in own.items() if one is not None}, ()
    from napari_npm.study.references import Pools

    study = place.study
    records = study.state("mask").records
    nothing = {**_row("csh", None), **_row("metal", None)}
    rows = {
        image.id: records[image.id].rows[0] if image.id in records else nothing
        for image in study.images
    }
    # The mask on show may be newer than what the mask step has measured.
    rows[place.image_id] = {**_row("csh", csh), **_row("metal", metal)}
    found, problems = {}, []
    # Each level by itself: a number for the other keeps its absence from being an error.
    for name, other in (("g_csh", {"g_metal": _FAR}), ("g_metal", {"g_csh": -_FAR})):
        alone = parameters.model_copy(update={"g_csh": None, "g_metal": None, **other})
        try:
            known = Pools(study, alone, rows).of(study.image(place.image_id))
        except NpmError as error:
            problems.append(str(error))
            continue
        found[name] = (
            (known.csh, known.csh_scope) if name == "g_csh" else (known.metal, known.metal_scope)
        )
    return found, tuple(problems)


def _row(name: str, level: Level | None) -> dict[str, Any]:
    keys = ("mean", "std", "count", "clipped", "error")
    return {f"{name}_{key}": 0 if level is None else getattr(level, key) for key in keys}


Sources = dict[str, tuple[Level, str]]


def levels_of(grey: Grey, g_csh: float | None, g_metal: float | None) -> Sources:
    """Return the levels that a calibration uses, each with ``"given"`` or its scope.

    Parameters
    ----------
    grey : Grey
        What was measured on the image.
    g_csh, g_metal : float or None
        Levels given as numbers, which take the place of the references.

    Returns
    -------
    dict
        ``"g_csh"`` and ``"g_metal"``; one that is neither given nor marked is missing.
    """
    found = dict(grey.references)
    for name, number in (("g_csh", g_csh), ("g_metal", g_metal)):
        if number is not None:
            found[name] = (Level(number, 0.0, 0), "given")
    return found
