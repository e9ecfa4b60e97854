import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_npm.core.masking import Label
from napari_npm.viewer.layers import Kind, Subject, find


@pytest.fixture
def shown(viewer, dock, grey, qtbot):
    """The dock on a free image."""
    viewer.add_image(grey, name="free", scale=(0.1, 0.1), units=("µm", "µm"))
    widget = dock("Mask and calibrate")
    qtbot.waitUntil(lambda: widget.calibration._grey is not None, timeout=30_000)
    return widget


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def the(viewer, kind):
    return find(viewer, kind, Subject("free"))


def test_no_image_is_said_in_words(dock, viewer, qtbot):
    widget = dock("Mask and calibrate")
    click(widget.calibration.calibrate_button, qtbot)
    assert "No image is open" in widget.status.text()
    assert "No image open" in widget.heading.text()


def test_closing_the_image_before_it_is_measured_complains_of_nothing(shown, viewer, qtbot):
    shown.calibration.mask_touched()
    viewer.layers.clear()
    qtbot.wait(400)
    assert "No image is open" not in shown.status.text()


def test_calibrate_with_marked_references(shown, viewer, qtbot, settled, labels):
    click(shown.calibration.calibrate_button, qtbot)
    settled(shown)
    assert "no mask" in shown.status.text()
    shown.mask.layer().data = labels
    click(shown.calibration.calibrate_button, qtbot)
    settled(shown)
    mulf = the(viewer, Kind.MULF)
    assert mulf.data.dtype == np.float32
    assert mulf.data[labels == Label.METAL].mean() == pytest.approx(1, abs=0.05)
    assert not mulf.data[labels == Label.UNHYDRATED].any()
    assert tuple(mulf.scale) == pytest.approx((0.1, 0.1))
    assert "G_CSH 60" in shown.calibration.result.text()
    assert not the(viewer, Kind.MASK).visible


def test_calibrate_with_given_levels_and_wrong_ones(shown, viewer, qtbot, settled):
    fields = shown.calibration.calibrate_form.fields
    fields["g_csh"].set_value(60)
    fields["g_metal"].set_value(40)
    click(shown.calibration.calibrate_button, qtbot)
    settled(shown)
    assert "must be above" in shown.status.text()
    fields["g_metal"].set_value(200)
    click(shown.calibration.calibrate_button, qtbot)
    settled(shown)
    assert the(viewer, Kind.MULF) is not None


def test_pixel_size_can_be_given(viewer, dock, grey, qtbot):
    viewer.add_image(grey, name="free")
    widget = dock("Mask and calibrate")
    assert not widget.calibration.pixel_row.isHidden()
    widget.calibration.pixel_size.set_value(250)
    click(widget.calibration.pixel_button, qtbot)
    assert tuple(viewer.layers["free"].scale) == pytest.approx((0.25, 0.25))
    assert "250 nm/px" in widget.heading.text()
    assert widget.calibration.pixel_row.isHidden()
