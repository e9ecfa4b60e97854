"""A small study of phantoms with known truth, made once for all tests of the study."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_npm.core.phantom import experiment, planted
from napari_npm.io import write_image, write_labels
from napari_npm.study import Study, add_folder, run, take_masks
from napari_npm.study.hashing import hash_file
from napari_npm.study.runner import whole_run
from napari_npm.study.state import Finish, Record, StepState

QUICK = ("simulate", "import", "mask", "calibrate", "smooth", "describe", "split", "threshold")
LONG = whole_run("correlate")


@pytest.fixture(scope="session")
def phantom_data(tmp_path_factory):
    """Two classes of three specimens of one tile, with masks and truth, as a user lays them out."""
    home = tmp_path_factory.mktemp("data")
    config = planted("both", n_classes=2)
    for phantom in experiment(config, specimens=3, n_tiles=1, seed=5):
        sample = f"S{phantom.class_index + 1}"
        name = f"{sample}-{phantom.specimen}.tif"
        folder = home / "images" / sample / f"p{phantom.specimen}"
        write_image(folder / name, phantom.bse, phantom.pixel_size_nm)
        write_labels(home / "masks" / name, phantom.labels, phantom.pixel_size_nm)
        write_labels(home / "truth" / name, phantom.places, phantom.pixel_size_nm)
    return home


@pytest.fixture(scope="session")
def untouched_study(phantom_data, tmp_path_factory) -> Path:
    """Return the folder of a study of the phantoms that no step has run on."""
    folder = tmp_path_factory.mktemp("studies") / "untouched"
    with Study.create(folder, name="Phantoms") as study:
        add_folder(study, phantom_data / "images", copy=True)
        take_masks(study, phantom_data / "masks")
        take_masks(study, phantom_data / "truth", truth=True)
        study.set_parameters("train", epochs=2, batch_size=2)
        study.set_parameters("correlate", r_max_px=12)
        study.set_parameters("predict", resamples=100)
    return folder


@pytest.fixture
def fresh(untouched_study, tmp_path):
    """Return the folder of a copy of the untouched study, to run and break."""
    folder = tmp_path / "study"
    shutil.copytree(untouched_study, folder)
    return folder


@pytest.fixture(scope="session")
def finished_study(untouched_study, tmp_path_factory) -> Path:
    """Return the folder of a study whose every step up to S2 ran once, without a break."""
    folder = tmp_path_factory.mktemp("studies") / "finished"
    shutil.copytree(untouched_study, folder)
    with Study.open(folder) as study:
        study.set_parameters("train", maps=("mulf",))
        run(study, LONG, scheduler="synchronous")
    return folder


@pytest.fixture
def finished(finished_study, tmp_path):
    """Return the folder of a copy of the finished study."""
    folder = tmp_path / "finished"
    shutil.copytree(finished_study, folder)
    return folder


def contents(folder, steps):
    """Return what the steps made: file by file a hash, table by table its text without times."""
    found = {}
    for part in ("masks", "maps", "relevance", "regions", "models"):
        for path in sorted((folder / part).rglob("*")):
            if path.is_file() and path.suffix not in (".json", ".jsonl", ".csv"):
                found[path.relative_to(folder).as_posix()] = hash_file(path)
    for step in steps:
        state = StepState(folder / "state" / f"{step}.jsonl")
        found[step] = {one.item: (one.key, one.output) for one in state.records.values()}
        for name in state.finish.files:
            if name.endswith(".csv"):
                table = (
                    pd.read_csv(folder / name, comment="#")
                    if (folder / name).stat().st_size > 1
                    else None
                )
                found[name] = (
                    None
                    if table is None
                    else table.drop(columns="seconds", errors="ignore").to_csv()
                )
    return found


@pytest.fixture(scope="session")
def results():
    """Return the function that says what steps made in a study's folder."""
    return contents


@pytest.fixture(scope="session")
def assert_same():
    """Return the function that compares what two studies hold, by content."""

    def compare(folder, other, steps=LONG):
        one, two = contents(folder, steps), contents(other, steps)
        assert one.keys() == two.keys()
        assert [name for name in one if one[name] != two[name]] == []

    return compare


@pytest.fixture(scope="session")
def computed():
    """Return the function that runs steps and says how many items each computed."""

    def call(study, steps, **options):
        outcomes = run(study, steps, scheduler="synchronous", **options)
        return {one.step: one.computed for one in outcomes if one.computed}

    return call


@pytest.fixture(scope="session")
def quick_study(untouched_study, tmp_path_factory):
    """Return a study with the quick steps done, in one go."""
    folder = tmp_path_factory.mktemp("studies") / "quick"
    shutil.copytree(untouched_study, folder)
    with Study.open(folder) as study:
        run(study, QUICK, scheduler="synchronous")
    return folder


@pytest.fixture
def quick(quick_study, tmp_path):
    folder = tmp_path / "quick"
    shutil.copytree(quick_study, folder)
    with Study.open(folder) as study:
        yield study


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory):
    """Return a study whose maps and relevance were made up, in a second and without a network.

    Two samples of two specimens; the first image has two tiles. Relevance is in blobs.
    """
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(7)
    home = tmp_path_factory.mktemp("made")
    for sample, specimen, height in (("S1", "a", 768), ("S1", "b", 384), ("S2", "a", 384),
                                     ("S2", "b", 384)):  # fmt: skip
        grey = rng.integers(50, 200, (height, 384), np.uint8)
        path = home / "images" / sample / specimen / f"{sample}-{specimen}.tif"
        write_image(path, grey, 52.0)
    folder = home / "study"
    with Study.create(folder, name="Made") as study:
        add_folder(study, home / "images", copy=True)
        for kind in ("mulf", "micf", "relevance/mulf"):
            stack = study.stack(kind)
            stack.prepare(study.tiles, "float32", 52.0)
            noise = rng.normal(size=(len(study.tiles), 384, 384))
            blobs = gaussian_filter(noise, (0, 3, 3))
            values = np.exp(8 * blobs) if "/" in kind else np.clip(0.3 + blobs, 0, 1)
            values /= values.sum((1, 2), keepdims=True) if "/" in kind else 1
            stack.write(study.tiles, values.astype(np.float32))
        images = [image.id for image in study.images]
        for step, items in (
            ("calibrate", images),
            ("smooth", images),
            ("train", ["mulf"]),
            ("explain", [f"mulf/{image}" for image in images]),
        ):
            for item in items:
                study.state(step).add(Record(item, "key", f"{step} {item}"))
            study.state(step).close(Finish("key", ()), items)
    return folder


@pytest.fixture
def made(made_folder, tmp_path):
    """Return an open copy of the study whose maps and relevance were made up."""
    shutil.copytree(made_folder, tmp_path / "made")
    with Study.open(tmp_path / "made") as study:
        yield study


@pytest.fixture(scope="session")
def evaluated_study(quick_study, tmp_path_factory) -> Path:
    """Return the folder of a study that was evaluated with its controls, by tiny networks."""
    folder = tmp_path_factory.mktemp("studies") / "evaluated"
    shutil.copytree(quick_study, folder)
    with Study.open(folder) as study:
        study.set_parameters("train", maps=("mulf",), widths=(4,) * 7, epochs=1)
        study.set_parameters(
            "evaluate",
            seeds=2,
            epochs=1,
            controls=True,
            shuffles=2,
            jitter_tiles=2,
            resamples=100,
        )
        run(study, ["train", "evaluate"], scheduler="synchronous")
    return folder


def trained(study, kind):
    """Note a model as the train step would."""
    study.state("train").add(Record(kind, "key", study.weights_hash(kind)))


@pytest.fixture(scope="session")
def modelled_folder(made_folder, tmp_path_factory):
    """Return the made-up study with two small networks, for MulF and for both maps."""
    import torch

    from napari_npm.core.network import NanoporosityNet, NetworkConfig
    from napari_npm.study.models import save_model

    folder = tmp_path_factory.mktemp("modelled") / "study"
    shutil.copytree(made_folder, folder)
    with Study.open(folder) as study:
        for kind, channels in (("mulf", 1), ("both", 2)):
            torch.manual_seed(4)
            config = NetworkConfig(widths=(4,) * 7, pooling="average", in_channels=channels)
            model = NanoporosityNet(2, config).eval()
            save_model(
                study.models_folder / kind,
                model,
                {"maps": kind, "classes": ["S1", "S2"], "pixel_size_nm": 52.0},
            )
            trained(study, kind)
        study.state("train").close(Finish("key", ()), ["mulf", "both"])
    return folder


@pytest.fixture
def modelled(modelled_folder, tmp_path):
    """Return an open copy of it in which only the MulF network counts as trained."""
    shutil.copytree(modelled_folder, tmp_path / "modelled")
    with Study.open(tmp_path / "modelled") as study:
        study.state("train").close(Finish("key", ()), ["mulf"])
        yield study


@pytest.fixture
def note_trained():
    """Return a function that notes a model as the train step would."""
    return trained


@pytest.fixture
def look():
    """Return a function that explains a study, with parameters, and tells what was done."""

    def call(study, **parameters):
        study.set_parameters("explain", **parameters)
        (outcome,) = run(study, ["explain"], scheduler="synchronous")
        return outcome

    return call


@pytest.fixture
def stacked():
    """Return a function that reads all tiles of a stack."""
    return lambda study, kind: study.stack(kind).read(study.tiles)
