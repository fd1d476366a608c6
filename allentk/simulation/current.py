"""The current that a cell is given, at every time step."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import Stimulus
from allentk.errors import SimulationError

__all__ = ["DEFAULT_DT_S", "check_clock", "current_of", "resampled"]

#: Allen's time step for GLIF models, in seconds.
DEFAULT_DT_S = 5e-5

Array = NDArray[np.float64]


def current_of(
    stimulus: Stimulus | ArrayLike, dt_s: float | None, sampling_rate_hz: float | None
) -> tuple[Array, float]:
    """Return the current at every time step, and the time step."""
    if isinstance(stimulus, Stimulus):
        if sampling_rate_hz is not None:
            raise SimulationError(
                f"a {stimulus.name} has no sampling_rate_hz, got {sampling_rate_hz!r}; it is made at "
                f"every time step, give dt_s"
            )
        dt_s = DEFAULT_DT_S if dt_s is None else dt_s
        return stimulus.current_pa(1 / dt_s), dt_s
    try:
        current = np.ascontiguousarray(stimulus, dtype=float)
    except (TypeError, ValueError) as error:
        raise SimulationError(
            f"a cell takes a Stimulus or numbers in pA, got {type(stimulus).__name__}: {error}"
        ) from error
    if current.ndim != 1 or current.size == 0:
        raise SimulationError(f"the current must be one-dimensional, got shape {current.shape}")
    if not np.isfinite(current).all():
        at = int((~np.isfinite(current)).argmax())
        raise SimulationError(
            f"the current is not finite at sample {at} of {current.size}; cut or mend it first"
        )
    if sampling_rate_hz is None:
        return current, DEFAULT_DT_S if dt_s is None else dt_s
    if dt_s is None:
        return current, 1 / sampling_rate_hz
    held = resampled(current, 1 / sampling_rate_hz, dt_s)
    if not held.size:
        raise SimulationError(
            f"dt_s={dt_s} is longer than the current of {current.size / sampling_rate_hz:.6g} s; "
            f"give a shorter step"
        )
    return held, dt_s


def resampled(current: Array, old_dt: float, new_dt: float) -> Array:
    """Return the mean of a current within every new step: no charge is lost."""
    if math.isclose(old_dt, new_dt, rel_tol=1e-9):
        return current
    edges = np.arange(math.floor(current.size * old_dt / new_dt + 1e-9) + 1) * new_dt
    charge = np.concatenate([[0.0], np.cumsum(current) * old_dt])
    clock = np.arange(current.size + 1) * old_dt
    held: Array = np.diff(np.interp(edges, clock, charge)) / new_dt
    return held


def check_clock(**clock: float | None) -> None:
    """Refuse a time step or sampling rate that no simulation can have."""
    for name, value in clock.items():
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise SimulationError(f"{name} must be positive and finite, got {value!r}")
