"""Current stimuli as the Cell Types Database names them, as values that draw themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from allentk.data._html import card
from allentk.data._svg import COLORS, polyline
from allentk.errors import DataError

__all__ = ["LongSquare", "Noise", "Ramp", "ShortSquare", "Stimulus", "TripleShortSquare", "Zero"]

_SAMPLES_SHOWN = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimulus:
    """A current injected into one cell.

    Parameters
    ----------
    amplitude_pa : float
        Size of the current in pA; what it means is said by each kind.
    start_s, duration_s : float
        When the current starts and how long it lasts, in seconds.
    tail_s : float
        How long the recording goes on afterwards, in seconds.

    Raises
    ------
    DataError
        On a negative start, duration or tail, or a number that is not finite.
    """

    name: ClassVar[str] = "Stimulus"

    amplitude_pa: float = 0.0
    start_s: float = 1.02
    duration_s: float = 1.0
    tail_s: float = 0.5

    def __post_init__(self) -> None:
        for what in ("amplitude_pa", "start_s", "duration_s", "tail_s"):
            value = getattr(self, what)
            if not math.isfinite(value):
                raise DataError(f"{type(self).__name__}: {what} must be finite, got {value!r}")
            if what != "amplitude_pa" and value < 0:
                raise DataError(f"{type(self).__name__}: {what} must not be negative, got {value}")

    @property
    def stop_s(self) -> float:
        """End of the current, in seconds."""
        return self.start_s + self.duration_s

    @property
    def total_s(self) -> float:
        """Length of the whole sweep, in seconds."""
        return self.stop_s + self.tail_s

    def current_pa(self, sampling_rate_hz: float) -> NDArray[np.float64]:
        """Return the current at every sample, in pA, shape ``(n_samples,)``.

        Parameters
        ----------
        sampling_rate_hz : float
            Samples per second.
        """
        if not sampling_rate_hz > 0:
            raise DataError(f"sampling_rate_hz must be positive, got {sampling_rate_hz!r}")
        current = np.zeros(round(self.total_s * sampling_rate_hz))
        self._draw(current, sampling_rate_hz)
        return current

    def _draw(self, current: NDArray[np.float64], rate: float) -> None:
        """Write the stimulus into the zeros of `current`."""

    def _repr_html_(self) -> str:
        # So many samples whatever the length: pulses show, and a long stimulus takes no memory.
        rate = _SAMPLES_SHOWN / self.total_s if self.total_s > 0 else 0.0
        if not 0 < rate < math.inf:
            return card(self)
        current = self.current_pa(rate)
        end = f"{self.total_s:.4g} s"
        return card(self, polyline(current, unit="pA", end=end, height=48, color=COLORS[1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Zero(Stimulus):
    """No current at all.

    Examples
    --------
    >>> bool(Zero(duration_s=1.0).current_pa(1000).any())
    False
    """

    name: ClassVar[str] = "Zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class LongSquare(Stimulus):
    """A step of `amplitude_pa`, one second long where nothing else is said.

    Examples
    --------
    >>> step = LongSquare(amplitude_pa=270, start_s=1.02, duration_s=1.0)
    >>> float(step.current_pa(10_000).max())
    270.0
    """

    name: ClassVar[str] = "Long Square"

    def _draw(self, current: NDArray[np.float64], rate: float) -> None:
        current[round(self.start_s * rate) : round(self.stop_s * rate)] = self.amplitude_pa


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortSquare(LongSquare):
    """A step of 3 ms."""

    name: ClassVar[str] = "Short Square"

    duration_s: float = 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class TripleShortSquare(Stimulus):
    """Three 3 ms steps, `interval_s` from onset to onset; `duration_s` follows from them.

    Parameters
    ----------
    interval_s : float
        Time between the onsets, in seconds.
    pulse_s : float
        Length of each step, in seconds; at most `interval_s`.
    """

    name: ClassVar[str] = "Short Square - Triple"

    start_s: float = 2.02
    interval_s: float = 0.02
    pulse_s: float = 0.003
    duration_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        if not 0 < self.pulse_s <= self.interval_s:
            raise DataError(
                f"TripleShortSquare: interval_s {self.interval_s} must be at least "
                f"pulse_s {self.pulse_s}, which must be positive"
            )
        object.__setattr__(self, "duration_s", 2 * self.interval_s + self.pulse_s)
        Stimulus.__post_init__(self)

    def _draw(self, current: NDArray[np.float64], rate: float) -> None:
        for pulse in range(3):
            onset = self.start_s + pulse * self.interval_s
            current[round(onset * rate) : round((onset + self.pulse_s) * rate)] = self.amplitude_pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp(Stimulus):
    """A current that rises from zero to `amplitude_pa` over `duration_s`.

    Allen's ramp rises by 25 pA per second.
    """

    name: ClassVar[str] = "Ramp"

    def _draw(self, current: NDArray[np.float64], rate: float) -> None:
        first, last = round(self.start_s * rate), round(self.stop_s * rate)
        current[first:last] = np.linspace(0.0, self.amplitude_pa, last - first, endpoint=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise(Stimulus):
    """Allen's pink noise: the same 3 s waveform at 75, 100 and 125 % of `amplitude_pa`.

    A sum of sines at 1, 2 .. 100 Hz with amplitudes as 1/sqrt(f) and random phases, scaled to a
    coefficient of variation of 0.2 about its mean. Five seconds of zero stand before each
    epoch and after the last: 29 s in all. `amplitude_pa` is the rheobase.

    Parameters
    ----------
    seed : int
        Draws the phases; Noise 1 and Noise 2 differ in it.
    epoch_s, gap_s : float
        Length of an epoch, and of the zeros between two, in seconds.
    fractions : tuple of float
        Mean of each epoch, as a fraction of `amplitude_pa`.

    References
    ----------
    Allen Cell Types Database, "Electrophysiology", technical white paper; Teeter et al. 2018,
    Nature Communications 9:709.

    Examples
    --------
    >>> Noise(amplitude_pa=100, seed=1).current_pa(1000).shape
    (29000,)
    """

    name: ClassVar[str] = "Noise"

    seed: int = 1
    epoch_s: float = 3.0
    gap_s: float = 5.0
    fractions: tuple[float, ...] = (0.75, 1.0, 1.25)
    start_s: float = 5.0
    tail_s: float = 5.0
    duration_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        epochs = len(self.fractions)
        object.__setattr__(self, "duration_s", epochs * self.epoch_s + (epochs - 1) * self.gap_s)
        Stimulus.__post_init__(self)

    def waveform(self, sampling_rate_hz: float) -> NDArray[np.float64]:
        """Return one epoch about a mean of 1, shape ``(epoch_s * rate,)``, no unit."""
        time = np.arange(round(self.epoch_s * sampling_rate_hz)) / sampling_rate_hz
        frequency = np.arange(1, 101)
        phase = np.random.default_rng(self.seed).uniform(0, 2 * np.pi, frequency.size)
        wave = np.zeros(time.size)
        for f, shift in zip(frequency, phase, strict=True):
            wave += np.sin(2 * np.pi * f * time + shift) / math.sqrt(f)
        unit: NDArray[np.float64] = 1.0 + 0.2 * (wave - wave.mean()) / wave.std()
        return unit

    def _draw(self, current: NDArray[np.float64], rate: float) -> None:
        wave = self.waveform(rate)
        for epoch, fraction in enumerate(self.fractions):
            first = round((self.start_s + epoch * (self.epoch_s + self.gap_s)) * rate)
            current[first : first + wave.size] = self.amplitude_pa * fraction * wave
