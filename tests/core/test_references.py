import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import disk

from napari_npm.core import (
    Label,
    PhantomConfig,
    check_references,
    propose_references,
    reference_levels,
    specimen,
)
from napari_npm.core.errors import NpmError


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("with_cement", [True, False])
def test_references_of_a_phantom(number, with_cement):
    phantom = specimen(PhantomConfig(), 0, number, n_tiles=1, seed=4)[0]
    cement = phantom.labels == Label.UNHYDRATED if with_cement else None
    found = propose_references(phantom.bse, cement)
    truth = reference_levels(phantom.bse, phantom.labels)
    # Shading moves a level by up to 2 % over the image.
    assert found.g_csh == pytest.approx(truth.csh.mean, abs=1.5)
    assert found.g_metal == pytest.approx(truth.metal.mean, rel=0.02)
    assert found.g_csh == pytest.approx(phantom.bse[found.csh].mean())
    assert found.g_metal == pytest.approx(phantom.bse[found.metal].mean())
    assert np.mean(phantom.porosity[found.csh] == 0) > 0.99
    assert np.mean(phantom.pores[found.metal]) > 0.99
    assert not (found.csh & (phantom.labels == Label.UNHYDRATED)).any()
    assert len(found.why) == 2
    assert check_references(phantom.bse, found.csh, found.metal, cement) == ()


@pytest.mark.parametrize("number", range(4))
def test_calcium_hydroxide_is_not_taken_for_csh(number):
    # Without a patch of C-S-H that took up no metal, the darkest phase is calcium hydroxide.
    config = PhantomConfig(pore_px=40, pore_fraction=0.1)
    phantom = specimen(config, 0, number, n_tiles=2, seed=4)[1]
    found = propose_references(phantom.bse, phantom.labels == Label.UNHYDRATED)
    assert found.g_metal == pytest.approx(phantom.g_metal, rel=0.02)
    assert found.g_csh is None
    assert not found.csh.any()
    assert found.why[0].startswith("No C-S-H")


def scene(void=None, noise=2.0, metal=205.0):
    """Discs of C-S-H, cement, metal and, if asked, a void on a rough matrix."""
    rng = np.random.default_rng(0)
    grey = 130 + 60 * ndimage.gaussian_filter(rng.standard_normal((200, 200)), 2.5)
    regions = {}
    for name, centre, level in (
        ("csh", (50, 50), 62.0),
        ("uc", (50, 150), 85.0),
        ("metal", (150, 50), metal),
        ("void", (150, 150), void),
    ):
        regions[name] = np.zeros(grey.shape, bool)
        if level is not None:
            regions[name][disk(centre, 28)] = True
            grey[regions[name]] = level
    grey = ndimage.gaussian_filter(grey, 0.7) + noise * rng.standard_normal(grey.shape)
    return grey, regions


def test_voids_are_too_dark_to_be_csh():
    grey, regions = scene(void=20.0)
    found = propose_references(grey, regions["uc"])
    assert found.g_csh == pytest.approx(62, abs=0.3)
    assert np.all(regions["csh"][found.csh])
    alone = propose_references(grey)
    assert alone.g_csh == pytest.approx(20, abs=0.3)  # nothing to tell it by, and it says so
    assert "void" in alone.why[0]


@pytest.mark.parametrize("noise", [0.0, 1.0, 6.0])
def test_any_noise(noise):
    grey, regions = scene(noise=noise)
    found = propose_references(grey, regions["uc"])
    assert found.g_csh == pytest.approx(62, abs=0.5)
    assert found.g_metal == pytest.approx(205, abs=0.5)


@pytest.mark.parametrize(("dtype", "factor"), [(np.uint16, 250), (np.float32, 0.01)])
def test_any_scale(dtype, factor):
    grey, regions = scene()
    found = propose_references((grey * factor).astype(dtype), regions["uc"])
    assert found.g_csh == pytest.approx(62 * factor, rel=0.01)
    assert found.g_metal == pytest.approx(205 * factor, rel=0.01)


def test_references_keep_away_from_edges():
    grey, regions = scene()
    found = propose_references(grey, regions["uc"], erode_px=6)
    for name, region in (("csh", found.csh), ("metal", found.metal)):
        assert ndimage.distance_transform_edt(regions[name])[region].min() > 6


def test_bright_cement_is_no_metal():
    # As in a resin-filled sample: cement is the brightest, C-S-H in between, resin dark.
    grey, regions = scene(metal=62.0)
    bright = np.where(regions["uc"], 220.0, grey)
    found = propose_references(bright, regions["uc"])
    assert found.g_metal is None
    assert found.why[1].startswith("No metal")
    assert found.g_csh is None


def test_the_brightest_even_phase_may_be_dark():
    # Rough matrix is brighter than all that is even, so there is no pool of metal.
    found = propose_references(scene(metal=75.0)[0])
    assert found.g_metal is None


def test_even_matrix_beside_brighter_cement_is_no_metal():
    rng = np.random.default_rng(0)
    grey = 100 + 2 * rng.standard_normal((150, 150))
    cement = np.zeros(grey.shape, bool)
    cement[disk((40, 40), 20)] = True
    grey[cement] += 80
    grey[disk((100, 100), 20)] -= 60
    assert propose_references(grey).g_metal is not None  # nothing says that it is cement
    assert propose_references(grey, cement).g_metal is None


def test_too_small_regions_are_not_proposed():
    grey, regions = scene()
    found = propose_references(grey, regions["uc"], min_area_px=5000)
    assert found.g_csh is None
    assert found.g_metal is None


def test_nothing_to_find():
    rng = np.random.default_rng(0)
    rough = 130 + 90 * ndimage.gaussian_filter(rng.standard_normal((120, 120)), 2)
    for image in (np.full((50, 50), 9, np.uint8), rough, np.zeros((3, 4))):
        found = propose_references(image)
        assert found.g_csh is None
        assert found.g_metal is None
        assert not found.csh.any()
        assert not found.metal.any()


# --- checks


def marked():
    grey, regions = scene()
    image = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    inner = {k: ndimage.binary_erosion(v, iterations=3) for k, v in regions.items()}
    return image, inner


def test_good_references_are_not_complained_of():
    image, inner = marked()
    assert check_references(image, inner["csh"], inner["metal"], inner["uc"]) == ()
    nothing = np.zeros(image.shape, bool)
    assert check_references(image, nothing, nothing) == ()


def only(region, count):
    kept = np.zeros(region.size, bool)
    kept[np.flatnonzero(region)[:count]] = True
    return kept.reshape(region.shape)


@pytest.mark.parametrize(("count", "faults"), [(199, 1), (200, 0)])
def test_too_few_pixels(count, faults):
    image, inner = marked()
    said = check_references(image, inner["csh"], only(inner["metal"], count))
    assert len(said) == faults
    assert all("metal reference has 199 pixels" in text for text in said)


def test_overlap_with_cement():
    image, inner = marked()
    (said,) = check_references(image, inner["csh"], inner["metal"], only(inner["csh"], 7))
    assert "C-S-H reference overlaps unhydrated cement in 7 pixels" in said


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_saturated(dtype):
    image, inner = marked()
    image = image.astype(dtype)
    image[inner["metal"]] = np.iinfo(dtype).max
    image[only(inner["csh"], 20)] = 0
    said = check_references(image, inner["csh"], inner["metal"])
    assert len(said) == 2
    assert "C-S-H reference is saturated in" in said[0]
    assert "metal reference is saturated in 100.0 %" in said[1]


def test_inverted():
    image, inner = marked()
    (said,) = check_references(255 - image, inner["csh"], inner["metal"])
    assert "not brighter" in said


def test_overlapping_levels():
    image, inner = marked()
    mixed = inner["metal"] | inner["uc"]
    (said,) = check_references(image, inner["csh"] | inner["uc"], mixed)
    assert "overlap" in said


def test_bad_arrays():
    image, inner = marked()
    with pytest.raises(NpmError, match="metal reference has shape"):
        check_references(image, inner["csh"], np.ones((3, 3)))
    with pytest.raises(NpmError, match="mask of unhydrated cement has shape"):
        propose_references(image, np.ones((3, 3)))
    with pytest.raises(NpmError, match="NaN"):
        propose_references(np.full((9, 9), np.nan))
    with pytest.raises(NpmError, match="at least 1"):
        propose_references(image, min_area_px=0)
