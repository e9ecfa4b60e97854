"""A map with its relevance and what follows from it, and the pictures of them."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.regions import boundary_features, characteristic_regions, isodata_split

from .overlay import Rgb, boundary_rgb, extracted_rgb, grey_rgb, regions_rgb, relevance_rgb

Kind = Literal["npm", "relevance", "boundary", "regions", "extracted"]
# Short, to fit above five columns in a width of 85 mm.
TITLES: dict[Kind, str] = {
    "npm": "NPM",
    "relevance": "Relevance",
    "boundary": "Boundaries",
    "regions": "Regions",
    "extracted": "Extracted",
}


@dataclass(frozen=True)
class Explained:
    """A map with its relevance and what follows from it.

    Attributes
    ----------
    name : str
        Name of the sample or map.
    npm : array, (H, W)
        Porosity in [0, 1].
    relevance : array, (H, W)
        Relevance >= 0.
    high, regions, boundary : array of bool, (H, W)
        HP pixels, characteristic regions, boundary features.
    difference : array, (H, W), or None
        Relevance of the class explained less that of the others, where it is known.
    target : str
        The class explained, where it is known.
    """

    name: str
    npm: NDArray[np.generic]
    relevance: NDArray[np.generic]
    high: NDArray[np.bool_]
    regions: NDArray[np.bool_]
    boundary: NDArray[np.bool_]
    difference: NDArray[np.generic] | None = None
    target: str = ""


def explained(
    name: str, npm: NDArray[np.generic], relevance: NDArray[np.generic], *, share: float = 0.7
) -> Explained:
    """Work out HP, regions and boundary features of a map with the default parameters."""
    high = isodata_split(npm).high
    regions = characteristic_regions(relevance, share).mask
    boundary = boundary_features(relevance, high=high).mask
    return Explained(name, npm, relevance, high, regions, boundary)


def panel_rgb(item: Explained, kind: Kind, *, peak: float | None = None) -> Rgb:
    """Draw one panel of a map as an RGB array (H, W, 3); `peak` as in `relevance_rgb`."""
    if kind == "npm":
        return grey_rgb(item.npm)
    if kind == "relevance":
        return relevance_rgb(item.npm, item.relevance, item.high, peak=peak)
    if kind == "boundary":
        return boundary_rgb(item.npm, item.boundary, item.high)
    if kind == "regions":
        return regions_rgb(item.npm, item.regions)
    if kind == "extracted":
        return extracted_rgb(item.npm, item.regions)
    raise NpmError(f"Choose one of the panels {', '.join(TITLES)}; '{kind}' is none of them.")


def raw_maps(item: Explained, kind: Kind) -> dict[str, NDArray[Any]]:
    """Return the numbers behind a panel by name."""
    npm = {"npm": np.asarray(item.npm)}
    if kind == "relevance":
        return {**npm, "relevance": np.asarray(item.relevance), "hp": item.high}
    if kind == "boundary":
        return {**npm, "boundary": item.boundary, "hp": item.high}
    return npm if kind == "npm" else {**npm, "regions": item.regions}
