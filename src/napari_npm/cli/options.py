"""Command-line options made from a step's parameters, the one place that describes them."""

import inspect
import types
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from napari_npm.study.parameters import Parameters, unit_of


def step_options(parameters: type[Parameters]) -> list[inspect.Parameter]:
    """Return one keyword-only option for each parameter; None where the user gives nothing."""
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=_annotation(name, field),
        )
        for name, field in parameters.model_fields.items()
    ]


def given(values: dict[str, Any], parameters: type[Parameters]) -> dict[str, Any]:
    """Return those of the parsed values that set a parameter."""
    found = {}
    for name, field in parameters.model_fields.items():
        value = values.get(name)
        if value is None:
            continue
        several = get_origin(_without_none(field.annotation)) is tuple
        found[name] = tuple(part.strip() for part in value.split(",")) if several else value
    return found


def _annotation(name: str, field: FieldInfo) -> Any:
    kind = _without_none(field.annotation)
    if get_origin(kind) is tuple:
        kind = str  # a list is given with commas
    flag = f"--{name.replace('_', '-')}"
    flags = (f"{flag}/--no-{flag[2:]}",) if kind is bool else (flag,)
    # a study remembers a path: it must not depend on where the command was called
    return Annotated[
        kind | None,
        typer.Option(*flags, help=_help(field), show_default=False, resolve_path=kind is Path),
    ]


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        (kind,) = (part for part in get_args(annotation) if part is not type(None))
        return kind
    return annotation


def _help(field: FieldInfo) -> str:
    text = field.description or ""
    default = field.default
    if default is None or default is PydanticUndefined:
        return text
    if isinstance(default, tuple):
        text += " Separate several with commas."
        default = ",".join(map(str, default))
    if isinstance(default, bool):
        default = "yes" if default else "no"
    unit = unit_of(field)
    return f"{text} (default: {default}{' ' + unit if unit else ''})"
