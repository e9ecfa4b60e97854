"""One block of the network, forwards and backwards, for the fused alpha1-beta0 decomposition.

With z the positive sums of a convolution, its inputs a get ``a * adjoint(R / (z + epsilon))``.
Either pooling hands back ``R = weights * enlarged(factors)``, where the weights and z are the same
for every output explained.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ._ties import weigh_winners

LEAST_WEIGHT = 1e-12  # of the weights by which a unit without positive ones shares
LEAST_REACH = 1e-20
FEW_CHANNELS = 8  # the adjoint of a convolution to so few channels is faster as a product


def quarters(images: Tensor) -> list[Tensor]:
    """Return the four places of all 2x2 windows as views (n, C, H // 2, W // 2)."""
    height, width = (2 * (size // 2) for size in images.shape[2:])
    inside = images[:, :, :height, :width]
    return [inside[:, :, row::2, col::2] for row in (0, 1) for col in (0, 1)]


def enlarged(pooled: Tensor) -> Tensor:
    """Repeat each value in its 2x2 window."""
    return functional.interpolate(pooled, scale_factor=2, mode="nearest")


def sums(values: Tensor) -> Tensor:
    """Return each image's sum in double precision, on the CPU."""
    if values.device.type == "mps":  # which has none
        values = values.cpu()
    return values.sum((1, 2, 3), dtype=torch.float64).cpu()


def padded(images: Tensor, mode: str) -> Tensor:
    """Add a frame of one pixel as the convolution sees it, but none of zeros."""
    return images if mode == "zeros" else functional.pad(images, (1, 1, 1, 1), mode=mode)


def folded(framed: Tensor, mode: str) -> Tensor:
    """Adjoint of padding: hand what arrived in a frame of one pixel back to where it came from."""
    if mode == "zeros":
        return framed[:, :, 1:-1, 1:-1]
    into = 2 if mode == "reflect" else 1  # row 0 is a copy of this one
    framed[:, :, into] += framed[:, :, 0]
    framed[:, :, -1 - into] += framed[:, :, -1]
    framed[:, :, :, into] += framed[:, :, :, 0]
    framed[:, :, :, -1 - into] += framed[:, :, :, -1]
    return framed[:, :, 1:-1, 1:-1]


class Convolution:
    """A 3x3 convolution of given weights (out, in, 3, 3) and its adjoint."""

    def __init__(
        self, weight: Tensor, mode: str, layout: torch.memory_format, bias: Tensor | None = None
    ) -> None:
        self.mode = mode
        self.bias = bias
        self.weight = weight.contiguous(memory_format=layout)
        self._back = weight.flip(2, 3).transpose(0, 1).contiguous(memory_format=layout)
        self._taps = weight.permute(2, 3, 1, 0).reshape(9, weight.shape[1], len(weight))

    def __call__(self, images: Tensor) -> Tensor:
        """Convolve (n, in, H, W)."""
        frame = 1 if self.mode == "zeros" else 0
        return functional.conv2d(padded(images, self.mode), self.weight, self.bias, padding=frame)

    def adjoint(self, arriving: Tensor, channels: int | None = None) -> Tensor:
        """Hand (n, out, H, W) back to the inputs, (n, in, H, W), or the first ones of a few."""
        if len(self._back) <= FEW_CHANNELS:
            return folded(self._scattered(arriving, channels), self.mode)
        if self.mode == "zeros":
            return functional.conv2d(arriving, self._back, padding=1)
        return folded(functional.conv2d(arriving, self._back, padding=2), self.mode)

    def _scattered(self, arriving: Tensor, channels: int | None) -> Tensor:
        n, out, height, width = arriving.shape
        matrix = self._taps[:, :channels].reshape(-1, out)
        taps = (matrix @ arriving.permute(1, 0, 2, 3).reshape(out, -1)).view(
            3, 3, -1, n, height, width
        )
        framed = taps.new_zeros(taps.shape[2], n, height + 2, width + 2)
        for row in range(3):
            for col in range(3):
                framed[:, :, row : row + height, col : col + width] += taps[row, col]
        return framed.transpose(0, 1)


@dataclass
class Kept:
    """What a block keeps from its forward pass.

    Attributes
    ----------
    inputs : Tensor, (n, C, H, W)
        What its convolution read.
    weights : Tensor, (n, out, H, W)
        Of max pooling, 1 at each window's winners, else 0; of average pooling, the activations.
    pooled : Tensor, (n, out, H // 2, W // 2)
        What it gave.
    """

    inputs: Tensor
    weights: Tensor
    pooled: Tensor


def pool(activations: Tensor, maximum: bool, shared: bool) -> tuple[Tensor, Tensor]:
    """Pool 2x2 windows; return what `Kept` names pooled and weights. The input is overwritten.

    ``shared`` keeps all equal winners of a maximum, else the first.
    """
    places = quarters(activations)
    height, width = (2 * size for size in places[0].shape[2:])
    if maximum:
        pooled = torch.maximum(
            torch.maximum(places[0], places[1]), torch.maximum(places[2], places[3])
        )
        inside = activations[:, :, :height, :width]  # becomes 1 or 0
        if shared:
            weigh_winners(inside, enlarged(pooled), pooled)
        else:
            inside.eq_(enlarged(pooled))
            free = 1 - places[0]
            for place in places[1:]:
                place *= free
                free -= place
    else:
        pooled = (places[0] + places[1]).add_(places[2]).add_(places[3]).mul_(0.25)
    # an odd last row or column is in no window
    activations[:, :, height:] = 0
    activations[:, :, :, width:] = 0
    return pooled, activations


def winners(weights: Tensor) -> Tensor:
    """Return the number of winners in each window."""
    first, second, third, fourth = quarters(weights)
    return (first + second).add_(third).add_(fourth)


class Loss:
    """Follows each image's relevance down the layers and tells where too much is lost.

    Parameters
    ----------
    epsilon : float
        Stabiliser of the rules' denominators.
    least : float
        Share of what arrives that a layer may lose.
    wanted : bool
        Whether lost relevance is looked for at all.
    n : int
        Images.
    """

    def __init__(self, epsilon: float, least: float, wanted: bool, n: int) -> None:
        self.epsilon = epsilon
        self.wanted = wanted
        self.met = torch.zeros(n, dtype=torch.float64)
        self._least = least
        self._before = torch.ones(n, dtype=torch.float64)

    def left(self, relevance: Tensor) -> Tensor | None:
        """Return 1 for each image that lost relevance on the way to this, 0 for others, or None."""
        if not self.wanted:
            return None
        after = sums(relevance)
        losing = (self._before - after) > self._least * self._before.abs()
        self._before = after
        if not bool(losing.any()):
            return None
        return losing.to(relevance.device, relevance.dtype).view(-1, 1, 1, 1)

    def found(self, left: Tensor) -> None:
        """Count what was lost and is placed again."""
        placed = sums(left)
        self.met += placed
        self._before += placed


def averaged(
    means: Tensor, relevance: Tensor, places: int, loss: Loss
) -> tuple[Tensor, Tensor | None]:
    """Share relevance of averages by contribution: the factors of the activations, and a rest.

    Every place of a window gets its activation times the factor, and the rest where relevance
    met an average of 0.
    """
    lifted = means + loss.epsilon
    divided = relevance / lifted
    losing = loss.left(divided * means)
    if losing is None:
        return divided / places, None
    left = loss.epsilon * divided * losing
    loss.found(left)
    share = left / (lifted * places)
    return divided / places + share, loss.epsilon * share
