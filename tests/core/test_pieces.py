import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.spatial import ConvexHull
from skimage.draw import disk, ellipse
from skimage.measure import label, regionprops

from napari_npm.core import filter_pieces, find_pieces
from napari_npm.core.errors import NpmError
from napari_npm.core.pieces import opened, small_pieces


def scene():
    """A compact grain, a plate, a cross and a speck, and their grey."""
    region = np.zeros((120, 160), bool)
    region[disk((30, 30), 15)] = True
    region[70:76, 10:70] = True
    region[80:110, 120:126] = region[92:98, 108:138] = True
    region[10:12, 100:103] = True
    grey = np.where(region, 80, 140).astype(np.uint8)
    return region, grey


def test_measures_against_scikit_image():
    rng = np.random.default_rng(0)
    region = ndimage.gaussian_filter(rng.standard_normal((150, 150)), 4) > 0.05
    grey = rng.integers(0, 255, region.shape)
    pieces = find_pieces(region, grey)
    known = regionprops(label(region, connectivity=1), intensity_image=grey)
    assert len(known) == pieces.area_px.size > 5
    for k, piece in enumerate(known):
        number = pieces.labels[tuple(piece.coords[0])] - 1
        assert number == k
        assert pieces.area_px[k] == piece.area
        corners = (piece.coords[:, None] + [[0, 0], [0, 1], [1, 0], [1, 1]]).reshape(-1, 2)
        hull = ConvexHull(corners).volume
        assert pieces.solidity[k] == pytest.approx(piece.area / hull)
        # Theirs are the moments of the pixels' centres; a unit square adds 1/12.
        long, short = (
            np.sqrt(axis**2 / 16 + 1 / 12)
            for axis in (piece.axis_major_length, piece.axis_minor_length)
        )
        assert pieces.elongation[k] == pytest.approx(long / short, rel=1e-6)


def test_solidity_of_known_shapes():
    region = np.zeros((60, 60), bool)
    region[5:15, 5:25] = True  # a rectangle fills its hull
    region[30:50, 10:20] = region[40:50, 20:30] = True  # an L: 300 of 350
    pieces = find_pieces(region, 1.0 * region)
    np.testing.assert_allclose(pieces.solidity, [1, 300 / 350])
    # A rectangle's second moments are a side squared over 12.
    assert pieces.elongation[0] == pytest.approx(2)


@pytest.mark.parametrize("angle", [0, 0.7, 2.0])
def test_elongation_of_an_ellipse(angle):
    region = np.zeros((120, 120), bool)
    region[ellipse(60, 60, 40, 16, rotation=angle)] = True
    assert find_pieces(region, 1.0 * region).elongation == pytest.approx([2.5], rel=0.02)


def test_grey_of_pieces():
    region = np.zeros((40, 40), bool)
    region[10:20, 10:20] = True
    grey = np.full(region.shape, 100.0)
    grey[region] = 70
    grey[10, 10:20] = 200  # the edge does not count
    grey[14, 14] = 134
    inside = grey[11:19, 11:19]
    pieces = find_pieces(region, grey)
    np.testing.assert_allclose(pieces.mean, [inside.mean()])
    np.testing.assert_allclose(pieces.scatter, [inside.std()])
    np.testing.assert_allclose(pieces.contrast, [inside.mean() - 100])


def test_pieces_at_the_border_and_of_one_pixel():
    region = np.zeros((10, 10), bool)
    region[0, 0] = region[5:, 9] = True
    pieces = find_pieces(region, np.arange(100).reshape(10, 10))
    assert pieces.area_px.tolist() == [1, 5]
    assert pieces.solidity.tolist() == [1, 1]
    assert pieces.mean.tolist() == [0, 79]
    corner = np.zeros((8, 8), bool)
    corner[:4, :4] = True  # the image's border is no edge of it
    grey = np.arange(64.0).reshape(8, 8)
    np.testing.assert_allclose(find_pieces(corner, grey).mean, [grey[:3, :3].mean()])
    whole = find_pieces(np.ones((4, 4), bool), np.ones((4, 4)))
    assert whole.contrast.tolist() == [0]
    assert find_pieces(np.zeros((4, 4)), np.ones((4, 4))).area_px.size == 0


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, (1, 1, 1, 1)),
        ({"min_area_px": 6}, (1, 1, 1, 1)),
        ({"min_area_px": 7}, (1, 1, 1, 0)),
        ({"min_area_px": 361}, (1, 0, 0, 0)),
        ({"min_solidity": 0.8}, (1, 1, 0, 1)),
        ({"max_elongation": 3}, (1, 0, 1, 1)),
        ({"open_px": 2}, (1, 1, 1, 0)),
    ],
)
def test_filters(options, kept):
    region, grey = scene()
    found = filter_pieces(region, grey, **options)
    inside = [(30, 30), (73, 40), (95, 123), (10, 101)]
    assert tuple(int(found[at]) for at in inside) == kept


def test_uneven_pieces_are_left_out():
    region, grey = scene()
    grey[20:40, 20:40] += np.random.default_rng(0).integers(0, 40, (20, 20)).astype(np.uint8)
    found = filter_pieces(region, grey, max_scatter=5)
    assert not found[30, 30]
    assert found[73, 40]


def test_holes_are_filled_up_to_a_size():
    region, grey = scene()
    region[30, 30] = False
    region[22:24, 28:31] = False
    assert filter_pieces(region, grey, fill_area_px=5)[30, 30]
    assert not filter_pieces(region, grey, fill_area_px=5)[22, 28]
    assert filter_pieces(region, grey, fill_area_px=6)[22, 28]
    edge = np.ones((5, 5), bool)
    edge[0, 2] = False  # open to the border: no hole
    assert not filter_pieces(edge, 1.0 * edge, fill_area_px=3)[0, 2]


def test_opening_cuts_necks():
    region = np.zeros((40, 80), bool)
    region[disk((20, 20), 12)] = region[disk((20, 60), 12)] = True
    region[19:21, 20:60] = True
    assert ndimage.label(filter_pieces(region, 1.0 * region, open_px=2))[1] == 2


@settings(deadline=None, max_examples=50)
@given(hnp.arrays(np.bool_, (12, 15)), st.sampled_from([0, 1, 1.5, 2, 3]))
def test_opening_by_brute_force(region, radius):
    reach = int(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = y**2 + x**2 <= radius**2
    core = ndimage.binary_erosion(region, disc, border_value=1)
    assert np.array_equal(opened(region, radius), ndimage.binary_dilation(core, disc))


@settings(deadline=None, max_examples=50)
@given(hnp.arrays(np.bool_, (8, 9)), st.integers(0, 12), st.booleans())
def test_small_pieces_by_brute_force(region, most, enclosed):
    labels, count = ndimage.label(region)
    expected = np.zeros(region.shape, bool)
    for number in range(1, count + 1):
        piece = labels == number
        rim = piece.copy()
        rim[1:-1, 1:-1] = False
        if piece.sum() <= most and not (enclosed and rim.any()):
            expected |= piece
    assert np.array_equal(small_pieces(region, most, enclosed=enclosed), expected)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"min_area_px": -1}, "0 or more"),
        ({"open_px": -1}, "0 or more"),
        ({"min_solidity": 1.1}, "between 0 and 1"),
        ({"max_elongation": 0.5}, "1 or more"),
        ({"max_scatter": -1}, "0 or more"),
    ],
)
def test_bad_limits(options, says):
    with pytest.raises(NpmError, match=says):
        filter_pieces(np.ones((4, 4)), np.ones((4, 4)), **options)


def test_bad_arrays():
    with pytest.raises(NpmError, match=r"region has shape \(4, 5\)"):
        filter_pieces(np.ones((4, 5)), np.ones((4, 4)))
    with pytest.raises(NpmError, match="NaN"):
        find_pieces(np.ones((4, 4)), np.full((4, 4), np.nan))
