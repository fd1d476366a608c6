"""Patch-clamp recordings in NWB files, versions 1 and 2: each sweep read when it is asked for."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import SWEEP_COLUMNS, Sweep, SweepSet
from allentk.errors import DataError, FormatError
from allentk.io import nwb1, nwb2
from allentk.io.hdf5 import attribute, open_hdf5, text
from allentk.io.places import Place
from allentk.io.window import stimulus_window

__all__ = ["SweepReader", "read_nwb"]

_WHAT = "an NWB file with patch-clamp sweeps"


def read_nwb(path: str | os.PathLike[str], *, electrode: str | None = None) -> SweepSet:
    """Open a patch-clamp recording.

    Only attributes are read now; the samples of a sweep are read when it is asked for. Recordings
    are converted once: to mV and pA, whatever the file holds.

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
        window is told from the current when the sweep is read. `metadata` has ``format``,
        ``session_description``, ``synthetic``, and where given ``specimen_id``; ``note`` says so
        where no sweep was recorded in current clamp.

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
    in I = 0 mode.

    Examples
    --------
    >>> read_nwb("no.nwb")
    Traceback (most recent call last):
    ...
    allentk.errors.FormatError: no.nwb: there is no such file; expected an NWB file with patch-clamp \
sweeps. Check the path
    """
    where = str(path)
    with open_hdf5(path, _WHAT) as file:
        version = _version(file, where)
        layout = nwb1 if version.startswith("1") else nwb2
        found = layout.places(file, where, electrode)
        metadata = _metadata(file, version)
    note = _note(found, where)
    if note:
        metadata["note"] = note
    reader = SweepReader(str(Path(path).absolute()), {place.number: place for place in found})
    return SweepSet(_table(found), reader, source=where, metadata=metadata)


def _version(file: h5py.File, where: str) -> str:
    written = text(attribute(file, "nwb_version")) or text(file.get("nwb_version"))
    version = re.search(r"\d+\.\d+\w*(?:\.\d+)*", written)
    if version is None or version.group()[0] not in "12":
        raise FormatError(
            f"{where}: expected {_WHAT}, but this HDF5 file names no NWB version 1 or 2 "
            f"(nwb_version is {written!r}; it holds {', '.join(list(file)[:8]) or 'nothing'})"
        )
    return version.group()


def _metadata(file: h5py.File, version: str) -> dict[str, Any]:
    description = text(file.get("session_description"))
    metadata: dict[str, Any] = {
        "format": f"NWB {version}",
        "session_description": description,
        "synthetic": "synthetic" in description.lower(),
    }
    for key, *places in (
        ("specimen_id", "general/aibs_specimen_id", "general/specimen_id"),
        ("specimen_name", "general/aibs_specimen_name", "general/specimen_name"),
        ("dendrite_type", "general/aibs_dendrite_type"),
        ("species", "general/subject/species"),
        ("identifier", "identifier"),
        ("session_start_time", "session_start_time"),
    ):
        written = next((text(file[name]) for name in places if name in file), "")
        if written:
            metadata[key] = int(written) if key == "specimen_id" and written.isdigit() else written
    return metadata


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
            place.response.rate_hz,
            place.n_samples,
        )
        for place in found
    ]
    return pd.DataFrame(rows, columns=list(SWEEP_COLUMNS))


def _note(found: list[Place], where: str) -> str:
    """Return a sentence where no sweep is of use to features and fits, else an empty text."""
    if any(place.clamp == "current" for place in found):
        return ""
    kinds = sorted({place.code or place.name or "unknown stimulus" for place in found})
    return (
        f"{where}: none of the {len(found)} sweeps was recorded in current clamp (all voltage clamp: "
        f"{', '.join(kinds[:6])}), so there are no spikes to measure and no model to fit"
    )


@dataclass(frozen=True, slots=True)
class SweepReader:
    """Reads the sweeps of one file by number; holds the path, so that it can be pickled."""

    path: str
    places: Mapping[int, Place]

    def __call__(self, number: int) -> Sweep:
        """Read one sweep.

        Raises
        ------
        FormatError
            Where the file has changed, or the samples cannot be used; names the sweep.
        """
        place = self.places[number]
        with open_hdf5(self.path, _WHAT) as file:
            try:
                response = place.response.raw(file)[: place.n_samples]
                stimulus = place.stimulus.raw(file)[: place.n_samples] if place.stimulus else None
            except KeyError as error:
                raise FormatError(
                    f"{self.path}: sweep {number} is gone ({error}); the file was changed since it "
                    f"was opened. Open it again"
                ) from error
        return self._sweep(place, response, stimulus)

    def _sweep(self, place: Place, response: NDArray[Any], stimulus: NDArray[Any] | None) -> Sweep:
        in_current_clamp = place.clamp == "current"
        si = _already_si(place, response) if in_current_clamp else place.already_si
        recorded = place.response.scaled(response, already_si=si)
        given = _given(place, stimulus, recorded.size, si)
        rate = place.response.rate_hz
        window = (math.nan, math.nan)
        if in_current_clamp:
            silent = place.amplitude_pa == 0
            window = stimulus_window(given, rate, after_s=place.after_s, silent=silent)
        voltage, current = (recorded, given) if in_current_clamp else (given, recorded)
        for values in (voltage, current):
            values.flags.writeable = False
        try:
            return Sweep(
                voltage_mv=voltage,
                current_pa=current,
                sampling_rate_hz=rate,
                number=place.number,
                stimulus=place.name,
                code=place.code,
                amplitude_pa=place.amplitude_pa,
                start_s=window[0],
                stop_s=window[1],
                clamp=place.clamp,
                metadata=place.metadata,
                source=self.path,
            )
        except DataError as error:
            raise FormatError(str(error)) from error


def _given(
    place: Place, stimulus: NDArray[Any] | None, n_samples: int, si: bool
) -> NDArray[np.float64]:
    """Return the command in pA or mV; unknown where the file has none."""
    if place.stimulus is not None and stimulus is not None:
        return place.stimulus.scaled(stimulus, already_si=si)
    return np.full(n_samples, 0.0 if place.response.kind == "IZeroClampSeries" else math.nan)


def _already_si(place: Place, voltage: NDArray[Any]) -> bool:
    """Whether a recorded voltage is in volts although its conversion says otherwise.

    Old files of the Cell Types Database are; they say so by their version, or it shows: numbers of
    at most 1 that would stay under 1 mV, as no cell does. Numbers beyond 10 are no volts.
    """
    series = place.response
    if series.integer or series.conversion == 1:
        return False
    finite = np.abs(voltage[np.isfinite(voltage)])
    top = float(finite.max()) if finite.size else 0.0
    if place.already_si:
        return top <= 10
    return 0 < top <= 1 and top * series.conversion * series.unit_factor < 1
