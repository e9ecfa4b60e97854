"""Writing a figure by a preset from a shell."""

import json

import pytest
from PIL import Image

from napari_npm.study import FigurePreset, Study, write_preset


@pytest.fixture
def preset():
    return FigurePreset(layers=("bse",), dpi=100, raw_data=True)


@pytest.fixture
def kept(study, preset):
    """Return the folder of a study that keeps a preset."""
    with Study.open(study) as opened:
        opened.set_figure_preset("Fig 1", preset)
    return study


def test_a_preset_is_written_while_the_study_is_open_elsewhere(npm, kept, preset, tmp_path):
    with Study.open(kept) as opened:
        text = npm("figures", kept, "--preset", "Fig 1", "--output", tmp_path / "a.png")
        assert f"Wrote {tmp_path / 'a.png'}, and 2 files of data" in text + npm.err
        write_preset(opened, preset, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.width == round(85 / 25.4 * 100)
    names = sorted(path.name for path in (tmp_path / "a_data").iterdir())
    assert names[-1] == "panels.csv"
    assert names[0].endswith("_bse.tif")


def test_without_a_file_it_goes_to_the_studys_figures(npm, kept):
    events = npm("figures", kept, "--preset", "Fig 1", "--json").splitlines()
    assert (kept / "figures" / "presets" / "Fig 1.png").exists()
    found = [json.loads(line) for line in events]
    assert found[-1] == {"event": "finished"}
    assert {one["step"] for one in found if one["event"] == "progress"} == {"figures"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--preset", "Fig 9"], "Fig 1"),
        (["--preset", "Fig 1", "--dpi", "600"], "leave out --dpi"),
        (["--preset", "Fig 1", "--force"], "leave out --force"),
        (["--output", "a.png"], "--preset too"),
        (["--preset", "Fig 1", "--output", "folder/a.gif"], "a.gif"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_sentence(npm, kept, words, sentence):
    npm("figures", kept, *words, status=2)
    assert sentence in npm.err
    assert npm.err.count("\n") == 1
    assert not (kept / "figures").exists()
