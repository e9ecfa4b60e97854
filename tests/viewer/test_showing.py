import numpy as np
import pytest
from napari.components import ViewerModel

from napari_npm.viewer.current import base_layer
from napari_npm.viewer.kinds import Kind
from napari_npm.viewer.layers import Subject, find, put
from napari_npm.viewer.show import hide_retired, show_image_data
from napari_npm.viewer.study_work import ImageData


@pytest.fixture
def model():
    return ViewerModel()


def image_data(tmp_path, name, *maps, size=8):
    zeros = np.zeros((size, size), np.uint8)
    return ImageData(
        tmp_path,
        Subject(name, 50.0, name),
        zeros,
        zeros.copy(),
        {kind: np.full((size, size), 0.5, np.float32) for kind in maps},
    )


def names(model):
    return [layer.name for layer in model.layers]


def test_maps_lie_between_image_and_mask(model, tmp_path):
    list(show_image_data(model, image_data(tmp_path, "a", Kind.MULF, Kind.MICF)))
    assert names(model) == ["BSE · a", "MulF · a", "MicF · a", "Mask · a"]
    assert [layer.visible for layer in model.layers] == [True, False, False, True]
    assert model.layers.selection.active.name == "BSE · a"


def test_nothing_of_two_images_is_found_between_turns(model, tmp_path):
    a, b = (image_data(tmp_path, name, Kind.MULF) for name in "ab")
    list(show_image_data(model, a))
    relevance = put(model, Kind.RELEVANCE, a.subject, np.ones((8, 8), np.float32))
    mulf = find(model, Kind.MULF, a.subject)
    mulf.visible = True
    turns = show_image_data(model, b)
    next(turns)
    assert find(model, Kind.IMAGE, b.subject).name == "BSE · b"
    assert find(model, Kind.MASK, b.subject).name == "Mask · b"
    assert find(model, Kind.MULF, b.subject) is find(model, Kind.RELEVANCE, b.subject) is None
    list(turns)
    assert find(model, Kind.MULF, b.subject) is mulf
    assert mulf.visible
    assert relevance not in model.layers


def test_what_is_left_of_the_previous_image_is_hidden_until_it_is_shown_again(model, tmp_path):
    a, b, c = (image_data(tmp_path, name, Kind.MULF) for name in "abc")
    list(show_image_data(model, a))
    mulf = find(model, Kind.MULF, a.subject)
    mulf.visible = True
    turns = show_image_data(model, b)
    next(turns)
    turns.close()
    hide_retired(model)
    assert not mulf.visible
    assert find(model, Kind.IMAGE, b.subject).visible
    list(show_image_data(model, c))
    assert find(model, Kind.MULF, c.subject) is mulf
    assert mulf.visible


def test_an_image_that_was_deleted_comes_back_below_its_mask(model, tmp_path):
    a, b = (image_data(tmp_path, name, Kind.MULF) for name in "ab")
    list(show_image_data(model, a))
    model.layers.remove(find(model, Kind.IMAGE, a.subject))
    list(show_image_data(model, b))
    assert names(model) == ["BSE · b", "MulF · b", "Mask · b"]


def test_a_map_of_the_previous_image_is_not_taken_for_an_image(model, tmp_path):
    a, b = (image_data(tmp_path, name, Kind.MULF) for name in "ab")
    list(show_image_data(model, a))
    model.layers.selection.active = find(model, Kind.MULF, a.subject)
    next(show_image_data(model, b))
    assert base_layer(model).name == "BSE · b"


def test_turns_dropped_for_another_image_leave_nothing_behind(model, tmp_path):
    a, b, c = (image_data(tmp_path, name, Kind.MULF, Kind.MICF) for name in "abc")
    list(show_image_data(model, a))
    put(model, Kind.LPHP, a.subject, np.ones((8, 8), np.uint8))
    find(model, Kind.MICF, a.subject).visible = True
    for stop_after in (1, 2):
        turns = show_image_data(model, b)
        for _ in range(stop_after):
            next(turns)
        turns.close()
    list(show_image_data(model, c))
    assert names(model) == ["BSE · c", "MulF · c", "MicF · c", "Mask · c"]
    assert find(model, Kind.MICF, c.subject).visible
    assert not find(model, Kind.MULF, c.subject).visible


def test_a_free_image_s_maps_stay(model, tmp_path):
    free = put(model, Kind.MULF, Subject("free", 50.0), np.ones((8, 8), np.float32))
    list(show_image_data(model, image_data(tmp_path, "a")))
    assert free.visible
    assert find(model, Kind.MULF, Subject("free", 50.0)) is free


def test_the_mask_is_kept_in_the_turn_that_changes_it(model, tmp_path):
    list(show_image_data(model, image_data(tmp_path, "a")))
    kept = []
    next(show_image_data(model, image_data(tmp_path, "b"), kept.append))
    assert [layer.name for layer in kept] == ["Mask · b"]


def test_a_layer_deleted_between_turns_is_made_again_or_passed_over(model, tmp_path):
    list(show_image_data(model, image_data(tmp_path, "a", Kind.MULF, Kind.MICF)))
    turns = show_image_data(model, image_data(tmp_path, "b", Kind.MULF))
    next(turns)
    for layer in list(model.layers)[1:3]:
        model.layers.remove(layer)
    list(turns)
    assert names(model) == ["BSE · b", "Mask · b", "MulF · b"]
