"""What a step of the method is to a study."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from napari_npm.core.progress import Progress

from .hashing import hash_value
from .parameters import Parameters
from .state import Record

if TYPE_CHECKING:
    from .study import Study

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True)
class Item:
    """One piece of a step's work, with the hashes of what it depends on."""

    id: str
    inputs: Mapping[str, Any]
    weight: int = 1
    """Its share of the step's progress, for instance its number of tiles."""


@dataclass(frozen=True)
class Stored:
    """What `Step.store` wrote."""

    output: str
    """Hash of the result."""
    rows: tuple[Mapping[str, Any], ...] = ()
    """Lines for the step's tables."""
    inputs: Mapping[str, Any] | None = None
    """The item's inputs, where storing the result changed them."""


class Step(ABC, Generic[P]):
    """A step of the method: its parameters, its items, and how one is computed and stored.

    `compute` reads the study and returns a result; it may run in a thread or another process.
    `store` writes the result and runs in the process that holds the study's lock.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Steps that must have run before."""
    current: ClassVar[tuple[str, ...]] = ()
    """Those of them whose results must be of their present settings."""
    version: ClassVar[int] = 1
    """Raised when the step's results change for the same inputs."""
    parallel: ClassVar[bool] = True
    """Whether items run side by side; else each reports progress of its own."""
    on_demand: ClassVar[bool] = False
    """Whether it runs only when it is named: a full run leaves it out."""
    choosing: ClassVar[tuple[str, ...]] = ()
    """Parameters that only choose the items: no item's result depends on them."""
    Parameters: type[P]

    def needed(self, parameters: P) -> tuple[str, ...]:
        """Return the steps that must have run before, with these parameters."""
        return self.needs

    def rests_on(self, study: "Study", parameters: P) -> tuple[str, ...]:
        """Return the steps whose results tell in this one's, needed or used where there are any."""
        return self.needed(parameters)

    @abstractmethod
    def items(self, study: "Study", parameters: P) -> Sequence[Item]:
        """Return the work of this step on a study."""

    def kept(self, study: "Study", parameters: P, item: Item) -> bool:
        """Tell whether a finished item's files are still there."""
        return True

    def begin(
        self, study: "Study", parameters: P, items: Sequence[Item], progress: Progress
    ) -> None:
        """Make once what the items to compute share; runs where the study may be written."""

    def prepare(self, study: "Study", parameters: P) -> None:
        """Make room for the results before the first item is stored."""

    @abstractmethod
    def compute(self, study: "Study", parameters: P, item: Item, progress: Progress) -> Any:
        """Return one item's result."""

    @abstractmethod
    def store(self, study: "Study", parameters: P, item: Item, result: Any) -> Stored:
        """Write one item's result."""

    def finish_inputs(self, study: "Study", parameters: P) -> Any:
        """Return what `finish` depends on besides the items' results."""
        return None

    def finish(self, study: "Study", parameters: P, records: Sequence[Record]) -> Sequence[Path]:
        """Write what summarises all items; return the files written."""
        return ()

    def warnings(self, study: "Study", parameters: P) -> Sequence[str]:
        """Return what a user should know of the results: one sentence each, said after a run."""
        return ()

    def key(self, parameters: P, inputs: Mapping[str, Any]) -> str:
        """Return the hash of everything an item's result depends on."""
        values = parameters.model_dump(mode="json", exclude=set(self.choosing))
        return hash_value([self.name, self.version, values, inputs])
