"""Samples at any times, put on one uniform clock: simulations and recordings with variable steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen
from allentk.data.sweep import Sweep
from allentk.errors import DataError

__all__ = ["RATES_HZ", "Uniform", "from_samples", "uniform"]

Array = NDArray[np.float64]
Between = Literal["held", "linear"]

#: Rates that variable steps are resampled to where none is asked for.
RATES_HZ = (4e3, 5e3, 1e4, 2e4, 2.5e4, 4e4, 5e4, 1e5, 2e5)

_FINE = 5.0  # percent of the steps that may be finer than the new clock's
_JITTER = 0.05  # of a step: times nearer to a uniform clock lie on it
_MOST_JITTER = 0.25  # of a step: beyond this, rounding hides which sample is which
_SINGLE = 2.0**-24  # largest relative rounding of single precision
_DOUBLE = 2.0**-52
_SAME_TIME = 0.01  # of a step: a change of current this little after a sample belongs to it
_MOST_SAMPLES = 100_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Uniform:
    """Voltage and current on one clock, whose sample 0 is at the first time given.

    Parameters
    ----------
    voltage_mv, current_pa : ndarray, shape (n_samples,)
        What was given where its clock was uniform, else the resampled values.
    sampling_rate_hz : float
        Samples per second.
    first_time_s : float
        The first time given.
    resampled_from : mapping
        Empty where nothing was resampled; else ``n_samples``, ``n_doubled`` (times that came more than
        once), ``min_step_s``, ``max_step_s`` (of the distinct times) and ``current`` (``"held"`` or
        ``"linear"``).
    """

    voltage_mv: Array
    current_pa: Array
    sampling_rate_hz: float
    first_time_s: float
    resampled_from: Mapping[str, Any]


def uniform(
    time_s: ArrayLike,
    voltage_mv: ArrayLike,
    current_pa: ArrayLike,
    *,
    sampling_rate_hz: float | None = None,
    current: Between = "held",
    where: str = "samples",
) -> Uniform:
    """Put samples at any times on a uniform clock.

    Times that are uniform but for rounding, of single precision too, keep their samples as they are.
    Others are resampled: the voltage linearly, the current held until its next sample, so that a step
    stays a step. Of times that come twice, as NEURON writes them at events, the last sample counts.

    Parameters
    ----------
    time_s : array_like, shape (n_samples,)
        Time of each sample in seconds, from any first time on; may stand still, may not decrease.
    voltage_mv, current_pa : array_like, shape (n_samples,)
        Voltage in mV and current in pA at these times; a NaN makes everything up to its finite
        neighbours NaN.
    sampling_rate_hz : float, optional
        The clock wanted. Where not given, that of uniform times, whatever it is; for others the
        first of `RATES_HZ` (4 to 200 kHz) whose step is no longer than 95 % of the steps given.
    current : {"held", "linear"}
        What the current does between two samples.
    where : str
        What they are; used in messages.

    Raises
    ------
    DataError
        Where lengths differ, there are fewer than two distinct times, a time is not finite or earlier
        than the one before, the rate is not positive, or more than 100 million samples would come out.

    Notes
    -----
    A clock is uniform where every time lies within 5 % of a step of its place, or within the rounding
    of single precision, up to a quarter of a step. Its rate is the roundest rate, or that of the
    roundest step, that the times do not contradict. Such a clock may be slower than 4 kHz or faster
    than 200 kHz; a rate wanted may be too. Nothing is low-passed: a rate far below that of the
    samples aliases. What comes after the last uniform time, less than one step, is left out.

    References
    ----------
    Hines & Carnevale 2001, "NEURON: a tool for neuroscientists", Neuroscientist 7:123 (variable steps).

    Examples
    --------
    >>> made = uniform([0, 0.001, 0.001, 0.003], [-70, -70, -70, -66], [0, 0, 50, 50],
    ...                sampling_rate_hz=1000)
    >>> made.voltage_mv.tolist(), made.current_pa.tolist()
    ([-70.0, -70.0, -68.0, -66.0], [0.0, 50.0, 50.0, 50.0])
    """
    time, voltage, injected = _checked(time_s, voltage_mv, current_pa, where)
    if current not in ("held", "linear"):
        raise DataError(f"{where}: current must be 'held' or 'linear', got {current!r}")
    if sampling_rate_hz is not None and not 0 < sampling_rate_hz < math.inf:
        raise DataError(f"{where}: sampling_rate_hz must be positive, got {sampling_rate_hz!r}")
    own = _own_rate(time)
    if own is None:
        return _resampled(time, voltage, injected, sampling_rate_hz, current, where)
    rate, known = own
    if sampling_rate_hz and not math.isclose(sampling_rate_hz, rate, rel_tol=known):
        return _resampled(time, voltage, injected, sampling_rate_hz, current, where)
    return Uniform(voltage, injected, float(sampling_rate_hz or rate), float(time[0]), {})


def _resampled(
    time: Array, voltage: Array, injected: Array, rate: float | None, current: Between, where: str
) -> Uniform:
    first = float(time[0])
    keep = np.append(time[1:] > time[:-1], True)
    passed = time[keep] - first
    steps = np.diff(passed)
    if not steps.size:
        raise DataError(
            f"{where}: all {time.size} times are {first:.9g} s; at least two must differ"
        )
    rate = _usual_rate(steps) if rate is None else float(rate)
    clock = _clock(float(passed[-1]), rate, where)
    said = {
        "n_samples": int(time.size),
        "n_doubled": int(time.size - passed.size),
        "min_step_s": float(steps.min()),
        "max_step_s": float(steps.max()),
        "current": current,
    }
    between = _held if current == "held" else _linear
    voltage = _linear(clock, passed, voltage[keep])
    return Uniform(voltage, between(clock, passed, injected[keep]), rate, first, said)


def from_samples(
    time_s: ArrayLike,
    voltage_mv: ArrayLike,
    current_pa: ArrayLike,
    *,
    sampling_rate_hz: float | None = None,
    current: Between = "held",
    **fields: Any,
) -> Sweep:
    """Make a sweep from samples at any times: a simulation with variable steps, a rounded clock.

    Parameters
    ----------
    time_s, voltage_mv, current_pa : array_like, shape (n_samples,)
        Times in seconds, voltages in mV, currents in pA; see ``uniform``.
    sampling_rate_hz : float, optional
        The clock of the sweep; see ``uniform`` for what it is where not given.
    current : {"held", "linear"}
        What the current does between two samples.
    **fields
        Further fields of ``Sweep``. `start_s` and `stop_s` are on the clock of `time_s`; in the
        sweep, whose sample 0 is at 0 s, they are counted from the first time.

    Returns
    -------
    Sweep
        Its metadata hold ``first_time_s`` where that is not 0, and ``resampled_from`` where the clock
        was not uniform; see ``Uniform``.

    Raises
    ------
    DataError
        Where ``uniform`` or ``Sweep`` refuses what is given.

    Examples
    --------
    >>> time = np.cumsum(np.tile([25e-6, 100e-6], 500))
    >>> made = from_samples(time, np.full(1000, -70.0), np.zeros(1000), number=3)
    >>> made.sampling_rate_hz, made.metadata["resampled_from"]["n_samples"]
    (40000.0, 1000)
    """
    number, source = fields.get("number", 0), fields.get("source", "")
    where = f"{source}: sweep {number}" if source else f"sweep {number}"
    made = uniform(
        time_s,
        voltage_mv,
        current_pa,
        sampling_rate_hz=sampling_rate_hz,
        current=current,
        where=where,
    )
    metadata = dict(fields.pop("metadata", {}))
    if made.first_time_s:
        metadata["first_time_s"] = made.first_time_s
    if made.resampled_from:
        metadata["resampled_from"] = dict(made.resampled_from)
    for edge in {"start_s", "stop_s"} & fields.keys():
        fields[edge] = fields[edge] - made.first_time_s
    return Sweep(
        made.voltage_mv, made.current_pa, made.sampling_rate_hz, metadata=metadata, **fields
    )


def _checked(
    time_s: ArrayLike, voltage_mv: ArrayLike, current_pa: ArrayLike, where: str
) -> tuple[Array, Array, Array]:
    time = frozen(time_s, what=f"{where}: time_s")
    voltage = frozen(voltage_mv, what=f"{where}: voltage_mv")
    current = frozen(current_pa, what=f"{where}: current_pa")
    if time.ndim != 1 or not time.shape == voltage.shape == current.shape:
        raise DataError(
            f"{where}: time, voltage and current must be one-dimensional and equally long, got shapes "
            f"{time.shape}, {voltage.shape} and {current.shape}"
        )
    if time.size < 2:
        raise DataError(f"{where}: at least two times are needed, got {time.size}")
    strange = ~np.isfinite(time)
    if strange.any():
        at = int(strange.argmax())
        raise DataError(f"{where}: time_s[{at}] is {time[at]}; every sample needs a finite time")
    back = time[1:] < time[:-1]
    if back.any():
        at = int(back.argmax()) + 1
        raise DataError(
            f"{where}: times must not decrease, but time_s[{at}] = {time[at]:.9g} s comes after "
            f"{time[at - 1]:.9g} s; sort the samples, or leave out what was recorded anew"
        )
    return time, voltage, current


def _own_rate(time: Array) -> tuple[float, float] | None:
    """Return the rate of a uniform clock and how well it is known, relatively; None if it is none."""
    lasts = float(time[-1] - time[0])
    step = lasts / (time.size - 1)
    off = float(np.abs(time - (time[0] + step * np.arange(time.size))).max())
    largest = max(abs(float(time[0])), abs(float(time[-1])))
    rounding = min(4 * _SINGLE * largest, _MOST_JITTER * step)
    if step <= 0 or off > max(_JITTER * step, rounding):
        return None
    single = bool((time.astype(np.float32) == time).all())
    known = 2 * (off + (_SINGLE if single else _DOUBLE) * largest) / lasts
    return _roundest(1 / step, known), max(known, 1e-9)


def _roundest(rate: float, known: float) -> float:
    """Return the rate of fewest digits, or that of the step of fewest, within `known` of `rate`."""
    for digits in range(1, 16):
        by_step = float(f"{1 / float(f'{1 / rate:.{digits}g}'):.12g}")
        for rounded in (float(f"{rate:.{digits}g}"), by_step):
            if math.isclose(rounded, rate, rel_tol=known):
                return rounded
    return rate


def _usual_rate(steps: Array) -> float:
    wanted = 1 / float(np.percentile(steps, _FINE))
    return next((rate for rate in RATES_HZ if rate >= wanted * (1 - 1e-3)), RATES_HZ[-1])


def _clock(lasts: float, rate: float, where: str) -> Array:
    """Return the times of the uniform samples from 0 on."""
    n_steps = lasts * rate + _SAME_TIME
    if n_steps >= _MOST_SAMPLES:
        raise DataError(
            f"{where}: {lasts:.6g} s at {rate:.6g} Hz are {n_steps:.3g} samples, more than "
            f"{_MOST_SAMPLES}; give times in seconds, or a lower sampling_rate_hz"
        )
    if n_steps < 1:
        raise DataError(
            f"{where}: {lasts:.6g} s are less than one step at {rate:.6g} Hz; give a higher "
            f"sampling_rate_hz"
        )
    return np.arange(int(n_steps) + 1) / rate


def _linear(clock: Array, time: Array, values: Array) -> Array:
    return np.interp(clock, time, values)


def _held(clock: Array, time: Array, values: Array) -> Array:
    late = _SAME_TIME * clock[1]
    held: Array = values[np.searchsorted(time, clock + late, side="right") - 1]
    return held
