"""Taking images into a study: layouts, refusals that name the file, nothing lost."""

import errno
import json
import shutil
import tomllib

import numpy as np
import pytest
from PIL import Image

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.io import write_image
from napari_npm.study import Study, add_folder, add_images, run

PIXEL = 52.0


def grey(seed, shape=(384, 384)):
    return np.random.default_rng(seed).integers(20, 230, shape, dtype=np.uint8)


@pytest.fixture
def study(tmp_path):
    with Study.create(tmp_path / "study") as one:
        yield one


@pytest.fixture
def image(tmp_path):
    """Write an image of a seed's own content under a path relative to the test's folder."""

    def make(name, seed=0, shape=(384, 384), pixel_size_nm=PIXEL):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            Image.fromarray(grey(seed, shape)).save(path)
        else:
            write_image(path, grey(seed, shape), pixel_size_nm)
        return path

    return make


def reasons(report):
    return {path.name: reason for path, reason in report.skipped}


# layouts


def test_subfolders_are_samples_and_theirs_are_specimens(study, image, tmp_path):
    image("data/S1/p1/a.tif", 1)
    image("data/S1/p1/b.tif", 2)
    image("data/S1/p2/c.tif", 3)
    image("data/S2/d.tif", 4)
    report = add_folder(study, tmp_path / "data")
    assert report.added == ("a", "b", "c", "d")
    assert report.skipped == ()
    assert [(one.id, one.sample, one.specimen) for one in study.images] == [
        ("a", "S1", "p1"),
        ("b", "S1", "p1"),
        ("c", "S1", "p2"),
        ("d", "S2", "d"),
    ]
    assert [sample.name for sample in study.samples] == ["S1", "S2"]


def test_a_named_sample_takes_a_flat_folder_and_its_subfolders(study, image, tmp_path):
    image("data/a.tif", 1)
    image("data/p1/b.tif", 2)
    add_folder(study, tmp_path / "data", sample="GO", label="0.02 %")
    assert [(one.id, one.sample, one.specimen) for one in study.images] == [
        ("a", "GO", "a"),
        ("b", "GO", "p1"),
    ]
    assert [(one.name, one.label) for one in study.samples] == [("GO", "0.02 %")]


def test_a_given_specimen_holds_for_all(study, image, tmp_path):
    image("data/S1/p1/a.tif", 1)
    image("data/S1/b.tif", 2)
    add_folder(study, tmp_path / "data", specimen="block")
    assert {one.specimen for one in study.images} == {"block"}


def test_what_lies_where_no_image_is_looked_for_is_named(study, image, tmp_path):
    image("data/S1/p1/a.tif", 1)
    image("data/S1/p1/deeper/b.tif", 2)
    image("data/c.tif", 3)
    (tmp_path / "data" / "notes.docx").write_text("x")
    (tmp_path / "data" / "S1" / "readme.md").write_text("x")
    report = add_folder(study, tmp_path / "data")
    assert report.added == ("a",)
    found = reasons(report)
    assert set(found) == {"deeper", "c.tif", "notes.docx", "readme.md"}
    assert "beside the folders of the samples" in found["c.tif"]
    assert "not an image" in found["readme.md"]


@pytest.mark.parametrize("sample", [None, "S1"])
def test_a_folder_without_images_is_a_sentence(study, tmp_path, sample):
    (tmp_path / "empty" / "S1").mkdir(parents=True)
    with pytest.raises(NpmError, match="holds no images: give"):
        add_folder(study, tmp_path / "empty", sample=sample)
    with pytest.raises(NpmError, match="is not a folder"):
        add_folder(study, tmp_path / "missing", sample=sample)


def test_progress_counts_over_all_groups(study, image, tmp_path):
    for number, name in enumerate(("S1/a", "S1/b", "S2/c")):
        image(f"data/{name}.tif", number)
    seen = []
    add_folder(study, tmp_path / "data", progress=lambda *about: seen.append(about[:3]))
    assert seen == [(1, 3, "a.tif"), (2, 3, "b.tif"), (3, 3, "c.tif")]


# what is refused, with its reason, while the rest is taken


def colour(path):
    pixels = np.stack([grey(seed) for seed in (7, 8, 9)], axis=2)
    Image.fromarray(pixels).save(path)


def truncated(path):
    write_image(path, grey(5), PIXEL)
    path.write_bytes(path.read_bytes()[:2000])


REFUSED = {
    "small": (lambda path: write_image(path, grey(1, (383, 500)), PIXEL), "383 x 500 px"),
    "nosize": (lambda path: write_image(path, grey(2)), "no pixel size"),
    "other": (lambda path: write_image(path, grey(3), 104.0), "104 nm a pixel but the study 52"),
    "colour": (colour, "colour"),
    "truncated": (truncated, "truncated"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "text": (lambda path: path.write_text("no image at all"), "not an image"),
    "twin": (lambda path: write_image(path, grey(0), PIXEL), "in the study already, as good"),
}


@pytest.mark.parametrize("copy", [False, True])
def test_what_cannot_be_used_is_named_and_the_rest_taken(study, image, tmp_path, copy):
    good = image("good.tif", 0)
    bad = []
    for name, (make, _) in REFUSED.items():
        bad.append(tmp_path / f"{name}.tif")
        make(bad[-1])
    last = image("last.tif", 99)
    gone = tmp_path / "gone.tif"
    report = add_images(study, "S1", [good, *bad, gone, last], copy=copy)
    assert report.added == ("good", "last")
    found = reasons(report)
    assert set(found) == {*(path.name for path in bad), "gone.tif"}
    for name, (_, words) in REFUSED.items():
        assert words in found[f"{name}.tif"], found[f"{name}.tif"]
    # nothing refused stays behind in the study's folder
    copies = study.folder / "images"
    kept = sorted(path.name for path in copies.iterdir()) if copies.exists() else []
    assert kept == (["good.tif", "last.tif"] if copy else [])


def test_a_given_pixel_size_takes_the_place_of_a_missing_one(study, image):
    report = add_images(study, "S1", [image("a.png", 1)], pixel_size_nm=10)
    assert report.added == ("a",)
    assert study.image("a").pixel_size_nm == 10


@pytest.mark.parametrize("size", [0, -3, float("nan"), float("inf")])
def test_an_impossible_pixel_size_is_refused(study, image, size):
    with pytest.raises(NpmError, match="above zero"):
        add_images(study, "S1", [image("a.tif", 1)], pixel_size_nm=size)


def test_pixel_sizes_half_a_percent_apart_are_one(study, image):
    paths = [image("a.tif", 1), image("b.tif", 2, pixel_size_nm=PIXEL * 1.004)]
    assert add_images(study, "S1", paths).added == ("a", "b")
    third = image("c.tif", 3, pixel_size_nm=PIXEL * 1.006)
    assert add_images(study, "S2", [third]).added == ()


@pytest.mark.parametrize("name", ["", "  ", "w/c 0.4", "a\\b", "a:b", "what?"])
def test_a_sample_name_that_no_file_can_bear_is_refused(study, image, name):
    with pytest.raises(NpmError, match="cannot be part of a file's name"):
        add_images(study, name, [image("a.tif", 1)])
    assert study.samples == ()


def test_samples_that_differ_in_capitals_only_are_refused(study, image):
    add_images(study, "S1", [image("a.tif", 1)])
    with pytest.raises(NpmError, match="'S1' already"):
        add_images(study, "s1", [image("b.tif", 2)])


def test_a_read_only_study_takes_nothing(fresh, image):
    study = Study.open(fresh, write=False)
    with pytest.raises(NpmError, match="reading only"):
        add_images(study, "S1", [image("a.tif", 1)])


# names


def test_the_same_stem_in_two_samples_gets_two_ids(study, image):
    add_images(study, "S1", [image("1/a.tif", 1), image("1/a.png", 2)], pixel_size_nm=PIXEL)
    add_images(study, "S2", [image("2/a.tif", 3), image("2/A.tif", 4), image("2/a b.tif", 5)])
    ids = [one.id for one in study.images]
    assert ids == ["a", "S1-a", "S2-a", "S2-A-2", "a_b"]
    # masks are named after ids: they must differ on disks that do not tell a from A
    assert len({one.casefold() for one in ids}) == len(ids)


def test_an_odd_stem_becomes_a_safe_id(study, image):
    add_images(study, "S1", [image("data/Zement Ü #3.tif", 1), image("data/§§.tif", 2)])
    assert [one.id for one in study.images] == ["Zement_3", "image"]


# where the sources lie


def test_sources_are_relative_and_follow_the_study(study, image, tmp_path):
    path = image("data/a.tif", 1)
    add_images(study, "S1", [path])
    content = tomllib.loads((study.folder / "study.toml").read_text())
    assert content["images"][0]["source"] == "../data/a.tif"
    assert not (study.folder / "images").exists()
    study.close()
    home = tmp_path / "moved"
    home.mkdir()
    shutil.move(tmp_path / "study", home / "study")
    shutil.move(tmp_path / "data", home / "data")
    with Study.open(home / "study") as moved:
        assert np.array_equal(moved.read("a").pixels, grey(1))


def test_copied_sources_need_no_originals(study, image):
    path = image("data/a.TIF", 1)
    before = path.read_bytes()
    add_images(study, "S1", [path], copy=True)
    assert study.source("a").is_relative_to(study.folder)
    assert path.read_bytes() == before
    path.unlink()
    assert np.array_equal(study.read("a").pixels, grey(1))


HITACHI = """[SemImageFile]
InstructName=S-4800
ImageName=a.tif
DataSize=400x400
PixelSize=52.0
AcceleratingVoltage=5000 Volt
"""


@pytest.fixture
def with_sidecar(image):
    """Return an image whose pixel size stands in a text file beside it."""
    path = image("data/a.tif", 1, (400, 400), pixel_size_nm=None)
    path.with_suffix(".txt").write_text(HITACHI)
    return path


@pytest.mark.parametrize("copy", [False, True])
def test_a_sidecar_is_read_not_named_and_copied_along(study, with_sidecar, copy):
    report = add_folder(study, with_sidecar.parent, sample="S1", copy=copy)
    assert report.added == ("a",)
    assert report.skipped == ()
    assert study.image("a").pixel_size_nm == 52
    if copy:
        shutil.rmtree(with_sidecar.parent)
    assert study.read("a").pixel_size_nm == 52
    assert study.read("a").kv == 5


def test_a_lost_source_is_found_again_elsewhere(study, image, tmp_path):
    path = image("data/a.tif", 1)
    add_images(study, "S1", [path, image("data/b.tif", 2)], specimen="p1")
    image("elsewhere/renamed.tif", 1)
    path.unlink()
    with pytest.raises(NpmError, match="is gone"):
        study.read("a")
    report = add_images(study, "S1", [tmp_path / "elsewhere" / "renamed.tif"])
    assert (report.added, report.renewed, report.skipped) == ((), ("a",), ())
    assert [one.id for one in study.images] == ["a", "b"]
    assert study.image("a").specimen == "p1"
    assert np.array_equal(study.read("a").pixels, grey(1))


def test_a_changed_source_takes_its_old_place(study, image):
    path = image("data/a.tif", 1)
    add_images(study, "S1", [path, image("data/b.tif", 2)])
    image("data/a.tif", 3)
    with pytest.raises(NpmError, match="has changed since"):
        study.read("a")
    assert add_images(study, "S1", [path]).renewed == ("a",)
    assert np.array_equal(study.read("a").pixels, grey(3))
    assert len(study.images) == 2


def test_a_sidecar_lost_later_is_noticed(study, image, tmp_path):
    """Without its text file the image is read with its data bar: as another image."""
    path = image("data/a.tif", 1, (420, 400), pixel_size_nm=None)
    path.with_suffix(".txt").write_text(HITACHI)
    add_images(study, "S1", [path])
    assert (study.image("a").height, study.image("a").width) == (400, 400)
    path.with_suffix(".txt").unlink()
    with pytest.raises(NpmError, match="put back the text file"):
        study.read("a")


# mosaics


@pytest.mark.parametrize(
    ("overlap", "edge", "rows", "cols"),
    [
        (0, "drop", (0, 384), (0,)),
        (0, "shift", (0, 384, 416), (0, 16)),
        (192, "drop", (0, 192, 384), (0,)),
    ],
)
def test_a_mosaic_is_cut_into_tiles(study, image, overlap, edge, rows, cols):
    add_images(study, "S1", [image("m.tif", 1, (800, 400)), image("t.tif", 2)])
    study.set_parameters("import", overlap_px=overlap, edge=edge)
    origins = [tile.origin for tile in study.tiles_of("m")]
    assert origins == [(row, col) for row in rows for col in cols]
    assert [tile.index for tile in study.tiles] == list(range(len(origins) + 1))
    run(study, ["import"])
    table = study.table("tiles")
    assert table[["row", "col"]].to_numpy().tolist() == [*map(list, origins), [0, 0]]


# nothing is lost


def test_a_cancelled_import_keeps_what_was_taken(study, image):
    paths = [image(f"{number}.tif", number) for number in range(4)]

    def stop(done, *_):
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        add_images(study, "S1", paths, progress=stop)
    assert [one.id for one in study.images] == ["0", "1"]
    assert [one.id for one in Study.open(study.folder, write=False).images] == ["0", "1"]
    assert add_images(study, "S1", paths).added == ("2", "3")


def test_a_full_disk_ends_an_import_with_what_was_taken(study, image, monkeypatch):
    paths = [image(f"{number}.tif", number) for number in range(3)]
    real = shutil.copyfile

    def full(source, target, **options):
        if str(source) == str(paths[1]):
            target.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        return real(source, target, **options)

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(NpmError, match="disk is full"):
        add_images(study, "S1", paths, copy=True)
    monkeypatch.undo()
    assert [one.id for one in study.images] == ["0"]
    assert [path.name for path in (study.folder / "images").iterdir()] == ["0.tif"]
    assert add_images(study, "S1", paths, copy=True).added == ("1", "2")


def test_an_import_does_not_disturb_what_is_done(fresh, image):
    with Study.open(fresh) as study:
        run(study, ["import", "mask"])
        before = study.tiles
        add_images(study, "S1", [image("new.tif", 1, pixel_size_nm=study.pixel_size_nm)])
        assert study.tiles[: len(before)] == before
        outcomes = run(study, ["import", "mask"])
        assert [(one.computed, one.skipped) for one in outcomes] == [(1, 6), (1, 6)]


def test_what_an_import_wrote_is_plain_text(study, image):
    add_images(study, "S1", [image("a.tif", 1)], label="0 %")
    run(study, ["import"])
    lines = (study.folder / "provenance.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["step"] == "import"
    assert study.table("images").loc[0, "source"] == "../a.tif"
