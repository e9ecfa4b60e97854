"""What a person has said about the masks of a study: looked at, put right, or not looked at yet."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any

from .lines import append_line, parse_lines


class Review(StrEnum):
    """How far an image's mask of unhydrated cement (UC) is."""

    NONE = "none"
    """UC was not looked for: there is no mask, or one of references only."""
    PROPOSED = "proposed"
    """As the program proposed it; nobody has looked at it."""
    ACCEPTED = "accepted"
    """A proposal that a person took as it is."""
    CORRECTED = "corrected"
    """Drawn or changed by a person, or taken from a file."""
    REJECTED = "rejected"
    """A proposal that a person turned down: its UC was removed, its references were kept."""


OPEN = (Review.NONE, Review.PROPOSED)
"""The states in which the program may still propose."""


class ReviewLog:
    """What was said about which content of which mask, in `masks/review.jsonl`, oldest first.

    A line names a mask by its SHA-256, so it holds for that content only: a mask that was changed
    since counts as changed by a person, and one that an undo brings back has its old state again.
    A line is written before its mask takes the place of the old one; if that never happens, the
    line is about nothing. Lines are appended, so the viewer and a job may both write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = Lock()
        self._forget()

    def _forget(self) -> None:
        self._read = 0
        self._said: dict[tuple[str, str], tuple[Review, tuple[int, ...]]] = {}
        self._images: set[str] = set()
        self._origins: dict[str, str] = {}

    def _refresh(self) -> None:
        """Take in the whole lines that were written since, here or by another process."""
        size = self.path.stat().st_size if self.path.exists() else 0
        with self._guard:
            if size < self._read:
                self._forget()
            if size > self._read:
                with self.path.open("rb") as file:
                    file.seek(self._read)
                    text = file.read()
                whole = text[: text.rfind(b"\n") + 1]
                self._read += len(whole)
                for line in parse_lines(whole):
                    self._take(line)

    def _take(self, line: Mapping[str, Any]) -> None:
        try:
            image, mask, state = str(line["image"]), str(line["mask"]), Review(line["review"])
        except (KeyError, ValueError):
            return
        self._said[image, mask] = (state, tuple(line.get("references", ())))
        if state is not Review.NONE:
            self._images.add(image)
        if "by" in line:
            self._origins[image] = str(line["by"])

    def said(self, image_id: str, mask: str) -> Review | None:
        """Return what was said last about a mask as it is, None where nothing was."""
        self._refresh()
        found = self._said.get((image_id, mask))
        return None if found is None else found[0]

    def references(self, image_id: str, mask: str) -> tuple[int, ...]:
        """Return the labels of a mask's references that a person drew."""
        self._refresh()
        return self._said.get((image_id, mask), (Review.NONE, ()))[1]

    def knows(self, image_id: str) -> bool:
        """Tell whether UC was ever proposed for an image or decided on."""
        self._refresh()
        return image_id in self._images

    def origin(self, image_id: str) -> str | None:
        """Return what UC was last proposed from, None where it never was."""
        self._refresh()
        return self._origins.get(image_id)

    def say(
        self,
        image_id: str,
        mask: str,
        state: Review,
        *,
        references: tuple[int, ...] = (),
        by: str | None = None,
    ) -> None:
        """Say something about a mask, by the SHA-256 of its file, and what proposed it.

        Raises
        ------
        NpmError
            If the disk refuses.
        """
        line = {
            "image": image_id,
            "mask": mask,
            "review": state.value,
            "references": list(references),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        append_line(self.path, line if by is None else {**line, "by": by})


def counted(states: Iterable[Review]) -> dict[str, int]:
    """Return how many images are in each state, every state being named."""
    found = list(states)
    return {state.value: found.count(state) for state in Review}
