"""What the parts of a split share although they should not, in one sentence for every result."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.core.wording import several

from .results import SPLIT_ITEM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_npm.core.leakage import Leak

    from .store import Tile
    from .study import Study

LEAK = "leak"
"""Column of the split's table: what a tile that is held back shares with another part."""
PIXELS = "pixels"
"""Column of the split's table: `core.leakage.pixel_key` of the tile's grey values."""
TWIN = "same_pixels_as"
"""Column of the split's table: the first tile with the same pixels, where there are several."""
INHERENT = {"tile": {"specimen", "image"}, "image": {"specimen"}}
"""What a split shares because it was asked to, by what it keeps together."""
_SHARE = {
    "specimen": "come from a specimen that {other} knows",
    "image": "come from an image (mosaic) that {other} knows",
    "overlap": "overlap {tiles}",
    "duplicate": "have the same pixels as {tiles}",
}
_REMEDY = {
    "specimen": "put each specimen into one part",
    "image": "put each image into one part",
    "overlap": "split by specimen, or import without overlap (--overlap-px 0 --edge drop)",
    "duplicate": "take one of the two out of the study",
}


def leak_note(study: "Study") -> str | None:
    """Return the sentence that every result of this split must carry, or None where it is clean.

    Parameters
    ----------
    study : Study
        Whose split step has run.
    """
    record = study.state("split").records.get(SPLIT_ITEM)
    return None if record is None else note_of(record.rows)


def note_of(rows: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the sentence on the leaks in the rows of a split's table."""
    held: dict[str, list[list[str]]] = {"test": [], "validation": []}
    for row in rows:
        if row["part"] in held:
            held[row["part"]].append(row.get(LEAK, "").split())
    for part, end in (
        ("test", "accuracies are too good for material that was not seen before"),
        ("validation", "the best epoch may be chosen too late"),
    ):
        counts = {
            kind: sum(kind in kinds for kinds in held[part])
            for kind in _SHARE
            if any(kind in kinds for kinds in held[part])
        }
        if counts.get("specimen") == counts.get("image"):
            counts.pop("specimen", None)
        if counts:
            said = " and ".join(
                f"{count} of {several(len(held[part]), f'{part} tile')} "
                + _verb(_SHARE[kind], count).format(
                    other="another part", tiles="tiles of another part"
                )
                for kind, count in counts.items()
            )
            return f"The parts are not independent: {said}; {end}."
    return None


def refuse_leaks(leaks: Sequence["Leak"], tiles: Sequence["Tile"], allowed: set[str]) -> None:
    """Raise `NpmError` for the first leak that is not allowed."""
    for leak in leaks:
        if leak.kind not in allowed:
            one, other = (tiles[int(of[0])].name for of in (leak.tiles, leak.partners))
            n = len(leak.tiles)
            raise NpmError(
                f"{several(n, 'tile')} held back from training"
                f" {_verb(_SHARE[leak.kind], n).format(other='another part', tiles='others')}"
                f" ({one} and {other}), so the test would be too good: {_REMEDY[leak.kind]}, or"
                " allow it with --allow-leaks, which is stated on every result."
            )


def _verb(words: str, n: int) -> str:
    first, _, rest = words.partition(" ")
    return words if n != 1 else f"{'has' if first == 'have' else first + 's'} {rest}"


def read_pixel_keys(study: "Study", progress: Progress) -> None:
    """Read every image that was not read before, and keep the key of each of its tiles.

    The keys are of the grey values as the microscope wrote them: neither masks nor calibration
    can hide that two tiles are the same. An image that cannot be read is left out.
    """
    from napari_npm.core.leakage import pixel_key
    from napari_npm.core.tiling import TILE
    from napari_npm.io import write_json

    known = _kept(study)
    new = False
    try:
        for done, image in enumerate(study.images):
            own = known.setdefault(image.sha256, {})
            missing = [tile for tile in study.tiles_of(image.id) if _place(tile) not in own]
            if missing:
                try:
                    pixels = study.read(image.id).pixels
                except NpmError:
                    continue
                for tile in missing:
                    cut = pixels[tile.row : tile.row + TILE, tile.col : tile.col + TILE]
                    own[_place(tile)] = pixel_key(cut)
                new = True
                progress(done + 1, len(study.images), f"Look for identical tiles: {image.id}")
    finally:
        if new:
            write_json(_keys_path(study), known)


def pixel_keys(study: "Study") -> list[str]:
    """Return the key of each tile's pixels; empty where its image could not be read."""
    known = _kept(study)
    files = {image.id: image.sha256 for image in study.images}
    return [known.get(files[tile.image], {}).get(_place(tile), "") for tile in study.tiles]


def twins_of(study: "Study", keys: Sequence[str]) -> "NDArray[np.int64]":
    """Return the group of each tile: those of one group have the same pixels, turned or not."""
    from napari_npm.core.leakage import find_twins
    from napari_npm.core.tiling import TILE

    @lru_cache(maxsize=8)
    def image(name: str) -> Any:
        return study.read(name).pixels

    def read(number: int) -> Any:
        tile = study.tiles[number]
        return image(tile.image)[tile.row : tile.row + TILE, tile.col : tile.col + TILE]

    try:
        return find_twins(keys, read)
    except NpmError:
        # the files are gone since their keys were made: different pixels hardly share one
        first: dict[str, int] = {}
        return np.array([first.setdefault(key or str(i), i) for i, key in enumerate(keys)])


def leaks_of(
    study: "Study", parts: Sequence[str], twins: "NDArray[np.int64]"
) -> tuple["Leak", ...]:
    """Return what the parts of a study's tiles share."""
    from napari_npm.core.leakage import find_leaks

    files = {image.id: image.sha256 for image in study.images}
    return find_leaks(
        parts,
        specimens=[f"{tile.sample}/{tile.specimen}" for tile in study.tiles],
        images=[tile.image for tile in study.tiles],
        # by content: a file that was imported twice is one place
        places=[(files[tile.image], tile.row, tile.col) for tile in study.tiles],
        twins=twins,
    )


def warnings_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what a user should know of a split, from the rows of its table."""
    note = note_of(rows)
    said = [] if note is None else [note]
    unread = [str(row["image"]) for row in rows if not row.get(PIXELS)]
    if unread:
        names = list(dict.fromkeys(unread))
        said.append(
            f"{several(len(names), 'image')} could not be read ({names[0]} the first): whether"
            " their tiles are identical to others is not known."
        )
    samples: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        first = samples.setdefault(row[TWIN], row) if row.get(TWIN) else row
        if first["sample"] != row["sample"]:
            said.append(
                f"A tile of {first['image']} (sample {first['sample']}) and one of {row['image']}"
                f" (sample {row['sample']}) have the same pixels: one of them is in the wrong"
                " sample."
            )
            break
    return said


def _place(tile: "Tile") -> str:
    return f"{tile.row},{tile.col}"


def _keys_path(study: "Study") -> Path:
    return study.folder / "state" / "split" / "pixels.json"


def _kept(study: "Study") -> dict[str, dict[str, str]]:
    try:
        found = dict(json.loads(_keys_path(study).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
    return {sha: own for sha, own in found.items() if isinstance(own, dict)}
