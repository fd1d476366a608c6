"""NWB 1 files in the Cell Types Database's layout."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from cassettes.make.recording import COUNT_MV, COUNT_PA, RATE_HZ, Recorded
from cassettes.make.truth import SEED, Cell

__all__ = ["DESCRIPTION", "same_data", "write_cell"]

DESCRIPTION = (
    "SYNTHETIC recording made by allentk's cassettes/make from a stated model; no animal was used"
)
_STORED = {"compression": "gzip", "compression_opts": 9, "shuffle": True}


def write_cell(cell: Cell, sweeps: list[Recorded], path: Path) -> None:
    """Write the sweeps of one cell."""
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        _head(file, cell)
        links: dict[str, h5py.Dataset] = {}
        for sweep in sweeps:
            _acquisition(file, sweep)
            _stimulus(file, sweep, links)
            _epochs(file, sweep)
            if sweep.clamp == "current":
                times = sweep.spikes / RATE_HZ
                file.create_dataset(f"analysis/spike_times/Sweep_{sweep.number}", data=times)


def _text(value: str) -> np.bytes_:
    return np.bytes_(value.encode())


def _head(file: h5py.File, cell: Cell) -> None:
    file["nwb_version"] = _text("NWB-1.0.5")
    file["identifier"] = _text(f"SYNTHETIC {cell.specimen_id}")
    file["session_description"] = _text(DESCRIPTION)
    file["session_start_time"] = _text("2026-11-24T00:00:00")
    file["file_create_date"] = _text("2026-11-24T00:00:00")
    general = file.create_group("general")
    general["session_id"] = _text(str(cell.specimen_id))
    general["aibs_specimen_id"] = _text(str(cell.specimen_id))
    general["aibs_specimen_name"] = _text(cell.name)
    general["aibs_dendrite_type"] = _text(cell.dendrite_type)
    general["institution"] = _text("SYNTHETIC")
    general["notes"] = _text(f"{DESCRIPTION}; seed {SEED}; {_truth(cell)}")
    general["generated_by"] = np.array(
        [b"program", b"allentk cassettes.make (SYNTHETIC)", b"version", b"1.1"], dtype="S64"
    )
    general["subject/species"] = _text("SYNTHETIC (parameters of Mus musculus)")
    general["subject/genotype"] = _text(cell.line)
    general["intracellular_ephys/Electrode 1/description"] = _text("SYNTHETIC")


def _truth(cell: Cell) -> str:
    if cell.truth is None:
        return "Wang and Buzsaki 1996 model with current noise"
    return f"GLIF 3 with escape noise; {cell.truth.source}"


def _data(
    group: h5py.Group, counts: NDArray[np.int16], conversion: float, unit: str
) -> h5py.Dataset:
    data = group.create_dataset("data", data=counts, chunks=(min(counts.size, 65536),), **_STORED)
    data.attrs["conversion"] = conversion
    data.attrs["resolution"] = conversion
    data.attrs["unit"] = _text(unit)
    return data


def _common(group: h5py.Group, sweep: Recorded, kind: str) -> None:
    group.attrs["ancestry"] = np.array([b"TimeSeries", b"PatchClampSeries", kind.encode()])
    group.attrs["neurodata_type"] = _text("TimeSeries")
    group.attrs["source"] = _text(DESCRIPTION)
    group["num_samples"] = sweep.counts_v.size
    start = group.create_dataset("starting_time", data=0.0)
    start.attrs["rate"], start.attrs["unit"] = RATE_HZ, _text("Seconds")


def _acquisition(file: h5py.File, sweep: Recorded) -> None:
    group = file.create_group(f"acquisition/timeseries/Sweep_{sweep.number}")
    if sweep.clamp == "current":
        _common(group, sweep, "CurrentClampSeries")
        _data(group, sweep.counts_v, COUNT_MV * 1e-3, "Volts")
        group["bridge_balance"] = 12.0e6
        group["bias_current"] = 0.0
    else:
        _common(group, sweep, "VoltageClampSeries")
        _data(group, sweep.counts_i, COUNT_PA * 1e-12, "Amps")


def _stimulus(file: h5py.File, sweep: Recorded, links: dict[str, h5py.Dataset]) -> None:
    group = file.create_group(f"stimulus/presentation/Sweep_{sweep.number}")
    current_clamp = sweep.clamp == "current"
    _common(
        group,
        sweep,
        "CurrentClampStimulusSeries" if current_clamp else "VoltageClampStimulusSeries",
    )
    if sweep.shared_stimulus in links:
        group["data"] = links[sweep.shared_stimulus]
    elif current_clamp:
        data = _data(group, sweep.counts_i, COUNT_PA * 1e-12, "Amps")
        if sweep.shared_stimulus:
            links[sweep.shared_stimulus] = data
    else:
        _data(group, sweep.counts_v, COUNT_MV * 1e-3, "Volts")
    group["aibs_stimulus_name"] = _text(sweep.name)
    group["aibs_stimulus_description"] = _text(f"{sweep.code}261124[0]")
    unit = "pa" if current_clamp else "mv"
    group[f"aibs_stimulus_amplitude_{unit}"] = sweep.amplitude
    group["aibs_stimulus_interval"] = np.nan
    group["gain"] = 1.0
    group["seal"] = 2.0e9
    group["initial_access_resistance"] = 8.0e6


def _epochs(file: h5py.File, sweep: Recorded) -> None:
    """Link stimulus and response into the epochs: the sweep, the experiment and the test pulse."""
    n = sweep.counts_v.size
    spans = {"Sweep": (0, n)}
    if sweep.clamp == "current":
        first = max(round((sweep.start_s - 0.5) * RATE_HZ), 0)
        last = min(round((sweep.start_s + sweep.duration_s + 0.5) * RATE_HZ), n)
        spans["Experiment"] = (first, last - first)
        spans["TestPulse"] = (0, round(0.2 * RATE_HZ))
    for name, (first, count) in spans.items():
        epoch = file.create_group(f"epochs/{name}_{sweep.number}")
        epoch["description"] = _text(f"{name} {sweep.number}: {sweep.name}")
        epoch["start_time"], epoch["stop_time"] = first / RATE_HZ, (first + count) / RATE_HZ
        for side, target in (
            ("stimulus", f"/stimulus/presentation/Sweep_{sweep.number}"),
            ("response", f"/acquisition/timeseries/Sweep_{sweep.number}"),
        ):
            group = epoch.create_group(side)
            group["idx_start"], group["count"] = first, count
            group["timeseries"] = h5py.SoftLink(target)


def same_data(one: Path, other: Path) -> bool:
    """Return whether two files hold the same datasets with the same values and attributes."""
    with h5py.File(one) as a, h5py.File(other) as b:
        return _content(a) == _content(b)


def _content(file: h5py.File) -> dict[str, tuple[str, bytes, list[str]]]:
    held = {}

    def note(name: str, item: h5py.Group | h5py.Dataset) -> None:
        value = item[()] if isinstance(item, h5py.Dataset) else b""
        array = np.asarray(value)
        described = [f"{key}={item.attrs[key]!r}" for key in sorted(item.attrs)]
        held[name] = (f"{array.dtype}{array.shape}", array.tobytes(), described)

    file.visititems(note)
    return held
