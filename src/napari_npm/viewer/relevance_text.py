"""What is to be said of a relevance map: what was explained, how, and what it cannot say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CANNOT = (
    "These maps show where the evidence for a decision lies, not why it is one sample rather than "
    "another: alpha1-beta0 maps hardly depend on the class that is explained. Where they do is the "
    "class-difference map."
)
_CORRECTIONS = {
    "none": "none: the middle of a tile weighs more than its edge, whatever it shows",
    "flat-field": "divided by the mean map of other specimens",
}


def facts_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say as HTML what was explained and how, from the rows of an image's tiles.

    Parameters
    ----------
    rows : sequence of mapping
        As in the study's table of relevance; what is not known is left out.
    """
    if not rows:
        return ""
    first = rows[0]
    lines = [_classes(rows)]
    kept = _known(rows, "conservation")
    if kept:
        lines.append(
            f"Conservation: {_span(kept, '.6f')} of the output arrived at the pixels{_lost(rows)}."
        )
    how = [str(first[key]) for key in ("rule",) if first.get(key)]
    for key, words in (
        ("input_rule", "{} at the input"),
        ("engine", "computed by {}"),
        ("precision", "{}"),
    ):
        if first.get(key) and first[key] not in ("none", "float32", "auto"):
            how.append(words.format({"torch": "torch's gradients"}.get(first[key], first[key])))
    if first.get("average") == "d4":
        how.append("mean over eight turns and flips")
    if how:
        lines.append(f"Rule: {', '.join(how)}.")
    lines.append(f"Centre bias: {_correction(first)}.")
    shares = [(key.removeprefix("share_"), _known(rows, key)) for key in first if _is_share(key)]
    if shares:
        parts = [f"{_map(kind)} {100 * sum(known) / len(known):.0f} %" for kind, known in shares]
        lines.append(f"Relevance by map: {', '.join(parts)}.")
    return "<br>".join(line for line in lines if line)


def _classes(rows: Sequence[Mapping[str, Any]]) -> str:
    targets = _counts(row.get("target") for row in rows)
    says = _counts(row.get("network_says") for row in rows)
    true = _counts(row.get("sample") for row in rows)
    against = rows[0].get("against")
    text = f"Explained: <b>{targets}</b>" if targets else ""
    if text and isinstance(against, str) and against:
        text += f" compared with {'the others' if against == 'others' else against}"
    for words, value in (("the network says", says), ("it is", true)):
        if value:
            text += f"; {words} {value}" if text else f"{words} {value}"
    return f"{text}." if text else ""


def _counts(values: Iterable[Any]) -> str:
    found: dict[str, int] = {}
    for value in values:
        if isinstance(value, str):
            found[value] = found.get(value, 0) + 1
    if len(found) < 2:
        return next(iter(found), "")
    return ", ".join(f"{name} ({count})" for name, count in found.items())


def _known(rows: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    values = [row.get(key) for row in rows]
    return [float(v) for v in values if isinstance(v, int | float) and v == v]


def _span(values: Sequence[float], form: str) -> str:
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low} to {high}"


def _lost(rows: Sequence[Mapping[str, Any]]) -> str:
    met = _known(rows, "undefined")
    if not met or max(met) < 0.005:
        return ""
    return f"; {100 * max(met):.1f} % at most met units without any input and was spread evenly"


def _correction(row: Mapping[str, Any]) -> str:
    stride = row.get("stride_px")
    seamless = isinstance(stride, int | float) and stride == stride
    text = _CORRECTIONS.get(str(row.get("correction", "none")), str(row.get("correction")))
    if seamless:
        windows = f"windows {stride:.0f} px apart, blended without seams"
        plain = row.get("correction", "none") == "none"
        text = windows if plain else f"{windows}, and {text}"
    padding = row.get("padding")
    return f"{text}; the network pads with {padding}" if padding else text


def _is_share(key: str) -> bool:
    return key in ("share_mulf", "share_micf")


def _map(kind: str) -> str:
    from napari_npm.study.wiring import MAP_NAMES

    return MAP_NAMES.get(kind, kind)
