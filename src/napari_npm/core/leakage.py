"""What parts of a split share although they should not: specimens, places, or the very pixels."""

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from .errors import NpmError
from .tiling import TILE

Kind = Literal["specimen", "image", "overlap", "duplicate"]
KINDS: tuple[Kind, ...] = ("specimen", "image", "overlap", "duplicate")
UNUSED = "unused"


@dataclass(frozen=True)
class Leak:
    """Tiles that are held back from training although another part knows them, in one way.

    Attributes
    ----------
    kind : {"specimen", "image", "overlap", "duplicate"}
        Both come from one specimen, from one image (mosaic), show some of the same place, or
        have the same pixels, perhaps turned or mirrored.
    tiles : ndarray of int64, (n,)
        The tiles outside the training part, ascending.
    partners : ndarray of int64, (n,)
        For each a tile of another part that it shares with; one of training where there is one.
    """

    kind: Kind
    tiles: NDArray[np.int64]
    partners: NDArray[np.int64]


def find_leaks(
    parts: Sequence[str] | NDArray[np.str_],
    *,
    specimens: Sequence[Hashable] | NDArray[Any] | None = None,
    images: Sequence[Hashable] | NDArray[Any] | None = None,
    places: Sequence[tuple[Hashable, int, int]] | None = None,
    twins: ArrayLike | None = None,
    tile: int = TILE,
) -> tuple[Leak, ...]:
    """Find what the parts of a split share.

    Parameters
    ----------
    parts : sequence of str, (N,)
        "train", "validation", "test" or "unused" for each tile; an unused tile leaks nothing.
    specimens, images : sequence, (N,), optional
        Specimen and image of each tile; not looked at where not given.
    places : sequence of (source, row, column), (N,), optional
        Where each tile's first pixel lies, in px: tiles of one source that lie nearer than
        ``tile`` in both directions overlap.
    twins : array-like of int, (N,), optional
        Group of each tile: tiles of one group have the same pixels (see `find_twins`).
    tile : int
        Side of a tile in px.

    Returns
    -------
    tuple of Leak
        One for each kind that was found, in the order of `KINDS`.

    Raises
    ------
    NpmError
        If a list is not as long as the parts.
    """
    own = np.asarray(parts, dtype=str)
    given: tuple[Any, ...] = (specimens, images, places, twins)
    for one in given:
        if one is not None and len(one) != len(own):
            raise NpmError("Looking for leaks needs a part, and a place, for each tile.")
    found = []
    groups: dict[Kind, Any] = {"specimen": specimens, "image": images, "duplicate": twins}
    for kind in KINDS:
        if kind == "overlap":
            pairs = _overlapping(places, tile) if places is not None else None
        elif groups[kind] is None:
            pairs = None
        else:
            pairs = _grouped(own, groups[kind])
        if pairs is not None:
            leak = _leak(kind, own, pairs)
            if len(leak.tiles):
                found.append(leak)
    return tuple(found)


def pixel_key(image: ArrayLike) -> str:
    """Return a short text that is the same for an image and its turned and mirrored copies.

    Images of different pixels hardly ever have the same; `find_twins` looks at the pixels then.
    It is made of exact integer sums, so that it takes a fraction of a millisecond a tile.

    Parameters
    ----------
    image : array-like, (H, W)
        Grey values of any type; floats go in by their bits.

    Returns
    -------
    str
        The key.
    """
    values = np.asarray(image)
    if values.dtype.kind == "f":
        values = values.view(f"u{values.dtype.itemsize}")
    # distances from the middle, doubled to be whole: no turn changes them
    rows, columns = (
        ((2 * np.arange(n, dtype=np.int64) - (n - 1)) ** 2).astype(np.uint64) for n in values.shape
    )
    by_row, by_column = (values.sum(axis, dtype=np.uint64) for axis in (1, 0))
    away = (int(by_row @ rows) + int(by_column @ columns)) % 2**64
    if values.dtype in (np.uint8, np.uint16):
        counts = np.bincount(values.ravel())
        content = f"{np.flatnonzero(counts).tolist()}{counts[counts > 0].tolist()}"
    else:
        long = values.astype(np.uint64)
        content = f"{int(long.sum())} {int((long * long).sum())} {int((long * long * long).sum())}"
    text = f"{sorted(values.shape)} {away} {content}"
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def same_pixels(one: ArrayLike, other: ArrayLike) -> bool:
    """Tell whether two images have the same pixels, perhaps turned or mirrored.

    Parameters
    ----------
    one, other : array-like, (H, W)
        Grey values.

    Returns
    -------
    bool
        True where one of the eight turns and flips of one is the other.
    """
    first, second = np.asarray(one), np.asarray(other)
    for image in (second, second[:, ::-1]):
        for turns in range(4):
            if np.array_equal(first, np.rot90(image, turns)):
                return True
    return False


def find_twins(keys: Sequence[str], read: Callable[[int], ArrayLike]) -> NDArray[np.int64]:
    """Group tiles that have the same pixels, perhaps turned or mirrored.

    Parameters
    ----------
    keys : sequence of str, (N,)
        The `pixel_key` of each tile; an empty one takes no part.
    read : callable
        Returns the pixels (H, W) of a tile by its number; asked only where keys are the same.

    Returns
    -------
    ndarray of int64, (N,)
        Group of each tile: the number of the first tile with its pixels.
    """
    groups = np.arange(len(keys), dtype=np.int64)
    firsts: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        if not key:
            continue
        known = firsts.setdefault(key, [])
        if known:
            pixels = np.asarray(read(number))
            for first in known:
                if same_pixels(read(first), pixels):
                    groups[number] = first
                    break
        if groups[number] == number:
            known.append(number)
    return groups


def _grouped(parts: NDArray[np.str_], groups: Any) -> NDArray[np.int64]:
    """Return for each tile a tile of its group in another part, as pairs."""
    _, inverse = np.unique(np.asarray([str(group) for group in groups]), return_inverse=True)
    pairs = []
    for part in ("train", "validation", "test"):
        members = np.flatnonzero(parts == part)
        first = np.full(inverse.max(initial=-1) + 1, -1, dtype=np.int64)
        first[inverse[members][::-1]] = members[::-1]
        others = np.flatnonzero((parts != part) & (first[inverse] >= 0))
        pairs.append(np.stack([first[inverse[others]], others], axis=1))
    return np.concatenate(pairs)


def _overlapping(places: Sequence[tuple[Hashable, int, int]], tile: int) -> NDArray[np.int64]:
    """Return pairs of tiles of one source that share pixels."""
    by_source: dict[Hashable, list[int]] = {}
    for number, (source, _, _) in enumerate(places):
        by_source.setdefault(source, []).append(number)
    found = [np.empty((0, 2), dtype=np.int64)]
    for numbers in by_source.values():
        if len(numbers) > 1:
            points = np.array([places[number][1:] for number in numbers], dtype=np.float64)
            near = KDTree(points).query_pairs(tile - 0.5, p=np.inf, output_type="ndarray")
            found.append(np.asarray(numbers, dtype=np.int64)[near])
    return np.concatenate(found)


def _leak(kind: Kind, parts: NDArray[np.str_], pairs: NDArray[np.int64]) -> Leak:
    both = np.concatenate([pairs, pairs[:, ::-1]])
    one, other = parts[both[:, 0]], parts[both[:, 1]]
    both = both[(one != other) & (one != "train") & (one != UNUSED) & (other != UNUSED)]
    # by tile, partners of training first
    both = both[np.lexsort((both[:, 1], parts[both[:, 1]] != "train", both[:, 0]))]
    tiles, first = np.unique(both[:, 0], return_index=True)
    return Leak(kind, tiles, both[first, 1])
