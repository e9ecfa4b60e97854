"""The docks of the plugin in the order of the method: one table for menus, keys and help."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PLUGIN = "napari-npm"
STUDY_DOCK, MASK_DOCK = "NPM study", "Mask and calibrate"


@dataclass(frozen=True)
class DockEntry:
    """A dock as it is offered.

    Attributes
    ----------
    name : str
        Its name in the manifest and in napari's menus.
    stage : str
        The part of the method it belongs to.
    key : str
        The key that opens it, as Qt writes keys.
    help : str
        What it is for, in one sentence.
    """

    name: str
    stage: str
    key: str
    help: str


DOCKS: tuple[DockEntry, ...] = (
    DockEntry(
        "NPM study", "Study", "Alt+1", "Open or make a study, see its images, run what is left."
    ),
    DockEntry(
        "Simulate",
        "Porosity maps",
        "Alt+2",
        "Simulate how the backscattered signal rises with porosity, for your material and beam.",
    ),
    DockEntry(
        "Mask and calibrate",
        "Porosity maps",
        "Alt+3",
        "Mark unhydrated cement and references; turn grey values into MulF maps of porosity.",
    ),
    DockEntry("MicF", "Porosity maps", "Alt+4", "Smooth MulF maps until only microscale is left."),
    DockEntry(
        "Train and predict",
        "Learn and explain",
        "Alt+5",
        "Train the network to tell samples apart, test it, and ask it about new images.",
    ),
    DockEntry(
        "Relevance",
        "Learn and explain",
        "Alt+6",
        "See which pixels the network's decision rests on.",
    ),
    DockEntry("LP/HP", "Characterise", "Alt+7", "Split maps into low- and high-porosity parts."),
    DockEntry(
        "Characteristic regions",
        "Characterise",
        "Alt+8",
        "Find the pixels that hold 70 % of the relevance, and their boundaries.",
    ),
    DockEntry("S2", "Characterise", "Alt+9", "Two-point correlation of maps and regions."),
    DockEntry(
        "Statistics", "Characterise", "Alt+0", "Porosity, pore size and fractions, held to tests."
    ),
    DockEntry(
        "Shared patterns", "Characterise", "Alt+G", "Order relevance maps by likeness; group them."
    ),
    DockEntry("Export figure", "Publish", "Alt+E", "Write figures for papers."),
    DockEntry("Keys and help", "Help", "F1", "All keys, and what each dock is for."),
)


def entry_of(name: str) -> DockEntry:
    """Return the entry of a dock.

    Raises
    ------
    KeyError
        If no dock is called so.
    """
    for entry in DOCKS:
        if entry.name == name:
            return entry
    raise KeyError(name)


def open_dock(viewer: Any, name: str) -> Any:
    """Open a dock, or bring it to the front where it is open.

    Parameters
    ----------
    viewer : napari.Viewer
        Where.
    name : str
        Its name in `DOCKS`.

    Returns
    -------
    Dock
        The dock.
    """
    viewer = getattr(viewer, "__wrapped__", viewer)
    frame, dock = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    frame.show()
    frame.raise_()
    return dock


def key_table(rows: Iterable[tuple[str, str]]) -> str:
    """Return keys and what they do as a table."""
    body = "".join(
        f"<tr><td><b>{key}</b>&nbsp;&nbsp;</td><td>{words}</td></tr>" for key, words in rows
    )
    return f"<table>{body}</table>"
