"""Where a network looked: relevance maps by deep Taylor decomposition (paper, section 2.2)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from ._maps import Maps, read_batch, read_map
from .errors import NpmError
from .network import NanoporosityNet
from .progress import Progress, silent

if TYPE_CHECKING:
    from ._lrp import ZennitEngine

ENGINES = ("zennit",)
INPUT_RULES = ("zplus", "zbox")
UNDEFINED = ("spread", "drop")


@dataclass(frozen=True)
class Explanation:
    """Relevance maps of N images and what is needed to trust them.

    Attributes
    ----------
    relevance : ndarray of float32, (N, H, W)
        At least 0; each map sums to 1 (a map without any relevance is all zeros).
    raw_sum : ndarray of float64, (N,)
        Sum of the map before it was normalised, in units of the output.
    output : ndarray of float64, (N,)
        The explained class's output (logit) that the decomposition started from.
    conservation : ndarray of float64, (N,)
        raw_sum / output: the share of the output that arrived at the pixels, 1 if none was lost.
    undefined : ndarray of float64, (N,)
        Share of the output that met units without any contributing input, where the rule is 0/0
        (see `explain`); not measured, 0, with ``undefined="drop"``.
    target, predicted : ndarray of int64, (N,)
        The class explained, and the class the network chose.
    engine, input_rule, undefined_rule : str
        How it was computed.
    """

    relevance: NDArray[np.float32]
    raw_sum: NDArray[np.float64]
    output: NDArray[np.float64]
    conservation: NDArray[np.float64]
    undefined: NDArray[np.float64]
    target: NDArray[np.int64]
    predicted: NDArray[np.int64]
    engine: str
    input_rule: str
    undefined_rule: str


def explain(
    model: nn.Module,
    images: Maps,
    target: int | ArrayLike | None = None,
    *,
    engine: str = "zennit",
    input_rule: Literal["zplus", "zbox"] = "zplus",
    undefined: Literal["spread", "drop"] = "spread",
    batch_size: int = 8,
    progress: Progress = silent,
) -> Explanation:
    r"""Decompose a class's output into the relevance of each pixel, by the alpha1-beta0 rule.

    Layer by layer :math:`R_j = \sum_k \frac{a_j w_{jk}^+}{\sum_j a_j w_{jk}^+} R_k` (paper,
    section 2.2), biases left out, on a copy of the network with batch norm fused into the
    convolutions. Average pooling shares by contribution, max pooling gives all to the winner,
    activations pass. The model given is never altered.

    Parameters
    ----------
    model : torch.nn.Module
        Any network that takes (n, 1, H, W) and returns logits (n, C). What its ``forward`` does
        without modules follows the gradient: read `conservation`.
    images : array-like, (N, H, W)
        Porosity maps in [0, 1]; anything with a length and integer indexing.
    target : int or array-like of int (N,), optional
        Class to explain; by default the one predicted for each image.
    engine : str
        "zennit".
    input_rule : {"zplus", "zbox"}
        Rule of the first layer: the formula above, or the box rule for pixels in [0, 1]
        (Montavon et al. 2017, doi:10.1016/j.patcog.2016.11.008).
    undefined : {"spread", "drop"}
        A unit that fires by its bias alone, as where all porosity is 0, has the share 0/0.
        "spread" takes the rule's limit for equal, vanishing inputs, w+ / sum(w+), and conserves;
        equal winners of a max pooling, which such areas are full of, then share what arrives.
        "drop" loses it, and gives all to the first winner, as zennit and captum do.
    batch_size : int
        Images at a time; memory grows with it.
    progress : callable
        Called after each batch.

    Returns
    -------
    Explanation

    Notes
    -----
    The rules are linear in the relevance they start from, so the decomposition starts from 1 and
    raw_sum is the map's sum times the output. A negative output gives the same, non-negative
    map: it shows the evidence for the class, however small that is beside the evidence against.
    These maps show where evidence flows; they hardly depend on the class that is explained.

    Raises
    ------
    NpmError
        If a name is unknown, a target is not a class, or an image does not fit or holds NaN.
    """
    explainer = Explainer(
        model, engine=engine, input_rule=input_rule, undefined=undefined, batch_size=batch_size
    )
    return explainer(images, target, progress=progress)


class Explainer:
    """Explains images with one network again and again, preparing the network once.

    Parameters
    ----------
    model, engine, input_rule, undefined, batch_size
        As for `explain`. Later changes of the model's weights are not seen.

    Raises
    ------
    NpmError
        If a name is unknown or the batch size is below 1.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        engine: str = "zennit",
        input_rule: Literal["zplus", "zbox"] = "zplus",
        undefined: Literal["spread", "drop"] = "spread",
        batch_size: int = 8,
    ) -> None:
        for what, value, known in (
            ("engine", engine, ENGINES),
            ("input rule", input_rule, INPUT_RULES),
            ("treatment of 0/0", undefined, UNDEFINED),
        ):
            if value not in known:
                raise NpmError(f"The {what} {value!r} is unknown: choose {' or '.join(known)}.")
        if batch_size < 1:
            raise NpmError(f"The batch size is {batch_size}: give 1 or more.")
        self.model = model
        self.engine = engine
        self.input_rule: Literal["zplus", "zbox"] = input_rule
        self.undefined: Literal["spread", "drop"] = undefined
        self.batch_size = batch_size
        self._run: ZennitEngine | None = None

    def __call__(
        self,
        images: Maps,
        target: int | ArrayLike | None = None,
        *,
        progress: Progress = silent,
    ) -> Explanation:
        """Decompose the outputs of images (N, H, W); see `explain`."""
        n = len(images)
        if n == 0:
            raise NpmError("There are no images to explain: give at least one.")
        model = self.model
        parameter = next(model.parameters(), torch.zeros(0))
        place: dict[str, Any] = {"device": parameter.device, "dtype": parameter.dtype}
        first = read_map(images, 0)
        height, width = first.shape
        if isinstance(model, NanoporosityNet):
            model.check_size(height, width)
        if self._run is None:
            from ._lrp import ZennitEngine  # zennit is needed, and imported, only here

            sample = torch.as_tensor(first[None, None]).to(**place)
            self._run = ZennitEngine(model, sample, self.input_rule, self.undefined)
        run = self._run
        targets = _targets(target, n, run.n_classes)

        relevance = np.zeros((n, height, width), np.float32)
        output, conservation, met = np.zeros(n), np.zeros(n), np.zeros(n)
        explained, predicted = np.zeros(n, np.int64), np.zeros(n, np.int64)
        for start in range(0, n, self.batch_size):
            part = slice(start, min(start + self.batch_size, n))
            batch = read_batch(images, range(n)[part])
            _check(batch, start, (height, width), self.input_rule)
            wanted = None if targets is None else torch.as_tensor(targets[part])
            maps, logits, share = run(torch.as_tensor(batch).to(**place), wanted)
            predicted[part] = logits.argmax(1).cpu().numpy()
            explained[part] = predicted[part] if targets is None else targets[part]
            output[part] = logits.double().cpu().numpy()[np.arange(len(batch)), explained[part]]
            values = maps.double().cpu().numpy()
            sums = values.sum((1, 2))
            # without relevance there is nothing to normalise: zeros stay zeros
            relevance[part] = np.maximum(values, 0) / np.where(sums > 0, sums, 1)[:, None, None]
            conservation[part] = sums
            met[part] = share.numpy()
            progress(part.stop, n, "Relevance", {"conservation": float(sums.mean())})
        return Explanation(
            relevance=relevance,
            raw_sum=conservation * output,
            output=output,
            conservation=conservation,
            undefined=met,
            target=explained,
            predicted=predicted,
            engine=self.engine,
            input_rule=self.input_rule,
            undefined_rule=self.undefined,
        )


def _targets(target: int | ArrayLike | None, n: int, n_classes: int) -> NDArray[np.int64] | None:
    if target is None:
        return None
    given = np.asarray(target)
    if given.dtype.kind not in "iu" or given.shape not in ((), (n,)):
        raise NpmError(
            f"The classes to explain must be one whole number or {n}, one for each image."
        )
    if given.min() < 0 or given.max() >= n_classes:
        raise NpmError(
            f"The network tells {n_classes} samples apart: explain a class from 0 to "
            f"{n_classes - 1}."
        )
    return np.broadcast_to(given, (n,)).astype(np.int64)


def _check(batch: NDArray[np.float32], start: int, shape: tuple[int, int], input_rule: str) -> None:
    if batch.shape[2:] != shape:
        raise NpmError(
            f"Map {start} is {batch.shape[2]} x {batch.shape[3]} px and map 0 is {shape[0]} x "
            f"{shape[1]} px: explain maps of one size at a time."
        )
    if input_rule == "zbox" and (batch.min() < 0 or batch.max() > 1):
        raise NpmError(
            "The box rule needs porosity from 0 to 1, and a map goes beyond: calibrate it, or "
            'use the input rule "zplus".'
        )
