"""Are planted families of relevance maps found? Groups along an order against spectral clusters.

Maps are made, not explained: blobs like those of relevance, in families that share a part of their
pattern (`alike`: correlation of the logarithms of two maps of a family), each with a sum of its
own. Two tasks:

- all maps belong to four families of unequal size: the order is cut into four blocks
  (`cut_order`), and `spectral_groups` forms four clusters; adjusted Rand index of each, 1 for
  families found, 0 for chance. Average linkage stands beside them as a plain third way.
- three families stand in a crowd that has none: of the three groups that `similar_groups` finds,
  how many hold one family to four fifths, the size that it chose, and the stability of good and of
  other groups.

Prints tables in Markdown: docs/similarity.md holds them. Two minutes on two cores.

    python benchmarks/pattern_families.py [--seeds 5] [--side 96]
"""

import argparse

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score

from napari_npm.core.pattern_groups import cut_order, group_size, similar_groups
from napari_npm.core.similarity import difference_matrix, order
from napari_npm.core.spectral import spectral_groups

FAMILIES = (40, 30, 20, 10)
CROWD, SIZE, NUMBER = 60, 20, 3
ALIKE = (0.1, 0.2, 0.3, 0.4, 0.6)
BLOB_PX = 4.0
CONTRAST = 1.5


def make_maps(labels, alike, side, seed):
    """Return maps (N, side, side) whose families (labels >= 0) share a part of their pattern."""
    rng = np.random.default_rng(seed)

    def blobs(count):
        field = gaussian_filter(rng.normal(size=(count, side, side)), (0, BLOB_PX, BLOB_PX))
        return field / field.std(axis=(1, 2), keepdims=True)

    own = blobs(len(labels))
    shared = blobs(max(labels) + 1)
    fields = [
        np.sqrt(alike) * shared[label] + np.sqrt(1 - alike) * one if label >= 0 else one
        for label, one in zip(labels, own, strict=True)
    ]
    sums = rng.lognormal(sigma=0.7, size=(len(labels), 1, 1))
    maps = np.exp(CONTRAST * np.array(fields))
    return (maps / maps.sum(axis=(1, 2), keepdims=True) * sums).astype(np.float32)


def all_in_families(alike, side, seed, normalise):
    """Return the adjusted Rand index of blocks, clusters, clusters by the gap, and linkage."""
    truth = np.random.default_rng(seed).permutation(np.repeat(np.arange(4), FAMILIES))
    matrix = difference_matrix(make_maps(truth, alike, side, seed), normalise=normalise)
    blocks = cut_order(matrix, order(matrix, seed=seed).permutation, 4)
    tree = linkage(squareform(matrix, checks=False), "average")
    ways = (
        blocks,
        spectral_groups(matrix, 4, seed=seed),
        spectral_groups(matrix, seed=seed),
        fcluster(tree, 4, "maxclust"),
    )
    return [adjusted_rand_score(truth, way) for way in ways]


def in_a_crowd(alike, side, seed, normalise):
    """Return good groups, the size chosen, and the stability of good and of other groups."""
    truth = np.repeat([*range(NUMBER), -1], [SIZE] * NUMBER + [CROWD])
    truth = np.random.default_rng(seed).permutation(truth)
    maps = make_maps(truth, alike, side, seed)
    matrix = difference_matrix(maps, normalise=normalise)
    found = order(matrix, seed=seed)
    others = [order(matrix, seed=seed + number).permutation for number in range(1, 4)]
    other = difference_matrix(maps, normalise=not normalise)
    size = group_size([(matrix, found.permutation)], NUMBER)
    groups = similar_groups(
        matrix,
        found.permutation,
        NUMBER,
        size,
        orders=others,
        other=(other, order(other, seed=seed).permutation),
    )
    held = [
        max((truth[group.members] == family).mean() for family in range(NUMBER)) for group in groups
    ]
    good = [group for group, share in zip(groups, held, strict=True) if share >= 0.8]
    rest = [group for group, share in zip(groups, held, strict=True) if share < 0.8]
    return len(good), size, good, rest


def mean(values):
    """Write a mean, or a dash where there is none."""
    return f"{np.mean(values):.2f}" if len(values) else "–"


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--side", type=int, default=96)
    options = parser.parse_args()
    for normalise in (True, False):
        print(f"\n{'Maps of sum 1' if normalise else 'Raw maps'}: adjusted Rand index\n")
        print("| alike | order, cut | spectral | spectral, number by gap | average linkage |")
        print("| --- | --- | --- | --- | --- |")
        for alike in ALIKE:
            found = [
                all_in_families(alike, options.side, seed, normalise)
                for seed in range(options.seeds)
            ]
            print(f"| {alike} | {' | '.join(mean(one) for one in zip(*found, strict=True))} |")
        print(f"\n{'Maps of sum 1' if normalise else 'Raw maps'}: three families in a crowd\n")
        print("| alike | good groups of 3 | size chosen (20) | stability over seeds, good / other |"
              " stability on the other scale, good / other |")  # fmt: skip
        print("| --- | --- | --- | --- | --- |")
        for alike in ALIKE:
            found = [
                in_a_crowd(alike, options.side, seed, normalise) for seed in range(options.seeds)
            ]
            good = [group for one in found for group in one[2]]
            rest = [group for one in found for group in one[3]]
            print(
                f"| {alike} | {mean([one[0] for one in found])}"
                f" | {mean([one[1] for one in found])}"
                f" | {mean([g.stability for g in good])} / {mean([g.stability for g in rest])}"
                f" | {mean([g.stability_other for g in good])}"
                f" / {mean([g.stability_other for g in rest])} |"
            )


if __name__ == "__main__":
    main()
