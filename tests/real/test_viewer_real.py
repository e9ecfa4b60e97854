"""Real micrographs in the viewer: from file to S2 by the docks' buttons, as a user goes."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_npm.core.masking import Label
from napari_npm.viewer.layers import Kind, Subject, find

# file, nm a pixel, pixels of C-S-H, metal and left-out cement chosen by looking at the image.
# Neither image is metal-intruded: the grey levels stand in for those of the references.
IMAGES = {
    "cement/hitachi-cement-5kV-rgba.tif": (None, (178, 127), (57, 25), (68, 77)),
    "fei/helios-bse-fib-001.tif": (8.993, (1710, 1380), (420, 800), (800, 700)),
}


@pytest.fixture
def viewer(make_napari_viewer_proxy):
    return make_napari_viewer_proxy()


@pytest.fixture
def work(viewer, qtbot):
    """Return a function that opens a dock, and one that clicks a button and waits for the work."""

    def dock(name):
        _, widget = viewer.window.add_plugin_dock_widget("napari-npm", name)
        qtbot.wait(20)
        return widget

    def press(widget, name):
        qtbot.mouseClick(getattr(widget, name), Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: widget.task is None, timeout=120_000)
        qtbot.wait(20)

    return dock, press


@pytest.mark.filterwarnings("ignore:.*(no pixel size|was cropped):UserWarning")
@pytest.mark.parametrize("name", IMAGES)
def test_from_file_to_s2(real_data, viewer, work, qtbot, name):
    dock, press = work
    size, *places = IMAGES[name]
    (base,) = viewer.open(str(real_data / name), plugin="napari-npm")
    subject = Subject(base.name)

    mask = dock("Mask and calibrate")
    draw = mask.mask.draw
    draw.auto_box.setChecked(False)
    draw.tolerance.set_value(20)
    for label, place in zip((Label.CSH, Label.METAL, Label.UNHYDRATED), places, strict=True):
        draw.label_buttons.button(int(label)).click()
        draw.use("grow")
        draw.grow.click(*place)
        qtbot.waitUntil(lambda: draw.grow.grain is not None, timeout=60_000)
        draw.use("")
    labels = np.asarray(find(viewer, Kind.MASK, subject).data)
    assert set(np.unique(labels)) == {0, *map(int, Label)}
    qtbot.mouseClick(mask.calibration.calibrate_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: mask.task is None, timeout=60_000)
    mulf = np.asarray(find(viewer, Kind.MULF, subject).data)
    uc = labels == Label.UNHYDRATED
    assert not mulf[uc].any()
    # Between the references porosity grows with the grey level.
    order = np.argsort(base.data[~uc], kind="stable")
    assert (np.diff(mulf[~uc][order]) >= 0).all()
    assert (mulf.min(), mulf.max()) == (0, 1)

    micf_dock = dock("MicF")
    press(micf_dock, "smooth_button")
    micf = np.asarray(find(viewer, Kind.MICF, subject).data)
    assert micf.std() < mulf.std()

    halves = dock("LP/HP")
    press(halves, "split_button")
    parts = np.asarray(find(viewer, Kind.LPHP, subject).data)
    assert set(np.unique(parts)) == {1, 2}
    assert mulf[parts == 2].mean() > mulf[parts == 1].mean()

    s2 = dock("S2")
    s2.form.fields["r_max_px"].set_value(12)
    press(s2, "one_button")
    found = s2.found
    assert found.probability.shape == (13, 256)
    np.testing.assert_allclose(found.probability.sum(axis=1), 1)
    step = 1 if size is None else size / 1000
    assert found.distance[-1] == pytest.approx(12 * step, rel=1e-4)
    assert found.unit == ("px" if size is None else "µm")

    for layer in viewer.layers:
        assert tuple(layer.scale) == pytest.approx((step, step), rel=1e-4)
        assert str(layer.units[-1]) == ("pixel" if size is None else "micrometer")
        assert np.isfinite(np.asarray(layer.data, np.float32)).all()
        assert layer.data.shape[:2] == base.data.shape
