"""The study's figures as they stand in the report."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_npm.study.study import Study

# Maps full of noise make PNG files of megabytes; of twenty such the page could not be sent around.
_MOST_BYTES = 300_000
_QUALITY = 85


@dataclass(frozen=True)
class Picture:
    """A figure in the page.

    Attributes
    ----------
    name : str
        Its file among the study's figures.
    caption : str
        What it shows.
    source : str
        The picture itself, as a data URI.
    width : float
        Width in rem.
    """

    name: str
    caption: str
    source: str
    width: float


def pictures(study: Study, starts: Sequence[str]) -> list[Picture]:
    """Return the figures whose names start so; JPEG in place of large PNG files."""
    rows = study.state("figures").records.values()
    found = []
    for start in starts:
        for row in (row for record in rows for row in record.rows):
            path: Path = study.figures_folder / f"{row['figure']}.png"
            if row["figure"].split("_")[0] == start and path.exists():
                found.append(_picture(path, row["caption"]))
    return found


def _picture(path: Path, caption: str) -> Picture:
    from PIL import Image

    kind, content = "png", path.read_bytes()
    with Image.open(path) as image:
        inches = image.width / image.info.get("dpi", (300, 300))[0]
        if len(content) > _MOST_BYTES:
            smaller = io.BytesIO()
            # without subsampling: a single red, blue or green pixel keeps its colour
            image.convert("RGB").save(smaller, "jpeg", quality=_QUALITY, subsampling=0)
            kind, content = "jpeg", smaller.getvalue()
    # 175 mm, the paper's double column, fills the page of 57.5 rem
    width = round(min(inches * 8.35, 57.5), 1)
    data = base64.b64encode(content).decode()
    return Picture(path.name, caption, f"data:image/{kind};base64,{data}", width)
