"""Delay: whether the first spike comes later than the membrane needs to charge."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.errors import FeatureError
from allentk.features.definition import Definition, checked
from allentk.features.filters import FEWEST, dvdt, heavy_cutoff_hz

__all__ = ["Delay", "delay"]

Array = NDArray[np.float64]
#: Weights and time constants in s of two exponentials: a1, tau1, a2, tau2.
Two = tuple[float, float, float, float]

#: The asymptote lies this much above the highest voltage, in mV.
ABOVE_MV = 5e-6
#: Where the slope of the logarithm falls to this, in 1/ms, the voltage rises.
RISING_PER_MS = -0.001
#: A slower component than this, in s, needs twice the weight of the faster one.
SLOW_S, SLOW_WEIGHT = 0.3, 2.0
#: The factor by which the first guesses of the two exponentials lie from that of one.
APART = {"allen": 1.01, "allentk": 3.0}
#: What keeps time constants positive: a curve with a negative one lies this far off, in mV.
NEGATIVE_MV = 1e6
#: Time constants this near to each other are one.
ALIKE = 0.1


@dataclass(frozen=True, slots=True)
class Delay:
    """What `delay` found.

    Parameters
    ----------
    ratio : float
        Latency over `tau_s`; NaN where there is none.
    tau_s : float
        Time constant that dominates the rise before the first spike, s; NaN where there is none.
    """

    ratio: float
    tau_s: float


def delay(
    sweep: Sweep, latency_s: float, start_s: float, *, definition: Definition = "allen"
) -> Delay:
    """Compare the latency of the first spike with the rise of the voltage before it.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    latency_s : float
        First threshold after `start_s`, s; NaN where there is no spike.
    start_s : float
        Start of the step, s.
    definition : {"allen", "allentk"}
        Whose rules; see Notes.

    Returns
    -------
    Delay
        NaN without a spike, with fewer than 17 samples between the start and the spike (none where that
        comes first), or with a voltage that is not finite or does not move there.

    Raises
    ------
    FeatureError
        Where the start or the spike lies outside the sweep.

    Notes
    -----
    Two exponentials that share the asymptote are fitted to the voltage from the start to the first
    threshold. The heavier of them dominates; where they weigh alike or differ by less than 10 %, the
    slower, unless that is slower than 0.3 s and less than twice as heavy. Where the fit does not
    converge, the first guess stands.

    The published algorithm starts both exponentials from one guess, so that rounding decides where the
    fit goes; ``"allen"`` starts them 1 % apart, which leads where it mostly leads. Its guess is a line
    through the logarithm, of what comes before the voltage rises where that does not rise at once, and
    stands even when it is negative. ``"allentk"`` guesses from the area between voltage and asymptote
    and starts the two far apart.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(20_000) / 20_000
    >>> charging = Sweep(-50 - 20 * np.exp(-t / 0.02), np.full(t.size, 50.0), 20_000.0)
    >>> round(delay(charging, 0.2, 0.0, definition="allentk").ratio, 2)
    10.0
    """
    none = Delay(math.nan, math.nan)
    checked(definition)
    if math.isnan(latency_s):
        return none
    if not (start_s >= 0 and 0 <= start_s + latency_s <= sweep.duration_s):
        raise FeatureError(
            f"{sweep.label}: a spike {latency_s} s after {start_s} s does not lie inside the sweep of "
            f"{sweep.duration_s:.6g} s; give the latency of a spike of this sweep"
        )
    v = sweep.voltage_mv[sweep.index(start_s) : sweep.index(start_s + latency_s)]
    if v.size < FEWEST or not np.isfinite(v).all() or np.ptp(v) == 0:
        return none
    tau = _dominant_tau(v, sweep.sampling_rate_hz, definition)
    if definition == "allentk" and not tau > 0:
        return none
    return Delay(latency_s / tau if tau else math.nan, tau)


def _dominant_tau(v: Array, rate: float, definition: Definition) -> float:
    asymptote = float(v.max()) + ABOVE_MV
    t = np.arange(v.size) / rate
    weight, tau = _guess(t, asymptote - v, rate, definition)
    apart = APART[definition]
    start = (weight / 2, tau / apart, weight / 2, tau * apart)
    fitted = _two_exponentials(t, v, asymptote, start)
    return tau if fitted is None else _dominant(fitted)


def _guess(t: Array, below: Array, rate: float, definition: Definition) -> tuple[float, float]:
    """Weight in mV and time constant in s of one exponential, from what lies below the asymptote."""
    if definition == "allentk":
        return -float(below[0]), float(below.sum() / (rate * below[0]))
    log = np.log(below)
    rising = np.flatnonzero(dvdt(log, rate, heavy_cutoff_hz(rate)) <= RISING_PER_MS)
    end = int(rising[0]) if rising.size and rising[0] > 1 else t.size
    offset, slope = np.polynomial.polynomial.polyfit(t[:end], log[:end], 1)
    return -math.exp(float(offset)), -1 / float(slope) if slope else math.inf


def _two_exponentials(t: Array, v: Array, asymptote: float, start: Two) -> Two | None:
    """Fit asymptote + a1 exp(-t / tau1) + a2 exp(-t / tau2); None where that does not converge."""
    from scipy import optimize

    def curve(x: Array, a1: float, tau1: float, a2: float, tau2: float) -> Array:
        out: Array = asymptote + a1 * np.exp(-x / tau1) + a2 * np.exp(-x / tau2)
        return out + NEGATIVE_MV if tau1 < 0 or tau2 < 0 else out

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", optimize.OptimizeWarning)
        try:
            fitted, _ = optimize.curve_fit(curve, t, v, p0=start)
        except RuntimeError:
            return None
    a1, tau1, a2, tau2 = map(float, fitted)
    return a1, tau1, a2, tau2


def _dominant(fitted: Two) -> float:
    a1, tau1, a2, tau2 = fitted
    (fast, light), (slow, heavy) = sorted(((tau1, abs(a1)), (tau2, abs(a2))))
    if light > heavy:
        return fast
    if slow - fast <= ALIKE * abs(slow):
        return slow
    too_slow = slow > SLOW_S and heavy < SLOW_WEIGHT * light
    return fast if too_slow else slow
