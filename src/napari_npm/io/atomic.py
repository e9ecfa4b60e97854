"""Writing files so that a reader sees the old file or the new one, never half of it."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from napari_npm.core.errors import NpmError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EACCES, errno.EPERM}


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to; when the block ends well it becomes ``path``.

    The temporary file lies in the same folder (made if missing), with the same suffix and a
    leading dot. It is flushed to the disk before it replaces ``path``, and removed if anything
    fails, so that ``path`` is then as it was.

    Parameters
    ----------
    path : str or Path
        The file to write.

    Yields
    ------
    Path
        Where to write; the block must close what it opens.

    Raises
    ------
    NpmError
        If the disk is full or read-only, or the folder may not be written to.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        _remove(temporary)
        sentence = _sentence(error, path, temporary)
        if sentence is None:
            raise
        raise NpmError(sentence) from error
    except BaseException:
        _remove(temporary)
        raise


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn what goes wrong while a file or folder is written in place into a sentence.

    For what grows (a log, a stack of tiles) and cannot be written whole as in `atomic_path`.

    Parameters
    ----------
    path : str or Path
        The file or folder that is written; its parent folder is made if missing.

    Raises
    ------
    NpmError
        If the disk is full or read-only, or the folder may not be written to.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        sentence = _sentence(error, path, path)
        if sentence is None:
            raise
        raise NpmError(sentence) from error


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write bytes to a file, atomically (see `atomic_path`)."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write text to a file as UTF-8 with Unix line ends, atomically (see `atomic_path`)."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    """Write a value as indented JSON, atomically; NaN and infinity are refused.

    Raises
    ------
    ValueError
        If a number is NaN or infinite, which JSON cannot hold.
    NpmError
        If the file cannot be written.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _remove(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    # The rename itself is on the disk only when the folder is; Windows cannot open folders.
    if os.name != "posix":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sentence(error: OSError, path: Path, temporary: Path) -> str | None:
    """Return what to tell the user, or None if the error is not about writing ``path``."""
    about = {str(part) for part in (path, temporary, *path.parents)}
    named = "" if error.filename is None else str(error.filename)
    if named and named not in about and not named.startswith(f"{path}{os.sep}"):
        return None
    # numpy reports a short write without a number; then the room left tells.
    if error.errno in _FULL or (error.errno is None and _room(path.parent) < 1_000_000):
        return f"{path} was not written because the disk is full: free some space and run again."
    if error.errno == errno.EROFS:
        return f"{path} was not written because the disk is read-only: choose another folder."
    if error.errno in _DENIED:
        return (
            f"{path} was not written because this is not allowed: close other programs that have "
            "it open, or choose another folder."
        )
    if error.filename is None and error.errno is None:
        return f"{path} was not written ({error}): check the disk and run again."
    return (
        f"{path} was not written ({(error.strerror or str(error)).lower()}): choose another file."
    )


def _room(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
