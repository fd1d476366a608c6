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

from typing import Any

import h5py
import numpy as np

from allentk.errors import FormatError
from allentk.io.hdf5 import attribute, number, text
from allentk.io.places import Found, Place, pair, place, trailing_number
from allentk.io.series import describe

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
        Where it holds no patch-clamp recording, or cannot be told apart; says what there is.
    """
    table = file.get(_TABLE)
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
    return [
        place(file, response, stimulus, where=where)
        for response, stimulus in pair(responses, stimuli, electrode, where)
    ]


def _kinds(file: h5py.File) -> str:
    group = file.get("acquisition")
    items = group.values() if isinstance(group, h5py.Group) else ()
    kinds = sorted({text(attribute(item, "neurodata_type")) or "no type" for item in items})
    return ", ".join(kinds) or "nothing"


def _found(file: h5py.File, folder: str, kinds: tuple[str, ...], where: str) -> list[Found]:
    group = file.get(folder)
    if not isinstance(group, h5py.Group):
        return []
    names = _electrode_names(file)
    found = []
    for name, series in group.items():
        if text(attribute(series, "neurodata_type")) not in kinds or "data" not in series:
            continue
        written = number(attribute(series, "sweep_number"))
        sweep = trailing_number(name) if np.isnan(written) else int(written)
        if sweep is None:
            raise FormatError(
                f"{where}: {series.name}: no sweep_number, no number in its name and no table of "
                f"recordings, so it cannot be matched with its stimulus"
            )
        found.append(Found(sweep, describe(series, where), _electrode(series, names)))
    return found


def _electrode_names(file: h5py.File) -> list[tuple[str, h5py.Group]]:
    group = file.get(_ELECTRODES)
    return list(group.items()) if isinstance(group, h5py.Group) else []


def _electrode(series: h5py.Group, names: list[tuple[str, h5py.Group]]) -> str:
    linked = series.get("electrode")
    return next((name for name, item in names if linked is not None and item == linked), "")


def _rows(file: h5py.File, table: h5py.Group, where: str) -> tuple[list[Found], list[Found]] | None:
    """Read the table of recordings: one row is one response with its stimulus."""
    responses = table.get("responses/response")
    stimuli = table.get("stimuli/stimulus")
    if not isinstance(responses, h5py.Dataset) or responses.shape[0] == 0:
        return None
    names = _electrode_names(file)
    recorded = [_part(file, row, where) for row in responses[()]]
    presented: list[tuple[h5py.Group, int, int] | None] = [None] * len(recorded)
    if isinstance(stimuli, h5py.Dataset):
        presented = [_part(file, row, where) for row in stimuli[()]]
    numbers = _row_numbers(recorded)
    found: tuple[list[Found], list[Found]] = ([], [])
    for sweep, *parts in zip(numbers, recorded, presented, strict=True):
        for listed, part in zip(found, parts, strict=True):
            if part is not None:
                group, first, count = part
                series = describe(group, where, first=first, count=count)
                listed.append(Found(sweep, series, _electrode(group, names)))
    return found


def _part(file: h5py.File, row: Any, where: str) -> tuple[h5py.Group, int, int] | None:
    """Return series, first sample and count of a reference; None where it points at nothing."""
    first, count, reference = row[0], row[1], row[2]
    if int(first) < 0 or int(count) < 0 or not reference:
        return None
    series = file[reference]
    if not isinstance(series, h5py.Group) or "data" not in series:
        raise FormatError(f"{where}: the table of recordings points at {series.name}, no series")
    return series, int(first), int(count)


def _row_numbers(recorded: list[tuple[h5py.Group, int, int] | None]) -> list[int]:
    """Return the sweep numbers of the rows: those of the series where they tell rows apart."""
    written = [
        number(attribute(part[0], "sweep_number")) if part else float("nan") for part in recorded
    ]
    known = [value for value in written if not np.isnan(value)]
    if len(known) == len(written) == len(set(known)):
        return [int(value) for value in known]
    return list(range(len(recorded)))
