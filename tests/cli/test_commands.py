"""The command line: what each command does, and that it is made from the steps' parameters."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.study import STEPS, Study
from napari_npm.study.sample import sample_data_folder


def test_help_lists_the_steps_in_the_methods_order(npm):
    text = npm("--help")
    steps = text[text.index("Steps, in order") :]
    found = re.findall(r"^│ (\w+) ", steps, flags=re.MULTILINE)
    assert found[: len(STEPS)] == list(STEPS)
    others = {"new", "run", "info", "review", "classify", "methods", "sample", "demo", "open"}
    assert set(found[len(STEPS) :]) == others


def test_version_is_the_packages(npm):
    from napari_npm import __version__

    assert npm("--version") == f"napari-npm {__version__}\n"


@pytest.mark.parametrize("step", STEPS)
def test_every_parameter_is_an_option_with_its_help_and_default(npm, step):
    text = " ".join(npm(step, "--help").replace("│", " ").split())
    for name, field in STEPS[step].Parameters.model_fields.items():
        assert f"--{name.replace('_', '-')} " in text
        assert " ".join(field.description.split()) in text
        if isinstance(field.default, int | float | str) and not isinstance(field.default, bool):
            assert f"(default: {field.default}" in text


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["describe", "--connectivity", "4"], "connectivity", 4),
        (["describe", "--confidence", "0.8"], "confidence", 0.8),
        (["smooth", "--sigma-um", "0.3", "--edge", "wrap"], "sigma_um", 0.3),
        (["train", "--maps", "micf"], "maps", ("micf",)),
        (["train", "--maps", "micf, mulf"], "maps", ("micf", "mulf")),
        (["train", "--no-augment"], "augment", False),
        (["correlate", "--no-regions", "--r-max-px", "9"], "regions", False),
        (["calibrate", "--g-csh", "12.5"], "g_csh", 12.5),
    ],
)
def test_an_option_sets_the_parameter_and_the_study_keeps_it(npm, study, words, name, value):
    # the steps that these need have not run: what is set stays set all the same
    npm(words[0], study, *words[1:], status=2)
    assert "needs" in npm.err
    kept = getattr(Study.open(study, write=False).parameters(words[0]), name)
    assert kept == value
    assert type(kept) is type(value)
    npm(words[0], study, "--reset", status=2)
    default = STEPS[words[0]].Parameters.model_fields[name].default
    assert getattr(Study.open(study, write=False).parameters(words[0]), name) == default


def test_a_path_is_kept_independent_of_the_folder_it_was_given_in(
    npm, study, tmp_path, monkeypatch
):
    (tmp_path / "curve.csv").write_text("porosity,response\n0,0\n0.5,0.6\n1,1\n")
    monkeypatch.chdir(tmp_path)
    npm("mask", study)
    npm("calibrate", study, "--curve", "curve.csv", "--workers", "1")
    assert Study.open(study, write=False).parameters("calibrate").curve == tmp_path / "curve.csv"
    monkeypatch.chdir("/")
    npm("calibrate", study)
    assert "4 up to date" in npm.err


def test_new_makes_an_empty_study(npm, tmp_path):
    assert "Made the study" in npm("new", tmp_path / "a", "--name", "Mine")
    with Study.open(tmp_path / "a") as made:
        assert made.name == "Mine"
        assert made.images == ()


def test_import_makes_a_study_of_a_folder_with_masks_and_truth(npm, data, tmp_path):
    (data / "images" / "notes.txt").write_text("x")
    folder = tmp_path / "study"
    npm("import", folder, data / "images", "--masks", data / "masks", "--truth", data / "truth")
    assert f"left out: {data / 'images' / 'notes.txt'}: lies beside" in npm.err
    assert "took 4 masks" in npm.err
    assert "took 4 truth masks" in npm.err
    with Study.open(folder) as made:
        assert [one.name for one in made.samples] == ["S1", "S2"]
        assert len({one.specimen for one in made.images}) == 2
        assert made.mask(made.images[0].id).any()
        assert made.truth(made.images[0].id) is not None
    (data / "images" / "notes.txt").unlink()


def test_import_takes_single_files_into_a_sample(npm, data, tmp_path):
    paths = sorted((data / "images").rglob("*.tif"))
    words = ("--label", "0 %", "--specimen", "block", "--copy", "--overlap-px", "10")
    npm("import", tmp_path / "s", *paths[:2], "--sample", "GO", *words)
    made = Study.open(tmp_path / "s", write=False)
    assert [(one.name, one.label) for one in made.samples] == [("GO", "0 %")]
    assert {one.specimen for one in made.images} == {"block"}
    assert made.parameters("import").overlap_px == 10
    assert made.source(made.images[0].id).is_relative_to(made.folder)


def test_mask_takes_masks_from_a_folder(npm, data, tmp_path):
    npm("import", tmp_path / "s", data / "images")
    npm("mask", tmp_path / "s", "--from", data / "masks")
    assert "took 4 masks" in npm.err
    table = Study.open(tmp_path / "s", write=False).table("masks")
    assert (table["csh_count"] > 0).any()


def test_run_until_stops_there_and_the_next_run_skips(npm, study):
    npm("run", study, "--until", "smooth", "--workers", "1", "--scheduler", "synchronous")
    assert [line.split()[0] for line in npm.err.splitlines()] == list(STEPS)[:5]
    assert "1 done" in npm.err.splitlines()[0]
    assert "4 up to date" in npm.err.splitlines()[1]
    assert "4 done" in npm.err.splitlines()[4]
    npm("run", study, "--until", "smooth")
    assert npm.err.count("4 up to date") == 4
    npm("smooth", study, "--force")
    assert "4 done" in npm.err


def test_info_tells_samples_settings_and_what_is_done(npm, study):
    npm("smooth", study, "--sigma-px", "4", status=2)
    facts = json.loads(npm("info", study, "--json"))
    assert [(one["name"], one["images"], one["tiles"]) for one in facts["samples"]] == [
        ("S1", 2, 2),
        ("S2", 2, 2),
    ]
    assert list(facts["steps"]) == list(STEPS)
    assert [name for name, one in facts["steps"].items() if one["done"]] == ["import"]
    assert facts["steps"]["smooth"]["parameters"]["sigma_px"] == 4
    text = npm("info", study)
    assert "S1 (S1): 2 images, 2 specimens, 2 tiles" in text
    assert re.search(r"^ +done  import ", text, flags=re.MULTILINE)
    assert re.search(r"^ +smooth +sigma_px 4.0", text, flags=re.MULTILINE)


def test_sample_writes_the_sample_data(npm, tmp_path, monkeypatch):
    assert "Wrote the sample data" in npm("sample", tmp_path / "data")
    copied = {path.relative_to(tmp_path / "data") for path in (tmp_path / "data").rglob("*.tif")}
    home = sample_data_folder()
    assert copied == {path.relative_to(home) for path in home.rglob("*.tif")}
    npm("sample", tmp_path / "data", status=2)
    assert "is not empty" in npm.err


def test_demo_makes_the_study_once_and_goes_on(npm, tmp_path, monkeypatch):
    from napari_npm.cli import commands

    asked = []
    monkeypatch.setattr(commands, "run_all", lambda folder, *_: asked.append(folder))
    npm("demo", tmp_path / "demo", "--quick")
    with Study.open(tmp_path / "demo") as made:
        assert [one.name for one in made.samples] == ["S1", "S2", "S3"]
        assert made.parameters("train").epochs == 2
        assert made.source(made.images[0].id).is_relative_to(made.folder)
        assert any(made.truth(one.id) is not None for one in made.images)
    npm("demo", tmp_path / "demo")
    assert asked == [tmp_path / "demo"] * 2
    assert "Making" not in npm.err


def test_a_demo_stopped_while_it_was_made_is_made_whole(npm, tmp_path, monkeypatch):
    from napari_npm.cli import commands
    from napari_npm.study import sample

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run_all", lambda *_: None)
    with monkeypatch.context() as patch:
        patch.setattr(sample, "take_masks", stopped)
        npm("demo", tmp_path / "demo", status=130)
    npm("demo", tmp_path / "demo")
    with Study.open(tmp_path / "demo") as made:
        assert all(made.mask(one.id).any() for one in made.images)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_open_starts_the_viewer_in_a_process_of_its_own(npm, study, monkeypatch):
    called = []
    monkeypatch.setattr(subprocess, "call", lambda words: called.append(words) or 0)
    npm("open", study)
    assert called == [[sys.executable, "-m", "napari_npm.viewer", str(study)]]


def test_open_without_napari_is_a_sentence(npm, study, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "napari" else real(name, *more),
    )
    npm("open", study, status=2)
    assert "pip install 'napari-npm[app]'" in npm.err


# what a user gets wrong


def flat(folder):
    from napari_npm.io import write_image

    write_image(folder / "S1" / "a.tif", np.full((384, 384), 9, np.uint8))
    return ("import", folder / "study", folder / "S1" / "a.tif", "--sample", "S1")


def damaged(folder, study):
    (study / "study.toml").write_text("schema_version = 1\nname = ")


def newer(folder, study):
    path = study / "study.toml"
    path.write_text(path.read_text().replace("schema_version = 1", "schema_version = 2"))


def unmasked(folder, study):
    shutil.rmtree(study / "masks")


def one_sample(folder, study):
    with Study.open(study) as one:
        images = tuple(image for image in one.images if image.sample == "S1")
        one.save(images=images, samples=one.samples[:1])


def nothing(folder, study):
    (folder / "empty").mkdir()


BAD = {
    "no study": (nothing, ["run", "{folder}/empty"], "is not a study (no study.toml)"),
    "no study for a step": (nothing, ["smooth", "{folder}/empty"], "is not a study"),
    "import of nothing": (nothing, ["import", "{folder}/empty"], "is not a study"),
    "file as study": (nothing, ["info", __file__], "study.toml"),
    "newer study": (newer, ["run", "{study}"], "newer napari-npm"),
    "damaged study": (damaged, ["info", "{study}"], "restore it from a backup"),
    "empty folder": (nothing, ["import", "{study}", "{folder}/empty"], "holds no images"),
    "unknown step": (nothing, ["run", "{study}", "--until", "smoth"], "no step 'smoth'"),
    "unknown scheduler": (nothing, ["mask", "{study}", "--scheduler", "x"], "no scheduler 'x'"),
    "files without sample": (nothing, ["import", "{study}", __file__], "with --sample"),
    "no image": (
        nothing,
        ["import", "{folder}/new", __file__, "--sample", "S1"],
        "None of these files could be taken",
    ),
    "out of bounds": (nothing, ["smooth", "{study}", "--sigma-px", "-1"], "sigma_px: Input should"),
    "unknown map": (nothing, ["train", "{study}", "--maps", "mulf,x"], "maps.1: Input should"),
    "half a range": (nothing, ["mask", "{study}", "--uc-low", "200"], "both uc_low and uc_high"),
    "no reference": (unmasked, ["run", "{study}", "--until", "calibrate"], "no C-S-H reference"),
    "one sample": (one_sample, ["run", "{study}", "--until", "split"], "at least two samples"),
    "needs": (nothing, ["explain", "{study}"], "explain needs train first"),
    "study there": (nothing, ["new", "{study}"], "holds a study already"),
    "masks of nothing": (
        nothing,
        ["mask", "{study}", "--from", "{folder}/empty"],
        "no label image",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_a_user_gets_wrong_is_one_sentence(npm, study, tmp_path, case):
    prepare, words, sentence = BAD[case]
    prepare(tmp_path, study)
    before = (study / "study.toml").read_text()
    npm(*(word.format(folder=tmp_path, study=study) for word in words), status=2)
    lines = [
        line
        for line in npm.err.splitlines()
        if not re.match(r" +\w+  \d+ (done|up to date)|left out: ", line)
    ]
    assert len(lines) == 1, npm.err
    assert sentence in lines[0]
    assert lines[0].endswith(".") or lines[0].endswith(").")
    assert npm.out == ""
    assert not (tmp_path / "empty" / "study.toml").exists()
    assert (study / "study.toml").read_text() == before


def test_settings_of_a_refused_command_are_not_kept(npm, study):
    npm("split", study, "--seed", "3")
    before = (study / "study.toml").read_text()
    npm("split", study, "--by", "list", status=2)
    assert "give --list-file" in npm.err
    npm("split", study, "--reset", "--train-per-class", "99", "--by", "tile", status=2)
    npm("import", study, study / "no.tif", "--overlap-px", "30", "--sample", "S1", status=2)
    assert (study / "study.toml").read_text() == before
    assert "up to date" in npm("split", study) + npm.err


def test_settings_of_work_that_was_begun_are_kept(npm, study, monkeypatch):
    npm("run", study, "--until", "calibrate")
    real = STEPS["smooth"].compute

    def failing(one, parameters, item, progress):
        if item.id == one.images[-1].id:
            raise NpmError("The disk is full.")
        return real(one, parameters, item, progress)

    monkeypatch.setattr(STEPS["smooth"], "compute", failing)
    monkeypatch.setattr(type(STEPS["smooth"]), "parallel", False)
    npm("smooth", study, "--sigma-px", "5", status=2)
    assert "The disk is full" in npm.err
    assert Study.open(study, write=False).parameters("smooth").sigma_px == 5


def test_g_metal_below_g_csh_is_one_sentence(npm, study):
    npm("run", study, "--until", "mask")
    npm("calibrate", study, "--g-csh", "200", "--g-metal", "100", status=2)
    assert npm.err.count("\n") == 1
    assert "must be above G_CSH" in npm.err


def test_an_image_without_pixel_size_is_named_with_what_to_do(npm, tmp_path):
    npm(*flat(tmp_path), status=2)
    assert "a.tif: carries no pixel size: give it with --pixel-size-nm." in npm.err


def test_a_study_open_elsewhere_is_one_sentence(npm, study):
    with Study.open(study):
        npm("mask", study, status=2)
    assert "is open in another program" in npm.err
    assert npm.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["smooth", "{study}", "--sigma", "1"],
        ["smooth", "{study}", "--sigma-px", "wide"],
        ["describe", "{study}", "--connectivity", "5"],
        ["smoth", "{study}"],
        ["smooth"],
    ],
)
def test_a_mistyped_command_is_explained_without_a_traceback(npm, study, words):
    npm(*(word.format(study=study) for word in words), status=2)
    assert "Usage: napari-npm" in npm.err
    assert "Traceback" not in npm.err
