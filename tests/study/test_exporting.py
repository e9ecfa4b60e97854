"""An ONNX file gives the network's logits in another program, whatever the network."""

import importlib.util
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from napari_npm.core import NpmError
from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.study import Study, exporting
from napari_npm.study.exporting import difference, export_model, onnx_bytes
from napari_npm.study.models import save_model


def network(classes=3, **config):
    """Return a network whose batch norms have seen something."""
    torch.manual_seed(3)
    made = NanoporosityNet(classes, NetworkConfig(**{"widths": (3, 5), "input_size": 16} | config))
    with torch.no_grad():
        for module in made.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 2)
                module.bias.uniform_(-0.5, 0.5)
    for _ in range(3):
        made(torch.rand(6, made.config.in_channels, 16, 16))
    return made.eval()


def logits(data, maps):
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"maps": maps})[0]


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("padding", ["zeros", "reflect", "replicate"])
@pytest.mark.parametrize("head", ["gap", "flatten"])
@pytest.mark.parametrize("in_channels", [1, 2])
def test_logits_are_the_networks(pooling, padding, head, in_channels):
    model = network(pooling=pooling, padding=padding, head=head, in_channels=in_channels)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    data = onnx_bytes(model, {})
    rng = np.random.default_rng(1)
    for n in (1, 2, 7):
        maps = rng.random((n, in_channels, 16, 16), np.float32)
        with torch.no_grad():
            wanted = model(torch.from_numpy(maps)).numpy()
        np.testing.assert_allclose(logits(data, maps), wanted, atol=1e-5)
        assert np.ptp(wanted) > 1e-3
    if head == "gap":
        maps = rng.random((1, in_channels, 25, 36), np.float32)
        with torch.no_grad():
            wanted = model(torch.from_numpy(maps)).numpy()
        np.testing.assert_allclose(logits(data, maps), wanted, atol=1e-5)
    assert difference(model, data) < 1e-5
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_the_network_of_full_size_is_within_a_ten_thousandth(tmp_path):
    torch.manual_seed(0)
    save_model(tmp_path / "m", NanoporosityNet(3).eval(), {})
    assert export_model(tmp_path / "m", tmp_path / "m.onnx") < 1e-4


def test_the_file_says_what_it_is(tmp_path):
    card = {"maps": "both", "classes": ["S1", "S2 é"], "pixel_size_nm": 52.0,
            "split": {"leaks": "a leak"}, "machine": {}}  # fmt: skip
    save_model(tmp_path / "m", network(2, in_channels=2), card)
    assert export_model(tmp_path / "m", tmp_path / "out" / "m.onnx") < 1e-4
    made = onnx.load(tmp_path / "out" / "m.onnx")
    said = {one.key: one.value for one in made.metadata_props}
    assert said["maps"] == "both"
    assert json.loads(said["classes"]) == ["S1", "S2 é"]
    assert json.loads(said["pixel_size_nm"]) == 52.0
    assert json.loads(said["split"])["leaks"] == "a leak"
    assert json.loads(said["network"])["in_channels"] == 2
    assert "machine" not in said
    onnx.checker.check_model(made, full_check=True)


def test_a_file_with_other_logits_is_not_written(tmp_path, monkeypatch):
    save_model(tmp_path / "m", network(), {})
    real = exporting.onnx_bytes
    monkeypatch.setattr(exporting, "onnx_bytes", lambda model, card: real(other(model), card))
    with pytest.raises(NpmError, match="its logits are off by"):
        export_model(tmp_path / "m", tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def other(model):
    with torch.no_grad():
        model.head[-1].bias += torch.tensor([2e-4, 0, 0])
    twin = NanoporosityNet(3, model.config).eval()
    twin.load_state_dict(model.state_dict())
    with torch.no_grad():
        model.head[-1].bias -= torch.tensor([2e-4, 0, 0])
    return twin


def without(monkeypatch, *gone):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name in gone else real(name, *more)
    )


def test_without_onnx_it_is_one_sentence(tmp_path, monkeypatch):
    save_model(tmp_path / "m", network(), {})
    without(monkeypatch, "onnx")
    with pytest.raises(NpmError, match=r"pip install 'napari-npm\[onnx\]'"):
        export_model(tmp_path / "m", tmp_path / "m.onnx")


def test_without_onnxruntime_it_is_written_unseen(tmp_path, monkeypatch):
    save_model(tmp_path / "m", network(), {})
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    assert export_model(tmp_path / "m", tmp_path / "m.onnx") is None
    assert (tmp_path / "m.onnx").stat().st_size > 100


def test_what_cannot_be_exported_is_one_sentence(tmp_path):
    with Study.create(tmp_path / "study") as study:
        with pytest.raises(NpmError, match="no trained model: run the train step"):
            export_model(study, tmp_path / "m.onnx")
        for name in ("micf", "mulf"):
            save_model(study.models_folder / name, network(), {})
        with pytest.raises(NpmError, match="models micf, mulf: say which"):
            export_model(study, tmp_path / "m.onnx")
        with pytest.raises(NpmError, match="no model 'both': choose from micf, mulf"):
            export_model(study, tmp_path / "m.onnx", model="both")
        with pytest.raises(NpmError, match=r"does not end in \.onnx"):
            export_model(study, tmp_path / "m.pt", model="mulf")
        assert export_model(study, tmp_path / "m.ONNX", model="mulf") < 1e-4
    with pytest.raises(NpmError, match="no model file"):
        export_model(tmp_path, tmp_path / "m.onnx")
    strange = network()
    strange.head.append(torch.nn.Dropout(0.1))
    with pytest.raises(NpmError, match="A network with Dropout cannot"):
        onnx_bytes(strange, {})
