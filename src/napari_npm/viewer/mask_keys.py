"""Single keys of the mask page, while the image has the focus.

They are bound to the active layer alone, and only while that is one of the image's own layers and
the mask page is shown, so they change nothing elsewhere. Where napari uses a key on Labels or Image
layers itself, that is so on purpose:

====  =======================================================================================
P E F  brush, eraser and fill: the same as in napari, but from any layer of the image
L      lasso; in napari it picks a label, which 5 still does
M      next of the three labels; in napari a new label, which a mask of three cannot have
X      reject; in napari it swaps the label with 0, for which the eraser is there
C      correct; in napari it sets the contrast of an Image layer, which its controls still do
[ ]    tolerance while grains are clicked, else napari's brush size
Enter Escape  take or leave the grain in hand, else napari's polygon
====  =======================================================================================
"""

from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QLabel, QSizePolicy

from .catalogue import key_table
from .current import base_layer, current_subject
from .layers import converted, kind_of, subject_of

# Every key with its words, as the user reads them.
KEYS: tuple[tuple[str, str], ...] = (
    ("A", "accept and go to the next image to be looked at"),
    ("X", "reject and go to the next"),
    ("C", "take the proposal into the mask and stay to correct it"),
    ("N", "next image"),
    ("Shift+N", "previous image"),
    ("Q", "stroke on UC to learn from"),
    ("W", "stroke on what is not UC"),
    ("T", "propose UC on this image from the strokes"),
    ("G", "click grains"),
    ("L", "lasso"),
    ("Y", "polygon"),
    ("P", "brush"),
    ("E", "eraser"),
    ("F", "fill"),
    ("M", "next label: UC, C-S-H, metal"),
    ("H", "hide or show all markings"),
    ("U", "undo"),
    ("Shift+U", "redo"),
    ("[ ]", "tolerance while clicking grains, else brush size (also Shift+wheel)"),
    ("Enter, Esc", "take or leave the outlined grain"),
    ("Ctrl+Z", "undo; with Shift redo"),
    ("V, Space", "napari: hide the layer; hold to move the image"),
)


class MaskKeys(QObject):
    """Binds the keys to the active layer and gives them back when another becomes active."""

    def __init__(self, editor: Any) -> None:
        super().__init__(editor)
        self.editor = editor
        self.viewer = editor.viewer
        self._layer: Any = None
        self._before: dict[Any, Any] = {}

    def actions(self) -> dict[str, Callable[[], Any]]:
        """Return what each key does just now."""
        editor = self.editor
        draw, review, learn = editor.draw, editor.review, editor.learn
        found: dict[str, Callable[[], Any]] = {
            "A": review.accept,
            "X": review.reject,
            "C": review.correct,
            "N": review.next_image,
            "Shift-N": review.previous_image,
            "Q": lambda: draw.use_stroke(1),
            "W": lambda: draw.use_stroke(2),
            "T": learn.propose,
            "G": lambda: draw.toggle("grow"),
            "L": lambda: draw.toggle("lasso"),
            "Y": lambda: draw.toggle("polygon"),
            "P": lambda: draw.toggle("brush"),
            "E": lambda: draw.toggle("eraser"),
            "F": lambda: draw.toggle("fill"),
            "M": draw.next_label,
            "H": editor.peek,
            "U": editor.undo,
            "Shift-U": editor.redo,
            "Control-Z": editor.undo,
            "Control-Shift-Z": editor.redo,
        }
        if draw.tool == "grow":
            found["["] = lambda: draw.change_tolerance(-1)
            found["]"] = lambda: draw.change_tolerance(1)
        if draw.grow.pending:
            found["Enter"] = draw.grow.take
            found["Escape"] = draw.grow.leave
        return found

    def bind(self) -> None:
        """Bind to the layer that is active now."""
        self.release()
        layer = self.viewer.layers.selection.active
        if layer is None or not self._own(layer):
            return
        from napari.utils.key_bindings import coerce_keybinding

        self._layer = layer
        for key, action in self.actions().items():
            binding = coerce_keybinding(key)
            self._before[binding] = layer.keymap.get(binding)
            layer.bind_key(binding, self._callback(action), overwrite=True)

    def _callback(self, action: Callable[[], Any]) -> Callable[[Any], None]:
        def call(layer: Any) -> None:  # noqa: ARG001 - napari passes it
            if isalive(self):
                action()

        return call

    def _own(self, layer: Any) -> bool:
        editor = self.editor
        if not editor.isVisibleTo(editor.dock):
            return False
        if kind_of(layer) is None and not converted(layer):
            return layer is base_layer(self.viewer)
        subject = current_subject(self.viewer)
        return subject is not None and subject_of(layer).name == subject.name

    def release(self) -> None:
        """Give the keys back."""
        if self._layer is not None:
            for binding, before in self._before.items():
                self._layer.bind_key(binding, before, overwrite=True)
        self._layer, self._before = None, {}

    def table(self) -> QLabel:
        """Return the list of keys."""
        label = QLabel(key_table(KEYS))
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        label.setToolTip("These keys work while the image has the focus: click on it once")
        return label
