"""How long a spike lasts and where it leaves the voltage, from the spikes' own shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.recording import Trial

__all__ = ["DEFAULT_S", "Reset", "fit_refractory", "fit_reset"]

Array = NDArray[np.float64]

FIRST_S, LAST_S, STEP_S = 0.001, 0.010, 0.0002
#: Where there are too few spikes to tell: the median of the published models.
DEFAULT_S = 0.0038
#: Spikes that a regression needs.
FEWEST = 5
#: Slopes of the reset outside are the noise of the regression.
SLOPES = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Reset:
    """The voltage after a spike, ``slope * V + offset_mv`` of the absolute voltage at threshold."""

    slope: float
    offset_mv: float

    def above_rest(self, E_L_mv: float) -> tuple[float, float]:
        """Return slope and offset (mV) for voltages relative to rest, as the model has them."""
        return self.slope, self.slope * E_L_mv + self.offset_mv - E_L_mv


def fit_refractory(trials: list[Trial]) -> float:
    """Return the refractory time in seconds.

    Spikes are aligned at threshold; the end is where the voltage after the spike is best told by a
    line from the voltage at threshold (smallest mean absolute residual), between 1 and 10 ms, below the
    threshold, and no longer than the shortest interval. With fewer than five spikes, or where it never is
    below, it is `DEFAULT_S` or that interval.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709, methods ("spike cutting").
    """
    intervals = [np.diff(trial.spike_times_s) for trial in trials]
    shortest = min((float(i.min()) for i in intervals if i.size), default=LAST_S)
    delays = np.arange(FIRST_S, min(LAST_S, shortest) + 1e-9, STEP_S)
    if not delays.size:
        return min(DEFAULT_S, shortest)
    before, after = _aligned(trials, delays)
    if before.size < FEWEST:
        return min(DEFAULT_S, shortest)
    design = np.column_stack([before, np.ones(before.size)])
    fitted = design @ np.linalg.lstsq(design, after, rcond=None)[0]
    residual = np.abs(after - fitted).mean(axis=0)
    # As long as the voltage is above threshold the spike is not over.
    residual[after.mean(axis=0) > before.mean()] = np.inf
    if not np.isfinite(residual).any():
        return min(DEFAULT_S, shortest)
    return float(delays[residual.argmin()])


def fit_reset(trials: list[Trial], t_ref_s: float) -> Reset | None:
    """Regress the voltage `t_ref_s` after threshold on the voltage at threshold.

    A slope outside 0 to 1 is taken to the nearer end, and the offset regressed again.

    Returns
    -------
    Reset or None
        None where there are fewer than five spikes.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709, methods ("spike cutting").
    """
    before, after = _aligned(trials, np.array([t_ref_s]))
    if before.size < FEWEST:
        return None
    centred = before - before.mean()
    power = float(centred @ centred)
    slope = float(centred @ after[:, 0]) / power if power > 0 else 0.0
    slope = min(max(slope, SLOPES[0]), SLOPES[1])
    return Reset(slope, float(after.mean() - slope * before.mean()))


def _aligned(trials: list[Trial], delays: Array) -> tuple[Array, Array]:
    """Return the voltages at threshold and at `delays` after it, a row per spike."""
    before, after = [np.empty(0)], [np.empty((0, delays.size))]
    for trial in trials:
        times = trial.spike_times_s
        usable = (times < trial.duration_s - delays[-1] - 1e-3) & trial.kept[trial.spike_bins]
        at = (times[usable, None] + delays) * trial.sweep.sampling_rate_hz
        before.append(trial.threshold_mv[usable])
        after.append(np.asarray(trial.sweep.voltage_mv[np.round(at).astype(np.int64)]))
    return np.concatenate(before), np.concatenate(after)
