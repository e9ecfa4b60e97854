"""The edits of a mask, kept beside it: undo and redo after the study is opened again."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .arrays import read_arrays

LIMIT = 200
"""Edits kept of an image."""
LIMIT_BYTES = 8_000_000
"""Compressed edits kept of an image; the newest is kept however large it is."""
_RUN = np.dtype([("start", "<u4"), ("length", "<u4"), ("before", "u1"), ("after", "u1")])
Box = tuple[slice, slice]


@dataclass(frozen=True)
class _Edit:
    """Runs of changed pixels in a box, counted along its rows."""

    row: int
    column: int
    rows: int
    columns: int
    data: bytes

    @classmethod
    def between(
        cls, before: NDArray[np.uint8], after: NDArray[np.uint8], corner: tuple[int, int]
    ) -> Self | None:
        """Return the difference of two arrays, None where there is none."""
        changed = before != after
        rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
        if rows.size == 0:
            return None
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        old, new = before[box].ravel(), after[box].ravel()
        differs = changed[box].ravel()
        # a run ends where the old or the new value changes, or where nothing was changed
        ends = np.flatnonzero(
            (old[1:] != old[:-1]) | (new[1:] != new[:-1]) | (differs[1:] != differs[:-1])
        )
        starts = np.concatenate([[0], ends + 1])
        lengths = np.diff(starts, append=old.size)
        kept = differs[starts]
        runs = np.empty(int(kept.sum()), _RUN)
        runs["start"], runs["length"] = starts[kept], lengths[kept]
        runs["before"], runs["after"] = old[starts[kept]], new[starts[kept]]
        row, column = int(rows[0]) + corner[0], int(columns[0]) + corner[1]
        height, width = changed[box].shape
        return cls(row, column, height, width, zlib.compress(runs.tobytes(), 6))

    @property
    def box(self) -> Box:
        return np.s_[self.row : self.row + self.rows, self.column : self.column + self.columns]

    def put(self, labels: NDArray[np.uint8], old: str, new: str) -> bool:
        """Write the values ``new`` where the labels have the values ``old``, or nothing at all.

        Returns whether they have them; labels that have the new ones already are left as they are.
        """
        runs = np.frombuffer(zlib.decompress(self.data), _RUN)
        part = labels[self.box]
        differs, found = self._spread(runs, 1) > 0, self._spread(runs, runs[old])
        target = self._spread(runs, runs[new])
        if np.array_equal(part[differs], found[differs]):
            part[differs] = target[differs]
            return True
        return np.array_equal(part[differs], target[differs])

    def _spread(self, runs: NDArray[Any], values: Any) -> NDArray[np.uint8]:
        """Return the box with a value on each run, 0 between them."""
        ends = runs["start"].astype(np.int64) + runs["length"]
        gaps = np.append(runs["start"], self.rows * self.columns) - np.append(0, ends)
        row = np.zeros(2 * runs.size + 1, np.uint8)
        row[1::2] = values
        lengths = np.empty(row.size, np.int64)
        lengths[::2], lengths[1::2] = gaps, runs["length"]
        return np.repeat(row, lengths).reshape(self.rows, self.columns)


class MaskHistory:
    """The edits of one image's mask, oldest first, and how many of them are undone.

    Kept as ``masks/history/<image>.npz`` and written anew, atomically, at each call. Only what an
    edit changed is stored (runs of pixels, compressed), so a stroke costs as little on a mosaic
    as on a tile; the oldest edits go when there are over `LIMIT`, or over `LIMIT_BYTES` of them.
    A history that does not fit the mask any more, because something else changed it, is dropped.

    Parameters
    ----------
    path : Path or None
        Its file; a damaged one counts as empty, since no result depends on it. None keeps the
        edits in memory only.
    shape : (int, int)
        Rows and columns of the image.
    check : callable, optional
        Called before anything is written; raises where that is not allowed.
    """

    def __init__(
        self,
        path: Path | None,
        shape: tuple[int, int],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._path, self._shape, self._check = path, shape, check
        self._edits, self._done = ([], 0) if path is None else _read(path, shape)
        self.changed: Box | None = None
        """Rows and columns within which the last call changed the mask; None for nothing."""

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to undo."""
        return self._done > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone edit to do again."""
        return self._done < len(self._edits)

    def push(
        self,
        before: NDArray[Any],
        after: NDArray[Any],
        corner: tuple[int, int] = (0, 0),
    ) -> bool:
        """Add an edit; what was undone before it can no longer be redone.

        Parameters
        ----------
        before, after : ndarray of uint8, shape (rows, columns)
            The whole mask before and after, or the part of it that holds all changes.
        corner : (int, int)
            Row and column in the mask of the part's first pixel.

        Returns
        -------
        bool
            Whether the two differ; else nothing is added.

        Raises
        ------
        ValueError
            If the parts differ in shape or do not lie within the image.
        NpmError
            If the study is read only, or the disk refuses.
        """
        ends = [at + side for at, side in zip(corner, before.shape, strict=True)]
        if before.shape != after.shape or min(corner) < 0 or np.any(np.greater(ends, self._shape)):
            raise ValueError(
                f"parts of shape {before.shape} and {after.shape} at {corner} are no edit of"
                f" a mask of shape {self._shape}"
            )
        self._check()
        edit = _Edit.between(
            before.astype(np.uint8, copy=False), after.astype(np.uint8, copy=False), corner
        )
        self.changed = None if edit is None else edit.box
        if edit is None:
            return False
        self._edits = [*self._edits[: self._done], edit][-LIMIT:]
        while len(self._edits) > 1 and sum(len(one.data) for one in self._edits) > LIMIT_BYTES:
            del self._edits[0]
        self._done = len(self._edits)
        self._write()
        return True

    def undo(self, current: NDArray[Any], *, copy: bool = True) -> NDArray[np.uint8] | None:
        """Return the mask as it was before the last edit.

        Parameters
        ----------
        current : ndarray of uint8, shape (H, W)
            The mask as it is.
        copy : bool
            Leave ``current`` as it is and return a new array; else ``current`` itself is changed
            and returned, which on a mosaic spares the time and memory of a copy.

        Returns
        -------
        ndarray of uint8, shape (H, W), or None
            None if there is nothing to undo, or the mask is not what the edit made.

        Raises
        ------
        NpmError
            If the study is read only, or the disk refuses.
        """
        return self._step(current, copy, self._done - 1, "after", "before")

    def redo(self, current: NDArray[Any], *, copy: bool = True) -> NDArray[np.uint8] | None:
        """Return the mask with the edit that was undone last done again; see `undo`."""
        return self._step(current, copy, self._done, "before", "after")

    def clear(self) -> None:
        """Forget all edits."""
        self._check()
        self._edits, self._done, self.changed = [], 0, None
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _step(
        self, current: NDArray[Any], copy: bool, number: int, old: str, new: str
    ) -> NDArray[np.uint8] | None:
        self.changed = None
        if not 0 <= number < len(self._edits):
            return None
        self._check()
        edit = self._edits[number]
        labels = np.array(current, np.uint8) if copy else np.asarray(current, np.uint8)
        if labels.shape != self._shape or not edit.put(labels, old, new):
            self.clear()
            return None
        self._done = number if new == "before" else number + 1
        self._write()
        self.changed = edit.box
        return labels

    def _write(self) -> None:
        from napari_npm.io import atomic_path

        if self._path is None:
            return
        data = [np.frombuffer(edit.data, np.uint8) for edit in self._edits]
        with atomic_path(self._path) as temporary:
            np.savez(
                temporary,
                shape=np.array(self._shape),
                done=np.array(self._done),
                boxes=np.array(
                    [[edit.row, edit.column, edit.rows, edit.columns] for edit in self._edits]
                ),
                sizes=np.array([part.size for part in data]),
                data=np.concatenate(data),
            )


def _read(path: Path, shape: tuple[int, int]) -> tuple[list[_Edit], int]:
    try:
        file = read_arrays(path)
        if tuple(file["shape"]) != tuple(shape):
            return [], 0
        parts = np.split(file["data"], np.cumsum(file["sizes"])[:-1])
        edits = [
            _Edit(int(box[0]), int(box[1]), int(box[2]), int(box[3]), part.tobytes())
            for box, part in zip(file["boxes"], parts, strict=True)
        ]
        return edits, min(max(int(file["done"]), 0), len(edits))
    except (ValueError, KeyError, TypeError):
        return [], 0
