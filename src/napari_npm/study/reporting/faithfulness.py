"""The section of a report on the tests of relevance maps, with what they mean in plain words."""

from collections.abc import Iterator
from typing import Any

from napari_npm.core.wording import several
from napari_npm.study.faithfulness_tests import ALL, REPLACED, WHOLE
from napari_npm.study.study import Study
from napari_npm.study.wiring import MAP_NAMES

from .parts import Section, Table, records

ALIKE = 0.9
"""Correlation from which on maps are called much the same."""
UNLIKE = 0.5
"""Correlation below which maps are called different."""
ALIKE_REGIONS = 0.75
"""Overlap (intersection over union) from which on regions are called much the same."""
UNLIKE_REGIONS = 1 / 3
"""Overlap below which regions are called different: they then share less than half of each."""
_MEASURES = {
    "gain": "area gained over random blocks",
    "pearson": "correlation",
    "spearman": "rank correlation",
    "iou": "overlap of regions",
    "output": "the class's probability or output",
}

_DELETION = {
    "deletion": "Most relevant blocks replaced first",
    "insertion": "Most relevant blocks restored first",
    WHOLE: "Maps as they are",
    REPLACED: "All blocks replaced",
}
_ENDS = (WHOLE, REPLACED)
_STAYS = 0.5
"""Share of a class's probability that, left with all blocks replaced, makes deletion say little."""

Line = dict[str, Any]


def faithfulness(study: Study) -> Section | None:
    """Tell what the tests of the maps gave, and what that means for reading the maps."""
    lines = records(study, "faithfulness")
    if not lines:
        return None
    rows, said = [], []
    for model in dict.fromkeys(line["model"] for line in lines):
        own = [line for line in lines if line["model"] == model]
        rows += [(MAP_NAMES[model], *row) for row in _rows(own)]
        said += [f"{MAP_NAMES[model]}: {sentence}" for sentence in _sentences(study, own)]
    tiles = max(int(line["tiles"]) for line in lines)
    # those of single samples would only repeat it with other numbers
    methods = list(dict.fromkeys(line["interval"] for line in lines if line["tiles"] == tiles))
    return Section(
        "Can the relevance maps be believed?",
        [
            (
                f"Tests that the maps could fail, on {several(tiles, 'test tile')}: whether the"
                " network's answer hangs on what the maps mark (deletion and insertion of blocks),"
                " whether the maps hang on what the network learned (layers drawn anew), on the"
                " class explained, on the seed of the training, and on a little noise. Maps that"
                " are alike have a correlation of 1, unrelated ones of 0."
            ),
            *said,
            f"Interval: {'; or '.join(methods)}.",
        ],
        [Table("Tests of the relevance maps", ("Maps", "Test", "Figure", "Value"), tuple(rows))],
        ["faithfulness"],
    )


def _rows(own: list[Line]) -> Iterator[tuple[str, str, str]]:
    """Yield test, figure and value of what a reader looks for: the ends of series, the means."""
    last: dict[str, str] = {}
    for line in own:
        last[line["test"]] = line["case"]
    for line in own:
        test, case = line["test"], str(line["case"])
        if test == "deletion":
            kind, comma, sample = case.partition(", ")
            words = _DELETION[kind] + comma + sample
        elif test.startswith("layers-"):
            first = case == "linear"
            if not first and case != last[test]:
                continue
            how = "all layers" if test == "layers-cascading" else f"{case} alone"
            words = f"Weights drawn anew: {'linear layer' if first else how}"
            if first and test != "layers-cascading":
                continue  # the same as in the cascade
        elif test in ("classes", "seeds"):
            if case != ALL:
                continue
            words = {"classes": "Another class explained", "seeds": "Network of another seed"}[test]
        else:
            words = f"Noise of {case} added to porosity"
        yield words, _MEASURES[line["measure"]], _value(line)


def _value(line: Line) -> str:
    if not _known(line["value"]):
        return "not defined"
    text = f"{line['value']:.3f}"
    if _known(line["low"]) and _known(line["high"]):
        text += f" ({line['low']:.3f} to {line['high']:.3f})"
    if line["defined"] < line["tiles"]:
        text += f", defined on {line['defined']} of {line['tiles']} tiles"
    return text


def _known(value: Any) -> bool:
    return value is not None and value == value


def _sentences(study: Study, own: list[Line]) -> Iterator[str]:
    """Yield what each test means for the reading of the maps."""
    for case, words in (
        ("deletion", "Taking away the most relevant blocks"),
        ("insertion", "Giving back the most relevant blocks"),
    ):
        line = _one(own, "deletion", case, "gain")
        if line is not None:
            yield f"{words} {_gain(line)}"
    parameters: Any = study.parameters("faithfulness")
    if parameters.measure == "probability":
        for sample in study.samples:
            ends = [_one(own, "deletion", f"{end}, {sample.name}", "output") for end in _ENDS]
            first, last = (line["value"] if line is not None else 0.0 for line in ends)
            if first > 0 and last >= _STAYS * first:
                yield (
                    f"Of tiles of {sample.name} with all blocks replaced the class keeps a"
                    f" probability of {last:.2f} (as they are: {first:.2f}): what replaces the"
                    " blocks looks like that class itself, so deletion says little about this"
                    " sample; try the other fill."
                )
    value = _value_of(own, "layers-cascading", "linear")
    if value is not None:
        yield "With the output layer drawn anew " + _by_likeness(
            value,
            "the maps hardly change: they show where evidence flows, but cannot tell why it was"
            " this sample rather than another.",
            "the maps change in part: they hang somewhat on what tells the samples apart.",
            "the maps are different: they hang on what tells the samples apart.",
        )
    layers = [line for line in own if line["test"] == "layers-cascading"]
    if layers:
        value = _value_of(own, "layers-cascading", layers[-1]["case"])
        if value is not None:
            yield "With all layers drawn anew " + _by_likeness(
                value,
                "the maps hardly change: a network that learned nothing gives the same, so they"
                " show the image and its borders rather than what was learned.",
                "the maps keep part of their pattern: that part shows the image and how the"
                " network is built, the rest what was learned.",
                "the maps are different: they show what the network learned.",
            )
    value = _value_of(own, "classes", ALL)
    if value is not None:
        yield "Explaining another class instead, " + _by_likeness(
            value,
            "the maps are much the same: do not read them as a reason for one sample against"
            " another; look at the class-difference maps for that.",
            "the maps are partly the same: only where they differ do they speak for one sample"
            " against another.",
            "the maps are different: they are specific to the sample.",
        )
    value = _value_of(own, "seeds", ALL)
    if value is not None:
        yield "Networks that differ in their seed alone mark " + _by_likeness(
            value,
            "much the same places.",
            "places that are alike in part: rely on what several networks mark together.",
            "different places: a single network's map must not be read as a property of the"
            " material.",
            _value_of(own, "seeds", ALL, "iou"),
        )
        evaluating: Any = study.parameters("evaluate")
        if evaluating.splits != "same":
            yield (
                "these networks learned from splits of their own, so some had seen tiles that"
                " they are compared on."
            )
    noise = [line for line in own if line["test"] == "noise"]
    if noise:
        case = noise[-1]["case"]
        value = _value_of(own, "noise", case)
        if value is not None:
            yield f"Noise of {case} added to porosity " + _by_likeness(
                value,
                "hardly changes the maps.",
                "changes the maps in part: single pixels and the edges of regions must not be"
                " read, only places.",
                "changes the maps altogether: they follow the noise of the image.",
                _value_of(own, "noise", case, "iou"),
            )


def _gain(line: Line) -> str:
    size = _value(line)
    if not _known(line["value"]):
        return "could not be measured."
    if not _known(line["low"]):
        return (
            f"changes the class's output by an area of {size} more than taking random ones; with a"
            " single tile it cannot be said whether that is more than chance."
        )
    if line["low"] > 0:
        return (
            f"changes the class's output faster than random blocks do ({size}): the network uses"
            " what the maps mark."
        )
    if line["high"] < 0:
        return (
            f"changes the class's output slower than random blocks do ({size}): what the maps mark"
            " is not what the network's answer hangs on most."
        )
    return (
        f"changes the class's output no faster than random blocks do, within the interval ({size}):"
        " that the network uses what the maps mark is not shown."
    )


def _by_likeness(
    value: float, alike: str, between: str, unlike: str, overlap: float | None = None
) -> str:
    """Choose the words by the correlation and, where given, by the regions: the worse counts.

    A few strong pixels can hold up the correlation of maps whose regions have moved.
    """
    figures = f"correlation {value:.2f}"
    steps = int(value >= UNLIKE) + int(value >= ALIKE)
    if overlap is not None:
        figures += f", overlap of regions {overlap:.2f}"
        steps = min(steps, int(overlap >= UNLIKE_REGIONS) + int(overlap >= ALIKE_REGIONS))
    start, sep, rest = (unlike, between, alike)[steps].partition(":")
    return f"{start.rstrip('.')} ({figures}){sep}{rest}" + ("" if sep else ".")


def _one(own: list[Line], test: str, case: Any, measure: str) -> Line | None:
    for line in own:
        if (line["test"], line["case"], line["measure"]) == (test, case, measure):
            return line
    return None


def _value_of(own: list[Line], test: str, case: Any, measure: str = "pearson") -> float | None:
    line = _one(own, test, case, measure)
    return float(line["value"]) if line is not None and _known(line["value"]) else None
