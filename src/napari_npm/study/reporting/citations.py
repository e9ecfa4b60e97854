"""Citations of the methods paragraph: who is named where, and what the reference list says."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

_VERSION = r"\d[\w+]*(?:\.[\w+]+)*"
PHRASES: tuple[tuple[str, str], ...] = (
    (r"Mott cross sections \(NIST SRD 64\)", "nist-srd64"),
    (r"Browning's fit to Mott cross sections", "browning1994"),
    (r"stopping power of Joy and Luo", "joy1989"),
    (r"extremely randomised trees", "geurts2006"),
    (r"isodata threshold", "ridler1978"),
    (r"Tukey-Kramer procedure", "kramer1956"),
    (r"Welch's analysis of variance", "welch1951"),
    (r"Games-Howell procedure", "games1976"),
    (r"batch normalisation", "ioffe2015"),
    (r"AdamW", "loshchilov2019"),
    (r"deep Taylor decomposition|alpha1-beta0", "montavon2017"),
    (r"contrastive rule", "gu2018"),
    (r"integrated gradients", "sundararajan2017"),
    (r"\(Westfall and Young 1993\)", "westfall1993"),
    (r"iterated local search", "lin1973"),
    (r"simulated annealing", "kirkpatrick1983"),
    (r"proven lower bound", "held1971"),
    (r"Lapuschkin et al\. 2019", "lapuschkin2019"),
    (rf"napari-npm {_VERSION}", "napari-npm"),
    (rf"numpy {_VERSION}", "harris2020"),
    (rf"scipy {_VERSION}", "virtanen2020"),
    (rf"scikit-image {_VERSION}", "vanderwalt2014"),
    (rf"scikit-learn {_VERSION}", "pedregosa2011"),
    (rf"numba {_VERSION}", "lam2015"),
    (rf"torch {_VERSION}", "paszke2019"),
    (rf"zennit {_VERSION}", "anders2021"),
    (rf"napari {_VERSION}", "napari"),
)
"""What is cited where a text names it for the first time: a pattern, and the key of the work."""

_ENTRY = re.compile(r"^@(\w+)\{([^,]+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (\w+) = \{(.*)\},$", re.MULTILINE)
_ACCENTS = {"'": "\N{COMBINING ACUTE ACCENT}", '"': "\N{COMBINING DIAERESIS}"}
_ACCENTS["."] = "\N{COMBINING DOT ABOVE}"


def with_citations(text: str) -> str:
    """Return a text with a citation after the first mention of each work that it rests on."""
    places = []
    for pattern, key in PHRASES:
        found = re.search(pattern, text)
        short = short_form(key)
        if found is not None and short is not None and short not in text:
            places.append((found.end(), short))
    for end, short in sorted(places, reverse=True):
        before, after = text[:end], text[end:]
        # brackets that are there already take the citation in
        if after.startswith(" ("):
            text = f"{before} ({short}; {after[2:]}"
        else:
            text = f"{before}; {short}{after}" if after[:1] == ")" else f"{before} ({short}){after}"
    return text


def cited(text: str) -> tuple[str, ...]:
    """Return the keys of the works that a text names, in its order."""
    places = [
        (found.start(), key)
        for pattern, key in PHRASES
        if (found := re.search(pattern, text)) is not None
    ]
    return tuple(key for _, key in sorted(places))


def short_form(key: str) -> str | None:
    """Return author and year as a text cites them; None for a work that is named by its version."""
    fields = _entries()[key][1]
    if "year" not in fields:
        return None
    names = [name.partition(",")[0] for name in _authors(fields)]
    who = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return f"{_plain(who)} {fields['year']}"


def reference_list(keys: Sequence[str]) -> str:
    """Return one line a work, sorted by author, as a reference list has it."""
    return "\n".join(sorted((_line(_entries()[key][1]) for key in keys), key=str.casefold))


def bibtex(keys: Sequence[str]) -> str:
    """Return the BibTeX entries of some works."""
    return "\n\n".join(_entries()[key][0] for key in keys) + "\n"


def _line(fields: dict[str, str]) -> str:
    authors = []
    for name in _authors(fields):
        last, _, first = name.partition(", ")
        authors.append(f"{last} {first}".strip() if name != "others" else "et al.")
    where = fields.get("journal") or fields.get("booktitle") or fields.get("publisher") or ""
    numbers = ", ".join(fields[name] for name in ("volume", "pages") if name in fields)
    link = f"doi:{fields['doi']}" if "doi" in fields else fields.get("url", "")
    who = ", ".join(authors) + (f" ({fields['year']})" if "year" in fields else "")
    parts = (f"{who}: {fields['title']}", f"{where} {numbers}".strip(), link)
    return _plain(". ".join(part for part in parts if part) + ".")


def _authors(fields: dict[str, str]) -> list[str]:
    who = fields["author"]
    return [who] if who.startswith("{") else who.split(" and ")


def _plain(text: str) -> str:
    """Return a text without the marks of BibTeX."""
    import unicodedata

    accented = re.sub(r"\{\\(['\".])(\w)\}", lambda m: m[2] + _ACCENTS[m[1]], text)
    return unicodedata.normalize("NFC", re.sub(r"[{}]", "", accented).replace("--", "–"))


@cache
def _entries() -> dict[str, tuple[str, dict[str, str]]]:
    """Return each work of `references.bib` by its key: its entry as it is, and its fields."""
    text = files(__package__).joinpath("references.bib").read_text(encoding="utf-8")
    return {found[2]: (found[0], dict(_FIELD.findall(found[3]))) for found in _ENTRY.finditer(text)}
