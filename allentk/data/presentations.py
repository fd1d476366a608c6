"""What was shown and when: the table of stimulus presentations, and traces recorded with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allentk.data._arrays import frozen, packed, unpacked
from allentk.data._html import card
from allentk.data._html import table as small_table
from allentk.data._svg import stack
from allentk.data._tables import column_of, matching
from allentk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BLANK_NAMES", "PRESENTATION_COLUMNS", "StimulusTable", "Traces"]

#: Columns a StimulusTable may have, with units; the first three are required.
PRESENTATION_COLUMNS = {
    "start_s": "start of the presentation, seconds",
    "stop_s": "end of the presentation, seconds",
    "stimulus": "name, such as drifting_gratings or spontaneous; a blank sweep is 'blank'",
    "orientation_deg": "direction of motion (gratings), degrees",
    "temporal_frequency_hz": "cycles per second",
    "spatial_frequency_cpd": "cycles per degree of visual angle",
    "contrast": "0 to 1",
    "phase": "cycles, 0 to 1",
    "frame": "number of the image or movie frame",
}


#: Names of presentations without a stimulus.
BLANK_NAMES = ("blank", "spontaneous")
_REQUIRED = ("start_s", "stop_s", "stimulus")
_NUMBERS = tuple(name for name in PRESENTATION_COLUMNS if name != "stimulus")
#: How tables write that there is no value, such as the Neuropixels tables of the Allen Institute.
_NOTHING = ("null", "")


class StimulusTable:
    """Presentations in order of time, one row each.

    Parameters
    ----------
    table : DataFrame
        Columns of `PRESENTATION_COLUMNS`; missing optional ones are filled with NaN, further
        columns are kept. Numbers may be text; the text ``"null"`` is NaN.

    Raises
    ------
    DataError
        On a missing column, text that is no number, an infinite number, an interval that ends
        before it starts, or overlapping rows.

    Examples
    --------
    >>> rows = {"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0], "stimulus": ["blank", "flash"]}
    >>> import pandas as pd
    >>> len(StimulusTable(pd.DataFrame(rows)))
    2
    """

    __slots__ = ("_table",)

    def __init__(self, table: pd.DataFrame) -> None:
        import pandas as pd

        if not isinstance(table, pd.DataFrame):
            raise DataError(
                f"StimulusTable: expected a DataFrame with the columns {', '.join(_REQUIRED)}, got "
                f"{type(table).__name__}"
            )
        missing = [name for name in _REQUIRED if name not in table]
        if missing:
            raise DataError(f"StimulusTable: missing columns {missing}; got {list(table.columns)}")
        if not table.columns.is_unique:
            twice = table.columns[table.columns.duplicated()][0]
            raise DataError(f"StimulusTable: the column {twice!r} is there twice")
        held = table.reset_index(drop=True)
        self._table = held.assign(
            **{n: _numeric(held[n], n) if n in held else np.nan for n in _NUMBERS}
        )
        _check_times(*self.intervals_s.T)

    @property
    def table(self) -> pd.DataFrame:
        """A copy of the table: what is changed in it does not change the presentations."""
        return self._table.copy()

    def where(self, *, keep_blanks: bool = False, **conditions: Any) -> StimulusTable:
        """Return the presentations whose columns have these values.

        Parameters
        ----------
        keep_blanks : bool
            Keep the rows named ``"blank"`` or ``"spontaneous"`` too, and those without a value in a
            column that is asked for.
        **conditions
            Column name = value, list of values, or a function of the value that returns a bool.

        Raises
        ------
        DataError
            On an unknown column; names those there are.
        """
        keep = np.ones(len(self), dtype=bool)
        for name, wanted in conditions.items():
            column = column_of(self._table, name, "StimulusTable")
            fits = matching(column, wanted)
            keep &= fits | column.isna().to_numpy(dtype=bool) if keep_blanks else fits
        if keep_blanks:
            keep |= matching(self._table["stimulus"], BLANK_NAMES)
        return StimulusTable(self._table[keep])

    @property
    def intervals_s(self) -> NDArray[np.float64]:
        """Starts and stops in seconds, shape ``(n_presentations, 2)``."""
        edges: NDArray[np.float64] = self._table[["start_s", "stop_s"]].to_numpy(float)
        return edges

    @property
    def duration_s(self) -> float:
        """End of the last presentation, in seconds; 0 where there is none."""
        return float(self._table["stop_s"].max()) if len(self) else 0.0

    def to_dataframe(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        kinds = ", ".join(f"{n} {k}" for k, n in self._table["stimulus"].value_counts().items())
        return f"<StimulusTable: {len(self)} presentations ({kinds})>"

    def _repr_html_(self) -> str:
        said = self._table.dropna(axis="columns", how="all")
        return card(self, small_table(said, most=6))


def _numeric(column: pd.Series, name: str) -> pd.Series:
    """Return a column as numbers, NaN where it says nothing."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        said = column.where(~column.isin(_NOTHING)).astype(object)
        numbers = pd.to_numeric(said, errors="coerce")
        wrong = (said.notna() & numbers.isna()).to_numpy(dtype=bool)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"StimulusTable: row {row}: {name} must be a number ({PRESENTATION_COLUMNS[name]}), "
                f"got {column.iloc[row]!r}; mend it or leave the column out"
            )
        column = numbers
    infinite = np.isinf(column.to_numpy(float, na_value=np.nan))
    if infinite.any():
        raise DataError(f"StimulusTable: row {int(infinite.argmax())}: {name} is infinite")
    return column


def _check_times(start: NDArray[np.float64], stop: NDArray[np.float64]) -> None:
    wrong = ~(stop > start)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"StimulusTable: row {row} ends at {stop[row]} s, not after its start {start[row]} s"
        )
    # The two-photon tables count frames, so neighbours may share one frame boundary.
    overlap = start[1:] < stop[:-1] - 1e-9
    if overlap.any():
        row = int(overlap.argmax())
        raise DataError(
            f"StimulusTable: row {row + 1} starts at {start[row + 1]} s, before row {row} "
            f"ends at {stop[row]} s; sort the rows by start_s and mend the overlap"
        )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Traces:
    """Traces of many cells on one clock, such as dF/F.

    Parameters
    ----------
    values : array_like, shape (n_cells, n_frames)
        The traces, in `unit`; single precision is kept, else they are held in double.
    time_s : array_like, shape (n_frames,)
        Time of every frame in seconds, rising.
    ids : array_like of int, shape (n_cells,)
        Ids of the cells, such as ``cell_specimen_id``.
    unit : str
        Unit of `values`: ``"dF/F"`` is a fraction, ``"dF/F %"`` a percentage.

    Raises
    ------
    DataError
        Where shapes disagree, ids are not whole, or the clock does not rise.
    """

    values: NDArray[np.float64]
    time_s: NDArray[np.float64]
    ids: NDArray[np.int64]
    unit: str = "dF/F"

    # Pickle keeps no array read-only.
    __getstate__, __setstate__ = packed, unpacked

    def __post_init__(self) -> None:
        # Recordings in single precision are kept so: they are large, and hold no more digits.
        single = isinstance(self.values, np.ndarray) and self.values.dtype == np.float32
        kept = np.float32 if single else float
        for name, dtype in (("values", kept), ("time_s", float), ("ids", np.int64)):
            held = frozen(getattr(self, name), dtype, what=f"Traces: {name}")
            object.__setattr__(self, name, held)
        expected = (self.ids.size, self.time_s.size)
        if self.values.shape != expected:
            raise DataError(
                f"Traces: values must have shape (cells, frames) = {expected}, got "
                f"{self.values.shape}"
            )
        if not (np.isfinite(self.time_s).all() and (np.diff(self.time_s) > 0).all()):
            raise DataError("Traces: time_s must rise from frame to frame, every time finite")

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.ids.size

    def to_dataframe(self) -> pd.DataFrame:
        """Return one column per cell, indexed by ``time_s``."""
        import pandas as pd

        return pd.DataFrame(
            self.values.T, index=pd.Index(self.time_s, name="time_s"), columns=self.ids
        )

    def __repr__(self) -> str:
        return f"<Traces: {self.unit} of {self.n_cells} cells, {self.time_s.size} frames>"

    def _repr_html_(self) -> str:
        rows = [
            (str(cell), trace)
            for cell, trace in zip(self.ids[:4].tolist(), self.values, strict=False)
        ]
        end = f"{self.time_s[0]:.4g} to {self.time_s[-1]:.4g} s" if self.time_s.size else ""
        return card(self, stack(rows, unit=self.unit, end=end))
