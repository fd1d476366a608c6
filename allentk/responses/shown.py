"""Which presentations are of which condition of a stimulus, and which are blank."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import BLANK_NAMES, StimulusTable
from allentk.errors import DataError
from allentk.responses.trials import presented

__all__ = ["PARAMETERS", "Shown", "shown"]

#: What tells the conditions of a stimulus apart, in the order of the axes of its responses.
PARAMETERS = {
    "drifting_gratings": ("orientation_deg", "temporal_frequency_hz"),
    "static_gratings": ("orientation_deg", "spatial_frequency_cpd", "phase"),
    "natural_scenes": ("frame",),
    "natural_movie": ("frame",),
}
#: What must be the same in all gratings.
_ONE = {
    "drifting_gratings": ("contrast", "spatial_frequency_cpd"),
    "static_gratings": ("contrast",),
}
_TURN_DEG = {"drifting_gratings": 360.0, "static_gratings": 180.0}
#: Decimals to which values are one: tables hold the same number computed in several ways.
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """Presentations of one stimulus and their conditions.

    Parameters
    ----------
    stimulus : str
        Its name among `PARAMETERS`.
    axes : tuple of ndarray
        The values of each parameter, rising.
    rows : ndarray of int, shape (n_trials,)
        Rows of the table.
    condition : ndarray of int, shape (n_trials,)
        Flat index into the axes, the last one fastest; the number of conditions for a blank.
    """

    stimulus: str
    axes: tuple[NDArray[np.float64], ...]
    rows: NDArray[np.int64]
    condition: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of values of each parameter."""
        return tuple(axis.size for axis in self.axes)

    @property
    def n_conditions(self) -> int:
        """Number of conditions, without the blank."""
        return int(np.prod(self.shape))

    @property
    def blank(self) -> NDArray[np.bool_]:
        """Which presentations are blank."""
        blank: NDArray[np.bool_] = self.condition == self.n_conditions
        return blank

    def where(self, kept: NDArray[np.bool_]) -> Shown:
        """Return these without some of the presentations; the axes stay.

        Raises
        ------
        DataError
            Where no presentation of the stimulus is left.
        """
        left = Shown(self.stimulus, self.axes, self.rows[kept], self.condition[kept])
        if left.blank.all():
            raise DataError(
                f"{self.stimulus}: of {int((~self.blank).sum())} presentations none lies in the "
                f"recording; are table and traces of one session?"
            )
        return left


def shown(
    table: StimulusTable, stimulus: str, *, blank_names: Collection[str] = BLANK_NAMES
) -> Shown:
    """Sort the presentations of one stimulus into conditions and blanks.

    A row of the stimulus without its parameters is blank, so is the image -1. Directions that differ by a
    whole turn, and orientations by half of one, are one condition.

    Parameters
    ----------
    table : StimulusTable
        What was shown. The stimulus has its own name, or is the only one whose name begins with it, such as
        ``natural_movie_one``, or the only one with its parameters.
    stimulus : str
        One of `PARAMETERS`.
    blank_names : collection of str
        Names of other rows that are blanks.

    Raises
    ------
    DataError
        For a stimulus that is not in `PARAMETERS`; where none was shown; where several stimuli could be
        meant, or gratings of several contrasts.

    Examples
    --------
    >>> rows = pd.DataFrame({"start_s": [0.0, 1, 2], "stop_s": [1.0, 2, 3],
    ...     "stimulus": ["natural_scenes", "natural_scenes", "blank"], "frame": [4, 2, np.nan]})
    >>> shown(StimulusTable(rows), "natural_scenes").condition.tolist()
    [1, 0, 2]
    """
    if stimulus not in PARAMETERS:
        raise DataError(
            f"responses: no stimulus {stimulus!r}; those with conditions are {', '.join(PARAMETERS)}"
        )
    rows = presented(table).table
    valued = _valued(rows, stimulus)
    name = _name(rows, valued, stimulus)
    named = (rows["stimulus"] == name).to_numpy(dtype=bool)
    valued = valued & named
    for column in _ONE.get(stimulus, ()):
        _check_one(rows.loc[valued, column], stimulus)
    blank = (rows["stimulus"].isin(list(blank_names)).to_numpy() | named) & ~valued
    axes, index = _axes(rows[valued], stimulus)
    condition = np.full(len(rows), np.prod([axis.size for axis in axes]), dtype=np.int64)
    condition[valued] = index
    kept = np.flatnonzero(valued | blank)
    return Shown(stimulus, axes, kept, condition[kept])


def _valued(rows: pd.DataFrame, stimulus: str) -> NDArray[np.bool_]:
    """Return which rows say all that tells the conditions apart."""
    columns = PARAMETERS[stimulus]
    said = rows[list(columns)].notna().all(axis=1) & ~rows["stimulus"].isin(BLANK_NAMES)
    if "frame" in columns:
        said &= rows["frame"] >= 0
    out: NDArray[np.bool_] = said.to_numpy(dtype=bool)
    return out


def _name(rows: pd.DataFrame, valued: NDArray[np.bool_], stimulus: str) -> str:
    names = [str(name) for name in rows.loc[valued, "stimulus"].unique()]
    if stimulus in names:
        return stimulus
    alike = [name for name in names if name.startswith(stimulus)] or names
    if len(alike) == 1:
        return alike[0]
    wanted = " and ".join(PARAMETERS[stimulus])
    if names:
        raise DataError(
            f"{stimulus}: several stimuli have {wanted} ({', '.join(sorted(alike))}); choose one, such "
            f"as table.where(stimulus={alike[0]!r}, keep_blanks=True)"
        )
    there = ", ".join(sorted(map(str, rows["stimulus"].unique()))) or "none"
    raise DataError(f"{stimulus}: no presentation has {wanted}; the stimuli are {there}")


def _check_one(column: pd.Series, stimulus: str) -> None:
    values = sorted(float(value) for value in column.dropna().unique())
    if len(values) > 1:
        raise DataError(
            f"{stimulus}: the presentations have {len(values)} values of {column.name} ({values}); "
            f"choose one, such as table.where({column.name}={values[-1]}, keep_blanks=True)"
        )


def _axes(
    rows: pd.DataFrame, stimulus: str
) -> tuple[tuple[NDArray[np.float64], ...], NDArray[np.int64]]:
    axes, parts = [], []
    for column in PARAMETERS[stimulus]:
        values = np.round(rows[column].to_numpy(float), _DECIMALS)
        if column == "orientation_deg":
            values = values % _TURN_DEG[stimulus]
        axis, place = np.unique(values, return_inverse=True)
        axes.append(axis)
        parts.append(place)
    index = np.ravel_multi_index(tuple(parts), tuple(axis.size for axis in axes))
    return tuple(axes), np.asarray(index, dtype=np.int64)
