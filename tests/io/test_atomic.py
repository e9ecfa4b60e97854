"""A file is whole or as it was; what the disk refuses becomes one sentence."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.io import atomic_path, write_bytes, write_image, write_json, write_text


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_new_file_appears_whole_in_a_new_folder(tmp_path):
    target = tmp_path / "results" / "a.csv"
    with atomic_path(target) as temporary:
        temporary.write_text("one")
        assert temporary.parent == target.parent
        assert temporary.suffix == ".csv"
        assert not target.exists()
    assert target.read_text() == "one"
    assert names(target.parent) == ["a.csv"]


@pytest.mark.parametrize("error", [RuntimeError("stop"), KeyboardInterrupt()])
def test_failure_leaves_the_old_file_and_no_other(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def write_half():
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write_half()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("number", "part"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EACCES, "not allowed"),
        (errno.EROFS, "read-only"),
    ],
)
@pytest.mark.parametrize("when", ["write", "fsync", "rename"])
def test_what_the_disk_refuses_is_one_sentence(tmp_path, monkeypatch, number, part, when):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def refuse(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    if when == "fsync":
        monkeypatch.setattr(os, "fsync", refuse)
    if when == "rename":
        monkeypatch.setattr(Path, "replace", refuse)

    def write():
        with atomic_path(target) as temporary:
            temporary.write_text("new")
            if when == "write":
                refuse()

    with pytest.raises(NpmError, match=part) as caught:
        write()
    assert str(target) in str(caught.value)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_short_write_of_numpy_on_a_full_disk(tmp_path, monkeypatch):
    # numpy raises OSError without a number when the disk fills up.
    monkeypatch.setattr("napari_npm.io.atomic._room", lambda _: 0)
    with pytest.raises(NpmError, match="disk is full"), atomic_path(tmp_path / "a.tif"):
        raise OSError("30000 requested and 12 written")
    assert names(tmp_path) == []


def test_a_real_refusal_of_the_system(tmp_path):
    """A file larger than the process may write: the system's own error on a real write."""
    resource = pytest.importorskip("resource")
    target = tmp_path / "a.tif"
    target.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(NpmError, match="was not written"):
            write_image(target, np.zeros((1000, 1000), np.uint8))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.tif"]


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "results").touch()
    with pytest.raises(NpmError, match="was not written"):
        write_text(tmp_path / "results" / "a.txt", "x")


def test_errors_about_other_files_pass_through(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.txt"):
        (tmp_path / "elsewhere" / "input.txt").read_text()


def test_permissions_are_those_of_a_plain_file(tmp_path):
    write_text(tmp_path / "a.txt", "x")
    (tmp_path / "plain.txt").write_text("x")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain.txt").stat().st_mode


def test_text_bytes_and_json(tmp_path):
    write_text(tmp_path / "a.txt", "µm\n")
    assert (tmp_path / "a.txt").read_bytes() == "µm\n".encode()
    write_bytes(tmp_path / "b", b"\0\1")
    assert (tmp_path / "b").read_bytes() == b"\0\1"
    write_json(tmp_path / "c.json", {"size": [1, 2.5], "unit": "µm"})
    assert (tmp_path / "c.json").read_text(encoding="utf-8").startswith('{\n  "size"')
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "d.json", {"loss": float("nan")})
    assert not (tmp_path / "d.json").exists()
