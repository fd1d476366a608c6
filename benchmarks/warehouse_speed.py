"""Two-photon metrics: CPU seconds and memory of allentk beside AllenSDK.

    python -m benchmarks.warehouse_speed PYTHON

PYTHON is an interpreter that has allensdk. Both sides read the same generated sessions (SYNTHETIC, real
shape) before the clock starts, and make the whole table of each stimulus, in turns. AllenSDK needs minutes
a table: ``--cells`` takes fewer, of which allentk then has as many. Memory is the peak of a process that
makes one table of 200 cells, over what it held before.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from allentk.responses import warehouse
from benchmarks._observatory_sessions import PEER_SESSION, session_a, session_b, session_c
from benchmarks._paired import Asked, median_ratio, pairs, processor, versions

RESULT = Path(__file__).parent / "results" / "warehouse_speed.md"
DG, SG, NS, NM1 = "drifting_gratings", "static_gratings", "natural_scenes", "natural_movie_one"
#: How many times as fast each table must be.
BARS = {DG: 150, SG: 200, NS: 200, NM1: 0}

_OURS = """
import sys
from benchmarks._observatory_sessions import session_a, session_b
from allentk.responses import warehouse
cells, stimulus = int(sys.argv[1]), sys.argv[2]
session = (session_b if stimulus in ("static_gratings", "natural_scenes") else session_a)(cells)
table = session.table(stimulus)
if stimulus.startswith("natural_movie"):
    traces = session.dff()
    asked = {stimulus: lambda: warehouse.natural_movie(traces, table)}
else:
    traces = session.traces()
    make = getattr(warehouse, stimulus)
    asked = {stimulus: lambda: make(traces, table, running=session.running)}
"""

_PEER = """
import logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
np.seterr(all="ignore")
from allensdk.brain_observatory.drifting_gratings import DriftingGratings
from allensdk.brain_observatory.static_gratings import StaticGratings
from allensdk.brain_observatory.natural_scenes import NaturalScenes
from allensdk.brain_observatory.natural_movie import NaturalMovie
path, cells, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
kinds = dict(drifting_gratings=DriftingGratings, static_gratings=StaticGratings,
             natural_scenes=NaturalScenes)
data = StandIn(path, cells)
asked = {name: lambda: (kinds[name](data) if name in kinds else NaturalMovie(data, name)).peak}
"""

_PEAK = """
import json, pathlib

def megabytes(field):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(field)).split()[1]) / 1024

# Linux forgets the peak of making the session, so that only the table's is measured.
pathlib.Path("/proc/self/clear_refs").write_text("5")
before = megabytes("VmRSS")
asked[stimulus]()
print(json.dumps([traces.values.nbytes / 2**20, megabytes("VmHWM") - before]))
"""


def speed(stimulus: str, cells: int, runs: int, python: str, path: Path) -> str:
    """Return a row: both sides' CPU seconds, in turns; the first answer of each is not counted."""
    theirs = Asked(python, PEER_SESSION + _PEER, [str(path), str(cells), stimulus])
    with Asked(sys.executable, _OURS, [str(cells), stimulus]) as mine, theirs:
        ours, other = pairs((mine, stimulus), (theirs, stimulus), runs)
    ratio = 1 / median_ratio(ours, other)
    bar = f">= {BARS[stimulus]}" if BARS[stimulus] else "-"
    middle = len(ours) // 2
    times = f"{sorted(ours)[middle]:.3f} | {sorted(other)[middle]:.1f}"
    return f"| {stimulus} | {cells} | {runs} | {times} | {ratio:.0f}x | {bar} |"


def memory(stimulus: str, cells: int) -> str:
    """Return a row: the input, and by how much the peak rose over it."""
    command = [sys.executable, "-c", _OURS + _PEAK, str(cells), stimulus]
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

    for kind in (session_a, session_b, session_c):
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
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    rows, held = [], []
    with tempfile.TemporaryDirectory() as folder:
        for make, names in ((session_a, (DG, NM1)), (session_b, (SG, NS))):
            path = Path(folder) / "session.npz"
            make(options.cells).save(path)
            rows += [speed(n, options.cells, options.runs, options.python, path) for n in names]
            held += [memory(name, 200) for name in names]
    text = "\n".join(
        [
            "# Two-photon metrics: speed beside AllenSDK",
            "",
            f"SYNTHETIC sessions of the real shape; medians of CPU seconds, one thread. {processor()}. "
            f"Made by `python -m benchmarks.warehouse_speed PYTHON`.",
            "",
            f"- AllenSDK, in its own environment: {versions(options.python, ['allensdk', 'numpy'])}",
            "",
            "| table | cells | runs | allentk, CPU s | AllenSDK, CPU s | times as fast | bar |",
            "|---|---|---|---|---|---|---|",
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
