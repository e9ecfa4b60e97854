"""The next sensible thing to do in a study, in words: for the viewer and for `info`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from napari_npm.core.wording import several

from .done import is_current, items_left
from .review import Review, counted

if TYPE_CHECKING:
    from .study import Study


class Act(StrEnum):
    """What kind of thing is to be done next."""

    ADD = "add"
    """Take images into the study."""
    MASK = "mask"
    """Mark references and unhydrated cement by hand."""
    REVIEW = "review"
    """Look at proposed masks."""
    RUN = "run"
    """Run what is left, up to a step."""
    READ = "read"
    """Everything is done: read the report."""


@dataclass(frozen=True)
class Suggestion:
    """The next sensible thing to do.

    Attributes
    ----------
    act : Act
        Its kind.
    words : str
        One or two sentences for people.
    step : str or None
        For `Act.RUN` the step to run up to.
    """

    act: Act
    words: str
    step: str | None = None


@dataclass(frozen=True)
class _Stage:
    """Steps that are run together, and what to say of them."""

    steps: tuple[str, ...]
    words: str


_STAGES = (
    _Stage(("calibrate", "smooth"), "Turn grey values into porosity maps (MulF and MicF)"),
    _Stage(
        ("describe", "split", "train", "predict"),
        "Train the networks that tell the samples apart, and test them",
    ),
    _Stage(("explain",), "See which pixels the networks' decisions rest on"),
    _Stage(
        ("threshold", "regions", "correlate", "compare"),
        "Measure the characteristic regions, and what they share",
    ),
    _Stage(("figures", "report"), "Draw the figures and write the report"),
)


def suggest(study: "Study", reviews: Mapping[str, Review] | None = None) -> Suggestion:
    """Return the next sensible thing to do in a study.

    Parameters
    ----------
    study : Study
        The study.
    reviews : mapping of str to Review, optional
        How far each image's mask is, where that is known already.
    """
    if not study.images:
        return Suggestion(
            Act.ADD,
            "Add a folder of images: subfolders are samples, their subfolders specimens.",
        )
    masks = counted((study.reviews() if reviews is None else reviews).values())
    missing, proposed = masks[Review.NONE], masks[Review.PROPOSED]
    if not any(study.mask_path(image.id).exists() for image in study.images):
        return Suggestion(
            Act.MASK,
            "Mark both references (C-S-H and metal) and unhydrated cement: a few strokes on one"
            " image propose the cement on the others.",
        )
    if proposed:
        return Suggestion(
            Act.REVIEW,
            f"Look at {several(proposed, 'proposed mask')}: accept, correct or reject each.",
        )
    if len(study.samples) < 2 and is_current(study, "smooth"):
        return Suggestion(
            Act.ADD, "Add images of another sample: there is only one, and nothing to compare."
        )
    for stage in _STAGES:
        left = [name for name in stage.steps if not is_current(study, name)]
        if left:
            return Suggestion(Act.RUN, _said(study, stage, left, missing), stage.steps[-1])
    return Suggestion(Act.READ, _all_done(study))


def _said(study: "Study", stage: _Stage, left: list[str], missing: int) -> str:
    words = stage.words
    items, images = items_left(study, left[0]), several(len(study.images), "image")
    if stage is _STAGES[0]:
        if items is not None and 0 < items < len(study.images):
            words += f" of {several(items, 'image')} that changed or came anew"
        if missing:
            words += f". On {missing} of {images} nobody has looked for unhydrated cement yet"
    return words + "."


def _all_done(study: "Study") -> str:
    further = [
        words
        for step, words in (
            ("evaluate", "seeds and controls (evaluate)"),
            ("faithfulness", "tests of the relevance (faithfulness)"),
        )
        if not is_current(study, step)
    ]
    words = "Everything is done: read the report."
    if further:
        words += f" A referee may still ask for {' and '.join(further)}."
    return words
