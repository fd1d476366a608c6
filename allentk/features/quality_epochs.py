"""Where in a sweep its test pulse, its stimulus and the end of its recording are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.data.window import stretches

__all__ = ["Epochs", "Pulse", "epochs", "last_finite", "pulses"]

Array = NDArray[np.float64]

_QUIET_S = 0.005  # a trace begins with this much of its baseline
_JOIN_S = 0.001  # shorter returns to the baseline are part of a pulse
_SIGMA = 6.0  # a pulse leaves the baseline by more than this many standard deviations
_EXACT = 1e-6  # and by more than this part of the largest change
_SHORT_S = 0.0001  # in a noisy trace shorter excursions are no pulses
_FIRST_TEST_S = 0.4  # a test pulse begins before this
_TEST_S = 0.1  # and, where no window tells, is not longer than this


@dataclass(frozen=True, slots=True)
class Pulse:
    """A stretch away from the baseline: its first sample, and the one after its last."""

    first: int
    stop: int


@dataclass(frozen=True, slots=True)
class Epochs:
    """Parts of a current-clamp sweep, in samples.

    Parameters
    ----------
    recorded : int
        Samples up to the last finite voltage.
    test : Pulse or None
        The test pulse.
    stimulus : Pulse or None
        The stimulus, from its first sample to the one after its last.
    """

    recorded: int
    test: Pulse | None
    stimulus: Pulse | None

    @property
    def test_end(self) -> int:
        """The sample at which the test epoch ends: as long after its pulse as it began before."""
        return self.test.first + self.test.stop - 1 if self.test else 0


def last_finite(trace: Array) -> int:
    """Return the number of samples up to the last finite one."""
    finite = np.isfinite(trace)
    return trace.size - int(finite[::-1].argmax()) if finite.any() else 0


def pulses(trace: Array, rate_hz: float) -> list[Pulse]:
    """Find where a trace, exact or measured, leaves the level that it begins with, up or down.

    Examples
    --------
    >>> command = np.zeros(1000)
    >>> command[100:200], command[500:700] = -10, 5
    >>> pulses(command, 1000.0)
    [Pulse(first=100, stop=200), Pulse(first=500, stop=700)]
    """
    quiet = trace[: max(round(_QUIET_S * rate_hz), 2)]
    if quiet.size < 2 or not np.isfinite(quiet).all():
        return []
    away = np.abs(trace - np.median(quiet))
    exact = _EXACT * float(np.nanmax(away))
    noise = _SIGMA * float(quiet.std())
    found = stretches(away > max(exact, noise), max(round(_JOIN_S * rate_hz), 1) + 1)
    shortest = _SHORT_S * rate_hz if noise > exact else 0
    return [Pulse(first, stop) for first, stop in found if stop - first >= shortest]


def epochs(sweep: Sweep) -> Epochs:
    """Return the epochs of a current-clamp sweep.

    The stimulus is the sweep's window where it is known, and else what follows the test pulse. That is
    the first pulse of the current where it begins before 0.4 s and ends before the window (where no
    window is known: is not longer than 0.1 s).
    """
    recorded = last_finite(sweep.voltage_mv)
    rate = sweep.sampling_rate_hz
    found = pulses(sweep.current_pa[:recorded], rate)
    early = found[0] if found and found[0].first < _FIRST_TEST_S * rate else None
    if sweep.has_window and sweep.stop_s > sweep.start_s:
        stimulus = Pulse(sweep.index(sweep.start_s), sweep.index(sweep.stop_s))
        test = early if early and early.stop <= stimulus.first else None
        return Epochs(recorded, test, stimulus)
    test = early if early and early.stop - early.first <= _TEST_S * rate else None
    rest = found[1:] if test else found
    return Epochs(recorded, test, Pulse(rest[0].first, rest[-1].stop) if rest else None)
