"""The layout of NWB 2 patch-clamp files.

Responses are the CurrentClampSeries, IZeroClampSeries and VoltageClampSeries in ``/acquisition``,
stimuli the ...StimulusSeries in ``/stimulus/presentation``. They are matched by the table
``/general/intracellular_ephys/intracellular_recordings`` (NWB 2.4 and later), which may also say
that a sweep is only a part of a series; else by ``sweep_number``; else by the number in the name.

References
----------
NWB format specification, icephys: https://nwb-schema.readthedocs.io
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count as count_up
from itertools import zip_longest
from typing import Any

import h5py

from allentk.errors import FormatError
from allentk.io.found import Found, look_at, pair
from allentk.io.hdf5 import attribute, member, members, number, readable, text, whole
from allentk.io.places import Place, place, trailing_number

__all__ = ["places"]

_RESPONSES = ("CurrentClampSeries", "IZeroClampSeries", "VoltageClampSeries")
_STIMULI = ("CurrentClampStimulusSeries", "VoltageClampStimulusSeries")
_ELECTRODES = "general/intracellular_ephys"
_TABLE = "general/intracellular_ephys/intracellular_recordings"


def places(file: h5py.File, where: str, electrode: str | None) -> list[Place]:
    """Return where every sweep of an NWB 2 file is.

    Raises
    ------
    FormatError
        Where it holds no patch-clamp recording, where its electrodes must be told apart, or where
        its table of recordings is none; says what there is.
    """
    table = member(file, _TABLE)
    rows = _rows(file, table, where) if isinstance(table, h5py.Group) else None
    if rows:
        responses, stimuli = rows
    else:
        responses = _found(file, "acquisition", _RESPONSES, where)
        stimuli = _found(file, "stimulus/presentation", _STIMULI, where)
    if not responses:
        raise FormatError(
            f"{where}: no patch-clamp recording: /acquisition holds {_kinds(file)}; expected "
            f"{', '.join(_RESPONSES)}"
        )
    return [place(file, found, where=where) for found in pair(responses, stimuli, electrode, where)]


def _kinds(file: h5py.File) -> str:
    group = member(file, "acquisition")
    items = [item for _, item in members(group)]
    kinds = sorted({text(attribute(item, "neurodata_type")) or "no type" for item in items})
    return ", ".join(kinds) or "nothing"


def _found(file: h5py.File, folder: str, kinds: tuple[str, ...], where: str) -> list[Found]:
    group = member(file, folder)
    if not isinstance(group, h5py.Group):
        return []
    electrodes = _electrodes(file)
    found = [_one(group, name, kinds, electrodes, where) for name in group]
    return [one for one in found if one is not None]


def _one(
    folder: h5py.Group,
    name: str,
    kinds: tuple[str, ...],
    electrodes: list[tuple[str, h5py.Group]],
    where: str,
) -> Found | None:
    """Return what a series is; None where it is no patch-clamp series."""
    path = f"{folder.name}/{name}"
    sweep = trailing_number(name)
    try:
        with readable(f"{where}: {path}"):
            series = member(folder, name)
            if text(attribute(series, "neurodata_type")) not in kinds:
                return None
            sweep = _sweep_number(series, sweep, f"{where}: {path}")
            electrode = _electrode(series, electrodes)
    except FormatError as error:
        if sweep is None:
            raise
        return Found(sweep, path, fault=str(error))
    return look_at(series, sweep, electrode, where)


def _sweep_number(series: h5py.Group, named: int | None, where: str) -> int:
    written = attribute(series, "sweep_number")
    if written is not None and not math.isnan(number(written)):
        return int(whole(number(written), f"{where}: sweep_number"))
    if named is None:
        raise FormatError(
            f"{where}: no sweep_number, no number in its name and no table of recordings, so it "
            f"cannot be matched with its stimulus; name it Sweep_<number>"
        )
    return named


def _electrodes(file: h5py.File) -> list[tuple[str, h5py.Group]]:
    return list(members(member(file, _ELECTRODES)))


def _electrode(series: h5py.Group, electrodes: list[tuple[str, h5py.Group]]) -> str:
    used = member(series, "electrode")
    return next((name for name, item in electrodes if used is not None and item == used), "")


@dataclass(frozen=True, slots=True)
class _Part:
    """Which samples of which series; no series where it cannot be opened, for `fault`."""

    series: h5py.Group | None
    first: int
    count: int
    fault: FormatError | None = None


def _rows(file: h5py.File, table: h5py.Group, where: str) -> tuple[list[Found], list[Found]] | None:
    """Read the table of recordings: one row is one response with its stimulus."""
    recorded = [_part(file, row, where) for row in _column(table, "responses/response", where)]
    if not recorded:
        return None
    presented = [_part(file, row, where) for row in _column(table, "stimuli/stimulus", where)]
    if len(presented) not in (0, len(recorded)):
        raise FormatError(
            f"{where}: {table.name} has {len(recorded)} responses, but {len(presented)} stimuli; "
            f"its columns must be equally long"
        )
    electrodes = _electrodes(file)
    found: tuple[list[Found], list[Found]] = ([], [])
    for sweep, *parts in zip_longest(_row_numbers(recorded), recorded, presented):
        for listed, part in zip(found, parts, strict=True):
            if part is not None:
                listed.append(_found_in(part, sweep, electrodes, where))
    return found


def _column(table: h5py.Group, path: str, where: str) -> list[Any]:
    """Return the rows of a column of references to series; none where there is no such column."""
    held = member(table, path)
    if held is None:
        return []
    if (
        not isinstance(held, h5py.Dataset)
        or not held.shape
        or len(held.dtype.names or ()) != 3
        or h5py.check_ref_dtype(held.dtype[2]) is None
    ):
        raise FormatError(
            f"{where}: {table.name}/{path}: expected rows of first sample, count and a reference to "
            f"a series, got {held}"
        )
    return list(held[()])


def _part(file: h5py.File, row: Any, where: str) -> _Part | None:
    """Follow a reference of the table; None where it points at nothing."""
    first, count, reference = int(row[0]), int(row[1]), row[2]
    if first < 0 or count < 0 or not reference:
        return None
    try:
        with readable(f"{where}: a series that the table of recordings points at"):
            series = file[reference]
            name = series.name
    except FormatError as error:
        return _Part(None, first, count, error)
    if name is None or not isinstance(series, h5py.Group):
        what = name or "something that was deleted"
        fault = FormatError(f"{where}: the table of recordings points at {what}, no series")
        return _Part(None, first, count, fault)
    return _Part(series, first, count)


def _found_in(
    part: _Part, sweep: int, electrodes: list[tuple[str, h5py.Group]], where: str
) -> Found:
    if part.series is None:
        return Found(sweep, _TABLE, fault=str(part.fault))
    try:
        electrode = _electrode(part.series, electrodes)
    except FormatError as error:
        return Found(sweep, str(part.series.name), fault=str(error))
    return look_at(part.series, sweep, electrode, where, first=part.first, count=part.count)


def _is_sweep_number(value: float) -> bool:
    return value.is_integer() and 0 <= value < 2**53


def _row_numbers(recorded: list[_Part | None]) -> list[int]:
    """Return the sweep numbers of the rows: those of the series where they tell rows apart.

    A row whose series cannot be opened gets a number that no other row has.
    """
    lost = [part is not None and part.series is None for part in recorded]
    written = [
        math.nan
        if part is None or part.series is None
        else number(attribute(part.series, "sweep_number"))
        for part in recorded
    ]
    known = [value for value, gone in zip(written, lost, strict=True) if not gone]
    if len(set(known)) < len(known) or not all(map(_is_sweep_number, known)):
        return list(range(len(recorded)))
    free = count_up(int(max(known, default=-1)) + 1)
    return [next(free) if gone else int(value) for value, gone in zip(written, lost, strict=True)]
