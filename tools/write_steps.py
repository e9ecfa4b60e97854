"""Write docs/steps.md from the steps and their parameters; --check fails where it is old."""

import sys
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from napari_npm.study.parameters import unit_of
from napari_npm.study.steps import STEPS

TARGET = Path(__file__).parents[1] / "docs" / "steps.md"
SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
HEAD = """\
# Steps and parameters

Made from the program by `make docs`: the command line, the forms in napari and this page say
the same.

Each step is a command, `napari-npm STEP STUDY`, with an option for each parameter (`sigma_px`
is `--sigma-px`), and a part of `study.toml` that keeps what was chosen.
"""


def bounds_of(field: FieldInfo) -> str:
    """Return the bounds of a parameter, such as ``> 0, ≤ 100``, or its choices."""
    found = choices_of(field.annotation) or [
        f"{sign} {getattr(part, bound):g}"
        for part in field.metadata
        for bound, sign in SIGNS.items()
        if getattr(part, bound, None) is not None
    ]
    return ", ".join(found)


def choices_of(annotation: Any) -> list[str]:
    """Return the values that a parameter chooses from, if it does."""
    origin = get_origin(annotation)
    if origin is Literal:
        return [str(choice) for choice in get_args(annotation)]
    if origin in (tuple, Union, types.UnionType):
        return [choice for part in get_args(annotation) for choice in choices_of(part)]
    return []


def shown(value: Any) -> str:
    """Return a default as a reader would type it."""
    if value is None or value == ():
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def page() -> str:
    """Return the whole page."""
    lines = [HEAD]
    for step in STEPS.values():
        lines.append(f"## {step.name}\n\n{step.summary}")
        if step.needs:
            lines.append(f"\nAfter: {', '.join(step.needs)}.")
        lines.append("")
        fields = step.Parameters.model_fields
        if fields:
            lines += [
                "| Parameter | Default | Unit | Bounds or choices | |",
                "| --- | --- | --- | --- | --- |",
            ]
        for name, field in fields.items():
            default = field.get_default(call_default_factory=True)
            cells = (
                f"`{name}`",
                shown(default),
                unit_of(field),
                bounds_of(field),
                field.description or "",
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("" if fields else "No parameters.\n")
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write the page, or compare it."""
    text = page()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") == text:
            return 0
        print("docs/steps.md is out of date: run make docs", file=sys.stderr)
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
