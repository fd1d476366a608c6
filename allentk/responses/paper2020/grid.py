"""Which trials belong to the stimulus, and which condition each one is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.responses.trials import presented

__all__ = ["Grid", "grid_of", "rows_of"]


@dataclass(frozen=True, slots=True)
class Grid:
    """The conditions of a stimulus, as a grid of its parameters.

    Attributes
    ----------
    levels : tuple of ndarray
        Values of every parameter that were shown, rising.
    rows : ndarray of int, shape (n_trials,)
        Rows of the table, those of conditions and blanks.
    index : ndarray of int, shape (n_trials,)
        Condition of every trial, counted through the grid with the last parameter fastest; -1 is blank.
    """

    levels: tuple[NDArray[np.float64], ...]
    rows: NDArray[np.int64]
    index: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of levels of every parameter."""
        return tuple(level.size for level in self.levels)

    def kept(self, keep: NDArray[np.bool_]) -> Grid:
        """Return the grid with these trials alone; its levels stay."""
        return Grid(self.levels, self.rows[keep], self.index[keep])


def rows_of(table: StimulusTable, stimulus: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows of one stimulus: those of that name, else those with values in all `columns`.

    Raises
    ------
    DataError
        Where there is none, or where the columns belong to several stimuli.
    """
    rows = presented(table).table
    absent = [name for name in columns if name not in rows]
    names = sorted(map(str, rows["stimulus"].unique()))
    if absent:
        raise DataError(
            f"{stimulus}: the table has no column {absent[0]!r}; its stimuli are {names}"
        )
    if (rows["stimulus"] == stimulus).any():
        return rows[rows["stimulus"] == stimulus]
    whole = rows[list(columns)].notna().all(axis=1) & ~rows["stimulus"].isin(
        ("blank", "spontaneous")
    )
    found = rows.loc[whole, "stimulus"].unique()
    if not len(found):
        raise DataError(
            f"{stimulus}: no presentation has {' and '.join(columns)}; the stimuli are {names}"
        )
    if len(found) > 1:
        raise DataError(
            f"{stimulus}: several stimuli have {' and '.join(columns)} "
            f"({sorted(map(str, found))}); choose one, such as "
            f"table.where(stimulus={found[0]!r}, keep_blanks=True)"
        )
    return rows[rows["stimulus"] == found[0]]


def grid_of(table: StimulusTable, stimulus: str, columns: tuple[str, ...]) -> Grid:
    """Sort the presentations of one stimulus into a grid of conditions.

    Parameters
    ----------
    table : StimulusTable
        What was shown. A row named ``"blank"``, and one of the stimulus without its parameters, is blank.
    stimulus : str
        Name of the stimulus.
    columns : tuple of str
        Its parameters.

    Raises
    ------
    DataError
        Where the stimulus was not shown, or where the columns belong to several stimuli.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1, 2], "stop_s": [1.0, 2, 3],
    ...     "stimulus": ["natural_scenes", "natural_scenes", "blank"], "frame": [4, 2, np.nan]})
    >>> grid_of(StimulusTable(shown), "natural_scenes", ("frame",)).index.tolist()
    [1, 0, -1]
    """
    every = presented(table).table
    shown = rows_of(table, stimulus, columns)
    chosen = shown.index.union(every.index[every["stimulus"] == "blank"])
    values = np.round(every.loc[chosen, list(columns)].to_numpy(dtype=float), 6)
    values[~every.loc[chosen, "stimulus"].isin(shown["stimulus"]).to_numpy()] = np.nan
    whole = np.isfinite(values).all(axis=1)
    if not whole.any():
        raise DataError(
            f"{stimulus}: every presentation is blank: none has {' and '.join(columns)}"
        )
    index = np.full(chosen.size, -1, dtype=np.int64)
    levels, places = zip(
        *(np.unique(column[whole], return_inverse=True) for column in values.T), strict=True
    )
    index[whole] = np.ravel_multi_index(places, tuple(level.size for level in levels))
    return Grid(tuple(levels), chosen.to_numpy(dtype=np.int64), index)
