"""Groups of the compare step: what they depend on, and spectral clusters of differing size."""

import shutil

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.metrics import silhouette_samples

from napari_npm.core import shared_pattern, similar_clusters
from napari_npm.core.errors import NpmError
from napari_npm.core.similarity import order, total_gradient
from napari_npm.core.spectral import spectral_groups
from napari_npm.io import write_image
from napari_npm.study import Study, run
from napari_npm.study.comparing import GROUPS, comparison_of
from napari_npm.study.comparing_anew import regrouped
from napari_npm.study.importing import add_folder
from napari_npm.study.reporting.similarity import compare_sentence, similarity
from napari_npm.study.similarity_drawing import similarity_figures
from napari_npm.study.state import Finish, Record

FAMILIES = {"S1": [0, 1, 0, 0, 1, 0, 0, 1, 1], "S2": [0, 1, 1, 0]}


def maps_of(families, seed):
    """Return maps that share most of their pattern with those of their family."""
    rng = np.random.default_rng(seed)
    own = gaussian_filter(rng.normal(size=(len(families), 384, 384)), (0, 3, 3))
    shared = gaussian_filter(rng.normal(size=(1 + max(families), 384, 384)), (0, 3, 3))
    maps = np.exp(15 * (0.9 * shared[families] + 0.4 * own))
    return (maps / maps.sum((1, 2), keepdims=True)).astype(np.float32)


def explained(study, images):
    """Write the records of explained images anew, as another run of explain would."""
    state = study.state("explain")
    for item in (f"mulf/{image}" for image in images):
        before = state.records.get(item)
        state.add(Record(item, "key", f"{before.output} again" if before else item))
    state.close(Finish("key", ()), list(state.records))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a study of two samples: nine tiles in families of five and four, and four tiles."""
    home = tmp_path_factory.mktemp("grouped")
    rng = np.random.default_rng(7)
    for sample, side in (("S1", 1152), ("S2", 768)):
        grey = rng.integers(50, 200, (side, side), np.uint8)
        write_image(home / "images" / sample / "a" / f"{sample}.tif", grey, 52.0)
    path = home / "study"
    with Study.create(path, name="Grouped") as study:
        add_folder(study, home / "images", copy=True)
        families = [family for some in FAMILIES.values() for family in some]
        for kind, maps in (
            ("mulf", np.clip(0.3 + rng.normal(size=(13, 384, 384)) / 20, 0, 1)),
            ("relevance/mulf", maps_of(families, 1)),
        ):
            study.stack(kind).prepare(study.tiles, "float32", 52.0)
            study.stack(kind).write(study.tiles, maps.astype(np.float32))
        images = [image.id for image in study.images]
        for step, items in (("calibrate", images), ("smooth", images), ("train", ["mulf"])):
            for item in items:
                study.state(step).add(Record(item, "key", f"{step} {item}"))
            study.state(step).close(Finish("key", ()), items)
        explained(study, images)
        study.set_parameters("compare", contour=1e-6, decay=5.0, seeds=2)
    return path


@pytest.fixture
def grouped(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    with Study.open(tmp_path / "copy") as study:
        yield study


def compare(study, **parameters):
    if parameters:
        study.set_parameters("compare", **parameters)
    (outcome,) = run(study, ["compare"], scheduler="synchronous")
    return outcome


def key_of(study, sample):
    return study.state("compare").records[f"{GROUPS}/mulf/{sample}"].key


def test_one_size_for_all_samples_hangs_on_the_orders_of_all(grouped):
    assert compare(grouped).computed == 6
    assert (
        len({len(g.members) for s in FAMILIES for g in comparison_of(grouped, "mulf", s).groups})
        == 1
    )
    before = key_of(grouped, "S1")
    other = next(image.id for image in grouped.images if image.sample == "S2")
    explained(grouped, [other])
    # matrix, order and groups of S2, and the groups of S1
    assert compare(grouped).computed == 4
    assert key_of(grouped, "S1") != before
    assert compare(grouped, size=2).computed == 2
    before = key_of(grouped, "S1")
    explained(grouped, [other])
    assert compare(grouped).computed == 3
    assert key_of(grouped, "S1") == before


def test_spectral_clusters_hold_all_maps_and_stand_side_by_side(grouped):
    compare(grouped)
    along = comparison_of(grouped, "mulf", "S1")
    assert along.grouping == "order"
    np.testing.assert_array_equal(along.path, along.permutation)
    outcome = compare(grouped, grouping="spectral", number=2)
    assert outcome.computed == 2
    found = comparison_of(grouped, "mulf", "S1")
    assert found.grouping == "spectral"
    np.testing.assert_array_equal(found.path, order(found.matrix).permutation)
    assert sorted(found.permutation) == list(range(9))
    assert found.cost == pytest.approx(total_gradient(found.ordered))
    assert found.cost >= total_gradient(found.matrix, found.path) >= found.lower_bound
    core = similar_clusters(found.matrix, found.path, 2)
    assert sorted(len(group.members) for group in found.groups) == [4, 5]
    for group, own in zip(found.groups, core, strict=True):
        assert (group.start, group.stop) == (own.start, own.stop)
        assert group.members.tolist() == own.members.tolist()
        families = [FAMILIES["S1"][member] for member in group.members]
        # Four maps have three of their own family: each is joined to one of the other, too, to
        # which rounding may give that one.
        assert min(families.count(0), families.count(1)) <= 1
        assert group.mean_difference == own.mean_difference
        assert group.stability == 1.0
        assert 0 < group.stability_subsets <= 1
        tiles = [found.tiles[member] for member in group.members]
        stacks = [grouped.stack(kind).read(tiles) for kind in ("relevance/mulf", "mulf")]
        shared = shared_pattern(*stacks, contour=1e-6, decay=5.0)
        np.testing.assert_array_equal(group.pattern, shared.pattern)
        assert group.fraction == shared.fraction
    table = grouped.table("compare_order_mulf_S1")
    assert table["group"].notna().all()
    assert table["tile"].tolist() == [found.tiles[k].index for k in found.permutation]


def test_the_table_of_clusters_has_sizes_silhouettes_and_chance(grouped):
    outcome = compare(grouped, grouping="spectral", number=2)
    found = comparison_of(grouped, "mulf", "S1")
    table = grouped.table("shared_patterns").query("sample == 'S1'")
    assert table["size"].tolist() == [len(group.members) for group in found.groups]
    labels = np.empty(9, int)
    for number, group in enumerate(found.groups):
        labels[group.members] = number
    values = silhouette_samples(found.matrix, labels, metric="precomputed")
    expected = [values[labels == number].mean() for number in range(2)]
    assert table["silhouette"].tolist() == pytest.approx(expected)
    # what is drawn at random is as large as the group
    random = dict(zip(table["size"], table["fraction_of_random"], strict=True))
    assert random[4] < random[5]
    assert table["cost"].tolist() == pytest.approx([found.cost] * 2)
    (said,) = (one for one in outcome.warnings if "do not compare" in one)
    sizes = sorted(set(grouped.table("shared_patterns")["size"]))
    assert f"have {', '.join(map(str, sizes[:-1]))} and {sizes[-1]} maps: do not" in said


def test_only_what_clusters_depend_on_is_made_again(grouped):
    compare(grouped, grouping="spectral", number=2)
    assert compare(grouped, size=3).computed == 0
    explained(grouped, [next(image.id for image in grouped.images if image.sample == "S2")])
    assert compare(grouped).computed == 3
    assert compare(grouped, grouping="order").computed == 2


def test_a_number_left_open_is_read_from_the_gap(grouped):
    compare(grouped, grouping="spectral")
    for sample in FAMILIES:
        found = comparison_of(grouped, "mulf", sample)
        assert len(found.groups) == spectral_groups(found.matrix).max() + 1
    compare(grouped, grouping="order", size=2)
    assert len(comparison_of(grouped, "mulf", "S1").groups) == 3


@pytest.mark.parametrize("number", [1, 5])
def test_a_number_that_does_not_fit_a_sample_is_refused(grouped, number):
    sample, count = ("S1", 9) if number == 1 else ("S2", 4)
    with pytest.raises(NpmError, match=f"{sample} has {count} maps .* 2 to {count} spectral"):
        compare(grouped, grouping="spectral", number=number)


def test_a_map_alone_in_its_cluster_is_told(grouped):
    compare(grouped, grouping="spectral", number=4, seeds=0)
    found = comparison_of(grouped, "mulf", "S2")
    assert [len(group.members) for group in found.groups] == [1] * 4
    assert all(np.isnan(group.mean_difference) for group in found.groups)
    table = grouped.table("shared_patterns").query("sample == 'S2'")
    assert table["mean_difference"].isna().all()
    assert table["silhouette"].isna().all()
    section = similarity(grouped)
    assert section.tables[0].rows[-1][4] == "–"
    assert "was not looked at" in " ".join(section.paragraphs)


def test_clusters_that_the_order_takes_apart_cost_more_than_the_order(grouped):
    tiles = [tile for tile in grouped.tiles if tile.sample == "S1"]
    grouped.stack("relevance/mulf").write(tiles, maps_of(list(range(9)), 7))
    compare(grouped, grouping="spectral", number=3)
    found = comparison_of(grouped, "mulf", "S1")
    assert found.cost > 1.001 * total_gradient(found.matrix, found.path)
    costs = grouped.table("shared_patterns").query("sample == 'S1'")["cost"]
    assert costs.tolist() == pytest.approx([found.cost] * len(found.groups))
    back = regrouped(grouped, found, "order")
    np.testing.assert_array_equal(back.permutation, found.path)
    assert back.cost < found.cost


def test_the_report_tells_clusters_from_windows(grouped):
    compare(grouped, grouping="spectral", number=2)
    section = similarity(grouped)
    text = " ".join(section.paragraphs)
    assert section.tables[0].caption.startswith("Spectral clusters")
    assert "formed 2 clusters a sample" in text
    assert "S1 on MulF 2 clusters, silhouettes 0." in text
    assert "other seeds of the clustering" in text
    assert "No order can be better" not in text
    assert text.count("do not compare their shared areas") == 1
    methods = compare_sentence(grouped, grouped.parameters("compare"))
    assert "spectral clustering" in methods
    assert "windows" not in methods
    assert "proven lower bound" not in methods
    drawings = {one.name: one for one in similarity_figures(grouped)}
    assert "cluster by cluster" in drawings["similarity_mulf_S1"].caption
    titles = [axes.get_title() for axes in drawings["shared_mulf"].draw().axes]
    assert any(title.startswith("Group 2 (5 maps)\n") for title in titles)
    grouped.set_parameters("compare", number=None)
    methods = compare_sentence(grouped, grouped.parameters("compare"))
    assert "before the largest gap" in methods


def test_groups_can_be_looked_for_anew(grouped):
    compare(grouped, size=2)
    along = comparison_of(grouped, "mulf", "S1")
    clusters = regrouped(grouped, along, "spectral", 2)
    assert clusters.grouping == "spectral"
    assert clusters.cost == pytest.approx(total_gradient(clusters.ordered))
    assert [group.stability for group in clusters.groups] == [None, None]
    back = regrouped(grouped, clusters, "order", None, 2)
    np.testing.assert_array_equal(back.permutation, along.permutation)
    assert back.cost == pytest.approx(along.cost)
    for group, own in zip(back.groups, along.groups, strict=True):
        assert group.members.tolist() == own.members.tolist()
        np.testing.assert_array_equal(group.pattern, own.pattern)
    compare(grouped, grouping="spectral", number=2)
    for group, own in zip(
        clusters.groups, comparison_of(grouped, "mulf", "S1").groups, strict=True
    ):
        assert group.members.tolist() == own.members.tolist()
        assert group.fraction == own.fraction
