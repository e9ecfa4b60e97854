"""What of a step is done, with its present settings and inputs, and what is left."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_npm.core.errors import NpmError

from .hashing import hash_value
from .stamps import stamp_of
from .state import Finish, Record
from .step import Item, Step
from .steps import STEPS

if TYPE_CHECKING:
    from .study import Study


def is_current(study: "Study", name: str) -> bool:
    """Tell whether a step's results are all there and of its present settings."""
    step = STEPS[name]
    if items_left(study, name) != 0:
        return False
    parameters = study.parameters(name)
    state = study.state(name)
    records = [state.records[item.id] for item in step.items(study, parameters)]
    try:
        key = finish_key(study, step, parameters, records)
    except NpmError:
        return False  # a step before it has not run
    return is_finished(study, state.finish, key)


def items_left(study: "Study", name: str) -> int | None:
    """Return how many items a step has to do, or None where that cannot be told yet.

    Parameters
    ----------
    study : Study
        The study.
    name : str
        Name of a step.
    """
    step = STEPS[name]
    parameters = study.parameters(name)
    try:
        items = step.items(study, parameters)
    except NpmError:
        return None  # a step before it has not run
    return sum(not is_done(study, step, parameters, item) for item in items)


def finish_key(study: "Study", step: Step[Any], parameters: Any, records: Sequence[Record]) -> str:
    """Return the hash of everything that the tables of a step depend on."""
    further: dict[str, Any] = {"finish": step.finish_inputs(study, parameters)}
    note = stamp_of(study, [step.name])
    if note is not None:
        further["leaks"] = note
    return hash_value([step.key(parameters, further), [[r.item, r.output] for r in records]])


def is_done(study: "Study", step: Step[Any], parameters: Any, item: Item) -> bool:
    """Tell whether an item was done with these parameters, and its results are still there."""
    found = study.state(step.name).records.get(item.id)
    return (
        found is not None
        and found.key == step.key(parameters, item.inputs)
        and step.kept(study, parameters, item)
    )


def is_finished(study: "Study", finish: Finish | None, key: str) -> bool:
    """Tell whether a step was ended with this key, and its files are still there."""
    return (
        finish is not None
        and finish.key == key
        and all((study.folder / file).exists() for file in finish.files)
    )
