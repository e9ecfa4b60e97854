"""Figures for papers by a preset: drawn and written, with the data behind them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress, silent

from .figure_parts import Source, Subject, subjects
from .figure_pictures import TITLES, Painter, panel_layers
from .figure_settings import COLUMN_MM
from .figure_settings import FigurePreset as FigurePreset
from .study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VECTOR = ("svg", "pdf")
SUFFIXES = {".png": "png", ".tif": "tif", ".tiff": "tif", ".svg": "svg", ".pdf": "pdf"}


def draw_preset(study: Study, preset: FigurePreset, progress: Progress = silent) -> "Figure":
    """Draw a figure.

    Parameters
    ----------
    study : Study
        The study.
    preset : FigurePreset
        What to draw.
    progress : Progress
        Told after each panel; may raise `Cancelled`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NpmError
        If what it shows is not there, or does not fit it.
    """
    if preset.layout == "paper":
        return _paper(study, preset, progress)
    found = subjects(study, preset)
    source = Source(study, preset.network)
    return _composed(preset, found, source, progress)


def write_preset(
    study: Study, preset: FigurePreset, path: str | Path, progress: Progress = silent
) -> tuple[Path, ...]:
    """Draw a figure and write it, with the data behind it where the preset asks for them.

    Parameters
    ----------
    study : Study
        The study.
    preset : FigurePreset
        What to draw.
    path : str or Path
        Where; its suffix names the format, and without one the preset does. Data are written
        into a folder beside it, called like it with ``_data``.
    progress : Progress
        Told after each panel; may raise `Cancelled`.

    Returns
    -------
    tuple of Path
        The figure, then the files of data.

    Raises
    ------
    NpmError
        If it cannot be drawn or written.
    """
    from napari_npm.figures import save_figure

    target, preset = _placed(Path(path), preset)
    figure = draw_preset(study, preset, progress)
    save_figure(figure, target, dpi=preset.dpi)
    if not preset.raw_data:
        return (target,)
    from .figure_data import write_data

    return (target, *write_data(study, preset, figure, target))


def _placed(path: Path, preset: FigurePreset) -> tuple[Path, FigurePreset]:
    """Return where a figure goes and a preset of that format."""
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        # what follows a dot may also be a part of the name, as in Fig 1.2
        if re.fullmatch(r"\.[A-Za-z]{2,5}", path.suffix):
            raise NpmError(f"Save figures as .png, .svg, .pdf or .tif, not as '{path.name}'.")
        return path.with_name(f"{path.name}.{preset.format}"), preset
    return path, preset.model_copy(update={"format": kind})


def _paper(study: Study, preset: FigurePreset, progress: Progress) -> "Figure":
    from napari_npm.figures import look_of

    from .drawing import drawings

    known = {
        one.name: one
        for one in drawings(study, panels=preset.rows * preset.columns, seed=preset.seed)
    }
    if preset.figure not in known:
        names = ", ".join(known) or "none: run the steps first"
        raise NpmError(
            f"The study's results allow no figure {preset.figure!r}; those there are: {names}."
        )
    progress(0, 1, preset.figure)
    with look_of(preset.font, preset.font_size, preset.background):
        figure = known[preset.figure].draw()
        redraw = getattr(figure, "redraw", None)
        if preset.width is not None and redraw is not None:
            figure = redraw(preset.width)
    progress(1, 1, preset.figure)
    return figure


def _composed(
    preset: FigurePreset, found: Sequence[Subject], source: Source, progress: Progress
) -> "Figure":
    from napari_npm import figures

    painter = Painter(source, preset, found)
    layers = panel_layers(preset)
    wanted = [(one, layer) for one in found for layer in layers]
    panels = []
    for number, (one, layer) in enumerate(wanted):
        progress(number, len(wanted) + 1, f"{one.name}, {TITLES[layer]}")
        panels.append(figures.Panel(painter.picture(one, layer), one.pixel_size_nm))
    progress(len(wanted), len(wanted) + 1, "drawing")
    look = figures.Look(
        font=preset.font,
        font_size=preset.font_size,
        ink="white" if preset.background == "black" else "black",
        letters=preset.letters,
        scale_bar=preset.scale_bar,
        scale_bar_um=preset.scale_bar_um,
        whole_pixels=preset.format in VECTOR,
    )
    own_width = COLUMN_MM["single" if len(panels) == 1 else "double"]
    with figures.look_of(preset.font, preset.font_size, preset.background):
        figure = figures.compose(
            panels,
            columns=_columns(preset, found, layers),
            **(_titles(preset, found, layers) if preset.titles else {}),
            scales=painter.scales() if preset.colour_bars else (),
            swatches=painter.swatches() if preset.colour_bars else (),
            look=look,
            width_mm=preset.width or own_width,
            dpi=preset.dpi,
        )
    progress(len(wanted) + 1, len(wanted) + 1, "drawn")
    return figure


def _columns(preset: FigurePreset, found: Sequence[Subject], layers: Sequence[str]) -> int:
    if preset.layout == "montage":
        return preset.columns
    return len(layers) if len(layers) > 1 else len(found)


def _titles(
    preset: FigurePreset, found: Sequence[Subject], layers: Sequence[str]
) -> Mapping[str, Any]:
    """Return the titles of a figure, its columns and its rows."""
    samples = list(dict.fromkeys(one.sample for one in found))
    # a sample's name says enough where it is there once
    names = [one.sample for one in found] if len(samples) == len(found) else _names(found)
    shown = [TITLES[layer] for layer in (*layers, *preset.overlays)]
    if preset.layout == "montage":
        return {"title": f"{', '.join(samples)}: {', '.join(shown)}"}
    if preset.layout == "single":
        return {"title": f"{found[0].name}: {', '.join(shown)}"}
    if len(layers) == 1:
        return {"title": ", ".join(shown), "column_titles": names}
    return {"column_titles": [TITLES[layer] for layer in layers], "row_titles": names}


def _names(found: Sequence[Subject]) -> list[str]:
    images = [one.image for one in found]
    return images if len(set(images)) == len(images) else [one.name for one in found]
