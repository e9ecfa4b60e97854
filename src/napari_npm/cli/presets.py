"""Writing a figure by a preset of the study, in place of all figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_npm.core.errors import NpmError
from napari_npm.core.wording import several
from napari_npm.study.study import Study

from .reporting import Reporter

OPTIONS: Mapping[str, tuple[Any, Any]] = {
    "preset": (
        Annotated[
            str | None,
            typer.Option(
                help="Write one figure by this preset of the study, in place of all figures.",
                show_default=False,
            ),
        ],
        None,
    ),
    "output": (
        Annotated[
            Path | None,
            typer.Option(
                help="File of the preset's figure; its suffix names the format. The study's"
                " folder figures/presets by default.",
                show_default=False,
            ),
        ],
        None,
    ),
}


def wants_preset(values: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
    """Tell whether the figures command is to write a preset.

    Raises
    ------
    NpmError
        If it is given what only one of the two ways takes.
    """
    if values["preset"] is None:
        if values["output"] is not None:
            raise NpmError("--output names the file of one figure: give its --preset too.")
        return False
    left = [f"--{name.replace('_', '-')}" for name in changes]
    left += [f"--{name}" for name in ("reset", "force", "only") if values[name]]
    if left:
        raise NpmError(f"A preset says how its figure looks: leave out {' and '.join(left)}.")
    return True


def write(folder: Path, name: str, output: Path | None, report: Reporter) -> None:
    """Draw the figure of a preset and write it."""
    from napari_npm.study.figure_presets import write_preset

    def progress(
        done: int, total: int, message: str = "", metrics: Mapping[str, float] | None = None
    ) -> None:
        report.progress("figures", done, total, message, metrics)

    # a figure is written while the study is open in the viewer, too
    study = Study.open(folder, write=False)
    preset = study.figure_preset(name)
    target = output or study.figures_folder / "presets" / f"{name}.{preset.format}"
    path, *data = write_preset(study, preset, target, progress)
    more = f", and {several(len(data), 'file')} of data in {data[0].parent}" if data else ""
    report.message(f"Wrote {path}{more}")
