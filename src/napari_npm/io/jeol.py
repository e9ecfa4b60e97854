"""JEOL: ``$CM_...`` and ``$$SM_...`` lines in a ``.txt`` file beside the image."""

from ._facts import Facts, count, iso_date, length_nm, positive, text


def jeol_facts(content: str) -> Facts | None:
    """Return what the text says, or None where it is not JEOL's.

    The pixel size is the length of the scale bar (``SM_MICRON_MARKER``, such as ``5um``) over
    its pixels (``SM_MICRON_BAR``); ``CM_FULL_SIZE`` (columns rows) leaves the data bar out.
    """
    values: dict[str, str] = {}
    for line in content.splitlines():
        key, _, value = line.strip().partition(" ")
        if key.startswith("$"):
            values[key.lstrip("$").upper()] = value.strip()
    if not any(key.startswith(("CM_", "SM_")) for key in values):
        return None
    facts = Facts("JEOL")
    marker, bar = length_nm(values.get("SM_MICRON_MARKER")), positive(values.get("SM_MICRON_BAR"))
    if marker and bar:
        facts.pixel_size_nm = marker / bar
        # The bar is given in whole pixels, so the size is known to half a pixel of it at best.
        if bar < 100:
            facts.warnings.append(
                f"The pixel size comes from a scale bar of only {bar:g} pixels and may be off by "
                f"{50 / bar:.1f} %."
            )
    facts.kv = positive(values.get("CM_ACCEL_VOLT"))
    facts.working_distance_mm = positive(values.get("SM_WD"))
    facts.detector = (
        text(values.get("CM_DETECTOR_NAME"))
        or text(values.get("CM_SIGNAL_NAME"))
        or text(values.get("CM_DETECTOR"))
        or text(values.get("CM_SIGNAL"))
    )
    facts.date = iso_date(values.get("CM_DATE"), values.get("CM_TIME"))
    size = values.get("CM_FULL_SIZE", "").split()
    if len(size) == 2 and count(size[0]) and count(size[1]):
        facts.frame = (count(size[0]), count(size[1]))
    facts.note(
        instrument=values.get("CM_INSTRUMENT"),
        contrast=values.get("CM_CONTRAST"),
        brightness=values.get("CM_BRIGHTNESS"),
        user_text=values.get("CM_TITLE"),
    )
    return facts
