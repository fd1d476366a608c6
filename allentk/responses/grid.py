"""Presentations sorted into conditions, whatever the parameters of the stimulus are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import BLANK_NAMES, StimulusTable
from allentk.errors import DataError
from allentk.responses.trials import presented

__all__ = ["OTHER_NAMES", "Grid", "grid", "parameter"]

Array = NDArray[np.float64]

#: Names that tables of recordings have for the same parameter; the first that is there is taken.
OTHER_NAMES = {
    "x_deg": ("x_position_deg",),
    "y_deg": ("y_position_deg",),
    "speed_deg_per_s": ("Speed",),
    "direction_deg": ("Dir", "orientation_deg"),
}


@dataclass(frozen=True, slots=True)
class Grid:
    """Every combination of parameters, and which of them every presentation was.

    Parameters
    ----------
    axes : mapping of str to ndarray
        Values of every parameter in rising order; one NaN where the table does not say.
    trials : ndarray of int, shape (n_trials,)
        Rows of the table that show the stimulus.
    index : ndarray of int, shape (n_trials,)
        Their condition, counted along the last axis first.
    blank : ndarray of int
        Rows of the table that are blank.
    """

    axes: Mapping[str, Array]
    trials: NDArray[np.int64]
    index: NDArray[np.int64]
    blank: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along every axis."""
        return tuple(values.size for values in self.axes.values())

    @property
    def n_conditions(self) -> int:
        """Number of combinations, shown or not."""
        return int(np.prod(self.shape))


def parameter(rows: pd.DataFrame, name: str) -> Array:
    """Return a column of a table of presentations as numbers; NaN throughout where there is none.

    Examples
    --------
    >>> parameter(pd.DataFrame({"x_position_deg": ["null", "10.0"]}), "x_deg").tolist()
    [nan, 10.0]
    """
    for known in (name, *OTHER_NAMES.get(name, ())):
        if known in rows and rows[known].notna().any():
            numbers: Array = pd.to_numeric(rows[known], errors="coerce").to_numpy(float)
            return numbers
    return np.full(len(rows), np.nan)


def grid(
    table: StimulusTable, stimulus: str, axes: Mapping[str, float | None], *, key: str = ""
) -> Grid:
    """Sort presentations by some of their parameters.

    Parameters
    ----------
    table : StimulusTable
        What was shown. Rows with `stimulus` in their name are taken (``"contrast"`` for
        ``"contrast_tuning"``); where there are none, those that have the parameter `key`.
    stimulus : str
        What is measured, such as ``"flashes"``.
    axes : mapping of str to float or None
        Parameters, and the period of those that are angles.
    key : str
        The parameter without a value of which a row is none of the stimulus, by default the first; a
        number of an image below 0 is a blank.

    Raises
    ------
    DataError
        Where no such row has this parameter, or several stimuli do.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1, 2], "stop_s": [1.0, 2, 3], "stimulus": "flashes",
    ...     "color": [-1.0, 1, 1]})
    >>> grid(StimulusTable(shown), "flashes", {"color": None}).index.tolist()
    [0, 1, 1]
    """
    rows = presented(table).table
    key = key or next(iter(axes))
    names = rows["stimulus"].astype(str)
    named_blank = names.isin(BLANK_NAMES).to_numpy(dtype=bool)
    of_it = names.str.contains(stimulus.removesuffix("_tuning"), regex=False).to_numpy(dtype=bool)
    if not of_it.any():
        of_it = ~named_blank
    shown = np.zeros(len(rows), dtype=bool)
    values = parameter(rows[of_it], key)
    shown[of_it] = values >= 0 if key == "frame" else ~np.isnan(values)
    shown &= ~named_blank
    of_it = (names == _stimulus(names[shown], stimulus, key, rows)).to_numpy(dtype=bool)
    trials = np.flatnonzero(shown & of_it)
    held: dict[str, Array] = {}
    index = np.zeros(trials.size, dtype=np.int64)
    for axis, period in axes.items():
        along = np.round(parameter(rows.iloc[trials], axis), 6)
        levels, place = np.unique(along % period if period else along, return_inverse=True)
        held[axis], index = levels, index * levels.size + place.ravel()
    return Grid(held, trials, index, np.flatnonzero(named_blank | (of_it & ~shown)))


def _stimulus(names: pd.Series, stimulus: str, key: str, rows: pd.DataFrame) -> str:
    there = sorted({str(name) for name in names})
    if not there:
        raise DataError(
            f"{stimulus}: no presentation has a {key}; the stimuli are "
            f"{sorted(map(str, rows['stimulus'].unique()))}, the columns "
            f"{', '.join(map(str, rows.columns))}"
        )
    if len(there) > 1:
        raise DataError(
            f"{stimulus}: several stimuli have a {key} ({there}); choose one, such as "
            f"table.where(stimulus={there[0]!r}, keep_blanks=True)"
        )
    return there[0]
