"""Metrics of flashes of the whole screen, by their means over trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.measured import Window, frame_of, measure
from allentk.responses.trials import finite_means

__all__ = ["flashes", "time_of_peak"]

Array = NDArray[np.float64]

_COLUMNS = (
    "preferred_color",
    "peak_rate_hz",
    "mean_rate_hz",
    "spontaneous_rate_hz",
    "on_rate_hz",
    "off_rate_hz",
    "on_off_ratio",
    "on_off_index",
    "time_to_peak_s",
    "reliability",
    "n_trials",
)


def flashes(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: object = None,
    response_window_s: Window = None,
    spontaneous_window_s: Window = None,
    bin_s: float = 0.01,
) -> pd.DataFrame:
    """Measure responses to white and black flashes by their means over trials.

    Parameters and errors as of ``allentk.responses.flashes``.
    """
    of = measure(
        "flashes",
        responses,
        table,
        {"color": None},
        ids=ids,
        response_window_s=response_window_s,
        spontaneous_window_s=spontaneous_window_s,
    )
    colors = of.grid.axes["color"]
    if not set(colors.tolist()) <= {-1.0, 1.0}:
        raise DataError(f"flashes: color must be 1 (white) or -1 (black), got {colors.tolist()}")
    on, off = (finite_means(of.flat[:, colors == color]) for color in (1.0, -1.0))
    total, nan = on + off, np.full(of.cells.size, np.nan)
    columns = of.common(running, bin_s) | {
        "preferred_color": of.preferred("color"),
        "on_rate_hz": on,
        "off_rate_hz": off,
        "on_off_ratio": np.divide(on, off, out=nan.copy(), where=off > 0),
        "on_off_index": np.divide(on - off, total, out=nan.copy(), where=total > 0),
        "time_to_peak_s": of.at_best(time_of_peak, bin_s),
    }
    return frame_of(columns, _COLUMNS, spikes=of.spikes)


def time_of_peak(courses: Array, step_s: float) -> Array:
    """Return the middle of the bin with the largest mean over trials, seconds from the first bin's begin.

    Parameters
    ----------
    courses : ndarray, shape (n_cells, n_trials, n_bins)
        See ``time_courses``.
    step_s : float
        Width of a bin.

    Examples
    --------
    >>> time_of_peak(np.array([[[0.0, 1.0, 3.0]]]), 0.1).tolist()
    [0.25]
    """
    if not courses.shape[2]:
        return np.full(courses.shape[0], np.nan)
    mean = finite_means(courses, axis=1)
    known = np.isfinite(mean).any(axis=1)
    peak = np.where(np.isfinite(mean), mean, -np.inf).argmax(axis=1)
    out: Array = np.where(known, (peak + 0.5) * step_s, np.nan)
    return out
