"""dF/F, noise, neuropil share and L0 events: agreement with AllenSDK, and CPU time of both.

Made traces of a session's length (115,471 frames): spikes that decay, neuropil, drift and noise. Each
program runs in its own environment, in pairs, one thread. Agreement is the largest difference over all
cells and frames.

    python -m benchmarks.traces_speed --peer /path/to/allensdk/bin/python
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks._paired import Asked, median_ratio, pairs, processor, versions

RESULTS = Path(__file__).parent / "results" / "traces_speed.md"
GAMMA = float(np.exp(-np.log(2) / (0.315 * 30)))
PENALTIES = (0.005, 0.02, 0.1)

OURS = """
import sys, warnings
import numpy as np
from allentk.data import Traces
from allentk.responses import traces as steps
held = np.load(sys.argv[1])
clock = np.arange(held["F"].shape[1]) / 30.08
F, N = (Traces(held[k], clock, np.arange(len(held[k])), "F") for k in "FN")
one, one_n = (Traces(t.values[:1], clock, [0], "F") for t in (F, N))
bright = steps.dff(one)
gamma = float(sys.argv[2])
def all_of():
    share = steps.neuropil_r(F, N, quirks="published")
    return {
        "dff": steps.dff(F, quirks="published").values,
        "mode": steps.dff_windowed_mode(F, quirks="published").values,
        "noise": steps.noise_std(F, quirks="published"),
        "r": share["r"].to_numpy(), "error": share["error"].to_numpy(),
    }
asked = {
    "dff": lambda: steps.dff(one, quirks="published"),
    "mode": lambda: steps.dff_windowed_mode(one, quirks="published"),
    "noise": lambda: steps.noise_std(one, quirks="published"),
    "r": lambda: steps.neuropil_r(one, one_n, quirks="published"),
    "save": lambda: np.savez(sys.argv[3], **all_of()),
    "events": lambda: steps.events(bright, half_life_s=0.315),
    **{f"l0 {p}": (lambda p=p: steps.fit_l0(bright.values[0], gamma, p)) for p in (0.005, 0.02, 0.1, 1.0)},
}
"""

PEER = """
import sys, logging
import numpy as np
logging.disable(logging.CRITICAL)
from allensdk.brain_observatory import dff
from allensdk.brain_observatory.r_neuropil import estimate_contamination_ratios as shares
held = np.load(sys.argv[1])
F, N = held["F"], held["N"]
def all_of():
    found = [shares(f, n) for f, n in zip(F, N)]
    return {
        "dff": dff.compute_dff_windowed_median(F),
        "mode": dff.compute_dff_windowed_mode(F),
        "noise": np.array([dff.noise_std(f) for f in F]),
        "r": np.array([s["r"] for s in found]), "error": np.array([s["err"] for s in found]),
    }
asked = {
    "dff": lambda: dff.compute_dff_windowed_median(F[:1]),
    "mode": lambda: dff.compute_dff_windowed_mode(F[:1]),
    "noise": lambda: dff.noise_std(F[0]),
    "r": lambda: shares(F[0], N[0]),
    "save": lambda: np.savez(sys.argv[3], **all_of()),
}
"""

NAMES = {
    "dff": "dF/F, windowed median",
    "mode": "dF/F, windowed mode",
    "noise": "noise_std",
    "r": "neuropil share r",
}


def made(n_cells: int, n_frames: int) -> dict[str, np.ndarray]:
    """Return fluorescence of cells and of the neuropil around them."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(0)
    spikes = rng.poisson(0.02, (n_cells, n_frames)) * 36.0
    calcium = lfilter([1.0], [1.0, -GAMMA], spikes)
    around = 200 + lfilter([0.05], [1.0, -0.95], rng.normal(0, 20, (n_cells, n_frames)))
    slow = 20 * np.sin(np.arange(n_frames) / 9000)
    noise = rng.normal(0, 24, (n_cells, n_frames))
    return {"F": 300 + calcium + 0.7 * around + slow + noise, "N": around}


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference, relative to the largest value."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def measured(folder: Path, peer: str, runs: int) -> list[str]:
    """Time both, and compare what they found."""
    data = str(folder / "made.npz")
    mine, other = str(folder / "ours.npz"), str(folder / "theirs.npz")
    lines = []
    with (
        Asked(sys.executable, OURS, [data, str(GAMMA), mine]) as ours,
        Asked(peer, PEER, [data, str(GAMMA), other]) as theirs,
    ):
        ours.cpu_s("save"), theirs.cpu_s("save")
        a, b = np.load(mine), np.load(other)
        for name, title in NAMES.items():
            mean, peers = pairs((ours, name), (theirs, name), runs)
            gap = difference(a[name], b[name])
            if name == "r":
                gap = max(gap, difference(a["error"], b["error"]))
            ratio = 1 / median_ratio(mean, peers)
            lines.append(
                f"| {title} | {statistics.median(mean):.4f} | {statistics.median(peers):.3f} | "
                f"{ratio:.0f} | {gap:.1e} |"
            )
    return lines


def alone(folder: Path, runs: int) -> list[str]:
    """Time one L0 fit by penalty, and the whole search."""
    lines = []
    arguments = [str(folder / "made.npz"), str(GAMMA), ""]
    with Asked(sys.executable, OURS, arguments) as ours:
        for name in [f"l0 {p}" for p in (*PENALTIES, 1.0)] + ["events"]:
            ours.cpu_s(name)
            times = [ours.cpu_s(name) for _ in range(runs)]
            what = (
                f"one fit, penalty {name[3:]}" if name != "events" else "the search for the penalty"
            )
            lines.append(f"| {what} | {statistics.median(times):.3f} |")
    return lines


def page(compared: list[str], fits: list[str], peer: str, size: str) -> str:
    """Return the tables with what they were measured on."""
    ours = versions(sys.executable, ["numpy", "scipy", "numba"])
    lines = [
        "# Traces: dF/F, noise, neuropil, events",
        "",
        f"Made traces of {size}; times are median CPU seconds for one cell, one thread, in paired "
        f"runs; the ratio is the median of the pairs' ratios, how many times less CPU allentk takes. The "
        f"difference is the largest one over all cells and frames, relative to the largest value, of the "
        f'parity mode (`quirks="published"`; for r of r and its error). The machine was busy. Made by '
        f"`benchmarks/traces_speed.py`.",
        "",
        f"- machine: {processor()}",
        f"- allentk: {ours}",
    ]
    if compared:
        theirs = versions(peer, ["allensdk", "numpy", "scipy"])
        lines += [
            f"- AllenSDK, in its own environment: {theirs}",
            "",
            "| what | allentk, s | AllenSDK, s | ratio | difference |",
            "|---|---|---|---|---|",
            *compared,
        ]
    lines += [
        "",
        "L0 events of one cell. One fit of 115,471 frames with FastLZeroSpikeInference (GPL, "
        "compiled with g++ -O3, penalties 0.005 to 0.1) was measured once at 0.21 to 0.24 CPU s, on "
        "another machine; it is not run here.",
        "",
        "| what | allentk, s |",
        "|---|---|",
        *fits,
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=4)
    parser.add_argument("--frames", type=int, default=115_471)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer", default="", help="python that has allensdk")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "made.npz", **made(options.cells, options.frames))
        compared = measured(folder, options.peer, options.runs) if options.peer else []
        fits = alone(folder, options.runs)
    text = page(compared, fits, options.peer, f"{options.cells} cells x {options.frames:,} frames")
    options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
