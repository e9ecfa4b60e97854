"""The Relevance dock and the explain step explain an image of a study alike."""

import shutil

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import silent
from napari_npm.io import write_image
from napari_npm.study import Study, add_folder, run
from napari_npm.study.settings import ExplainParameters
from napari_npm.study.state import Finish, Record
from napari_npm.viewer.explain_work import explain_here
from napari_npm.viewer.image_work import layout
from napari_npm.viewer.layers import Kind, Subject
from napari_npm.viewer.maps import CurrentMap
from napari_npm.viewer.model_box import ModelChoice

FACTS = ("conservation", "undefined", "output", "raw_sum", "share_mulf", "share_micf")
WORDS = ("target", "against", "rule", "average", "precision", "padding", "correction", "stride_px")


@pytest.fixture(scope="session")
def networks_folder(tmp_path_factory):
    """A study of two samples of two specimens with made-up maps and small networks."""
    import torch

    from napari_npm.core.network import NanoporosityNet, NetworkConfig
    from napari_npm.study.models import save_model

    rng = np.random.default_rng(3)
    home = tmp_path_factory.mktemp("agree")
    for sample in ("S1", "S2"):
        for specimen, height in (("a", 768), ("b", 768)):
            grey = rng.integers(50, 200, (height, 384), np.uint8)
            write_image(home / "images" / sample / specimen / f"{sample}{specimen}.tif", grey, 52.0)
    with Study.create(home / "study", name="Made") as study:
        add_folder(study, home / "images", copy=True)
        for kind in ("mulf", "micf"):
            blobs = gaussian_filter(rng.normal(size=(len(study.tiles), 384, 384)), (0, 3, 3))
            stack = study.stack(kind)
            stack.prepare(study.tiles, "float32", 52.0)
            stack.write(study.tiles, np.clip(0.3 + blobs, 0, 1).astype(np.float32))
        for step in ("calibrate", "smooth"):
            items = [image.id for image in study.images]
            for item in items:
                study.state(step).add(Record(item, "key", f"{step} {item}"))
            study.state(step).close(Finish("key", ()), items)
        for kind, channels in (("mulf", 1), ("both", 2)):
            torch.manual_seed(4)
            config = NetworkConfig(widths=(4,) * 7, pooling="average", in_channels=channels)
            card = {"maps": kind, "classes": ["S1", "S2"], "pixel_size_nm": 52.0}
            save_model(study.models_folder / kind, NanoporosityNet(2, config).eval(), card)
            study.state("train").add(Record(kind, "key", study.weights_hash(kind)))
        study.state("train").close(Finish("key", ()), ["mulf", "both"])
    return home / "study"


@pytest.fixture
def networks(networks_folder, tmp_path):
    """An open copy of it."""
    shutil.copytree(networks_folder, tmp_path / "study")
    with Study.open(tmp_path / "study") as study:
        yield study


def shown(study, model, image_id, parameters):
    """Return what the dock shows of an image."""
    kinds = {"mulf": ("mulf",), "both": ("mulf", "micf")}[model]
    maps = np.stack([study.stacked(image_id, kind) for kind in kinds])
    subject = Subject(image_id, 52.0, image_id)
    source = CurrentMap(subject, Kind.MULF, maps[0], layout(maps[0].shape, study, image_id))
    choice = ModelChoice(study.models_folder / model, model)
    steps = explain_here(
        silent, choice, source, maps[0] if len(maps) == 1 else maps, parameters, study
    )
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("both", {}),
        ("mulf", {"average": "d4", "difference": False, "target": "true"}),
        ("mulf", {"correction": "flat-field"}),
        ("both", {"correction": "flat-field", "stride_px": 191}),
        ("mulf", {"target": "S1", "against": "S2", "stride_px": 384}),
        ("mulf", {"target": "S1", "against": "others", "rule": "epsilon-plus"}),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(map(str, value.values())),
)
def test_dock_and_step_explain_alike(networks, model, asked):
    networks.state("train").close(Finish("key", ()), [model])
    networks.set_parameters("explain", **asked, field_tiles=8, input_rule="zbox")
    run(networks, ["explain"], scheduler="synchronous")
    parameters = networks.parameters("explain")
    assert isinstance(parameters, ExplainParameters)
    table = networks.table(f"relevance_{model}")
    for image in (networks.images[0], networks.images[-1]):
        found = shown(networks, model, image.id, parameters)
        kept = networks.stacked(image.id, f"relevance/{model}")
        assert found.relevance.shape == kept.shape
        assert found.relevance.sum() == pytest.approx(len(networks.tiles_of(image.id)), rel=1e-3)
        np.testing.assert_allclose(found.relevance, kept, atol=1e-9, rtol=2e-4)
        if parameters.difference:
            other = networks.stacked(image.id, f"difference/{model}")
            scale = np.abs(other).max()
            np.testing.assert_allclose(found.difference, other, atol=1e-4 * scale, rtol=1e-3)
        else:
            assert found.difference is None
        compare_rows(pd.DataFrame(found.rows), table[table["image"] == image.id])


def test_mean_maps_of_other_settings_are_not_used(networks):
    networks.state("train").close(Finish("key", ()), ["mulf"])
    image = networks.images[0].id
    parameters = ExplainParameters(correction="flat-field", field_tiles=8)
    with pytest.raises(NpmError, match="run Explain all images with these settings"):
        shown(networks, "mulf", image, parameters)
    networks.set_parameters("explain", **parameters.model_dump())
    run(networks, ["explain"], scheduler="synchronous", only=[f"mulf/{image}"])
    assert shown(networks, "mulf", image, parameters).relevance.any()
    networks.state("train").add(Record("mulf", "key", "trained again"))
    with pytest.raises(NpmError, match="run Explain all images with these settings"):
        shown(networks, "mulf", image, parameters)


def compare_rows(dock, step):
    """Hold what is told of an explanation against the step's table."""
    for name in WORDS:
        ours, theirs = (set(rows[name].dropna()) for rows in (dock, step))
        assert ours == theirs, name
    if len(dock) != len(step):
        return  # a row a window, not a tile
    for name in FACTS:
        assert (name in dock) == (name in step)
        if name in dock:
            np.testing.assert_allclose(
                dock[name].astype(float), step[name].astype(float), rtol=1e-4, atol=1e-6
            )
