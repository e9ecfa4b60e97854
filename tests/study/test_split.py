"""The split of a study: what it keeps together, refuses, states and remembers."""

import csv
import shutil

import numpy as np
import pytest

from napari_npm.core import NpmError
from napari_npm.io import write_image
from napari_npm.study import Study, add_images, run
from napari_npm.study.leaks import leak_note
from napari_npm.study.results import parts_of

TILE = 384


def made(folder, layout, *, edge="drop"):
    """Make a study: for each sample and specimen the sizes in tiles of its images."""
    rng = np.random.default_rng(7)
    with Study.create(folder / "study") as study:
        for sample, specimens in layout.items():
            for specimen, sizes in specimens.items():
                for number, width in enumerate(sizes):
                    path = folder / "images" / f"{sample}-{specimen}-{number}.tif"
                    shape = (TILE, round(TILE * width))
                    write_image(path, rng.integers(30, 220, shape, np.uint8), 52.0)
                    add_images(study, sample, [path], specimen=specimen)
        study.set_parameters("import", edge=edge)
        run(study, ["import"], scheduler="synchronous")
    return Study.open(folder / "study")


def split(study, **parameters):
    study.set_parameters("split", **parameters)
    (outcome,) = run(study, ["split"], scheduler="synchronous")
    return outcome


@pytest.fixture(scope="module")
def layout_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("split")
    layout = {"S1": {"p": [2, 1], "q": [2, 1], "r": [1, 1]}, "S2": {"p": [1, 2], "q": [2, 1]}}
    made(folder, layout).close()
    return folder


@pytest.fixture
def study(layout_folder, tmp_path):
    for name in ("study", "images"):
        shutil.copytree(layout_folder / name, tmp_path / name)
    with Study.open(tmp_path / "study") as one:
        yield one


def by_unit(study, name):
    """Return the parts of each specimen (or image)."""
    found = {}
    for tile, part in zip(study.tiles, parts_of(study), strict=True):
        unit = tile.image if name == "image" else f"{tile.sample}/{tile.specimen}"
        found.setdefault(unit, set()).add(part)
    return found


def test_specimens_stay_whole_and_nothing_is_stated(study):
    outcome = split(study)
    assert all(len(parts) == 1 for parts in by_unit(study, "specimen").values())
    assert outcome.warnings == ()
    assert leak_note(study) is None
    table = study.table("split")
    assert table["leak"].isna().all()
    assert table["same_pixels_as"].isna().all()
    assert table["pixels"].nunique() == len(study.tiles)


def test_folds_test_each_specimen_once(study):
    tested = []
    for fold in (1, 2):
        split(study, by="fold", folds=2, fold=fold)
        tested += [unit for unit, parts in by_unit(study, "specimen").items() if parts == {"test"}]
        assert leak_note(study) is None
    assert sorted(tested) == ["S1/p", "S1/q", "S1/r", "S2/p", "S2/q"]
    with pytest.raises(NpmError, match="Sample S2 has 2 specimens, too few for 3 folds"):
        split(study, folds=3)
    with pytest.raises(NpmError, match="no fold 4 of 2"):
        split(study, folds=2, fold=4)


def test_images_of_a_specimen_on_both_sides_are_stated(study):
    outcome = split(study, by="image", test_fraction=0.4)
    assert all(len(parts) == 1 for parts in by_unit(study, "image").values())
    note = leak_note(study)
    assert "come from a specimen that another part knows" in note
    assert "mosaic" not in note
    assert outcome.warnings == (note,)


def test_the_papers_split_is_one_option_away_and_stated(study):
    split(study, by="tile", train_per_class=4)
    parts = np.array(parts_of(study))
    assert [(parts[study.tile_labels == label] == "train").sum() for label in (0, 1)] == [4, 4]
    note = leak_note(study)
    shared = study.table("split").query("part == 'test'")["leak"].str.contains("specimen").sum()
    assert f"{shared} of {(parts == 'test').sum()} test tiles come from a specimen" in note
    assert "not independent" in note
    assert note.endswith("accuracies are too good for material that was not seen before.")


def test_the_parameters_reproduce_the_split(study, tmp_path):
    split(study, by="tile", train_per_class=3, seed=4)
    first, text = parts_of(study), (study.results_folder / "split.csv").read_text()
    split(study, seed=5)
    assert parts_of(study) != first
    assert split(study, seed=4).computed == 1
    assert parts_of(study) == first
    assert (study.results_folder / "split.csv").read_text() == text
    assert split(study).computed == 0


# leaks


def test_overlapping_tiles_on_both_sides_are_refused_unless_allowed(tmp_path):
    with made(tmp_path, {"S1": {"p": [1.5] * 3}, "S2": {"p": [1.5] * 3}}, edge="shift") as study:
        for by, train in (("tile", 3), ("tile", 4)):
            with pytest.raises(NpmError, match=r"held back .* overlaps? others .*--overlap-px 0"):
                split(study, by=by, train_per_class=train)
        split(study, by="image")
        assert "overlap" not in leak_note(study)
        outcome = split(study, by="tile", allow_leaks=True)
        assert "overlap tiles of another part" in leak_note(study)
        assert outcome.warnings == (leak_note(study),)
        leaks = study.table("split").query("part == 'test'")["leak"]
        assert leaks.str.contains("overlap").any()


def test_the_same_pixels_on_both_sides_are_refused_also_when_turned(study, tmp_path):
    split(study, by="list", list_file=listed(tmp_path, test=("S1/q", "S2/q")))
    one = study.images[0]
    assert one.specimen == "p"
    pixels = study.read(one.id).pixels[:, :TILE]
    path = tmp_path / "images" / "copy.tif"
    write_image(path, np.rot90(pixels)[:, ::-1], 52.0)
    add_images(study, "S1", [path], specimen="q")
    with pytest.raises(
        NpmError, match=r"1 tile held back .* has the same pixels as others"
    ) as told:
        run(study, ["split"], scheduler="synchronous")
    assert f"({study.images[-1].id}@0,0 and {one.id}@0,0)" in str(told.value)
    assert "--allow-leaks" in str(told.value)
    split(study, allow_leaks=True)
    assert "1 of" in leak_note(study)
    assert "has the same pixels as tiles of another part" in leak_note(study)
    last = study.table("split").iloc[-1]
    assert (last["leak"], last["same_pixels_as"]) == ("duplicate", f"{one.id}@0,0")
    # in one part they are no leak
    split(study, allow_leaks=False, list_file=listed(tmp_path, test=("S1/r", "S2/q")))
    assert leak_note(study) is None


def listed(folder, test):
    """Write a list of specimens of which some test."""
    path = folder / f"{'-'.join(test).replace('/', '')}.csv"
    rows = [f"{one.replace('/', ',')},{'test' if one in test else 'train'}"
            for one in ("S1/p", "S1/q", "S1/r", "S2/p", "S2/q")]  # fmt: skip
    path.write_text("\n".join(["sample,specimen,part", *rows]))
    return path


def test_a_file_under_two_names_is_one_place(study, tmp_path):
    # the import takes a file once, but a study's file may be written by hand
    one = next(image for image in study.images if image.width > TILE and image.specimen == "p")
    again = one.model_copy(update={"id": "again", "specimen": "q"})
    study.save(images=(*study.images, again))
    study.set_parameters("import", overlap_px=100, edge="shift")
    run(study, ["import"], scheduler="synchronous")
    split(study, by="list", list_file=listed(tmp_path, ("S1/q", "S2/q")), allow_leaks=True)
    table = study.table("split")
    leaks = table[table["image"] == "again"]["leak"].tolist()
    assert len(leaks) == 3
    assert set(leaks) == {"overlap duplicate"}


def test_one_picture_in_two_samples_is_said(study, tmp_path):
    one = study.images[0]
    path = tmp_path / "images" / "copy.tif"
    write_image(path, study.read(one.id).pixels[::-1], 52.0)
    add_images(study, "S2", [path], specimen="p")
    outcome = split(study, allow_leaks=True)
    assert any("have the same pixels: one of them is in the wrong sample" in w
               for w in outcome.warnings)  # fmt: skip


def test_images_that_are_gone_are_said_and_known_ones_not_read_again(study, monkeypatch):
    split(study)
    study.source(study.images[0].id).unlink()
    monkeypatch.setattr("napari_npm.core.leakage.pixel_key", None)
    assert split(study, seed=1).warnings == ()
    shutil.rmtree(study.folder / "state" / "split")
    monkeypatch.undo()
    (said,) = split(study, seed=2).warnings
    assert said.startswith(f"1 image could not be read ({study.images[0].id} the first)")


# lists


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_of_another_run_is_a_list(study, tmp_path):
    split(study, by="tile", train_per_class=3)
    parts = parts_of(study)
    kept = shutil.copy(study.results_folder / "split.csv", tmp_path / "kept.csv")
    with pytest.raises(NpmError, match="put each specimen into one part"):
        split(study, by="list", list_file=kept)
    split(study, allow_leaks=True)
    assert parts_of(study) == parts
    assert leak_note(study) is not None


def test_a_list_is_kept_in_the_study(study, tmp_path):
    rows = [f"{t.sample};{t.specimen};{'Test' if t.specimen == 'p' else 'train'}"
            for t in study.tiles]  # fmt: skip
    path = write(tmp_path / "list.csv", "\ufeffsample;specimen;part\n" + "\n".join(rows))
    split(study, by="list", list_file=path)
    first = parts_of(study)
    assert by_unit(study, "specimen")["S2/p"] == {"test"}
    path.unlink()
    assert split(study).computed == 0
    run(study, ["split"], force=True, scheduler="synchronous")
    assert parts_of(study) == first
    # put back with other content, it is another split
    write(path, "\n".join(["sample,specimen,part", "S1,p,train", "S1,q,test", "S1,r,unused",
                           "S2,p,train", "S2,q,test"]))  # fmt: skip
    assert split(study).computed == 1
    assert parts_of(study) != first
    assert "unused" in parts_of(study)
    with pytest.raises(NpmError, match=r"other\.csv is not there"):
        split(study, list_file=tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("image,part\nnothing,train\n", "names image nothing that this study does not have"),
        ("specimen,part\np,train\nq,test\nr,test\n", "Specimen p is in samples S1 and S2"),
        ("sample,specimen,part\nS1,p,train\n", "does not name specimens S1/q, S1/r, S2/p and 1"),
        ("image,kind\na,train\n", "has no column part"),
        ("name,part\na,train\n", "names nothing: give a column tile"),
        ("image,part\n", "lists nothing"),
        ("", "lists nothing"),
        ('image,part\n"a,train\n', "cannot be read as CSV"),
        (b"\xff\xfe\x00i", "is no text file"),
        (
            "sample,specimen,part\nS1,p,train\nS1,q,test\nS1,r,train\nS2,p,train\nS2,q,train\n",
            "Sample S2 has no tile in the test part",
        ),
        (
            "sample,specimen,part\nS1,p,train\nS1,p,test\n",
            "specimen S1/p twice, as train and as test",
        ),
    ],
)
def test_a_wrong_list_is_one_sentence(study, tmp_path, text, sentence):
    path = tmp_path / "list.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(NpmError, match=sentence) as caught:
        split(study, by="list", list_file=path)
    assert "\n" not in str(caught.value)
    study.reset_parameters("split")
    with pytest.raises(NpmError, match="give --list-file"):
        split(study, by="list")


def test_a_single_specimen_is_explained(tmp_path):
    with made(tmp_path, {"S1": {"p": [1]}, "S2": {"p": [1], "q": [1]}}) as study:
        with pytest.raises(NpmError, match=r"S1 has 1 specimen, .*how that one was imaged") as told:
            split(study)
        assert "split by tile" in str(told.value)


def test_the_list_of_tiles_by_name(study, tmp_path):
    path = tmp_path / "tiles.csv"
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["tile", "part"])
        for tile in study.tiles:
            lines.writerow([tile.name, "test" if tile.specimen == "q" else "train"])
    split(study, by="list", list_file=path)
    assert by_unit(study, "specimen") == {"S1/p": {"train"}, "S1/q": {"test"}, "S1/r": {"train"},
                                          "S2/p": {"train"}, "S2/q": {"test"}}  # fmt: skip
