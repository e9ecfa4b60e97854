"""Running steps: what is done is skipped, what depends on a change is repeated, a break is mended.

Results are compared by content: every chunk of every stack, every mask, model and table.
"""

import shutil

import numpy as np
import pytest

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.masking import Label
from napari_npm.study import STEPS, Study, dispatch, items_left, run
from napari_npm.study.runner import whole_run
from napari_npm.study.steps import correlate

QUICK = ("simulate", "import", "mask", "calibrate", "smooth", "describe", "split", "threshold")
LONG = whole_run("correlate")


# what runs, and what is skipped


def test_a_step_names_what_it_needs(fresh):
    with Study.open(fresh) as study:
        with pytest.raises(NpmError, match="smooth needs calibrate first"):
            run(study, ["smooth"])
        with pytest.raises(NpmError, match="no step 'smoothe': choose from simulate, import"):
            run(study, ["smoothe"])


def test_steps_run_in_the_order_of_the_method(fresh):
    with Study.open(fresh) as study:
        outcomes = run(study, ["calibrate", "import", "mask", "simulate"])
        assert [(one.step, one.computed, one.skipped) for one in outcomes] == [
            ("simulate", 1, 0),
            ("import", 6, 0),
            ("mask", 6, 0),
            ("calibrate", 6, 0),
        ]


def test_what_is_done_is_skipped_and_not_written_again(quick, computed):
    before = {path: path.stat().st_mtime_ns for path in quick.folder.rglob("*") if path.is_file()}
    assert computed(quick, QUICK) == {}
    after = {path: path.stat().st_mtime_ns for path in quick.folder.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize(
    ("step", "change", "repeated"),
    [
        ("smooth", {"sigma_px": 5}, {"smooth": 6, "threshold": 6}),
        ("smooth", {"sigma_um": 0.52}, {"smooth": 6}),  # the default 10 px at 52 nm: same maps
        ("describe", {"connectivity": 4}, {"describe": 6}),
        ("split", {"seed": 1}, {"split": 1}),
        (
            "calibrate",
            {"g_metal": 250},
            {"calibrate": 6, "smooth": 6, "describe": 6, "threshold": 12},
        ),
        ("import", {"overlap_px": 10}, {"import": 6}),  # one tile an image: same tiles
        ("train", {"epochs": 3}, {}),
    ],
)
def test_a_changed_parameter_repeats_what_depends_on_it(
    quick, quick_study, step, change, repeated, assert_same, computed
):
    quick.set_parameters(step, **change)
    assert computed(quick, QUICK) == repeated
    assert computed(quick, QUICK) == {}
    quick.reset_parameters(step)
    run(quick, QUICK)
    assert_same(quick.folder, quick_study, QUICK)


def test_another_choice_of_items_repeats_none(finished, computed):
    with Study.open(finished) as study:
        study.set_parameters("correlate", regions=False)
        assert computed(study, LONG) == {}
        assert list(study.table("lengths")["source"]) == ["whole", "whole"]


def test_a_table_follows_the_step_that_only_it_depends_on(finished, computed):
    with Study.open(finished) as study:
        path = study.results_folder / "accuracy.csv"
        text, before = path.read_text(), path.stat().st_mtime_ns
        study.set_parameters("describe", min_pore_px=2000)
        assert computed(study, ("describe", "predict")) == {"describe": 6}
        assert path.stat().st_mtime_ns > before
        # the network's own line is as it was
        assert path.read_text().splitlines()[:2] == text.splitlines()[:2]
        path.write_text("")
        assert computed(study, ("describe", "predict")) == {}
        assert path.read_text() == ""


def test_force_repeats_everything_to_the_same_end(quick, quick_study, assert_same, computed):
    assert computed(quick, ["smooth"], force=True) == {"smooth": 6}
    assert_same(quick.folder, quick_study, QUICK)


def test_an_edited_mask_repeats_its_image_only(quick, computed, results):
    image = quick.images[2].id
    mask = quick.mask(image)
    mask[100:140, 100:140] = Label.UNHYDRATED
    quick.set_mask(image, mask)
    before = results(quick.folder, QUICK)
    repeated = {"mask": 1, "calibrate": 1, "smooth": 1, "describe": 1, "threshold": 2}
    assert computed(quick, QUICK) == repeated
    after = results(quick.folder, QUICK)
    chunks = [name for name in before if "/c/" in name and before[name] != after[name]]
    assert chunks == ["maps/micf.zarr/c/2/0/0", "maps/mulf.zarr/c/2/0/0"]
    assert not quick.stacked(image, "mulf")[100:140, 100:140].any()


def test_results_that_were_deleted_are_made_again(quick, quick_study, assert_same, computed):
    (quick.folder / "maps" / "mulf.zarr" / "c" / "3" / "0" / "0").unlink()
    assert quick.stacked(quick.tiles[3].image, "mulf") is None
    with pytest.raises(NpmError, match="does not hold all tiles"):
        run(quick, ["smooth"], force=True)
    shutil.rmtree(quick.folder / "maps" / "micf.zarr")
    (quick.folder / "results" / "describe.csv").unlink()
    assert computed(quick, QUICK) == {"calibrate": 1, "smooth": 6}
    assert_same(quick.folder, quick_study, QUICK)


def test_deleted_network_results_are_made_again(finished, finished_study, assert_same, computed):
    (finished / "relevance" / "mulf.zarr" / "c" / "2" / "0" / "0").unlink()
    shutil.rmtree(finished / "regions")
    shutil.rmtree(finished / "state" / "correlate")
    with Study.open(finished) as study:
        assert computed(study, LONG) == {"explain": 1, "regions": 6, "correlate": 4}
        assert_same(finished, finished_study)
        (finished / "models" / "mulf" / "weights.safetensors").unlink()
        train = STEPS["train"]
        parameters = study.parameters("train")
        assert not train.kept(study, parameters, train.items(study, parameters)[0])


def test_fewer_blocks_than_before_leave_none_behind(
    finished, finished_study, monkeypatch, assert_same
):
    with Study.open(finished) as study:
        for block in (1, 2, correlate.BLOCK):
            monkeypatch.setattr(correlate, "BLOCK", block)
            assert run(study, ["correlate"])[0].computed > 0
    assert_same(finished, finished_study)
    names = {path.name for path in (finished / "state" / "correlate").iterdir()}
    assert names == {f"{kind}-0-{s}.npz" for kind in ("whole", "regions") for s in ("S1", "S2")}


# where the work runs


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_every_scheduler_gives_the_same(fresh, quick_study, scheduler, assert_same):
    with Study.open(fresh) as study:
        run(study, ["simulate", "import", "mask"])
        run(study, ["calibrate", "smooth"], scheduler=scheduler, workers=2)
        run(study, QUICK)
    assert_same(fresh, quick_study, QUICK)


def test_a_sentence_comes_whole_from_another_process(fresh):
    with Study.open(fresh) as study:
        run(study, ["simulate", "import", "mask"])
        source = study.source(study.images[0].id)
        source.write_bytes(source.read_bytes() + b"0")
        with pytest.raises(NpmError) as error:
            run(study, ["calibrate"], scheduler="processes", workers=1)
    assert str(error.value).endswith("has changed since it was imported: import it again.")
    assert "\n" not in str(error.value)


def stop(_step, done, *_):
    if done == 3:
        raise Cancelled


def test_a_dask_cluster_gives_the_same(fresh, quick_study, assert_same):
    from distributed import LocalCluster

    with (
        LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        Study.open(fresh) as study,
    ):
        run(study, QUICK, scheduler=cluster.scheduler_address)
        with pytest.raises(Cancelled):
            run(
                study,
                ["smooth"],
                force=True,
                progress=stop,
                scheduler=cluster.scheduler_address,
            )
        study.set_parameters("calibrate", g_csh=200, g_metal=100)
        with pytest.raises(NpmError, match="must be above G_CSH"):
            run(study, ["calibrate"], scheduler=cluster.scheduler_address)
        study.reset_parameters("calibrate")
        run(study, QUICK)
    assert_same(fresh, quick_study, QUICK)


def test_a_scheduler_that_is_none_is_a_sentence(fresh, monkeypatch):
    monkeypatch.setattr(dispatch, "CONNECT_SECONDS", 0.2)
    with Study.open(fresh) as study:
        with pytest.raises(NpmError, match="no scheduler 'fast': choose from threads, processes"):
            run(study, ["import"], scheduler="fast")
        with pytest.raises(NpmError, match="No dask scheduler answers at tcp"):
            run(study, ["import"], scheduler="tcp://127.0.0.1:1")


# what a study must have


def test_an_empty_study_says_what_is_missing(tmp_path):
    with Study.create(tmp_path / "empty") as study, pytest.raises(NpmError, match="import some"):
        run(study)


def test_a_single_sample_is_described_but_not_told_apart(phantom_data, tmp_path):
    from napari_npm.study import add_folder, take_masks

    with Study.create(tmp_path / "one") as study:
        add_folder(study, phantom_data / "images" / "S1", sample="S1")
        take_masks(study, phantom_data / "masks")
        with pytest.raises(NpmError, match="at least two samples: import another"):
            run(study)
        assert len(study.table("describe")) == 3


def test_samples_of_one_tile_have_no_comparison_and_a_readable_table(phantom_data, tmp_path):
    from napari_npm.study import add_images, take_masks

    with Study.create(tmp_path / "two") as study:
        for sample in ("S1", "S2"):
            path = next((phantom_data / "images" / sample).rglob("*.tif"))
            add_images(study, sample, [path])
        take_masks(study, phantom_data / "masks")
        run(study, QUICK[:6])
        assert len(study.table("nearest_mean")) == 3
        assert study.table("anova").empty
        assert study.table("nonsense") is None


@pytest.mark.parametrize(("label", "name"), [(Label.CSH, "C-S-H"), (Label.METAL, "metal")])
def test_a_reference_that_is_nowhere_is_named(fresh, label, name):
    with Study.open(fresh) as study:
        for image in study.images:
            mask = study.mask(image.id)
            mask[mask == label] = 0
            study.set_mask(image.id, mask)
        run(study, ["simulate", "import", "mask"])
        with pytest.raises(NpmError, match=f"no {name} reference: mark some as label {label:d}"):
            run(study, ["calibrate"])
        key = "g_csh" if label is Label.CSH else "g_metal"
        study.set_parameters("calibrate", **{key: 40 if label is Label.CSH else 250})
        run(study, ["calibrate"])
        assert set(study.table("calibration")[f"{key.removeprefix('g_')}_scope"]) == {"given"}


def test_a_response_curve_that_is_gone_is_named(quick, tmp_path):
    quick.set_parameters("calibrate", curve=tmp_path / "gone.csv")
    with pytest.raises(NpmError, match=r"gone\.csv"):
        run(quick, ["calibrate"])


def test_a_wider_tiling_hides_stacks_that_were_laid_out_for_another(quick):
    """Maps of the old tiles must not be shown as those of the new ones."""
    image = quick.images[0].id
    assert np.isfinite(quick.stacked(image, "micf")).all()
    entry = quick.images[0].model_copy(update={"id": "renamed"})
    quick.save(images=(entry, *quick.images[1:]))
    assert quick.stacked("renamed", "micf") is None


def test_what_is_left_follows_parameters(finished_study, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(finished_study, folder)
    with Study.open(folder) as study:
        assert {items_left(study, name) for name in LONG} == {0}
        study.set_parameters("smooth", sigma_px=4)
        assert items_left(study, "smooth") == len(study.images)
        assert items_left(study, "calibrate") == 0


def test_a_proposed_mask_follows_its_grey_ranges_until_somebody_changes_it(fresh):
    with Study.open(fresh) as study:
        first, second = (image.id for image in study.images[:2])
        for image in study.images:
            study.mask_path(image.id).unlink()
        study.set_parameters("mask", uc_low=70, uc_high=90, min_area_um2=0.1)
        run(study, ["import", "mask"], scheduler="synchronous")
        proposed = study.mask(first)
        assert (proposed == Label.UNHYDRATED).any()
        by_hand = np.zeros_like(proposed)
        by_hand[:9] = Label.METAL
        study.set_mask(second, by_hand)
        study.set_parameters("mask", uc_low=75)
        run(study, ["mask"], scheduler="synchronous")
        again = study.mask(first)
        assert not np.array_equal(again, proposed)
        assert np.array_equal(study.mask(second), by_hand)
        study.reset_parameters("mask")
        run(study, ["mask"], scheduler="synchronous")
        assert np.array_equal(study.mask(first), again)
        study.set_parameters("mask", uc_low=70, uc_high=90, min_area_um2=0.1)
        run(study, ["mask"], scheduler="synchronous")
        assert np.array_equal(study.mask(first), proposed)


def test_only_some_items_leave_the_step_open_until_all_are_done(fresh):
    with Study.open(fresh) as study:
        run(study, ["simulate", "import", "mask"], scheduler="synchronous")
        (outcome,) = run(study, ["calibrate"], only=["S1"], scheduler="synchronous")
        assert (outcome.computed, outcome.skipped) == (3, 0)
        assert study.state("calibrate").finish is None
        assert items_left(study, "calibrate") == 3
        (said,) = outcome.warnings
        assert said.startswith("3 of 6 are left or of other settings; the tables are written once")
        (outcome,) = run(study, ["calibrate"], only=["S2"], scheduler="synchronous")
        assert outcome.computed == 3
        assert outcome.warnings == ()
        assert study.state("calibrate").finish is not None
        assert len(study.table("calibration")) == 6
        with pytest.raises(NpmError, match="calibrate has nothing called S9: it has S1-0"):
            run(study, ["calibrate"], only=["S9"])


def test_one_figure_is_drawn_anew_and_the_report_keeps_the_others(finished_study, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(finished_study, folder)
    with Study.open(folder) as study:
        study.set_parameters("figures", panels=1, dpi=50, formats=("svg",))
        (outcome,) = run(study, ["figures"], only=["confusion_mulf", "maps"])
        assert outcome.computed == 2
        # what was just drawn is not among what is left
        left = items_left(study, "figures")
        assert left
        assert outcome.warnings[0].startswith(f"{left} of {left + 2} are left")
        assert sorted(path.name for path in study.figures_folder.iterdir()) == [
            "confusion_mulf.png",
            "confusion_mulf.svg",
            "maps.png",
            "maps.svg",
        ]
        run(study, ["report"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "figures/maps.png" in page
    assert page.count("data:image/png;base64,") == 2
