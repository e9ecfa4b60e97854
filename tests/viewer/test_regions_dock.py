import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from scipy import ndimage

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import silent
from napari_npm.viewer.layers import Kind, Subject, camera, find, put
from napari_npm.viewer.region_table import RegionTable
from napari_npm.viewer.regions_work import features_table, regions_of

SUBJECT = Subject("free", 50.0)
RAW = {"share": 0.7, "gradient": 1.5e-5}


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def relevance():
    """Three discs on nothing, of one height: 70 % of the relevance is in the two large ones."""
    rows, columns = np.indices((384, 384))
    found = np.full((384, 384), 1e-9, np.float32)
    for row, column, radius, height in ((80, 100, 20, 3), (250, 300, 12, 2), (330, 40, 4, 1)):
        found[np.hypot(rows - row, columns - column) < radius] = height
    return found / found.sum()


@pytest.fixture
def explained(viewer, mulf, relevance):
    """The free image with relevance."""
    colours = np.zeros((384, 384, 3), np.uint8)
    put(viewer, Kind.RELEVANCE, SUBJECT, colours, values=relevance, source=Kind.MULF)
    return relevance


def test_regions_hold_their_share(rng):
    relevance = rng.random((384, 384)) ** 8
    found = regions_of(silent, relevance, rng.random((384, 384)), ((0, 0),), RAW, 50.0)
    assert relevance[found.regions > 0].sum() / relevance.sum() == pytest.approx(0.7, abs=1e-3)
    assert found.area == pytest.approx((found.regions > 0).mean())
    assert found.boundary.mean() == pytest.approx(found.boundary_area)
    assert 0 <= found.boundary_high <= 1
    assert found.table["relevance_share"].sum() == pytest.approx(found.reached)


def test_regions_are_measured_in_place_and_in_units(relevance, rng):
    wide = np.concatenate([relevance, relevance[:, ::-1]], axis=1)
    wide = np.concatenate([wide, wide])
    origins = ((0, 0), (0, 384), (384, 0), (384, 384))
    found = regions_of(silent, wide, None, origins, {**RAW, "share": 0.99999}, 50.0)
    assert len(found) == 12
    assert found.tiles == 4
    table = features_table(found)
    for _, row in table.iterrows():
        inside = found.regions == row["label"]
        assert inside.sum() == row["area_px"]
        assert row["area_um2"] == pytest.approx(inside.sum() * 0.05**2)
        assert row["diameter_um"] == pytest.approx(2 * np.sqrt(row["area_um2"] / np.pi))
        middle = ndimage.center_of_mass(inside)
        assert (row["image_row"], row["image_col"]) == pytest.approx(middle)
        box = found.boxes[int(row["label"]) - 1]
        assert inside[box].sum() == inside.sum()
    in_px = regions_of(silent, wide, None, origins, RAW, None)
    assert "area_um2" not in in_px.table
    assert (in_px.table["part"] == "").all()


def test_tiles_that_overlap_count_a_hidden_region_once(relevance):
    tall = np.concatenate([relevance, relevance[:116]])
    origins = ((0, 0), (116, 0))
    found = regions_of(silent, tall, None, origins, {**RAW, "share": 0.99}, 50.0)
    labels = np.unique(found.regions)
    assert labels.tolist() == list(range(len(found) + 1))


def test_regions_too_small_for_the_table_stay_in_the_layer(relevance):
    given = {**RAW, "share": 0.99999, "table_min_px": 100}
    found = regions_of(silent, relevance, None, (), given, 50.0)
    assert len(found) == 2
    assert found.regions[330, 40] == 3
    assert found.reached > 0.99
    cleaned = regions_of(silent, relevance, None, (), {**given, "min_area_px": 100}, 50.0)
    assert cleaned.regions[330, 40] == 0
    assert cleaned.reached < found.reached


def test_a_whole_image_has_the_boundaries_of_its_tiles(rng):
    tile = ndimage.gaussian_filter(rng.random((384, 384)), 4) ** 8
    wide = np.concatenate([tile, tile], axis=1)
    limit = {**RAW, "gradient": 2e-7}
    one = regions_of(silent, tile, None, (), limit, 50.0).boundary
    both = regions_of(silent, wide, None, (), limit, 50.0).boundary
    assert 0.01 < one.mean() < 0.99
    assert np.array_equal(both[:, :380], one[:, :380])


def test_bad_relevance_is_refused_in_words(relevance):
    with pytest.raises(NpmError, match="zero everywhere"):
        regions_of(silent, np.zeros((384, 384)), None, (), RAW, None)
    relevance[3, 3] = np.nan
    with pytest.raises(NpmError, match="NaN"):
        regions_of(silent, relevance, None, (), RAW, None)


def test_the_table_sorts_and_keeps_the_marked_row_with_its_region(qtbot, relevance, qtmodeltester):
    found = regions_of(silent, relevance, None, (), {**RAW, "share": 0.99999}, 50.0)
    table = RegionTable()
    qtbot.addWidget(table)
    table.show_regions(found)
    model = table.rows
    qtmodeltester.check(model)
    areas = [float(model.data(model.index(row, 1))) for row in range(3)]
    model.sort(1, Qt.SortOrder.AscendingOrder)
    rising = [float(model.data(model.index(row, 1))) for row in range(3)]
    assert rising == sorted(areas)
    for row in range(3):
        assert model.row_of(model.key_at(row)) == row
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert [float(model.data(model.index(row, 1))) for row in range(3)] == rising[::-1]


def test_rows_and_regions_lead_to_each_other(dock, viewer, explained, qtbot, settled, click_pixel):
    widget = dock("Characteristic regions")
    widget.form.fields["share"].set_value(0.99999)
    click(widget.find_button, qtbot)
    settled(widget)
    qtbot.waitUntil(lambda: not widget._live.busy, timeout=30_000)
    assert widget.table.rows.rowCount() == 3
    layer = find(viewer, Kind.REGIONS, SUBJECT)
    assert list(layer.features["index"]) == [0, 1, 2, 3, 4]
    assert layer.units == find(viewer, Kind.MULF, SUBJECT).units
    viewer.reset_view()
    qtbot.wait(300)
    click_pixel(layer, 250, 300)
    region = layer.data[250, 300]
    row = widget.table.currentIndex().row()
    assert widget.table.rows.key_at(row) == region > 0
    outline = find(viewer, Kind.REGION, SUBJECT)
    assert outline.visible
    assert viewer.layers.selection.active is not outline

    small = widget.table.rows.row_of(layer.data[330, 40])
    place = widget.table.visualRect(widget.table.rows.index(small, 0)).center()
    before = camera(viewer).zoom
    qtbot.mouseClick(widget.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert camera(viewer).center[-2:] == pytest.approx((330 * 0.05, 40 * 0.05), abs=0.06)
    assert camera(viewer).zoom > before
    count = len(viewer.layers)
    click_pixel(layer, 345, 40)
    assert not outline.visible
    assert not widget.table.selectionModel().selectedRows()
    assert len(viewer.layers) == count


def test_the_image_follows_the_slider(dock, viewer, explained, qtbot, settled):
    widget = dock("Characteristic regions")
    click(widget.find_button, qtbot)
    settled(widget)
    layer = find(viewer, Kind.REGIONS, SUBJECT)
    for value in (90, 50, 30):
        widget.slider.setValue(value)
    assert widget.form.fields["share"].value() == pytest.approx(0.3)
    assert widget.share_label.text() == "30 %"
    qtbot.waitUntil(lambda: "hold 30.0 %" in widget.result.text(), timeout=30_000)
    assert find(viewer, Kind.REGIONS, SUBJECT) is layer
    assert explained[layer.data > 0].sum() == pytest.approx(0.3, abs=0.01)
    widget.form.fields["share"].set_value(0.855)
    assert widget.slider.value() in (85, 86)
    assert widget.form.fields["share"].value() == pytest.approx(0.855)


def test_the_table_is_saved_with_units(
    dock, viewer, explained, qtbot, settled, tmp_path, monkeypatch
):
    widget = dock("Characteristic regions")
    assert not widget.save_button.isEnabled()
    click(widget.find_button, qtbot)
    settled(widget)
    path = tmp_path / "regions.csv"
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_new_file", lambda *_: path)
    click(widget.save_button, qtbot)
    qtbot.waitUntil(lambda: str(path) in widget.status.text(), timeout=30_000)
    table = pd.read_csv(path)
    assert set(table["part"]) <= {"HP", "LP"}
    assert {"label", "area_um2", "diameter_um", "relevance_share"} <= set(table.columns)
    assert len(table) == widget.table.rows.rowCount()


def test_a_layer_that_is_deleted_takes_the_table_with_it(dock, viewer, explained, qtbot, settled):
    widget = dock("Characteristic regions")
    click(widget.find_button, qtbot)
    settled(widget)
    viewer.layers.remove(find(viewer, Kind.REGIONS, SUBJECT))
    assert widget.found is None
    assert widget.table.rows.rowCount() == 0
    widget.go_to(1)
    click(widget.find_button, qtbot)
    settled(widget)
    assert widget.table.rows.rowCount() > 0
    click(widget.find_button, qtbot)
    viewer.layers.clear()
    settled(widget)
    assert len(viewer.layers) == 0
