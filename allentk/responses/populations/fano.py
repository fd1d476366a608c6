"""Fano factor of the summed spikes of a sample of cells, against the window in which they are counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains
from allentk.errors import DataError
from allentk.responses.binned import whole_bins
from allentk.responses.checks import check_seed, check_whole
from allentk.responses.populations.inputs import intervals_of, spikes_of
from allentk.responses.trials import cells_of

__all__ = ["FANO_REFERENCES", "FANO_WINDOWS_S", "fano_distance", "population_fano"]

Array = NDArray[np.float64]

#: Windows in seconds, 1 ms to 1 s.
FANO_WINDOWS_S = np.logspace(-3, 0, 20)

#: Means over 32 recordings of V1 (Visual Coding Neuropixels, 1.8 s of every trial) at the smallest window,
#: and at that of the largest mean, in seconds.
FANO_REFERENCES = {
    "evoked": {0.001: 1.03, 0.336: 2.29},
    "spontaneous": {0.001: 1.00, 0.336: 1.51},
}

_STEP_S = 0.001
_FEWEST_CELLS = 15
_MOST_SAMPLES = 1_000_000


def population_fano(
    responses: SpikeTrains | NetworkResponse,
    intervals_s: ArrayLike,
    *,
    cells: ArrayLike | None = None,
    population: str | None = None,
    windows_s: ArrayLike = FANO_WINDOWS_S,
    n_samples: int = 50,
    size: float = 70.0,
    size_sd: float = 30.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure how much the summed activity of a sample of cells varies, against the window.

    Every sample is of ``size +- size_sd`` cells (normal, at least 15 and at most all) in one interval
    chosen at random; its spikes are summed and counted in windows side by side.

    Parameters
    ----------
    responses : SpikeTrains or NetworkResponse
        Recorded or simulated spikes.
    intervals_s : array_like, shape (n_intervals, 2)
        Stretches of time, such as the gratings from 500 ms on.
    cells : array_like of int, optional
        Cells to draw from, such as the excitatory ones; all by default.
    population : str, optional
        Population of a network.
    windows_s : array_like
        Windows in seconds, counted in whole milliseconds; those longer than half of an interval are left
        out.
    n_samples : int
        Number of samples.
    size, size_sd : float
        Mean and standard deviation of the number of cells.
    seed : int
        Seed of all draws.

    Returns
    -------
    DataFrame
        ``window_s``, ``fano`` (mean over samples of variance / mean of the counts, ddof 0), ``sd`` over
        samples, ``n_samples`` with spikes.

    Raises
    ------
    DataError
        Where there are fewer than 15 cells or an unknown one, no interval, no sample, or no window that
        fits; for a window that is no length.

    References
    ----------
    SynchronizationLoss of the Allen Institute's V1_GLIF_model.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> times = np.sort(rng.uniform(0, 20, 20000))
    >>> poisson = SpikeTrains(times, rng.integers(0, 100, times.size), 100)
    >>> found = population_fano(poisson, [[0, 20]], windows_s=[0.01, 0.1])
    >>> found["fano"].round(1).tolist()
    [1.0, 1.0]
    """
    spikes = spikes_of(responses, "population_fano", population)
    intervals = intervals_of(intervals_s, "population_fano")
    known = np.unique(cells_of(spikes, cells)[1])
    if known.size < _FEWEST_CELLS:
        raise DataError(
            f"population_fano: samples hold {_FEWEST_CELLS} cells or more, got {known.size} cells"
        )
    check_whole("population_fano: n_samples", n_samples, least=1, most=_MOST_SAMPLES)
    check_seed(seed)
    if not (np.isfinite(size) and 0 <= size_sd < np.inf):
        raise DataError(
            f"population_fano: expected samples of size +- size_sd cells, got size {size} and size_sd "
            f"{size_sd}"
        )
    asked, steps = _steps(windows_s, intervals)
    rng = np.random.default_rng(seed)
    found = np.full((n_samples, steps.size), np.nan)
    for sample in range(n_samples):
        interval = intervals[rng.integers(len(intervals))]
        number = int(np.clip(rng.normal(size, size_sd), _FEWEST_CELLS, known.size))
        chosen = rng.choice(known, number, replace=False)
        found[sample] = _fano(_summed(spikes, chosen, interval), steps)
    there = np.isfinite(found).sum(axis=0)
    frame = pd.DataFrame(found)
    return pd.DataFrame(
        {
            "window_s": asked,
            "fano": frame.mean().to_numpy(),
            "sd": frame.std().to_numpy(),
            "n_samples": there,
        }
    )


def _steps(windows_s: ArrayLike, intervals: Array) -> tuple[Array, NDArray[np.int64]]:
    """Return the windows that fit, and their milliseconds."""
    asked = np.asarray(windows_s, dtype=float).ravel()
    if not (np.isfinite(asked) & (asked > 0)).all():
        raise DataError(f"population_fano: windows must be above 0 s, got {asked[:4]}")
    steps = np.round(asked / _STEP_S).astype(np.int64)
    if not len(intervals):
        raise DataError("population_fano: no interval; give (start, stop) in seconds")
    half = np.diff(intervals, axis=1).min() / 2
    fits = (steps >= 1) & (steps * _STEP_S <= half + 1e-9)
    if not fits.any():
        raise DataError(
            f"population_fano: no window of a millisecond or more fits twice into the shortest interval, "
            f"{2 * half:g} s"
        )
    return asked[fits], steps[fits]


def _summed(spikes: SpikeTrains, cells: NDArray[np.int64], interval: Array) -> Array:
    """Count the spikes of these cells together, in milliseconds."""
    n = whole_bins(float(np.diff(interval)[0]), _STEP_S)
    a, b = np.searchsorted(spikes.times_s, interval)
    mine = np.zeros(spikes.n_cells, dtype=bool)
    mine[cells] = True
    times = spikes.times_s[a:b][mine[spikes.ids[a:b]]]
    place = np.floor((times - interval[0]) / _STEP_S + 1e-6).astype(np.int64)
    return np.bincount(place[place < n], minlength=n).astype(float)


def _fano(counts: Array, steps: NDArray[np.int64]) -> Array:
    out = np.full(steps.size, np.nan)
    for k, step in enumerate(steps):
        n = counts.size // step
        sums = counts[: n * step].reshape(n, step).sum(axis=1)
        if sums.mean() > 0:
            out[k] = sums.var() / sums.mean()
    return out


def fano_distance(table: pd.DataFrame, reference: ArrayLike) -> float:
    """Return the mean squared difference of the Fano factors from those of a recording.

    Parameters
    ----------
    table : DataFrame
        Of ``population_fano``.
    reference : array_like, shape (n_windows,)
        Fano factors, without unit, at the same windows.

    Raises
    ------
    DataError
        Where the lengths differ, or no window has both.

    Examples
    --------
    >>> fano_distance(pd.DataFrame({"fano": [1.0, 2.0]}), [1.0, 3.0])
    0.5
    """
    wanted = np.asarray(reference, dtype=float).ravel()
    if wanted.size != len(table):
        raise DataError(
            f"fano_distance: {len(table)} windows were measured, the reference has {wanted.size}"
        )
    squares = (table["fano"].to_numpy(float) - wanted) ** 2
    if np.isnan(squares).all():
        raise DataError("fano_distance: no window has a Fano factor in both")
    return float(np.nanmean(squares))
