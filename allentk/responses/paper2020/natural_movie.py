"""Natural movies as de Vries et al. 2020 measure them, from events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable, Traces
from allentk.responses.courses import mean_pair_correlation
from allentk.responses.definition import chosen
from allentk.responses.frames import frame_numbers
from allentk.responses.paper2020.metrics import QUIRKS
from allentk.responses.paper2020.preferred import preferred_conditions
from allentk.responses.paper2020.trials import BLANKS, notes_of
from allentk.responses.paper2020.windows import blocks, event_traces
from allentk.responses.recorded import inside
from allentk.responses.shown import shown
from allentk.responses.sparseness import lifetime_sparseness
from allentk.responses.trials import cells_of, finite_means

__all__ = ["natural_movie"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_COLUMNS = ("peak_frame", "peak_response", "n_event_trials", "reliability", "lifetime_sparseness")


def natural_movie(
    responses: Traces,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: object = None,  # noqa: ARG001
    quirks: str | Iterable[str] = (),
    responsive_above: int = 2,
) -> pd.DataFrame:
    """Measure every cell's responses to a natural movie, frame by frame of the movie.

    A trial's response to a frame of the movie are the events in the frame of the microscope at which it
    came on.

    Parameters
    ----------
    responses : Traces
        Events, unit ``"events"``.
    table : StimulusTable
        One movie, with ``frame``, and ``repeat`` where it is known; repeats are counted otherwise, and
        where their numbers begin anew with every block.
    ids : array_like of int, optional
        Cells to measure; all by default.
    running : optional
        Not used: the definition has no modulation by running for movies.
    quirks : str or iterable of str
        As of ``drifting_gratings``; none changes movies.
    responsive_above : int
        A cell is responsive with an event at its best frame in more repeats than this; the published 2 is
        for 10 repeats.

    Returns
    -------
    DataFrame
        One row per cell; the columns are explained in `METRICS`. ``notes`` says why a cell lacks values.

    Raises
    ------
    DataError
        For responses that are no events, several movies, none in the table or in the recording, an unknown
        id or quirk.

    Warns
    -----
    UserWarning
        Where presentations lie outside of the recording; they are left out.

    References
    ----------
    de Vries et al. 2020, Nature Neuroscience 23:138.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": np.arange(8) / 30, "stop_s": (np.arange(8) + 1) / 30,
    ...     "stimulus": "natural_movie_one", "frame": [0, 1, 2, 3] * 2, "repeat": [0] * 4 + [1] * 4})
    >>> traces = Traces([[0, 1, 0, 0, 0, 2, 0, 0.0]], np.arange(8) / 30, [7], unit="events")
    >>> natural_movie(traces, StimulusTable(shown))[["cell", "peak_frame", "reliability"]]
       cell  peak_frame  reliability
    0     7         1.0          1.0
    """
    chosen(quirks, QUIRKS)
    traces = event_traces(responses, "natural_movie")
    rows, cells = cells_of(traces, ids)
    frames, starts = _repeats(traces, table)
    values = traces.values  # noqa: PD011
    columns = {name: np.full(cells.size, np.nan) for name in _COLUMNS}
    lost = np.zeros(cells.size, dtype=bool)
    for block in blocks(cells.size):
        trials = np.asarray(values[rows[block]][:, np.maximum(starts, 0)], dtype=float)
        lost[block] = np.isnan(trials).any(axis=(1, 2))
        trials[:, starts < 0] = np.nan
        for name, part in zip(_COLUMNS, _metrics(trials, frames), strict=True):
            columns[name][block] = part
    silent = np.isnan(columns["peak_frame"])
    responsive = pd.array(columns["n_event_trials"] > responsive_above, dtype="boolean")
    notes = notes_of(
        cells.size,
        (silent, "no events in any trial"),
        (lost, "NaN frames are left out; repeats with one have no correlation"),
        (len(starts) < 2, "reliability needs two repeats"),
    )
    return pd.DataFrame({"cell": cells, **columns, "responsive": responsive, "notes": notes})


def _repeats(traces: Traces, table: StimulusTable) -> tuple[Array, Indices]:
    """Return the movie's frames, and where each begins: repeats x frames, -1 where it was not shown."""
    of = shown(table, "natural_movie", blank_names=BLANKS)
    of = of.where(~of.blank)
    # Counted before any is left out: a recording may begin within a repeat.
    repeat = _numbers(table.table.iloc[of.rows], of.condition)
    first = frame_numbers(traces, table)[0][of.rows]
    keep = inside(first, first + 1, traces.time_s.size, "natural_movie", stacklevel=4)
    of, first, repeat = of.where(keep), first[keep], repeat[keep]
    numbers, place = np.unique(repeat, return_inverse=True)
    starts = np.full((numbers.size, of.n_conditions), -1, dtype=np.int64)
    starts[place, of.condition] = first
    return of.axes[0], starts


def _numbers(rows: pd.DataFrame, frame: Indices) -> NDArray[Any]:
    """Return the repeat of every row: as numbered, else how often its frame was shown before."""
    counted: NDArray[Any] = pd.Series(frame).groupby(frame).cumcount().to_numpy()
    if "repeat" not in rows:
        return counted
    # Numbers may begin anew with every block of a movie: then two rows would be one trial.
    numbers: NDArray[Any] = rows["repeat"].to_numpy()
    twice = pd.DataFrame({"repeat": numbers, "frame": frame}).duplicated().any()
    return counted if twice or rows["repeat"].isna().any() else numbers


def _metrics(trials: Array, frames: Array) -> tuple[Array, ...]:
    """Return the columns of cells from their events, cells x repeats x frames of the movie."""
    means = finite_means(trials, axis=1)
    best = preferred_conditions(means)
    known, cell = best >= 0, np.arange(best.size)
    at_best = trials[cell, :, np.maximum(best, 0)]
    count = np.where(known, (np.nan_to_num(at_best) != 0).sum(axis=1), 0)
    return (
        np.where(known, frames[best], np.nan),
        np.where(known, means[cell, best], np.nan),
        count.astype(float),
        mean_pair_correlation(trials),
        lifetime_sparseness(means),
    )
