"""What the sliders of the learn group stand for: size and shape of what is proposed."""

from collections.abc import Callable
from typing import Any

import numpy as np

# Field, caption, value from the slider's 0 to 100, the other way, how it is said.
_AREA_LEAST = 0.01


def _area(place: int) -> float:
    return 0.0 if place == 0 else float(f"{_AREA_LEAST * 10 ** ((place - 1) / 24.75):.2g}")


def _area_place(area: float) -> int:
    return 0 if area < _AREA_LEAST else round(1 + 24.75 * float(np.log10(area / _AREA_LEAST)))


def _elongation(place: int) -> float | None:
    return None if place == 100 else round(1 + place / 10, 1)


Slide = tuple[str, str, Callable[[int], Any], Callable[[Any], int], Callable[[Any], str]]
SLIDES: tuple[Slide, ...] = (
    (
        "probability",
        "Probability",
        lambda place: min(max(place, 1), 99) / 100,
        lambda value: round(100 * value),
        lambda value: f"≥ {value:.2f}",
    ),
    ("min_area_um2", "Area", _area, _area_place, lambda value: f"≥ {value:g} µm²"),
    (
        "min_solidity",
        "Compactness",
        lambda place: place / 100,
        lambda value: round(100 * value),
        lambda value: f"≥ {value:.2f}",
    ),
    (
        "max_elongation",
        "Elongation",
        _elongation,
        lambda value: 100 if value is None else min(round(10 * (value - 1)), 99),
        lambda value: "any" if value is None else f"≤ {value:g}",
    ),
)
