"""One engine for every stimulus: responses of all trials, once; every metric reduces them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.responses.averages import Moments, averaged, blocks
from allentk.responses.courses import BIN_S, mean_pair_correlation, time_courses
from allentk.responses.grid import Grid, grid
from allentk.responses.running import run_modulation, trial_speeds
from allentk.responses.trials import (
    cells_of,
    finite_means,
    presented,
    response_intervals,
    trial_responses,
)

__all__ = ["Measured", "Window", "frame_of", "inside", "measure", "notes_of"]

Array = NDArray[np.float64]
Window = tuple[float, float] | None

#: Cells whose time courses are held at once.
_BLOCK = 2000


@dataclass(frozen=True, slots=True)
class Measured:
    """Responses of some cells to every condition of a stimulus.

    Parameters
    ----------
    responses : Traces or SpikeTrains
        What was recorded or simulated.
    rows, cells : ndarray of int, shape (n_cells,)
        Rows and ids of the cells measured.
    grid : Grid
        Conditions shown.
    intervals_s : ndarray, shape (n_trials, 2)
        When the response of every trial is measured.
    trials : ndarray, shape (n_cells, n_trials)
        Responses to the stimulus.
    quiet : ndarray, shape (n_cells, n_quiet)
        Responses without it.
    averages : Moments
        Of the trials, one axis per parameter.
    best : ndarray of int, shape (n_cells,)
        Number of the preferred condition of every cell, that of the largest mean.
    """

    responses: Traces | SpikeTrains
    rows: NDArray[np.int64]
    cells: NDArray[np.int64]
    grid: Grid
    intervals_s: Array
    trials: Array
    quiet: Array
    averages: Moments
    best: NDArray[np.int64]

    @property
    def spikes(self) -> bool:
        """Whether the responses are rates of spikes."""
        return isinstance(self.responses, SpikeTrains)

    @property
    def flat(self) -> Array:
        """Mean responses, shape (n_cells, n_conditions)."""
        return self.averages.mean.reshape(self.cells.size, self.grid.n_conditions)

    @property
    def peak(self) -> Array:
        """Mean response at the preferred condition."""
        return self.flat[np.arange(self.cells.size), self.best]

    @property
    def prefers(self) -> NDArray[np.bool_]:
        """Which cells prefer anything: a cell without a spike does not."""
        return ~(np.isnan(self.peak) | ((self.peak <= 0) & self.spikes))

    def place(self, axis: str) -> NDArray[np.int64]:
        """Return the place of the preferred condition along an axis."""
        number = list(self.grid.axes).index(axis)
        places: NDArray[np.int64] = np.unravel_index(self.best, self.grid.shape)[number]
        return places

    def preferred(self, axis: str) -> Array:
        """Return the preferred value of a parameter; NaN where nothing is preferred."""
        return np.where(self.prefers, self.grid.axes[axis][self.place(axis)], np.nan)

    def curve(self, axis: str) -> Array:
        """Return the responses along an axis through the preferred condition."""
        number = 1 + list(self.grid.axes).index(axis)
        mean = np.moveaxis(self.averages.mean, number, -1)
        others = [self.place(name) for name in self.grid.axes if name != axis]
        curve: Array = mean[(np.arange(self.cells.size), *others)]
        return curve

    def courses(
        self, condition: int, cells: NDArray[np.int64], bin_s: float
    ) -> tuple[Array, float]:
        """Return the time courses of some of the cells in all trials of a condition."""
        of = self.intervals_s[self.grid.index == condition]
        length = float(np.diff(of, axis=1).min()) if of.size else 0.0
        return time_courses(self.responses, self.rows[cells], of[:, 0], length, bin_s=bin_s)

    def at_best(self, reduce: Callable[[Array, float], Array], bin_s: float = BIN_S) -> Array:
        """Return one number per cell, made of its time courses at its preferred condition."""
        out = np.full(self.cells.size, np.nan)
        best = np.where(self.prefers, self.best, -1)
        for condition in np.unique(best[best >= 0]):
            every = np.flatnonzero(best == condition)
            for first in range(0, every.size, _BLOCK):
                some = every[first : first + _BLOCK]
                out[some] = reduce(*self.courses(int(condition), some, bin_s))
        return out

    def means(self) -> dict[str, Any]:
        """Return the columns that every stimulus has."""
        return {
            "cell": self.cells,
            "peak_rate_hz": self.peak,
            "mean_rate_hz": finite_means(self.flat),
            "spontaneous_rate_hz": finite_means(self.quiet),
            "n_trials": np.isfinite(self.trials).sum(axis=1),
            "notes": notes_of(self.trials, self.spikes),
        }

    def common(self, running: object = None, bin_s: float = BIN_S) -> dict[str, Any]:
        """Return the columns that every stimulus of separate trials has."""
        columns = self.means()
        columns["reliability"] = self.at_best(lambda c, _: mean_pair_correlation(c), bin_s)
        if running is not None:
            speeds = trial_speeds(running, self.intervals_s)
            chosen = (self.grid.index == self.best[:, None]) & self.prefers[:, None]
            modulation, p = run_modulation(self.trials, chosen, speeds)
            columns |= {"run_modulation": modulation, "p_run_modulation": p}
        return columns


def measure(
    stimulus: str,
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    axes: Mapping[str, float | None],
    *,
    key: str = "",
    ids: ArrayLike | None = None,
    response_window_s: Window = None,
    spontaneous_window_s: Window = None,
) -> Measured:
    """Measure every trial of a stimulus in every cell.

    Parameters
    ----------
    stimulus : str
        Its name.
    responses : Traces or SpikeTrains
        What was recorded or simulated.
    table : StimulusTable
        What was shown.
    axes, key : mapping of str to float or None, str
        Parameters that make the conditions, and that which every presentation has, see ``grid``.
    ids : array_like of int, optional
        Cells; all by default.
    response_window_s : (float, float), optional
        Window of the response in seconds from the onset; by default the presentation.
    spontaneous_window_s : (float, float), optional
        Window from the onset of every trial that measures spontaneous activity; by default the blanks do.

    Raises
    ------
    DataError
        Where there is no such stimulus, or an argument makes no sense.

    Warns
    -----
    UserWarning
        Where presentations lie outside of the recording; they are left out.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0], "stimulus": "flashes",
    ...     "color": [1.0, -1.0]})
    >>> of = measure("flashes", SpikeTrains([1.5], [0], 1), StimulusTable(shown), {"color": None})
    >>> of.preferred("color").tolist(), of.peak.tolist()
    ([-1.0], [1.0])
    """
    rows, cells = cells_of(responses, ids)
    table = inside(stimulus, responses, presented(table))
    shown = grid(table, stimulus, axes, key=key)
    trial_table = StimulusTable(table.table.iloc[shown.trials])
    trials = trial_responses(responses, trial_table, window_s=response_window_s, ids=cells)
    if spontaneous_window_s is not None:
        quiet = trial_responses(responses, trial_table, window_s=spontaneous_window_s, ids=cells)
    elif shown.blank.size:
        blanks = StimulusTable(table.table.iloc[shown.blank])
        quiet = trial_responses(responses, blanks, window_s=response_window_s, ids=cells)
    else:
        quiet = np.empty((cells.size, 0))
    averages = averaged(trials, shown.index, shown.shape)
    flat = averages.mean.reshape(cells.size, shown.n_conditions)
    return Measured(
        responses=responses,
        rows=rows,
        cells=cells,
        grid=shown,
        intervals_s=response_intervals(trial_table, response_window_s),
        trials=trials,
        quiet=quiet,
        averages=averages,
        best=np.where(np.isnan(flat), -np.inf, flat).argmax(axis=1),
    )


def inside(stimulus: str, responses: Traces | SpikeTrains, table: StimulusTable) -> StimulusTable:
    """Leave out, with a warning, what was shown before or after the recording of traces.

    By time, a frame's length forgiven: ``recorded.inside`` is of definitions that count frames.

    Parameters
    ----------
    stimulus : str
        What was shown, for the words of the warning.
    responses : Traces or SpikeTrains
        What was recorded; of spikes nobody knows when recording began and ended.
    table : StimulusTable
        What was shown.

    Warns
    -----
    UserWarning
        Where some presentations are left out.
    """
    if not isinstance(responses, Traces) or responses.time_s.size < 2 or not len(table):
        return table
    step = float(np.median(np.diff(responses.time_s)))
    start, stop = table.intervals_s.T
    # A presentation may begin between two frames, and end before the frame after the last.
    first, last = responses.time_s[0], responses.time_s[-1]
    lost = (start < first - 0.999 * step) | (stop > last + 1.999 * step)
    if lost.all() or not lost.any():
        return table  # where all are lost, the clocks differ, which trial_responses says
    row = int(lost.argmax())
    warnings.warn(
        f"{stimulus}: {int(lost.sum())} of {len(table)} presentations lie outside of the recording "
        f"({first:.3f} to {last:.3f} s) and are left out; the first is row {row}, {start[row]:.3f} "
        f"to {stop[row]:.3f} s",
        UserWarning,
        stacklevel=_depth(),
    )
    return StimulusTable(table.table[~lost])


def _depth() -> int:
    """Return the stack level of whoever called this package, seen from the caller of this."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        "allentk.responses"
    ):
        frame, depth = frame.f_back, depth + 1
    return depth


def notes_of(trials: Array, spikes: bool) -> list[str]:
    """Return in words why a cell lacks values; empty where nothing is to be said.

    Examples
    --------
    >>> notes_of(np.array([[0.0, 0.0], [0.0, 2.0]]), True)
    ['no spikes in any presentation', '']
    """
    return [
        note for some in blocks(*trials.shape) for note in _notes_of_block(trials[some], spikes)
    ]


def _notes_of_block(trials: Array, spikes: bool) -> Iterator[str]:
    finite = np.isfinite(trials)
    largest = np.where(finite, trials, -np.inf).max(axis=1, initial=-np.inf)
    smallest = np.where(finite, trials, np.inf).min(axis=1, initial=np.inf)
    known: list[bool] = np.asarray(finite.any(axis=1)).tolist()
    for some, low, high in zip(known, smallest, largest, strict=True):
        if not some:
            yield "no finite response in any presentation"
        elif spikes and high <= 0:
            yield "no spikes in any presentation"
        elif not spikes and low == high and trials.shape[1] > 1:
            yield "the same response in every presentation"
        else:
            yield ""


def frame_of(columns: Mapping[str, Any], names: tuple[str, ...], *, spikes: bool) -> pd.DataFrame:
    """Return `names` of the columns as a table; of traces a rate is a response.

    The columns of running come before the notes, where there are any.

    Examples
    --------
    >>> frame_of({"cell": [1], "peak_rate_hz": [0.5], "notes": [""]}, ("peak_rate_hz",), spikes=False)
       cell  peak_response notes
    0     1            0.5
    """
    running = tuple(name for name in ("run_modulation", "p_run_modulation") if name in columns)
    order = ("cell", *names, *running, "notes")
    called = {name: name if spikes else name.replace("rate_hz", "response") for name in order}
    return pd.DataFrame({called[name]: columns[name] for name in order})
