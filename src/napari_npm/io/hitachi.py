"""Hitachi: ``[SemImageFile]`` with ``Key=value`` lines in a ``.txt`` file beside the image."""

from ._facts import Facts, iso_date, kilovolts, length_nm, text


def hitachi_facts(content: str) -> Facts | None:
    """Return what the text says, or None where it is not Hitachi's.

    ``PixelSize`` is in nm; ``DataSize`` (columns x rows) leaves the data bar out.
    """
    head, found, body = content.partition("[SemImageFile]")
    if not found or "=" in head:
        return None
    pairs = (line.partition("=") for line in body.splitlines())
    values = {key.strip(): value.strip() for key, equals, value in pairs if equals}
    facts = Facts("Hitachi")
    facts.pixel_size_nm = length_nm(values.get("PixelSize"), "nm")
    facts.kv = kilovolts(values.get("AcceleratingVoltage"))
    distance = length_nm(values.get("WorkingDistance"), "um")
    facts.working_distance_mm = None if distance is None else distance * 1e-6
    facts.detector = text(values.get("SignalName"))
    facts.date = iso_date(values.get("Date"), values.get("Time"))
    size = values.get("DataSize", "").lower().split("x")
    if len(size) == 2 and all(part.strip().isdigit() for part in size):
        facts.frame = (int(size[0]), int(size[1]))
    facts.note(
        instrument=values.get("InstructName"),
        contrast=values.get("Contrast"),
        brightness=values.get("Brightness"),
        user_text=values.get("SampleName"),
    )
    if values.get("DataDisplayCombine") == "1":
        facts.warnings.append(
            "The data bar was burned into the image and its height is not told: check the last "
            "rows and crop or mask them."
        )
    return facts
