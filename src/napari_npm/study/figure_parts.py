"""What the panels of a figure by a preset show: which images, and the data of their layers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_npm.core.errors import NpmError

from .figure_settings import FigurePreset
from .folder import command
from .results import Flag, parts_of
from .store import Tile
from .study import Study
from .wiring import MAP_NAMES, shown_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The step that makes what a layer shows.
_MADE_BY = {
    "mulf": "calibrate",
    "micf": "smooth",
    "relevance": "explain",
    "difference": "explain",
    "regions": "regions",
}
_FLAGS = {
    "boundary": Flag.BOUNDARY,
    "regions": Flag.CHARACTERISTIC,
    "extracted": Flag.CHARACTERISTIC,
    "high": Flag.HIGH_POROSITY,
}


@dataclass(frozen=True)
class Subject:
    """An image, or a tile of it."""

    image: str
    sample: str
    pixel_size_nm: float
    tile: Tile | None = None

    @property
    def name(self) -> str:
        """Its name in the study."""
        return self.image if self.tile is None else self.tile.name

    @property
    def file_name(self) -> str:
        """Its name as a part of a file's."""
        return self.name.replace("@", "_at_").replace(",", "_")


def subjects(study: Study, preset: FigurePreset) -> list[Subject]:
    """Return the images or tiles that a figure shows, as many as its layout has room for.

    Raises
    ------
    NpmError
        If a name is no image, tile or sample of the study, or there is nothing to show.
    """
    found = _named(study, preset.images) or _of_samples(study, preset)
    if preset.tiles:
        found = [tile for one in found for tile in _tiles_of(study, one)]
    if not found:
        raise NpmError(f"{study.folder} has no image to make a figure of: import some first.")
    if preset.pick is not None:
        if not preset.images:
            found = _tested(study, found)
        from napari_npm.figures import choose

        found = [found[k] for k in choose(len(found), preset.pick, seed=preset.seed)]
    return found[: _room(preset)]


def _room(preset: FigurePreset) -> int | None:
    """Return how many images or tiles a layout has room for."""
    if preset.layout == "single":
        return 1
    if preset.layout == "montage":
        return max(1, preset.rows * preset.columns // len(preset.layers))
    # what is not picked is shown whole, but no figure has hundreds of rows
    return preset.pick or (max(1, len(preset.images)) if preset.images else 4)


def _named(study: Study, names: Sequence[str]) -> list[Subject]:
    found = []
    for name in names:
        image, _, place = name.partition("@")
        entry = study.image(image)
        tile = None
        if place:
            tile = next((one for one in study.tiles_of(image) if one.name == name), None)
            if tile is None:
                first = study.tiles_of(image)[0].name
                raise NpmError(f"{image} has no tile {name!r}: its tiles are named like {first}.")
        found.append(Subject(image, entry.sample, entry.pixel_size_nm, tile))
    return found


def _of_samples(study: Study, preset: FigurePreset) -> list[Subject]:
    known = [sample.name for sample in study.samples]
    for name in preset.samples:
        if name not in known:
            raise NpmError(f"The study has no sample {name!r}: its samples are {', '.join(known)}.")
    wanted = preset.samples or known
    images = [image for image in study.images if image.sample in wanted]
    if preset.layout == "side_by_side" and preset.pick is None:
        # the first of each sample tells more than the first few of one
        images = [next(one for one in images if one.sample == name) for name in wanted]
        return [
            Subject(one.id, one.sample, one.pixel_size_nm, _first_tile(study, one.id, preset))
            for one in images
        ]
    return [Subject(one.id, one.sample, one.pixel_size_nm) for one in images]


def _tested(study: Study, found: list[Subject]) -> list[Subject]:
    """Return the tiles that test, where there is a split; else all."""
    if study.state("split").finish is None:
        return found
    parts = parts_of(study)
    return [one for one in found if one.tile and parts[one.tile.index] == "test"] or found


def _first_tile(study: Study, image: str, preset: FigurePreset) -> Tile | None:
    return study.tiles_of(image)[0] if preset.tiles else None


def _tiles_of(study: Study, one: Subject) -> list[Subject]:
    if one.tile is not None:
        return [one]
    return [
        Subject(one.image, one.sample, one.pixel_size_nm, tile)
        for tile in study.tiles_of(one.image)
    ]


class Source:
    """The data of a figure's layers, each read once for each image or tile.

    Parameters
    ----------
    study : Study
        The study.
    network : str
        Whose relevance and regions are shown.
    """

    def __init__(self, study: Study, network: str) -> None:
        self._study = study
        self._network = network
        self._kept: dict[tuple[Subject, str], NDArray[Any]] = {}

    def read(self, one: Subject, layer: str) -> "NDArray[Any]":
        """Return the data behind a layer: values, labels or flags, (rows, columns).

        Raises
        ------
        NpmError
            If they are not made yet, or their files are gone.
        """
        key = (one, layer)
        if key not in self._kept:
            self._kept[key] = self._read(one, layer)
        return self._kept[key]

    @property
    def network_map(self) -> str:
        """The map that relevance is shown on: ``mulf`` or ``micf``."""
        return shown_map(self._network)

    def high(self, one: Subject) -> "NDArray[Any]":
        """Return the HP pixels that relevance is told apart by."""
        if self._has(one, f"regions/{self._network}"):
            return self.read(one, "high")
        return self.read(one, "lp_hp")

    def levels(self, one: Subject) -> tuple[float, float]:
        """Return the grey levels of a BSE image that are shown black and white."""
        whole = self.read(replace(one, tile=None), "bse")
        step = max(1, round((whole.size / 1e6) ** 0.5))
        low, high = (float(level) for level in np.percentile(whole[::step, ::step], (0.1, 99.9)))
        return (low, high) if high > low else (low, low + 1)

    def _read(self, one: Subject, layer: str) -> "NDArray[Any]":
        if layer in ("bse", "mask"):
            if one.tile is not None:
                # a source is read and checked as a whole
                return _cut(self.read(replace(one, tile=None), layer), one.tile)
            study = self._study
            return study.read(one.image).pixels if layer == "bse" else study.mask(one.image)
        if layer in _FLAGS:
            return (self.read(one, "flags") & _FLAGS[layer]) > 0
        if layer == "lp_hp":
            from napari_npm.core.regions import isodata_split

            return isodata_split(self.read(one, "grey")).high
        if layer == "grey":
            return self.read(one, self.network_map)
        step = "regions" if layer == "flags" else layer
        kind = layer if layer in ("mulf", "micf") else f"{step}/{self._network}"
        if not self._has(one, kind):
            raise NpmError(self._missing(one, step))
        stack = self._study.stack(kind)
        if one.tile is not None:
            values: NDArray[Any] = stack.read([one.tile])[0]
            return values
        whole = self._study.stacked(one.image, kind)
        assert whole is not None
        return whole

    def _has(self, one: Subject, kind: str) -> bool:
        tiles = [one.tile] if one.tile is not None else self._study.tiles_of(one.image)
        return bool(tiles) and self._study.stack(kind).has(tiles)

    def _missing(self, one: Subject, what: str) -> str:
        words = {"mulf": "MulF map", "micf": "MicF map", "difference": "class difference"}
        name = words.get(what, what)
        if what not in ("mulf", "micf"):
            name += f" by the {MAP_NAMES[self._network]} network"
        step = _MADE_BY[what]
        return (
            f"{one.image} has no {name} yet: run"
            f" {command(f'run --until {step}', self._study.folder)}, or choose other layers."
        )


def _cut(whole: "NDArray[Any]", tile: Tile) -> "NDArray[Any]":
    from napari_npm.core.tiling import TILE

    return whole[tile.row : tile.row + TILE, tile.col : tile.col + TILE]
