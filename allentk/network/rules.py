"""Rules of random connection: the chance of a pair by distance and by tuning.

References
----------
Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (linear fall-off, like to like); Billeh et al.
2020, Neuron 106:388 (Gaussian fall-off); Rossi et al. 2020, Nature 588:648 (displaced inputs).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.network.ends import Ends
from allentk.network.pair_kernels import CANDIDATES, FLAT, GAUSSIAN, LINEAR, Law
from allentk.network.spatial import Exact, Sampler, SpatialSampler

__all__ = ["Chance", "Frame", "Gaussian", "Linear", "Probability", "Rule", "Tuning"]

Array = NDArray[np.float64]
Difference = Literal["orientation", "direction"]

_PERIODS = {"orientation": 180.0, "direction": 360.0}

#: A Gaussian without a reach is walked bin by bin up to here, in sigmas, and in one sweep beyond.
_NEAR = 3.5

_STEPS = 512


class Rule(Protocol):
    """Who is connected to whom."""

    def sampler(self, ends: Ends) -> Sampler:
        """Return what draws the connections between these ends."""
        ...


@dataclass(frozen=True, slots=True)
class Tuning:
    """A factor of the chance: a line from equal tuning to the greatest difference.

    Parameters
    ----------
    same : float
        Factor at a difference of 0.
    opposite : float
        Factor at the greatest difference: 90 degrees of orientation, or 180 of direction.
    of : {"orientation", "direction"}
        Whether opposite directions of motion count as the same.
    untuned : float, optional
        Factor where one of the two has no tuning; by default the mean of the line.

    Examples
    --------
    >>> Tuning(1.0, 0.5).mean
    0.75
    """

    same: float = 1.0
    opposite: float = 1.0
    of: Difference = "orientation"
    untuned: float | None = None

    def __post_init__(self) -> None:
        if self.of not in _PERIODS:
            raise DataError(f"Tuning: of must be orientation or direction, got {self.of!r}")
        given = [self.same, self.opposite, *([] if self.untuned is None else [self.untuned])]
        if not all(0 <= value < math.inf for value in given):
            raise DataError(f"Tuning: factors must be 0 or more, got {given}")

    @property
    def mean(self) -> float:
        """Factor of a pair without tuning."""
        return (self.same + self.opposite) / 2 if self.untuned is None else self.untuned

    @property
    def greatest(self) -> float:
        """The greatest factor of all."""
        return max(self.same, self.opposite, self.mean)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a target looks for its sources: a shifted, stretched plane along its preferred direction.

    Parameters
    ----------
    shift_um : float or str
        Centre of the fall-off from the target, along its ``tuning_angle_deg``, in the plane of the rule's
        first two axes; or the column of the target's node table that has it.
    along, across : float
        Distances along and across that direction count divided by these.

    Notes
    -----
    A target without tuning has its sources around itself, unstretched.
    """

    shift_um: float | str = 0.0
    along: float = 1.0
    across: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.along < math.inf and 0 < self.across < math.inf):
            raise DataError(
                f"Frame: along and across must be positive, got {self.along} and {self.across}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spatial:
    """What all rules of distance have in common.

    Parameters
    ----------
    axes : str
        Axes along which distance counts: ``"xy"``, ``"xz"``, ``"xyz"`` or others.
    tuning : Tuning, optional
        Factor by the difference in tuning.
    scale_by : str, optional
        Column of the target's node table that multiplies the chance.
    frame : Frame, optional
        Shift and stretch of the plane.
    """

    axes: str = "xy"
    tuning: Tuning | None = None
    scale_by: str | None = None
    frame: Frame | None = None

    def _sampler(
        self, ends: Ends, law: Law, grain_um: float, axes: str | None = None
    ) -> SpatialSampler:
        shift = self.frame.shift_um if self.frame else 0.0
        wanted = self.axes if axes is None else axes
        return SpatialSampler.of(ends, law, grain_um, wanted, self.scale_by, shift)

    def _check(self, peak: float, lengths: dict[str, float]) -> None:
        name = type(self).__name__
        if not 0 <= peak <= 1:
            raise DataError(f"{name}: a probability must lie in 0..1, got {peak}")
        for what, value in lengths.items():
            if not value > 0:
                raise DataError(f"{name}: {what} must be positive, got {value}")
        if not self.axes or len(set(self.axes)) < len(self.axes) or set(self.axes) - set("xyz"):
            raise DataError(f"{name}: axes must be one to three of x, y and z, got {self.axes!r}")
        if self.frame is not None and len(self.axes) < 2:
            raise DataError(f"{name}: a frame needs a plane, got axes {self.axes!r}")

    def _law(
        self,
        kind: int,
        peak: float,
        scale: float,
        reach: float,
        *,
        envelope: Callable[[Array], Array] | None,
        cut: bool = True,
    ) -> Law:
        """Put the numbers of a rule in the order of the kernels.

        `envelope` is the fall-off from 1, never rising; without one the bound is `peak` everywhere.
        """
        if envelope is not None and not math.isfinite(reach):
            raise DataError(
                f"{type(self).__name__}: a chance that falls off needs a finite width and reach, got "
                f"{reach}; leave out reach_um, or take Chance"
            )
        tuning = self.tuning or Tuning()
        frame = self.frame or Frame()
        period = _PERIODS[tuning.of] if self.tuning else 0.0
        highest = peak * (tuning.greatest if self.tuning else 1.0)
        step = reach / _STEPS if envelope is not None else math.inf
        bounds: Array = np.ones(1)
        if envelope is not None:
            away: Array = np.arange(_STEPS + 2, dtype=np.float64) * np.float64(step)
            bounds = np.array(envelope(away), np.float64)
        bounds *= highest
        slope = (tuning.opposite - tuning.same) / (period / 2) if period else 0.0
        return Law(
            kind,
            float(peak),
            float(scale),
            float(reach),
            cut,
            float(frame.along),
            float(frame.across),
            period,
            float(tuning.same),
            slope,
            float(tuning.mean),
            float(step),
            bounds,
            0.0 if cut else float(bounds[_STEPS]),
        )


@dataclass(frozen=True, slots=True)
class Gaussian(_Spatial):
    """``peak exp(-(distance / sigma)^2)``, times the tuning's factor.

    Parameters
    ----------
    peak : float
        Chance at distance 0, of equal tuning times that factor.
    sigma_um : float
        Width: the chance is 1/e of the peak there (a normal curve of deviation ``sigma / sqrt(2)``).
    reach_um : float, optional
        No connections beyond; without it none is cut.
    axes, tuning, scale_by, frame
        Axes that count (``"xy"``), `Tuning`, column of the target that multiplies, and `Frame`.

    Notes
    -----
    A chance above 1 is 1.

    Examples
    --------
    >>> rule = Gaussian(0.2, 114.0, axes="xz", tuning=Tuning(4 / 3, 2 / 3))
    """

    peak: float
    sigma_um: float
    reach_um: float | None = None

    def __post_init__(self) -> None:
        lengths = {"sigma_um": self.sigma_um}
        self._check(
            self.peak, lengths if self.reach_um is None else lengths | {"reach_um": self.reach_um}
        )

    def sampler(self, ends: Ends) -> Sampler:
        """Return what draws the connections between these ends."""
        reach = _NEAR * self.sigma_um if self.reach_um is None else self.reach_um
        law = self._law(
            GAUSSIAN,
            self.peak,
            self.sigma_um,
            reach,
            envelope=lambda away: np.asarray(np.exp(-((away / self.sigma_um) ** 2)), np.float64),
            cut=self.reach_um is not None,
        )
        return self._sampler(ends, law, self.sigma_um / 3)


@dataclass(frozen=True, slots=True)
class Linear(_Spatial):
    """``peak (1 - distance / reach)``, times the tuning's factor; nothing beyond the reach.

    Parameters
    ----------
    peak : float
        Chance at distance 0, of equal tuning times that factor.
    reach_um : float
        Where the chance has fallen to 0.
    axes, tuning, scale_by, frame
        Axes that count (``"xy"``), `Tuning`, column of the target that multiplies, and `Frame`.

    Examples
    --------
    >>> rule = Linear(0.34, 300.0, tuning=Tuning(1.0, 0.5))
    """

    peak: float
    reach_um: float

    def __post_init__(self) -> None:
        self._check(self.peak, {"reach_um": self.reach_um})

    def sampler(self, ends: Ends) -> Sampler:
        """Return what draws the connections between these ends."""
        reach = self.reach_um
        law = self._law(
            LINEAR,
            self.peak,
            reach,
            reach,
            envelope=lambda away: np.asarray(np.maximum(0.0, 1.0 - away / reach), np.float64),
        )
        return self._sampler(ends, law, reach / 8)


@dataclass(frozen=True, slots=True)
class Chance(_Spatial):
    """One chance for every pair, or for every pair within a distance, times the tuning's factor.

    Parameters
    ----------
    probability : float
        Chance of a pair.
    reach_um : float, optional
        No connections beyond.
    axes, tuning, scale_by, frame
        Axes that count (``"xy"``), `Tuning`, column of the target that multiplies, and `Frame`.

    Examples
    --------
    >>> rule = Chance(0.1), Chance(1.0, 160.0)
    """

    probability: float
    reach_um: float | None = None

    def __post_init__(self) -> None:
        self._check(self.probability, {} if self.reach_um is None else {"reach_um": self.reach_um})

    def sampler(self, ends: Ends) -> Sampler:
        """Return what draws the connections between these ends."""
        reach = math.inf if self.reach_um is None else self.reach_um
        law = self._law(FLAT, self.probability, 1.0, reach, envelope=None)
        # without a reach distance is of no matter, and no population needs places
        return self._sampler(ends, law, reach / 8, "" if self.reach_um is None else self.axes)


@dataclass(frozen=True, slots=True)
class Probability(_Spatial):
    """Any chance that is a function of distance and of the difference in tuning.

    Parameters
    ----------
    function : callable
        ``function(distance_um, difference_deg)`` of arrays of pairs returns their chances; differences are
        NaN where one of the two has no tuning, distances those in the `frame`.
    reach_um : float
        No connections beyond.
    bound : float or callable
        What no chance exceeds; as a function of distance, one that never rises. The closer, the faster.
    of : {"orientation", "direction"}
        Difference that the function takes: 0 to 90 or 0 to 180 degrees.
    axes, scale_by, frame
        Axes that count (``"xy"``), column of the target that multiplies, and `Frame`.

    Examples
    --------
    >>> rule = Probability(
    ...     lambda distance_um, difference_deg: 0.2 * np.exp(-distance_um / 50),
    ...     reach_um=300.0, bound=lambda distance_um: 0.2 * np.exp(-distance_um / 50))
    """

    function: Callable[[Array, Array], Array]
    reach_um: float
    bound: float | Callable[[Array], Array] = 1.0
    of: Difference = "orientation"

    def __post_init__(self) -> None:
        peak = 1.0 if callable(self.bound) else self.bound
        self._check(peak, {"reach_um": self.reach_um})
        if self.tuning is not None or self.of not in _PERIODS:
            raise DataError(
                "Probability: the function itself knows the tuning; leave out tuning, and give of as "
                f"orientation or direction, got {self.of!r}"
            )

    def sampler(self, ends: Ends) -> Sampler:
        """Return what draws the connections between these ends."""
        reach, bound = self.reach_um, self.bound
        if callable(bound):
            law = self._law(CANDIDATES, 1.0, 1.0, reach, envelope=bound)
            rises = np.diff(law.envelope) > 0
            if rises.any() or not (law.envelope >= 0).all():
                raise DataError(
                    f"Probability: bound must be 0 or more and never rise with the distance; it does at "
                    f"{rises.argmax() * law.step:.4g} um"
                )
        else:
            law = self._law(CANDIDATES, float(bound), 1.0, reach, envelope=None)
        exact = Exact(self.function, _PERIODS[self.of])
        return replace(self._sampler(ends, law, reach / 8), exact=exact)
