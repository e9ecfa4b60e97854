"""What a figure for a paper shows and how it looks, described once for form, file and command."""

from typing import Literal, Self

from pydantic import model_validator

from .parameters import Parameters, parameter

Layout = Literal["single", "side_by_side", "montage", "paper"]
Layer = Literal[
    "bse",
    "mask",
    "mulf",
    "micf",
    "grey",
    "lp_hp",
    "relevance",
    "difference",
    "boundary",
    "regions",
    "extracted",
]
Overlay = Literal["mask", "relevance", "difference", "boundary", "regions"]
Network = Literal["mulf", "micf", "both"]
FigureFormat = Literal["png", "tif", "svg", "pdf"]

COLUMN_MM = {"single": 85.0, "double": 175.0}


class FigurePreset(Parameters):
    """A figure: layout, images, layers, and its look on paper."""

    layout: Layout = parameter(
        "single",
        "How panels are laid out: one panel; the layers of an image side by side, one row an image"
        " (with one layer, the images side by side); a montage of rows and columns; or one of the"
        " paper's figures by its name.",
    )
    figure: str = parameter(
        "maps", "Name of the paper's figure, where the layout is paper, such as maps or isodata."
    )
    images: tuple[str, ...] = parameter(
        (),
        "Images by name, or tiles of them as image@row,column; without any, those of the samples.",
    )
    samples: tuple[str, ...] = parameter(
        (), "Samples whose images are shown where none is named; without any, all samples."
    )
    tiles: bool = parameter(
        True, "Show tiles of the images, as the network saw them, in place of whole images."
    )
    pick: int | None = parameter(
        None, "How many of them are picked at random; without it, the first ones.", ge=1, le=400
    )
    seed: int = parameter(0, "Seed of the random pick.", ge=0)
    layers: tuple[Layer, ...] = parameter(("mulf",), "What panels show: one panel each.")
    overlays: tuple[Overlay, ...] = parameter((), "What is laid over every panel, in this order.")
    network: Network = parameter("mulf", "Network whose relevance and regions are shown.")
    rows: int = parameter(5, "Rows of a montage.", ge=1, le=20)
    columns: int = parameter(5, "Columns of a montage.", ge=1, le=20)
    colormap: Literal["viridis", "cividis", "magma", "gray"] = parameter(
        "viridis", "Colours of porosity."
    )
    low: float = parameter(0.0, "Porosity at the low end of the colours.", ge=0, le=1)
    high: float = parameter(1.0, "Porosity at the high end of the colours.", ge=0, le=1)
    colour_bars: bool = parameter(True, "Draw the colour bars of what is shown.")
    scale_bar: Literal["last", "first", "every", "none"] = parameter(
        "last", "Panels that carry a scale bar."
    )
    scale_bar_um: float | None = parameter(
        None, "Length of the scale bar; without it, a round length.", unit="µm", gt=0, le=10000
    )
    letters: bool = parameter(False, "Name panels a, b, c …")
    titles: bool = parameter(True, "Write above or beside panels what they show.")
    column: Literal["own", "single", "double", "other"] = parameter(
        "own",
        "Width of the figure: its own, a column of a page (85 mm), two (175 mm), or another.",
    )
    width_mm: float = parameter(
        120.0, "Width of the figure where it is another.", unit="mm", ge=20, le=600
    )
    format: FigureFormat = parameter("png", "File format; SVG and PDF keep text as text.")
    dpi: float = parameter(300, "Resolution of PNG and TIFF.", unit="dpi", ge=50, le=1200)
    font: Literal["DejaVu Sans", "DejaVu Serif", "STIXGeneral"] = parameter(
        "DejaVu Sans", "Font; all of them come with matplotlib and look the same everywhere."
    )
    font_size: float = parameter(7.0, "Size of text.", unit="pt", ge=4, le=24)
    background: Literal["white", "black", "transparent"] = parameter(
        "white", "What lies behind panels; text is black on white and transparent, white on black."
    )
    raw_data: bool = parameter(
        False, "Write the data behind the figure beside it: maps as float TIFF, plots as CSV."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.low >= self.high:
            raise ValueError("the low end of the colours must lie below the high end")
        if self.layout != "paper" and not self.layers:
            raise ValueError("choose at least one layer")
        if self.layout == "paper" and not self.figure:
            raise ValueError("give the name of the paper's figure")
        return self

    @property
    def width(self) -> float | None:
        """Width of the figure on paper, mm; None leaves it to the layout."""
        return None if self.column == "own" else COLUMN_MM.get(self.column, self.width_mm)
