"""How a phantom's specimens differ, and the steps from Gaussian fields to grey levels."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ._phantom_config import PhantomConfig
from ._phantom_phases import highest
from ._random_fields import (
    Float,
    beta_scores,
    field_from_spectrum,
    scores_to_beta,
    smooth_field,
    white_spectrum,
)
from .errors import NpmError
from .response import ResponseCurve, default_curve


@dataclass(frozen=True, eq=False)
class SpecimenTraits:
    """What all images of one specimen have in common; `phase` is that of its slow drift."""

    csh_table: Float
    pore_fraction: float
    unhydrated_fraction: float
    g_csh: float
    g_metal: float
    psf_px: float
    shading: Float
    phase: float
    response: Float


def generators(seed: int, key: tuple[int, ...], purposes: int) -> tuple[np.random.Generator, ...]:
    """Make independent generators, one a purpose, so that no draw shifts those of another."""
    sequence = np.random.SeedSequence(seed, spawn_key=tuple(k + 1 for k in key))
    return tuple(np.random.Generator(np.random.PCG64(s)) for s in sequence.spawn(purposes))


def specimen_traits(
    config: PhantomConfig,
    class_index: int,
    number: int,
    seed: int,
    curve: ResponseCurve | None,
) -> SpecimenTraits:
    """Draw what a specimen's images have in common."""
    if not 0 <= class_index < len(config.classes):
        raise NpmError(
            f"Choose a phantom class from 0 to {len(config.classes) - 1}, not {class_index}."
        )
    (rng,) = generators(seed, (class_index, number), 1)
    kind = config.classes[class_index]
    # Clipped, so that no specimen is a freak; nine draws whatever is asked, in this order.
    z = config.specimen_spread * np.clip(rng.standard_normal(9), -2.0, 2.0)
    mean = min(max(config.csh_porosity * (1 + 0.06 * z[0]) + kind.porosity, 0.02), 0.9)
    spread = min(config.csh_spread * (1 + 0.12 * z[1]), 0.9 * math.sqrt(mean * (1 - mean)))
    fraction = config.unhydrated_fraction * (1 + 0.15 * z[3]) + kind.unhydrated
    brightness = 3.0 * z[4] + kind.brightness
    nodes = np.linspace(0.0, 1.0, 2049)
    response = (curve or default_curve()).signal(nodes)
    return SpecimenTraits(
        csh_table=beta_scores(mean, spread),
        pore_fraction=config.pore_fraction * (1 + 0.10 * z[2]),
        unhydrated_fraction=fraction,
        g_csh=config.g_csh + brightness,
        g_metal=config.g_metal + brightness + 4.0 * z[5],
        psf_px=config.psf_px * (1 + 0.05 * z[6]),
        shading=0.5 * config.shading * np.array([z[7], z[8], -1.0]),
        phase=2.0 * math.pi * float(rng.random()),
        response=np.asarray(response, dtype=np.float64),
    )


def capillary_pores(
    config: PhantomConfig,
    shared: SpecimenTraits,
    rng: np.random.Generator,
    gel: NDArray[np.bool_],
    places: NDArray[np.bool_],
    class_index: int,
) -> NDArray[np.bool_]:
    """Cut the capillary pores; their area inside and outside the places hangs on no effect."""
    # The area differs from image to image as it would by chance, by the same draw for any class.
    low, high = 0.8, 1.2
    fraction = shared.pore_fraction * float(rng.uniform(low, high))
    white = white_spectrum(rng, gel.shape)
    outer = gel & ~places
    base = field_from_spectrum(white, gel.shape, config.pore_px)
    inside = config.pore_px_inside(class_index)
    fine = base if inside == config.pore_px else field_from_spectrum(white, gel.shape, inside)
    return highest(base, outer, fraction) | highest(fine, places, fraction)


def csh_porosity(
    config: PhantomConfig,
    shared: SpecimenTraits,
    rngs: tuple[np.random.Generator, np.random.Generator],
    places: NDArray[np.bool_],
    class_index: int,
) -> Float:
    """Draw the porosity of C-S-H: one marginal everywhere, another fineness in the places."""
    white = white_spectrum(rngs[0], places.shape)
    scores = field_from_spectrum(white, places.shape, config.correlation_px)
    inside = config.correlation_inside(class_index)
    if inside != config.correlation_px:
        # The same modes in another mixture: the two fields meet at the outlines without a seam.
        scores = np.where(places, field_from_spectrum(white, places.shape, inside), scores)
    scores *= math.sqrt(1.0 - config.coarse_share)
    coarse = smooth_field(rngs[1], places.shape, config.coarse_px)
    scores += math.sqrt(config.coarse_share) * coarse
    return scores_to_beta(scores, shared.csh_table)


def microscope(
    config: PhantomConfig,
    shared: SpecimenTraits,
    signal: Float,
    offset: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Turn the signal into grey levels: focus, contrast, shading, noise, 8 bits."""
    grey = ndimage.gaussian_filter(signal, shared.psf_px, mode="nearest", truncate=3.0)
    grey *= shared.g_metal - shared.g_csh
    grey += shared.g_csh + offset
    y = np.linspace(-1.0, 1.0, signal.shape[0])[:, None]
    x = np.linspace(-1.0, 1.0, signal.shape[1])[None, :]
    tilt_y, tilt_x, bowl = shared.shading
    grey *= (1.0 + tilt_y * y + bowl * (y * y - 1 / 3)) + (tilt_x * x + bowl * (x * x - 1 / 3))
    noise = rng.standard_normal(signal.shape)
    noise *= np.sqrt(config.read_noise**2 + config.shot_noise * np.maximum(grey, 0.0))
    grey += noise
    levels: NDArray[np.uint8] = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return levels
