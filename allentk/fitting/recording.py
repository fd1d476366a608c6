"""Sweeps as a fit wants them: binned, with their spikes, grouped by stimulus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep, SweepSet
from allentk.errors import FitError
from allentk.features import spikes
from allentk.simulation.glif import resampled

__all__ = ["BIN_S", "Group", "Trial", "groups", "read", "sweep_set"]

Array = NDArray[np.float64]

#: Bins of the regressions, and the time step of the simulations, in seconds.
BIN_S, DT_S = 5e-4, 1e-4


@dataclass(frozen=True, slots=True)
class Trial:
    """One sweep: voltage and current in bins of `BIN_S`, and spike times."""

    number: int
    voltage_mv: Array
    current_pa: Array
    spike_times_s: Array
    threshold_mv: Array
    quiet_until_s: float
    sweep: Sweep

    @property
    def duration_s(self) -> float:
        """Length of the sweep."""
        return self.sweep.duration_s

    @property
    def rest_mv(self) -> float:
        """Mean voltage before the stimulus, without the first 10 %; NaN where there is no rest."""
        last = int(self.quiet_until_s / BIN_S)
        quiet = self.voltage_mv[last // 10 : last]
        return float(quiet.mean()) if quiet.size * BIN_S >= 0.2 else float("nan")


@dataclass(frozen=True, slots=True)
class Group:
    """Trials of one stimulus, and its current at every simulation step."""

    trials: tuple[Trial, ...]
    current_pa: Array

    @property
    def duration_s(self) -> float:
        """Length of the stimulus."""
        return self.trials[0].duration_s


def sweep_set(sweeps: SweepSet | Iterable[Sweep]) -> SweepSet:
    """Return the sweeps as a SweepSet, whatever they came in."""
    return sweeps if isinstance(sweeps, SweepSet) else SweepSet(list(sweeps))


def _binned(values: Array, rate: float) -> Array:
    return resampled(np.ascontiguousarray(values), 1 / rate, BIN_S)


def read(sweep: Sweep) -> Trial:
    """Bin one sweep and find its spikes.

    Raises
    ------
    FitError
        On a sweep shorter than 0.5 s or with values that are not finite.
    """
    if sweep.duration_s < 0.5:
        raise FitError(
            f"{sweep.label} lasts {sweep.duration_s:.3f} s; a fit needs noise of 0.5 s or more"
        )
    finite = np.isfinite(sweep.voltage_mv) & np.isfinite(sweep.current_pa)
    if not finite.all():
        at = int((~finite).argmax()) / sweep.sampling_rate_hz
        raise FitError(f"{sweep.label} is not finite at {at:.4f} s; cut it there or leave it out")
    found = spikes(sweep)
    current = _binned(sweep.current_pa, sweep.sampling_rate_hz)
    start = sweep.start_s if sweep.has_window else 0.0
    first_spike = float(found["threshold_t"].iloc[0]) if len(found) else sweep.duration_s
    return Trial(
        number=sweep.number,
        voltage_mv=_binned(sweep.voltage_mv, sweep.sampling_rate_hz),
        current_pa=current,
        spike_times_s=found["threshold_t"].to_numpy(float),
        threshold_mv=found["threshold_v"].to_numpy(float),
        quiet_until_s=min(start, first_spike),
        sweep=sweep,
    )


def groups(trials: Iterable[Trial]) -> list[Group]:
    """Group trials whose current is the same to within a picoampere (root mean square)."""
    out: list[list[Trial]] = []
    for trial in trials:
        for members in out:
            other = members[0].current_pa
            if other.size == trial.current_pa.size:
                apart = float(np.sqrt(np.mean((other - trial.current_pa) ** 2)))
                if apart < 1.0:
                    members.append(trial)
                    break
        else:
            out.append([trial])
    return [
        Group(
            tuple(members),
            resampled(
                np.ascontiguousarray(members[0].sweep.current_pa),
                1 / members[0].sweep.sampling_rate_hz,
                DT_S,
            ),
        )
        for members in out
    ]
