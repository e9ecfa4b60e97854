import numpy as np
import pytest
from matplotlib.colors import LogNorm

from napari_npm.core.correlation import Length, two_point, two_point_by_direction
from napari_npm.core.errors import NpmError
from napari_npm.figures import (
    cuts_figure,
    directions_figure,
    same_porosity_figure,
    two_point_figure,
)

RNG = np.random.default_rng(0)
FOUND = {
    name: two_point(RNG.integers(0, high, (3, 20, 20)).astype(np.uint8), r_max=12, levels=16)
    for name, high in (("S1", 16), ("S2", 9), ("S3", 4))
}


def test_heat_maps_share_a_logarithmic_scale_in_micrometres_and_porosity():
    figure = two_point_figure(FOUND, 100.0)
    panels = [axes for axes in figure.axes if axes.images]
    assert [panel.get_title() for panel in panels] == [
        *("S1", "S2", "S3"),
        *("S2 − S1", "S3 − S1", "S3 − S2"),
    ]
    peak = max(found.probability[1:].max() for found in FOUND.values())
    for panel, found in zip(panels[:3], FOUND.values(), strict=True):
        image = panel.images[0]
        shown = image.get_array()
        np.testing.assert_array_equal(shown.filled(0.0), found.probability[1:].T)
        assert isinstance(image.norm, LogNorm)
        assert image.norm.vmax == peak
        # Rows are dn upwards, columns r from 1 px on: centres at whole pixels and levels.
        np.testing.assert_allclose(image.get_extent(), [0.05, 1.25, -1 / 30, 1 + 1 / 30])
        assert image.origin == "lower"


def test_differences_are_second_minus_first_about_zero():
    panels = [axes for axes in two_point_figure(FOUND, 100.0).axes if axes.images]
    change = FOUND["S2"].probability[1:].T - FOUND["S1"].probability[1:].T
    shown = np.asarray(panels[3].images[0].get_array())
    scale = shown.flat[np.abs(change).argmax()] / change.flat[np.abs(change).argmax()]
    np.testing.assert_allclose(shown, change * scale, atol=1e-12)
    assert scale > 0
    low, high = panels[3].images[0].get_clim()
    assert low == -high


def test_one_sample_has_no_differences():
    panels = [a for a in two_point_figure({"S1": FOUND["S1"]}, 52.0).axes if a.images]
    assert len(panels) == 1


def test_the_lowest_point_is_marked_open_where_it_is_not_determined():
    lengths = {
        "S1": Length(0.5, 5, 0.4, 0.8, True, ""),
        "S2": Length(0.7, 7, None, None, False, ""),
    }
    two = {name: FOUND[name] for name in ("S1", "S2")}
    panel = same_porosity_figure(two, 100.0, lengths).axes[0]
    first, mark, second, open_mark = panel.lines
    np.testing.assert_allclose(first.get_xdata(), np.arange(1, 13) * 0.1)
    ratio = first.get_ydata() / FOUND["S1"].probability[1:, 0]
    np.testing.assert_allclose(ratio, ratio[0])
    assert mark.get_xdata()[0] == 0.5
    assert mark.get_ydata()[0] == first.get_ydata()[4]
    assert mark.get_markerfacecolor() == mark.get_color()
    assert open_mark.get_ydata()[0] == second.get_ydata()[6]
    assert open_mark.get_markerfacecolor() == "white"
    np.testing.assert_allclose(panel.collections[0].get_segments()[0][:, 0], [0.4, 0.8])


def test_distances_without_pairs_leave_a_gap():
    found = two_point(np.arange(16).reshape(4, 4), r_max=9, levels=16)
    line = same_porosity_figure({"S1": found}, 100.0).axes[0].lines[0]
    np.testing.assert_array_equal(np.isnan(line.get_ydata()), found.pairs[1:] == 0)
    two_point_figure({"S1": found}, 100.0)


@pytest.mark.parametrize("draw", [two_point_figure, same_porosity_figure])
def test_what_does_not_go_together_is_refused(draw):
    other = two_point(np.zeros((5, 5)), r_max=3, levels=16)
    for found, size in (({}, 52.0), ({**FOUND, "S4": other}, 52.0), (FOUND, 0.0)):
        with pytest.raises(NpmError):
            draw(found, size)


def test_significant_cells_are_outlined_where_they_lie():
    marked = np.zeros((13, 16), dtype=bool)
    marked[3:6, 0:2] = True  # r = 3 .. 5 px, dn = 0 and 1
    figure = two_point_figure(FOUND, 100.0, significant={("S1", "S2"): marked})
    panels = [axes for axes in figure.axes if axes.images]
    (outline,) = panels[3].collections
    (path,) = outline.get_paths()
    x, y = path.vertices.T
    # Halfway between the centres of marked and unmarked cells.
    np.testing.assert_allclose([x.min(), x.max()], [0.25, 0.55])
    np.testing.assert_allclose([y.min(), y.max()], [-0.5 / 15, 1.5 / 15])
    assert not panels[4].collections
    none = np.zeros_like(marked)
    figure = two_point_figure(FOUND, 100.0, significant={("S1", "S2"): none})
    assert not [axes for axes in figure.axes if axes.images][3].collections


def test_cuts_show_the_rows_of_their_distances():
    panels = cuts_figure(FOUND, 100.0, [0.2, 1.2]).axes
    assert [panel.get_title() for panel in panels] == ["$r$ = 0.2 µm", "$r$ = 1.2 µm"]
    for panel, r in zip(panels, (2, 12), strict=True):
        for line, found in zip(panel.lines, FOUND.values(), strict=True):
            np.testing.assert_allclose(line.get_xdata(), np.arange(16) / 15)
            shown = np.ma.filled(np.ma.asarray(line.get_ydata()), 0.0)
            np.testing.assert_allclose(np.nan_to_num(shown), found.probability[r])
    assert len(cuts_figure(FOUND, 100.0).axes) == 3  # 1, 4 and 12 px
    for wrong in ([0.01], [1.3], []):
        with pytest.raises(NpmError, match="Choose distances"):
            cuts_figure(FOUND, 100.0, wrong)


def test_directions_have_a_curve_each():
    sectors = two_point_by_direction(RNG.integers(0, 16, (2, 20, 20)), None, 12, 16)
    (panel,) = directions_figure({"S1": sectors}, 100.0).axes
    assert [line.get_label() for line in panel.lines] == ["0°", "45°", "90°", "135°"]
    for line, found in zip(panel.lines, sectors, strict=True):
        held = found.pairs[1:] > 0
        np.testing.assert_allclose(line.get_ydata()[held], found.probability[1:, 0][held])
    with pytest.raises(NpmError, match="by direction"):
        directions_figure({}, 100.0)
