"""Which steps a fit may see; the others judge it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from allentk.errors import ConfigError, FitError
from allentk.fitting.biophysical.targets import StepTarget, Targets

__all__ = ["RULES", "choose_training", "nearest_pa"]

#: The f-I and I-V curve, or the one step of the published perisomatic models.
RULES = ("curve", "single")
#: A step at which the cell fires slower than this part of its highest rate is taken for blocked.
BLOCKED_RATE = 0.8
#: Features that a step tells beyond how often it fires, to be worth fitting its spikes' shape.
SHAPES = frozenset(
    ("peak_v", "width", "fast_trough_v", "AP_width", "AHP_depth", "AP_amplitude_from_voltagebase")
)
#: Amplitudes that differ by less are one, in pA.
SAME_PA = 1.0
#: How far above rheobase the single step is at least, in pA, and the least rate and its limit of
#: irregularity (Gouwens et al. 2018).
ABOVE_PA, LEAST_HZ, IRREGULAR, DROP = 39.0, 5.0, 0.3, 0.2


def choose_training(
    targets: Targets,
    rule: str = "curve",
    *,
    amplitudes_pa: Iterable[float] | None = None,
) -> Targets:
    """Return the targets with the training amplitudes chosen.

    Parameters
    ----------
    targets : Targets
        What was measured.
    rule : {"curve", "single"}
        ``"curve"``: the largest step that is not blocked (of those that tell the spikes' shape, where
        one does); rheobase and the last silent step below it; up to three between rheobase and the
        largest, so few that a third of at least four spiking steps is held out; and the most negative
        step and one half-way to zero. ``"single"``: the lowest step 39 pA or more above rheobase with
        5 Hz or more, moving up while its intervals vary by more than 0.3 of their mean and the next
        step's do by a fifth less.
    amplitudes_pa : iterable of float, optional
        The amplitudes, where they are not to be chosen.

    Raises
    ------
    ConfigError
        On an unknown rule.
    DataError
        On an amplitude that there is not.
    FitError
        Where no step has a spike.

    Examples
    --------
    >>> from allentk.fitting.biophysical.targets import Target
    >>> counts = {-90: 0, -50: 0, 0: 0, 50: 0, 100: 2, 150: 5, 200: 9, 250: 12, 300: 15, 350: 17}
    >>> steps = [StepTarget(pa, {"n_spikes": Target(n, 0.5)}) for pa, n in counts.items()]
    >>> choose_training(Targets(tuple(steps))).training
    (-90.0, -50.0, 50.0, 100.0, 200.0, 250.0, 350.0)
    """
    if amplitudes_pa is not None:
        return targets.trained_on(_named(targets, amplitudes_pa))
    if rule not in RULES:
        raise ConfigError(f"train must be one of {', '.join(RULES)}, got {rule!r}")
    spiking = [step for step in targets.steps if step.n_spikes > 0]
    if not spiking:
        raise FitError(
            f"{targets!r}: no step has a spike; a model of spikes cannot be fitted. Is the voltage in "
            f"mV, and are steps above rheobase among the sweeps?"
        )
    if rule == "single":
        return targets.trained_on([_single(targets, spiking).amplitude_pa])
    return targets.trained_on(_curve(targets, spiking))


def _named(targets: Targets, amplitudes_pa: Iterable[float]) -> list[float]:
    """Return the steps that amplitudes stand for: a measured current is never a round number."""
    named = []
    for wanted in amplitudes_pa:
        nearest = nearest_pa(targets, wanted)
        named.append(float(wanted) if nearest is None else nearest)
    return named


def nearest_pa(targets: Targets, amplitude_pa: float) -> float | None:
    """Return the amplitude of the step that one stands for, less than 1 pA off; None without.

    Examples
    --------
    >>> from allentk.fitting.biophysical.targets import Target
    >>> targets = Targets((StepTarget(119.6, {"n_spikes": Target(1.0, 0.5)}),))
    >>> nearest_pa(targets, 120.0), nearest_pa(targets, 130.0)
    (119.6, None)
    """
    nearest = min((s.amplitude_pa for s in targets.steps), key=lambda pa: abs(pa - amplitude_pa))
    return nearest if abs(nearest - amplitude_pa) < SAME_PA else None


def _largest(spiking: Sequence[StepTarget]) -> StepTarget:
    """Return the largest step that is not blocked, of those that tell the shape where one does."""
    rates = [step.n_spikes / step.duration_s for step in spiking]
    peak = int(np.argmax(rates))
    free = [
        step
        for i, (step, rate) in enumerate(zip(spiking, rates, strict=True))
        if i <= peak or rate >= BLOCKED_RATE * rates[peak]
    ]
    shaped = [step for step in free if SHAPES & set(step.features)]
    return (shaped or free)[-1]


def _curve(targets: Targets, spiking: Sequence[StepTarget]) -> list[float]:
    largest, silent = _largest(spiking), [s for s in targets.steps if not s.n_spikes > 0]
    usual = [s for s in spiking if s.n_spikes >= 0.5] or spiking
    rheobase = usual[0]
    chosen = {largest.amplitude_pa, rheobase.amplitude_pa}
    below = [s.amplitude_pa for s in silent if s.amplitude_pa < rheobase.amplitude_pa]
    if below:
        chosen |= {below[0], below[-1]}
        chosen.add(min(below, key=lambda pa: (abs(pa - below[0] / 2), pa)))
    allowed = len(spiking) - math.ceil(len(spiking) / 3) if len(spiking) >= 4 else len(spiking)
    return [*chosen, *_between(spiking, rheobase, largest, min(3, allowed - 2))]


def _between(
    spiking: Sequence[StepTarget], rheobase: StepTarget, largest: StepTarget, n: int
) -> list[float]:
    """Return up to `n` amplitudes spread evenly between two steps."""
    first, last = rheobase.amplitude_pa, largest.amplitude_pa
    inside = [s.amplitude_pa for s in spiking if first < s.amplitude_pa < last]
    found: list[float] = []
    for k in range(1, n + 1):
        left = [pa for pa in inside if pa not in found]
        if left:
            wanted = first + (last - first) * k / (n + 1)
            found.append(min(left, key=lambda pa: (abs(pa - wanted), pa)))
    return found


def _single(targets: Targets, spiking: Sequence[StepTarget]) -> StepTarget:
    """Return the step that the published perisomatic models would be fitted to."""
    rheobase = targets.rheobase_pa
    good = [
        step
        for step in spiking
        if step.amplitude_pa >= rheobase + ABOVE_PA and step.n_spikes / step.duration_s >= LEAST_HZ
    ]
    if not good:
        return _largest(spiking)
    chosen = good[0]
    for following in good[1:]:
        now, then = _cv(chosen), _cv(following)
        if not (now > IRREGULAR and then <= (1 - DROP) * now):
            break
        chosen = following
    return chosen


def _cv(step: StepTarget) -> float:
    """Return how irregular the intervals are; NaN where nobody measured it."""
    for name in ("isi_cv", "ISI_CV"):
        if name in step.features:
            return step.features[name].mean
    return math.nan
