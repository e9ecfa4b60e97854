"""The data behind a figure by a preset, as files beside it."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_npm.core.progress import Progress, silent

from .figure_parts import Source, Subject, subjects
from .figure_pictures import TITLES, panel_layers
from .figure_settings import FigurePreset
from .study import Study

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_PANELS = ("panel", "image", "tile_row", "tile_column", "sample", "layer", "file", "pixel_size_nm")
# What a layer's colours are made of besides its own data.
_BESIDE = {"relevance": ("grey", "lp_hp"), "boundary": ("grey", "lp_hp"), "mask": ("bse",)}


def data_folder(path: Path) -> Path:
    """Return the folder for the data behind a figure that is written to a path."""
    return path.with_name(f"{path.stem}_data")


def write_data(
    study: Study,
    preset: FigurePreset,
    figure: "Figure",
    path: Path,
    progress: Progress = silent,
) -> tuple[Path, ...]:
    """Write the data behind a figure beside it.

    Parameters
    ----------
    study : Study
        The study.
    preset : FigurePreset
        What was drawn.
    figure : matplotlib.figure.Figure
        What was drawn, for the paper's figures: their plots become tables.
    path : Path
        Where the figure is.
    progress : Progress
        Told after each panel; may raise `Cancelled`.

    Returns
    -------
    tuple of Path
        For panels, a table of them, and of each layer a TIFF with its pixel size: float32 for
        maps, relevance and differences, labels for masks, 0 and 255 for regions, boundaries and
        HP, grey levels for images. For the paper's figures, a table of each plot and a TIFF of
        each map.
    """
    folder = data_folder(path)
    if preset.layout == "paper":
        return _plots(figure, folder)
    return _panels(study, preset, folder, progress)


def _panels(
    study: Study, preset: FigurePreset, folder: Path, progress: Progress
) -> tuple[Path, ...]:
    from napari_npm.figures import letter_of
    from napari_npm.io import write_text

    source = Source(study, preset.network)
    written: dict[str, Path] = {}
    rows = []
    wanted = [(one, layer) for one in subjects(study, preset) for layer in panel_layers(preset)]
    for number, (one, layer) in enumerate(wanted):
        progress(number, len(wanted), one.name)
        shown = dict.fromkeys(
            part for name in (layer, *preset.overlays) for part in (name, *_BESIDE.get(name, ()))
        )
        for part in shown:
            name = f"{one.file_name}_{_own_name(source, part)}.tif"
            if name not in written:
                written[name] = _write(folder / name, source.read(one, part), one)
            row, column = one.tile.origin if one.tile else ("", "")
            facts = (one.image, row, column, one.sample, TITLES[part], name, one.pixel_size_nm)
            rows.append((letter_of(number), *facts))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_PANELS, *rows])
    table = folder / "panels.csv"
    write_text(table, text.getvalue())
    return (table, *written.values())


def _own_name(source: Source, layer: str) -> str:
    """Return what data are called: some layers show the same."""
    return {"grey": source.network_map, "extracted": "regions"}.get(layer, layer)


def _write(path: Path, values: "NDArray[Any]", one: Subject) -> Path:
    from napari_npm.io import write_image

    write_image(path, values, one.pixel_size_nm, compress=True)
    return path


def _plots(figure: "Figure", folder: Path) -> tuple[Path, ...]:
    from napari_npm.figures import figure_data
    from napari_npm.io import write_image, write_text

    tables, maps = figure_data(figure)
    written = []
    for name, rows in tables.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        written.append(folder / f"{name}.csv")
        write_text(written[-1], text.getvalue())
    for name, values in maps.items():
        written.append(folder / f"{name}.tif")
        kept: np.ndarray[Any, Any] = values
        write_image(written[-1], kept, compress=True)
    return tuple(written)
