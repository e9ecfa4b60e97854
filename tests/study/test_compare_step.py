"""The compare step: what it keeps is what the core gives, and what it does with hard cases."""

import numpy as np
import pandas as pd
import pytest

from napari_npm.core import shared_pattern, similar_groups
from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.similarity import difference_matrix, total_gradient
from napari_npm.core.skeletons import skeleton
from napari_npm.study import Study, run
from napari_npm.study.comparing import (
    GROUPS,
    MATRIX,
    ORDER,
    compare_path,
    compared,
    comparison_of,
    pattern_of,
)
from napari_npm.study.state import Finish, Record


def compare(study, force=False, **parameters):
    if parameters:
        study.set_parameters("compare", **parameters)
    (outcome,) = run(study, ["compare"], scheduler="synchronous", force=force)
    return outcome


def explained(study, rows=None):
    """Write the records of an explained study anew, as another run of explain would."""
    state = study.state("explain")
    items = list(state.records)
    for item in items:
        tiles = study.tiles_of(item.split("/", 1)[1])
        told = tuple(rows(tile) for tile in tiles) if rows else ()
        state.drop(item)
        state.add(Record(item, "key", f"explained again {item}", told))
    state.close(Finish("key", ()), items)


@pytest.fixture
def many(made):
    """Return the made study with all its tiles in one sample's hands: S1 has 3, S2 has 2."""
    explained(made, lambda tile: {"tile": tile.index, "raw_sum": float(1 + 2 * tile.index)})
    return made


def test_what_is_kept_is_what_the_core_gives(many):
    outcome = compare(many, seeds=2, size=2, number=1, contour=1e-6)
    found = comparison_of(many, "mulf", "S1")
    tiles = [tile for tile in many.tiles if tile.sample == "S1"]
    assert list(found.tiles) == tiles
    relevance = many.stack("relevance/mulf").read(tiles)
    np.testing.assert_allclose(found.matrix, difference_matrix(relevance, normalise=True))
    assert found.scale == "normalised"
    assert sorted(found.permutation) == [0, 1, 2]
    assert found.cost == pytest.approx(total_gradient(found.ordered))
    assert found.lower_bound <= found.cost
    (group,) = found.groups
    (own,) = similar_groups(found.matrix, found.permutation, 1, 2)
    assert (group.start, group.stop) == (own.start, own.stop)
    assert group.members.tolist() == own.members.tolist()
    assert group.mean_difference == own.mean_difference
    assert group.stability == 1.0
    assert 0 < group.stability_other <= 1
    members = [tiles[member] for member in group.members]
    porosity = many.stack("mulf").read(members)
    shared = shared_pattern(many.stack("relevance/mulf").read(members), porosity, contour=1e-6)
    np.testing.assert_array_equal(group.pattern, shared.pattern)
    np.testing.assert_array_equal(group.contour, shared.contour)
    assert group.fraction == shared.fraction
    by_hand = pattern_of(many, found, group.members)
    np.testing.assert_array_equal(by_hand.pattern, group.pattern)
    assert pattern_of(many, found, [0, 1, 2], contour=1.0).fraction == 0.0
    table = many.table("shared_patterns").iloc[0]
    assert table["fraction"] == pytest.approx(shared.fraction)
    assert table["specimens"] == len({tile.specimen for tile in members})
    assert table["porosity"] == pytest.approx(porosity.mean())
    measures = skeleton(shared.skeleton)
    assert table["skeleton_area_fraction"] == pytest.approx(measures.area_fraction)
    assert table["skeleton_pieces"] == measures.pieces
    assert compared(many) == [("mulf", "S1")]
    assert any("S2 has 2 maps" in one for one in outcome.warnings)


def test_the_order_is_told_map_by_map(many):
    compare(many, seeds=0, size=2, number=1)
    found = comparison_of(many, "mulf", "S1")
    table = many.table("compare_order_mulf_S1")
    assert table["place"].tolist() == [0, 1, 2]
    assert table["tile"].tolist() == [found.tiles[k].index for k in found.permutation]
    steps = [found.ordered[k, k + 1] for k in range(2)]
    assert table["difference_to_last"].tolist()[1:] == pytest.approx(steps)
    (group,) = found.groups
    assert table["group"].notna().tolist() == [group.start <= k < group.stop for k in range(3)]
    assert group.stability is None


def test_raw_maps_are_compared_on_the_scale_of_the_output(many):
    compare(many, normalise=False, seeds=1)
    found = comparison_of(many, "mulf", "S1")
    assert found.scale == "raw"
    relevance = many.stack("relevance/mulf").read(found.tiles).astype(float)
    sums = np.array([1 + 2 * tile.index for tile in found.tiles])
    raw = relevance / relevance.sum((1, 2), keepdims=True) * sums[:, None, None]
    np.testing.assert_allclose(found.matrix, difference_matrix(raw), rtol=1e-5)
    pattern = found.groups[0].pattern
    compare(many, normalise=True)
    again = comparison_of(many, "mulf", "S1")
    assert again.scale == "normalised"
    # three maps are one group on either scale, and what is shared is of maps that sum to 1
    np.testing.assert_allclose(again.groups[0].pattern, pattern, rtol=1e-5)


def test_without_a_raw_scale_there_is_one_matrix(made):
    compare(made, normalise=False, seeds=0)
    found = comparison_of(made, "mulf", "S1")
    assert found.scale == "normalised"
    assert found.groups[0].stability_other is None
    assert found.groups[0].stability is None


def test_only_what_depends_on_a_setting_is_made_again(many):
    assert compare(many).computed == 3
    assert compare(many).computed == 0
    assert compare(many, contour=1e-7).computed == 1
    assert compare(many, seed=4).computed == 2
    assert compare(many, normalise=False).computed == 2
    compare_path(many, ORDER, "mulf", "S1").unlink()
    assert compare(many).computed == 1
    explained(many)
    assert compare(many).computed == 3


def test_an_interrupted_run_goes_on(many):
    def stop(step, done, total, message="", metrics=None):
        if done == total - 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(many, ["compare"], progress=stop, scheduler="synchronous")
    assert set(many.state("compare").records) == {f"{MATRIX}/mulf/S1", f"{ORDER}/mulf/S1"}
    assert comparison_of(many, "mulf", "S1") is None
    assert compared(many) == []
    assert compare(many).computed == 1
    assert comparison_of(many, "mulf", "S1") is not None


def test_maps_without_relevance_are_left_out_and_told(many):
    tile = many.tiles[1]
    many.stack("relevance/mulf").write([tile], np.zeros((1, 384, 384), np.float32))
    outcome = compare(many)
    assert outcome.warnings[0].startswith("S1 has 2 maps with relevance on MulF")
    assert outcome.warnings[1].startswith("S2 has 2 maps")
    assert comparison_of(many, "mulf", "S1") is None
    assert compared(many) == []
    table = many.table("shared_patterns")
    assert table["note"].tolist() == ["too few maps"] * 2
    assert table["left_out"].tolist() == [1, 0]
    assert table["group"].isna().all()


@pytest.fixture
def one_sample(many):
    """Return the study with all five tiles in one sample."""
    images = tuple(image.model_copy(update={"sample": "S1"}) for image in many.images)
    many.save(samples=many.samples[:1], images=images)
    return many


def test_one_sample_alone_is_enough(one_sample):
    tile = one_sample.tiles[2]
    one_sample.stack("relevance/mulf").write([tile], np.zeros((1, 384, 384), np.float32))
    outcome = compare(one_sample, decay=0, contour=1e-7)
    assert outcome.warnings == (
        "S1 on MulF: 1 of 5 maps have no relevance at all and are left out.",
    )
    found = comparison_of(one_sample, "mulf", "S1")
    assert [one.index for one in found.tiles] == [0, 1, 3, 4]
    assert found.groups[0].fraction > 0
    assert one_sample.table("shared_patterns")["note"].isna().all()


def test_identical_maps_share_all_there_is(one_sample):
    stack = one_sample.stack("relevance/mulf")
    first = stack.read(one_sample.tiles[:1])
    stack.write(one_sample.tiles, np.repeat(first, 5, axis=0))
    compare(one_sample)
    found = comparison_of(one_sample, "mulf", "S1")
    assert found.matrix.max() < 1e-6
    assert found.cost == pytest.approx(0, abs=1e-5)
    (group,) = found.groups
    maps = one_sample.stack("mulf").read([found.tiles[k] for k in group.members])
    expected = first[0] / first.sum() * maps.sum(axis=0)
    np.testing.assert_allclose(group.pattern, expected, rtol=1e-4)


def test_a_group_larger_than_the_sample_is_refused_in_a_sentence(one_sample):
    with pytest.raises(NpmError, match="S1 has 5 maps with relevance, fewer than the 6"):
        compare(one_sample, size=6)


def test_groups_too_small_for_the_contour_are_told(one_sample):
    (said,) = compare(one_sample).warnings
    line = one_sample.table("shared_patterns").iloc[0]
    assert said.startswith("Groups of 3 maps on MulF are small for this contour and decay")
    assert f"differs among them by {line['variation']:.0%} (median)" in said
    assert f"up to {line['variation_within']:.0%} only" in said
    found = comparison_of(one_sample, "mulf", "S1")
    members = [found.tiles[k] for k in found.groups[0].members]
    maps = one_sample.stack("relevance/mulf").read(members).astype(float)
    maps /= maps.sum((1, 2), keepdims=True)
    ratio = np.median(maps.std(axis=0) / maps.mean(axis=0))
    assert line["variation"] == pytest.approx(ratio, rel=1e-3)
    assert compare(one_sample, decay=0).warnings == ()


def test_the_area_shared_at_random_stands_beside(one_sample):
    compare(one_sample, contour=2e-6, decay=5, size=2, number=2)
    table = one_sample.table("shared_patterns")
    stacks = [one_sample.stack(kind).read(one_sample.tiles) for kind in ("relevance/mulf", "mulf")]
    fractions = [
        shared_pattern(*(maps[[a, b]] for maps in stacks), contour=2e-6, decay=5).fraction
        for a in range(5)
        for b in range(a)
    ]
    (random,) = set(table["fraction_of_random"])
    assert min(fractions) < random < max(fractions)
    (spread,) = set(table["fraction_of_random_sd"])
    assert 0 < spread < np.ptp(fractions)


def test_only_the_test_part_may_be_compared(one_sample):
    with pytest.raises(NpmError, match="split"):
        compare(one_sample, tiles="test")
    parts = ["test", "train", "test", "test", "train"]
    one_sample.state("split").add(
        Record("split", "key", "output", tuple({"part": part} for part in parts))
    )
    compare(one_sample)
    assert [one.index for one in comparison_of(one_sample, "mulf", "S1").tiles] == [0, 2, 3]


def test_one_item_alone_needs_the_others(many):
    with pytest.raises(NpmError, match="without --only"):
        run(many, ["compare"], only=[f"{GROUPS}/"], scheduler="synchronous")


def test_values_that_are_no_numbers_are_refused(many):
    bad = np.full((1, 384, 384), np.nan, np.float32)
    many.stack("relevance/mulf").write(many.tiles[:1], bad)
    with pytest.raises(NpmError, match="holds values that are not numbers"):
        compare(many)


def test_maps_are_read_into_one_array(many):
    import tracemalloc

    from napari_npm.core.progress import silent
    from napari_npm.study.comparing_maps import read_maps

    read_maps(many, "mulf", many.tiles[:1], silent)  # what is loaded once
    tracemalloc.start()
    maps, kept, raw = read_maps(many, "mulf", many.tiles, silent)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(kept), raw) == (5, True)
    # whatever the stored maps sum to, and the sign of the output
    many.stack("relevance/mulf").write(many.tiles[:1], 3 * maps[:1])
    explained(many, lambda tile: {"tile": tile.index, "raw_sum": -float(1 + 2 * tile.index)})
    np.testing.assert_allclose(read_maps(many, "mulf", many.tiles, silent)[0], maps, rtol=1e-5)
    np.testing.assert_allclose(maps.sum((1, 2), dtype=float), [1, 3, 5, 7, 9], rtol=1e-5)
    assert peak < maps.nbytes + 6 * maps[0].nbytes


def test_damage_is_told_and_a_new_layout_hides_what_was_found(many):
    compare(many)
    path = compare_path(many, GROUPS, "mulf", "S1")
    content = path.read_bytes()
    path.write_bytes(content[:100])
    with pytest.raises(NpmError, match="is damaged"):
        comparison_of(many, "mulf", "S1")
    path.write_bytes(content)
    many.set_parameters("import", edge="shift", overlap_px=10)
    assert comparison_of(many, "mulf", "S1") is None


def test_a_sample_that_is_gone_leaves_nothing(many):
    compare(many)
    images = tuple(image for image in many.images if image.sample == "S2")
    many.save(samples=many.samples[1:], images=images)
    compare(many)
    assert not list(compare_path(many, "x", "x", "x").parent.glob("*.npz"))
    table = many.table("shared_patterns")
    assert table["sample"].tolist() == ["S2"]
    assert isinstance(table, pd.DataFrame)


def test_a_study_open_for_reading_shows_what_was_found(many):
    compare(many)
    many.close()
    with Study.open(many.folder, write=False) as study:
        assert comparison_of(study, "mulf", "S1").permutation.size == 3
        assert comparison_of(study, "mulf", "S2") is None
        assert comparison_of(study, "micf", "S1") is None
