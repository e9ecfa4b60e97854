"""Models on disk: what is read back is what was written, and no file does harm."""

import json
import os
import pickle
import struct
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from napari_npm.core import NpmError
from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.study.model_cards import READABLE, add_test, read_card, readable
from napari_npm.study.models import (
    CARD,
    WEIGHTS,
    check_pixel_size,
    load_model,
    load_tensors,
    read_facts,
    save_model,
)

CONFIG = NetworkConfig(widths=(3, 4), input_size=16, in_channels=2)
FACTS = {"n_classes": 3, "network": CONFIG.to_dict()}


def network():
    torch.manual_seed(5)
    model = NanoporosityNet(3, CONFIG)
    model(torch.rand(4, 2, 16, 16))
    return model.eval()


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "good"
    save_model(folder, network(), {"maps": "both", "classes": ["a", "b", "c"]})
    return (folder / WEIGHTS).read_bytes()


def refused(folder, content):
    """Return the sentence that a weights file of this content is refused with."""
    folder.mkdir(exist_ok=True)
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(NpmError) as caught:
        load_model(folder)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert str(folder) in sentence
    return sentence


def file_of(tensors, facts):
    return save(tensors, metadata={"facts": facts if isinstance(facts, str) else json.dumps(facts)})


def test_a_model_is_read_back_bit_by_bit(tmp_path, good):
    model = network()
    (tmp_path / WEIGHTS).write_bytes(good)
    state = torch.get_rng_state()
    found = load_model(tmp_path)
    assert torch.equal(state, torch.get_rng_state())
    assert not found.training
    assert found.config == CONFIG
    for (name, one), (other, two) in zip(
        model.state_dict().items(), found.state_dict().items(), strict=True
    ):
        assert name == other
        assert torch.equal(one, two)
    assert all(parameter.requires_grad for parameter in found.parameters())
    maps = torch.rand(2, 2, 16, 16)
    assert torch.equal(model(maps), found(maps))
    facts = read_facts(tmp_path)
    assert (facts["maps"], facts["classes"]) == ("both", ["a", "b", "c"])
    # the file is let go: another one can take its place while the model is in use
    (tmp_path / WEIGHTS).write_bytes(b"")
    assert torch.equal(model(maps), found(maps))


@given(content=st.binary(max_size=300))
def test_random_bytes_are_one_sentence(content, tmp_path_factory):
    refused(tmp_path_factory.getbasetemp() / "random", content)


@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_one_sentence(cut, good, tmp_path_factory):
    refused(tmp_path_factory.getbasetemp() / "cut", good[: int(cut * len(good))])


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_every_flipped_bit_is_one_sentence_or_harmless(place, bit, good, tmp_path_factory):
    content = bytearray(good)
    content[int(place * len(good))] ^= 1 << bit
    folder = tmp_path_factory.getbasetemp() / "flipped"
    folder.mkdir(exist_ok=True)
    (folder / WEIGHTS).write_bytes(content)
    with suppress(NpmError):
        # what is read all the same is the same: only what nobody reads has changed
        found = load_model(folder).state_dict()
        for one, two in zip(found.values(), network().state_dict().values(), strict=True):
            assert torch.equal(one, two)


class Harm:
    def __reduce__(self):
        return os.mkdir, ("harm",)


def test_a_pickle_is_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(tmp_path / "model", pickle.dumps(Harm()))
    torch.save({"weight": torch.zeros(3), "harm": Harm()}, tmp_path / "torch.pt")
    refused(tmp_path / "model", (tmp_path / "torch.pt").read_bytes())
    assert not (tmp_path / "harm").exists()


def test_a_header_that_promises_too_much_is_one_sentence(tmp_path):
    for length in (2**63, 2**40, 10**8):
        refused(tmp_path / "model", struct.pack("<Q", length) + b"{}")
    deep = "[" * 100_000 + "]" * 100_000
    refused(tmp_path / "model", file_of({"a": torch.zeros(1)}, deep))
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}})
    refused(tmp_path / "model", struct.pack("<Q", len(header)) + header.encode())


def changed(**network_changes):
    return {**FACTS, "network": {**FACTS["network"], **network_changes}}


@pytest.mark.parametrize(
    "facts",
    [
        {},
        [],
        "no json",
        None,
        {"n_classes": 3},
        {**FACTS, "n_classes": 4},
        {**FACTS, "n_classes": 1},
        {**FACTS, "n_classes": 10**15},
        {**FACTS, "n_classes": "3"},
        {**FACTS, "n_classes": 3.0},
        {**FACTS, "n_classes": True},
        {**FACTS, "network": []},
        {**FACTS, "network": {}},
        changed(widths=[10**9, 10**9]),
        changed(widths=[3, 10**18]),
        changed(widths=[-3, 4]),
        changed(widths=[3] * 60),
        changed(widths="34"),
        changed(widths=[3.0, 4.0]),
        changed(widths=None),
        changed(in_channels=1),
        changed(in_channels=10**12),
        changed(input_size=17),
        changed(head="flatten", input_size=2**40),
        changed(pooling="__import__('os')"),
        changed(unknown=1),
    ],
)
def test_a_wrong_description_is_one_sentence_and_makes_nothing_large(tmp_path, facts):
    refused(tmp_path / "model", file_of(dict(network().state_dict()), facts))


def test_other_networks_and_types_are_one_sentence(tmp_path):
    state = dict(network().state_dict())
    folder = tmp_path / "model"
    refused(folder, save({"a": torch.zeros(2)}))
    refused(folder, save(state))
    refused(folder, file_of({**state, "more": torch.zeros(1)}, FACTS))
    refused(folder, file_of({k: v for k, v in state.items() if "running" not in k}, FACTS))
    refused(folder, file_of({k: v.double() for k, v in state.items()}, FACTS))
    name = "blocks.0.0.weight"
    refused(folder, file_of({**state, name: state[name].flatten()}, FACTS))
    refused(folder, file_of({**state, name: state[name].to(torch.int64)}, FACTS))
    spoilt = {**state, name: torch.full_like(state[name], torch.nan)}
    assert "not numbers" in refused(folder, file_of(spoilt, FACTS))
    (folder / WEIGHTS).unlink()
    with pytest.raises(NpmError, match="no model file"):
        load_model(folder)
    (folder / WEIGHTS).mkdir()
    with pytest.raises(NpmError, match="no model file"):
        load_model(folder)


def test_a_file_beyond_every_size_is_not_even_opened(tmp_path, good, monkeypatch):
    monkeypatch.setattr("napari_npm.study.models._BYTES", len(good) - 1)
    assert "too large to be a model" in refused(tmp_path / "model", good)


def test_files_of_former_versions_are_read(tmp_path):
    """Neither a digest nor the number of channels was kept."""
    model = NanoporosityNet(2, NetworkConfig(widths=(3, 4), input_size=16)).eval()
    facts = {"n_classes": 2, "network": model.config.to_dict()}
    del facts["network"]["in_channels"]
    (tmp_path / WEIGHTS).write_bytes(file_of(dict(model.state_dict()), facts))
    assert load_model(tmp_path).config == model.config


def test_a_changed_weight_is_noticed(tmp_path, good):
    content = bytearray(good)
    content[-5] ^= 1
    assert "not what was written" in refused(tmp_path / "model", bytes(content))
    with pytest.raises(NpmError, match="not what was written"):
        load_tensors(tmp_path / "model" / WEIGHTS)


def test_another_pixel_size_is_refused_with_what_to_do():
    check_pixel_size({"pixel_size_nm": 52.0}, 52.1, "mulf")
    check_pixel_size({}, 10.0, "mulf")
    check_pixel_size({"pixel_size_nm": None}, 10.0, "mulf")
    with pytest.raises(NpmError, match=r"10 nm a pixel, but the model mulf .* 52 nm: rescale"):
        check_pixel_size({"pixel_size_nm": 52.0}, 10.0, "mulf")


# cards

FIGURES = {"accuracy": 0.9, "low": 0.8, "high": 0.95, "tiles": 40, "specimens": 4,
           "interval": "bootstrap", "calibration_error": 0.05,
           "classes": {"a": 1.0, "b": 0.8}, "leaks": ""}  # fmt: skip


def test_figures_of_the_test_stay_while_the_weights_do(tmp_path):
    model, card = network(), {"split": 1, "data": 2}
    save_model(tmp_path, model, card)
    assert "not been tested yet" in (tmp_path / READABLE).read_text()
    add_test(tmp_path, FIGURES)
    assert read_card(tmp_path)["test"] == FIGURES
    text = (tmp_path / READABLE).read_text()
    assert "test accuracy 90.0% (80.0% to 95.0%) on 40 tiles of 4 specimens" in text
    assert "- b: 80.0% right" in text
    assert "calibration error 0.050" in text
    save_model(tmp_path, model, card)
    assert read_card(tmp_path)["test"] == FIGURES
    for other in ({"split": 3, "data": 2}, {"split": 1, "data": 3}):
        save_model(tmp_path, model, other)
        assert "test" not in read_card(tmp_path)
        save_model(tmp_path, model, card)
        add_test(tmp_path, FIGURES)
    with torch.no_grad():
        next(model.parameters()).add_(1)
    save_model(tmp_path, model, card)
    assert "test" not in read_card(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, "\x00"])
def test_a_damaged_card_is_one_sentence_and_written_anew(tmp_path, text):
    (tmp_path / CARD).write_text(text)
    with pytest.raises(NpmError, match=r"card\.json cannot be read"):
        read_card(tmp_path)
    save_model(tmp_path, network(), {"classes": ["a", "b", "c"]})
    assert read_card(tmp_path)["classes"] == ["a", "b", "c"]


def test_the_card_of_a_training_says_what_it_was_made_of(finished_study):
    from napari_npm.study import Study

    study = Study.open(finished_study, write=False)
    folder = study.models_folder / "mulf"
    card = read_card(folder)
    assert card["classes"] == ["S1", "S2"]
    assert card["input"]["pixel_size_nm"] == study.pixel_size_nm
    assert card["data"]["images"] == {image.id: image.sha256 for image in study.images}
    assert len(card["data"]["maps"]) == 64
    assert card["split"]["hash"] == study.record("split", "split").output
    assert card["split"]["parameters"] == study.parameters("split").model_dump(mode="json")
    parts = study.table("split").groupby(["sample", "specimen"])["part"].first()
    assert card["split"]["specimens"] == {f"{a}/{b}": {part: 1} for (a, b), part in parts.items()}
    assert card["split"]["leaks"] is None
    assert card["seed"] == study.parameters("train").seed
    assert {"torch", "napari-npm"} <= card["versions"].keys()
    assert card["machine"]["cores"] == os.cpu_count()
    (row,) = study.table("accuracy").query("classifier == 'network on MulF'").to_dict("records")
    for name in ("accuracy", "low", "high", "calibration_error"):
        assert card["test"][name] == pytest.approx(row[name])
    assert card["test"]["classes"] == {s: pytest.approx(row[f"accuracy_{s}"]) for s in ("S1", "S2")}
    predicted = study.table("predictions_mulf").query("part == 'test'")
    right = predicted["sample"] == predicted["predicted"]
    assert card["test"]["accuracy"] == pytest.approx(np.mean(right))
    text = (folder / READABLE).read_text()
    assert text == readable("mulf", card)
    for said in (
        "tells 2 samples apart by MulF maps",
        "384 x 384 px",
        "test: 2 tiles of 2",
        "seed",
    ):
        assert said in text
