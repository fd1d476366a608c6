"""Targets from a recording's own sweeps, and from published tables of what was measured on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from allentk.data import Sweep, SweepSet
from allentk.errors import AllenTKError, FitError
from allentk.features import amplitude_pa, stimulus_window
from allentk.fitting.biophysical.measured import COUNT, EFEL_VOLTAGES, measure
from allentk.fitting.biophysical.targets import JUNCTION_MV, StepTarget, Target, Targets, tolerance
from allentk.fitting.biophysical.training import SAME_PA
from allentk.fitting.recording import sweep_set

__all__ = ["SPIKING", "SUBTHRESHOLD", "targets_from_sweeps", "targets_from_table", "unmeasured"]

#: Features of a step with spikes and of one without.
SPIKING = (
    COUNT,
    "avg_rate",
    "latency",
    "first_isi",
    "mean_isi",
    "isi_cv",
    "adapt",
    "peak_v",
    "fast_trough_v",
    "width",
    "v_baseline",
)
#: Targets of a step at which the cell does not fire.
SUBTHRESHOLD = (COUNT, "v_baseline", "v_steady", "v_deflected")
#: Steps that differ by less last as long, in s.
SAME_S = 0.01
#: A current that nobody calls a long square is one where it lasts so long, in s, and lies for 90 % of
#: that within this part of its amplitude, and so many pA.
LONG_S, EVEN, EVEN_PA = 0.2, 0.05, 5.0


def unmeasured(recording: SweepSet, notes: Sequence[str]) -> FitError:
    """Return the error of a recording no step of which can be measured; notes say why of each."""
    return FitError(
        f"{recording.source or 'the recording'}: no long square can be measured: "
        f"{'; '.join(notes) or 'there is none'}"
    )


def targets_from_sweeps(
    sweeps: SweepSet | Sweep | Iterable[Sweep],
    *,
    junction_potential_mv: float = JUNCTION_MV,
    spiking: Sequence[str] = SPIKING,
    subthreshold: Sequence[str] = SUBTHRESHOLD,
    stimulus: str = "Long Square",
) -> Targets:
    """Measure the long squares of a cell.

    Parameters
    ----------
    sweeps : SweepSet, Sweep or iterable of Sweep
        The recording; sweeps of `stimulus` are used, all whose current is a step of 0.2 s or longer
        where none is named so.
    junction_potential_mv : float
        Added to recorded voltages; 0 where they are corrected already.
    spiking, subthreshold : sequence of str
        Features of steps with spikes and without; the names of ``measure``.
    stimulus : str
        Name of the protocol.

    Returns
    -------
    Targets
        Repeats of an amplitude are averaged; a tolerance is their sample standard deviation, not
        below `tolerance`. A sweep that cannot be measured is left out with a note, and so is a step of
        which nothing asked for can be.

    Raises
    ------
    FitError
        Where no sweep can be measured.

    Examples
    --------
    >>> voltage = np.where(np.arange(3000) // 1000 == 1, -80.0, -70.0)
    >>> current = np.where(np.arange(3000) // 1000 == 1, -50.0, 0.0)
    >>> sweep = Sweep(voltage, current, 1000.0, stimulus="Long Square", start_s=1.0, stop_s=2.0)
    >>> targets_from_sweeps(sweep).step(-50.0).features["v_steady"]
    Target(mean=-94.0, sd=1.0)
    """
    recording, notes = sweep_set(sweeps), []
    named = recording.where(stimulus=stimulus, clamp="current")
    used = named if len(named) else recording.where(clamp="current")
    if not len(named):
        notes.append(f"no sweep is named {stimulus!r}: all steps in current clamp were taken")
    groups: dict[tuple[float, float], list[tuple[Sweep, dict[str, float]]]] = {}
    for number in used.table["number"]:
        try:
            sweep = _shifted(used.sweep(int(number)), junction_potential_mv)
            amplitude = amplitude_pa(sweep)
            if not (math.isfinite(amplitude) and sweep.stop_s > sweep.start_s):
                notes.append(f"sweep {number}: left out, its step is not known")
                continue
            if not len(named) and not _is_step(sweep, amplitude):
                notes.append(f"sweep {number}: left out, its current is no long step")
                continue
            names = dict.fromkeys((COUNT, *spiking, *subthreshold))
            found = measure(sweep, names)
        except AllenTKError as error:
            notes.append(f"sweep {number}: left out ({error})")
            continue
        groups.setdefault(_group(groups, amplitude, sweep), []).append((sweep, found))
    if not groups:
        raise unmeasured(recording, notes)
    steps = []
    for pa, members in _usual(groups, notes).items():
        try:
            steps.append(_step(pa, members, spiking, subthreshold))
        except AllenTKError as error:
            notes.append(f"left out: {error}")
    if not steps:
        raise unmeasured(recording, notes)
    return Targets(
        steps=tuple(steps),
        junction_potential_mv=junction_potential_mv,
        source=f"SYNTHETIC {recording.source}".strip() if recording.synthetic else recording.source,
        notes=tuple(notes),
    )


def _shifted(sweep: Sweep, junction_potential_mv: float) -> Sweep:
    """Return the sweep in the model's voltage, with its window."""
    shifted = replace(sweep, voltage_mv=sweep.voltage_mv + junction_potential_mv)
    if shifted.has_window:
        return shifted
    start, stop = stimulus_window(sweep.current_pa, sweep.sampling_rate_hz)
    return replace(shifted, start_s=start, stop_s=stop)


def _group(groups: Iterable[tuple[float, float]], amplitude: float, sweep: Sweep) -> Any:
    """Return the amplitude and length of the step, those of an earlier one where they are the same."""
    duration = sweep.stop_s - sweep.start_s
    for known in groups:
        if abs(known[0] - amplitude) < SAME_PA and abs(known[1] - duration) < SAME_S:
            return known
    return (round(float(amplitude), 3), duration)


def _usual(groups: Mapping[Any, list[Any]], notes: list[str]) -> dict[float, list[Any]]:
    """Return one group per amplitude: that whose steps last about as long as most do."""
    durations = [duration for (_, duration), held in groups.items() for _ in held]
    usual = float(np.median(durations))
    kept: dict[float, list[Any]] = {}
    for (pa, duration), held in sorted(groups.items(), key=lambda one: abs(one[0][1] - usual)):
        if any(abs(known - pa) < SAME_PA for known in kept):
            notes.append(
                f"{pa:g} pA: steps of {duration:.3g} s were left out, most last {usual:.3g} s"
            )
            continue
        kept[pa] = held
    return kept


def _is_step(sweep: Sweep, amplitude: float) -> bool:
    """Say whether a current lasts and stays at its amplitude; noise, ramps and short pulses do not."""
    first, last = sweep.index(sweep.start_s), sweep.index(sweep.stop_s)
    part = sweep.current_pa[first:last]
    if sweep.stop_s - sweep.start_s < LONG_S or not part.size:
        return False
    low, high = np.percentile(part, (5.0, 95.0))
    return bool(high - low <= 2.0 * (EVEN * abs(amplitude) + EVEN_PA))


def _step(
    amplitude: float,
    members: list[tuple[Sweep, dict[str, float]]],
    spiking: Sequence[str],
    subthreshold: Sequence[str],
) -> StepTarget:
    fired = sum(found[COUNT] for _, found in members) > 0
    features = {}
    for name in spiking if fired else subthreshold:
        values = [found[name] for _, found in members if math.isfinite(found[name])]
        if values:
            features[name] = _target(name, values)
    first = members[0][0]
    return StepTarget(
        amplitude_pa=amplitude,
        features=features,
        start_s=first.start_s,
        duration_s=first.stop_s - first.start_s,
        n_sweeps=len(members),
        sweeps=tuple(sweep.number for sweep, _ in members),
    )


def _target(name: str, values: Sequence[float]) -> Target:
    """Return the mean of a feature, and its spread over repeats or what it is tolerated to be off."""
    mean = float(np.mean(values))
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return Target(mean, max(spread, tolerance(name, mean)))


def targets_from_table(
    rows: Iterable[Mapping[str, Any]],
    *,
    junction_potential_mv: float = JUNCTION_MV,
    start_s: float = 1.02,
    duration_s: float = 1.0,
    source: str = "",
) -> Targets:
    """Build targets from published numbers, one row per sweep or table.

    Parameters
    ----------
    rows : iterable of mapping
        ``amplitude_pa`` and features by the names of ``measure``, NaN, NA or None where not measured;
        ``corrected``: whether voltages are the model's already (False where not said);
        ``number``: of the sweep. Rows of one amplitude are averaged.
    junction_potential_mv : float
        Added to voltages that are not corrected.
    start_s, duration_s : float
        Onset and length of every step in s.
    source : str
        Where the numbers come from.

    Raises
    ------
    FitError
        Where there is no row, or one without ``amplitude_pa``.
    FeatureError
        On a feature that cannot be measured on a step.

    Examples
    --------
    >>> rows = [{"amplitude_pa": 110.0, "n_spikes": 0, "v_steady": -54.0},
    ...         {"amplitude_pa": 130.0, "n_spikes": 3}, {"amplitude_pa": 130.0, "n_spikes": 2}]
    >>> targets = targets_from_table(rows)
    >>> targets.step(110.0).features["v_steady"].mean, targets.step(130.0).n_spikes
    (-68.0, 2.5)
    """
    groups: dict[float, list[Mapping[str, Any]]] = {}
    for row in rows:
        if not _said(row, "amplitude_pa"):
            raise FitError(
                f"{source or 'table'}: a row says no amplitude_pa, the current of its step; it has "
                f"{', '.join(str(name) for name in row if _said(row, name)) or 'nothing'}"
            )
        pa = float(row["amplitude_pa"])
        same = next((known for known in groups if abs(known - pa) < SAME_PA), round(pa, 3))
        groups.setdefault(same, []).append(row)
    if not groups:
        raise FitError(f"{source or 'table'}: no row to fit to")
    steps = []
    for pa, members in groups.items():
        features = _averaged(members, junction_potential_mv)
        if features:
            numbers = tuple(int(row["number"]) for row in members if _said(row, "number"))
            steps.append(
                StepTarget(pa, features, start_s, duration_s, n_sweeps=len(members), sweeps=numbers)
            )
    return Targets(tuple(steps), junction_potential_mv=junction_potential_mv, source=source)


_NO_FEATURE = ("amplitude_pa", "corrected", "number")


def _averaged(rows: list[Mapping[str, Any]], junction_mv: float) -> dict[str, Target]:
    """Return the mean of every feature over rows, voltages as the model has them."""
    features = {}
    names = dict.fromkeys(name for row in rows for name in row if name not in _NO_FEATURE)
    for name in names:
        values = [
            float(row[name]) + (junction_mv if _is_voltage(name) and not _corrected(row) else 0)
            for row in rows
            if _said(row, name) and math.isfinite(row[name])
        ]
        if values:
            features[name] = _target(name, values)
    return features


def _said(row: Mapping[str, Any], name: str) -> bool:
    """Say whether a row has a value: none of None, NaN and NA, as tables have it that are not filled."""
    value = row.get(name)
    return value is not None and value is not pd.NA and bool(value == value)


def _corrected(row: Mapping[str, Any]) -> bool:
    return _said(row, "corrected") and bool(row["corrected"])


def _is_voltage(name: str) -> bool:
    """Say whether a feature is a voltage against the bath, which a junction potential shifts."""
    return name in EFEL_VOLTAGES or name.endswith("_v") or name.startswith("v_")
