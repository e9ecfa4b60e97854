"""The command lines that rebuild a study, for the shells of Linux, macOS and Windows."""

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any

from .folder import StudyFolder
from .model import ImageEntry
from .provenance import versions
from .review import Review
from .settings import SETTINGS
from .steps import STEPS
from .study import Study

NEW = "\0new"
"""Stands for the new study's folder in a line."""
LONGEST = 5000
"""Characters of names in a line: Windows takes 8191."""
Line = list[str | PurePath]
"""The words of a command; a relative path is below the old study's folder."""


def lines_of(study: Study) -> list[Line]:
    """Return the commands that rebuild a study, in order, each without `napari-npm`."""
    ran = [name for name in STEPS if study.state(name).finish is not None]
    return [
        ["new", NEW, "--name", study.name],
        *_imports(study),
        *_human(study),
        *(_step(study, name) for name in ran if name != "import"),
    ]


def as_shell(study: StudyFolder, lines: Sequence[Line], remarks: Sequence[str]) -> str:
    """Return a script for `sh`."""

    def word(one: str | PurePath) -> str:
        if one == NEW:
            return '"$new"'
        if isinstance(one, PurePath) and not one.is_absolute():
            return f'"$from"/{shlex.quote(one.as_posix())}'
        return shlex.quote(str(one))

    head = [
        "#!/bin/sh",
        *(f"# {line}" for line in _head(study, "sh reproduce.sh FOLDER", remarks)),
        "set -eu",
        "new=${1:?name a new folder for the study}",
        f"from=${{NPM_FROM:-{shlex.quote(str(study.folder))}}}",
    ]
    body = [" ".join(["napari-npm", *map(word, line)]) for line in lines]
    return "\n".join([*head, *body]) + "\n"


def as_batch(study: StudyFolder, lines: Sequence[Line], remarks: Sequence[str]) -> str:
    """Return a batch file for Windows."""

    def word(one: str | PurePath) -> str:
        if one == NEW:
            return '"%NEW%"'
        if isinstance(one, str) and re.fullmatch(r"[\w.,+-]+", one, re.ASCII):
            return one
        # in a batch file a per cent sign is written twice
        text = str(one).replace("%", "%%").replace('"', '""')
        if isinstance(one, PurePath) and not one.is_absolute():
            return '"%NPM_FROM%\\' + text.replace("/", "\\") + '"'
        return f'"{text}"'

    head = [
        "@echo off",
        "chcp 65001 >nul",
        *(f"rem {line}" for line in _head(study, "reproduce.bat FOLDER", remarks)),
        'if "%~1"=="" (echo Name a new folder for the study. & exit /b 2)',
        'set "NEW=%~1"',
        'if not defined NPM_FROM set "NPM_FROM=' + str(study.folder).replace("%", "%%") + '"',
    ]
    body = [" ".join(["napari-npm", *map(word, line), "|| exit /b 1"]) for line in lines]
    return "\n".join([*head, *body]) + "\n"


def _head(study: StudyFolder, call: str, remarks: Sequence[str]) -> list[str]:
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    return [
        f"Rebuilds the study {' '.join(study.name.split())} in a new folder: {call}",
        "Images, masks, strokes and known places are taken from the study as it is; set NPM_FROM",
        "to its folder where it was moved. Everything else is computed again.",
        f"Written with {used}.",
        *remarks,
    ]


def _imports(study: Study) -> Iterator[Line]:
    """Yield the imports, in the order of the images, so that they get their names again."""
    options = _options(study, "import")
    labels = {sample.name: sample.label for sample in study.samples}

    def facts(image: ImageEntry) -> tuple[str, str | None, float]:
        alone = image.specimen == image.id
        return image.sample, None if alone else image.specimen, image.pixel_size_nm

    for (sample, specimen, pixel_size), images in groupby(study.images, facts):
        more: Line = ["--sample", sample, "--label", labels[sample]]
        if specimen is not None:
            more += ["--specimen", specimen]
        more += ["--pixel-size-nm", repr(pixel_size), *options]
        for part in _parts([image.source for image in images]):
            # on Windows a source on another drive is absolute
            yield ["import", NEW, *map(Path, part), *more]


def _human(study: Study) -> Iterator[Line]:
    """Yield the lines that bring what people made, and what they said of it."""
    states = {name: study.review(name) for name in study.reviews() if study.mask_hash(name)}
    taken: Line = []
    if states:
        taken += ["--masks", Path("masks")]
    if any(study.truth_path(image.id).exists() for image in study.images):
        taken += ["--truth", Path("truth")]
    if taken:
        yield ["import", NEW, *taken]
    for word, state in (
        ("--accept", Review.ACCEPTED),
        ("--reject", Review.REJECTED),
        # proposals are not taken over but made again
        ("--again", Review.PROPOSED),
    ):
        names = [name for name, found in states.items() if found is state]
        for part in _parts(names):
            yield ["review", NEW, word, ",".join(part)]


def _step(study: Study, name: str) -> Line:
    strokes = name == "mask" and study.stroked_images
    brought: Line = ["--strokes", Path("masks/strokes")] if strokes else []
    return [name, NEW, *brought, *_options(study, name)]


def _options(study: Study, step: str) -> Line:
    """Return the options that set what differs from the defaults."""
    values = study.parameters(step)
    found: Line = []
    for name, field in SETTINGS[step].model_fields.items():
        value: Any = getattr(values, name)
        if value is None or value == field.get_default(call_default_factory=True):
            continue
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            found.append(f"--{flag}" if value else f"--no-{flag}")
        elif isinstance(value, tuple):
            found += [f"--{flag}", ",".join(map(str, value))]
        else:
            found += [f"--{flag}", str(value)]
    return found


def _parts(names: Sequence[str]) -> Iterator[list[str]]:
    """Divide names so that a line stays short enough for every shell."""
    part: list[str] = []
    for name in names:
        if part and sum(map(len, part)) + len(name) > LONGEST:
            yield part
            part = []
        part.append(name)
    if part:
        yield part
