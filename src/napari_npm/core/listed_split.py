"""A split that somebody wrote down, and what any split must give each class."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError
from .splitting import PARTS, UNUSED


def split_as_listed(
    listed: Iterable[tuple[str, str]], own: Sequence[str], *, unit: str = "tile"
) -> NDArray[np.str_]:
    """Give each tile the part that a list names.

    Parameters
    ----------
    listed : iterable of (str, str)
        Name of a tile (or of its image or specimen) and its part: "train", "validation", "test",
        or "unused" for what is left out. A name may be repeated with the same part.
    own : sequence of str, (N,)
        That name of each tile.
    unit : str
        What the names name, for messages.

    Returns
    -------
    ndarray of str, (N,)
        Part of each tile.

    Raises
    ------
    NpmError
        If a name or part is unknown, a name is missing, or two parts are given for one.
    """
    parts: dict[str, str] = {}
    known = set(own)
    unknown = []
    for name, part in listed:
        if part not in (*PARTS, UNUSED):
            raise NpmError(
                f"The list puts {unit} {name} into {part or 'no part'}: give"
                f" {', '.join(PARTS)} or {UNUSED}."
            )
        if parts.setdefault(name, part) != part:
            raise NpmError(
                f"The list names {unit} {name} twice, as {parts[name]} and as {part}: leave one."
            )
        if name not in known:
            unknown.append(name)
    if unknown:
        raise NpmError(
            f"The list names {_some(unknown, unit)} that this study does not have: correct the"
            " names, which `results/split.csv` of any split shows, or import what is missing."
        )
    missing = [name for name in dict.fromkeys(own) if name not in parts]
    if missing:
        raise NpmError(
            f"The list does not name {_some(missing, unit)} of this study: add"
            f" {'it' if len(missing) == 1 else 'them'}, as {UNUSED} if left out on purpose."
        )
    return np.array([parts[name] for name in own], dtype="<U10")


def check_parts(
    parts: Sequence[str] | NDArray[np.str_],
    labels: ArrayLike,
    names: Sequence[str],
) -> None:
    """Refuse a split in which a class cannot be learnt or is not tested.

    Parameters
    ----------
    parts : sequence of str, (N,)
        Part of each tile.
    labels : array-like of int, (N,)
        Class of each tile.
    names : sequence of str
        What the classes are called; every one of them must be there.

    Raises
    ------
    NpmError
        If a class has no tile to learn from or to test, or none for validation where others have.
    """
    own, classes = np.asarray(parts, dtype=str), np.asarray(labels)
    wanted = [part for part in PARTS if part != "validation" or (own == part).any()]
    for part in wanted:
        without = [
            name
            for label, name in enumerate(names)
            if not ((classes == label) & (own == part)).any()
        ]
        if without:
            raise NpmError(
                f"Sample {' and '.join(without)} {'has' if len(without) == 1 else 'have'} no tile"
                f" in the {part} part: put some of {'its' if len(without) == 1 else 'their'} tiles"
                " there, or take the sample out of the study."
            )


def _some(names: Sequence[str], unit: str) -> str:
    shown = ", ".join(dict.fromkeys(names[:3]))
    more = len(set(names)) - len(set(names[:3]))
    plural = "s" * (len(set(names)) > 1)
    return f"{unit}{plural} {shown}" + (f" and {more} more" if more > 0 else "")
