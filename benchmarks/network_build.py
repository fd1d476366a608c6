"""CPU time and memory of building and saving a network, beside the Brain Modeling ToolKit.

Every run has a process of its own. SYNTHETIC cells.

    python -m benchmarks.network_build --bmtk /path/to/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks._network_builders import BMTK, OURS
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "network_build.md"
SMALL, LARGE = (10_000, 0.704), (50_000, 0.4522)
RUNS = 3


def once(python: str, source: str, size: tuple[int, float], **environment: str) -> dict[str, Any]:
    """Build and save in a new process; return what it says of itself."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, "-c", source, str(size[0]), str(size[1]), f"{folder}/network"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        )
        files = [path for path in Path(folder).rglob("*.h5") if path.stat().st_nlink]
        size_mb = sum(path.stat().st_size for path in files) / 1e6
    return json.loads(done.stdout.splitlines()[-1]) | {"files": size_mb}


def row(name: str, runs: list[dict[str, Any]]) -> str:
    """Return the medians of runs as a row of the table."""
    of = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    total = of["build"] + of["save"]
    return (
        f"| {name} | {of['edges']:,.0f} | {of['build']:.2f} | {of['save']:.2f} | {total:.2f} "
        f"| {of['edges'] / total / 1e6:.3f} | {of['before']:.0f} | {of['peak']:.0f} | {of['files']:.0f} |"
    )


def measure(bmtk: str, runs: int) -> list[str]:
    """Return the rows of all programs and sizes, and what one pays for compiling."""
    with tempfile.TemporaryDirectory() as empty:
        first = once(sys.executable, OURS, SMALL, NUMBA_CACHE_DIR=empty)
    once(sys.executable, OURS, SMALL)
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(once(sys.executable, OURS, SMALL))
        theirs.append(once(bmtk, BMTK, SMALL))
    large = [once(sys.executable, OURS, LARGE) for _ in range(runs)]
    ratio = statistics.median(
        (b["build"] + b["save"]) / (a["build"] + a["save"])
        for a, b in zip(ours, theirs, strict=True)
    )
    compiling = first["build"] + first["save"] - min(a["build"] + a["save"] for a in ours)
    return [
        "| program | edges | build, s | save, s | both, s | million edges/s | MB before | MB at peak "
        "| files, MB |",
        "|---|---|---|---|---|---|---|---|---|",
        row("BMTK, 10,000 cells", theirs),
        row("allentk, 10,000 cells", ours),
        row("allentk, 50,000 cells", large),
        "",
        f"BMTK over allentk at 10,000 cells: {ratio:.0f} times the CPU time (median of the pairs; build "
        f"and save). The first run on a machine compiles for another {compiling:.0f} s of CPU, once.",
    ]


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bmtk", required=True, help="interpreter of an environment with bmtk")
    parser.add_argument("--runs", type=int, default=RUNS)
    bmtk, runs = (given := parser.parse_args()).bmtk, given.runs
    before, rows = os.getloadavg()[0], measure(bmtk, runs)
    text = [
        "# Building and saving a network",
        "",
        "Cells in a disc of 845 um radius, connected with a chance of peak exp(-(r / 114 um)^2) (1 - "
        "orientation difference / 180 degrees) by 3 to 7 synapses; peak "
        f"{SMALL[1]} for {SMALL[0]:,} cells, {LARGE[1]} for {LARGE[0]:,}. BMTK's rule is called per target "
        "(`all_to_one`) and computes all sources at once in numpy. CPU seconds of the process, without its "
        f"imports; medians of {runs} in turns; memory is the greatest resident size, before building "
        "and at the end. Both write SONATA files with both indices, BMTK compressed (its default). Made by "
        "`python -m benchmarks.network_build`.",
        "",
        f"- processor: {processor()}; 2 cores shared with other work, load {before:.1f} before and "
        f"{os.getloadavg()[0]:.1f} after",
        f"- allentk: {versions(sys.executable, ['numpy', 'numba', 'h5py'])}",
        f"- BMTK, in its own environment: {versions(bmtk, ['bmtk', 'numpy', 'h5py'])}",
        "",
        *rows,
        "",
    ]
    RESULTS.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
