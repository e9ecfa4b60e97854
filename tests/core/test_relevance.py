import copy
import subprocess
import sys

import numpy as np
import pytest
import torch
from captum.attr import LRP
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.network import NanoporosityNet, NetworkConfig, fused_copy
from napari_npm.core.relevance import Explainer, Explanation, explain


def trained_like(
    n_classes: int = 3, seed: int = 0, bias: float = 0.2, **config: object
) -> NanoporosityNet:
    """Build a narrow network with weights and batch-norm statistics as after training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = NanoporosityNet(n_classes, NetworkConfig((6,) * 7, **config))
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0, bias)
        net.train()
        for _ in range(20):
            net(torch.rand(4, 1, 128, 128))  # running statistics
    return net.eval()


def maps(n: int = 3, seed: int = 0, unhydrated: bool = False) -> np.ndarray:
    """Porosity maps without a zero, or with one fifth of it unhydrated (0)."""
    rng = np.random.default_rng(seed)
    images = np.clip(0.3 + 0.15 * rng.normal(size=(n, 128, 128)), 0.02, 1)
    if unhydrated:
        grains = np.array([gaussian_filter(rng.normal(size=(128, 128)), 8) for _ in range(n)])
        images[grains > np.quantile(grains, 0.8)] = 0
    return images.astype(np.float32)


def relative_l1(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs(found - true).sum() / np.abs(true).sum())


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("padding", ["zeros", "replicate"])
@pytest.mark.parametrize("head", ["gap", "flatten"])
@pytest.mark.parametrize("rule", ["zplus", "zbox"])
@pytest.mark.parametrize("unhydrated", [False, True])
def test_relevance_is_conserved_and_not_negative(
    pooling: str, padding: str, head: str, rule: str, unhydrated: bool
) -> None:
    net = trained_like(pooling=pooling, padding=padding, head=head, input_size=128)
    found = explain(net, maps(2, unhydrated=unhydrated), input_rule=rule)
    np.testing.assert_allclose(found.conservation, 1, atol=1e-4)
    np.testing.assert_allclose(found.raw_sum, found.output, rtol=1e-4)
    np.testing.assert_allclose(found.relevance.sum((1, 2), dtype=np.float64), 1, rtol=1e-5)
    assert found.relevance.dtype == np.float32
    assert found.relevance.min() >= 0


class ForCaptum(nn.Module):
    """The fused network without the modules that captum has no rule for."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        leaves = [module for module in fused_copy(net).modules() if not list(module.children())]
        skip = nn.Identity | nn.Flatten
        self.layers = nn.Sequential(*[leaf for leaf in leaves if not isinstance(leaf, skip)][:-1])
        self.last = leaves[-1]
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.rule = Alpha1_Beta0_Rule(set_bias_to_zero=True)

    def forward(self, images: Tensor) -> Tensor:
        return self.last(self.layers(images).flatten(1))


def captum_lrp(net: nn.Module, images: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Explain with captum's alpha1-beta0 rule, biases out, and sum 1."""
    batch = torch.as_tensor(images)[:, None].requires_grad_()
    found = LRP(ForCaptum(net)).attribute(batch, target=torch.as_tensor(target))
    values = found[:, 0].detach().numpy().astype(float)
    return values / values.sum((1, 2), keepdims=True)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_agrees_with_captum(pooling: str) -> None:
    # captum, too, loses what is undefined
    net = trained_like(seed=3, pooling=pooling)
    images = maps(2, seed=5, unhydrated=True)
    found = explain(net, images, undefined="drop")
    true = captum_lrp(net, images, found.target)
    for one, other in zip(found.relevance, true, strict=True):
        assert relative_l1(one, other) < 1e-4


def dense(layer: nn.Module, shape: tuple[int, ...]) -> np.ndarray:
    """Matrix (outputs, inputs) of a layer without its bias, one unit input at a time."""
    layer = copy.deepcopy(layer)
    if getattr(layer, "bias", None) is not None:
        layer.bias.data.zero_()
    size = int(np.prod(shape))
    columns = layer(torch.eye(size, dtype=torch.float64).reshape(size, *shape))
    return columns.detach().reshape(size, -1).T.numpy()


@pytest.mark.parametrize("rule", ["zplus", "zbox"])
def test_agrees_with_a_dense_sum_over_all_pairs(rule: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        net = nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(3, 4, 3, padding=1, stride=2),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(4 * 2 * 2, 2),
        ).double()
    image = np.random.default_rng(0).uniform(0.1, 1, (8, 8)).astype(np.float32)
    activations, matrices = [], []
    a = torch.as_tensor(image, dtype=torch.float64)[None, None]
    for layer in net:
        if not isinstance(layer, nn.ReLU | nn.Flatten):
            activations.append(a.detach().numpy().ravel())
            matrices.append(dense(layer, tuple(a.shape[1:])))
        a = layer(a)
    relevance = np.array([0.0, 1.0])
    for depth in reversed(range(4)):
        x, weights = activations[depth], matrices[depth]
        if depth == 0 and rule == "zbox":
            terms = weights * x - np.minimum(weights, 0) * 1.0 - np.maximum(weights, 0) * 0.0
        else:
            terms = np.maximum(weights, 0) * x
        total = terms.sum(1, keepdims=True)
        shares = np.divide(terms, total, out=np.zeros_like(terms), where=total > 0)
        relevance = (shares * relevance[:, None]).sum(0)
    found = explain(net, image[None], target=1, input_rule=rule, undefined="drop")
    assert relative_l1(found.relevance[0].ravel(), relevance / relevance.sum()) < 2e-5
    assert found.conservation[0] == pytest.approx(relevance.sum(), abs=2e-5)


def test_units_fired_by_their_bias_alone() -> None:
    # by hand: where the image is 0 the unit's activation is its bias. "drop" loses what it gets;
    # "spread" gives it to the pixels it sees by its positive weights (1, 3)
    conv = nn.Conv2d(1, 1, (1, 2))
    conv.weight.data = torch.tensor([[[[1.0, 3.0]]]])
    conv.bias.data = torch.tensor([1.0])
    linear = nn.Linear(2, 1)
    linear.weight.data = torch.tensor([[1.0, 1.0]])
    net = nn.Sequential(conv, nn.ReLU(), nn.Flatten(), linear)
    image = np.array([[[0.0, 0.0, 1.0]]], np.float32)  # units: 1 (bias only), 1 + 3
    lost = explain(net, image, undefined="drop")
    np.testing.assert_allclose(lost.relevance[0, 0], [0, 0, 1], atol=1e-6)
    assert lost.conservation[0] == pytest.approx(4 / 5, abs=1e-5)
    assert lost.undefined[0] == 0
    kept = explain(net, image, undefined="spread")
    np.testing.assert_allclose(kept.relevance[0, 0], [0.05, 0.15, 0.8], atol=1e-5)
    assert kept.conservation[0] == pytest.approx(1, abs=1e-5)
    assert kept.undefined[0] == pytest.approx(1 / 5, abs=1e-5)


def test_spread_and_drop_are_one_where_nothing_is_undefined() -> None:
    net = trained_like(bias=0.0)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.zero_()
            module.bias.data.zero_()
    images = maps()
    spread, drop = (explain(net, images, undefined=how) for how in ("spread", "drop"))
    assert relative_l1(spread.relevance, drop.relevance) < 1e-4
    np.testing.assert_allclose(drop.conservation, 1, atol=1e-4)


def test_negative_output_gives_the_same_positive_map() -> None:
    net = trained_like()
    images = maps(2)
    up = explain(net, images, target=1)
    net.head[2].bias.data[1] -= 100.0  # the bias takes no part in the rule
    down = explain(net, images, target=1)
    assert down.output.max() < 0
    assert down.raw_sum.max() < 0
    np.testing.assert_array_equal(down.relevance, up.relevance)
    np.testing.assert_allclose(down.conservation, 1, atol=1e-4)


def test_targets() -> None:
    net = trained_like()
    images = maps(4)
    with torch.no_grad():
        logits = net(torch.as_tensor(images)[:, None]).double().numpy()
    free = explain(net, images, batch_size=3)
    np.testing.assert_array_equal(free.target, logits.argmax(1))
    np.testing.assert_array_equal(free.predicted, logits.argmax(1))
    np.testing.assert_allclose(free.output, logits.max(1), atol=1e-5)
    wanted = np.array([0, 1, 2, 0])
    each = explain(net, images, wanted)
    np.testing.assert_array_equal(each.target, wanted)
    np.testing.assert_allclose(each.output, logits[np.arange(4), wanted], atol=1e-5)
    alone = explain(net, images[1:2], 1)
    assert relative_l1(each.relevance[1], alone.relevance[0]) < 1e-5


def test_unit_scale_of_the_last_layer_does_not_matter() -> None:
    net = trained_like()
    before = explain(net, maps(1), 0)
    net.head[2].weight.data *= 7.0
    after = explain(net, maps(1), 0)
    assert relative_l1(after.relevance, before.relevance) < 1e-4


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    image=arrays(np.float32, (8, 8), elements=st.floats(0, 1, width=32)),
    seed=st.integers(0, 50),
    rule=st.sampled_from(["zplus", "zbox"]),
)
def test_any_image_is_conserved(image: np.ndarray, seed: int, rule: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = NanoporosityNet(2, NetworkConfig((4, 4), input_size=8))
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.bias)
                nn.init.normal_(module.running_mean)
    found = explain(net, image[None], input_rule=rule)
    assert found.relevance.min() >= 0
    assert found.conservation[0] == pytest.approx(1, abs=2e-4)


class Functional(nn.Module):
    """A user's network in another order than its modules, with strides and one functional pool."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(5, 4)
        self.late = nn.Conv2d(6, 5, 3, bias=False)
        self.norm = nn.BatchNorm2d(5)
        self.early = nn.Conv2d(1, 6, 5, stride=2, groups=1)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, images: Tensor) -> Tensor:
        a = torch.max_pool2d(torch.relu(self.early(images)), 2)
        return self.out(self.pool(torch.relu(self.norm(self.late(a)))).flatten(1))


def test_any_torch_network_is_explained_and_left_as_it_is() -> None:
    net = Functional().double().train()
    # a functional ReLU hands nothing on to a channel that is dead everywhere: keep all alive,
    # those that see nothing but zeros included
    nn.init.constant_(net.early.bias, 0.1)
    nn.init.constant_(net.norm.bias, 2.0)
    images = maps(3)[:, :40, :50]
    before = copy.deepcopy(net.state_dict())
    modules = list(net.modules())
    found = explain(net, images, input_rule="zbox")
    np.testing.assert_allclose(found.conservation, 1, atol=1e-4)
    # the box rule acted on the layer that runs first: pixels at their lower bound still count
    assert explain(net, np.zeros((1, 40, 50), np.float32), input_rule="zbox").relevance.max() > 0
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert net.training
    assert list(net.modules()) == modules
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in modules)
    assert all(p.requires_grad and p.grad is None for p in net.parameters())


def test_no_evidence_at_all_gives_zeros_when_dropped() -> None:
    net = trained_like()
    net.head[2].weight.data.fill_(-1.0)
    found = explain(net, maps(1), 0, undefined="drop")
    assert found.conservation[0] == 0
    assert found.relevance.max() == 0
    assert explain(net, maps(1), 0).undefined[0] >= 1 - 1e-6


def test_progress_and_cancelling() -> None:
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int, message: str = "", metrics: object = None) -> None:
        seen.append((done, total))
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        explain(trained_like(), maps(5), batch_size=1, progress=progress)
    assert seen == [(1, 5), (2, 5)]


def broken(value: float) -> np.ndarray:
    images = maps(2)
    images[1, 3, 4] = value
    return images


@pytest.mark.parametrize(
    ("images", "options", "sentence"),
    [
        (maps(1), {"engine": "magic"}, "engine 'magic' is unknown"),
        (maps(1), {"input_rule": "gamma"}, "input rule 'gamma'"),
        (maps(1), {"undefined": "maybe"}, "0/0 'maybe'"),
        (maps(1), {"batch_size": 0}, "batch size is 0"),
        (maps(1), {"target": 3}, "from 0 to 2"),
        (maps(1), {"target": 0.5}, "whole number"),
        (maps(2), {"target": [0, 1, 2]}, "one whole number or 2"),
        (maps(1)[:0], {}, "no images"),
        (maps(1)[:, :64], {}, "at least 128"),
        (broken(np.nan), {}, "Map 1 holds values that are not numbers"),
        (broken(1.5), {"input_rule": "zbox"}, "from 0 to 1"),
        ([maps(1)[0], np.ones((128, 130), np.float32)], {"batch_size": 1}, "one size"),
        (maps(2)[None], {}, "2 channel"),
    ],
)
def test_bad_input_is_one_sentence(
    images: object, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(NpmError, match=sentence):
        explain(trained_like(), images, **options)


def test_zennit_imports_beside_a_torchvision_without_its_operators() -> None:
    # a stand-in for a torchvision of another build: it fails until its operators are defined
    code = """
import sys, types, importlib.abc, importlib.util
class Loader(importlib.abc.Loader):
    tries = 0
    def create_module(self, spec): return None
    def exec_module(self, module):
        import torch
        Loader.tries += 1
        try:
            torch.ops.torchvision.nms.default
        except AttributeError:
            raise RuntimeError("operator torchvision::nms does not exist") from None
        raise SystemExit(f"defined after {Loader.tries} tries")
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "torchvision":
            return importlib.util.spec_from_loader(name, Loader())
sys.meta_path.insert(0, Finder())
import napari_npm.core._zennit
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "defined after 2 tries" in done.stderr, done.stderr


def test_result_names_what_was_done() -> None:
    found = explain(trained_like(), maps(1), input_rule="zbox", undefined="drop")
    assert isinstance(found, Explanation)
    assert (found.engine, found.input_rule, found.undefined_rule) == ("fused", "zbox", "drop")


def test_an_explainer_gives_what_explain_gives_again_and_again() -> None:
    net = trained_like()
    explainer = Explainer(net, input_rule="zbox", undefined="drop", batch_size=2)
    for number in (1, 3):
        images = maps(number)
        again = explainer(images, 1)
        once = explain(net, images, 1, input_rule="zbox", undefined="drop", batch_size=2)
        np.testing.assert_array_equal(again.relevance, once.relevance)
        np.testing.assert_array_equal(again.conservation, once.conservation)
    wide = np.concatenate([maps(1), maps(1, seed=1)], axis=2)
    assert explainer(wide).relevance.shape == (1, 128, 256)
