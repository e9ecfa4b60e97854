"""What a user without a mouse, or with a screen reader, meets in the docks."""

import pytest
from qtpy.QtCore import Qt

from napari_npm.study.steps import STEPS
from napari_npm.viewer.accessible import inputs, labels_of, name_of
from napari_npm.viewer.catalogue import DOCKS
from napari_npm.viewer.forms import Form


@pytest.mark.parametrize("step", list(STEPS))
def test_every_input_of_a_form_has_a_name_and_takes_the_tab_key(step, qtbot):
    form = Form(STEPS[step].Parameters, step=step)
    qtbot.addWidget(form)
    for widget in inputs(form):
        assert name_of(widget, labels_of(form)), (step, widget, widget.parent())
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, (step, widget)
    for field in form.fields.values():
        assert "<" not in field.accessibleName()


@pytest.mark.parametrize("name", [entry.name for entry in DOCKS])
def test_every_input_of_a_dock_has_a_name_and_takes_the_tab_key(dock, name):
    widget = dock(name)
    for one in inputs(widget):
        assert one.focusPolicy() & Qt.FocusPolicy.TabFocus, (name, one, one.toolTip())
        assert name_of(one, labels_of(widget)), (name, one, one.objectName(), type(one.parent()))


def test_the_parts_of_a_field_are_told_apart(qtbot):
    form = Form(STEPS["smooth"].Parameters, step="smooth")
    qtbot.addWidget(form)
    field = form.fields["sigma_um"]
    title = field.accessibleName()
    assert title
    assert field.field.accessibleName() == title
    assert field.box.accessibleName() == f"Set {title}"
    assert field.focusProxy() is field.box
