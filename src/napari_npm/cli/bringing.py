"""What a step's command may bring into the study before the step runs: images, masks, strokes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_npm.core.errors import NpmError
from napari_npm.core.wording import several
from napari_npm.study.importing import ImportReport, add_folder, add_images
from napari_npm.study.marks import take_masks, take_strokes
from napari_npm.study.review import OPEN
from napari_npm.study.study import Study

from .reporting import Reporter


@dataclass(frozen=True)
class Extra:
    """Options of a step's command that bring something in before the step runs."""

    options: Mapping[str, tuple[Any, Any]]
    """Annotation and default by name."""
    act: Callable[[Study, Mapping[str, Any], Reporter], None]


def _take_images(study: Study, values: Mapping[str, Any], report: Reporter) -> None:
    """Take what `import` was given: folders and files, and masks named like them."""

    def progress(
        done: int, total: int, message: str = "", metrics: Mapping[str, float] | None = None
    ) -> None:
        report.progress("import", done, total, message, metrics)

    common = {name: values[name] for name in ("label", "specimen", "pixel_size_nm", "copy")}
    total = ImportReport((), ())
    files = []
    for path in values["paths"] or ():
        if path.is_dir():
            total += add_folder(study, path, sample=values["sample"], progress=progress, **common)
        else:
            files.append(path)
    if files:
        if values["sample"] is None:
            raise NpmError("Name the sample that these files belong to with --sample.")
        total += add_images(study, values["sample"], files, progress=progress, **common)
    for path, reason in total.skipped:
        hint = ": give it with --pixel-size-nm." if path in total.sizeless else "."
        report.message(f"left out: {path}: {reason.removesuffix('.')}{hint}", "warning")
    if total.renewed:
        report.message(f"took anew: {', '.join(total.renewed)}")
    if values["paths"] and not study.images:
        raise NpmError("None of these files could be taken; see the reasons above.")
    for folder, truth in ((values["masks"], False), (values["truth"], True)):
        if folder is not None:
            taken = take_masks(study, folder, truth=truth)
            report.message(f"took {several(len(taken), 'truth mask' if truth else 'mask')}")


def _take_masks(study: Study, values: Mapping[str, Any], report: Reporter) -> None:
    if values["from_"] is not None:
        report.message(f"took {several(len(take_masks(study, values['from_'])), 'mask')}")
    if values["strokes"] is not None:
        taken = several(len(take_strokes(study, values["strokes"])), "image")
        report.message(f"took strokes on {taken}")
        if study.images and not any(state in OPEN for state in study.reviews().values()):
            report.message(
                "Every mask was made or judged by a person, so nothing is proposed from the"
                " strokes: give images free with `napari-npm review STUDY --again IMAGES`.",
                "warning",
            )


_FOLDER = {"exists": True, "file_okay": False, "show_default": False}
EXTRA = {
    "import": Extra(
        {
            "paths": (
                Annotated[
                    list[Path] | None,
                    typer.Argument(
                        exists=True,
                        show_default=False,
                        help="Image files, a folder of images (with --sample), or a folder with"
                        " one subfolder for each sample and in it one for each specimen.",
                    ),
                ],
                None,
            ),
            "sample": (
                Annotated[
                    str | None,
                    typer.Option(help="Sample the images belong to.", show_default=False),
                ],
                None,
            ),
            "label": (
                Annotated[
                    str | None,
                    typer.Option(
                        help="What tells the sample apart, such as a dosage.", show_default=False
                    ),
                ],
                None,
            ),
            "specimen": (
                Annotated[
                    str | None,
                    typer.Option(
                        help="Specimen the images were taken from; each image is its own one"
                        " (a mosaic) by default.",
                        show_default=False,
                    ),
                ],
                None,
            ),
            "pixel_size_nm": (
                Annotated[
                    float | None,
                    typer.Option(
                        min=1e-3,
                        help="Pixel size in nm, where files carry none.",
                        show_default=False,
                    ),
                ],
                None,
            ),
            "copy": (
                Annotated[bool, typer.Option("--copy", help="Copy the files into the study.")],
                False,
            ),
            "masks": (
                Annotated[
                    Path | None,
                    typer.Option(help="Folder of masks named like the images.", **_FOLDER),
                ],
                None,
            ),
            "truth": (
                Annotated[
                    Path | None,
                    typer.Option(
                        help="Folder of known places of modification (phantoms).", **_FOLDER
                    ),
                ],
                None,
            ),
        },
        _take_images,
    ),
    "mask": Extra(
        {
            "from_": (
                Annotated[
                    Path | None,
                    typer.Option(
                        "--from", help="Folder of masks named like the images.", **_FOLDER
                    ),
                ],
                None,
            ),
            "strokes": (
                Annotated[
                    Path | None,
                    typer.Option(
                        help="Folder of strokes to learn from, label images named like the images:"
                        " 1 on unhydrated cement, 2 on what is none.",
                        **_FOLDER,
                    ),
                ],
                None,
            ),
        },
        _take_masks,
    ),
}
