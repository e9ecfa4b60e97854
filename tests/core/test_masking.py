import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.draw import disk

from napari_npm.core.calibration import reference_levels
from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label, label_by_levels

PLAIN = {"smooth_px": 0, "open_px": 0, "min_area_px": 0, "erode_px": 0}


def scene(noise=0.0):
    """Three large discs of known grey on porous C-S-H, blurred as a probe would, and the truth."""
    truth = np.zeros((200, 200), np.uint8)
    for label, centre in zip(Label, [(50, 50), (50, 150), (150, 100)], strict=True):
        truth[disk(centre, 30)] = label
    grey = np.array([140.0, 75.0, 60.0, 220.0])[truth]
    grey = ndimage.gaussian_filter(grey, 1.0)
    grey += noise * np.random.default_rng(0).standard_normal(grey.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8), truth


def test_finds_the_phases():
    image, truth = scene(noise=3)
    labels = label_by_levels(image, uc=(68, 90), csh=(50, 68), metal=(200, 255))
    assert labels.dtype == np.uint8
    uc = labels == Label.UNHYDRATED
    assert np.count_nonzero(uc & (truth == 1)) / np.count_nonzero((truth == 1) | uc) > 0.9
    levels = reference_levels(image, labels)
    assert levels.csh.mean == pytest.approx(60, abs=0.3)
    assert levels.metal.mean == pytest.approx(220, abs=0.3)


def test_references_keep_away_from_their_edges():
    image, truth = scene()
    labels = label_by_levels(image, uc=(68, 90), csh=(50, 67), metal=(200, 255), erode_px=4)
    for label in (Label.CSH, Label.METAL):
        depth = ndimage.distance_transform_edt(truth == label)
        found = labels == label
        assert found.any()
        assert depth[found].min() > 4


def test_border_of_the_image_is_no_edge():
    labels = label_by_levels(np.full((30, 30), 60.0), csh=(50, 70))
    assert np.all(labels == Label.CSH)


def test_thin_rims_are_opened_away():
    # Between dark cement and bright metal lies a rim of C-S-H's grey level.
    image = np.full((100, 100), 40.0)
    image[:, 50:] = 220
    image = ndimage.gaussian_filter(image, 2)
    rim = label_by_levels(image, csh=(100, 160), **PLAIN)
    assert np.count_nonzero(rim) >= 100
    options = PLAIN | {"open_px": 3}
    assert not label_by_levels(image, csh=(100, 160), **options).any()


def test_small_pieces_are_left_out():
    image = np.zeros((20, 20))
    image[2:5, 2:5] = 100
    image[10:14, 10:14] = 100
    image[14, 14] = 100  # touches by a corner only, so a piece of its own
    options = PLAIN | {"min_area_px": 10}
    labels = label_by_levels(image, metal=(90, 110), **options)
    expected = np.zeros((20, 20), np.uint8)
    expected[10:14, 10:14] = Label.METAL
    assert np.array_equal(labels, expected)
    options["min_area_px"] = 16
    assert np.array_equal(label_by_levels(image, metal=(90, 110), **options), expected)
    options["min_area_px"] = 17
    assert not label_by_levels(image, metal=(90, 110), **options).any()


@settings(deadline=None)
@given(hnp.arrays(np.uint8, (8, 8)), st.lists(st.integers(0, 255), min_size=6, max_size=6))
def test_plain_ranges_pixel_by_pixel(image, ends):
    a, b, c, d, e, f = sorted(ends)
    assume(b < d and d < f)
    labels = label_by_levels(image, csh=(a, b), uc=(c, d), metal=(e, f), **PLAIN)
    for at, grey in np.ndenumerate(image):
        if a <= grey <= b:
            assert labels[at] == Label.CSH
        elif c <= grey <= d:
            assert labels[at] == Label.UNHYDRATED
        elif e <= grey <= f:
            assert labels[at] == Label.METAL
        else:
            assert labels[at] == 0


def test_nothing_asked_nothing_labelled():
    assert not label_by_levels(np.ones((5, 5))).any()


@pytest.mark.parametrize(
    ("image", "options", "says"),
    [
        (np.ones((4, 4)), {"uc": (9, 3)}, "unhydrated cement runs from 9 to 3"),
        (np.ones((4, 4)), {"uc": (3, 9), "metal": (8, 12)}, "overlap between 8 and 9"),
        (np.ones((4, 4)), {"uc": (3, 3), "metal": (3, 3)}, "overlap between 3 and 3"),
        (np.ones((4, 4)), {"csh": (0, np.nan)}, "C-S-H"),
        (np.ones((4, 4)), {"erode_px": -1}, "0 or more"),
        (np.ones((4, 4, 3)), {}, "colour"),
        (np.full((4, 4), np.nan), {}, "NaN"),
        (np.ones((0, 4)), {}, "grey image"),
    ],
)
def test_bad_input(image, options, says):
    with pytest.raises(NpmError, match=says):
        label_by_levels(image, **options)
