"""Editing the mask layer: labels by level, by growing, from a file; all can be undone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .current import Current
from .layers import Kind, find, put


def mask_layer(viewer: Any, image: Current) -> Any:
    """Return the image's mask layer, made empty where there is none."""
    layer = find(viewer, Kind.MASK, image.subject)
    if layer is not None:
        return layer
    return put(viewer, Kind.MASK, image.subject, np.zeros(image.pixels.shape, np.uint8))


def mask_of(viewer: Any, image: Current) -> NDArray[Any] | None:
    """Return the image's mask, or None where there is none."""
    layer = find(viewer, Kind.MASK, image.subject)
    return None if layer is None else np.asarray(layer.data)


@dataclass(frozen=True)
class Edit:
    """Pixels of a mask to change, as one undoable edit.

    Attributes
    ----------
    rows, columns : ndarray of int
        The pixels.
    labels : ndarray
        Their new labels.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    labels: NDArray[Any]


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
    rows, columns = np.nonzero(before != after)
    return Edit(rows, columns, after[rows, columns].astype(before.dtype))


def apply(layer: Any, edit: Edit) -> int:
    """Change the mask layer; return the number of pixels changed."""
    if edit.rows.size:
        layer.data_setitem((edit.rows, edit.columns), edit.labels)
    return int(edit.rows.size)


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
    pixel_um2 = 1.0 if pixel_size_nm is None else (pixel_size_nm / 1000) ** 2
    labels = label_by_levels(
        image,
        **ranges,
        smooth_px=parameters.smooth_px,
        min_area_px=round(parameters.min_area_um2 / pixel_um2),
        erode_px=parameters.erode_px,
    )
    return edit_to(before, labels)


def grown(
    report: Progress,
    before: NDArray[Any],
    image: NDArray[Any],
    seed: tuple[int, int],
    tolerance: float,
    label: int,
) -> Edit:
    """Return the edit that labels a region grown from a pixel."""
    from napari_npm.core.masking import grow_region

    report(0, 1, "growing")
    region = grow_region(image, seed, tolerance, smooth_px=1.0)
    return edit_to(before, np.where(region, before.dtype.type(label), before))


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
