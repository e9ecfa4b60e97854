"""Named arrays in a file that may be damaged."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` file; nothing in it is unpickled.

    Raises
    ------
    ValueError
        If the file cannot be read, whatever is wrong with it.
    """
    try:
        # numpy leaves a damaged file open
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return dict(file)
    # what parsers of zip, of npy headers and of tokens raise on damage has no common class
    except Exception as error:
        raise ValueError(f"{path} is damaged") from error
