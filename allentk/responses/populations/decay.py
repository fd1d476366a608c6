"""How fast cortex falls silent when its input from the thalamus is cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from allentk.data import NetworkResponse, SpikeTrains
from allentk.errors import DataError
from allentk.responses.binned import onsets_of, whole_bins
from allentk.responses.populations.inputs import spikes_of

__all__ = ["CorticalDecay", "cortical_decay", "fit_rate_decay"]

Array = NDArray[np.float64]

_BIN_S = 0.001


@dataclass(frozen=True, slots=True)
class CorticalDecay:
    """Fit of ``f_min + f_max exp((t0 - t) / tau)`` to a population's rate after a cut at t0.

    Parameters
    ----------
    f_min_hz, f_max_hz : float
        Rate that remains, and the part that decays.
    tau_s : float
        Time constant in seconds.
    r_squared : float
        Share of the variance that the fit explains.
    """

    f_min_hz: float
    f_max_hz: float
    tau_s: float
    r_squared: float


def fit_rate_decay(time_s: ArrayLike, rate_hz: ArrayLike, cut_s: float) -> CorticalDecay:
    """Fit the decay of a rate after `cut_s`.

    Parameters
    ----------
    time_s : array_like, shape (n,)
        Time of every rate in seconds; those from the cut on are fitted.
    rate_hz : array_like, shape (n,)
        Rate in Hz.
    cut_s : float
        When the input stopped.

    Raises
    ------
    DataError
        Where lengths differ, times do not rise, fewer than four rates follow the cut, or one of them is
        not finite.

    References
    ----------
    Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (cortical_decay_function.py).

    Examples
    --------
    >>> t = np.arange(0, 0.5, 0.001)
    >>> round(fit_rate_decay(t, 1 + 9 * np.exp(-(t - 0.1) / 0.03), 0.1).tau_s, 6)
    0.03
    """
    time, rate = np.asarray(time_s, dtype=float), np.asarray(rate_hz, dtype=float)
    if time.ndim != 1 or time.shape != rate.shape or not (np.diff(time) > 0).all():
        raise DataError(
            f"cortical_decay: expected one rate per time, and times that rise, got shapes {time.shape} "
            f"and {rate.shape}"
        )
    after = time >= cut_s - 1e-9
    t, y = time[after] - cut_s, rate[after]
    if y.size < 4 or not np.isfinite(y).all():
        raise DataError(
            f"cortical_decay: needs four finite rates from the cut at {cut_s:g} s on, got {y.size}"
        )
    if not np.ptp(y) > 0:
        return CorticalDecay(float(y[0]), 0.0, np.nan, np.nan)
    level, step = float(y[y.size // 2 :].mean()), float(np.median(np.diff(t)))
    area = max(float((y - level).sum() * step), step * np.ptp(y))
    start = [max(level, 0.0), float(np.ptp(y)), min(max(area / np.ptp(y), step), float(t[-1]))]
    limits = ([0.0, 0.0, step / 100], [np.inf, np.inf, 100 * max(float(t[-1]), step)])
    found = least_squares(
        lambda p: p[0] + p[1] * np.exp(-t / p[2]) - y, start, bounds=limits, x_scale=[1, 1, 0.01]
    )
    explained = 1 - (found.fun**2).sum() / ((y - y.mean()) ** 2).sum()
    f_min, f_max, tau = map(float, found.x)
    return CorticalDecay(f_min, f_max, tau, float(explained))


def cortical_decay(
    responses: SpikeTrains | NetworkResponse,
    cut_s: ArrayLike,
    *,
    stop_s: float,
    population: str | None = None,
    cells: ArrayLike | None = None,
) -> CorticalDecay:
    """Fit the decay of a population's rate in bins of 1 ms, averaged over cuts.

    Parameters
    ----------
    responses : SpikeTrains or NetworkResponse
        Recorded or simulated spikes.
    cut_s : float or array_like
        When the input stopped, in seconds, in every trial.
    stop_s : float
        How long after the cut the rate is followed, in seconds.
    population : str, optional
        Population of a network.
    cells : array_like of int, optional
        Cells, such as the excitatory ones; all by default.

    Raises
    ------
    DataError
        Where there is no cell or no cut.

    Examples
    --------
    >>> cortical_decay(SpikeTrains([], [], 3), 1.0, stop_s=0.2).f_max_hz
    0.0
    """
    spikes = spikes_of(responses, "cortical_decay", population)
    chosen = spikes if cells is None else spikes.subset(cells)
    cuts = onsets_of(cut_s, "cortical_decay")
    if not chosen.n_cells or not cuts.size:
        raise DataError("cortical_decay: no cells or no cut; nothing to average")
    n = whole_bins(stop_s, _BIN_S)
    edges = cuts[:, None] + np.arange(n + 1) * _BIN_S - 1e-9
    counts = np.diff(np.searchsorted(chosen.times_s, edges), axis=1).mean(axis=0)
    rate = counts / chosen.n_cells / _BIN_S
    # The rate of a bin is that at its middle.
    return fit_rate_decay((np.arange(n) + 0.5) * _BIN_S, rate, 0.0)
