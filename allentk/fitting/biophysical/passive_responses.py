"""Responses to short pulses of current, averaged: what the passive membrane is fitted to.

The capacitance check of the Cell Types Database (``Square - 0.5ms Subthreshold``, code ``C1SQCAPCHK``)
injects pulses of 200 pA and 0.5 ms of both signs, so short that only charge and its spread into the
dendrites show. The responses to all pulses of a sign are averaged, from 2 ms before the pulse on, and the
mean of these 2 ms is subtracted.

The fit uses them from 1.5 ms after the pulse, when the electrode's own response is over, to where they
cease to be mirror images: where the mean of ``(up + down) / up`` over the last 0.5 ms exceeds 0.2.

References
----------
Gouwens et al. 2018, Nature Communications 9:710 (methods: passive parameters).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep, SweepSet
from allentk.data._arrays import frozen
from allentk.data.ontology import protocol
from allentk.errors import DataError, FitError
from allentk.fitting.biophysical.passive_modes import Pulse
from allentk.fitting.recording import sweep_list

__all__ = ["PassiveResponses", "passive_responses"]

Array = NDArray[np.float64]

BEFORE_S: Final = 0.002  # baseline
AFTER_PULSE_S: Final = 0.0015  # begin of the window
ASYMMETRY, ROLLING_S = 0.2, 0.0005
SHORTEST_S: Final = 0.002  # of a window that tells anything
PULSE_S: Final = (0.0002, 0.001)  # what counts as a pulse, with
LEAST_PA: Final = 20.0
ALIKE = 0.1  # amplitudes of pulses that are averaged agree to this part


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PassiveResponses:
    """Mean responses to a short pulse of current and to its opposite.

    Parameters
    ----------
    time_s : array_like, shape (n,)
        Even times in seconds, from 0 on.
    up_mv, down_mv : array_like, shape (n,)
        Mean responses to positive and to negative pulses in mV, their baselines subtracted.
    pulse : Pulse
        The positive pulse.
    n_pulses : (int, int)
        How many were averaged, positive and negative.
    notes : tuple of str
        What was left out and why.

    Raises
    ------
    DataError
        Where lengths differ, times are not even, a value is not finite or the pulse lies outside.

    Examples
    --------
    >>> t = np.arange(0, 0.02, 1e-4)
    >>> v = np.where(t > 0.0025, np.exp(-(t - 0.0025) / 0.01), 0.0)
    >>> PassiveResponses(t, v, -v, Pulse(200.0, 0.002, 0.0005)).window_s
    (0.004, 0.0199)
    """

    time_s: Array
    up_mv: Array
    down_mv: Array
    pulse: Pulse
    n_pulses: tuple[int, int] = (1, 1)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("time_s", "up_mv", "down_mv"):
            held = frozen(getattr(self, name), what=f"PassiveResponses: {name}")
            object.__setattr__(self, name, held)
        if not self.time_s.shape == self.up_mv.shape == self.down_mv.shape or self.time_s.ndim != 1:
            raise DataError(
                f"time_s, up_mv and down_mv must be equally long, got shapes {self.time_s.shape}, "
                f"{self.up_mv.shape} and {self.down_mv.shape}"
            )
        step = np.diff(self.time_s)
        if not (step.size and step[0] > 0 and np.allclose(step, step[0], rtol=1e-3)):
            raise DataError("time_s must rise in even steps")
        if not (np.isfinite(self.up_mv).all() and np.isfinite(self.down_mv).all()):
            raise DataError("up_mv and down_mv must be finite; leave out what is not")
        stop = self.pulse.start_s + self.pulse.duration_s
        if not (self.pulse.amplitude_pa > 0 and 0 < self.pulse.start_s < stop < self.time_s[-1]):
            raise DataError(
                f"the pulse must be positive and lie inside the responses, got {self.pulse}"
            )

    @property
    def window_s(self) -> tuple[float, float]:
        """First and last time of what is fitted, in seconds.

        Raises
        ------
        FitError
            Where less than 2 ms are usable; says why.
        """
        begin = self.pulse.start_s + self.pulse.duration_s + AFTER_PULSE_S
        step = float(self.time_s[1] - self.time_s[0])
        first = int(np.searchsorted(self.time_s, begin - 0.01 * step))
        apart = np.abs(self._rolling_asymmetry(max(1, round(ROLLING_S / step))))
        beyond = np.flatnonzero(apart[first:] > ASYMMETRY)
        last = first + int(beyond[0]) if beyond.size else self.time_s.size - 1
        if first >= self.time_s.size or self.time_s[last] - self.time_s[first] < SHORTEST_S:
            raise FitError(self._why_short(first, last, bool(beyond.size)))
        return round(float(self.time_s[first]), 12), round(float(self.time_s[last]), 12)

    def _rolling_asymmetry(self, n: int) -> Array:
        """Mean of ``(up + down) / up`` over the last `n` samples; 0 where there are not as many."""
        total = self.up_mv + self.down_mv
        part = np.divide(total, self.up_mv, out=np.zeros_like(total), where=self.up_mv != 0)
        mean = np.convolve(part, np.full(n, 1 / n))[: part.size]
        mean[: n - 1] = 0.0
        return mean

    def _why_short(self, first: int, last: int, asymmetric: bool) -> str:
        if not asymmetric:
            return (
                f"the responses end {1e3 * self.time_s[-1]:.1f} ms after the beginning, less than 2 ms "
                f"after the window's; record longer, or leave the passive fit out"
            )
        return (
            f"the responses to positive and negative pulses are no mirror images from "
            f"{1e3 * self.time_s[last]:.2f} ms on: (up + down) / up exceeds {ASYMMETRY}, less than 2 ms "
            f"after the window's beginning at {1e3 * self.time_s[first]:.2f} ms. The cell is not passive "
            f"there, or too noisy; leave the passive fit out (default_passive)"
        )

    def __repr__(self) -> str:
        return (
            f"<PassiveResponses: {self.pulse.amplitude_pa:g} pA for {1e3 * self.pulse.duration_s:g} ms, "
            f"{self.n_pulses[0]} up and {self.n_pulses[1]} down, {1e3 * self.time_s[-1]:.1f} ms>"
        )


def passive_responses(sweeps: SweepSet | Sweep | Iterable[Sweep]) -> PassiveResponses:
    """Average the responses to the short pulses of the capacitance check.

    Parameters
    ----------
    sweeps : SweepSet, Sweep or iterable of Sweep
        Sweeps of a cell; those of the capacitance check are found by name or code.

    Returns
    -------
    PassiveResponses
        From 2 ms before the pulse to the next pulse.

    Raises
    ------
    FitError
        Where there is no such sweep, or none has usable pulses of both signs.

    Examples
    --------
    >>> current = np.zeros(10_000)
    >>> current[2000:2100], current[6000:6100] = 200.0, -200.0
    >>> sweep = Sweep(np.cumsum(current) / 1e5 - 70, current, 200_000.0, code="C1SQCAPCHK")
    >>> passive_responses([sweep])
    <PassiveResponses: 200 pA for 0.5 ms, 1 up and 1 down, 22.0 ms>
    """
    chosen = _capacitance_checks(sweeps)
    cuts: list[_Cut] = []
    notes: list[str] = []
    for sweep in chosen:
        if sweep.sampling_rate_hz != chosen[0].sampling_rate_hz:
            notes.append(f"{sweep.label}: left out, sampled at another rate than {chosen[0].label}")
            continue
        cuts += _cuts(sweep, notes)
    return _averaged(cuts, chosen[0].sampling_rate_hz, notes)


def _capacitance_checks(sweeps: SweepSet | Sweep | Iterable[Sweep]) -> list[Sweep]:
    def fits(clamp: str, *names: object) -> bool:
        known = [protocol(name) for name in names if isinstance(name, str)]
        return clamp == "current" and "square_subthreshold" in known

    if isinstance(sweeps, SweepSet):
        rows, total = sweeps.table, len(sweeps)
        keys = zip(rows["number"], rows["clamp"], rows["stimulus"], rows["code"], strict=True)
        chosen = [sweeps.sweep(int(n)) for n, clamp, *names in keys if fits(clamp, *names)]
    else:
        given = sweep_list(sweeps)
        total = len(given)
        chosen = [sweep for sweep in given if fits(sweep.clamp, sweep.stimulus, sweep.code)]
    if not chosen:
        raise FitError(
            f"no capacitance-check sweep ('Square - 0.5ms Subthreshold', code C1SQCAPCHK) among "
            f"{total} sweeps; take the usual values: default_passive(spiny=...)"
        )
    return chosen


@dataclass(frozen=True, slots=True)
class _Cut:
    """A pulse and what follows, the baseline subtracted; the pulse begins at sample `before`."""

    amplitude_pa: float
    n_on: int
    before: int
    voltage_mv: Array


def _cuts(sweep: Sweep, notes: list[str]) -> list[_Cut]:
    """Return the pulses of a sweep; none, with a note, where something is not finite."""
    if not (sweep.n_samples and np.isfinite(sweep.current_pa).all()):
        notes.append(f"{sweep.label}: left out, its current is not finite")
        return []
    current = sweep.current_pa - np.median(sweep.current_pa)
    # Between pulses is no current, so that half the largest one tells when they are on.
    largest = float(np.abs(current).max())
    on = (np.abs(current) > max(LEAST_PA, largest / 2)).astype(np.int8)
    edges = np.flatnonzero(np.diff(on, prepend=0, append=0))
    starts, stops = edges[::2], edges[1::2]
    rate, before = sweep.sampling_rate_hz, round(BEFORE_S * sweep.sampling_rate_hz)
    short = ((stops - starts) >= PULSE_S[0] * rate) & ((stops - starts) <= PULSE_S[1] * rate)
    tails = np.append(starts[1:], sweep.n_samples) - starts
    usable = short & (starts >= before) & (tails >= round(BEFORE_S * rate))
    if usable.any():
        usable &= tails >= 0.5 * np.median(tails[usable])
    found = []
    for start, stop, tail in zip(starts[usable], stops[usable], tails[usable], strict=True):
        voltage = sweep.voltage_mv[start - before : start + tail]
        if not np.isfinite(voltage).all():
            notes.append(f"{sweep.label}: left out, the voltage after a pulse is not finite")
            return []
        amplitude = float(np.median(current[start:stop]))
        found.append(_Cut(amplitude, int(stop - start), before, voltage - voltage[:before].mean()))
    if not found:
        notes.append(f"{sweep.label}: left out, no pulse of 0.2 to 1 ms found")
    return found


def _averaged(cuts: list[_Cut], rate_hz: float, notes: list[str]) -> PassiveResponses:
    usual = float(np.median([abs(cut.amplitude_pa) for cut in cuts])) if cuts else 0.0
    alike = [cut for cut in cuts if abs(abs(cut.amplitude_pa) / usual - 1) <= ALIKE]
    if len(alike) < len(cuts):
        notes.append(
            f"pulses of other amplitudes than {usual:.0f} pA left out: {len(cuts) - len(alike)}"
        )
    up = [cut for cut in alike if cut.amplitude_pa > 0]
    down = [cut for cut in alike if cut.amplitude_pa < 0]
    if not (up and down):
        raise FitError(
            f"the passive fit needs short pulses of both signs, got {len(up)} positive and {len(down)} "
            f"negative ones" + "".join(f"; {note}" for note in notes)
        )
    n = min(cut.voltage_mv.size for cut in alike)
    mean_up, mean_down = (np.mean([c.voltage_mv[:n] for c in one], axis=0) for one in (up, down))
    amplitude = float(np.mean([abs(cut.amplitude_pa) for cut in alike]))
    duration = float(np.median([cut.n_on for cut in alike])) / rate_hz
    pulse = Pulse(amplitude, alike[0].before / rate_hz, duration)
    time = np.arange(n) / rate_hz
    return PassiveResponses(time, mean_up, mean_down, pulse, (len(up), len(down)), tuple(notes))
