import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_npm.viewer.data_table import DataTable
from napari_npm.viewer.linked_plot import LinkedPlot
from napari_npm.viewer.plot_links import Cells, Points, Spot, Values
from napari_npm.viewer.table_model import Column, significant

LEFT = Qt.MouseButton.LeftButton
X, Y = np.array([0.0, 1.0, 2.0, np.nan]), np.array([5.0, 3.0, 4.0, 1.0])
IMAGES = ("a", "b", "c", "d")


@pytest.fixture
def plot(qtbot):
    """Return a function that shows a plot of a size and waits until it is drawn."""

    def show(draw, links=None, table=None):
        # All that a plot takes from a viewer is its theme: no window is needed.
        widget = LinkedPlot(ViewerModel(), "nothing yet", 240)
        qtbot.addWidget(widget)
        widget.resize(360, 300)
        widget.show()
        widget.show_plot(draw, links, table)
        qtbot.waitUntil(lambda: widget.figure is not None, timeout=30_000)
        qtbot.wait(100)
        qtbot.waitUntil(lambda: not widget._work.busy, timeout=30_000)
        return widget

    return show


@pytest.fixture
def points(plot):
    """A scatter of three points, and one that has no place."""
    return plot(
        lambda axes: axes.scatter(X, Y),
        Points(X, Y, IMAGES),
        lambda: pd.DataFrame({"x": X, "y": Y}),
    )


def test_a_click_on_a_point_chooses_its_image(points, qtbot):
    chosen = []
    points.chosen.connect(chosen.append)
    for number, image in enumerate(IMAGES[:3]):
        place = points.place_of(X[number], Y[number]).toPoint()
        QTest.mouseClick(points.picture, LEFT, pos=place + QPoint(3, -3))
        assert chosen[-1].images == (image,)
    QTest.mouseClick(points.picture, LEFT, pos=points.place_of(0.5, 4.9).toPoint())
    assert len(chosen) == 3


def test_a_drag_is_no_click(points):
    chosen = []
    points.chosen.connect(chosen.append)
    QTest.mousePress(points.picture, LEFT, pos=QPoint(100, 100))
    QTest.mouseRelease(points.picture, LEFT, pos=points.place_of(X[1], Y[1]).toPoint())
    assert chosen == []


def test_places_are_where_matplotlib_drew_them(points):
    """A point's pixels have its colour: the mapping is held against the picture itself."""
    picture = points.picture.pixmap().toImage()
    ratio = points.devicePixelRatioF()
    for x, y in zip(X[:3], Y[:3], strict=True):
        place = points.place_of(x, y) * ratio
        colour = picture.pixelColor(place.toPoint())
        assert (colour.red(), colour.green(), colour.blue()) == (31, 119, 180)
        data = points.frame().to_data(place.x() / ratio, place.y() / ratio)
        assert data == pytest.approx((x, y))


def test_keys_go_from_point_to_point_and_enter_chooses(points, qtbot):
    chosen, said = [], []
    points.chosen.connect(chosen.append)
    points.said.connect(said.append)
    points.mark("a")
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return):
        qtbot.keyClick(points.picture, key)
    assert [spot.images for spot in chosen] == [("c",)]
    assert said == ["b", "c", "c"]
    qtbot.keyClick(points.picture, Qt.Key.Key_Up)
    qtbot.keyClick(points.picture, Qt.Key.Key_Return)
    assert chosen[-1].images == ("a",)


def test_the_current_image_is_marked_without_drawing_anew(points, qtbot):
    before = points.figure
    bare = points.picture.grab().toImage()
    points.mark("b")
    marked = points.picture.grab().toImage()
    assert marked != bare
    points.mark("d")
    assert points.picture.grab().toImage() == bare
    assert points.figure is before
    assert [(mark.x, mark.y) for mark in points.links.marks("b")] == [(1.0, 3.0)]


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png"])
def test_the_figure_is_saved(points, tmp_path, qtbot, monkeypatch, suffix):
    path = tmp_path / f"figure.{suffix}"
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_new_file", lambda *_: path)
    with qtbot.waitSignal(points.said, timeout=30_000) as said:
        points.save_figure_action.trigger()
    assert str(path) in said.args[0]
    assert path.stat().st_size > 1000


def test_the_data_are_saved(points, tmp_path, qtbot, monkeypatch):
    path = tmp_path / "data"
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_new_file", lambda *_: path)
    with qtbot.waitSignal(points.said, timeout=30_000):
        points.save_data_action.trigger()
    assert np.array_equal(pd.read_csv(tmp_path / "data.csv")["y"], Y)


def test_a_file_that_cannot_be_written_is_told(points, tmp_path, qtbot, monkeypatch):
    path = tmp_path / "not" / "there.csv"
    (tmp_path / "not").write_text("a file", encoding="utf-8")
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_new_file", lambda *_: path)
    with qtbot.waitSignal(points.said, timeout=30_000) as said:
        points.save_data_action.trigger()
    assert "Written" not in said.args[0]


def test_cells_stand_for_two_images_and_the_first_row_is_above(plot):
    values = np.arange(9.0).reshape(3, 3)
    widget = plot(lambda axes: axes.imshow(values), Cells(IMAGES[:3], values))
    spot = widget.spot_at(widget.place_of(2, 0))
    assert (spot.place, spot.images) == ((0, 2), ("a", "c"))
    assert "2" in spot.text
    assert widget.spot_at(widget.place_of(1, 1)).images == ("b",)
    assert widget.place_of(0, 0).y() < widget.place_of(0, 2).y()
    assert widget.links.step(spot, "", 0, -1).place == (1, 2)
    assert widget.links.step(None, "b", 1, 0).place == (1, 1)
    assert len(widget.links.marks("b")) == 2


def test_a_heat_map_tells_its_values(plot):
    x, y = np.linspace(0.5, 2.5, 3), np.linspace(0, 1, 5)
    links = Values(x, y, lambda row, column: f"{row} {column}")
    widget = plot(lambda axes: axes.imshow(np.ones((5, 3)), extent=(0, 3, -0.1, 1.1)), links)
    assert widget.spot_at(widget.place_of(1.6, 0.7)).text == "3 1"
    assert links.marks("a") == []
    assert links.step(Spot((), "", (0, 0), (4, 2)), "", 1, 1).place == (4, 2)


ROWS = {
    "name": np.array(["b", "a", "a very long name of an image " * 3]),
    "size": np.array([2.0, np.nan, 1.0]),
    "count": np.array([20, 3, 100]),
}
COLUMNS = (Column("Name", "name"), Column("Size\nµm", "size", factor=10), Column("No.", "count"))


@pytest.fixture
def table(qtbot):
    """A table of three rows."""
    widget = DataTable(COLUMNS, even=False)
    qtbot.addWidget(widget)
    widget.show_table(ROWS, keys=["B", "A", "C"])
    widget.resize(300, 200)
    widget.show()
    return widget


def shown(table, column):
    model = table.rows
    return [model.data(model.index(row, column)) for row in range(model.rowCount())]


def test_a_click_on_a_head_sorts_and_what_is_missing_stays_below(table, qtbot, qtmodeltester):
    qtmodeltester.check(table.rows)
    head = table.horizontalHeader()
    place = QPoint(head.sectionViewportPosition(1) + 5, head.height() // 2)
    table.select("C")
    for wanted in (["10", "20", "–"], ["20", "10", "–"]):
        qtbot.mouseClick(head.viewport(), LEFT, pos=place)
        if shown(table, 1) != wanted:
            qtbot.mouseClick(head.viewport(), LEFT, pos=place)
        assert shown(table, 1) == wanted
        row = table.selectionModel().selectedRows()[0].row()
        assert table.rows.key_at(row) == "C"
        assert table.rows.row_of("C") == row
    assert table.rows.row_of("Z") == -1


def test_rows_are_chosen_by_mouse_and_keys_and_marked_without_telling(table, qtbot):
    chosen = []
    table.chosen.connect(chosen.append)
    table.select("A")
    assert chosen == []
    place = table.visualRect(table.rows.index(0, 0)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)
    assert set(chosen) == {"B"}
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert chosen[-1] == "A"
    chosen.clear()
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert len(table.selectionModel().selectedRows()) == 2


def test_marked_rows_are_copied_for_a_spreadsheet(table, qtbot):
    table.select("B")
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "Name\tSize µm\tNo.\nb\t20.0\t20"
    table.clearSelection()
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QApplication.clipboard().text().split("\n")
    assert len(lines) == 4
    assert lines[2] == "a\t\t3"


def test_a_table_is_saved_as_it_is_sorted(table, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_new_file", lambda *_: path)
    table.rows.sort(2, Qt.SortOrder.DescendingOrder)
    with qtbot.waitSignal(table.said, timeout=30_000):
        table.save()
    assert pd.read_csv(path)["count"].tolist() == [100, 20, 3]


def test_long_names_are_cut_and_whole_in_their_tooltips(table):
    long = ROWS["name"][2]
    index = table.rows.index(2, 0)
    assert table.columnWidth(0) <= 150
    assert table.rows.data(index, Qt.ItemDataRole.ToolTipRole) == long
    assert table.rows.data(table.rows.index(0, 2), Qt.ItemDataRole.ToolTipRole) is None


def test_numbers_are_written_with_three_digits():
    written = [significant(v) for v in (np.nan, None, True, 7, 0.12345, 548574.2, "", "x", 2.5e8)]
    assert written == ["–", "–", "yes", "7", "0.123", "548574", "–", "x", "2.5e+08"]
