"""Stretches of time that a fit may see, and their division for cross-validation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from allentk.fitting.recording import BIN_S, Group

__all__ = ["Fold", "Spans", "folds", "seen", "within"]

Array = NDArray[np.float64]

#: Start and stop of the stretches, in seconds, in order.
Spans = tuple[tuple[float, float], ...]

#: Left out after a stretch that must not be seen, whose spikes are not known, and before it, where a
#: spike's aftermath reaches into it.
AFTER_S, BEFORE_S = 0.3, 0.012
#: A stretch holds so many spikes of all trials together, or it says nothing.
FEWEST_SPIKES = 8


@dataclass(frozen=True, slots=True)
class Fold:
    """For each group of trials the stretches to fit on and those to score on."""

    train: tuple[Spans, ...]
    held_out: tuple[Spans, ...]


def within(times_s: Array, spans: Spans) -> NDArray[np.bool_]:
    """Return which times lie in one of the stretches, starts included."""
    inside = np.zeros(times_s.shape, dtype=np.bool_)
    for start, stop in spans:
        inside |= (times_s >= start) & (times_s < stop)
    return inside


def folds(groups: Sequence[Group], n: int) -> tuple[Fold, ...]:
    """Divide a recording into `n` parts that are held out in turn.

    Where several stimuli made the cell fire, whole stimuli are held out; those without a spike are
    always fitted. Where there is one, it is cut into stretches of equally many spikes; what comes
    before the first spike is always fitted. Fewer parts are made of few spikes, and none, an empty
    tuple, where there would be only one.
    """
    firing = [i for i, group in enumerate(groups) if _spikes(group).size >= FEWEST_SPIKES]
    if len(firing) > 1:
        return _by_stimulus(groups, firing, n)
    return _by_time(groups, firing[0], n) if firing else ()


def _spikes(group: Group) -> Array:
    return np.sort(np.concatenate([trial.spike_times_s for trial in group.trials]))


def _whole(group: Group) -> Spans:
    return ((0.0, group.duration_s),)


def _by_stimulus(groups: Sequence[Group], firing: list[int], n: int) -> tuple[Fold, ...]:
    count = min(n, len(firing))
    out = []
    for part in range(count):
        held = set(firing[part::count])
        train = tuple(() if i in held else _whole(group) for i, group in enumerate(groups))
        test = tuple(_whole(group) if i in held else () for i, group in enumerate(groups))
        out.append(Fold(train, test))
    return tuple(out)


def _by_time(groups: Sequence[Group], firing: int, n: int) -> tuple[Fold, ...]:
    spikes, stop = _spikes(groups[firing]), groups[firing].duration_s
    count = min(n, spikes.size // FEWEST_SPIKES)
    if count < 2:
        return ()
    inner = np.quantile(spikes, np.arange(1, count) / count).tolist()
    first = max(float(spikes[0]) - BEFORE_S, 0.0)
    edges = [first, *inner, stop]
    out = []
    for start, end in itertools.pairwise(edges):
        rest = tuple((a, b) for a, b in ((0.0, start), (end, stop)) if b > a)
        train = tuple(rest if i == firing else _whole(g) for i, g in enumerate(groups))
        test = tuple(((start, end),) if i == firing else () for i in range(len(groups)))
        out.append(Fold(train, test))
    return tuple(out)


def seen(group: Group, spans: Spans) -> Group:
    """Return the group as if nothing had been recorded outside the stretches.

    The current is known throughout. Spikes outside are dropped, and bins outside are not `kept`, nor
    those next to a cut, where a spike that is not known may matter or where a spike's aftermath ends in
    what must not be seen.
    """
    if spans == _whole(group):
        return group
    inner: Spans = tuple(
        (
            start + AFTER_S if start > 0 else start,
            stop - BEFORE_S if stop < group.duration_s else stop,
        )
        for start, stop in spans
    )
    trials = []
    for trial in group.trials:
        spikes = within(trial.spike_times_s, spans)
        bins: Array = np.arange(trial.voltage_mv.size, dtype=np.float64) * BIN_S
        trials.append(
            replace(
                trial,
                spike_times_s=trial.spike_times_s[spikes],
                threshold_mv=trial.threshold_mv[spikes],
                kept=trial.kept & within(bins, inner) & within(bins + BIN_S, inner),
            )
        )
    return replace(group, trials=tuple(trials))
