"""Traces binned by running speed: means, errors, and the variance of shuffled bins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from allentk.responses.warehouse.speed_kernels import add_to_bins

__all__ = ["SpeedBins", "speed_bins"]

Array = NDArray[np.float64]

#: Below this the animal rests: the first bin.
REST_CM_S = 1.0
_CHUNK, _CELLS = 8192, 32


@dataclass(frozen=True, slots=True, eq=False)
class SpeedBins:
    """Frames in the order of speed, cut into bins.

    Parameters
    ----------
    frames : ndarray of int64, shape (n_frames,)
        Frames in the order of speed.
    edges : ndarray of int64, shape (n_bins + 1,)
        Where in that order bins begin and end; the first is rest where the animal rests at all, frames
        after the last are in none.
    speed_cm_s : ndarray, shape (n_bins, 2)
        Mean speed and its standard error.
    """

    frames: NDArray[np.int64]
    edges: NDArray[np.int64]
    speed_cm_s: Array

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return self.edges.size - 1

    def of(self, values: Array) -> Array:
        """Return mean and standard error of one trace in every bin, shape ``(n_bins, 2)``."""
        return _moments(values[self.frames], self.edges)

    def shuffled_means(self, values: Array, n_shuffles: int, seed: int) -> Array:
        """Return means in bins of frames drawn at random, shape ``(n_cells, n_shuffles, n_bins)``.

        Parameters
        ----------
        values : ndarray, shape (n_cells, n_recorded)
            The traces; all cells are shuffled alike.
        n_shuffles, seed : int
            Number of shuffles and seed.
        """
        labels = self._labels(n_shuffles, np.random.default_rng(seed))
        place = np.sort(self.frames)
        out = np.empty((len(values), n_shuffles, self.n_bins))
        for first in range(0, len(values), _CELLS):
            some = values[first : first + _CELLS]
            sums = np.zeros((n_shuffles, self.n_bins, len(some)))
            for at in range(0, place.size, _CHUNK):
                block = np.ascontiguousarray(some[:, place[at : at + _CHUNK]].T, dtype=float)
                add_to_bins(block, labels[:, at : at + _CHUNK], sums)
            means = sums / np.diff(self.edges)[:, None]
            out[first : first + _CELLS] = means.transpose(2, 0, 1)
        return out

    def _labels(self, n_shuffles: int, random: np.random.Generator) -> NDArray[np.int16]:
        own = np.full(self.frames.size, -1, dtype=np.int16)
        for number, (a, b) in enumerate(pairwise(self.edges)):
            own[a:b] = number
        labels = np.empty((n_shuffles, own.size), dtype=np.int16)
        for row in labels:
            row[:] = random.permutation(own)
        return labels


def speed_bins(speed_cm_s: Array, frames: NDArray[np.int64], bin_frames: int) -> SpeedBins:
    """Sort frames by speed and cut them into bins.

    Parameters
    ----------
    speed_cm_s : ndarray, shape (n_recorded,)
        Speed in every frame of the recording.
    frames : ndarray of int64
        Frames that count; those without a speed come last and are in no bin.
    bin_frames : int
        Frames of a bin; what is left of the fastest frames is in none. The first bin holds all frames
        below 1 cm/s, where there are any.
    """
    speed = speed_cm_s[frames]
    order = np.argsort(speed, kind="stable")
    moving = int((speed >= REST_CM_S).sum())
    rest = int((speed < REST_CM_S).sum())
    edges = rest + bin_frames * np.arange(1 + moving // bin_frames, dtype=np.int64)
    if rest:
        edges = np.append(0, edges)
    return SpeedBins(frames[order], edges, _moments(speed[order], edges))


def _moments(values: Array, edges: NDArray[np.int64]) -> Array:
    out = np.empty((edges.size - 1, 2))
    for row, (a, b) in zip(out, pairwise(edges), strict=True):
        part = np.asarray(values[a:b], dtype=float)
        row[:] = part.mean(), part.std() / np.sqrt(b - a)
    return out
