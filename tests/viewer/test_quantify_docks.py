"""Statistics and Shared patterns: points, rows, cells and groups lead to images and back."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_npm.core.errors import NpmError
from napari_npm.viewer.layers import Kind, Subject, find
from napari_npm.viewer.patterns_work import bound_text
from napari_npm.viewer.statistics_work import Statistics, columns_of, words_of

LEFT = Qt.MouseButton.LeftButton


def click(button, qtbot):
    qtbot.mouseClick(button, LEFT)


def described(tiles):
    """Return the table of a described study: figures that tell the tiles apart."""
    count = len(tiles)
    return pd.DataFrame(
        {
            "tile": range(count),
            "image": [tile.image for tile in tiles],
            "sample": [tile.sample for tile in tiles],
            "specimen": [tile.specimen for tile in tiles],
            "row": [tile.row for tile in tiles],
            "col": [tile.col for tile in tiles],
            "porosity": np.linspace(0.1, 0.2, count),
            "pore_area_nm2": np.linspace(4e5, 2e5, count),
            "pore_diameter_nm": np.linspace(700, 500, count),
            "pores": np.arange(count) + 10,
            "fraction_0_0.5": np.linspace(0.6, 0.9, count),
            "fraction_0.5_1": np.linspace(0.4, 0.1, count),
        }
    )


def comparisons(levels=("tile", "specimen")):
    """Return a table of Tukey and Kramer: by specimen nothing differs, by tile all does."""
    rows = [
        {
            "descriptor": name,
            "level": level,
            "first": "A",
            "second": "B",
            "first_mean": 0.1,
            "second_mean": 0.2,
            "difference": 0.1,
            "critical_range": 0.05 if level == "tile" else 0.3,
            "different": level == "tile",
            "p_value": 0.01,
            "confidence": 0.9,
        }
        for name in ("porosity", "pore_area_nm2")
        for level in levels
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def statistics(opened, dock, qtbot):
    """The Statistics dock over a described study of two samples with two images each."""
    study = opened.session.study
    study.results_folder.mkdir(exist_ok=True)
    described(study.tiles).to_csv(study.results_folder / "describe.csv", index=False)
    comparisons().to_csv(study.results_folder / "tukey_kramer.csv", index=False)
    nearest = {"descriptor": ["porosity", "both"], "accuracy": [0.5, 0.75], "tiles": [4, 4]}
    pd.DataFrame(nearest).to_csv(study.results_folder / "nearest_mean.csv", index=False)
    widget = dock("Statistics")
    qtbot.waitUntil(lambda: widget.plot.links is not None, timeout=30_000)
    return widget


def test_the_test_by_specimen_comes_first(statistics, qtbot):
    assert "no difference shown between A–B (90 %)" in statistics.result.text()
    assert "50 % by porosity, 75 % by both" in statistics.result.text()
    assert statistics.level_box.currentData() == "specimen"
    heads = [column.name for column in statistics.tests.rows.columns]
    assert heads[:3] == ["first", "second", "different"]
    row = [statistics.tests.rows.data(statistics.tests.rows.index(0, n)) for n in range(7)]
    assert row == ["A", "B", "no", "0.1", "0.2", "0.1", "0.3"]
    statistics.level_box.setCurrentIndex(1)
    assert statistics.tests.rows.data(statistics.tests.rows.index(0, 2)) == "yes"
    assert statistics.tests.rows.rowCount() == 1
    statistics.test_box.setCurrentIndex(1)
    assert statistics.tests.rows.rowCount() == 2
    assert not statistics.level_box.isEnabled()


def test_a_point_shows_its_image_and_marks_its_row(statistics, qtbot):
    session, plot = statistics.session, statistics.plot
    links = plot.links
    number = links.images.index("B1") if "B1" in links.images else 3
    wanted = links.images[number]
    assert session.image_id != wanted
    place = plot.place_of(links.x[number], links.y[number]).toPoint()
    QTest.mouseClick(plot.picture, LEFT, pos=place)
    qtbot.waitUntil(lambda: session.image_id == wanted, timeout=30_000)
    qtbot.waitUntil(lambda: len(plot.marks()) == 1, timeout=30_000)
    row = statistics.table.selectionModel().selectedRows()[0].row()
    assert statistics.table.rows.key_at(row) == number


def test_a_row_shows_its_image_and_the_image_marks_every_plot(statistics, qtbot):
    session, table = statistics.session, statistics.table
    wanted = statistics.found.tiles["image"][2]
    place = table.visualRect(table.rows.index(table.rows.row_of(2), 0)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)
    qtbot.waitUntil(lambda: session.image_id == wanted, timeout=30_000)
    for number in range(statistics.plot_box.count()):
        before = statistics.plot.links
        statistics.plot_box.setCurrentIndex(number)
        if number:
            qtbot.waitUntil(lambda old=before: statistics.plot.links is not old, timeout=30_000)
        assert wanted in statistics.plot.links.images
        assert statistics.plot.marks()


def test_what_is_missing_is_said():
    assert "two specimens or more" in words_of(Statistics(described([]), {}))
    tests = {"tukey_kramer": comparisons(("tile",))}
    found = Statistics(described([]), tests)
    assert "no test by specimen" in words_of(found)
    assert found.test("tukey_kramer", "porosity", "specimen")["level"].tolist() == ["tile"]
    unknown = pd.DataFrame({"descriptor": ["porosity"], "equal_variance_p": [0.5]})
    assert [column.head for column in columns_of(unknown)] == ["equal\nvariance p"]


def test_without_results_the_dock_says_what_to_do(dock, qtbot):
    widget = dock("Statistics")
    assert "Describe all images" in widget.result.text()
    assert not widget.all_button.isEnabled()
    patterns = dock("Shared patterns")
    assert "Compare maps" in patterns.matrix._hint.text()
    assert not patterns.groups.pattern_button.isEnabled()


# shared patterns


@pytest.fixture
def patterns(opened, dock, qtbot, monkeypatch):
    """The Shared patterns dock with the four maps of a small study, two groups of two."""
    study = opened.session.study
    tiles, rng = study.tiles, np.random.default_rng(3)
    for kind in ("mulf", "relevance/mulf"):
        study.stack(kind).prepare(tiles, "float32", 50.0)
        maps = rng.random((len(tiles), 384, 384), np.float32)
        study.stack(kind).write(tiles, maps)
    matrix = np.array([[0, 3, 1, 3], [3, 0, 3, 1], [1, 3, 0, 2], [3, 1, 2, 0]], float)
    order = np.array([0, 2, 3, 1])
    shared = np.full((384, 384), 2e-6, np.float32)
    groups = tuple(
        SimpleNamespace(
            start=start, stop=start + 2, members=order[start : start + 2], mean_difference=1.0,
            stability=0.8, stability_subsets=None, stability_other=None, fraction=0.25,
            pattern=shared, contour=shared > 1,
        )
        for start in (0, 2)
    )  # fmt: skip
    found = SimpleNamespace(
        model="mulf", sample="A", tiles=tiles, matrix=matrix, permutation=order, cost=10.1,
        lower_bound=10.0, groups=groups, grouping="order", path=order,
    )  # fmt: skip
    monkeypatch.setattr("napari_npm.study.comparing.compared", lambda _: [("mulf", "A")])
    monkeypatch.setattr("napari_npm.study.comparing.comparison_of", lambda *_: found)
    widget = dock("Shared patterns")
    qtbot.waitUntil(lambda: widget.matrix.links is not None, timeout=30_000)
    qtbot.waitUntil(lambda: widget.groups.thumbnails.count() == 2, timeout=30_000)
    return widget


def at(widget, row, column):
    return widget.matrix.place_of(column, row).toPoint()


def drag(widget, start, end):
    picture = widget.matrix.picture
    QTest.mousePress(picture, LEFT, pos=start)
    for share in (0.5, 1.0):
        QTest.mouseMove(picture, start + (end - start) * share)
    QTest.mouseRelease(picture, LEFT, pos=end)


def test_the_dock_tells_how_good_the_order_is(patterns):
    assert "4 maps; their order is within 1 % of a proven bound." in patterns.result.text()
    best = SimpleNamespace(permutation=np.arange(3), cost=2.0, lower_bound=2.0)
    assert "best order there is" in bound_text(best)
    best.lower_bound = 0.0
    assert bound_text(best) == "3 maps."


def test_a_cell_opens_its_two_maps(patterns, viewer, qtbot):
    names = patterns.matrix.links.images
    QTest.mouseClick(patterns.matrix.picture, LEFT, pos=at(patterns, 0, 3))
    qtbot.waitUntil(lambda: patterns.status.text().startswith("Left"), timeout=30_000)
    assert patterns.session.image_id == names[0]
    subject = Subject(names[0], None, names[0])
    beside = find(viewer, Kind.COMPARED, subject)
    assert beside.name == f"Compared with · {names[3]}"
    assert beside.translate[-1] == pytest.approx(1.04 * 384 * beside.scale[-1])
    assert find(viewer, Kind.RELEVANCE, subject).visible
    assert viewer.layers.selection.active.name == f"Relevance · {names[0]}"
    assert len(patterns.matrix.marks()) == 2
    QTest.mouseClick(patterns.matrix.picture, LEFT, pos=at(patterns, 1, 3))
    qtbot.waitUntil(lambda: names[1] in patterns.status.text(), timeout=30_000)
    assert [layer.name[:8] for layer in viewer.layers].count("Compared") == 1
    patterns.session.show(names[2])
    qtbot.waitUntil(lambda: patterns.session.image_id == names[2], timeout=30_000)
    assert find(viewer, Kind.COMPARED, subject) is None


def test_a_rectangle_is_resized_and_moved_by_the_mouse(patterns, qtbot):
    groups = patterns.groups
    asked = []
    patterns.matrix.group_set.connect(lambda *what: asked.append(what))
    drag(patterns, at(patterns, 0.5, 1.5), at(patterns, 0.5, 2.5))
    assert asked == [(0, 0, 3)]
    qtbot.waitUntil(lambda: groups.blocks[0].pattern is not None, timeout=30_000)
    assert groups.blocks[0].mean == pytest.approx(2.0)
    assert np.isnan(groups.blocks[0].stability)
    qtbot.waitUntil(lambda: groups.thumbnails.count() == 3, timeout=30_000)
    drag(patterns, at(patterns, 1, 1), at(patterns, 3, 3))
    assert asked[-1] == (0, 1, 4)
    drag(patterns, at(patterns, 2.5, 0.5), at(patterns, 6, 3.9))
    assert asked[-1] == (0, 2, 4)
    groups.to_box.setValue(2)
    assert (groups.blocks[0].start, groups.blocks[0].stop) == (1, 3)


def test_the_saved_matrix_has_its_groups(patterns):
    patterns.set_group(1, 1, 4)
    axes = Figure().add_subplot()
    patterns.matrix.to_save()(axes)
    boxes = [patch.get_bbox().extents.tolist() for patch in axes.patches]
    assert boxes == [[-0.5, -0.5, 1.5, 1.5], [0.5, 0.5, 3.5, 3.5]]
    assert [text.get_text() for text in axes.texts] == ["1", "2"]


def test_a_group_typed_beyond_the_last_map_ends_there(patterns):
    box = patterns.groups
    box.from_box.setValue(3)
    assert (box.blocks[0].start, box.blocks[0].stop) == (2, 4)
    box.to_box.setValue(0)
    assert (box.blocks[0].start, box.blocks[0].stop) == (0, 2)


def test_groups_set_one_right_after_another_are_all_worked_out(patterns, qtbot):
    box = patterns.groups
    for number, start in ((0, 1), (1, 0), (0, 2), (1, 1)):
        patterns.set_group(number, start, start + 2)
    qtbot.waitUntil(lambda: all(block.pattern is not None for block in box.blocks), timeout=30_000)
    assert [block.start for block in box.blocks] == [2, 1]
    assert [block.mean for block in box.blocks] == [1.0, 2.0]


def test_other_numbers_of_groups_are_found_at_once(patterns, qtbot):
    patterns.form.fields["number"].set_value(1)
    qtbot.waitUntil(lambda: len(patterns.groups.blocks) == 1, timeout=30_000)
    block = patterns.groups.blocks[0]
    assert 0 <= block.fraction <= 1
    assert patterns.matrix.groups == [(block.start, block.stop)]
    patterns.form.fields["size"].set_value(9)
    qtbot.waitUntil(lambda: "2 to 4" in patterns.status.text(), timeout=30_000)


def test_the_maps_of_a_group_and_what_they_share(patterns, viewer, qtbot):
    groups = patterns.groups
    place = groups.table.visualRect(groups.table.rows.index(1, 0)).center()
    qtbot.mouseClick(groups.table.viewport(), LEFT, pos=place)
    wanted = [patterns.tile_at(row).image for row in (2, 3)]
    labels = lambda: [groups.thumbnails.item(n).text() for n in range(groups.thumbnails.count())]  # noqa: E731
    qtbot.waitUntil(lambda: labels() == wanted, timeout=30_000)
    groups._go(groups.thumbnails.item(1))
    qtbot.waitUntil(lambda: patterns.session.image_id == wanted[1], timeout=30_000)
    active = viewer.layers.selection.active.name
    click(groups.pattern_button, qtbot)
    subject = Subject("", None, "")
    layer = find(viewer, Kind.PATTERN, subject)
    assert layer.name == "Shared pattern 2 · A"
    assert layer.translate[-1] > 384 * layer.scale[-1]
    contour = lambda: find(viewer, Kind.PATTERN_CONTOUR, subject)  # noqa: E731
    qtbot.waitUntil(lambda: contour() is not None, timeout=30_000)
    assert viewer.layers.selection.active.name == active
    count = len(viewer.layers)
    groups.choose(0)
    assert layer.name == "Shared pattern 1 · A"
    qtbot.waitUntil(lambda: contour().name.endswith(" 1 · A"), timeout=30_000)
    assert len(viewer.layers) == count
    click(groups.hide_button, qtbot)
    qtbot.waitUntil(lambda: len(viewer.layers) == count - 2, timeout=30_000)
    assert find(viewer, Kind.PATTERN, subject) is None


def test_a_damaged_comparison_is_told(patterns, qtbot, monkeypatch):
    def damaged(*_):
        raise NpmError("The file is damaged.")

    monkeypatch.setattr("napari_npm.study.comparing.comparison_of", damaged)
    patterns._read()
    qtbot.waitUntil(lambda: "damaged" in patterns.status.text(), timeout=30_000)


def test_spectral_clusters_of_any_size_are_shown_side_by_side(patterns, qtbot, monkeypatch):
    along, asked = patterns.comparison, []

    def regrouped(study, comparison, *wanted):
        asked.append(wanted)
        order = np.array([1, 0, 2, 3])
        groups = tuple(
            SimpleNamespace(**{
                **vars(along.groups[0]), "start": start, "stop": stop, "stability": None,
                "members": order[start:stop],
            })
            for start, stop in ((0, 3), (3, 4))
        )  # fmt: skip
        return SimpleNamespace(**{
            **vars(along), "permutation": order, "groups": groups, "grouping": "spectral",
        })  # fmt: skip

    monkeypatch.setattr("napari_npm.study.comparing_anew.regrouped", regrouped)
    patterns.form.fields["grouping"].set_value("spectral")
    qtbot.waitUntil(lambda: "cluster by cluster" in patterns.result.text(), timeout=30_000)
    assert asked == [("spectral", None, None)]
    assert patterns.matrix.groups == [(0, 3), (3, 4)]
    tiles = [patterns.tile_at(row) for row in range(4)]
    assert tiles == [along.tiles[k] for k in (1, 0, 2, 3)]
    qtbot.waitUntil(lambda: patterns.groups.thumbnails.count() == 3, timeout=30_000)
    patterns.groups.choose(1)
    qtbot.waitUntil(lambda: patterns.groups.thumbnails.count() == 1, timeout=30_000)
    patterns.form.fields["number"].set_value(3)
    qtbot.waitUntil(lambda: asked[-1] == ("spectral", 3, None), timeout=30_000)
    patterns.form.fields["grouping"].set_value("order")
    qtbot.waitUntil(lambda: asked[-1] == ("order", 3, None), timeout=30_000)
