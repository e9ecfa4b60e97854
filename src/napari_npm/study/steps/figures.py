"""figures: the paper's figures for one's own data, as files."""

from collections.abc import Sequence
from typing import Any

from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_file, hash_value
from napari_npm.study.settings import FiguresParameters
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study


class Figures(Step[FiguresParameters]):
    """Draw every figure that the results allow."""

    name = "figures"
    title = "Figures"
    summary = "Draw the paper's figures for these data, as PNG, SVG, PDF or TIFF."
    needs = ("calibrate",)
    parallel = False
    Parameters = FiguresParameters

    def items(self, study: Study, parameters: FiguresParameters) -> Sequence[Item]:
        """One item a figure."""
        found = []
        for drawing in _wanted(study, parameters):
            ends = {step: study.state(step).finish for step in drawing.needs}
            inputs = {
                "steps": {step: end.key for step, end in ends.items() if end is not None},
                "files": [
                    hash_file(path) if path.exists() else "none"
                    for path in _paths(study, parameters, drawing.name)
                ],
                "caption": drawing.caption,
            }
            found.append(Item(drawing.name, inputs))
        return found

    def compute(
        self, study: Study, parameters: FiguresParameters, item: Item, progress: Progress
    ) -> Any:
        """Draw a figure."""
        (drawing,) = (one for one in _wanted(study, parameters) if one.name == item.id)
        return drawing.draw()

    def store(self, study: Study, parameters: FiguresParameters, item: Item, result: Any) -> Stored:
        """Write the figure in every format."""
        from napari_npm.figures import save_figure

        paths = _paths(study, parameters, item.id)
        for path in paths:
            save_figure(result, path, width_mm=parameters.width_mm, dpi=parameters.dpi)
        hashes = [hash_file(path) for path in paths]
        row = {"figure": item.id, "caption": item.inputs["caption"]}
        return Stored(hash_value(hashes), (row,), inputs={**item.inputs, "files": hashes})


def _wanted(study: Study, parameters: FiguresParameters) -> list[Any]:
    from napari_npm.study.drawing import drawings

    return drawings(study, panels=parameters.panels, seed=parameters.seed)


def _paths(study: Study, parameters: FiguresParameters, name: str) -> list[Any]:
    # the report shows the PNG
    suffixes = dict.fromkeys(("png", *parameters.formats))
    return [study.figures_folder / f"{name}.{suffix}" for suffix in suffixes]
