import json

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_npm.core.regions import isodata_split
from napari_npm.core.smoothing import microscale
from napari_npm.viewer.layers import Kind, Subject, find


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


SUBJECT = Subject("free", 50.0)


def test_micf_smooths_the_map(dock, viewer, mulf, qtbot, settled):
    widget = dock("MicF")
    widget.form.fields["sigma_um"].set_value(0.25)
    click(widget.smooth_button, qtbot)
    settled(widget)
    micf = find(viewer, Kind.MICF, SUBJECT)
    assert np.allclose(micf.data, microscale(mulf, 5.0))
    assert "σ = 5 px = 0.25 µm" in widget.result.text()
    assert not find(viewer, Kind.MULF, SUBJECT).visible


@pytest.mark.parametrize("name", ["MicF", "LP/HP", "S2"])
def test_without_a_map_the_dock_says_what_to_do(dock, viewer, grey, qtbot, name):
    viewer.add_image(grey, name="free")
    widget = dock(name)
    button = {"MicF": "smooth_button", "LP/HP": "split_button", "S2": "one_button"}[name]
    click(getattr(widget, button), qtbot)
    assert "calibrate it in the Mask and calibrate dock" in widget.status.text()


def test_lphp_labels_follow_the_isodata_threshold(dock, viewer, mulf, qtbot, settled):
    widget = dock("LP/HP")
    click(widget.split_button, qtbot)
    settled(widget)
    split = isodata_split(mulf)
    labels = find(viewer, Kind.LPHP, SUBJECT).data
    assert np.array_equal(labels == 2, split.high)
    # Over the grey image: a map in colours below would tint both parts.
    assert not find(viewer, Kind.MULF, SUBJECT).visible
    assert f"grey level {split.threshold} " in widget.result.text()
    qtbot.waitUntil(lambda: widget.plot.figure is not None, timeout=30_000)
    assert widget.plot.figure.axes[0].get_xlabel() == "porosity n"


def test_the_threshold_of_an_image_is_forgotten_with_the_image(
    dock, viewer, mulf, grey, qtbot, settled
):
    widget = dock("LP/HP")
    click(widget.split_button, qtbot)
    settled(widget)
    qtbot.waitUntil(lambda: widget.plot.figure is not None, timeout=30_000)
    viewer.layers.selection.active = find(viewer, Kind.MULF, SUBJECT)
    assert "grey level" in widget.result.text()
    viewer.add_image(grey, name="other")
    assert widget.result.text() == ""
    assert widget.plot.figure is None


def test_explain_regions_and_s2_of_a_free_image(
    dock, viewer, mulf, model_folder, qtbot, settled, monkeypatch
):
    relevance_dock = dock("Relevance")
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_folder", lambda *_: model_folder)
    click(relevance_dock.model_box.browse, qtbot)
    assert relevance_dock.model_box.choice().name == "mine"
    target = relevance_dock.form.fields["target"]
    assert [target.itemText(n) for n in range(4)] == ["predicted", "true", "S1", "S2"]
    target.set_value("S2")
    click(relevance_dock.explain_button, qtbot)
    settled(relevance_dock)
    layer = find(viewer, Kind.RELEVANCE, SUBJECT)
    assert layer.rgb
    relevance = layer.metadata["napari_npm"]["values"]
    assert relevance.sum() == pytest.approx(1, abs=1e-3)
    for words in ("Explained: <b>S2</b>", "Conservation: ", "Centre bias: none", "pads with"):
        assert words in relevance_dock.result.text()
    peak = np.quantile(relevance, 0.995)
    assert f"to {1e5 * peak:.3g} · 10⁻⁵ a pixel" in relevance_dock.scale.toolTip()
    assert f"{peak * relevance.size:.3g} × the mean" in relevance_dock.scale.toolTip()
    beside = find(viewer, Kind.DIFFERENCE, SUBJECT)
    assert beside.translate[-1] == pytest.approx(1.04 * 384 * 0.05)
    assert beside.contrast_limits[0] == -beside.contrast_limits[1]
    assert beside.data.sum() == pytest.approx(0, abs=1e-3)
    relevance_dock.beside_box.click()
    assert beside.translate[-1] == 0
    assert not beside.visible
    count = len(viewer.layers)
    click(relevance_dock.explain_button, qtbot)
    settled(relevance_dock)
    assert len(viewer.layers) == count
    high = isodata_split(mulf).high
    reds = layer.data[high & (relevance > np.quantile(relevance, 0.99))]
    assert (reds[:, 0] > reds[:, 2]).all()

    regions_dock = dock("Characteristic regions")
    regions_dock.form.fields["share"].set_value(0.5)
    click(regions_dock.find_button, qtbot)
    settled(regions_dock)
    regions = find(viewer, Kind.REGIONS, SUBJECT).data
    assert relevance[regions > 0].sum() == pytest.approx(0.5, abs=0.01)
    assert "hold 50.0 % of the relevance" in regions_dock.result.text()

    s2_dock = dock("S2")
    s2_dock.form.fields["r_max_px"].set_value(20)
    s2_dock.where_box.setCurrentIndex(1)
    click(s2_dock.one_button, qtbot)
    settled(s2_dock)
    assert s2_dock.found.distance[-1] == pytest.approx(1.0)
    assert "Correlation length" in s2_dock.result.text()


def test_classify_a_free_image_window_by_window(dock, viewer, model_folder, rng, qtbot, settled):
    wide = (rng.random((384, 768)) ** 3).astype(np.float32)
    viewer.add_image(wide, name="wide", scale=(0.05, 0.05), units=("µm", "µm"))
    widget = dock("Train and predict")
    page = widget.classification
    widget.show_page(2)
    page.model_box.add(model_folder)
    page.stride.set_value(192)
    click(page.predict_button, qtbot)
    settled(widget)
    assert "3 windows of 384 px, 192 px apart" in page.prediction.text()
    assert "S2" in page.prediction.text()
    subject = Subject("wide", pytest.approx(50.0))
    classes = find(viewer, Kind.CLASSES, subject)
    assert classes.data.shape == wide.shape
    assert set(np.unique(classes.data)) <= {1, 2}
    assert list(classes.features["name"]) == ["none", "S1", "S2"]
    page.show_box.setCurrentIndex(2)
    shown = find(viewer, Kind.PROBABILITY, subject)
    assert shown.name == "Probability of S2 · wide"
    assert np.allclose(shown.data, page.found.probability[1])
    assert np.allclose(page.found.probability.sum(0), 1, atol=1e-5)
    assert shown.visible
    assert not classes.visible
    page.show_box.setCurrentIndex(1)
    assert shown.name == "Probability of S1 · wide"
    assert len(viewer.layers) == 3
    viewer.layers.remove(classes)
    assert page.found is None
    assert not page.show_box.isEnabled()


def test_a_model_of_another_pixel_size_is_refused(dock, viewer, mulf, model_folder, qtbot, settled):
    card = json.loads((model_folder / "card.json").read_text(encoding="utf-8"))
    text = json.dumps({**card, "pixel_size_nm": 100.0})
    (model_folder / "card.json").write_text(text, encoding="utf-8")
    for name, button in (("Train and predict", "predict_button"), ("Relevance", "explain_button")):
        widget = dock(name)
        page = widget.classification if name.startswith("Train") else widget
        page.model_box.add(model_folder)
        click(getattr(page, button), qtbot)
        settled(widget)
        assert "100 nm" in widget.status.text()
    assert find(viewer, Kind.RELEVANCE, SUBJECT) is None


def test_a_map_with_nan_and_an_image_that_goes_meanwhile(
    dock, viewer, mulf, model_folder, qtbot, settled
):
    widget = dock("Relevance")
    widget.model_box.add(model_folder)
    broken = mulf.copy()
    broken[5, 5] = np.nan
    find(viewer, Kind.MULF, SUBJECT).data = broken
    click(widget.explain_button, qtbot)
    settled(widget)
    assert "not numbers" in widget.status.text()
    find(viewer, Kind.MULF, SUBJECT).data = mulf
    click(widget.explain_button, qtbot)
    viewer.layers.clear()
    settled(widget)
    assert "no longer on show" in widget.status.text()
    assert len(viewer.layers) == 0


def test_the_true_sample_of_a_free_image_is_not_known(dock, viewer, mulf, model_folder, qtbot):
    widget = dock("Relevance")
    widget.model_box.add(model_folder)
    widget.form.fields["target"].set_value("true")
    click(widget.explain_button, qtbot)
    qtbot.waitUntil(lambda: "study's images only" in widget.status.text(), timeout=60_000)


def test_the_card_of_a_model_is_shown(dock, viewer, model_folder, qtbot, settled):
    widget = dock("Train and predict")
    widget.show_page(2)
    page = widget.classification
    page.model_box.add(model_folder)
    click(page.tools.card_button, qtbot)
    settled(widget)
    assert "tells 2 samples apart" in page.tools.dialog.page.toPlainText()
    page.tools.dialog.close()


def test_an_image_below_a_tile_cannot_be_explained(
    dock, viewer, grey, model_folder, qtbot, settled
):
    viewer.add_image(grey / np.float32(255), name="small")
    widget = dock("Relevance")
    widget.model_box.add(model_folder)
    click(widget.explain_button, qtbot)
    settled(widget)
    assert "smaller than a tile" in widget.status.text()


def test_regions_without_relevance_and_a_folder_that_is_no_model(
    dock, viewer, mulf, tmp_path, qtbot
):
    widget = dock("Characteristic regions")
    click(widget.find_button, qtbot)
    assert "explain it in the Relevance dock" in widget.status.text()
    relevance = dock("Relevance")
    before = relevance.model_box.box.count()
    relevance.model_box.add(tmp_path)
    assert relevance.model_box.box.count() == before
