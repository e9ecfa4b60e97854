"""The porosity map of the current image: from its MulF or MicF layer, or the image itself."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtWidgets import QComboBox

from napari_npm.core.errors import NpmError

from .current import current_image
from .image_work import Origins, layout
from .layers import Kind, Subject, find

MAPS = (Kind.MULF, Kind.MICF)


@dataclass(frozen=True)
class CurrentMap:
    """A porosity map of the current image.

    Attributes
    ----------
    subject : Subject
        The image.
    kind : Kind
        MulF or MicF.
    values : ndarray, (H, W)
        Porosity in [0, 1].
    origins : tuple of (row, column)
        Where its tiles lie; empty for an image smaller than a tile.
    """

    subject: Subject
    kind: Kind
    values: NDArray[Any]
    origins: Origins


def map_box() -> QComboBox:
    """Return a box to choose MulF or MicF."""
    box = QComboBox()
    for kind in MAPS:
        box.addItem(str(kind), kind)
    box.setToolTip("MulF: multiscale map from the calibration; MicF: the smoothed one")
    return box


def current_map(viewer: Any, kind: Kind, study: Any = None) -> CurrentMap:
    """Return the current image's map of one kind.

    A free image of floating-point values in [0, 1] counts as a map itself.

    Raises
    ------
    NpmError
        If there is no such map yet, in a sentence that says how to get it.
    """
    image = current_image(viewer)
    layer = find(viewer, kind, image.subject)
    if layer is not None:
        values = np.asarray(layer.data)
    elif is_map(image.pixels):
        values = image.pixels
    elif kind is Kind.MULF:
        raise NpmError(
            f"{image.subject.name} has no MulF map yet: calibrate it in the Mask and calibrate"
            " dock."
        )
    else:
        raise NpmError(f"{image.subject.name} has no MicF map yet: smooth it in the MicF dock.")
    origins = layout((values.shape[0], values.shape[1]), study, image.subject.image_id)
    return CurrentMap(image.subject, kind, values, origins)


def model_input(viewer: Any, choice: Any, study: Any = None) -> tuple[CurrentMap, NDArray[Any]]:
    """Return the current image's map that a model's relevance is shown on, and all it reads.

    Parameters
    ----------
    viewer : napari.Viewer
        With the maps as layers.
    choice : ModelChoice
        The model.
    study : Study, optional
        The open study.

    Returns
    -------
    source, maps : CurrentMap, ndarray
        The map, and (H, W), or (C, H, W) where the model reads several.

    Raises
    ------
    NpmError
        If a map is missing or they differ in size.
    """
    kinds = choice.kinds
    source = current_map(viewer, kinds[0], study)
    if len(kinds) == 1:
        return source, source.values
    channels = [source.values]
    for kind in kinds[1:]:
        layer = find(viewer, kind, source.subject)
        if layer is None:
            raise NpmError(
                f"The model {choice.name} reads {' and '.join(kinds)} maps, and "
                f"{source.subject.name} has no {kind} map yet: smooth it in the MicF dock."
            )
        channels.append(np.asarray(layer.data))
    if any(one.shape != source.values.shape for one in channels):
        raise NpmError(f"The maps of {source.subject.name} differ in size: make them again.")
    return source, np.stack(channels)


def is_map(values: NDArray[Any]) -> bool:
    """Tell whether an image holds porosity already: floating point, all within [0, 1]."""
    return values.dtype.kind == "f" and float(values.min()) >= 0 and float(values.max()) <= 1
