"""What a network says of new images and mosaics: the same as of tiles, from whatever source."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.masking import Label
from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.core.prediction import predict
from napari_npm.io import write_image, write_labels
from napari_npm.study import ClassifyParameters, Study, classify, classify_images
from napari_npm.study.classify_models import load
from napari_npm.study.classify_sources import find_wanted, read_source
from napari_npm.study.models import save_model
from napari_npm.study.wiring import MODEL_MAPS, read_model_maps

QUICK = {"model": "small", "stride_px": 48}


def network(kind: str, side: int) -> NanoporosityNet:
    """A narrow network that answers differently to different images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        channels = len(MODEL_MAPS[kind])
        net = NanoporosityNet(2, NetworkConfig((4, 4, 4), input_size=side, in_channels=channels))
        torch.nn.init.normal_(net.head[-1].weight, 0, 2)
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None
        net.train()
        for _ in range(5):
            net(torch.rand(4, channels, 64, 64))
    return net.eval()


@pytest.fixture(scope="module")
def home(quick_study, tmp_path_factory):
    """A study with its maps and four models; "small" has windows of 96 px."""
    folder = tmp_path_factory.mktemp("classify") / "study"
    shutil.copytree(quick_study, folder)
    with Study.open(folder) as study:
        size = study.pixel_size_nm
        for kind, side in (("mulf", 384), ("micf", 384), ("both", 384), ("small", 96)):
            maps = "mulf" if kind == "small" else kind
            card = {"maps": maps, "classes": ["S1", "S2"], "pixel_size_nm": size}
            save_model(study.models_folder / kind, network(maps, side), card)
    return folder


@pytest.fixture(scope="module")
def study(home):
    return Study.open(home, write=False)


@pytest.fixture(scope="module")
def new_file(study, tmp_path_factory):
    """Return an image of the study as a file of its own, and its mask."""
    folder = tmp_path_factory.mktemp("new")
    image = study.images[1].id
    write_image(folder / "fresh.tif", study.read(image).pixels, study.pixel_size_nm)
    write_labels(folder / "mask.tif", study.mask(image))
    return image, folder / "fresh.tif", folder / "mask.tif"


def asked(study, image, *, unhydrated=None, **settings):
    """Return what was found of one image, without writing it."""
    parameters = ClassifyParameters(**{**QUICK, **settings})
    (wanted,) = find_wanted(study, [image])
    source = read_source(study, wanted, parameters, unhydrated)
    return classify(study, load(study, parameters.model), source, parameters)


def one(study, image, out, *, unhydrated=None, **settings):
    """Classify one image; return what was found and the files."""
    parameters = ClassifyParameters(**{**QUICK, **settings})
    done, left_out = classify_images(study, [image], parameters, unhydrated=unhydrated, out=out)
    assert left_out == []
    ((found, files),) = done
    assert all(path.exists() for path in files)
    return found, files


def reason(study, image, out, *, unhydrated=None, **settings):
    """Return why an image was left out."""
    parameters = ClassifyParameters(**{**QUICK, **settings})
    done, ((_, text),) = classify_images(study, [image], parameters, unhydrated=unhydrated, out=out)
    assert done == []
    assert not out.exists()
    return text


@pytest.mark.parametrize("kind", ["mulf", "micf", "both"])
def test_windows_side_by_side_are_what_the_study_predicts_of_its_tiles(study, tmp_path, kind):
    for image in (study.images[0].id, study.images[-1].id):
        found = asked(study, image, model=kind, stride_px=384)
        tiles = study.tiles_of(image)
        expected = predict(study.load_model(kind), read_model_maps(study, kind, tiles))
        said = found.probability.probability.reshape(2, -1).T
        np.testing.assert_allclose(said, expected, atol=1e-5)
        assert expected.min() > 0.01  # where one class is certain, no difference would show
        assert found.chosen == ["S1", "S2"][expected.mean(0).argmax()]


def test_a_new_file_with_levels_and_mask_says_what_the_studys_own_image_says(
    study, new_file, tmp_path
):
    image, path, mask = new_file
    own = asked(study, image)
    record = study.record("calibrate", image).rows[0]
    np.testing.assert_array_equal(
        own.source.porosity[:384, :384], study.stack("mulf").read(study.tiles_of(image))[0]
    )
    given = asked(
        study,
        path,
        unhydrated=mask,
        g_csh=record["g_csh"],
        g_metal=record["g_metal"],
    )
    np.testing.assert_array_equal(given.source.porosity, own.source.porosity)
    np.testing.assert_array_equal(given.probability.full(), own.probability.full())
    assert given.source.levels["csh_from"] == "given"
    assert given.notes == own.notes == ()
    # references marked in the mask give the levels where no number does
    measured = asked(study, path, unhydrated=mask)
    assert measured.source.levels["metal_from"] == "mask"
    assert measured.source.levels["g_csh"] == pytest.approx(record["g_csh"])
    # without a mask unhydrated cement is not set to 0, and that is said
    bare = asked(study, path, g_csh=record["g_csh"], g_metal=record["g_metal"])
    assert bare.source.porosity[study.mask(image) == Label.UNHYDRATED].max() > 0
    assert "no mask" in bare.notes[0]


def test_the_levels_that_a_study_states_hold_for_new_files(home, new_file, tmp_path):
    _, path, mask = new_file
    labels = tifffile.imread(mask)
    write_labels(tmp_path / "uc.tif", np.where(labels == 1, 1, 0).astype(np.uint8))
    copy = tmp_path / "study"
    shutil.copytree(home, copy)
    text = reason(
        Study.open(copy, write=False), path, tmp_path / "o", unhydrated=tmp_path / "uc.tif"
    )
    assert "grey level g_csh of fresh.tif is not known" in text
    assert "--g-csh" in text
    with Study.open(copy) as study:
        study.set_parameters("calibrate", g_csh=60.0, g_metal=200.0)
        found = asked(study, path, unhydrated=tmp_path / "uc.tif")
        assert found.source.levels == {
            "g_csh": 60.0,
            "csh_from": "study",
            "g_metal": 200.0,
            "metal_from": "study",
        }


def test_porosity_maps_are_taken_as_they_are(study, new_file, tmp_path):
    image, _, _ = new_file
    own = asked(study, image)
    write_image(tmp_path / "map.tif", own.source.porosity, study.pixel_size_nm)
    found = asked(study, tmp_path / "map.tif", maps=True)
    np.testing.assert_array_equal(found.source.porosity, own.source.porosity)
    np.testing.assert_array_equal(found.probability.full(), own.probability.full())
    assert found.source.levels == {}
    # a mask is laid over it: here on places that had porosity
    drawn = np.zeros(found.source.porosity.shape, np.uint8)
    drawn[100:200] = 1
    write_labels(tmp_path / "drawn.tif", drawn)
    masked = asked(study, tmp_path / "map.tif", maps=True, unhydrated=tmp_path / "drawn.tif")
    assert not masked.source.porosity[100:200].any()
    np.testing.assert_array_equal(masked.source.porosity[200:], own.source.porosity[200:])


def test_the_files_hold_what_was_found(study, tmp_path):
    image = study.images[0].id
    found, files = one(study, image, tmp_path, relevance=True, target="S2")
    names = [path.name.removeprefix(image) for path in files]
    assert names == [
        "_probability.tif",
        "_classes.png",
        "_relevance.tif",
        "_difference.tif",
        "_overlay.png",
        ".json",
        "classified.csv",
    ]
    with tifffile.TiffFile(files[0]) as tif:
        np.testing.assert_array_equal(tif.asarray(), found.probability.full())
        assert tif.imagej_metadata["Labels"] == ["S1", "S2"]
        assert tif.imagej_metadata["unit"] == "nm"
        top, bottom = tif.pages[0].tags["XResolution"].value
        assert bottom / top == pytest.approx(study.pixel_size_nm)
    relevance = tifffile.imread(files[2])
    np.testing.assert_array_equal(relevance, found.explanation.relevance)
    assert relevance.sum(dtype=np.float64) == pytest.approx((384 / 96) ** 2, rel=1e-4)
    np.testing.assert_array_equal(tifffile.imread(files[3]), found.explanation.difference)
    facts = json.loads(files[5].read_text())
    assert facts["relevance"]["class"] == "S2"
    assert facts["relevance"]["centre_bias"] == "crops"
    assert facts["levels"]["metal_from"] == "image"
    assert facts["sha256"] == study.image(image).sha256
    assert facts["parameters"]["stride_px"] == 48
    table = pd.read_csv(files[6])
    assert table["predicted"].tolist() == [found.chosen]
    np.testing.assert_allclose(table[["p_S1", "p_S2"]].to_numpy()[0], found.probability.mean)
    assert table[["area_S1", "area_S2"]].to_numpy().sum() == pytest.approx(1)
    assert facts["p_S1"] == pytest.approx(found.probability.mean[0])


def test_the_table_keeps_other_images_and_models(study, tmp_path):
    first, second = (image.id for image in study.images[:2])
    one(study, first, tmp_path)
    one(study, second, tmp_path)
    one(study, first, tmp_path, stride_px=96)
    one(study, first, tmp_path, model="mulf", stride_px=None)
    table = pd.read_csv(tmp_path / "classified.csv")
    assert table[["image", "model"]].to_numpy().tolist() == [
        [second, "small"],
        [first, "small"],
        [first, "mulf"],
    ]
    assert table["stride_px"].tolist() == [48, 96, 192]
    (tmp_path / "classified.csv").write_text("a,b\n1,2\n")
    with pytest.raises(NpmError, match="not a table of classified images"):
        one(study, first, tmp_path)
    assert (tmp_path / "classified.csv").read_text() == "a,b\n1,2\n"


def test_without_a_folder_results_lie_in_the_study_and_a_model_may_lie_elsewhere(
    home, study, tmp_path
):
    shutil.copytree(home / "models" / "small", tmp_path / "elsewhere")
    found, files = one(study, study.images[0].id, None, model=str(tmp_path / "elsewhere"))
    assert files[0].parent == home / "classified" / "elsewhere"
    assert found.model.classes == ("S1", "S2")
    again, _ = one(
        study,
        study.images[0].id,
        tmp_path / "o",
        model=str(tmp_path / "elsewhere" / "weights.safetensors"),
    )
    np.testing.assert_array_equal(again.probability.full(), found.probability.full())
    assert load(study, None).name == "mulf"


def test_many_probabilities_are_written_as_means_of_squares(study, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_npm.study.classify_files._FULL_PX", 40_000)
    monkeypatch.setattr("napari_npm.study.classify_files._PICTURE_PX", 100)
    found, files = one(study, study.images[0].id, tmp_path, relevance=True)
    with tifffile.TiffFile(files[0]) as tif:
        np.testing.assert_array_equal(tif.asarray(), found.probability.full(step=4))
        top, bottom = tif.pages[0].tags["XResolution"].value
        assert bottom / top == pytest.approx(4 * study.pixel_size_nm)
    assert json.loads(files[5].read_text())["probability_pixel_px"] == 4


def test_what_casts_doubt_is_said(study, tmp_path):
    flat = np.full((384, 400), 0.3, np.float32)
    write_image(tmp_path / "flat.tif", flat, 1.02 * study.pixel_size_nm)
    text = reason(study, tmp_path / "flat.tif", tmp_path / "o", maps=True)
    assert "--any-pixel-size" in text
    assert f"learnt from {study.pixel_size_nm:g} nm" in text
    found = asked(study, tmp_path / "flat.tif", maps=True, any_pixel_size=True)
    assert "at another scale" in found.notes[0]
    assert "one value only" in found.notes[1]
    write_image(tmp_path / "near.tif", flat, 1.009 * study.pixel_size_nm)
    found = asked(study, tmp_path / "near.tif", maps=True)
    assert "scale" not in " ".join(found.notes)
    # too few windows to find the centre bias from
    few = {"maps": True, "relevance": True, "stride_px": 96, "model": "mulf"}
    found = asked(study, tmp_path / "near.tif", **few)
    assert found.explanation.centre_bias == "none"
    assert "too small to find the centre bias" in " ".join(found.notes)
    assert "seams" not in " ".join(found.notes)
    found = asked(study, tmp_path / "near.tif", **{**few, "stride_px": 384})
    assert "choose a smaller stride" in found.notes[-1] + found.notes[-2]


def test_images_are_left_out_with_their_reason_and_the_others_go_on(study, new_file, tmp_path):
    _, path, _ = new_file
    write_image(tmp_path / "bare.tif", study.read(study.images[0].id).pixels)
    write_image(tmp_path / "tiny.tif", np.full((50, 400), 0.2, np.float32), study.pixel_size_nm)
    write_image(tmp_path / "grey.tif", np.full((400, 400), 37.0, np.float32), study.pixel_size_nm)
    broken = np.full((400, 400), 0.2, np.float32)
    broken[7, 8] = np.nan
    write_image(tmp_path / "nan.tif", broken, study.pixel_size_nm)
    out = tmp_path / "o"
    assert "--pixel-size-nm" in reason(study, tmp_path / "bare.tif", out, g_csh=1, g_metal=2)
    assert "smaller than one tile" in reason(study, tmp_path / "tiny.tif", out, maps=True)
    assert "from 37 to 37" in reason(study, tmp_path / "grey.tif", out, maps=True)
    assert "NaN or infinity" in reason(study, tmp_path / "nan.tif", out, maps=True)
    assert "must be above" in reason(study, path, out, g_csh=200, g_metal=60)
    assert "does not know the class 'S9'" in reason(study, study.images[0].id, out, target="S9")
    write_labels(tmp_path / "other.tif", np.zeros((9, 9), np.uint8))
    assert "rows" in reason(study, path, out, unhydrated=tmp_path / "other.tif")
    parameters = ClassifyParameters(**QUICK, maps=True)
    done, left_out = classify_images(
        study, [tmp_path / "tiny.tif", study.images[0].id], parameters, out=out
    )
    assert [found.source.wanted.name for found, _ in done] == [study.images[0].id]
    assert [wanted.name for wanted, _ in left_out] == ["tiny"]


def test_names_that_are_nothing_are_refused_at_once(study, new_file, tmp_path):
    _, path, mask = new_file

    def call(images, unhydrated=None, **settings):
        classify_images(
            study, images, ClassifyParameters(**settings), unhydrated=unhydrated, out=tmp_path / "o"
        )

    for words, act in (
        ("neither an image of the study nor a file", lambda: call(["nothing"])),
        ("Name at least one image", lambda: call([])),
        (
            "neither a model of the study .both, micf, mulf, small",
            lambda: call([path], model="big"),
        ),
        ("There is no mask", lambda: call([path], tmp_path / "none.tif")),
        ("no mask called like fresh.tif", lambda: call([path], mask.parent / "sub")),
        ("the mask of one file, and 0 new files", lambda: call([study.images[0].id], mask)),
    ):
        if words.startswith("no mask called"):
            (mask.parent / "sub").mkdir(exist_ok=True)
            shutil.copy(mask, mask.parent / "sub" / "another.tif")
        with pytest.raises(NpmError, match=words):
            act()


def test_masks_of_several_files_lie_in_a_folder(study, new_file, tmp_path):
    _, path, mask = new_file
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        shutil.copy(path, tmp_path / folder / "same.tif")
    (tmp_path / "masks").mkdir()
    shutil.copy(mask, tmp_path / "masks" / "same.tif")
    done, left_out = classify_images(
        study,
        [tmp_path / "one", tmp_path / "two" / "same.tif"],
        ClassifyParameters(**QUICK),
        unhydrated=tmp_path / "masks",
        out=tmp_path / "o",
    )
    assert left_out == []
    assert [found.source.wanted.name for found, _ in done] == ["same", "same-2"]
    assert all(found.source.masked for found, _ in done)


def test_a_source_of_the_study_is_its_image(study):
    image = study.images[2].id
    for named in ([study.source(image)], [study.source(image), image]):
        (wanted,) = find_wanted(study, named)
        assert (wanted.name, wanted.of_study) == (image, True)


def test_an_image_that_is_not_calibrated_is_named(untouched_study, home, tmp_path):
    study = Study.open(untouched_study, write=False)
    text = reason(study, study.images[0].id, tmp_path / "o", model=str(home / "models" / "small"))
    assert "not calibrated yet" in text


def test_work_that_is_stopped_keeps_the_images_that_are_done(study, tmp_path):
    images = [image.id for image in study.images[:2]]
    told = []

    def stop(done, total, message="", metrics=None):
        told.append(message)
        if message.startswith(f"{images[1]} (2 of 2)"):
            raise Cancelled

    with pytest.raises(Cancelled):
        classify_images(study, images, ClassifyParameters(**QUICK), out=tmp_path, progress=stop)
    assert (tmp_path / f"{images[0]}.json").exists()
    assert not (tmp_path / f"{images[1]}.json").exists()
    assert pd.read_csv(tmp_path / "classified.csv")["image"].tolist() == images[:1]
