"""Editing the mask layer: labels by level, by growing, from a file; all can be undone."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
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


def set_labels(layer: Any, labels: NDArray[Any]) -> int:
    """Change the mask layer to these labels as one undoable edit; return the pixels changed."""
    if labels.shape != layer.data.shape:
        raise NpmError(
            f"The mask is {labels.shape[0]} x {labels.shape[1]} px but the image "
            f"{layer.data.shape[0]} x {layer.data.shape[1]} px: choose the mask of this image."
        )
    changed = np.nonzero(labels != layer.data)
    if changed[0].size:
        layer.data_setitem(changed, labels[changed].astype(layer.data.dtype))
    return int(changed[0].size)


def by_levels(
    report: Progress, image: NDArray[Any], parameters: Any, pixel_size_nm: float | None
) -> NDArray[np.uint8]:
    """Label by the grey ranges of the mask step's parameters.

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
    return label_by_levels(
        image,
        **ranges,
        smooth_px=parameters.smooth_px,
        min_area_px=round(parameters.min_area_um2 / pixel_um2),
        erode_px=parameters.erode_px,
    )


def grown(
    report: Progress,
    image: NDArray[Any],
    labels: NDArray[Any],
    seed: tuple[int, int],
    tolerance: float,
    label: int,
) -> NDArray[Any]:
    """Return the mask with a region grown from a pixel."""
    from napari_npm.core.masking import grow_region

    report(0, 1, "growing")
    region = grow_region(image, seed, tolerance, smooth_px=1.0)
    result = labels.copy()
    result[region] = label
    return result


def from_file(report: Progress, path: Path) -> NDArray[Any]:
    """Read a mask of the three labels.

    Raises
    ------
    NpmError
        If the file is no label image, or has labels other than 0 to 3.
    """
    from napari_npm.io import read_labels

    report(0, 1, "reading the mask")
    labels = read_labels(path)
    strange = sorted(set(np.unique(labels).tolist()) - {0, *map(int, Label)})
    if strange:
        raise NpmError(
            f"{path.name} has labels {strange[:5]}: a mask has 1 (unhydrated cement), "
            "2 (reference C-S-H), 3 (reference metal) and 0 elsewhere."
        )
    return labels
