import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import silent
from napari_npm.core.regions import isodata_split
from napari_npm.core.smoothing import microscale
from napari_npm.viewer.image_work import (
    layout,
    smooth_image,
    split_image,
)
from napari_npm.viewer.s2_work import correlate_image


def finish(generator):
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


@pytest.fixture
def big(rng):
    return rng.random((500, 800)).astype(np.float32) ** 2


def test_work_is_done_tile_by_tile_as_in_a_study(big):
    origins = layout(big.shape)
    assert {0, 116} == {row for row, _ in origins}
    assert min(col for _, col in origins if col) >= 384
    smooth, sigma = smooth_image(silent, big, origins, 10.0, None, "reflect", None)
    assert sigma == 10
    assert np.allclose(smooth[:116, :384], microscale(big[:384, :384], 10.0)[:116])
    halves = split_image(silent, big, origins)
    wanted = isodata_split(big[:384, :384])
    assert np.array_equal(halves.labels[:116, :384] == 2, wanted.high[:116])
    assert set(np.unique(halves.labels)) == {1, 2}
    assert len(halves.levels) == len(origins)


def test_an_image_smaller_than_a_tile_is_one_piece(grey):
    assert layout(grey.shape) == ()
    smooth, sigma = smooth_image(silent, grey / 255.0, (), 1.0, 0.1, "reflect", 50.0)
    assert sigma == pytest.approx(2.0)
    assert smooth.shape == grey.shape
    with pytest.raises(NpmError, match="no pixel size"):
        smooth_image(silent, grey / 255.0, (), 1.0, 0.1, "reflect", None)


def test_s2_of_an_image_is_normalised_and_in_micrometres(rng):
    values = rng.random((60, 60)).astype(np.float32)
    found = correlate_image(silent, "A0", values, None, (), 20, 500.0)
    assert np.allclose(found.probability.sum(axis=1), 1)
    assert found.distance[-1] == pytest.approx(10.0)
    assert found.unit == "µm"
    assert found.probability[0, 0] == pytest.approx(1)
    masked = correlate_image(silent, "A0", values, values > 0.5, (), 20, None)
    assert masked.unit == "px"
    assert not np.allclose(masked.probability, found.probability)
    with pytest.raises(NpmError, match="no pairs"):
        correlate_image(silent, "A0", values, values > 2, (), 20, None)
