"""Natural movies: one row per cell."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.definition import chosen
from allentk.responses.frames import frame_numbers
from allentk.responses.recorded import inside
from allentk.responses.trials import presented
from allentk.responses.warehouse.indices import pair_reliability
from allentk.responses.warehouse.measured import cells_and_values
from allentk.responses.warehouse.quirks import QUIRKS
from allentk.responses.warehouse.running import Running

__all__ = ["natural_movie"]

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

_BLOCK_BYTES = 2**25
_COUNTED_REPEATS = 10


def natural_movie(
    responses: Traces,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,  # noqa: ARG001
    quirks: str | Iterable[str] = (),
) -> pd.DataFrame:
    """Measure how alike responses to the repeats of a movie are, as the Observatory's warehouse does.

    Parameters
    ----------
    responses : Traces
        dF/F, unit ``"dF/F"`` (``OphysSession.dff()``): for movies alone this definition does not take
        fluorescence.
    table : StimulusTable
        What was shown: rows of one movie with ``frame``, the number of its picture. A repeat begins with
        picture 0, and lasts as many frames of the microscope as lie between the first two.
    ids : array_like of int, optional
        Cells to measure; all by default.
    running : (speed, time), optional
        Taken for the sake of one call for all stimuli; no column needs it.
    quirks : str or iterable of str
        Defects of the published program to keep, by the names in ``QUIRKS``; none by default.

    Returns
    -------
    DataFrame
        One row per cell: ``cell``, ``peak_frame`` (of the mean response, frames of the microscope from the
        start of the movie), ``peak_response`` (dF/F there), ``reliability``, ``notes``.

    Raises
    ------
    DataError
        For traces that are not dF/F, an unknown id or quirk, several movies, fewer than two repeats, or
        none in the recording.

    References
    ----------
    AllenSDK 2.16.2, ``brain_observatory.natural_movie``.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": np.arange(6.0), "stop_s": np.arange(6.0) + 1,
    ...     "stimulus": "natural_movie_one", "frame": [0, 1, 2, 0, 1, 2]})
    >>> twice = Traces([[0.0, 1, 0, 0, 2, 0]], np.arange(6), [7], "dF/F")
    >>> out = natural_movie(twice, StimulusTable(shown))[["peak_frame", "reliability"]]
    >>> out.round(6).to_numpy().tolist()
    [[1.0, 1.0]]
    """
    asked = chosen(quirks, QUIRKS)
    cells, values = cells_and_values(responses, ids, "dF/F")
    starts, length = _repeats(responses, table)
    if "repeats_10" in asked:
        starts = starts[:_COUNTED_REPEATS]
    n_frames = responses.time_s.size
    kept = inside(starts, starts + length, n_frames, "natural_movie", stacklevel=3)
    starts = starts[kept]
    windows = sliding_window_view(values, length, axis=1)
    columns = np.full((4, cells.size), np.nan)
    size = max(_BLOCK_BYTES // (starts.size * length * 8), 1)
    for first in range(0, cells.size, size):
        part = slice(first, first + size)
        columns[:, part] = _measured(windows[part][:, starts].astype(float, copy=False))
    peak, response, reliability, left = columns
    notes = np.full(cells.size, "", dtype=object)
    for row in np.flatnonzero(left < starts.size):
        notes[row] = (
            f"{starts.size - int(left[row])} of {starts.size} repeats left out: not finite, or the "
            f"trace does not vary"
        )
    if starts.size < 2:
        notes[notes == ""] = "one repeat: no reliability"
    return pd.DataFrame(
        {
            "cell": cells,
            "peak_frame": peak,
            "peak_response": response,
            "reliability": reliability,
            "notes": notes,
        }
    )


def _measured(windows: Array) -> tuple[Array, Array, Array, Array]:
    """Return frame and size of the peak, reliability, and the number of repeats that vary."""
    valid: NDArray[np.bool_] = np.all(np.isfinite(windows), axis=2)
    varies = valid & (np.ptp(windows, axis=2) > 0)
    with np.errstate(all="ignore"):
        kept = np.where(valid[:, :, None], windows, 0.0) if not valid.all() else windows
        mean = kept.sum(axis=1) / valid.sum(axis=1)[:, None]
    at = mean.argmax(axis=1)
    none = ~varies.any(axis=1)
    peak = np.where(none, np.nan, at.astype(float))
    response = np.where(none, np.nan, np.take_along_axis(mean, at[:, None], axis=1)[:, 0])
    return peak, response, pair_reliability(kept, varies), varies.sum(axis=1).astype(float)


def _repeats(responses: Traces, table: StimulusTable) -> tuple[Whole, int]:
    """Return the first frame of every repeat, and how many frames a repeat lasts."""
    rows = presented(table).table
    begins = (rows["frame"] == 0).to_numpy()
    movies = begins & rows["stimulus"].astype(str).str.startswith("natural_movie").to_numpy()
    begins = movies if movies.any() else begins
    names = sorted(map(str, rows.loc[begins, "stimulus"].unique()))
    if len(names) > 1:
        raise DataError(
            f"natural_movie: expected one movie, got {', '.join(names)}; choose one, such as "
            f"table.where(stimulus={names[0]!r})"
        )
    starts = frame_numbers(responses, table)[0][begins]
    if starts.size < 2:
        raise DataError(
            f"natural_movie: expected two repeats or more (rows with frame 0), got {starts.size}"
        )
    length = int(starts[1] - starts[0])
    if length < 2:
        raise DataError(f"natural_movie: expected repeats of two frames or more, got {length}")
    return starts, length
