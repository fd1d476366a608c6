"""What was shown of one kind of stimulus: presentations, their conditions, and the blocks they make."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.responses.neuropixels.families import FAMILIES, RENAMED, Family
from allentk.responses.trials import presented

__all__ = ["Shown", "is_shown", "shown_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Shortest window in seconds: two bins of the PSTH.
_LEAST_S = 0.002

#: Columns that are not of the condition.
_TIMES = {"start_s", "stop_s", "duration", "stimulus_block", "stimulus_index", "stimulus"}


@dataclass(frozen=True, slots=True)
class Shown:
    """Presentations of one stimulus in order of time; conditions are numbered as they first appear."""

    stimulus: str
    start_s: Floats
    stop_s: Floats
    condition: Ints  # -1 is blank
    parameters: dict[str, Floats]  # one value per condition
    session_condition: Ints  # number of every condition in the whole table
    duration_s: float  # of the window from the start in which spikes are counted

    @property
    def n_conditions(self) -> int:
        """Number of conditions, blank not among them."""
        return self.session_condition.size

    def where(self, name: str) -> tuple[Floats, list[Ints]]:
        """Return the values of a parameter, rising, and the conditions that have each."""
        held = self.parameters[name]
        values = np.unique(held[~np.isnan(held)])
        return values, [np.flatnonzero(held == value) for value in values]

    def blocks_s(self) -> Floats:
        """Return starts and stops of runs of presentations without a gap, shape ``(n_blocks, 2)``.

        A gap is more than two windows from one start to the next.
        """
        gap = np.flatnonzero(np.diff(self.start_s) > 2 * self.duration_s)
        first, last = np.append(0, gap + 1), np.append(gap, self.start_s.size - 1)
        return np.column_stack([self.start_s[first], self.stop_s[last]])


def is_shown(
    stimulus: str, table: StimulusTable, recording_s: tuple[float, float] | None = None
) -> bool:
    """Whether a table has presentations of one of `FAMILIES`, in the recording."""
    rows = presented(table).table
    names = _names(rows)[_inside(rows, recording_s)].unique()
    return any(re.match(FAMILIES[stimulus].pattern, str(name).lower()) for name in names)


def shown_of(
    stimulus: str,
    table: StimulusTable,
    *,
    name: str | None = None,
    duration_s: float | None = None,
    recording_s: tuple[float, float] | None = None,
) -> Shown:
    """Return the presentations of one kind of stimulus.

    Parameters
    ----------
    stimulus : str
        One of `FAMILIES`.
    table : StimulusTable
        What was shown; of a whole session, or of the one stimulus. A row named ``blank`` is a blank of the
        stimulus before it, unless a column ``stimulus_name`` says of which.
    name : str, optional
        Name of the presentations, such as ``"natural_movie_one"``; by default found by the usual names.
    duration_s : float, optional
        Window from the start in which spikes are counted. By default the published one; where presentations
        are shorter than 95 % of it, their median.
    recording_s : (float, float), optional
        Start and end of the recording; presentations that are not wholly inside are left out, and said.

    Raises
    ------
    DataError
        Where there are no such presentations, presentations of several names, no parameters, or several
        values of what the stimulus has one of; for a table of another type.
    """
    family = FAMILIES[stimulus]
    every = presented(table).table.rename(columns=RENAMED)
    named = _names(every)
    rows = every[_chosen(named, family, name)]
    numbers = _session_conditions(every).loc[rows.index]
    rows, numbers = _recorded(rows, numbers, recording_s, stimulus)
    blank = _blank(rows, family)
    _check_single(rows[~blank], family)
    return _shown(rows, numbers.to_numpy(), blank, family, duration_s)


def _names(rows: pd.DataFrame) -> pd.Series:
    """Return of which stimulus every row is, the blank ones included."""
    if "stimulus_name" in rows:
        return rows["stimulus_name"].astype(str)
    said = rows["stimulus"].astype(str)
    return said.mask(said == "blank").ffill().bfill().fillna("blank")


def _chosen(named: pd.Series, family: Family, name: str | None) -> NDArray[np.bool_]:
    if name is not None:
        fits = (named == name).to_numpy()
    else:
        fits = named.map(lambda n: re.match(family.pattern, n.lower()) is not None).to_numpy(bool)
    found = sorted(named[fits].unique())
    if len(found) == 1:
        chosen: NDArray[np.bool_] = fits
        return chosen
    if found:
        raise DataError(
            f"{family.stimulus}: the table has {found}; choose one, such as name={found[0]!r}"
        )
    raise DataError(
        f"{family.stimulus}: no presentation of {name or family.stimulus!r}; the stimuli are "
        f"{sorted(named.unique())}; name= says which to take"
    )


def _session_conditions(rows: pd.DataFrame) -> pd.Series:
    """Return the number of every row's condition in the table, as they first appear."""
    of = [column for column in rows if column not in _TIMES]
    of += [] if "stimulus_name" in of else ["stimulus"]
    return rows.groupby(of, dropna=False, sort=False).ngroup()


def _inside(rows: pd.DataFrame, recording_s: tuple[float, float] | None) -> NDArray[np.bool_]:
    begin, end = (-np.inf, np.inf) if recording_s is None else recording_s
    inside: NDArray[np.bool_] = (
        (rows["start_s"] >= begin) & (rows["stop_s"] <= end + 1e-6)
    ).to_numpy()
    return inside


def _recorded(
    rows: pd.DataFrame,
    numbers: pd.Series,
    recording_s: tuple[float, float] | None,
    stimulus: str,
) -> tuple[pd.DataFrame, pd.Series]:
    if recording_s is None:
        return rows, numbers
    begin, end = recording_s
    inside = _inside(rows, recording_s)
    if not inside.any():
        raise DataError(
            f"{stimulus}: none of the {len(rows)} presentations lies in the recording, {begin:g} to "
            f"{end:g} s; both must be on one clock, in seconds"
        )
    if not inside.all():
        first = rows[~inside].iloc[0]
        warnings.warn(
            f"{stimulus}: {int((~inside).sum())} of {len(rows)} presentations lie outside the recording "
            f"({begin:g} to {end:g} s) and are left out; the first is at {first['start_s']:g} s",
            UserWarning,
            stacklevel=5,
        )
    return rows[inside], numbers[inside]


def _blank(rows: pd.DataFrame, family: Family) -> NDArray[np.bool_]:
    missing = [column for column in family.required if column not in rows]
    if missing:
        raise DataError(
            f"{family.stimulus}: the table has no column {missing[0]!r}, which tells its conditions "
            f"apart; it has {list(rows.columns)}"
        )
    needed = rows[list(family.required)].apply(pd.to_numeric, errors="coerce")
    blank = np.array(needed.isna().any(axis=1) | (rows["stimulus"] == "blank"))
    if "frame" in family.required:
        blank |= (needed["frame"] < 0).to_numpy()
    if blank.all():
        raise DataError(
            f"{family.stimulus}: no presentation has values of {', '.join(family.required)}"
        )
    return blank


def _check_single(rows: pd.DataFrame, family: Family) -> None:
    for column in family.single:
        values = sorted(rows[column].dropna().unique()) if column in rows else []
        if len(values) > 1:
            some = ", ".join(f"{value:g}" for value in values[:6])
            raise DataError(
                f"{family.stimulus}: the presentations have {len(values)} values of {column} ({some}); "
                f"choose one, such as table.where({column}={values[-1]:g}, keep_blanks=True)"
            )


def _shown(
    rows: pd.DataFrame,
    numbers: Ints,
    blank: NDArray[np.bool_],
    family: Family,
    duration_s: float | None,
) -> Shown:
    of = [*family.required, *(column for column in family.further if column in rows)]
    values = rows.loc[~blank, of].apply(pd.to_numeric, errors="coerce")
    condition = np.full(len(rows), -1, dtype=np.int64)
    condition[~blank] = values.groupby(of, dropna=False, sort=False).ngroup().to_numpy()
    _, example = np.unique(condition[~blank], return_index=True)
    start, stop = (rows[edge].to_numpy(float) for edge in ("start_s", "stop_s"))
    window = _window(stop - start, family.duration_s) if duration_s is None else duration_s
    if not _LEAST_S <= window < np.inf:
        raise DataError(
            f"{family.stimulus}: duration_s must be {_LEAST_S} s or longer, got {window}"
        )
    return Shown(
        stimulus=family.stimulus,
        start_s=start,
        stop_s=stop,
        condition=condition,
        parameters={name: values[name].to_numpy(float)[example] for name in of},
        session_condition=numbers[~blank][example],
        duration_s=float(window),
    )


def _window(lengths_s: Floats, published_s: float | None) -> float:
    usual = float(np.median(lengths_s))
    return usual if published_s is None or usual < 0.95 * published_s else published_s
