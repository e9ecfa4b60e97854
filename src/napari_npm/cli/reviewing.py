"""What `napari-npm review` does: say how far masks are, and show it."""

import json
from collections.abc import Mapping
from pathlib import Path

import typer

from napari_npm.study.marks import review_masks, undo_masks
from napari_npm.study.review import Review, counted
from napari_npm.study.study import Study

_SAID = {
    "accept": Review.ACCEPTED,
    "reject": Review.REJECTED,
    "correct": Review.CORRECTED,
    "again": Review.PROPOSED,
}


def review(
    folder: Path,
    said: Mapping[str, str | None],
    steps: Mapping[str, str | None],
    only: Review | None,
    as_json: bool,
) -> None:
    """Say what was asked for of the masks, undo what was asked for, and list how far they are."""
    changes = any(names is not None for names in (*said.values(), *steps.values()))
    changed: dict[str, list[str]] = {}
    with Study.open(folder, write=changes) as study:
        for word, names in said.items():
            if names is not None:
                changed[word] = list(review_masks(study, _split(names), _SAID[word]))
        for word, names in steps.items():
            if names is not None:
                done = undo_masks(study, _split(names), redo=word == "redo")
                changed[word] = list(done)
        states = study.reviews()
    shown = {name: state for name, state in states.items() if only is None or state is only}
    if as_json:
        facts = {"changed": changed, "masks": counted(states.values()), "images": shown}
        typer.echo(json.dumps(facts))
        return
    for word, images in changed.items():
        typer.echo(f"{word}: {', '.join(images) or 'nothing'}")
    if only is not None or not changes:
        for name, state in shown.items():
            typer.echo(f"  {state.value:>9}  {name}")
    typer.echo(f"masks: {told(counted(states.values()))}")


def told(counts: Mapping[str, int]) -> str:
    """Tell how many masks are in which state."""
    parts = [f"{number} {_WORDS[state]}" for state, number in counts.items() if number]
    return ", ".join(parts) or "no images"


_WORDS = {
    "none": "without",
    "proposed": "proposed and not looked at",
    "accepted": "accepted",
    "corrected": "corrected or made by hand",
    "rejected": "rejected",
}


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
