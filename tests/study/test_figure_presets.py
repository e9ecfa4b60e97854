"""Figure presets: kept in the study, refused in a sentence, drawn and written."""

import pytest

from napari_npm.core.errors import NpmError
from napari_npm.study import FigurePreset, Study
from napari_npm.study.model import FILE_NAME


def test_presets_are_kept_in_the_study_as_plain_toml(made):
    preset = FigurePreset(layout="side_by_side", layers=("bse", "mulf"), scale_bar_um=5, dpi=600)
    made.set_figure_preset("Fig 2", preset)
    made.set_figure_preset("other", FigurePreset())
    text = (made.folder / FILE_NAME).read_text(encoding="utf-8")
    assert '[figure_presets."Fig 2"]' in text
    again = Study.open(made.folder, write=False)
    assert again.figure_presets == {"Fig 2": preset, "other": FigurePreset()}
    made.remove_figure_preset("Fig 2")
    made.remove_figure_preset("Fig 2")
    assert Study.open(made.folder, write=False).figure_presets == {"other": FigurePreset()}
    made.remove_figure_preset("other")
    # as older versions wrote and read it
    assert "figure_presets" not in (made.folder / FILE_NAME).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("dpi = 5", "dpi"),
        ('layers = ["fog"]', "layers"),
        ("colour = 1", "colour"),
        ("low = 0.8\nhigh = 0.2", "low end"),
    ],
)
def test_a_bad_preset_is_refused_in_a_sentence_and_the_study_still_opens(made, line, words):
    made.close()
    path = made.folder / FILE_NAME
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n[figure_presets.bad]\n{line}\n", encoding="utf-8")
    with Study.open(made.folder) as study:
        with pytest.raises(NpmError, match=words) as caught:
            _ = study.figure_presets
        assert "'bad'" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert study.figure_preset_names == ("bad",)
        study.set_figure_preset("bad", FigurePreset())
        assert study.figure_presets == {"bad": FigurePreset()}


@pytest.mark.parametrize("name", ["", "  ", "a/b", "..", 'say "x"'])
def test_a_preset_that_no_file_could_be_named_after_is_refused(made, name):
    with pytest.raises(NpmError, match="cannot be called"):
        made.set_figure_preset(name, FigurePreset())


def test_a_study_open_for_reading_keeps_no_presets(made):
    with pytest.raises(NpmError, match="reading only"):
        Study.open(made.folder, write=False).set_figure_preset("a", FigurePreset())


def test_an_unknown_preset_is_named_with_those_there_are(made):
    with pytest.raises(NpmError, match="save one"):
        made.figure_preset("Fig 2")
    made.set_figure_preset("Fig 1", FigurePreset())
    with pytest.raises(NpmError, match="Fig 1"):
        made.figure_preset("Fig 2")
