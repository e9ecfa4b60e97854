"""What a report says of the masks: how unhydrated cement was found, and who looked at it."""

from collections.abc import Sequence
from typing import Any

from napari_npm.core.errors import NpmError
from napari_npm.core.wording import agree, several
from napari_npm.study.review import Review, counted
from napari_npm.study.strokes import learnt
from napari_npm.study.study import Study

from .parts import Section, Table, mean_sd

_COLUMNS = {
    Review.ACCEPTED: "Accepted",
    Review.CORRECTED: "Corrected or by hand",
    Review.PROPOSED: "Not looked at",
    Review.REJECTED: "Rejected",
    Review.NONE: "Without",
}


def masks(study: Study) -> Section | None:
    """Tell how many masks a person has looked at, and how much cement they hold."""
    table = study.table("masks")
    if table is None:
        return None
    states = study.reviews()
    rows = []
    for sample, part in table.groupby("sample", sort=False):
        counts = counted(states[name] for name in part["image"] if name in states)
        rows.append(
            (
                str(sample),
                *(str(counts[state]) for state in _COLUMNS),
                mean_sd(part["unhydrated_fraction"], ".1%"),
                # tables of older versions do not count pieces
                f"{part['unhydrated_pieces'].sum():,d}" if "unhydrated_pieces" in part else "–",
            )
        )
    columns = ("Sample", *_COLUMNS.values(), "UC", "Pieces of UC")
    section = Section("Masks", [], [Table("Images by the state of their masks", columns, (*rows,))])
    counts = counted(states.values())
    waiting, total = counts[Review.PROPOSED], len(states)
    if waiting:
        section.paragraphs.append(
            f"{_of(waiting, total)} proposed by the program and nobody has looked at"
            f" {'it' if waiting == 1 else 'them'}: the results below rest on"
            f" {'this proposal' if waiting == 1 else 'these proposals'} as"
            f" {'it is' if waiting == 1 else 'they are'}."
        )
    elif not counts[Review.NONE]:
        section.paragraphs.append(
            "Each mask was drawn, corrected, accepted or rejected by a person."
        )
    if counts[Review.NONE]:
        section.paragraphs.append(
            f"Unhydrated cement was not marked in {counts[Review.NONE]} of"
            f" {several(total, 'image')}: what is there of it is part of the porosity maps."
        )
    if counts[Review.REJECTED]:
        section.paragraphs.append(
            "Rejected: the proposed unhydrated cement was removed, nothing is masked there."
        )
    return section


def mask_sentence(study: Study, parameters: Any) -> str:
    """Return how unhydrated cement was found, for the methods paragraph."""
    states = study.reviews()
    origins = {name: study.proposed_from(name) for name in states}
    by_hand = [
        name
        for name, state in states.items()
        if state is Review.CORRECTED and origins[name] is None
    ]
    parts = [
        f"Unhydrated cement was marked by hand in {len(by_hand)} of {several(len(states), 'image')}"
    ]
    for origin, how in (("strokes", _strokes(study, parameters)), ("levels", _levels(parameters))):
        names = [name for name, found in origins.items() if found == origin]
        if names:
            parts.append(f"in {len(names)} it was proposed {how}; {_fate(states, names)}")
    return "; ".join(parts) + "."


def _strokes(study: Study, p: Any) -> str:
    try:
        known = learnt(study)
    except NpmError:
        known = None
    found = "" if known is None else f" on {several(len(known.about['images']), 'image')}"
    if known is not None:
        marked = known.about["images"].values()
        cement, other = (sum(one[key] for one in marked) for key in ("unhydrated_px", "other_px"))
        found += f" ({cement:,d} px on unhydrated cement, {other:,d} px elsewhere)"
    return (
        "by extremely randomised trees on multi-scale features of each pixel that learnt from"
        f" strokes{found}, at a probability of at least {p.probability:g}{_shapes(p)}"
    )


def _levels(p: Any) -> str:
    limits = "" if p.uc_low is None else f" between {p.uc_low:g} and {p.uc_high:g}"
    return f"by grey levels{limits}{_shapes(p)}"


def _shapes(p: Any) -> str:
    found = [f"an area of at least {p.min_area_um2:g} µm²"]
    if p.min_solidity:
        found.append(f"a solidity of at least {p.min_solidity:g}")
    if p.max_elongation is not None:
        found.append(f"an elongation of at most {p.max_elongation:g}")
    if p.max_scatter is not None:
        found.append(f"a scatter of grey of at most {p.max_scatter:g}")
    return f", pieces having {' and '.join(found)}"


def _fate(states: dict[str, Review], names: Sequence[str]) -> str:
    counts = counted(states[name] for name in names)
    told = {
        Review.ACCEPTED: "accepted as they were",
        Review.CORRECTED: "corrected by hand",
        Review.REJECTED: "rejected",
        Review.PROPOSED: "used without anybody having looked at them",
        Review.NONE: "removed",
    }
    parts = [f"{counts[state]} {words}" for state, words in told.items() if counts[state]]
    return f"of these proposals {', '.join(parts)}"


def _of(some: int, total: int) -> str:
    return f"{some} of {several(total, 'mask')} {agree(some, 'was', 'were')}"
