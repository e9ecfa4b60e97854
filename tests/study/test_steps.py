"""What each step stores is what the core functions give for the study's own maps and masks."""

import numpy as np
import pytest

from napari_npm.core import (
    Label,
    calibrate,
    characteristic_regions,
    explain,
    isodata_split,
    microscale,
    nearest_mean,
    reference_levels,
    two_point,
)
from napari_npm.study import STEPS, Item, Study, run
from napari_npm.study.reporting import headlines, sections
from napari_npm.study.results import REGIONS, Flag, parts_of, two_point_of


@pytest.fixture(scope="module")
def study(finished_study):
    return Study.open(finished_study, write=False)


def one_tile(study, kind, image):
    (tile,) = study.stack(kind).read(study.tiles_of(image))
    return tile


def test_mulf_is_the_calibrated_image(study):
    for image in study.images:
        pixels, labels = study.read(image.id).pixels, study.mask(image.id)
        own = reference_levels(pixels, labels)
        uc = labels == Label.UNHYDRATED
        expected = calibrate(pixels, *own.pair(), unhydrated=uc).porosity
        np.testing.assert_array_equal(one_tile(study, "mulf", image.id), expected)
        assert uc.any()
        assert not expected[uc].any()


@pytest.mark.parametrize(
    ("changes", "sigma_px"), [({"sigma_px": 6.0}, 6.0), ({"sigma_um": 0.26}, 0.26e3 / 52)]
)
def test_micf_has_the_width_asked_for(finished, changes, sigma_px):
    with Study.open(finished) as study:
        study.set_parameters("smooth", **changes, edge="nearest")
        run(study, ["smooth"], scheduler="synchronous")
        image = study.images[0].id
        expected = microscale(one_tile(study, "mulf", image), sigma_px, edge="nearest")
        np.testing.assert_allclose(one_tile(study, "micf", image), expected, atol=1e-6)


def test_the_class_explained_is_the_one_asked_for(finished):
    with Study.open(finished) as study:
        names = [sample.name for sample in study.samples]
        predicted = study.table("predictions_mulf")["predicted"]
        assert study.table("relevance_mulf")["target"].tolist() == predicted.tolist()
        # labels turned round: then the true class is not the one that was predicted
        wrong = next(tile for tile in study.tiles if predicted[tile.index] == tile.sample)
        other = next(name for name in names if name != wrong.sample)
        images = [
            image.model_copy(update={"sample": other}) if image.id == wrong.image else image
            for image in study.images
        ]
        study.save(images=tuple(images))
        study.set_parameters("explain", target="true")
        step, parameters = STEPS["explain"], study.parameters("explain")
        item = Item(f"mulf/{wrong.image}", {})
        found, rows = step.compute(study, parameters, item, lambda *_, **__: None)
        maps = study.stack("mulf").read([wrong])
        expected = explain(study.load_model("mulf"), maps, names.index(other))
        assert [row["target"] for row in rows] == [other]
        np.testing.assert_allclose(found.relevance, expected.relevance, rtol=1e-4, atol=1e-10)


def test_flags_are_regions_and_high_porosity(study):
    rows = study.table("regions_mulf").set_index("image")
    for image in study.images:
        flags = one_tile(study, "regions/mulf", image.id)
        relevance = one_tile(study, "relevance/mulf", image.id)
        high = isodata_split(one_tile(study, "mulf", image.id)).high
        regions = characteristic_regions(relevance, 0.7)
        np.testing.assert_array_equal((flags & Flag.HIGH_POROSITY) > 0, high)
        np.testing.assert_array_equal((flags & Flag.CHARACTERISTIC) > 0, regions.mask)
        row = rows.loc[image.id]
        assert row["area_fraction"] == pytest.approx(regions.area_fraction)
        assert row["high_area_fraction"] == pytest.approx(high[regions.mask].mean())
        share = relevance[high].sum(dtype=float) / relevance.sum(dtype=float)
        assert row["high_relevance_fraction"] == pytest.approx(share)


def test_pairs_are_counted_inside_the_characteristic_regions(study):
    for sample in study.samples:
        tiles = [tile for tile in study.tiles if tile.sample == sample.name]
        masks = (study.stack("regions/mulf").read(tiles) & Flag.CHARACTERISTIC) > 0
        expected = two_point(study.stack("mulf").read(tiles), masks, r_max=12)
        found = two_point_of(study, REGIONS, sample.name)
        np.testing.assert_array_equal(found.counts, expected.counts)
        table = study.table(f"s2_regions_{sample.name}").filter(like="dn_").to_numpy()
        np.testing.assert_allclose(table, expected.probability)


def test_baselines_learn_from_the_training_part_alone(study, monkeypatch):
    parts = np.array(parts_of(study))
    learn, test = np.flatnonzero(parts == "train"), np.flatnonzero(parts == "test")
    asked = []

    def watched(values, labels, *, fit, evaluate):
        asked.append((fit.tolist(), evaluate.tolist()))
        return nearest_mean(values, labels, fit=fit, evaluate=evaluate)

    monkeypatch.setattr("napari_npm.core.nearest.nearest_mean", watched)
    from napari_npm.study.steps.predict import _baselines

    rows = _baselines(study)
    assert asked == [(learn.tolist(), test.tolist())] * 2
    stored = study.table("accuracy").set_index("classifier")["accuracy"]
    labels = study.tile_labels[test]
    assert [(found == labels).mean() for _, found in rows] == [stored[name] for name, _ in rows]


def test_the_report_states_what_the_tables_hold(study):
    values = dict(headlines(study).rows)
    relevance, regions = study.table("relevance_mulf"), study.table("regions_summary")
    worst = (relevance["conservation"] - 1).abs().max()
    assert values["Relevance conserved on MulF to"] == f"{worst:.1e} (worst tile)"
    line = regions.iloc[-1]
    low, high = line["area_fraction_low"], line["area_fraction_high"]
    area = f"{line['area_fraction']:.1%} ({low:.1%} to {high:.1%})"
    assert values["Area of the characteristic regions, MulF"] == area
    auc = f"{relevance['auc'].mean():.3f} ± {relevance['auc'].std():.3f}"
    assert values["AUC of relevance against the known places, MulF"] == auc
    (tables,) = (one.tables for one in sections(study) if one.title == "Where the network looked")
    by_sample = {row[1]: row[3] for row in tables[0].rows}
    for sample, part in relevance.groupby("sample"):
        assert by_sample[sample] == f"{(part['conservation'] - 1).abs().max():.1e}"
