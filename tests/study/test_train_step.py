"""What the train step hands to the training, and what it says of it afterwards."""

import json
from dataclasses import replace

import pytest

from napari_npm.core import training
from napari_npm.core.errors import NpmError
from napari_npm.study import run
from napari_npm.study.model_cards import read_card
from napari_npm.study.models import load_model, save_model
from napari_npm.study.reporting import methods_paragraph
from napari_npm.study.runner import items_left

SMALL = {"widths": (2,) * 7, "batch_size": 4, "epochs": 1}


@pytest.fixture
def asked(monkeypatch):
    """Keep what the training is asked for."""
    real, seen = training.train, []

    def train(*maps_and_labels, **options):
        seen.append(options)
        result = real(*maps_and_labels, **options)
        return replace(result, notes=("Something was otherwise.",))

    monkeypatch.setattr(training, "train", train)
    return seen


def test_every_setting_reaches_the_training_and_notes_reach_the_user(quick, asked):
    settings = {
        "epochs": 2,
        "batch_size": 3,
        "learning_rate": 0.002,
        "weight_decay": 0.03,
        "augment": False,
        "patience": 4,
        "seed": 5,
        "device": "cpu",
        "precision": "bfloat16",
    }
    built = {"widths": (2, 3, 2, 3, 2, 3, 2), "pooling": "average", "padding": "replicate"}
    quick.set_parameters("split", validation_fraction=0.3)
    quick.set_parameters(
        "train", maps=("both",), jitter_offset=0.1, jitter_gain=0.2, **settings, **built
    )
    _, outcome = run(quick, ["split", "train"])
    (found,) = asked
    assert {name: found[name] for name in settings} == settings
    assert (found["brightness"], found["contrast"]) == (0.1, 0.2)
    assert found["compiled"] is False
    assert 0 < found["memory_bytes"] < 2**50
    model = load_model(quick.models_folder / "both")
    config = model.config
    assert (config.widths, config.pooling, config.padding) == tuple(built.values())
    assert config.in_channels == 2
    card = read_card(quick.models_folder / "both")
    assert (card["device"], card["processes"]) == ("cpu", 1)
    assert card["notes"] == ["Something was otherwise."]
    assert outcome.warnings == ("both: Something was otherwise.",)


def test_stopping_early_takes_a_validation_part(quick, asked):
    quick.set_parameters("train", maps=("mulf",), **SMALL)
    run(quick, ["train"])
    # nothing to stop by: all epochs, and the same model as with any default
    quick.set_parameters("train", patience=1)
    assert items_left(quick, "train") == 0
    quick.set_parameters("train", patience=2)
    with pytest.raises(NpmError, match=r"needs a validation part, .* or set patience to 0"):
        run(quick, ["train"])
    quick.set_parameters("train", patience=0)
    run(quick, ["train"])
    quick.reset_parameters("train")
    quick.set_parameters("train", maps=("mulf",), **{**SMALL, "epochs": 4})
    quick.set_parameters("split", validation_fraction=0.3)
    run(quick, ["split", "train"])
    assert [found["patience"] for found in asked] == [1, 0, 2]
    assert [found["validation"] is None for found in asked] == [True, True, False]


def test_another_device_is_no_reason_to_train_again_but_other_widths_are(quick):
    quick.set_parameters("train", maps=("mulf",), device="cpu", **SMALL)
    run(quick, ["train"])
    quick.set_parameters("train", device="auto", compile=True)
    assert items_left(quick, "train") == 0
    quick.set_parameters("train", widths=(2, 2, 2, 2, 2, 2, 3))
    assert items_left(quick, "train") == 1


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"widths": (4,)}, "widths: .*at least 2"),
        ({"widths": (4,) * 8}, "widths: .*at most 7"),
        ({"widths": (0,) * 7}, "widths"),
        ({"precision": "float8"}, "precision"),
        ({"device": "abacus"}, "no device 'abacus'"),
        ({"jitter_gain": 1.0}, "jitter_gain"),
        ({"maps": ()}, "at least one kind of map"),
    ],
)
def test_settings_that_cannot_be_are_a_sentence(quick, values, sentence):
    def attempt():
        quick.set_parameters("train", **{"maps": ("mulf",), **SMALL, **values})
        run(quick, ["train"])

    with pytest.raises(NpmError, match=sentence):
        attempt()


def test_a_network_of_fewer_blocks_goes_all_the_way(quick):
    shorter = {**SMALL, "widths": (2, 3, 4, 5)}
    quick.set_parameters("train", maps=("mulf",), **shorter)
    quick.set_parameters("explain", rule="contrastive", difference=False)
    run(quick, ["train", "explain"])
    assert load_model(quick.models_folder / "mulf").config.widths == (2, 3, 4, 5)
    rows = quick.table("relevance_mulf")
    assert len(rows) == len(quick.tiles)
    some = rows["conservation"] > 0  # a network at chance may have nothing to say of a tile
    assert some.any()
    assert rows["conservation"][some].to_numpy() == pytest.approx(1, abs=1e-4)
    said = methods_paragraph(quick)
    assert "A network of four 3 x 3 convolutions (2, 3, 4, 5 feature maps)" in said


def test_model_of_an_older_version_reads_one_map(quick):
    quick.set_parameters("train", maps=("mulf",), **SMALL)
    run(quick, ["train"])
    from safetensors.torch import load_file, save_file

    path = quick.models_folder / "mulf" / "weights.safetensors"
    tensors, model = load_file(path), load_model(path.parent)
    network = model.config.to_dict()
    del network["in_channels"]
    facts = {"n_classes": model.n_classes, "network": network}
    save_file(tensors, path, metadata={"facts": json.dumps(facts)})
    assert load_model(path.parent).config == model.config


@pytest.mark.parametrize("damage", ["a bit", "cut", "another model"])
def test_a_damaged_model_is_refused_and_trained_anew(quick, damage):
    quick.set_parameters("train", maps=("mulf",), **SMALL)
    run(quick, ["train"])
    assert run(quick, ["train"])[0].computed == 0
    path = quick.models_folder / "mulf" / "weights.safetensors"
    whole = path.read_bytes()
    assert quick.load_model("mulf")
    if damage == "another model":
        other = load_model(path.parent)
        other.head[2].bias.data += 1
        save_model(path.parent, other, read_card(path.parent))
    else:
        path.write_bytes(whole[:-9] + (b"?" + whole[-8:] if damage == "a bit" else b""))
    with pytest.raises(
        NpmError, match=r"mulf/weights\.safetensors is not what .*`napari-npm train"
    ):
        quick.load_model("mulf")
    with pytest.raises(NpmError, match=r"weights\.safetensors is not [^.]*: train the model"):
        run(quick, ["predict"], scheduler="synchronous")
    assert items_left(quick, "train") == 1
    run(quick, ["train"])
    assert path.read_bytes() == whole
    assert quick.load_model("mulf")
