"""What plain classifiers say of a study's test tiles: the baselines of its networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.progress import Progress, silent

from .results import Tiles
from .wiring import MAP_NAMES

if TYPE_CHECKING:
    from .study import Study

DESCRIPTORS = {"porosity": "porosity", "pore_area_nm2": "average pore size"}
HISTOGRAM, TEXTURE = "grey histogram", "texture"


@dataclass(frozen=True)
class BaselineAnswers:
    """What one baseline says of the test tiles."""

    reads: str
    """What of a map it knows."""
    maps: str
    """The kind of map."""
    classifier: str
    """What it is called in tables."""
    predicted: NDArray[np.int64]
    """Class of each test tile, in order."""
    classify: Callable[[Any], NDArray[np.int64]] | None = None
    """Tells the classes of other maps, where it reads maps."""


def baselines(
    study: "Study",
    parts: Sequence[str],
    kinds: Sequence[str] = ("mulf",),
    *,
    progress: Progress = silent,
) -> list[BaselineAnswers]:
    """Return what porosity, pore size, grey histogram and texture tell of the test tiles.

    Each learns from the training tiles alone. Tiles without pores have pores of size 0.

    Parameters
    ----------
    study : Study
        Whose maps and descriptors are there.
    parts : sequence of str, (tiles,)
        Part of each tile.
    kinds : sequence of str
        Kinds of maps for histogram and texture: ``"mulf"``, ``"micf"``.
    progress : Progress
        Called after each tile; may raise `Cancelled`.

    Raises
    ------
    NpmError
        If there are no tiles to learn from or to test, or only one sample to learn from.
    """
    from napari_npm.core.baselines import FeatureClassifier, histogram_features, texture_features
    from napari_npm.core.nearest import nearest_mean

    of = np.asarray(parts)
    learn, test = (np.flatnonzero(of == part) for part in ("train", "test"))
    labels = study.tile_labels
    described = [row for image in study.images for row in study.record("describe", image.id).rows]
    found = []
    for column, name in DESCRIPTORS.items():
        values = np.nan_to_num(np.array([row[column] for row in described], dtype=float))
        nearest = nearest_mean(values, labels, fit=learn, evaluate=test).predicted
        title = f"{name}, nearest mean"
        found.append(BaselineAnswers(name, "mulf", title, nearest.astype(np.int64)))
    for kind in kinds:
        learnt, tested = (
            Tiles(study.stack(kind), [study.tiles[number] for number in some])
            for some in (learn, test)
        )
        name = "" if kind == "mulf" else f" of {MAP_NAMES[kind]}"
        for reads, features in ((HISTOGRAM, histogram_features()), (TEXTURE, texture_features)):
            fitted = FeatureClassifier(features, learnt, labels[learn], progress)
            title = f"{reads}{name}, logistic regression"
            answers = fitted.predict(tested, progress)
            found.append(BaselineAnswers(reads, kind, title, answers, fitted.predict))
    return found
