"""How the reference levels of a study's images drift, for worker threads: no Qt, no napari."""

import math
from dataclasses import dataclass
from typing import Any

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress


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


def drift_points(report: Progress, study: Any) -> tuple[tuple[DriftPoint, ...], str]:
    """Return the reference levels of a study's images in order, and what the order is.

    There are none before the mask step has measured all images.
    """
    from napari_npm.study.drift import drift_of

    report(0, 1, "")
    try:
        drift = drift_of(study)
    except NpmError:
        return (), ""
    columns = [drift.levels["csh"], drift.levels["metal"]]
    columns += [drift.outliers("csh"), drift.outliers("metal")]
    rows = zip(drift.images, *(column.tolist() for column in columns), strict=True)
    return tuple(DriftPoint(*row) for row in rows), drift.order
