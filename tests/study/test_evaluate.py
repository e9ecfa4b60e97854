"""The whole table of accuracies: seeds, baselines, controls."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.evaluation import accuracy_interval
from napari_npm.study import Study, run
from napari_npm.study.models import CHECKPOINT, WEIGHTS, load_model
from napari_npm.study.seeds import seed_models
from napari_npm.study.wiring import read_model_maps


@pytest.fixture
def evaluated(evaluated_study, tmp_path):
    folder = tmp_path / "evaluated"
    shutil.copytree(evaluated_study, folder)
    with Study.open(folder) as study:
        yield study


def records_of(study, what):
    found = study.state("evaluate").records.values()
    return [row for record in found for row in record.rows if row["what"] == what]


def test_every_line_of_the_table_is_there(evaluated) -> None:
    table = evaluated.table("evaluation")
    assert table["classifier"].tolist() == [
        "network on MulF",
        "porosity, nearest mean",
        "average pore size, nearest mean",
        "grey histogram, logistic regression",
        "texture, logistic regression",
        "network on MulF, shuffled labels",
        *(
            f"{name}, {size} shift"
            for name in (
                "network on MulF",
                "grey histogram, logistic regression",
                "texture, logistic regression",
            )
            for size in ("small", "moderate")
        ),
    ]
    assert (table["chance"] == 0.5).all()
    network = table.iloc[0]
    seeds = evaluated.table("evaluation_seeds")
    assert seeds["seed"].tolist() == [0, 1]
    assert network["sd"] == pytest.approx(seeds["accuracy"].std())
    assert network["accuracy"] == pytest.approx(seeds["accuracy"].mean())
    assert (network["lowest"], network["highest"]) == (
        seeds["accuracy"].min(),
        seeds["accuracy"].max(),
    )
    assert (network["repeats"], network["repeated"]) == (2, "seeds")
    assert 0 <= network["agreement"] <= 1
    assert network["tiles"] == network["specimens"] == 2
    assert network["fewest_specimens"] == 1


def test_predict_has_the_same_baselines(evaluated) -> None:
    run(evaluated, ["predict"], scheduler="synchronous")
    accuracy = evaluated.table("accuracy").set_index("classifier")
    table = evaluated.table("evaluation")
    own = table[table["role"] == "baseline"].set_index("classifier")
    assert accuracy.index.tolist() == ["network on MulF", *own.index]
    for column in ("accuracy", "low", "high"):
        np.testing.assert_allclose(accuracy.loc[own.index, column], own[column], atol=1e-12)


def test_answers_are_those_of_the_kept_networks(evaluated) -> None:
    tiles = evaluated.tiles
    rows = records_of(evaluated, "seed")
    assert list(seed_models(evaluated, "mulf")) == [0, 1]
    assert evaluated.models == ("mulf",)
    import torch

    for row, folder in zip(rows, seed_models(evaluated, "mulf").values(), strict=True):
        maps = read_model_maps(evaluated, "mulf", [tiles[index] for index in row["tiles"]])
        with torch.no_grad():
            logits = load_model(folder)(torch.as_tensor(maps[:, None]))
        np.testing.assert_allclose(torch.softmax(logits, 1), row["probabilities"], atol=1e-4)
        assert row["predicted"] == np.argmax(row["probabilities"], 1).tolist()
        assert row["true"] == evaluated.tile_labels[row["tiles"]].tolist()
        parts = [record["part"] for record in evaluated.record("split", "split").rows]
        assert {parts[index] for index in row["tiles"]} == {"test"}
    # the first seed is the network of the train step: it is not trained again
    weights = [(path / WEIGHTS).read_bytes() for path in seed_models(evaluated, "mulf").values()]
    assert weights[0] == (evaluated.models_folder / "mulf" / WEIGHTS).read_bytes()
    assert weights[0] != weights[1]


def test_interval_is_the_bootstrap_over_the_answers_of_all_seeds(evaluated) -> None:
    rows = records_of(evaluated, "seed")
    right = np.concatenate([np.equal(row["true"], row["predicted"]) for row in rows])
    true = np.concatenate([row["true"] for row in rows])
    groups = [evaluated.tiles[index].specimen for row in rows for index in row["tiles"]]
    found = accuracy_interval(right, groups, labels=true, resamples=100)
    line = evaluated.table("evaluation").iloc[0]
    assert (line["accuracy"], line["low"], line["high"]) == pytest.approx(
        (found.value, found.low, found.high)
    )
    counts = evaluated.table("evaluation_confusion_mulf").filter(like="predicted_").to_numpy()
    assert counts.sum() == len(right)
    assert np.trace(counts) == right.sum()
    classes = evaluated.table("evaluation_classes")
    own = classes[classes["classifier"] == "network on MulF"]
    assert own["sample"].tolist() == ["S1", "S2"]
    assert own["accuracy"].tolist() == pytest.approx(
        [right[true == number].mean() for number in range(2)]
    )
    bins = evaluated.table("evaluation_reliability")
    assert bins["answers"].sum() == len(right)
    error = (bins["answers"] * (bins["accuracy"] - bins["confidence"]).abs()).sum() / len(right)
    assert line["calibration_error"] == pytest.approx(error)


def test_shuffled_networks_learn_other_labels_and_are_not_kept(evaluated) -> None:
    rows = records_of(evaluated, "shuffle")
    assert [row["number"] for row in rows] == [0, 1]
    table = evaluated.table("evaluation_shuffles")
    assert len(table) == 2
    assert table["learnt"].between(0, 1).all()
    assert not (evaluated.models_folder / "mulf" / "shuffles").exists()
    from napari_npm.study.steps._repeats import Repeats

    repeats = Repeats(evaluated, evaluated.parameters("evaluate"))
    labels = evaluated.tile_labels
    parts = np.array(repeats.parts(0))
    for number in range(2):
        new = repeats.shuffled(number)
        assert (new[parts == "test"] == labels[parts == "test"]).all()
        assert sorted(new[parts == "train"]) == sorted(labels[parts == "train"])
        assert (new != labels).any()


def test_shuffled_labels_are_what_is_learnt(evaluated, monkeypatch) -> None:
    from napari_npm.study.steps._repeats import Repeats

    seen = []

    def train_on(study, kind, parts, labels, *rest):
        seen.append(labels)
        raise Cancelled

    monkeypatch.setattr("napari_npm.study.steps.evaluate.train_on", train_on)
    with pytest.raises(Cancelled):
        run(evaluated, ["evaluate"], only=("mulf/shuffle/1",), force=True)
    repeats = Repeats(evaluated, evaluated.parameters("evaluate"))
    np.testing.assert_array_equal(seen, [repeats.shuffled(1)])


def test_shifts_are_made_on_networks_and_baselines(evaluated) -> None:
    table = evaluated.table("evaluation_jitter")
    assert table.groupby(["classifier", "number"]).size().tolist() == [9, 9, 9, 9]
    assert sorted(table["offset"].unique()) == pytest.approx([-0.1, -0.05, 0, 0.05, 0.1])
    assert sorted(table["gain"].unique()) == pytest.approx([0.8, 0.9, 1, 1.1, 1.2])
    own = table[(table["classifier"] == "network on MulF") & (table["number"] == 1)]
    plain = own[(own["gain"] == 1) & (own["offset"] == 0)]
    seeds = evaluated.table("evaluation_seeds").set_index("seed")
    assert plain["accuracy"].item() == pytest.approx(seeds.loc[1, "accuracy"])
    worst = table[table["classifier"] == "network on MulF"].groupby(["gain", "offset"])
    means = worst["accuracy"].mean()
    line = evaluated.table("evaluation").set_index("classifier")
    assert line.loc["network on MulF, small shift", "accuracy"] == pytest.approx(
        min(means[gain, offset] for gain, offset in ((0.9, 0), (1.1, 0), (1, -0.05), (1, 0.05)))
    )


def test_networks_are_shown_shifted_maps_with_unhydrated_cement_left_out(
    evaluated, monkeypatch
) -> None:
    from napari_npm.core.progress import silent
    from napari_npm.study.steps._evaluations import shift_rows
    from napari_npm.study.steps._repeats import Repeats

    seen = []

    def predict(model, maps, progress):
        seen.append(np.stack([maps[number] for number in range(len(maps))]))
        return np.array([[0.9, 0.1], [0.8, 0.2]])

    monkeypatch.setattr("napari_npm.core.prediction.predict", predict)
    repeats = Repeats(evaluated, evaluated.parameters("evaluate"))
    rows = shift_rows(repeats, "mulf", 1, silent)
    plain = read_model_maps(evaluated, "mulf", [evaluated.tiles[i] for i in repeats.test(1)])
    assert (plain == 0).any()
    for row, maps in zip(rows, seen, strict=True):
        shifted = np.clip(row["gain"] * plain + row["offset"], 0, 1)
        np.testing.assert_allclose(maps, np.where(plain == 0, 0, shifted), atol=1e-6)
        assert (row["right"], row["accuracy"], row["number"]) == (1, 0.5, 1)


def test_what_is_done_is_not_done_again(evaluated, computed) -> None:
    assert computed(evaluated, ["evaluate"]) == {}
    evaluated.set_parameters("evaluate", seeds=3)
    assert computed(evaluated, ["evaluate"]) == {"evaluate": 2}  # one network, its shifts
    assert list(seed_models(evaluated, "mulf")) == [0, 1, 2]
    evaluated.set_parameters("evaluate", resamples=200, bins=10)
    assert computed(evaluated, ["evaluate"]) == {}
    assert len(evaluated.table("evaluation_seeds")) == 3
    evaluated.set_parameters("evaluate", controls=False)
    assert computed(evaluated, ["evaluate"]) == {"evaluate": 1}  # baselines without shifts
    assert set(evaluated.table("evaluation")["role"]) == {"network", "baseline"}
    (evaluated.models_folder / "mulf" / "seeds" / "1" / WEIGHTS).unlink()
    assert computed(evaluated, ["evaluate"]) == {"evaluate": 1}


def test_a_training_that_was_cancelled_goes_on_where_it_was(evaluated, evaluated_study) -> None:
    evaluated.set_parameters("evaluate", epochs=2, seeds=1, controls=False)
    seen = []

    def stop(step, done, total, message="", metrics=None) -> None:
        seen.append(metrics)
        if metrics and metrics.get("epoch") == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(evaluated, ["evaluate"], progress=stop, scheduler="synchronous")
    folder = evaluated.models_folder / "mulf" / "seeds" / "0"
    assert (folder / CHECKPOINT).exists()
    epochs = []

    def watch(step, done, total, message="", metrics=None) -> None:
        epochs.append((metrics or {}).get("epoch"))

    run(evaluated, ["evaluate"], progress=watch, scheduler="synchronous")
    assert 1 not in epochs
    assert 2 in epochs
    assert not (folder / CHECKPOINT).exists()
    card = json.loads((folder / "card.json").read_text())
    assert card["parameters"]["epochs"] == 2
    history = pd.read_csv(folder / "history.csv")
    assert history["epoch"].tolist() == [1, 2]


def test_every_specimen_is_tested_once_with_folds(evaluated) -> None:
    evaluated.set_parameters("evaluate", splits="folds", seeds=3, controls=False)
    run(evaluated, ["evaluate"], scheduler="synchronous")
    tested = [index for row in records_of(evaluated, "seed") for index in row["tiles"]]
    assert sorted(tested) == list(range(len(evaluated.tiles)))
    line = evaluated.table("evaluation").iloc[0]
    assert line["tiles"] == 6
    assert line["repeated"] == "folds"
    assert np.isnan(line["agreement"])
    # each fold has baselines of its own on the same tiles
    plain = [row for row in records_of(evaluated, "baselines") if row["reads"] == "texture"]
    assert sorted(index for row in plain for index in row["tiles"]) == sorted(tested)


def test_fresh_splits_differ_and_the_first_is_that_of_the_study(evaluated) -> None:
    evaluated.set_parameters("evaluate", splits="fresh", seeds=3, controls=False)
    run(evaluated, ["evaluate"], scheduler="synchronous")
    rows = records_of(evaluated, "seed")
    parts = [record["part"] for record in evaluated.record("split", "split").rows]
    assert rows[0]["tiles"] == [index for index, part in enumerate(parts) if part == "test"]
    assert len({tuple(row["tiles"]) for row in rows}) > 1
    card = json.loads((seed_models(evaluated, "mulf")[1] / "card.json").read_text())
    assert card["tiles"]["test"] == 2


def test_what_cannot_be_evaluated_is_one_sentence(evaluated) -> None:
    evaluated.set_parameters("evaluate", splits="folds", seeds=1)
    with pytest.raises(NpmError, match="at least two"):
        run(evaluated, ["evaluate"])
    evaluated.set_parameters("evaluate", splits="same", maps=())
    with pytest.raises(NpmError, match="at least one kind"):
        run(evaluated, ["evaluate"])
