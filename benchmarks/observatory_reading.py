"""Reading a two-photon session: allentk beside raw h5py, and beside AllenSDK where it is given.

A SYNTHETIC session of a real one's size (200 cells x 115,471 frames, contiguous float32) is written
to a temporary folder and read in pairs, so that a change in the load of the machine meets both
alike. What counts is CPU time, files opened and closed included, imports not.

    python benchmarks/observatory_reading.py
    python benchmarks/observatory_reading.py --peer /path/to/allensdk/bin/python
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np

from allentk.io import read_ophys_session

P = "processing/brain_observatory_pipeline"
DFF = f"{P}/DfOverF/imaging_plane_1"
FRAME_S = 0.03325
N_FRAMES = 115_471
RESULTS = Path(__file__).parent / "results" / "observatory_reading.md"

PEER = """
import json, sys, time, logging
logging.disable(logging.CRITICAL)
from allensdk.core.brain_observatory_nwb_data_set import BrainObservatoryNwbDataSet as Session
path, ids = sys.argv[1], json.loads(sys.argv[2])
movie = "natural_movie_three"
asked = {
    "opening a session, all its dF/F": lambda: Session(path).get_dff_traces(),
    "opening a session, dF/F of 10 cells": lambda: Session(path).get_dff_traces(ids),
    "opening a session, natural movie three": lambda: Session(path).get_stimulus_table(movie),
    "opening a session, its epochs": lambda: Session(path).get_stimulus_epoch_table(),
}
times = {}
for name, ask in asked.items():
    ask()
    start = time.process_time()
    ask()
    times[name] = time.process_time() - start
print("\\n" + json.dumps(times))
"""


def write_session(path: Path, *, n_cells: int, n_frames: int) -> None:
    """Write a session whose numbers are noise; stimuli lie as in sessions of the kind A."""
    times = 10.0 + np.arange(n_frames) * FRAME_S
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        write_general(file)
        file[f"{DFF}/data"] = rng.normal(size=(n_cells, n_frames)).astype("f4")
        file[f"{DFF}/timestamps"] = times
        file[f"{P}/Fluorescence/imaging_plane_1/timestamps"] = times
        file[f"{P}/ImageSegmentation/cell_specimen_ids"] = 517_000_000 + np.arange(n_cells)
        write_stimuli(file, n_frames)


def write_general(file: h5py.File) -> None:
    """Write what the session says of itself; AllenSDK wants all of it."""
    words = {
        "nwb_version": "NWB-1.0.6",
        "session_description": "SYNTHETIC session for timing",
        "session_start_time": "Wed Jul  6 15:22:01 2016",
        "general/session_type": "three_session_A",
        "general/session_id": "1",
        "general/experiment_container_id": "1",
        "general/fov": "400x400 microns (512 x 512 pixels)",
        "general/specimen_name": "synthetic",
        "general/subject/age": "104 days",
        "general/subject/sex": "male",
        "general/subject/genotype": "Cux2-CreERT2/wt",
        "general/devices/2-photon microscope": "Synthetic microscope. NONE.1 Please ignore",
        "general/optophysiology/imaging_plane_1/imaging depth": "175 microns",
        "general/optophysiology/imaging_plane_1/location": "VISp",
        "general/optophysiology/imaging_plane_1/excitation_lambda": "910 nanometers",
        "general/optophysiology/imaging_plane_1/indicator": "GCaMP6f",
    }
    for name, value in words.items():
        file[name] = np.bytes_(value.encode())
    file["general/generated_by"] = np.array([b"version", b"3.0"])


def write_stimuli(file: h5py.File, n_frames: int) -> None:
    """Lay out the stimuli in the shares of a session of kind A: 10 10 5 10 10 5 10 of 60 minutes."""
    minute = n_frames // 64
    gratings = np.concatenate(
        [first * minute + np.arange(0, 10 * minute - 120, 90) for first in (1, 27, 54)]
    )
    put(file, "drifting_gratings", np.tile([2.0, 45.0, 0.0], (gratings.size, 1)), gratings, 60)
    group = file["stimulus/presentation/drifting_gratings_stimulus"]
    group["features"] = np.array([b"temporal_frequency", b"orientation", b"blank_sweep"])
    halves = [first * minute + movie_frames(18_000) for first in (11, 37)]
    put(file, "natural_movie_three", np.tile(np.arange(3600), 10), np.concatenate(halves), 0)
    one = 22 * minute + movie_frames(9_000)
    put(file, "natural_movie_one", np.tile(np.arange(900), 10), one, 0)
    rest = file.create_group("stimulus/presentation/spontaneous_stimulus")
    rest["data"] = np.array([1, -1])
    rest["frame_duration"] = np.array([[48 * minute] * 2, [53 * minute] * 2])


def movie_frames(count: int) -> np.ndarray:
    """Return where the frames of a movie begin: at 30 Hz, seen by a microscope of 30.08 Hz."""
    return (np.arange(count) / 30.0 / FRAME_S).astype(int)


def put(file: h5py.File, name: str, data: np.ndarray, starts: np.ndarray, length: int) -> None:
    """Write the presentations of one stimulus."""
    group = file.create_group(f"stimulus/presentation/{name}_stimulus")
    group["data"] = data
    group["frame_duration"] = np.column_stack([starts, starts + length])


def raw_all(path: str) -> None:
    """Read all dF/F by h5py alone."""
    with h5py.File(path) as file:
        file[f"{DFF}/data"][()], file[f"{DFF}/timestamps"][()]


def raw_some(path: str, rows: list[int]) -> None:
    """Read dF/F of some cells by h5py alone."""
    with h5py.File(path) as file:
        data = file[f"{DFF}/data"]
        np.array([data[row] for row in rows]), file[f"{DFF}/timestamps"][()]


def cpu_s(ask: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    start = time.process_time()
    ask()
    return time.process_time() - start


def pairs(
    ours: Callable[[], object], theirs: Callable[[], object], runs: int
) -> tuple[list[float], list[float]]:
    """Return CPU seconds of both, in turns; which is first changes from run to run."""
    ours(), theirs()
    times: tuple[list[float], list[float]] = ([], [])
    for run in range(runs):
        for which in (0, 1) if run % 2 else (1, 0):
            times[which].append(cpu_s((ours, theirs)[which]))
    return times


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """Return the median of the ratios of the pairs."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def line(what: str, peer: str, ours: list[float], theirs: list[float]) -> str:
    """Return a row of the table."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    return f"| {what} | {peer} | {mine:.4f} | {other:.4f} | {median_ratio(ours, theirs):.2f} |"


def against_raw(path: str, rows: list[int], ids: list[int], runs: int) -> list[str]:
    """Time h5py alone and allentk in one process."""
    session = read_ophys_session(path)
    whole = pairs(session.dff, lambda: raw_all(path), runs)
    opened = pairs(lambda: read_ophys_session(path).dff(), lambda: raw_all(path), runs)
    some = pairs(lambda: session.dff(ids=ids), lambda: raw_some(path, rows), runs)
    return [
        line("all dF/F of an opened session", "h5py", *whole),
        line("opening a session, all its dF/F", "h5py", *opened),
        line("dF/F of 10 cells of an opened session", "h5py", *some),
    ]


def against_peer(path: str, ids: list[int], peer: str, runs: int) -> list[str]:
    """Time AllenSDK in its own environment, one process per run, ours between."""
    asked: dict[str, Callable[[], object]] = {
        "opening a session, all its dF/F": lambda: read_ophys_session(path).dff(),
        "opening a session, dF/F of 10 cells": lambda: read_ophys_session(path).dff(ids=ids),
        "opening a session, natural movie three": lambda: read_ophys_session(path).stimulus_table(
            "natural_movie_three"
        ),
        "opening a session, its epochs": lambda: read_ophys_session(path).stimulus_epochs(),
    }
    ours: dict[str, list[float]] = {name: [] for name in asked}
    theirs: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(runs):
        said = subprocess.run(
            [peer, "-c", PEER, path, json.dumps(ids)], capture_output=True, text=True, check=True
        )
        for name, seconds in json.loads(said.stdout.strip().splitlines()[-1]).items():
            theirs[name].append(seconds)
            asked[name]()
            ours[name].append(cpu_s(asked[name]))
    return [line(name, "AllenSDK", ours[name], theirs[name]) for name in asked]


def peer_versions(peer: str) -> str:
    """Return the versions in the peer's environment."""
    ask = (
        "import platform; from importlib.metadata import version as v; print(platform."
        "python_version(), *(f'{n} {v(n)}' for n in ('allensdk', 'h5py', 'numpy', 'pandas')))"
    )
    said = subprocess.run([peer, "-c", ask], capture_output=True, text=True, check=True)
    return said.stdout.strip()


def page(lines: list[str], dtype: str, size: str, peer: str) -> str:
    """Return the table with what it was measured on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("h5py", "numpy", "pandas"))
    setting = [
        f"- machine: {processor()}, {platform.system()} {platform.machine()}",
        f"- allentk: Python {platform.python_version()}, {packages}; dF/F as {dtype}",
    ]
    if peer:
        setting.append(f"- AllenSDK, in its own environment: Python {peer_versions(peer)}")
    head = [
        "# Reading a two-photon session",
        "",
        f"A SYNTHETIC session of {size}, contiguous float32, the file in the page cache. Medians of "
        f"CPU seconds in paired runs, files opened and closed included; the ratio is the median of "
        f"the pairs' ratios, below 1 where allentk is faster. Made by "
        f"`benchmarks/observatory_reading.py`.",
        "",
        *setting,
        "",
        "| what | beside | allentk, s | other, s | ratio |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *lines]) + "\n"


def processor() -> str:
    """Return the name of the processor."""
    try:
        found = Path("/proc/cpuinfo").read_text().split("model name", 1)[1].split("\n")[0]
    except (OSError, IndexError):
        return platform.processor() or "unknown processor"
    return found.strip("\t :")


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--peer", default="", help="python that has allensdk")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.nwb"
        write_session(path, n_cells=options.cells, n_frames=N_FRAMES)
        rows = list(range(0, options.cells, max(options.cells // 10, 1)))[:10]
        ids = [517_000_000 + row for row in rows]
        lines = against_raw(str(path), rows, ids, options.runs)
        if options.peer:
            lines += against_peer(str(path), ids, options.peer, max(options.runs // 3, 3))
        dtype = str(read_ophys_session(path).dff().values.dtype)
    text = page(lines, dtype, f"{options.cells} cells x {N_FRAMES} frames", options.peer)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
