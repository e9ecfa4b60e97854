"""A model's card to read, and its export for other programs."""

from pathlib import Path
from typing import Any

from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from . import dialogs
from .dock import guarded
from .model_box import ModelBox


class ModelTools(QWidget):
    """Buttons for the chosen model: read its card, export it."""

    def __init__(self, part: Any, box: ModelBox) -> None:
        super().__init__()
        self.part = part
        self.box = box
        self.dialog: QDialog | None = None
        self.card_button = part.dock.button(
            "Model card",
            self.show_card,
            "What the model was made of: data, split, seed, versions, test",
        )
        self.onnx_button = part.dock.button(
            "Export as ONNX…", self.export, "Write the network for other programs"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.card_button)
        row.addWidget(self.onnx_button)

    def fail(self, error: BaseException | str) -> None:
        """Tell what went wrong, in the dock."""
        self.part.fail(error)

    @guarded
    def show_card(self) -> None:
        """Read the card in the background and show it in a window of its own."""
        choice = self.box.choice()
        self.part.run_task("Reading the card…", read_page, choice, done=self._show)

    def _show(self, page: tuple[str, str]) -> None:
        name, text = page
        if self.dialog is not None:
            self.dialog.close()
        self.dialog = CardDialog(self.window(), name, text)
        self.dialog.show()
        self.part.say(f"The card of {name} is open.")

    @guarded
    def export(self) -> None:
        """Ask where, and write the network as ONNX in the background."""
        choice = self.box.choice()
        path = dialogs.choose_new_file(
            self, "Export the model", f"{choice.name}.onnx".replace(" ", "_"), "ONNX (*.onnx)"
        )
        if path is not None:
            path = path if path.suffix else path.with_suffix(".onnx")
            self.part.run_task("Exporting…", write_onnx, choice, path, done=self._exported)

    def _exported(self, written: tuple[Path, float | None]) -> None:
        path, apart = written
        tried = "not tried: onnxruntime is not installed"
        if apart is not None:
            tried = f"tried on random maps: logits differ by {apart:.1e} at most"
        self.part.say(f"Model written ({tried}): {path}")


class CardDialog(QDialog):
    """A model's card, to be read and copied beside the work."""

    def __init__(self, parent: QWidget | None, name: str, text: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Model card: {name}")
        self.resize(620, 640)
        self.page = QTextBrowser()
        self.page.setOpenLinks(False)
        self.page.setMarkdown(text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.page)
        layout.addWidget(buttons)


def read_page(report: Any, choice: Any) -> tuple[str, str]:
    """Return a model's name and its card as Markdown."""
    from napari_npm.study.model_cards import read_card, readable

    report(0, 1, "reading the card")
    return choice.name, readable(choice.name, read_card(choice.folder))


def write_onnx(report: Any, choice: Any, path: Path) -> tuple[Path, float | None]:
    """Write a network as ONNX; return where, and how far its logits are off if that was tried."""
    from napari_npm.study.exporting import export_model

    report(0, 1, "exporting")
    return path, export_model(choice.folder, path)
