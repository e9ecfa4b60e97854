"""A study on disk: one folder, readable without this software."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .folder import command
from .hashing import hash_file
from .model import StudyFile
from .preset_store import StudyPresets
from .settings import SETTINGS, ImportParameters
from .store import Tile, TileStack

if TYPE_CHECKING:
    import pandas as pd

    from napari_npm.core.network import NanoporosityNet

T = TypeVar("T")


class Study(StudyPresets):
    """A study: samples, their images, masks, maps, models and results in one folder.

    Made by `Study.create` or `Study.open`; a context manager that gives the folder back at the
    end. Sources are referred to by relative path and SHA-256 and never changed.

    Attributes
    ----------
    folder : Path
        The study's folder, absolute.
    """

    def _set(self, content: StudyFile) -> None:
        super()._set(content)
        for name in ("tiles", "_tiles_by_image"):
            self.__dict__.pop(name, None)

    # tiles

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        """All tiles of all images, in order: the index of every stack."""
        from napari_npm.core.tiling import tile_origins

        parameters = self.parameters("import")
        assert isinstance(parameters, ImportParameters)
        places = [
            (image, origin)
            for image in self.images
            for origin in tile_origins(
                (image.height, image.width), overlap=parameters.overlap_px, edge=parameters.edge
            )
        ]
        return tuple(
            Tile(index, image.id, image.sample, image.specimen, *origin)
            for index, (image, origin) in enumerate(places)
        )

    @cached_property
    def _tiles_by_image(self) -> dict[str, tuple[Tile, ...]]:
        found: dict[str, list[Tile]] = {image.id: [] for image in self.images}
        for tile in self.tiles:
            found[tile.image].append(tile)
        return {image: tuple(tiles) for image, tiles in found.items()}

    def tiles_of(self, image_id: str) -> tuple[Tile, ...]:
        """Return the tiles of one image."""
        return self._tiles_by_image[self.image(image_id).id]

    @property
    def tile_labels(self) -> NDArray[np.int64]:
        """Class number of each tile: the place of its sample in `samples`."""
        order = {sample.name: number for number, sample in enumerate(self.samples)}
        return np.array([order[tile.sample] for tile in self.tiles], dtype=np.int64)

    # maps, relevance, regions, models

    def stack(self, kind: str) -> TileStack:
        """Return the stack ``"mulf"``, ``"micf"``, ``"relevance/<model>"``, ``"regions/<model>"``.

        Regions are flags: 1 characteristic region, 2 boundary feature, 4 high porosity.
        """
        stacks: dict[str, TileStack] = self.__dict__.setdefault("_stacks", {})
        if kind not in stacks:
            folder, _, name = kind.rpartition("/")
            stacks[kind] = TileStack(self.folder / (folder or "maps") / f"{name}.zarr")
        return stacks[kind]

    def stacked(self, image_id: str, kind: str) -> NDArray[Any] | None:
        """Return an image put together from its tiles of a stack, or None where not made yet.

        Pixels that no tile covers are 0.
        """
        from napari_npm.core.tiling import assemble

        stack, tiles, image = self.stack(kind), self.tiles_of(image_id), self.image(image_id)
        if not tiles or not stack.has(tiles):
            return None
        origins = tuple((tile.row, tile.col) for tile in tiles)
        return assemble(stack.read(tiles), origins, (image.height, image.width))

    @property
    def models_folder(self) -> Path:
        """Folder of the trained models."""
        return self.folder / "models"

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the trained models."""
        cards = self.models_folder.glob("*/weights.safetensors")
        return tuple(sorted(card.parent.name for card in cards))

    def load_model(self, name: str) -> "NanoporosityNet":
        """Load a trained model by name; the last one loaded is kept until its file changes.

        Raises
        ------
        NpmError
            If its file is missing, damaged, or not the one that the train step wrote.
        """
        from .models import WEIGHTS, load_model

        folder = self.models_folder / name
        path = folder / WEIGHTS
        record = self.state("train").records.get(name)
        if record is not None and path.exists() and self.weights_hash(name) != record.output:
            raise NpmError(
                f"{path} is not what the train step wrote (damaged or replaced): train the model"
                f" anew with {command('train', self.folder)}."
            )
        stamp = (name, path.stat().st_mtime_ns) if path.exists() else None
        return self.keeping("model", stamp, lambda: load_model(folder))

    def weights_hash(self, name: str) -> str:
        """Return the hash of a model's weights, found anew only when their file has changed."""
        from .models import WEIGHTS

        path = self.models_folder / name / WEIGHTS
        about = path.stat()
        stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
        return self.keeping(f"hash of {name}", stamp, lambda: hash_file(path))

    def keeping(self, what: str, stamp: Any, make: Callable[[], T]) -> T:
        """Return what is costly to make again, made anew only when its stamp has changed."""
        kept: dict[str, tuple[Any, Any]] = self.__dict__.setdefault("_kept", {})
        if what not in kept or kept[what][0] != stamp:
            kept[what] = (stamp, make())
        value: T = kept[what][1]
        return value

    # tables and progress

    @property
    def results_folder(self) -> Path:
        """Folder of the result tables."""
        return self.folder / "results"

    @property
    def figures_folder(self) -> Path:
        """Folder of the figures."""
        return self.folder / "figures"

    def table(self, name: str) -> "pd.DataFrame | None":
        """Return a result table by name, or None where not made yet."""
        import pandas as pd

        path = self.results_folder / f"{name}.csv"
        if not path.exists():
            return None
        try:
            return pd.read_csv(
                path,
                dtype={"image": str, "sample": str, "specimen": str},
                skiprows=_comment_lines(path),
            )
        except pd.errors.EmptyDataError:
            # a comparison that these samples do not allow has no rows
            return pd.DataFrame()

    def progress_of(self, image_id: str) -> dict[str, bool]:
        """Tell for each image-wise step whether it has done an image."""
        return {
            name: any(
                item == image_id or item.endswith(f"/{image_id}")
                for item in self.state(name).records
            )
            for name in SETTINGS
        }


def _comment_lines(path: Path) -> int:
    """Return how many lines of comment a table begins with."""
    with path.open(encoding="utf-8") as file:
        return next((number for number, line in enumerate(file) if line[:1] != "#"), 0)
