"""The voltage where it does not spike: base, steady states, deflections, sag, resistance."""

from __future__ import annotations

import numpy as np

from allentk.features._efel.parts import Values, one
from allentk.features._efel.trace import Array, Trace

__all__ = [
    "block",
    "current_base",
    "deflection",
    "deflection_begin",
    "deflection_from_base",
    "largest_voltage",
    "largest_voltage_from_base",
    "resistance",
    "resistance_from_base",
    "sag_amplitude",
    "sag_ratio1",
    "sag_ratio2",
    "smallest_voltage",
    "steady_current",
    "steady_hyper",
    "steady_state",
    "steady_voltage",
    "voltage_after",
    "voltage_base",
]

#: Below this for long, a cell counts as blocked by hyperpolarisation, in mV.
HYPERPOLARISED_MV = -75.0


def _mean(values: Array) -> Values:
    return one(float(values.mean())) if values.size else None


def _less(first: Values, second: Values) -> Values:
    return None if first is None or second is None else first - second


def _ratio(first: Values, second: Values) -> Values:
    return None if first is None or second is None or not second.all() else first / second


def _before(trace: Trace, values: Array) -> Array:
    settings = trace.settings
    first = trace.at(settings.base_start_fraction * trace.start_ms)
    return values[first : trace.after(settings.base_end_fraction * trace.start_ms)]


def voltage_base(trace: Trace) -> Values:
    """Return the mean voltage of the last part before the stimulus."""
    return _mean(_before(trace, trace.v))


def current_base(trace: Trace) -> Values:
    """Return the mean current of the last part before the stimulus."""
    return _mean(_before(trace, trace.sweep.current_pa) / 1000.0)


def _late(trace: Trace, values: Array) -> Array:
    end = trace.end_ms
    return values[trace.at(end - 0.1 * (end - trace.start_ms)) : trace.at(end)]


def steady_voltage(trace: Trace) -> Values:
    """Return the mean voltage of the last tenth of the stimulus."""
    return _mean(_late(trace, trace.v))


def steady_current(trace: Trace) -> Values:
    """Return the mean current of the last tenth of the stimulus."""
    return _mean(_late(trace, trace.sweep.current_pa) / 1000.0)


def steady_hyper(trace: Trace) -> Values:
    """Return the mean voltage of 30 samples that end 5 samples before the stimulus does."""
    end = trace.at(trace.end_ms)
    return _mean(trace.v[end - 35 : end - 5]) if end >= 35 else None


def steady_state(trace: Trace) -> Values:
    """Return the mean voltage after the stimulus."""
    return _mean(trace.v[trace.after(trace.end_ms) :])


def voltage_after(trace: Trace) -> Values:
    """Return the mean voltage of the middle half of the time after the stimulus."""
    end = trace.end_ms
    rest = (trace.v.size - 1) * trace.dt - end
    first, last = trace.at(end + 0.25 * rest), trace.after(end + 0.75 * rest)
    return _mean(trace.v[first : last + 1])


def smallest_voltage(trace: Trace) -> Values:
    """Return the smallest voltage of the stimulus."""
    return one(float(trace.stimulus.min())) if trace.stimulus.size else None


def largest_voltage(trace: Trace) -> Values:
    """Return the largest voltage of the stimulus."""
    return one(float(trace.stimulus.max())) if trace.stimulus.size else None


def largest_voltage_from_base(trace: Trace) -> Values:
    """Return the largest voltage of the stimulus above the base."""
    return _less(largest_voltage(trace), voltage_base(trace))


def _rest(trace: Trace) -> Values:
    return _mean(trace.v[: trace.at(trace.start_ms)])


def deflection(trace: Trace) -> Values:
    """Return the mean of 5 samples near the end of the stimulus above that of all before it."""
    end = trace.at(trace.end_ms)
    return _less(_mean(trace.v[end - 9 : end - 4]) if end >= 9 else None, _rest(trace))


def deflection_begin(trace: Trace) -> Values:
    """Return the mean from 5 to 15 % of the stimulus above that of all before it."""
    start, span = trace.start_ms, trace.end_ms - trace.start_ms
    part = trace.v[trace.after(start + 0.05 * span) : trace.after(start + 0.15 * span)]
    return _less(_mean(part), _rest(trace))


def deflection_from_base(trace: Trace) -> Values:
    """Return the steady voltage of the stimulus above the base."""
    return _less(steady_voltage(trace), voltage_base(trace))


def _step_na(trace: Trace) -> Values:
    said = trace.settings.stimulus_current_na
    step = trace.sweep.amplitude_pa / 1000.0 if said is None else said
    return one(step) if np.isfinite(step) else None


def resistance(trace: Trace) -> Values:
    """Return `voltage_deflection` over the current of the step."""
    return _ratio(deflection(trace), _step_na(trace))


def resistance_from_base(trace: Trace) -> Values:
    """Return `voltage_deflection_vb_ssse` over the current of the step."""
    return _ratio(deflection_from_base(trace), _step_na(trace))


def sag_amplitude(trace: Trace) -> Values:
    """Return the steady voltage above the smallest, where the step goes down."""
    step = deflection_from_base(trace)
    if step is None or step[0] > 0:
        return None
    return _less(steady_voltage(trace), smallest_voltage(trace))


def sag_ratio1(trace: Trace) -> Values:
    """Return the sag over the largest deflection downwards."""
    return _ratio(sag_amplitude(trace), _less(voltage_base(trace), smallest_voltage(trace)))


def sag_ratio2(trace: Trace) -> Values:
    """Return the steady deflection over the largest deflection downwards."""
    below = _less(voltage_base(trace), steady_voltage(trace))
    return _ratio(below, _less(voltage_base(trace), smallest_voltage(trace)))


def block(trace: Trace) -> Values:
    """Return 1 where the voltage stays above the spikes' begins, or below -75 mV, for long; else 0."""
    begins = trace.begin[trace.begin >= 0]
    if not begins.size:
        return np.array([0], dtype=np.int64)
    least = trace.settings.depol_block_min_ms / trace.dt
    above = trace.v[trace.at(trace.start_ms) :] > trace.v[begins].mean()
    below = trace.stimulus < HYPERPOLARISED_MV
    blocked = _longest(above) > least or _longest(below) > least
    return np.array([int(blocked)], dtype=np.int64)


def _longest(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[0::2]).max()) if edges.size else 0
