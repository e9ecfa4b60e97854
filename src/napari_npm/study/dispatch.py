"""Where a step's items run: one after the other here, or side by side through dask."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Literal, Protocol

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import silent

from .step import Item, Step

if TYPE_CHECKING:
    from .study import Study

Scheduler = Literal["threads", "processes", "synchronous"]
CONNECT_SECONDS = 10


class RunProgress(Protocol):
    """Told how a run goes; may raise `Cancelled` to stop it at the next item."""

    def __call__(
        self,
        step: str,
        done: int,
        total: int,
        message: str = "",
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Report that ``done`` of ``total`` parts of a step are finished."""


def map_serial(
    study: "Study",
    step: Step[Any],
    parameters: Any,
    items: Sequence[Item],
    keep: Callable[[Item, Any], None],
    progress: RunProgress,
    scheduler: str,  # noqa: ARG001
    workers: int | None,  # noqa: ARG001
) -> None:
    """One item after the other in this process; each tells how far it is itself."""
    total = sum(item.weight for item in items)
    before = 0
    for item in items:

        def inner(
            done: int,
            total: int,
            message: str = "",
            metrics: Mapping[str, float] | None = None,
            *,
            whole: int = total,
            base: int = before,
            weight: int = item.weight,
            name: str = item.id,
        ) -> None:
            part = base + weight * done // max(total, 1)
            progress(step.name, part, whole, f"{name}: {message}" if message else name, metrics)

        keep(item, step.compute(study, parameters, item, inner))
        before += item.weight
        progress(step.name, before, total, item.id)


def map_parallel(
    study: "Study",
    step: Step[Any],
    parameters: Any,
    items: Sequence[Item],
    keep: Callable[[Item, Any], None],
    progress: RunProgress,
    scheduler: str,
    workers: int | None,
) -> None:
    """Items side by side through dask; results are stored here as they come."""
    if not items:
        return
    total = sum(item.weight for item in items)
    done = 0

    def arrived(item: Item, result: Any) -> None:
        nonlocal done
        keep(item, result)
        done += item.weight
        progress(step.name, done, total, item.id)

    progress(step.name, 0, total)
    if ":" in scheduler:
        _through_cluster(scheduler, study, step, parameters, items, arrived)
    else:
        _through_local(scheduler, workers, study, step, parameters, items, arrived)


def _through_cluster(
    address: str,
    study: "Study",
    step: Step[Any],
    parameters: Any,
    items: Sequence[Item],
    arrived: Callable[[Item, Any], None],
) -> None:
    from distributed import Client, as_completed

    try:
        client = Client(address, set_as_default=False, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise NpmError(
            f"No dask scheduler answers at {address}: start it, or correct the address."
        ) from error
    with client:
        futures = {
            client.submit(step.compute, study, parameters, item, silent, pure=False): item
            for item in items
        }
        try:
            for future, result in as_completed(futures, with_results=True, loop=client.loop):
                arrived(futures[future], result)
        finally:
            client.cancel(list(futures))


def _through_local(
    scheduler: str,
    workers: int | None,
    study: "Study",
    step: Step[Any],
    parameters: Any,
    items: Sequence[Item],
    arrived: Callable[[Item, Any], None],
) -> None:
    import os

    import dask
    from dask.callbacks import Callback

    def posttask(key: str, result: Any, *_: Any) -> None:
        item = by_key.get(key)
        if item is not None:
            arrived(item, result)

    # a few items a round: results are stored and freed as they come, and a cancelled run has
    # no long queue behind it
    width = workers or os.cpu_count() or 1
    size = 4 * width
    with _pool(scheduler, min(width, len(items))) as pool:
        for start in range(0, len(items), size):
            batch = items[start : start + size]
            # bound beforehand: dask would look for tasks inside every argument
            calls = [
                dask.delayed(
                    partial(step.compute, study, parameters, item, silent),
                    pure=False,
                    traverse=False,
                )(dask_key_name=f"{step.name}-{item.id}")
                for item in batch
            ]
            by_key = {call.key: item for call, item in zip(calls, batch, strict=True)}
            with Callback(posttask=posttask):
                dask.compute(*calls, scheduler=scheduler, pool=pool, optimize_graph=False)


def _pool(scheduler: str, width: int) -> AbstractContextManager[Executor | None]:
    """Return the threads or processes of one step: starting processes takes seconds."""
    if scheduler == "processes":
        # forking a process that runs threads (torch, Qt) can hang it
        return ProcessPoolExecutor(width, mp_context=get_context("spawn"))
    if scheduler == "threads":
        return ThreadPoolExecutor(width)
    return nullcontext()
