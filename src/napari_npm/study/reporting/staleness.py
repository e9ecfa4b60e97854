"""What of a report is not up to date: made with other settings, or from what has changed since."""

from napari_npm.study.done import is_current
from napari_npm.study.folder import command
from napari_npm.study.steps import STEPS
from napari_npm.study.study import Study

_THIS = "report"


def stale_steps(study: Study) -> list[str]:
    """Return the steps with results that are not those of the study's present state, in order.

    Those that rest on such a step are among them: they were made from what is to be made anew.
    """
    found: list[str] = []
    for name, step in STEPS.items():
        if name == _THIS or study.state(name).finish is None:
            continue
        rests_on = step.rests_on(study, study.parameters(name))
        if set(rests_on) & set(found) or not is_current(study, name):
            found.append(name)
    return found


def stale_sentence(study: Study) -> str | None:
    """Return what of the results is not up to date and what to do; None where all are."""
    stale = stale_steps(study)
    if not stale:
        return None
    named = ", ".join(stale[:-1]) + (" and " if stale[1:] else "") + stale[-1]
    asked = [command(name, study.folder) for name in stale if STEPS[name].on_demand]
    usual = [] if len(asked) == len(stale) else [command("run", study.folder)]
    return (
        f"Not up to date: the results of {named} are of other"
        " settings than the study has now, or were made from results that have changed since; so"
        f" are figures that show them. Run {' and '.join([*usual, *asked])}."
    )
