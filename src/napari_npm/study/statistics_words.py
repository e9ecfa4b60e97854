"""What the tests on a study's descriptors mean, in plain sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .statistics_tables import BOTH

NAMES = {"porosity": "porosity", "pore_area_nm2": "average pore size", BOTH: "both"}
"""The descriptors as they stand in a sentence."""
_SKEWED, _TAILED, _UNEQUAL = 1.0, 2.0, 2.0
"""Skewness, excess kurtosis and ratio of standard deviations that are worth a word."""

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]


def statistics_words(tables: Tables) -> list[str]:
    """Return what the comparisons of samples mean, a paragraph each; the weightiest first.

    Parameters
    ----------
    tables : mapping of str to sequence of mapping
        Rows of the describe step's tables by name: ``tukey_kramer``, ``games_howell``,
        ``assumptions``, ``nesting``, ``nearest_mean``; those that are missing are not spoken of.

    Returns
    -------
    list of str
    """
    pairs = tables.get("tukey_kramer", ())
    said = []
    if tables.get("nearest_mean") and not pairs:
        said.append("Each sample has one tile only: their means cannot be compared by any test.")
    said += [*_verdicts(pairs), *_nesting(tables.get("nesting", ()), pairs)]
    said += [*_assumptions(tables.get("assumptions", ())), *_unequal(tables)]
    return [*said, *_nearest(tables.get("nearest_mean", ()))]


def _verdicts(pairs: Sequence[Row]) -> Iterator[str]:
    if not pairs:
        return
    own = [row for row in pairs if row["level"] == "specimen"]
    if not own:
        yield (
            "The samples cannot be tested on specimen means: no sample has two specimens. What"
            " differs between the samples cannot be told from what differs between any two pieces"
            " of one material; the test on tiles below says nothing of that."
        )
        return
    parts = []
    for name in dict.fromkeys(row["descriptor"] for row in own):
        rows = [row for row in own if row["descriptor"] == name]
        differ = [f"{row['first']} and {row['second']}" for row in rows if row["different"]]
        alike = [f"{row['first']} and {row['second']}" for row in rows if not row["different"]]
        text = f"{NAMES[name]} differs between {', '.join(differ)}" if differ else ""
        if alike:
            text += "; " if text else f"{NAMES[name]}: "
            text += f"no difference is shown between {', '.join(alike)}"
        parts.append(text)
    yield (
        f"On specimen means, the test to rely on ({own[0]['confidence']:.0%} confidence):"
        f" {'. '.join(one[0].upper() + one[1:] for one in parts)}. No difference shown is not"
        " equality shown: the critical range says how large a difference would have been missed."
    )
    against = [
        f"{NAMES[row['descriptor']]} of {row['first']} and {row['second']}"
        for row in pairs
        if row["level"] == "tile" and row["different"] and not _same(row, own)["different"]
    ]
    if against:
        yield (
            "Different on tiles but not on specimen means, so not to be claimed:"
            f" {'; '.join(against)}."
        )


def _same(row: Row, others: Sequence[Row]) -> Row:
    """Return the row of others that is about the same descriptor and pair."""
    about = ("descriptor", "first", "second")
    return next((other for other in others if all(other[one] == row[one] for one in about)), row)


def _nesting(nested: Sequence[Row], pairs: Sequence[Row]) -> Iterator[str]:
    for row in nested:
        if row["intraclass"] == 0:
            yield (
                f"Tiles of one specimen resemble each other in {NAMES[row['descriptor']]} no more"
                " than those of others do (intraclass correlation 0), as far as so few specimens"
                " tell."
            )
            continue
        yield (
            f"Tiles of one specimen resemble each other in {NAMES[row['descriptor']]}: intraclass"
            f" correlation {row['intraclass']:.2f}, so {row['tiles']:.0f} tiles tell no more than"
            f" {row['effective_tiles']:.0f} independent ones. Between samples that do not differ,"
            f" with such tiles and this study's numbers, the test on tiles finds a difference in"
            f" {row['false_alarms_tile']:.0%} of simulated studies instead of"
            f" {row['false_alarms_nominal']:.0%}"
            + (
                f"; that on specimen means in {row['false_alarms_specimen']:.0%}."
                if row["false_alarms_specimen"] == row["false_alarms_specimen"]
                else "."
            )
        )
    if pairs and not nested:
        tiles = [row for row in pairs if row["level"] == "tile"]
        own = [row for row in pairs if row["level"] == "specimen"]
        if own and all(_same(row, own)["critical_range"] == row["critical_range"] for row in tiles):
            yield "Each specimen has one tile, so the tests on tiles and on specimens are one."
        else:
            yield (
                "How much too easily the test on tiles finds differences cannot be told here: it"
                " takes several specimens of a sample and several tiles of a specimen."
            )


def _assumptions(checked: Sequence[Row]) -> Iterator[str]:
    said = []
    for row in checked:
        if row["shapiro_p"] != row["shapiro_p"]:
            continue  # nothing scatters, so nothing was tested
        level = "specimen means" if row["level"] == "specimen" else "tiles"
        spread = f"standard deviations {row['sd_ratio']:.1f} to 1"
        equal = f"Brown-Forsythe p {_p(row['brown_forsythe_p'])}"
        faults = []
        if row["brown_forsythe_p"] < 0.05:
            faults.append(f"the samples scatter differently ({spread}, {equal})")
        elif row["sd_ratio"] > _UNEQUAL:
            faults.append(f"the samples seem to scatter differently, {spread}, yet so may a few"
                          f" values do by chance ({equal})")  # fmt: skip
        skewed = abs(row["skewness"]) > _SKEWED
        tailed = row["excess_kurtosis"] > _TAILED
        if skewed or tailed or row["shapiro_p"] < 0.05:
            size = "strongly" if skewed or tailed else "slightly"
            faults.append(
                f"values are {size} other than normal (skewness {row['skewness']:.1f}, excess"
                f" kurtosis {row['excess_kurtosis']:.1f}, Shapiro-Wilk p {_p(row['shapiro_p'])})"
            )
        name = f"{NAMES[row['descriptor']]}, {level}"
        said.append(f"{name}: {' and '.join(faults) if faults else 'nothing against them'}")
    if said:
        yield (
            "Equal scatter and normal values, which analysis of variance and Tukey-Kramer take for"
            f" granted: {'; '.join(said)}. With many tiles the smallest departure is found and"
            " hardly matters to means; with few specimens a large one is not found."
        )


def _unequal(tables: Tables) -> Iterator[str]:
    plain = [row for row in tables.get("tukey_kramer", ()) if row["level"] == "specimen"]
    other = [row for row in tables.get("games_howell", ()) if row["level"] == "specimen"]
    if not plain or not other:
        return
    changed = [row for row in plain if _same(row, other)["different"] != row["different"]]
    if changed:
        names = (f"{NAMES[r['descriptor']]} of {r['first']} and {r['second']}" for r in changed)
        yield (
            "Without taking the scatter to be equal (Games-Howell), the verdict on specimen means"
            f" is another one for {'; '.join(names)}: state both."
        )
    else:
        yield (
            "Without taking the scatter to be equal (Games-Howell), every verdict on specimen"
            " means is the same."
        )


def _nearest(rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    parts = [f"{row['accuracy']:.1%} by {NAMES[row['descriptor']]}" for row in rows]
    text = (
        f"Giving each tile to the sample with the nearest mean is right for {_list(parts)} (all"
        f" tiles, as in the paper; chance {rows[0]['chance']:.0%})."
    )
    left_out = [
        f"{row['accuracy_left_out']:.1%} by {NAMES[row['descriptor']]}"
        for row in rows
        if np.isfinite(row["accuracy_left_out"])
    ]
    if left_out:
        text += (
            " With the means taken over the other specimens only, as for new material:"
            f" {_list(left_out)}."
        )
    yield text


def _list(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def _p(value: float) -> str:
    if value != value:
        return "not known"
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"
