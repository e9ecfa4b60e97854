"""The step that tests the maps: which tiles, what it keeps, what it says, and what it refuses."""

import shutil

import numpy as np
import pytest

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.faithfulness import deletion_insertion, noise_stability
from napari_npm.core.relevance import Explainer
from napari_npm.study import STEPS, Study, items_left, run
from napari_npm.study.drawing import drawings
from napari_npm.study.faithfulness_tests import chosen_tiles, layer_name
from napari_npm.study.reporting.faithfulness import faithfulness
from napari_npm.study.results import SPLIT_ITEM, parts_of
from napari_npm.study.runner import whole_run
from napari_npm.study.settings import FaithfulnessParameters
from napari_npm.study.wiring import ModelTiles

QUICK = {
    "block_px": 64,
    "steps": 4,
    "random_orders": 2,
    "noise_draws": 1,
    "tests": ("deletion", "layers", "classes", "noise"),
}


@pytest.fixture(scope="module")
def tested_folder(finished_study, tmp_path_factory):
    """Return the folder of a finished study whose maps were tested."""
    folder = tmp_path_factory.mktemp("studies") / "tested"
    shutil.copytree(finished_study, folder)
    with Study.open(folder) as study:
        study.set_parameters("faithfulness", **QUICK)
        run(study, ["faithfulness"], scheduler="synchronous")
    return folder


@pytest.fixture
def tested(tested_folder):
    return Study.open(tested_folder, write=False)


@pytest.fixture
def copied(tested_folder, tmp_path):
    folder = tmp_path / "tested"
    shutil.copytree(tested_folder, folder)
    with Study.open(folder) as study:
        yield study


def test_it_runs_only_when_it_is_named():
    assert "faithfulness" not in whole_run()
    order = list(STEPS)
    assert order.index("faithfulness") == order.index("explain") + 1


def test_tiles_are_test_tiles_even_over_samples_and_specimens(tested):
    parts = parts_of(tested)
    tiles = chosen_tiles(tested, FaithfulnessParameters())
    assert {parts[tile.index] for tile in tiles} == {"test"}
    assert {tile.sample for tile in tiles} == {"S1", "S2"}
    one = chosen_tiles(tested, FaithfulnessParameters(tiles=1))
    assert len(one) == 1
    assert one == chosen_tiles(tested, FaithfulnessParameters(tiles=1))


def test_figures_are_those_of_the_core_functions(tested):
    tiles = chosen_tiles(tested, FaithfulnessParameters())
    images, model = ModelTiles(tested, "mulf", tiles), tested.load_model("mulf")
    explained = tested.table("relevance_mulf").set_index("tile")
    names = [sample.name for sample in tested.samples]
    targets = np.array([names.index(explained.loc[tile.index, "target"]) for tile in tiles])
    relevance = tested.stack("relevance/mulf").read(tiles)
    expected = deletion_insertion(model, images, relevance, targets, block_px=64, steps=4, orders=2)
    table = tested.table("faithfulness_tiles")
    assert list(dict.fromkeys(table["tile"])) == [tile.index for tile in tiles]

    def of(test, case, measure):
        some = table[(table["test"] == test) & (table["case"] == case)]
        return some.loc[some["measure"] == measure, "value"].to_numpy()

    np.testing.assert_allclose(of("deletion", "deletion", "gain"), expected.deletion_gain)
    np.testing.assert_allclose(of("deletion", "insertion", "gain"), expected.insertion_gain)
    np.testing.assert_allclose(of("deletion", "all replaced", "output"), expected.deletion[:, -1])
    means = tested.table("faithfulness").set_index(["test", "case", "measure"])["value"]
    for tile, gain in zip(tiles, expected.deletion_gain, strict=True):
        # one tile a sample
        found = means["deletion", f"deletion, {tile.sample}", "gain"]
        np.testing.assert_allclose(found, gain)
    noise = noise_stability(Explainer(model), images, targets, sigma=[0.005, 0.01, 0.02], draws=1)
    np.testing.assert_allclose(of("noise", "0.02", "iou"), noise.likeness.iou[2], rtol=1e-6)
    np.testing.assert_allclose(of("noise", "0.005", "pearson"), noise.likeness.pearson[0], 1e-6)
    curves = tested.table("faithfulness_curves")
    np.testing.assert_allclose(curves["share"], np.arange(5) / 4, atol=0.02)
    np.testing.assert_allclose(curves["deletion"], expected.deletion.mean(0))
    np.testing.assert_allclose(curves["insertion_random"], expected.insertion_random.mean(0))


def test_every_layer_class_and_noise_has_its_mean(tested):
    table = tested.table("faithfulness")
    blocks = [f"block {number}" for number in range(7, 0, -1)]
    for mode in ("cascading", "independent"):
        own = table[table["test"] == f"layers-{mode}"]
        assert list(dict.fromkeys(own["case"])) == ["linear", *blocks]
    # drawn anew, all layers together change the maps more than the last one alone
    cascade = table[(table["test"] == "layers-cascading") & (table["measure"] == "pearson")]
    assert cascade["value"].iloc[-1] < cascade["value"].iloc[0]
    assert list(dict.fromkeys(table.loc[table["test"] == "classes", "case"])) == ["S1/S2", "all"]
    assert list(dict.fromkeys(table.loc[table["test"] == "noise", "case"])) == [
        "0.005",
        "0.01",
        "0.02",
    ]
    whole = table[~table["case"].str.contains(", ")]
    assert (whole["specimens"] == 2).all()
    assert whole["interval"].str.contains("single specimen").all()
    assert layer_name("features.3") == "features.3"


def test_each_test_is_a_figure_and_a_number_in_the_report(tested):
    found = {one.name: one for one in drawings(tested) if one.name.startswith("faithfulness")}
    assert list(found) == [
        f"faithfulness_{test}_mulf" for test in ("deletion", "layers", "classes", "noise")
    ]
    for one in found.values():
        assert one.draw().axes
    section = faithfulness(tested)
    assert section.figures == ["faithfulness"]
    (table,) = section.tables
    tests = [row[1] for row in table.rows]
    assert "Weights drawn anew: linear layer" in tests
    assert "Weights drawn anew: all layers" in tests
    assert "Another class explained" in tests
    assert any(row[1].startswith("Most relevant blocks replaced") for row in table.rows)
    assert all(len(row) == len(table.columns) for row in table.rows)
    text = " ".join(section.paragraphs)
    # two epochs: the class hardly depends on the blocks, which must be said
    assert "with all blocks replaced the class keeps a probability" in text
    for words in ("output layer drawn anew", "another class", "Noise of 0.02", "random blocks"):
        assert words in text


def test_only_what_depends_on_a_parameter_is_done_again(copied, computed):
    assert items_left(copied, "faithfulness") == 0
    assert computed(copied, ["faithfulness"]) == {}
    for change, count in (
        ({"noise_sigma": 0.01}, 1),
        ({"share": 0.6}, 4),
        ({"confidence": 0.9}, 0),
        ({"tests": ("noise",)}, 0),
        ({"tests": ("noise", "classes"), "tiles": 1}, 2),
    ):
        unchanged = {"noise_sigma": 0.02, "share": 0.7, **QUICK}
        copied.set_parameters("faithfulness", **{**unchanged, **change})
        assert items_left(copied, "faithfulness") == count
    assert computed(copied, ["faithfulness"]) == {"faithfulness": 2}
    table = copied.table("faithfulness")
    assert set(table["test"]) == {"noise", "classes"}
    assert (table["tiles"] == 1).all()
    assert table["low"].isna().all()
    text = " ".join(faithfulness(copied).paragraphs)
    assert "one tile: no interval" in text
    assert copied.table("faithfulness_curves").empty
    assert [one.name for one in drawings(copied) if one.name.startswith("faithfulness")] == [
        "faithfulness_classes_mulf",
        "faithfulness_noise_mulf",
    ]


def test_it_goes_on_where_it_was_stopped(finished, computed):
    with Study.open(finished) as study:
        study.set_parameters("faithfulness", **{**QUICK, "tests": ("classes", "noise"), "tiles": 1})

        def stop(step, done, total, message="", metrics=None):
            if "noise" in message:
                raise Cancelled

        with pytest.raises(Cancelled):
            run(study, ["faithfulness"], scheduler="synchronous", progress=stop)
        assert items_left(study, "faithfulness") == 1
        assert faithfulness(study) is None
        assert computed(study, ["faithfulness"]) == {"faithfulness": 1}


def test_without_test_tiles_or_current_maps_it_says_what_to_do(finished):
    with Study.open(finished) as study:
        (split,) = [study.record("split", SPLIT_ITEM)]
        for row in split.rows:
            row["part"] = "train"
        with pytest.raises(NpmError, match="give split a test part"):
            run(study, ["faithfulness"], scheduler="synchronous")
        assert items_left(study, "faithfulness") is None
    with Study.open(finished) as study:
        study.set_parameters("explain", input_rule="zbox")
        with pytest.raises(NpmError, match="explain with its present settings"):
            run(study, ["faithfulness"], scheduler="synchronous")


def test_seeds_are_left_out_with_a_sentence_until_there_are_networks(finished, monkeypatch):
    with Study.open(finished) as study:
        study.set_parameters("faithfulness", tests=("seeds",), tiles=2)
        (outcome,) = run(study, ["faithfulness"], scheduler="synchronous")
        assert outcome.computed == 0
        assert any("run evaluate with --seeds 2" in one for one in outcome.warnings)
        assert study.table("faithfulness").empty
        assert faithfulness(study) is None
        folder = study.models_folder / "mulf"
        for where in (
            "napari_npm.study.steps.faithfulness.seed_models",
            "napari_npm.study.faithfulness_tests.seed_models",
        ):
            monkeypatch.setattr(where, lambda *_: {3: folder, 7: folder})
        (outcome,) = run(study, ["faithfulness"], scheduler="synchronous")
        assert outcome.computed == 1
        assert not any("evaluate" in one for one in outcome.warnings)
        table = study.table("faithfulness")
        assert list(dict.fromkeys(table["case"])) == ["3/7", "all"]
        # it is the same network twice
        np.testing.assert_allclose(table["value"], 1, atol=1e-5)
        (drawing,) = [one for one in drawings(study) if one.name.startswith("faithfulness")]
        labels = [label.get_text() for label in drawing.draw().axes[0].get_xticklabels()]
        assert labels == ["3", "7"]
        assert "much the same places" in " ".join(faithfulness(study).paragraphs)
