"""Fitted cells to one table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

import pandas as pd

from allentk.models import GLIFParameters
from allentk.workflow.failures import Failure
from allentk.workflow.fit_cell import CellFit
from allentk.workflow.fit_levels import COLUMNS
from allentk.workflow.recordings import Recording
from allentk.workflow.table_files import Record

__all__ = [
    "FIT_COLUMNS",
    "fit_table",
    "model_file",
    "parameter_values",
    "rows_with_files",
    "score_table",
]

#: Currents that a table has columns for, whatever was fitted.
N_CURRENTS = 2

_CURRENTS = ("asc_amp_pa", "asc_tau_s", "asc_r")
_NOT_NUMBERS = ("level", "source")

#: Names of the parameters in a table: those of ``GLIFParameters``, after-spike currents numbered.
PARAMETERS = tuple(
    name
    for field in fields(GLIFParameters)
    if field.name not in _NOT_NUMBERS
    for name in (
        [f"{field.name}_{n}" for n in range(1, N_CURRENTS + 1)]
        if field.name in _CURRENTS
        else [field.name]
    )
)

#: Columns of the table of fits: the cell, the scores, the parameters, the file of the model.
FIT_COLUMNS = (
    "specimen_id",
    "source",
    "synthetic",
    *(name for name in COLUMNS if name not in ("file", "error")),
    *PARAMETERS,
    "file",
    "error",
)

_FLAGS = ("chosen", "held_out", "synthetic")
_WHOLE = ("level", "n_parameters", "n_trials", "evaluations", "seed")
_TEXTS = ("source", "stopped", "method", "notes", "file", "error")


def parameter_values(model: GLIFParameters) -> dict[str, float]:
    """Return the parameters of a model by the names of a table.

    Examples
    --------
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> parameter_values(cell)["R_mohm"]
    200.0
    """
    values: dict[str, float] = {}
    for name, value in asdict(model).items():
        if name in _CURRENTS:
            values |= {f"{name}_{n}": each for n, each in enumerate(value, start=1)}
        elif name not in _NOT_NUMBERS:
            values[name] = float(value)
    return values


def model_file(folder: str, level: int) -> str:
    """Return where the model of a level lies, relative to the folder of the batch, or of the cell.

    Examples
    --------
    >>> model_file("485909730", 3)
    '485909730/glif3/neuron_config.json'
    """
    return "/".join(part for part in (folder, f"glif{level}", "neuron_config.json") if part)


def rows_with_files(fit: CellFit, folder: str = "") -> list[Record]:
    """Return the rows of a cell, the file of each level that has a model among them."""
    return [
        {**row, "file": model_file(folder, row["level"]) if row["level"] in fit.models else None}
        for row in fit.rows
    ]


def score_table(fit: CellFit) -> pd.DataFrame:
    """Return one row per level of a cell, columns `COLUMNS`."""
    return _typed(pd.DataFrame(rows_with_files(fit), columns=list(COLUMNS)))


def fit_table(
    outcomes: Iterable[tuple[Recording, str, CellFit | Failure]], levels: Sequence[int]
) -> pd.DataFrame:
    """Return one row per cell and level; a cell that failed has its message in each.

    Parameters
    ----------
    outcomes : iterable of (Recording, str, CellFit or Failure)
        Each recording, the name of its folder, and what became of it.
    levels : sequence of int
        The levels that were asked for.
    """
    rows = [row for outcome in outcomes for row in _rows(*outcome, levels)]
    return _typed(pd.DataFrame(rows, columns=list(FIT_COLUMNS)))


def _rows(
    recording: Recording, folder: str, found: CellFit | Failure, levels: Sequence[int]
) -> list[dict[str, Any]]:
    if isinstance(found, Failure):
        row = {
            "specimen_id": recording.specimen_id,
            "source": recording.name,
            "chosen": False,
            "error": found.message,
        }
        return [{**row, "level": level} for level in levels]
    about = {
        "specimen_id": found.specimen_id,
        "source": found.source,
        "synthetic": found.synthetic,
    }
    return [
        {**about, **row, **_parameters(found, row["level"])}
        for row in rows_with_files(found, folder)
    ]


def _parameters(found: CellFit, level: int) -> dict[str, float]:
    return parameter_values(found.models[level]) if level in found.models else {}


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype({name: _dtype(name, table[name]) for name in table})


def _dtype(name: str, values: pd.Series[Any]) -> str:
    if name in _FLAGS:
        return "boolean"
    if name in _TEXTS:
        return "string"
    if name == "specimen_id":
        return "string" if values.map(lambda value: isinstance(value, str)).any() else "Int64"
    return "Int64" if name in _WHOLE else "float64"
