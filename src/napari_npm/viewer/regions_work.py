"""Characteristic regions of one image, for worker threads: no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .image_work import Origins, cut, join


@dataclass(frozen=True, eq=False)
class Features:
    """Regions and boundaries of an image's relevance.

    Attributes
    ----------
    regions : ndarray of uint16 or int32, (H, W)
        Number of the region of each pixel, from 1; 0 outside. Regions too small for the table
        share the number after its last.
    boundary : ndarray of uint8, (H, W)
        1 on boundary features.
    table : dict of str to ndarray, (R,)
        One value a region, by the names of the study's own table: ``label, area_px, area_um2,
        diameter_um, relevance_share, high_fraction, part, image_row, image_col``; with
        ``diameter_px`` in place of the two in µm where the pixel size is not known.
    boxes : list
        The rows and columns that each region spans, by its number less 1.
    area, reached, boundary_area, boundary_high : float
        Means over the tiles: area fraction, share of relevance held, area fraction of boundary
        features, and their share in HP (NaN without a map).
    tiles : int
        Number of tiles, or of pieces.
    small : int
        Pixels below which a region has no line in the table.
    """

    regions: NDArray[Any]
    boundary: NDArray[np.uint8]
    table: dict[str, NDArray[Any]]
    boxes: list[Any]
    area: float
    reached: float
    boundary_area: float
    boundary_high: float
    tiles: int
    small: int

    def __len__(self) -> int:
        return int(self.table["label"].size)


def regions_of(
    report: Progress,
    relevance: NDArray[Any],
    values: NDArray[Any] | None,
    origins: Origins,
    parameters: Mapping[str, Any],
    pixel_size_nm: float | None,
) -> Features:
    """Find and measure characteristic regions and boundary features tile by tile, as a study does.

    Parameters
    ----------
    report : Progress
        Progress by tiles.
    relevance : ndarray, (H, W)
        Relevance, at least 0.
    values : ndarray, (H, W), optional
        The porosity map, to tell HP from LP.
    origins : tuple of (row, column)
        Where the tiles lie; empty to take the image as one piece.
    parameters : mapping
        Of the step `regions`.
    pixel_size_nm : float or None
        For areas and lengths.

    Raises
    ------
    NpmError
        If no tile has relevance.
    """
    from napari_npm.core.regions import boundary_features, characteristic_regions, isodata_split

    tiles = cut(relevance, origins)
    maps = None if values is None else cut(values, origins)
    masks, edges, tables, highs = [], [], [], []
    reached = []
    for number, tile in enumerate(tiles):
        report(number, len(tiles), "finding regions")
        high = None if maps is None else isodata_split(maps[number]).high
        if not np.any(tile):
            # A tile without relevance, as one wholly inside a grain, has no regions.
            masks.append(np.zeros(tile.shape, bool))
            edges.append(None)
        else:
            found = characteristic_regions(tile, parameters["share"])
            masks.append(_cleaned(found.mask, parameters))
            limit = _limit(parameters, tile)
            means = parameters.get("gradient_in_means")
            edges.append(boundary_features(tile, limit, high, mean_multiple=means))
            total = float(tile.sum(dtype=float))
            reached.append(float(tile[masks[-1]].sum(dtype=float)) / total)
        highs.append(high)
        tables.append(_measured(masks[-1], tile, high, parameters))
    if not reached:
        raise NpmError("The relevance is zero everywhere: explain the image again.")
    shape = relevance.shape
    labels, table = _numbered(tables, origins, shape)
    inside = join(np.stack(masks).astype(np.uint8), origins, shape) > 0
    labels[inside & (labels == 0)] = table["label"].size + 1
    blank = np.zeros(tiles[0].shape, bool)
    drawn = np.stack([blank if one is None else one.mask for one in edges]).astype(np.uint8)
    in_high = [one.high_fraction for one in edges if one is not None and one.mask.any()]
    from scipy import ndimage

    return Features(
        labels,
        join(drawn, origins, shape),
        _in_units(table, pixel_size_nm),
        ndimage.find_objects(labels),
        float(np.mean([mask.mean() for mask in masks])),
        float(np.mean(reached)),
        float(drawn.mean()),
        float(np.mean(in_high)) if in_high else float("nan"),
        len(tiles),
        parameters.get("table_min_px", 1),
    )


def _cleaned(mask: NDArray[np.bool_], parameters: Mapping[str, Any]) -> NDArray[np.bool_]:
    from napari_npm.core.region_table import clean_regions

    return clean_regions(
        mask,
        min_area_px=parameters.get("min_area_px", 1),
        fill_holes_px=parameters.get("fill_holes_px", 0),
        connectivity=parameters.get("connectivity", 8),
    )


def _limit(parameters: Mapping[str, Any], tile: NDArray[Any]) -> float:
    """Return the gradient that makes a boundary: given for a tile, scaled for a larger piece."""
    from napari_npm.core.tiling import TILE

    limit: float = parameters["gradient"]
    return limit * TILE**2 / tile.size if max(tile.shape) > TILE else limit


def _measured(mask: Any, relevance: Any, high: Any, parameters: Mapping[str, Any]) -> Any:
    from napari_npm.core.region_table import region_table

    return region_table(
        mask,
        relevance,
        high,
        min_area_px=parameters.get("table_min_px", 1),
        connectivity=parameters.get("connectivity", 8),
    )


def _numbered(
    tables: list[Any], origins: Origins, shape: tuple[int, ...]
) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """Count the regions of all tiles through; leave out those that another tile covers."""
    places = origins or ((0, 0),)
    before, drawn = 0, []
    for table in tables:
        drawn.append(np.where(table.labels > 0, table.labels + before, 0).astype(np.int32))
        before += len(table)
    labels = join(np.stack(drawn), origins, shape)
    seen = np.bincount(labels.ravel(), minlength=before + 1) > 0
    seen[0] = False
    new = np.where(seen, np.cumsum(seen), 0)
    count = int(seen.sum())
    labels = new[labels].astype(np.uint16 if count < 2**16 - 1 else np.int32)
    kept = seen[1:]
    columns = {
        "area_px": [table.area_px for table in tables],
        "relevance_share": [table.relevance_share for table in tables],
        "high_fraction": [table.high_fraction for table in tables],
        "part": [table.part for table in tables],
        "image_row": [table.row + at[0] for table, at in zip(tables, places, strict=True)],
        "image_col": [table.col + at[1] for table, at in zip(tables, places, strict=True)],
    }
    return labels, {
        "label": np.arange(1, count + 1),
        **{name: np.concatenate(parts)[kept] for name, parts in columns.items()},
    }


def _in_units(table: dict[str, NDArray[Any]], size: float | None) -> dict[str, NDArray[Any]]:
    lengths = {}
    across = np.sqrt(4 / np.pi * table["area_px"])
    if size is None:
        lengths["diameter_px"] = across
    else:
        lengths["area_um2"] = table["area_px"] * (size / 1000) ** 2
        lengths["diameter_um"] = across * size / 1000
    return {"label": table.pop("label"), "area_px": table.pop("area_px"), **lengths, **table}


def features_table(found: Features) -> Any:
    """Return the regions as a table whose columns say their units."""
    import pandas as pd

    return pd.DataFrame(found.table)


def layer_features(found: Features) -> Any:
    """Return the regions as features of a labels layer: napari shows them under the pointer."""
    import pandas as pd

    table = features_table(found)
    table.insert(0, "index", table.pop("label"))
    ends = pd.DataFrame({"index": [0, len(found) + 1], "part": ["", "too small for the table"]})
    return pd.concat([ends[:1], table, ends[1:]], ignore_index=True)
