"""What the commands do, on top of the study."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_npm.core.errors import NpmError
from napari_npm.study.importing import ImportReport, add_folder, add_images
from napari_npm.study.marks import take_masks
from napari_npm.study.model import FILE_NAME
from napari_npm.study.runner import items_left, run
from napari_npm.study.steps import STEPS
from napari_npm.study.study import Study

from .reporting import Reporter


@dataclass(frozen=True)
class Extra:
    """Options of a step's command that bring something in before the step runs."""

    options: Mapping[str, tuple[Any, Any]]
    """Annotation and default by name."""
    act: Callable[[Study, Mapping[str, Any], Reporter], None]


def run_step(
    folder: Path,
    step: str,
    changes: dict[str, Any],
    extra: Mapping[str, Any],
    report: Reporter,
    *,
    reset: bool,
    only: str | None,
    force: bool,
    workers: int | None,
    scheduler: str,
) -> None:
    """Set a step's parameters and run it."""
    # a study is made by its first import, not by a name that was mistyped
    creates = step == "import" and extra["paths"] and not (folder / FILE_NAME).exists()
    with Study.create(folder) if creates else Study.open(folder) as study:
        if reset:
            study.reset_parameters(step)
        if changes:
            study.set_parameters(step, **changes)
        if step in EXTRA:
            EXTRA[step].act(study, extra, report)
        run(
            study,
            [step],
            only=tuple(name.strip() for name in only.split(",")) if only else (),
            force=force,
            progress=report.progress,
            on_done=report.done,
            workers=workers,
            scheduler=scheduler,
        )


def run_all(
    folder: Path,
    until: str | None,
    report: Reporter,
    *,
    force: bool = False,
    workers: int | None = None,
    scheduler: str = "threads",
) -> None:
    """Run all steps, or those up to one."""
    names = tuple(STEPS)
    if until is not None:
        if until not in names:
            raise NpmError(f"There is no step {until!r}: choose from {', '.join(names)}.")
        names = names[: names.index(until) + 1]
    with Study.open(folder) as study:
        run(
            study,
            names,
            force=force,
            progress=report.progress,
            on_done=report.done,
            workers=workers,
            scheduler=scheduler,
        )
        if "report" in names:
            report.message(f"The report is {study.folder / 'report.html'}")


def new(folder: Path, name: str | None) -> None:
    """Make an empty study."""
    with Study.create(folder, name=name) as study:
        typer.echo(f"Made the study {study.folder}; add images with `napari-npm import`.")


def info(folder: Path, as_json: bool) -> None:
    """Print what a study holds."""
    study = Study.open(folder, write=False)
    left = {name: items_left(study, name) for name in STEPS}
    done = {name: study.state(name).finish is not None and left[name] == 0 for name in STEPS}
    facts = {
        "name": study.name,
        "folder": str(study.folder),
        "samples": [
            {
                "name": sample.name,
                "label": sample.label,
                "images": sum(image.sample == sample.name for image in study.images),
                "specimens": len(
                    {image.specimen for image in study.images if image.sample == sample.name}
                ),
                "tiles": sum(tile.sample == sample.name for tile in study.tiles),
            }
            for sample in study.samples
        ],
        "steps": {
            name: {
                "done": done[name],
                "left": left[name],
                "parameters": study.parameters(name).model_dump(mode="json"),
            }
            for name in STEPS
        },
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.echo(f"{facts['name']}  {facts['folder']}")
    for line in facts["samples"]:
        typer.echo(
            f"  {line['name']} ({line['label']}): {line['images']} images,"
            f" {line['specimens']} specimens, {line['tiles']} tiles"
        )
    for name, one in facts["steps"].items():
        settings = ", ".join(
            f"{key} {value}" for key, value in one["parameters"].items() if value is not None
        )
        state = "done" if one["done"] else f"{one['left']} left" if one["left"] else ""
        typer.echo(f"  {state:>9}  {name:<10} {settings}")


def sample(folder: Path) -> None:
    """Write the sample data."""
    from napari_npm.study.sample import copy_sample_data

    typer.echo(f"Wrote the sample data into {copy_sample_data(folder)}")


def demo(folder: Path, report: Reporter, *, quick: bool) -> None:
    """Make the sample study if it is not there yet, run it and say where the report is."""
    from napari_npm.study.sample import create_sample_study

    if not (folder / FILE_NAME).exists():
        report.message(f"Making a study of the sample data in {folder.resolve()}")
        with create_sample_study(folder) as study:
            if quick:
                study.set_parameters("train", epochs=2)
                study.set_parameters("correlate", r_max_px=40)
    run_all(folder, None, report)


def open_viewer(folder: Path) -> None:
    """Start napari on a study, in a process of its own."""
    from importlib.util import find_spec

    Study.open(folder, write=False)
    if find_spec("napari") is None:
        raise NpmError(
            "The viewer is not installed: install it with `pip install 'napari-npm[app]'`."
        )
    # the command line knows nothing of Qt: the viewer is the other face of the study
    sys.exit(subprocess.call([sys.executable, "-m", "napari_npm.viewer", str(folder)]))


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
        report.message(f"left out: {path}: {reason}", "warning")
    if total.renewed:
        report.message(f"took anew: {', '.join(total.renewed)}")
    if values["paths"] and not study.images:
        raise NpmError("None of these files could be taken; see the reasons above.")
    for folder, truth in ((values["masks"], False), (values["truth"], True)):
        if folder is not None:
            taken = take_masks(study, folder, truth=truth)
            report.message(f"took {len(taken)} {'truth masks' if truth else 'masks'}")


def _take_masks(study: Study, values: Mapping[str, Any], report: Reporter) -> None:
    if values["from_"] is not None:
        report.message(f"took {len(take_masks(study, values['from_']))} masks")


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
            )
        },
        _take_masks,
    ),
}
