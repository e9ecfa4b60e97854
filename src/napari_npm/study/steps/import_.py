"""import: SEM images as tiles of 384 x 384 px with their place and pixel size."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_value
from napari_npm.study.settings import ImportParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import tile_places
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, tile_row, write_rows


class Import(Step[ImportParameters]):
    """Check the sources and say where each tile lies."""

    name = "import"
    title = "Import"
    summary = "Take SEM images into the study and cut mosaics into tiles of 384 x 384 px."
    Parameters = ImportParameters

    def items(self, study: Study, parameters: ImportParameters) -> Sequence[Item]:
        """One item an image."""
        if not study.images:
            raise NpmError(f"{study.folder} has no images: import some first.")
        return [
            Item(
                image.id,
                {
                    "image": image.sha256,
                    "sample": image.sample,
                    "specimen": image.specimen,
                    "tiles": tile_places(study.tiles_of(image.id)),
                },
            )
            for image in study.images
        ]

    def compute(
        self,
        study: Study,
        parameters: ImportParameters,
        item: Item,
        progress: Progress,
    ) -> tuple[str, ...]:
        """Read the image once; return its warnings."""
        return tuple(study.read(item.id).warnings)

    def store(
        self,
        study: Study,
        parameters: ImportParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Keep the image's facts as a row."""
        image = study.image(item.id)
        facts = image.model_dump(mode="json", exclude={"warnings"})
        row = {**facts, "tiles": len(study.tiles_of(item.id)), "warnings": " ".join(result)}
        return Stored(hash_value(row), (row,))

    def finish(
        self,
        study: Study,
        parameters: ImportParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write the tables of images and of tiles."""
        return [
            write_rows(study, "images", all_rows(records)),
            write_rows(study, "tiles", [tile_row(tile) for tile in study.tiles]),
        ]
