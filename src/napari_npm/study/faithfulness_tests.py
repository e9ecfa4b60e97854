"""The tests that relevance maps can fail, on tiles of a study: which tiles, and a row a figure."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .explain_asking import question
from .results import parts_of
from .seeds import seed_models
from .settings import ExplainParameters, FaithfulnessParameters
from .store import Tile
from .study import Study
from .tables import tile_row
from .wiring import ModelTiles

if TYPE_CHECKING:
    from napari_npm.core.faithfulness import Likeness, Pairwise

NOISE_STEPS = (0.25, 0.5, 1.0)
"""Shares of the standard deviation of the noise at which stability is measured."""
ALL = "all"
"""The case that stands for the mean over all pairs of classes or networks."""
MODES = ("cascading", "independent")
WHOLE, REPLACED = "as it is", "all replaced"
"""The cases of the class's output for maps as they are, and with all blocks replaced."""
Rows = list[dict[str, Any]]


def chosen_tiles(study: Study, parameters: FaithfulnessParameters) -> list[Tile]:
    """Return test tiles, evenly over the samples and, in each, over its specimens.

    Raises
    ------
    NpmError
        If the split holds no tile back for the test.
    """
    rng = np.random.default_rng(parameters.seed)
    parts = parts_of(study)
    queues = []
    for sample in study.samples:
        own = [
            tile
            for tile in study.tiles
            if tile.sample == sample.name and parts[tile.index] == "test"
        ]
        met: dict[str, int] = {}
        turns: list[tuple[int, int, Tile]] = []
        for number in rng.permutation(len(own)):
            specimen = own[number].specimen
            turns.append((met.setdefault(specimen, 0), len(turns), own[number]))
            met[specimen] += 1
        queues.append([tile for _, _, tile in sorted(turns, key=lambda turn: turn[:2])])
    turn_by_turn = [
        queue[turn]
        for turn in range(max(map(len, queues), default=0))
        for queue in queues
        if turn < len(queue)
    ]
    if not turn_by_turn:
        raise NpmError(
            "The split holds no tile back for the test, and maps of tiles that the network has"
            " learned prove little: give split a test part."
        )
    return sorted(turn_by_turn[: parameters.tiles], key=lambda tile: tile.index)


def run_test(
    study: Study, model: str, test: str, parameters: FaithfulnessParameters, progress: Progress
) -> Rows:
    """Return the rows of one test of one model: figures of tiles, and curves of deletion."""
    run: dict[str, Callable[..., Rows]] = {
        "deletion": _deletion,
        "classes": _classes,
        "seeds": _seeds,
        "noise": _noise,
        **{f"layers-{mode}": _layers for mode in MODES},
    }
    return run[test](_Subject(study, model, parameters), test, progress)


class _Subject:
    """A model, the tiles to test it on, and what explains them as the study does."""

    def __init__(self, study: Study, model: str, parameters: FaithfulnessParameters) -> None:
        self.study, self.model, self.parameters = study, model, parameters
        self.tiles = chosen_tiles(study, parameters)
        self.images = ModelTiles(study, model, self.tiles)
        self.network = study.load_model(model)
        explaining: Any = study.parameters("explain")
        self.explaining: ExplainParameters = explaining
        _, self.against = question(study, explaining, self.tiles)

    @property
    def targets(self) -> NDArray[np.int64]:
        """Classes that the study's maps explain."""
        names = [sample.name for sample in self.study.samples]
        found = {}
        for image in dict.fromkeys(tile.image for tile in self.tiles):
            for row in self.study.record("explain", f"{self.model}/{image}").rows:
                found[row["tile"]] = names.index(row["target"])
        return np.array([found[tile.index] for tile in self.tiles], dtype=np.int64)

    def explainer(self, network: Any, against: Any = ...) -> Callable[..., Any]:
        """Return what explains images with a network by the study's rule and engine."""
        from napari_npm.core.relevance import Explainer

        own = self.explaining
        explainer = Explainer(
            network,
            rule=own.rule,
            engine=own.engine,
            input_rule=own.input_rule,
            undefined=own.undefined,
            average=own.average,
            precision=own.precision,
            batch_size=own.batch_size,
        )
        compared = self.against if against is ... else against
        return lambda images, target: explainer(images, target, compared)

    def rows(self, test: str, case: str, measure: str, values: NDArray[np.float64]) -> Rows:
        """Return a row a tile; None where a figure is not defined."""
        return [
            {
                **tile_row(tile),
                "model": self.model,
                "test": test,
                "case": case,
                "measure": measure,
                "value": float(value) if np.isfinite(value) else None,
            }
            for tile, value in zip(self.tiles, values, strict=True)
        ]

    def alike(self, test: str, case: str, found: "Likeness", *index: int) -> Rows:
        """Return the rows of every measure of likeness."""
        from napari_npm.core.faithfulness import MEASURES

        return [
            row
            for measure in MEASURES
            for row in self.rows(test, case, measure, found.of(measure)[index])
        ]

    def pairs(self, test: str, names: Sequence[str], found: "Pairwise") -> Rows:
        """Return the rows of every pair, and of the mean over them."""
        from napari_npm.core.faithfulness import MEASURES

        rows = []
        for number, (first, second) in enumerate(found.pairs):
            rows += self.alike(test, f"{names[first]}/{names[second]}", found.likeness, number)
        for measure in MEASURES:
            rows += self.rows(test, ALL, measure, found.of_images(measure))
        return rows


def _deletion(subject: _Subject, test: str, progress: Progress) -> Rows:
    from napari_npm.core.faithfulness import deletion_insertion

    own = subject.parameters
    found = deletion_insertion(
        subject.network,
        subject.images,
        subject.study.stack(f"relevance/{subject.model}").read(subject.tiles),
        subject.targets,
        block_px=own.block_px,
        steps=own.steps,
        orders=own.random_orders,
        fill=own.fill,
        blur_px=own.blur_px,
        measure=own.measure,
        seed=own.seed,
        batch_size=own.batch_size,
        progress=progress,
    )
    rows = subject.rows(test, "deletion", "gain", found.deletion_gain)
    rows += subject.rows(test, "insertion", "gain", found.insertion_gain)
    # a class that the replaced map speaks for as well cannot fall: the ends must be known
    rows += subject.rows(test, WHOLE, "output", found.deletion[:, 0])
    rows += subject.rows(test, REPLACED, "output", found.deletion[:, -1])
    curves = ("deletion", "deletion_random", "insertion", "insertion_random")
    for number, tile in enumerate(subject.tiles):
        for step, share in enumerate(found.share):
            values = {name: float(getattr(found, name)[number, step]) for name in curves}
            where = {"model": subject.model, "tile": tile.index, "sample": tile.sample}
            specimen = {"specimen": tile.specimen}
            rows.append({**where, **specimen, "share": float(share), **values})
    return rows


def _layers(subject: _Subject, test: str, progress: Progress) -> Rows:
    from napari_npm.core.faithfulness import parameter_randomisation

    own = subject.parameters
    mode: Any = test.removeprefix("layers-")
    found = parameter_randomisation(
        subject.network,
        subject.images,
        subject.explainer,
        subject.targets,
        mode=mode,
        draws=own.layer_draws,
        share=own.share,
        seed=own.seed,
        batch_size=own.batch_size,
        progress=progress,
    )
    rows = []
    for number, layer in enumerate(found.layers):
        rows += subject.alike(test, layer_name(layer), found.likeness, number)
    return rows


def _classes(subject: _Subject, test: str, progress: Progress) -> Rows:
    from napari_npm.core.faithfulness import class_sensitivity

    names = [sample.name for sample in subject.study.samples]
    # a class cannot be compared with itself: against all others, each can be explained
    against = subject.against if subject.against in (None, "others") else "others"
    found = class_sensitivity(
        subject.explainer(subject.network, against),
        subject.images,
        len(names),
        share=subject.parameters.share,
        batch_size=subject.parameters.batch_size,
        progress=progress,
    )
    return subject.pairs(test, names, found)


def _seeds(subject: _Subject, test: str, progress: Progress) -> Rows:
    from napari_npm.core.faithfulness import agreement
    from napari_npm.study.models import load_model

    folders = seed_models(subject.study, subject.model)
    maps = []
    for number, folder in enumerate(folders.values(), start=1):
        explain = subject.explainer(load_model(folder))
        maps.append(explain(subject.images, subject.targets).relevance)
        progress(number, len(folders), "Networks of other seeds")
    found = agreement(maps, share=subject.parameters.share)
    return subject.pairs(test, [str(seed) for seed in folders], found)


def _noise(subject: _Subject, test: str, progress: Progress) -> Rows:
    from napari_npm.core.faithfulness import noise_stability

    own = subject.parameters
    found = noise_stability(
        subject.explainer(subject.network),
        subject.images,
        subject.targets,
        sigma=[own.noise_sigma * step for step in NOISE_STEPS],
        draws=own.noise_draws,
        share=own.share,
        seed=own.seed,
        batch_size=own.batch_size,
        progress=progress,
    )
    rows = []
    for number, sigma in enumerate(found.sigma):
        rows += subject.alike(test, f"{sigma:g}", found.likeness, number)
    return rows


def layer_name(module: str) -> str:
    """Return how a reader calls a layer of the package's network; other names stay."""
    parts = module.split(".")
    if parts[0] == "blocks" and len(parts) > 1:
        return f"block {int(parts[1]) + 1}"
    return "linear" if parts[0] == "head" else module
