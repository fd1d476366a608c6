"""Two-photon metrics: CPU seconds and memory of allentk beside AllenSDK.

    python -m benchmarks.warehouse_speed PYTHON --keep /tmp/answers

PYTHON is an interpreter that has allensdk. Both sides read the same generated sessions (SYNTHETIC, real
shape) before the clock starts, and make the whole table of each stimulus. AllenSDK needs minutes a table:
it is run once, allentk before and after it, and ``--keep`` takes the times of an earlier run, such as
that of `benchmarks.warehouse_parity`. Memory is the peak of a process that makes one table of 200 cells,
over what it held before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from allentk.responses import warehouse
from benchmarks._noise_sessions import noise_session
from benchmarks._observatory_sessions import session_a, session_b
from benchmarks._paired import processor, versions
from benchmarks._warehouse_answers import NAMES, OURS, RUNS, answers

RESULT = Path(__file__).parent / "results" / "warehouse_speed.md"
#: How many times as fast each table must be.
BARS = {
    "drifting_gratings": 150,
    "static_gratings": 200,
    "natural_scenes": 200,
    "natural_movie_one": 0,
    "natural_movie_three": 0,
}

_PEAK = """
import json, pathlib

def megabytes(field):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(field)).split()[1]) / 1024

# Linux forgets the peak of making the session, so that only the table's is measured.
pathlib.Path("/proc/self/clear_refs").write_text("5")
before = megabytes("VmRSS")
asked["default"]()
print(json.dumps([traces.values.nbytes / 2**20, megabytes("VmHWM") - before]))
"""


def speed(stimulus: str, cells: int, answer: dict[str, np.ndarray]) -> str:
    """Return a row: both sides' CPU seconds."""
    theirs, default, published = (
        float(np.median(answer[k])) for k in ("cpu_s", "default", "published")
    )
    bar = BARS[stimulus]
    ratios = f"{theirs / default:.0f}x | {theirs / published:.0f}x"
    said = f">= {bar}" if bar else "-"
    return f"| {stimulus} | {cells} | {default:.3f} | {published:.3f} | {theirs:.1f} | {ratios} | {said} |"


def memory(stimulus: str, cells: int) -> str:
    """Return a row: the input, and by how much the peak rose over it."""
    command = [sys.executable, "-c", OURS + _PEAK, str(cells), stimulus]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    held, more = json.loads(said.strip().splitlines()[-1])
    return f"| {stimulus} | {held:.0f} | {more:.0f} | {1 + more / held:.2f}x |"


def container(cells: int) -> str:
    """Return the CPU seconds of all tables of three sessions, receptive fields included."""
    parts: list[tuple[str, float]] = []

    def timed(name: str, make: Callable[[], object]) -> None:
        start = time.process_time()
        make()
        parts.append((name, time.process_time() - start))

    for kind in (session_a, session_b, lambda n: noise_session(n)[0]):
        session = kind(cells)
        traces, dff, fast = session.traces(), session.dff(), session.running
        for name in session.tables:
            table = session.table(name)
            if name.startswith("natural_movie"):
                timed(name, lambda t=table, d=dff: warehouse.natural_movie(d, t))
            elif name == "locally_sparse_noise":
                timed(name, lambda t=table, d=dff, s=session: fields(d, t, s.template))
            elif name != "spontaneous":
                make = getattr(warehouse, name)
                timed(name, lambda m=make, f=traces, t=table, r=fast: m(f, t, running=r))
    total = sum(seconds for _, seconds in parts)
    each = ", ".join(f"{name} {seconds:.2f}" for name, seconds in parts)
    return f"A container of three sessions, {cells} cells: {total:.1f} CPU s (bar 60): {each}."


def fields(traces: object, table: object, template: object) -> object:
    """Map receptive fields, with what the function needs."""
    return warehouse.locally_sparse_noise(traces, table, template=template)


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="an interpreter that has allensdk")
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--keep", type=Path, help="folder of answers")
    options = parser.parse_args()
    rows, held = [], []
    with tempfile.TemporaryDirectory() as folder:
        kept = options.keep or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        for make, names in NAMES.items():
            path = Path(folder) / f"{make.__name__}.npz"
            make(options.cells).save(path)
            for name in names:
                answer = answers(options.python, path, name, options.cells, kept)
                rows.append(speed(name, options.cells, answer))
                held.append(memory(name, 200))
    text = "\n".join(
        [
            "# Two-photon metrics: speed beside AllenSDK",
            "",
            f"SYNTHETIC sessions of the real shape; CPU seconds of a whole table, one thread. AllenSDK "
            f"once, allentk {RUNS} times before and {RUNS} after it (the median). {processor()}. "
            f"Made by `python -m benchmarks.warehouse_speed PYTHON`.",
            "",
            f"Other work on the machine makes CPU seconds more, of both: the load was "
            f"{os.getloadavg()[2]:.0f} on {os.cpu_count()} cores.",
            "",
            f"- AllenSDK, in its own environment: {versions(options.python, ['allensdk', 'numpy'])}",
            "",
            "| table | cells | allentk, CPU s | with the published quirks | AllenSDK, CPU s "
            "| times as fast | with the quirks | bar |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            "| table of 200 cells | input, MB | peak over it, MB | in all (bar 2x) |",
            "|---|---|---|---|",
            *held,
            "",
            container(200),
            "",
        ]
    )
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
