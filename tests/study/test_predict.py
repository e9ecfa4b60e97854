"""Predictions: what the networks say of their own maps, with every figure a reader needs."""

import shutil

import numpy as np
import pytest

from napari_npm.core import NpmError, accuracy_interval, predict
from napari_npm.core.evaluation import expected_calibration_error
from napari_npm.study import Study, run
from napari_npm.study.drawing import drawings
from napari_npm.study.leaks import leak_note
from napari_npm.study.model_cards import READABLE, read_card
from napari_npm.study.models import load_model, save_model
from napari_npm.study.results import parts_of
from napari_npm.study.wiring import read_model_maps


@pytest.fixture(scope="module")
def predicted_folder(quick_study, tmp_path_factory):
    """A study split by tile, with a narrow network on both maps and one on MulF."""
    folder = tmp_path_factory.mktemp("predict") / "study"
    shutil.copytree(quick_study, folder)
    with Study.open(folder) as study:
        # two tiles of one specimen, so that a split by tile has something to leak
        images = tuple(
            image.model_copy(update={"specimen": "p"}) if image.sample == "S1" else image
            for image in study.images
        )
        study.save(images=images)
        study.set_parameters("split", by="tile", train_per_class=1)
        study.set_parameters(
            "train", maps=("mulf", "both"), widths=(2, 2, 2, 2, 2, 2, 2), epochs=1, batch_size=2
        )
        study.set_parameters("predict", confidence=0.8)
        run(study, ["import", "split", "train"], scheduler="synchronous")
        (outcome,) = run(study, ["predict"], scheduler="synchronous")
        assert outcome.warnings == (leak_note(study),)
    return folder


@pytest.fixture
def study(predicted_folder, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(predicted_folder, folder)
    with Study.open(folder) as study:
        yield study


@pytest.mark.parametrize(("model", "channels"), [("mulf", ()), ("both", (2,))])
def test_probabilities_are_the_networks_own(study, model, channels):
    maps = read_model_maps(study, model, study.tiles)
    assert maps.shape == (6, *channels, 384, 384)
    expected = predict(study.load_model(model), maps, batch_size=1)
    table = study.table(f"predictions_{model}")
    np.testing.assert_allclose(table[["p_S1", "p_S2"]], expected, atol=1e-5)
    names = np.array(["S1", "S2"])[expected.argmax(1)]
    assert table["predicted"].tolist() == names.tolist()
    assert table["part"].tolist() == parts_of(study)


def test_the_table_of_accuracies_holds_what_the_predictions_give(study):
    table = study.table("accuracy").set_index("classifier")
    note = leak_note(study)
    assert "2 of 4 test tiles come from a specimen that another part knows" in note
    assert table["leaks"].tolist() == [note] * len(table)
    for model, name in (("mulf", "network on MulF"), ("both", "network on MulF + MicF")):
        test = study.table(f"predictions_{model}").query("part == 'test'")
        right = (test["sample"] == test["predicted"]).to_numpy()
        labels = (test["sample"] == "S2").to_numpy().astype(int)
        row = table.loc[name]
        assert row["accuracy"] == right.mean()
        for number, sample in enumerate(("S1", "S2")):
            assert row[f"accuracy_{sample}"] == right[labels == number].mean()
        shares = test[["p_S1", "p_S2"]].to_numpy()
        assert row["calibration_error"] == pytest.approx(expected_calibration_error(shares, labels))
        groups = (test["sample"] + "/" + test["specimen"].astype(str)).to_numpy()
        found = accuracy_interval(right, groups, labels=labels, confidence=0.8, resamples=100)
        assert (row["low"], row["high"]) == (found.low, found.high)
        assert (row["tiles"], row["specimens"]) == (4, 3)
        confusion = study.table(f"confusion_{model}").set_index("true")
        assert confusion.to_numpy().trace() == right.sum()
    plain = table[~table.index.str.startswith("network")]
    assert plain.index.tolist() == [
        "porosity, nearest mean",
        "average pore size, nearest mean",
        "grey histogram, logistic regression",
        "texture, logistic regression",
    ]
    assert plain["calibration_error"].isna().all()


def test_leaks_are_stated_on_card_and_captions(study):
    note = leak_note(study)
    for model in ("mulf", "both"):
        card = read_card(study.models_folder / model)
        assert card["split"]["leaks"] == card["test"]["leaks"] == note
        assert note in (study.models_folder / model / READABLE).read_text()
    captions = {one.name: one.caption for one in drawings(study)}
    assert captions["confusion_mulf"].endswith(f". {note}")
    assert captions["training_mulf"].endswith(f". {note}")
    assert note not in captions["npm"]


def test_all_that_rests_on_a_leaking_split_says_so(study, tmp_path):
    study.set_parameters("faithfulness", tests=("classes",), tiles=2)
    outcomes = run(study, ["explain", "regions", "faithfulness"], scheduler="synchronous")
    note = leak_note(study)
    assert note in outcomes[0].warnings
    captions = {one.name: one.caption for one in drawings(study)}
    for name, caption in captions.items():
        of_network = not {"mulf", "both"}.isdisjoint(name.split("_"))
        assert caption.endswith(f". {note}") == of_network, name
    assert {"relevance_mulf", "faithfulness_classes_mulf"} <= set(captions)
    tables = [
        *("models", "accuracy", "predictions_mulf", "confusion_both"),
        *("relevance_mulf", "centre_bias", "regions_mulf", "regions_summary", "region_table_both"),
        *("faithfulness", "faithfulness_tiles"),
    ]
    for name in tables:
        assert set(study.table(name)["leaks"]) == {note}, name
    assert "leaks" not in study.table("describe")
    study.set_parameters("correlate", r_max_px=8)
    run(study, ["correlate"], scheduler="synchronous")
    assert set(study.table("lengths")["leaks"]) == {note}
    # the same parts, of which nothing is shared after all: nothing is computed, all is written anew
    before = study.table("relevance_mulf")
    shutil.copy(study.results_folder / "split.csv", tmp_path / "same.csv")
    study.set_parameters("split", by="list", list_file=tmp_path / "same.csv")
    images = tuple(image.model_copy(update={"specimen": image.id}) for image in study.images)
    study.save(images=images)
    outcomes = run(study, ["import", "split", "train", "explain"], scheduler="synchronous")
    assert [one.computed for one in outcomes[-2:]] == [0, 0]
    after = study.table("relevance_mulf")
    assert list(after.columns) == [name for name in before.columns if name != "leaks"]
    assert "leaks" not in study.table("models")


def test_other_specimens_and_leaks_are_stated_without_predicting_again(study, tmp_path):
    path = tmp_path / "same.csv"
    shutil.copy(study.results_folder / "split.csv", path)
    study.set_parameters("split", by="list", list_file=path)
    # each tile is a specimen of its own after all
    images = tuple(image.model_copy(update={"specimen": image.id}) for image in study.images)
    study.save(images=images)
    before = study.table("accuracy")
    outcomes = run(study, ["import", "split", "train", "predict"], scheduler="synchronous")
    assert [one.computed for one in outcomes if one.step in ("train", "predict")] == [0, 0]
    assert outcomes[-1].warnings == ()
    after = study.table("accuracy")
    assert after["leaks"].isna().all()
    assert (before["specimens"] == 3).all()
    assert (after["specimens"] == 4).all()
    assert after["accuracy"].tolist() == before["accuracy"].tolist()


def test_models_of_other_maps_are_refused_with_what_to_do(study):
    folder = study.models_folder / "mulf"
    model, card = load_model(folder), read_card(folder)
    run_again = {"force": True, "scheduler": "synchronous"}
    save_model(folder, model, {**card, "pixel_size_nm": 10.0})
    with pytest.raises(NpmError, match=r"have 52 nm a pixel, but the model mulf .* of 10 nm"):
        run(study, ["predict"], **run_again)
    save_model(folder, model, {**card, "classes": ["S2", "S1"]})
    with pytest.raises(NpmError, match="tells S2, S1 apart, but the study has S1, S2: train it"):
        run(study, ["predict"], **run_again)
    (folder / "weights.safetensors").write_bytes(b"\x80\x04")
    with pytest.raises(NpmError, match="is not a readable model file"):
        run(study, ["predict"], **run_again)
