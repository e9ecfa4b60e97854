"""Groups of similar relevance maps and what they share, for worker threads: no Qt, no napari."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.progress import Progress

from .explain_work import overlay_of

THUMBNAIL = 84
# More are not looked at one by one, and take seconds to read.
MOST_THUMBNAILS = 60


@dataclass(frozen=True, eq=False)
class Block:
    """A group of maps along the order, as the dock shows it.

    Attributes
    ----------
    start, stop : int
        Rows ``start`` to ``stop - 1`` of the ordered matrix.
    mean : float
        Mean difference of two of its maps.
    stability, stability_subsets, stability_other : float
        Over other seeds, with maps left out, and on the other scale of the maps; NaN for a group
        set by hand.
    pattern : ndarray or None
        What its maps share, ``(H, W)``; None until it was computed.
    contour : ndarray or None
        Where that is above the contour's level.
    fraction : float
        Share of the area within the contour; NaN until it was computed.
    """

    start: int
    stop: int
    mean: float
    stability: float = float("nan")
    stability_subsets: float = float("nan")
    stability_other: float = float("nan")
    pattern: Any = None
    contour: Any = None
    fraction: float = float("nan")

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Pair:
    """Two maps to look at beside each other: an image's relevance, and a tile of another's."""

    relevance: NDArray[Any]
    overlay: NDArray[np.uint8]
    other: NDArray[np.uint8] | None


def read_compared(report: Progress, study: Any) -> list[tuple[str, str]]:
    """Return the models and samples whose maps were compared."""
    from napari_npm.study.comparing import compared

    report(0, 1, "")
    return list(compared(study))


def read_comparison(report: Progress, study: Any, model: str, sample: str) -> Any:
    """Return what the compare step found, and its groups as the dock shows them."""
    from napari_npm.study.comparing import comparison_of

    report(0, 1, f"reading {sample}")
    found = comparison_of(study, model, sample)
    return None if found is None else (found, _blocks(found))


def read_anew(
    report: Progress,
    study: Any,
    comparison: Any,
    grouping: str,
    number: int | None,
    size: int | None,
) -> Any:
    """Return a comparison with groups found in another way, and these as the dock shows them."""
    from napari_npm.study.comparing_anew import regrouped

    report(0, 1, "looking for groups")
    found = regrouped(study, comparison, grouping, number, size)
    return found, _blocks(found)


def _blocks(found: Any) -> list[Block]:
    return [
        Block(
            one.start,
            one.stop,
            one.mean_difference,
            _or_nan(one.stability),
            _or_nan(one.stability_subsets),
            _or_nan(one.stability_other),
            one.pattern,
            one.contour,
            one.fraction,
        )
        for one in found.groups
    ]


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def find_blocks(
    report: Progress, study: Any, comparison: Any, number: int, size: int | None
) -> list[Block]:
    """Look for the most similar groups anew, with another number or size."""
    from napari_npm.core import similar_groups

    report(0, 1, "looking for groups")
    found = similar_groups(comparison.matrix, comparison.permutation, number, size)
    blocks = [Block(one.start, one.stop, one.mean_difference) for one in found]
    return [with_pattern(report, study, comparison, block) for block in blocks]


def with_pattern(report: Progress, study: Any, comparison: Any, block: Block) -> Block:
    """Return a group with the mean difference of its maps and what they share."""
    from napari_npm.study.comparing import pattern_of

    report(0, 1, "what the maps share")
    members = members_of(comparison, block)
    found = pattern_of(study, comparison, members)
    return Block(
        block.start,
        block.stop,
        mean_of(comparison, members),
        block.stability,
        block.stability_subsets,
        block.stability_other,
        found.pattern,
        found.contour,
        found.fraction,
    )


def members_of(comparison: Any, block: Block) -> NDArray[np.intp]:
    """Return the maps of a group, as numbers into the comparison's tiles."""
    found: NDArray[np.intp] = comparison.permutation[block.start : block.stop]
    return found


def mean_of(comparison: Any, members: NDArray[np.intp]) -> float:
    """Return the mean difference of two of the maps."""
    count = len(members)
    total = float(comparison.matrix[np.ix_(members, members)].sum())
    return total / (count * (count - 1)) if count > 1 else 0.0


def read_thumbnails(
    report: Progress, study: Any, comparison: Any, block: Block
) -> list[tuple[Any, NDArray[np.uint8]]]:
    """Return tiles of a group with their relevance as small pictures."""
    found = []
    members = members_of(comparison, block)[:MOST_THUMBNAILS]
    for number, member in enumerate(members):
        report(number, len(members), "drawing the maps")
        tile = comparison.tiles[int(member)]
        found.append((tile, _small(tile_overlay(study, comparison.model, tile))))
    return found


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture of at most the size of a thumbnail, the mean of each block of pixels."""
    step = max(1, max(picture.shape[:2]) // THUMBNAIL)
    rows, columns = (side // step for side in picture.shape[:2])
    blocks = picture[: rows * step, : columns * step].reshape(rows, step, columns, step, 3)
    return np.ascontiguousarray(np.round(blocks.mean(axis=(1, 3))).astype(np.uint8))


def tile_overlay(study: Any, model: str, tile: Any) -> NDArray[np.uint8]:
    """Return a tile's relevance over its map: red on HP, blue on LP."""
    from napari_npm.study.wiring import shown_map

    values = study.stack(shown_map(model)).read([tile])[0]
    relevance = study.stack(f"relevance/{model}").read([tile])[0]
    return overlay_of(values, relevance, ())


def read_pair(report: Progress, study: Any, model: str, first: Any, second: Any) -> Pair:
    """Return the relevance of the first tile's whole image, and of the second tile beside it."""
    from napari_npm.study.wiring import shown_map

    report(0, 2, "reading the maps")
    values = study.stacked(first.image, shown_map(model))
    relevance = study.stacked(first.image, f"relevance/{model}")
    origins = tuple(tile.origin for tile in study.tiles_of(first.image))
    overlay = overlay_of(values, relevance, origins)
    report(1, 2, "reading the maps")
    other = None if second == first else tile_overlay(study, model, second)
    return Pair(relevance, overlay, other)


def order_text(comparison: Any) -> str:
    """Return in words in which order the maps are."""
    if comparison.grouping == "order":
        return bound_text(comparison)
    count = len(comparison.permutation)
    return f"{count} maps, cluster by cluster; neighbours in a cluster are alike."


def bound_text(comparison: Any) -> str:
    """Return in words how good the order is."""
    count = len(comparison.permutation)
    if comparison.lower_bound > 0:
        gap = 100 * (comparison.cost / comparison.lower_bound - 1)
        if gap < 0.005:
            return f"{count} maps in the best order there is: it meets a proven bound."
        return f"{count} maps; their order is within {gap:.2g} % of a proven bound."
    return f"{count} maps."


def matrix_table(comparison: Any) -> Any:
    """Return the ordered matrix as a table with the tiles' names."""
    import pandas as pd

    names = names_of(comparison)
    table = pd.DataFrame(ordered(comparison), columns=names)
    table.insert(0, "tile", names)
    return table


def names_of(comparison: Any) -> list[str]:
    """Return what the maps are called, in their order: the image, or a tile of it."""
    tiles = [comparison.tiles[int(member)] for member in comparison.permutation]
    images = [tile.image for tile in tiles]
    count = Counter(images)
    return [tile.name if count[tile.image] > 1 else tile.image for tile in tiles]


def ordered(comparison: Any) -> NDArray[np.float64]:
    """Return the matrix in the order found."""
    found: NDArray[np.float64] = comparison.matrix[
        np.ix_(comparison.permutation, comparison.permutation)
    ]
    return found
