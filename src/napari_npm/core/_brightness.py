"""How much brighter an image is than those that a classifier was trained on.

Unhydrated cement and calcium hydroxide lie few grey levels apart, and brightness drifts by as much
between images. Scaling an image by its own mean or percentiles makes it worse, since these go with
what is in the image. The even phases themselves hold still: their modes, however high, lie at the
same grey levels, so images are laid over each other by the histogram of what is even. An image may
lack a phase, and another then seem to be it: offsets near to none, or near to that of the whole
image's median, are therefore preferred; or, where somebody has shown cement, near to that of its
grey.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ._pixel_features import STRIP, even_grey, strips
from .errors import NpmError

Float = NDArray[np.float32]

# In units of the scatter of grey within unhydrated cement.
_LIMIT = 1.5  # how uneven a window may be and still count
_BIN = 1 / 12
_BLUR = 1 / 3
_REACH = 6  # how far from those offsets is looked
_LIKELY = 2.5  # standard deviation about them
_MOST_SHIFTS = 20_000
_ENOUGH = 1 << 20  # pixels to look at; of a larger image only every so many strips


@dataclass(frozen=True, eq=False)
class Brightness:
    """Histogram of even grey in the training images.

    Attributes
    ----------
    profile : float64 array, (bins,)
        Square roots of the counts, smoothed: many pixels of a phase do not outweigh a rare one.
    lowest, step : float
        Lower end of the first bin and width of a bin, in grey levels.
    scatter : float
        Standard deviation of grey within unhydrated cement.
    middle : float
        Median grey level of the first image.
    """

    profile: NDArray[np.float64]
    lowest: float
    step: float
    scatter: float
    middle: float

    @classmethod
    def of(cls, grey: Float, scatter: float) -> "Brightness":
        """Take an image as it is for the measure."""
        low, high = float(grey.min()), float(grey.max())
        scatter = max(scatter, (high - low) / 256, 1e-6 * max(abs(low), abs(high), 1e-30))
        step = scatter * _BIN
        bins = int((high - low) / step) + 1
        profile = _profile(grey, scatter, low, step, bins)
        return cls(profile, low, step, scatter, float(np.median(grey)))

    def with_image(self, grey: Float) -> "Brightness":
        """Add an image that was laid over the others."""
        profile = _profile(grey, self.scatter, self.lowest, self.step, self.profile.size)
        return replace(self, profile=self.profile + profile)

    def offset(self, grey: Float, shown: float | None = None) -> float:
        """Grey levels to be taken from an image so that its even phases match.

        Parameters
        ----------
        grey : float32 array, (H, W)
            The image.
        shown : float, optional
            The offset of cement that somebody has shown in it: the true one is near.

        Returns
        -------
        float
            0 for the only training image itself, and where nothing is even.
        """
        likely = float(np.median(grey)) - self.middle if shown is None else shown
        moved = round(likely / self.step)
        reach = round(_REACH / _BIN)
        shifts = np.arange(min(0, moved) - reach, max(0, moved) + reach + 1)
        if shifts.size > _MOST_SHIFTS:  # not the same kind of image
            return 0.0
        bins = self.profile.size + shifts.size - 1
        profile = _profile(grey, self.scatter, self.lowest + shifts[0] * self.step, self.step, bins)
        match = np.correlate(profile, self.profile, mode="valid")
        off = np.abs(shifts - moved)
        if shown is None:
            off = np.minimum(np.abs(shifts), off)
        off = off * _BIN / _LIKELY
        match *= np.exp(-0.5 * off**2)
        nearest = np.argsort(np.abs(shifts), kind="stable")  # of equals, the least shift
        best = nearest[np.argmax(match[nearest])]
        return float(shifts[best] * self.step)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {
            "brightness": self.profile,
            "brightness_scale": np.array([self.lowest, self.step, self.scatter, self.middle]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> "Brightness":
        """Take up what `to_arrays` returned.

        Raises
        ------
        NpmError
            If it is damaged.
        """
        profile = np.asarray(arrays["brightness"], dtype=np.float64)
        scale = np.asarray(arrays["brightness_scale"], dtype=np.float64)
        if (
            profile.ndim != 1
            or profile.size == 0
            or scale.shape != (4,)
            or not np.isfinite(profile).all()
            or not np.isfinite(scale).all()
            or not (scale[1:3] > 0).all()
        ):
            raise NpmError("The classifier is damaged; train it anew from the strokes.")
        return cls(profile, *(float(number) for number in scale))


def _profile(
    grey: Float, scatter: float, lowest: float, step: float, bins: int
) -> NDArray[np.float64]:
    counts = np.zeros(bins)
    every = max(1, grey.size // _ENOUGH)
    for first, strip in strips(grey):
        if (first // STRIP) % every:
            continue
        values, unevenness = even_grey(strip)
        at = np.floor((values[unevenness <= _LIMIT * scatter] - lowest) / step)
        at = at[(at >= 0) & (at < bins)].astype(np.intp)
        counts += np.bincount(at, minlength=bins)
    return np.asarray(ndimage.gaussian_filter1d(np.sqrt(counts), _BLUR / _BIN, mode="constant"))
