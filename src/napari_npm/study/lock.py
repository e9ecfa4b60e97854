"""One writer at a time: a lock that names its owner and is known when it is stale."""

import json
import os
import platform
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_npm.core.errors import NpmError

LOCK_NAME = ".lock.json"
TOKEN_VARIABLE = "NAPARI_NPM_LOCK"


class WriterLock:
    """The right to write a study folder, held by one process and the children it trusts.

    A child process that is given the owner's token in the environment (see `environment`) writes
    under its parent's lock. A lock is stale when its process is gone from this machine.

    Parameters
    ----------
    folder : Path
        The study's folder.

    Raises
    ------
    NpmError
        If somebody else holds the lock, naming who, where and since when.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._token = uuid.uuid4().hex
        self._owned = False
        inherited = os.environ.get(TOKEN_VARIABLE)
        from filelock import FileLock

        try:
            with FileLock(folder / ".lock.guard", timeout=10):
                owner = _read(self._path)
                if owner is not None and not _is_stale(owner):
                    if inherited and owner.get("token") == inherited:
                        self._token = inherited
                        return
                    raise NpmError(
                        f"{folder} is open in another program (process {owner.get('pid')} on"
                        f" {owner.get('host')} since {owner.get('since')}): close it there first."
                    )
                self._path.write_text(json.dumps(_me(self._token)), encoding="utf-8")
                self._owned = True
        except OSError as error:
            raise NpmError(
                f"{folder} cannot be written ({error.strerror or error}): check the folder's"
                " permissions and the disk."
            ) from error

    @property
    def environment(self) -> Mapping[str, str]:
        """What a child process needs in its environment to write under this lock."""
        return {TOKEN_VARIABLE: self._token}

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        if not self._owned:
            return
        self._owned = False
        owner = _read(self._path)
        if owner is not None and owner.get("token") == self._token:
            self._path.unlink(missing_ok=True)


def _me(token: str) -> dict[str, Any]:
    import psutil

    return {
        "token": token,
        "pid": os.getpid(),
        "process_started": psutil.Process().create_time(),
        "host": platform.node(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _read(path: Path) -> dict[str, Any] | None:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return owner if isinstance(owner, dict) else None


def _is_stale(owner: dict[str, Any]) -> bool:
    """Tell whether the owner's process is gone; another machine's is taken to live."""
    import psutil

    if owner.get("host") != platform.node():
        return False
    try:
        # a process number is used again: the start time tells them apart
        process = psutil.Process(int(owner["pid"]))
        if process.status() == psutil.STATUS_ZOMBIE:
            # killed, and its parent (in a container often nobody) has not taken note
            return True
        return abs(process.create_time() - float(owner["process_started"])) > 2
    except (psutil.NoSuchProcess, KeyError, TypeError, ValueError):
        return True
    except psutil.AccessDenied:
        return False
