"""Normal numbers from counters, compiled: any number of a stream, in any order, in any thread."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["FAST", "GOLDEN", "mixed", "normals", "splitmix"]

Array = NDArray[np.float64]
Words = NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)

_FRACTION, _ONE = np.int64(0xFFFFFFFFFFFFF), np.int64(0x3FF0000000000000)
_LN2, _ROOT2 = 0.6931471805599453, 1.4142135623730951
_EIGHTH = 0.7853981633974483 / 2.0**29
_S3, _S5, _S7, _S9, _SB = -1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800
_C2, _C4, _C6, _C8, _C10 = -1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800

FAST = {"contract", "nsz"}


@njit(cache=True, nogil=True, inline="always")
def splitmix(word: np.uint64) -> np.uint64:
    """Return the number that the generator splitmix64 makes of a state."""
    word = (word ^ (word >> _S30)) * _MIX_A
    word = (word ^ (word >> _S27)) * _MIX_B
    return word ^ (word >> _S31)


@njit(cache=True, nogil=True)
def mixed(seeds: Words) -> Words:
    """Return well-mixed stream states of any seeds, small and consecutive ones included."""
    out = np.empty_like(seeds)
    for i in range(seeds.size):
        out[i] = splitmix(seeds[i] + GOLDEN)
    return out


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _draw(streams: Words, number: int, words: Words, uniform: Array) -> None:
    """Fill word `number` of every stream, and its high half plus 1/2 as a float."""
    shift = np.uint64(number) * GOLDEN
    for i in range(streams.size):
        word = splitmix(streams[i] + shift)
        words[i] = word
        uniform[i] = np.float64(np.int64(word >> _S32)) + 0.5


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _split(bits: NDArray[np.int64], fraction: NDArray[np.int64], exponent: Array) -> None:
    """Split floats, given as bits, into exponents and the bits of fractions in 1..2."""
    for i in range(bits.size):
        exponent[i] = np.float64((bits[i] >> np.int64(52)) - np.int64(1023))
        fraction[i] = (bits[i] & _FRACTION) | _ONE


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _rotate(words: Words, exponent: Array, fraction: Array, first: Array, second: Array) -> None:
    """Box and Muller's pair: radius from the split uniform number, angle from the low half of the word."""
    for i in range(words.size):
        s = (fraction[i] - _ROOT2) / (fraction[i] + _ROOT2)
        q = s * s
        log = s * (2.0 + q * (2 / 3 + q * (2 / 5 + q * (2 / 7 + q * (2 / 9 + q * (2 / 11))))))
        radius = np.sqrt(-2.0 * ((exponent[i] - 31.5) * _LN2 + log))
        low = np.int64(words[i] & _LOW)
        angle = (np.float64(low >> np.int64(2)) - (2.0**29 - 0.5)) * _EIGHTH
        q = angle * angle
        sine = angle * (1 + q * (_S3 + q * (_S5 + q * (_S7 + q * (_S9 + q * _SB)))))
        cosine = 1 + q * (_C2 + q * (_C4 + q * (_C6 + q * (_C8 + q * _C10))))
        cosine = cosine if low & np.int64(1) else -cosine
        swap = (low & np.int64(2)) != 0
        first[i] = radius * (sine if swap else cosine)
        second[i] = radius * (cosine if swap else sine)


@njit(cache=True, nogil=True)
def normals(streams: Words, first: int, scratch: Array, words: Words, out: Array) -> None:
    """Fill consecutive numbers of every stream of independent normal numbers.

    Parameters
    ----------
    streams : ndarray of uint64, shape (n,)
        State of every stream, well mixed.
    first : int
        The first number wanted, even.
    scratch, words : ndarray, shape (3, n) and ndarray of uint64, shape (n,)
        Overwritten.
    out : ndarray, shape (an even number, n)
        Filled with mean 0, variance 1, and nothing beyond 6.7.

    References
    ----------
    Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11 (counter-based streams);
    Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA (the mixing).
    """
    uniform, exponent, fraction = scratch[0], scratch[1], scratch[2]
    bits, fraction_bits = uniform.view(np.int64), fraction.view(np.int64)
    for row in range(0, out.shape[0], 2):
        _draw(streams, (first + row) // 2, words, uniform)
        _split(bits, fraction_bits, exponent)
        _rotate(words, exponent, fraction, out[row], out[row + 1])
