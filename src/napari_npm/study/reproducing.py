"""What a paper needs besides its figures: methods, references, and how to do it all again."""

from pathlib import Path

from napari_npm.core.errors import NpmError

from .parameters import unit_of
from .provenance import versions
from .reproduce_lines import Line, as_batch, as_shell, lines_of
from .settings import SETTINGS
from .steps import STEPS
from .study import Study

FOLDER = "methods"
"""Where in a study's folder they are written by default."""
_PAPER = (
    "Cite the paper too whose method you used: large-scale nanoporosity mappings coupled with deep"
    " learning, shown on cement paste modified with graphene oxide."
)


def methods_text(study: Study) -> str:
    """Return the methods paragraph, all parameters, the versions and the references.

    Parameters
    ----------
    study : Study
        The study; it may be open for reading only.

    Returns
    -------
    str
        Plain text in four parts. Only steps that ran are in it; a parameter that differs from its
        default has a star. Results older than the settings are named first.
    """
    from .reporting import methods_paragraph
    from .reporting.citations import cited, reference_list

    paragraph = methods_paragraph(study)
    keys = cited(f"{paragraph} {_interface()}")
    old = _outdated(study)
    parts = {
        **({"Note": old} if old else {}),
        "Methods": " ".join(filter(None, (paragraph, _interface()))),
        "Parameters": _parameters(study) or "No step has run yet.",
        "Versions": _versions(study),
        "References": f"{reference_list(keys)}\n{_PAPER}",
    }
    return "\n".join(f"{head}\n{'-' * len(head)}\n{text}\n" for head, text in parts.items())


def bibliography(study: Study) -> str:
    """Return the BibTeX entries of what `methods_text` cites.

    Parameters
    ----------
    study : Study
        The study; it may be open for reading only.
    """
    from .reporting import methods_paragraph
    from .reporting.citations import bibtex, cited

    return bibtex(cited(f"{methods_paragraph(study)} {_interface()}"))


def reproduce_script(study: Study, *, windows: bool = False) -> str:
    """Return the command lines that rebuild every result of a study in a new folder.

    What people made is taken from this study: images where they lie, masks and what was said of
    them, strokes, known places. What the program made is made again, with the same parameters.

    Parameters
    ----------
    study : Study
        The study; it may be open for reading only.
    windows : bool
        A batch file instead of a script for ``sh``.

    Raises
    ------
    NpmError
        If the study has no images yet.
    """
    if not study.images:
        raise NpmError(f"{study.folder} has no images: import some first.")
    lines: list[Line] = lines_of(study)
    remarks = _remarks(study)
    return as_batch(study, lines, remarks) if windows else as_shell(study, lines, remarks)


def write_methods(study: Study, folder: Path | None = None) -> tuple[Path, ...]:
    """Write methods, references and the scripts that rebuild the study.

    Parameters
    ----------
    study : Study
        The study; it may be open for reading only.
    folder : Path, optional
        Where; made if missing. `methods` in the study's folder by default.

    Returns
    -------
    tuple of Path
        ``methods.txt``, ``references.bib``, ``reproduce.sh`` and, for Windows, ``reproduce.bat``.

    Raises
    ------
    NpmError
        If the study has no images yet, or the disk refuses.
    """
    from napari_npm.io import write_text, writing

    target = study.folder / FOLDER if folder is None else Path(folder).resolve()
    texts = {
        "methods.txt": methods_text(study),
        "references.bib": bibliography(study),
        "reproduce.sh": reproduce_script(study),
        # a batch file is read line by line up to a carriage return
        "reproduce.bat": reproduce_script(study, windows=True).replace("\n", "\r\n"),
    }
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(target / name, text)
    return tuple(target / name for name in texts)


def _interface() -> str:
    """Name napari where it is installed: what was drawn by hand was drawn in it."""
    from importlib import metadata

    try:
        return f"The interface of the program is a plugin of napari {metadata.version('napari')}."
    except metadata.PackageNotFoundError:
        return ""


def _parameters(study: Study) -> str:
    lines = []
    for step, kind in SETTINGS.items():
        if study.state(step).finish is None:
            continue
        values = study.parameters(step)
        for name, field in kind.model_fields.items():
            value = getattr(values, name)
            text = "not set" if value is None else f"{_shown(value)} {unit_of(field)}".strip()
            star = "" if value == field.get_default(call_default_factory=True) else " *"
            lines.append(f"{step}: {name} = {text}{star}")
    return "\n".join(lines)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _versions(study: Study) -> str:
    from .reporting.methods import ran_with

    groups: dict[str, list[str]] = {}
    for step, found in ran_with(study).items():
        named = ", ".join(f"{name} {version}" for name, version in found.items())
        groups.setdefault(named, []).append(step)
    lines = [f"{', '.join(steps)}: {named}" for named, steps in groups.items()]
    now = ", ".join(f"{name} {version}" for name, version in versions().items())
    return "\n".join(lines or [f"installed: {now}"])


def _remarks(study: Study) -> list[str]:
    """Say where the rebuilt study would differ from what this one holds now."""
    old = _outdated(study)
    remarks = [old] if old else []
    if study.figure_presets:
        remarks.append(
            "Figures by presets are not rebuilt: copy the tables [figure_presets] of study.toml"
            " into the new one, and draw them with `napari-npm figures --preset`."
        )
    if (study.folder / "classified").is_dir():
        remarks.append("What `classify` wrote is not rebuilt: classify those images again.")
    return remarks


def _outdated(study: Study) -> str:
    """Name the steps whose results are not of the present settings; nothing where all are."""
    from .runner import items_left

    old = [
        name
        for name in STEPS
        if name != "report" and study.state(name).finish is not None and items_left(study, name)
    ]
    if not old:
        return ""
    return (
        f"Results of {', '.join(old)} are older than the images, masks or settings that they rest"
        " on: run these steps first, and write this file again."
    )
