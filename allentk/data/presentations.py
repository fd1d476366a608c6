"""What was shown and when: the table of stimulus presentations, and traces recorded with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data._arrays import frozen
from allentk.errors import DataError

__all__ = ["PRESENTATION_COLUMNS", "StimulusTable", "Traces"]

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


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class StimulusTable:
    """Presentations in order of time, one row each.

    Parameters
    ----------
    table : DataFrame
        Columns of `PRESENTATION_COLUMNS`; missing optional ones are filled with NaN, further
        columns are kept.

    Raises
    ------
    DataError
        On a missing column, an interval that ends before it starts, or overlapping rows.

    Examples
    --------
    >>> rows = {"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0], "stimulus": ["blank", "flash"]}
    >>> len(StimulusTable(pd.DataFrame(rows)))
    2
    """

    table: pd.DataFrame

    def __post_init__(self) -> None:
        table = self.table.reset_index(drop=True)
        missing = [name for name in ("start_s", "stop_s", "stimulus") if name not in table]
        if missing:
            raise DataError(f"StimulusTable: missing columns {missing}; got {list(table.columns)}")
        table = table.assign(**{n: np.nan for n in PRESENTATION_COLUMNS if n not in table})
        start, stop = table["start_s"].to_numpy(float), table["stop_s"].to_numpy(float)
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
        object.__setattr__(self, "table", table)

    def where(self, **conditions: Any) -> StimulusTable:
        """Return the presentations whose columns have these values."""
        keep = np.ones(len(self.table), dtype=bool)
        for name, wanted in conditions.items():
            if name not in self.table:
                raise DataError(
                    f"StimulusTable: no column {name!r}; there are {list(self.table.columns)}"
                )
            keep &= (self.table[name] == wanted).to_numpy(dtype=bool)
        return StimulusTable(self.table[keep])

    @property
    def intervals_s(self) -> NDArray[np.float64]:
        """Starts and stops in seconds, shape ``(n_presentations, 2)``."""
        edges: NDArray[np.float64] = self.table[["start_s", "stop_s"]].to_numpy(float)
        return edges

    @property
    def duration_s(self) -> float:
        """End of the last presentation, in seconds; 0 where there is none."""
        return float(self.table["stop_s"].max()) if len(self.table) else 0.0

    def to_dataframe(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        kinds = ", ".join(f"{n} {k}" for k, n in self.table["stimulus"].value_counts().items())
        return f"<StimulusTable: {len(self.table)} presentations ({kinds})>"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Traces:
    """Traces of many cells on one clock, such as dF/F.

    Parameters
    ----------
    values : array_like, shape (n_cells, n_frames)
        The traces.
    time_s : array_like, shape (n_frames,)
        Time of every frame in seconds, rising.
    ids : array_like of int, shape (n_cells,)
        Ids of the cells, such as ``cell_specimen_id``.
    unit : str
        Unit of `values`: ``"dF/F"`` is a fraction, ``"dF/F %"`` a percentage.

    Raises
    ------
    DataError
        Where shapes disagree or the clock does not rise.
    """

    values: NDArray[np.float64]
    time_s: NDArray[np.float64]
    ids: NDArray[np.int64]
    unit: str = "dF/F"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))
        object.__setattr__(self, "time_s", frozen(self.time_s))
        object.__setattr__(self, "ids", frozen(self.ids, np.int64))
        expected = (self.ids.size, self.time_s.size)
        if self.values.shape != expected:
            raise DataError(
                f"Traces: values must have shape (cells, frames) = {expected}, got "
                f"{self.values.shape}"
            )
        if not (np.diff(self.time_s) > 0).all():
            raise DataError("Traces: time_s must rise from frame to frame")

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.ids.size

    def to_dataframe(self) -> pd.DataFrame:
        """Return one column per cell, indexed by ``time_s``."""
        return pd.DataFrame(
            self.values.T, index=pd.Index(self.time_s, name="time_s"), columns=self.ids
        )

    def __repr__(self) -> str:
        return f"<Traces: {self.unit} of {self.n_cells} cells, {self.time_s.size} frames>"
