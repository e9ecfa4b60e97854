"""Deletion and insertion, held against networks whose curves are known by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.faithfulness import deletion_insertion


@pytest.fixture
def linear(rng):
    """A linear network of 12x8 px, images, and what each pixel adds beyond the image's mean."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(96, 3)).double()
    images = rng.random((4, 12, 8), np.float32)
    weights = network[1].weight.detach().numpy().reshape(3, 12, 8)
    return network, images, weights


def added(images, weights, target):
    return weights[target] * (images - images.mean((1, 2), keepdims=True))


def test_deletion_of_a_linear_network_is_the_sum_of_what_is_left(linear):
    network, images, weights = linear
    relevance = added(images, weights, 1)
    found = deletion_insertion(
        network, images, relevance, 1, block_px=1, steps=8, fill="mean", measure="logit", orders=2
    )
    np.testing.assert_allclose(found.share, np.arange(9) / 8)
    bias = network[1].bias[1].item()
    falling = -np.sort(-relevance.reshape(4, -1), axis=1)
    flat = bias + (weights[1] * images.mean((1, 2), keepdims=True)).sum((1, 2))
    for step, count in enumerate(range(0, 97, 12)):
        left = flat + falling[:, count:].sum(1)
        given = flat + falling[:, :count].sum(1)
        np.testing.assert_allclose(found.deletion[:, step], left, atol=1e-6)
        np.testing.assert_allclose(found.insertion[:, step], given, atol=1e-6)
    assert (found.deletion_gain > 0).all()
    assert (found.insertion_gain > 0).all()
    # pixels add up, so that random blocks fall on a straight line on average
    many = deletion_insertion(
        network, images, relevance, 1, block_px=1, steps=8, fill="mean", measure="logit", orders=400
    )
    total = relevance.sum((1, 2))[:, None]
    spread = relevance.reshape(4, -1).std(1)[:, None] * np.sqrt(96)
    deleted = flat[:, None] + (1 - found.share) * total
    given = flat[:, None] + found.share * total
    assert (np.abs(many.deletion_random - deleted) < 0.15 * spread).all()
    assert (np.abs(many.insertion_random - given) < 0.15 * spread).all()


def test_blocks_are_ranked_by_mean_relevance_and_replaced_as_a_whole(linear):
    network, images, weights = linear
    relevance = added(images, weights, 0)
    # blocks of 5 px: 3 x 2 of them, those at the lower and right edge smaller
    found = deletion_insertion(
        network, images, relevance, 0, block_px=5, steps=6, fill="mean", measure="logit"
    )
    rows, columns = np.indices((12, 8)) // 5
    block = rows * 2 + columns
    for i, one in enumerate(relevance):
        order = np.argsort([-one[block == b].mean() for b in range(6)])
        left = one.astype(float)
        for step, b in enumerate(order):
            left = np.where(block == b, 0, left)
            expected = found.deletion[i, 0] - (one - left).sum()
            assert found.deletion[i, step + 1] == pytest.approx(expected, abs=1e-6)


def test_random_insertion_is_random_deletion_from_the_other_end(linear):
    network, images, weights = linear
    relevance = added(images, weights, 2)
    found = deletion_insertion(network, images, relevance, block_px=2, steps=7, orders=3)
    assert found.random.shape == (4, 3, 8)
    np.testing.assert_array_equal(found.insertion_random, found.random.mean(1)[:, ::-1])
    # whole and filled maps are the ends of every curve
    for curves in (found.deletion_random, found.insertion[:, ::-1], found.random[:, 0]):
        np.testing.assert_allclose(curves[:, [0, -1]], found.deletion[:, [0, -1]])


def test_probability_is_the_softmax_and_the_class_followed_the_predicted_one(linear):
    network, images, weights = linear
    logits = network(torch.as_tensor(images, dtype=torch.double)).detach()
    found = deletion_insertion(network, images, added(images, weights, 0), block_px=2, steps=4)
    np.testing.assert_array_equal(found.target, logits.argmax(1))
    expected = torch.softmax(logits, 1).numpy()[np.arange(4), found.target]
    np.testing.assert_allclose(found.deletion[:, 0], expected, rtol=1e-6)
    assert found.measure == "probability"


def test_maps_that_know_nothing_gain_nothing_and_wrong_ones_lose(linear, rng):
    network, _, weights = linear
    images = rng.random((200, 12, 8), np.float32)
    relevance = added(images, weights, 1)
    options = {"block_px": 1, "steps": 6, "fill": "mean", "measure": "logit", "orders": 2}
    right = deletion_insertion(network, images, relevance, 1, **options)
    for blind in (rng.random(images.shape), np.ones(images.shape), np.zeros(images.shape)):
        found = deletion_insertion(network, images, blind, 1, **options)
        error = found.deletion_gain.std() / np.sqrt(len(images))
        assert abs(found.deletion_gain.mean()) < 4 * error
        assert abs(found.insertion_gain.mean()) < 4 * error
        assert right.deletion_gain.mean() > 20 * error
    wrong = deletion_insertion(network, images, -relevance, 1, **options)
    assert (wrong.deletion_gain < 0).all()
    assert (wrong.insertion_gain < 0).all()


def test_blurring_takes_the_texture_only(rng):
    """A network that reads the mean square of the texture, and maps of which a part has any."""

    class Texture(nn.Module):
        def forward(self, images):
            difference = images[..., 1:] - images[..., :-1]
            return torch.stack([100 * (difference**2).mean((1, 2, 3)), 0 * images[:, 0, 0, 0]], 1)

    images = np.full((2, 32, 32), 0.5, np.float32)
    images[:, :8, :8] += 0.2 * rng.normal(size=(2, 8, 8)).astype(np.float32)
    places = np.zeros(images.shape)
    places[:, :8, :8] = 1
    options = {"block_px": 8, "steps": 16, "measure": "logit", "blur_px": 6}
    found = deletion_insertion(Texture(), images, places, 0, **options)
    assert (found.deletion[:, 1] < 0.05 * found.deletion[:, 0]).all()
    assert (found.insertion[:, 1] > 0.9 * found.deletion[:, 0]).all()
    assert (found.deletion_gain > 0).all()


def test_channels_are_replaced_together(linear, rng):
    network = nn.Sequential(nn.Flatten(), nn.Linear(2 * 96, 2))
    images = rng.random((2, 2, 12, 8), np.float32)
    found = deletion_insertion(network, images, np.ones((2, 12, 8)), block_px=2, fill="mean")
    flat = np.broadcast_to(images.mean((2, 3), keepdims=True), images.shape)
    probability = torch.softmax(network(torch.as_tensor(flat.copy())), 1).detach().numpy()
    expected = probability[[0, 1], found.target]
    np.testing.assert_allclose(found.deletion[:, -1], expected, rtol=1e-5)


def test_the_same_seed_gives_the_same_and_batches_change_nothing(linear, rng):
    network, images, _ = linear
    relevance = rng.random(images.shape)
    options = {"block_px": 2, "steps": 5, "seed": 3}
    one = deletion_insertion(network, images, relevance, batch_size=3, **options)
    other = deletion_insertion(network, images, relevance, batch_size=64, **options)
    np.testing.assert_allclose(one.random, other.random, atol=1e-9)
    np.testing.assert_allclose(one.deletion, other.deletion, atol=1e-9)
    single = deletion_insertion(network, images[:1], relevance[:1], **options)
    np.testing.assert_allclose(single.random, one.random[:1], atol=1e-9)
    assert not np.allclose(
        one.random, deletion_insertion(network, images, relevance, block_px=2, steps=5).random
    )


def test_the_network_is_left_as_it_is_and_work_can_be_stopped(linear):
    _, images, _ = linear
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(120, 2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    seen = []

    def stop(done, total, message="", metrics=None):
        seen.append((done, total))
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        deletion_insertion(network, images, np.ones(images.shape), block_px=2, progress=stop)
    assert seen == [(1, 4), (2, 4)]
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"images": np.zeros((0, 12, 8))}, "at least one"),
        ({"relevance": np.ones((4, 12, 9))}, "size"),
        ({"relevance": np.ones((3, 12, 8))}, "for each image"),
        ({"relevance": np.full((4, 12, 8), np.nan)}, "NaN"),
        ({"target": 3}, "0 to 2"),
        ({"block_px": 6}, "smaller blocks"),
        ({"block_px": 0}, "at least 1 px"),
        ({"orders": 0}, "random order"),
        ({"fill": "grey"}, "grey"),
        ({"measure": "loss"}, "loss"),
        ({"blur_px": 0}, "above 0 px"),
    ],
)
def test_deletion_refuses_what_it_cannot_do(linear, options, words):
    network, images, _ = linear
    given = {"images": images, "relevance": np.ones((4, 12, 8)), "target": 0, "block_px": 2}
    with pytest.raises(NpmError, match=words):
        deletion_insertion(network, **{**given, **options})
