"""The current that a cell is given, at every time step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import Stimulus, Sweep
from allentk.errors import SimulationError

__all__ = [
    "DEFAULT_DT_S",
    "check_clock",
    "check_point_step",
    "check_step",
    "check_threshold",
    "current_of",
    "described",
    "divided_step_s",
    "resampled",
]

#: Allen's time step for GLIF models, in seconds.
DEFAULT_DT_S = 5e-5
#: Longest step for cells with compartments, in seconds: spikes of some are hardly longer.
LONGEST_DT_S = 2e-4
#: Longest step of populations and networks of point neurons, in seconds; a longer one was meant in
#: another unit.
LONGEST_POINT_DT_S = 0.01

Array = NDArray[np.float64]


def current_of(
    stimulus: Stimulus | Sweep | ArrayLike,
    dt_s: float | None,
    sampling_rate_hz: float | None,
    *,
    default_dt_s: float = DEFAULT_DT_S,
) -> tuple[Array, float]:
    """Return the current at every time step in pA, and the time step in seconds.

    Sample k acts from ``k dt`` to ``(k + 1) dt``. A stimulus is made at every step; the current of a
    sweep, or an array, is averaged within steps where the step is not its own sampling interval.

    Parameters
    ----------
    stimulus : Stimulus, Sweep or array_like, shape (n_samples,)
        A sweep gives the current that was injected; an array is in pA.
    dt_s : float or None
        Time step; None takes the sampling interval of a sweep or an array that has one, and otherwise
        `default_dt_s`.
    sampling_rate_hz : float or None
        Samples per second of an array.
    default_dt_s : float
        See `dt_s`.

    Raises
    ------
    SimulationError
        On a current that is not finite or no row of numbers, a sweep in voltage clamp, a sampling
        rate beside a stimulus or a sweep, or a step longer than the whole current.
    """
    if isinstance(stimulus, Stimulus):
        _refuse_rate(f"a {stimulus.name}", "it is made at every time step", sampling_rate_hz)
        dt_s = default_dt_s if dt_s is None else dt_s
        return stimulus.current_pa(1 / dt_s), dt_s
    if isinstance(stimulus, Sweep):
        _refuse_rate(stimulus.label, "it has its own", sampling_rate_hz)
        if stimulus.clamp != "current":
            raise SimulationError(
                f"{stimulus.label}: a cell takes the current of a sweep in current clamp, got "
                f"{stimulus.clamp} clamp"
            )
        sampling_rate_hz = stimulus.sampling_rate_hz
        current = _checked(stimulus.current_pa, stimulus.label)
    else:
        current = _checked(_row(stimulus), "the current")
    if sampling_rate_hz is None:
        return current, default_dt_s if dt_s is None else dt_s
    if dt_s is None:
        return current, 1 / sampling_rate_hz
    held = resampled(current, 1 / sampling_rate_hz, dt_s)
    if not held.size:
        raise SimulationError(
            f"dt_s={dt_s} is longer than the current of {current.size / sampling_rate_hz:.6g} s; "
            f"give a shorter step"
        )
    return held, dt_s


def divided_step_s(
    stimulus: object, dt_s: float | None, sampling_rate_hz: float | None, longest_s: float
) -> float | None:
    """Return the step in seconds: a sampling interval that is too long for a simulation is divided.

    Parameters
    ----------
    stimulus : Stimulus, Sweep or array_like
        A sweep has its own sampling rate; a stimulus has none.
    dt_s : float or None
        Time step, taken as it is where given.
    sampling_rate_hz : float or None
        Samples per second of an array.
    longest_s : float
        Longest step that is taken unasked, in seconds.

    Examples
    --------
    >>> divided_step_s([0.0, 50.0], None, 10_000.0, 2.5e-5)
    2.5e-05
    """
    rate = stimulus.sampling_rate_hz if isinstance(stimulus, Sweep) else sampling_rate_hz
    if dt_s is not None or rate is None or isinstance(stimulus, Stimulus):
        return dt_s
    return 1 / rate / max(1, math.ceil(1 / rate / longest_s - 1e-9))


def described(stimulus: object) -> dict[str, Any]:
    """Return what a stimulus or a sweep says about a response to it: name, amplitude, window."""
    if isinstance(stimulus, Sweep):
        name = stimulus.stimulus
    elif isinstance(stimulus, Stimulus):
        name = stimulus.name
    else:
        return {}
    return {
        "stimulus": name,
        "amplitude_pa": stimulus.amplitude_pa,
        "start_s": stimulus.start_s,
        "stop_s": stimulus.stop_s,
    }


def _refuse_rate(what: str, why: str, sampling_rate_hz: float | None) -> None:
    if sampling_rate_hz is not None:
        raise SimulationError(
            f"{what} has no sampling_rate_hz, got {sampling_rate_hz!r}; {why}, give dt_s"
        )


def _row(stimulus: ArrayLike) -> Array:
    try:
        return np.ascontiguousarray(stimulus, dtype=float)
    except (TypeError, ValueError) as error:
        raise SimulationError(
            f"a cell takes a Stimulus, a Sweep or numbers in pA, got {type(stimulus).__name__}: {error}"
        ) from error


def _checked(current: Array, what: str) -> Array:
    if current.ndim != 1 or current.size == 0:
        raise SimulationError(f"{what} must be one-dimensional, got shape {current.shape}")
    if not np.isfinite(current).all():
        at = int((~np.isfinite(current)).argmax())
        raise SimulationError(
            f"{what} is not finite at sample {at} of {current.size}; cut or mend it first"
        )
    return current


def resampled(current: Array, old_dt: float, new_dt: float) -> Array:
    """Return the mean of a current within every new step: no charge is lost."""
    if math.isclose(old_dt, new_dt, rel_tol=1e-9):
        return current
    parts = round(old_dt / new_dt)
    if parts > 1 and math.isclose(old_dt, parts * new_dt, rel_tol=1e-9):
        return np.repeat(current, parts)
    edges = np.arange(math.floor(current.size * old_dt / new_dt + 1e-9) + 1) * new_dt
    charge = np.concatenate([[0.0], np.cumsum(current) * old_dt])
    clock = np.arange(current.size + 1) * old_dt
    held: Array = np.diff(np.interp(edges, clock, charge)) / new_dt
    return held


def check_clock(**clock: float | None) -> None:
    """Refuse a time step or sampling rate that no simulation can have.

    Raises
    ------
    SimulationError
        On one that is not positive, or not finite; None is passed over.
    """
    for name, value in clock.items():
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise SimulationError(f"{name} must be positive and finite, got {value!r}")


def check_threshold(threshold_mv: float) -> None:
    """Refuse a voltage that no cell could cross, so that silence is never an accident.

    Raises
    ------
    SimulationError
        On one that is not finite.
    """
    if not math.isfinite(threshold_mv):
        raise SimulationError(f"spike_threshold_mv must be a finite voltage, got {threshold_mv!r}")


def check_step(dt_s: float) -> None:
    """Refuse a time step, in seconds, in which a cell with compartments may spike unseen.

    Raises
    ------
    SimulationError
        On one above 2e-4 s.
    """
    if dt_s > LONGEST_DT_S:
        raise SimulationError(
            f"dt_s={dt_s!r} s is so long that spikes would be missed; expected at most {LONGEST_DT_S:g} "
            f"seconds (0.025 ms is dt_s=2.5e-5)"
        )


def check_point_step(dt_s: float) -> None:
    """Refuse a time step, in seconds, that makes no sense for many point neurons.

    Raises
    ------
    SimulationError
        On one that is not positive, or is above 0.01 s.
    """
    if not (math.isfinite(dt_s) and 0 < dt_s <= LONGEST_POINT_DT_S):
        raise SimulationError(
            f"dt_s must lie in 0..{LONGEST_POINT_DT_S:g} seconds, got {dt_s!r}; 0.1 ms is dt_s=1e-4"
        )
