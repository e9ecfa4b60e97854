import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from napari_npm.core._windows import Blend, Windows
from napari_npm.core.centre_bias import edge_profile, mean_field
from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.core.relevance import explain
from napari_npm.core.sliding import explain_image, predict_image
from napari_npm.core.tiling import assemble, cut_tiles, tile_origins

TILE = 32
REDUCED = {"tile": TILE, "batch_size": 16}
CROPS = {"centre_bias": "crops", "sigma_px": 2}


def network(padding: str = "zeros", **config: object) -> NanoporosityNet:
    """A small network whose zero padding favours the middle of a tile, as training makes it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        widths = (6, 8, 8, 8)
        net = NanoporosityNet(3, NetworkConfig(widths, padding=padding, input_size=TILE, **config))
        for module in net.modules():
            if isinstance(module, torch.nn.Conv2d):
                # mostly positive weights pass more of an image on where there is more of it
                torch.nn.init.uniform_(module.weight, -0.1, 0.2)
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None  # the mean over all batches
        torch.nn.init.normal_(net.head[-1].weight)
        net.train()
        for _ in range(10):
            net(torch.as_tensor(texture((8, net.config.in_channels, TILE, TILE), 0)))
    return net.eval()


def texture(shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    """A texture that is alike everywhere."""
    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.normal(size=shape), 1, mode="wrap", axes=(-2, -1))
    return np.clip(0.35 + 0.15 * field / field.std(), 0, 1).astype(np.float32)


def by_phase(image: np.ndarray) -> np.ndarray:
    """Mean by the column's place in a tile, 8 columns at a time; 1 is even."""
    mean = image.mean(0)[: image.shape[1] // TILE * TILE].reshape(-1, TILE // 8, 8).mean((0, 2))
    return mean / mean.mean()


def steps(image: np.ndarray) -> np.ndarray:
    """Mean absolute step to the next column, by the column's place in a tile; their mean is 1."""
    size = np.abs(np.diff(image.astype(np.float64), axis=1)).mean(0)
    size = size[: len(size) // TILE * TILE].reshape(-1, TILE).mean(0)
    return size / size.mean()


def test_tiles_side_by_side_are_explained_as_tiles() -> None:
    net, image = network(), texture((3 * TILE, 4 * TILE))
    found = explain_image(net, image, 1, stride=TILE, **REDUCED)
    origins = tile_origins(image.shape, tile=TILE)
    tiles = explain(net, cut_tiles(image, origins, TILE), 1)
    np.testing.assert_allclose(
        found.relevance, assemble(tiles.relevance, origins, image.shape), rtol=1e-4, atol=1e-9
    )
    assert found.relevance.sum(dtype=np.float64) == pytest.approx(12, rel=1e-5)
    np.testing.assert_allclose(found.conservation, tiles.conservation, rtol=1e-5)
    np.testing.assert_array_equal(found.predicted, tiles.predicted)
    assert (found.target, found.against, found.centre_bias, found.field) == (1, None, "none", None)


def test_no_seam_is_left_where_tiles_meet() -> None:
    net, image = network(), texture((12 * TILE, 24 * TILE))
    apart = explain_image(net, image, 0, stride=TILE, **REDUCED).relevance
    assert np.ptp(by_phase(apart)) > 0.5  # the tiles show
    assert steps(apart)[0] < 0.6  # and the little relevance at their edges
    for options, allowed in (({}, 0.2), (CROPS, 0.15)):
        found = explain_image(net, image, 0, **options, **REDUCED)
        assert found.stride == 15
        assert np.ptp(by_phase(found.relevance)) < allowed  # which the image itself nearly holds
        jump = steps(found.relevance)
        # as large between former tiles as between any other columns
        assert jump[-1] == pytest.approx(1, abs=0.07)
        # and no grid of two pixels from max pooling, which windows at even distances keep
        assert jump[::2].mean() == pytest.approx(jump[1::2].mean(), rel=0.04)
        # and as much relevance to an area of a tile
        total = found.relevance.sum(dtype=np.float64)
        assert total == pytest.approx(image.size / TILE**2, rel=1e-5)
    even = steps(explain_image(net, image, 0, stride=16, **REDUCED).relevance)
    assert even[1::2].mean() > 1.3 * even[::2].mean()


def test_bias_shows_the_less_the_nearer_windows_are_and_a_field_takes_it_out() -> None:
    # every window sees the same evenness through the same bias: three times as much in the middle
    side = 0.5 + np.sin(np.pi * (np.arange(TILE) + 0.5) / TILE)
    bias = np.outer(side, side)
    bias /= bias.mean()
    ripples = []
    for stride in (32, 16, 8):
        windows = Windows.lay((TILE + 13 * stride, TILE + 10 * stride + 5), TILE, stride)
        plain, even = Blend(windows), Blend(windows)
        for number in range(len(windows)):
            for blend in (plain, even):
                blend.add(number, bias.astype(np.float32))
        np.testing.assert_allclose(even.mean(bias), 1, rtol=1e-5)
        # the last window of a row lies nearer to its neighbour than the others
        inner = plain.mean()[TILE:-TILE, TILE : -TILE - stride]
        ripples.append(np.ptp(inner) / inner.mean())
    np.testing.assert_allclose(ripples, [1.5, 0.4, 0], atol=0.1)


def test_the_centre_bias_goes_with_the_windows_and_the_rest_with_the_field() -> None:
    net, image = network(), texture((12 * TILE + 5, 12 * TILE))

    def profile(**options: object) -> np.ndarray:
        found = explain_image(net, image, 0, **REDUCED, **options)
        return edge_profile(found.relevance[None], distances=(0, 4, 16, 6 * TILE))

    # within the image windows even it out, at its edge they cannot
    plain = profile()
    assert plain[0] < 0.5
    np.testing.assert_allclose(plain[2], 1, atol=0.05)
    np.testing.assert_allclose(profile(**CROPS), 1, atol=0.15)
    tiles = texture((200, TILE, TILE), 9)
    field = mean_field(explain(net, tiles, 0, batch_size=50).relevance, sigma_px=2)
    np.testing.assert_allclose(profile(centre_bias=field), 1, atol=0.15)


def test_pixels_at_the_edge_are_where_tiles_are_cut_too() -> None:
    # a bright spot far from all edges keeps its place and its share whatever the windows
    net, image = network("replicate"), np.full((4 * TILE, 4 * TILE), 0.3, np.float32)
    image[60:64, 80:84] = 1
    found = explain_image(net, image, 0, **REDUCED).relevance
    peak = np.unravel_index(found.argmax(), found.shape)
    assert abs(peak[0] - 61.5) < 4
    assert abs(peak[1] - 81.5) < 4


def test_one_class_is_explained_throughout_and_by_default_the_most_probable() -> None:
    net, image = network(), texture((3 * TILE, 3 * TILE))
    expected = predict_image(net, image, tile=TILE, stride=TILE).predicted
    found = explain_image(net, image, **REDUCED)
    assert found.target == expected
    same = explain_image(net, image, expected, **REDUCED)
    np.testing.assert_array_equal(found.relevance, same.relevance)
    other = explain_image(net, image, (expected + 1) % 3, **REDUCED)
    assert np.abs(other.relevance - same.relevance).max() > 1e-6


def test_difference_and_comparison_are_blended_too() -> None:
    net, image = network(), texture((2 * TILE, 3 * TILE))
    found = explain_image(net, image, 2, stride=TILE, difference=True, against=1, **REDUCED)
    origins = tile_origins(image.shape, tile=TILE)
    tiles = explain(net, cut_tiles(image, origins, TILE), 2, against=1, difference=True)
    for one, other in ((found.relevance, tiles.relevance), (found.difference, tiles.difference)):
        np.testing.assert_allclose(one, assemble(other, origins, image.shape), rtol=1e-3, atol=1e-7)
    assert found.against == 1
    assert found.settings == {"difference": True}
    plain = explain_image(net, image, 2, stride=TILE, **REDUCED)
    assert plain.difference is None
    assert np.abs(plain.relevance - found.relevance).max() > 1e-5


def test_relevance_and_difference_are_divided_by_the_mean_map_of_all_windows() -> None:
    net, image = network(), texture((3 * TILE, 4 * TILE))
    found = explain_image(net, image, 2, difference=True, **CROPS, **REDUCED)
    windows = found.windows
    origins = [windows.origin(number) for number in range(len(windows))]
    crops = explain(net, cut_tiles(image, origins, TILE), 2, difference=True)
    field = mean_field(crops.relevance, sigma_px=2)
    np.testing.assert_allclose(found.field, field, rtol=1e-4)
    means = []
    for maps in (crops.relevance, crops.difference):
        blend = Blend(windows)
        for number, one in enumerate(maps):
            blend.add(number, one)
        means.append(blend.mean(field))
    scale = 12 / means[0].sum(dtype=np.float64)
    assert abs(scale - 1) > 0.01  # so that a missing scale shows
    np.testing.assert_allclose(found.relevance, scale * means[0], rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(found.difference, scale * means[1], rtol=1e-3, atol=1e-7)


def test_windows_without_relevance_hold_none() -> None:
    net, image = network(), texture((2 * TILE, 4 * TILE))
    image[:, TILE : 2 * TILE] = 0
    options = {"stride": TILE, "undefined": "drop", "input_rule": "zplus"}
    found = explain_image(net, image, 0, **options, **REDUCED)
    assert not found.relevance[:, TILE : 2 * TILE].any()
    assert found.relevance.sum(dtype=np.float64) == pytest.approx(6, rel=1e-5)


def test_both_kinds_of_map_are_explained_as_one() -> None:
    net = network(in_channels=2)
    found = explain_image(net, texture((2, 2 * TILE, 2 * TILE)), 0, **REDUCED)
    assert found.relevance.shape == (2 * TILE, 2 * TILE)
    assert found.relevance.sum(dtype=np.float64) == pytest.approx(4, rel=1e-5)


def test_progress_counts_every_batch_and_stops_there() -> None:
    net, image, calls = network(), texture((2 * TILE, 3 * TILE)), []
    found = explain_image(
        net, image, tile=TILE, stride=16, batch_size=4, progress=lambda *told: calls.append(told)
    )
    n = len(found.windows)
    assert (n, found.stride, found.tile) == (15, 16, TILE)
    assert [told[:3] for told in calls] == [
        (4, 21, "Predict"),
        (6, 21, "Predict"),
        *((6 + done, 21, "Relevance") for done in (4, 8, 12, 15)),
    ]
    assert calls[-1][3]["conservation"] == pytest.approx(1, abs=1e-3)

    def stop(done: int, *_: object) -> None:
        if done == 10:
            raise Cancelled

    with pytest.raises(Cancelled):
        explain_image(net, image, tile=TILE, stride=16, batch_size=4, progress=stop)


def test_the_network_stays_as_it_was() -> None:
    net = network()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    explain_image(net, texture((2 * TILE, 2 * TILE)), **REDUCED)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not net.training


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"centre_bias": "shift"}, "'shift' is unknown: choose none or crops, or give a field"),
        ({"centre_bias": np.ones((8, 8))}, r"shape \(8, 8\) but a window is 32 x 32 px"),
        ({"centre_bias": np.zeros((TILE, TILE))}, "above 0 everywhere"),
        ({"centre_bias": "crops", "stride": TILE}, "from 2 windows with relevance"),
        ({"stride": 33}, "from 1 to 32 px"),
        ({"tile": 65}, "smaller than one tile of 65"),
        ({"target": 3}, "explain a class from 0 to 2"),
        ({"rule": "lrp"}, "rule 'lrp' is unknown"),
        ({"batch_size": 0}, "batch size is 0"),
    ],
)
def test_what_cannot_be_done_is_named(options, words) -> None:
    with pytest.raises(NpmError, match=words):
        explain_image(network(), texture((TILE, 2 * TILE)), **{"tile": TILE, **options})


def test_what_is_no_number_is_named() -> None:
    image = texture((2 * TILE, 2 * TILE))
    image[40, 63] = np.nan
    with pytest.raises(NpmError, match="row 40, column 63"):
        explain_image(network(), image, 0, tile=TILE)
