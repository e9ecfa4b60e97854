"""Decision trees as flat arrays, followed in numba: what scikit-learn has grown, without pickle."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of a two-class forest, all nodes in one list.

    Attributes
    ----------
    feature : int32 array, (nodes,)
        Which feature a node asks for; 0 in a leaf.
    threshold : float32 array, (nodes,)
        A pixel at or below it goes to `child`, else to the node after it; infinite in a leaf.
    child : int32 array, (nodes,)
        The first of two neighbouring children; in a leaf the leaf itself, so that one can stay.
    value : float64 array, (nodes,)
        Probability of the second class.
    roots : int32 array, (trees,)
        First node of each tree.
    depth : int32 array, (trees,)
        Steps from its root to its deepest leaf.
    """

    feature: NDArray[np.int32]
    threshold: Float
    child: NDArray[np.int32]
    value: NDArray[np.float64]
    roots: NDArray[np.int32]
    depth: NDArray[np.int32]

    @classmethod
    def from_sklearn(cls, forest: Any) -> "Forest":
        """Take over the trees of a fitted RandomForestClassifier or ExtraTreesClassifier."""
        parts: list[tuple[NDArray[Any], ...]] = []
        roots = []
        start = 0
        for estimator in forest.estimators_:
            roots.append(start)
            parts.append(_flattened(estimator.tree_, start))
            start += parts[-1][0].size
        feature, threshold, child, value = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        starts = np.array(roots, dtype=np.int32)
        return cls(feature, threshold, child, value, starts, _depths(child, starts))

    @classmethod
    def checked(cls, *arrays: ArrayLike, features: int) -> "Forest":
        """Take up arrays from a file that may be damaged, in the order of the attributes.

        Raises
        ------
        NpmError
            If they are no forest over so many features.
        """
        types = (np.int32, np.float32, np.int32, np.float64, np.int32)
        feature, threshold, child, value, roots = (
            np.ascontiguousarray(array, dtype=kind)
            for array, kind in zip(arrays, types, strict=True)
        )
        nodes = feature.size
        own = np.arange(nodes)
        if not (
            all(a.shape == (nodes,) for a in (feature, threshold, child, value))
            and roots.ndim == 1
            and roots.size > 0
            and np.all((roots >= 0) & (roots < nodes))
            and np.all((feature >= 0) & (feature < features))
            # Children lie behind their parents, so every way down ends.
            and np.all((child == own) | ((child > own) & (child < nodes - 1)))
            and np.all(threshold[child == own] == np.inf)
            and np.isfinite(value).all()
        ):
            raise NpmError("The classifier is damaged; train it anew from the strokes.")
        return cls(feature, threshold, child, value, roots, _depths(child, roots))

    def probability(self, features: Float) -> NDArray[np.float64]:
        """Mean probability of the second class over all trees.

        Parameters
        ----------
        features : float32 array, (features, pixels)
            C-contiguous.

        Returns
        -------
        float64 array, (pixels,)
            Equal to scikit-learn's ``predict_proba(features.T)[:, 1]``.
        """
        trees = (self.feature, self.threshold, self.child, self.value, self.roots, self.depth)
        return np.asarray(_follow(*trees, features))


def _flattened(tree: Any, start: int) -> tuple[NDArray[Any], ...]:
    """Renumber one tree so that the two children of a node are neighbours."""
    order = [0]
    children = start + np.arange(tree.node_count, dtype=np.int32)
    at = 0
    while at < len(order):
        node = order[at]
        if tree.children_left[node] >= 0:
            children[at] = start + len(order)
            order += [int(tree.children_left[node]), int(tree.children_right[node])]
        at += 1
    leaf = tree.children_left[order] < 0
    feature = np.where(leaf, 0, tree.feature[order]).astype(np.int32)
    # A float32 is at or below a float64 threshold just when it is at or below the next float32.
    exact = np.where(leaf, np.inf, tree.threshold[order])
    threshold = exact.astype(np.float32)
    above = threshold > exact
    threshold[above] = np.nextafter(threshold[above], np.float32(-np.inf))
    return feature, threshold, children, tree.value[order, 0, 1]


def _depths(child: NDArray[np.int32], roots: NDArray[np.int32]) -> NDArray[np.int32]:
    height = [0] * (child.size + 1)
    for node in range(child.size - 1, -1, -1):
        first = int(child[node])
        if first != node:
            height[node] = 1 + max(height[first], height[first + 1])
    return np.array([height[root] for root in roots], dtype=np.int32)


_BLOCK = 256


@numba.njit(cache=True, nogil=True, boundscheck=False)
def _follow(
    feature: NDArray[np.int32],
    threshold: Float,
    child: NDArray[np.int32],
    value: NDArray[np.float64],
    roots: NDArray[np.int32],
    depth: NDArray[np.int32],
    features: Float,
) -> NDArray[np.float64]:
    pixels = features.shape[1]
    out = np.zeros(pixels, dtype=np.float64)
    block = np.empty(features.shape[0] * _BLOCK, dtype=np.float32)
    node = np.empty(_BLOCK, dtype=np.int32)
    for first in range(0, pixels, _BLOCK):
        count = min(_BLOCK, pixels - first)
        for k in range(features.shape[0]):
            for x in range(count):
                block[k * _BLOCK + x] = features[k, first + x]
        for tree in range(roots.size):
            node[:] = roots[tree]
            # All pixels take each step, those in a leaf on the spot: nothing to predict wrongly.
            for _ in range(depth[tree]):
                for x in range(count):
                    at = np.uintp(node[x])
                    grey = block[np.uintp(feature[at]) * np.uintp(_BLOCK) + np.uintp(x)]
                    node[x] = child[at] + np.int32(grey > threshold[at])
            for x in range(count):
                out[first + x] += value[np.uintp(node[x])]
    for x in range(pixels):
        out[x] /= roots.size
    return out
