"""Learning from strokes and proposing, for worker threads: no Qt, no napari in here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label, Stroke
from napari_npm.core.progress import Progress

from .mask_layers import hatched, line_width

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
    mask : ndarray of uint8, (H, W), or None
        Its mask, where there is one.
    drawn : callable, optional
        Where the mask is a proposal: returns which references in it a person drew.
    """

    name: str
    pixels: NDArray[Any]
    pixel_size_nm: float | None
    strokes: NDArray[np.uint8] | None = None
    mask: NDArray[np.uint8] | None = None
    drawn: Callable[[], Sequence[int]] | None = None

    @cached_property
    def references(self) -> NDArray[np.uint8] | None:
        """The references in the mask that stay as they are; None where there are none."""
        if self.mask is None:
            return None
        labels = (Label.CSH, Label.METAL) if self.drawn is None else self.drawn()
        kept = np.where(np.isin(self.mask, labels), self.mask, np.uint8(0))
        return kept if kept.any() else None

    @cached_property
    def earlier(self) -> NDArray[np.uint8] | None:
        """What was proposed in the mask before, to give way; None where nothing was."""
        if self.mask is None or self.drawn is None:
            return None
        return self.mask.copy() if self.references is None else self.mask - self.references


@dataclass(frozen=True, eq=False)
class Proposal:
    """Proposed labels, what they were proposed by, and how they are drawn."""

    scene: Scene
    chance: NDArray[np.float32]
    parameters: Any
    labels: NDArray[np.uint8]
    drawn: NDArray[np.uint8]

    @property
    def region(self) -> NDArray[np.bool_]:
        """Where unhydrated cement is proposed."""
        return self.labels == Label.UNHYDRATED


class Learner:
    """What was learnt, and the probabilities of the image at hand.

    One worker thread at a time uses it.

    Attributes
    ----------
    classifier : PixelClassifier or None
        Trained on the strokes as they were last.
    strokes : dict of str to int
        How many strokes there are on each image.
    kinds : set of int
        Which values of `Stroke` were drawn.
    """

    def __init__(self) -> None:
        self.classifier: Any = None
        self.strokes: dict[str, int] = {}
        self.kinds: set[int] = set()
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
        self.kinds = {int(kind) for drawn in strokes for kind in np.unique(drawn)} - {0}
        if self.kinds != {int(kind) for kind in Stroke}:
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
        drawn_here = scene.strokes is not None and scene.strokes.any()
        found = {scene.name: (scene.pixels, scene.strokes)} if drawn_here else {}
        for name in () if study is None else study.stroked_images:
            drawn = study.strokes(name) if name != scene.name else None
            if drawn is not None:
                found[name] = (self._read(study, name), drawn)
        self.strokes = {
            name: count for name, (_, drawn) in found.items() if (count := count_strokes(drawn))
        }
        # In the order of the study, as the mask step learns: then both propose the same.
        names = found if study is None else [one.id for one in study.images if one.id in found]
        return [found[name][0] for name in names], [found[name][1] for name in names]

    def _read(self, study: Any, name: str) -> NDArray[Any]:
        if name not in self._pixels:
            while len(self._pixels) >= _KEPT:
                del self._pixels[next(iter(self._pixels))]
            self._pixels[name] = study.read(name).pixels
        return self._pixels[name]


def select(
    report: Progress, scene: Scene, chance: NDArray[np.float32], parameters: Any
) -> Proposal:
    """Propose from probabilities at hand, as the mask step does with these parameters."""
    from napari_npm.study.proposing import propose

    report(0, 1, "choosing by size and shape")
    nm = 1000.0 if scene.pixel_size_nm is None else scene.pixel_size_nm  # then 1 px is 1 µm
    labels = propose(scene.pixels, nm, parameters, chance=chance, drawn=scene.references)
    if scene.references is not None:
        labels[scene.references > 0] = 0  # they are in the mask and shown there
    _ = scene.earlier  # as the mask is now: a person may change it until this is taken
    return Proposal(scene, chance, parameters, labels, hatched(labels, line_width(labels.shape)))


def count_strokes(drawn: NDArray[np.uint8]) -> int:
    """Return the number of connected strokes."""
    from scipy import ndimage

    eight = np.ones((3, 3), bool)
    return sum(int(ndimage.label(drawn == kind, eight)[1]) for kind in Stroke)
