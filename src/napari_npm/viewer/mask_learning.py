"""Learning from strokes and proposing, for worker threads: no Qt, no napari in here."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Stroke
from napari_npm.core.progress import Progress

from .mask_layers import hatched, line_width
from .mask_tools import pixel_area_um2

_KEPT = 6  # images with strokes whose pixels are kept in memory


@dataclass(frozen=True, eq=False)
class Scene:
    """The image that something is proposed for.

    Attributes
    ----------
    name : str
        Its name.
    pixels : ndarray, (H, W)
        Grey values.
    pixel_size_nm : float or None
        Width of a pixel.
    strokes : ndarray of uint8, (H, W), or None
        What is drawn on it.
    """

    name: str
    pixels: NDArray[Any]
    pixel_size_nm: float | None
    strokes: NDArray[np.uint8] | None


@dataclass(frozen=True, eq=False)
class Proposal:
    """Proposed cement, and how it is drawn."""

    scene: Scene
    chance: NDArray[np.float32]
    region: NDArray[np.bool_]
    drawn: NDArray[np.uint8]


class Learner:
    """What was learnt, and the probabilities of the image at hand.

    One worker thread at a time uses it.

    Attributes
    ----------
    classifier : PixelClassifier or None
        Trained on the strokes as they were last.
    strokes : dict of str to int
        How many strokes there are on each image.
    """

    def __init__(self) -> None:
        self.classifier: Any = None
        self.strokes: dict[str, int] = {}
        self._pixels: dict[str, NDArray[Any]] = {}

    def learn(self, report: Progress, scene: Scene, study: Any, parameters: Any) -> Proposal | None:
        """Train on all strokes and propose.

        Returns
        -------
        Proposal or None
            None where there are no strokes of both kinds yet.
        """
        from napari_npm.core.pixel_classifier import train_pixel_classifier

        report(0, 1, "learning from the strokes")
        images, strokes = self._drawn(scene, study)
        kinds = {int(kind) for drawn in strokes for kind in np.unique(drawn)} - {0}
        if kinds != {int(kind) for kind in Stroke}:
            self.classifier = None
            return None
        self.classifier = train_pixel_classifier(images, strokes, seed=parameters.seed)
        return self.propose(report, scene, parameters)

    def propose(self, report: Progress, scene: Scene, parameters: Any) -> Proposal:
        """Propose by what was learnt before."""
        if self.classifier is None:
            raise NpmError("Draw a stroke on UC (Q) and one on something else (W) first.")
        chance = self.classifier.probability(scene.pixels, progress=report)
        return select(report, scene, chance, parameters)

    def _drawn(self, scene: Scene, study: Any) -> tuple[list[Any], list[Any]]:
        found = {} if scene.strokes is None else {scene.name: (scene.pixels, scene.strokes)}
        for name in () if study is None else study.stroked_images:
            drawn = study.strokes(name) if name != scene.name else None
            if drawn is not None:
                found[name] = (self._read(study, name), drawn)
        self.strokes = {
            name: count for name, (_, drawn) in found.items() if (count := count_strokes(drawn))
        }
        return [pair[0] for pair in found.values()], [pair[1] for pair in found.values()]

    def _read(self, study: Any, name: str) -> NDArray[Any]:
        if name not in self._pixels:
            while len(self._pixels) >= _KEPT:
                del self._pixels[next(iter(self._pixels))]
            self._pixels[name] = study.read(name).pixels
        return self._pixels[name]


def select(
    report: Progress, scene: Scene, chance: NDArray[np.float32], parameters: Any
) -> Proposal:
    """Propose from probabilities at hand, by the parameters of the mask step."""
    from napari_npm.core.pixel_classifier import select_unhydrated

    report(0, 1, "choosing by size and shape")
    pixel_um2 = pixel_area_um2(scene.pixel_size_nm)
    region = select_unhydrated(
        chance,
        scene.pixels,
        probability=parameters.probability,
        smooth_px=parameters.smooth_px,
        open_px=parameters.open_px,
        min_area_px=parameters.min_area_um2 / pixel_um2,
        fill_area_px=parameters.fill_area_um2 / pixel_um2,
        min_solidity=parameters.min_solidity,
        max_elongation=_or_any(parameters.max_elongation),
        max_scatter=_or_any(parameters.max_scatter),
    )
    return Proposal(scene, chance, region, hatched(region, line_width(region.shape)))


def count_strokes(drawn: NDArray[np.uint8]) -> int:
    """Return the number of connected strokes."""
    from scipy import ndimage

    eight = np.ones((3, 3), bool)
    return sum(int(ndimage.label(drawn == kind, eight)[1]) for kind in Stroke)


def _or_any(limit: float | None) -> float:
    return np.inf if limit is None else limit
