"""Taking masks, strokes and known truth into a study, and judging masks, by images' names."""

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Stroke

from .model import ImageEntry
from .review import OPEN, Review
from .study import Study


def take_masks(study: Study, folder: Path, *, truth: bool = False) -> tuple[str, ...]:
    """Take label images from a folder as masks: the file named like an image is its mask.

    Parameters
    ----------
    study : Study
        A writable study.
    folder : Path
        Folder of label images (`Label` values), named like the images or their ids. Where images
        of several samples share a name, their masks lie in a subfolder for each sample, and in
        it, if need be, one for each specimen.
    truth : bool
        Take them as known places of modification instead.

    Returns
    -------
    tuple of str
        Ids of the images that got one.

    Raises
    ------
    NpmError
        If the folder holds none for this study, or one does not fit its image.
    """
    from napari_npm.io import read_labels

    taken = []
    for image_id, path in _matched(study, Path(folder)):
        labels = read_labels(path)
        if truth:
            study.set_truth(image_id, labels)
        else:
            _take_mask(study, image_id, labels)
        taken.append(image_id)
    return tuple(taken)


def take_strokes(study: Study, folder: Path) -> tuple[str, ...]:
    """Take label images from a folder as strokes to learn unhydrated cement (UC) from.

    Parameters
    ----------
    study : Study
        A writable study.
    folder : Path
        Folder of label images (1 on UC, 2 on what is none, 0 elsewhere), named as for
        `take_masks`. They take the place of the strokes that these images have; an image without
        any mark loses its strokes.

    Returns
    -------
    tuple of str
        Ids of the images that got some.

    Raises
    ------
    NpmError
        If the folder holds none for this study, or one does not fit its image or has other values.
    """
    from napari_npm.io import read_labels

    taken = []
    for image_id, path in _matched(study, Path(folder)):
        study.set_strokes(image_id, read_labels(path, values=Stroke))
        taken.append(image_id)
    return tuple(taken)


def review_masks(study: Study, names: Sequence[str], state: Review) -> tuple[str, ...]:
    """Say of several images how far their masks are (see `Study.set_review`).

    Parameters
    ----------
    study : Study
        A writable study.
    names : sequence of str
        Ids of images, or patterns with ``*`` and ``?``. A pattern takes in only images that nobody
        has judged yet, so that ``*`` accepts what is left and changes no earlier word; to
        give images free again, it takes in those that were judged.
    state : Review
        What to say.

    Returns
    -------
    tuple of str
        Ids of the images, in order.

    Raises
    ------
    NpmError
        If a name fits no image, before anything is said; or as `Study.set_review`.
    """
    found: dict[str, None] = {}
    for name in names:
        fitting = _called(study, name, (Review.PROPOSED,) if state not in OPEN else _JUDGED)
        found |= dict.fromkeys(fitting)
    for image_id in found:
        study.set_review(image_id, state)
    return tuple(found)


def undo_masks(study: Study, names: Sequence[str], *, redo: bool = False) -> tuple[str, ...]:
    """Undo, or do again, the last edit of the masks of several images.

    Returns
    -------
    tuple of str
        Ids of the images of which something was undone.

    Raises
    ------
    NpmError
        If a name fits no image; patterns are as in `review_masks`, for images in any state.
    """
    found: dict[str, None] = {}
    for name in names:
        found |= dict.fromkeys(_called(study, name, tuple(Review)))
    step: Callable[[str], bool] = study.redo_mask if redo else study.undo_mask
    return tuple(image_id for image_id in found if step(image_id))


def _take_mask(study: Study, image_id: str, labels: NDArray[Any]) -> None:
    """Keep a mask from a file: made by a person, and its coming can be undone."""
    if study.mask_hash(image_id) is not None:
        before = study.mask(image_id)
        if before.shape == labels.shape:
            study.mask_history(image_id).push(before, labels)
    study.set_mask(image_id, labels)
    if study.review(image_id) in (*OPEN, Review.CORRECTED):
        study.set_review(image_id, Review.CORRECTED)


_JUDGED = tuple(state for state in Review if state not in OPEN)


def _called(study: Study, name: str, states: Sequence[Review]) -> list[str]:
    """Return the image of this very name, or those in some states that fit a pattern."""
    ids = [image.id for image in study.images]
    if name in ids:
        return [name]
    fitting = [image_id for image_id in ids if fnmatchcase(image_id, name)]
    if not fitting:
        raise NpmError(
            f"The study has no image {name!r}: give names as `napari-npm review` lists them, or a"
            " pattern such as 'S1-*'."
        )
    return [image_id for image_id in fitting if study.review(image_id) in states]


def _matched(study: Study, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each image that has a label image in a folder, with that file."""
    files = _by_name(folder)
    stems = [Path(image.source).stem for image in study.images]
    found = [
        (image.id, _mask_of(image, stem, files, alone=stems.count(stem) == 1))
        for image, stem in zip(study.images, stems, strict=True)
    ]
    if not any(path for _, path in found):
        raise NpmError(f"{folder} holds no label image named like an image of the study.")
    return ((image_id, path) for image_id, path in found if path is not None)


def _by_name(folder: Path) -> dict[tuple[str, ...], Path]:
    """Return the label images of a folder by subfolders and stem."""
    return {
        (*path.relative_to(folder).parts[:-1], path.stem): path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in (".tif", ".tiff", ".png") and path.name[0] != "."
    }


def _mask_of(
    image: ImageEntry, stem: str, files: dict[tuple[str, ...], Path], alone: bool
) -> Path | None:
    names: list[tuple[str, ...]] = [
        (image.sample, image.specimen, stem),
        (image.sample, stem),
        (image.id,),
    ]
    if alone:
        names.append((stem,))
    return next((files[name] for name in names if name in files), None)
