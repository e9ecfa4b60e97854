"""`export-model` and the options of `split`, as a shell calls them."""

import onnx
import pytest

from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.study import Study
from napari_npm.study.leaks import leak_note
from napari_npm.study.models import save_model


@pytest.fixture
def trained(study):
    """Return a study with a network that nothing was taught."""
    model = NanoporosityNet(2, NetworkConfig(widths=(3, 4), input_size=16)).eval()
    save_model(study / "models" / "mulf", model, {"classes": ["S1", "S2"]})
    return study


def test_a_model_of_a_study_or_of_a_folder_becomes_onnx(npm, trained, tmp_path):
    for place in (trained, trained / "models" / "mulf"):
        said = npm("export-model", place, "--onnx", tmp_path / "m.onnx")
        assert "its logits differ from the network's by" in said
        onnx.checker.check_model(onnx.load(tmp_path / "m.onnx"))
        (tmp_path / "m.onnx").unlink()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--onnx", "m.pt"], "does not end in .onnx"),
        (["--onnx", "m.onnx", "--model", "micf"], "no model 'micf': choose from mulf"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(npm, trained, words, sentence):
    npm("export-model", trained, *words, status=2)
    assert sentence in npm.err
    assert npm.err.count("\n") == 1
    npm("export-model", trained.parent, "--onnx", "m.onnx", status=2)
    assert "is not a study" in npm.err


def test_a_split_follows_a_list_and_says_what_leaks(npm, study, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("sample,specimen,part\nS1,p0,train\nS1,p1,test\nS2,p0,train\nS2,p1,test\n")
    npm("split", study, "--by", "list", "--list-file", path)
    assert leak_note(Study.open(study, write=False)) is None
    npm("split", study, "--by", "fold", "--folds", "2", "--fold", "2")
    npm("split", study, "--folds", "3", status=2)
    assert "Sample S1 has 2 specimens, too few for 3 folds" in npm.err
    npm("split", study, "--by", "tile", "--train-per-class", "2", status=2)
    assert "leave none to test" in npm.err
    path.write_text("image,part\nnothing,train\n")
    npm("split", study, "--by", "list", status=2)
    assert npm.err.count("\n") == 1
    assert "names image nothing that this study does not have" in npm.err
