"""Which presentations are the same grating, and which are blank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import BLANK_NAMES, StimulusTable
from allentk.errors import DataError
from allentk.responses.grid import Grid, grid
from allentk.responses.trials import presented

__all__ = ["AXES", "check_one", "conditions", "gratings_where"]

#: Parameters of drifting gratings, and the period of those that are angles.
AXES = {"temporal_frequency_hz": None, "orientation_deg": 360.0}


def _named_blank(rows: pd.DataFrame) -> NDArray[np.bool_]:
    named: NDArray[np.bool_] = rows["stimulus"].isin(BLANK_NAMES).to_numpy()
    return named


def check_one(shown: pd.DataFrame, column: str) -> None:
    """Raise DataError where gratings have several values of a column, for it makes no condition.

    Examples
    --------
    >>> check_one(pd.DataFrame({"contrast": [0.8, np.nan, 0.8]}), "contrast")
    """
    some = np.unique(shown[column].dropna().to_numpy(float).round(6)).tolist()
    if len(some) > 1:
        raise DataError(
            f"drifting_gratings: the presentations have {len(some)} values of {column} ({some}); "
            f"choose one, such as table.where({column}={some[-1]}, keep_blanks=True)"
        )


def _gratings(table: pd.DataFrame, blank_name: NDArray[np.bool_]) -> NDArray[np.bool_]:
    oriented: NDArray[np.bool_] = table["orientation_deg"].notna().to_numpy() & ~blank_name
    names = table.loc[oriented, "stimulus"].unique()
    if not len(names):
        raise DataError(
            f"drifting_gratings: no presentation has an orientation_deg; the stimuli are "
            f"{sorted(map(str, table['stimulus'].unique()))}"
        )
    if len(names) > 1:
        raise DataError(
            f"drifting_gratings: several stimuli have an orientation ({sorted(map(str, names))}); "
            f"choose one, such as table.where(stimulus={names[0]!r}, keep_blanks=True)"
        )
    return oriented


def conditions(table: StimulusTable) -> Grid:
    """Sort the presentations of drifting gratings into conditions and blanks.

    A row named ``blank`` or ``spontaneous``, or with the gratings' name and no orientation, is blank.

    Raises
    ------
    DataError
        Where no presentation has an orientation; where several stimuli, contrasts or spatial
        frequencies have one; for a table of another type.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1, 2], "stop_s": [1.0, 2, 3],
    ...     "stimulus": ["drifting_gratings", "drifting_gratings", "blank"],
    ...     "orientation_deg": [0.0, 90, np.nan], "temporal_frequency_hz": [2.0, 2, np.nan]})
    >>> conditions(StimulusTable(shown)).axes["orientation_deg"].tolist()
    [0.0, 90.0]
    """
    rows = presented(table).table
    shown = rows[_gratings(rows, _named_blank(rows))]
    for column in ("contrast", "spatial_frequency_cpd"):
        check_one(shown, column)
    return grid(table, "drifting_gratings", AXES, key="orientation_deg")


def gratings_where(table: StimulusTable, wanted: Mapping[str, float]) -> StimulusTable:
    """Return the presentations without the gratings of other conditions; blanks stay.

    Parameters
    ----------
    table : StimulusTable
        What was shown.
    wanted : mapping of str to float
        Value of every column that matters, such as ``{"temporal_frequency_hz": 2.0}``. A column in which
        no grating has a value leaves none out: what it was is not known.

    Raises
    ------
    DataError
        Where no grating of these conditions was shown, or the table has no such column.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1, 2], "stop_s": [1.0, 2, 3],
    ...     "stimulus": ["drifting_gratings", "drifting_gratings", "blank"],
    ...     "orientation_deg": [0.0, 0, np.nan], "temporal_frequency_hz": [2.0, 4, np.nan]})
    >>> gratings_where(StimulusTable(shown), {"temporal_frequency_hz": 4.0})
    <StimulusTable: 2 presentations (1 drifting_gratings, 1 blank)>
    """
    rows = presented(table).table
    grating = _gratings(rows, _named_blank(rows))
    absent = [name for name in wanted if name not in rows]
    if absent:
        raise DataError(
            f"drifting_gratings: no column {absent[0]!r}; the table has {', '.join(map(str, rows))}"
        )
    asked = {name: wanted[name] for name in wanted if rows.loc[grating, name].notna().any()}
    alike = np.ones(len(rows), dtype=bool)
    for column, value in asked.items():
        alike &= np.isclose(rows[column].to_numpy(float), value, rtol=1e-6, atol=0)
    if not (alike & grating).any():
        there = rows.loc[grating, list(asked)].drop_duplicates().sort_values(list(asked))
        shown = [_said(row) for row in there.to_dict("records")]
        raise DataError(
            f"drifting_gratings: no grating of {_said(asked)} was shown; shown were "
            f"{'; '.join(shown[:8])}{', ...' if len(shown) > 8 else ''}"
        )
    return StimulusTable(rows[alike | ~grating])


def _said(values: Mapping[Any, float]) -> str:
    return ", ".join(f"{column} {value:g}" for column, value in values.items())
