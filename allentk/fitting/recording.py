"""Sweeps as a fit wants them: binned, with their spikes, grouped by stimulus."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep, SweepSet
from allentk.errors import FitError
from allentk.features import spikes
from allentk.simulation.current import resampled

__all__ = [
    "BIN_S",
    "REPEAT_PA",
    "Group",
    "Trial",
    "check_finite",
    "choose",
    "fitted_to",
    "groups",
    "read",
    "sweep_list",
    "sweep_set",
]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

#: Shortest sweep that a fit can use.
SHORTEST_S = 0.5
#: Sweeps whose currents are nearer than this (root mean square) are repeats.
REPEAT_PA = 1.0
#: Bins of the regressions, and the time step of the simulations, in seconds.
BIN_S, DT_S = 5e-4, 1e-4


@dataclass(frozen=True, slots=True)
class Trial:
    """One sweep: voltage and current in bins of `BIN_S`, spike times, and which bins may be used."""

    number: int
    voltage_mv: Array
    current_pa: Array
    spike_times_s: Array
    threshold_mv: Array
    quiet_until_s: float
    sweep: Sweep
    kept: NDArray[np.bool_]

    @property
    def duration_s(self) -> float:
        """Length of the sweep."""
        return self.sweep.duration_s

    @property
    def spike_bins(self) -> NDArray[np.int64]:
        """Bins that the spikes lie in, shape (n_spikes,)."""
        bins = (self.spike_times_s / BIN_S).astype(np.int64)
        return np.minimum(bins, self.voltage_mv.size - 1)

    @property
    def rest_mv(self) -> float:
        """Mean voltage before the stimulus, without the first 10 %; NaN where there is no rest."""
        last = int(self.quiet_until_s / BIN_S)
        quiet = self.voltage_mv[last // 10 : last][self.kept[last // 10 : last]]
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

    def current_at(self, dt_s: float) -> Array:
        """Return the current at steps of another length than `DT_S`."""
        if dt_s == DT_S:
            return self.current_pa
        sweep = self.trials[0].sweep
        return resampled(np.ascontiguousarray(sweep.current_pa), 1 / sweep.sampling_rate_hz, dt_s)


def sweep_set(sweeps: SweepSet | Sweep | Iterable[Sweep]) -> SweepSet:
    """Return the sweeps as a SweepSet, whatever they came in.

    Raises
    ------
    FitError
        On what are no sweeps, such as the name of a file.
    """
    if isinstance(sweeps, SweepSet):
        return sweeps
    held = sweep_list(sweeps)
    made_up = any(sweep.synthetic for sweep in held)
    return SweepSet(held, metadata={"synthetic": True} if made_up else None)


def sweep_list(sweeps: Sweep | Iterable[Sweep]) -> list[Sweep]:
    """Return the sweeps as a list; unlike in a set, several may have one number, or none of their own.

    Raises
    ------
    FitError
        On what are no sweeps, such as the name of a file.
    """
    if isinstance(sweeps, str | Path):
        raise FitError(f"expected sweeps, got {str(sweeps)!r}; read it with allentk.read_nwb")
    held = [sweeps] if isinstance(sweeps, Sweep) else list(sweeps)
    foreign = sorted({type(each).__name__ for each in held if not isinstance(each, Sweep)})
    if foreign:
        raise FitError(f"expected sweeps, got {', '.join(foreign)} among them")
    return held


def fitted_to(synthetic: bool) -> str:
    """Return where the numbers of a fitted model come from; says so where the sweeps are made up."""
    return f"fitted by allentk{' to SYNTHETIC sweeps' if synthetic else ''}"


def _binned(values: Array, rate: float) -> Array:
    return resampled(np.ascontiguousarray(values), 1 / rate, BIN_S)


def check_finite(sweep: Sweep) -> None:
    """Refuse a sweep with a voltage or current that is no number.

    Raises
    ------
    FitError
        Says when the first one is.
    """
    finite = np.isfinite(sweep.voltage_mv) & np.isfinite(sweep.current_pa)
    if not finite.all():
        at = int((~finite).argmax()) / sweep.sampling_rate_hz
        raise FitError(f"{sweep.label} is not finite at {at:.4f} s; cut it there or leave it out")


def read(sweep: Sweep) -> Trial:
    """Bin one sweep and find its spikes.

    Raises
    ------
    FitError
        On a sweep shorter than 0.5 s or with values that are not finite.
    """
    if sweep.duration_s < SHORTEST_S:
        raise FitError(
            f"{sweep.label} lasts {sweep.duration_s:.3f} s; a fit needs noise of {SHORTEST_S} s or more"
        )
    check_finite(sweep)
    found = spikes(sweep)
    current = _binned(sweep.current_pa, sweep.sampling_rate_hz)
    start = sweep.start_s if sweep.has_window else 0.0
    first_spike = float(found["threshold_t"].iloc[0]) if len(found) else sweep.duration_s
    voltage = _binned(sweep.voltage_mv, sweep.sampling_rate_hz)
    return Trial(
        number=sweep.number,
        voltage_mv=voltage,
        current_pa=current,
        spike_times_s=found["threshold_t"].to_numpy(float),
        threshold_mv=found["threshold_v"].to_numpy(float),
        quiet_until_s=min(start, first_spike),
        sweep=sweep,
        kept=np.ones(voltage.size, dtype=np.bool_),
    )


def choose(
    sweeps: SweepSet | Sweep | Iterable[Sweep], stimulus: str, *, other: str, option: str
) -> list[Trial]:
    """Read the current-clamp sweeps of one stimulus.

    Where there is neither this stimulus nor `other`, the recording does not tell what to fit and what
    to score, and all sweeps that are long enough are taken.

    Parameters
    ----------
    sweeps : SweepSet, Sweep or iterable of Sweep
        The recording.
    stimulus : str
        Name of the stimulus.
    other : str
        Name of the stimulus that must not be taken instead.
    option : str
        The option of ``GLIFFitter`` that names `stimulus`; used in messages.

    Raises
    ------
    FitError
        Where there is no such sweep but one of `other`, no current-clamp sweep, or none that is long
        enough.
    """
    given = sweep_set(sweeps)
    clamped = given.where(clamp="current")
    if not len(clamped):
        raise FitError(f"{given!r}: there is no current-clamp sweep; give one recording of a cell")
    there = set(clamped.table["stimulus"])
    if stimulus in there:
        return [read(sweep) for sweep in clamped.where(stimulus=stimulus)]
    if other in there:
        raise FitError(
            f"{clamped!r}: no sweep of {stimulus!r}, and those of {other!r} are not taken instead: "
            f"what is scored must not have been fitted; name a stimulus that is there with "
            f"GLIFFitter({option}=...), or --{option}"
        )
    trials = [read(sweep) for sweep in clamped if sweep.duration_s >= SHORTEST_S]
    if not trials:
        raise FitError(
            f"{clamped!r}: all of the sweeps {clamped.numbers} are shorter than {SHORTEST_S} s; a fit "
            f"needs longer ones, best repeated noise"
        )
    if len(trials) < len(clamped):
        log.warning(
            "%r: left out %d sweeps shorter than %s s",
            clamped,
            len(clamped) - len(trials),
            SHORTEST_S,
        )
    return trials


def groups(trials: Iterable[Trial]) -> list[Group]:
    """Group trials whose current is the same to within a picoampere (root mean square)."""
    out: list[list[Trial]] = []
    for trial in trials:
        for members in out:
            other = members[0].current_pa
            if other.size == trial.current_pa.size:
                apart = float(np.sqrt(np.mean((other - trial.current_pa) ** 2)))
                if apart < REPEAT_PA:
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
