import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.figures import classes_rgb, probability_figure
from napari_npm.figures.probability import class_colours

RNG = np.random.default_rng(0)
MAP = RNG.random((30, 40)).astype(np.float32)
SHARES = RNG.dirichlet(np.ones(3), size=(30, 40)).transpose(2, 0, 1)


def test_the_colour_is_that_of_the_most_probable_class_and_fades_with_doubt():
    colours = np.array(class_colours(3))
    sure = np.zeros((3, 2, 2))
    sure[1] = 1
    np.testing.assert_allclose(classes_rgb(sure), np.broadcast_to(colours[1], (2, 2, 3)), atol=1e-6)
    np.testing.assert_allclose(classes_rgb(np.full((3, 2, 2), 1 / 3)), 1, atol=1e-6)
    half = np.array([0.6, 0.2, 0.2])[:, None, None]  # two fifths of the way from chance to sure
    np.testing.assert_allclose(classes_rgb(half)[0, 0], 0.6 + 0.4 * colours[0], atol=1e-6)
    picture = classes_rgb(SHARES)
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1


@pytest.mark.parametrize("n", [2, 7, 12])
def test_every_class_has_a_colour_of_its_own(n):
    colours = np.array(class_colours(n))
    apart = np.abs(colours[:, None] - colours[None]).sum(2) + 9 * np.eye(n)
    assert apart.min() > 0.1


def test_the_figure_shows_map_classes_scale_key_and_legend():
    figure = probability_figure(MAP, SHARES, ["A", "B", "C"], 52.0, title="m", width_mm=120)
    left, right = figure.axes[:2]
    np.testing.assert_array_equal(left.images[0].get_array(), MAP)
    np.testing.assert_array_equal(right.images[0].get_array(), classes_rgb(SHARES))
    assert [len(panel.artists) for panel in (left, right)] == [1, 1]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [f"{name}: {s:.0%}" for name, s in zip("ABC", SHARES.mean((1, 2)), strict=True)]
    faces = [patch.get_facecolor()[:3] for patch in figure.legends[0].get_patches()]
    np.testing.assert_allclose(faces, class_colours(3))
    (key,) = [axes for axes in right.child_axes if "Probability" in axes.get_ylabel()]
    assert key.get_ylim() == pytest.approx((1 / 3, 1))
    assert figure.get_suptitle() == "m"
    assert figure.get_figwidth() * 25.4 == pytest.approx(120)
    figure.canvas.draw()


def test_given_means_stand_in_the_legend():
    figure = probability_figure(MAP, SHARES, ["A", "B", "C"], mean=[0.5, 0.3, 0.2])
    assert figure.legends[0].get_texts()[0].get_text() == "A: 50%"
    assert len(figure.axes[0].artists) == 0


@pytest.mark.parametrize(
    ("porosity", "shares", "names"),
    [
        (MAP[:-1], SHARES, "ABC"),
        (MAP, SHARES, "AB"),
        (MAP, SHARES[:1], "A"),
        (MAP, SHARES[0], "ABC"),
    ],
)
def test_what_does_not_fit_is_refused(porosity, shares, names):
    with pytest.raises(NpmError, match="probabilities of"):
        probability_figure(porosity, shares, list(names))
