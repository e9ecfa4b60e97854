import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.util import view_as_windows

from napari_npm.core.errors import NpmError
from napari_npm.core.tiling import TILE, assemble, cut_tiles, tile_origins


@st.composite
def layouts(draw):
    tile = draw(st.integers(1, 9))
    shape = draw(st.tuples(*[st.integers(tile, 40)] * 2))
    return shape, tile, draw(st.integers(0, tile - 1))


def coverage(shape, origins, tile):
    count = np.zeros(shape, int)
    for row, column in origins:
        count[row : row + tile, column : column + tile] += 1
    return count


def test_paper_tile_is_20_um():
    assert TILE == 384
    assert pytest.approx(20, abs=0.05) == TILE * 52e-3


def test_mosaic_of_1536_has_16_tiles():
    origins = tile_origins((1536, 1536))
    assert len(origins) == 16
    assert origins[0] == (0, 0)
    assert origins[1] == (0, 384)
    assert origins[-1] == (1152, 1152)


def test_rest_is_dropped_or_covered():
    assert tile_origins((10, 4), tile=4) == ((0, 0), (4, 0))
    assert tile_origins((10, 4), tile=4, edge="shift") == ((0, 0), (4, 0), (6, 0))
    assert tile_origins((10, 4), tile=4, overlap=1) == ((0, 0), (3, 0), (6, 0))


@settings(deadline=None)
@given(layouts())
def test_drop_takes_each_regular_place_that_fits(layout):
    shape, tile, overlap = layout
    image = np.arange(np.prod(shape)).reshape(shape)
    every = view_as_windows(image, (tile, tile), step=tile - overlap)
    tiles = cut_tiles(image, tile_origins(shape, tile=tile, overlap=overlap), tile)
    assert np.array_equal(tiles, every.reshape(-1, tile, tile))


@settings(deadline=None)
@given(layouts())
def test_shift_covers_everything_and_comes_back(layout):
    shape, tile, overlap = layout
    origins = tile_origins(shape, tile=tile, overlap=overlap, edge="shift")
    assert coverage(shape, origins, tile).min() >= 1
    assert len(set(origins)) == len(origins)
    image = np.random.default_rng(0).integers(0, 65536, shape).astype(np.uint16)
    back = assemble(cut_tiles(image, origins, tile), origins, shape)
    assert back.dtype == image.dtype
    assert np.array_equal(back, image)


@settings(deadline=None)
@given(layouts())
def test_dropped_rest_is_filled(layout):
    shape, tile, overlap = layout
    origins = tile_origins(shape, tile=tile, overlap=overlap)
    covered = coverage(shape, origins, tile)
    if overlap == 0:
        assert covered.max() == 1
    image = np.random.default_rng(0).random(shape)
    back = assemble(iter(cut_tiles(image, origins, tile)), origins, shape, fill=-1)
    assert np.array_equal(back, np.where(covered > 0, image, -1))


def test_last_tile_counts_where_tiles_overlap():
    tiles = np.array([[[1, 1]], [[2, 2]]])
    assert assemble(tiles, [(0, 0), (0, 1)], (1, 3)).tolist() == [[1, 2, 2]]


def test_tiles_are_a_copy():
    image = np.zeros((4, 4))
    cut_tiles(image, [(0, 0)], 2)[:] = 1
    assert not image.any()


def test_no_tiles():
    assert cut_tiles(np.zeros((4, 4)), [], 2).shape == (0, 2, 2)
    assert assemble([], [], (2, 3), fill=7).tolist() == [[7, 7, 7], [7, 7, 7]]


def test_image_smaller_than_a_tile():
    with pytest.raises(NpmError, match="500 x 383 px, smaller than one tile of 384 x 384"):
        tile_origins((383, 500))


@pytest.mark.parametrize(
    "options",
    [{"tile": 0}, {"overlap": -1}, {"tile": 4, "overlap": 4}, {"edge": "pad"}],
)
def test_bad_parameters(options):
    with pytest.raises(NpmError, match="must be"):
        tile_origins((500, 500), **options)


@pytest.mark.parametrize("origin", [(-1, 0), (0, 3)])
def test_tile_beyond_the_image(origin):
    with pytest.raises(NpmError, match="beyond"):
        cut_tiles(np.zeros((4, 4)), [origin], 2)
    with pytest.raises(NpmError, match="beyond"):
        assemble(np.ones((1, 2, 2)), [origin], (4, 4))


def test_wrong_number_of_tiles_or_dimensions():
    with pytest.raises(NpmError, match="2 tiles but 1 places"):
        assemble(np.ones((2, 2, 2)), [(0, 0)], (4, 4))
    with pytest.raises(NpmError, match="1 tiles but 2 places"):
        assemble(np.ones((1, 2, 2)), [(0, 0), (2, 2)], (4, 4))
    with pytest.raises(NpmError, match="two dimensions"):
        cut_tiles(np.zeros((4, 4, 3)), [(0, 0)], 2)
