"""The layout of NWB 1 patch-clamp files, Allen's and MIES's.

A file of the Cell Types Database looks like this (``N`` is the sweep number; every number is a
scalar dataset or an array of one, every text bytes or a string)::

    /nwb_version                              text "NWB-1.0.5"
    /session_description                      text; the word "synthetic" marks made-up data
    /identifier, /session_start_time, /file_create_date    text
    /general/aibs_specimen_id                 text, the specimen id; aibs_specimen_name beside it
    /general/generated_by                     texts: "pipeline", "IVSCC", "version", "1.1"
    /acquisition/timeseries/Sweep_N           group; attribute `ancestry`, texts whose last is
                                              "CurrentClampSeries" or "VoltageClampSeries"
        data                                  (n_samples,) integers or floats; attributes
                                              `conversion` (times data gives the unit), `unit`
                                              "Volts" in current clamp, "Amps" in voltage clamp
        starting_time                         s; attribute `rate` in Hz
        num_samples                           number of samples
        electrode_name                        text
        bridge_balance, bias_current, capacitance_compensation     Ohm, A, F
    /stimulus/presentation/Sweep_N            group; `ancestry` ends in "CurrentClampStimulusSeries"
                                              or "VoltageClampStimulusSeries"
        data, starting_time, num_samples      as above, in "Amps" or "Volts"
        aibs_stimulus_name                    text, "Long Square"
        aibs_stimulus_description             text, the rig's code, "C1LSCOARSE150216[0]"
        aibs_stimulus_amplitude_pa            pA
        aibs_stimulus_interval                s
        initial_access_resistance, seal       MOhm, GOhm
    /epochs/Sweep_N/{response,stimulus}       `timeseries` links to the two series; `idx_start` and
                                              `count` say which samples (the test pulse included)
    /epochs/TestPulse_N, /epochs/Experiment_N the same for the test pulse, and for what comes after

The ``aibs_`` fields may stand with the response as well. ``/epochs`` may be missing; then the test
pulse is told from the current. Files of pipeline version 1.0 hold volts and amperes whatever
`conversion` says; from 1.1 on the conversion counts.

MIES names its series ``data_00012_AD0`` and ``data_00012_DA0`` for sweep 12.

References
----------
NWB 1.0.x file format specification; files of the Allen Cell Types Database.
"""

from __future__ import annotations

import re

import h5py

from allentk.errors import FormatError
from allentk.io.found import Found, look_at, pair
from allentk.io.hdf5 import attribute, linked, member, number, readable, text, texts
from allentk.io.places import Place, place, trailing_number
from allentk.io.series import PATCH_CLAMP_KINDS, Series, kind_of

__all__ = ["places"]

_RESPONSES = "acquisition/timeseries"
_STIMULI = "stimulus/presentation"


def places(file: h5py.File, where: str, electrode: str | None) -> list[Place]:
    """Return where every sweep of an NWB 1 file is.

    Raises
    ------
    FormatError
        Where it holds no patch-clamp recording, or its electrodes must be told apart; says what
        there is.
    """
    responses = _found(file, _RESPONSES, where)
    if not responses:
        held = ", ".join(list(file)[:12])
        raise FormatError(
            f"{where}: no patch-clamp recording: /{_RESPONSES} holds no series with data (the file "
            f"has {held}). A two-photon session of the Observatory is opened by read_session"
        )
    stimuli = _found(file, _STIMULI, where)
    old = _from_old_pipeline(file)
    return [
        place(file, found, where=where, after_s=_experiment_start, old_pipeline=old)
        for found in pair(responses, stimuli, electrode, where)
    ]


def _found(file: h5py.File, folder: str, where: str) -> list[Found]:
    group = member(file, folder)
    if not isinstance(group, h5py.Group):
        return []
    found = [_one(group, name, where) for name in group]
    return [one for one in found if one is not None]


def _one(folder: h5py.Group, name: str, where: str) -> Found | None:
    """Return what a series is; None where it is no series of a sweep."""
    path = f"{folder.name}/{name}"
    number = trailing_number(name)
    try:
        with readable(f"{where}: {path}"):
            series = member(folder, name)
            if not isinstance(series, h5py.Group):
                return None
            number = _sweep_number(name, series)
            is_patch_clamp = kind_of(series) in PATCH_CLAMP_KINDS
            if not is_patch_clamp and (number is None or not linked(series, "data")):
                return None
            electrode = text(member(series, "electrode_name"))
    except FormatError as error:
        if number is None:
            raise
        return Found(number, path, fault=str(error))
    if number is None:
        raise FormatError(
            f"{where}: {path}: no sweep number in its name or source; name it Sweep_<number>"
        )
    return look_at(series, number, electrode, where)


def _sweep_number(name: str, series: h5py.Group) -> int | None:
    source = re.search(r"Sweep=(\d{1,15})(?!\d)", text(attribute(series, "source")))
    return int(source.group(1)) if source else trailing_number(name)


def _from_old_pipeline(file: h5py.File) -> bool:
    """Whether a pipeline older than 1.1 wrote the file; it left SI numbers and a conversion."""
    written = member(file, "general/generated_by")
    if not isinstance(written, h5py.Dataset):
        return False
    words = texts(written)
    lower = [word.lower() for word in words]
    if "version" not in lower[:-1]:
        return False
    version = re.match(r"(\d+)\.(\d+)", words[lower.index("version") + 1])
    return version is not None and (int(version.group(1)), int(version.group(2))) < (1, 1)


def _experiment_start(file: h5py.File, sweep: int, response: Series) -> float:
    """Return when the experiment begins, by the file's epochs, in seconds; 0 where unknown."""
    for part in ("stimulus", "response"):
        index = member(file, f"epochs/Experiment_{sweep}/{part}/idx_start")
        if isinstance(index, h5py.Dataset):
            first = number(index, 0.0)
            return first / response.rate_hz if 0 <= first < response.n_samples else 0.0
    return 0.0
