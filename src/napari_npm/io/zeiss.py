"""Zeiss SmartSEM TIFF: labelled values with units in tag 34118."""

from collections.abc import Mapping
from typing import Any

from ._facts import Facts, changed_digitally, digital_doubts, iso_date, nanometres, number, text
from ._tiff import TiffTags

CZ_SEM = 34118


def zeiss_facts(tags: TiffTags, columns: int) -> Facts | None:
    """Return what the Zeiss tag says about an image ``columns`` wide, or None.

    ``ap_image_pixel_size`` holds for the file; older software lacks it, and then the width of
    the field over the file's width does. ``ap_pixel_size`` refers to a screen 1024 pixels wide
    and is never used.
    """
    values = tags.get(CZ_SEM)
    if not isinstance(values, Mapping):
        return None
    facts = Facts("Zeiss")
    facts.pixel_size_nm = _length(values, "ap_image_pixel_size")
    width = _length(values, "ap_width")
    if facts.pixel_size_nm is None and width:
        facts.pixel_size_nm = width / columns
    facts.kv = _plain(values, "ap_actualkv")
    distance = _length(values, "ap_wd")
    facts.working_distance_mm = None if distance is None else distance * 1e-6
    facts.detector = text(_value(values, "dp_detector_channel")) or text(
        _value(values, "dp_detector_type")
    )
    facts.date = iso_date(_value(values, "ap_date"), _value(values, "ap_time"))
    facts.note(
        contrast=_value(values, "ap_contrast"),
        brightness=_value(values, "ap_brightness"),
        instrument=_value(values, "sv_serial_number"),
        user_text=_value(values, "sv_user_text"),
    )
    facts.warnings.append(
        "Zeiss files do not tell how high the data bar is: check the last rows and crop or mask "
        "them if it is burned in."
    )
    facts.warnings += digital_doubts(changed_digitally("gamma", _value(values, "ap_gamma")))
    return facts


def _value(values: Mapping[str, Any], key: str) -> Any:
    entry = values.get(key)
    return entry[1] if isinstance(entry, tuple) and len(entry) > 1 else None


def _plain(values: Mapping[str, Any], key: str) -> float | None:
    return number(_value(values, key))


def _length(values: Mapping[str, Any], key: str) -> float | None:
    entry = values.get(key)
    if not isinstance(entry, tuple) or len(entry) < 3:
        return None
    return nanometres(number(entry[1]), str(entry[2]))
