"""The masks of a study: their labels, what was said of them, and their edits."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label

from .drawn import StudyDrawn
from .hashing import hash_file
from .history import MaskHistory
from .review import Review, ReviewLog


class StudyMasks(StudyDrawn):
    """A study's masks, one label image for each image, and how they came to be."""

    def mask_path(self, image_id: str) -> Path:
        """Return where an image's mask is, or would be, kept."""
        return self.folder / "masks" / f"{self.image(image_id).id}.tif"

    def mask(self, image_id: str) -> NDArray[np.uint8]:
        """Return an image's mask of `Label` values, (row, column); zeros where there is none."""
        from napari_npm.io import read_labels

        path, image = self.mask_path(image_id), self.image(image_id)
        if not path.exists():
            return np.zeros((image.height, image.width), np.uint8)
        try:
            return read_labels(path)
        except NpmError as error:
            raise NpmError(
                f"The mask of {image_id} cannot be read ({str(error).rstrip('.')}): delete {path}"
                " and propose or draw it anew."
            ) from error

    def mask_hash(self, image_id: str) -> str | None:
        """Return the SHA-256 of an image's mask file, None where there is none."""
        path = self.mask_path(image_id)
        return hash_file(path) if path.exists() else None

    def set_mask(self, image_id: str, labels: NDArray[Any]) -> None:
        """Keep a mask that a person made, at once and atomically.

        The image counts as corrected from now on (see `review`); one that has only references
        and for which nothing was proposed yet still waits for its unhydrated cement.

        Raises
        ------
        NpmError
            If its shape is not the image's, or the disk refuses.
        """
        known = self._log.knows(image_id) or self._old_proposal(image_id) is not None
        waits = not known and not np.any(labels == Label.UNHYDRATED)

        def note(digest: str) -> None:
            if waits and self._log.said(image_id, digest) is None:
                self._log.say(image_id, digest, Review.NONE, references=_references(labels))

        self._write_labels(self.mask_path(image_id), image_id, labels, note)

    def propose_mask(
        self,
        image_id: str,
        labels: NDArray[Any],
        references: tuple[int, ...] = (),
        *,
        by: str = "levels",
    ) -> None:
        """Keep a mask that the program made: it counts as proposed until somebody looks at it.

        Parameters
        ----------
        image_id : str
            The image.
        labels : ndarray of int, shape (H, W)
            `Label` values.
        references : tuple of int
            Those of `Label.CSH` and `Label.METAL` whose areas a person drew.
        by : str
            ``"levels"`` or ``"strokes"``: what it was proposed from, for the report.

        Raises
        ------
        NpmError
            If its shape is not the image's, or the disk refuses.
        """

        def note(digest: str) -> None:
            self._log.say(image_id, digest, Review.PROPOSED, references=references, by=by)

        self._write_labels(self.mask_path(image_id), image_id, labels, note)

    def proposed_from(self, image_id: str) -> str | None:
        """Return ``"strokes"`` or ``"levels"``, what a mask was last proposed from, if it was."""
        return self._log.origin(image_id)

    def drawn_references(self, image_id: str) -> tuple[int, ...]:
        """Return those of `Label.CSH` and `Label.METAL` that a person drew, to be kept."""
        digest = self.mask_hash(image_id)
        return () if digest is None else self._log.references(image_id, digest)

    # what was said about a mask

    @cached_property
    def _log(self) -> ReviewLog:
        return ReviewLog(self.folder / "masks" / "review.jsonl")

    def review(self, image_id: str) -> Review:
        """Tell how far an image's mask is: what was said last about the mask as it is now.

        A mask about which nothing was said was drawn, changed or brought by a person: corrected.
        """
        digest = self.mask_hash(image_id)
        if digest is None:
            return Review.NONE
        said = self._log.said(image_id, digest)
        if said is not None:
            return said
        return Review.PROPOSED if self._old_proposal(image_id) == digest else Review.CORRECTED

    def keep_old_proposals(self) -> None:
        """Say of the proposals of an older version that they are some, before their records go."""
        for image in self.images:
            digest = self._old_proposal(image.id)
            if (
                digest is not None
                and digest == self.mask_hash(image.id)
                and self._log.said(image.id, digest) is None
            ):
                self._log.say(image.id, digest, Review.PROPOSED, by="levels")

    def _old_proposal(self, image_id: str) -> str | None:
        # in studies from before reviews were kept, the mask step knew its own proposals
        record = self.state("mask").records.get(image_id)
        return None if record is None or not record.rows else record.rows[0].get("proposal")

    def reviews(self) -> dict[str, Review]:
        """Tell how far the mask of each image is."""
        return {image.id: self.review(image.id) for image in self.images}

    def set_review(self, image_id: str, state: Review) -> None:
        """Say how far an image's mask is.

        Accepted, corrected and rejected masks are left alone by later proposals. To reject a
        mask removes its unhydrated cement (which `undo_mask` brings back) and keeps its
        references; to call it proposed gives it free for the next proposal, which keeps the
        references that it has now.

        Raises
        ------
        NpmError
            If there is no mask to accept, correct or propose anew, the study is read only, or
            the disk refuses.
        """
        self.require_writable()
        state, digest = Review(state), self.mask_hash(image_id)
        if state is Review.REJECTED:
            self._reject(image_id)
            return
        if digest is None:
            if state is not Review.NONE:
                raise NpmError(
                    f"{image_id} has no mask yet: propose one with `napari-npm mask`, or draw one."
                )
            return
        if state is self._log.said(image_id, digest):
            return
        references = self._log.references(image_id, digest)
        if state in (Review.NONE, Review.PROPOSED):
            labels = self.mask(image_id)
            references = _references(labels)
            if state is Review.NONE and np.any(labels == Label.UNHYDRATED):
                raise NpmError(
                    f"{image_id} has unhydrated cement marked: reject it, or give it free as"
                    " proposed, to have it looked for again."
                )
        self._log.say(image_id, digest, state, references=references)

    def _reject(self, image_id: str) -> None:
        before = self.mask(image_id)
        after = np.where(before == Label.UNHYDRATED, 0, before).astype(np.uint8)
        self.mask_history(image_id).push(before, after)

        def note(digest: str) -> None:
            self._log.say(image_id, digest, Review.REJECTED, references=_references(after))

        self._write_labels(self.mask_path(image_id), image_id, after, note)

    # undo

    def mask_history(self, image_id: str) -> MaskHistory:
        """Return the edits of an image's mask that can be undone, as they are on disk."""
        image = self.image(image_id)
        path = self.folder / "masks" / "history" / f"{image.id}.npz"
        return MaskHistory(path, (image.height, image.width), self.require_writable)

    def undo_mask(self, image_id: str) -> bool:
        """Undo the last edit of a mask; return whether there was one that still fits it."""
        return self._take_back(image_id, self.mask_history(image_id).undo)

    def redo_mask(self, image_id: str) -> bool:
        """Do the edit of a mask again that was undone last; return whether there was one."""
        return self._take_back(image_id, self.mask_history(image_id).redo)

    def _take_back(
        self, image_id: str, step: Callable[[NDArray[Any]], NDArray[np.uint8] | None]
    ) -> bool:
        self.require_writable()
        labels = step(self.mask(image_id))
        if labels is not None:
            self.set_mask(image_id, labels)
        return labels is not None


def _references(labels: NDArray[Any]) -> tuple[int, ...]:
    return tuple(int(label) for label in (Label.CSH, Label.METAL) if np.any(labels == label))
