"""Spectral clustering of relevance maps: an alternative to groups along an order (SpRAy).

Spectral relevance analysis (Lapuschkin et al. 2019, doi:10.1038/s41467-019-08987-4) clusters
relevance maps by the eigenvectors of the Laplacian of their nearest-neighbour graph (von Luxburg
2007, doi:10.1007/s11222-007-9033-z; Ng, Jordan and Weiss 2001). Here maps are neighbours by their
L1 difference, so that the result can be held against that of the order; SpRAy takes the Euclidean
distance of maps made smaller.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._order_windows import Group, checked_matrix, checked_order, spread_of_means
from .errors import NpmError

MOST = 10
"""Clusters at most where their number is taken from the eigenvalues."""


def spectral_groups(
    matrix: ArrayLike,
    number: int | None = None,
    *,
    neighbours: int | None = None,
    seed: int = 0,
) -> NDArray[np.intp]:
    """Cluster maps by the eigenvectors of the Laplacian of their nearest-neighbour graph.

    Parameters
    ----------
    matrix : array_like, (N, N)
        Differences of any two maps, such as `napari_npm.core.difference_matrix` gives.
    number : int, optional
        How many clusters, 2 to N; by default as many eigenvalues (2 to 10) as lie before the
        largest gap between two successive ones.
    neighbours : int, optional
        Neighbours of each map in the graph; by default the logarithm of N to base 2, rounded up,
        and 3 at least.
    seed : int
        Seed of the starts of k-means.

    Returns
    -------
    ndarray of int, (N,)
        Cluster of each map, 0 to number - 1, the largest first.

    Raises
    ------
    NpmError
        If there are fewer than 3 maps, the matrix is none of differences, or the numbers do not
        fit it.
    """
    values, vectors = laplacian_spectrum(matrix, neighbours=neighbours)
    return _labels(vectors, _number(values) if number is None else number, seed)


def similar_clusters(
    matrix: ArrayLike,
    permutation: ArrayLike,
    number: int | None = None,
    *,
    seed: int = 0,
    seeds: Sequence[int] = (),
    other: ArrayLike | None = None,
    subsets: Sequence[ArrayLike] = (),
) -> tuple[Group, ...]:
    """Return spectral clusters as groups that stand one after another, as `similar_groups` does.

    Each map belongs to one. Clusters follow each other by the median place of their maps in an
    order, and the maps of each are in that order's sequence: ``start`` and ``stop`` are places in
    the order that results, the members of all groups by their ``start``.

    Parameters
    ----------
    matrix : array_like, (N, N)
        Differences of any two maps.
    permutation : array_like of int, (N,)
        An order of the maps.
    number : int, optional
        How many clusters; as in `spectral_groups`.
    seed : int
        Seed of the starts of k-means.
    seeds : sequence of int
        Further seeds, for the stability.
    other : array_like, (N, N), optional
        Differences of the same maps on another scale, clustered into the same number.
    subsets : sequence of array_like of int
        Parts of the maps (rows of `matrix`), clustered into the same number.

    Returns
    -------
    tuple of Group
        The most similar first; clusters of a single map last, whose mean difference is NaN.

    Raises
    ------
    NpmError
        As `spectral_groups`, or if the order does not fit the matrix.
    """
    differences = checked_matrix(matrix)
    order = checked_order(permutation, len(differences))
    values, vectors = laplacian_spectrum(differences)
    if number is None:
        number = _number(values)
    labels = _labels(vectors, number, seed)
    everyone = np.arange(len(order))
    by_seed = [(_labels(vectors, number, one), everyone) for one in seeds]
    by_other = [] if other is None else [(spectral_groups(other, number, seed=seed), everyone)]
    by_part = []
    for subset in subsets:
        part = np.asarray(subset, dtype=np.intp)
        fewer = min(number, part.size)
        by_part.append((spectral_groups(differences[np.ix_(part, part)], fewer, seed=seed), part))
    place = np.argsort(order)
    clusters = sorted(
        (order[labels[order] == label] for label in range(int(labels.max()) + 1)),
        key=lambda members: (float(np.median(place[members])), int(place[members[0]])),
    )
    stops = np.cumsum([len(members) for members in clusters])
    groups = [
        Group(
            int(stop) - len(members),
            int(stop),
            members,
            *_likeness(differences, members),
            stability=_overlap(members, by_seed),
            stability_other=_overlap(members, by_other),
            stability_subsets=_overlap(members, by_part),
        )
        for members, stop in zip(clusters, stops, strict=True)
    ]
    return tuple(
        sorted(groups, key=lambda one: (len(one.members) == 1, one.mean_difference, one.start))
    )


def _number(values: NDArray[np.float64]) -> int:
    """Return how many eigenvalues lie before the largest gap."""
    gaps = np.diff(values[: min(MOST, len(values) - 1) + 1])
    return 2 + int(np.argmax(gaps[1:]))


def _labels(vectors: NDArray[np.float64], number: int, seed: int) -> NDArray[np.intp]:
    """Cluster maps by the first eigenvectors, the largest cluster first."""
    from sklearn.cluster import KMeans

    count = len(vectors)
    if not 2 <= number <= count:
        raise NpmError(f"Form 2 to {count} clusters of {count} maps, not {number}.")
    rows = vectors[:, :number]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(lengths > 0, lengths, 1.0)
    distinct = len(np.unique(np.round(rows, 9), axis=0))
    fitted = KMeans(min(number, distinct), n_init=10, random_state=seed).fit_predict(rows)
    sizes = np.bincount(fitted)
    places = np.empty(len(sizes), dtype=np.intp)
    places[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    labels: NDArray[np.intp] = places[fitted]
    return labels


def laplacian_spectrum(
    matrix: ArrayLike, *, neighbours: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return eigenvalues and eigenvectors of the normalised Laplacian of nearest neighbours.

    Two maps are joined where one is among the nearest of the other. As many eigenvalues as the
    graph has parts are 0; a gap after the k-th speaks for k clusters.

    Parameters
    ----------
    matrix : array_like, (N, N)
        Differences of any two maps.
    neighbours : int, optional
        Neighbours of each map, 1 to N - 1.

    Returns
    -------
    values : ndarray, (N,)
        Ascending, 0 to 2.
    vectors : ndarray, (N, N)
        In columns.

    Raises
    ------
    NpmError
        If the matrix is none of differences, or the number of neighbours does not fit it.
    """
    from scipy.linalg import eigh

    differences = checked_matrix(matrix).copy()
    count = len(differences)
    if neighbours is None:
        neighbours = min(max(3, int(np.ceil(np.log2(count)))), count - 1)
    if not 1 <= neighbours <= count - 1:
        raise NpmError(f"Each of {count} maps has 1 to {count - 1} neighbours, not {neighbours}.")
    np.fill_diagonal(differences, np.inf)
    nearest = np.argsort(differences, axis=1, kind="stable")[:, :neighbours]
    joined = np.zeros((count, count))
    np.put_along_axis(joined, nearest, 1.0, axis=1)
    joined = np.maximum(joined, joined.T)
    scale = 1 / np.sqrt(joined.sum(axis=1))
    values, vectors = eigh(np.eye(count) - scale[:, None] * joined * scale)
    return np.clip(values, 0.0, 2.0), vectors


def _likeness(differences: NDArray[np.float64], members: NDArray[np.intp]) -> tuple[float, float]:
    """Return the mean difference of some maps, and by how many spreads it is below chance."""
    count, size = len(differences), len(members)
    if size == 1:
        return float("nan"), float("nan")
    mean = float(differences[np.ix_(members, members)].sum()) / (size * (size - 1))
    expected = float(differences.sum()) / (count * (count - 1))
    spread = spread_of_means(differences, size)
    # no spread: all maps differ alike, or the group has all of them
    return mean, (expected - mean) / spread if spread > 1e-12 * expected else 0.0


def _overlap(
    members: NDArray[np.intp], others: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> float | None:
    """Return the Jaccard index with the best match, mean over other clusterings of some maps.

    Of a group count only the maps that were clustered; None where there are none.
    """
    found = []
    for labels, clustered in others:
        own = np.isin(clustered, members)
        if own.any():
            common = np.bincount(labels, weights=own)
            found.append(float((common / (np.bincount(labels) + own.sum() - common)).max()))
    return float(np.mean(found)) if found else None
