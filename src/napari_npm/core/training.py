"""Training the network, and its predictions: a plain, seeded and resumable loop."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._allocator import freed_memory_kept
from ._batches import MapStore
from ._devices import check_precision, choose_device, repeatable
from ._distributed import Team
from ._maps import Maps
from ._memory import Portion, bytes_per_map
from ._training_loop import Loop, seeded_network
from ._training_state import EpochRecord as EpochRecord
from ._training_state import TrainingState as TrainingState
from ._training_state import state_from_tensors as state_from_tensors
from ._training_state import state_to_tensors as state_to_tensors
from ._training_step import Learner
from .errors import NpmError
from .network import NanoporosityNet, NetworkConfig
from .prediction import predict as predict
from .progress import Progress, silent

OnEpoch = Callable[[EpochRecord, TrainingState], None]


@dataclass(frozen=True)
class TrainingResult:
    """A trained network and how it got there.

    Attributes
    ----------
    model : NanoporosityNet
        On the CPU in eval mode: the best epoch on the validation maps, else the last.
    history : tuple of EpochRecord
        One record for each epoch done; fewer than asked for where it stopped early.
    best_epoch : int
        The epoch that ``model`` is from, counted from 1.
    state : TrainingState
        After the last epoch.
    device : str
        Where it learnt.
    processes : int
        How many shared the work.
    notes : tuple of str
        What went otherwise than asked for: one sentence each.
    """

    model: NanoporosityNet
    history: tuple[EpochRecord, ...]
    best_epoch: int
    state: TrainingState
    device: str = "cpu"
    processes: int = 1
    notes: tuple[str, ...] = ()


def train(
    maps: Maps,
    labels: ArrayLike,
    *,
    validation: tuple[Maps, ArrayLike] | None = None,
    config: NetworkConfig | None = None,
    n_classes: int | None = None,
    epochs: int = 20,
    batch_size: int = 16,
    learning_rate: float = 1e-3,
    weight_decay: float = 1e-2,
    seed: int = 0,
    augment: bool = True,
    brightness: float = 0.0,
    contrast: float = 0.0,
    patience: int = 0,
    norm_images: int = 512,
    cache_bytes: int = 2**31,
    device: str = "auto",
    precision: str = "float32",
    compiled: bool = False,
    portion: int | None = None,
    memory_bytes: int | None = None,
    team: Team | None = None,
    resume: TrainingState | None = None,
    on_epoch: OnEpoch | None = None,
    progress: Progress = silent,
) -> TrainingResult:
    """Train a network to tell samples apart (paper, section 2.2).

    AdamW with a cosine schedule (half a cycle from ``learning_rate`` to 0) on the cross-entropy, in
    which every class has the same weight however many maps it has. Before each validation, and at
    the end, the batch-norm statistics are estimated anew from training maps: the running ones lag
    behind when there are few steps.

    The schedule runs over ``epochs`` whatever happens; stopping early cuts it, and the network
    that is kept is that of the best epoch either way. So ``patience`` saves time and, since the
    last, small learning rates often give the best epochs, should not be much below a third of
    ``epochs``.

    Parameters
    ----------
    maps : array-like, (N, H, W) or (N, C, H, W)
        Porosity maps, of C channels each; anything with a length and integer indexing, by several
        threads at a time.
    labels : array-like of int, (N,)
        Class of each map, from 0.
    validation : tuple of maps and labels, optional
        Maps on which the best epoch is chosen; not those of the test.
    config : NetworkConfig, optional
        The network; its ``in_channels`` are taken from the maps.
    n_classes : int, optional
        Number of classes; by default the largest label + 1.
    epochs, batch_size : int
        Passes over the maps, and maps a step.
    learning_rate, weight_decay : float
        AdamW's; only weights decay, neither norms nor biases.
    seed : int
        Of the initial weights, the order and the augmentation.
    augment : bool
        Turn and flip each map at random, exactly (no interpolation).
    brightness, contrast : float
        Each map's porosity n becomes clip(a n + b, 0, 1) with a drawn from 1 - contrast to
        1 + contrast and b from -brightness to brightness, evenly; pixels of exactly 0 (masked
        unhydrated cement) stay. 0 for none.
    patience : int
        Stop after so many epochs without a better validation; 0, or without ``validation``: never.
    norm_images : int
        Training maps, drawn once, for the batch-norm statistics.
    cache_bytes : int
        Keep the maps in memory (float16) if they take less than this; else they are read again in
        each epoch, ahead of their use.
    device : str
        "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1", "mps".
    precision : {"float32", "bfloat16", "float16"}
        Of the forward pass while learning (autocast; float16 with scaled gradients). Validation
        and the weights that are kept are always float32.
    compiled : bool
        Use torch.compile; without a compiler the training goes on without and notes it.
    portion : int, optional
        Most maps worked on at a time; the gradient of a batch is summed over its portions, so
        that only batch norm sees fewer maps. Halved by itself where memory runs out.
    memory_bytes : int, optional
        Memory that a portion may take on a CPU, where too much use ends the process instead of
        failing: a smaller portion is chosen to fit.
    team : Team, optional
        The processes that share each batch. Each normalises its own share, as in torch's
        DistributedDataParallel: K processes compute what one does with a ``portion`` of
        ``batch_size`` / K.
    resume : TrainingState, optional
        Go on after this state, with the same settings; on one machine with the same number of
        threads the curve and weights are those of an uninterrupted run, bit for bit.
    on_epoch : callable, optional
        Called with (record, state) after each epoch; the state may be stored.
    progress : callable
        Called after each batch with the epoch's mean loss and accuracy, and after each validation
        with its loss and accuracy too; may raise `Cancelled`.

    Returns
    -------
    TrainingResult

    Raises
    ------
    NpmError
        If there are fewer than two classes, a class without maps, a map that holds NaN
        or does not fit, ``resume`` belongs to another training, the device cannot be used, memory
        runs out with a single map, the training diverges, or another process of ``team`` is gone.
    """
    team = Team() if team is None else team
    config = NetworkConfig() if config is None else config
    classes = _labels(labels, len(maps), "maps")
    n_classes = int(classes.max()) + 1 if n_classes is None else n_classes
    _check_classes(classes, n_classes)
    counts = {"epochs": epochs, "batch_size": batch_size, "images": norm_images}
    for name, value in {**counts, "portion": 1 if portion is None else portion}.items():
        if value < 1:
            raise NpmError(f"The training's {name} is {value}: give 1 or more.")
    if not learning_rate > 0 or weight_decay < 0:
        raise NpmError("The learning rate must be above 0 and the weight decay not below 0.")
    if not (0 <= brightness <= 1 and 0 <= contrast < 1):
        raise NpmError("The changes of brightness and contrast must be 0 or more, and below 1.")
    chosen = choose_device(device, team.local_rank)
    check_precision(precision, chosen)
    store = MapStore(maps, cache_bytes, progress)
    config = replace(config, in_channels=store.shape[0])
    model = seeded_network(n_classes, config, seed)
    model.check_map(store.shape)
    settings: dict[str, Any] = {
        "config": config.to_dict(),
        "n_classes": n_classes,
        "n_maps": len(maps),
        "validation": 0 if validation is None else len(validation[0]),
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "seed": seed,
        "augment": augment,
        "brightness": brightness,
        "contrast": contrast,
        "patience": patience,
        "precision": precision,
        "norm_images": norm_images,
    }
    held_out = None
    if validation is not None:
        held_out_labels = _labels(validation[1], len(validation[0]), "validation maps")
        if held_out_labels.max() >= n_classes:
            raise NpmError("A validation map is of a class that the training maps do not have.")
        held_out = validation[0], held_out_labels
    share = -(-batch_size // team.size)
    most = share if portion is None else min(portion, share)
    if memory_bytes is not None and chosen.type == "cpu":
        most = max(1, min(most, memory_bytes // bytes_per_map(config.widths, store.shape)))
    portions = Portion(most)
    learner = Learner(model, classes, settings, chosen, team, portions, compiled)
    loop = Loop(store, held_out, learner, settings, progress)
    if resume is not None:
        loop.restore(resume)
    team.check_same([settings, classes.tolist(), loop.epoch], "maps, settings or checkpoint")
    with repeatable(), freed_memory_kept():
        while not loop.done:
            record = loop.run_epoch()
            if on_epoch is not None:
                on_epoch(record, loop.state())
    if portions.size < (share if portion is None else min(portion, share)):
        learner.notes.append(
            f"Memory had room for {portions.size} of the {share} maps of a step at a time: the"
            " gradients are those of the whole step, but batch norm saw smaller groups of maps."
        )
    return TrainingResult(
        loop.finished(),
        loop.history,
        loop.best_epoch or loop.epoch,
        loop.state(),
        str(chosen),
        team.size,
        tuple(learner.notes),
    )


def _labels(labels: ArrayLike, n: int, what: str) -> NDArray[np.int64]:
    classes = np.asarray(labels)
    if n == 0:
        raise NpmError(f"There are no {what}: give at least one of each sample.")
    if classes.shape != (n,) or classes.dtype.kind not in "iu" or classes.min() < 0:
        raise NpmError(
            f"There are {n} {what} and labels of shape {classes.shape}: give one whole number "
            "from 0 for each."
        )
    return classes.astype(np.int64)


def _check_classes(classes: NDArray[np.int64], n_classes: int) -> None:
    if n_classes < 2:
        raise NpmError("All maps are of one sample: give maps of at least two samples.")
    if classes.max() >= n_classes:
        raise NpmError(f"A label is {classes.max()}, but there are {n_classes} classes from 0.")
    empty = np.flatnonzero(np.bincount(classes, minlength=n_classes) == 0)
    if empty.size:
        raise NpmError(f"Class {empty[0]} has no training maps: add some, or leave it out.")
