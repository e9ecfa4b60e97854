"""mask: unhydrated cement and reference areas, and the grey levels of the references."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_file
from napari_npm.study.parameters import Parameters, parameter
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, write_rows

_RANGE = "grey levels of the image as it is, low and high end both included"


class MaskParameters(Parameters):
    """Grey levels that propose masks for images that have none."""

    uc_low: float | None = parameter(
        None, f"Lowest grey value proposed as unhydrated cement; {_RANGE}.", ge=0
    )
    uc_high: float | None = parameter(None, "Highest grey value of unhydrated cement.", ge=0)
    csh_low: float | None = parameter(
        None, "Lowest grey value proposed as reference C-S-H (no metal in it).", ge=0
    )
    csh_high: float | None = parameter(None, "Highest grey value of reference C-S-H.", ge=0)
    metal_low: float | None = parameter(
        None, "Lowest grey value proposed as reference metal (large pools).", ge=0
    )
    metal_high: float | None = parameter(None, "Highest grey value of reference metal.", ge=0)
    smooth_px: float = parameter(
        1.0, "Gaussian smoothing before the grey levels are compared.", unit="px", ge=0, le=20
    )
    min_area_um2: float = parameter(
        0.5, "Smallest area that is proposed.", unit="µm²", ge=0, le=10_000
    )
    erode_px: int = parameter(
        2, "How far reference areas keep away from their edges.", unit="px", ge=0, le=50
    )

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Return the grey ranges that are set, as `core.masking.label_by_levels` takes them.

        Raises
        ------
        NpmError
            If only one end of a range is given, or they are the wrong way round.
        """
        found = {}
        for name in ("uc", "csh", "metal"):
            low, high = getattr(self, f"{name}_low"), getattr(self, f"{name}_high")
            if low is None and high is None:
                continue
            if low is None or high is None or low > high:
                raise NpmError(
                    f"Give both {name}_low and {name}_high, the low one not above the high one."
                )
            found[name] = (low, high)
        return found


class Mask(Step[MaskParameters]):
    """Propose masks where there are none, and measure the reference levels of all."""

    name = "mask"
    title = "Mask"
    summary = "Mark unhydrated cement, reference C-S-H and reference metal; measure the references."
    needs = ("import",)
    Parameters = MaskParameters

    def items(self, study: Study, parameters: MaskParameters) -> Sequence[Item]:
        """One item an image."""
        parameters.ranges()
        return [Item(image.id, _inputs(study, image.id)) for image in study.images]

    def compute(
        self,
        study: Study,
        parameters: MaskParameters,
        item: Item,
        progress: Progress,
    ) -> tuple[NDArray[np.uint8] | None, dict[str, Any]]:
        """Return the proposed mask (None where one exists or none is asked for) and its row."""
        from napari_npm.core.calibration import reference_levels
        from napari_npm.core.masking import label_by_levels

        pixels = study.read(item.id).pixels
        ranges = parameters.ranges()
        proposed = None
        if ranges and not study.mask_path(item.id).exists():
            pixel_um = study.image(item.id).pixel_size_nm / 1000
            proposed = label_by_levels(
                pixels,
                uc=ranges.get("uc"),
                csh=ranges.get("csh"),
                metal=ranges.get("metal"),
                smooth_px=parameters.smooth_px,
                min_area_px=round(parameters.min_area_um2 / pixel_um**2),
                erode_px=parameters.erode_px,
            )
        labels = study.mask(item.id) if proposed is None else proposed
        if labels.shape != pixels.shape:
            raise NpmError(
                f"The mask of {item.id} is {labels.shape} px but its image {pixels.shape} px:"
                f" delete {study.mask_path(item.id)} or make one of the image's size."
            )
        levels = reference_levels(pixels, labels)
        row: dict[str, Any] = {
            "image": item.id,
            "sample": study.image(item.id).sample,
            "specimen": study.image(item.id).specimen,
            "unhydrated_fraction": float(np.mean(labels == Label.UNHYDRATED)),
        }
        for name, level in (("csh", levels.csh), ("metal", levels.metal)):
            facts = {"mean": None, "std": None, "count": 0} if level is None else asdict(level)
            row |= {f"{name}_{key}": value for key, value in facts.items()}
        return proposed, row

    def store(
        self,
        study: Study,
        parameters: MaskParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Keep a proposed mask, unless somebody made one meanwhile."""
        proposed, row = result
        if proposed is not None and not study.mask_path(item.id).exists():
            study.set_mask(item.id, proposed)
        inputs = _inputs(study, item.id)
        return Stored(inputs["mask"], (row,), inputs=inputs)

    def finish(
        self,
        study: Study,
        parameters: MaskParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write the table of masks and reference levels."""
        return [write_rows(study, "masks", all_rows(records))]


def _inputs(study: Study, image_id: str) -> dict[str, str]:
    path = study.mask_path(image_id)
    return {
        "image": study.image(image_id).sha256,
        "mask": hash_file(path) if path.exists() else "none",
    }
