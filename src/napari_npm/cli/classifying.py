"""What `napari-npm classify` does: ask a network about new images, and tell what it says."""

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_npm.core.errors import NpmError
from napari_npm.core.wording import several
from napari_npm.study.classify_settings import ClassifyParameters
from napari_npm.study.study import Study

from .reporting import Reporter

HELP = (
    "Ask a trained network about new images or whole mosaics: a window slides over each; writes the"
    " probability of each class by place and, on request, where the network looked."
)
OPTIONS: dict[str, tuple[Any, Any]] = {
    "images": (
        Annotated[
            list[str],
            typer.Argument(
                show_default=False,
                help="Images of the study by name, image files, or folders of image files.",
            ),
        ],
        inspect.Parameter.empty,
    ),
    "unhydrated": (
        Annotated[
            Path | None,
            typer.Option(
                show_default=False,
                help="Mask of a new file, or a folder of masks named like the files: 1 is"
                " unhydrated cement, 2 and 3 are references to take the grey levels from.",
            ),
        ],
        None,
    ),
    "out": (
        Annotated[
            Path | None,
            typer.Option(
                show_default=False,
                file_okay=False,
                help="Folder to write to; classified/MODEL in the study by default.",
            ),
        ],
        None,
    ),
}
"""Options besides those of the parameters: annotation and default by name."""


def classify(
    folder: Path,
    images: list[str],
    values: dict[str, Any],
    unhydrated: Path | None,
    out: Path | None,
    report: Reporter,
) -> None:
    """Classify images and say which files hold what was found."""
    from napari_npm.study.classifying import classify_images

    study = Study.open(folder, write=False)

    def progress(done: int, total: int, message: str = "", metrics: Any = None) -> None:
        report.progress("classify", done, total, message, metrics)

    done, left_out = classify_images(
        study,
        images,
        ClassifyParameters.checked(values),
        unhydrated=unhydrated,
        out=out,
        progress=progress,
    )
    for one, reason in left_out:
        report.message(f"left out: {one.path}: {reason}", "warning")
    for found, files in done:
        row = found.row()
        mean = found.probability.mean.tolist()
        shares = ", ".join(
            f"{name} {share:.3f}" for name, share in zip(found.model.classes, mean, strict=True)
        )
        report.result(
            {**row, "notes": list(found.notes), "files": [str(path) for path in files]},
            f"{row['image']}: {found.chosen} by {found.model.name} ({shares})",
        )
        for note in found.notes:
            report.message(f"{row['image']}: {note}", "warning")
    if not done:
        raise NpmError(f"No image could be classified; the first: {left_out[0][1]}")
    report.message(f"wrote {several(len(done), 'image')} into {done[0][1][-1].parent}")
