"""Where a network looked in an image larger than a tile, without seams."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ._windows import Blend, Crops, Windows, lay_windows
from .centre_bias import LEAST_MAPS, smooth_field
from .errors import NpmError
from .prediction import predict
from .progress import Progress, silent
from .relevance import Explainer
from .tiling import TILE

CENTRE_BIAS = ("none", "crops")
_TOO_FEW = (
    "The centre bias cannot be found from {} windows with relevance: take a smaller stride or a"
    " larger image, or leave it."
)


@dataclass(frozen=True)
class ImageExplanation:
    """Where a network looked in an image larger than a tile.

    Attributes
    ----------
    relevance : ndarray of float32, (H, W)
        At least 0; an area of one tile holds 1 on average.
    difference : ndarray of float32, (H, W), or None
        The class-difference map (see `explain`) on the same scale, signed, where asked for.
    target : int
        The class explained, one for the whole image.
    against : int, "others" or None
        The class that it is compared with.
    predicted : ndarray of int64, (n,)
        The class that the network chose in each window, row by row.
    conservation, undefined : ndarray of float64, (n,)
        As in `Explanation`, of each window.
    channel_share : ndarray of float64, (n, C)
        Share of each channel of the input in the relevance of each window.
    windows : Windows
        Where they are.
    centre_bias : str
        What was done about it besides shifting the windows: "none", "crops" or "field".
    field : ndarray of float64, (tile, tile), or None
        What was divided out.
    uncorrected : ndarray of float32, (H, W), or None
        The relevance as it was before that, on the same scale, where asked for.
    engine, input_rule, undefined_rule : str
        How it was computed, as in `Explanation`.
    settings : mapping
        What was asked of `Explainer`.
    """

    relevance: NDArray[np.float32]
    difference: NDArray[np.float32] | None
    target: int
    against: int | Literal["others"] | None
    predicted: NDArray[np.int64]
    conservation: NDArray[np.float64]
    undefined: NDArray[np.float64]
    channel_share: NDArray[np.float64]
    windows: Windows
    centre_bias: str
    field: NDArray[np.float64] | None
    uncorrected: NDArray[np.float32] | None
    engine: str
    input_rule: str
    undefined_rule: str
    settings: Mapping[str, Any]

    @property
    def tile(self) -> int:
        """Side of a window, px."""
        return self.windows.tile

    @property
    def stride(self) -> int:
        """Distance of neighbouring windows, px."""
        return self.windows.stride


def explain_image(
    model: nn.Module,
    image: Any,
    target: int | None = None,
    *,
    tile: int = TILE,
    stride: int | None = None,
    centre_bias: Literal["none", "crops"] | NDArray[np.float64] = "none",
    sigma_px: float = 16.0,
    uncorrected: bool = False,
    against: int | Literal["others"] | None = None,
    batch_size: int = 8,
    progress: Progress = silent,
    **settings: Any,
) -> ImageExplanation:
    """Explain one class over a whole image, without seams.

    Each window of an image is explained by itself, and its relevance scaled to sum 1 as that of a
    tile. A pixel gets the mean of what the windows that hold it say, with weights that fall to 0
    at their edges (sine squared), so that no window's edge shows. Since every pixel is near the
    middle of some window and near the edge of others, much of the centre bias goes too: with a
    stride of a quarter of a tile all of it within the image, with half a tile a ripple of about
    a tenth is left. Near the edge of the image itself there are only edges of windows.
    ``centre_bias`` divides out what is left.

    Parameters
    ----------
    model, image, tile, progress
        As for `predict_image`.
    stride : int, optional
        Distance of neighbouring windows in px; ``tile`` for tiles side by side. By default the
        odd number next below half a tile: pooling leaves a grid of 2, 4, 8 ... px in relevance
        maps, which windows at odd distances average out and others keep.
    target : int, optional
        Class to explain in all windows; by default the one that is most probable on average.
    centre_bias : {"none", "crops"} or array, (tile, tile)
        "crops" divides out the mean map of all windows of this image (`centre_bias.mean_field`),
        an array one that was fitted elsewhere.
    sigma_px : float
        Standard deviation in px of the Gaussian that smooths the mean map of "crops".
    uncorrected : bool
        Also return the relevance without this division.
    against : int or "others", optional
        Class to compare the target with, as for `explain`.
    batch_size : int
        Windows at a time; memory grows with it, and else only with the result.
    **settings
        As for `Explainer`: engine, rule, input_rule, undefined, average, difference, ...

    Returns
    -------
    ImageExplanation

    Raises
    ------
    NpmError
        If the image is smaller than a tile, holds NaN or does not fit the network, a setting is
        unknown, the target is no class, or there are too few windows to fit the field of "crops".
    """
    stride = max((tile // 2 - 1) | 1, 1) if stride is None else stride
    windows = lay_windows(model, image, tile, stride)
    bias, field = _checked_bias(centre_bias, windows)
    explainer = Explainer(model, batch_size=batch_size, **settings)
    crops, n = Crops(image, windows), len(windows)
    if bias == "crops" and n < LEAST_MAPS:
        raise NpmError(_TOO_FEW.format(n))
    before = 0
    if target is None:
        target, before = _most_probable(model, image, windows, batch_size, progress)

    blends = [Blend(windows)]
    mean, used = np.zeros((tile, tile)), 0
    predicted, conservation, undefined = np.zeros(n, np.int64), np.zeros(n), np.zeros(n)
    shares = []
    for start in range(0, n, batch_size):
        part = range(start, min(start + batch_size, n))
        found = explainer([crops[number] for number in part], target, against)
        maps = [found.relevance]
        if found.difference is not None:
            maps.append(found.difference)
            if len(blends) == 1:
                blends.append(Blend(windows))
        for blend, values in zip(blends, maps, strict=True):
            for number, one in zip(part, values, strict=True):
                blend.add(number, one)
        mean += found.relevance.sum(0, dtype=np.float64)
        used += int(np.count_nonzero(found.relevance.any((1, 2))))
        stop = part.stop
        predicted[start:stop] = found.predicted
        conservation[start:stop] = found.conservation
        undefined[start:stop] = found.undefined
        shares.append(found.channel_share)
        least = float(found.conservation.min())
        progress(before + stop, before + n, "Relevance", {"conservation": least})
    if bias == "crops":
        if used < LEAST_MAPS:
            raise NpmError(_TOO_FEW.format(used))
        field = smooth_field(mean, sigma_px=sigma_px)
    wanted = used / n * image.shape[-2] * image.shape[-1] / tile**2  # some may hold no relevance
    raw = None
    if uncorrected:
        raw = deepcopy(blends[0]).mean()
        raw *= _scale(raw, wanted)
    relevance = blends[0].mean(field)
    scale = _scale(relevance, wanted)
    relevance *= scale
    difference = None
    if len(blends) > 1:
        difference = blends[1].mean(field)
        difference *= scale
    return ImageExplanation(
        relevance=relevance,
        difference=difference,
        target=int(target),
        against=against,
        predicted=predicted,
        conservation=conservation,
        undefined=undefined,
        channel_share=np.concatenate(shares),
        windows=windows,
        centre_bias=bias,
        field=field,
        uncorrected=raw,
        engine=found.engine,
        input_rule=found.input_rule,
        undefined_rule=found.undefined_rule,
        settings=settings,
    )


def _scale(relevance: NDArray[np.float32], wanted: float) -> np.float32:
    """Return what makes relevance sum to what is wanted."""
    total = float(relevance.sum(dtype=np.float64))
    return np.float32(wanted / total if total > 0 else 1.0)


def _most_probable(
    model: nn.Module, image: Any, windows: Windows, batch_size: int, progress: Progress
) -> tuple[int, int]:
    """Return the class that is most probable on average over tiles side by side, and their number.

    The progress that is told counts the windows to be explained afterwards too.
    """
    apart = Windows.lay(windows.shape, windows.tile, windows.tile)

    def first(
        done: int, total: int, message: str = "", metrics: Mapping[str, float] | None = None
    ) -> None:
        progress(done, total + len(windows), message, metrics)

    found = predict(model, Crops(image, apart), batch_size=batch_size, progress=first)
    return int((found * apart.area.reshape(-1, 1)).sum(0).argmax()), len(apart)


def _checked_bias(centre_bias: Any, windows: Windows) -> tuple[str, NDArray[np.float64] | None]:
    if isinstance(centre_bias, str):
        if centre_bias not in CENTRE_BIAS:
            raise NpmError(
                f"The treatment of the centre bias {centre_bias!r} is unknown: choose"
                f" {' or '.join(CENTRE_BIAS)}, or give a field."
            )
        return centre_bias, None
    field = np.asarray(centre_bias, dtype=np.float64)
    if field.shape != (windows.tile, windows.tile) or not np.isfinite(field).all():
        raise NpmError(
            f"The field has the shape {field.shape} but a window is {windows.tile} x"
            f" {windows.tile} px: take what mean_field returns for tiles of that size."
        )
    if field.min() <= 0:
        raise NpmError("The field must be above 0 everywhere: take what mean_field returns.")
    return "field", field
