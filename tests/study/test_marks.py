"""Taking masks and known places by name: each to its own image, none to a namesake."""

import shutil

import numpy as np
import pytest
from PIL import Image

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.io import write_image, write_labels
from napari_npm.study import Study, add_images, run, take_masks

PIXEL = 52.0


@pytest.fixture
def study(tmp_path):
    with Study.create(tmp_path / "study") as one:
        yield one


@pytest.fixture
def image(tmp_path):
    """Write an image of a seed's own content under a path relative to the test's folder."""

    def make(name, seed):
        pixels = np.random.default_rng(seed).integers(20, 230, (384, 384), dtype=np.uint8)
        write_image(tmp_path / name, pixels, PIXEL)
        return tmp_path / name

    return make


def labels(value, shape=(384, 384)):
    mask = np.zeros(shape, np.uint8)
    mask[10:20, 30:50] = value
    return mask


def test_masks_are_matched_by_name(study, image, tmp_path):
    add_images(study, "S1", [image("data/a.tif", 1), image("data/b c.tif", 2)])
    write_labels(tmp_path / "masks" / "a.tif", labels(Label.CSH), PIXEL)
    Image.fromarray(labels(Label.METAL)).save(tmp_path / "masks" / "b c.png")
    write_labels(tmp_path / "masks" / "unrelated.tif", labels(Label.METAL), PIXEL)
    assert take_masks(study, tmp_path / "masks") == ("a", "b_c")
    assert np.array_equal(study.mask("a"), labels(Label.CSH))
    assert np.array_equal(study.mask("b_c"), labels(Label.METAL))


def test_a_mask_is_not_given_to_a_namesake(study, image, tmp_path):
    for number, sample in enumerate(("S1", "S2", "S3")):
        add_images(study, sample, [image(f"{sample}/a.tif", number)])
    write_labels(tmp_path / "masks" / "a.tif", labels(Label.CSH), PIXEL)
    write_labels(tmp_path / "masks" / "S3" / "a.tif", labels(Label.METAL), PIXEL)
    assert take_masks(study, tmp_path / "masks") == ("a", "S3-a")
    assert not study.mask("S2-a").any()
    assert np.array_equal(study.mask("S3-a"), labels(Label.METAL))


def test_truth_is_kept_apart_from_masks(study, image, tmp_path):
    add_images(study, "S1", [image("a.tif", 1)])
    write_labels(tmp_path / "truth" / "a.tif", labels(1), PIXEL)
    assert study.truth("a") is None
    take_masks(study, tmp_path / "truth", truth=True)
    assert np.array_equal(study.truth("a"), labels(1) > 0)
    assert not study.mask("a").any()


def test_a_mask_of_another_size_is_a_sentence(study, image, tmp_path):
    add_images(study, "S1", [image("a.tif", 1)])
    write_labels(tmp_path / "masks" / "a.tif", labels(1, (400, 384)), PIXEL)
    with pytest.raises(NpmError, match="400 x 384 px but its image 384 x 384"):
        take_masks(study, tmp_path / "masks")
    assert not study.mask_path("a").exists()
    # the same mask put there by hand is noticed when it is used
    shutil.copy(tmp_path / "masks" / "a.tif", tmp_path / "a-mask.tif")
    study.mask_path("a").parent.mkdir()
    shutil.copy(tmp_path / "a-mask.tif", study.mask_path("a"))
    run(study, ["import"])
    with pytest.raises(NpmError, match="make one of the image's size"):
        run(study, ["mask"])


def test_no_mask_at_all_is_a_sentence(study, image, tmp_path):
    add_images(study, "S1", [image("a.tif", 1)])
    (tmp_path / "masks").mkdir()
    with pytest.raises(NpmError, match="holds no label image"):
        take_masks(study, tmp_path / "masks")


def test_the_same_masks_taken_again_change_nothing(fresh, phantom_data):
    with Study.open(fresh) as study:
        run(study, ["import", "mask"])
        take_masks(study, phantom_data / "masks")
        assert run(study, ["mask"])[0].computed == 0
