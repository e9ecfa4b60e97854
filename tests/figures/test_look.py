"""The look that figures are drawn in, and the numbers behind them."""

import threading

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from napari_npm.figures import (
    compose,
    detectors_figure,
    explained,
    figure_data,
    look_of,
    montage,
    pattern_rows,
    porosity_figure,
    save_figure,
)

RNG = np.random.default_rng(4)
NPM = RNG.random((48, 48)).astype(np.float32)
RELEVANCE = RNG.random((48, 48)).astype(np.float32)
CURVE = {"count": ((0, 0.5, 1), (0, 0.7, 1), (0, 0.01, 0.02))}


def test_font_and_size_hold_for_every_figure_and_for_ticks_made_when_it_is_written(tmp_path):
    with look_of(font="DejaVu Serif", font_size=14):
        figure = detectors_figure(CURVE)
    text = save_figure(figure, tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "DejaVu Serif" in text
    assert "DejaVu Sans" not in text
    # ticks: 6.5 of 7 in the shared style
    assert "13px" in text
    again = save_figure(figure, tmp_path / "b.svg", width_mm=120).read_text(encoding="utf-8")
    assert "DejaVu Sans" not in again
    plain = save_figure(detectors_figure(CURVE), tmp_path / "c.svg").read_text(encoding="utf-8")
    assert "DejaVu Serif" not in plain
    assert "13px" not in plain


def test_on_black_nothing_is_drawn_in_black_and_on_a_transparent_ground_there_is_none(tmp_path):
    for background in ("black", "transparent"):
        with look_of(background=background):
            figure = detectors_figure(CURVE, chosen="count")
            figure.axes[0].axhline(0.5)
        path = save_figure(figure, tmp_path / f"{background}.png", dpi=100)
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGBA"))
        if background == "black":
            assert (pixels[..., 3] == 255).all()
            assert (pixels[0, 0, :3] == 0).all()
            assert (pixels[..., :3].min(2) > 200).mean() > 0.005
        else:
            assert (pixels[..., 3] == 0).mean() > 0.5


def test_threads_that_draw_at_once_leave_the_settings_of_matplotlib_as_they_were():
    before = dict(mpl.rcParams)
    failed = []

    def draw(number):
        try:
            with look_of(font_size=5 + number):
                for _ in range(3):
                    figure = porosity_figure(NPM, title="A")
                    if figure.axes[0].title.get_fontsize() != 5 + number:
                        failed.append(number)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=draw, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert dict(mpl.rcParams) == before


def test_the_numbers_behind_curves_are_their_points_with_errors():
    tables, maps = figure_data(detectors_figure(CURVE))
    assert maps == {}
    header, *rows = tables["plot"]
    points = [dict(zip(header, row, strict=True)) for row in rows if row[1] == "count"]
    assert [(one["x"], one["y"]) for one in points] == [(0, 0), (0.5, 0.7), (1, 1)]
    assert [one["y_high"] for one in points] == pytest.approx([0, 0.71, 1.02])
    assert {one["x_low"] for one in points} == {""}


def test_the_numbers_behind_pictures_are_those_that_were_coloured():
    item = explained("S1", NPM, RELEVANCE)
    _, maps = figure_data(pattern_rows([item]))
    np.testing.assert_array_equal(maps["panel_02_relevance"], RELEVANCE)
    np.testing.assert_array_equal(maps["panel_02_hp"], item.high)
    np.testing.assert_array_equal(maps["panel_04_regions"], item.regions)
    assert not [name for name in maps if name > "panel_06"]  # colour bars are none
    _, maps = figure_data(montage([NPM, NPM]))
    np.testing.assert_array_equal(maps["panel_02_npm"], NPM)
    _, maps = figure_data(porosity_figure(NPM))
    assert list(maps) == ["panel_01"]


def test_the_composer_takes_no_maps_for_colours():
    from napari_npm.core.errors import NpmError
    from napari_npm.figures import Panel

    with pytest.raises(NpmError, match="three colours"):
        compose([Panel(NPM)])
