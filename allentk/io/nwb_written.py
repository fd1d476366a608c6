"""NWB 2 files that allentk wrote: nothing is told from the samples, the file says it all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import pandas as pd

from allentk.data import SWEEP_COLUMNS, Sweep, SweepSet
from allentk.errors import DataError, FormatError
from allentk.io.exact import Quantity, Samples, unpacked
from allentk.io.hdf5 import (
    attribute,
    dataset,
    member,
    number,
    numbers,
    numeric,
    open_hdf5,
    text,
    whole,
)
from allentk.io.nwb_recordings import CATEGORY, COLUMNS, RECORDINGS, Recording
from allentk.io.sweeps import WHAT
from allentk.io.synthetic import is_synthetic

__all__ = ["written_sweeps"]

_WHOLE = ("number", "n_samples")
_REAL = ("amplitude_pa", "start_s", "stop_s", "sampling_rate_hz")


def written_sweeps(
    file: h5py.File, path: str | os.PathLike[str], electrode: str | None = None
) -> SweepSet | None:
    """Return the recording of a file that allentk wrote; None where it did not write it.

    Parameters
    ----------
    file : h5py.File
        The open file.
    path : path
        Where it is.
    electrode : str, optional
        Only the sweeps that this one recorded.

    Raises
    ------
    FormatError
        Where the file is not as it was written; names what is wrong. Where nothing was recorded by
        `electrode`.
    """
    where = str(path)
    try:
        table = member(file, f"{RECORDINGS}/{CATEGORY}")
        ids = member(file, f"{RECORDINGS}/id")
    except FormatError:
        return None  # no way to tell whose it is; the reader of all files says what is damaged
    if not isinstance(table, h5py.Group) or not isinstance(ids, h5py.Dataset):
        return None
    rows = _rows(table, where)
    if not rows or ids.shape != (len(rows),):
        return None  # another program added rows, which have nothing of ours
    rows = _recorded_by(electrode, rows, where)
    reader = _Reader(str(Path(path).absolute()), {row.number: row for row in rows})
    try:
        return SweepSet(_table(rows, where), reader, source=where, metadata=_metadata(file, where))
    except DataError as error:
        raise FormatError(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the sweeps of one file by number; holds the path, so that it can be pickled."""

    path: str
    rows: Mapping[int, Recording]

    def __call__(self, number: int) -> Sweep:
        """Read one sweep.

        Raises
        ------
        FormatError
            Where the file has changed or is damaged; names the sweep.
        """
        row = self.rows[number]
        where = f"{self.path}: sweep {number}"
        clamp = _clamp(row, where)
        with open_hdf5(self.path, WHAT) as file:
            recorded, given = (
                _samples(file, f"{folder}/Sweep_{number}", row, quantity, where)
                for folder, quantity in _folders(clamp)
            )
        if recorded is None:
            raise FormatError(f"{where} is gone: the file was changed since. Open it again")
        if given is None:
            given = np.full(row.n_samples, np.nan)
        voltage, current = (recorded, given) if clamp == "current" else (given, recorded)
        for values in (voltage, current):
            values.flags.writeable = False
        try:
            return Sweep(
                voltage_mv=voltage,
                current_pa=current,
                sampling_rate_hz=row.sampling_rate_hz,
                number=number,
                stimulus=row.stimulus,
                code=row.code,
                amplitude_pa=row.amplitude_pa,
                start_s=row.start_s,
                stop_s=row.stop_s,
                clamp=clamp,
                metadata=_object(row.metadata, f"{where}: metadata"),
                source=self.path,
            )
        except DataError as error:
            raise FormatError(str(error)) from error


def _folders(clamp: str) -> tuple[tuple[str, Quantity], tuple[str, Quantity]]:
    """Return where response and stimulus are, and what they are."""
    if clamp == "current":
        return ("acquisition", "voltage"), ("stimulus/presentation", "current")
    return ("acquisition", "current"), ("stimulus/presentation", "voltage")


def _clamp(row: Recording, where: str) -> Literal["current", "voltage"]:
    if row.clamp == "current":
        return "current"
    if row.clamp == "voltage":
        return "voltage"
    raise FormatError(f"{where}: expected the clamp to be current or voltage, got {row.clamp!r}")


def _samples(
    file: h5py.File, path: str, row: Recording, quantity: Quantity, where: str
) -> Samples | None:
    """Return samples in mV or pA; None where there is no such series."""
    if member(file, path) is None:
        return None
    data = numeric(file, f"{path}/data", where, ndim=1)
    conversion = number(attribute(data, "conversion"))
    if data.shape != (row.n_samples,) or not (conversion > 0 and np.isfinite(conversion)):
        raise FormatError(
            f"{where}: /{path}: expected {row.n_samples} samples and a positive conversion, got "
            f"{data.shape} and {conversion:g}; the file was changed by another program"
        )
    return unpacked(data[()], conversion, quantity)


def _rows(table: h5py.Group, where: str) -> list[Recording]:
    count = numeric(table, COLUMNS[0], where, ndim=1).shape
    columns: list[list[Any]] = []
    for name in COLUMNS:
        here = f"{where}: {table.name}/{name}"
        held = dataset(table, name, where)
        if held.shape != count:
            raise FormatError(f"{here}: expected shape {count} as its neighbours, got {held.shape}")
        if name in _WHOLE:
            columns.append(whole(numbers(table, name, where), here).tolist())
        elif name in _REAL:
            columns.append(numbers(table, name, where).astype(float).tolist())
        else:
            columns.append(_texts(held, here))
    return [Recording(*values) for values in zip(*columns, strict=True)]


def _texts(held: h5py.Dataset, where: str) -> list[str]:
    """Return a column of text, blanks at its ends included."""
    if h5py.check_string_dtype(held.dtype) is None:
        raise FormatError(f"{where}: expected text, got {held.dtype}")
    return [bytes(value).decode("utf-8", "replace") for value in held[()]]


def _recorded_by(electrode: str | None, rows: list[Recording], where: str) -> list[Recording]:
    if electrode is None:
        return rows
    names = [
        str(_object(row.metadata, f"{where}: sweep {row.number}: metadata").get("electrode", ""))
        for row in rows
    ]
    if electrode not in names:
        raise FormatError(
            f"{where}: nothing was recorded by {electrode!r}; there are {sorted(set(names))}"
        )
    return [row for row, name in zip(rows, names, strict=True) if name == electrode]


def _table(rows: list[Recording], where: str) -> pd.DataFrame:
    table = pd.DataFrame(
        [{name: getattr(row, name) for name in SWEEP_COLUMNS} for row in rows],
        columns=list(SWEEP_COLUMNS),
    )
    further = pd.DataFrame(
        [_object(row.further, f"{where}: sweep {row.number}: further") for row in rows]
    )
    return table.join(further.drop(columns=list(SWEEP_COLUMNS), errors="ignore"))


def _metadata(file: h5py.File, where: str) -> dict[str, Any]:
    description = text(member(file, "session_description"))
    notes = _object(text(member(file, "general/notes")) or "{}", f"{where}: general/notes")
    kept = notes.get(CATEGORY, {})
    if not isinstance(kept, dict):
        raise FormatError(f"{where}: general/notes: expected an object {CATEGORY}, got {kept!r}")
    return {
        "session_description": description,
        "synthetic": is_synthetic(description),
        **kept,
        "format": f"NWB {text(attribute(file, 'nwb_version'))}",
    }


def _object(written: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where}: expected a JSON object, got {written[:60]!r}") from error
    if not isinstance(found, dict):
        raise FormatError(f"{where}: expected a JSON object, got {written[:60]!r}")
    return found
