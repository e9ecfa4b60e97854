"""The describe step's tables of pore sizes, volume fractions and shapes, sample by sample."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .descriptor_counts import PHASES, Counts, counts_of
from .settings import DescribeParameters
from .study import Study

if TYPE_CHECKING:
    from napari_npm.core.pores import PoreDistribution

Row = Mapping[str, Any]


def descriptor_tables(
    study: Study, parameters: DescribeParameters, rows: Sequence[Row]
) -> dict[str, list[Row]]:
    """Return the tables by name: what each sample's maps hold.

    Parameters
    ----------
    study : Study
        The study, with the counts of every image.
    parameters : DescribeParameters
        Of the step.
    rows : sequence of mapping
        A row a tile.
    """
    from napari_npm.core.pores import pore_distribution

    pixel = study.pixel_size_nm
    sizes: list[Row] = []
    summary: list[Row] = []
    shapes: dict[str, list[Row]] = {}
    for sample in study.samples:
        own = [row for row in rows if row["sample"] == sample.name]
        if not own:
            continue
        counts = counts_of(study, sample.name)
        found = pore_distribution(counts["pores_pixels"], pixel, counts=counts["pores_times"])
        sizes += _sizes(sample.name, found)
        summary.append({"sample": sample.name, "label": sample.label, **_summary(own, found)})
        if parameters.shapes:
            for name, lines in _shapes(sample.name, counts, pixel).items():
                shapes.setdefault(name, []).extend(lines)
    fractions = _fractions(rows, parameters.fraction_bins)
    return {"pore_sizes": summary, "pore_distribution": sizes, "fractions": fractions, **shapes}


def _sizes(sample: str, found: "PoreDistribution") -> list[Row]:
    columns = {
        "pixels": found.pixels,
        "area_nm2": found.area_nm2,
        "diameter_nm": found.diameter_nm,
        "pores": found.count,
        "number_share": found.number_share,
        "area_share": found.area_share,
        "number_finer": found.number_finer,
        "area_finer": found.area_finer,
    }
    return _lines({"sample": sample}, columns)


def _summary(rows: Sequence[Row], found: "PoreDistribution") -> Row:
    total = float(np.sum([row["pores"] * row["pore_area_nm2"] for row in rows]))
    cut = float(
        np.sum([row["cut_pore_area"] * row["pores"] * row["pore_area_nm2"] for row in rows])
    )
    single = found.number_share[found.pixels == 1]
    return {
        "tiles": len(rows),
        "pores": int(found.count.sum()),
        "tile_mean_area_nm2": float(np.mean([row["pore_area_nm2"] for row in rows])),
        "mean_area_nm2": found.mean_area_nm2,
        "area_weighted_mean_nm2": found.area_weighted_mean_nm2,
        "number_d50_nm": found.diameter(0.5, by="number"),
        "area_d10_nm": found.diameter(0.1),
        "area_d50_nm": found.diameter(0.5),
        "area_d90_nm": found.diameter(0.9),
        "single_pixel_pores": float(single[0]) if single.size else 0.0,
        "cut_pore_area": cut / total if total else 0.0,
    }


def fraction_edges(bins: int) -> list[float]:
    """Return the edges of equal ranges of porosity, 0.6 rather than 0.6000000000000001."""
    edges: list[float] = np.linspace(0, 1, bins + 1).round(12).tolist()
    return edges


def _fractions(rows: Sequence[Row], bins: int) -> list[Row]:
    """Return the volume fractions of Fig. 3d with their spread over tiles and specimens."""
    lines: list[Row] = []
    edges = fraction_edges(bins)
    for sample in dict.fromkeys(row["sample"] for row in rows):
        own = [row for row in rows if row["sample"] == sample]
        specimens = dict.fromkeys(row["specimen"] for row in own)
        for low, high in pairwise(edges):
            name = f"fraction_{low:.3g}_{high:.3g}"
            values = np.array([row[name] for row in own])
            means = [
                np.mean([row[name] for row in own if row["specimen"] == one]) for one in specimens
            ]
            lines.append(
                {
                    "sample": sample,
                    "porosity_from": low,
                    "porosity_to": high,
                    "mean": float(values.mean()),
                    "sd_tiles": _sd(values),
                    "tiles": values.size,
                    "sd_specimens": _sd(np.array(means)),
                    "specimens": len(means),
                }
            )
    return lines


def _shapes(sample: str, counts: Counts, pixel: float) -> dict[str, list[Row]]:
    from napari_npm.core.runs import Runs

    um = pixel / 1000
    paths: list[Row] = []
    chords: list[Row] = []
    thick: list[Row] = []
    for phase in PHASES:
        about = {"sample": sample, "phase": phase}
        runs = Runs(
            counts[f"runs_inside_{phase}"],
            counts[f"runs_cut_{phase}"],
            counts[f"runs_places_{phase}"],
            int(counts[f"runs_ends_{phase}"][0]),
        )
        # The last length is one more pixel than fits into the map.
        r = np.arange(runs.places.size - 1)
        path = runs.lineal_path[:-1]
        paths += _lines(about, {"r_px": r, "r_um": r * um, "probability": path})
        length = np.flatnonzero(runs.inside)
        chords += _lines(
            about,
            {
                "length_px": length,
                "length_um": length * um,
                "chords": runs.inside[length],
                "number_share": runs.inside[length] / max(int(runs.inside.sum()), 1),
            },
        )
        covered = counts[f"thickness_{phase}"]
        wide = np.flatnonzero(covered)
        shares = covered[wide] / max(int(covered.sum()), 1)
        thick += _lines(
            about,
            {
                "diameter_px": wide,
                "diameter_um": wide * um,
                "area_share": shares,
                "area_finer": np.cumsum(shares),
            },
        )
    level, area = np.arange(256), float(counts["minkowski_pixels"][0]) * um**2
    functionals = {
        "level": level,
        "porosity": level / 255,
        "area_fraction": counts["minkowski_area"] / counts["minkowski_pixels"][0],
        "perimeter_per_um": counts["minkowski_perimeter"] * um / area,
        "euler_per_um2": counts["minkowski_euler"] / area,
    }
    return {
        "lineal_path": paths,
        "chord_lengths": chords,
        "local_thickness": thick,
        "minkowski": _lines({"sample": sample}, functionals),
    }


def _lines(about: Row, columns: Mapping[str, Any]) -> list[Row]:
    values = [np.asarray(column).tolist() for column in columns.values()]
    return [
        {**about, **dict(zip(columns, line, strict=True))} for line in zip(*values, strict=True)
    ]


def _sd(values: Any) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
