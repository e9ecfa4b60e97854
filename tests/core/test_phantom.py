from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from napari_npm.core.calibration import calibrate
from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.phantom import (
    PhantomClass,
    PhantomConfig,
    control,
    experiment,
    mosaic,
    planted,
    specimen,
)

# Without coarse structure and differences between specimens the laws below hold exactly.
PLAIN = {"coarse_share": 0.0, "specimen_spread": 0.0}
QUIET = {"read_noise": 0.0, "shot_noise": 0.0, "shading": 0.0, "drift": 0.0, "psf_px": 0.0}
small = settings(max_examples=10)


def gel(phantom):
    """C-S-H between the capillary pores."""
    return (phantom.porosity > 0) & ~phantom.pores


def law(config):
    """The beta distribution of the C-S-H porosity."""
    mean, spread = config.csh_porosity, config.csh_spread
    total = mean * (1 - mean) / spread**2 - 1
    return stats.beta(mean * total, (1 - mean) * total)


@pytest.fixture(scope="module")
def nano():
    config = replace(planted("nano"), **PLAIN)
    return config, [t for s in range(5) for t in specimen(config, 2, s, n_tiles=6, seed=3)]


@pytest.mark.parametrize("inside", [True, False])
def test_the_nano_effect_leaves_the_marginal_unchanged(nano, inside):
    config, tiles = nano
    sample = []
    for tile in tiles:
        region = gel(tile) & (tile.places == inside)
        # Beyond two correlation lengths pixels are independent, as the test assumes.
        grid = (slice(3, None, 11), slice(3, None, 11))
        sample.append(tile.porosity[grid][region[grid]])
    values = np.concatenate(sample)
    assert values.size > 7000
    assert stats.kstest(values, law(config).cdf).pvalue > 0.02


def test_the_nano_effect_changes_the_correlation_length_inside_the_places_only(nano):
    config, tiles = nano
    for inside, length in ((True, 0.5 * config.correlation_px), (False, config.correlation_px)):
        for lag in (1, 2, 3, 5):
            products, count = 0.0, 0
            for tile in tiles:
                region = gel(tile) & (tile.places == inside)
                score = stats.norm.ppf(np.clip(law(config).cdf(tile.porosity), 1e-9, 1 - 1e-9))
                both = region[:, lag:] & region[:, :-lag]
                products += float((score[:, lag:] * score[:, :-lag])[both].sum())
                count += int(both.sum())
            assert products / count == pytest.approx(np.exp(-((lag / length) ** 2)), abs=0.02)


@pytest.mark.parametrize("variant", ["nano", "micro", "both"])
def test_nothing_changes_outside_the_places(variant):
    config = planted(variant)
    (strong,) = specimen(config, 2, 1, n_tiles=1, seed=8)
    (none,) = specimen(replace(config, strength=0.0), 2, 1, n_tiles=1, seed=8)
    assert np.array_equal(strong.places, none.places)
    assert np.array_equal(strong.labels, none.labels)
    assert np.array_equal(strong.porosity[~strong.places], none.porosity[~strong.places])
    assert np.mean(strong.porosity[strong.places] != none.porosity[strong.places]) > 0.05
    # The point-spread function reaches three pixels beyond them.
    far = ~ndimage.binary_dilation(strong.places, np.ones((3, 3)), iterations=3)
    assert far.any()
    assert np.array_equal(strong.bse[far], none.bse[far])


@small
@given(strength=st.floats(0.0, 2.5), class_index=st.integers(0, 2), seed=st.integers(0, 2**32))
def test_the_micro_effect_keeps_the_pore_area(strength, class_index, seed):
    config = replace(planted("micro", strength=strength), tile=192, reference_every=0)
    (changed,) = specimen(config, class_index, 0, n_tiles=1, seed=seed)
    (plain,) = specimen(replace(config, strength=0.0), class_index, 0, n_tiles=1, seed=seed)
    for region in (changed.places, ~changed.places):
        assert changed.pores[region].sum() == plain.pores[region].sum()
    inside, outside = (
        changed.pores[region & (changed.porosity > 0)]
        for region in (changed.places, ~changed.places)
    )
    rounding = 0.5 / inside.size + 0.5 / outside.size
    assert inside.mean() == pytest.approx(outside.mean(), abs=1.01 * rounding)


def test_the_micro_effect_makes_pores_finer_by_its_factor():
    config = replace(planted("micro"), **PLAIN)

    def outline(strength):
        """Length of the pores' outline a pixel: by Rice's formula it goes as one over the size."""
        steps = area = 0
        for tile in specimen(replace(config, strength=strength), 2, 0, n_tiles=12, seed=4):
            inner = ndimage.binary_erosion(tile.places)
            both = inner[:, 1:] & inner[:, :-1]
            steps += int((tile.pores[:, 1:] != tile.pores[:, :-1])[both].sum())
            area += int(both.sum())
        return steps / area

    assert outline(1.0) / outline(0.0) == pytest.approx(1 / 0.45, rel=0.15)


def test_the_reference_class_is_untouched():
    config = planted("both")
    (strong,) = specimen(config, 0, 0, n_tiles=1)
    (none,) = specimen(replace(config, strength=0.0), 0, 0, n_tiles=1)
    assert np.array_equal(strong.bse, none.bse)
    assert strong.places.any()


@small
@given(
    variant=st.sampled_from(["nano", "micro", "both", "none"]),
    class_index=st.integers(0, 2),
    seed=st.integers(0, 2**63),
    shape=st.tuples(st.integers(128, 201), st.integers(128, 201)),
)
def test_image_and_truth_agree(variant, class_index, seed, shape):
    config = replace(planted(variant), tile=128, unhydrated_fraction=0.2)
    it = mosaic(config, class_index, 3, shape=shape, seed=seed)
    for array, kind in (
        (it.bse, np.uint8),
        (it.labels, np.uint8),
        (it.places, np.bool_),
        (it.pores, np.bool_),
        (it.porosity, np.float32),
    ):
        assert array.shape == shape
        assert array.dtype == kind
    assert np.isfinite(it.porosity).all()
    assert it.porosity.min() >= 0
    assert it.porosity.max() <= 1
    assert (it.porosity[it.pores] == 1).all()
    assert (it.porosity[it.labels == Label.UNHYDRATED] == 0).all()
    assert (it.porosity[it.labels == Label.CSH] == 0).all()
    assert (it.porosity[it.labels == Label.METAL] == 1).all()
    assert set(np.unique(it.labels)) <= {0, *Label}
    assert (it.porosity[it.places] > 0).all()  # neither unhydrated cement nor calcium hydroxide
    assert (it.labels[it.places] == 0).all()


def test_areas_are_those_asked_for():
    config = replace(PhantomConfig(), specimen_spread=0.0, reference_every=0)
    it = mosaic(config, 0, 0, shape=(2304, 2304))
    unhydrated = it.labels == Label.UNHYDRATED
    hydroxide = (it.porosity == 0) & ~unhydrated
    hydrates = ~unhydrated & ~hydroxide
    assert unhydrated.mean() == pytest.approx(config.unhydrated_fraction, rel=0.2)
    assert hydroxide.mean() / (~unhydrated).mean() == pytest.approx(config.ch_fraction, rel=0.15)
    assert it.places.sum() / hydrates.sum() == pytest.approx(config.place_fraction, rel=0.1)
    assert it.pores.sum() / hydrates.sum() == pytest.approx(config.pore_fraction, rel=0.25)


def test_an_ideal_microscope_gives_the_porosity_back():
    config = replace(planted("both"), **QUIET)
    for tile in specimen(config, 2, 0, n_tiles=2):
        unhydrated = tile.labels == Label.UNHYDRATED
        found = calibrate(tile.bse, tile.g_csh, tile.g_metal, unhydrated=unhydrated)
        hydroxide = (tile.porosity == 0) & (found.porosity > 0.02) & ~unhydrated
        # half a grey level over the slope of the response, 1.1 to 150 levels a unit
        error = np.abs(found.porosity - tile.porosity)[~hydroxide]
        assert error.max() < 0.012
        assert 0.02 < hydroxide.mean() < 0.12
        # Calcium hydroxide and clinker are brighter than metal-free C-S-H (eta .159 and .178
        # against .131) and would read as n = 0.03 to 0.06.
        assert np.median(found.porosity[hydroxide]) == pytest.approx(0.034, abs=0.004)
        naive = calibrate(tile.bse, tile.g_csh, tile.g_metal).porosity[unhydrated]
        assert naive.min() > 0.03
        assert naive.max() < 0.07


def test_the_reference_areas_give_the_grey_levels():
    config = replace(PhantomConfig(), shading=0.0)
    tiles = specimen(config, 1, 2, n_tiles=7)
    assert [bool((t.labels == Label.CSH).any()) for t in tiles] == [
        k % config.reference_every == 0 for k in range(7)
    ]
    for tile in tiles[::3]:
        for label, level in ((Label.CSH, tile.g_csh), (Label.METAL, tile.g_metal)):
            region = tile.labels == label
            assert region.sum() > 600
            assert tile.bse[region].mean() == pytest.approx(level, abs=0.5)
    bare = specimen(replace(config, reference_every=0), 1, 2, n_tiles=1)[0]
    assert set(np.unique(bare.labels)) <= {0, int(Label.UNHYDRATED)}


def test_noise_is_that_of_the_configuration():
    config = replace(PhantomConfig(), shading=0.0, read_noise=3.0, shot_noise=0.1)
    tile = specimen(config, 0, 0, n_tiles=1)[0]
    for label, level in ((Label.CSH, tile.g_csh), (Label.METAL, tile.g_metal)):
        noise = tile.bse[tile.labels == label].std()
        assert noise == pytest.approx(np.sqrt(9 + 0.1 * level + 1 / 12), rel=0.1)


def test_each_specimen_has_its_own_brightness_contrast_and_slow_drift():
    config = PhantomConfig()
    levels = [[t.g_csh for t in specimen(config, 0, s, n_tiles=6)] for s in range(6)]
    contrast = [[t.g_metal - t.g_csh for t in specimen(config, 0, s, n_tiles=2)] for s in range(6)]
    assert np.ptp(np.mean(levels, axis=1)) > 2
    assert np.ptp(contrast, axis=1) == pytest.approx(0, abs=1e-9)
    assert np.ptp(np.mean(contrast, axis=1)) > 2
    assert (np.ptp(levels, axis=1) > 0.5).all()
    assert (np.ptp(levels, axis=1) <= 2 * config.drift).all()
    alike = replace(config, specimen_spread=0.0, drift=0.0)
    assert {t.g_csh for s in range(4) for t in specimen(alike, 0, s, n_tiles=3)} == {config.g_csh}


def test_shading_belongs_to_the_specimen():
    config = replace(PhantomConfig(), **(QUIET | {"shading": 0.2}))
    level = replace(config, shading=0.0)

    def halves(number, tile):
        """Brightness of the lower half over the upper, and right over left, due to shading."""
        shaded, flat = (
            specimen(c, 0, number, n_tiles=2)[tile].bse.astype(float) for c in (config, level)
        )
        ratio = shaded / flat
        middle = config.tile // 2
        return np.array(
            [
                ratio[middle:].mean() - ratio[:middle].mean(),
                ratio[:, middle:].mean() - ratio[:, :middle].mean(),
            ]
        )

    first, same, other = halves(0, 0), halves(0, 1), halves(1, 0)
    assert first == pytest.approx(same, abs=0.01)
    assert np.abs(first).max() > 0.03
    assert np.abs(first - other).max() > 0.03


def test_control_without_effect_is_strength_zero():
    config = planted("both", n_classes=4)
    (a,) = specimen(control(config, "no effect"), 3, 0, n_tiles=1)
    (b,) = specimen(replace(config, strength=0.0), 3, 0, n_tiles=1)
    assert np.array_equal(a.bse, b.bse)
    assert a.places.any()


def test_control_with_one_place_changes_nothing_else():
    config = control(planted("both"), "one place")
    none = replace(config, strength=0.0)
    everywhere = planted("both")
    for k in range(4):
        one = specimen(config, 2, k, n_tiles=1)[0]
        plain = specimen(none, 2, k, n_tiles=1)[0]
        everything = specimen(everywhere, 2, k, n_tiles=1)[0].places
        assert not (one.places & ~everything).any()
        assert 0 < one.places.sum() < 0.5 * everything.sum()
        rows, cols = np.nonzero(one.places)
        assert max(np.ptp(rows), np.ptp(cols)) <= 5 * config.place_px
        assert np.array_equal(one.porosity[~one.places], plain.porosity[~one.places])
        assert not np.array_equal(one.porosity[one.places], plain.porosity[one.places])


@pytest.mark.parametrize("kind", ["decoy unhydrated", "decoy brightness"])
def test_decoys_leave_the_places_alone(kind):
    config = control(planted("both"), kind)
    for k in range(3):
        assert config.correlation_inside(k) == config.correlation_px
        assert config.pore_px_inside(k) == config.pore_px


def test_one_decoy_is_the_brightness():
    config = replace(planted("nano"), **PLAIN, shading=0.0, drift=0.0)
    config = control(config, "decoy brightness")
    tiles = [specimen(config, k, 0, n_tiles=1)[0] for k in range(3)]
    for label in (Label.CSH, Label.METAL):
        levels = [t.bse[t.labels == label].mean() for t in tiles]
        assert np.diff(levels) == pytest.approx(8, abs=0.5)


def test_the_other_decoy_is_the_area_of_unhydrated_cement():
    config = control(replace(planted("nano"), **PLAIN), "decoy unhydrated")
    areas = [
        np.mean(mosaic(config, k, 0, shape=(1920, 1920)).labels == Label.UNHYDRATED) for k in (0, 2)
    ]
    assert areas[1] - areas[0] == pytest.approx(0.10, abs=0.03)


def test_a_porosity_shift_is_one_of_the_mean():
    config = replace(
        PhantomConfig(classes=(PhantomClass(), PhantomClass(porosity=-0.05))), specimen_spread=0.0
    )
    means = [
        np.mean([t.porosity[gel(t)].mean() for s in range(4) for t in specimen(config, k, s)])
        for k in range(2)
    ]
    assert means[0] == pytest.approx(config.csh_porosity, abs=0.008)
    assert means[1] - means[0] == pytest.approx(-0.05, abs=0.01)


@small
@given(seed=st.integers(0, 2**64), number=st.integers(0, 1000))
def test_a_seed_gives_the_same_images_in_any_company(seed, number):
    config = replace(planted("both"), tile=96)
    many = specimen(config, 1, number, n_tiles=3, seed=seed)
    few = specimen(config, 1, number, n_tiles=2, seed=seed)
    for a, b in zip(few, many[:2], strict=True):
        assert np.array_equal(a.bse, b.bse)
        assert np.array_equal(a.places, b.places)
    others = [
        many[1],
        specimen(config, 1, number, n_tiles=1, seed=seed + 1)[0],
        specimen(config, 1, number + 1, n_tiles=1, seed=seed)[0],
        specimen(config, 2, number, n_tiles=1, seed=seed)[0],
        mosaic(config, 1, number, shape=(96, 96), seed=seed),
    ]
    assert not any(np.array_equal(many[0].places, other.places) for other in others)


def test_an_experiment_is_all_specimens_in_order():
    config = replace(planted("nano", n_classes=2), tile=96)
    found = list(experiment(config, specimens=2, n_tiles=3, seed=7))
    assert [(p.class_index, p.specimen, p.tile) for p in found] == [
        (c, s, t) for c in range(2) for s in range(2) for t in range(3)
    ]
    assert np.array_equal(found[8].bse, specimen(config, 1, 0, n_tiles=3, seed=7)[2].bse)
    assert {p.pixel_size_nm for p in found} == {52.0}


@given(n_classes=st.integers(2, 8), variant=st.sampled_from(["nano", "micro", "both"]))
def test_effects_rise_evenly_over_any_number_of_classes(n_classes, variant):
    config = planted(variant, n_classes=n_classes)
    lengths = np.log([config.correlation_inside(k) for k in range(n_classes)])
    sizes = np.log([config.pore_px_inside(k) for k in range(n_classes)])
    nano = np.log(0.5) if variant != "micro" else 0.0
    micro = np.log(0.45) if variant != "nano" else 0.0
    assert np.diff(lengths) == pytest.approx(nano / (n_classes - 1))
    assert np.diff(sizes) == pytest.approx(micro / (n_classes - 1))


def test_the_default_is_the_nano_effect_in_three_classes():
    assert PhantomConfig() == planted("nano")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: PhantomConfig(classes=()), "at least one class"),
        (lambda: PhantomConfig(strength=-1), "strength"),
        (lambda: PhantomConfig(tile=32), "64 pixels"),
        (lambda: PhantomConfig(g_csh=210.0), "g_csh < g_metal"),
        (lambda: PhantomConfig(classes=(PhantomClass(pore_size=0),)), "above 0"),
        (lambda: planted("nano", n_classes=1), "two classes"),
        (lambda: control(PhantomConfig(), "decoy"), "none named 'decoy'"),
        (lambda: specimen(PhantomConfig(), 3, 0), "from 0 to 2"),
        (lambda: mosaic(PhantomConfig(), 0, 0, shape=(384, 300)), "at least 384"),
    ],
)
def test_mistakes_get_a_sentence(make, words):
    with pytest.raises(NpmError, match=words):
        make()
