"""How the reference levels of a study's images drift, for worker threads: no Qt, no napari."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_npm.core.progress import Progress
from napari_npm.core.uncertainty import OUTLIER, robust_z


@dataclass(frozen=True)
class DriftPoint:
    """The reference levels of one image.

    Attributes
    ----------
    image_id : str
        The image.
    csh, metal : float
        Its G_CSH and G_m; NaN where it has no such reference.
    csh_outlier, metal_outlier : bool
        Whether the level lies far from those of the other images.
    """

    image_id: str
    csh: float
    metal: float
    csh_outlier: bool = False
    metal_outlier: bool = False

    @property
    def outlier(self) -> bool:
        """Whether one of the levels is an outlier."""
        return self.csh_outlier or self.metal_outlier

    @property
    def text(self) -> str:
        """The image and its levels in words."""
        parts = []
        for name, title in (("csh", "G_CSH"), ("metal", "G_m")):
            level = getattr(self, name)
            value = "not marked" if math.isnan(level) else f"{level:.1f}"
            parts.append(
                f"{title} {value}" + (" (outlier)" if getattr(self, f"{name}_outlier") else "")
            )
        return f"{self.image_id}: {', '.join(parts)}"


def drift_of(report: Progress, study: Any) -> tuple[DriftPoint, ...]:
    """Return the reference levels of a study's images in the order they were taken."""
    report(0, 1, "")
    records = study.state("mask").records
    images = list(study.images)
    if all(image.date for image in images):
        images.sort(key=lambda image: image.date)
    levels = {}
    for name in ("csh", "metal"):
        rows = [records[one.id].rows[0] if one.id in records else {} for one in images]
        levels[name] = np.array(
            [row[f"{name}_mean"] if row.get(f"{name}_count") else np.nan for row in rows]
        )
    far = {name: np.abs(robust_z(values)) > OUTLIER for name, values in levels.items()}
    return tuple(
        DriftPoint(
            image.id,
            float(levels["csh"][place]),
            float(levels["metal"][place]),
            bool(far["csh"][place]),
            bool(far["metal"][place]),
        )
        for place, image in enumerate(images)
    )
