"""Tescan: the same ``Key=value`` lines in TIFF tag 50431 or in a ``.hdr`` file beside it."""

import re

from ._facts import Facts, changed_digitally, count, digital_doubts, iso_date, positive, text
from ._tiff import TiffTags

TESCAN = 50431
_KEYS = (
    *("PixelSizeX", "PixelSizeY", "ImageStripSize", "HV", "AcceleratorVoltage", "WD"),
    *("Date", "Time", "Device", "Note", "Detector", "Detector0", "Detector0Gain"),
    *("Detector0Offset", "DwellTime", "LUTGamma"),
)


def tescan_tag_facts(tags: TiffTags) -> Facts | None:
    """Return what tag 50431 says, or None where the file has none."""
    value = tags.get(TESCAN)
    if isinstance(value, bytes):
        return _facts(value.decode("latin-1"))
    return _facts(value) if isinstance(value, str) else None


def tescan_header_facts(header: str) -> Facts | None:
    """Return what the text of a ``.hdr`` file says, or None where it is not Tescan's."""
    return _facts(header) if re.search(r"^\[MAIN\]", header, re.MULTILINE) else None


def _facts(content: str) -> Facts | None:
    # The tag packs its sections between binary bytes, so keys are searched, not lines parsed.
    values = {}
    for key in _KEYS:
        match = re.search(rf"(?<![A-Za-z0-9_]){key}=([^\r\n\0]*)", content)
        if match and match[1].strip():
            values[key] = match[1].strip()
    if not values:
        return None
    facts = Facts("Tescan")
    facts.pixel_size_nm = positive(values.get("PixelSizeX"), 1e9)
    facts.pixel_height_nm = positive(values.get("PixelSizeY"), 1e9)
    facts.kv = positive(values.get("HV", values.get("AcceleratorVoltage")), 1e-3)
    facts.working_distance_mm = positive(values.get("WD"), 1e3)
    facts.detector = text(values.get("Detector", values.get("Detector0")))
    facts.date = iso_date(values.get("Date"), values.get("Time"))
    facts.strip_rows = count(values.get("ImageStripSize"))
    facts.note(
        instrument=values.get("Device"),
        contrast=values.get("Detector0Gain"),
        brightness=values.get("Detector0Offset"),
        dwell_time_s=values.get("DwellTime"),
        user_text=values.get("Note"),
    )
    facts.warnings += digital_doubts(changed_digitally("gamma", values.get("LUTGamma")))
    return facts
