"""Editing the mask layer: labels by level, by growing, from a file; all can be undone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .current import Current
from .layers import Kind, find
from .ledger import Box, changed_box


def mask_of(viewer: Any, image: Current) -> NDArray[Any] | None:
    """Return the image's mask, or None where there is none."""
    layer = find(viewer, Kind.MASK, image.subject)
    return None if layer is None else np.asarray(layer.data)


@dataclass(frozen=True)
class Edit:
    """New labels of a part of a mask; None where nothing changes.

    Attributes
    ----------
    box : (slice, slice) or None
        The part.
    values : ndarray
        Its new labels.
    pixels : int
        How many change.
    """

    box: Box | None
    values: NDArray[Any]
    pixels: int


def edit_to(before: NDArray[Any], after: NDArray[Any]) -> Edit:
    """Return the edit that turns one mask into another.

    Raises
    ------
    NpmError
        If they differ in shape.
    """
    if before.shape != after.shape:
        raise NpmError(
            f"The mask is {after.shape[0]} x {after.shape[1]} px but the image "
            f"{before.shape[0]} x {before.shape[1]} px: choose the mask of this image."
        )
    box = changed_box(before, after)
    if box is None:
        return Edit(None, after[:0], 0)
    values = after[box].astype(before.dtype)
    return Edit(box, values, int(np.count_nonzero(before[box] != values)))


def cleared(report: Progress, before: NDArray[Any]) -> Edit:
    """Return the edit that removes all labels."""
    report(0, 1, "clearing")
    return edit_to(before, np.zeros_like(before))


def by_levels(
    report: Progress,
    before: NDArray[Any],
    image: NDArray[Any],
    parameters: Any,
    pixel_size_nm: float | None,
) -> Edit:
    """Return the edit that labels by the grey ranges of the mask step's parameters.

    Raises
    ------
    NpmError
        If no range is set, or ranges overlap.
    """
    from napari_npm.core.masking import label_by_levels

    report(0, 1, "labelling by grey levels")
    ranges = parameters.ranges()
    if not ranges:
        raise NpmError("Set the lowest and highest grey level of at least one phase first.")
    labels = label_by_levels(
        image,
        **ranges,
        smooth_px=parameters.smooth_px,
        min_area_px=round(parameters.min_area_um2 / pixel_area_um2(pixel_size_nm)),
        open_px=parameters.open_px,
        erode_px=parameters.erode_px,
    )
    return edit_to(before, labels)


def pixel_area_um2(pixel_size_nm: float | None) -> float:
    """Return the area of a pixel in µm²; 1 where the pixel size is not known."""
    return 1.0 if pixel_size_nm is None else (pixel_size_nm / 1000) ** 2


def with_proposal(
    report: Progress,
    before: NDArray[Any],
    proposed: NDArray[np.uint8],
    taken: NDArray[np.uint8] | None,
) -> Edit:
    """Return the edit that takes a proposal into a mask.

    References stay, and so does cement that was marked otherwise; what an earlier proposal had
    brought gives way.

    Parameters
    ----------
    report : Progress
        Told at the start.
    before : ndarray, (H, W)
        The mask.
    proposed : ndarray of uint8, (H, W)
        The proposed labels.
    taken : ndarray of uint8, (H, W), or None
        The proposal that was taken before.
    """
    report(0, 1, "taking the proposal")
    after = before.copy()
    if taken is not None:
        after[(taken > 0) & (before == taken)] = 0
    free = after == 0
    after[free] = proposed[free]
    return edit_to(before, after)


def without_unhydrated(report: Progress, before: NDArray[Any]) -> Edit:
    """Return the edit that removes unhydrated cement and keeps the references."""
    from napari_npm.core.masking import Label

    report(0, 1, "removing unhydrated cement")
    return edit_to(before, np.where(before == Label.UNHYDRATED, 0, before))


def filled_polygon(
    vertices: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[Box, NDArray[np.bool_]] | None:
    """Return the pixels inside a polygon, as a box and a mask; None where it holds none.

    Parameters
    ----------
    vertices : ndarray, (N, 2)
        Rows and columns.
    shape : (int, int)
        Of the image, beyond which nothing is marked.
    """
    from skimage.draw import polygon

    rows, columns = polygon(vertices[:, 0], vertices[:, 1], shape)
    if rows.size == 0:
        return None
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    inside = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start), bool)
    inside[rows - box[0].start, columns - box[1].start] = True
    return box, inside


def from_file(report: Progress, before: NDArray[Any], path: Path) -> Edit:
    """Return the edit that takes the mask from a file.

    Raises
    ------
    NpmError
        If the file is no label image, has labels other than 0 to 3, or another shape.
    """
    from napari_npm.io import read_labels

    report(0, 1, "reading the mask")
    return edit_to(before, read_labels(path))
