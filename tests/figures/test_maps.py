import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.core.regions import isodata_split
from napari_npm.figures import bse_figure, isodata_figure, porosity_figure, porosity_maps

MAP = np.random.default_rng(0).random((30, 40)).astype(np.float32)


def data(axes):
    return np.asarray(axes.images[0].get_array())


def test_a_porosity_map_has_its_values_colour_bar_and_scale_bar():
    figure = porosity_figure(MAP, 52.0, limits=(0.1, 0.8), width_mm=60)
    panel, bar = figure.axes
    np.testing.assert_array_equal(data(panel), MAP)
    assert panel.images[0].get_clim() == (0.1, 0.8)
    assert "porosity" in bar.get_ylabel()
    assert len(panel.artists) == 1
    assert figure.get_figwidth() * 25.4 == pytest.approx(60)


def test_without_a_pixel_size_there_is_no_scale_bar():
    assert len(porosity_figure(MAP).axes[0].artists) == 0
    with pytest.raises(NpmError, match="pixel size"):
        porosity_figure(MAP, 0.0)


def test_every_sample_shows_micf_above_mulf():
    figure = porosity_maps({"S1": (MAP, 1 - MAP), "S2": (MAP / 2, MAP)}, 52.0)
    panels = figure.axes[:4]
    for panel, expected in zip(panels, (MAP, MAP / 2, 1 - MAP, MAP), strict=True):
        np.testing.assert_array_equal(data(panel), expected)
        assert panel.images[0].get_clim() == (0, 1)
    assert [panel.get_title() for panel in panels[:2]] == ["S1", "S2"]
    assert [panels[0].get_ylabel(), panels[2].get_ylabel()] == ["MicF", "MulF"]


def test_bse_and_its_map_are_side_by_side():
    bse = (200 * MAP).astype(np.uint8)
    first, second, _ = bse_figure(bse, MAP, 52.0).axes
    np.testing.assert_array_equal(data(first), bse)
    np.testing.assert_array_equal(data(second), MAP)


def test_the_split_shows_hp_white_and_names_the_threshold():
    figure = isodata_figure(MAP, MAP**2, 52.0)
    for panel, porosity in ((figure.axes[1], MAP), (figure.axes[3], MAP**2)):
        split = isodata_split(porosity)
        np.testing.assert_array_equal(data(panel), split.high)
        assert panel.images[0].get_cmap().name == "gray"
        assert panel.images[0].get_clim() == (0, 1)
        assert f"{split.porosity:.3f}" in panel.get_title()


def test_what_is_no_map_is_refused():
    for draw in (
        lambda: porosity_figure(MAP[0]),
        lambda: porosity_figure(MAP, width_mm=0),
        lambda: porosity_maps({}),
        lambda: bse_figure(MAP[np.newaxis], MAP),
    ):
        with pytest.raises(NpmError):
            draw()
