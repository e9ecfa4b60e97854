"""Differences of classes, other rules, turns, several channels, and what becomes of the model."""

import copy

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients
from scipy.ndimage import gaussian_filter
from torch import nn

import napari_npm.core._zennit  # noqa: F401 - before zennit, whose torchvision may not fit
from napari_npm.core import Explainer, NanoporosityNet, NetworkConfig, NpmError, explain, fused_copy
from napari_npm.core._turns import turn, turn_back
from napari_npm.core.relevance import FusedEngine

ENGINES = ["fused", "zennit"]


def network(n_classes: int = 3, seed: int = 0, **config: object) -> NanoporosityNet:
    """Build a small network with weights and batch-norm statistics as after training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = NanoporosityNet(n_classes, NetworkConfig(**{"widths": (5, 6, 7), **config}))
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.bias, 0, 0.3)
        net.train()
        for _ in range(10):
            net(torch.rand(4, net.config.in_channels, 32, 32))
    return net.eval()


def maps(n: int = 3, *, shape: tuple[int, ...] = (32, 32), seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    images = rng.uniform(0.02, 1, (n, *shape))
    images[gaussian_filter(rng.normal(size=images.shape), 2) > 0.1] = 0
    return images.astype(np.float32)


def relative_l1(found: np.ndarray, true: np.ndarray) -> float:
    found, true = found.astype(float), true.astype(float)
    return float(np.abs(found - true).sum() / np.abs(true).sum())


def compared(net: nn.Module, target: int, weights: list[float]) -> nn.Module:
    """Return the network whose output ``target`` has these weights of the classes."""
    other = copy.deepcopy(net)
    head = other.head[2]
    row = torch.tensor(weights)
    head.weight.data[target] = row @ net.head[2].weight.data
    head.bias.data[target] = row @ net.head[2].bias.data
    return other


@pytest.mark.parametrize("engine", ENGINES)
def test_against_another_class_is_a_head_of_the_difference(engine: str) -> None:
    net, images = network(), maps()
    found = explain(net, images, [0, 1, 2], against=[1, 0, 1], engine=engine)
    cases = [(0, [1.0, -1, 0]), (1, [-1.0, 1, 0]), (2, [0, -1.0, 1])]
    for number, (target, weights) in enumerate(cases):
        true = explain(
            compared(net, target, weights), images[number : number + 1], target, engine=engine
        )
        assert relative_l1(found.relevance[number], true.relevance[0]) < 1e-5
        assert found.output[number] == pytest.approx(true.output[0], abs=1e-5)
        assert found.conservation[number] == pytest.approx(true.conservation[0], abs=1e-5)
    np.testing.assert_allclose(found.conservation, 1, atol=1e-4)
    np.testing.assert_array_equal(found.against, [1, 0, 1])
    others = explain(net, images, 2, against="others", engine=engine)
    true = explain(compared(net, 2, [-0.5, -0.5, 1]), images, 2, engine=engine)
    assert relative_l1(others.relevance, true.relevance) < 1e-5
    np.testing.assert_array_equal(others.against, [-1, -1, -1])
    assert explain(net, images).against is None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("against", [None, "others"])
def test_difference_is_of_the_classes_maps(engine: str, against: str | None) -> None:
    net, images = network(4), maps()
    each = np.stack([explain(net, images, k, engine=engine).relevance for k in range(4)])
    found = explain(net, images, 2, against=against, difference=True, engine=engine)
    true = each[2].astype(float) - each[[0, 1, 3]].mean(0, dtype=float)
    assert relative_l1(found.difference, true) < 1e-4
    np.testing.assert_allclose(found.difference.sum((1, 2), dtype=float), 0, atol=1e-6)
    assert found.difference.min() < 0 < found.difference.max()
    alone = explain(net, images, 2, against=against, engine=engine)
    assert relative_l1(found.relevance, alone.relevance) < 1e-5
    assert alone.difference is None
    np.testing.assert_allclose(found.undefined, alone.undefined, atol=1e-6)


def test_no_difference_where_a_class_has_no_evidence() -> None:
    net = network()
    net.head[2].weight.data[0] = -1.0
    found = explain(net, maps(), 0, difference=True, undefined="drop")
    assert not found.difference.any()
    found = explain(net, maps(), 1, difference=True, undefined="drop")
    true = explain(net, maps(), 1).relevance - explain(net, maps(), 2).relevance
    kept = explain(net, maps(), 1, undefined="drop").relevance
    kept -= explain(net, maps(), 2, undefined="drop").relevance
    assert relative_l1(found.difference, kept) < 1e-4
    assert np.abs(found.difference).sum() > 0.1 * np.abs(true).sum()


def test_gradient_rules_are_captums() -> None:
    net, images = network(), maps(2)
    batch = torch.as_tensor(images)[:, None]
    for rule, method, settings in (
        ("gradient x input", InputXGradient(copy.deepcopy(net)), {}),
        (
            "integrated gradients",
            IntegratedGradients(copy.deepcopy(net)),
            {"n_steps": 32, "method": "gausslegendre"},
        ),
    ):
        found = explain(net, images, 1, rule=rule)
        true = method.attribute(batch.clone().requires_grad_(), target=1, **settings)
        signed = true[:, 0].detach().numpy()
        assert relative_l1(found.contributions, signed) < 1e-4
        positive = np.maximum(signed, 0)
        assert relative_l1(found.relevance, positive / positive.sum((1, 2), keepdims=True)) < 1e-4
        assert found.signed
        assert (found.engine, found.input_rule, found.undefined_rule) == ("torch", "none", "none")
        np.testing.assert_allclose(found.raw_sum, signed.sum((1, 2)), rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(found.conservation, found.raw_sum / found.output)
    with torch.no_grad():
        empty = float(net(torch.zeros(1, 1, 32, 32))[0, 1])
    many = explain(net, images, 1, rule="integrated gradients", against=0).output
    assert many == pytest.approx(explain(net, images, 1, against=0).output, abs=1e-5)
    np.testing.assert_allclose(found.raw_sum, found.output - empty, atol=0.05)


def test_epsilon_plus_is_zennits_composite() -> None:
    from zennit.attribution import Gradient
    from zennit.composites import EpsilonPlus

    net, images = network(pooling="average"), maps(2)
    found = explain(net, images, 1, rule="epsilon-plus")
    copied = fused_copy(net)
    batch = torch.as_tensor(images)[:, None].requires_grad_()

    def start(output: torch.Tensor) -> torch.Tensor:
        return output * torch.eye(3)[[1, 1]]

    with Gradient(copied, EpsilonPlus(zero_params="bias")) as attributor:
        _, true = attributor(batch, start)
    assert relative_l1(found.contributions, true[:, 0].detach().numpy()) < 1e-4
    assert (found.rule, found.engine, found.undefined_rule) == ("epsilon-plus", "zennit", "drop")
    np.testing.assert_allclose(found.contributions.sum((1, 2), dtype=float), found.raw_sum)
    assert not explain(net, images).signed


def test_turns_are_undone() -> None:
    images = torch.arange(24.0).reshape(1, 1, 4, 6)
    turned = [turn(images, number) for number in range(8)]
    assert len({tuple(map(tuple, one[0, 0].tolist())) for one in turned}) == 8
    for number, one in enumerate(turned):
        assert torch.equal(turn_back(one, number), images)


@pytest.mark.parametrize("rule", ["alpha1-beta0", "gradient x input"])
@pytest.mark.parametrize("shape", [(32, 32), (32, 48)])
def test_average_over_turns_turns_with_the_image(rule: str, shape: tuple[int, int]) -> None:
    net, images = network(), torch.as_tensor(maps(2, shape=shape))
    found = explain(net, images.numpy(), 1, average="d4", rule=rule, difference=True)
    singles = [
        explain(net, turn(images, number).numpy(), 1, rule=rule, difference=True)
        for number in range(8)
    ]
    if rule == "alpha1-beta0":
        np.testing.assert_allclose(found.conservation, 1, atol=1e-4)
        true = np.mean(
            [turn_back(torch.as_tensor(s.relevance), k).numpy() for k, s in enumerate(singles)], 0
        )
        assert relative_l1(found.relevance, true) < 1e-4
    np.testing.assert_allclose(found.output, np.mean([s.output for s in singles], 0), atol=1e-5)
    turned = explain(net, turn(images, 5).numpy(), 1, average="d4", rule=rule, difference=True)
    for one, other in (
        (turned.relevance, found.relevance),
        (turned.difference, found.difference),
    ):
        assert relative_l1(turn_back(torch.as_tensor(one), 5).numpy(), other) < 1e-4
    assert found.average == "d4"
    plain = explain(net, images.numpy(), average="d4", rule=rule)
    with torch.no_grad():
        np.testing.assert_array_equal(plain.target, net(images[:, None]).argmax(1).numpy())


@pytest.mark.parametrize("engine", ENGINES)
def test_channels_are_summed_and_their_shares_told(engine: str) -> None:
    net = network(in_channels=2)
    images = maps(2, shape=(2, 32, 32))
    found = explain(net, images, engine=engine)
    assert found.relevance.shape == (2, 32, 32)
    np.testing.assert_allclose(found.channel_share.sum(1), 1, atol=1e-6)
    assert (found.channel_share > 0.05).all()
    blind = copy.deepcopy(net)
    blind.blocks[0][0].weight.data[:, 1] = -0.01
    share = explain(blind, images, engine=engine, undefined="drop").channel_share
    np.testing.assert_allclose(share[:, 1], 0, atol=1e-6)
    with pytest.raises(NpmError, match="1 channel"):
        explain(net, maps(1))


@pytest.mark.parametrize("options", [{}, {"engine": "zennit"}, {"rule": "integrated gradients"}])
def test_the_model_is_left_as_it_is(options: dict[str, str]) -> None:
    net = network().train()
    net.blocks[0][2].inplace = True
    state = copy.deepcopy(net.state_dict())
    modules, fields = list(net.modules()), [set(vars(module)) for module in net.modules()]
    net.head[2].weight.requires_grad_(False)
    explain(net, maps(1), against="others", difference=True, average="d4", **options)
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert list(net.modules()) == modules
    assert [set(vars(module)) for module in net.modules()] == fields
    assert all(module.training for module in modules)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in modules)
    assert not any(module._backward_hooks for module in modules)
    assert all(p.grad is None for p in net.parameters())
    assert [p.requires_grad for p in net.parameters()].count(False) == 1
    assert net.blocks[0][2].inplace
    assert net.blocks[0][0].weight.is_contiguous()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 99 bytes."),
        MemoryError(),
    ],
)
def test_out_of_memory_halves_the_batch(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    net, images = network(), maps(5)
    true = explain(net, images)
    run, sizes = FusedEngine.__call__, []

    def limited(self: FusedEngine, batch: torch.Tensor, ask: object) -> object:
        sizes.append(len(batch))
        if len(batch) > limit:
            raise error
        return run(self, batch, ask)

    monkeypatch.setattr(FusedEngine, "__call__", limited)
    limit = 2
    explainer = Explainer(net, batch_size=5)
    found = explainer(images)
    assert sizes == [5, 3, 2, 2, 1]
    assert explainer.batch_size == 2
    np.testing.assert_allclose(found.relevance, true.relevance, atol=1e-8)
    limit = 0
    with pytest.raises(NpmError, match="runs out with one map at a time"):
        explainer(images)


def test_other_errors_are_not_taken_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: object, _batch: object, _ask: object) -> None:
        raise RuntimeError("size mismatch")

    monkeypatch.setattr(FusedEngine, "__call__", broken)
    with pytest.raises(RuntimeError, match="size mismatch"):
        explain(network(), maps())


class TwoHeads(nn.Module):
    """A network whose output is not that of one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.one, self.two = nn.Linear(4, 2), nn.Linear(4, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        a = torch.relu(self.conv(images)).mean((2, 3))
        return torch.cat([self.one(a), self.two(a)], 1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rule": "magic"}, "rule 'magic' is unknown"),
        ({"average": "all"}, "averaging 'all'"),
        ({"precision": "int8"}, "precision 'int8'"),
        ({"rule": "epsilon-plus", "engine": "fused"}, "rules alpha1-beta0 and contrastive only"),
        ({"engine": "zennit", "precision": "bfloat16"}, "needs the fused engine"),
        ({"against": "rest"}, '"others"'),
        ({"against": 3}, "from 0 to 2"),
        ({"against": -1}, "numbered from 0"),
        ({"target": -1}, "from 0 to 2"),
        ({"target": [0, 1, 2], "against": 1}, "Map 1 would compare class 1 with itself"),
        ({"against": [0, 1]}, "one whole number or 3"),
    ],
)
def test_bad_input_is_one_sentence(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(NpmError, match=sentence):
        explain(network(), maps(), batch_size=2, **options)


def test_other_networks_say_what_they_cannot() -> None:
    with pytest.raises(NpmError, match="last module is linear"):
        explain(TwoHeads(), maps(), 0, against=1)
    assert explain(TwoHeads(), maps(), 0, difference=True).difference is not None
    with pytest.raises(NpmError, match="cannot read maps of 2 x 32 x 32"):
        explain(TwoHeads(), maps(2, shape=(2, 32, 32)))
