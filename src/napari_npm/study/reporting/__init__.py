"""What a study's report says: its sections, its main figures, its methods paragraph."""

from napari_npm.study.study import Study

from .calibration import calibration
from .correlation import correlation
from .evaluation import evaluation
from .faithfulness import faithfulness
from .findings import headlines, learning
from .masks import masks
from .material import data
from .methods import methods_paragraph
from .parts import Section
from .regions import regions
from .relevance import relevance
from .similarity import similarity
from .statistics import statistics

__all__ = ["headlines", "methods_paragraph", "sections"]

_MAKERS = (
    data,
    masks,
    calibration,
    statistics,
    learning,
    evaluation,
    relevance,
    faithfulness,
    regions,
    correlation,
    similarity,
)


def sections(study: Study) -> list[Section]:
    """Return the sections of a study's report, those for which there are results."""
    return [section for maker in _MAKERS if (section := maker(study)) is not None]
