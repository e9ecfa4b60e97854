"""Which reference grey levels an image of a study is calibrated with, and whether they will do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari_npm.core.calibration import Level, pool_levels
from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.response import check_levels
from napari_npm.core.wording import several

from .model import ImageEntry
from .settings import CalibrateParameters, Scope
from .study import Study

SCOPES: tuple[Scope, ...] = ("image", "specimen", "sample", "study")
NAMES = {"csh": "C-S-H", "metal": "metal"}
GIVEN = "given"
"""The scope of a level that is a parameter."""
REFUSED = 0.5
"""Share of saturated pixels above which a reference says nothing."""

Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class References:
    """The two grey levels of one image, and the scopes that they come from."""

    csh: Level
    metal: Level
    csh_scope: str
    metal_scope: str

    @property
    def g_csh(self) -> float:
        """Grey level of C-S-H without metal."""
        return self.csh.mean

    @property
    def g_metal(self) -> float:
        """Grey level of the metal."""
        return self.metal.mean


class Pools:
    """The reference levels of a study's images, averaged over images as far as asked for.

    Parameters
    ----------
    study : Study
        The study.
    parameters : CalibrateParameters
        Given levels, the scope to average over, and what is refused.
    rows : mapping
        Row of the mask step by image.
    """

    def __init__(self, study: Study, parameters: CalibrateParameters, rows: Rows) -> None:
        self._parameters = parameters
        self._own: dict[tuple[str, str], dict[tuple[str, ...], list[Level]]] = {}
        self._pooled: dict[tuple[str, str, tuple[str, ...]], Level | None] = {}
        for image in study.images:
            for name in NAMES:
                level = level_of(rows[image.id], name)
                if level is not None:
                    for scope in SCOPES:
                        groups = self._own.setdefault((name, scope), {})
                        groups.setdefault(_group(image, scope), []).append(level)

    def of(self, image: ImageEntry, *, check: bool = True) -> References:
        """Return the reference levels that an image is calibrated with.

        Parameters
        ----------
        image : ImageEntry
            The image.
        check : bool
            Refuse levels that will not do; else only those that are missing.

        Raises
        ------
        NpmError
            If there is no reference at any scope and no number is given, one is too small or
            saturated, or G_m is not above G_CSH.
        """
        csh, csh_scope = self._level(image, "csh", self._parameters.g_csh)
        metal, metal_scope = self._level(image, "metal", self._parameters.g_metal)
        if check:
            self._check(csh, "csh", image.id, csh_scope)
            self._check(metal, "metal", image.id, metal_scope)
            check_levels(csh.mean, metal.mean, image.id)
        return References(csh, metal, csh_scope, metal_scope)

    def _level(self, image: ImageEntry, name: str, given: float | None) -> tuple[Level, str]:
        if given is not None:
            return Level(given, 0.0, 0), GIVEN
        for scope in SCOPES[SCOPES.index(self._parameters.references) :]:
            level = self._pool(name, scope, _group(image, scope))
            if level is not None:
                return level, scope
        label = int(Label.CSH if name == "csh" else Label.METAL)
        raise NpmError(
            f"There is no {NAMES[name]} reference: mark some as label {label} in a mask, have it"
            f" proposed (propose_references of mask), or give g_{name} as a number."
        )

    def _pool(self, name: str, scope: str, group: tuple[str, ...]) -> Level | None:
        key = (name, scope, group)
        if key not in self._pooled:
            self._pooled[key] = pool_levels(self._own.get((name, scope), {}).get(group, ()))
        return self._pooled[key]

    def _check(self, level: Level, name: str, image_id: str, scope: str) -> None:
        if scope == GIVEN:
            return
        least = self._parameters.min_reference_px
        where = f"of {image_id}" if scope == "image" else f"for {image_id} (from its {scope})"
        if level.count < least:
            raise NpmError(
                f"The {NAMES[name]} reference {where} has {several(level.count, 'pixel')}, fewer"
                f" than min_reference_px = {least}: mark a larger area, or none, and the next wider"
                " scope is used."
            )
        if level.clipped_fraction > REFUSED:
            raise NpmError(
                f"{level.clipped_fraction:.0%} of the {NAMES[name]} reference {where} is saturated,"
                " so its grey level is not known: take the image again with less contrast, or give"
                f" g_{name} as a number."
            )


def references_of(
    study: Study, parameters: CalibrateParameters, image_id: str, rows: Rows
) -> References:
    """Return the reference levels of one image, as `Pools.of` does, without refusing any.

    Raises
    ------
    NpmError
        If there is no reference at any scope and no number is given.
    """
    return Pools(study, parameters, rows).of(study.image(image_id), check=False)


def level_of(row: Mapping[str, Any], name: str) -> Level | None:
    """Return the level of a reference from an image's row of the mask step, or None."""
    if not row[f"{name}_count"]:
        return None
    return Level(
        row[f"{name}_mean"],
        row[f"{name}_std"],
        row[f"{name}_count"],
        row.get(f"{name}_clipped") or 0,
        row.get(f"{name}_error") or 0.0,
    )


def _group(image: ImageEntry, scope: str) -> tuple[str, ...]:
    return {
        "image": (image.id,),
        "specimen": (image.sample, image.specimen),
        "sample": (image.sample,),
        "study": (),
    }[scope]
