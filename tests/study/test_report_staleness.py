"""A report never shows results of other settings without a word."""

from napari_npm.study import Study, run
from napari_npm.study.reporting.staleness import stale_sentence, stale_steps


def test_a_finished_study_has_nothing_stale(finished_study):
    study = Study.open(finished_study, write=False)
    assert study.state("regions").finish is not None
    assert stale_steps(study) == []
    assert stale_sentence(study) is None


def test_what_rests_on_relevance_is_stale_when_it_is_explained_otherwise(finished):
    with Study.open(finished) as study:
        ended = {name for name in ("regions", "compare") if study.state(name).finish is not None}
        assert "regions" in ended
        study.set_parameters("explain", input_rule="zbox", difference=False)
        assert stale_steps(study)[0] == "explain"
        run(study, ["explain"], scheduler="synchronous")
        stale = stale_steps(study)
        assert "explain" not in stale
        assert {*ended} <= {*stale}
        assert not {"train", "predict", "threshold"} & {*stale}
        (outcome,) = run(study, ["report"], scheduler="synchronous")
        (said,) = outcome.warnings
        assert said.startswith(f"Not up to date: the results of {stale[0]}")
        assert f"Run `napari-npm run {finished}`." in said
        page = (finished / "report.html").read_text()
        assert "Not up to date: the results of regions" in page
        run(study, stale, scheduler="synchronous")
        (outcome,) = run(study, ["report"], scheduler="synchronous")
        assert (outcome.computed, outcome.warnings) == (1, ())
        assert "Not up to date" not in (finished / "report.html").read_text()
