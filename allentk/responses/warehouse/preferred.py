"""What every table says of the preferred condition, whatever the stimulus."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.responses.warehouse.averages import Averages, anova, average
from allentk.responses.warehouse.indices import pair_reliability
from allentk.responses.warehouse.measured import Measured
from allentk.responses.warehouse.running import run_modulation

__all__ = ["RESPONSIVE_P", "Preferred", "by_condition", "preferred", "table_of"]

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: A cell responds where the analysis of variance over conditions gives less.
RESPONSIVE_P = 0.05
#: Trials of a cell that does not vary differ by rounding alone: far less than this, in percent.
_STILL = 1e-9


@dataclass(frozen=True, slots=True)
class Preferred:
    """The preferred condition of every cell: its flat index, mean response, and its trials.

    ``trials`` has shape (n_cells, k), ``valid`` says which of them there are; ``p_value`` is that of all
    conditions and the blank.
    """

    condition: Whole
    mean: Array
    trials: Whole
    valid: NDArray[np.bool_]
    p_value: Array


def by_condition(of: Measured) -> Averages:
    """Average the trials of every condition; the blank is the last."""
    return average(of.trials, of.shown.condition, of.shown.n_conditions + 1)


def preferred(of: Measured, averages: Averages) -> Preferred:
    """Return the condition of the largest mean response; the blank is none."""
    means = averages.mean[:, : of.shown.n_conditions]
    best = np.where(np.isnan(means), -np.inf, means).argmax(axis=1)
    order = np.argsort(of.shown.condition, kind="stable")
    counts = np.bincount(of.shown.condition, minlength=of.shown.n_conditions + 1)
    begins = np.cumsum(counts) - counts
    place = np.arange(int(counts[:-1].max()))
    valid = place < counts[best][:, None]
    trials = order[np.where(valid, begins[best][:, None] + place, 0)]
    mean = np.take_along_axis(means, best[:, None], axis=1)[:, 0]
    return Preferred(best, mean, trials, valid, anova(averages))


def table_of(
    of: Measured, best: Preferred, own: dict[str, Array], quirks: Collection[str], more_than: int
) -> pd.DataFrame:
    """Return the table of a stimulus: its own columns, and those that all stimuli have.

    Parameters
    ----------
    of, best : Measured, Preferred
        Responses, and the preferred condition.
    own : dict of str to ndarray, shape (n_cells,)
        Columns of this stimulus alone, in order; NaN where a cell lacks one.
    quirks : collection of str
        Quirks asked for.
    more_than : int
        Running and resting trials must both be more than this many.
    """
    responses = np.take_along_axis(of.trials, best.trials, axis=1)
    valid = best.valid & np.isfinite(responses)
    modulation, p_run = run_modulation(
        np.where(valid, responses, np.nan),
        of.speed[best.trials],
        more_than=more_than,
        clip="unclipped_means" not in quirks,
    )
    reliability, time_to_peak = _courses(of, best.trials, valid, quirks)
    columns = own | {
        "peak_response": best.mean,
        "p_value": best.p_value,
        "reliability": reliability,
        "run_modulation": modulation,
        "p_run_modulation": p_run,
    }
    if of.shown.stimulus != "drifting_gratings":
        columns["time_to_peak_s"] = time_to_peak
    notes, no_value = _notes(of, best, valid, own | {"p_value": best.p_value})
    rows = {name: np.where(no_value, np.nan, column) for name, column in columns.items()}
    responsive = np.nan_to_num(rows["p_value"], nan=1.0) < RESPONSIVE_P
    return pd.DataFrame({"cell": of.cells, **rows, "responsive": responsive, "notes": notes})


def _courses(
    of: Measured, trials: Whole, valid: NDArray[np.bool_], quirks: Collection[str]
) -> tuple[Array, Array]:
    """Return what the time courses of the preferred condition's trials say: reliability, time to peak."""
    out = np.full((2, of.cells.size), np.nan)
    for cells, windows in of.sweeps.of(trials):
        out[0, cells] = pair_reliability(_part(of, windows, quirks), valid[cells])
        out[1, cells] = _time_to_peak(of, windows, valid[cells], quirks)
    return out[0], out[1]


def _part(of: Measured, windows: Array, quirks: Collection[str]) -> Array:
    """Return the frames whose correlation is the reliability."""
    frames = of.sweeps.frames
    if of.shown.stimulus != "drifting_gratings" and "reliability_frames_28_42" in quirks:
        missing = 2 * frames.response - frames.baseline  # of windows that were cut before
        return windows[:, :, max(28 - missing, 0) : max(42 - missing, 0)]
    return windows[:, :, frames.baseline : frames.baseline + frames.response]


def _time_to_peak(
    of: Measured, windows: Array, valid: NDArray[np.bool_], quirks: Collection[str]
) -> Array:
    """Return the seconds from the onset to the largest value of the mean trace."""
    frames = of.sweeps.frames
    with np.errstate(all="ignore"):
        total = np.where(valid[:, :, None], windows, 0.0).sum(axis=1)
        mean = total / valid.sum(axis=1)[:, None]
    first = 0
    if "peak_in_whole_sweep" not in quirks:
        first, mean = frames.baseline, mean[:, frames.baseline :][:, : frames.response]
    at: Array = (mean.argmax(axis=1) + first - frames.baseline) / of.rate_hz
    return np.where(np.isnan(mean).any(axis=1), np.nan, at)


def _notes(
    of: Measured, best: Preferred, valid: NDArray[np.bool_], columns: dict[str, Array]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return why cells lack values, and which of them have none at all."""
    finite = np.isfinite(of.trials)
    n_missing = (~finite).sum(axis=1)
    nothing = ~finite[:, ~of.shown.blank].any(axis=1)
    least = np.where(finite, of.trials, np.inf).min(axis=1, initial=np.inf)
    most = np.where(finite, of.trials, -np.inf).max(axis=1, initial=-np.inf)
    still = (finite.sum(axis=1) > 1) & (most - least < _STILL)
    notes = np.full(of.cells.size, "", dtype=object)
    for row in np.flatnonzero(n_missing):
        notes[row] = f"{n_missing[row]} of {of.trials.shape[1]} trials left out: not finite"
    single = ~nothing & ~still & (valid.sum(axis=1) < 2)
    silent = ~nothing & ~still & ~(best.mean > 0)
    for which, reason in (
        (nothing, "no trial of any condition has a finite response"),
        (still, "the trace does not vary"),
        (single, "one trial of the preferred condition: no reliability"),
        (silent, "no mean response is positive"),
    ):
        for row in np.flatnonzero(which):
            notes[row] = "; ".join(filter(None, (notes[row], reason)))
    lacking = {name: np.isnan(c) & ~nothing & ~still & ~silent for name, c in columns.items()}
    for row in np.flatnonzero(np.any(list(lacking.values()), axis=0)):
        names = ", ".join(name for name, lacks in lacking.items() if lacks[row])
        notes[row] = "; ".join(
            filter(None, (notes[row], f"too few conditions or trials for {names}"))
        )
    return notes, nothing | still
