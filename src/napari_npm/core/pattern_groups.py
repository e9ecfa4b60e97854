"""Groups of the most similar maps along the order of a difference matrix (SI section 4)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._order_windows import FEWEST, OrderedMatrix, checked_matrix, checked_order, summed
from ._order_windows import Group as Group
from ._order_windows import spread_of_means as spread_of_means
from .errors import NpmError

Ordered = tuple[ArrayLike, ArrayLike]
"""A difference matrix (N, N), and an order of its maps (N,)."""


def similar_groups(
    matrix: ArrayLike,
    permutation: ArrayLike,
    number: int = 3,
    size: int | None = None,
    *,
    orders: Sequence[ArrayLike] = (),
    other: Ordered | None = None,
    subsets: Sequence[ArrayLike] = (),
) -> tuple[Group, ...]:
    """Find the groups of maps along an order that are most alike.

    Groups are windows of the order, of one size and apart from each other: of all choices of
    `number` windows the one whose mean differences have the lowest sum (found exactly, by dynamic
    programming). The paper picks red rectangles in the ordered matrix (SI section 4) and does not
    say how. Which blocks are found is fragile: look at their stability, not at them alone.

    Parameters
    ----------
    matrix : array_like, (N, N)
        Differences of any two maps, such as `napari_npm.core.difference_matrix` gives.
    permutation : array_like of int, (N,)
        The order of the maps.
    number : int
        How many groups; fewer where N maps do not hold as many.
    size : int, optional
        Maps of a group; by default that of `group_size`.
    orders : sequence of array_like of int, (N,)
        Further orders of the same matrix, such as of other seeds, for the stability.
    other : tuple of matrix and permutation, optional
        Differences of the same maps on another scale (each normalised to sum 1, or not), and an
        order of them.
    subsets : sequence of array_like of int
        Orders of parts of the maps (rows of `matrix`), such as with a tenth left out at random. A
        thorough search finds nearly the same order from every seed: what is stable over seeds can
        still hang on single maps.

    Returns
    -------
    tuple of Group
        The most similar first.

    Raises
    ------
    NpmError
        If there are fewer than 3 maps, the matrix is none of differences, an order is none, or
        the size does not fit.
    """
    own = OrderedMatrix(matrix, permutation)
    if number < 1:
        raise NpmError("Look for at least one group.")
    if size is None:
        size = _best_size([own], number)
    if not 2 <= size <= len(own) or size != int(size):
        raise NpmError(
            f"A group can hold 2 to {len(own)} of these {len(own)} maps, not {size}: choose"
            " another size."
        )
    groups = own.groups(number, size)
    seeds = [OrderedMatrix(matrix, one).groups(number, size) for one in orders]
    others = None
    if other is not None:
        second = OrderedMatrix(*other)
        if len(second) != len(own):
            raise NpmError("Give the differences of the same maps on the other scale.")
        others = second.groups(number, size)
    parts = [_groups_of_part(matrix, one, number, size) for one in subsets]
    return tuple(
        replace(
            group,
            stability=float(np.mean([best_match(group, one) for one in seeds])) if seeds else None,
            stability_other=None if others is None else best_match(group, others),
            stability_subsets=float(np.mean([best_match(group, *one) for one in parts]))
            if parts
            else None,
        )
        for group in groups
    )


def group_size(ordered: Sequence[Ordered], number: int = 3) -> int:
    """Return the size of groups that stand out most from maps drawn at random.

    The mean difference of a window is held against that of as many maps drawn at random: by how
    many standard deviations of such a mean (known exactly, see `spread_of_means`) it is lower. A
    window that grows within a family of similar maps stands out more and more, as chance averages
    out; one that grows beyond the family stands out less. The size taken has the highest sum over
    the chosen windows, of all samples that are given together, so that their groups have one size
    and their shared patterns can be compared. Sizes reach from 3 to N / number.

    Parameters
    ----------
    ordered : sequence of (matrix, permutation)
        The samples' difference matrices (N, N) and orders (N,).
    number : int
        Groups in each sample.

    Returns
    -------
    int
        The smallest of those that are equally good.

    Raises
    ------
    NpmError
        If there is no sample, or one of fewer than 3 maps.
    """
    if not ordered or number < 1:
        raise NpmError("Give at least one order, and look for at least one group.")
    return _best_size([OrderedMatrix(*one) for one in ordered], number)


def best_match(
    group: Group, others: Sequence[Group], among: NDArray[np.intp] | None = None
) -> float:
    """Return the highest Jaccard index of a group with any of some others, 0 to 1.

    Parameters
    ----------
    group : Group
        The group.
    others : sequence of Group
        Those that it is held against.
    among : ndarray of int, optional
        The only maps that count; all by default.
    """
    own = set(group.members.tolist())
    if among is not None:
        own &= set(among.tolist())
    found = [
        len(own & set(one.members.tolist())) / len(own | set(one.members.tolist()))
        for one in others
    ]
    return max(found, default=0.0)


def cut_order(matrix: ArrayLike, permutation: ArrayLike, number: int) -> NDArray[np.intp]:
    """Cut an order into blocks of similar maps, so that every map belongs to one.

    Of all cuts, the one with the lowest sum of differences to the other maps of the own block,
    divided by the block's size (as k-means does with squared distances); by dynamic programming.

    Parameters
    ----------
    matrix : array_like, (N, N)
        Differences of any two maps.
    permutation : array_like of int, (N,)
        The order.
    number : int
        How many blocks, 1 to N.

    Returns
    -------
    ndarray of int, (N,)
        Block of each map, 0 to number - 1 along the order.

    Raises
    ------
    NpmError
        If the order does not fit the matrix, or has fewer maps than blocks.
    """
    differences = checked_matrix(matrix)
    order = checked_order(permutation, len(differences))
    count = len(order)
    if not 1 <= number <= count:
        raise NpmError(f"Cut {count} maps into 1 to {count} blocks, not {number}.")
    inside = summed(differences[np.ix_(order, order)])
    places = np.arange(count + 1)
    best = np.full(count + 1, np.inf)
    best[0] = 0.0
    came_from = np.zeros((number, count + 1), dtype=np.intp)
    for block in range(number):
        new = np.full(count + 1, np.inf)
        for stop in range(block + 1, count + 1):
            starts = places[:stop]
            between = inside[stop, stop] - 2 * inside[starts, stop] + inside[starts, starts]
            costs = best[:stop] + between / (stop - starts)
            came_from[block, stop] = start = int(np.argmin(costs))
            new[stop] = costs[start]
        best = new
    labels = np.empty(count, dtype=np.intp)
    stop = count
    for block in range(number - 1, -1, -1):
        start = int(came_from[block, stop])
        labels[order[start:stop]] = block
        stop = start
    return labels


def _groups_of_part(
    matrix: ArrayLike, part: ArrayLike, number: int, size: int
) -> tuple[list[Group], NDArray[np.intp]]:
    """Return the groups among a part of the maps, named as in the whole, and the part."""
    values, kept = np.asarray(matrix), np.asarray(part, dtype=np.intp)
    count = len(values)
    if len(set(kept.tolist())) < kept.size or kept.min() < 0 or kept.max() >= count:
        raise NpmError(f"A part must name each of its maps once, of the {count} there are.")
    own = OrderedMatrix(values[np.ix_(kept, kept)], np.arange(kept.size))
    groups = own.groups(number, min(size, kept.size))
    return [replace(group, members=kept[group.members]) for group in groups], kept


def _best_size(matrices: Sequence[OrderedMatrix], number: int) -> int:
    largest = max(FEWEST, min(len(one) for one in matrices) // number)
    sums = [
        sum(group.standing_out for one in matrices for group in one.groups(number, size))
        for size in range(FEWEST, largest + 1)
    ]
    # noise in the last digits must not choose among equals
    return FEWEST + int(np.argmax(np.round(sums, 9)))
