import json
import threading

import pytest

from napari_npm.study.view_state import (
    SCHEMA_VERSION,
    CameraState,
    LayerLook,
    ViewFile,
    ViewState,
    read_view,
)

VIEW = ViewState(
    image="A1",
    docks=("NPM study", "MicF"),
    window="AAAA",
    settings={"MicF": {"forms": {"smooth": {"sigma_px": 3.5}}}},
    layers={"BSE": LayerLook(visible=False, opacity=0.5, contrast_limits=(20, 180))},
    active="Mask",
    camera=CameraState(centre=(0, 6.25, 5), zoom=60),
    grid=True,
    scale_bar=False,
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "study.toml").touch()
    return tmp_path


@pytest.fixture
def written(folder):
    """The folder with a view in it."""
    file = ViewFile(folder)
    file.give(VIEW)
    assert file.flush() == ""
    return folder


def test_what_is_written_is_read(written):
    assert read_view(written) == VIEW


def test_without_a_file_the_view_is_fresh(tmp_path):
    assert read_view(tmp_path) == ViewState()
    assert read_view(tmp_path / "nowhere") == ViewState()


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda _: "\x00" * 50,
        lambda raw: json.dumps(raw)[:-40],
        lambda raw: json.dumps([raw]),
        lambda _: "[" * 100_000,
        lambda raw: json.dumps({**raw, "program": "another"}),
        lambda raw: json.dumps({k: v for k, v in raw.items() if k != "program"}),
        lambda raw: json.dumps({**raw, "schema_version": SCHEMA_VERSION + 1}),
        lambda raw: json.dumps({**raw, "schema_version": "1"}),
        lambda raw: json.dumps({**raw, "docks": 5}),
        lambda raw: json.dumps({**raw, "camera": {"centre": [0, 0, 0], "zoom": float("nan")}}),
        lambda raw: json.dumps({**raw, "layers": {"BSE": {"opacity": 7}}}),
        lambda raw: json.dumps({**raw, "image": "x" * 5_000_000}),
    ],
)
def test_a_damaged_foreign_or_newer_file_is_as_good_as_none(written, damage):
    path = written / "view.json"
    path.write_text(damage(json.loads(path.read_text())))
    assert read_view(written) == ViewState()


def test_bytes_that_are_no_text_are_as_good_as_none(written):
    (written / "view.json").write_bytes(b"\xff\xfe{")
    assert read_view(written) == ViewState()


def test_fields_of_a_later_edition_of_this_version_are_passed_over(written):
    path = written / "view.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "mood": "good"}))
    assert read_view(written) == VIEW


def test_only_another_view_is_new_and_written(folder):
    file = ViewFile(folder)
    assert file.give(VIEW)
    assert not file.give(VIEW)
    file.flush()
    (folder / "view.json").unlink()
    file.flush()
    assert not (folder / "view.json").exists()
    assert file.give(ViewState())
    file.flush()
    assert read_view(folder) == ViewState()


def test_a_view_that_was_read_is_not_written_again(folder):
    file = ViewFile(folder)
    file.give(ViewState(), written=True)
    file.flush()
    assert not (folder / "view.json").exists()


def test_a_refusal_is_a_sentence_and_tried_again(folder):
    (folder / "view.json").mkdir()
    file = ViewFile(folder)
    file.give(VIEW)
    assert "view.json" in file.flush()
    assert read_view(folder) == ViewState()
    (folder / "view.json").rmdir()
    assert file.flush() == ""
    assert read_view(folder) == VIEW


def test_a_study_that_was_deleted_does_not_come_back(folder):
    file = ViewFile(folder / "gone")
    file.give(VIEW)
    assert file.flush() == ""
    assert not (folder / "gone").exists()


def test_a_slow_write_does_not_undo_a_later_one(folder, monkeypatch):
    from napari_npm import io

    write, begun, go = io.write_text, threading.Event(), threading.Event()

    def slowly(path, text):
        if not begun.is_set():
            begun.set()
            go.wait(10)
        write(path, text)

    monkeypatch.setattr(io, "write_text", slowly)
    file = ViewFile(folder)
    file.give(ViewState())
    thread = threading.Thread(target=file.flush)
    thread.start()
    assert begun.wait(10)
    file.give(VIEW)
    last = threading.Thread(target=file.flush)
    last.start()
    go.set()
    thread.join(10)
    last.join(10)
    assert read_view(folder) == VIEW
