"""What the commands do, on top of the study."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from napari_npm.core.errors import NpmError
from napari_npm.core.wording import several
from napari_npm.study.model import FILE_NAME
from napari_npm.study.review import counted
from napari_npm.study.runner import items_left, run, whole_run
from napari_npm.study.sharing import follow, follows, session
from napari_npm.study.steps import STEPS
from napari_npm.study.study import Study
from napari_npm.study.suggesting import suggest

from .bringing import EXTRA as EXTRA
from .reporting import Reporter
from .reviewing import review as review
from .reviewing import told


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
    """Set a step's parameters and run it, or help the process that does."""
    if follows():
        follow(folder)
        return
    # a study is made by its first import, not by a name that was mistyped
    creates = step == "import" and extra["paths"] and not (folder / FILE_NAME).exists()
    with (
        session(),
        Study.create(folder) if creates else Study.open(folder) as study,
        study.trying_settings(),
    ):
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
    names = whole_run(until)
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
        "masks": counted(study.reviews().values()),
        "steps": {
            name: {
                "done": done[name],
                "left": left[name],
                "parameters": study.parameters(name).model_dump(mode="json"),
            }
            for name in STEPS
        },
    }
    suggestion = suggest(study)
    facts["next"] = {"act": suggestion.act, "step": suggestion.step, "words": suggestion.words}
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.echo(f"{facts['name']}  {facts['folder']}")
    for line in facts["samples"]:
        typer.echo(
            f"  {line['name']} ({line['label']}): "
            + ", ".join(several(line[f"{unit}s"], unit) for unit in ("image", "specimen", "tile"))
        )
    typer.echo(f"  masks: {told(facts['masks'])}")
    for name, one in facts["steps"].items():
        settings = ", ".join(
            f"{key} {value}" for key, value in one["parameters"].items() if value is not None
        )
        state = "done" if one["done"] else f"{one['left']} left" if one["left"] else ""
        typer.echo(f"  {state:>9}  {name:<10} {settings}")
    typer.echo(f"  next: {suggestion.words}")


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
