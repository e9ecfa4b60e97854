"""A study on disk: one folder, readable without this software."""

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .folder import StudyFolder
from .hashing import hash_file
from .model import ImageEntry, Sample, StudyFile
from .settings import SETTINGS, ImportParameters
from .store import Tile, TileStack

if TYPE_CHECKING:
    import pandas as pd

    from napari_npm.core.network import NanoporosityNet
    from napari_npm.io import SemImage

T = TypeVar("T")


class Study(StudyFolder):
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
        for name in ("tiles", "_tiles_by_image", "_images_by_id"):
            self.__dict__.pop(name, None)

    # samples and images

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The samples, in order; a sample's place is its class number."""
        return self._content.samples

    @property
    def images(self) -> tuple[ImageEntry, ...]:
        """All images, in order."""
        return self._content.images

    @cached_property
    def _images_by_id(self) -> dict[str, ImageEntry]:
        return {image.id: image for image in self.images}

    def image(self, image_id: str) -> ImageEntry:
        """Return the entry of an image by its id."""
        try:
            return self._images_by_id[image_id]
        except KeyError:
            raise NpmError(f"The study has no image {image_id!r}.") from None

    def source(self, image_id: str) -> Path:
        """Return the path of an image's source file."""
        return Path(os.path.normpath(self.folder / self.image(image_id).source))

    def read(self, image_id: str) -> "SemImage":
        """Read an image's source file.

        Raises
        ------
        NpmError
            If it is gone, or is not what was imported.
        """
        from napari_npm.io import read_sem

        path = self.source(image_id)
        if not path.exists():
            raise NpmError(f"{path} is gone: put it back, or import the image from where it is.")
        if hash_file(path) != self.image(image_id).sha256:
            raise NpmError(f"{path} has changed since it was imported: import it again.")
        found, entry = read_sem(path), self.image(image_id)
        if found.pixels.shape != (entry.height, entry.width):
            raise NpmError(
                f"{path} now reads as {found.pixels.shape[0]} x {found.pixels.shape[1]} px but was"
                f" {entry.height} x {entry.width} px: put back the text file that was beside it."
            )
        return found

    @property
    def pixel_size_nm(self) -> float:
        """Pixel size of the study's images in nm.

        Raises
        ------
        NpmError
            If there are no images.
        """
        if not self.images:
            raise NpmError(f"{self.folder} has no images: import some first.")
        return self.images[0].pixel_size_nm

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

    # masks and known truth

    def mask_path(self, image_id: str) -> Path:
        """Return where an image's mask is, or would be, kept."""
        return self.folder / "masks" / f"{self.image(image_id).id}.tif"

    def mask(self, image_id: str) -> NDArray[np.uint8]:
        """Return an image's mask of `Label` values, (row, column); zeros where there is none."""
        from napari_npm.io import read_labels

        path, image = self.mask_path(image_id), self.image(image_id)
        if not path.exists():
            return np.zeros((image.height, image.width), np.uint8)
        return read_labels(path)

    def set_mask(self, image_id: str, labels: NDArray[Any]) -> None:
        """Keep an image's mask, at once and atomically.

        Raises
        ------
        NpmError
            If its shape is not the image's, or the disk refuses.
        """
        self._write_labels(self.mask_path(image_id), image_id, labels)

    def truth_path(self, image_id: str) -> Path:
        """Return where an image's known places of modification are, or would be, kept."""
        return self.folder / "truth" / f"{self.image(image_id).id}.tif"

    def truth(self, image_id: str) -> NDArray[np.bool_] | None:
        """Return the known places of modification (phantoms), or None where unknown."""
        from napari_npm.io import read_labels

        path = self.truth_path(image_id)
        return read_labels(path) > 0 if path.exists() else None

    def set_truth(self, image_id: str, places: NDArray[Any]) -> None:
        """Keep the known places of modification of an image."""
        self._write_labels(self.truth_path(image_id), image_id, np.asarray(places) > 0)

    def _write_labels(self, path: Path, image_id: str, labels: NDArray[Any]) -> None:
        from napari_npm.io import write_labels

        self.require_writable()
        image = self.image(image_id)
        if labels.shape != (image.height, image.width):
            raise NpmError(
                f"The mask of {image_id} is {labels.shape[0]} x {labels.shape[1]} px but its"
                f" image {image.height} x {image.width} px: make one of the image's size."
            )
        write_labels(path, labels.astype(np.uint8), image.pixel_size_nm)

    # maps, relevance, regions, models

    def stack(self, kind: str) -> TileStack:
        """Return the stack ``"mulf"``, ``"micf"``, ``"relevance/<model>"``, ``"regions/<model>"``.

        Regions are flags: 1 characteristic region, 2 boundary feature, 4 high porosity.
        """
        folder, _, name = kind.rpartition("/")
        return TileStack(self.folder / (folder or "maps") / f"{name}.zarr")

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
        """Load a trained model by name; the last one loaded is kept until its file changes."""
        from .models import WEIGHTS, load_model

        folder = self.models_folder / name
        path = folder / WEIGHTS
        stamp = (name, path.stat().st_mtime_ns) if path.exists() else None
        return self.keeping("model", stamp, lambda: load_model(folder))

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
            return pd.read_csv(path, dtype={"image": str, "sample": str, "specimen": str})
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
