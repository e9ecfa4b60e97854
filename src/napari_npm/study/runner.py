"""Running steps over a study: what is done is skipped, what was interrupted goes on."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from napari_npm.core.errors import Cancelled, NpmError

from .dispatch import RunProgress as RunProgress
from .dispatch import Scheduler as Scheduler
from .dispatch import map_parallel, map_serial
from .done import finish_key, is_done, is_finished
from .done import is_current as is_current
from .done import items_left as items_left
from .folder import command
from .hashing import hash_value
from .provenance import write_provenance
from .stamps import stamp_of, stamp_tables
from .state import Finish, Record
from .step import Item, Step
from .steps import STEPS

if TYPE_CHECKING:
    from .study import Study


@dataclass(frozen=True)
class StepOutcome:
    """What a run of one step did."""

    step: str
    computed: int
    skipped: int
    seconds: float
    warnings: tuple[str, ...] = ()
    """What a user should know of the results; none where nothing was done."""


def _quiet(
    step: str,
    done: int,
    total: int,
    message: str = "",
    metrics: Mapping[str, float] | None = None,
) -> None:
    """Report nothing."""


def run(
    study: "Study",
    steps: Sequence[str] | None = None,
    *,
    only: Sequence[str] = (),
    force: bool = False,
    progress: RunProgress = _quiet,
    on_done: Callable[[StepOutcome], None] | None = None,
    scheduler: Scheduler | str = "threads",
    workers: int | None = None,
) -> tuple[StepOutcome, ...]:
    """Run steps of the method over a study, in the method's order.

    Parameters
    ----------
    study : Study
        An open, writable study.
    steps : sequence of str, optional
        Names of steps (see `STEPS`); by default all but those that run on demand only.
    only : sequence of str
        Names, or starts of names, of the images, models or figures to work on; all by default.
        A step of which something is left to do then is not ended, and has no new tables.
    force : bool
        Repeat what is already done with the same inputs and parameters.
    progress : RunProgress
        Called after each part of a step's work; may raise `Cancelled`.
    on_done : callable, optional
        Called with the outcome of each step.
    scheduler : str
        Where image-wise work runs: ``"threads"``, ``"processes"`` or ``"synchronous"`` on this
        machine, or the address of a dask scheduler whose workers see the study's folder.
    workers : int, optional
        Threads or processes to use; all cores by default.

    Returns
    -------
    tuple of StepOutcome
        One for each step.

    Raises
    ------
    NpmError
        If a step is unknown, needs another one first, or cannot do its work.
    Cancelled
        If `progress` asked to stop; what is finished is kept and a later run goes on from there.
    """
    names = whole_run() if steps is None else tuple(steps)
    for name in names:
        if name not in STEPS:
            raise NpmError(f"There is no step {name!r}: choose from {', '.join(STEPS)}.")
    if ":" not in scheduler and scheduler not in get_args(Scheduler):
        raise NpmError(
            f"There is no scheduler {scheduler!r}: choose from {', '.join(get_args(Scheduler))},"
            " or give the address of a dask scheduler, such as tcp://host:8786."
        )
    outcomes = []
    for name in sorted(names, key=tuple(STEPS).index):
        outcome = _run_step(study, STEPS[name], tuple(only), force, progress, scheduler, workers)
        outcomes.append(outcome)
        if on_done is not None:
            on_done(outcome)
    return tuple(outcomes)


def whole_run(until: str | None = None) -> tuple[str, ...]:
    """Return the steps of a full run, in order, or those up to one.

    Parameters
    ----------
    until : str, optional
        Last step to run; it may be one that runs on demand only.

    Raises
    ------
    NpmError
        If there is no such step.
    """
    names = tuple(STEPS)
    if until is not None:
        if until not in names:
            raise NpmError(f"There is no step {until!r}: choose from {', '.join(names)}.")
        names = names[: names.index(until) + 1]
    return tuple(name for name in names if name == until or not STEPS[name].on_demand)


def _run_step(
    study: "Study",
    step: Step[Any],
    only: tuple[str, ...],
    force: bool,
    progress: RunProgress,
    scheduler: str,
    workers: int | None,
) -> StepOutcome:
    study.require_writable()
    parameters = study.parameters(step.name)
    for needed in step.needed(parameters):
        ended = study.state(needed).finish is not None
        if not ended or (needed in step.current and not is_current(study, needed)):
            study.settle_settings()  # nothing speaks against them
            first = "with its present settings first" if ended else "first"
            raise NpmError(
                f"{step.name} needs {needed} {first}: run {command(needed, study.folder)},"
                f" or {command('run', study.folder)} for everything that is left."
            )
    items = tuple(step.items(study, parameters))
    state = study.state(step.name)
    keys = {item.id: step.key(parameters, item.inputs) for item in items}
    chosen = [item for item in items if not only or _is_called(item, only)]
    if only and not chosen:
        some = ", ".join(item.id for item in items[:5])
        raise NpmError(f"{step.name} has nothing called {', '.join(only)}: it has {some} ...")
    left = [item for item in chosen if force or not is_done(study, step, parameters, item)]
    started = time.time()
    outcome = "failed"
    computed = 0
    finishes = False

    def keep(item: Item, result: Any) -> None:
        nonlocal computed
        study.settle_settings()
        state.drop(item.id)
        stored = step.store(study, parameters, item, result)
        inputs = item.inputs if stored.inputs is None else stored.inputs
        state.add(Record(item.id, step.key(parameters, inputs), stored.output, stored.rows))
        computed += 1

    def working(
        step: str,
        done: int,
        total: int,
        message: str = "",
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        if done:
            study.settle_settings()
        progress(step, done, total, message, metrics)

    def beginning(
        done: int,
        total: int,
        message: str = "",
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        whole = sum(item.weight for item in left)
        progress(step.name, 0, whole, f"{message} ({done} of {total})", metrics)

    try:
        if left:
            step.begin(study, parameters, left, beginning)
        step.prepare(study, parameters)
        mapper = map_parallel if step.parallel else map_serial
        mapper(study, step, parameters, left, keep, working, scheduler, workers)
        state.keep_only([item.id for item in items])
        left_out = len(chosen) < len(items) and _left(study, step, parameters)
        if left_out:
            outcome = "part"
            seconds = time.time() - started
            said = _what_is_left(study, step, left_out, len(items)) if computed else ()
            return StepOutcome(step.name, computed, len(chosen) - computed, seconds, said)
        records = [state.records[item.id] for item in items]
        key = finish_key(study, step, parameters, records)
        if left or not is_finished(study, state.finish, key):
            finishes = True
            files = step.finish(study, parameters, records)
            stamp_tables(files, stamp_of(study, [step.name]))
            relative = tuple(path.relative_to(study.folder).as_posix() for path in files)
            state.close(Finish(key, relative), [record.item for record in records])
        outcome = "done"
    except Cancelled:
        outcome = "cancelled"
        raise
    finally:
        seconds = time.time() - started
        if left or finishes or outcome not in ("done", "part"):
            write_provenance(
                study.folder,
                step=step.name,
                parameters=parameters.model_dump(mode="json"),
                inputs=hash_value(keys),
                items=len(items),
                computed=computed,
                outcome=outcome,
                started=started,
                seconds=seconds,
            )
    said = tuple(step.warnings(study, parameters)) if computed or finishes else ()
    return StepOutcome(step.name, computed, len(items) - computed, seconds, said)


def _left(study: "Study", step: Step[Any], parameters: Any) -> int:
    """Return how many items are left to do; what was just written is asked for anew."""
    items = step.items(study, parameters)
    return sum(not is_done(study, step, parameters, item) for item in items)


def _what_is_left(study: "Study", step: Step[Any], left: int, n: int) -> tuple[str, ...]:
    said = (
        f"{left} of {n} are left or of other settings; the tables are written once all"
        f" are done: run {command(step.name, study.folder)} without --only."
    )
    return (said,)


def _is_called(item: Item, names: tuple[str, ...]) -> bool:
    return item.id.startswith(names) or item.id.rpartition("/")[2].startswith(names)
