"""The one step that published perisomatic models are fitted to, chosen from a recording.

Repeated long steps (core 2) where the cell fires on them as on the single ones (core 1) before:
rates on the coarse steps give a line, and the core 2 rates must not be farther than 30 pA from it.

References
----------
Gouwens et al. 2018, Nature Communications 9:710, methods.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep, SweepSet
from allentk.errors import AllenTKError
from allentk.features import amplitude_pa, spikes
from allentk.fitting.biophysical.measured_targets import targets_from_sweeps
from allentk.fitting.biophysical.targets import JUNCTION_MV, StepTarget, Targets
from allentk.fitting.biophysical.training import LEAST_HZ, SAME_PA, choose_training
from allentk.fitting.recording import sweep_set

__all__ = ["current_shift_pa", "regular", "single_step_targets"]

Array = NDArray[np.float64]

CORE_1, CORE_2 = "C1LSCOARSE", "C2SQRHELNG"
#: Farther from the coarse steps than this, core 2 is another cell, as it were; and how many repeats.
SHIFT_PA, REPEATS = 30.0, 2
#: The last spike comes no farther from the end than this many of the last intervals; an interval is
#: no longer than this many of both its neighbours.
PAUSE_AT_END, PAUSE = 2.0, 3.0


def current_shift_pa(
    coarse: Iterable[tuple[float, float]], other: Iterable[tuple[float, float]]
) -> float:
    """Return how far rates are from the line of a coarse f-I curve, along the current.

    Parameters
    ----------
    coarse, other : iterable of (float, float)
        Current in pA and rate in Hz.

    Returns
    -------
    float
        Mean over `other` of its current less that at which the line has its rate, in pA; the line is
        fitted from the last silent step up. NaN where there is no line.

    Examples
    --------
    >>> round(current_shift_pa([(0, 0), (50, 0), (100, 5), (150, 10)], [(140, 5)]), 6)
    40.0
    """
    curve = np.array(sorted(coarse), dtype=float).reshape(-1, 2)
    points = np.array(list(other), dtype=float).reshape(-1, 2)
    silent = np.flatnonzero(curve[:, 1] == 0)
    curve = curve[silent[-1] :] if silent.size else curve
    if len(curve) < 2 or not points.size or not np.ptp(curve, axis=0).all():
        return math.nan
    slope, intercept = np.polyfit(curve[:, 0], curve[:, 1], 1)
    return float((points[:, 0] - (points[:, 1] - intercept) / slope).mean())


def regular(times_s: Array, start_s: float, stop_s: float) -> bool:
    """Return whether a train is good to be fitted to: 5 Hz or more, without pauses, to the end.

    Examples
    --------
    >>> regular(np.arange(0.1, 1.0, 0.1), 0.0, 1.0), regular(np.arange(0.02, 0.4, 0.05), 0.0, 1.0)
    (True, False)
    """
    isi = np.diff(times_s)
    if times_s.size < LEAST_HZ * (stop_s - start_s) or isi.size < 2:
        return False
    pauses = (isi[1:-1] > PAUSE * isi[:-2]) & (isi[1:-1] > PAUSE * isi[2:])
    return bool(stop_s - times_s[-1] <= PAUSE_AT_END * isi[-2:].mean()) and not pauses.any()


def single_step_targets(
    sweeps: SweepSet | Sweep | Iterable[Sweep], *, junction_potential_mv: float = JUNCTION_MV
) -> Targets:
    """Return the long squares of a cell, trained on the one step that the published rule takes.

    Parameters
    ----------
    sweeps : SweepSet, Sweep or iterable of Sweep
        The recording; protocols are told by their codes.
    junction_potential_mv : float
        Added to recorded voltages.

    Returns
    -------
    Targets
        Core 2: the amplitude with the most good sweeps, where two or more are. Else the sweeps that
        are not core 2, and one of them: see ``choose_training``.

    Raises
    ------
    FitError
        Where no sweep can be measured, or none has a spike.
    """
    recording, told = sweep_set(sweeps), list[str]()
    good = _good_core_2(recording, told)
    if good is None:
        single = recording.where(code=lambda name: not str(name).startswith(CORE_2))
        targets = targets_from_sweeps(single, junction_potential_mv=junction_potential_mv)
        return choose_training(replace(targets, notes=(*targets.notes, *told)), "single")
    targets = targets_from_sweeps(recording, junction_potential_mv=junction_potential_mv)
    repeated = targets_from_sweeps(
        recording.where(number=good), junction_potential_mv=junction_potential_mv, stimulus=""
    )
    step = repeated.steps[0]
    others = tuple(s for s in targets.steps if not _same(s, step))
    return Targets(
        (*others, step),
        training=(step.amplitude_pa,),
        junction_potential_mv=junction_potential_mv,
        source=targets.source,
        notes=(*targets.notes, *told),
    )


def _same(first: StepTarget, second: StepTarget) -> bool:
    return abs(first.amplitude_pa - second.amplitude_pa) < SAME_PA


def _good_core_2(recording: SweepSet, told: list[str]) -> list[int] | None:
    """Return the numbers of the good sweeps at the best amplitude, None where core 2 does not do.

    `told` takes a sentence for every sweep of core 2 that cannot be measured.
    """
    # Those of core 1 that cannot be are said where they are measured as targets.
    core_1, core_2 = _trains(recording, CORE_1, []), _trains(recording, CORE_2, told)
    shift = current_shift_pa(
        [(pa, times.size / (stop - start)) for _, pa, times, start, stop in core_1],
        [(pa, times.size / (stop - start)) for _, pa, times, start, stop in core_2],
    )
    if not abs(shift) <= SHIFT_PA:
        return None
    by_pa: dict[float, list[int]] = {}
    for number, pa, times, start, stop in core_2:
        if regular(times, start, stop):
            same = next((known for known in by_pa if abs(known - pa) < SAME_PA), pa)
            by_pa.setdefault(same, []).append(number)
    best = max(by_pa.values(), key=len, default=[])
    return best if len(best) >= REPEATS else None


def _trains(
    recording: SweepSet, code: str, told: list[str]
) -> list[tuple[int, float, Array, float, float]]:
    """Return number, current, spike times and step of every sweep of a protocol that can be measured."""
    found = []
    for number in recording.where(code=lambda name: str(name).startswith(code)).table["number"]:
        try:
            sweep = recording.sweep(int(number))
            start, stop = sweep.start_s, sweep.stop_s
            times = spikes(sweep, start_s=start, end_s=stop)["threshold_t"].to_numpy(float)
            found.append((int(number), amplitude_pa(sweep), times, start, stop))
        except AllenTKError as error:
            told.append(f"sweep {number}: left out ({error})")
    return found
