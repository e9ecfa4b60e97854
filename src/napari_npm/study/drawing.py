"""The figures of a study: which there are, from what was made of it."""

from dataclasses import replace

from .correlation_drawing import correlation_figures
from .drawing_parts import Drawing as Drawing
from .drawing_parts import explained_tile as explained_tile
from .evaluation_drawing import evaluation_figures
from .faithfulness_drawing import faithfulness_figures
from .maps_drawing import map_figures
from .network_drawing import network_figures
from .patterns_drawing import pattern_figures
from .similarity_drawing import similarity_figures
from .stamps import stamp_of
from .statistics_drawing import statistics_figures
from .study import Study


def drawings(study: Study, *, panels: int = 25, seed: int = 0) -> list[Drawing]:
    """Return the figures that a study's results allow.

    Parameters
    ----------
    study : Study
        The study.
    panels : int
        Tiles in a montage.
    seed : int
        Seed of the choice of tiles.
    """
    found = [
        *map_figures(study, seed),
        *statistics_figures(study),
        *network_figures(study),
        *evaluation_figures(study),
        *pattern_figures(study, panels, seed),
        *faithfulness_figures(study),
        *correlation_figures(study),
        *similarity_figures(study),
    ]
    made = [one for one in found if all(study.state(step).finish is not None for step in one.needs)]
    return [_stamped(study, one) for one in made]


def _stamped(study: Study, drawing: Drawing) -> Drawing:
    """Let a caption end with what the parts of the split share, where the figure rests on them."""
    note = stamp_of(study, drawing.needs)
    return drawing if note is None else replace(drawing, caption=f"{drawing.caption} {note}")
