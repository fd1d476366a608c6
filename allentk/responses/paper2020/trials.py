"""The trials of a stimulus: mean events, significance and speed of each, and means by condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable
from allentk.responses.frames import frame_numbers
from allentk.responses.paper2020.significance import spontaneous_windows, trial_p_values
from allentk.responses.paper2020.windows import (
    blocks,
    event_traces,
    mean_speed,
    window_means,
)
from allentk.responses.recorded import inside, values_of
from allentk.responses.shown import Shown, shown
from allentk.responses.trials import cells_of, finite_means

__all__ = ["BLANKS", "Condition", "Protocol", "Trials", "measured", "notes_of"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Running = tuple[NDArray[np.float64], NDArray[np.float64]]

#: Rows that are blank sweeps: spontaneous activity is none, it is what trials are compared with.
BLANKS = ("blank",)
#: A trial is significant below this.
_P = 0.05


@dataclass(frozen=True, slots=True)
class Protocol:
    """How the trials of a stimulus are measured, in frames of the microscope from the onset."""

    stimulus: str
    onset: int  # first frame of the response
    n_frames: int  # frames of the response
    n_course: int  # frames from the onset that reliability compares, and in which speed is taken
    beyond: bool = False  # spontaneous windows run over the end of their block


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, the cells (rows) that prefer it, and its trials."""

    number: int
    cells: Indices
    trials: Indices


@dataclass(frozen=True, slots=True)
class Trials:
    """Trials of many cells."""

    cells: Indices  # ids
    values: Array  # events, cells x frames
    shown: Shown
    starts: Indices  # frame of every onset
    means: Array  # cells x trials
    p: Array  # cells x trials
    speed_cm_s: Array  # trials
    has_null: bool

    def by_condition(self) -> Array:
        """Return the mean over the trials of every condition, shape ``(n_cells, n_conditions)``."""
        return self._each(lambda trials: finite_means(self.means[:, trials]))

    def blank(self) -> Array:
        """Return the mean over blank trials; NaN where there is none."""
        return finite_means(self.means[:, self.shown.blank])

    def significant(self) -> Array:
        """Return the number of significant trials of every condition, NaN without spontaneous activity."""
        with np.errstate(invalid="ignore"):
            below = self.p < _P
        counts = self._each(lambda trials: below[:, trials].sum(axis=1).astype(float))
        return counts if self.has_null else np.full(counts.shape, np.nan)

    def notes(self, preferred: Indices, *more: tuple[ArrayLike, str]) -> list[str]:
        """Return why cells lack values: what all stimuli have in common, and `more`, as of `notes_of`."""
        return notes_of(
            self.cells.size,
            (preferred < 0, "no events in any trial"),
            (not self.has_null, "no spontaneous activity to compare with"),
            (np.isnan(self.means).any(axis=1), "trials with NaN are left out"),
            *more,
        )

    def _each(self, reduce: Callable[[Indices], Array]) -> Array:
        conditions = range(self.shown.n_conditions)
        columns = [reduce(np.flatnonzero(self.shown.condition == k)) for k in conditions]
        return np.column_stack(columns)

    def preferring(self, preferred: Indices) -> Iterator[Condition]:
        """Return every condition that a cell prefers (-1 is none), with its trials."""
        for k in np.unique(preferred[preferred >= 0]):
            trials = np.flatnonzero(self.shown.condition == k)
            yield Condition(int(k), np.flatnonzero(preferred == k), trials)


def measured(
    responses: object,
    table: StimulusTable,
    how: Protocol,
    *,
    ids: ArrayLike | None,
    running: Running | None,
    spontaneous: StimulusTable | None,
    n_windows: int,
    seed: int,
) -> Trials:
    """Measure every trial of a stimulus.

    Raises
    ------
    DataError
        For responses that are no events, an unknown id, a stimulus that was not shown, or no trial
        inside of the recording.
    """
    traces = event_traces(responses, how.stimulus)
    rows, cells = cells_of(traces, ids)
    of = shown(table, how.stimulus, blank_names=BLANKS)
    starts = frame_numbers(traces, table)[0][of.rows]
    end = max(how.onset + how.n_frames, how.n_course)
    keep = inside(starts, starts + end, traces.time_s.size, how.stimulus, stacklevel=4)
    of, starts = of.where(keep), starts[keep]
    null = spontaneous_windows(
        traces,
        table if spontaneous is None else spontaneous,
        how.n_frames,
        n_windows=n_windows,
        seed=seed,
        beyond=how.beyond,
    )
    values = values_of(traces, rows)
    means = np.empty((cells.size, starts.size))
    p = np.empty_like(means)
    for block in blocks(cells.size):
        means[block] = window_means(values[block], starts + how.onset, how.n_frames)
        p[block] = trial_p_values(values[block], means[block], null)
    speed = mean_speed(running, traces, starts, how.n_course)
    return Trials(cells, values, of, starts, means, p, speed, null is not None)


def notes_of(n_cells: int, *reasons: tuple[ArrayLike, str]) -> list[str]:
    """Return for every cell the reasons that are true of it, joined by semicolons."""
    said: list[list[str]] = [[] for _ in range(n_cells)]
    for holds, reason in reasons:
        for cell in np.flatnonzero(np.broadcast_to(np.asarray(holds, dtype=bool), n_cells)):
            said[cell].append(reason)
    return ["; ".join(reasons) for reasons in said]
