"""The mean maps that centre bias is divided out by, each fitted on one half of the specimens.

A tile is corrected with the map of the half that it is not in: a map fitted on the tile itself
would divide out some of what the tile shows.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .hashing import hash_value
from .settings import ExplainParameters, TrainParameters
from .store import Tile, tile_places
from .study import Study
from .wiring import ModelTiles, all_maps

Explain = Callable[[ModelTiles, Sequence[Tile], Progress], NDArray[np.float32]]
"""Returns the relevance maps of tiles, uncorrected."""


def halves(study: Study, seed: int) -> tuple[NDArray[np.int64], str]:
    """Return the half, 0 or 1, that each tile is in, and what a half holds whole.

    Specimens are dealt out within each sample; where a sample has only one, images are, and
    where it has only one image, tiles.
    """
    units: dict[str, Callable[[Tile], str]] = {
        "specimens": lambda tile: tile.specimen,
        "images": lambda tile: tile.image,
        "tiles": lambda tile: tile.name,
    }
    rng = np.random.default_rng(seed)
    tiles = study.tiles
    for unit, of in units.items():
        by_sample = {
            sample.name: list(dict.fromkeys(of(t) for t in tiles if t.sample == sample.name))
            for sample in study.samples
        }
        if unit != "tiles" and min(map(len, by_sample.values()), default=0) < 2:
            continue
        dealt = {
            (name, one): place % 2
            for name, own in by_sample.items()
            for place, one in enumerate(rng.permutation(own).tolist())
        }
        return np.array([dealt[tile.sample, of(tile)] for tile in tiles], dtype=np.int64), unit
    raise AssertionError("tiles can always be dealt out")


def chosen_tiles(
    study: Study, half: NDArray[np.int64], which: int, n: int, seed: int
) -> list[Tile]:
    """Return up to `n` tiles of a half, as many of each sample as can be, drawn at random."""
    rng = np.random.default_rng([seed, which])
    pools = []
    for sample in study.samples:
        own = [t for t in study.tiles if t.sample == sample.name and half[t.index] == which]
        pools.append([own[place] for place in rng.permutation(len(own))])
    least = min((len(pool) for pool in pools if pool), default=0)
    each = min(least, max(n // max(len(study.samples), 1), 1))
    # the field of one class does not quite fit another: like numbers of each
    found = [tile for pool in pools for tile in pool[:each]]
    return sorted(found, key=lambda tile: tile.index)


def field_paths(study: Study, model: str) -> list[Path]:
    """Return where the two fields of a model are kept, and what is known of them."""
    folder = study.folder / "relevance"
    return [folder / f"{model}_{name}" for name in ("field_1.tif", "field_2.tif", "fields.json")]


def field_key(study: Study, parameters: ExplainParameters, model: str) -> str | None:
    """Return the hash of what the fields of a model depend on, None without a correction."""
    if parameters.correction != "flat-field":
        return None
    own = {"difference", "stride_px", "batch_size"}
    return hash_value(
        [
            parameters.model_dump(mode="json", exclude=own),
            study.record("train", model).output,
            all_maps(study, model),
            tile_places(study.tiles),
            [[tile.sample, tile.specimen, tile.image] for tile in study.tiles],
        ]
    )


def make_fields(
    study: Study,
    model: str,
    parameters: ExplainParameters,
    key: str,
    explain: Explain,
    progress: Progress,
) -> None:
    """Fit the fields of a model on the two halves, unless those of `key` are there.

    Parameters
    ----------
    study : Study
        The study, writable.
    model : str
        Name of the model.
    parameters : ExplainParameters
        What the fields are of.
    key : str
        Hash of everything that they depend on.
    explain : callable
        Returns the uncorrected relevance of tiles.
    progress : Progress
        Told of each batch of tiles.

    Raises
    ------
    NpmError
        If a half has too few tiles with relevance.
    """
    from napari_npm.core.centre_bias import edge_profile, mean_field
    from napari_npm.io import write_image, write_json

    paths = field_paths(study, model)
    if all(path.exists() for path in paths) and _facts(paths[2]).get("key") == key:
        return
    paths[2].unlink(missing_ok=True)  # written last: fields without it are not used
    half, unit = halves(study, parameters.seed)
    train = study.parameters("train")
    assert isinstance(train, TrainParameters)
    fitted, profiles = [], []
    for which in (0, 1):
        tiles = chosen_tiles(study, half, which, parameters.field_tiles, parameters.seed)
        maps = explain(ModelTiles(study, model, tiles), tiles, progress)
        try:
            field = mean_field(maps, sigma_px=parameters.field_sigma_px, symmetric=train.augment)
        except NpmError as error:
            raise NpmError(
                f"The centre bias cannot be corrected: {error} (correction = none of explain)"
            ) from error
        write_image(paths[which], field.astype(np.float32), study.pixel_size_nm)
        fitted.append([tile.name for tile in tiles])
        profiles.append(edge_profile(field[None]).tolist())
    facts = {
        "key": key,
        "model": model,
        "halves": unit,
        "fitted_on": fitted,
        "edge_profiles": profiles,
        "sigma_px": parameters.field_sigma_px,
        "symmetric": train.augment,
        "seed": parameters.seed,
        "use": "field_1 corrects the tiles of the half that field_2 was fitted on, and vice versa",
    }
    write_json(paths[2], facts)


def field_of(study: Study, model: str, tile: Tile, seed: int) -> NDArray[np.float64]:
    """Return the field that corrects a tile: that of the half that the tile is not in.

    Raises
    ------
    NpmError
        If it was not made, or is damaged.
    """
    half = study.keeping(
        "halves", (seed, tuple(t.name for t in study.tiles)), lambda: halves(study, seed)[0]
    )
    return _read(study, field_paths(study, model)[1 - int(half[tile.index])])


def unit_of_halves(study: Study, model: str) -> str:
    """Return what a half of the fields holds whole: specimens, images or tiles; "" without."""
    path = field_paths(study, model)[2]
    return str(_facts(path).get("halves", "")) if path.exists() else ""


def key_of_fields(study: Study, model: str) -> str:
    """Return the hash of everything that the fields of a model were made from; "" without."""
    return str(_facts(field_paths(study, model)[2]).get("key", ""))


def _read(study: Study, path: Path) -> NDArray[np.float64]:
    import tifffile

    if not path.exists():
        raise NpmError(f"{path} is missing: run explain again.")

    def read() -> NDArray[np.float64]:
        try:
            return np.asarray(tifffile.imread(path), dtype=np.float64)
        except (OSError, ValueError, tifffile.TiffFileError) as error:
            raise NpmError(f"{path} is damaged: delete it and run explain again.") from error

    about = path.stat()
    return study.keeping(f"field {path.name}", (str(path), about.st_mtime_ns), read)


def _facts(path: Path) -> dict[str, Any]:
    import json

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
