"""mask: unhydrated cement and reference areas, and the grey levels of the references."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.progress import Progress
from napari_npm.core.wording import agree, several
from napari_npm.study.folder import command
from napari_npm.study.hashing import hash_value
from napari_npm.study.mask_settings import MaskParameters
from napari_npm.study.proposing import propose
from napari_npm.study.review import OPEN, counted
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.strokes import Learnt, learn, learnt, strokes_key
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, write_rows

NO_MASK = "none"
_BY = "proposed_by"
_LEVELS = "levels"


class Mask(Step[MaskParameters]):
    """Propose masks where nobody made or judged one; measure the reference levels of all."""

    name = "mask"
    title = "Mask"
    summary = "Mark unhydrated cement, reference C-S-H and reference metal; measure the references."
    needs = ("import",)
    version = 2
    Parameters = MaskParameters

    def items(self, study: Study, parameters: MaskParameters) -> Sequence[Item]:
        """One item an image; it depends on how masks are proposed only where one may be."""
        by = _proposed_by(study, parameters)
        found = []
        for image in study.images:
            inputs = {"image": image.sha256, "mask": study.mask_hash(image.id) or NO_MASK}
            if by is not None and study.review(image.id) in OPEN:
                inputs[_BY] = by
            found.append(Item(image.id, inputs))
        return found

    def key(self, parameters: MaskParameters, inputs: Mapping[str, Any]) -> str:
        """Leave the parameters out where nothing is proposed: they say how to propose."""
        if _BY in inputs:
            return super().key(parameters, inputs)
        return hash_value([self.name, self.version, inputs])

    def begin(
        self,
        study: Study,
        parameters: MaskParameters,
        items: Sequence[Item],
        progress: Progress,
    ) -> None:
        """Learn from the strokes, unless that was done or no item needs it."""
        study.keep_old_proposals()
        wanted = {item.inputs[_BY] for item in items if _BY in item.inputs} - {_LEVELS}
        if not wanted:
            return
        try:
            known = learnt(study)
        except NpmError:
            known = None  # damaged: it is made anew
        if known is None or {known.key} != wanted:
            learn(study, seed=parameters.seed, progress=progress)

    def compute(
        self,
        study: Study,
        parameters: MaskParameters,
        item: Item,
        progress: Progress,
    ) -> tuple[NDArray[np.uint8] | None, tuple[int, ...], str | None, dict[str, Any]]:
        """Return the proposed mask (or None), its drawn references, its origin and its row."""
        from scipy.ndimage import label as pieces_of

        from napari_npm.core.calibration import reference_levels

        pixels = study.read(item.id).pixels
        image = study.image(item.id)
        labels, drawn, by = study.mask(item.id), study.drawn_references(item.id), None
        if labels.shape != pixels.shape:
            raise NpmError(
                f"The mask of {item.id} is {labels.shape} px but its image {pixels.shape} px:"
                f" delete {study.mask_path(item.id)}, or make one of the image's size."
            )
        proposed = None
        if _BY in item.inputs:
            known = None if item.inputs[_BY] == _LEVELS else _classifier(study)
            by = _LEVELS if known is None else known.key
            labels = proposed = propose(
                pixels,
                image.pixel_size_nm,
                parameters,
                classifier=None if known is None else known.classifier,
                drawn=np.where(np.isin(labels, drawn), labels, 0) if drawn else None,
                progress=progress,
            )
        cement = labels == Label.UNHYDRATED
        row: dict[str, Any] = {
            "image": item.id,
            "sample": image.sample,
            "specimen": image.specimen,
            "unhydrated_fraction": float(np.mean(cement)),
            "unhydrated_pieces": int(pieces_of(cement)[1]),
        }
        levels = reference_levels(pixels, labels)
        for name, level in (("csh", levels.csh), ("metal", levels.metal)):
            facts = {"mean": None, "std": None, "count": 0} if level is None else asdict(level)
            row |= {f"{name}_{key}": value for key, value in facts.items()}
        return proposed, drawn, by, row

    def store(
        self,
        study: Study,
        parameters: MaskParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Keep a proposed mask, unless somebody made, changed or judged one meanwhile."""
        proposed, drawn, by, row = result
        inputs = dict(item.inputs)
        if proposed is not None and _still_open(study, item):
            origin = _LEVELS if by == _LEVELS else "strokes"
            study.propose_mask(item.id, proposed, drawn, by=origin)
            inputs |= {"mask": study.mask_hash(item.id), _BY: by}
        return Stored(inputs["mask"], (row,), inputs=inputs)

    def finish_inputs(self, study: Study, parameters: MaskParameters) -> Any:
        """Depend on what was said about the masks."""
        return study.reviews()

    def finish(
        self,
        study: Study,
        parameters: MaskParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write the table of masks and reference levels."""
        reviews = study.reviews()
        rows = [
            {**row, "review": reviews[row["image"]].value}
            for row in all_rows(records)
            if row["image"] in reviews
        ]
        return [write_rows(study, "masks", rows)]

    def warnings(self, study: Study, parameters: MaskParameters) -> Sequence[str]:
        """Tell how many proposals nobody has looked at."""
        waiting = counted(study.reviews().values())["proposed"]
        if not waiting:
            return ()
        sentence = (
            f"{waiting} of {several(len(study.images), 'mask')}"
            f" {agree(waiting, 'was', 'were')} proposed by the program and nobody has looked"
            f" at {agree(waiting, 'it', 'them')}: accept, correct or reject in napari or with"
            f" {command('review', study.folder)}."
        )
        return (sentence,)


def _proposed_by(study: Study, parameters: MaskParameters) -> str | None:
    """Return the hash of the strokes to learn from, ``"levels"``, or None for no proposal."""
    ranges = parameters.ranges()
    key = None if parameters.proposal == "levels" else strokes_key(study, parameters.seed)
    if key is None and parameters.proposal == "strokes":
        raise NpmError(
            "There are no strokes to propose from: draw some in napari, bring them with"
            " `napari-npm mask STUDY --strokes FOLDER`, or set proposal to auto."
        )
    if key is None and (ranges or parameters.propose_references):
        return _LEVELS
    return key


def _classifier(study: Study) -> Learnt:
    found = learnt(study)
    if found is None:
        raise NpmError("The classifier was deleted while it was in use: run mask again.")
    return found


def _still_open(study: Study, item: Item) -> bool:
    return (study.mask_hash(item.id) or NO_MASK) == item.inputs["mask"] and (
        study.review(item.id) in OPEN
    )
