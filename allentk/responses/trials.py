"""One number per cell and presentation: mean dF/F, or spikes per second, in a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError

__all__ = ["cells_of", "finite_means", "presented", "response_intervals", "trial_responses"]

Array = NDArray[np.float64]


def presented(table: object) -> StimulusTable:
    """Return `table`.

    Raises
    ------
    DataError
        Where it is something else than a StimulusTable.

    Examples
    --------
    >>> import pandas as pd
    >>> presented(StimulusTable(pd.DataFrame({"start_s": [0.0], "stop_s": [1.0], "stimulus": "blank"})))
    <StimulusTable: 1 presentations (1 blank)>
    """
    if isinstance(table, StimulusTable):
        return table
    raise DataError(
        f"responses: what was shown must be a StimulusTable, got a {type(table).__name__}; of a "
        f"DataFrame make one with StimulusTable(frame)"
    )


def response_intervals(table: StimulusTable, window_s: tuple[float, float] | None) -> Array:
    """Return the intervals in which responses are measured, shape ``(n_presentations, 2)``.

    Parameters
    ----------
    table : StimulusTable
        What was shown.
    window_s : (float, float) or None
        Start and stop in seconds from the onset of a presentation; None is the presentation itself.

    Raises
    ------
    DataError
        For a window that is no pair of finite times, or ends before it starts.

    Examples
    --------
    >>> import pandas as pd
    >>> shown = pd.DataFrame({"start_s": [1.0], "stop_s": [2.0], "stimulus": "blank"})
    >>> response_intervals(StimulusTable(shown), (-0.5, 0.0)).tolist()
    [[0.5, 1.0]]
    """
    table = presented(table)
    if window_s is None:
        return table.intervals_s
    if np.shape(window_s) != (2,) or not -np.inf < window_s[0] < window_s[1] < np.inf:
        raise DataError(
            f"responses: a window must end after it starts, got {window_s} s; give "
            f"(start, stop) in seconds from the onset of a presentation"
        )
    start, stop = window_s
    onset = table.intervals_s[:, 0]
    return np.column_stack([onset + start, onset + stop])


def cells_of(
    responses: Traces | SpikeTrains, ids: ArrayLike | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and the ids of the cells asked for; all of them where `ids` is None.

    Raises
    ------
    DataError
        For an id that is not there or no whole number, and for responses of another type.

    Examples
    --------
    >>> cells_of(Traces([[0.0], [1.0]], [0.0], [511, 907]), [907])[0].tolist()
    [1]
    """
    known = _ids(responses)
    if ids is None:
        return np.arange(known.size, dtype=np.int64), known
    given = np.asarray(ids).ravel()
    if given.size and given.dtype.kind not in "iu":
        raise DataError(f"responses: ids must be whole numbers, got {given[:5].tolist()}")
    wanted = given.astype(np.int64)
    place = {int(cell): row for row, cell in enumerate(known)}
    absent = [int(cell) for cell in wanted if int(cell) not in place]
    if absent:
        raise DataError(
            f"responses: no cell with id {absent[0]} ({len(absent)} of {wanted.size} ids are "
            f"unknown); the {known.size} ids begin with {known[:5].tolist()}"
        )
    rows = np.array([place[int(cell)] for cell in wanted], dtype=np.int64)
    return rows, wanted


def _ids(responses: object) -> NDArray[np.int64]:
    if isinstance(responses, Traces):
        return responses.ids
    if isinstance(responses, SpikeTrains):
        return np.arange(responses.n_cells, dtype=np.int64)
    raise DataError(
        f"responses: expected Traces or SpikeTrains, got a {type(responses).__name__}; of arrays "
        f"make Traces(values, time_s, ids) or SpikeTrains(times_s, ids, n_cells)"
    )


def trial_responses(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    window_s: tuple[float, float] | None = None,
    ids: ArrayLike | None = None,
) -> Array:
    """Measure every cell in every presentation.

    Parameters
    ----------
    responses : Traces or SpikeTrains
        Recorded traces such as dF/F, or recorded or simulated spikes.
    table : StimulusTable
        What was shown.
    window_s : (float, float), optional
        Window in seconds from the onset; by default the presentation ``[start_s, stop_s)``.
    ids : array_like of int, optional
        Cells to measure: ids of the traces, or numbers of the spike trains; all by default.

    Returns
    -------
    ndarray, shape (n_cells, n_presentations)
        Traces: mean of the finite frames whose time is in the window, in the unit of the traces, NaN
        where there is none. Spikes: rate in Hz.

    Raises
    ------
    DataError
        On an unknown id, an empty window, arguments of another type, or traces with no frame in any
        window.

    Examples
    --------
    >>> import pandas as pd
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0], "stimulus": "blank"})
    >>> trial_responses(SpikeTrains([0.2, 0.4, 1.5], [0, 0, 0], 1), StimulusTable(shown)).tolist()
    [[2.0, 1.0]]
    """
    intervals = response_intervals(table, window_s)
    rows, _ = cells_of(responses, ids)
    if isinstance(responses, SpikeTrains):
        counts = responses.counts(intervals)
        of_them = counts if _all_of(rows, responses.n_cells) else counts[rows]
        rates: Array = of_them / np.diff(intervals, axis=1).T
        return rates
    return _trace_means(responses, rows, intervals)


def _all_of(rows: NDArray[np.int64], n_cells: int) -> bool:
    """Whether the rows are all cells in their order, so that none need be copied."""
    return rows.size == n_cells and bool((rows == np.arange(n_cells)).all())


def _trace_means(traces: Traces, rows: NDArray[np.int64], intervals: Array) -> Array:
    # A frame's time and a presentation's start are often the same number computed in two ways.
    tolerance = 1e-6 * float(np.median(np.diff(traces.time_s))) if traces.time_s.size > 1 else 0.0
    first = np.searchsorted(traces.time_s, intervals[:, 0] - tolerance, side="left")
    last = np.searchsorted(traces.time_s, intervals[:, 1] - tolerance, side="left")
    if len(intervals) and not (last > first).any():
        start, stop = (traces.time_s[[0, -1]]) if traces.time_s.size else (np.nan, np.nan)
        raise DataError(
            f"responses: no frame of the traces ({start:.3f} to {stop:.3f} s) lies in any of the "
            f"{len(intervals)} windows ({intervals.min():.3f} to {intervals.max():.3f} s); both "
            f"must be on one clock, in seconds"
        )
    values = traces.values if _all_of(rows, traces.n_cells) else traces.values[rows]
    out = np.full((rows.size, len(intervals)), np.nan)
    for column, (a, b) in enumerate(zip(first, last, strict=True)):
        if b > a:
            out[:, column] = values[:, a:b].mean(axis=1, dtype=float)
    for bad in np.flatnonzero(~np.isfinite(out).all(axis=0) & (last > first)):
        out[:, bad] = finite_means(values[:, first[bad] : last[bad]])
    return out


def finite_means(values: Array, axis: int | tuple[int, ...] = -1) -> Array:
    """Return the mean of the finite values along `axis`; NaN where there is none.

    Examples
    --------
    >>> finite_means(np.array([[1.0, np.inf, 3.0], [np.nan] * 3])).tolist()
    [2.0, nan]
    """
    finite = np.isfinite(values)
    count = finite.sum(axis=axis)
    total = np.where(finite, values, 0.0).sum(axis=axis, dtype=float)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
