"""The fused engine against zennit's hooks, captum and sums over all pairs."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from torch import nn

from napari_npm.core import Explainer, NanoporosityNet, NetworkConfig, NpmError, explain
from napari_npm.core._fused import FusedEngine
from napari_npm.core._fused_layers import Convolution, padded


def network(seed: int = 0, n_classes: int = 3, bias: float = 0.3, **config: object) -> nn.Module:
    """Build a network with weights and batch-norm statistics as after training."""
    config = {"widths": (5, 6, 7), "input_size": 32, **config}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = NanoporosityNet(n_classes, NetworkConfig(**config))
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0, bias)
        net.train()
        side = net.config.input_size
        for _ in range(10):
            net(torch.rand(4, net.config.in_channels, side, side))
    return net.eval()


def maps(n: int = 3, side: int = 32, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Porosity maps (n, channels, side, side), a third of each unhydrated (0)."""
    rng = np.random.default_rng(seed)
    images = np.clip(0.3 + 0.15 * rng.normal(size=(n, channels, side, side)), 0.02, 1)
    grains = np.array([gaussian_filter(rng.normal(size=(side, side)), side / 16) for _ in range(n)])
    images[np.repeat(grains[:, None] > np.quantile(grains, 0.7), channels, 1)] = 0
    return images.astype(np.float32)


def relative_l1(found: np.ndarray, true: np.ndarray) -> float:
    found, true = found.astype(float), true.astype(float)
    return float(np.abs(found - true).sum() / max(np.abs(true).sum(), 1e-30))


def top_regions(relevance: np.ndarray, share: float = 0.7) -> np.ndarray:
    """Fewest pixels that hold a share of the relevance."""
    order = np.argsort(-relevance, axis=None, kind="stable")
    held = np.cumsum(relevance.ravel()[order], dtype=float)
    inside = np.zeros(relevance.size, bool)
    inside[order[: np.searchsorted(held, share * held[-1]) + 1]] = True
    return inside.reshape(relevance.shape)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    one, other = top_regions(one), top_regions(other)
    return float((one & other).sum() / (one | other).sum())


def assert_same(net: nn.Module, images: np.ndarray, **options: object) -> None:
    fused = explain(net, images, engine="fused", **options)
    zennit = explain(net, images, engine="zennit", **options)
    assert (fused.engine, zennit.engine) == ("fused", "zennit")
    for one, other in zip(fused.relevance, zennit.relevance, strict=True):
        assert relative_l1(one, other) <= 1e-5
    np.testing.assert_allclose(fused.conservation, zennit.conservation, atol=1e-5)
    np.testing.assert_allclose(fused.undefined, zennit.undefined, atol=2e-5)
    np.testing.assert_allclose(fused.output, zennit.output, atol=1e-5)
    np.testing.assert_array_equal(fused.predicted, zennit.predicted)
    np.testing.assert_allclose(fused.channel_share, zennit.channel_share, atol=1e-5)
    if options.get("undefined", "spread") == "spread":
        np.testing.assert_allclose(fused.conservation, 1, atol=1e-4)


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("padding", ["zeros", "reflect", "replicate"])
@pytest.mark.parametrize("head", ["gap", "flatten"])
@pytest.mark.parametrize("input_rule", ["zplus", "zbox"])
@pytest.mark.parametrize("undefined", ["spread", "drop"])
def test_equals_zennit(
    pooling: str, padding: str, head: str, input_rule: str, undefined: str
) -> None:
    net = network(pooling=pooling, padding=padding, head=head)
    assert_same(net, maps(), input_rule=input_rule, undefined=undefined)
    assert_same(net.double(), maps(1), input_rule=input_rule, undefined=undefined)


@settings(max_examples=25)
@given(
    widths=st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple),
    size=st.integers(2, 4),
    channels=st.integers(1, 3),
    pooling=st.sampled_from(["max", "average"]),
    padding=st.sampled_from(["zeros", "reflect", "replicate"]),
    head=st.sampled_from(["gap", "flatten"]),
    input_rule=st.sampled_from(["zplus", "zbox"]),
    undefined=st.sampled_from(["spread", "drop"]),
    seed=st.integers(0, 1000),
)
def test_equals_zennit_on_any_network(
    widths: tuple[int, ...],
    size: int,
    channels: int,
    pooling: str,
    padding: str,
    head: str,
    input_rule: str,
    undefined: str,
    seed: int,
) -> None:
    side = size * 2 ** len(widths)
    net = network(
        seed,
        2,
        widths=widths,
        input_size=side,
        in_channels=channels,
        pooling=pooling,
        padding=padding,
        head=head,
    )
    images = maps(2, side, channels, seed)
    assert_same(net, images, input_rule=input_rule, undefined=undefined)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_regions_are_zennits_on_the_papers_network(pooling: str) -> None:
    net = network(widths=(16, 32, 64, 128, 128, 128, 128), input_size=128, pooling=pooling, seed=2)
    images = maps(2, 128)
    # One image at a time: torch rounds the deepest convolutions of a batch otherwise, and among
    # near winners of a max pooling rounding decides, so that zennit's own maps move by 5e-5.
    for model, most in ((net, 1e-5), (copy.deepcopy(net).double(), 1e-7)):
        for image in images:
            (fused,), (zennit,) = (
                explain(model, image[None], engine=name).relevance for name in ("fused", "zennit")
            )
            assert relative_l1(fused, zennit) <= most
            assert overlap(fused, zennit) >= 0.999


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("undefined", ["spread", "drop"])
def test_flat_maps(pooling: str, value: float, undefined: str) -> None:
    net = network(pooling=pooling, bias=0.5)
    images = np.full((1, 32, 32), value, np.float32)
    if pooling == "average" or undefined == "spread":
        assert_same(net, images, undefined=undefined)  # else rounding alone picks the winners
    found = explain(net, images, undefined=undefined)
    assert np.isfinite(found.relevance).all()
    assert found.relevance.min() >= 0
    if undefined == "spread":
        assert found.conservation[0] == pytest.approx(1, abs=1e-4)
        assert found.relevance.sum(dtype=float) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("shape", [(33, 47), (40, 32), (64, 35)])
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_sizes_that_no_window_divides(shape: tuple[int, int], pooling: str) -> None:
    images = maps(2, 64)[:, :, : shape[0], : shape[1]]
    assert_same(network(pooling=pooling, padding="replicate"), images)


def test_negative_values_count_by_negative_weights() -> None:
    images = maps() - 0.1
    assert_same(network(), images)
    assert explain(network(), images).relevance[images[:, 0] < 0].max() > 0


def test_a_network_without_batch_norm() -> None:
    net = network()
    for block in net.blocks:
        block[1] = nn.Identity()
        block[0].bias = nn.Parameter(torch.linspace(-0.1, 0.3, len(block[0].weight)))
    assert_same(net, maps())


def test_dead_channels_and_dead_networks() -> None:
    net = network()
    net.blocks[1][1].bias.data[:3] = -100.0
    assert_same(net, maps())
    for block in net.blocks:
        block[1].bias.data.fill_(-100.0)
    assert_same(net, maps(1))
    found = explain(net, maps(1), undefined="drop")
    assert found.relevance.max() == 0
    assert found.conservation[0] == 0


def matrix(layer: nn.Module, shape: tuple[int, ...]) -> np.ndarray:
    """Matrix (outputs, inputs) of a linear layer, one unit input at a time."""
    size = int(np.prod(shape))
    columns = layer(torch.eye(size, dtype=torch.float64).reshape(size, *shape))
    return columns.detach().reshape(size, -1).T.numpy()


def all_pairs(net: nn.Module, image: np.ndarray, target: int, undefined: str) -> np.ndarray:
    """Sum the rule over all pairs of units, in matrices; "spread" as its limit."""
    least = 1e-12 if undefined == "spread" else 0.0
    a = np.asarray(image, float)
    shapes, rows = a.shape, []

    def share(terms: np.ndarray) -> np.ndarray:
        total = terms.sum(1, keepdims=True)
        return np.divide(terms, total, out=np.zeros_like(terms), where=total > 0)

    for block in net.blocks:
        conv = copy.deepcopy(block[0])
        norm = block[1]
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        conv.weight.data *= scale[:, None, None, None]
        weights = matrix(conv, shapes)
        conv.weight.data.clamp_(min=least)
        x = a.ravel()
        rows.append(share(matrix(conv, shapes) * (x + least)))
        bias = (norm.bias - norm.running_mean * scale).detach().numpy()
        grid = shapes[1] * shapes[2]
        x = np.maximum(weights @ x + np.repeat(bias, grid), 0)
        shapes = (len(bias), *shapes[1:])
        windows = matrix(nn.AvgPool2d(2), shapes) > 0
        if isinstance(block[3], nn.MaxPool2d):
            best = np.array([x[window].max() for window in windows])
            won = windows & (x == best[:, None])
            if undefined == "drop":
                won &= np.cumsum(won, 1) == 1
            rows.append(share(won.astype(float)))
        else:
            best = np.array([x[window].mean() for window in windows])
            rows.append(share(windows * (x + least)))
        shapes = (shapes[0], shapes[1] // 2, shapes[2] // 2)
        a = best.reshape(shapes)
    grid = shapes[1] * shapes[2]
    weights = net.head[2].weight.detach().numpy()[target]
    if isinstance(net.head[0], nn.AdaptiveAvgPool2d):
        places = np.kron(np.eye(shapes[0]), np.ones(grid))
        rows.append(share(places * (a.ravel() + least)))
        a = a.reshape(shapes[0], -1).mean(1)
    rows.append(share((np.maximum(weights, least) * (a.ravel() + least))[None]))
    relevance = np.ones(1)
    for one in reversed(rows):
        relevance = relevance @ one
    return relevance.reshape(image.shape)


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("padding", ["zeros", "reflect", "replicate"])
@pytest.mark.parametrize("head", ["gap", "flatten"])
@pytest.mark.parametrize("undefined", ["spread", "drop"])
def test_equals_sums_over_all_pairs(pooling: str, padding: str, head: str, undefined: str) -> None:
    net = network(
        4, widths=(3, 4), input_size=12, pooling=pooling, padding=padding, head=head, in_channels=2
    ).double()
    images = maps(2, 12, 2)
    found = explain(net, images, 1, undefined=undefined)
    for image, relevance, kept, share in zip(
        images, found.relevance, found.conservation, found.channel_share, strict=True
    ):
        true = all_pairs(net, image, 1, undefined)
        assert kept == pytest.approx(true.sum(), abs=1e-6)
        true /= true.sum() or 1.0  # without any evidence both are zeros
        assert relative_l1(relevance, true.sum(0)) < 1e-6
        np.testing.assert_allclose(share, true.sum((1, 2)), atol=1e-6)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate"])
@pytest.mark.parametrize("channels", [2, 10])
def test_adjoint_of_a_convolution_is_its_gradient(mode: str, channels: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        weight = torch.randn(4, channels, 3, 3, dtype=torch.float64)
        images = torch.randn(2, channels, 5, 6, dtype=torch.float64, requires_grad=True)
        arriving = torch.randn(2, 4, 5, 6, dtype=torch.float64)
    convolution = Convolution(weight, mode, torch.channels_last)
    out = nn.functional.conv2d(padded(images, mode), weight, padding=int(mode == "zeros"))
    (true,) = torch.autograd.grad(out, images, arriving)
    torch.testing.assert_close(convolution.adjoint(arriving), true)
    if channels == 2:
        torch.testing.assert_close(convolution.adjoint(arriving, 1), true[:, :1])


def test_classes_share_the_forward_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    forward = FusedEngine._forward

    def counted(self: FusedEngine, batch: torch.Tensor) -> object:
        calls.append(len(batch))
        return forward(self, batch)

    net = network(n_classes=4)
    explainer = Explainer(net, difference=True)
    explainer(maps(1))
    monkeypatch.setattr(FusedEngine, "_forward", counted)
    found = explainer(maps(2))
    assert sum(calls) == 2
    for target in range(4):
        alone = explain(net, maps(2), target)
        together = explainer(maps(2), target)
        assert relative_l1(together.relevance, alone.relevance) < 1e-6
    assert found.difference is not None


def test_bfloat16_is_close_and_says_so() -> None:
    net = network(widths=(16, 32, 64), input_size=64)
    images = maps(2, 64)
    exact = explain(net, images, 0)
    rough = explain(net, images, 0, precision="bfloat16")
    assert (rough.precision, rough.relevance.dtype) == ("bfloat16", np.float32)
    assert 1e-4 < relative_l1(rough.relevance, exact.relevance) < 0.1
    assert overlap(rough.relevance[0], exact.relevance[0]) > 0.9
    np.testing.assert_allclose(rough.conservation, 1, atol=0.02)
    np.testing.assert_allclose(rough.relevance.sum((1, 2), dtype=float), 1, rtol=1e-5)


def changed(what: str) -> nn.Module:
    net = network()
    if what == "activation":
        net.blocks[0][2] = nn.GELU()
    elif what == "pooling":
        net.blocks[0][3] = nn.MaxPool2d(3, 2, padding=1)
    elif what == "hook":
        net.blocks[0].register_forward_hook(lambda _m, _i, output: output * 2)
    elif what == "activation's forward":
        net.blocks[0][2].forward = torch.sigmoid
    elif what == "head":
        net.head[2] = nn.Sequential(nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 3))
    else:

        class Other(NanoporosityNet):
            def forward(self, images: torch.Tensor) -> torch.Tensor:
                return super().forward(1 - images)

        net.__class__ = Other
    return net


@pytest.mark.parametrize(
    "what", ["activation", "activation's forward", "pooling", "hook", "head", "forward"]
)
def test_a_network_that_was_changed_goes_through_zennit(what: str) -> None:
    net = changed(what)
    assert explain(net, maps(1)).engine == "zennit"
    with pytest.raises(NpmError, match="networks of this package only"):
        explain(net, maps(1), engine="fused")
    with pytest.raises(NpmError, match="precision float32"):
        explain(net, maps(1), precision="bfloat16")
    assert explain(network(), maps(1)).engine == "fused"
