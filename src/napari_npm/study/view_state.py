"""How a study was left in the window: `view.json` in its folder, on which no result depends.

Whoever cannot read the file, for whatever reason, goes on as if there were none.
"""

import json
import threading
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_npm.core.errors import NpmError

from .model import FILE_NAME as STUDY_FILE

FILE_NAME = "view.json"
SCHEMA_VERSION = 1
PROGRAM = "napari-npm"
_LARGEST_BYTES = 4_000_000


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class CameraState(_View):
    """Where the canvas looks: a centre in layer units, and screen pixels a unit."""

    centre: tuple[float, float, float]
    zoom: float = Field(gt=0)


class LayerLook(_View):
    """How one of the plugin's layers looks; None where it looks as its kind does.

    Those of labels are the size of the brush and the width of the outlines in px, and the label
    that is painted.
    """

    visible: bool = True
    opacity: float = Field(1.0, ge=0, le=1)
    contrast_limits: tuple[float, float] | None = None
    gamma: float | None = Field(None, gt=0)
    colormap: str | None = None
    blending: str | None = None
    interpolation2d: str | None = None
    brush_size: float | None = Field(None, ge=1)
    selected_label: int | None = Field(None, ge=0)
    contour: int | None = Field(None, ge=0)


class ViewState(_View):
    """Everything that is remembered of a study's window; the defaults are a fresh one.

    Attributes
    ----------
    image : str
        The current image; empty for none.
    docks : tuple of str
        The plugin's docks that are open, by their names in the menu.
    window : str
        Qt's own record of all docks: area, size, tabs, floating; base64.
    settings : dict
        For each dock, also of those closed meanwhile, what was set in it.
    layers : dict
        For each kind of layer how it looks, from the lowest to the topmost.
    active : str
        The kind of the active layer.
    camera : CameraState or None
        Where the canvas looks.
    grid, scale_bar : bool
        Whether layers lie side by side, and whether the scale bar is seen.
    """

    image: str = ""
    docks: tuple[str, ...] = ()
    window: str = ""
    settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    layers: dict[str, LayerLook] = Field(default_factory=dict)
    active: str = ""
    camera: CameraState | None = None
    grid: bool = False
    scale_bar: bool = True


def read_own(path: Path, version: int) -> dict[str, Any]:
    """Read a JSON file of this program; empty if missing, damaged, foreign or newer."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return {}
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict) or content.get("program") != PROGRAM:
        return {}
    known = content.get("schema_version")
    return content if isinstance(known, int) and 1 <= known <= version else {}


def own_text(content: dict[str, Any], version: int) -> str:
    """Return the text of a JSON file that `read_own` reads."""
    marked = {"program": PROGRAM, "schema_version": version, **content}
    return json.dumps(marked, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_view(folder: Path) -> ViewState:
    """Return how the study in a folder was left; a fresh view if nothing tells."""
    try:
        return ViewState.model_validate(read_own(folder / FILE_NAME, SCHEMA_VERSION))
    except ValidationError:
        return ViewState()


class ViewFile:
    """Writes `view.json`, from any thread: the file ends up with what was given last.

    Parameters
    ----------
    folder : Path
        The study's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._given = self._written = ""

    def give(self, view: ViewState, *, written: bool = False) -> bool:
        """Take a view to be written by the next `flush`; tell whether it is another one.

        Parameters
        ----------
        view : ViewState
            How the window looks.
        written : bool
            Whether the file holds it already, as far as it can be read.
        """
        text = own_text(view.model_dump(mode="json"), SCHEMA_VERSION)
        new, self._given = text != self._given, text
        if written:
            self._written = text
        return new

    def flush(self) -> str:
        """Write what was given last, if it is not written yet.

        Returns
        -------
        str
            Why it could not be written, in a sentence; empty if all is well.
        """
        from napari_npm.io import write_text

        with self._lock:
            text = self._given
            # A study that was deleted meanwhile is not to come back as a folder with a view.
            if text == self._written or not (self._folder / STUDY_FILE).exists():
                return ""
            try:
                write_text(self._folder / FILE_NAME, text)
            except (NpmError, OSError) as error:
                return str(error)
            self._written = text
        return ""
