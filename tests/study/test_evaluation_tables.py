"""The lines of an evaluation's tables, from answers made up for the purpose."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_npm.study.evaluation_shifts import shift_sizes, shifted_lines, unshifted, worst_shift
from napari_npm.study.evaluation_tables import Tables
from napari_npm.study.settings import EvaluateParameters

NAMES = ("S1", "S2", "S3")


def tables(**changes):
    """Return tables of a study of three samples of two specimens of two tiles."""
    tiles = [
        SimpleNamespace(index=4 * number + n, sample=name, specimen=f"p{n // 2}")
        for number, name in enumerate(NAMES)
        for n in range(4)
    ]
    study = SimpleNamespace(samples=[SimpleNamespace(name=name) for name in NAMES], tiles=tiles)
    return Tables(study, EvaluateParameters(resamples=200, **changes))


def answers(tiles, predicted, number=0, **further):
    true = [index // 4 for index in tiles]
    shares = np.full((len(tiles), 3), 0.1)
    shares[np.arange(len(tiles)), predicted] = 0.8
    row = {
        "maps": "mulf",
        "number": number,
        "tiles": list(tiles),
        "true": true,
        "predicted": list(predicted),
        "probabilities": shares.tolist(),
        "best_epoch": 3,
        "learnt": 1.0,
    }
    return row | further


ALL = range(12)
RIGHT = [0] * 4 + [1] * 4 + [2] * 4


def test_a_network_is_summed_up_over_its_seeds() -> None:
    half = [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0]
    rows = [answers(ALL, RIGHT), answers(ALL, half, 1)]
    table = tables()
    line = table.line("network", "network", rows) | table.seeds(rows)
    assert line["accuracy"] == pytest.approx(0.75)
    assert line["sd"] == pytest.approx(np.std([1, 0.5], ddof=1))
    assert (line["lowest"], line["highest"], line["repeats"]) == (0.5, 1, 2)
    assert (line["agreement"], line["tiles"], line["specimens"]) == (0.5, 12, 6)
    assert line["fewest_specimens"] == 2
    assert line["chance"] == pytest.approx(1 / 3)
    # every answer is 80 % sure, 75 % are right
    assert line["calibration_error"] == pytest.approx(0.05)
    # one specimen of each sample is always right, the other in one of two seeds: drawn by sample,
    # a mean is at least 0.5 and reaches 1
    assert 0.5 <= line["low"] < 0.75 < line["high"] <= 1
    assert [one["predicted_S2"] for one in table.confusion(rows)] == [2, 6, 0]
    assert table.seed(rows[1]) == {
        "maps": "mulf",
        "seed": 1,
        "accuracy": 0.5,
        "calibration_error": pytest.approx(0.3),
        "best_epoch": 3,
        "tiles": 12,
        "specimens": 6,
    }
    classes = table.classes("network", rows)
    assert [one["accuracy"] for one in classes] == [0.75] * 3
    assert [(one["tiles"], one["specimens"]) for one in classes] == [(4, 2)] * 3
    (line,) = table.reliability({"mulf": rows})
    assert [line[one] for one in ("accuracy", "confidence", "answers")] == pytest.approx(
        [0.75, 0.8, 24]
    )


def test_one_tile_and_one_seed_are_enough() -> None:
    rows = [answers([5], [1])]
    table = tables()
    line = table.line("network", "network", rows) | table.seeds(rows)
    assert (line["accuracy"], line["sd"], line["repeats"]) == (1, None, 1)
    assert 0 < line["low"] < 0.9
    assert (line["tiles"], line["specimens"], line["fewest_specimens"]) == (1, 1, 1)
    assert line["largest_sample"] == 1
    assert "agreement" not in line
    assert "single specimen" in line["interval"]


def test_a_sample_missing_from_the_test_is_not_tested() -> None:
    rows = [answers([0, 2, 4], [0, 1, 1])]
    line = tables().line("network", "network", rows)
    assert line["fewest_specimens"] == 1
    assert line["largest_sample"] == pytest.approx(2 / 3)
    lines = tables().classes("network", rows)
    assert [one["accuracy"] for one in lines] == [0.5, 1, None]
    assert lines[2]["tiles"] == 0
    assert [list(one.values())[1:] for one in tables().confusion(rows)] == [
        [1, 1, 0],
        [0, 1, 0],
        [0, 0, 0],
    ]


def test_folds_have_no_agreement_but_all_tiles() -> None:
    rows = [answers(range(0, 12, 2), RIGHT[::2]), answers(range(1, 12, 2), RIGHT[1::2], 1)]
    table = tables(splits="folds", seeds=2)
    line = table.line("network", "network", rows) | table.seeds(rows)
    assert line["tiles"] == 12
    assert "agreement" not in line
    assert line["repeated"] == "folds"


def test_shuffled_labels_count_as_repeats() -> None:
    rows = [answers(ALL, [(number + n) % 3 for n in RIGHT], number) for number in range(3)]
    found = tables().line("shuffled", "shuffled labels", rows, repeated=True)
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert "Student's interval on 3 repeats" in found["interval"]
    # accuracies of 1, 0 and 0: Student's interval reaches far beyond those of the specimens
    assert (found["low"], found["high"]) == (0, 1)
    assert tables().shuffle(rows[0])["accuracy"] == 1


def jitter(seed, accuracies):
    shifts = [(1, 0), (1, -0.2), (1, -0.1), (1, 0.1), (1, 0.2), (0.9, 0), (0.95, 0), (1.1, 0)]
    return [
        {
            "classifier": "network",
            "reads": "network",
            "maps": "mulf",
            "number": seed,
            "gain": gain,
            "offset": offset,
            "tiles": 10,
            "accuracy": accuracy,
        }
        for (gain, offset), accuracy in zip(shifts, accuracies, strict=True)
    ]


def test_worst_shift_is_the_lowest_mean_over_seeds() -> None:
    rows = jitter(0, [0.9, 0.2, 0.6, 0.8, 0.7, 0.5, 0.9, 0.5])
    rows += jitter(1, [0.8, 0.6, 0.8, 0.5, 0.3, 0.9, 0.9, 0.6])
    assert unshifted(rows) == pytest.approx(0.85)
    # small: means of 0.7, 0.65 (brightness) and 0.9 (contrast)
    assert worst_shift(rows, 0.1, 0.05) == pytest.approx(0.65)
    assert worst_shift(rows, 0.2, 0.1) == pytest.approx(0.4)
    assert shift_sizes(rows) == [(0.1, 0.05), (0.2, 0.1)]
    lines = shifted_lines(rows, EvaluateParameters(jitter_offset=0.2, jitter_gain=0.1), 3)
    assert [line["classifier"] for line in lines] == [
        "network, small shift",
        "network, moderate shift",
    ]
    assert [line["accuracy"] for line in lines] == pytest.approx([0.65, 0.4])
    assert [line["repeats"] for line in lines] == [2, 2]
    assert lines[0]["chance"] == pytest.approx(1 / 3)
