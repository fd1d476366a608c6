"""How spikes become fluorescence: the indicators of calcium, and their numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError

__all__ = ["INDICATORS", "Indicator", "SpikeToCalcium", "indicator_of"]

Array = NDArray[np.float64]


def _above_zero(held: object, *names: str) -> None:
    for name in names:
        value = getattr(held, name)
        if not (value > 0 and math.isfinite(value)):
            raise DataError(f"{type(held).__name__}: {name} must be above 0, got {value!r}")


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator of MLspike's forward model (Deneux et al. 2016, Nat Commun 7:12190).

    Calcium c rises by 1 with a spike and decays with ``decay_s``. Bound calcium is c; with ``hill`` h it is
    (c0 + c)^h - c0^h. It saturates, p = c' / (1 + saturation c'), and the polynomial (1 - a - b) p +
    a p^2 + b p^3 follows. dF/F is ``amplitude`` times that. Where b is negative, or a without b, the
    polynomial turns down beyond some p, for GCaMP6s at 9.8; dF/F stays at its largest there.

    Parameters
    ----------
    amplitude : float
        dF/F of one spike.
    decay_s : float
        Time constant in seconds.
    polynomial : (float, float)
        a and b, without unit.
    saturation : float
        Without unit; 0 for none.
    hill, rest : float
        h, without unit, and c0 in the calcium of one spike; 1 and 0 for none.
    rise_s : float
        Time constant in seconds with which p follows: dp/dt = (1 + saturation c') (p_inf - p) / rise_s;
        0 for at once.

    Raises
    ------
    DataError
        For a number out of range.
    """

    amplitude: float
    decay_s: float
    polynomial: tuple[float, float] = (0.0, 0.0)
    saturation: float = 0.0
    hill: float = 1.0
    rest: float = 0.0
    rise_s: float = 0.0

    def __post_init__(self) -> None:
        _above_zero(self, "amplitude", "decay_s", "hill")
        for name in ("saturation", "rest", "rise_s"):
            if not (getattr(self, name) >= 0 and math.isfinite(getattr(self, name))):
                raise DataError(
                    f"Indicator: {name} must not be negative, got {getattr(self, name)!r}"
                )

    @property
    def decays(self) -> tuple[tuple[float, float], ...]:
        """Weights and time constants in seconds whose exponentials make the calcium of a spike."""
        return ((1.0, self.decay_s),)

    def dff(self, calcium: Array, frame_s: float) -> Array:
        """Return dF/F of calcium at every frame, shape (n_cells, n_frames)."""
        free = calcium
        if self.hill != 1.0:
            free = (self.rest + calcium) ** self.hill - self.rest**self.hill
        p = free / (1 + self.saturation * free)
        if self.rise_s > 0:
            p = _followed(p, 1 + self.saturation * free, frame_s / self.rise_s)
        a, b = self.polynomial
        p = np.minimum(p, _turn(a, b))
        found: Array = self.amplitude * p * ((1 - a - b) + p * (a + b * p))
        return found


@dataclass(frozen=True, slots=True)
class SpikeToCalcium:
    """An indicator of the S2C models (Wei et al. 2020; im-phys.org/model).

    The calcium of a spike D seconds ago is exp(-D / decay_s) (1 - exp(-D / rise_s)). dF/F of calcium c is

    - ``"linear"``: maximum c,
    - ``"hill"``: maximum c^n / (c^n + half),
    - ``"sigmoid"``: maximum / (1 + exp(-(c - half) n)).

    Parameters
    ----------
    form : {"linear", "hill", "sigmoid"}
        Which.
    maximum : float
        Largest dF/F, or that of calcium 1 where linear.
    decay_s, rise_s : float
        Time constants in seconds.
    half, steepness : float
        Kd or c0, and n; without unit.
    calcium_noise_std : float
        Standard deviation of noise of the calcium; what is negative then is 0.

    Raises
    ------
    DataError
        For an unknown form or a number out of range.
    """

    form: Literal["linear", "hill", "sigmoid"]
    maximum: float
    decay_s: float
    rise_s: float
    half: float = 1.0
    steepness: float = 1.0
    calcium_noise_std: float = 0.0

    def __post_init__(self) -> None:
        if self.form not in ("linear", "hill", "sigmoid"):
            raise DataError(
                f'SpikeToCalcium: form is "linear", "hill" or "sigmoid", got {self.form!r}'
            )
        _above_zero(self, "maximum", "decay_s", "rise_s", "half", "steepness")
        if not (self.calcium_noise_std >= 0 and math.isfinite(self.calcium_noise_std)):
            raise DataError(
                f"SpikeToCalcium: calcium_noise_std must not be negative, got {self.calcium_noise_std!r}"
            )

    @property
    def decays(self) -> tuple[tuple[float, float], ...]:
        """Weights and time constants in seconds whose exponentials make the calcium of a spike."""
        return ((1.0, self.decay_s), (-1.0, 1 / (1 / self.decay_s + 1 / self.rise_s)))

    def dff(self, calcium: Array, frame_s: float) -> Array:
        """Return dF/F of calcium at every frame, shape (n_cells, n_frames)."""
        del frame_s  # the rise is in the calcium
        c = np.maximum(calcium, 0.0)
        if self.form == "linear":
            return self.maximum * c
        if self.form == "hill":
            power = c**self.steepness
            return np.asarray(self.maximum * power / (power + self.half), dtype=float)
        return np.asarray(self.maximum / (1 + np.exp(-(c - self.half) * self.steepness)), float)


#: Numbers that MLspike's own benchmark uses, citing Deneux et al. 2016.
INDICATORS = {
    "GCaMP6f": Indicator(0.0341, 0.76, polynomial=(0.85, -0.006)),
    "GCaMP6s": Indicator(0.1130, 1.87, polynomial=(0.81, -0.056)),
    "OGB": Indicator(0.049, 0.78),
}


def indicator_of(indicator: object) -> Indicator | SpikeToCalcium:
    """Return an indicator by its name, or as it is given.

    Raises
    ------
    DataError
        For an unknown name, or something else.

    Examples
    --------
    >>> indicator_of("OGB").amplitude
    0.049
    """
    if isinstance(indicator, Indicator | SpikeToCalcium):
        return indicator
    if isinstance(indicator, str) and indicator in INDICATORS:
        return INDICATORS[indicator]
    raise DataError(
        f"forward: the indicator is one of {', '.join(INDICATORS)}, an Indicator or a SpikeToCalcium, got "
        f"{indicator!r}"
    )


def _turn(a: float, b: float) -> float:
    """Return the p beyond which the polynomial falls; infinite where it never does."""
    if b == 0 and a < 0:
        return (1 - a) / (-2 * a)
    if b >= 0:
        return math.inf
    return (-a - math.sqrt(a**2 - 3 * b * (1 - a - b))) / (3 * b)


def _followed(target: Array, speed: Array, step: float) -> Array:
    """Return what runs after `target`, from one frame to the next with the speed of the latter."""
    keep = np.exp(-speed * step)
    out = np.zeros_like(target)
    for frame in range(1, target.shape[1]):
        gap = out[:, frame - 1] - target[:, frame]
        out[:, frame] = target[:, frame] + gap * keep[:, frame]
    return out
