"""The columns of the table of characteristic regions."""

from .data_table import DataTable
from .regions_work import Features
from .table_model import Column, whole

_NUMBER = Column("No.\n", "label", "Number of the region in the layer", form=whole)
_IN_UM = (
    Column("Area\nµm²", "area_um2", "Area"),
    Column("Diam.\nµm", "diameter_um", "Diameter of the circle of the same area"),
)
_IN_PX = (
    Column("Area\npx", "area_px", "Area; the image has no pixel size", form=whole),
    Column("Diam.\npx", "diameter_px", "Diameter of the circle of the same area"),
)
_REST = (
    Column("Relev.\n%", "relevance_share", "Share of its tile's relevance that it holds", 100),
    Column("Part\n", "part", "Where most of it lies: low (LP) or high porosity (HP)"),
    Column("HP\n%", "high_fraction", "Share of its pixels in HP", 100),
    Column("Row\npx", "image_row", "Row of its middle in the image", form=whole),
    Column("Col.\npx", "image_col", "Column of its middle in the image", form=whole),
)
_BY_RELEVANCE = 3


def columns_of(found: Features | None) -> tuple[Column, ...]:
    """Return the columns: in µm, or in px where the pixel size is not known."""
    px = found is not None and "area_um2" not in found.table
    return (_NUMBER, *(_IN_PX if px else _IN_UM), *_REST)


class RegionTable(DataTable):
    """The regions of an image, by their numbers."""

    def __init__(self) -> None:
        super().__init__(columns_of(None), "regions", _BY_RELEVANCE, down=True)
        self.setMinimumHeight(200)
        self.setMinimumWidth(46 * len(columns_of(None)))

    def show_regions(self, found: Features | None) -> None:
        """Show the regions of an image, none of them chosen."""
        if found is None:
            self.show_table({}, columns_of(None))
        else:
            self.show_table(found.table, columns_of(found), found.table["label"].tolist())
