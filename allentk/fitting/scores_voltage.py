"""How much of a recorded voltage a model explains when it fires the recorded spikes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from allentk.data import Sweep
from allentk.errors import FitError
from allentk.features import spikes
from allentk.fitting.recording import Trial
from allentk.models import GLIFParameters
from allentk.simulation.current import DEFAULT_DT_S, resampled
from allentk.simulation.glif_propagator import Propagator, propagator

__all__ = ["forced_voltage_explained", "imposed_voltage", "voltage_explained"]

Array = NDArray[np.float64]


def voltage_explained(
    model_mv: ArrayLike, data_mv: ArrayLike, mask: ArrayLike | None = None
) -> float:
    """Return ``1 - var(data - model) / var(data)``; a constant offset costs nothing.

    Parameters
    ----------
    model_mv, data_mv : array_like, shape (n,)
        Voltages in mV.
    mask : array_like of bool, shape (n,), optional
        Samples to compare; all where not given.

    Returns
    -------
    float
        1 where they differ by a constant, 0 for a constant, NaN where no data vary.

    Raises
    ------
    FitError
        On arrays of different shapes, or a voltage to compare that is not finite.

    Examples
    --------
    >>> voltage_explained([-69.0, -59.0, -69.0], [-70.0, -60.0, -70.0])
    1.0
    """
    model, data = np.asarray(model_mv, dtype=float), np.asarray(data_mv, dtype=float)
    used = np.ones(data.shape, dtype=np.bool_) if mask is None else np.asarray(mask, dtype=np.bool_)
    if not model.shape == data.shape == used.shape:
        raise FitError(
            f"voltages are compared sample by sample, got shapes {model.shape} of the model, "
            f"{data.shape} of the data and {used.shape} of the mask"
        )
    bad = used & ~(np.isfinite(model) & np.isfinite(data))
    if bad.any():
        raise FitError(
            f"{int(bad.sum())} of {int(used.sum())} voltages to compare are not finite, the first at "
            f"sample {int(bad.argmax())}; leave them out with the mask"
        )
    spread = float(data[used].var()) if used.any() else 0.0
    return 1 - float((data[used] - model[used]).var()) / spread if spread > 0 else math.nan


def forced_voltage_explained(
    model: GLIFParameters,
    sweep: Sweep | Trial,
    *,
    spike_times_s: ArrayLike | None = None,
    dt_s: float | None = None,
) -> float:
    """Return the recorded voltage explained by a model that fires the recorded spikes.

    Spikes and refractory times are left out, and samples that were not recorded.

    Parameters
    ----------
    model : GLIFParameters
        The model; its threshold does not matter.
    sweep : Sweep or Trial
        The recording.
    spike_times_s : array_like, optional
        Sorted spike times in seconds; those of the trial, or those found in the sweep, where not given.
    dt_s : float, optional
        Time step in seconds; current and voltage are averaged within it. 5e-5, or the sampling interval
        where that is longer.

    Raises
    ------
    FitError
        On spike times outside the sweep, on a current that is not finite, or a time step that is not
        positive or longer than the sweep.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709.
    """
    if isinstance(sweep, Trial):
        times: ArrayLike = sweep.spike_times_s if spike_times_s is None else spike_times_s
        sweep = sweep.sweep
    else:
        times = spikes(sweep)["threshold_t"] if spike_times_s is None else spike_times_s
    old_dt_s = 1 / sweep.sampling_rate_hz
    dt_s = max(DEFAULT_DT_S, old_dt_s) if dt_s is None else dt_s
    if not old_dt_s * (1 - 1e-9) <= dt_s <= sweep.duration_s:
        raise FitError(
            f"{sweep.label}: dt_s must be from the sampling interval of {old_dt_s} s to the length of "
            f"{sweep.duration_s} s, got {dt_s!r}"
        )
    current = resampled(np.ascontiguousarray(sweep.current_pa), old_dt_s, dt_s)
    voltage = resampled(np.ascontiguousarray(sweep.voltage_mv), old_dt_s, dt_s)
    imposed = imposed_voltage(model, current, times, dt_s=dt_s)
    return voltage_explained(imposed, voltage, np.isfinite(imposed) & np.isfinite(voltage))


def imposed_voltage(
    model: GLIFParameters, current_pa: ArrayLike, spike_times_s: ArrayLike, *, dt_s: float
) -> Array:
    """Return the model's voltage in mV at the end of every step, with spikes imposed on it.

    Between spikes the steps are exact for a current held within them. At the end of the step of an
    imposed spike, and only there, the model's own voltage and after-spike currents go through its reset
    rule, and the cell is silent for its refractory time. A spike within the silence starts it anew.

    Parameters
    ----------
    model : GLIFParameters
        A model of any level.
    current_pa : array_like, shape (n,)
        Current in pA at every step.
    spike_times_s : array_like
        Sorted spike times in seconds.
    dt_s : float
        Time step in seconds.

    Returns
    -------
    ndarray, shape (n,)
        Absolute voltage; NaN in the step of a spike and through the refractory time.

    Raises
    ------
    FitError
        On spike times that are not in order or outside the current, and on a current or time step that
        is not finite and positive.
    """
    current = np.asarray(current_pa, dtype=float)
    if not (dt_s > 0 and math.isfinite(dt_s)):
        raise FitError(f"dt_s must be positive and finite, got {dt_s!r}")
    if current.ndim != 1 or not np.isfinite(current).all():
        raise FitError(
            f"the current must be a row of finite numbers, got shape {current.shape} with "
            f"{int((~np.isfinite(current)).sum())} that are not finite"
        )
    step = propagator(model, dt_s)
    out = np.full(current.size, np.nan)
    v, asc, start = 0.0, np.zeros(step.asc_amp.size), 0
    for spike in [*_steps(spike_times_s, current.size, dt_s), current.size]:
        if spike >= start:
            fired = int(spike < current.size)
            path, asc = _between(step, current[start : spike + fired], v, asc)
            out[start:spike] = path[: spike - start]
            v = float(path[-1]) if path.size else v
        v, asc = step.reset_a * v + step.reset_b, step.asc_amp + step.asc_keep * asc
        start = spike + 1 + step.n_ref
    return out + model.E_L_mv


def _steps(spike_times_s: ArrayLike, n: int, dt_s: float) -> Sequence[int]:
    """Return the steps at whose end spikes are noticed."""
    times = np.asarray(spike_times_s, dtype=float)
    at = np.maximum(np.ceil(times / dt_s - 1e-6) - 1, 0)
    if not ((times >= 0) & (at < n)).all() or (np.diff(times) < 0).any():
        raise FitError(
            f"spikes are imposed in order and within 0 to {n * dt_s} s, got {times.size} from "
            f"{times.min()} to {times.max()} s"
        )
    found: list[int] = at.astype(np.int64).tolist()
    return found


def _between(step: Propagator, current: Array, v: float, asc: Array) -> tuple[Array, Array]:
    """Return the voltage above rest at the end of every step, and the after-spike currents at last."""
    if not current.size:
        return current, asc
    decay = step.asc_decay[:, None] ** np.arange(current.size)
    drive = step.push * current + (step.asc_push * asc) @ decay
    path, _ = signal.lfilter([1.0], [1.0, -step.leak], drive, zi=[step.leak * v])
    return path, asc * step.asc_decay**current.size
