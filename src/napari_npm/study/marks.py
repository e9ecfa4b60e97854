"""Taking masks and known truth into a study, by the names of the images."""

from pathlib import Path

from napari_npm.core.errors import NpmError

from .model import ImageEntry
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

    files = _by_name(Path(folder))
    stems = [Path(image.source).stem for image in study.images]
    taken = []
    for image, stem in zip(study.images, stems, strict=True):
        path = _mask_of(image, stem, files, alone=stems.count(stem) == 1)
        if path is not None:
            (study.set_truth if truth else study.set_mask)(image.id, read_labels(path))
            taken.append(image.id)
    if not taken:
        raise NpmError(f"{folder} holds no label image named like an image of the study.")
    return tuple(taken)


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
