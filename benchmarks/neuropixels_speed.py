"""CPU time of the metric tables of Neuropixels units: allentk beside AllenSDK, on one SYNTHETIC session.

Both read the session from arrays before the clock starts; compilation and imports are left out. A table is
made from the spikes each time, with nothing kept from the one before.

    python -m benchmarks.neuropixels_speed --allensdk /path/to/allensdk/python --units 20
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks._neuropixels_session import make
from benchmarks._paired import Asked, processor, versions
from benchmarks.neuropixels_parity import SESSION, TABLES

RESULTS = Path(__file__).parent / "results" / "neuropixels_speed.md"
#: Those whose presentations the session of ``further=False`` has.
MEASURED = tuple(name for name in TABLES if name not in ("DotMotion", "NaturalMovies"))

OURS = """
import sys
from pathlib import Path
from allentk.responses import neuropixels
from benchmarks._neuropixels_session import ours
trains, shown, running = ours(Path(sys.argv[1]))
def table(name, cells=None):
    getattr(neuropixels, name)(trains, shown, running=running, quirks=sys.argv[2] or (), ids=cells)
names = sys.argv[3:]
for name in names:
    table(name, [0, 1])
asked = {name: (lambda name=name: table(name)) for name in names}
"""
THEIRS = (
    SESSION
    + """
held = {name: held[name] for name in held.files}
built = session()
built.stimulus_presentations, built.units, built.spike_times
def table(name):
    getattr(stimulus_analysis, name)(built).metrics
asked = {name: (lambda name=name: table(name)) for name in sys.argv[2:]}
"""
)


def measured(python: str, path: Path, runs: int) -> list[str]:
    """Return the lines of the table."""
    names = [TABLES[name] for name in MEASURED]
    lines = []
    with (
        Asked(sys.executable, OURS, [str(path), "", *names]) as us,
        Asked(python, THEIRS, [str(path), *MEASURED]) as them,
    ):
        for name in MEASURED:
            times = [(us.cpu_s(TABLES[name]), them.cpu_s(name)) for _ in range(runs)]
            mine, other = (statistics.median(each) for each in zip(*times, strict=True))
            ratio = statistics.median(b / a for a, b in times)
            lines.append(f"| {name} | {mine:.2f} | {other:.1f} | {ratio:.0f} |")
            sys.stdout.write(lines[-1] + "\n")
    return lines


def alone(path: Path) -> list[str]:
    """Return CPU seconds of allentk alone."""
    names = [TABLES[name] for name in MEASURED]
    lines = []
    for quirks in ("", "published"):
        with Asked(sys.executable, OURS, [str(path), quirks, *names]) as us:
            times = [f"{us.cpu_s(name):.2f}" for name in names]
        lines.append(f"| {quirks or 'none'} | {' | '.join(times)} |")
    return lines


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--allensdk", required=True, help="python that has allensdk")
    parser.add_argument("--units", type=int, default=20)
    parser.add_argument("--many", type=int, default=200, help="units that allentk measures alone")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few.npz", Path(folder) / "many.npz"
        make(few, options.units, further=False)
        make(many, options.many, further=False)
        lines, of_many = measured(options.allensdk, few, options.runs), alone(many)
    text = "\n".join(
        [
            "# Metric tables of Neuropixels units: CPU time",
            "",
            f"A SYNTHETIC session of 16,375 presentations. {options.units} units, CPU seconds of a table, "
            f"median of {options.runs} pairs of runs in turns, one thread; the last column is above 1 "
            "where allentk is faster. Made by `python -m benchmarks.neuropixels_speed`.",
            "",
            f"- machine: {processor()}",
            f"- allentk: {versions(sys.executable, ('allentk', 'numpy', 'numba', 'scipy', 'pandas'))}",
            "- AllenSDK, in its own environment: "
            f"{versions(options.allensdk, ('allensdk', 'numpy', 'scipy', 'pandas'))}",
            "",
            "| table | allentk, s | AllenSDK, s | times faster |",
            "|---|---|---|---|",
            *lines,
            "",
            f"allentk alone, {options.many} units, CPU seconds:",
            "",
            f"| quirks | {' | '.join(TABLES[name] for name in MEASURED)} |",
            f"|{'---|' * (len(MEASURED) + 1)}",
            *of_many,
            "",
        ]
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
