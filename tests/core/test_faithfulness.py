"""Likeness of maps, randomised layers, classes, seeds and noise."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from torch import nn

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.faithfulness import (
    MEASURES,
    agreement,
    class_sensitivity,
    likeness,
    noise_stability,
    parameter_randomisation,
)
from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.core.regions import characteristic_regions
from napari_npm.core.relevance import Explainer


@pytest.fixture
def images(rng):
    return rng.random((3, 32, 32), np.float32)


def small_net(seed=0, **options):
    torch.manual_seed(seed)
    return NanoporosityNet(3, NetworkConfig(widths=(4, 6, 6), input_size=32, **options)).eval()


def itself(batch, target):
    """Explain a map by itself, whatever network or class."""
    return np.asarray(batch)


def test_likeness_agrees_with_scipy_and_the_regions(rng):
    first = rng.integers(0, 6, (4, 12, 12)).astype(np.float32)
    second = first + rng.random((4, 12, 12), np.float32)
    found = likeness(first, second)
    for i in range(4):
        one, other = first[i].ravel(), second[i].ravel()
        assert found.pearson[i] == pytest.approx(pearsonr(one, other).statistic, abs=1e-6)
        assert found.spearman[i] == pytest.approx(spearmanr(one, other).statistic, abs=1e-6)
    distinct = rng.random((2, 12, 12), np.float32)
    a, b = (characteristic_regions(one).mask for one in distinct)
    expected = np.count_nonzero(a & b) / np.count_nonzero(a | b)
    assert likeness(distinct[:1], distinct[1:]).iou == pytest.approx(expected)
    a, b = (characteristic_regions(one, 0.2).mask for one in distinct)
    expected = np.count_nonzero(a & b) / np.count_nonzero(a | b)
    assert likeness(distinct[:1], distinct[1:], share=0.2).iou == pytest.approx(expected)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10))
def test_likeness_is_symmetric_and_blind_to_scale(seed, scale):
    rng = np.random.default_rng(seed)
    first, second = rng.random((2, 3, 8, 8), np.float32)
    found, turned = likeness(first, second), likeness(np.float32(scale) * second, first)
    alike = likeness(first, np.float32(scale) * first)
    for measure in MEASURES:
        np.testing.assert_allclose(found.of(measure), turned.of(measure), atol=0.02)
        np.testing.assert_allclose(alike.of(measure), 1, atol=0.02)


def test_unrelated_maps_are_unlike_and_inverse_ones_negative(rng):
    first, second = rng.random((2, 1, 200, 200), np.float32)
    found = likeness(first, second)
    assert abs(found.pearson[0]) < 0.025
    assert abs(found.spearman[0]) < 0.025
    area = characteristic_regions(first[0]).area_fraction
    assert found.iou[0] == pytest.approx(area / (2 - area), abs=0.02)
    inverse = likeness(first, 1 - first)
    assert inverse.pearson[0] == pytest.approx(-1, abs=1e-5)
    assert inverse.spearman[0] == pytest.approx(-1, abs=1e-5)


def test_likeness_of_maps_without_contrast_or_relevance_is_not_defined(rng):
    flat, none = np.full((1, 8, 8), 0.1, np.float32), np.zeros((1, 8, 8), np.float32)
    other = rng.random((1, 8, 8), np.float32)
    for one in (flat, none):
        found = likeness(one, other)
        assert np.isnan([found.pearson[0], found.spearman[0]]).all()
    assert np.isnan(likeness(none, other).iou[0])
    assert 0 < likeness(flat, other).iou[0] < 1


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        (np.ones((1, 4, 4)), np.ones((2, 4, 4)), 0.7),
        (np.ones((4, 4)), np.ones((4, 4)), 0.7),
        (np.full((1, 4, 4), np.nan), np.ones((1, 4, 4)), 0.7),
        (np.ones((1, 4, 4)), np.ones((1, 4, 4)), 1.0),
    ],
)
def test_likeness_refuses_what_cannot_be_compared(first, second, share):
    with pytest.raises(NpmError):
        likeness(first, second, share=share)


def test_randomised_layers_change_what_depends_on_them_and_nothing_else(images):
    network = small_net()

    def first_layer_only(one):
        """Relevance that only the first convolution decides about."""
        conv = copy.deepcopy(one).blocks[0][0]

        def maps(batch, target):
            with torch.no_grad():
                return conv(torch.as_tensor(np.asarray(batch))[:, None]).abs().sum(1).numpy()

        return maps

    def ignorant(one):
        return itself

    found = parameter_randomisation(network, images, first_layer_only, mode="independent")
    assert found.layers == ("head.2", "blocks.2.0", "blocks.1.0", "blocks.0.0")
    assert found.likeness.pearson.shape == (4, 3)
    np.testing.assert_allclose(found.likeness.pearson[:3], 1, atol=1e-5)
    assert (found.likeness.pearson[3] < 0.99).all()
    np.testing.assert_allclose(found.likeness.iou[:3], 1)
    found = parameter_randomisation(network, images, ignorant)
    for measure in MEASURES:
        np.testing.assert_allclose(found.likeness.of(measure), 1, atol=1e-5)


@pytest.mark.parametrize("mode", ["cascading", "independent"])
def test_randomising_lowers_the_likeness_of_relevance_and_spares_the_network(images, mode):
    network = small_net().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    seen = []
    found = parameter_randomisation(
        network,
        images,
        Explainer,
        mode=mode,
        draws=2,
        progress=lambda *said: seen.append(said[:2]),
    )
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert seen == [(number, 8) for number in range(1, 9)]
    assert found.mode == mode
    mean = np.nanmean(found.likeness.pearson, axis=1)
    assert mean[-1] < mean[0] - 0.05
    again = parameter_randomisation(network, images, Explainer, mode=mode, draws=2)
    np.testing.assert_array_equal(again.likeness.pearson, found.likeness.pearson)
    other = parameter_randomisation(network, images, Explainer, mode=mode, draws=2, seed=1)
    assert not np.array_equal(other.likeness.pearson, found.likeness.pearson)


def test_both_modes_draw_the_same_layers_and_measure_their_norms(images):
    network = small_net()
    with torch.no_grad():  # as if trained, far from what a new norm begins with
        network.blocks[1][1].running_mean.add_(50)
        network.blocks[1][1].bias.add_(3)
    drawn = {"cascading": [], "independent": []}
    for mode, seen in drawn.items():

        def keep(one, seen=seen):
            seen.append(one)
            return itself

        parameter_randomisation(network, images, keep, mode=mode)
    for step, layer in enumerate(("head.2", "blocks.2.0", "blocks.1.0", "blocks.0.0"), start=1):
        weights = [seen[step].get_submodule(layer).weight for seen in drawn.values()]
        assert torch.equal(*weights)
        assert not torch.equal(weights[0], network.get_submodule(layer).weight)
    alone, together = drawn["independent"][3], drawn["cascading"][4]
    assert torch.equal(alone.head[2].weight, network.head[2].weight)
    assert not torch.equal(together.head[2].weight, network.head[2].weight)
    for one, block in ((alone, 1), (together, 0), (together, 2)):
        inputs = torch.as_tensor(images)[:, None]
        with torch.no_grad():
            reached = one.blocks[block][0](one.blocks[:block](inputs))
        norm = one.blocks[block][1]
        assert not norm.training
        # while they are measured, norms below divide by n and not by n - 1
        torch.testing.assert_close(norm.running_mean, reached.mean((0, 2, 3)), rtol=0.01, atol=2e-3)
        assert norm.momentum == network.blocks[block][1].momentum
        assert (norm.bias == 0).all()


def test_networks_without_norms_or_with_weights_of_their_own_are_drawn_anew(images):
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(torch.arange(4.0))

        def forward(self, values):
            return values * self.factor

    network = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        Scale(),
        nn.Linear(4, 2),
    )
    seen = []

    def keep(one):
        seen.append(one)
        return itself

    found = parameter_randomisation(network, images[:1], keep, mode="independent")
    assert found.layers == ("5", "4", "0")
    factor = seen[2][4].factor.detach()
    assert sorted(factor.tolist()) == [0, 1, 2, 3]
    with pytest.raises(NpmError, match="no layer"):
        parameter_randomisation(nn.Flatten(), images, keep, 0)
    with pytest.raises(NpmError, match="sideways"):
        parameter_randomisation(network, images, keep, mode="sideways")
    with pytest.raises(NpmError, match="one image"):
        parameter_randomisation(network, images[:0], keep)


def test_classes_that_are_told_apart_and_classes_that_are_not(images):
    def apart(batch, target):
        maps = np.zeros((len(batch), 32, 32))
        for number, one in enumerate(target):
            maps[number, 8 * one : 8 * one + 8] = 1
        return maps

    found = class_sensitivity(apart, images, 3, batch_size=2)
    assert found.pairs == ((0, 1), (0, 2), (1, 2))
    np.testing.assert_array_equal(found.likeness.iou, np.zeros((3, 3)))
    assert (found.likeness.pearson < 0).all()
    blind = class_sensitivity(itself, images, (2, 0))
    for measure in MEASURES:
        np.testing.assert_allclose(blind.likeness.of(measure), np.ones((1, 3)), atol=1e-5)
    np.testing.assert_allclose(found.matrix("iou"), np.eye(3))
    for bad in (1, (2,)):
        with pytest.raises(NpmError, match="two classes"):
            class_sensitivity(apart, images, bad)


def test_agreement_over_seeds_is_one_for_the_same_and_chance_for_random_maps(rng):
    maps = rng.random((3, 2, 64, 64), np.float32)
    found = agreement([maps[0], maps[0], maps[1], maps[2]])
    assert found.pairs[0] == (0, 1)
    for measure in MEASURES:
        np.testing.assert_allclose(found.likeness.of(measure)[0], 1, atol=1e-5)
    assert np.abs(found.likeness.pearson[1:]).max() < 0.1
    matrix = found.matrix("pearson")
    assert matrix.shape == (4, 4)
    np.testing.assert_allclose(matrix, matrix.T)
    np.testing.assert_allclose(matrix[0, 1], 1, atol=1e-5)
    np.testing.assert_allclose(found.of_images("iou"), found.likeness.iou.mean(0))
    with pytest.raises(NpmError, match="several seeds"):
        agreement(maps[:1])


def test_noise_lowers_likeness_as_it_should(rng):
    """The image explained by itself: its correlation with itself and noise is known."""
    images = (0.5 + 0.05 * rng.normal(size=(3, 64, 64))).astype(np.float32)
    found = noise_stability(itself, images, sigma=(0.0, 0.05, 0.1), draws=2)
    assert found.likeness.pearson.shape == (3, 3)
    np.testing.assert_allclose(found.likeness.pearson[0], 1, atol=1e-5)
    for number, sigma in ((1, 0.05), (2, 0.1)):
        expected = 0.05 / np.hypot(0.05, sigma)
        np.testing.assert_allclose(found.likeness.pearson[number], expected, atol=0.03)
    assert (found.likeness.iou[2] < found.likeness.iou[1]).all()
    alone = noise_stability(itself, images, sigma=0.05, draws=2, batch_size=1)
    np.testing.assert_allclose(alone.likeness.pearson, found.likeness.pearson[1:2], atol=1e-6)


def test_noise_keeps_the_class_and_the_range(images):
    seen = []

    def explain(batch, target):
        seen.append((batch.min(), batch.max(), target))
        return Explainer(network)(batch, target)

    network = small_net()
    found = noise_stability(explain, images, sigma=0.5, draws=1)
    assert found.likeness.pearson.shape == (1, 3)
    assert seen[0][2] is None
    predicted = Explainer(network)(images).target
    np.testing.assert_array_equal(seen[1][2], predicted)
    assert seen[1][0] >= 0
    assert seen[1][1] <= 1
    for options, words in (({"sigma": -1.0}, "0 or more"), ({"draws": 0}, "one draw")):
        with pytest.raises(NpmError, match=words):
            noise_stability(explain, images, **options)


def test_long_work_can_be_stopped(images):
    def stop(done, total, message="", metrics=None):
        raise Cancelled

    with pytest.raises(Cancelled):
        noise_stability(itself, images, progress=stop)
    with pytest.raises(Cancelled):
        class_sensitivity(itself, images, 2, progress=stop)
    with pytest.raises(Cancelled):
        parameter_randomisation(small_net(), images, lambda _: itself, progress=stop)
