"""The sweeps of the published GLIF pipeline: chosen by protocol, filtered, at 5e-5 s, with spikes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from allentk.data import Sweep, SweepSet
from allentk.errors import FitError
from allentk.features.detect import Criteria, detect
from allentk.features.measure import amplitude_pa
from allentk.features.short_square import adjusted
from allentk.features.spike_table import Filtered
from allentk.fitting.recording import REPEAT_PA, check_finite
from allentk.simulation.current import resampled

__all__ = [
    "DT_S",
    "Terms",
    "Trace",
    "noise_traces",
    "smallest_spiking_square",
    "strongest_silent_square",
    "triple_traces",
]

Array = NDArray[np.float64]

#: Time step of the published pipeline.
DT_S = 5e-5
#: Low-pass of the voltage before it is averaged to that step.
CUTOFF_HZ, POLES = 10_000.0, 4
#: Shortest sweep that can stand in for noise, and longest stretch before a stimulus that tells the rest.
SHORTEST_S, REST_S = 0.5, 0.5


@dataclass(slots=True)
class Terms:
    """Whether what a recording lacks may be replaced, and what was."""

    strict: bool
    notes: list[str] = field(default_factory=list)

    def replaced(self, missing: str, instead: str) -> None:
        """Note a replacement.

        Raises
        ------
        FitError
            Where the published pipeline is wanted as it is.
        """
        if self.strict:
            raise FitError(
                f"{missing}: the published GLIF pipeline stops here; strict=False goes on with this "
                f"instead: {instead}"
            )
        self.notes.append(f"{missing[0].upper()}{missing[1:]}: {instead}.")


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One sweep at the pipeline's time step; `spikes` are the steps of the thresholds."""

    sweep: Sweep
    voltage_mv: Array
    current_pa: Array
    dt_s: float
    spikes: NDArray[np.int64]

    @property
    def number(self) -> int:
        """Number of the sweep."""
        return self.sweep.number

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.voltage_mv.size * self.dt_s

    @property
    def rest_mv(self) -> float:
        """Mean of the last half second before the stimulus; NaN where less than 0.1 s is known."""
        if not self.sweep.has_window or self.sweep.start_s < 0.1:
            return math.nan
        last = self.step(self.sweep.start_s)
        return float(self.voltage_mv[max(last - round(REST_S / self.dt_s), 0) : last].mean())

    def outside_spikes(self, before_s: float, after_s: float) -> NDArray[np.bool_]:
        """Return which steps are in no ``[spike - before_s, spike + after_s)``, shape (n_steps,)."""
        keep = np.ones(self.voltage_mv.size, dtype=np.bool_)
        before, after = round(before_s / self.dt_s), round(after_s / self.dt_s)
        for spike in self.spikes.tolist():
            keep[max(spike - before, 0) : spike + after] = False
        return keep

    def step(self, time_s: float) -> int:
        """Return the step nearest to a time, from 0 to the length."""
        return min(max(round(time_s / self.dt_s), 0), self.voltage_mv.size)


def _at_step(sweep: Sweep, dt_s: float) -> Sweep:
    """Low-pass the voltage and average voltage and current within every step."""
    rate = sweep.sampling_rate_hz
    check_finite(sweep)
    voltage = np.asarray(sweep.voltage_mv)
    # Below this rate there is nothing above 10 kHz to be taken out.
    if rate > 2 * CUTOFF_HZ * (1 + 1e-9):
        b, a = signal.bessel(POLES, 2 * CUTOFF_HZ / rate, "low")
        voltage = signal.filtfilt(b, a, voltage)
    held = [resampled(np.ascontiguousarray(x), 1 / rate, dt_s) for x in (voltage, sweep.current_pa)]
    return replace(sweep, voltage_mv=held[0], current_pa=held[1], sampling_rate_hz=1 / dt_s)


def _filtered(sweep: Sweep) -> Filtered:
    slope = np.diff(sweep.voltage_mv) * sweep.sampling_rate_hz * 1e-3
    return Filtered(sweep, sweep.voltage_mv, slope, math.nan)


def _trace(sweep: Sweep, criteria: Criteria | None = None, *, first: int = 0) -> Trace:
    """Find the spikes of a sweep that is at the pipeline's step already."""
    held = _filtered(sweep)
    window = (first, held.v.size - 1)
    found = detect(held.v, held.slope, sweep.sampling_rate_hz, window, criteria=criteria)
    dt_s = 1 / sweep.sampling_rate_hz
    return Trace(sweep, sweep.voltage_mv, sweep.current_pa, dt_s, found.threshold)


def _step_of(sweeps: SweepSet, terms: Terms) -> float:
    slowest = float(sweeps.table["sampling_rate_hz"].min())
    if slowest * DT_S > 1 - 1e-6:
        return DT_S
    terms.replaced(
        f"a sampling rate of {slowest:g} Hz is below the 20 kHz of the pipeline",
        f"all steps are {1 / slowest:g} s long",
    )
    return 1 / slowest


def _training(sweeps: SweepSet, train: str, terms: Terms) -> SweepSet:
    clamped = sweeps.where(clamp="current")
    named = clamped.where(stimulus=train)
    if len(named):
        return named
    unnamed = clamped.where(stimulus="")
    unnamed = unnamed.where(number=[s.number for s in unnamed if s.duration_s >= SHORTEST_S])
    if not len(unnamed):
        raise FitError(
            f"{sweeps!r}: no current-clamp sweep of {train!r}; name the repeated noise to fit on with "
            f"train="
        )
    terms.replaced(
        f"no sweep is named {train!r}", f"the sweeps {unnamed.numbers}, which have no name"
    )
    return unnamed


def noise_traces(sweeps: SweepSet, train: str, terms: Terms) -> list[Trace]:
    """Return the repeats of the training noise, cut to the shortest.

    Raises
    ------
    FitError
        Where there is none, where fewer than three spikes are in them, or where they are no repeats of
        one stimulus; and under strict terms where there are fewer than two.
    """
    chosen = _training(sweeps, train, terms)
    dt_s = _step_of(chosen, terms)
    if len(chosen) < 2:
        terms.replaced("fewer than two repeats of the noise", "the one there is")
    traces = [_trace(_at_step(sweep, dt_s)) for sweep in chosen]
    if sum(trace.spikes.size for trace in traces) < 3:
        raise FitError(
            f"{chosen!r}: fewer than three spikes in sweeps {chosen.numbers}; there is nothing to fit a "
            f"threshold to"
        )
    size = min(trace.voltage_mv.size for trace in traces)
    for trace in traces:
        apart = trace.current_pa[:size] - traces[0].current_pa[:size]
        if float(np.sqrt(np.mean(apart**2))) >= REPEAT_PA:
            raise FitError(
                f"{trace.sweep.label} is no repeat of {traces[0].sweep.label}: the currents differ; the "
                f"published pipeline fits repeats of one stimulus, name it with train="
            )
    return [_shortened(trace, size) for trace in traces]


def _shortened(trace: Trace, size: int) -> Trace:
    return replace(
        trace,
        voltage_mv=trace.voltage_mv[:size],
        current_pa=trace.current_pa[:size],
        spikes=trace.spikes[trace.spikes < size],
    )


def _squares(sweeps: SweepSet, stimulus: str, dt_s: float) -> list[Sweep]:
    """Return the sweeps of a protocol whose window is known, at the pipeline's step."""
    chosen = sweeps.where(clamp="current", stimulus=stimulus)
    return [_at_step(sweep, dt_s) for sweep in chosen if sweep.has_window]


def _adjusted_traces(squares: list[Sweep]) -> list[Trace]:
    """Find spikes as in short squares, whose own charging is fast."""
    if not squares:
        return []
    criteria = adjusted([_filtered(sweep) for sweep in squares])
    return [_trace(sweep, criteria, first=sweep.index(sweep.start_s)) for sweep in squares]


def smallest_spiking_square(sweeps: SweepSet, dt_s: float) -> Trace | None:
    """Return the short square of the smallest amplitude that made a spike.

    None where there is none, or where no short square stayed without a spike: the pipeline needs both.
    """
    traces = _adjusted_traces(_squares(sweeps, "Short Square", dt_s))
    spiking = [trace for trace in traces if trace.spikes.size]
    if not spiking or len(spiking) == len(traces):
        return None
    return min(spiking, key=lambda trace: amplitude_pa(trace.sweep))


def triple_traces(sweeps: SweepSet, dt_s: float) -> list[Trace]:
    """Return the triple short squares."""
    return _adjusted_traces(_squares(sweeps, "Short Square - Triple", dt_s))


def strongest_silent_square(sweeps: SweepSet, dt_s: float) -> Trace | None:
    """Return the long square of the largest amplitude that made no spike, or None."""
    long = sweeps.where(clamp="current", stimulus="Long Square")
    amplitudes = {
        number: amplitude_pa(long.sweep(number)) if math.isnan(nominal) else nominal
        for number, nominal in zip(long.numbers, long.table["amplitude_pa"], strict=True)
    }
    rising = [number for number in long.numbers if amplitudes[number] > 0]
    # A sweep is read and filtered only where all stronger ones have spikes.
    for number in sorted(rising, key=amplitudes.__getitem__, reverse=True):
        sweep = long.sweep(number)
        if sweep.has_window:
            trace = _trace(_at_step(sweep, dt_s))
            if not trace.spikes.size:
                return trace
    return None
