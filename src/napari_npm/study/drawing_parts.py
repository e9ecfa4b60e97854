"""What the figures of a study share: what a figure is, and the tiles that it shows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .results import Flag, parts_of
from .store import Tile
from .study import Study
from .wiring import MAP_NAMES, shown_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_npm.figures import Explained


@dataclass(frozen=True)
class Drawing:
    """One figure of a study."""

    name: str
    """File name without its suffix."""
    caption: str
    needs: tuple[str, ...]
    """Steps whose results it shows."""
    draw: Callable[[], "Figure"]


def explained_tile(study: Study, model: str, tile: Tile) -> "Explained":
    """Return a tile's map, relevance and regions as the figures take them."""
    from napari_npm.figures import Explained

    flags = one_tile(study, f"regions/{model}", tile)
    differs = study.stack(f"difference/{model}")
    table = study.state("explain").records.get(f"{model}/{tile.image}")
    rows = () if table is None else table.rows
    return Explained(
        tile.sample,
        one_tile(study, shown_map(model), tile),
        one_tile(study, f"relevance/{model}", tile),
        (flags & Flag.HIGH_POROSITY) > 0,
        (flags & Flag.CHARACTERISTIC) > 0,
        (flags & Flag.BOUNDARY) > 0,
        differs.read([tile])[0] if differs.has([tile]) else None,
        next((row["target"] for row in rows if row["tile"] == tile.index), ""),
    )


def confusion_drawing(study: Study, name: str, model: str, step: str, words: str = "") -> Drawing:
    """Return the figure of a table of confusions (as Fig. 4).

    Parameters
    ----------
    study : Study
        The study.
    name : str
        Of the figure and of the table.
    model : str
        Whose answers they are.
    step : str
        That counted them.
    words : str
        What to say of the test tiles.
    """

    def draw() -> "Figure":
        from napari_npm import figures

        table = study.table(name)
        assert table is not None
        return figures.confusion_figure(
            table.filter(like="predicted_").to_numpy(),
            table["true"].tolist(),
            title=f"{MAP_NAMES[model]} maps",
        )

    caption = f"Confusion matrix of the test tiles{words}, {MAP_NAMES[model]} maps (as Fig. 4)."
    return Drawing(name, caption, (step,), draw)


def one_tile(study: Study, kind: str, tile: Tile) -> Any:
    """Return one tile of a stack."""
    return study.stack(kind).read([tile])[0]


def choose_tiles(study: Study, sample: str, n: int, seed: int) -> list[Tile]:
    """Choose tiles of a sample at random, test tiles where there is a split."""
    from napari_npm.figures import choose

    tiles = [tile for tile in study.tiles if tile.sample == sample]
    if study.state("split").finish is not None:
        parts = parts_of(study)
        tiles = [tile for tile in tiles if parts[tile.index] == "test"] or tiles
    return [tiles[number] for number in choose(len(tiles), n, seed=seed)]
