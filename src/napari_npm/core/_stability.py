"""How relevance depends on the class, on the network's seed, and on noise in the maps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._likeness import (
    Explain,
    Likeness,
    Pairwise,
    Prepared,
    average,
    join,
    pairwise,
    relevance_of,
    stack,
)
from ._maps import Maps, read_batch
from .errors import NpmError
from .progress import Progress, silent


def class_sensitivity(
    explain: Explain,
    images: Maps,
    classes: int | Sequence[int],
    *,
    share: float = 0.7,
    batch_size: int = 8,
    progress: Progress = silent,
) -> Pairwise:
    """Explain each class of the same images and compare the maps.

    Maps that are alike whatever class is explained show where evidence flows, not why the network
    chose this class rather than another (one of the checks of Sixt et al. 2020,
    arXiv:1912.09818, for rules such as alpha1-beta0).

    Parameters
    ----------
    explain : callable
        Takes images and a class, gives relevance; an `Explainer`, for instance.
    images : array-like, (N, H, W) or (N, C, H, W)
        Maps; anything with a length and integer indexing.
    classes : int or sequence of int
        The number of classes, or the classes to compare, at least 2.
    share : float
        Share of the relevance that the compared regions hold.
    batch_size : int
        Images whose maps of all classes are held at a time.
    progress : callable
        Called after each batch.

    Returns
    -------
    Pairwise
        By pair of classes, in the order given, and image.

    Raises
    ------
    NpmError
        If there are no images or fewer than two classes.
    """
    wanted = list(range(classes)) if isinstance(classes, int) else list(classes)
    n = len(images)
    if n == 0 or len(wanted) < 2 or batch_size < 1:
        raise NpmError("Class sensitivity needs at least one image and two classes.")
    parts = []
    for start in range(0, n, batch_size):
        stop = min(start + batch_size, n)
        batch = _read(images, range(start, stop))
        maps = [relevance_of(explain(batch, np.full(stop - start, one))) for one in wanted]
        parts.append(pairwise(maps, share))
        progress(stop, n, "Class sensitivity")
    return Pairwise(parts[0].pairs, join([part.likeness for part in parts]))


def agreement(maps: Sequence[ArrayLike], *, share: float = 0.7) -> Pairwise:
    """Compare the maps that several networks, such as those of several seeds, give of images.

    Parameters
    ----------
    maps : sequence of array-like, each (N, H, W)
        Relevance of the same images and classes by at least two networks.
    share : float
        Share of the relevance that the compared regions hold.

    Returns
    -------
    Pairwise
        By pair of networks and image.

    Raises
    ------
    NpmError
        If there are fewer than two networks, or the maps are not of the same images.
    """
    if len(maps) < 2:
        raise NpmError("Agreement needs the maps of at least two networks: train several seeds.")
    return pairwise(maps, share)


@dataclass(frozen=True)
class Stability:
    """How alike maps stay under noise.

    Attributes
    ----------
    sigma : ndarray of float64, (S,)
        Standard deviations of the noise, in porosity.
    likeness : Likeness
        Maps with against maps without noise, arrays (S, N), mean over the draws.
    """

    sigma: NDArray[np.float64]
    likeness: Likeness


def noise_stability(
    explain: Explain,
    images: Maps,
    target: int | ArrayLike | None = None,
    *,
    sigma: float | Sequence[float] = 0.01,
    draws: int = 3,
    share: float = 0.7,
    seed: int = 0,
    batch_size: int = 8,
    progress: Progress = silent,
) -> Stability:
    """Add white noise to maps and compare the relevance with that without noise.

    Porosity stays in [0, 1]. The same noise is drawn for every sigma, so that only its strength
    differs.

    Parameters
    ----------
    explain : callable
        Takes images and classes, gives relevance; an `Explainer`, for instance.
    images : array-like, (N, H, W) or (N, C, H, W)
        Porosity maps; anything with a length and integer indexing.
    target : int or array-like of int (N,), optional
        Class to explain; by default the one explained without noise, if `explain` says which.
    sigma : float or sequence of float
        Standard deviations of the noise, in porosity, at least 0.
    draws : int
        Draws of noise to average over.
    share : float
        Share of the relevance that the compared regions hold.
    seed : int
        Of the noise; an image's noise depends on its place only.
    batch_size : int
        Images at a time.
    progress : callable
        Called after each batch.

    Returns
    -------
    Stability

    Raises
    ------
    NpmError
        If there are no images, or a parameter is out of bounds.
    """
    sigmas = np.atleast_1d(np.asarray(sigma, dtype=np.float64))
    n = len(images)
    if n == 0 or draws < 1 or batch_size < 1:
        raise NpmError("Stability needs at least one image and one draw of noise.")
    if sigmas.ndim != 1 or not ((sigmas >= 0) & (sigmas < np.inf)).all():
        raise NpmError(f"The noise must have standard deviations of 0 or more, not {sigma}.")
    given = None if target is None else np.broadcast_to(np.asarray(target), (n,))
    parts = []
    for start in range(0, n, batch_size):
        stop = min(start + batch_size, n)
        batch = _read(images, range(start, stop))
        wanted: Any = None if given is None else given[start:stop]
        undisturbed = explain(batch, wanted)
        wanted = getattr(undisturbed, "target", None) if wanted is None else wanted
        kept = Prepared(relevance_of(undisturbed), share)
        noises = [_noise(seed, range(start, stop), draw, batch.shape[1:]) for draw in range(draws)]
        levels = []
        for level in sigmas.astype(np.float32):
            disturbed = [np.clip(batch + level * noise, 0, 1) for noise in noises]
            found = [relevance_of(explain(maps, wanted)) for maps in disturbed]
            levels.append(average([kept.like(Prepared(maps, share)) for maps in found]))
        parts.append(stack(levels))
        progress(stop, n, "Stability under noise")
    return Stability(sigmas, join(parts))


def _noise(
    seed: int, numbers: Sequence[int], draw: int, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    drawn = [
        np.random.default_rng([seed, number, draw]).standard_normal(shape, dtype=np.float32)
        for number in numbers
    ]
    return np.stack(drawn)


def _read(images: Maps, numbers: Sequence[int]) -> NDArray[np.float32]:
    """Return maps as (n, H, W), or (n, C, H, W) with several channels."""
    batch = read_batch(images, numbers)
    return batch[:, 0] if batch.shape[1] == 1 else batch
