"""Spectral clustering of relevance maps: an alternative to groups along an order (SpRAy).

Spectral relevance analysis (Lapuschkin et al. 2019, doi:10.1038/s41467-019-08987-4) clusters
relevance maps by the eigenvectors of the Laplacian of their nearest-neighbour graph (von Luxburg
2007, doi:10.1007/s11222-007-9033-z; Ng, Jordan and Weiss 2001). Here maps are neighbours by their
L1 difference, so that the result can be held against that of the order; SpRAy takes the Euclidean
distance of maps made smaller.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._order_windows import checked_matrix
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
    from sklearn.cluster import KMeans

    values, vectors = laplacian_spectrum(matrix, neighbours=neighbours)
    count = len(values)
    if number is None:
        gaps = np.diff(values[: min(MOST, count - 1) + 1])
        number = 2 + int(np.argmax(gaps[1:]))
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
