"""Which presentations are the same grating, and which are blank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import BLANK_NAMES, StimulusTable
from allentk.errors import DataError
from allentk.responses.averages import Moments, averaged
from allentk.responses.trials import presented

__all__ = ["BLANK_NAMES", "Conditions", "Moments", "conditions", "gratings_where", "moments"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Directions and temporal frequencies shown, and which condition every presentation is."""

    directions_deg: Array
    frequencies_hz: Array  # one NaN where the table does not say
    grating: NDArray[np.int64]  # rows that are gratings
    index: NDArray[np.int64]  # their condition, frequency * n_directions + direction
    blank: NDArray[np.int64]  # rows that are blank

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of temporal frequencies and of directions."""
        return self.frequencies_hz.size, self.directions_deg.size


def _named_blank(rows: pd.DataFrame) -> NDArray[np.bool_]:
    named: NDArray[np.bool_] = rows["stimulus"].isin(BLANK_NAMES).to_numpy()
    return named


def _one(shown: pd.DataFrame, column: str) -> None:
    values = shown[column].dropna().unique()
    if len(values) > 1:
        some = sorted(float(value) for value in values)
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


def conditions(table: StimulusTable) -> Conditions:
    """Sort the presentations of a table into conditions and blanks.

    A row named ``blank`` or ``spontaneous``, or with the gratings' name and no orientation, is blank.

    Raises
    ------
    DataError
        Where no presentation has an orientation; where several stimuli, contrasts or spatial
        frequencies have one; for a table of another type.
    """
    rows = presented(table).table
    named = _named_blank(rows)
    grating = _gratings(rows, named)
    shown = rows[grating]
    for column in ("contrast", "spatial_frequency_cpd"):
        _one(shown, column)
    name = shown["stimulus"].iloc[0]
    unoriented = rows["orientation_deg"].isna() & (rows["stimulus"] == name)
    degrees = np.round(shown["orientation_deg"].to_numpy(float), 6) % 360
    directions, d = np.unique(degrees, return_inverse=True)
    frequencies, f = np.unique(shown["temporal_frequency_hz"].to_numpy(float), return_inverse=True)
    return Conditions(
        directions_deg=directions,
        frequencies_hz=frequencies,
        grating=np.flatnonzero(grating),
        index=np.asarray(f * directions.size + d, dtype=np.int64),
        blank=np.flatnonzero(named | unoriented.to_numpy()),
    )


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
        Where no grating of these conditions was shown.

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


def moments(responses: Array, shown: Conditions) -> Moments:
    """Average the trials of every condition; a NaN trial is left out, a condition without is NaN."""
    return averaged(responses[:, shown.grating], shown.index, shown.shape)
