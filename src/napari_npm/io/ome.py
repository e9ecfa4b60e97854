"""OME-TIFF: ``PhysicalSizeX`` of the XML in the description."""

from xml.etree import ElementTree

from ._facts import Facts, iso_date, nanometres, number, text
from ._tiff import TiffTags

IMAGE_DESCRIPTION = 270


def ome_facts(tags: TiffTags) -> Facts | None:
    """Return what the OME-XML says of its first image, or None where there is no OME-XML."""
    description = tags.get(IMAGE_DESCRIPTION)
    if not isinstance(description, str) or "<OME" not in description[:2000]:
        return None
    try:
        root = ElementTree.fromstring(description.strip())
    except ElementTree.ParseError:
        return None
    facts = Facts("OME")
    for element in root.iter():
        name = element.tag.rsplit("}", 1)[-1]
        if name == "AcquisitionDate" and facts.date is None:
            facts.date = iso_date(*(text(element.text) or "").split("T", 1))
        if name == "Pixels":
            for axis in "XY":
                # The schema's default unit is the micrometre.
                unit = element.get(f"PhysicalSize{axis}Unit", "µm")
                size = nanometres(number(element.get(f"PhysicalSize{axis}")), unit)
                if axis == "X":
                    facts.pixel_size_nm = size
                else:
                    facts.pixel_height_nm = size
            break
    return facts
