"""Learning from all strokes of a study, and keeping what was learnt, without pickle."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Stroke
from napari_npm.core.progress import Progress, silent

from .arrays import read_arrays
from .hashing import hash_file, hash_value

if TYPE_CHECKING:
    from napari_npm.core.pixel_classifier import PixelClassifier

    from .study import Study

_ABOUT = "about"
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Learnt:
    """A classifier of unhydrated cement (UC), and what it learnt from."""

    classifier: "PixelClassifier"
    about: dict[str, Any]
    """The summary that `masks/classifier.json` shows."""

    @property
    def key(self) -> str:
        """Hash of the strokes, their images and the seed."""
        return str(self.about["key"])


def strokes_key(study: "Study", seed: int) -> str | None:
    """Return the hash of all that a classifier depends on, or None where there are no strokes."""
    drawn = [
        (study.image(name).sha256, hash_file(study.strokes_path(name)))
        for name in study.stroked_images
    ]
    return hash_value([_FORMAT, seed, drawn]) if drawn else None


def learn(study: "Study", *, seed: int = 0, progress: Progress = silent) -> Learnt:
    """Train a classifier from all strokes of a study and keep it in `masks/classifier.npz`.

    Parameters
    ----------
    study : Study
        A writable study with strokes of both kinds.
    seed : int
        Seed of the classifier.
    progress : Progress
        Called before each image with strokes; may raise `Cancelled`.

    Returns
    -------
    Learnt

    Raises
    ------
    NpmError
        If there are no strokes, or of one kind only, one of their files is damaged, or they were
        changed meanwhile.
    """
    from napari_npm.core.pixel_classifier import train_pixel_classifier

    study.require_writable()
    names = study.stroked_images
    key = strokes_key(study, seed)
    if key is None:
        raise NpmError(
            "There are no strokes to learn from: draw some on unhydrated cement and on what is"
            " none, or bring them with `napari-npm mask STUDY --strokes FOLDER`."
        )
    drawn: dict[str, dict[str, int]] = {}

    def image(number: int) -> NDArray[Any]:
        progress(number, len(names), f"learning from the strokes on {names[number]}")
        return study.read(names[number]).pixels

    def strokes(number: int) -> NDArray[np.uint8]:
        found = study.strokes(names[number])
        if found is None:
            raise _changed()
        drawn[names[number]] = {
            "unhydrated_px": int(np.sum(found == Stroke.UNHYDRATED)),
            "other_px": int(np.sum(found == Stroke.OTHER)),
        }
        return found

    many = len(names)
    classifier = train_pixel_classifier(_Lazy(many, image), _Lazy(many, strokes), seed=seed)
    if strokes_key(study, seed) != key:
        raise _changed()
    about = {"key": key, "seed": seed, "images": drawn}
    _write(study, classifier, about)
    return Learnt(classifier, about)


def learnt(study: "Study") -> Learnt | None:
    """Return the classifier that a study keeps, or None where it has none.

    Raises
    ------
    NpmError
        If its file is damaged.
    """
    path = classifier_path(study)
    if not path.exists():
        return None
    stat = path.stat()
    stamp = (stat.st_mtime_ns, stat.st_size)
    found: Learnt = study.keeping("classifier", stamp, lambda: _read(path))
    return found


def classifier_path(study: "Study") -> Path:
    """Return where the classifier of a study is, or would be, kept."""
    return study.folder / "masks" / "classifier.npz"


class _Lazy(Sequence[NDArray[Any]]):
    """Arrays that are read one at a time: all images with strokes need not fit into memory."""

    def __init__(self, length: int, make: Callable[[int], NDArray[Any]]) -> None:
        self._length, self._make = length, make

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, number: Any) -> Any:
        if not 0 <= number < self._length:
            raise IndexError(number)
        return self._make(number)


def _write(study: "Study", classifier: "PixelClassifier", about: dict[str, Any]) -> None:
    from napari_npm.io import atomic_path, write_json

    path = classifier_path(study)
    arrays: dict[str, Any] = {_ABOUT: np.array(json.dumps(about)), **classifier.to_arrays()}
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)
    # for people; the program reads the summary within the file above
    write_json(path.with_suffix(".json"), about)


def _read(path: Path) -> Learnt:
    from napari_npm.core.pixel_classifier import PixelClassifier

    try:
        arrays = read_arrays(path)
        about = json.loads(str(arrays.pop(_ABOUT)))
        about["key"], about["images"]
        return Learnt(PixelClassifier.from_arrays(arrays), about)
    except (ValueError, KeyError, TypeError, NpmError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> NpmError:
    return NpmError(
        f"{path} is damaged or of another version: delete it; the next run of mask makes it anew"
        " from the strokes."
    )


def _changed() -> NpmError:
    return NpmError("The strokes were changed while the program learnt from them: run mask again.")
