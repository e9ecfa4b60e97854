"""What is written of a classified image: table, probabilities, relevance and pictures."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .classify_settings import ClassifyParameters
from .classify_sources import file_hash
from .classifying import Classified
from .hashing import hash_file
from .leaks import leak_note
from .models import WEIGHTS
from .provenance import versions
from .study import Study
from .wiring import MAP_NAMES

TABLE = "classified.csv"
_FULL_PX = 1 << 26  # probabilities beyond this many numbers are written as means of squares
_PICTURE_PX = 3072  # the longer side of pictures


def write_classified(
    study: Study, found: Classified, parameters: ClassifyParameters, folder: Path
) -> list[Path]:
    """Write what was found of an image, each file atomically; older ones of it are replaced.

    ``<image>_probability.tif`` (a channel a class), ``<image>_classes.png``, with relevance
    ``<image>_relevance.tif``, ``<image>_difference.tif`` and ``<image>_overlay.png``;
    ``<image>.json`` says how it was made, and `TABLE` has a row for each image and model.

    Parameters
    ----------
    study : Study
        That the model or the settings are from.
    found : Classified
        The image.
    parameters : ClassifyParameters
        What was asked for.
    folder : Path
        Where; made if missing.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    NpmError
        If the disk refuses, or there is another file in the place of the table.
    """
    from napari_npm.figures import probability_figure, save_figure
    from napari_npm.io import write_channels, write_image, write_json

    name, size = found.source.wanted.name, found.source.pixel_size_nm
    porosity, classes = found.source.porosity, found.model.classes
    table = _merged(folder / TABLE, found.row())

    step = 1
    while len(classes) * (porosity.size // step**2) > _FULL_PX:
        step *= 2
    files = [folder / f"{name}_probability.tif"]
    write_channels(files[0], found.probability.full(step=step), classes, size * step)

    coarse = max(-(-max(porosity.shape) // _PICTURE_PX), 1)
    ground = _coarse(porosity, coarse)
    figure = probability_figure(
        ground,
        found.probability.full(step=coarse),
        classes,
        size * coarse,
        mean=found.probability.mean,
        title=f"{name}: {found.chosen}",
    )
    files.append(save_figure(figure, folder / f"{name}_classes.png"))

    explanation = found.explanation
    if explanation is not None:
        files.append(folder / f"{name}_relevance.tif")
        write_image(files[-1], explanation.relevance, size)
        if explanation.difference is not None:
            files.append(folder / f"{name}_difference.tif")
            write_image(files[-1], explanation.difference, size)
        files.append(folder / f"{name}_overlay.png")
        _write_overlay(files[-1], ground, _coarse(explanation.relevance, coarse))
    files.append(folder / f"{name}.json")
    write_json(files[-1], _facts(study, found, parameters, step))
    files.append(folder / TABLE)
    _write_table(files[-1], table)
    return files


def _facts(
    study: Study, found: Classified, parameters: ClassifyParameters, step: int
) -> dict[str, Any]:
    model, explanation = found.model, found.explanation
    facts: dict[str, Any] = {
        **found.row(),
        "notes": list(found.notes),
        "file": found.source.wanted.path.name,
        "sha256": file_hash(found.source.wanted),
        "levels": dict(found.source.levels),
        "maps": MAP_NAMES[model.maps],
        "classes": list(model.classes),
        "weights": hash_file(model.folder / WEIGHTS),
        "probability_pixel_px": step,
        "parameters": parameters.model_dump(mode="json"),
        "smooth": study.parameters("smooth").model_dump(mode="json"),
        "leaks": leak_note(study) if model.folder.parent == study.models_folder else None,
        "versions": versions(),
    }
    if explanation is not None:
        conservation = explanation.conservation
        facts["relevance"] = {
            "class": model.classes[explanation.target],
            "unit": "an area of one tile holds 1 on average",
            "stride_px": explanation.stride,
            "centre_bias": explanation.centre_bias,
            "conservation": [float(conservation.min()), float(conservation.max())],
            "engine": explanation.engine,
            "settings": dict(explanation.settings),
        }
    return facts


def _merged(path: Path, row: dict[str, Any]) -> Any:
    """Return the table with this row in the place of an older one of the same image and model."""
    import pandas as pd

    new = pd.DataFrame([row])
    if not path.exists():
        return new
    try:
        old = pd.read_csv(path, dtype={"image": str, "model": str, "notes": str})
        same = (old["image"] == row["image"]) & (old["model"] == row["model"])
    except (OSError, ValueError, KeyError, pd.errors.ParserError) as error:
        raise NpmError(
            f"{path} is not a table of classified images: move it away, or choose another folder."
        ) from error
    kept = old[~same]
    return new if kept.empty else pd.concat([kept, new], ignore_index=True)


def _write_table(path: Path, table: Any) -> None:
    from napari_npm.io import write_table

    write_table(path, table)


def _coarse(values: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Return the mean of squares of pixels; those at the lower and right edge may be narrower."""
    if step == 1:
        return values
    for axis in (0, 1):
        firsts = np.arange(0, values.shape[axis], step)
        counts = np.diff([*firsts, values.shape[axis]]).astype(np.float32)
        shape = (-1, 1) if axis == 0 else (1, -1)
        total = np.add.reduceat(values, firsts, axis=axis)
        values = np.asarray(total / counts.reshape(shape), dtype=np.float32)
    return values


def _write_overlay(
    path: Path, porosity: NDArray[np.float32], relevance: NDArray[np.float32]
) -> None:
    """Write relevance over the dimmed map, red on high and blue on low porosity (Fig. 5b)."""
    from PIL import Image

    from napari_npm.core.regions import isodata_split
    from napari_npm.figures import relevance_rgb
    from napari_npm.io import atomic_path

    high = isodata_split(np.clip(porosity, 0, 1)).high
    picture = np.rint(255 * relevance_rgb(porosity, relevance, high)).astype(np.uint8)
    with atomic_path(path) as temporary:
        Image.fromarray(picture).save(temporary)
