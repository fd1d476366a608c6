"""Reading one sweep of a Cell Types file: allentk beside AllenSDK, and both beside bare h5py.

A SYNTHETIC file in the real layout (30 sweeps of 600,000 samples, stimulus and response, float32,
gzip) is written to a temporary folder. What counts is CPU time, in turns, imports left out.

    python -m benchmarks.nwb1_reading --peer /path/to/allensdk/bin/python
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

from benchmarks._paired import Asked, median_ratio, pairs, processor, versions

RESULTS = Path(__file__).parent / "results" / "nwb1_reading.md"
RATE_HZ = 200_000.0
KINDS = {
    "acquisition/timeseries": ("CurrentClampSeries", b"Volts", 1e-3),
    "stimulus/presentation": ("CurrentClampStimulusSeries", b"Amps", 1e-12),
}

OURS = """
import sys
from allentk.io import read_nwb
path, number = sys.argv[1], int(sys.argv[2])
opened = read_nwb(path)
asked = {
    "open and read": lambda: read_nwb(path).sweep(number),
    "read": lambda: opened.sweep(number),
}
"""
THEIRS = """
import logging, sys
logging.disable(logging.CRITICAL)
from allensdk.core.nwb_data_set import NwbDataSet
path, number = sys.argv[1], int(sys.argv[2])
opened = NwbDataSet(path)
asked = {
    "open and read": lambda: NwbDataSet(path).get_sweep(number),
    "read": lambda: opened.get_sweep(number),
}
"""
BARE = """
import sys, h5py
path, number = sys.argv[1], int(sys.argv[2])
def samples():
    with h5py.File(path) as file:
        for folder in ("acquisition/timeseries", "stimulus/presentation"):
            file[f"{folder}/Sweep_{number}/data"][()]
asked = {"open and read": samples, "read": samples}
"""


def write_file(path: Path, *, n_sweeps: int, n_samples: int) -> None:
    """Write a cell whose voltage is noise on the converter's grid, stimulated by long squares."""
    rng = np.random.default_rng(0)
    time_s = np.arange(n_samples) / RATE_HZ
    inside = (time_s >= 1.02) & (time_s < 2.02)
    test = (time_s >= 0.01) & (time_s < 0.02)
    with h5py.File(path, "w") as file:
        file["nwb_version"] = "NWB-1.0.5"
        file["session_description"] = b"SYNTHETIC cell for timing"
        file["general/aibs_specimen_id"] = b"1"
        file["general/generated_by"] = np.array([b"pipeline", b"IVSCC", b"version", b"1.1"])
        for number in range(n_sweeps):
            current = np.where(inside, 10.0 * (number + 1), 0.0) + np.where(test, -50.0, 0.0)
            voltage = -70 + 0.1 * current + 0.1 * rng.normal(size=n_samples)
            step = 0.03125
            for folder, values in zip(
                KINDS, (np.round(voltage / step) * step, current), strict=True
            ):
                write_series(file, folder, number, values.astype("f4"))
            for epoch, first in (("Sweep", 0), ("Experiment", round(0.5 * RATE_HZ))):
                write_epoch(file, epoch, number, first, n_samples - first)


def write_series(file: h5py.File, folder: str, number: int, values: np.ndarray) -> None:
    """Write a series with what the Cell Types Database says about it."""
    kind, unit, conversion = KINDS[folder]
    group = file.create_group(f"{folder}/Sweep_{number}")
    group.attrs["ancestry"] = np.array([b"TimeSeries", b"PatchClampSeries", kind.encode()])
    group.attrs["neurodata_type"] = b"TimeSeries"
    data = group.create_dataset("data", data=values, compression="gzip")
    data.attrs["conversion"], data.attrs["unit"] = conversion, np.bytes_(unit)
    group.create_dataset("starting_time", data=0.0).attrs["rate"] = RATE_HZ
    group["num_samples"] = values.size
    group["electrode_name"] = b"Electrode 1"
    if folder.startswith("stimulus"):
        group["aibs_stimulus_name"] = b"Long Square"
        group["aibs_stimulus_description"] = b"C1LSCOARSE150216[0]"
        group["aibs_stimulus_amplitude_pa"] = 10.0 * (number + 1)
        group["initial_access_resistance"], group["seal"] = 12.0, 2.0
    else:
        group["bridge_balance"], group["bias_current"] = 12e6, 0.0


def write_epoch(file: h5py.File, epoch: str, number: int, first: int, count: int) -> None:
    """Write which samples of a sweep belong to an epoch."""
    for part, folder in zip(("response", "stimulus"), KINDS, strict=True):
        group = file.create_group(f"epochs/{epoch}_{number}/{part}")
        group["idx_start"], group["count"] = first, count
        group["timeseries"] = h5py.SoftLink(f"/{folder}/Sweep_{number}")


def measured(path: str, number: int, peer: str, runs: int) -> list[str]:
    """Return the lines of the table."""
    arguments = [path, str(number)]
    with Asked(sys.executable, OURS, arguments) as ours:
        lines = []
        for name, python, source in (
            ("AllenSDK", peer, THEIRS),
            ("bare h5py, numbers as they lie", sys.executable, BARE),
        ):
            if python:
                with Asked(python, source, arguments) as theirs:
                    lines += [
                        line(question, name, *pairs((ours, question), (theirs, question), runs))
                        for question in ("open and read", "read")
                    ]
    return lines


def line(what: str, beside: str, ours: list[float], theirs: list[float]) -> str:
    """Return a line of the table."""
    mine, other = (1e3 * statistics.median(times) for times in (ours, theirs))
    return f"| {what} | {beside} | {mine:.1f} | {other:.1f} | {median_ratio(ours, theirs):.2f} |"


def page(lines: list[str], options: argparse.Namespace) -> str:
    """Return the page as Markdown."""
    head = [
        "# Reading one sweep of a Cell Types file",
        "",
        f"A SYNTHETIC NWB 1 file in the real layout: {options.sweeps} sweeps of {options.samples:,} "
        f"samples, stimulus and response, float32, gzip; in the page cache. Medians of CPU "
        f"milliseconds over {options.runs} pairs of runs, files opened and closed included; the ratio "
        f"is the median of the pairs' ratios, below 1 where allentk is faster. allentk gives mV and "
        f"pA as float64 and the stimulus window, and checks the values; AllenSDK gives V and A in "
        f"the file's precision. 'Open and read' lists all sweeps first, which AllenSDK does not. Made "
        f"by `python -m benchmarks.nwb1_reading`.",
        "",
        f"- machine: {processor()}, {platform.system()} {platform.machine()}",
        f"- allentk: {versions(sys.executable, ('allentk', 'h5py', 'numpy'))}",
    ]
    if options.peer:
        named = versions(options.peer, ("allensdk", "h5py", "numpy"))
        head.append(f"- AllenSDK, in its own environment: {named}")
    table = ["", "| what | beside | allentk, ms | other, ms | ratio |", "|---|---|---|---|---|"]
    return "\n".join([*head, *table, *lines]) + "\n"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sweeps", type=int, default=30)
    parser.add_argument("--samples", type=int, default=600_000)
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--peer", default="", help="python that has allensdk")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cell.nwb"
        write_file(path, n_sweeps=options.sweeps, n_samples=options.samples)
        lines = measured(str(path), options.sweeps // 2, options.peer, options.runs)
    text = page(lines, options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
