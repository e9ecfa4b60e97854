"""FEI and Thermo Fisher TIFF: an INI text in tag 34680 (SFEG) or 34682 (Helios)."""

from collections.abc import Mapping
from typing import Any

from ._facts import Facts, changed_digitally, count, digital_doubts, iso_date, positive, text
from ._tiff import TiffTags

FEI_SFEG = 34680
FEI_HELIOS = 34682


def fei_facts(tags: TiffTags) -> Facts | None:
    """Return what the FEI tags say, or None where the file has none.

    The pixel size is ``Scan.PixelWidth``; the field of view divided by the image width is wrong
    for a cropped scan, so only the field divided by the scan's full width may stand in for it.
    """
    sections = _sections(tags)
    if not sections:
        return None
    beam = _named(sections, "Beam", "Beam", "EBeam")
    scan = _named(sections, "Scan", "Scan", "EScan")
    image, private = _section(sections, "Image"), _section(sections, "PrivateFei")
    facts = Facts("FEI")
    facts.pixel_size_nm = positive(scan.get("PixelWidth"), 1e9)
    facts.pixel_height_nm = positive(scan.get("PixelHeight"), 1e9)
    columns, rows = count(image.get("ResolutionX")), count(image.get("ResolutionY"))
    if columns and rows:
        facts.frame = (columns, rows)
    else:
        facts.strip_rows = count(private.get("DatabarHeight"))
    field = positive(beam.get("HFW")) or positive(scan.get("HorFieldsize"))
    if facts.pixel_size_nm is None and field and columns:
        facts.pixel_size_nm = field * 1e9 / columns
        facts.warnings.append(
            "The pixel size was worked out from the field of view and the width of the scan."
        )
    facts.kv = positive(beam.get("HV"), 1e-3)
    facts.working_distance_mm = positive(beam.get("WD"), 1e3)
    detector = _section(sections, "Detectors")
    name, mode = text(detector.get("Name")), text(detector.get("Mode"))
    facts.detector = " ".join(part for part in (name, mode) if part and part != "None") or None
    facts.date = _date(sections)
    gain = _section(sections, name or "")
    facts.note(
        instrument=_section(sections, "System").get("SystemType"),
        user_text=_section(sections, "User").get("UserText"),
        beam_current_a=beam.get("BeamCurrent"),
        dwell_time_s=scan.get("Dwelltime", scan.get("Dwell")),
        contrast=gain.get("Contrast"),
        brightness=gain.get("Brightness"),
        digital_contrast=image.get("DigitalContrast"),
        digital_brightness=image.get("DigitalBrightness"),
        digital_gamma=image.get("DigitalGamma"),
    )
    facts.warnings += _digital(image)
    return facts


def _digital(image: Mapping[str, Any]) -> list[str]:
    changed = []
    for key, neutral in (("Contrast", 1.0), ("Brightness", 0.0), ("Gamma", 1.0)):
        changed += changed_digitally(key.lower(), image.get(f"Digital{key}"), neutral)
    return digital_doubts(changed)


def _date(sections: Mapping[str, Any]) -> str | None:
    # TimeOfCreation is day.month.year everywhere; User.Date follows the computer's language.
    created = (text(_section(sections, "PrivateFei").get("TimeOfCreation")) or "").split(" ", 1)
    if len(created) == 2:
        return iso_date(*created)
    user = _section(sections, "User")
    return iso_date(user.get("Date"), user.get("Time"))


def _sections(tags: TiffTags) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for code in (FEI_HELIOS, FEI_SFEG):
        value = tags.get(code)
        if isinstance(value, Mapping):
            merged = {**value, **merged}
    return merged


def _section(sections: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = sections.get(name)
    return section if isinstance(section, Mapping) else {}


def _named(sections: Mapping[str, Any], key: str, *others: str) -> dict[str, Any]:
    """Merge the section that ``Beam.<key>`` names (the active beam or scan) over the usual ones."""
    active = text(_section(sections, "Beam").get(key))
    merged: dict[str, Any] = {}
    for name in (*others[::-1], active or ""):
        known = {k: v for k, v in _section(sections, name).items() if text(v) is not None}
        merged.update(known)
    return merged
