"""Read chemical formulas and lists of weights as people write them."""

import re
import unicodedata
from collections import Counter

from ._elements import SYMBOLS, atomic_number
from .errors import NpmError

_TOKEN = re.compile(r"(?P<symbol>[A-Z][a-z]?)|(?P<number>\d+\.?\d*|\.\d+)|(?P<bracket>[()\[\]{}])")
_DOTS = re.compile(r"[·•∙⋅*]")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_NUMBER = r"\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+"
_WEIGHTS = re.compile(rf"\s*(?:([A-Z][a-z]?)[\s:=]+({_NUMBER})\s*%?[\s,;]*)+")
_WEIGHT = re.compile(rf"([A-Z][a-z]?)[\s:=]+({_NUMBER})")


def count_atoms(formula: str) -> dict[str, float]:
    """Return how many atoms of each element a formula holds; `NpmError` if it cannot be read."""
    # Small and full-width figures become plain ones; the raised dot of hydrates is kept.
    plain = "".join(
        c if _DOTS.match(c) else unicodedata.normalize("NFKC", c) for c in formula
    ).replace(" ", "")
    total: Counter[str] = Counter()
    for part in _DOTS.split(plain):
        lead = re.match(_NUMBER, part)
        factor = float(lead.group()) if lead else 1.0
        atoms = _part(part[lead.end() :] if lead else part, formula)
        total.update({symbol: factor * count for symbol, count in atoms.items()})
    if not any(total.values()):
        raise NpmError(f"The formula {formula!r} holds no atoms; write one such as SiO2.")
    return dict(total)


def read_weights(text: str) -> dict[str, float] | None:
    """Return the weights of a text such as ``"Bi 32.5 In 51 Sn 16.5"``, None if it is not one."""
    if not _WEIGHTS.fullmatch(text):
        return None
    weights: dict[str, float] = {}
    for symbol, number in _WEIGHT.findall(text):
        if symbol in weights:
            raise NpmError(f"The weight of {symbol} is given twice in {text!r}; give it once.")
        weights[symbol] = float(number)
    return weights


def _part(text: str, formula: str) -> Counter[str]:
    """Count the atoms of a part without raised dots."""
    levels: list[Counter[str]] = [Counter()]
    closing: list[str] = []
    last: Counter[str] | None = None  # what a number that follows multiplies
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise _unreadable(formula, f"{text[at]!r} is not part of one")
        at = token.end()
        word = token.group()
        if token["symbol"]:
            if len(word) == 2 and word not in SYMBOLS:
                raise NpmError(_unknown(word, formula))
            atomic_number(word)
            last = Counter({word: 1.0})
            levels[-1].update(last)
        elif token["number"]:
            if last is None:
                raise _unreadable(formula, f"the number {word} follows no element or bracket")
            extra = float(word) - 1.0
            levels[-1].update({symbol: extra * count for symbol, count in last.items()})
            last = None
        elif word in _PAIRS:
            levels.append(Counter())
            closing.append(_PAIRS[word])
            last = None
        else:
            if not closing or closing.pop() != word:
                raise _unreadable(formula, f"the bracket {word!r} closes nothing")
            last = levels.pop()
            levels[-1].update(last)
    if closing:
        raise _unreadable(formula, f"the bracket {closing[-1]!r} is missing")
    return levels[0]


def _unreadable(formula: str, why: str) -> NpmError:
    return NpmError(
        f"The formula {formula!r} cannot be read: {why}; write one such as (CaO)1.7(SiO2)(H2O)4."
    )


def _unknown(symbol: str, formula: str) -> str:
    return (
        f"There is no element {symbol!r} from hydrogen to uranium in the formula {formula!r}; "
        "check the capital letters."
    )
