"""Figures of the calibration: what is drawn is what was given."""

import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.figures import detectors_figure, drift_figure, uncertainty_figure

N = np.linspace(0, 1, 6)


def lines(panel):
    return {line.get_label(): line for line in panel.get_lines()}


def test_each_detector_passes_through_its_points_and_the_used_one_is_named():
    curves = {"count": (N, np.sqrt(N), np.full(6, 0.01)), "energy": (N, N**0.7, None)}
    figure = detectors_figure(curves, chosen="count")
    (panel,) = figure.axes
    assert [text.get_text() for text in panel.get_legend().get_texts()] == [
        "count (used)",
        "energy",
    ]
    drawn = [line for line in panel.get_lines() if len(line.get_xdata()) > 50]
    for line, (_, y, _) in zip(drawn, curves.values(), strict=True):
        assert np.interp(N, line.get_xdata(), line.get_ydata()) == pytest.approx(y, abs=1e-6)
    assert drawn[0].get_linewidth() > drawn[1].get_linewidth()
    (bars,) = (one for one in panel.containers if one.has_yerr)
    ends = bars[2][0].get_segments()
    assert ends[2][1][1] - ends[2][0][1] == pytest.approx(0.02)


def table(scale):
    parts = {f"u_{name}": scale * (N + k) for k, name in enumerate(("csh", "metal", "curve"))}
    return {"porosity": N, "u_porosity": scale * (N + 9), "u_model": scale * N**2, **parts}


@pytest.mark.parametrize("samples", [1, 2, 4])
def test_uncertainty_has_a_panel_for_each_sample(samples):
    tables = {f"S{k}": table(0.01 * (k + 1)) for k in range(samples)}
    figure = uncertainty_figure(tables)
    shown = [panel for panel in figure.axes if panel.axison]
    assert [panel.get_title() for panel in shown] == list(tables)
    for panel, one in zip(shown, tables.values(), strict=True):
        found = lines(panel)
        assert found["all"].get_ydata() == pytest.approx(one["u_porosity"])
        assert found["physical model"].get_ydata() == pytest.approx(one["u_model"])
        assert found["reference metal"].get_ydata() == pytest.approx(one["u_metal"])


def test_drift_rings_the_outliers_and_leaves_gaps():
    levels = {"C-S-H": [60, np.nan, 62, 90], "metal": [200, 201, 202, 203]}
    outliers = {"C-S-H": np.array([0, 0, 0, 1], bool), "metal": np.zeros(4, bool)}
    figure = drift_figure(levels, outliers, ["a", "a", "b", "b"], order="by date")
    csh, metal = figure.axes
    drawn = {one.get_label(): np.asarray(one.get_offsets()) for one in csh.collections}
    assert drawn["a"].tolist() == [[1, 60]]
    assert drawn["b"].tolist() == [[3, 62], [4, 90]]
    assert drawn["outlier"].tolist() == [[4, 90]]
    assert "outlier" not in [one.get_label() for one in metal.collections]
    assert csh.get_lines()[0].get_ydata()[0] == 62
    assert metal.get_xlabel() == "Image, by date"


def test_nothing_to_plot_is_a_sentence():
    with pytest.raises(NpmError, match="no response to plot"):
        detectors_figure({})
    with pytest.raises(NpmError, match="no uncertainty to plot"):
        uncertainty_figure({})
    with pytest.raises(NpmError, match="no drift to plot"):
        drift_figure({"metal": [np.nan]}, {"metal": np.zeros(1, bool)}, ["a"])
