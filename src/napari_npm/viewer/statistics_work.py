"""What the describe step found, for worker threads: no Qt, no napari."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_npm.core.progress import Progress

from .table_model import Column

POROSITY, PORE_AREA = "porosity", "pore_area_nm2"
DESCRIPTORS = {POROSITY: "Porosity", PORE_AREA: "Average pore size (nm²)"}
SPECIMEN, TILE = "specimen", "tile"
# The test to rely on comes first: tiles of one specimen are not independent.
LEVELS = {SPECIMEN: "by specimen", TILE: "by tile"}
# Files of the describe step by what they are called here; the first is shown first.
TESTS = {
    "tukey_kramer": "Tukey-Kramer",
    "games_howell": "Games-Howell",
    "anova": "Analysis of variance",
    "welch_anova": "Welch's analysis of variance",
    "assumptions": "Assumptions",
    "nesting": "Tiles within specimens",
    "nearest_mean": "Nearest mean",
}
NEAREST = "nearest_mean"
_HEADS = {
    "name": ("Nearest mean by\n", "The descriptor whose sample means are compared"),
    "first": ("First\ngroup", ""),
    "second": ("Second\ngroup", ""),
    "different": ("Differ?\n", "Whether the difference is above the critical range"),
    "first_mean": ("First\nmean", "Mean of the first group"),
    "second_mean": ("Second\nmean", "Mean of the second group"),
    "difference": ("Abs.\ndiff.", "Absolute difference of the means"),
    "critical_range": ("Critical\nrange", "Differences above it are significant"),
    "p_value": ("p\n", "Chance of such a difference if there were none"),
    "f_value": ("F\n", "Ratio of the mean squares between and within the samples"),
    "df_between": ("d.f.\nbetween", "Degrees of freedom between the samples"),
    "df_within": ("d.f.\nwithin", "Degrees of freedom within the samples"),
    "mean_square_within": ("MSE\n", "Mean square within the samples"),
    "hedges_g": ("Hedges'\ng", "Difference of the means in standard deviations"),
    "accuracy": ("Accuracy\n", "Share of tiles whose own sample has the nearest mean"),
    "accuracy_left_out": (
        "Specimen\nleft out",
        "Share of tiles whose own sample has the nearest mean, their specimen left out of it",
    ),
    "chance": ("Chance\n", "Share by guessing"),
}
# The conclusion says the difference and the critical range again.
_LEFT_OUT = ("descriptor", "level", "confidence", "tiles", "conclusion")
_MOST_COLUMNS = 14
TILE_COLUMNS = (
    Column("Image\n", "name"),
    Column("Sample\n", "sample"),
    Column("Porosity\n", POROSITY, "Mean porosity of the tile"),
    Column("Pore size\nµm²", PORE_AREA, "Number mean of the areas of its pores", 1e-6),
    Column("Diam.\nµm", "pore_diameter_nm", "Diameter of the circle of that area", 1e-3),
    Column("Pores\n", "pores", "Number of pores"),
)


@dataclass(frozen=True, eq=False)
class Statistics:
    """What the describe step found.

    Attributes
    ----------
    tiles : DataFrame or None
        A row a tile.
    tests : dict of str to DataFrame
        The comparisons of samples, by the names of their files.
    pores : DataFrame or None
        How many pores of each size each sample has.
    """

    tiles: Any = None
    tests: dict[str, Any] = field(default_factory=dict)
    pores: Any = None

    @property
    def fractions(self) -> dict[str, tuple[float, float]]:
        """Columns of the volume fractions, and the porosities that each spans."""
        found = {}
        for name in () if self.tiles is None else self.tiles.columns:
            if name.startswith("fraction_"):
                low, high = name.removeprefix("fraction_").split("_")
                found[name] = float(low), float(high)
        return found

    def test(self, name: str, descriptor: str, level: str) -> Any:
        """Return a test of one descriptor; all of it where it has no levels."""
        table = self.tests.get(name)
        if table is None or name == NEAREST:
            return table
        for column, wanted in (("descriptor", descriptor), ("level", level)):
            if column in table:
                own = table[table[column] == wanted]
                # A file of one level only is shown whatever level is chosen.
                table = own if column == "descriptor" or not own.empty else table
        return table


def read_statistics(report: Progress, study: Any) -> Statistics:
    """Read what the describe step found."""
    report(0, 1, "")
    tiles = study.table("describe")
    if tiles is None or tiles.empty:
        return Statistics()
    tiles = tiles.assign(name=_names(tiles))
    tests = {name: study.table(name) for name in TESTS}
    nearest = tests[NEAREST]
    if nearest is not None and "descriptor" in nearest:
        names = [_short(name) for name in nearest["descriptor"]]
        tests[NEAREST] = nearest.assign(name=names)
    return Statistics(
        tiles,
        {name: one for name, one in tests.items() if one is not None and not one.empty},
        study.table("pore_distribution"),
    )


def _names(tiles: Any) -> list[str]:
    """Return what each tile is called: its image, with its place where there are several."""
    several = tiles["image"].duplicated(keep=False)
    return [
        f"{image} @ {row}, {column}" if many else str(image)
        for image, row, column, many in zip(
            tiles["image"], tiles["row"], tiles["col"], several, strict=True
        )
    ]


def columns_of(table: Any) -> tuple[Column, ...]:
    """Return the columns of a test, in the layout of the paper's Table 2 where it is that."""
    names = [name for name in table.columns if name not in _LEFT_OUT]
    known = [name for name in _HEADS if name in names]
    # The named ones first: there is no room for everything, and all is saved.
    shown = [*known, *(name for name in names if name not in _HEADS)][:_MOST_COLUMNS]
    return tuple(
        Column(*_HEADS[name][:1], name, _HEADS[name][1])
        if name in _HEADS
        else Column(name.replace("_", "\n", 1).replace("_", " "), name, name.replace("_", " "))
        for name in shown
    )


def words_of(found: Statistics) -> str:
    """Return in a sentence each what the tests by specimen say, as HTML."""
    said = []
    for descriptor in DESCRIPTORS:
        table = found.test("tukey_kramer", descriptor, SPECIMEN)
        name = _short(descriptor)
        if table is None or table.empty or set(table.get("level", [TILE])) != {SPECIMEN}:
            said.append(
                f"<b>{name}</b>: no test by specimen: each sample needs two specimens or more."
            )
            continue
        level = 100 * float(table["confidence"].iloc[0])
        yes = [f"{a}–{b}" for a, b, differ in _pairs(table) if differ]
        no = [f"{a}–{b}" for a, b, differ in _pairs(table) if not differ]
        parts = ([f"differs between {', '.join(yes)}"] if yes else []) + (
            [f"no difference shown between {', '.join(no)}"] if no else []
        )
        said.append(f"<b>{name}</b>: {'; '.join(parts)} ({level:g} %).")
    nearest = found.tests.get(NEAREST)
    if nearest is not None and {"name", "accuracy"} <= set(nearest):
        shares = ", ".join(
            f"{100 * accuracy:.0f} % by {name.lower()}"
            for name, accuracy in zip(nearest["name"], nearest["accuracy"], strict=True)
        )
        said.append(f"Nearest mean, tiles given to their own sample: {shares}.")
    return "Means of specimens compared (Tukey-Kramer):<br>" + "<br>".join(said)


def _short(descriptor: str) -> str:
    return DESCRIPTORS.get(descriptor, descriptor.capitalize()).partition(" (")[0]


def _pairs(table: Any) -> list[tuple[str, str, bool]]:
    return [
        (str(a), str(b), bool(differ))
        for a, b, differ in zip(table["first"], table["second"], table["different"], strict=True)
    ]


def samples_in(tiles: Any) -> list[str]:
    """Return the samples in the order of the table."""
    return list(dict.fromkeys(tiles["sample"].astype(str)))


def spread(count: int, width: float) -> Any:
    """Return offsets within a width that keep points of one place apart, always the same."""
    golden = 0.5 * (np.sqrt(5) - 1)
    return width * (np.mod(np.arange(count) * golden, 1.0) - 0.5)
