"""ImageJ TIFF: the unit in the description, pixels a unit in the resolution tags."""

import re

from ._facts import Facts, nanometres, number
from ._tiff import TiffTags

IMAGE_DESCRIPTION = 270
X_RESOLUTION, Y_RESOLUTION = 282, 283
# ImageJ takes over the dpi of any TIFF as inches or cm: a print size, not a length on the specimen.
_PRINT_UNITS = ("inch", "in", "cm")


def imagej_facts(tags: TiffTags) -> Facts | None:
    """Return the calibration that ImageJ stored, or None where the file is not ImageJ's."""
    description = tags.get(IMAGE_DESCRIPTION)
    if not isinstance(description, str) or not description.startswith("ImageJ="):
        return None
    facts = Facts("ImageJ")
    match = re.search(r"^unit=(.*)$", description, re.MULTILINE)
    unit = match[1].strip() if match else ""
    if unit.lower() not in _PRINT_UNITS:
        facts.pixel_size_nm = _pixel(tags.get(X_RESOLUTION), unit)
        # A different unit for rows is written as yunit.
        rows = re.search(r"^yunit=(.*)$", description, re.MULTILINE)
        facts.pixel_height_nm = _pixel(tags.get(Y_RESOLUTION), rows[1].strip() if rows else unit)
    return facts


def _pixel(resolution: object, unit: str) -> float | None:
    if not isinstance(resolution, tuple) or len(resolution) != 2:
        return None
    pixels, units = number(resolution[0]), number(resolution[1])
    return nanometres(units / pixels, unit) if pixels and units else None
