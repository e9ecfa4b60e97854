"""Step parameters: described once; forms, command line and docs are generated from them."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from napari_npm.core.errors import NpmError


class Parameters(BaseModel):
    """Base of every step's parameters: frozen, and strict about unknown names."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def checked(cls, values: dict[str, Any]) -> Self:
        """Build from plain values.

        Raises
        ------
        NpmError
            If a name is unknown or a value out of bounds, in one sentence.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "parameters"
            raise NpmError(f"{name}: {first['msg']} (got {first['input']!r}).") from error


def parameter(default: Any, help: str, *, unit: str = "", **bounds: Any) -> Any:  # noqa: A002
    """Describe one parameter: its default, help text, unit and bounds.

    Parameters
    ----------
    default : object
        The default value; its type is the field's annotation.
    help : str
        One sentence for tooltip, command-line help and docs.
    unit : str
        Unit shown after the value, such as ``"px"``.
    **bounds
        pydantic constraints: ``ge``, ``gt``, ``le``, ``lt``.
    """
    return Field(default, description=help, json_schema_extra={"unit": unit}, **bounds)


def unit_of(field: FieldInfo) -> str:
    """Return the unit given to `parameter`, or an empty string."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""
