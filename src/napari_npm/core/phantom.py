"""Synthetic BSE images of metal-intruded cement paste with a planted change and its truth.

A network that tells samples apart, and a map that says where it looked, can only be believed once
both have been seen to find what is known to be there. A phantom's classes differ in one stated
way, in places that are stored with the image.

C-S-H porosity is a Gaussian copula with a beta marginal, so that its correlation length can change
while its distribution does not; capillary pores, calcium hydroxide and the places are level cuts of
Gaussian fields. Grey levels follow the response y(n) of `core.response`, then come the
point-spread function, shading, drift and noise.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._phantom_config import PhantomClass as PhantomClass
from ._phantom_config import PhantomConfig as PhantomConfig
from ._phantom_config import control as control
from ._phantom_config import planted as planted
from ._phantom_parts import (
    SpecimenTraits,
    capillary_pores,
    csh_porosity,
    generators,
    microscope,
    specimen_traits,
)
from ._phantom_phases import Y_CH, grains, one_place, reference_areas, upper_cut
from ._random_fields import Shape, lookup, smooth_field
from .errors import NpmError
from .masking import Label
from .response import ResponseCurve


@dataclass(frozen=True, eq=False)
class Phantom:
    """A synthetic BSE image and everything that is true of it; all arrays (rows, cols).

    Attributes
    ----------
    bse : uint8 array
        Grey levels as a microscope would store them.
    labels : uint8 array
        `Label`: all unhydrated cement, and the inner part of the reference areas where there are
        some.
    places : bool array
        Where this class differs from the reference class (in the reference class: where the others
        would); only C-S-H and its pores.
    pores : bool array
        Capillary pores and the metal pool, n = 1.
    porosity : float32 array
        True porosity before the microscope; 0 in unhydrated cement and calcium hydroxide.
    class_index, specimen, tile : int
        Which image this is; a mosaic has tile -1.
    g_csh, g_metal : float
        Grey levels of n = 0 and n = 1 in this image, apart from shading.
    pixel_size_nm : float
        Side of a pixel in nm.
    """

    bse: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    places: NDArray[np.bool_]
    pores: NDArray[np.bool_]
    porosity: NDArray[np.float32]
    class_index: int
    specimen: int
    tile: int
    g_csh: float
    g_metal: float
    pixel_size_nm: float


def specimen(
    config: PhantomConfig,
    class_index: int,
    specimen: int,
    *,
    n_tiles: int = 6,
    seed: int = 0,
    curve: ResponseCurve | None = None,
) -> tuple[Phantom, ...]:
    """Make the tiles of one specimen: separate fields of view under the same conditions.

    Parameters
    ----------
    config : PhantomConfig
        What the material is and what is planted.
    class_index : int
        Class of the specimen.
    specimen : int
        Number of the specimen within its class.
    n_tiles : int
        Number of tiles. Tile k is the same whatever their number.
    seed : int
        Seed of the whole experiment. With the same seed two configurations that differ in strength
        only give images that agree outside the places.
    curve : ResponseCurve, optional
        Response y(n); by default that of `default_curve`.

    Returns
    -------
    tuple of Phantom
        Each (config.tile, config.tile).

    Raises
    ------
    NpmError
        If there is no such class.
    """
    shared = specimen_traits(config, class_index, specimen, seed, curve)
    shape = (config.tile, config.tile)
    every = config.reference_every
    return tuple(
        _image(
            config,
            shared,
            shape,
            (class_index, specimen, k),
            seed,
            reference=every > 0 and k % every == 0,
        )
        for k in range(n_tiles)
    )


def mosaic(
    config: PhantomConfig,
    class_index: int,
    specimen: int,
    *,
    shape: Shape = (1536, 1536),
    seed: int = 0,
    curve: ResponseCurve | None = None,
) -> Phantom:
    """Make one large image of a specimen.

    Parameters
    ----------
    config, class_index, specimen, seed, curve
        As in `specimen`.
    shape : tuple of int
        Rows and columns, each at least `config.tile`.

    Returns
    -------
    Phantom
        With reference areas if `config.reference_every` is not 0.

    Raises
    ------
    NpmError
        If there is no such class, or the mosaic is smaller than a tile.
    """
    if min(shape) < config.tile:
        raise NpmError(f"Make the mosaic at least {config.tile} pixels high and wide.")
    shared = specimen_traits(config, class_index, specimen, seed, curve)
    key = (class_index, specimen, -1)
    return _image(config, shared, shape, key, seed, reference=config.reference_every > 0)


def experiment(
    config: PhantomConfig,
    *,
    specimens: int = 5,
    n_tiles: int = 6,
    seed: int = 0,
    curve: ResponseCurve | None = None,
) -> Iterator[Phantom]:
    """Yield every tile of every specimen of every class, one after the other.

    Parameters
    ----------
    config, n_tiles, seed, curve
        As in `specimen`.
    specimens : int
        Specimens in each class.

    Yields
    ------
    Phantom
        Which one it is stands in its `class_index`, `specimen` and `tile`.
    """
    for class_index in range(len(config.classes)):
        for k in range(specimens):
            yield from specimen(config, class_index, k, n_tiles=n_tiles, seed=seed, curve=curve)


def _image(
    config: PhantomConfig,
    shared: SpecimenTraits,
    shape: Shape,
    key: tuple[int, int, int],
    seed: int,
    *,
    reference: bool,
) -> Phantom:
    """Make one image of a specimen."""
    class_index = key[0]
    r_fine, r_coarse, r_pore, r_grain, r_ch, r_place, r_area, r_noise = generators(seed, key, 8)
    labels = np.zeros(shape, dtype=np.uint8)

    warp = smooth_field(r_grain, shape, 1.6 * config.unhydrated_radius_px)
    unhydrated, clinker = grains(
        r_grain, warp, shared.unhydrated_fraction, config.unhydrated_radius_px
    )
    pool = patch = np.zeros(shape, dtype=bool)
    if reference:
        (pool, pool_in), (patch, patch_in) = reference_areas(
            r_area, warp, config.reference_radius_px
        )
        unhydrated &= ~(pool | patch)
        labels[pool_in] = Label.METAL
        labels[patch_in] = Label.CSH
    labels[unhydrated] = Label.UNHYDRATED

    free = ~(unhydrated | pool | patch)
    hydroxide = free & (smooth_field(r_ch, shape, config.ch_px) > upper_cut(config.ch_fraction))
    gel = free & ~hydroxide  # C-S-H with its capillary pores
    places = gel & (
        smooth_field(r_place, shape, config.place_px) > upper_cut(config.place_fraction)
    )
    if config.extent == "one":
        places = one_place(r_place, places, 2.5 * config.place_px)

    pores = capillary_pores(config, shared, r_pore, gel, places, class_index) | pool
    porosity = csh_porosity(config, shared, (r_fine, r_coarse), places, class_index)
    porosity[~gel] = 0.0
    porosity[pores] = 1.0

    signal = lookup(shared.response, porosity)
    signal[unhydrated] = clinker[unhydrated]
    signal[hydroxide] = Y_CH
    offset = config.drift * math.sin(shared.phase + 0.8 * key[2])
    bse = microscope(config, shared, signal, offset, r_noise)
    return Phantom(
        bse=bse,
        labels=labels,
        places=places,
        pores=pores,
        porosity=porosity.astype(np.float32),
        class_index=class_index,
        specimen=key[1],
        tile=key[2],
        g_csh=shared.g_csh + offset,
        g_metal=shared.g_metal + offset,
        pixel_size_nm=config.pixel_size_nm,
    )
