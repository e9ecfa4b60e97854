"""`read_sem`: one door to the images of all microscopes."""

from pathlib import Path

from napari_npm.core.errors import NpmError

from ._bitmap import read_bitmap
from ._facts import SAME, Facts
from ._grey import Raw, to_grey
from ._quality import grey_doubts
from ._sidecar import sidecar_facts
from ._tiff import TiffTags, read_tiff
from .fei import fei_facts
from .imagej import imagej_facts
from .ome import ome_facts
from .sem_image import SemImage
from .tescan import tescan_tag_facts
from .zeiss import zeiss_facts

_MAGIC = (
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"BM", "BMP"),
    (b"\xff\xd8\xff", "JPEG"),
)


def read_sem(path: str | Path) -> SemImage:
    """Read a grey SEM image with what its file, or a text file beside it, tells.

    Read are TIFF (FEI/Thermo Fisher, Zeiss, Tescan, ImageJ, OME and plain), PNG, BMP and JPEG,
    of 8 or 16 bits, also grey stored as RGB or RGBA; sidecars of Tescan (``.hdr``), Hitachi and
    JEOL (``.txt``). The data bar is cut off where the metadata tell its height. The resolution
    (dpi) of the file is a print size and never taken for the pixel size.

    Parameters
    ----------
    path : str or Path
        The image file.

    Returns
    -------
    SemImage
        Pixels, facts and warnings; `SemImage.pixel_size_nm` is None where nothing tells it.

    Raises
    ------
    NpmError
        If the file is missing, empty, damaged, truncated, no image, a stack or in colour.
    """
    path = Path(path)
    raw, tags = read_raw(path)
    facts = facts_of(path, tags, columns=raw.pixels.shape[1])
    # Zeiss keeps overlay colours in a few palette entries; the numbers are the grey values.
    pixels, doubts = to_grey(raw, path.name, indices=facts.vendor == "Zeiss")
    rows, columns = pixels.shape
    databar = _databar_rows(facts, rows, columns)
    if databar:
        pixels = pixels[: rows - databar]
    doubts += facts.warnings + _geometry_doubts(facts, rows - databar, columns)
    return SemImage(
        pixels=pixels,
        source=path,
        vendor=facts.vendor,
        pixel_size_nm=facts.pixel_size_nm,
        kv=facts.kv,
        detector=facts.detector,
        date=facts.date,
        working_distance_mm=facts.working_distance_mm,
        databar_rows=databar,
        warnings=(*doubts, *grey_doubts(pixels)),
        metadata=facts.metadata,
    )


def read_raw(path: Path) -> tuple[Raw, TiffTags]:
    """Return the pixels as stored, and the tags where the file is a TIFF.

    Raises
    ------
    NpmError
        If the file is missing, empty, damaged, or no image.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except FileNotFoundError as error:
        raise NpmError(f"There is no file {path}: check the name.") from error
    except IsADirectoryError as error:
        raise NpmError(f"{path} is a folder: name an image file in it.") from error
    except OSError as error:
        reason = "it is a folder" if path.is_dir() else (error.strerror or str(error)).lower()
        raise NpmError(f"{path.name} cannot be opened: {reason}.") from error
    if not head:
        raise NpmError(f"{path.name} is empty (0 bytes): copy it again from the microscope.")
    kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if kind is None:
        raise NpmError(
            f"{path.name} is not an image that can be read: export it as TIFF, PNG, BMP or JPEG."
        )
    if kind == "TIFF":
        return read_tiff(path)
    return read_bitmap(path, kind), {}


def facts_of(path: Path, tags: TiffTags, columns: int) -> Facts:
    """Join what the file says with what its sidecar says; the file has the last word."""
    inner = (
        fei_facts(tags)
        or zeiss_facts(tags, columns)
        or tescan_tag_facts(tags)
        or imagej_facts(tags)
        or ome_facts(tags)
    )
    beside = sidecar_facts(path)
    if inner is None or beside is None:
        return inner or beside or Facts("")
    if inner.pixel_size_nm is None:
        inner.pixel_size_nm, inner.pixel_height_nm = beside.pixel_size_nm, beside.pixel_height_nm
    elif beside.pixel_size_nm and not _same(inner.pixel_size_nm, beside.pixel_size_nm):
        inner.warnings.append(
            f"The file gives a pixel size of {inner.pixel_size_nm:.4g} nm, "
            f"{beside.metadata['sidecar']} {beside.pixel_size_nm:.4g} nm: the file's was taken."
        )
    if inner.vendor in ("ImageJ", "OME"):
        inner.vendor = beside.vendor
    inner.kv = inner.kv or beside.kv
    inner.detector = inner.detector or beside.detector
    inner.date = inner.date or beside.date
    inner.working_distance_mm = inner.working_distance_mm or beside.working_distance_mm
    inner.frame = inner.frame or beside.frame
    inner.strip_rows = inner.strip_rows or beside.strip_rows
    inner.warnings += [warning for warning in beside.warnings if warning not in inner.warnings]
    inner.metadata = {**beside.metadata, **inner.metadata}
    return inner


def _databar_rows(facts: Facts, rows: int, columns: int) -> int:
    """Return the rows below the scanned frame; a cropped scan has fewer rows than its frame."""
    if facts.frame is not None:
        # With another width the frame says nothing about these rows.
        return rows - facts.frame[1] if columns == facts.frame[0] and rows > facts.frame[1] else 0
    return facts.strip_rows if facts.strip_rows < rows else 0


def _geometry_doubts(facts: Facts, rows: int, columns: int) -> list[str]:
    """Return doubts about size and shape of a pixel; drop a pixel size that cannot hold."""
    doubts = []
    width, height = facts.pixel_size_nm, facts.pixel_height_nm
    if facts.frame is not None and facts.frame != (columns, rows):
        sizes = f"{columns} x {rows} pixels", f"{facts.frame[0]} x {facts.frame[1]}"
        # A scan may be cropped while it is taken (FEI), so the same shape proves nothing there.
        same_shape = _same(facts.frame[0] / columns, facts.frame[1] / rows)
        beside = "sidecar" in facts.metadata and facts.vendor in ("Hitachi", "JEOL")
        if columns > facts.frame[0] or rows > facts.frame[1] or (beside and same_shape):
            doubts.append(
                f"The image has {sizes[0]} but was scanned with {sizes[1]}: it was resampled, so "
                "the pixel size in its metadata does not hold."
            )
            width = height = facts.pixel_size_nm = None
        else:
            doubts.append(f"The image has {sizes[0]} of a scan of {sizes[1]}: it was cropped.")
    if width is not None and height is not None and not _same(width, height):
        doubts.append(
            f"The pixels are not square ({width:.4g} nm wide, {height:.4g} nm high): lengths and "
            "smoothing hold along the rows only."
        )
    if width is None:
        doubts.append("The file gives no pixel size: enter it by hand.")
    return doubts


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * max(abs(one), abs(other))
