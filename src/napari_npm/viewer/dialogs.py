"""The few questions that the plugin asks."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget


def ask_about_job(parent: QWidget | None, job: Any) -> bool:
    """Ask whether to close the window although a job runs.

    Returns
    -------
    bool
        True to stop the job and close.
    """
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("A job is running")
    box.setText(f"{job.title} is still running.")
    box.setInformativeText(
        "Closing stops it at its next item. What is finished is kept; the rest is done when it "
        "is run again."
    )
    stop = box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
    stay = box.addButton("Keep running", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.exec()
    return box.clickedButton() is stop


def ask_about_unsaved(parent: QWidget | None, what: list[str]) -> bool:
    """Ask whether to close the window although something drawn could not be saved.

    Returns
    -------
    bool
        True to lose it and close.
    """
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Not everything is saved")
    text = " and ".join(what)
    box.setText(f"{text[0].upper()}{text[1:]} cannot be saved.")
    box.setInformativeText(
        "The study's folder cannot be written to. While the window stays open, they are kept, and "
        "saved as soon as it can."
    )
    lose = box.addButton("Close and lose them", QMessageBox.ButtonRole.DestructiveRole)
    stay = box.addButton("Keep open", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.exec()
    return box.clickedButton() is lose


def choose_folder(parent: QWidget, title: str) -> Path | None:
    """Ask for a folder; None where the user gives up."""
    path = QFileDialog.getExistingDirectory(parent, title)
    return Path(path) if path else None


def choose_file(parent: QWidget, title: str, filters: str) -> Path | None:
    """Ask for an existing file; None where the user gives up."""
    path, _ = QFileDialog.getOpenFileName(parent, title, "", filters)
    return Path(path) if path else None


def choose_new_file(parent: QWidget, title: str, name: str, filters: str) -> Path | None:
    """Ask where to write; None where the user gives up."""
    path, chosen = QFileDialog.getSaveFileName(parent, title, name, filters)
    if not path:
        return None
    # Qt's own dialog does not add the suffix of the kind of file that was chosen.
    suffix = re.search(r"\*(\.\w+)", chosen)
    named = Path(path)
    return named if named.suffix or suffix is None else named.with_suffix(suffix.group(1))


def ask_pixel_size(parent: QWidget, files: Sequence[Path], known: float | None) -> float | None:
    """Ask for the pixel size of files that carry none.

    Parameters
    ----------
    parent : QWidget
        Over which to ask.
    files : sequence of Path
        The files.
    known : float or None
        The pixel size of the study's images, in nm, which is offered.

    Returns
    -------
    float or None
        In nm; None where the user gives up.
    """
    names = ", ".join(path.name for path in files[:3]) + (", …" if len(files) > 3 else "")
    carry = "images carry" if len(files) > 1 else "image carries"
    size, taken = QInputDialog.getDouble(
        parent,
        "Pixel size",
        f"{len(files)} {carry} no pixel size ({names}).\nWidth of a pixel in nm, the same for all:",
        known or 0.0,
        0.0,
        1e6,
        3,
    )
    return size if taken and size > 0 else None


def ask_name(parent: QWidget, title: str, text: str, name: str = "") -> str:
    """Ask for a name; empty where the user gives up."""
    answer, taken = QInputDialog.getText(parent, title, text, text=name)
    return answer.strip() if taken else ""
