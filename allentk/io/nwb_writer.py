"""Patch-clamp recordings to NWB 2 files, without losing a bit; one sweep in memory at a time."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from allentk.atomic import whole
from allentk.data import SWEEP_COLUMNS, Sweep, SweepSet
from allentk.errors import AllenTKError, DataError
from allentk.io.exact import Quantity, Samples, packed
from allentk.io.nwb_recordings import CATEGORY, Pair, Recording, identify, write_recordings
from allentk.io.synthetic import is_synthetic
from allentk.progress import track

__all__ = ["write_nwb"]

_ELECTRODE = "general/intracellular_ephys/electrode"
#: The date that says "unknown" in NWB files.
_NO_DATE = datetime(1900, 1, 1, tzinfo=UTC)
_COMPRESSION = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
_UNITS: dict[Quantity, str] = {"voltage": "volts", "current": "amperes"}
#: The frame, the table of recordings, and HDF5's own bookkeeping.
_MARGIN_BYTES = 2**21
#: What the format wants in SI units: name there, name here, what one of ours is.
_OF_THE_AMPLIFIER = (
    ("bias_current", "bias_current_pa", 1e-12),
    ("bridge_balance", "bridge_balance_mohm", 1e6),
    ("capacitance_compensation", "capacitance_compensation_pf", 1e-12),
)


def write_nwb(
    sweeps: SweepSet,
    path: str | os.PathLike[str],
    *,
    session_description: str | None = None,
    session_start_time: datetime | None = None,
    identifier: str | None = None,
    progress: bool | None = None,
) -> Path:
    """Write a recording as an NWB 2 file that `read_nwb` reads back exactly.

    Samples come back bit for bit, and so do rates, numbers, protocols, stimulus windows and
    metadata. One sweep is in memory at a time. The file appears whole or not at all.

    Parameters
    ----------
    sweeps : SweepSet
        The recording.
    path : path
        Where to write; an older file there is replaced.
    session_description : str, optional
        One sentence; the recording's own where not given. Where the metadata say that the recording
        is synthetic, the file says so here.
    session_start_time : datetime, optional
        With a time zone; the recording's own where not given (taken as universal time where it has
        no zone), and the year 1900 where it is unknown.
    identifier : str, optional
        What names this file alone; the recording's own where not given, or else a new one.
    progress : bool, optional
        Whether to show a progress bar; by default on a terminal only.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        Where there are no sweeps, one cannot be read, metadata are no plain values, or the given
        time has no zone; an older file stays as it was.
    ConfigError
        Where there is no room or no permission; an older file stays as it was.

    Notes
    -----
    Samples are stored in mV and pA with conversions to V and A, as single precision where that
    loses nothing. Tuples and arrays among the metadata come back as lists. The key ``format`` of the
    metadata becomes that of the new file, and the table of the new set knows the stimulus windows.
    A sweep whose current is NaN throughout has no stimulus series.

    References
    ----------
    NWB format specification: https://nwb-schema.readthedocs.io

    Examples
    --------
    >>> import tempfile
    >>> from allentk.io import read_nwb
    >>> sweeps = SweepSet([Sweep([-70.1] * 9, [0.0] * 9, 1e3, number=4, stimulus="Ramp")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     copy = read_nwb(write_nwb(sweeps, Path(folder) / "cell.nwb"))
    ...     float(copy.sweep(4).voltage_mv[0])
    -70.1
    """
    if not len(sweeps):
        raise DataError(f"cannot write {path}: there are no sweeps in {sweeps!r}")
    if session_start_time is not None and session_start_time.tzinfo is None:
        raise DataError(
            f"cannot write {path}: session_start_time needs a time zone, got "
            f"{session_start_time.isoformat()}; name one: datetime(..., tzinfo=UTC)"
        )
    given = {
        "session_description": session_description,
        "session_start_time": session_start_time and session_start_time.isoformat(),
        "identifier": identifier,
    }
    said = {name: value for name, value in given.items() if value is not None}
    metadata = {**sweeps.metadata, **said}
    with whole(path) as part:
        _check_room(part)
        _write_frame(part, metadata, str(path))
        with h5py.File(part, "r+") as file:
            _write_sweeps(file, sweeps, str(path), progress)
    return Path(path)


def _write_frame(part: Path, metadata: Mapping[str, Any], where: str) -> None:
    """Write everything but the sweeps: what each NWB file has, by pynwb."""
    # pynwb's own writer warns of names that do not end in .nwb, such as that of an unfinished file.
    from hdmf.backends.hdf5 import HDF5IO
    from pynwb import NWBFile, get_manager
    from pynwb.file import Subject

    species = str(metadata.get("species", ""))
    notes = {CATEGORY: _plain(metadata, f"cannot write {where}: metadata")}
    frame = NWBFile(
        session_description=_description(metadata),
        identifier=str(metadata.get("identifier") or uuid.uuid4()),
        session_start_time=_start_time(metadata),
        notes=json.dumps(notes),
        subject=Subject(species=species) if species else None,
    )
    synthetic = "None: synthetic data" if metadata.get("synthetic") else ""
    device = frame.create_device(
        name="amplifier", description=synthetic or "Patch-clamp amplifier of an unknown kind"
    )
    frame.create_icephys_electrode(
        name=Path(_ELECTRODE).name,
        description=synthetic or "Patch-clamp electrode",
        device=device,
        cell_id=str(metadata["specimen_id"]) if "specimen_id" in metadata else None,
    )
    with h5py.File(part, "w") as file, HDF5IO(file=file, mode="w", manager=get_manager()) as io:
        io.write(frame)


def _description(metadata: Mapping[str, Any]) -> str:
    described = str(metadata.get("session_description") or "Patch-clamp recording")
    if metadata.get("synthetic") and not is_synthetic(described):
        return f"SYNTHETIC. {described}"
    return described


def _start_time(metadata: Mapping[str, Any]) -> datetime:
    """Return when the session began if a date is written; without a zone it counts as universal."""
    try:
        time = datetime.fromisoformat(str(metadata.get("session_start_time", "")))
    except ValueError:
        return _NO_DATE
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _write_sweeps(file: h5py.File, sweeps: SweepSet, where: str, progress: bool | None) -> None:
    electrode = file[_ELECTRODE]
    names = [name for name in sweeps.table if name not in SWEEP_COLUMNS]
    further = [{name: row[name] for name in names} for row in sweeps.table.to_dict("records")]
    numbers = track(sweeps.numbers, "writing sweeps", progress=progress)
    written = [
        _write_sweep(file, _read(sweeps, number, where), others, electrode, where)
        for number, others in zip(numbers, further, strict=True)
    ]
    rows, series = zip(*written, strict=True)
    write_recordings(file, electrode, rows, series)


def _check_room(part: Path, n_bytes: int = 0) -> None:
    """Stop before the disk is full: HDF5 itself would go on, and crash when the file is closed."""
    if shutil.disk_usage(part.parent).free < n_bytes + _MARGIN_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _read(sweeps: SweepSet, number: int, where: str) -> Sweep:
    try:
        return sweeps.sweep(number)
    except AllenTKError as error:
        raise DataError(
            f"cannot write {where}: sweep {number} cannot be read ({error}); leave it out: "
            f"sweeps.where(number=lambda n: n != {number})"
        ) from error


def _recording(sweep: Sweep, further: Mapping[str, Any], where: str) -> Recording:
    return Recording(
        number=sweep.number,
        clamp=sweep.clamp,
        stimulus=_storable(sweep.stimulus, f"{where}: stimulus"),
        code=_storable(sweep.code, f"{where}: code"),
        amplitude_pa=float(sweep.amplitude_pa),
        start_s=float(sweep.start_s),
        stop_s=float(sweep.stop_s),
        sampling_rate_hz=float(sweep.sampling_rate_hz),
        n_samples=sweep.n_samples,
        metadata=json.dumps(_plain(sweep.metadata, f"{where}: metadata")),
        further=json.dumps(_plain(further, f"{where}: its row of the table")),
    )


def _write_sweep(
    file: h5py.File, sweep: Sweep, further: Mapping[str, Any], electrode: h5py.Group, where: str
) -> tuple[Recording, Pair]:
    """Write what was recorded and what was given, and return the row and both series."""
    row = _recording(sweep, further, f"cannot write {where}: sweep {sweep.number}")
    file.flush()
    _check_room(Path(file.filename), sweep.voltage_mv.nbytes + sweep.current_pa.nbytes)
    voltage: tuple[Samples, Quantity] = (sweep.voltage_mv, "voltage")
    current: tuple[Samples, Quantity] = (sweep.current_pa, "current")
    in_current_clamp = sweep.clamp == "current"
    recorded, given = (voltage, current) if in_current_clamp else (current, voltage)
    kind = "CurrentClamp" if in_current_clamp else "VoltageClamp"
    folder = file.require_group("acquisition")
    response = _write_series(folder, sweep, f"{kind}Series", *recorded, electrode)
    if in_current_clamp:
        _write_amplifier(response, sweep.metadata)
    if np.isnan(given[0]).all():
        return row, (response, None)
    folder = file.require_group("stimulus/presentation")
    return row, (response, _write_series(folder, sweep, f"{kind}StimulusSeries", *given, electrode))


def _write_amplifier(response: h5py.Group, metadata: Mapping[str, Any]) -> None:
    for name, ours, unit in _OF_THE_AMPLIFIER:
        value = _finite(metadata.get(ours))
        if value is not None:
            response[name] = value * unit


def _finite(value: Any) -> float | None:
    known = isinstance(value, int | float | np.number) and math.isfinite(value)
    return float(value) if known else None


def _write_series(
    folder: h5py.Group,
    sweep: Sweep,
    kind: str,
    values: Samples,
    quantity: Quantity,
    electrode: h5py.Group,
) -> h5py.Group:
    series = folder.create_group(f"Sweep_{sweep.number}")
    identify(series, kind)
    series.attrs["description"] = sweep.stimulus or "no description"
    series.attrs["comments"] = "no comments"
    series.attrs["stimulus_description"] = sweep.code or sweep.stimulus or "N/A"
    if sweep.number >= 0:
        series.attrs["sweep_number"] = np.uint64(sweep.number)
    raw, conversion = packed(values, quantity)
    packing = _COMPRESSION if raw.size else {}
    data = series.create_dataset("data", data=raw, **packing)
    data.attrs["conversion"], data.attrs["unit"] = conversion, _UNITS[quantity]
    data.attrs["offset"], data.attrs["resolution"] = 0.0, -1.0
    start = _finite(sweep.metadata.get("session_time_s"))
    clock = series.create_dataset("starting_time", data=start or 0.0)
    clock.attrs["rate"], clock.attrs["unit"] = float(sweep.sampling_rate_hz), "seconds"
    series["electrode"] = h5py.SoftLink(electrode.name)
    return series


def _storable(text: str, what: str) -> str:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise DataError(f"{what}: expected text that a file can hold, got {text!r}")
    return text


def _plain(value: Any, what: str) -> Any:
    """Return a value as JSON has it, arrays as lists."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item, what) for item in value]
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: _plain(item, f"{what}: {name}") for name, item in value.items()}
    raise DataError(
        f"{what}: expected text, numbers, lists or mappings by name, got {value!r}; make it one of "
        f"these"
    )
