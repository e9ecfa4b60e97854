"""Reading and making studies in worker threads: no Qt, no napari in here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .layers import Kind, Subject
from .ledger import Ledger
from .reader import is_study
from .warm_up import warm_up


@dataclass(frozen=True)
class Taken:
    """What came of taking folders of images into a study.

    Attributes
    ----------
    folders : tuple of Path
        The folders.
    added : int
        How many images were taken.
    skipped : tuple of (Path, str)
        The files left out with their reasons.
    sizeless : tuple of Path
        Those of them that carry no pixel size.
    """

    folders: tuple[Path, ...]
    added: int
    skipped: tuple[tuple[Path, str], ...]
    sizeless: tuple[Path, ...]


@dataclass(frozen=True)
class ImageData:
    """What is shown of one image of a study.

    Attributes
    ----------
    folder : Path
        The study's folder.
    subject : Subject
        The image.
    pixels, mask : ndarray
        ``(H, W)`` grey values and mask labels.
    maps : dict of Kind to ndarray
        ``(H, W)`` maps that are computed already.
    warnings : tuple of str
        What the reader warned of.
    strokes : ndarray or None
        ``(H, W)`` strokes drawn on it, None where there are none.
    """

    folder: Path
    subject: Subject
    pixels: Any
    mask: Any
    maps: dict[Kind, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    strokes: Any = None


def open_study(report: Progress, folder: Path, make: Any = None) -> Any:
    """Open the study in a folder, or make one with ``make(report, folder)``."""
    from napari_npm.study import Study

    report(0, 1, "opening")
    study = Study.open(folder) if make is None else make(report, folder)
    _ = study.tiles
    warm_up(report)
    return study


def reload_study(report: Progress, study: Any) -> None:
    """Take in what a job has changed."""
    report(0, 1, "reading the study")
    study.reload()


def new_study(report: Progress, folder: Path, name: str | None = None) -> Any:
    """Make an empty study."""
    from napari_npm.study import Study

    report(0, 1, "creating")
    return Study.create(folder, name=name)


def sample_study(report: Progress, folder: Path) -> Any:
    """Make the sample study in a folder, or open it where it was made before."""
    from napari_npm.study import Study
    from napari_npm.study.sample import create_sample_study

    if is_study(folder):
        return Study.open(folder)
    report(0, 1, "copying the sample images")
    return create_sample_study(folder)


def add_folders(
    report: Progress,
    study: Any,
    folders: Sequence[Path],
    pixel_size_nm: float | None = None,
    only: Sequence[Path] | None = None,
) -> Taken:
    """Take folders of images into a study; subfolders are samples, theirs are specimens.

    A folder without subfolders is one sample of the folder's name.

    Parameters
    ----------
    report : Progress
        Progress by images.
    study : Study
        The study.
    folders : sequence of Path
        The folders.
    pixel_size_nm : float, optional
        Pixel size of all that is taken, in nm; by default each file tells its own.
    only : sequence of Path, optional
        Take these of their images alone.

    Raises
    ------
    NpmError
        If no image was taken, nor could be if its pixel size were known.
    """
    from napari_npm.study.importing import add_folder

    added, skipped, sizeless = 0, [], []
    for folder in folders:
        try:
            nested = any(path.is_dir() and path.name[0] != "." for path in folder.iterdir())
            sample = None if nested else folder.name
            result = add_folder(
                study,
                folder,
                sample=sample,
                pixel_size_nm=pixel_size_nm,
                only=only,
                progress=report,
            )
        except (NpmError, OSError) as error:
            # Those of the other folders are taken all the same.
            skipped.append((folder, str(error)))
            continue
        added += len(result.added)
        skipped += result.skipped
        sizeless += result.sizeless
    if not added and not sizeless:
        first = skipped[0] if skipped else (folders[0], "holds no images.")
        raise NpmError(f"No image was taken from {folders[0].name}: {first[0].name} {first[1]}")
    return Taken(tuple(folders), added, tuple(skipped), tuple(sizeless))


def image_data(
    report: Progress, study: Any, image_id: str, unsaved: Sequence[Ledger] = ()
) -> ImageData:
    """Read what is to be shown of one image, once what is still to be saved of it is saved."""
    report(0, 3, "reading the image")
    for ledger in unsaved:
        ledger.run()
    entry = study.image(image_id)
    image = study.read(image_id)
    report(1, 3, "reading the mask")
    mask = study.mask(image_id)
    report(2, 3, "reading the maps")
    maps = {}
    for kind, name in ((Kind.MULF, "mulf"), (Kind.MICF, "micf")):
        values = study.stacked(image_id, name)
        if values is not None:
            maps[kind] = values
    subject = Subject(image_id, entry.pixel_size_nm, image_id)
    warnings, strokes = tuple(entry.warnings), study.strokes(image_id)
    return ImageData(study.folder, subject, image.pixels, mask, maps, warnings, strokes)


def image_states(report: Progress, study: Any) -> tuple[dict[str, frozenset[str]], dict[str, Any]]:
    """Return for each image the names of the steps that are done, and its mask's `Review`."""
    from napari_npm.study.steps import STEPS

    report(0, 1, "looking what is done")
    done: dict[str, set[str]] = {image.id: set() for image in study.images}
    for name in STEPS:
        for item in study.state(name).records:
            image_id = item.rpartition("/")[2]
            if image_id in done:
                done[image_id].add(name)
    for image_id, steps in done.items():
        if study.mask_path(image_id).exists():
            steps.add("mask")
        else:
            steps.discard("mask")
    states = {image_id: frozenset(steps) for image_id, steps in done.items()}
    return states, dict(study.reviews())


def review_of(report: Progress, study: Any, image_id: str) -> tuple[str, Any]:
    """Return how far the mask of one image is."""
    report(0, 1, "")
    return image_id, study.review(image_id)


def models_in_order(study: Any) -> tuple[str, ...]:
    """Return a study's models: those of MulF maps first, as everywhere in the results."""
    return tuple(sorted(study.models, key=lambda name: (not name.startswith("mulf"), name)))


def history_of(study: Any) -> dict[str, list[dict[str, float]]]:
    """Return for each trained model the figures of its epochs, as its job reported them."""
    import pandas as pd

    found = {}
    for name in models_in_order(study):
        path = study.models_folder / name / "history.csv"
        if path.exists():
            table = pd.read_csv(path)
            found[name] = [
                {str(key): float(value) for key, value in row.dropna().items()}
                for _, row in table.iterrows()
            ]
    return found


def short_path(folder: Path) -> str:
    """Return a folder's path with ``~`` for the user's own folder."""
    home = Path.home()
    return f"~/{folder.relative_to(home).as_posix()}" if home in folder.parents else str(folder)


def tiles_text(count: int) -> str:
    """Return a number of tiles in words."""
    return f"{count} tile" if count == 1 else f"{count} tiles"


def table_text(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a small HTML table."""
    sides = ["left"] + ["right"] * (len(columns) - 1)
    head = "".join(
        f"<th align='{side}'>&nbsp;{name}</th>" for side, name in zip(sides, columns, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td align='{side}'>&nbsp;{value}</td>" for side, value in zip(sides, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table cellspacing='2'><tr>{head}</tr>{body}</table>"
