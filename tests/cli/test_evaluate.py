"""`napari-npm evaluate`: the whole table with one command."""

import json

from napari_npm.study import Study, run


def test_one_command_makes_the_whole_table_and_says_what_limits_it(npm, study):
    with Study.open(study) as opened:
        opened.set_parameters("simulate", points=3, standard_error=0.02)
        opened.set_parameters("train", maps=("mulf",), widths=(4,) * 7, epochs=1)
        run(opened, ["simulate", "mask", "calibrate", "describe", "split"])
    npm("evaluate", study, "--seeds", "2", "--controls", "--jitter-tiles", "1", "--json")
    lines = [json.loads(line) for line in npm.out.splitlines()]
    done = [line for line in lines if line.get("step") == "evaluate"]
    assert any("metrics" in line or "loss" in str(line) for line in done)
    # each class has one specimen to learn from: nothing can be shuffled, and that is said
    assert "Labels could not be shuffled" in npm.out + npm.err
    assert "A sample is tested on a single specimen" in npm.out + npm.err
    kept = Study.open(study, write=False)
    assert kept.parameters("evaluate").seeds == 2
    table = kept.table("evaluation")
    assert set(table["role"]) == {"network", "baseline", "shifted maps"}
    assert table["classifier"].iloc[0] == "network on MulF"
    assert kept.models == ()  # networks of seeds are none of the study's models
    # again, nothing is left to do
    npm("evaluate", study)
    assert "up to date" in npm.err


def test_evaluate_says_what_it_needs(npm, study):
    npm("evaluate", study, status=2)
    assert "evaluate needs split first" in npm.err
