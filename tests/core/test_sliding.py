import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from napari_npm.core._windows import Blend, Windows
from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.core.prediction import predict
from napari_npm.core.sliding import predict_image
from napari_npm.core.tiling import cut_tiles, tile_origins

TILE = 16


def network(**config: object) -> NanoporosityNet:
    """A small network that answers differently to different tiles."""
    config = {"input_size": TILE, **config}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        net = NanoporosityNet(3, NetworkConfig((4, 4, 4), **config))
        torch.nn.init.normal_(net.head[-1].weight, 0, 60)
        net.train()
        for _ in range(10):
            net(torch.rand(4, net.config.in_channels, TILE, TILE))
    return net.eval()


def picture(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.normal(size=shape), 1.5, axes=(-2, -1))
    return np.clip(0.4 + 0.5 * field / field.std() / 3, 0, 1).astype(np.float32)


def blended_by_hand(windows: Windows, values: np.ndarray) -> np.ndarray:
    """The weighted mean of what each window says of its pixels, window by window and pixel by
    pixel; values (n, tile, tile)."""
    side = np.sin(np.pi * (np.arange(windows.tile) + 0.5) / windows.tile) ** 2
    total, weights = np.zeros(windows.shape), np.zeros(windows.shape)
    for number, one in enumerate(values):
        row, column = windows.origin(number)
        for i in range(windows.tile):
            for j in range(windows.tile):
                total[row + i, column + j] += one[i, j] * side[i] * side[j]
                weights[row + i, column + j] += side[i] * side[j]
    return total / weights


shapes = st.tuples(st.integers(8, 40), st.integers(8, 40))


@given(shape=shapes, stride=st.integers(1, 8))
def test_windows_cover_every_pixel_and_end_at_the_edge(shape, stride) -> None:
    windows = Windows.lay(shape, 8, stride)
    hits = np.zeros(shape, int)
    for number in range(len(windows)):
        row, column = windows.origin(number)
        assert row + 8 <= shape[0]
        assert column + 8 <= shape[1]
        hits[row : row + 8, column : column + 8] += 1
    assert hits.min() >= 1
    for starts, side in zip((windows.rows, windows.columns), shape, strict=True):
        assert starts[0] == 0
        assert starts[-1] == side - 8
        assert set(np.diff(starts)[:-1]) <= {stride}
        assert all(step <= stride for step in np.diff(starts))
    assert windows.area.sum() == pytest.approx(1)


@given(shape=shapes, stride=st.integers(1, 8), value=st.floats(1e-6, 10))
def test_blending_equal_values_gives_them_back(shape, stride, value) -> None:
    windows = Windows.lay(shape, 8, stride)
    blend = Blend(windows)
    for number in range(len(windows)):
        blend.add(number, np.full((8, 8), value, np.float32))
    np.testing.assert_allclose(blend.mean(), value, rtol=1e-5)


def test_blending_is_the_weighted_mean_of_the_windows(rng, monkeypatch) -> None:
    # strips of a few rows, so that windows lie across their bounds
    monkeypatch.setattr("napari_npm.core._windows._STRIP_PX", 100)
    windows = Windows.lay((37, 29), 10, 4)
    values = rng.random((len(windows), 10, 10))
    field = 0.5 + rng.random((10, 10))
    for divisor in (None, field):
        blend = Blend(windows)
        for number, one in enumerate(values):
            blend.add(number, one.astype(np.float32))
        expected = blended_by_hand(windows, values)
        if divisor is not None:
            expected /= blended_by_hand(windows, np.broadcast_to(field, values.shape))
        np.testing.assert_allclose(blend.mean(divisor), expected, rtol=1e-5)


def test_tiles_side_by_side_are_predicted_as_tiles() -> None:
    net, image = network(), picture((3 * TILE, 2 * TILE))
    found = predict_image(net, image, tile=TILE, stride=TILE)
    origins = tile_origins(image.shape, tile=TILE)
    expected = predict(net, cut_tiles(image, origins, TILE))
    assert found.origins == origins
    np.testing.assert_allclose(found.probability.reshape(3, -1).T, expected, atol=1e-6)
    assert np.ptp(expected, axis=0).max() > 0.2  # they do differ
    full = found.full()
    np.testing.assert_allclose(
        full, np.kron(found.probability, np.ones((1, TILE, TILE))), atol=1e-6
    )
    np.testing.assert_allclose(found.mean, expected.mean(0), atol=1e-6)
    chosen = expected.argmax(1)
    np.testing.assert_allclose(found.shares, [(chosen == k).mean() for k in range(3)])
    assert found.predicted == expected.mean(0).argmax()
    assert (found.tile, found.stride) == (TILE, TILE)


def test_overlapping_windows_are_blended_over_their_pixels() -> None:
    net, image = network(), picture((45, 38))
    found = predict_image(net, image, tile=TILE)
    assert found.stride == TILE // 2
    n = len(found.windows)
    flat = found.probability.reshape(3, n)
    for k, one in enumerate(found.full()):
        spread = np.broadcast_to(flat[k][:, None, None], (n, TILE, TILE))
        np.testing.assert_allclose(one, blended_by_hand(found.windows, spread), atol=1e-6)
    full = found.full()
    np.testing.assert_allclose(full.sum(0), 1, atol=1e-5)
    np.testing.assert_allclose(found.mean, full.mean((1, 2)), atol=1e-6)
    coarse = found.full(step=4)
    assert coarse.shape == (3, 12, 10)
    np.testing.assert_allclose(coarse[:, 2, 3], full[:, 8:12, 12:16].mean((1, 2)), atol=1e-6)
    np.testing.assert_allclose(coarse[:, 11, 9], full[:, 44:, 36:].mean((1, 2)), atol=1e-6)
    with pytest.raises(NpmError, match="1 px or more, not 0"):
        found.full(step=0)


def test_what_a_network_reads_of_two_kinds_of_map_slides_too() -> None:
    net, image = network(in_channels=2), picture((2, 24, 24))
    found = predict_image(net, image, tile=TILE, stride=8)
    crops = [image[:, r : r + TILE, c : c + TILE] for r, c in found.origins]
    np.testing.assert_allclose(found.probability.reshape(3, -1).T, predict(net, crops), atol=1e-6)
    # which channel is which matters
    other = predict_image(net, image[::-1], tile=TILE, stride=8)
    assert np.abs(other.probability - found.probability).max() > 1e-3


class OnDisk:
    """An image that hands out slices and would not fit into memory as a whole."""

    def __init__(self, image: np.ndarray) -> None:
        self.shape, self._image, self.largest = image.shape, image, 0

    def __getitem__(self, part):
        values = self._image[part]
        self.largest = max(self.largest, values.size)
        return values


def test_only_windows_of_the_image_are_read_and_progress_counts_them() -> None:
    image, calls = OnDisk(picture((64, 48))), []
    found = predict_image(
        network(), image, tile=TILE, batch_size=4, progress=lambda *told: calls.append(told[:2])
    )
    assert image.largest == TILE**2
    n = len(found.windows)
    assert calls == [(min(4 * k, n), n) for k in range(1, -(-n // 4) + 1)]


def test_work_stops_at_a_batch() -> None:
    calls = []

    def stop(done: int, *_: object) -> None:
        calls.append(done)
        if len(calls) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        predict_image(network(), picture((64, 48)), tile=TILE, batch_size=3, progress=stop)
    assert calls == [3, 6]


def test_memory_is_that_of_the_result() -> None:
    windows = Windows.lay((3000, 2000), 100, 50)
    tracemalloc.start()
    blend = Blend(windows)
    one = np.ones((100, 100), np.float32)
    for number in range(0, len(windows), 40):
        blend.add(number, one)
    blend.mean()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # one float32 a pixel, and strips of at most 1 Mpx of weights, the old and the new
    assert peak < 4 * 3000 * 2000 + 20 * (1 << 20)


@pytest.mark.parametrize(
    ("image", "options", "words"),
    [
        (picture((15, 40)), {}, r"40 x 15 px, smaller than one tile of 16 x 16"),
        (picture((40, 40)), {"stride": 17}, "from 1 to 16 px, the side of a tile, not 17"),
        (picture((40, 40)), {"stride": 0}, "not 0"),
        (picture((40, 40)), {"tile": 4}, "network needs at least 8 x 8 px"),
        (picture((40, 40)), {"batch_size": 0}, "batch size is 0"),
        (picture((2, 40, 40)), {}, "2 channel"),
        (np.ones(40), {}, r"not one of shape \(40,\)"),
    ],
)
def test_what_does_not_fit_is_named(image, options, words) -> None:
    with pytest.raises(NpmError, match=words):
        predict_image(network(), image, **{"tile": TILE, **options})


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_found_wherever_it_lies(value) -> None:
    image = picture((40, 33))
    image[39, 31] = value
    with pytest.raises(NpmError, match="NaN or infinity at row 39, column 31"):
        predict_image(network(), image, tile=TILE)
