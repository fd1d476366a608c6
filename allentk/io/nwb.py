"""Patch-clamp recordings in NWB files, versions 1 and 2: each sweep read when it is asked for."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import h5py
import pandas as pd

from allentk.data import SWEEP_COLUMNS, SweepSet
from allentk.errors import FormatError
from allentk.io import nwb1, nwb2
from allentk.io.hdf5 import attribute, member, open_hdf5, text
from allentk.io.nwb_written import written_sweeps
from allentk.io.places import Place
from allentk.io.sweeps import WHAT, SweepReader
from allentk.io.synthetic import is_synthetic

__all__ = ["read_nwb"]

_OF_THE_CELL = ("seal_gohm", "initial_access_resistance_mohm", "input_resistance_mohm")


def read_nwb(path: str | os.PathLike[str], *, electrode: str | None = None) -> SweepSet:
    """Open a patch-clamp recording.

    Only attributes are read now; the samples of a sweep are read when it is asked for. Recordings
    are converted once: to mV and pA, whatever the file holds. A sweep that cannot be used, such as
    one whose unit is unknown or whose bytes are damaged, costs that sweep and not the file: it has
    a row in the table, and asking for it raises FormatError.

    Parameters
    ----------
    path : path
        An NWB file: version 1 as the Cell Types Database and MIES write it, or version 2.
    electrode : str, optional
        Which one, where several recorded at once.

    Returns
    -------
    SweepSet
        Its table has one row per sweep. `start_s` and `stop_s` are NaN there, because the stimulus
        window is told from the current when the sweep is read. A sweep that cannot be used has 0
        samples there. `metadata` has ``format``, ``session_description``, ``synthetic``, and where
        given ``specimen_id``, ``seal_gohm``, ``initial_access_resistance_mohm`` and
        ``input_resistance_mohm``; ``note`` says so
        where no sweep was recorded in current clamp, or none has a stimulus.

    Raises
    ------
    FormatError
        Where the file is missing, no HDF5, cut off, no NWB, or holds no patch-clamp sweep; names
        the file, what was found and the next step.

    Notes
    -----
    The window is where the current leaves its baseline, without the test pulse. In voltage clamp
    there is none. Where the recording is shorter than the stimulus both end with the shorter. A
    current-clamp sweep without a stimulus series has a current of NaN, or of 0 if the amplifier was
    in I = 0 mode. What has no patch-clamp type and no sweep number, such as a temperature, is left
    out.

    Examples
    --------
    >>> read_nwb("no.nwb")
    Traceback (most recent call last):
    ...
    allentk.errors.FormatError: no.nwb: there is no such file; expected an NWB file with patch-clamp \
sweeps. Check the path
    """
    where = str(path)
    with open_hdf5(path, WHAT) as file:
        version = _version(file, where)
        written = written_sweeps(file, path, electrode)
        if written is not None:
            return written
        layout = nwb1 if version.startswith("1") else nwb2
        found = layout.places(file, where, electrode)
        metadata = _metadata(file, version) | _cell(found)
    note = _note(found, where)
    if note:
        metadata["note"] = note
    reader = SweepReader(str(Path(path).absolute()), {place.number: place for place in found})
    return SweepSet(_table(found), reader, source=where, metadata=metadata)


def _version(file: h5py.File, where: str) -> str:
    written = text(attribute(file, "nwb_version")) or text(member(file, "nwb_version"))
    version = re.search(r"\d+\.\d+\w*(?:\.\d+)*", written)
    if version is None or version.group()[0] not in "12":
        raise FormatError(
            f"{where}: expected {WHAT}, but this HDF5 file names no NWB version 1 or 2 "
            f"(nwb_version is {written!r}; it holds {', '.join(list(file)[:8]) or 'nothing'}). Is it the "
            f"right file?"
        )
    return version.group()


def _metadata(file: h5py.File, version: str) -> dict[str, Any]:
    description = text(member(file, "session_description"))
    metadata: dict[str, Any] = {
        "format": f"NWB {version}",
        "session_description": description,
        "synthetic": is_synthetic(description),
    }
    for key, *places in (
        ("specimen_id", "general/aibs_specimen_id", "general/specimen_id"),
        ("specimen_name", "general/aibs_specimen_name", "general/specimen_name"),
        ("dendrite_type", "general/aibs_dendrite_type"),
        ("species", "general/subject/species"),
        ("identifier", "identifier"),
        ("session_start_time", "session_start_time"),
    ):
        written = next(filter(None, (text(member(file, name)) for name in places)), "")
        if written:
            metadata[key] = int(written) if key == "specimen_id" and written.isdigit() else written
    return metadata


def _cell(found: list[Place]) -> dict[str, float]:
    """Return what the first sweep that says so says about the whole recording."""
    known: dict[str, float] = {}
    for place in found:
        known |= {
            name: place.metadata[name]
            for name in _OF_THE_CELL
            if name in place.metadata and name not in known
        }
    return known


def _table(found: list[Place]) -> pd.DataFrame:
    rows = [
        (
            place.number,
            place.clamp,
            place.name,
            place.code,
            place.amplitude_pa,
            math.nan,
            math.nan,
            place.rate_hz,
            place.n_samples,
        )
        for place in found
    ]
    return pd.DataFrame(rows, columns=list(SWEEP_COLUMNS))


def _note(found: list[Place], where: str) -> str:
    """Return a sentence where no sweep is of use to features and fits, else an empty text."""
    if all(place.clamp == "voltage" for place in found):
        kinds = sorted({place.code or place.name or "unknown stimulus" for place in found})
        return (
            f"{where}: none of the {len(found)} sweeps was recorded in current clamp (all voltage "
            f"clamp: {', '.join(kinds[:6])}), so there are no spikes to measure and no model to fit"
        )
    if not any(place.fault or place.stimulus for place in found):
        return (
            f"{where}: none of the {len(found)} sweeps has a stimulus, so no current is known but "
            f"that of sweeps in I = 0 mode"
        )
    return ""
