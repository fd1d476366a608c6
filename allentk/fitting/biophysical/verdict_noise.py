"""Noise sweeps, which no fit to steps has seen: whether the model spikes when the cell does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep, SweepSet
from allentk.data.crossings import crossings
from allentk.errors import AllenTKError, FitError
from allentk.fitting.biophysical.verdict_bench import Bench
from allentk.fitting.biophysical.verdict_parts import NoiseScore
from allentk.fitting.objectives import score_trains

__all__ = ["noise_scores"]

Array = NDArray[np.float64]

#: A score needs so many repeats.
LEAST = 2


def noise_scores(
    sweeps: SweepSet, bench: Bench, junction_potential_mv: float
) -> tuple[list[NoiseScore], list[str]]:
    """Play every noise that was repeated to the model; return the scores, and notes.

    Repeats are the sweeps of a stimulus named ``Noise ...`` that are as long as its first; what is
    played is the first one's recorded current. A spike is the first sample at or above -20 mV of the
    corrected voltage, in the recording and in the model. What is left out is in the notes.
    """
    table = sweeps.table
    named = table[(table["clamp"] == "current") & table["stimulus"].str.contains("Noise", na=False)]
    scores: list[NoiseScore] = []
    notes: list[str] = []
    for stimulus in sorted(set(named["stimulus"])):
        of = named[named["stimulus"] == stimulus]
        alike = of["n_samples"] == of["n_samples"].iloc[0]
        if not alike.all():
            others = ", ".join(str(number) for number in of["number"][~alike])
            notes.append(f"{stimulus}: left out, not as long as the first: sweep {others}")
        numbers = [int(number) for number in of["number"][alike]]
        if len(numbers) < LEAST:
            notes.append(f"{stimulus}: {len(numbers)} sweep, no score without a repeat")
            continue
        try:
            scores.append(_score(stimulus, sweeps, numbers, bench, junction_potential_mv))
        except AllenTKError as error:
            notes.append(f"{stimulus}: not scored ({error})")
    return scores, notes


def _score(
    stimulus: str, sweeps: SweepSet, numbers: list[int], bench: Bench, junction_mv: float
) -> NoiseScore:
    first = sweeps.sweep(numbers[0])
    trains = [_train(sweeps.sweep(number), junction_mv) for number in numbers]
    model = bench.play(first.current_pa, first.sampling_rate_hz)
    found = score_trains(model, trains, first.duration_s)
    return NoiseScore(
        stimulus=stimulus,
        sweeps=tuple(numbers),
        ratio=found["ratio"],
        reliability=found["reliability"],
        n_recorded=sum(train.size for train in trains) / len(trains),
        n_model=int(model.size),
    )


def _train(sweep: Sweep, junction_mv: float) -> Array:
    if not np.isfinite(sweep.voltage_mv).all():
        raise FitError(
            f"{sweep.label}: the voltage is not finite everywhere, so its spikes cannot be counted; leave "
            f"this sweep out"
        )
    found: Array = crossings(sweep.voltage_mv + junction_mv) / sweep.sampling_rate_hz
    return found
