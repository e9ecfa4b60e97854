"""What the compare step found for a model and sample: matrix, order, groups, shared patterns."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_npm.core.errors import NpmError

from .arrays import read_arrays
from .store import Tile
from .study import Study
from .wiring import shown_map

if TYPE_CHECKING:
    from napari_npm.core.shared_patterns import SharedPattern

MATRIX, ORDER, GROUPS = "matrix", "order", "groups"
"""The three kinds of items of the compare step, in the order in which they are made."""
NORMALISED, RAW = "normalised", "raw"
"""The scales of maps that are compared: each of sum 1, or of the network's output."""
ALONG, SPECTRAL = "order", "spectral"
"""How groups are found: as windows of the order, or as spectral clusters of all maps."""


@dataclass(frozen=True)
class ComparedGroup:
    """A group of similar maps that stand side by side, and the pattern that they share.

    Attributes
    ----------
    start, stop : int
        Its place along the order: rows ``start`` to ``stop - 1`` of the ordered matrix.
    members : ndarray of int, (k,)
        Its maps, as numbers into `Comparison.tiles` (and rows of `Comparison.matrix`).
    mean_difference : float
        Mean difference of two of its maps; NaN for a cluster of one.
    stability : float or None
        Jaccard index with the best match, mean over other seeds of the ordering (or clustering);
        None where no other seed was tried.
    stability_other : float or None
        The same under the other scale of the maps (sum 1 where raw were compared, raw otherwise).
    stability_subsets : float or None
        The same where a tenth of the maps was left out at random, mean over as many draws as seeds.
    fraction : float
        Area within the contour.
    pattern : ndarray of float32, (H, W)
        The shared pattern sR.
    contour : ndarray of bool, (H, W)
        Where it is above the contour's level.
    """

    start: int
    stop: int
    members: NDArray[np.intp]
    mean_difference: float
    stability: float | None
    stability_other: float | None
    stability_subsets: float | None
    fraction: float
    pattern: NDArray[np.float32]
    contour: NDArray[np.bool_]


@dataclass(frozen=True)
class Comparison:
    """What was found for the relevance maps of one sample under one model.

    Attributes
    ----------
    model, sample : str
        Which maps.
    tiles : tuple of Tile
        The maps compared, in the study's order; those without relevance are left out.
    matrix : ndarray of float64, (N, N)
        Difference of any two, in the order of `tiles`.
    permutation : ndarray of int, (N,)
        The order: ``matrix[permutation][:, permutation]`` is the ordered matrix. Spectral
        clusters stand one after another, each in the sequence of `path`.
    cost : float
        Total gradient of the ordered matrix.
    lower_bound : float
        No order has a lower one.
    scale : str
        ``"normalised"`` where maps of sum 1 were compared, ``"raw"`` otherwise.
    groups : tuple of ComparedGroup
        The most similar first.
    grouping : str
        ``"order"`` for windows of the order, of one size; ``"spectral"`` for clusters of all maps.
    path : ndarray of int, (N,)
        The order of the lowest total gradient found, whatever the groups.
    """

    model: str
    sample: str
    tiles: tuple[Tile, ...]
    matrix: NDArray[np.float64]
    permutation: NDArray[np.intp]
    cost: float
    lower_bound: float
    scale: str
    groups: tuple[ComparedGroup, ...]
    grouping: str
    path: NDArray[np.intp]

    @property
    def ordered(self) -> NDArray[np.float64]:
        """The matrix in the order found, (N, N)."""
        return self.matrix[np.ix_(self.permutation, self.permutation)]


def comparison_of(study: Study, model: str, sample: str) -> Comparison | None:
    """Return what the compare step found for a sample, or None where it has found nothing.

    There is nothing before the step has run, and for samples of fewer than three maps.

    Parameters
    ----------
    study : Study
        The study.
    model : str
        Name of the model, such as ``"mulf"``.
    sample : str
        Name of the sample.

    Raises
    ------
    NpmError
        If a file of the step is damaged.
    """
    done = study.state("compare").records
    own = f"{model}/{sample}"
    if any(f"{kind}/{own}" not in done for kind in (MATRIX, ORDER, GROUPS)):
        return None
    paths = [compare_path(study, kind, model, sample) for kind in (MATRIX, ORDER, GROUPS)]
    if not all(path.exists() for path in paths):
        return None
    matrix, order, groups = (read_part(path) for path in paths)
    try:
        tiles = _tiles(study, matrix)
        if tiles is None or len(tiles) < 3:
            return None
        # clusters have an order of their own
        own_order = "permutation" in groups
        shown = groups if own_order else order
        permutation = shown["permutation"].astype(np.intp)
        return Comparison(
            model,
            sample,
            tiles,
            matrix[str(order["scale"])],
            permutation,
            float(shown["cost"]),
            float(order["lower_bound"]),
            str(order["scale"]),
            tuple(_group(groups, k, permutation) for k in range(len(groups["start"]))),
            SPECTRAL if own_order else ALONG,
            order["permutation"].astype(np.intp),
        )
    except (KeyError, IndexError, TypeError) as error:
        raise NpmError(_damaged(paths[0].parent)) from error


def compared(study: Study) -> list[tuple[str, str]]:
    """Return the models and samples of which there is a comparison, in the study's order."""
    found = []
    for model in study.state("train").records:
        for sample in study.samples:
            record = study.state("compare").records.get(f"{GROUPS}/{model}/{sample.name}")
            if record is not None and record.rows and record.rows[0]["group"]:
                found.append((model, sample.name))
    return found


def pattern_of(
    study: Study,
    comparison: Comparison,
    members: ArrayLike,
    *,
    contour: float | None = None,
    decay: float | None = None,
) -> "SharedPattern":
    """Return the pattern that any maps of a comparison share, such as of a group chosen by hand.

    Parameters
    ----------
    study : Study
        The study.
    comparison : Comparison
        What the maps belong to.
    members : array_like of int, (k,)
        Numbers into ``comparison.tiles``.
    contour, decay : float, optional
        As the parameters of the compare step, which are taken where they are not given.

    Raises
    ------
    NpmError
        If there is no member.
    """
    from napari_npm.core.shared_patterns import shared_pattern

    settings: Any = study.parameters("compare")
    tiles = [comparison.tiles[int(number)] for number in np.atleast_1d(np.asarray(members))]
    return shared_pattern(
        study.stack(f"relevance/{comparison.model}").read(tiles),
        study.stack(shown_map(comparison.model)).read(tiles),
        contour=settings.contour if contour is None else contour,
        decay=settings.decay if decay is None else decay,
    )


def compare_path(study: Study, kind: str, model: str, sample: str) -> Path:
    """Return where the arrays of an item of the compare step are kept."""
    name = f"{kind}-{model}-{sample}".replace("/", "-")
    return study.folder / "state" / "compare" / f"{name}.npz"


def write_part(path: Path, arrays: Mapping[str, Any]) -> None:
    """Keep the arrays of an item, atomically."""
    from napari_npm.io import write_bytes

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def read_part(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an item.

    Raises
    ------
    NpmError
        If the file is damaged.
    """
    try:
        return read_arrays(path)
    except ValueError as error:
        raise NpmError(_damaged(path)) from error


def tile_numbers(tiles: Sequence[Tile]) -> dict[str, NDArray[Any]]:
    """Return what names the tiles of a matrix in its file."""
    return {
        "tiles": np.array([tile.index for tile in tiles], dtype=np.int64),
        "names": np.array([tile.name for tile in tiles], dtype=np.str_),
    }


def _tiles(study: Study, arrays: Mapping[str, NDArray[Any]]) -> tuple[Tile, ...] | None:
    """Return the tiles of a matrix, None where the study's tiles were laid out anew since."""
    found = []
    for index, name in zip(arrays["tiles"].tolist(), arrays["names"].tolist(), strict=True):
        if index >= len(study.tiles) or study.tiles[index].name != name:
            return None
        found.append(study.tiles[index])
    return tuple(found)


def _group(
    arrays: Mapping[str, NDArray[Any]], number: int, permutation: NDArray[np.intp]
) -> ComparedGroup:
    def known(name: str) -> float | None:
        value = float(arrays[name][number])
        return value if value == value else None

    start, stop = int(arrays["start"][number]), int(arrays["stop"][number])
    return ComparedGroup(
        start,
        stop,
        permutation[start:stop],
        float(arrays["mean_difference"][number]),
        known("stability"),
        known("stability_other"),
        known("stability_subsets"),
        float(arrays["fraction"][number]),
        arrays["pattern"][number],
        arrays["contour"][number],
    )


def _damaged(path: Path) -> str:
    return f"{path} is damaged: run `napari-npm compare` again with --force."
