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
from napari_npm.study.settings import MaskParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, write_rows

NO_MASK = "none"


class Mask(Step[MaskParameters]):
    """Propose masks where nobody made one, and measure the reference levels of all."""

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
        untouched = _is_proposal(study, item)
        if ranges and (untouched or item.inputs["mask"] == NO_MASK):
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
            "proposal": untouched,
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
        """Keep a proposed mask, unless somebody made or changed one meanwhile."""
        proposed, row = result
        before = _inputs(study, item.id)["mask"]
        if proposed is not None and before == item.inputs["mask"]:
            study.set_mask(item.id, proposed)
        inputs = _inputs(study, item.id)
        ours = proposed is not None or row["proposal"]
        row |= {"proposal": inputs["mask"] if ours and before == item.inputs["mask"] else None}
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
        "mask": hash_file(path) if path.exists() else NO_MASK,
    }


def _is_proposal(study: Study, item: Item) -> bool:
    """Tell whether an image's mask is what this step proposed, changed by nobody since."""
    record = study.state(Mask.name).records.get(item.id)
    mask = item.inputs["mask"]
    return record is not None and mask != NO_MASK and record.rows[0].get("proposal") == mask
