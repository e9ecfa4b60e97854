"""The folder of a study: its file, its lock, its settings and what was done in it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from napari_npm.core.errors import NpmError

from .lock import WriterLock
from .model import FILE_NAME, StudyFile, dump, load
from .parameters import Parameters
from .settings import SETTINGS
from .state import Record, StepState


class StudyFolder:
    """A folder with a `study.toml`: opened, locked, changed and given back.

    Attributes
    ----------
    folder : Path
        The study's folder, absolute.
    """

    def __init__(self, folder: Path, content: StudyFile, lock: WriterLock | None) -> None:
        self.folder = folder
        self._content = content
        self._lock = lock
        self._states: dict[str, StepState] = {}
        self._trial = False

    @classmethod
    def create(cls, folder: str | Path, *, name: str | None = None) -> Self:
        """Make a new, empty study and open it for writing.

        Parameters
        ----------
        folder : path
            Where; made if missing. Must not hold a study already.
        name : str, optional
            Its name; the folder's by default.

        Raises
        ------
        NpmError
            If there is a study already or the folder cannot be written.
        """
        from napari_npm.io import write_text, writing

        path = Path(folder).resolve()
        if (path / FILE_NAME).exists():
            raise NpmError(f"{path} holds a study already: open it, or choose another folder.")
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(path)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        content = StudyFile(name=name or path.name, created=now)
        write_text(path / FILE_NAME, dump(content))
        return cls(path, content, lock)

    @classmethod
    def open(cls, folder: str | Path, *, write: bool = True) -> Self:
        """Open a study.

        Parameters
        ----------
        folder : path
            Its folder.
        write : bool
            Whether to hold it as its one writer; else it is read only.

        Raises
        ------
        NpmError
            If it is no study, of a newer version, damaged, or open elsewhere.
        """
        path = Path(folder).resolve()
        content = load(path / FILE_NAME)
        return cls(path, content, WriterLock(path) if write else None)

    def __reduce__(self) -> Any:
        # workers in other processes read the study, they never write it
        return _open_for_reading, (type(self), str(self.folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the study's folder back to other programs."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def reload(self) -> None:
        """Read again what another process (a job) may have written."""
        self._set(load(self.folder / FILE_NAME))
        self._states.clear()

    def _set(self, content: StudyFile) -> None:
        """Take over new content; what was derived from the old one is forgotten."""
        self._content = content

    def save(self, **changes: Any) -> None:
        """Change fields of `study.toml` and write it at once.

        Raises
        ------
        NpmError
            If the study is open for reading only, or the disk refuses.
        """
        from napari_npm.io import write_text

        self.require_writable()
        content = self._content.model_copy(update=changes)
        write_text(self.folder / FILE_NAME, dump(content))
        self._set(content)

    def require_writable(self) -> None:
        """Raise `NpmError` unless this study may be written."""
        if self._lock is None:
            raise NpmError(f"{self.folder} is open for reading only: open it for writing first.")

    @property
    def child_environment(self) -> Mapping[str, str]:
        """What lets a child process write under this study's lock."""
        return {} if self._lock is None else self._lock.environment

    @property
    def name(self) -> str:
        """The study's name."""
        return self._content.name

    def parameters(self, step: str) -> Parameters:
        """Return a step's parameters: the study's own where set, defaults elsewhere."""
        kind: type[Parameters] = SETTINGS[step]
        return kind.checked(self._content.parameters.get(step, {}))

    def set_parameters(self, step: str, **changes: Any) -> Parameters:
        """Change a step's parameters and keep them in the study.

        Raises
        ------
        NpmError
            If a name is unknown or a value out of bounds.
        """
        merged = {**self._content.parameters.get(step, {}), **changes}
        kind: type[Parameters] = SETTINGS[step]
        checked = kind.checked(merged)
        kept = checked.model_dump(mode="json", exclude_none=True)
        if kept != self._content.parameters.get(step):
            self.save(parameters={**self._content.parameters, step: kept})
        return checked

    def reset_parameters(self, step: str) -> None:
        """Go back to a step's defaults."""
        self.save(parameters={k: v for k, v in self._content.parameters.items() if k != step})

    @contextmanager
    def trying_settings(self) -> Iterator[None]:
        """Change parameters that are taken back if what follows is refused.

        An `NpmError` puts all parameters back as they were, unless `settle_settings` was called:
        work that was begun goes on later with the parameters that it was begun with.
        """
        before = self._content.parameters
        self._trial = True
        try:
            yield
        except NpmError:
            if self._trial and self._content.parameters != before:
                self.save(parameters=before)
            raise
        finally:
            self._trial = False

    def settle_settings(self) -> None:
        """Keep the parameters that are being tried: something was done with them."""
        self._trial = False

    def state(self, step: str) -> StepState:
        """Return what a step has done."""
        if step not in self._states:
            self._states[step] = StepState(self.folder / "state" / f"{step}.jsonl")
        return self._states[step]

    def record(self, step: str, item: str) -> Record:
        """Return what a step has done for an item.

        Raises
        ------
        NpmError
            If it has not done that item yet.
        """
        found = self.state(step).records.get(item)
        if found is None:
            raise NpmError(f"{item} is not done yet in {step}: run {command('run', self.folder)}.")
        return found


def command(words: str, folder: Path) -> str:
    """Return a command on a study as a user has to type it."""
    place = f'"{folder}"' if re.search(r"[^\w./\\:~+-]", str(folder)) else str(folder)
    return f"`napari-npm {words} {place}`"


def _open_for_reading(kind: type[StudyFolder], folder: str) -> StudyFolder:
    return kind.open(folder, write=False)
