"""What an evaluation means for the claim that samples differ, in words made from its numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .baselines import DESCRIPTORS, HISTOGRAM, TEXTURE
from .control_words import MARGIN, MOST, Line, Said, shifted_words, shuffled_words
from .evaluation_tables import BASELINE, NETWORK, SHUFFLED
from .leaks import leak_note
from .wiring import MODEL_MAPS

if TYPE_CHECKING:
    from .study import Study

FEW_SPECIMENS = 5
STALE = (
    "This evaluation was made of other maps or with other settings than the study has now:"
    " evaluate again."
)
UNSURE = 0.1
"""Calibration error above which probabilities are not to be taken at their word."""


def cautions(study: "Study") -> list[str]:
    """Return the sentences that speak against the claim or limit it."""
    return [one.text for one in evaluation_words(study) if one.caution]


def evaluation_words(study: "Study") -> list[Said]:
    """Return what the tables of an evaluation mean; nothing where it was not made."""
    from .runner import is_current

    lines, shuffles, jitter = (
        _records(study, name) for name in ("evaluation", "evaluation_shuffles", "evaluation_jitter")
    )
    said = said_of(lines, shuffles=shuffles, jitter=jitter, leak=leak_note(study))
    if said and not is_current(study, "evaluate"):
        said.insert(0, Said(STALE, caution=True))
    return said


def said_of(
    lines: Sequence[Line],
    *,
    shuffles: Sequence[Line] = (),
    jitter: Sequence[Line] = (),
    leak: str | None = None,
) -> list[Said]:
    """Return what the lines of the tables of an evaluation mean.

    Parameters
    ----------
    lines : sequence of mapping
        Of ``evaluation.csv``.
    shuffles, jitter : sequence of mapping
        Of ``evaluation_shuffles.csv`` and ``evaluation_jitter.csv``; empty without controls.
    leak : str, optional
        What the parts of the split share.
    """
    networks = [line for line in lines if line["role"] == NETWORK]
    if not networks:
        return []
    said = [Said(leak, caution=True)] if leak else []
    for line in networks:
        said += [*_accuracy(line), *_largest(line), *_confidence(line)]
    said += _specimens(networks[0])
    for line in lines:
        if line["role"] == BASELINE:
            said += _baseline(line, networks)
    if not jitter:
        said.append(
            Said(
                "No controls were made: evaluate with --controls to see what shuffled labels and"
                " shifted brightness do."
            )
        )
        return said
    controls = [line for line in lines if line["role"] == SHUFFLED]
    for line in controls:
        (accuracy,) = (one["accuracy"] for one in networks if one["maps"] == line["maps"])
        said += shuffled_words(line, shuffles, accuracy)
    if not controls:
        said.append(
            Said(
                "Labels could not be shuffled, as a sample has a single specimen to learn from:"
                " whether the network knows the material or that specimen stays open.",
                caution=True,
            )
        )
    for line in networks:
        said += shifted_words(line, jitter)
    return said


def _accuracy(line: Line) -> list[Said]:
    name, k, chance = line["classifier"], int(line["repeats"]), line["chance"]
    interval = f"{line['low']:.1%} to {line['high']:.1%}"
    if line["low"] <= chance:
        return [
            Said(
                f"The {name} does no better than guessing: {line['accuracy']:.1%} ({interval})"
                f" where chance is {chance:.1%}; its relevance then shows nothing of the samples.",
                caution=True,
            )
        ]
    if k == 1:
        return [
            Said(
                f"The {name} is right on {line['accuracy']:.1%} of the test tiles ({interval};"
                f" chance {chance:.1%}) in a single training: how far this depends on the seed is"
                " not known.",
                caution=True,
            )
        ]
    text = (
        f"Over {k} {line['repeated']} the {name} is right on {line['accuracy']:.1%} of the test"
        f" tiles ({interval}; chance {chance:.1%}), from {line['lowest']:.1%} to"
        f" {line['highest']:.1%} (standard deviation {100 * line['sd']:.1f} points)."
    )
    if _known(line.get("agreement")):
        text += (
            f" Two of these trainings give the same answer on {line['agreement']:.1%} of the tiles."
        )
    return [Said(text)]


def _largest(line: Line) -> list[Said]:
    share = line["largest_sample"]
    if share < line["chance"] + MARGIN:
        return []
    beaten = line["low"] > share
    return [
        Said(
            f"One sample makes up {share:.1%} of the test tiles, so that always naming it is right"
            f" that often; the {line['classifier']} is {'' if beaten else 'not surely '}better.",
            caution=not beaten,
        )
    ]


def _confidence(line: Line) -> list[Said]:
    error = line["calibration_error"]
    if not error > UNSURE:
        return []
    return [
        Said(
            f"The probabilities of the {line['classifier']} are off by {100 * error:.0f} points on"
            " average (expected calibration error): do not take them at their word.",
            caution=True,
        )
    ]


def _specimens(line: Line) -> list[Said]:
    fewest = int(line["fewest_specimens"])
    if fewest == 1:
        return [
            Said(
                "A sample is tested on a single specimen: even 98 % then says that the tiles of"
                " this specimen look unlike the others, not that the material does, for how it was"
                " prepared and recorded cannot be told from what it is.",
                caution=True,
            )
        ]
    if fewest < FEW_SPECIMENS:
        return [
            Said(
                f"The intervals rest on {int(line['specimens'])} test specimens, {fewest} of one"
                " sample: a bootstrap over so few is rather too narrow.",
                caution=True,
            )
        ]
    return []


_NAMES = {
    HISTOGRAM: ("The grey histogram", "grey values alone"),
    TEXTURE: ("Simple texture features", "simple texture"),
    **{
        name: (("Porosity" if name == "porosity" else f"The {name}"), f"{name} alone")
        for name in DESCRIPTORS.values()
    },
}


def _baseline(line: Line, networks: Sequence[Line]) -> list[Said]:
    whole = line["reads"] in DESCRIPTORS.values()
    own = [one for one in networks if whole or line["maps"] in MODEL_MAPS[one["maps"]]]
    if not own:
        return []
    best = max(own, key=lambda one: float(one["accuracy"]))
    chance, reached = line["chance"], line["accuracy"]
    lead = best["accuracy"] - chance
    subject, difference = _NAMES[line["reads"]]
    if line["maps"] != "mulf":
        subject += f" of {line['maps'].replace('micf', 'MicF')} maps"
    alone = "" if line["reads"] == TEXTURE else " alone"
    verb = "reach" if line["reads"] == TEXTURE else "reaches"
    text = f"{subject}{alone} {verb} {reached:.1%}"
    if lead <= 0 or best["low"] <= chance:
        return [Said(f"{text} (chance {chance:.1%}).")]
    if reached >= best["accuracy"]:
        return [
            Said(
                f"{text}, no less than the {best['classifier']} ({best['accuracy']:.1%}): the"
                " difference needs no network, and the network need not have seen more.",
                caution=True,
            )
        ]
    if reached - chance >= MOST * lead:
        return [Said(f"{text}: most of the difference needs no network.", caution=True)]
    if line["low"] > chance:
        return [Said(f"{text}: a part of the difference is one of {difference}.")]
    return [
        Said(
            f"{text}, which is no better than chance ({chance:.1%}): the network sees more than"
            f" {difference}."
        )
    ]


def _known(value: Any) -> bool:
    return value is not None and value == value


def _records(study: "Study", name: str) -> list[dict[str, Any]]:
    table = study.table(name)
    return [] if table is None else table.to_dict("records")  # type: ignore[return-value]
