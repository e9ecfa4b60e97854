import numpy as np
import pytest
from napari.components import ViewerModel

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.viewer.current import current_image, current_subject
from napari_npm.viewer.layers import (
    Kind,
    Subject,
    find,
    pixel_size_of,
    present,
    put,
    spatial,
    subject_of,
    values_of,
)
from napari_npm.viewer.maps import current_map


@pytest.fixture
def model():
    return ViewerModel()


def test_layers_carry_scale_units_and_the_naming_scheme(model, grey):
    layer = put(model, Kind.IMAGE, Subject("a", 52.0), grey)
    assert layer.name == "BSE · a"
    assert tuple(layer.scale) == pytest.approx((0.052, 0.052))
    assert pixel_size_of(layer) == pytest.approx(52.0)
    assert model.canvas.overlays.scale_bar.visible
    assert spatial(None) == {"scale": (1.0, 1.0), "units": ("pixel", "pixel")}


def test_the_same_kind_is_replaced_in_place(model, grey):
    subject = Subject("a", 52.0)
    first = put(model, Kind.MULF, subject, np.zeros((4, 4), np.float32))
    second = put(model, Kind.MULF, subject, np.ones((6, 6), np.float32))
    assert first is second
    assert len(model.layers) == 1
    assert second.data.shape == (6, 6)
    assert tuple(second.contrast_limits) == (0, 1)


def test_images_of_a_study_share_their_layers_and_free_images_do_not(model, grey):
    put(model, Kind.IMAGE, Subject("a", 52.0, "a"), grey)
    put(model, Kind.IMAGE, Subject("b", 52.0, "b"), grey[:50])
    assert [layer.name for layer in model.layers] == ["BSE · b"]
    put(model, Kind.IMAGE, Subject("c", 52.0), grey)
    put(model, Kind.IMAGE, Subject("d", 52.0), grey)
    assert len(model.layers) == 3


def test_a_renamed_layer_is_still_known(model, grey):
    subject = Subject("a", 52.0)
    put(model, Kind.MULF, subject, grey / 255).name = "mine"
    assert find(model, Kind.MULF, subject).name == "mine"
    assert find(model, Kind.MICF, subject) is None


def test_colours_keep_the_numbers_behind_them(model, grey):
    subject, numbers = Subject("a"), np.random.default_rng(0).random((5, 5))
    layer = put(model, Kind.RELEVANCE, subject, np.zeros((5, 5, 3), np.uint8), values=numbers)
    assert layer.rgb
    assert values_of(layer) is numbers
    plain = put(model, Kind.RELEVANCE, subject, numbers)
    assert not plain.rgb
    assert len(model.layers) == 1


def test_mask_labels_have_names_and_colours(model, grey, labels):
    layer = put(model, Kind.MASK, Subject("a"), labels)
    assert list(layer.features["index"]) == [0, 1, 2, 3]
    assert "C-S-H" in layer.features["name"][Label.CSH]
    assert not np.array_equal(layer.get_color(1), layer.get_color(2))


def test_present_shows_only_what_was_asked(model, grey, labels):
    subject = Subject("a")
    put(model, Kind.IMAGE, subject, grey)
    put(model, Kind.MASK, subject, labels)
    put(model, Kind.MULF, subject, grey / 255.0)
    other = put(model, Kind.MULF, Subject("b"), grey / 255.0)
    present(model, subject, Kind.MULF)
    assert [layer.visible for layer in model.layers] == [True, False, True, True]
    assert model.layers.selection.active is find(model, Kind.MULF, subject)
    assert other.visible


def test_a_hidden_class_difference_keeps_no_space_beside_the_image(model, grey):
    subject = Subject("a", 50.0)
    put(model, Kind.IMAGE, subject, grey)
    put(model, Kind.RELEVANCE, subject, grey / 255.0)
    beside = put(model, Kind.DIFFERENCE, subject, grey - 128.0)
    beside.translate = (0.0, 10.0)
    present(model, subject, Kind.RELEVANCE, Kind.DIFFERENCE)
    assert tuple(beside.translate) == (0, 10)
    present(model, subject, Kind.RELEVANCE)
    assert tuple(beside.translate) == (0, 0)
    assert model.layers.extent.world[1][1] == pytest.approx(0.05 * grey.shape[1], abs=0.05)


@pytest.mark.parametrize("kind", [Kind.MULF, Kind.DIFFERENCE, Kind.PATTERN])
def test_a_colour_bar_goes_with_its_layer(model, grey, kind):
    layer = put(model, kind, Subject("a"), grey / np.float32(255))
    assert layer.colorbar.visible
    layer.visible = False
    assert not layer.colorbar.visible
    layer.visible = True
    assert layer.colorbar.visible


def test_the_contrast_of_a_mosaic_is_that_of_a_part_of_its_pixels(model, rng):
    values = rng.normal(0, 1, (1100, 1100)).astype(np.float32)
    layer = put(model, Kind.DIFFERENCE, Subject("a"), values)
    low, high = layer.contrast_limits
    assert low == -high
    assert high == pytest.approx(np.quantile(np.abs(values[::2, ::2]), 0.999))
    assert high == pytest.approx(np.quantile(np.abs(values), 0.999), rel=0.03)


def test_the_active_layer_decides_which_image_is_meant(model, grey, labels):
    model.add_image(grey, name="free", scale=(0.1, 0.1), units=("µm", "µm"))
    image = put(model, Kind.IMAGE, Subject("a", 52.0), grey)
    put(model, Kind.MASK, Subject("a", 52.0), labels)
    assert current_subject(model).name == "a"
    model.layers.selection.active = model.layers["free"]
    assert current_image(model).subject == Subject("free", pytest.approx(100.0))
    free_mask = put(model, Kind.MASK, current_image(model).subject, np.zeros_like(grey))
    model.layers.selection.active = free_mask
    assert current_image(model).layer is model.layers["free"]
    model.layers.selection.active = None
    assert current_image(model).layer is image
    assert subject_of(free_mask).name == "free"


def test_a_stack_gives_the_slice_on_show(model, grey):
    model.add_image(np.stack([grey, grey + 1]), name="stack", scale=(1, 0.1, 0.1))
    model.dims.set_current_step(0, 1)
    image = current_image(model)
    assert image.subject.name == "stack [2]"
    assert np.array_equal(image.pixels, grey + 1)


def test_no_image_and_colour_images_are_refused_in_words(model, grey):
    with pytest.raises(NpmError, match="No image is open"):
        current_image(model)
    model.add_image(np.zeros((5, 5, 3), np.uint8), rgb=True, name="photo")
    with pytest.raises(NpmError, match="photo is a colour image"):
        current_image(model)


def test_a_missing_map_says_where_to_get_it(model, grey):
    model.add_image(grey, name="free")
    with pytest.raises(NpmError, match="Mask and calibrate"):
        current_map(model, Kind.MULF)
    with pytest.raises(NpmError, match="MicF dock"):
        current_map(model, Kind.MICF)
    model.add_image(grey / np.float32(255), name="porosity")
    assert current_map(model, Kind.MULF).subject.name == "porosity"
