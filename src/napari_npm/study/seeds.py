"""The networks of the repeated trainings: where they are kept, and which there are."""

from pathlib import Path
from typing import TYPE_CHECKING

from .models import WEIGHTS

if TYPE_CHECKING:
    from .study import Study


def seed_folder(study: "Study", kind: str, seed: int | str) -> Path:
    """Return where the network of a seed is, or would be, kept.

    It is no model of its own in the study: it stands below the folder of the model that it repeats.
    """
    return study.models_folder / kind / "seeds" / str(seed)


def seed_models(study: "Study", kind: str) -> dict[int, Path]:
    """Return the folders of the networks that `evaluate` has trained, by seed.

    Parameters
    ----------
    study : Study
        The study.
    kind : str
        What they read: ``"mulf"``, ``"micf"`` or ``"both"``.
    """
    found = {}
    for item in study.state("evaluate").records:
        one, _, rest = item.partition("/")
        what, _, seed = rest.partition("/")
        if (one, what) == (kind, "seed") and (seed_folder(study, kind, seed) / WEIGHTS).exists():
            found[int(seed)] = seed_folder(study, kind, seed)
    return dict(sorted(found.items()))
