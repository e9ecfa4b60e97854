from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_npm.core.errors import NpmError
from napari_npm.core.regions import boundary_features, characteristic_regions, isodata_split
from napari_npm.figures import (
    choose,
    combination,
    combined_rgb,
    explained,
    grey_rgb,
    montage,
    panel_rgb,
    pattern_rows,
    regions_rgb,
    relevance_peak,
    relevance_rgb,
    save_figure,
)


def item(seed, name="S1"):
    rng = np.random.default_rng(seed)
    return explained(name, rng.random((24, 32)).astype(np.float32), rng.random((24, 32)) ** 3)


def test_what_follows_from_a_map_and_its_relevance():
    one = item(0)
    np.testing.assert_array_equal(one.high, isodata_split(one.npm).high)
    np.testing.assert_array_equal(one.regions, characteristic_regions(one.relevance).mask)
    features = boundary_features(one.relevance, high=one.high)
    np.testing.assert_array_equal(one.boundary, features.mask)
    assert 0.9 < features.area_fraction < 1


def test_rows_share_the_relevance_of_full_colour():
    items = [item(0), item(1, "S2")]
    figure = pattern_rows(items, 52.0, kinds=("relevance", "regions"))
    panels = figure.axes[:4]
    peak = relevance_peak(np.stack([one.relevance for one in items]))
    for row, one in enumerate(items):
        shown = relevance_rgb(one.npm, one.relevance, one.high, peak=peak)
        np.testing.assert_array_equal(panels[2 * row].images[0].get_array(), shown)
        regions = regions_rgb(one.npm, one.regions)
        np.testing.assert_array_equal(panels[2 * row + 1].images[0].get_array(), regions)
        assert panels[2 * row].get_ylabel() == one.name
        assert len(panels[2 * row].artists) == 1
    bars = [axes.get_xlabel() for axes in figure.axes[4:] if axes.get_xlabel()]
    for bar, part in zip(bars, ("LP", "HP"), strict=True):
        assert bar.startswith(f"Relevance in {part}")


@pytest.mark.parametrize("width_mm", [85.0, 175.0])
def test_rows_leave_room_for_their_bars_at_any_width(tmp_path, width_mm):
    figure = pattern_rows([item(0), item(1, "S2")], 52.0)
    # Matplotlib warns, here an error, where a layout collapses.
    assert save_figure(figure, tmp_path / "rows.png", width_mm=width_mm, dpi=60).is_file()


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("width_mm", [60.0, 85.0, 175.0])
def test_titles_of_rows_stand_apart_and_inside(width_mm, rows):
    rng = np.random.default_rng(0)
    one = explained("S1", rng.random((32, 32)).astype(np.float32), rng.random((32, 32)))
    figure = pattern_rows([one] * rows, width_mm=width_mm)
    figure.canvas.draw()
    boxes = [axes.title.get_window_extent() for axes in figure.axes[:5]]
    gap = 0.5 / 25.4 * figure.dpi  # half a millimetre
    for left, right in pairwise(boxes):
        assert left.x1 + gap < right.x0
    assert boxes[0].y1 <= figure.bbox.y1


def test_rows_without_relevance_have_no_bars():
    figure = pattern_rows([item(0)], kinds=("npm", "boundary", "extracted"))
    assert len(figure.axes) == 3


def test_an_unknown_panel_is_refused():
    with pytest.raises(NpmError, match="none of them"):
        panel_rgb(item(0), "heat")


@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 5))
def test_a_choice_is_repeatable_and_without_repeats(count, n, seed):
    chosen = choose(count, n, seed=seed)
    np.testing.assert_array_equal(chosen, choose(count, n, seed=seed))
    assert len(set(chosen.tolist())) == chosen.size == min(count, n)
    assert (np.diff(chosen) > 0).all()
    assert chosen.min() >= 0
    assert chosen.max() < count


def test_a_choice_depends_on_the_seed():
    assert not np.array_equal(choose(1000, seed=0), choose(1000, seed=1))


def test_a_montage_shows_every_map_once_and_one_scale_bar():
    images = [item(k).npm for k in range(7)]
    figure = montage(images, 52.0, columns=3, title="NPMs of S1")
    shown = [axes for axes in figure.axes if axes.images]
    assert len(figure.axes) == 9
    for axes, image in zip(shown, images, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), grey_rgb(image))
    assert [len(axes.artists) for axes in shown] == [0] * 6 + [1]


def test_a_superposition_has_one_scale_of_colour_in_a_row():
    items = [item(k) for k in range(4)]
    figure = combination(items, 52.0)
    stack = np.stack([one.relevance for one in items]).astype(np.float32)
    high = np.stack([one.high for one in items])
    peak = relevance_peak(np.maximum((stack * high).mean(0), (stack * ~high).mean(0)))
    for axes, part in zip(figure.axes[:3], ("both", "high", "low"), strict=True):
        expected = combined_rgb(stack, high, part, peak=peak)
        np.testing.assert_array_equal(axes.images[0].get_array(), expected)
    assert [axes.get_title("left") for axes in figure.axes] == list("abcdef")


def test_nothing_to_draw_is_refused():
    other = explained("S2", np.random.default_rng(0).random((5, 5)), np.ones((5, 5)))
    for draw in (
        lambda: pattern_rows([]),
        lambda: montage([]),
        lambda: combination([]),
        lambda: combination([item(0), other]),
        lambda: choose(0),
    ):
        with pytest.raises(NpmError):
            draw()
