"""What `study.toml` holds, and how it is read, checked and written."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_npm.core.errors import NpmError

SCHEMA_VERSION = 1
FILE_NAME = "study.toml"


class Sample(BaseModel):
    """A material under study; images belong to exactly one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    label: str = ""
    """What tells the sample apart, such as the dosage of an additive."""


class ImageEntry(BaseModel):
    """One source image: where it lies, what it is, and how it was taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Unique name, also the name of its mask file."""
    sample: str
    specimen: str
    """Piece of material (or mosaic) it was taken from: what a split must keep together."""
    source: str
    """Path relative to the study's folder, with forward slashes."""
    sha256: str
    height: int = Field(gt=0)
    width: int = Field(gt=0)
    """Size in px after the databar was cropped."""
    pixel_size_nm: float = Field(gt=0)
    kv: float | None = None
    detector: str | None = None
    date: str | None = None
    warnings: tuple[str, ...] = ()


class StudyFile(BaseModel):
    """The whole of `study.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    name: str
    created: str
    samples: tuple[Sample, ...] = ()
    images: tuple[ImageEntry, ...] = ()
    parameters: dict[str, dict[str, Any]] = Field(default_factory=dict)
    figure_presets: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """By name, as written: one that is wrong must not keep the study from being opened."""


def without_none(value: Any) -> Any:
    """Drop what is None, at any depth: TOML has no null."""
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [without_none(item) for item in value]
    if isinstance(value, Path):
        return value.as_posix()
    return value


def dump(content: StudyFile) -> str:
    """Return the TOML text of a study file."""
    import tomli_w

    # versions before presets read the files of studies without any
    unused = set() if content.figure_presets else {"figure_presets"}
    return tomli_w.dumps(without_none(content.model_dump(exclude=unused)))


def load(path: Path) -> StudyFile:
    """Read and check a study file.

    Raises
    ------
    NpmError
        If it is missing, damaged, or written by a newer version.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NpmError(
            f"{path.parent} is not a study (no {FILE_NAME}): create one with"
            f" `napari-npm new {path.parent}` or choose the right folder."
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NpmError(f"{path} cannot be read ({error}): restore it from a backup.") from error
    version = raw.get("schema_version")
    if not isinstance(version, int):
        raise NpmError(f"{path} has no schema_version: it is not a study of this program.")
    if version > SCHEMA_VERSION:
        raise NpmError(
            f"{path.parent} was written by a newer napari-npm (study format {version}, this"
            f" version reads up to {SCHEMA_VERSION}): update napari-npm to open it."
        )
    try:
        return StudyFile(**raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NpmError(f"{path}: {where}: {first['msg']}; correct the file by hand.") from error
