"""calibrate: grey values to equivalent porosity, MulF nanoporosity maps (SI section 1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_npm.core.calibration import Level, calibrate, pool_levels
from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_array, hash_file
from napari_npm.study.settings import CalibrateParameters, Scope
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import tile_places
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, write_rows

SCOPES: tuple[Scope, ...] = ("image", "specimen", "sample", "study")


@dataclass(frozen=True)
class References:
    """The two grey levels of one image and the scopes that they come from."""

    g_csh: float
    g_metal: float
    csh_scope: str
    metal_scope: str


def references_of(
    study: Study,
    parameters: CalibrateParameters,
    image_id: str,
    rows: Mapping[str, Mapping[str, Any]],
) -> References:
    """Return the reference levels that an image is calibrated with.

    Parameters
    ----------
    study : Study
        The study.
    parameters : CalibrateParameters
        Given levels, and the scope to average over.
    image_id : str
        The image.
    rows : mapping
        Row of the mask step by image.

    Raises
    ------
    NpmError
        If there is no reference at any scope and no number is given.
    """
    given = {"csh": parameters.g_csh, "metal": parameters.g_metal}
    found: dict[str, tuple[float, str]] = {}
    for name, number in given.items():
        if number is not None:
            found[name] = (number, "given")
            continue
        for scope in SCOPES[SCOPES.index(parameters.references) :]:
            level = _pooled(study, image_id, name, scope, rows)
            if level is not None:
                found[name] = (level, scope)
                break
        else:
            what = "C-S-H" if name == "csh" else "metal"
            raise NpmError(
                f"There is no {what} reference: mark some as label"
                f" {int(Label.CSH if name == 'csh' else Label.METAL)} in a mask, or give"
                f" g_{name} as a number."
            )
    return References(found["csh"][0], found["metal"][0], found["csh"][1], found["metal"][1])


def _pooled(
    study: Study, image_id: str, name: str, scope: Scope, rows: Mapping[str, Mapping[str, Any]]
) -> float | None:
    """Return the mean of all reference pixels within a scope, or None where there are none."""
    image = study.image(image_id)
    levels = []
    for other in study.images:
        row = rows[other.id]
        same = {
            "image": other.id == image_id,
            "specimen": (other.sample, other.specimen) == (image.sample, image.specimen),
            "sample": other.sample == image.sample,
            "study": True,
        }[scope]
        if same and row[f"{name}_count"]:
            levels.append(Level(*(row[f"{name}_{key}"] for key in ("mean", "std", "count"))))
    pooled = pool_levels(levels)
    return None if pooled is None else pooled.mean


class Calibrate(Step[CalibrateParameters]):
    """Turn grey values into equivalent porosity with the response curve."""

    name = "calibrate"
    title = "Calibrate"
    summary = "Turn BSE grey values into equivalent porosity: MulF nanoporosity maps."
    needs = ("mask",)
    Parameters = CalibrateParameters

    def items(self, study: Study, parameters: CalibrateParameters) -> Sequence[Item]:
        """One item an image."""
        masks = {image.id: study.record("mask", image.id) for image in study.images}
        rows = {image: record.rows[0] for image, record in masks.items()}
        if parameters.curve and not parameters.curve.is_file():
            raise NpmError(f"There is no response curve {parameters.curve}: check the name.")
        curve = hash_file(parameters.curve) if parameters.curve else "default"
        found = []
        for image in study.images:
            levels = references_of(study, parameters, image.id, rows)
            inputs = {
                "image": image.sha256,
                "mask": masks[image.id].output,
                "levels": [levels.g_csh, levels.g_metal, levels.csh_scope, levels.metal_scope],
                "curve": curve,
                "tiles": tile_places(study.tiles_of(image.id)),
            }
            found.append(Item(image.id, inputs))
        return found

    def kept(self, study: Study, parameters: CalibrateParameters, item: Item) -> bool:
        """Tell whether the image's MulF tiles are still there."""
        return study.stack("mulf").has(study.tiles_of(item.id))

    def prepare(self, study: Study, parameters: CalibrateParameters) -> None:
        """Make room for the MulF maps."""
        study.stack("mulf").prepare(study.tiles, "float32", study.pixel_size_nm)

    def compute(
        self,
        study: Study,
        parameters: CalibrateParameters,
        item: Item,
        progress: Progress,
    ) -> Any:
        """Return the image's calibration."""
        from napari_npm.core.response import load_curve

        image = study.read(item.id)
        curve = load_curve(parameters.curve) if parameters.curve else None
        g_csh, g_metal, _, _ = item.inputs["levels"]
        unhydrated = study.mask(item.id) == Label.UNHYDRATED
        return calibrate(image.pixels, g_csh, g_metal, unhydrated=unhydrated, curve=curve)

    def store(
        self,
        study: Study,
        parameters: CalibrateParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Write the tiles of the image's MulF map."""
        from napari_npm.core.tiling import cut_tiles

        tiles = study.tiles_of(item.id)
        cut = cut_tiles(result.porosity, tuple(tile.origin for tile in tiles))
        study.stack("mulf").write(tiles, cut)
        pixels = result.porosity.size - result.unhydrated
        row = {
            "image": item.id,
            "sample": study.image(item.id).sample,
            "specimen": study.image(item.id).specimen,
            "g_csh": result.g_csh,
            "g_metal": result.g_metal,
            "csh_scope": item.inputs["levels"][2],
            "metal_scope": item.inputs["levels"][3],
            "unhydrated_fraction": result.unhydrated / result.porosity.size,
            "below_fraction": result.below / pixels if pixels else 0.0,
            "above_fraction": result.above / pixels if pixels else 0.0,
        }
        return Stored(hash_array(cut), (row,))

    def finish(
        self,
        study: Study,
        parameters: CalibrateParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write the table of calibrations."""
        return [write_rows(study, "calibration", all_rows(records))]
