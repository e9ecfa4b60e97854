"""The section of a report on the calibration: levels, clipping, uncertainty and drift."""

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_npm.study.cautions import energy_warnings, saturation_warnings
from napari_npm.study.drift import drift_of
from napari_npm.study.references import NAMES
from napari_npm.study.study import Study

from .parts import Section, Table, mean_sd

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10
_FAR = (
    "beyond 3.5 robust standard deviations from the trend of the nine images around it, or from the"
    " median where there are fewer images"
)


def calibration(study: Study) -> Section | None:
    """Tell the reference grey levels, what was clipped, and how well porosity is known."""
    table = study.table("calibration")
    if table is None or "porosity" not in table:
        return None
    section = Section("Calibration")
    section.paragraphs += [
        *_warnings(study),
        (
            "Below and above: pixels outside unhydrated cement that were darker than the C-S-H or"
            " brighter than the metal reference and were set to 0 or 1. Saturated: pixels of the"
            " references at the end of the grey range. The curve holds for pores well below the"
            " 100-250 nm that electrons of 5 keV sample; faster ones go deeper."
        ),
        _drift_words(table),
        _uncertainty_words(study),
    ]
    section.tables += [_levels(table), _means(table)]
    section.figures += ["response", "uncertainty", "drift", "npm", "maps", "isodata"]
    _add_outliers(study, section)
    return section


def _warnings(study: Study) -> list[str]:
    simulate: Any = study.parameters("simulate")
    parameters: Any = study.parameters("calibrate")
    found = energy_warnings(study, simulate.energy_kev)
    found += saturation_warnings(study, parameters.max_saturated)
    return [f"Warning: {text}" for text in found]


def _levels(table: "pd.DataFrame") -> Table:
    rows = []
    for sample, part in table.groupby("sample", sort=False):
        scopes = sorted(set(part["csh_scope"]) | set(part["metal_scope"]))
        rows.append(
            (
                str(sample),
                mean_sd(part["g_csh"], ".1f"),
                mean_sd(part["g_metal"], ".1f"),
                f"{_rms(part['csh_error']):.2f}, {_rms(part['metal_error']):.2f}",
                ", ".join(scopes),
                f"{part['csh_saturated'].max():.1%}, {part['metal_saturated'].max():.1%}",
                f"{part['unhydrated_fraction'].mean():.1%}",
                f"{part['below_fraction'].mean():.2%}",
                f"{part['above_fraction'].mean():.2%}",
            )
        )
    columns = (
        "Sample",
        "G(C-S-H)",
        "G(metal)",
        "Standard errors",
        "References from",
        "Saturated (worst)",
        "UC",
        "Below",
        "Above",
    )
    caption = "Reference grey levels (mean ± SD over images) and clipping"
    return Table(caption, columns, tuple(rows))


def _means(table: "pd.DataFrame") -> Table:
    rows = tuple(
        (
            str(sample),
            mean_sd(part["porosity"], ".4f"),
            f"{part['porosity_uncertainty'].mean():.4f}",
            f"{part['drift_effect'].mean():+.4f}",
            f"{part['gain_effect'].mean():+.4f}",
        )
        for sample, part in table.groupby("sample", sort=False)
    )
    columns = (
        "Sample",
        "Mean porosity (± SD over images)",
        "Standard uncertainty of one image",
        "1 % brighter",
        "1 % more contrast",
    )
    return Table("Mean porosity of the MulF maps and how well it is known", columns, rows)


def _drift_words(table: "pd.DataFrame") -> str:
    drift, gain = table["drift_effect"].mean(), table["gain_effect"].mean()
    relative = drift / max(table["porosity"].mean(), 1e-9)
    return (
        "What 1 % of drift does: if an image became brighter by 1 % of the distance between the"
        " two references after these were measured, its mean porosity would read"
        f" {drift:+.4f} ({relative:+.1%} of its value) on average over the images, and"
        f" {_largest(table['drift_effect']):+.4f} in the worst; if all its grey values were"
        f" multiplied by 1.01, {gain:+.4f} and {_largest(table['gain_effect']):+.4f}. Differences"
        " between samples of this size need references in every image."
    )


def _uncertainty_words(study: Study) -> str:
    table = study.table("uncertainty")
    assert table is not None
    parameters: Any = study.parameters("calibrate")
    at = (0.05, 0.2, 0.5, 0.9)
    values = [
        np.mean(
            [
                np.interp(n, part["porosity"], part["u_porosity"])
                for _, part in table.groupby("sample", sort=False)
            ]
        )
        for n in at
    ]
    listed = ", ".join(f"{value:.3f} at n = {n:g}" for n, value in zip(at, values, strict=True))
    return (
        f"The standard uncertainty of n is {listed} (mean over samples;"
        " results/uncertainty.csv by grey level). It holds the standard errors of both reference"
        " levels, the statistical error of the simulated curve and a model error of"
        f" {parameters.model_error:g} in the normalised response. All pixels of an image share it,"
        " so it does not average out; noise of pixels and shading within an image are not in it."
    )


def _add_outliers(study: Study, section: Section) -> None:
    drift = drift_of(study)
    found = [
        (image, NAMES[name], f"{drift.levels[name][place]:.1f}", f"{drift.z[name][place]:+.1f}")
        for name in drift.levels
        for place, image in enumerate(drift.images)
        if drift.outliers(name)[place]
    ]
    if not found:
        sentence = f"No image's reference level is an outlier: none lies {_FAR}."
        section.paragraphs.append(sentence)
        return
    found.sort(key=lambda row: -abs(float(row[3])))
    more = f", the first {_SHOWN} of {len(found)}" if len(found) > _SHOWN else ""
    section.tables.append(
        Table(
            f"Reference levels that are outliers: {_FAR}{more}",
            ("Image", "Reference", "Grey level", "Robust z"),
            tuple(found[:_SHOWN]),
        )
    )


def _rms(values: "pd.Series[float]") -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _largest(values: "pd.Series[float]") -> float:
    return float(values.iloc[int(values.abs().to_numpy().argmax())])
