"""The tables of an evaluation, from the answers that its items kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .evaluation_shifts import Row, grouped, jitter_line, shifted_lines
from .tables import write_rows
from .wiring import MAP_NAMES

if TYPE_CHECKING:
    from .settings import EvaluateParameters
    from .study import Study

REPEATED = {"same": "seeds", "fresh": "seeds, each with a split of its own", "folds": "folds"}
NETWORK, BASELINE, SHUFFLED = "network", "baseline", "shuffled labels"
"""What a line of the table is about, besides `evaluation_shifts.SHIFTED`."""


def write_evaluation(
    study: "Study", parameters: "EvaluateParameters", rows: Sequence[Row]
) -> list[Path]:
    """Write the tables of an evaluation and return their paths.

    Parameters
    ----------
    study : Study
        The study.
    parameters : EvaluateParameters
        Of the evaluation.
    rows : sequence of mapping
        What the items of the step kept.
    """
    networks = grouped([row for row in rows if row["what"] == "seed"], "maps")
    shuffles = grouped([row for row in rows if row["what"] == "shuffle"], "maps")
    plain = grouped([row for row in rows if row["what"] == "baselines"], "classifier")
    jitter = [jitter_line(row) for row in rows if row["what"] == "jitter"]
    jitter.sort(key=lambda line: line["reads"] != NETWORK)
    table = Tables(study, parameters)
    lines, classes = [], []
    for kind, own in networks.items():
        name = f"network on {MAP_NAMES[kind]}"
        lines.append(table.line(name, NETWORK, own) | table.seeds(own))
        classes += table.classes(name, own)
    for name, own in plain.items():
        lines.append(table.line(name, BASELINE, own) | {"reads": own[0]["reads"]})
        classes += table.classes(name, own)
    for kind, own in shuffles.items():
        name = f"network on {MAP_NAMES[kind]}, shuffled labels"
        lines.append(table.line(name, SHUFFLED, own, repeated=True) | {"repeats": len(own)})
    lines += shifted_lines(jitter, parameters, len(study.samples))
    files = [
        write_rows(study, "evaluation", [_COLUMNS | line for line in lines]),
        write_rows(study, "evaluation_classes", classes),
        write_rows(study, "evaluation_seeds", [table.seed(row) for row in _all(networks)]),
        write_rows(study, "evaluation_reliability", table.reliability(networks)),
        write_rows(study, "evaluation_shuffles", [table.shuffle(row) for row in _all(shuffles)]),
        write_rows(study, "evaluation_jitter", jitter),
    ]
    for kind, own in networks.items():
        files.append(write_rows(study, f"evaluation_confusion_{kind}", table.confusion(own)))
    return files


_COLUMNS: dict[str, Any] = dict.fromkeys(
    (
        "classifier",
        "role",
        "maps",
        "reads",
        "accuracy",
        "low",
        "high",
        "sd",
        "lowest",
        "highest",
        "repeats",
        "repeated",
        "calibration_error",
        "agreement",
        "kappa",
        "chance",
        "largest_sample",
        "tiles",
        "specimens",
        "fewest_specimens",
        "interval",
    )
)


class Tables:
    """Lines of the tables of an evaluation.

    Parameters
    ----------
    study : Study
        Whose samples, specimens and tiles the answers are about.
    parameters : EvaluateParameters
        Confidence, resamples, bins.
    """

    def __init__(self, study: "Study", parameters: "EvaluateParameters") -> None:
        self.parameters = parameters
        self.names = [sample.name for sample in study.samples]
        self.groups = [f"{tile.sample}/{tile.specimen}" for tile in study.tiles]

    def line(
        self, name: str, role: str, rows: Sequence[Row], *, repeated: bool = False
    ) -> dict[str, Any]:
        """Return accuracy with its interval over all answers of a classifier."""
        from napari_npm.core.evaluation import accuracy_interval
        from napari_npm.core.repeats import repeated_interval

        p = self.parameters
        right = [_right(row) for row in rows]
        groups = [[self.groups[index] for index in row["tiles"]] for row in rows]
        labels = [row["true"] for row in rows]
        options = {"confidence": p.confidence, "resamples": p.resamples}
        if repeated:
            found = repeated_interval(right, groups, labels=labels, **options)  # type: ignore[arg-type] # the options are numbers
        else:
            found = accuracy_interval(
                np.concatenate(right),
                [group for one in groups for group in one],
                labels=np.concatenate(labels),
                **options,  # type: ignore[arg-type] # the options are numbers
            )
        tested = {
            (label, group)
            for one in zip(labels, groups, strict=True)
            for label, group in zip(*one, strict=True)
        }
        counts = np.bincount(np.concatenate(labels), minlength=len(self.names))
        specimens = [
            sum(label == number for label, _ in tested) for number in np.flatnonzero(counts)
        ]
        return {
            "classifier": name,
            "role": role,
            "maps": rows[0]["maps"],
            "accuracy": found.value,
            "low": found.low,
            "high": found.high,
            "chance": 1 / len(self.names),
            "largest_sample": float(counts.max() / counts.sum()),
            "tiles": len({index for row in rows for index in row["tiles"]}),
            "specimens": len({group for one in groups for group in one}),
            "fewest_specimens": min(specimens),
            "interval": found.method,
        }

    def seeds(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Return how the seeds of a network differ, and how sure it is."""
        from napari_npm.core.repeats import answer_agreement, seed_spread

        found = seed_spread([_right(row).mean() for row in rows])
        line: dict[str, Any] = {
            "sd": found.sd if len(rows) > 1 else None,
            "lowest": found.low,
            "highest": found.high,
            "repeats": len(rows),
            "repeated": REPEATED[self.parameters.splits],
            "calibration_error": self._reliability(rows).error,
        }
        if len(rows) > 1 and all(row["tiles"] == rows[0]["tiles"] for row in rows):
            same = answer_agreement([row["predicted"] for row in rows])
            kappa = same.kappa if same.kappa == same.kappa else None
            line |= {"agreement": same.pairwise, "kappa": kappa}
        return line

    def seed(self, row: Row) -> dict[str, Any]:
        """Return the line of one seed of a network."""
        return {
            "maps": row["maps"],
            "seed": row["number"],
            "accuracy": float(_right(row).mean()),
            "calibration_error": self._reliability([row]).error,
            "best_epoch": row["best_epoch"],
            "tiles": len(row["tiles"]),
            "specimens": len({self.groups[index] for index in row["tiles"]}),
        }

    def shuffle(self, row: Row) -> dict[str, Any]:
        """Return the line of one training with shuffled labels."""
        return {
            "maps": row["maps"],
            "shuffle": row["number"],
            "accuracy": float(_right(row).mean()),
            "learnt": row["learnt"],
            "tiles": len(row["tiles"]),
        }

    def classes(self, name: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return the accuracy on each sample, with its interval."""
        from napari_npm.core.evaluation import accuracy_interval

        true = np.concatenate([row["true"] for row in rows])
        right = np.concatenate([_right(row) for row in rows])
        groups = np.array([self.groups[index] for row in rows for index in row["tiles"]])
        lines = []
        for number, sample in enumerate(self.names):
            own = true == number
            line: dict[str, Any] = {"classifier": name, "sample": sample, "tiles": 0}
            line |= dict.fromkeys(("specimens", "accuracy", "low", "high", "interval"))
            if own.any():
                found = accuracy_interval(
                    right[own],
                    groups[own].tolist(),
                    confidence=self.parameters.confidence,
                    resamples=self.parameters.resamples,
                )
                tiles = {
                    index
                    for row in rows
                    for index, label in zip(row["tiles"], row["true"], strict=True)
                    if label == number
                }
                line |= {
                    "tiles": len(tiles),
                    "specimens": len(set(groups[own].tolist())),
                    "accuracy": found.value,
                    "low": found.low,
                    "high": found.high,
                    "interval": found.method,
                }
            lines.append(line)
        return lines

    def confusion(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return the confusion matrix summed over the seeds of a network."""
        from napari_npm.core.evaluation import confusion

        counts = sum(confusion(row["true"], row["predicted"], len(self.names)) for row in rows)
        return [
            {
                "true": name,
                **{f"predicted_{other}": int(n) for other, n in zip(self.names, line, strict=True)},
            }
            for name, line in zip(self.names, np.asarray(counts), strict=True)
        ]

    def reliability(self, networks: Mapping[str, Sequence[Row]]) -> list[dict[str, Any]]:
        """Return confidence and accuracy by bins, over all seeds of each network."""
        lines = []
        for kind, rows in networks.items():
            found = self._reliability(rows)
            lines += [
                {
                    "maps": kind,
                    "low": found.edges[number],
                    "high": found.edges[number + 1],
                    "confidence": found.confidence[number],
                    "accuracy": found.accuracy[number],
                    "answers": int(found.tiles[number]),
                }
                for number in np.flatnonzero(found.tiles)
            ]
        return lines

    def _reliability(self, rows: Sequence[Row]) -> Any:
        from napari_npm.core.reliability import reliability

        shares = np.concatenate([np.asarray(row["probabilities"], float) for row in rows])
        true = np.concatenate([row["true"] for row in rows])
        return reliability(shares, true, bins=self.parameters.bins)


def _right(row: Row) -> Any:
    return np.asarray(row["true"]) == np.asarray(row["predicted"])


def _all(groups: Mapping[str, Sequence[Row]]) -> list[Row]:
    return [row for rows in groups.values() for row in rows]
