"""How long a spike lasts: the refractory time, from the spikes' own shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.recording import Trial

__all__ = ["DEFAULT_S", "fit_refractory"]

Array = NDArray[np.float64]

FIRST_S, LAST_S, STEP_S = 0.001, 0.010, 0.0002
#: Where there are too few spikes to tell: the median of the published models.
DEFAULT_S = 0.0038


def fit_refractory(trials: list[Trial]) -> float:
    """Return the refractory time in seconds.

    Spikes are aligned at threshold; the end is where the voltage after the spike is best told by a
    line from the voltage at threshold (smallest mean absolute residual), between 1 and 10 ms, below the
    threshold, and shorter than the shortest interval. With fewer than five spikes it is `DEFAULT_S`.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709, methods ("spike cutting").
    """
    intervals = [np.diff(trial.spike_times_s) for trial in trials]
    shortest = min((float(i.min()) for i in intervals if i.size), default=LAST_S)
    delays = np.arange(FIRST_S, min(LAST_S, shortest) + 1e-9, STEP_S)
    rows = [_after(trial, delays) for trial in trials if trial.spike_times_s.size]
    if not rows or not delays.size:
        return min(DEFAULT_S, shortest)
    after = np.concatenate(rows)
    if after.shape[0] < 5:
        return min(DEFAULT_S, shortest)
    before = np.concatenate([t.threshold_mv[: _usable(t, delays)] for t in trials])
    design = np.column_stack([before, np.ones(before.size)])
    fitted = design @ np.linalg.lstsq(design, after, rcond=None)[0]
    residual = np.abs(after - fitted).mean(axis=0)
    # As long as the voltage is above threshold the spike is not over.
    residual[after.mean(axis=0) > before.mean()] = np.inf
    return float(delays[residual.argmin()]) if np.isfinite(residual).any() else DEFAULT_S


def _usable(trial: Trial, delays: Array) -> int:
    """Spikes whose aftermath lies inside the sweep."""
    end = trial.duration_s - (delays[-1] if delays.size else 0.0) - 1e-3
    return int(np.searchsorted(trial.spike_times_s, end))


def _after(trial: Trial, delays: Array) -> Array:
    """Return the voltages at `delays` after each threshold, shape ``(n_spikes, n_delays)``."""
    times = trial.spike_times_s[: _usable(trial, delays), None] + delays
    at = np.round(times * trial.sweep.sampling_rate_hz).astype(np.int64)
    return np.asarray(trial.sweep.voltage_mv[at])
