"""Where a network looked: relevance maps by deep Taylor decomposition (paper, section 2.2)."""

from typing import Any, cast

import torch
from numpy.typing import ArrayLike
from torch import nn

from ._allocator import freed_memory_kept
from ._contrastive import ContrastiveEngine
from ._explanation import (
    OWN_RULES,
    Answer,
    Average,
    Engine,
    EngineName,
    InputRule,
    Precision,
    RuleName,
    Undefined,
    check_names,
)
from ._explanation import Explanation as Explanation
from ._fused import FusedEngine
from ._fused_fit import answers_alike, fits
from ._gradients import GradientEngine
from ._maps import Maps, check_same, read_batch, read_map
from ._memory import Portion
from ._readout import Readout
from ._targets import Against, Question, read_against, read_targets
from ._turns import TurningEngine
from .errors import NpmError
from .network import NanoporosityNet
from .progress import Progress, silent


def explain(
    model: nn.Module,
    images: Maps,
    target: int | ArrayLike | None = None,
    *,
    against: Against = None,
    rule: RuleName = "alpha1-beta0",
    engine: EngineName = "auto",
    input_rule: InputRule = "zplus",
    undefined: Undefined = "spread",
    average: Average = "none",
    precision: Precision = "float32",
    difference: bool = False,
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
        Any network that takes (n, C, H, W) and returns logits (n, classes). What its ``forward``
        does without modules follows the gradient: read `conservation`.
    images : array-like, (N, H, W) or (N, C, H, W)
        Porosity maps in [0, 1]; anything with a length and integer indexing.
    target : int or array-like of int (N,), optional
        Class to explain; by default the one predicted for each image.
    against : int, array-like of int (N,) or "others", optional
        Explain what tells the target from this class, or from the mean of all others: the output
        has the weights of the target less theirs, so that only channels that favour the target
        carry relevance. Needs a network whose last module is linear.
    rule : str
        "alpha1-beta0" is the paper's. "contrastive" starts from what speaks for the target rather
        than for the others in the features half-way up, which finds places that set a class apart
        better (see `_contrastive`). For comparison: "epsilon-plus" (alpha1-beta0
        but epsilon on linear layers, by zennit; drops 0/0), "gradient x input" and "integrated
        gradients" (from a map of zeros). The last three give both signs: see
        `Explanation.contributions`.
    engine : {"auto", "fused", "zennit"}
        "fused" is this package's own way for `NanoporosityNet` and the first two rules, "zennit"
        the reference for any network; "auto" takes the first where it applies.
    input_rule : {"zplus", "zbox"}
        Rule of the first layer: the formula above, or the box rule for pixels in [0, 1]
        (Montavon et al. 2017, doi:10.1016/j.patcog.2016.11.008).
    undefined : {"spread", "drop"}
        A unit that fires by its bias alone, as where all porosity is 0, has the share 0/0.
        "spread" takes the rule's limit for equal, vanishing inputs, w+ / sum(w+), and conserves;
        equal winners of a max pooling, which such areas are full of, then share what arrives.
        "drop" loses it, and gives all to the first winner, as zennit and captum do.
    average : {"none", "d4"}
        "d4" is the mean over the eight turns and flips of each image, turned back: eight times
        the work.
    precision : {"float32", "bfloat16"}
        bfloat16 is faster where the processor has it and moves the maps by some per cent; only
        with the fused engine. A network of double precision is explained in that, by "float32".
    difference : bool
        Also return `Explanation.difference`, for which every class is explained.
    batch_size : int
        Images at a time, at most; memory grows with it. Halved as long as memory runs out.
    progress : callable
        Called after each batch.

    Returns
    -------
    Explanation

    Notes
    -----
    The rule is linear in the relevance it starts from, so the decomposition starts from 1 and
    raw_sum is the map's sum times the output. A negative output gives the same, non-negative
    map: it shows the evidence for the class, however small that is beside the evidence against.
    These maps show where evidence flows; they hardly depend on the class that is explained.

    Raises
    ------
    NpmError
        If a name is unknown, settings contradict each other, a target is not a class, an image
        does not fit or holds NaN, or there is too little memory for one image.
    """
    explainer = Explainer(
        model,
        rule=rule,
        engine=engine,
        input_rule=input_rule,
        undefined=undefined,
        average=average,
        precision=precision,
        difference=difference,
        batch_size=batch_size,
    )
    return explainer(images, target, against, progress=progress)


class Explainer:
    """Explains images with one network again and again, preparing the network once.

    Parameters
    ----------
    model, rule, engine, input_rule, undefined, average, precision, difference, batch_size
        As for `explain`. Changes of the model's weights after the first images are not seen.

    Raises
    ------
    NpmError
        If a name is unknown, the settings contradict each other or the batch size is below 1.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        rule: RuleName = "alpha1-beta0",
        engine: EngineName = "auto",
        input_rule: InputRule = "zplus",
        undefined: Undefined = "spread",
        average: Average = "none",
        precision: Precision = "float32",
        difference: bool = False,
        batch_size: int = 8,
    ) -> None:
        check_names(
            rule=rule,
            engine=engine,
            input_rule=input_rule,
            undefined=undefined,
            average=average,
            precision=precision,
        )
        if batch_size < 1:
            raise NpmError(f"The batch size is {batch_size}: give 1 or more.")
        if rule == "contrastive" and engine == "zennit":
            raise NpmError('zennit has no rule "contrastive": use the engine "auto".')
        own = rule in OWN_RULES and engine != "zennit"
        if engine == "fused" and not own:
            raise NpmError(
                f"The fused engine has the rules {' and '.join(OWN_RULES)} only: use the engine "
                f'"auto" for "{rule}".'
            )
        if precision != "float32" and not own:
            raise NpmError(
                "bfloat16 needs the fused engine and its rule: use the precision float32."
            )
        self.model = model
        self.rule: RuleName = rule
        self.engine: EngineName = engine
        self.input_rule: InputRule = input_rule
        self.undefined: Undefined = undefined
        self.average: Average = average
        self.precision: Precision = precision
        self.difference = difference
        self._portion = Portion(batch_size)
        self._run: Engine | None = None

    @property
    def batch_size(self) -> int:
        """Images at a time; less than was given if memory ran out."""
        return self._portion.size

    @freed_memory_kept()
    def __call__(
        self,
        images: Maps,
        target: int | ArrayLike | None = None,
        against: Against = None,
        *,
        progress: Progress = silent,
    ) -> Explanation:
        """Explain images (N, H, W) or (N, C, H, W); see `explain`."""
        n = len(images)
        if n == 0:
            raise NpmError("There are no images to explain: give at least one.")
        targets = read_targets(target, n, "to explain")
        others = read_against(against, n)
        first = read_map(images, 0)
        if isinstance(self.model, NanoporosityNet):
            self.model.check_map(first.shape)
        place = _place(self.model)
        if self._run is None:
            sample = torch.as_tensor(first.reshape(1, -1, *first.shape[-2:])).to(**place)
            self._run = self._prepare(sample)
        run = self._run
        result = Readout(n, first.shape, run.signed, self.difference)
        most = run.at_once(result.shape) or n
        start = 0

        def attempt(size: int) -> tuple[slice, Question, Answer]:
            part = slice(start, start + size)
            batch = read_batch(images, range(n)[part])
            check_same(start, batch.shape[1:], 0, result.shape)
            if self.input_rule == "zbox" and (batch.min() < 0 or batch.max() > 1):
                raise NpmError(
                    "The box rule needs porosity from 0 to 1, and a map goes beyond: calibrate "
                    'it, or use the input rule "zplus".'
                )
            question = Question(
                None if targets is None else targets[part],
                None if others is None else others[part],
                self.difference,
                start,
            )
            return part, question, run(torch.as_tensor(batch).to(**place), question)

        while start < n:
            part, question, answer = self._portion.work(attempt, min(n - start, most))
            result.take(part, answer, question)
            start = part.stop
            mean = float(result.conservation[part].mean())
            progress(start, n, "Relevance", {"conservation": mean})
        gradients = run.name == "torch"
        return result.explanation(
            against=others,
            engine=run.name,
            rule=self.rule,
            input_rule="none" if gradients else self.input_rule,
            undefined_rule="none" if gradients else "drop" if run.signed else self.undefined,
            average=self.average,
            precision=self.precision,
        )

    def _prepare(self, sample: torch.Tensor) -> Engine:
        engine = self._choose(sample)
        return engine if self.average == "none" else TurningEngine(engine)

    def _choose(self, sample: torch.Tensor) -> Engine:
        if self.rule in ("gradient x input", "integrated gradients"):
            return GradientEngine(self.model, cast("Any", self.rule))
        if self.rule in OWN_RULES and self.engine != "zennit":
            fused = self._fused(sample)
            if fused is not None:
                return fused
            if (self.engine, self.precision) != ("auto", "float32") or self.rule == "contrastive":
                raise NpmError(
                    "The fused engine explains networks of this package only, as they were built: "
                    'use the engine "auto", the rule "alpha1-beta0" and the precision float32 for '
                    "any other."
                )
        from ._lrp import ZennitEngine  # zennit is needed, and imported, only here

        return ZennitEngine(
            self.model, sample, self.input_rule, self.undefined, cast("Any", self.rule)
        )

    def _fused(self, sample: torch.Tensor) -> Engine | None:
        """Return the fused engine if the network is one it knows, and it answers alike."""
        if not fits(self.model):
            return None
        settings = self.model, self.input_rule, self.undefined
        made = ContrastiveEngine if self.rule == "contrastive" else FusedEngine
        engine = made(*settings, sample.dtype)
        if not answers_alike(engine, self.model, sample):
            return None
        return made(*settings, torch.bfloat16) if self.precision == "bfloat16" else engine


def _place(model: nn.Module) -> dict[str, Any]:
    parameter = next(model.parameters(), torch.zeros(0))
    return {"device": parameter.device, "dtype": parameter.dtype}
