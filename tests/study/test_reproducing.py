"""Methods, references, and the scripts of commands that rebuild a study elsewhere."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_npm.cli import commands
from napari_npm.cli.app import app
from napari_npm.core import Label, NpmError, Stroke
from napari_npm.io import read_labels
from napari_npm.study import Review, Study, add_folder, reproduce_lines, run, take_masks
from napari_npm.study.provenance import FILE_NAME
from napari_npm.study.reporting import citations, methods_paragraph
from napari_npm.study.reproducing import (
    bibliography,
    methods_text,
    reproduce_script,
    write_methods,
)
from napari_npm.study.settings import SETTINGS

STEPS = ("simulate", "import", "mask", "calibrate", "smooth", "describe", "split", "train",
         "predict", "explain", "threshold", "regions", "correlate")  # fmt: skip
ENTRY = re.compile(r"@(\w+)\{([\w-]+),\n((?:  \w+ = \{.+\},\n)+)\}\n")
RECORDER = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["RECORD"], "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
"""


@pytest.fixture(scope="module")
def made(phantom_data, tmp_path_factory):
    """A study as people leave one: odd names, strokes, judged proposals, settings of its own."""
    home = tmp_path_factory.mktemp("it's 100 % $HOME")
    shutil.copytree(phantom_data / "images", home / "images")
    (home / "images" / "S2" / "p2").rename(home / "images" / "S2" / "the 'last' piece")
    with Study.create(home / "study", name="Two pastes & more") as study:
        add_folder(study, home / "images" / "S1", sample="S1", label="0 %")
        add_folder(
            study, home / "images" / "S2", sample="S2", label="0.02 % GO", pixel_size_nm=52.1
        )
        take_masks(study, phantom_data / "masks")
        take_masks(study, phantom_data / "truth", truth=True)
        names = [image.id for image in study.images]
        truth = study.mask(names[0])
        strokes = np.zeros_like(truth)
        strokes[::8] = np.where(truth[::8] == Label.UNHYDRATED, Stroke.UNHYDRATED, Stroke.OTHER)
        study.set_strokes(names[0], strokes)
        for name in names[2:]:
            study.set_review(name, Review.PROPOSED)
        study.set_parameters("simulate", points=3, standard_error=0.02)
        study.set_parameters("import", edge="shift")
        study.set_parameters("mask", min_area_um2=0.8)
        study.set_parameters("calibrate", references="sample", uncertainty_map=True)
        study.set_parameters("train", maps=("mulf",), widths=(4,) * 7, epochs=1, augment=False)
        study.set_parameters("predict", resamples=100)
        study.set_parameters("correlate", r_max_px=12)
        run(study, ["simulate", "import", "mask"], scheduler="synchronous")
        study.set_review(names[3], Review.ACCEPTED)
        study.set_review(names[4], Review.REJECTED)
        run(study, STEPS, scheduler="synchronous")
    # the edits that can be undone are no results
    shutil.rmtree(home / "study" / "masks" / "history")
    return home / "study"


def words_of(script, study, target, folder):
    """Return the words of each command of a script, as a shell really hands them on."""
    path = folder / "reproduce.sh"
    path.write_text(script, encoding="utf-8")
    fake = folder / "bin" / "napari-npm"
    fake.parent.mkdir()
    fake.write_text(RECORDER)
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    record = folder / "record.jsonl"
    places = {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}", "RECORD": str(record)}
    subprocess.run(
        ["sh", str(path), str(target)], check=True, env={**os.environ, **places}, timeout=60
    )
    return [json.loads(line) for line in record.read_text().splitlines()]


def batch_words(script, study, target):
    """Return the words of each command of a batch file, as Windows would read them."""
    found = []
    for line in script.splitlines():
        if line.startswith("napari-npm "):
            plain = re.sub(r"%%|%NEW%|%NPM_FROM%", "", line)
            assert "%" not in plain
            line = line.removesuffix(" || exit /b 1").removeprefix("napari-npm ")
            words = re.findall(r'"([^"]*)"|(\S+)', line)
            line = [
                (quoted or bare)
                .replace("%NPM_FROM%\\", f"{study.as_posix()}/")
                .replace("%NEW%", str(target))
                .replace("%%", "%")
                for quoted, bare in words
            ]
            found.append([w.replace("\\", "/") if w.startswith(str(study)) else w for w in line])
    return found


def test_the_script_rebuilds_every_result(made, tmp_path, assert_same):
    # beside the study, so that the sources are equally far
    target = made.parent / "again"
    with Study.open(made, write=False) as study:
        script = reproduce_script(study)
        batch = reproduce_script(study, windows=True)
        before = study.reviews()
        labels = [sample.label for sample in study.samples]
    commands = words_of(script, made, target, tmp_path)
    assert commands == batch_words(batch, made, target)
    for words in commands:
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0, f"{words}\n{done.output}"
    assert_same(made, target, STEPS)
    with Study.open(target, write=False) as again:
        assert again.name == "Two pastes & more"
        assert again.reviews() == before
        assert set(before.values()) == {
            Review.CORRECTED, Review.PROPOSED, Review.ACCEPTED, Review.REJECTED
        }  # fmt: skip
        assert [sample.label for sample in again.samples] == labels == ["0 %", "0.02 % GO"]
        assert again.images[-1].specimen == "the 'last' piece"
        assert again.images[-1].pixel_size_nm == 52.1
        assert all(
            np.array_equal(again.truth(image.id), read_labels(made / "truth" / f"{image.id}.tif"))
            for image in again.images
        )
        # a script of the rebuilt study differs only in where images lie
        assert len(reproduce_script(again).splitlines()) == len(script.splitlines())


def test_a_moved_study_is_named_by_the_environment(made, tmp_path, monkeypatch):
    monkeypatch.setenv("NPM_FROM", str(tmp_path / "moved here"))
    with Study.open(made, write=False) as study:
        commands = words_of(reproduce_script(study), made, tmp_path / "new", tmp_path)
    assert any(f"{tmp_path}/moved here/masks" in words for words in commands)
    assert not any(word.startswith(str(made)) for words in commands for word in words)


def test_the_script_needs_a_folder_and_stops_at_the_first_failure(made, tmp_path):
    with Study.open(made, write=False) as study:
        (tmp_path / "reproduce.sh").write_text(reproduce_script(study), encoding="utf-8")
    fake = tmp_path / "napari-npm"
    fake.write_text(f"#!/bin/sh\necho once >> {tmp_path / 'calls'}\nexit 2\n")
    fake.chmod(0o755)
    call = ["sh", str(tmp_path / "reproduce.sh")]
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    none = subprocess.run(call, capture_output=True, text=True, env=env, check=False)
    assert none.returncode
    assert "name a new folder" in none.stderr
    assert not (tmp_path / "calls").exists()
    assert subprocess.run([*call, "x"], env=env, check=False).returncode == 2
    assert (tmp_path / "calls").read_text() == "once\n"


def changed(kind):
    """Return parameters none of which has its default."""
    found = {}
    for name, field in kind.model_fields.items():
        default = field.get_default(call_default_factory=True)
        parts = (field.annotation, *get_args(field.annotation))
        choices = [one for part in parts for one in get_args(part) if isinstance(one, str | int)]
        numbers = [*range(1, 12), 0.25, 0.5, 1.5, 40, 100, 3000, 1e-3, 1e-7, 1e-4]
        listed = [
            (one,) for part in parts for kind_of in get_args(part) for one in get_args(kind_of)
        ]
        tuples = [*listed, ("mulf",), ("png", "svg"), (4,) * 7, ("S1", "S2")]
        texts = [Path("/a b/c.csv"), "gallium", "quartz", "S1"]
        for value in (not default, *choices, *numbers, *tuples, *texts):
            try:
                taken = getattr(kind.checked({**found, name: value}), name)
            except NpmError:
                continue
            if taken is not None and taken != default:
                found[name] = taken
                break
    return found


@pytest.mark.parametrize("step", SETTINGS)
def test_every_parameter_goes_through_the_command_line(step, tmp_path, monkeypatch):
    given = {}
    monkeypatch.setattr(commands, "run_step", lambda *words, **_: given.update(words[2]))
    kind = SETTINGS[step]
    values = changed(kind)
    assert list(values) == list(kind.model_fields)
    with Study.create(tmp_path / "study") as study:
        study.set_parameters(step, **values)
        line = reproduce_lines._step(study, step)
        words = ["x" if one == reproduce_lines.NEW else str(one) for one in line]
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0, f"{words}: {done.output}"
        assert kind.checked(given) == study.parameters(step)
    assert list(given) == list(values)


def test_long_lists_are_divided_for_the_shells_of_windows(monkeypatch):
    monkeypatch.setattr(reproduce_lines, "LONGEST", 10)
    parts = list(reproduce_lines._parts(["aaaa", "bbbb", "cccc", "much too long", "d"]))
    assert parts == [["aaaa", "bbbb"], ["cccc"], ["much too long"], ["d"]]
    assert list(reproduce_lines._parts([])) == []


def test_results_older_than_settings_are_told(made, tmp_path):
    shutil.copytree(made, tmp_path / "copy")
    with Study.open(tmp_path / "copy") as study:
        assert "older than" not in reproduce_script(study)
        study.set_parameters("smooth", sigma_px=4.0)
        script, text = reproduce_script(study), methods_text(study)
    assert text.startswith("Note\n----\nResults of smooth")
    assert re.search(r"# Results of smooth.* are older than", script)
    assert "smooth \"$new\" --sigma-px 4.0\n" in script  # fmt: skip


def test_the_text_states_every_parameter_of_the_steps_that_ran(made):
    with Study.open(made, write=False) as study:
        text = methods_text(study)
        assert text.startswith("Methods\n-------\nBackscattered-electron images")
        for step in STEPS:
            for name in study.parameters(step).model_dump():
                assert f"\n{step}: {name} = " in text
        assert "smooth: sigma_px = 10.0 px\n" in text
        assert "mask: min_area_um2 = 0.8 µm² *\n" in text
        assert "train: widths = 4, 4, 4, 4, 4, 4, 4 *\n" in text
        assert "evaluate: " not in text
        assert methods_paragraph(study) in text


def test_the_paragraph_says_what_training_minimised_and_which_network_was_kept(made):
    with Study.open(made, write=False) as study:
        text = methods_paragraph(study)
    assert "on the cross-entropy, every class weighing the same, with AdamW" in text
    assert "; the network of the last epoch was kept. The statistics of batch norm" in text


def test_every_citation_is_in_the_references_and_the_bibliography(made):
    with Study.open(made, write=False) as study:
        text, bib = methods_text(study), bibliography(study)
    paragraph, _, references = text.partition("References\n")
    found = {key: fields for _, key, fields in ENTRY.findall(bib)}
    assert ENTRY.sub("", bib).strip() == ""
    assert {"montavon2017", "ridler1978", "joy1989", "paszke2019", "geurts2006"} <= set(found)
    assert "deep Taylor decomposition (Montavon et al. 2017; alpha1-beta0 rule" in paragraph
    for key, fields in found.items():
        values = dict(re.findall(r"(\w+) = \{(.+)\},\n", fields))
        assert {"author", "title"} <= set(values)
        assert all(value.count("{") == value.count("}") for value in values.values())
        assert values.get("doi", values.get("url", values.get("publisher", ""))) in references
        short = citations.short_form(key)
        # napari is cited as software, by what the sentence on the interface names
        assert short is None or key == "napari" or short in paragraph, key
    cited = re.findall(r"[A-Z]\w+(?: and [A-Z]\w+| et al\.)? (?:19|20)\d\d(?=[);])", paragraph)
    shorts = {citations.short_form(key) for key in found}
    assert cited
    assert set(cited) <= {short.split("der ")[-1] for short in shorts if short}


def test_every_work_in_the_file_can_be_cited_and_is_whole():
    keys = [key for _, key in citations.PHRASES]
    bib = citations.bibtex(keys)
    entries = ENTRY.findall(bib)
    assert [key for _, key, _ in entries] == keys
    assert len(set(keys)) == len(keys)
    source = (Path(citations.__file__).parent / "references.bib").read_text(encoding="utf-8")
    assert source.count("\n@") == len(keys)
    needed = {"article": {"journal", "volume", "pages", "year", "doi"},
              "inproceedings": {"booktitle", "year"},
              "book": {"publisher", "year"}, "misc": set()}  # fmt: skip
    for kind, key, fields in entries:
        names = set(re.findall(r"^  (\w+) =", fields, re.MULTILINE))
        assert needed[kind] - {"doi"} <= names, key
        assert names & {"doi", "url", "publisher"}, key


def test_citations_stand_at_the_first_mention_only():
    text = citations.with_citations("An isodata threshold, then an isodata threshold; scipy 1.2.3.")
    assert text == (
        "An isodata threshold (Ridler and Calvard 1978), then an isodata threshold;"
        " scipy 1.2.3 (Virtanen et al. 2020)."
    )
    assert citations.with_citations("(proven lower bound)") == (
        "(proven lower bound; Held and Karp 1971)"
    )
    assert citations.with_citations(text) == text
    assert "Müller Klaus-Robert (2017)" in citations.reference_list(["montavon2017"])


def test_steps_that_ran_with_other_versions_are_named(made, tmp_path):
    shutil.copytree(made, tmp_path / "copy")
    path = tmp_path / "copy" / FILE_NAME
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    trained = next(line for line in lines if line["step"] == "train")
    earlier = {**trained, "versions": {**trained["versions"], "torch": "0.9.earlier"}}
    broken_off = {**earlier, "outcome": "cancelled"}
    trained["versions"]["torch"] = "1.0.old"
    lines = [earlier, *lines, broken_off]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with Study.open(tmp_path / "copy", write=False) as study:
        text = methods_text(study)
    assert re.search(r"except train with Python .* torch 1\.0\.old", text)
    assert "All steps were run with" not in text
    assert "0.9.earlier" not in text


def test_files_are_written_also_beside_a_study_open_for_reading(made, tmp_path):
    with Study.open(made, write=False) as study:
        files = write_methods(study, tmp_path / "for the paper")
        again = write_methods(study)
    names = ["methods.txt", "references.bib", "reproduce.sh", "reproduce.bat"]
    assert [path.name for path in files] == names
    assert [path.parent for path in again] == [made / "methods"] * 4
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(files, again, strict=True))
    lines = files[3].read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\r\n") for line in lines)


def test_the_command_writes_the_same(made, tmp_path):
    done = CliRunner().invoke(app, ["methods", str(made), "--output", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    with Study.open(made, write=False) as study:
        text = methods_text(study)
    assert (tmp_path / "out" / "methods.txt").read_text(encoding="utf-8") == text


def test_a_study_without_images_has_nothing_to_rebuild(tmp_path):
    with Study.create(tmp_path / "empty") as study, pytest.raises(NpmError, match="has no images"):
        write_methods(study)
    with Study.open(tmp_path / "empty") as study, pytest.raises(NpmError, match="has no images"):
        reproduce_script(study)
