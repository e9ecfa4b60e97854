"""What a phantom is made of, and what is planted in it."""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from .errors import NpmError

Variant = Literal["nano", "micro", "both", "none"]
Control = Literal["no effect", "one place", "decoy unhydrated", "decoy brightness"]

# Of the finest class against the reference; the classes between are spaced evenly in the logarithm.
_FINEST = {"correlation": 0.5, "pore_size": 0.45}


@dataclass(frozen=True)
class PhantomClass:
    """How one class differs from the reference; the defaults are the reference itself.

    Parameters
    ----------
    correlation : float
        Nano effect: factor on the correlation length of the C-S-H porosity, inside the places only.
    pore_size : float
        Micro effect: factor on the size of the capillary pores at equal pore area, inside the
        places only.
    porosity : float
        Shift of the mean C-S-H porosity, everywhere: what porosity alone can see.
    unhydrated : float
        Shift of the area fraction of unhydrated cement: a decoy, no part of the effect.
    brightness : float
        Shift of all grey levels: a decoy that a right calibration takes out again.
    """

    correlation: float = 1.0
    pore_size: float = 1.0
    porosity: float = 0.0
    unhydrated: float = 0.0
    brightness: float = 0.0


@dataclass(frozen=True)
class PhantomConfig:
    """Everything that shapes a phantom but the seed.

    Lengths are in pixels unless the name says otherwise; a correlation length is the distance at
    which the correlation of the Gaussian field behind a structure has fallen to 1/e.

    Parameters
    ----------
    classes : tuple of PhantomClass
        One for each sample; any number.
    strength : float
        Exponent on the factors of the classes: 0 plants nothing, 1 plants them as they are.
    extent : {"all", "one"}
        Whether the effect is in all places or in one place of each image only.
    tile : int
        Side of a tile.
    pixel_size_nm : float
        Side of a pixel in nm (the paper: 52).
    csh_porosity, csh_spread : float
        Mean and standard deviation of the beta distribution of the C-S-H porosity.
    correlation_px : float
        Correlation length of the fine part of the C-S-H porosity.
    coarse_px, coarse_share : float
        Correlation length of its coarse part, and that part's share of the variance.
    place_px, place_fraction : float
        Correlation length of the field whose peaks are the places, and their area fraction.
    pore_px, pore_fraction : float
        The same of the capillary pores.
    unhydrated_fraction, unhydrated_radius_px : float
        Area fraction of unhydrated cement and median equivalent radius of its grains.
    ch_px, ch_fraction : float
        Correlation length and area fraction of calcium hydroxide.
    reference_every : int
        Every such tile (from the first one) holds a metal pool and a patch of C-S-H without metal,
        where G_m and G_CSH can be measured; 0 for none.
    reference_radius_px : float
        Radius of the pool and of the patch.
    g_csh, g_metal : float
        Grey levels of C-S-H at n = 0 and of metal.
    psf_px : float
        Standard deviation of the point-spread function.
    read_noise, shot_noise : float
        Noise in grey levels: ``variance = read_noise**2 + shot_noise * signal``.
    shading : float
        Relative amplitude of the uneven illumination of a specimen's images.
    drift : float
        Grey levels by which brightness swings slowly from tile to tile of a specimen.
    specimen_spread : float
        Factor on all differences between specimens (porosity, its spread, pore and UC fraction,
        brightness, contrast, focus); 0 makes all specimens of a class alike.
    """

    classes: tuple[PhantomClass, ...] = field(
        default_factory=lambda: tuple(
            PhantomClass(correlation=_FINEST["correlation"] ** (k / 2)) for k in range(3)
        )
    )
    strength: float = 1.0
    extent: Literal["all", "one"] = "all"
    tile: int = 384
    pixel_size_nm: float = 52.0
    csh_porosity: float = 0.20
    csh_spread: float = 0.10
    correlation_px: float = 5.0
    coarse_px: float = 40.0
    coarse_share: float = 0.25
    place_px: float = 24.0
    place_fraction: float = 0.35
    pore_px: float = 14.0
    pore_fraction: float = 0.05
    unhydrated_fraction: float = 0.10
    unhydrated_radius_px: float = 20.0
    ch_px: float = 22.0
    ch_fraction: float = 0.06
    reference_every: int = 3
    reference_radius_px: float = 24.0
    g_csh: float = 62.0
    g_metal: float = 205.0
    psf_px: float = 0.8
    read_noise: float = 2.0
    shot_noise: float = 0.06
    shading: float = 0.02
    drift: float = 2.0
    specimen_spread: float = 1.0

    def __post_init__(self) -> None:
        if not self.classes:
            raise NpmError("Give the phantom at least one class.")
        if self.strength < 0:
            raise NpmError("Give the phantom a strength of 0 (no effect) or more.")
        if self.tile < 64:
            raise NpmError("Make the phantom's tiles at least 64 pixels wide.")
        if not 0 <= self.g_csh < self.g_metal <= 255:
            raise NpmError("Give the phantom grey levels with 0 <= g_csh < g_metal <= 255.")
        if any(k.correlation <= 0 or k.pore_size <= 0 for k in self.classes):
            raise NpmError("Give the phantom's classes factors above 0.")

    def correlation_inside(self, class_index: int) -> float:
        """Correlation length in pixels of a class's C-S-H porosity inside the places."""
        return self.correlation_px * math.pow(self.classes[class_index].correlation, self.strength)

    def pore_px_inside(self, class_index: int) -> float:
        """Correlation length in pixels of a class's capillary pores inside the places."""
        return self.pore_px * math.pow(self.classes[class_index].pore_size, self.strength)


def planted(variant: Variant, *, n_classes: int = 3, strength: float = 1.0) -> PhantomConfig:
    """Make a configuration whose classes carry one kind of effect, rising from class to class.

    Parameters
    ----------
    variant : {"nano", "micro", "both", "none"}
        "nano" shortens the correlation of the C-S-H porosity inside the places to 1, 0.71, 0.5 of
        the reference (three classes), "micro" makes the capillary pores there 1, 0.67, 0.45 times
        as large at equal area.
    n_classes : int
        Number of classes; the first is the untouched reference.
    strength : float
        Exponent on these factors.

    Returns
    -------
    PhantomConfig
    """
    if n_classes < 2:
        raise NpmError("Plant an effect in at least two classes.")
    nano = _FINEST["correlation"] if variant in ("nano", "both") else 1.0
    micro = _FINEST["pore_size"] if variant in ("micro", "both") else 1.0
    steps = [k / (n_classes - 1) for k in range(n_classes)]
    classes = tuple(PhantomClass(correlation=nano**s, pore_size=micro**s) for s in steps)
    return PhantomConfig(classes=classes, strength=strength)


def control(config: PhantomConfig, kind: Control) -> PhantomConfig:
    """Turn a configuration into one of the controls that a method has to pass.

    Parameters
    ----------
    config : PhantomConfig
        The experiment to be controlled.
    kind : {"no effect", "one place", "decoy unhydrated", "decoy brightness"}
        "no effect": all classes are the reference, so that no method may do better than chance.
        "one place": the effect is in one place of each image, and nothing else tells the classes.
        The decoys have no effect in the places, but the area of unhydrated cement (0.05 a class) or
        the brightness (8 grey levels a class) goes with the class.

    Returns
    -------
    PhantomConfig
    """
    n = len(config.classes)
    if kind == "no effect":
        return replace(config, classes=(PhantomClass(),) * n)
    if kind == "one place":
        alone = tuple(
            PhantomClass(correlation=c.correlation, pore_size=c.pore_size) for c in config.classes
        )
        return replace(config, classes=alone, extent="one")
    if kind == "decoy unhydrated":
        return replace(config, classes=tuple(PhantomClass(unhydrated=0.05 * k) for k in range(n)))
    if kind == "decoy brightness":
        return replace(config, classes=tuple(PhantomClass(brightness=8.0 * k) for k in range(n)))
    raise NpmError(f"Choose a control that exists; there is none named {kind!r}.")
