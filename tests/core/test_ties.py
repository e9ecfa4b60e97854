"""Max pooling that shares among equal winners."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from napari_npm.core import NanoporosityNet, explain
from napari_npm.core._ties import SharedMaxPool, share_ties


@given(st.integers(0, 1000), st.sampled_from([(2, 2), (3, 1), (2, 3)]))
def test_shares_equally_and_keeps_the_sum(seed: int, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 3, (2, 3, 7, 8)).astype(np.float64)
    images = torch.tensor(values, requires_grad=True)
    pooled = SharedMaxPool(size)(images)
    assert torch.equal(pooled, nn.functional.max_pool2d(images, size))
    arriving = torch.tensor(rng.random(pooled.shape))
    (handed,) = torch.autograd.grad(pooled, images, arriving)
    expected = np.zeros_like(values)
    for index in np.ndindex(*pooled.shape):
        n, c, row, col = index
        rows = slice(row * size[0], (row + 1) * size[0])
        cols = slice(col * size[1], (col + 1) * size[1])
        window = values[n, c, rows, cols]
        winners = window == window.max()
        expected[n, c, rows, cols] = winners * float(arriving[index]) / winners.sum()
    np.testing.assert_allclose(handed.numpy(), expected, rtol=1e-12)


def test_only_poolings_that_are_alike_are_replaced() -> None:
    poolings = [
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 2),
        nn.MaxPool2d(2, padding=1),
        nn.MaxPool2d(2, ceil_mode=True),
    ]
    network = nn.Sequential(*copy.deepcopy(poolings))
    share_ties(network)
    kinds = [type(module).__name__ for module in network]
    assert kinds == ["SharedMaxPool", "MaxPool2d", "MaxPool2d", "MaxPool2d"]


@pytest.mark.parametrize(("undefined", "even"), [("spread", True), ("drop", False)])
def test_no_grid_inside_a_flat_grain(undefined: str, even: bool) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = NanoporosityNet(2)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.bias, 0.5)
    image = np.full((1, 384, 384), 0.25, np.float32)
    found = explain(network, image, 0, undefined=undefined).relevance[0]
    # inside a flat image the four places of a 2 x 2 window are alike
    inside = found[128:256, 128:256].reshape(64, 2, 64, 2).sum((0, 2))
    assert (np.ptp(inside) < 0.02 * inside.mean()) == even
