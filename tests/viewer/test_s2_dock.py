from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_npm.core.correlation import two_point
from napari_npm.core.errors import NpmError
from napari_npm.core.progress import silent
from napari_npm.viewer.layers import Kind, Subject, put
from napari_npm.viewer.s2_plots import draw_change, links_of
from napari_npm.viewer.s2_work import (
    Compared,
    Samples,
    compare_samples,
    correlate_image,
    lengths_text,
    ready,
)
from napari_npm.viewer.s2_work import test_text as said_of_test

SUBJECT = Subject("free", 50.0)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def s2(dock, viewer, mulf, qtbot):
    """The dock with distances up to 12 px, which are counted at once."""
    widget = dock("S2")
    widget.form.fields["r_max_px"].set_value(12)
    return widget


def drawn(widget, qtbot, name):
    qtbot.waitUntil(lambda: widget.found is not None and widget.found.name == name, timeout=20_000)
    found = widget.found
    qtbot.waitUntil(lambda: widget.plot.links is not None, timeout=20_000)
    return found


def test_live_follows_the_image_and_the_settings(s2, viewer, mulf, rng, qtbot):
    s2.live_box.click()
    first = drawn(s2, qtbot, "free")
    assert first.probability.shape == (13, 256)
    expected = two_point(mulf[None], None, r_max=12).probability
    assert np.allclose(first.probability, expected)
    layer = put(viewer, Kind.MULF, SUBJECT, np.where(mulf > 0.5, np.float32(1), np.float32(0)))
    viewer.layers.selection.active = layer
    qtbot.waitUntil(lambda: s2.found is not first, timeout=20_000)
    assert set(np.flatnonzero(s2.found.probability[1])) == {0, 255}
    other = np.full((384, 384), 0.5, np.float32)
    viewer.add_image(other, name="flat", scale=(0.05, 0.05), units=("µm", "µm"))
    flat = drawn(s2, qtbot, "flat")
    assert flat.probability[1:, 0].tolist() == [1.0] * 12
    s2.form.fields["r_max_px"].set_value(9)
    qtbot.waitUntil(lambda: s2.found.probability.shape == (10, 256), timeout=20_000)
    s2.live_box.click()
    viewer.layers.selection.active = viewer.layers["free"]
    qtbot.wait(100)
    assert s2.found is None
    assert s2.plot.links is None
    assert s2.result.text() == ""


def test_live_inside_regions_says_what_is_missing(s2, viewer, mulf, qtbot):
    s2.where_box.setCurrentIndex(1)
    s2.live_box.click()
    assert "no regions yet" in s2.result.text()
    regions = np.zeros((384, 384), np.uint8)
    regions[50:90, 60:100] = 1
    put(viewer, Kind.REGIONS, SUBJECT, regions)
    s2.where_box.setCurrentIndex(0)
    s2.where_box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: s2.found is not None and s2.found.probability[1].any(), timeout=20_000)
    qtbot.waitUntil(lambda: not s2._live.busy, timeout=20_000)
    part = two_point(mulf[None, 50:90, 60:100], None, r_max=12).probability
    assert np.allclose(s2.found.probability, part)


def test_a_click_on_the_heat_map_tells_the_value(s2, viewer, qtbot):
    s2.live_box.click()
    found = drawn(s2, qtbot, "free")
    row, column = 3, 7
    place = s2.plot.place_of(found.distance[column + 1], found.difference[row])
    # Rows are thinner than a pixel of the screen.
    QTest.mouseClick(s2.plot.picture, LEFT, pos=place.toPoint())
    assert "r = 0.4 µm" in s2.status.text()
    assert "P(Δn | r) = " in s2.status.text()
    said = links_of(found).spot(row, column).text
    assert f"{found.probability[column + 1, row]:.3g}" in said


def test_the_lengths_are_those_of_the_mosaic_with_their_interval(rng):
    wide = rng.random((384, 4 * 384)).astype(np.float32)
    origins = tuple((0, 384 * n) for n in range(4))
    found = correlate_image(silent, "wide", wide, None, origins, 12, 50.0)
    assert found.tiles == 4
    low, high = found.lengths["characteristic"].low_um, found.lengths["characteristic"].high_um
    assert f"({low:.3g}–{high:.3g}) µm" in lengths_text(found)
    with pytest.raises(NpmError, match="regions are empty"):
        correlate_image(silent, "wide", wide, wide > 2, origins, 12, 50.0)


@pytest.fixture
def compared(rng):
    """Two samples: noise, and the same noise with half of its contrast."""
    maps = rng.random((3, 64, 64))
    return Compared(
        *(
            ready(name, two_point(factor * maps, None, r_max=12), 50.0)
            for name, factor in (("A", 1.0), ("B", 0.5))
        )
    )


def test_samples_are_compared_second_less_first(s2, compared, qtbot, monkeypatch):
    lengths = pd.DataFrame(
        {
            "source": ["whole", "whole"],
            "sample": ["A", "B"],
            "correlation_length_um": [1.0, 2.0],
            "characteristic_length_um": [3.0, 4.0],
            "correlation_low_um": [np.nan, 1.5],
            "correlation_high_um": [np.nan, 2.5],
            "correlation_determined": [True, True],
            "characteristic_low_um": [2.5, np.nan],
            "characteristic_high_um": [3.5, np.nan],
            "characteristic_determined": [False, True],
            "correlation_limit": ["x", "x"],
            "characteristic_limit": ["flat", "y"],
        }
    )
    monkeypatch.setattr("napari_npm.viewer.s2_dock.compare_samples", lambda *_: compared)
    s2.session.study = object()
    s2._samples_read(Samples({"whole": ("A", "B")}, lengths))
    s2.session.study = None
    qtbot.waitUntil(lambda: s2.change_plot.links is not None, timeout=20_000)
    assert (s2.second_box.currentText(), s2.first_box.currentText()) == ("B", "A")
    model = s2.table.rows
    assert [model.data(model.index(row, 5)) for row in range(2)] == ["2.5–3.5 ?", "–"]
    assert [model.data(model.index(row, 3)) for row in range(2)] == ["–", "1.5–2.5"]
    assert "not tested" in s2.change_text.text()
    marks = np.zeros(compared.change.shape, bool)
    marks[5:8, 20:40] = True
    test = {"unit": "specimen", "p_overall": 0.02, "p_overall_tiles": 0.001}
    words = said_of_test(replace(compared, test=test, significant=marks))
    assert "p = 0.02, by permutation of specimens (of tiles 0.001" in words
    assert "Inside the lines" in words
    assert compared.table()["dn_0"].iloc[1] == pytest.approx(
        compared.second.probability[1, 0] - compared.first.probability[1, 0]
    )
    # Of half the contrast more pairs are alike, so that the difference is above 0 there.
    assert compared.change[1, 0] > 0
    assert "difference " in links_of(compared).spot(0, 0).text
    s2.first_box.setCurrentIndex(1)
    assert s2.change_plot.links is None


def test_both_curves_and_their_lengths_are_drawn(compared):
    from matplotlib.figure import Figure

    figure = Figure()
    draw_change(figure.add_subplot(), compared)
    marks = np.zeros(compared.change.shape, bool)
    marks[5:8, 20:40] = True
    marked = Figure()
    draw_change(marked.add_subplot(), replace(compared, significant=marks))
    assert len(marked.axes[0].collections) == 1 + len(figure.axes[0].collections)
    heat, cut = figure.axes[:2]
    assert heat.images[0].get_clim()[0] == -heat.images[0].get_clim()[1]
    assert [text.get_text() for text in cut.get_legend().get_texts()] == ["A", "B"]


def test_samples_that_were_not_counted_are_refused(opened):
    with pytest.raises(NpmError, match="not counted yet"):
        compare_samples(silent, opened.session.study, "whole", ("A", "B"))
