import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.figures import (
    Difference,
    comparison_figure,
    descriptor_scatter,
    pore_distribution_figure,
    shapes_figure,
)


def test_decisions_lie_midway_between_neighbouring_means():
    # Means of the paper's Table 2 in porosity, in an order that is not theirs on the axis.
    porosity = {"S1": [0.209, 0.229], "S2": [0.170], "S3": [0.239]}
    size = {"S1": [1e5, 3e5], "S2": [0.4e6], "S3": [0.8e6]}
    panel = descriptor_scatter(porosity, size).axes[0]
    lines = [
        (line.get_linestyle(), line.get_xdata()[0], line.get_ydata()[0]) for line in panel.lines
    ]
    assert [x for style, x, _ in lines if style == "--"] == pytest.approx([0.1945, 0.229])
    assert [y for style, _, y in lines if style == ":"] == pytest.approx([0.3, 0.6])
    assert len(lines) == 4
    assert not descriptor_scatter(porosity, size, decisions=False).axes[0].lines


def test_pore_sizes_rise_from_nothing_to_all():
    number = {"S1": (np.array([50.0, 100.0]), np.array([0.9, 1.0])), "S2": (np.array([]),) * 2}
    area = {"S1": (np.array([50.0, 100.0]), np.array([0.2, 1.0])), "S2": (np.array([]),) * 2}
    first, second = pore_distribution_figure(number, area).axes
    np.testing.assert_allclose(first.lines[0].get_xdata(), [0.05, 0.05, 0.1])
    np.testing.assert_allclose(first.lines[0].get_ydata(), [0, 0.9, 1])
    np.testing.assert_allclose(second.lines[0].get_ydata(), [0, 0.2, 1])
    assert first.get_xscale() == "log"
    assert len(first.lines[1].get_xdata()) == 0


def test_bars_are_critical_ranges_around_differences():
    tests = {
        "specimens": [Difference("S1 – S2", -0.05, 0.028), Difference("S1 – S3", 0.02, 0.028)],
        "tiles": [Difference("S1 – S2", -0.05, 0.01), Difference("S1 – S3", 0.02, 0.01)],
    }
    figure = comparison_figure({"porosity": tests, "size": tests}, confidence=0.9)
    panel = figure.axes[0]
    bars = [bar.get_segments() for bar in panel.collections]
    np.testing.assert_allclose(bars[0][0][:, 0], [-0.078, -0.022])
    np.testing.assert_allclose(bars[0][1][:, 0], [-0.008, 0.048])
    np.testing.assert_allclose(bars[1][0][:, 0], [-0.06, -0.04])
    assert [text.get_text() for text in panel.get_yticklabels()] == ["S1 – S2", "S1 – S3"]
    # The first test is above the second, and bolder.
    assert bars[0][0][0, 1] < 0 < bars[1][0][0, 1]
    assert panel.yaxis_inverted()
    widths = [bar.get_linewidths()[0] for bar in panel.collections]
    assert widths[0] > widths[1]
    assert "90%" in panel.get_xlabel()


def test_shapes_by_sample_and_phase():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.5, 0.1, 0.0])
    curves = {(name, phase): (x, y) for name in ("S1", "S2") for phase in ("pore", "solid")}
    panels = shapes_figure(curves, curves, curves, {"S1": (x, y - 0.2), "S2": (x, y)}).axes
    path, euler = panels[0], panels[3]
    assert [line.get_linestyle() for line in path.lines] == ["-", "--"] * 2
    assert path.lines[0].get_color() == path.lines[1].get_color() != path.lines[2].get_color()
    np.testing.assert_allclose(path.lines[0].get_ydata(), [0.5, 0.1])  # no logarithm of zero
    np.testing.assert_allclose(euler.lines[0].get_ydata(), [0.3, -0.1, -0.2])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: pore_distribution_figure({}, {}),
        lambda: pore_distribution_figure({"S1": ([], [])}, {"S2": ([], [])}),
        lambda: comparison_figure({}, confidence=0.9),
        lambda: comparison_figure({"porosity": {}}, confidence=0.9),
        lambda: shapes_figure({}, {}, {}, {}),
    ],
)
def test_what_cannot_be_plotted_is_refused(draw):
    with pytest.raises(NpmError):
        draw()
