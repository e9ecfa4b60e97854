import numpy as np
import pandas as pd
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.core.groups import group_means


def test_specimen_means_by_hand():
    values = [1, 3, 10, 20, 30, 5]
    labels = ["B", "B", "A", "A", "A", "A"]
    groups = [1, 1, 1, 2, 2, 1]
    means = group_means(values, labels, groups)
    assert means.labels.tolist() == ["A", "A", "B"]
    assert means.groups.tolist() == [1, 2, 1]
    assert means.values.tolist() == [7.5, 25, 2]
    assert means.counts.tolist() == [2, 2, 2]


def test_against_pandas():
    frame = pd.DataFrame(
        {
            "value": np.random.default_rng(0).normal(size=200),
            "label": np.random.default_rng(1).choice(["S1", "S2", "S10"], 200),
            "group": np.random.default_rng(2).integers(0, 5, 200),
        }
    )
    expected = frame.groupby(["label", "group"])["value"].agg(["mean", "count"]).reset_index()
    means = group_means(frame["value"], frame["label"], frame["group"])
    assert means.values == pytest.approx(expected["mean"].to_numpy())
    assert means.labels.tolist() == expected["label"].tolist()
    assert means.groups.tolist() == expected["group"].tolist()
    assert means.counts.tolist() == expected["count"].tolist()


def test_lengths_differ():
    with pytest.raises(NpmError, match="one group for each"):
        group_means([1, 2], ["a", "b"], [1])
    with pytest.raises(NpmError, match="one value and one label"):
        group_means([1, 2], ["a"], [1, 2])
