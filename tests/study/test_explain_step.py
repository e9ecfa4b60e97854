"""The explain step: what is stored is what the core says, corrected and told as was asked."""

import numpy as np
import pytest

from napari_npm.core import average_precision, explain, roc_auc
from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.study import run


def test_relevance_and_difference_are_those_of_the_core(modelled, look, stacked):
    look(modelled)
    expected = explain(modelled.load_model("mulf"), stacked(modelled, "mulf"), difference=True)
    np.testing.assert_allclose(
        stacked(modelled, "relevance/mulf"), expected.relevance, atol=1e-9, rtol=1e-4
    )
    difference = stacked(modelled, "difference/mulf")
    np.testing.assert_allclose(difference, expected.difference, atol=1e-9, rtol=1e-3)
    assert np.abs(difference).max() > 0
    rows = modelled.table("relevance_mulf")
    names = np.array(["S1", "S2"])
    assert rows["target"].tolist() == names[expected.target].tolist()
    assert rows["network_says"].tolist() == names[expected.predicted].tolist()
    for column in ("output", "raw_sum", "conservation", "undefined"):
        np.testing.assert_allclose(rows[column], getattr(expected, column), rtol=1e-4, atol=1e-6)
    line = rows.iloc[0]
    assert line["rule"] == "alpha1-beta0"
    assert line["engine"] == expected.engine
    assert (line["input_rule"], line["undefined_rule"]) == ("zplus", "spread")
    assert (line["average"], line["precision"]) == ("none", "float32")
    assert (line["padding"], line["correction"]) == ("zeros", "none")
    assert "share_mulf" not in rows
    assert rows["against"].isna().all()


def test_a_network_of_both_maps_says_which_it_looked_at(modelled, look, stacked, note_trained):
    note_trained(modelled, "both")
    look(modelled)
    maps = np.stack([stacked(modelled, "mulf"), stacked(modelled, "micf")], axis=1)
    expected = explain(modelled.load_model("both"), maps)
    np.testing.assert_allclose(
        stacked(modelled, "relevance/both"), expected.relevance, atol=1e-9, rtol=1e-4
    )
    rows = modelled.table("relevance_both")
    shares = rows[["share_mulf", "share_micf"]].to_numpy()
    np.testing.assert_allclose(shares, expected.channel_share, rtol=1e-4)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-6)
    (outcome,) = run(modelled, ["regions"], scheduler="synchronous")
    assert outcome.computed == 8
    assert len(modelled.table("regions_both")) == 5


@pytest.mark.parametrize(
    ("asked", "target", "against"),
    [
        ({"target": "S2"}, 1, None),
        ({"target": "true"}, [0, 0, 0, 1, 1], None),
        ({"target": "S1", "against": "S2"}, 0, 1),
        ({"target": "true", "against": "others"}, [0, 0, 0, 1, 1], "others"),
    ],
)
def test_the_class_may_be_chosen_and_compared(modelled, asked, target, against, look, stacked):
    look(modelled, **asked, difference=False)
    expected = explain(
        modelled.load_model("mulf"), stacked(modelled, "mulf"), target, against=against
    )
    np.testing.assert_allclose(
        stacked(modelled, "relevance/mulf"), expected.relevance, atol=1e-9, rtol=1e-4
    )
    rows = modelled.table("relevance_mulf")
    assert rows["target"].tolist() == [f"S{number + 1}" for number in expected.target]
    said = {None: None, "others": "others", 1: "S2"}[against]
    assert rows["against"].isna().all() if said is None else set(rows["against"]) == {said}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"target": "S9"}, "choose one of predicted, true, S1, S2"),
        ({"target": "S1", "against": "S9"}, "choose one of others, S1, S2"),
        ({"against": "S1"}, "name another sample as the target"),
        ({"target": "S1", "against": "S1"}, "name another sample as the target"),
    ],
)
def test_a_class_that_is_none_is_refused(modelled, asked, message, look):
    with pytest.raises(NpmError, match=message):
        look(modelled, **asked)


def test_difference_maps_are_left_out_when_not_wanted(modelled, look):
    look(modelled)
    assert modelled.stack("difference/mulf").exists
    look(modelled, difference=False)
    assert not modelled.stack("difference/mulf").exists
    assert look(modelled).computed == 0
    assert look(modelled, difference=True).computed == 4
    modelled.stack("difference/mulf").remove()
    assert look(modelled).computed == 4


def test_truth_is_held_against_the_maps_tile_by_tile(modelled, look, stacked):
    image = modelled.images[0].id
    places = np.random.default_rng(1).random((768, 384)) < 0.3
    places[384:] = False
    modelled.set_truth(image, places)
    mask = np.zeros((768, 384), np.uint8)
    mask[:100, :100] = 1
    modelled.set_mask(image, mask)
    look(modelled)
    rows = modelled.table("relevance_mulf")
    relevance, difference = (stacked(modelled, f"{kind}/mulf")[0]
                             for kind in ("relevance", "difference"))  # fmt: skip
    own = places[:384]
    line = rows.iloc[0]
    assert line["auc"] == pytest.approx(roc_auc(relevance, own))
    assert line["average_precision"] == pytest.approx(average_precision(relevance, own))
    assert line["prevalence"] == pytest.approx(own.mean())
    assert line["difference_auc"] == pytest.approx(roc_auc(difference, own))
    assert line["auc_without_uc"] == pytest.approx(roc_auc(relevance, own, mask[:384] != 1))
    assert line["pointing"] in (0, 1)
    assert rows["auc"][1:].isna().all()  # no places in the second tile, none known elsewhere


def test_no_relevance_is_told_and_stops_nothing(modelled, look, stacked, note_trained):
    import torch

    from napari_npm.study.models import save_model

    model = modelled.load_model("mulf")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(-parameter.abs())
    save_model(modelled.models_folder / "mulf", model, {"maps": "mulf", "pixel_size_nm": 52.0})
    with pytest.raises(
        NpmError, match=r"mulf/weights.* is not what the train step wrote .*: train"
    ):
        look(modelled, undefined="drop")
    note_trained(modelled, "mulf")
    outcome = look(modelled, undefined="drop")
    (said,) = outcome.warnings
    assert said.startswith("5 of 5 tiles have no relevance at all on MulF")
    assert not stacked(modelled, "relevance/mulf").any()
    (outcome,) = run(modelled, ["regions"], scheduler="synchronous")
    assert "no regions" in outcome.warnings[0]


def test_maps_of_another_pixel_size_are_refused(modelled, look):
    from napari_npm.study.models import save_model

    model = modelled.load_model("mulf")
    save_model(modelled.models_folder / "mulf", model, {"maps": "mulf", "pixel_size_nm": 26.0})
    with pytest.raises(NpmError, match="26 nm"):
        look(modelled)


def test_a_run_that_was_stopped_leaves_no_record_of_what_it_did_not_write(
    modelled, monkeypatch, look
):
    look(modelled)
    from napari_npm.study.store import TileStack

    written = []
    whole = TileStack.write

    def write(self, tiles, values):
        written.append(self.path.name)
        if len(written) == 2:
            raise Cancelled  # between the relevance and the difference of an image
        whole(self, tiles, values)

    monkeypatch.setattr(TileStack, "write", write)
    with pytest.raises(Cancelled):
        look(modelled, input_rule="zbox")
    image = modelled.images[0].id
    assert f"mulf/{image}" not in modelled.state("explain").records
    with pytest.raises(NpmError):
        run(modelled, ["regions"], scheduler="synchronous")
    monkeypatch.undo()
    assert look(modelled).computed == 4
