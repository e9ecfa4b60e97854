"""calibrate: grey values to equivalent porosity, MulF nanoporosity maps (SI section 1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.progress import Progress
from napari_npm.study.cautions import saturation_warnings
from napari_npm.study.folder import command
from napari_npm.study.hashing import hash_array, hash_value
from napari_npm.study.references import Pools
from napari_npm.study.references import references_of as references_of
from napari_npm.study.settings import CalibrateParameters, SimulateParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import tile_places
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, write_rows

from .mask import NO_MASK
from .simulate import response_path

if TYPE_CHECKING:
    from napari_npm.core.response import ResponseCurve

UNCERTAINTY = "uncertainty"
"""Stack of the uncertainty maps, and table of the uncertainty by grey level."""
_TABLE_ROWS = 256


@dataclass(frozen=True)
class Calibrated:
    """What is stored of one image."""

    tiles: NDArray[np.float32]
    uncertainty: NDArray[np.float32] | None
    output: str
    row: Mapping[str, Any]


class Calibrate(Step[CalibrateParameters]):
    """Turn grey values into equivalent porosity with the response curve."""

    name = "calibrate"
    title = "Calibrate"
    summary = "Turn BSE grey values into equivalent porosity: MulF nanoporosity maps."
    needs = ("mask", "simulate")
    current = ("simulate",)
    version = 2
    Parameters = CalibrateParameters

    def needed(self, parameters: CalibrateParameters) -> tuple[str, ...]:
        """Return the steps before: no simulation where a curve is given."""
        return ("mask",) if parameters.curve else self.needs

    def items(self, study: Study, parameters: CalibrateParameters) -> Sequence[Item]:
        """One item an image."""
        masks = {image.id: study.record("mask", image.id) for image in study.images}
        pools = Pools(study, parameters, {name: one.rows[0] for name, one in masks.items()})
        curve = curve_of(study, parameters)
        content = hash_value([curve.porosity, curve.response, curve.error])
        found = []
        for image in study.images:
            levels = pools.of(image)
            inputs = {
                "image": image.sha256,
                "mask": masks[image.id].output,
                "csh": [levels.csh.mean, levels.csh.error, levels.csh.clipped_fraction],
                "metal": [levels.metal.mean, levels.metal.error, levels.metal.clipped_fraction],
                "scopes": [levels.csh_scope, levels.metal_scope],
                "curve": content,
                "tiles": tile_places(study.tiles_of(image.id)),
            }
            found.append(Item(image.id, inputs))
        return found

    def kept(self, study: Study, parameters: CalibrateParameters, item: Item) -> bool:
        """Tell whether the image's tiles are still there."""
        tiles = study.tiles_of(item.id)
        return all(study.stack(kind).has(tiles) for kind in _stacks(parameters))

    def prepare(self, study: Study, parameters: CalibrateParameters) -> None:
        """Make room for the maps."""
        for kind in _stacks(parameters):
            study.stack(kind).prepare(study.tiles, "float32", study.pixel_size_nm)

    def compute(
        self,
        study: Study,
        parameters: CalibrateParameters,
        item: Item,
        progress: Progress,
    ) -> Calibrated:
        """Return the image's tiles, and what is told of it."""
        from napari_npm.core.calibration import calibrate
        from napari_npm.core.tiling import cut_tiles
        from napari_npm.core.uncertainty import grey_histogram_of, mean_porosity, uncertainty_map

        if (study.mask_hash(item.id) or NO_MASK) != item.inputs["mask"]:
            raise NpmError(
                f"The mask of {item.id} was changed after the mask step measured it: run"
                f" {command('mask', study.folder)} first."
            )
        pixels = study.read(item.id).pixels
        unhydrated = study.mask(item.id) == Label.UNHYDRATED
        curve = curve_of(study, parameters)
        g_csh, g_metal, errors = _levels(item, parameters)
        found = calibrate(pixels, g_csh, g_metal, unhydrated=unhydrated, curve=curve)
        grey, counts = grey_histogram_of(pixels, unhydrated)
        mean = mean_porosity(
            grey, counts, g_csh, g_metal, unhydrated=found.unhydrated, curve=curve, **errors
        )
        outside = max(found.porosity.size - found.unhydrated, 1)
        image = study.image(item.id)
        row = {
            "image": item.id,
            "sample": image.sample,
            "specimen": image.specimen,
            "g_csh": g_csh,
            "g_metal": g_metal,
            "csh_error": item.inputs["csh"][1],
            "metal_error": item.inputs["metal"][1],
            "csh_scope": item.inputs["scopes"][0],
            "metal_scope": item.inputs["scopes"][1],
            "csh_saturated": item.inputs["csh"][2],
            "metal_saturated": item.inputs["metal"][2],
            "unhydrated_fraction": found.unhydrated / found.porosity.size,
            "below_fraction": found.below / outside,
            "above_fraction": found.above / outside,
            "porosity": mean.porosity,
            "porosity_uncertainty": mean.total,
            "drift_effect": mean.drift,
            "gain_effect": mean.gain,
        }
        origins = tuple(tile.origin for tile in study.tiles_of(item.id))
        tiles = np.asarray(cut_tiles(found.porosity, origins), dtype=np.float32)
        known = None
        if parameters.uncertainty_map:
            whole = uncertainty_map(
                pixels, g_csh, g_metal, unhydrated=unhydrated, curve=curve, **errors
            )
            known = np.asarray(cut_tiles(whole, origins), dtype=np.float32)
        return Calibrated(tiles, known, hash_array(tiles), row)

    def store(
        self,
        study: Study,
        parameters: CalibrateParameters,
        item: Item,
        result: Calibrated,
    ) -> Stored:
        """Write the tiles of the image's maps."""
        tiles = study.tiles_of(item.id)
        study.stack("mulf").write(tiles, result.tiles)
        if result.uncertainty is not None:
            study.stack(UNCERTAINTY).write(tiles, result.uncertainty)
        return Stored(result.output, (result.row,))

    def finish(
        self,
        study: Study,
        parameters: CalibrateParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write the tables of calibrations and of the uncertainty by grey level."""
        if not parameters.uncertainty_map:
            study.stack(UNCERTAINTY).remove()  # one of other levels would pass for that of these
        rows = all_rows(records)
        return [
            write_rows(study, "calibration", rows),
            write_rows(study, UNCERTAINTY, _uncertainty_rows(study, parameters, rows)),
        ]

    def warnings(self, study: Study, parameters: CalibrateParameters) -> Sequence[str]:
        """Name references that are saturated."""
        return saturation_warnings(study, parameters.max_saturated)


def curve_of(study: Study, parameters: CalibrateParameters) -> "ResponseCurve":
    """Return the response curve of a study: the file given, else that of the simulate step.

    Raises
    ------
    NpmError
        If the file is missing or is no response curve.
    """
    from napari_npm.core.response import load_curve

    if parameters.curve and not parameters.curve.is_file():
        raise NpmError(f"There is no response curve {parameters.curve}: check the name.")
    path = parameters.curve or response_path(study)
    simulation = study.parameters("simulate")
    assert isinstance(simulation, SimulateParameters)
    detector = simulation.detector
    stamp = (path, path.stat().st_mtime_ns if path.exists() else 0, detector)
    try:
        return study.keeping("response", stamp, lambda: load_curve(path, detector))
    except NpmError as error:
        if parameters.curve or not path.exists():
            raise
        raise NpmError(
            f"{path} is damaged: make it anew with {command('simulate --force', study.folder)}."
        ) from error


def _stacks(parameters: CalibrateParameters) -> tuple[str, ...]:
    return ("mulf", UNCERTAINTY) if parameters.uncertainty_map else ("mulf",)


def _levels(item: Item, parameters: CalibrateParameters) -> tuple[float, float, dict[str, float]]:
    (g_csh, csh_error, _), (g_metal, metal_error, _) = item.inputs["csh"], item.inputs["metal"]
    errors = {
        "csh_error": csh_error,
        "metal_error": metal_error,
        "model_error": parameters.model_error,
    }
    return g_csh, g_metal, errors


def _uncertainty_rows(
    study: Study, parameters: CalibrateParameters, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the uncertainty by grey level, for the mean levels of each sample's images."""
    from napari_npm.core.uncertainty import porosity_uncertainty

    curve = curve_of(study, parameters)
    found = []
    for sample in study.samples:
        own = [row for row in rows if row["sample"] == sample.name]
        if not own:
            continue
        g_csh, g_metal = (float(np.mean([row[name] for row in own])) for name in LEVELS)
        errors = {
            name: float(np.sqrt(np.mean([row[name] ** 2 for row in own])))
            for name in ("csh_error", "metal_error")
        }
        low, high = int(np.ceil(g_csh)), int(np.floor(g_metal))
        grey = np.arange(low, high + 1, max(1, -(-(high - low + 1) // _TABLE_ROWS)))
        known = porosity_uncertainty(
            grey, g_csh, g_metal, curve=curve, model_error=parameters.model_error, **errors
        )
        parts = (known.csh, known.metal, known.curve, known.model)
        lines = zip(known.grey, known.porosity, known.total, *parts, strict=True)
        found += [
            {"sample": sample.name, **dict(zip(COLUMNS, line, strict=True))} for line in lines
        ]
    return found


LEVELS = ("g_csh", "g_metal")
COLUMNS = ("grey_level", "porosity", "u_porosity", "u_csh", "u_metal", "u_curve", "u_model")
"""Columns of ``results/uncertainty.csv``: n, its standard uncertainty, and the parts of it."""
