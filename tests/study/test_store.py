"""Stacks of tiles: what was written is there, what was not is known to be missing."""

import numpy as np
import pytest
import zarr

from napari_npm.core.errors import NpmError
from napari_npm.study.store import Tile, TileStack


def tiles(*names):
    return tuple(Tile(index, name, "S1", name, 0, 0) for index, name in enumerate(names))


@pytest.fixture
def stack(tmp_path):
    found = TileStack(tmp_path / "maps" / "mulf.zarr")
    found.prepare(tiles("a", "b", "c"), "float32", 52.0, model="x")
    return found


def values(*levels):
    return np.stack([np.full((384, 384), level, np.float32) for level in levels])


def test_a_stack_is_plain_zarr_with_its_facts(stack):
    stack.write(tiles("a", "b", "c")[1:2], values(0.5))
    array = zarr.open_array(stack.path, mode="r")
    assert array.shape == (3, 384, 384)
    assert array.chunks == (1, 384, 384)
    assert dict(array.attrs) == {
        "pixel_size_nm": 52.0,
        "tiles": ["a@0,0", "b@0,0", "c@0,0"],
        "model": "x",
    }
    assert (array[1] == 0.5).all()


def test_a_tile_of_zeros_counts_as_written(stack):
    """An image that is masked all over has a map of zeros: it is done, not missing."""
    a, b, _ = tiles("a", "b", "c")
    stack.write((a,), values(0))
    assert stack.has((a,))
    assert not stack.has((a, b))
    assert not stack.read((a,)).any()
    with pytest.raises(NpmError, match="does not hold all tiles"):
        stack.read((a, b))


def test_a_stack_that_is_not_there_has_nothing(tmp_path):
    stack = TileStack(tmp_path / "micf.zarr")
    assert not stack.has(tiles("a"))
    with pytest.raises(NpmError, match="is not there: run the step"):
        stack.open()


def test_a_stack_grows_and_keeps_what_it_has(stack):
    stack.write(tiles("a", "b", "c"), values(0.1, 0.2, 0.3))
    more = tiles("a", "b", "c", "d")
    stack.prepare(more, "float32", 52.0)
    assert stack.has(more[:3])
    assert not stack.has(more)
    assert stack.read(more[:3])[:, 0, 0].tolist() == pytest.approx([0.1, 0.2, 0.3])


def test_a_stack_laid_out_for_other_tiles_does_not_pass_for_these(stack):
    stack.write(tiles("a", "b", "c"), values(0.1, 0.2, 0.3))
    assert not stack.has(tiles("z"))
    assert not stack.has((Tile(0, "a", "S1", "a", 0, 10),))


def test_what_a_kill_left_half_written_is_cleared(stack):
    half = stack.path / "c" / "0" / "0" / "0.abc.partial"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    stack.prepare(tiles("a", "b", "c"), "float32", 52.0)
    assert not half.exists()
