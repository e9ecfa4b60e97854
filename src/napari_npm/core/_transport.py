"""Electron transport in a homogeneous half space, for many electrons side by side.

An electron's place in its life is told by one number, the optical depth τ: how many collisions it
would have on average until it is stopped, at 50 eV. On the way from energy E to the end
τ = ∫ μ / S dE and the range R = ∫ dE / S (μ collisions per g/cm², S stopping power), and since
collisions come at a unit rate in τ, a free flight takes a plain exponential number off τ and the
table R(τ) tells how far it went: neither the energy nor a logarithm of it is ever formed, and the
continuous slowing down between two collisions is exact. Lengths are in units of the full range.

Deflections come from one table over all atoms of the material: row = node of τ, chosen at random
between the two nearest in proportion to nearness; column = one of 641 shares of probability, finer
for large deflections (see `_tables`), with the mean over the share, so that the first moment is
kept exactly.

An electron whose range is below its depth cannot come back, and is dropped at once: exact for
everything that is told of backscattered electrons.

`_advance` moves all lanes by one collision without branches, so that the compiler turns it into
vector instructions (`_NoAlias` promises it that no two arrays overlap, else it would not dare);
that is 3.5 times as fast as one by one. Single precision, with a logarithm and a cosine of its
own; arithmetic stays in the order written, so the width of a machine's vectors changes nothing.
"""

import math
from typing import Any

import numba
import numpy as np
from numba.core.compiler import Compiler
from numba.extending import intrinsic
from numpy.typing import NDArray

from ._tables import COLUMNS, DRAWS, FIRST

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

_COLUMN_0 = np.float32(FIRST).view(np.uint32) >> np.uint32(17)  # 6 bits of mantissa are left
LANES = 256  # electrons side by side: their states and the tables stay in the nearest caches

f4 = np.float32
u4 = np.uint32
u8 = np.uint64
_ZERO, _ONE, _TWO = f4(0), f4(1), f4(2)
_HALF_TURN = f4(0.5 - 2.0**-17)  # so that the azimuths lie evenly about it
_LN2 = f4(math.log(2))
# ln(1 + m) for 0 <= m < 1 and sin(πw) / w in w² for |w| <= 1/2: Chebyshev fits, errors 3e-7, 1e-8.
_L0, _L1, _L2, _L3 = f4(2.21203223e-07), f4(0.999970257), f4(-0.499334075), f4(0.327512237)
_L4, _L5, _L6, _L7 = f4(-0.223967987), f4(0.131990837), f4(-0.053268094), f4(0.0102439486)
_S0, _S1, _S2 = f4(3.14159264), f4(-5.16771008), f4(2.55007753)
_S3, _S4 = f4(-0.598291302), f4(0.0776576647)


class _NoAlias(Compiler):
    """The compiler of numba, told that arrays given to a function never overlap."""

    def define_pipelines(self) -> Any:
        self.state.flags.noalias = True
        return super().define_pipelines()  # type: ignore[no-untyped-call]


def _reinterpret(source: Any, target: Any) -> Any:
    """Return a function that reads the bits of one type as another of the same size."""

    def declare(_typing: Any, _value: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

        return target(source), build

    return intrinsic(declare)


_bits = _reinterpret(numba.float32, numba.uint32)
_from_bits = _reinterpret(numba.uint32, numba.float32)


@numba.njit(cache=True)
def _exponential(word: u4) -> f4:
    """Return -ln of the upper 24 bits of a random word, read as a number in (0, 1)."""
    bits = _bits(f4(np.int32(u4(word >> u4(8)) | u4(1))))
    halvings = f4(np.int32(u4(u4(24 + 127) - u4(bits >> u4(23)))))
    m = f4(_from_bits(u4(bits & u4(0x7FFFFF)) | u4(0x3F800000)) - _ONE)
    high = ((_L7 * m + _L6) * m + _L5) * m + _L4
    return f4(_LN2 * halvings - ((((high * m + _L3) * m + _L2) * m + _L1) * m + _L0))


@numba.njit(cache=True)
def _cosine(word: u4) -> f4:
    """Return the cosine of a random azimuth, from the upper 16 bits of a random word."""
    w = f4(np.int32(word >> u4(16))) * f4(2.0**-16) - _HALF_TURN
    square = w * w
    return f4(((((_S4 * square + _S3) * square + _S2) * square + _S1) * square + _S0) * w)


@numba.njit(cache=True)
def _rotate(word: u4, by: int) -> u4:
    return u4(u4(word << u4(by)) | u4(word >> u4(32 - by)))


@numba.njit(
    cache=True,
    nogil=True,
    boundscheck=False,
    error_model="numpy",
    pipeline_class=_NoAlias,
)
def _advance(
    n: int,
    s0: Words,
    s1: Words,
    s2: Words,
    s3: Words,
    tau: Floats,
    left: Floats,
    depth: Floats,
    cosine: Floats,
    deepest: Floats,
    ranges: Floats,
    deflections: Floats,
    per_range: f4,
    per_node: f4,
) -> None:
    """Move the first ``n`` electrons to their next collision; mark those that end with τ = -1."""
    for k in range(n):
        # xoshiro128++ of D. Blackman and S. Vigna (doi:10.1145/3460772), two words a collision
        a, b, c, d = s0[k], s1[k], s2[k], s3[k]
        first = u4(_rotate(u4(a + d), 7) + a)
        t = u4(b << u4(9))
        c, d = u4(c ^ a), u4(d ^ b)
        b, a = u4(b ^ c), u4(a ^ d)
        c, d = u4(c ^ t), _rotate(d, 11)
        second = u4(_rotate(u4(a + d), 7) + a)
        t = u4(b << u4(9))
        c, d = u4(c ^ a), u4(d ^ b)
        b, a = u4(b ^ c), u4(a ^ d)
        s0[k], s1[k], s2[k], s3[k] = a, b, u4(c ^ t), _rotate(d, 11)

        tau_now = max(tau[k] - _exponential(first), _ZERO)
        place = tau_now * per_range
        i = u4(np.int32(place))
        low, high = ranges[i], ranges[u4(i + u4(1))]
        left_now = low + (place - f4(np.int32(i))) * (high - low)
        old_depth, old_cosine, old_left = depth[k], cosine[k], left[k]
        new_depth = old_depth + old_cosine * (old_left - left_now)
        goes_on = (new_depth > _ZERO) & (left_now > new_depth)

        # the first word's lower 8 bits choose the node; the second's upper 16 are the azimuth
        dither = f4(np.int32(first & u4(255))) * f4(1 / 256) + f4(1 / 512)
        node = u4(np.int32(tau_now * per_node + dither))
        drawn = f4(np.int32(u4(second & u4(DRAWS - 1)) + u4(FIRST)))
        column = u4(u4(_bits(drawn) >> u4(17)) - _COLUMN_0)
        x = deflections[u4(u4(node * u4(COLUMNS)) + column)]
        sines = math.sqrt(max(x * (_ONE - x) * (_ONE - old_cosine * old_cosine), _ZERO))
        turned = old_cosine * (_ONE - x - x) + _TWO * sines * _cosine(second)

        tau[k] = tau_now if goes_on else -_ONE
        left[k] = left_now if goes_on else old_left
        depth[k] = new_depth if goes_on else old_depth
        cosine[k] = min(max(turned, -_ONE), _ONE) if goes_on else old_cosine
        deepest[k] = max(deepest[k], new_depth)


@numba.njit(cache=True)
def _mixed(x: u8) -> u8:
    """Return a hash of a 64-bit word: one step of splitmix64."""
    x = u8(x + u8(0x9E3779B97F4A7C15))
    x = u8((x ^ (x >> u8(30))) * u8(0xBF58476D1CE4E5B9))
    x = u8((x ^ (x >> u8(27))) * u8(0x94D049BB133111EB))
    return u8(x ^ (x >> u8(31)))


@numba.njit(cache=True, nogil=True, boundscheck=False, error_model="numpy")
def run_batch(
    seed: u8,
    number: u8,
    electrons: int,
    cos_tilt: f4,
    tau_start: f4,
    ranges: Floats,
    deflections: Floats,
    energies: Floats,
    spectrum: NDArray[np.int64],
) -> tuple[float, int]:
    """Follow a batch of electrons to their ends.

    Parameters
    ----------
    seed, number : uint64
        The random numbers depend on these two and on nothing else.
    electrons : int
        How many; each enters at depth 0 and first collides one free flight along the beam.
    cos_tilt : float32
        Cosine between the beam and the surface's normal.
    tau_start : float32
        Optical depth at the beam's energy.
    ranges : ndarray of float32, (points + 2,)
        Range at equal steps of τ from 0 to ``tau_start``, in units of the full range.
    deflections : ndarray of float32, ((nodes + 2) * COLUMNS,)
        x = sin²(θ/2) at equal steps of τ from 0 to ``tau_start``.
    energies : ndarray of float32, (points + 1,)
        Energy over the beam's at equal steps of range from 0 to 1.
    spectrum : ndarray of int64, (bins,)
        Backscattered electrons by their energy over the beam's; counted up.

    Returns
    -------
    depth : float
        Sum over backscattered electrons of their greatest depth, in units of the full range.
    collisions : int
        Collisions computed.
    """
    n = min(LANES, electrons)
    state = np.empty((4, n), dtype=np.uint32)
    stream = _mixed(u8(_mixed(seed) ^ number))
    for k in range(n):
        word = _mixed(u8(stream + u8(2 * k)))
        other = _mixed(u8(stream + u8(2 * k + 1)))
        state[0, k], state[1, k] = u4(word), u4(word >> u8(32))
        state[2, k], state[3, k] = u4(other), u4(other >> u8(32)) | u4(1)
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    tau, left = np.full(n, tau_start, dtype=np.float32), np.ones(n, dtype=np.float32)
    depth, deepest = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
    cosine = np.full(n, cos_tilt, dtype=np.float32)
    per_range = f4((ranges.size - 2) / tau_start)
    per_node = f4((deflections.size // COLUMNS - 2) / tau_start)
    steps, bins = energies.size - 1, spectrum.size
    waiting = electrons - n
    total_depth, collisions = 0.0, 0
    while n > 0:
        _advance(
            n, s0, s1, s2, s3, tau, left, depth, cosine, deepest,
            ranges, deflections, per_range, per_node,
        )  # fmt: skip
        collisions += n
        k = 0
        while k < n:
            if tau[k] >= 0:
                k += 1
                continue
            if cosine[k] < 0:
                place = (left[k] + depth[k] / cosine[k]) * steps  # range left at the surface
                if place > 0:
                    i = min(int(place), steps - 1)
                    energy = energies[i] + (place - i) * (energies[i + 1] - energies[i])
                    spectrum[min(int(energy * bins), bins - 1)] += 1
                    total_depth += deepest[k]
            if waiting > 0:
                waiting -= 1
                tau[k], left[k], depth[k], deepest[k] = tau_start, _ONE, _ZERO, _ZERO
                cosine[k] = cos_tilt
                k += 1
                continue
            n -= 1  # the last lane takes the place of the one that ended
            tau[k], left[k], depth[k], deepest[k] = tau[n], left[n], depth[n], deepest[n]
            cosine[k] = cosine[n]
            s0[k], s1[k], s2[k], s3[k] = s0[n], s1[n], s2[n], s3[n]
    return total_depth, collisions
