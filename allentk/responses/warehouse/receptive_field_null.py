"""How likely a map of lit pixels is by chance: events shuffled over the trials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from allentk.responses.warehouse.receptive_field_kernels import blurred, count_below

__all__ = ["EventMaps", "event_maps", "holm_sidak"]

Array = NDArray[np.float64]

#: Degrees of one step of the finer grid on which maps are blurred, and the blur in these steps.
_STEP_DEG = 1.1625
_BLUR_STEPS = 4.0
#: Standard deviation of the number of events in a shuffle, of the number found.
_MISSED_EVENTS = 0.1
#: Shuffles that are held at once.
_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class EventMaps:
    """Where pixels were lit in the trials with an event; white maps first, then black ones.

    Parameters
    ----------
    counts, weights, p_values : ndarray, shape (n_cells, 2, n_rows, n_columns)
        Events in which a pixel was lit; the same blurred; and the chance of a blurred map as high.
    """

    counts: Array
    weights: Array
    p_values: Array


def event_maps(
    events: NDArray[np.bool_],
    lit: NDArray[np.bool_],
    shape: tuple[int, int],
    *,
    pixel_deg: float,
    n_shuffles: int,
    seed: int,
) -> EventMaps:
    """Count the lit pixels of every cell's events, and shuffle the events over the trials.

    Every shuffle draws trials without replacement, their number n (1 + 0.1 z) for a normal z, n being the
    number of the cell's events. p is 1 less the fraction of shuffles whose mean map lies below the cell's:
    it can be 0. The random numbers are those of the published program, and the same for every cell.

    Parameters
    ----------
    events : ndarray of bool, shape (n_cells, n_trials)
        Trials with an event.
    lit : ndarray of bool, shape (n_trials, 2 * n_pixels)
        White pixels, then black ones.
    shape : (int, int)
        Rows and columns of the noise.
    pixel_deg : float
        Width of a pixel in degrees.
    n_shuffles, seed : int
        Number of shuffles; seed of numpy's first generator.
    """
    counts = _counts(events, lit).reshape(len(events), 2, *shape)
    down, across = _blur_matrix(shape[0], pixel_deg), _blur_matrix(shape[1], pixel_deg).T.copy()
    weights = blurred(counts.reshape(-1, *shape), down, across).reshape(counts.shape)
    number = events.sum(axis=1)
    order = np.argsort(number, kind="stable")
    order = order[number[order] > 0]
    sizes, first = np.unique(number[order], return_index=True)
    below = np.zeros((order.size, 2, *shape), dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lit.sum(axis=1))])
    pixels = np.nonzero(lit)[1]
    group = np.append(first, order.size).astype(np.int64)
    for shuffled, drawn in _shuffles(lit.shape[0], sizes, n_shuffles if order.size else 0, seed):
        count_below(
            shuffled, drawn, starts, pixels, down, across, group, sizes, weights[order], below
        )
    p_values = np.ones(counts.shape)
    p_values[order] = 1 - below / n_shuffles
    return EventMaps(counts, weights, p_values)


def _counts(events: NDArray[np.bool_], lit: NDArray[np.bool_]) -> Array:
    # Whole numbers below 2^24 are exact in single precision, which halves time and memory.
    found: Array = (events.astype(np.float32) @ lit.astype(np.float32)).astype(float)
    return found


def _shuffles(
    n_trials: int, sizes: NDArray[np.int64], n_shuffles: int, seed: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """Yield blocks of trials in shuffled order, and of numbers of events."""
    random = np.random.RandomState(
        seed
    )  # its stream is fixed for good, and that of the publication
    for begin in range(0, n_shuffles, _BLOCK):
        n = min(_BLOCK, n_shuffles - begin)
        orders = np.empty((n, n_trials), dtype=np.int32)
        drawn = np.empty((n, sizes.size), dtype=np.int64)
        for row in range(n):
            drawn[row] = sizes + np.rint(_MISSED_EVENTS * sizes * random.randn())
            orders[row] = random.permutation(n_trials)
        yield orders, np.clip(drawn, 0, n_trials)


def _blur_matrix(n: int, pixel_deg: float) -> Array:
    """Return the matrix that blurs a line of pixels by a Gaussian of 4.65 degrees, keeping its sum."""
    fine = max(round(pixel_deg / _STEP_DEG), 1)
    places = np.arange(0, 3 * n, 1 / fine)[: 3 * n * fine] - (0.5 - 0.5 / fine)
    padded = np.zeros((3 * n, n))
    padded[n : 2 * n] = np.eye(n)
    drawn = np.stack([np.interp(places, np.arange(3 * n), line) for line in padded.T], axis=1)
    smooth = gaussian_filter1d(drawn, _BLUR_STEPS, axis=0, mode="constant")
    coarse = smooth.reshape(3 * n, fine, n).sum(axis=1)
    matrix: Array = (coarse / coarse.sum(axis=0))[n : 2 * n]
    return np.ascontiguousarray(matrix)


def holm_sidak(p_values: Array) -> Array:
    """Correct for the number of tests: Sidak's correction, stepping down from the smallest p.

    Parameters
    ----------
    p_values : ndarray
        Uncorrected, of any shape; all of them are one family.

    Examples
    --------
    >>> holm_sidak(np.array([0.01, 0.5])).round(4).tolist()
    [0.0199, 0.5]
    """
    flat = p_values.ravel()
    order = np.argsort(flat, kind="stable")
    with np.errstate(divide="ignore"):  # log of 0 where p is 1
        raw = -np.expm1(np.arange(flat.size, 0, -1) * np.log1p(-flat[order]))
    out = np.empty(flat.size)
    out[order] = np.minimum(np.maximum.accumulate(raw), 1)
    return out.reshape(p_values.shape)
