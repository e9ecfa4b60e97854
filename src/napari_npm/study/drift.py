"""How the reference grey levels of a study change from image to image."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.outliers import OUTLIER, running_z

from .model import ImageEntry
from .references import NAMES, level_of
from .study import Study


@dataclass(frozen=True)
class Drift:
    """Reference levels of all images in the order in which they were taken.

    Attributes
    ----------
    images, samples : tuple of str
        Images in that order, and their samples.
    order : str
        What the order is: of the dates in the files, else of the study.
    levels : mapping of str to ndarray, shape (N,)
        Grey level by reference (``csh``, ``metal``); NaN where an image has none of its own.
    z : mapping of str to ndarray, shape (N,)
        How far each lies from the trend of the images around it (see `running_z`).
    """

    images: tuple[str, ...]
    samples: tuple[str, ...]
    order: str
    levels: Mapping[str, NDArray[np.float64]]
    z: Mapping[str, NDArray[np.float64]]

    def outliers(self, name: str) -> NDArray[np.bool_]:
        """Tell which images' levels of a reference are outliers."""
        return np.asarray(np.abs(self.z[name]) > OUTLIER)


def drift_of(study: Study) -> Drift:
    """Return the reference levels that the mask step measured, image by image.

    Parameters
    ----------
    study : Study
        A study whose mask step has run.
    """
    images, order = _in_order(study.images)
    rows = [study.record("mask", image.id).rows[0] for image in images]
    levels = {}
    for name in NAMES:
        found = [level_of(row, name) for row in rows]
        levels[name] = np.array([np.nan if one is None else one.mean for one in found])
    return Drift(
        tuple(image.id for image in images),
        tuple(image.sample for image in images),
        order,
        levels,
        {name: running_z(values) for name, values in levels.items()},
    )


def _in_order(images: tuple[ImageEntry, ...]) -> tuple[list[ImageEntry], str]:
    """Sort images by their dates where every one has a date that can be read."""
    dates = []
    for image in images:
        try:
            # a clock without a zone is taken as it is: one microscope has one clock
            dates.append(datetime.fromisoformat(image.date or "").replace(tzinfo=None))
        except ValueError:
            return list(images), "in the order of the study"
    places = sorted(range(len(images)), key=lambda place: dates[place])
    return [images[place] for place in places], "in the order in which they were taken"
