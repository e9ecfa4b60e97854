"""The describe step's comparisons of samples: nearest mean, analysis of variance, and its limits.

Every test is made twice: on tiles, as the paper's Table 2, and on the means of specimens, which
are independent where tiles of one specimen are not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

DESCRIPTORS = {"porosity": "Porosity", "pore_area_nm2": "Average pore size (nm²)"}
"""Columns of the table that the samples are compared by, with their names for a reader."""
BOTH = "both"
"""What the nearest mean by both descriptors is called in its table."""
LEVELS = ("tile", "specimen")

Row = Mapping[str, Any]


def statistics_tables(rows: Sequence[Row], confidence: float) -> dict[str, list[Row]]:
    """Return the comparisons of the samples by the names of their tables.

    A test that these samples do not allow (one specimen each, no scatter) has no row.

    Parameters
    ----------
    rows : sequence of mapping
        A row a tile, with its sample, its specimen and its descriptors.
    confidence : float
        Confidence level of the comparisons.

    Returns
    -------
    dict of str to list
        Nothing where there is one sample only.
    """
    names = np.array([row["sample"] for row in rows])
    specimens = np.array([row["specimen"] for row in rows])
    if np.unique(names).size < 2:
        return {}
    values = {
        column: np.array([row[column] for row in rows], dtype=float) for column in DESCRIPTORS
    }
    tests: dict[str, list[Row]] = {
        name: [] for name in ("anova", "tukey_kramer", "welch_anova", "games_howell", "assumptions")
    }
    nested: list[Row] = []
    for column, numbers in values.items():
        for level, groups in (("tile", None), ("specimen", specimens)):
            about = {"descriptor": column, "level": level}
            for name, lines in _tests(numbers, names, groups, confidence):
                tests[name] += [{**about, **line} for line in lines]
        nested += [
            {"descriptor": column, **line}
            for line in _tried(_nested, numbers, names, specimens, confidence)
        ]
    return {"nearest_mean": _nearest(values, names, specimens), **tests, "nesting": nested}


def _nearest(
    values: Mapping[str, NDArray[np.float64]],
    names: NDArray[np.str_],
    specimens: NDArray[np.str_],
) -> list[Row]:
    from napari_npm.core.nearest import nearest_mean, nearest_mean_left_out

    lines: list[Row] = []
    for column, numbers in [*values.items(), (BOTH, np.column_stack(list(values.values())))]:
        found = nearest_mean(numbers, names)
        left_out = _tried(nearest_mean_left_out, numbers, names, specimens)
        lines.append(
            {
                "descriptor": column,
                "accuracy": found.accuracy,
                "tiles": names.size,
                "accuracy_left_out": left_out[0].accuracy if left_out else float("nan"),
                "chance": 1 / found.classes.size,
            }
        )
    return lines


def _tests(
    values: NDArray[np.float64],
    names: NDArray[np.str_],
    groups: NDArray[np.str_] | None,
    confidence: float,
) -> Iterator[tuple[str, list[Row]]]:
    from napari_npm.core.assumptions import check_assumptions
    from napari_npm.core.statistics import anova, tukey_kramer
    from napari_npm.core.unequal import games_howell, welch_anova

    for name, test in (("anova", anova), ("welch_anova", welch_anova)):
        yield name, [asdict(one) for one in _tried(test, values, names, groups=groups)]
    for name, pairs in (("tukey_kramer", tukey_kramer), ("games_howell", games_howell)):
        for rows in _tried(pairs, values, names, confidence, groups=groups):
            yield name, [{**asdict(one), "conclusion": one.conclusion} for one in rows]
    for found in _tried(check_assumptions, values, names, groups=groups):
        yield "assumptions", [{**asdict(found), "sd_ratio": found.sd_ratio}]


def _nested(
    values: NDArray[np.float64],
    names: NDArray[np.str_],
    specimens: NDArray[np.str_],
    confidence: float,
) -> Row:
    from napari_npm.core.nesting import false_alarms, nesting

    found = nesting(values, names, specimens)
    alarms = false_alarms(names, specimens, found.intraclass, confidence)
    return {
        **asdict(found),
        "false_alarms_nominal": alarms.nominal,
        "false_alarms_tile": alarms.tile,
        "false_alarms_specimen": alarms.specimen,
        "trials": alarms.trials,
    }


def _tried(test: Callable[..., Any], *values: Any, **options: Any) -> list[Any]:
    """Return what a test found in a list, an empty one where the samples do not allow it."""
    try:
        return [test(*values, **options)]
    except NpmError:
        return []
