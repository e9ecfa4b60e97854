"""What a trained network was made of and how good it is: a card for programs and one for people."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_npm.core.errors import NpmError
from napari_npm.core.wording import several

from .hashing import hash_value
from .models import CARD
from .provenance import machine, versions
from .results import SPLIT_ITEM, parts_of
from .store import tile_places
from .wiring import MAP_NAMES, MODEL_MAPS, all_maps

if TYPE_CHECKING:
    from .parameters import Parameters
    from .study import Study

READABLE = "model_card.md"
_SAME = ("weights", "split", "data")
_CANNOT = (
    "It tells apart only the samples listed here: any other image is given to one of them too.",
    "It learnt from images of one microscope at one setting; others need a test of their own.",
    (
        "A high accuracy may come from how specimens were imaged: hold it against the baselines and"
        " the controls of the study's report."
    ),
)


def make_card(study: "Study", kind: str, parameters: "Parameters", result: Any) -> dict[str, Any]:
    """Return what is to be known of a network that was just trained.

    Parameters
    ----------
    study : Study
        That it was trained in.
    kind : str
        What it reads: ``"mulf"``, ``"micf"`` or ``"both"``.
    parameters : Parameters
        Of the train step.
    result : TrainingResult
        With its history and best epoch.

    Returns
    -------
    dict
        Plain values, for `save_model`.
    """
    from napari_npm.core.tiling import TILE

    from .leaks import leak_note

    parts = parts_of(study)
    specimens = {
        f"{tile.sample}/{tile.specimen}": {"train": 0, "validation": 0, "test": 0, "unused": 0}
        for tile in study.tiles
    }
    for tile, part in zip(study.tiles, parts, strict=True):
        specimens[f"{tile.sample}/{tile.specimen}"][part] += 1
    rows = [asdict(record) for record in result.history]
    return {
        "maps": kind,
        "pixel_size_nm": study.pixel_size_nm,
        "input": {
            "maps": list(MODEL_MAPS[kind]),
            "tile_px": TILE,
            "pixel_size_nm": study.pixel_size_nm,
            "values": "porosity from 0 to 1, float32; unhydrated cement is 0",
        },
        "classes": [sample.name for sample in study.samples],
        "class_labels": [sample.label for sample in study.samples],
        "tiles": {part: parts.count(part) for part in ("train", "validation", "test")},
        "data": {
            "maps": hash_value(all_maps(study, kind)),
            "tiles": hash_value(tile_places(study.tiles)),
            "images": {image.id: image.sha256 for image in study.images},
        },
        "split": {
            "hash": study.record("split", SPLIT_ITEM).output,
            "parameters": study.parameters("split").model_dump(mode="json"),
            "specimens": {
                name: {part: n for part, n in counts.items() if n}
                for name, counts in specimens.items()
            },
            "leaks": leak_note(study),
        },
        "seed": getattr(parameters, "seed", None),
        "parameters": parameters.model_dump(mode="json"),
        "device": result.device,
        "processes": result.processes,
        "notes": list(result.notes),
        "best_epoch": result.best_epoch,
        "history": rows[result.best_epoch - 1],
        "versions": versions(),
        "machine": machine(),
    }


def read_card(folder: Path) -> dict[str, Any]:
    """Return the card of a model; empty where there is none.

    Raises
    ------
    NpmError
        If it is damaged.
    """
    path = folder / CARD
    if not path.is_file():
        return {}
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(card, dict):
            raise ValueError("no table")
    except (OSError, ValueError, RecursionError) as error:
        raise NpmError(
            f"{path} cannot be read ({error}): train the model again (`train --force`)."
        ) from error
    return card


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write a model's card, for programs and for people.

    Test figures of an earlier card are kept as long as weights, split and data are the same.
    """
    from napari_npm.io import write_json, write_text

    try:
        before = read_card(folder)
    except NpmError:
        before = {}
    facts = dict(card)
    same = all(before.get(name) == facts.get(name) for name in _SAME) and "weights" in facts
    if "test" not in facts and "test" in before and same:
        facts["test"] = before["test"]
    if facts != before:
        write_json(folder / CARD, facts)
    write_text(folder / READABLE, readable(folder.name, facts))


def add_test(folder: Path, figures: Mapping[str, Any]) -> None:
    """Put what the test showed on a model's card.

    Parameters
    ----------
    folder : Path
        Of the model.
    figures : mapping
        Accuracy with its interval, accuracy of each class, calibration error, leaks.
    """
    write_card(folder, {**read_card(folder), "test": dict(figures)})


def readable(name: str, card: Mapping[str, Any]) -> str:
    """Return a model's card as a page of Markdown.

    Parameters
    ----------
    name : str
        What the model is called.
    card : mapping
        The card; what it does not tell is left out.
    """
    lines = [f"# Model {name}", ""]
    for section in (_purpose, _made, _good):
        # an older card, or a foreign one, may lack anything
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            lines += section(card)
    lines += ["## What it cannot do", "", *(f"- {line}" for line in _CANNOT)]
    return "\n".join(lines) + "\n"


def _purpose(card: Mapping[str, Any]) -> list[str]:
    classes = [
        f"{one} ({label})" if label else str(one)
        for one, label in zip(
            card.get("classes", ()),
            card.get("class_labels", [""] * len(card.get("classes", ()))),
            strict=False,
        )
    ]
    takes = card.get("input", {})
    lines = [
        (
            f"A network that tells {len(classes)} samples apart by"
            f" {MAP_NAMES.get(card.get('maps', ''), 'porosity')} maps: {', '.join(classes)}."
        ),
        "",
    ]
    if takes:
        maps = " and ".join(MAP_NAMES.get(one, one) for one in takes["maps"])
        lines += [
            (
                f"Input: {maps} of {takes['tile_px']} x {takes['tile_px']} px at"
                f" {takes['pixel_size_nm']:g} nm a pixel; {takes['values']}."
            ),
            "",
        ]
    return lines


def _made(card: Mapping[str, Any]) -> list[str]:
    split, tiles = card["split"], card["tiles"]
    parts: dict[str, list[str]] = {}
    for specimen, counts in split["specimens"].items():
        for part in counts:
            parts.setdefault(part, []).append(specimen)
    setting = ", ".join(
        f"{key} {value}" for key, value in split["parameters"].items() if value is not None
    )
    return [
        "## What it was made of",
        "",
        *(
            f"- {part}: {several(tiles.get(part, 0), 'tile')} of"
            f" {several(len(names), 'specimen')}"
            f" ({', '.join(names[:12])}{', ...' if len(names) > 12 else ''})"
            for part, names in parts.items()
            if part in tiles
        ),
        f"- split: {setting}",
        *([f"- **Leaks: {split['leaks']}**"] if split["leaks"] else []),
        (
            f"- epoch {card['best_epoch']} of {card['parameters'].get('epochs', '?')},"
            f" seed {card['seed']}"
        ),
        f"- versions: {', '.join(f'{one} {version}' for one, version in card['versions'].items())}",
        f"- data: {card['data']['maps']}",
        "",
    ]


def _good(card: Mapping[str, Any]) -> list[str]:
    lines = ["## How good it is", ""]
    test = card.get("test")
    if not test:
        return [*lines, "It has not been tested yet: run the predict step.", ""]
    lines += [
        (
            f"- test accuracy {test['accuracy']:.1%} ({test['low']:.1%} to {test['high']:.1%}) on"
            f" {several(test['tiles'], 'tile')} of {several(test['specimens'], 'specimen')};"
            f" interval: {test['interval']}"
        ),
    ]
    for name, share in test.get("classes", {}).items():
        if share is not None:
            lines.append(f"- {name}: {share:.1%} right")
    if test.get("calibration_error") is not None:
        lines.append(f"- expected calibration error {test['calibration_error']:.3f}")
    return [*lines, ""]
