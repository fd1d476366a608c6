"""What is asked of a population, checked and counted in steps."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from allentk.errors import SimulationError
from allentk.simulation.population_kernels import Clock, Watch

__all__ = ["clock_of", "threads_of", "watch_of"]

#: Longest span that is jumped over at once.
MAX_SPAN = 20


def clock_of(dt_s: float, duration_s: float, interval_s: float, held: bool) -> Clock:
    """Return the run in steps; an input that never changes has one interval."""
    steps = _whole(duration_s, dt_s, "duration_s")
    interval = _whole(interval_s, dt_s, "interval_s") if held else steps
    return Clock(steps, interval, _span(interval))


def _whole(time_s: float, dt_s: float, name: str) -> int:
    if not math.isfinite(time_s) or time_s < dt_s / 2:
        raise SimulationError(f"{name} must be at least a step of {dt_s:g} s, got {time_s!r}")
    steps = round(time_s / dt_s)
    if abs(steps * dt_s - time_s) > 1e-6 * dt_s * max(steps, 1):
        raise SimulationError(
            f"{name} must be whole steps of {dt_s:g} s, got {time_s!r}; take {steps * dt_s:.9g}"
        )
    return steps


def _span(interval: int) -> int:
    """Return the span that leaves the fewest steps of an interval over, and the longest of these."""
    spans = range(min(interval, MAX_SPAN), min(interval, MAX_SPAN // 2) - 1, -1)
    return min(spans, key=lambda span: interval % span)


def watch_of(record: Collection[str], n_neurons: int, n_steps: int) -> tuple[Watch, list[int]]:
    """Return where the voltages of the neurons asked for go, and these neurons."""
    watched: set[int] = set()
    for entry in (record,) if isinstance(record, str) else record:
        kind, _, names = entry.partition(":")
        ids = [int(name) if name.strip().isdecimal() else -1 for name in names.split(",")]
        if entry == "spikes":
            continue
        if kind != "voltage_mv" or min(ids) < 0 or max(ids) >= n_neurons:
            raise SimulationError(
                f"cannot record {entry!r}; expected 'spikes' or 'voltage_mv:<neuron>,...' with neurons "
                f"of 0..{n_neurons - 1}"
            )
        watched.update(ids)
    row = np.full(n_neurons, -1, dtype=np.int32)
    row[sorted(watched)] = np.arange(len(watched))
    return Watch(row, np.empty((len(watched), n_steps if watched else 0))), sorted(watched)


def threads_of(threads: int) -> int:
    """Return the number of threads."""
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise SimulationError(f"threads must be a whole number, 1 or more, got {threads!r}")
    return threads
