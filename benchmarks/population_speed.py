"""Speed of many GLIF neurons beside NEST and Brian2's C++ programs, and memory per neuron.

The peers live in environments of their own. Published models, SYNTHETIC noise currents.

    python -m benchmarks.population_speed --nest /path/to/bin/python --brian2 /path/to/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._glif_cells import published
from benchmarks._paired import Asked, median_ratio, pairs, processor, versions
from benchmarks._population_peers import BRIAN2, MEMORY, NEST, OURS, Program

RESULTS = Path(__file__).parent / "results" / "population_speed.md"
SIZES, RUNS = (1_000, 10_000, 100_000), 5
KINDS, TYPES = ("one", "mixed"), ("float64", "float32")
MEMORY_SIZES = (10_000, 1_010_000)
STEPS, FEW_STEPS = 10_000, 1_000


def _rate(n: int, seconds: list[float], steps: int = STEPS) -> float:
    """Million neuron steps per second of CPU, by the median run."""
    return n * steps / statistics.median(seconds) / 1e6


def alone(ours: Asked) -> list[str]:
    """Return the rows of allentk on its own."""
    rows = []
    for kind in KINDS:
        for dtype in TYPES:
            cells = [f"| {kind} | {dtype} |"]
            for n in SIZES:
                for threads in (1, 2):
                    question = f"{n} {kind} {dtype} {threads}"
                    ours.cpu_s(question)
                    wall = time.perf_counter()
                    seconds = [ours.cpu_s(question) for _ in range(RUNS)]
                    wall = (time.perf_counter() - wall) / RUNS
                    cells.append(f" {_rate(n, seconds):.0f} ({n * STEPS / wall / 1e6:.0f}) |")
            question = f"10000 {kind} {dtype} every step"
            seconds = [ours.cpu_s(question) for _ in range(RUNS)]
            cells.append(f" {_rate(10_000, seconds, FEW_STEPS):.0f} |")
            rows.append("".join(cells))
    return rows


def beside(ours: Asked, name: str, n: int, theirs: Asked | Program, question: str) -> list[str]:
    """Return the rows of allentk in turns with a peer."""
    rows = []
    for kind in KINDS:
        for dtype in TYPES:
            mine, other = pairs((ours, f"{n} {kind} {dtype} 1"), (theirs, question), RUNS)
            rows.append(
                f"| {name} | {n:,} | {kind}, {dtype} | {_rate(n, mine):.0f} | {_rate(n, other):.0f} "
                f"| {1 / median_ratio(mine, other):.1f} |"
            )
    return rows


def with_peers(ours: Asked, nest: str, brian2: str, folder: Path) -> list[str]:
    """Return the rows of all peers."""
    rows = []
    for n in (1_000, 10_000):
        with Asked(nest, NEST, [str(n), "1"]) as theirs:
            rows += beside(ours, "NEST", n, theirs, "second")
    for n in (1_000, 10_000):
        built = folder / f"brian{n}"
        command = [brian2, "-c", BRIAN2, str(n), str(built)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows += beside(ours, "Brian2, C++", n, Program(built), "second")
    return rows


def memory() -> float:
    """Return the bytes of one more neuron."""
    peaks = [
        int(subprocess.check_output([sys.executable, "-c", MEMORY, str(n)])) for n in MEMORY_SIZES
    ]
    return (peaks[1] - peaks[0]) * 1024 / (MEMORY_SIZES[1] - MEMORY_SIZES[0])


def report(nest: str, brian2: str) -> str:
    """Measure, and return the page of results."""
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "configs.json"
        path.write_text(json.dumps(dict(published())), encoding="utf-8")
        with Asked(sys.executable, OURS, [str(path)]) as ours:
            peers = with_peers(ours, nest, brian2, Path(name))
            own = alone(ours)
    after = os.getloadavg()[0]
    lines = [
        "# Speed of many GLIF neurons",
        "",
        "Million neuron steps (of 0.1 ms) per second of CPU, all threads together, in 1 s of simulated "
        "time; every neuron gets its own normally distributed current, drawn anew every millisecond "
        "within the measured time (read from a table made before by Brian2). `one`: GLIF5 of cell "
        "490376252 in all neurons, about 13 Hz; `mixed`: published models of levels 1 to 5 at random, "
        "each at 1.35 times its rheobase. allentk and NEST follow the exact solution and keep every "
        "spike, Brian2 takes forward Euler steps and counts spikes. NEST and Brian2 always run `one`. "
        "Between spikes allentk jumps over the steps in which it has proven that nothing happens: a "
        "step is a step of the result, not an update carried out. Made by "
        "`python -m benchmarks.population_speed`.",
        "",
        f"- processor: {processor()}; {os.cpu_count()} cores shared with other work, load {before:.1f} "
        f"before and {after:.1f} after: compare within a row",
        f"- allentk: {versions('', ['numpy', 'numba'])}",
        f"- NEST, in its own environment: {versions(nest, ['nest-simulator'])}",
        f"- Brian2, in its own environment: {versions(brian2, ['brian2'])}, gcc -O3 -march=native",
        f"- memory: {memory():.0f} bytes for one more neuron on noise, and 16 per spike that is kept",
        "",
        f"One thread, in turns, medians of {RUNS}; the last column is the median of the ratios.",
        "",
        "| peer | neurons | allentk runs | allentk | peer | times |",
        "|---|---|---|---|---|---|",
        *peers,
        "",
        "allentk alone, CPU (in brackets: by the clock on the wall), by neurons and threads. The last "
        "column, 10,000 neurons and 1 thread, is the hardest input: the current changes at every step.",
        "",
        "| models | type | 1,000, 1 | 1,000, 2 | 10,000, 1 | 10,000, 2 | 100,000, 1 | 100,000, 2 "
        "| every step |",
        "|---|---|---|---|---|---|---|---|---|",
        *own,
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--nest", required=True, help="Python of an environment with nest-simulator"
    )
    parser.add_argument("--brian2", required=True, help="Python of an environment with brian2")
    peers = parser.parse_args()
    RESULTS.write_text(report(peers.nest, peers.brian2), encoding="utf-8")


if __name__ == "__main__":
    main()
