"""What is drawn of one cell and one stimulus: maps, tuning, and trials of the preferred condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import BLANK_NAMES, StimulusTable, Traces
from allentk.errors import DataError
from allentk.report.text import number
from allentk.responses import trial_responses
from allentk.responses.sparse_noise import spot_signs

__all__ = [
    "AXES",
    "Conditions",
    "Trials",
    "conditions_of",
    "field_maps",
    "movie_trials",
    "trials_of",
]

Array = NDArray[np.float64]

#: Columns by which the conditions of a stimulus differ; the first is the axis of the tuning curve.
AXES = {
    "drifting_gratings": ("orientation_deg", "temporal_frequency_hz"),
    "static_gratings": ("orientation_deg", "spatial_frequency_cpd", "phase"),
    "natural_scenes": ("frame",),
}

_UNITS = {
    "orientation_deg": "°",
    "temporal_frequency_hz": " Hz",
    "spatial_frequency_cpd": " cycles/°",
    "phase": " cycles of phase",
}


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """A cell's mean response to every condition of a stimulus.

    ``table`` has the columns of the axes, ``mean``, ``sem`` and ``n``; ``blank`` is the mean response to
    blanks, NaN where there are none; ``best`` are the rows of the presentations of the condition with the
    largest mean, ``label`` says which it is.
    """

    axes: tuple[str, ...]
    table: pd.DataFrame
    blank: float
    best: NDArray[np.int64]
    label: str

    def at_best(self, free: Sequence[str]) -> pd.DataFrame:
        """Return the conditions that differ from the best one in the axes `free` alone."""
        table = self.table
        if not len(table) or table["mean"].isna().all():
            return table
        best = table.loc[table["mean"].idxmax()]
        for name in self.axes:
            if name not in free and not pd.isna(best[name]):
                table = table[table[name] == best[name]]
        return table

    def grid(self) -> tuple[Array, Array, Array]:
        """Return the values of the first and second axis, and the means, shape (second, first)."""
        first, second = self.axes[:2]
        wide = self.at_best((first, second)).pivot_table(
            index=second, columns=first, values="mean", dropna=False
        )
        return (
            wide.columns.to_numpy(float),
            wide.index.to_numpy(float),
            wide.to_numpy(dtype=float),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """A cell's trace about the onset of presentations: shape (trials, frames), NaN outside."""

    time_s: Array
    values: Array
    duration_s: float

    @property
    def mean(self) -> Array:
        """Mean over trials; NaN where no trial has a frame."""
        n = np.isfinite(self.values).sum(axis=0)
        total = np.nansum(self.values, axis=0)
        return np.where(n > 0, total / np.maximum(n, 1), np.nan)

    @property
    def sem(self) -> Array:
        """Standard error over trials; 0 for one trial."""
        n = np.isfinite(self.values).sum(axis=0)
        squares = np.nansum((self.values - self.mean) ** 2, axis=0)
        return np.sqrt(np.where(n > 1, squares / np.maximum((n - 1) * n, 1), 0.0))


def conditions_of(traces: Traces, table: StimulusTable, stimulus: str, cell: int) -> Conditions:
    """Return a cell's mean responses to the conditions of a stimulus of `AXES`.

    Raises
    ------
    DataError
        Where no presentation lies in the recording, or none has a condition.
    """
    rows = table.table
    responses = trial_responses(traces, table, ids=[cell])[0]
    axes = tuple(name for name in AXES[stimulus] if rows[name].notna().any())
    blank = rows["stimulus"].isin(BLANK_NAMES).to_numpy()
    if "frame" in axes:
        blank = blank | (rows["frame"] == -1).to_numpy()
    elif axes:
        blank = blank | rows[axes[0]].isna().to_numpy()
    shown = rows[~blank].assign(response=responses[~blank])
    if not axes or shown["response"].isna().all():
        raise DataError(f"{stimulus}: there is no response of cell {cell} to any condition")
    groups = shown.groupby(list(axes), dropna=False)["response"]
    means = groups.agg(mean="mean", sem="sem", n="count").reset_index()
    best = means.loc[means["mean"].idxmax()]
    same = np.ones(len(shown), dtype=bool)
    for name in axes:
        same &= (shown[name] == best[name]).to_numpy() | (pd.isna(best[name]))
    quiet = responses[blank]
    return Conditions(
        axes,
        means,
        float(np.nanmean(quiet)) if np.isfinite(quiet).any() else float("nan"),
        np.flatnonzero(~blank)[same],
        ", ".join(_said(name, best[name]) for name in axes if not pd.isna(best[name])),
    )


def _said(name: str, value: float) -> str:
    if name == "frame":
        return f"image {value:.0f}"
    return f"{value:g}{_UNITS.get(name, '')}"


def trials_of(
    traces: Traces,
    onsets_s: Array,
    cell: int,
    *,
    duration_s: float,
    before_s: float,
    after_s: float,
) -> Trials:
    """Return a cell's trace from `before_s` before the onsets to `after_s` after the end."""
    frame_s = float(np.median(np.diff(traces.time_s)))
    offsets = np.arange(-round(before_s / frame_s), round((duration_s + after_s) / frame_s) + 1)
    first = np.searchsorted(traces.time_s, onsets_s - 1e-6 * frame_s)
    at = first[:, None] + offsets[None, :]
    inside = (at >= 0) & (at < traces.time_s.size)
    row = int(np.flatnonzero(traces.ids == cell)[0])
    of_cell: Array = traces.values[row]  # noqa: PD011 (traces are no table)
    values = of_cell[np.clip(at, 0, traces.time_s.size - 1)]
    return Trials(
        np.asarray(offsets * frame_s, dtype=np.float64),
        np.where(inside, values, np.nan).astype(np.float64),
        duration_s,
    )


def movie_trials(traces: Traces, table: StimulusTable, cell: int) -> Trials:
    """Return a cell's trace in every showing of a movie, from its first frame to its last.

    Raises
    ------
    DataError
        Where the presentations do not say which begins the movie.
    """
    rows = table.table
    onsets = rows.loc[rows["frame"] == rows["frame"].min(), "start_s"].to_numpy(float)
    ends = rows.loc[rows["frame"] == rows["frame"].max(), "stop_s"].to_numpy(float)
    if not onsets.size or onsets.size != ends.size:
        raise DataError("the movie's table has no first and last frame for every showing")
    duration = float(np.median(ends - onsets))
    return trials_of(traces, onsets, cell, duration_s=duration, before_s=0.0, after_s=0.0)


def field_maps(
    traces: Traces, table: StimulusTable, template: NDArray[np.generic], cell: int
) -> tuple[Array, Array, NDArray[np.int64], str]:
    """Return a cell's mean response to presentations in which a pixel was white, and was black.

    Parameters
    ----------
    traces, table
        What is drawn, and the presentations of the noise with their ``frame``.
    template : ndarray, shape (frames, height, width)
        Black, gray and white, see ``spot_signs``.
    cell : int
        Id of the cell.

    Returns
    -------
    white, black : ndarray, shape (height, width)
    best : ndarray of int
        Rows of the presentations in which the strongest pixel was so.
    label : str

    Raises
    ------
    DataError
        Where a frame is not in the template, the template has no gray, or there is no response.
    """
    frames = table.table["frame"].to_numpy(float)
    responses = trial_responses(traces, table, ids=[cell])[0]
    known = np.isfinite(frames) & np.isfinite(responses)
    if not known.any():
        raise DataError(f"there is no response of cell {cell} to the noise")
    numbers = frames[known].astype(np.int64)
    if numbers.min() < 0 or numbers.max() >= len(template):
        raise DataError(
            f"the noise has frames {numbers.min()} to {numbers.max()}, its template 0 to "
            f"{len(template) - 1}"
        )
    signs = spot_signs(template)
    shown, shape = signs[numbers].reshape(numbers.size, -1), signs.shape[1:]
    maps = [_pixel_means(shown == sign, responses[known]) for sign in (1, -1)]
    if not np.isfinite(maps).any():
        raise DataError("no pixel of the noise was white or black")
    kind, pixel = divmod(int(np.nanargmax(np.concatenate(maps))), shown.shape[1])
    best = np.flatnonzero(known)[shown[:, pixel] == (1, -1)[kind]]
    y, x = divmod(pixel, shape[1])
    label = f"{('white', 'black')[kind]} at row {y}, column {x}"
    return maps[0].reshape(shape), maps[1].reshape(shape), best, label


def _pixel_means(on: NDArray[np.bool_], responses: Array) -> Array:
    n = on.sum(axis=0)
    total = responses @ on
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def range_said(values: Array, unit: str) -> str:
    """Return the range of finite values in words."""
    known = values[np.isfinite(values)]
    if not known.size:
        return "no value"
    return f"{number(float(known.min()), 2)} to {number(float(known.max()), 2)} {unit}"
