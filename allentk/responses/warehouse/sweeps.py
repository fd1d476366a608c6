"""Fluorescence around every onset, in percent of the baseline before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Frames", "Sweeps"]

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Bytes of windows held at a time: small enough for the processor's cache.
_BLOCK_BYTES = 2**22


@dataclass(frozen=True, slots=True)
class Frames:
    """How many frames of a window are baseline, response, and all there are."""

    baseline: int
    response: int
    all: int


@dataclass(frozen=True, slots=True)
class Sweeps:
    """Windows of all trials; a window begins with the baseline, and the response follows it.

    Parameters
    ----------
    windows : ndarray, shape (n_cells, n_positions, n_frames)
        Fluorescence from every position on: a view of the traces, or windows cut before.
    position : ndarray of int, shape (n_trials,)
        Where the window of a trial begins.
    frames : Frames
        Which frames of a window are what.
    """

    windows: NDArray[np.floating]
    position: Whole
    frames: Frames

    def _blocks(self, n_frames: int) -> Iterator[tuple[slice, Array]]:
        """Yield the windows of some cells at a time, shape (cells, trials, n_frames)."""
        windows = self.windows[:, :, :n_frames]
        each = max(self.position.size * n_frames * 8, 1)
        size = max(_BLOCK_BYTES // each, 1)
        for first in range(0, len(windows), size):
            cells = slice(first, min(first + size, len(windows)))
            # The copy is ours to work in.
            block = windows[cells][:, self.position].astype(float, copy=False)
            yield cells, block

    def means(self) -> Array:
        """Return the mean response of every cell in every trial, in percent, shape (cells, trials)."""
        out = np.empty((len(self.windows), self.position.size))
        start, stop = self.frames.baseline, self.frames.baseline + self.frames.response
        with np.errstate(all="ignore"):
            for cells, block in self._blocks(stop):
                response = block[:, :, start:]
                response /= block[:, :, :start].mean(axis=2)[:, :, None]
                response -= 1
                response *= 100
                out[cells] = response.mean(axis=2)
        out[np.isinf(out)] = np.nan  # no percentage of nothing
        return out

    def significant(self, level: float) -> NDArray[np.bool_]:
        """Return in which trials the response differs from its baseline, shape (cells, trials).

        One-way analysis of variance of the frames of both; the p value is below `level`.
        """
        n, m = self.frames.baseline, self.frames.response
        out = np.zeros((len(self.windows), self.position.size), dtype=bool)
        least = special.fdtri(1, n + m - 2, 1 - level)
        with np.errstate(all="ignore"):
            for cells, block in self._blocks(n + m):
                sides = block[:, :, :n], block[:, :, n:]
                middles = [side.mean(axis=2) for side in sides]
                for side, middle in zip(sides, middles, strict=True):
                    side -= middle[:, :, None]
                within = np.einsum("ctf,ctf->ct", block, block)
                between = (middles[0] - middles[1]) ** 2 * n * m / (n + m)
                out[cells] = between / (within / (n + m - 2)) > least
        return out

    def of(self, trials: Whole) -> Iterator[tuple[slice, Array]]:
        """Yield the windows in percent of some trials, some cells at a time, shape (cells, k, frames).

        Parameters
        ----------
        trials : ndarray of int, shape (n_cells, k)
            Trials of every cell.
        """
        k = trials.shape[1]
        # Who correlates the trials needs a number for every pair of them.
        size = max(_BLOCK_BYTES // max(k * max(k, self.frames.all) * 8, 1), 1)
        for first in range(0, len(self.windows), size):
            cells = slice(first, min(first + size, len(self.windows)))
            cell = np.arange(cells.start, cells.stop)[:, None]
            found = self.windows[cell, self.position[trials[cells]]].astype(float, copy=False)
            with np.errstate(all="ignore"):
                found /= found[:, :, : self.frames.baseline].mean(axis=2)[:, :, None]
                found -= 1
                found *= 100
            yield cells, found
