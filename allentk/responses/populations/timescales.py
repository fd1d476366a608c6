"""Time constants of activity: decay of a response's autocorrelation, and of correlations over trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import curve_fit
from scipy.signal import fftconvolve

from allentk.data import NetworkResponse, SpikeTrains
from allentk.errors import DataError
from allentk.responses.binned import binned_counts, onsets_of, whole_bins
from allentk.responses.populations.inputs import spikes_of

__all__ = ["autocorrelation_timescale", "fit_decay", "intrinsic_timescale"]

Array = NDArray[np.float64]

_BIN_S = 0.01
#: What the paper keeps: time constant and its error in ms, spikes.
_KEPT_MS, _ERROR_MS, _SPIKES = (1.0, 300.0), 20.0, 50
_KEPT_INTRINSIC_MS, _ERROR_INTRINSIC_MS, _SPIKES_INTRINSIC = (5.0, 400.0), 100.0, 100
_START, _LIMITS = (1.0, 20.0, 0.1), ([0.0, 1.0, -np.inf], [np.inf, 1000.0, np.inf])


def fit_decay(lags_ms: ArrayLike, correlation: ArrayLike) -> tuple[float, float]:
    """Fit ``a exp(-t / tau) + c`` and return tau and its standard error in ms.

    Parameters
    ----------
    lags_ms : array_like, shape (n_lags,)
        Lags in ms.
    correlation : array_like, shape (n_lags,)
        What decays. It is scaled to a maximum of 1 before the fit, so that its unit does not matter.

    Returns
    -------
    tuple of float
        ``tau_ms`` between 1 and 1000, and its error; NaN where a value is missing, all are equal, or there
        are fewer than four. The error is infinite where the fit does not tell it.

    Examples
    --------
    >>> t = np.arange(0.0, 200, 10)
    >>> [round(x, 3) for x in fit_decay(t, 3 * np.exp(-t / 35) + 1)]
    [35.0, 0.0]
    """
    t, y = np.asarray(lags_ms, dtype=float), np.asarray(correlation, dtype=float)
    if y.size < 4 or not np.isfinite(y).all() or not np.ptp(y) > 0:
        return np.nan, np.nan
    y = (y - y.min()) / np.ptp(y)
    try:
        with np.errstate(all="ignore"):
            found, covariance = curve_fit(_decay, t, y, p0=_START, bounds=_LIMITS, max_nfev=5000)
    except RuntimeError:  # no convergence
        return np.nan, np.nan
    return float(found[1]), float(np.sqrt(covariance[1, 1]))


def _decay(t: Array, a: float, tau: float, c: float) -> Array:
    return np.asarray(a * np.exp(-t / tau) + c)


def autocorrelation_timescale(
    responses: SpikeTrains | NetworkResponse,
    onsets_s: ArrayLike,
    *,
    population: str | None = None,
    window_s: tuple[float, float] = (0.04, 0.29),
    bin_s: float = _BIN_S,
    stretched_lags: bool = False,
) -> pd.DataFrame:
    """Measure how fast the response to a flash decays, from its correlation with other trials.

    Parameters
    ----------
    responses : SpikeTrains or NetworkResponse
        Recorded or simulated spikes.
    onsets_s : array_like, shape (n_trials,)
        Onsets of the flashes in seconds.
    population : str, optional
        Population of a network.
    window_s : (float, float)
        Window after the onset in seconds.
    bin_s : float
        Length of a bin in seconds.
    stretched_lags : bool
        As the published program, whose last lag of n is n / (n - 1) too long: every time constant grows by
        that much (4 % for 25 bins).

    Returns
    -------
    DataFrame
        ``cell``, ``tau_ms``, ``tau_error_ms``, ``n_spikes``, ``included`` (1 < tau < 300 ms, more than 50
        spikes, error below 20 ms: what the paper keeps) and ``notes``.

    Raises
    ------
    DataError
        For fewer than two trials or four bins.

    Notes
    -----
    C(lag) = mean over k != 0 of sum over trials i and bins t of n(i, t) n(i + k, t + lag), k up to half
    of the trials either way, lag up to half of the bins: spikes of one trial against those of others, so
    that it is the course of the mean response that is correlated, not noise. Then ``fit_decay``.

    References
    ----------
    Siegle et al. 2021, Nature 592:86; neuropixels_platform_paper, timescale_calculation.py.

    Examples
    --------
    >>> times = np.concatenate([k + np.array([0.05, 0.06, 0.08, 0.11]) for k in range(9)])
    >>> found = autocorrelation_timescale(SpikeTrains(times, np.zeros(36, int), 1), np.arange(9.0))
    >>> found[["n_spikes", "included"]].to_numpy().tolist()
    [[36, False]]
    """
    spikes, counts = _counts(responses, onsets_s, population, window_s, bin_s)
    n_trials, n_bins = counts.shape[1:]
    last = n_bins // 2
    lags = np.arange(n_bins - last) * bin_s * 1e3
    if stretched_lags:
        lags = np.linspace(0, n_bins / 2 * bin_s * 1e3, lags.size)
    found = []
    for cell in counts:
        # Sums of products of counts: whole, but for what the transform leaves where there is nothing.
        both = np.rint(fftconvolve(cell, cell[::-1, ::-1], mode="same"))
        others = np.delete(both, n_trials // 2, axis=0).mean(axis=0)
        found.append(fit_decay(lags, others[last:]))
    kept = (_KEPT_MS, _ERROR_MS, _SPIKES)
    return _table(spikes, counts, np.array(found).reshape(-1, 2), kept)


def intrinsic_timescale(
    responses: SpikeTrains | NetworkResponse,
    onsets_s: ArrayLike,
    *,
    population: str | None = None,
    window_s: tuple[float, float] = (1.0, 2.0),
    bin_s: float = _BIN_S,
    longest_s: float = 0.5,
) -> pd.DataFrame:
    """Measure how fast correlations over trials between two bins decay with the time between them.

    Parameters
    ----------
    responses, onsets_s, population, bin_s
        As of ``autocorrelation_timescale``.
    window_s : (float, float)
        Window after the onset in seconds, in which nothing changes.
    longest_s : float
        Longest lag in seconds.

    Returns
    -------
    DataFrame
        As of ``autocorrelation_timescale``; ``included``: 5 < tau < 400 ms, more than 100 spikes, error
        below 100 ms.

    Raises
    ------
    DataError
        For fewer than two trials or four bins.

    Notes
    -----
    C(lag) = mean over bins of Pearson's correlation over trials of the counts in two bins that far apart
    (bins without variation left out), lag 1 and up; then ``fit_decay``.

    References
    ----------
    Murray et al. 2014, Nature Neuroscience 17:1661; Siegle et al. 2021, Nature 592:86.

    Examples
    --------
    >>> times = np.concatenate([3.0 * k + np.array([1.105, 1.115]) for k in range(0, 8, 2)])
    >>> found = intrinsic_timescale(SpikeTrains(times, np.zeros(8, int), 1), 3.0 * np.arange(8))
    >>> found["n_spikes"].tolist(), found["notes"].tolist()  # two bins make one lag
    ([8], ['no decay to fit'])
    """
    spikes, counts = _counts(responses, onsets_s, population, window_s, bin_s)
    n_bins = counts.shape[2]
    most = min(whole_bins(longest_s, bin_s) - 1, n_bins - 2)
    found = []
    for cell in counts:
        centred = cell - cell.mean(axis=0)
        norm = np.sqrt((centred**2).sum(axis=0))
        unit = np.divide(centred, norm, out=np.full(centred.shape, np.nan), where=norm > 0)
        r = unit.T @ unit
        means = [_mean_of(np.diagonal(r, lag)) for lag in range(1, most + 1)]
        found.append(fit_decay(np.arange(1, most + 1) * bin_s * 1e3, means))
    kept = (_KEPT_INTRINSIC_MS, _ERROR_INTRINSIC_MS, _SPIKES_INTRINSIC)
    return _table(spikes, counts, np.array(found).reshape(-1, 2), kept)


def _mean_of(values: Array) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if there.size else np.nan


def _counts(
    responses: SpikeTrains | NetworkResponse,
    onsets_s: ArrayLike,
    population: str | None,
    window_s: tuple[float, float],
    bin_s: float,
) -> tuple[SpikeTrains, Array]:
    spikes = spikes_of(responses, "timescale", population)
    onsets = onsets_of(onsets_s, "timescale")
    n_bins = whole_bins(window_s[1] - window_s[0], bin_s)
    if onsets.size < 2 or n_bins < 4:
        raise DataError(
            f"timescale: needs two trials and four bins, got {onsets.size} trials and {n_bins} bins of "
            f"{bin_s:g} s in {window_s} s"
        )
    return spikes, binned_counts(spikes, onsets + window_s[0], n_bins, bin_s)


def _table(
    spikes: SpikeTrains,
    counts: Array,
    found: Array,
    kept: tuple[tuple[float, float], float, int],
) -> pd.DataFrame:
    (low, high), error, fewest = kept
    n = counts.sum(axis=(1, 2)).astype(np.int64)
    tau, wrong = found.T if found.size else (np.empty(0), np.empty(0))
    included = (tau > low) & (tau < high) & (wrong < error) & (n > fewest)
    notes = np.where(np.isnan(tau), "no decay to fit", "")
    return pd.DataFrame(
        {
            "cell": np.arange(spikes.n_cells),
            "tau_ms": tau,
            "tau_error_ms": wrong,
            "n_spikes": n,
            "included": included,
            "notes": notes,
        }
    )
