"""Proposing the mask of one image, from strokes or grey levels, beside what a person drew."""

import os
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.masking import Label, label_by_levels
from napari_npm.core.pieces import filter_pieces
from napari_npm.core.progress import Progress, silent

from .mask_settings import MaskParameters

if TYPE_CHECKING:
    from napari_npm.core.pixel_classifier import PixelClassifier

_REFERENCES = {"csh": Label.CSH, "metal": Label.METAL}
_LARGE_PX = 30_000_000
_one_at_a_time = Lock()


def propose(
    pixels: NDArray[Any],
    pixel_size_nm: float,
    parameters: MaskParameters,
    *,
    classifier: "PixelClassifier | None" = None,
    chance: NDArray[np.float32] | None = None,
    drawn: NDArray[np.uint8] | None = None,
    progress: Progress = silent,
) -> NDArray[np.uint8]:
    """Propose the mask of an image.

    Parameters
    ----------
    pixels : ndarray, shape (H, W)
        Grey values.
    pixel_size_nm : float
        Width of a pixel in nm.
    parameters : MaskParameters
        How.
    classifier : PixelClassifier, optional
        Takes the place of the grey range of unhydrated cement.
    chance : ndarray of float32, shape (H, W), optional
        What the classifier's `probability` of this image is, where that is known already.
    drawn : ndarray of uint8, shape (H, W), optional
        References that a person drew (`Label` values): they stay as they are, nothing is proposed
        on them, and no other areas are proposed for their phases.
    progress : Progress
        Called as the classifier goes through the image.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        `Label` values.

    Raises
    ------
    NpmError
        If grey ranges are incomplete or overlap.
    """
    ranges = parameters.ranges()
    pixel_um2 = (pixel_size_nm / 1000) ** 2
    by_level = ranges.pop("uc", None)
    if classifier is not None or chance is not None:
        by_level = None
    with _turn(pixels):
        labels = np.zeros(pixels.shape, np.uint8)
        if ranges or by_level is not None:
            labels = label_by_levels(
                pixels,
                uc=by_level,
                csh=ranges.get("csh"),
                metal=ranges.get("metal"),
                smooth_px=parameters.smooth_px,
                open_px=parameters.open_px,
                min_area_px=round(parameters.min_area_um2 / pixel_um2),
                erode_px=parameters.erode_px,
            )
        cement = labels == Label.UNHYDRATED
        if chance is None and classifier is not None:
            # images of the usual size are worked on side by side, each by one thread
            threads = os.cpu_count() if _is_large(pixels) else 1
            chance = classifier.probability(pixels, threads=threads, progress=progress)
        if chance is not None:
            cement = _likely(chance, pixels, pixel_um2, parameters)
        elif cement.any():
            cement = filter_pieces(cement, pixels, **_limits(pixel_um2, parameters))
        labels[labels == Label.UNHYDRATED] = 0
        labels[cement] = Label.UNHYDRATED
        kept = () if drawn is None else np.unique(drawn[drawn > 0])
        labels[np.isin(labels, kept)] = 0
        if parameters.propose_references:
            known = {int(label) for label in kept} | {_REFERENCES[name] for name in ranges}
            _add_references(pixels, labels, known, parameters.erode_px)
        if drawn is not None:
            labels[drawn > 0] = drawn[drawn > 0]
    return labels


def _likely(
    chance: NDArray[np.float32],
    pixels: NDArray[Any],
    pixel_um2: float,
    parameters: MaskParameters,
) -> NDArray[np.bool_]:
    from napari_npm.core.pixel_classifier import select_unhydrated

    return select_unhydrated(
        chance,
        pixels,
        probability=parameters.probability,
        smooth_px=parameters.smooth_px,
        open_px=parameters.open_px,
        **_limits(pixel_um2, parameters),
    )


def _limits(pixel_um2: float, parameters: MaskParameters) -> dict[str, float]:
    """Return the limits of `filter_pieces` in pixels."""
    return {
        "min_area_px": parameters.min_area_um2 / pixel_um2,
        "fill_area_px": parameters.fill_area_um2 / pixel_um2,
        "min_solidity": parameters.min_solidity,
        "max_elongation": _or_any(parameters.max_elongation),
        "max_scatter": _or_any(parameters.max_scatter),
    }


def _or_any(limit: float | None) -> float:
    return np.inf if limit is None else limit


def _add_references(
    pixels: NDArray[Any], labels: NDArray[np.uint8], known: set[int], erode_px: float
) -> None:
    """Mark the references of phases that are not known, where nothing else is marked."""
    from napari_npm.core.references import propose_references

    found = propose_references(pixels, labels == Label.UNHYDRATED, erode_px=erode_px)
    free = labels == 0
    for label, region in ((Label.CSH, found.csh), (Label.METAL, found.metal)):
        if label not in known:
            labels[region & free] = label


def _is_large(pixels: NDArray[Any]) -> bool:
    return pixels.size > _LARGE_PX


def _turn(pixels: NDArray[Any]) -> AbstractContextManager[Any]:
    """Let large mosaics through one at a time: each needs gigabytes of memory."""
    return _one_at_a_time if _is_large(pixels) else nullcontext()
