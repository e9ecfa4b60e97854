"""What a vendor's metadata says about an image, in one form, and how to read its numbers."""

import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Two pixel sizes that differ by less are the same number, rounded differently.
SAME = 2e-3

_NM = {
    "pm": 1e-3,
    "å": 0.1,
    "nm": 1.0,
    "um": 1e3,
    "µm": 1e3,  # micro sign
    "μm": 1e3,  # Greek mu
    "micron": 1e3,
    "microns": 1e3,
    "mm": 1e6,
    "cm": 1e7,
    "m": 1e9,
}
_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\s\d].*?)?\s*$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass
class Facts:
    """Facts found in one place; None or empty where it says nothing.

    ``frame`` is the (columns, rows) scanned, without data bar; ``strip_rows`` the height of the
    data bar where that is what the metadata gives. Pixel sizes are in nm.
    """

    vendor: str
    pixel_size_nm: float | None = None
    pixel_height_nm: float | None = None
    kv: float | None = None
    detector: str | None = None
    date: str | None = None
    working_distance_mm: float | None = None
    frame: tuple[int, int] | None = None
    strip_rows: int = 0
    warnings: list[str] = field(default_factory=list)
    metadata: dict[str, float | str] = field(default_factory=dict)

    def note(self, **values: object) -> None:
        """Keep the values that say something as metadata."""
        for key, value in values.items():
            number_ = number(value)
            if number_ is not None:
                self.metadata[key] = number_
            elif (text_ := text(value)) is not None:
                self.metadata[key] = text_


def number(value: object) -> float | None:
    """Return a finite float, or None for '', 'yes', 'notafloat', True and the like."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        result = float(value)  # type: ignore[arg-type]  # anything else lands in the except
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) else None


def positive(value: object, factor: float = 1.0) -> float | None:
    """Return ``value * factor`` as a float above zero, or None."""
    result = number(value)
    return result * factor if result is not None and result > 0 else None


def count(value: object) -> int:
    """Return a whole number of pixels, 0 where the value is none."""
    result = number(value)
    return int(result) if result is not None and result > 0 else 0


def text(value: object) -> str | None:
    """Return stripped text, or None where there is none."""
    if value is None or isinstance(value, bool):
        return None
    return str(value).strip() or None


def quantity(value: object) -> tuple[float, str] | None:
    """Split ``"5um"`` or ``"15000 Volt"`` into number and unit ('' where none is given)."""
    match = _QUANTITY.match(str(value)) if value is not None else None
    if match is None:
        return None
    size = number(match[1])
    return None if size is None else (size, match[2] or "")


def nanometres(size: float | None, unit: str) -> float | None:
    """Return a length above zero in nm, or None where the unit is no physical length."""
    unit = unit.strip().replace("\\u00B5", "µ")
    factor = _NM.get(unit.lower())
    return None if factor is None else positive(size, factor)


def length_nm(value: object, default_unit: str = "") -> float | None:
    """Return the length written as ``"5um"`` in nm, or None."""
    parts = quantity(value)
    return None if parts is None else nanometres(parts[0], parts[1] or default_unit)


def kilovolts(value: object) -> float | None:
    """Return ``"15000 Volt"``, ``"15.0 kV"`` or a bare number of volts in kV, or None."""
    parts = quantity(value)
    if parts is None:
        return None
    return positive(parts[0], 1.0 if parts[1].lower().startswith("kv") else 1e-3)


def changed_digitally(name: str, value: object, neutral: float = 1.0) -> list[str]:
    """Name a digital setting that is not neutral; say nothing of one that is or is unknown."""
    setting = number(value)
    if setting is None or abs(setting - neutral) <= 1e-6:
        return []
    return [f"{name} {setting:g} instead of {neutral:g}"]


def digital_doubts(changed: list[str]) -> list[str]:
    """Return the warning that grey values were changed after detection, if they were."""
    settings = ", ".join(changed)
    sentence = (
        f"The microscope changed the grey values digitally ({settings}): they cannot be compared "
        "with those of other images."
    )
    return [sentence] if changed else []


def iso_date(date: object, time: object = None) -> str | None:
    """Return date and time in ISO 8601 where unambiguous, else as written.

    Understood: ``2016/01/27``, ``2016-01-27``, ``27.01.2016``, ``23 Dec 2015``, and
    ``05/17/2022`` where a time with AM or PM shows that the month comes first.
    """
    day_text, clock_text = text(date), text(time)
    if day_text is None:
        return None
    written = f"{day_text} {clock_text}" if clock_text else day_text
    day = _day(day_text, american=bool(clock_text and clock_text[-2:].upper() in ("AM", "PM")))
    clock = _clock(clock_text)
    try:
        moment = None if day is None else datetime(*day, *(clock or (0, 0, 0)))
    except ValueError:
        return written
    if moment is None or (clock is None and clock_text):
        return written
    return moment.isoformat() if clock else moment.date().isoformat()


def _day(written: str, *, american: bool) -> tuple[int, int, int] | None:
    parts: list[Any] = re.split(r"[-/.\s]+", written)
    if len(parts) != 3:
        return None
    month = parts[1][:3].lower()
    if month in _MONTHS and parts[0].isdigit() and parts[2].isdigit():
        return int(parts[2]), _MONTHS.index(month) + 1, int(parts[0])
    if not all(part.isdigit() for part in parts):
        return None
    first, second, third = (int(part) for part in parts)
    if len(parts[0]) == 4:
        return first, second, third
    if "." in written:
        return third, second, first
    return (third, first, second) if american else None


def _clock(written: str | None) -> tuple[int, int, int] | None:
    match = re.match(r"(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?\s*([AaPp][Mm])?$", written or "")
    if match is None:
        return None
    hour = int(match[1])
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower() == "pm" else 0)
    return hour, int(match[2]), int(match[3])
