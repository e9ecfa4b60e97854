"""Text files that microscopes write beside an image."""

from pathlib import Path

from ._facts import Facts
from .hitachi import hitachi_facts
from .jeol import jeol_facts
from .tescan import tescan_header_facts

# A sidecar has a few kB; a larger text file is something else.
_LARGEST = 1_000_000


def sidecars_of(image: Path) -> tuple[Path, ...]:
    """Return the files beside an image that by their name belong to it.

    For ``a.tif``: ``a.txt``, ``a.hdr``, ``a-tif.hdr`` (Tescan), ``a.tif.txt``, ``a.tif.hdr``.
    """
    kind = image.suffix[1:]
    stems = (image.stem, image.name)
    names = [f"{stem}.{ending}" for stem in stems for ending in ("txt", "TXT", "hdr", "HDR")]
    names += [f"{image.stem}-{k}.hdr" for k in dict.fromkeys((kind, kind.lower(), kind.upper()))]
    found: list[Path] = []
    for name in names:
        candidate = image.with_name(name)
        # A disk that does not tell a.txt from A.TXT would yield it twice.
        if candidate.is_file() and not any(candidate.samefile(other) for other in found):
            found.append(candidate)
    return tuple(found)


def sidecar_facts(image: Path) -> Facts | None:
    """Return what the first sidecar of a known vendor says, or None."""
    for path in sidecars_of(image):
        try:
            if path.stat().st_size > _LARGEST:
                continue
            content = _decode(path.read_bytes())
        except OSError:
            continue
        for facts_of in (tescan_header_facts, hitachi_facts, jeol_facts):
            facts = facts_of(content)
            if facts is not None:
                facts.metadata["sidecar"] = path.name
                return facts
    return None


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data[:200]:  # UTF-16 without its mark: every second byte of plain text is zero
        order = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
        return data.decode(order, errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
