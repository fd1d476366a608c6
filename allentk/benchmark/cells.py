"""A user's own table of cells, as the reference or as the model."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allentk.benchmark.classes import classes_of
from allentk.benchmark.foreign_tables import FOREIGN_TABLES, ForeignTable, recognised
from allentk.benchmark.layer4 import is_layer4, read_layer4
from allentk.benchmark.metrics import check_columns, numbers
from allentk.benchmark.reference import Reference
from allentk.benchmark.shipped import is_name, load_reference
from allentk.benchmark.text_files import read_json, read_table
from allentk.benchmark.timing import is_timing, read_timing
from allentk.errors import DataError

__all__ = ["Cells", "open_reference", "read_cells", "read_model"]

#: Skipped columns that are named one by one.
_NAMED = 8

_GRATINGS = "drifting_gratings"


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """One row per cell, with the names that allentk uses.

    Parameters
    ----------
    table : DataFrame
        ``population`` and metrics; ``attrs["definition"]`` where the kind of table has one.
    kind : ForeignTable or None
        What it was before; None for a table that had ``population``.
    notes : tuple of str
        What was skipped.
    stimulus : str
        Of which the metrics are.
    """

    table: pd.DataFrame
    kind: ForeignTable | None = None
    notes: tuple[str, ...] = ()
    stimulus: str = "drifting_gratings"


def read_cells(
    table: pd.DataFrame | str | PathLike[str],
    *,
    stimulus: str | None = None,
    by: str | None = None,
) -> Cells:
    """Return a table of cells with allentk's names.

    Parameters
    ----------
    table : DataFrame or path
        With the column ``population`` it is taken as it is. Else one of these, known by its columns:
        V1 units or a model's cells with OSI and DSI (``OSI_DSI_neuropixels_v4.csv``), units or session
        analysis metrics of Visual Coding Neuropixels, ``ApiCamCellMetric`` tables of Visual Coding
        two-photon, tables of gratings by Cre line and depth, first spikes and time scales of Siegle et al.
        2021 (the folder of both files), and the recordings of layer 4 of Arkhipov et al. 2018 (a file, or
        their folder). Separated by commas or spaces, plain or gzipped.
    stimulus : str, optional
        Of which the metrics are; by default drifting gratings, or the one that the table has where it has
        no metric of these.
    by : str, optional
        Classes: ``"cell_type"``, ``"area"``, ``"cre"``, ``"layer"``, ``"cre+layer"`` or a column; for the
        recordings of layer 4 ``"awake"`` or ``"anaesthetised"``. By default what the kind of table has.

    Raises
    ------
    DataError
        Where the columns are of no known kind, have no metric of `stimulus`, or cannot tell `by`.
    FormatError
        For a file that is missing or no table.

    Examples
    --------
    >>> units = pd.DataFrame({"ecephys_unit_id": [1], "structure_acronym": "VISl", "firing_rate_dg": 3.0})
    >>> read_cells(units).table.to_dict("records")
    [{'population': 'VISl', 'firing_rate_hz': 3.0}]
    """
    raw, notes = _opened(table)
    shown = _GRATINGS if stimulus is None else stimulus
    if "population" in raw and by is None:
        return Cells(raw, None, notes, shown)
    kind = recognised(raw.columns)
    if kind is None:
        if by is not None and by in raw:
            return Cells(raw.assign(population=classes_of(raw, by)), None, notes, shown)
        raise DataError(
            f"a table of cells: needs the column 'population' and metrics, or the columns of one of "
            f"{[known.name for known in FOREIGN_TABLES]}; got {list(raw.columns)[:30]}"
        )
    there = [name for name, of in kind.columns.items() if set(of) & set(raw.columns)]
    if stimulus is None and len(there) == 1:
        shown = there[0]
    return _translated(raw, kind, shown, by, notes)


def read_model(
    table: pd.DataFrame | str | PathLike[str], *, stimulus: str, by: str | None
) -> Cells:
    """Return a model's table of cells as ``read_cells`` does.

    Where it has the column ``population`` this counts, whatever the reference's classes are made of; a
    DataFrame of no known kind is left as it is.
    """
    raw, notes = _opened(table)
    if "population" in raw or recognised(raw.columns) is None:
        return Cells(raw, None, notes)
    found = read_cells(raw, stimulus=stimulus, by=by)
    return Cells(found.table, found.kind, (*notes, *found.notes))


def open_reference(
    reference: object, *, stimulus: str | None = None, by: str | None = None
) -> Reference:
    """Return a reference: as it is, by its name, or made of one's own table of cells.

    Parameters and errors as of ``Benchmark``.
    """
    if isinstance(reference, Reference):
        return reference
    if isinstance(reference, str) and not _is_path(reference):
        return load_reference(reference)
    if not isinstance(reference, str | PathLike | pd.DataFrame):
        raise DataError(
            f"Benchmark: the reference must be a name, a Reference or a DataFrame of cells, or the path "
            f"of one, got a {type(reference).__name__}"
        )
    if not isinstance(reference, pd.DataFrame) and Path(reference).suffix == ".json":
        return Reference.from_dict(read_json(Path(reference)))
    return _made(read_cells(reference, stimulus=stimulus, by=by), reference)


def _made(cells: Cells, given: object) -> Reference:
    name = "table" if isinstance(given, pd.DataFrame) else Path(str(given)).name
    kind = cells.kind
    if kind is None:
        return Reference.from_table(
            cells.table, name=name, stimulus=cells.stimulus, notes=cells.notes
        )
    return Reference.from_table(
        cells.table,
        name=name,
        title=f"{name}: {kind.name}",
        source=kind.source,
        license="the user's own file",
        stimulus=cells.stimulus,
        conditions=kind.conditions if cells.stimulus == _GRATINGS else {},
        min_peak_rate_hz=kind.min_peak_rate_hz or 0.0,
        definitions=kind.definitions,
        windows=kind.windows,
        definition=kind.definition,
        quirks=kind.quirks,
        notes=(*cells.notes, *_defects(kind)),
    )


def _defects(kind: ForeignTable) -> tuple[str, ...]:
    """Say that the numbers of a table have the defects of the program that made it."""
    if not kind.quirks:
        return ()
    return (
        f"its numbers have the defects of the published program: cells of a table of your own are alike "
        f"where they were measured with definition={kind.definition!r}, quirks={kind.quirks!r}",
    )


def _is_path(text: str) -> bool:
    if "/" in text or "\\" in text or Path(text).suffix in (".csv", ".gz", ".json", ".txt"):
        return True
    return not is_name(text) and Path(text).exists()


def _translated(
    raw: pd.DataFrame, kind: ForeignTable, stimulus: str, by: str | None, notes: tuple[str, ...]
) -> Cells:
    raw, notes = _each_once(raw, kind, notes)
    known = {n: c for n, c in kind.columns.get(stimulus, {}).items() if n in raw}
    if not known:
        raise DataError(
            f"{kind.name}: no metric of {stimulus!r}; the table has those of "
            f"{[s for s, of in kind.columns.items() if set(of) & set(raw.columns)]}"
        )
    population = _classes(raw, kind, by or kind.by)
    named = population.notna()
    table = pd.DataFrame({"population": population[named].astype(str)})
    for theirs, ours in known.items():
        values = numbers(raw.loc[named, theirs])
        if ours.below is not None:
            values = (values < ours.below).astype(float).where(values.notna())
        for column, (low, high) in ours.within.items():
            limits = numbers(_column(raw, kind, column)[named])
            values = values.where(limits.between(low, high, inclusive="neither"))
        table[ours.name] = values * ours.factor
    table.attrs["definition"] = kind.definition
    if not named.all():
        notes = (
            *notes,
            f"left out {int((~named).sum())} cells without a class by {by or kind.by!r}",
        )
    return Cells(table, kind, (*notes, *_skipped(raw, kind, known, by)), stimulus)


def _each_once(
    raw: pd.DataFrame, kind: ForeignTable, notes: tuple[str, ...]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out rows that repeat others, of tables that name their cells."""
    name = next((name for name in kind.cells if name in raw), None)
    if name is None:
        return raw, notes
    twice = raw[name].duplicated(keep=False) & raw[name].notna()
    again = raw[twice]
    repeated = again.astype(str).duplicated().to_numpy()  # as words: a column may hold lists
    if not again.loc[~repeated, name].is_unique:
        other = again.loc[~repeated, name]
        raise DataError(
            f"{kind.name}: expected one row per cell, got two of {name} "
            f"{other[other.duplicated()].iloc[0]} with other values; leave one out"
        )
    if not repeated.any():
        return raw, notes
    kept = np.ones(len(raw), dtype=bool)
    kept[np.flatnonzero(twice)[repeated]] = False
    return raw[kept], (*notes, f"left out {int(repeated.sum())} rows that repeat others")


def _classes(raw: pd.DataFrame, kind: ForeignTable, by: str) -> pd.Series[str]:
    try:
        return classes_of(raw, by)
    except DataError as error:
        if not kind.hint:
            raise
        raise DataError(f"{error}. {kind.hint}") from error


def _column(raw: pd.DataFrame, kind: ForeignTable, name: str) -> pd.Series[Any]:
    if name not in raw:
        raise DataError(
            f"{kind.name}: the column {name!r} is missing, by which cells are left out; got "
            f"{list(raw.columns)[:30]}"
        )
    return raw[name]


def _skipped(
    raw: pd.DataFrame, kind: ForeignTable, known: dict[str, Any], by: str | None
) -> tuple[str, ...]:
    """Say which columns are not used: none of the stimulus's metrics, and not what a cell is."""
    used = {*known, *kind.identity, by or kind.by}
    rest = [str(n) for n in raw.columns if n not in used and not str(n).startswith("Unnamed")]
    if not rest:
        return ()
    more = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
    return (f"skipped the columns {', '.join(rest[:_NAMED])}{more}: no metrics of this stimulus",)


def _opened(table: pd.DataFrame | str | PathLike[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table as it is, or is in a file, and what is to be said of it."""
    if isinstance(table, pd.DataFrame):
        check_columns(table)
        return table, ()
    path = Path(table)
    if is_layer4(path):
        return read_layer4(path)
    if is_timing(path):
        return read_timing(path)
    return read_table(path), ()
