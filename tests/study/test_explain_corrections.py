"""Corrections of the centre bias, and mosaics without seams, as the explain step makes them."""

import json

import numpy as np
import pytest

from napari_npm.core import explain
from napari_npm.core.centre_bias import edge_profile, flat_field, mean_field
from napari_npm.core.errors import NpmError
from napari_npm.study import run
from napari_npm.study.centre_fields import chosen_tiles, field_of, field_paths, halves
from napari_npm.study.state import Record


def spread_specimens(study):
    """Give every tile enough company: fields need four maps a half."""
    from napari_npm.study import add_folder

    rng = np.random.default_rng(3)
    from napari_npm.io import write_image

    home = study.folder.parent / "more"
    for sample in ("S1", "S2"):
        for specimen in ("a", "b"):
            write_image(
                home / sample / specimen / f"{sample}-{specimen}-more.tif",
                rng.integers(50, 200, (384, 768), np.uint8), 52.0,
            )  # fmt: skip
    add_folder(study, home, copy=True)
    for kind in ("mulf", "micf"):
        stack = study.stack(kind)
        stack.prepare(study.tiles, "float32", 52.0)
        values = np.clip(rng.normal(0.3, 0.2, (len(study.tiles), 384, 384)), 0, 1)
        stack.write(study.tiles, values.astype(np.float32))
    for step in ("calibrate", "smooth"):
        for image in study.images:
            study.state(step).add(Record(image.id, "key", f"{step} {image.id}"))


def test_halves_hold_whole_specimens_and_all_samples(modelled):
    half, unit = halves(modelled, 0)
    assert unit == "specimens"
    by_specimen = {}
    for tile in modelled.tiles:
        by_specimen.setdefault((tile.sample, tile.specimen), set()).add(int(half[tile.index]))
    assert all(len(found) == 1 for found in by_specimen.values())
    for sample in ("S1", "S2"):
        assert {min(v) for k, v in by_specimen.items() if k[0] == sample} == {0, 1}
    seen = {tuple(halves(modelled, seed)[0].tolist()) for seed in range(8)}
    assert len(seen) > 1


def test_a_single_specimen_is_halved_by_image_and_a_single_image_by_tile(modelled):
    one = [image.model_copy(update={"specimen": "a"}) for image in modelled.images]
    modelled.save(images=tuple(one))
    half, unit = halves(modelled, 0)
    assert unit == "images"
    assert half[0] == half[1]  # two tiles of one image
    modelled.save(images=tuple(one[:1]), samples=modelled.samples[:1])
    half, unit = halves(modelled, 0)
    assert unit == "tiles"
    assert sorted(half.tolist()) == [0, 1]


def test_fields_are_of_like_numbers_of_tiles_of_each_sample(modelled):
    half = np.array([0, 0, 1, 0, 1])
    chosen = chosen_tiles(modelled, half, 0, 100, 0)
    assert sorted(tile.sample for tile in chosen) == ["S1", "S2"]
    assert all(half[tile.index] == 0 for tile in chosen)


def test_the_field_of_a_tile_is_fitted_on_the_other_half(modelled, look, stacked):
    spread_specimens(modelled)
    modelled.set_parameters("train", augment=False)
    look(modelled, correction="flat-field", field_sigma_px=4.0)
    maps = stacked(modelled, "mulf")
    raw = explain(modelled.load_model("mulf"), maps, difference=True)
    half, _ = halves(modelled, 0)
    facts = json.loads(field_paths(modelled, "mulf")[2].read_text())
    assert facts["halves"] == "specimens"
    names = {tile.name: tile for tile in modelled.tiles}
    for which, fitted in enumerate(facts["fitted_on"]):
        own = [names[name].index for name in fitted]
        assert {int(half[index]) for index in own} == {which}
        assert len(own) == 6 - (len(own) % 2)
        field = mean_field(raw.relevance[own], sigma_px=4.0)
        others = [tile for tile in modelled.tiles if half[tile.index] != which]
        np.testing.assert_allclose(field_of(modelled, "mulf", others[0], 0), field, rtol=1e-3)
        indices = [tile.index for tile in others]
        expected = flat_field(raw.relevance[indices], field)
        found = modelled.stack("relevance/mulf").read(others)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-8)
        np.testing.assert_allclose(found.sum((1, 2)), 1, rtol=1e-4)
        amounts = (raw.relevance[indices] / field).sum((1, 2), keepdims=True)
        np.testing.assert_allclose(
            modelled.stack("difference/mulf").read(others),
            raw.difference[indices] / field / amounts,
            rtol=1e-2, atol=1e-8,
        )  # fmt: skip
    rows = modelled.table("relevance_mulf")
    assert set(rows["correction"]) == {"flat-field"}
    before = edge_profile(raw.relevance[:1]).tolist()
    after = edge_profile(modelled.stack("relevance/mulf").read(modelled.tiles[:1])).tolist()
    line = rows.iloc[0]
    assert [line[f"raw_edge_{k}"] for k in range(1, 5)] == pytest.approx(before, rel=1e-4)
    assert [line[f"edge_{k}"] for k in range(1, 5)] == pytest.approx(after, rel=1e-4)
    table = modelled.table("centre_bias").set_index("sample")
    assert list(table.index) == ["S1", "S2", "all samples"]
    for name in ("raw_edge_1", "edge_4"):
        assert table.loc["all samples", name] == pytest.approx(rows[name].mean())
        assert table.loc["S2", name] == pytest.approx(rows[rows["sample"] == "S2"][name].mean())
    # flatter, tiles that the field has not seen
    spread = [np.ptp([table.loc["all samples", f"{start}_{k}"] for k in range(1, 5)])
              for start in ("raw_edge", "edge")]  # fmt: skip
    assert spread[1] < 0.5 * spread[0]


def test_fields_are_kept_until_something_changes(modelled, look):
    spread_specimens(modelled)
    look(modelled, correction="flat-field", difference=False)
    paths = field_paths(modelled, "mulf")
    before = [path.stat().st_mtime_ns for path in paths]
    assert look(modelled).computed == 0
    modelled.stack("relevance/mulf").remove()
    assert look(modelled).computed == 8
    assert [path.stat().st_mtime_ns for path in paths] == before
    paths[0].unlink()
    assert look(modelled).computed == 8
    assert look(modelled, seed=5).computed == 8
    assert json.loads(paths[2].read_text())["seed"] == 5
    # a map that changed anywhere changes the fields, and with them every tile
    modelled.state("calibrate").add(Record(modelled.images[0].id, "key", "anew"))
    assert look(modelled).computed == 8


def test_too_few_tiles_for_a_field_are_told(modelled, look):
    with pytest.raises(NpmError, match="correction = none"):
        look(modelled, correction="flat-field")


def test_a_mosaic_is_explained_without_seams(modelled, look, stacked):
    from napari_npm.core.sliding import explain_image

    modelled.set_parameters("explain", stride_px=191)
    tall = modelled.tiles_of(modelled.images[0].id)
    assert len(tall) == 2
    look(modelled)
    image = np.concatenate([stacked(modelled, "mulf")[tile.index] for tile in tall])
    expected = explain_image(modelled.load_model("mulf"), image, stride=191, difference=True)
    found = np.concatenate(list(modelled.stack("relevance/mulf").read(tall)))
    np.testing.assert_allclose(found, expected.relevance, rtol=1e-4, atol=1e-10)
    assert found.sum() == pytest.approx(2, rel=1e-4)
    difference = np.concatenate(list(modelled.stack("difference/mulf").read(tall)))
    np.testing.assert_allclose(difference, expected.difference, rtol=1e-3, atol=1e-9)
    rows = modelled.table("relevance_mulf")
    assert rows["stride_px"].tolist()[:2] == [191, 191]
    assert rows["stride_px"].isna().sum() == 3  # images of one tile have no seams
    assert set(rows["target"][:2]) == {f"S{expected.target + 1}"}
    worst = expected.conservation[np.abs(expected.conservation - 1).argmax()]
    assert worst in rows["conservation"].to_numpy()[:2]
    # what was used, not what was asked for
    assert rows["engine"].tolist() == ["fused"] * 5
    run(modelled, ["regions"], scheduler="synchronous")


def test_a_mosaic_states_what_was_used_whatever_was_asked(modelled, look):
    for asked, stated in (
        ({"engine": "zennit"}, ("zennit", "zplus", "spread", "float32")),
        ({"engine": "auto", "precision": "bfloat16"}, ("fused", "zplus", "spread", "bfloat16")),
        (
            {"rule": "gradient x input", "precision": "float32"},
            ("torch", "none", "none", "float32"),
        ),
    ):
        look(modelled, stride_px=191, difference=False, **asked)
        rows = modelled.table("relevance_mulf")
        columns = ["engine", "input_rule", "undefined_rule", "precision"]
        # the mosaic's tiles come first, then images of one tile
        assert set(rows[columns].itertuples(index=False, name=None)) == {stated}


def test_a_mosaic_keeps_its_profile_before_the_correction_and_its_shares(
    modelled, look, stacked, note_trained
):
    from napari_npm.core.sliding import explain_image

    spread_specimens(modelled)
    note_trained(modelled, "both")
    look(modelled, stride_px=191, correction="flat-field", field_sigma_px=4.0, difference=False)
    mosaic = next(one.id for one in modelled.images if len(modelled.tiles_of(one.id)) == 2)
    tiles = modelled.tiles_of(mosaic)
    for model, kinds in (("mulf", ["mulf"]), ("both", ["mulf", "micf"])):
        channels = [
            np.concatenate([stacked(modelled, kind)[tile.index] for tile in tiles])
            for kind in kinds
        ]
        plain = explain_image(modelled.load_model(model), np.stack(channels), stride=191)
        table = modelled.table(f"relevance_{model}")
        for number, tile in enumerate(tiles):
            line = table.iloc[tile.index]
            part = plain.relevance[None, 384 * number : 384 * (number + 1)]
            before = [line[f"raw_edge_{k}"] for k in range(1, 5)]
            assert before == pytest.approx(edge_profile(part).tolist(), rel=1e-3)
            after = [line[f"edge_{k}"] for k in range(1, 5)]
            (now,) = modelled.stack(f"relevance/{model}").read([tile])
            assert after == pytest.approx(edge_profile(now[None]).tolist(), rel=1e-3)
            assert before != pytest.approx(after, rel=1e-2)
    # windows at rows 0, 191, 382 and 384: the first tile meets three of them, the last three
    own = table.iloc[[tile.index for tile in tiles]]
    shares = own[["share_mulf", "share_micf"]].to_numpy()
    np.testing.assert_allclose(
        shares, [plain.channel_share[:3].mean(0), plain.channel_share[1:].mean(0)], rtol=1e-3
    )
