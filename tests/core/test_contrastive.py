"""The contrastive rule against the same sums written out by automatic differentiation."""

import numpy as np
import pytest
import torch

from napari_npm.core import NpmError
from napari_npm.core._contrastive import ContrastiveEngine
from napari_npm.core.network import NanoporosityNet, NetworkConfig, fused_copy
from napari_npm.core.relevance import explain

SIZE = 32
WIDTHS = (3, 4, 5, 6, 4)


def network(pooling="average", padding="zeros", head="gap", seed=0, channels=1, widths=WIDTHS):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = NetworkConfig(widths, pooling, padding, head, SIZE, channels)
        model = NanoporosityNet(3, config)
        model.train()
        model(torch.rand(8, channels, SIZE, SIZE))
    return model.double().eval()


def images(n=2, seed=1):
    return np.random.default_rng(seed).uniform(0.05, 1, (n, SIZE, SIZE)).astype(np.float32)


def written_out(model, maps, starts, cut=2):
    """Activation times slope behind `cut` blocks, then z+ layer by layer, all by autograd."""
    net = fused_copy(model).requires_grad_(False)
    values = torch.as_tensor(maps, dtype=torch.float64)[:, None]
    layers = []
    for block in list(net.blocks)[:cut]:
        active = block[0](values).relu()
        layers.append((values, block[0], active, block[3]))
        values = block[3](active)
    features = values.requires_grad_()
    score = (net.head(torch.nn.Sequential(*list(net.blocks)[cut:])(features)) * starts).sum()
    (slope,) = torch.autograd.grad(score, features)
    relevance = (features * slope).clamp(min=0).detach()
    relevance = relevance / relevance.sum((1, 2, 3), keepdim=True)
    for inputs, conv, active, pooling in reversed(layers):
        seen = active.detach().requires_grad_()
        pooled = pooling(seen)
        (slope,) = torch.autograd.grad(pooled, seen, relevance / pooled.detach().clamp(min=1e-300))
        relevance = seen.detach() * slope
        conv.weight.clamp_(min=0)
        conv.bias.zero_()
        seen = inputs.detach().requires_grad_()
        reach = conv(seen)
        (slope,) = torch.autograd.grad(reach, seen, relevance / reach.detach().clamp(min=1e-300))
        relevance = seen.detach() * slope
    return relevance[:, 0].numpy()


@pytest.mark.parametrize("padding", ["zeros", "replicate"])
@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("head", ["gap", "flatten"])
def test_it_is_the_sum_written_out(pooling, padding, head):
    model, maps = network(pooling, padding, head), images()
    found = explain(model, maps, 1, rule="contrastive")
    others = torch.tensor([-0.5, 1.0, -0.5], dtype=torch.float64)
    true = written_out(model, maps, others)
    assert np.abs(found.relevance - true).sum((1, 2)).max() < 1e-4
    assert found.conservation == pytest.approx(1, abs=1e-5)
    assert (found.engine, found.rule) == ("fused", "contrastive")
    assert found.output == pytest.approx(
        (model(torch.as_tensor(maps, dtype=torch.float64)[:, None]).detach() @ others).numpy()
    )


@pytest.mark.parametrize(("blocks", "cut"), [(4, 2), (3, 1), (2, 1), (1, 0)])
def test_it_starts_half_way_up_a_shorter_network(blocks, cut):
    model, maps = network(widths=WIDTHS[:blocks]), images()
    found = explain(model, maps, 1, rule="contrastive")
    others = torch.tensor([-0.5, 1.0, -0.5], dtype=torch.float64)
    true = written_out(model, maps, others, cut)
    assert np.abs(found.relevance - true).sum((1, 2)).max() < 1e-4


def test_of_the_usual_seven_blocks_three_are_below():
    engine = ContrastiveEngine(NanoporosityNet(3).eval(), "zplus", "spread", torch.float32)
    assert (engine.cut, len(engine.upper)) == (3, 5)


@pytest.mark.parametrize("side", [5, 9, 14, 20])
def test_what_meets_nothing_but_biases_is_spread_and_told(side):
    """As inside unhydrated cement, where the rule is 0/0: all arrives, or is known to be lost."""
    model, maps = network(), images(4)
    assert not explain(model, maps, 1, rule="contrastive").undefined.any()
    maps[:, 3 : 3 + side, 6 : 6 + side] = 0
    found = explain(model, maps, 1, rule="contrastive")
    assert found.conservation == pytest.approx(1, abs=1e-4)
    beside = explain(model, maps, 1, rule="contrastive", difference=True)
    assert beside.undefined == pytest.approx(found.undefined, abs=1e-6)
    dropped = explain(model, maps, 1, rule="contrastive", undefined="drop")
    assert not dropped.undefined.any()
    lost = 1 - dropped.conservation
    assert lost.max() > 1e-4
    assert found.undefined == pytest.approx(lost, abs=0.1 * lost.max() + 1e-4)


def test_short_numbers_change_little_and_are_not_taken_for_losses():
    model, maps = network("max").float(), images()
    true = explain(model, maps, rule="contrastive")
    found = explain(model, maps, rule="contrastive", precision="bfloat16")
    assert 0 < np.abs(found.relevance - true.relevance).sum((1, 2)).max() < 0.05
    assert found.conservation == pytest.approx(1, abs=0.02)
    assert not found.undefined.any()


def test_each_class_has_its_own_slope_in_the_difference():
    model, maps = network(), images()
    alone = [explain(model, maps, k, rule="contrastive").relevance for k in range(3)]
    found = explain(model, maps, 2, rule="contrastive", difference=True)
    assert np.abs(found.relevance - alone[2]).max() < 1e-7
    assert np.abs(found.difference - (alone[2] - (alone[0] + alone[1]) / 2)).max() < 1e-6


def test_a_class_is_compared_with_the_one_named():
    model, maps = network(), images()
    found = explain(model, maps, 1, against=0, rule="contrastive")
    true = written_out(model, maps, torch.tensor([-1.0, 1.0, 0.0], dtype=torch.float64))
    assert np.abs(found.relevance - true).sum((1, 2)).max() < 1e-4
    assert np.abs(found.relevance - explain(model, maps, 1, rule="contrastive").relevance).max() > 0


def test_it_depends_on_the_class_where_the_papers_rule_hardly_does():
    model, maps = network("max"), images(4)

    def likeness(rule):
        one, other = (explain(model, maps, k, rule=rule).relevance.ravel() for k in (0, 1))
        return np.corrcoef(one, other)[0, 1]

    assert likeness("contrastive") < likeness("alpha1-beta0") - 0.1


def test_what_says_nothing_for_the_class_gives_zeros():
    model = network()
    with torch.no_grad():
        model.head[2].weight[:] = 1  # no feature tells the classes apart
    found = explain(model, images(), 2, rule="contrastive")
    assert not found.relevance.any()
    assert np.isfinite(found.conservation).all()


def test_it_averages_compares_and_reads_channels():
    model = network(channels=2)
    maps = np.random.default_rng(2).uniform(0, 1, (2, 2, SIZE, SIZE)).astype(np.float32)
    found = explain(model, maps, rule="contrastive", average="d4", difference=True)
    assert found.relevance.sum((1, 2)) == pytest.approx(1, abs=1e-5)
    assert found.channel_share.sum(1) == pytest.approx(1)
    assert np.abs(found.difference.sum((1, 2))).max() < 1e-4


def test_the_network_is_left_as_it_is():
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    explain(model, images(), rule="contrastive")
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(one.grad is None and one.requires_grad for one in model.parameters())


def test_other_networks_and_zennit_get_a_sentence():
    wide = 2 * (SIZE - 2) ** 2
    layers = torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(wide, 2)
    other = torch.nn.Sequential(*layers)
    with pytest.raises(NpmError, match="networks of this package only"):
        explain(other, images(), rule="contrastive")
    with pytest.raises(NpmError, match="use the engine"):
        explain(network(), images(), rule="contrastive", engine="zennit")
