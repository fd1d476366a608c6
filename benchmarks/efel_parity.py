"""The features of eFEL by allentk, beside eFEL itself in an environment of its own.

Every sweep of a folder of recordings (``allen`` and ``other`` with voltage and current, ``golden`` with
the stimulus windows; see CONTRIBUTING.md) is measured by both. The time step is taken as the nearest
power of two of ms, so that eFEL's interpolation at that step changes no value, and the threshold as
-20.003 mV, which no sample meets exactly: what is left are differences of definition.

    python -m benchmarks.efel_parity --peer /path/to/efel/bin/python --recordings FOLDER
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from allentk.data import Sweep
from allentk.features._efel import EFEL_NAMES, efel
from allentk.features._efel.catalogue import CATALOGUE
from benchmarks._paired import versions

RESULTS = Path(__file__).parent / "results" / "efel_parity.md"
THRESHOLD_MV = -20.003
#: What counts as the same: relative, or absolute in the unit of the feature.
RELATIVE, ABSOLUTE = 1e-6, 1e-9

PEER = """
import json, sys, warnings
import efel, numpy as np
warnings.filterwarnings("ignore")
names, folder, threshold = json.loads(sys.argv[1]), sys.argv[2], float(sys.argv[3])
answers = []
for k in range(int(sys.argv[4])):
    with np.load(f"{folder}/{k}.npz") as f:
        v, i, step, start, end, step_na = f["v"], f["i"], *f["numbers"].tolist()
    efel.reset()
    efel.set_setting("Threshold", threshold)
    efel.set_setting("interp_step", step)
    efel.set_setting("stimulus_current", step_na)
    trace = {"T": np.arange(v.size) * step, "V": v, "I": i, "stim_start": [start], "stim_end": [end]}
    found = efel.get_feature_values([trace], names, raise_warnings=False)[0]
    answers.append({n: None if x is None else np.asarray(x, float).tolist() for n, x in found.items()})
json.dump(answers, open(f"{folder}/answers.json", "w"))
"""


@dataclass
class Row:
    """How one name compares."""

    sweeps: int = 0
    equal: int = 0
    values: int = 0
    off: int = 0
    largest: float = 0.0
    relative: float = 0.0
    counts: list[str] = field(default_factory=list)


def sweeps(folder: Path) -> Iterator[Sweep]:
    """Yield every sweep with a golden window, its time step a power of two of ms."""
    for path in sorted((folder / "golden").glob("*.json")):
        said = json.loads(path.read_text())
        name = said["source"].split("/")[1]
        kind = "allen" if said["source"].startswith("allen") else "other"
        with np.load(folder / kind / name) as data:
            voltage, current = np.atleast_2d(data["v_mV"]), np.atleast_2d(data["i_pA"])
            step_ms, offset = 1000 * float(data["dt_s"]), float(data["t0_s"])
        exact = 2.0 ** round(math.log2(step_ms))
        for one in said["sweeps"]:
            k = one["sweep"]
            start, stop = (
                round(1000 * (t - offset) / step_ms) * exact / 1000 for t in one["window"]
            )
            yield Sweep(
                voltage[k],
                current[k],
                1000 / exact,
                number=k,
                amplitude_pa=one.get("i_step_pA") or 1000.0,
                start_s=start,
                stop_s=stop,
                source=name,
            )


def answers(peer: str, measured: list[Sweep]) -> list[dict[str, list[float] | None]]:
    """Return what eFEL says of every sweep."""
    with tempfile.TemporaryDirectory() as folder:
        for k, one in enumerate(measured):
            window = (1000 * one.start_s, 1000 * one.stop_s)
            numbers = [1000 / one.sampling_rate_hz, *window, one.amplitude_pa / 1000]
            np.savez(
                f"{folder}/{k}.npz", v=one.voltage_mv, i=one.current_pa / 1000, numbers=numbers
            )
        said = [json.dumps(EFEL_NAMES), folder, str(THRESHOLD_MV), str(len(measured))]
        subprocess.run([peer, "-c", PEER, *said], check=True, capture_output=True)
        found: list[dict[str, list[float] | None]] = json.loads(
            Path(folder, "answers.json").read_text()
        )
    return found


def compare(row: Row, ours: np.ndarray[Any, Any] | None, theirs: list[float] | None) -> None:
    """Add one sweep to the comparison of a name."""
    row.sweeps += 1
    mine, other = (np.array([] if x is None else x, dtype=float) for x in (ours, theirs))
    other = other[np.isfinite(other)]
    if mine.size != other.size:
        row.counts.append(f"{mine.size} for {other.size}")
        return
    off = np.abs(mine - other)
    row.values += mine.size
    wrong = int((off > np.maximum(RELATIVE * np.abs(other), ABSOLUTE)).sum())
    row.off += wrong
    row.equal += wrong == 0
    row.largest = max(row.largest, float(off.max(initial=0)))
    relative = off[other != 0] / np.abs(other[other != 0])
    row.relative = max(row.relative, float(relative.max(initial=0)))


def table(rows: dict[str, Row]) -> list[str]:
    """Return the table as lines of Markdown."""
    lines = [
        "| name | sweeps equal | values | values off | max abs | max rel | other counts | why |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        why = CATALOGUE[name].difference if row.equal < row.sweeps else ""
        lines.append(
            f"| {name} | {row.equal}/{row.sweeps} | {row.values} | {row.off} | {row.largest:.3g} "
            f"| {row.relative:.3g} | {len(row.counts) or ''} | {why} |"
        )
    return lines


def main() -> None:
    """Compare, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--peer", required=True, help="Python of an environment with efel")
    parser.add_argument("--recordings", required=True, type=Path, help="folder of recordings")
    asked = parser.parse_args()
    measured = list(sweeps(asked.recordings))
    rows = {name: Row() for name in EFEL_NAMES}
    for one, said in zip(measured, answers(asked.peer, measured), strict=True):
        for name, values in efel(one, threshold_mv=THRESHOLD_MV).items():
            compare(rows[name], values, said[name])
    unexplained = {
        name: row
        for name, row in rows.items()
        if row.equal < row.sweeps and not CATALOGUE[name].difference
    }
    if unexplained:
        raise SystemExit(f"these differ and their definitions do not say why: {unexplained}")
    alike = sum(row.equal == row.sweeps for row in rows.values())
    spikes = rows["peak_indices"].values
    lines = [
        "# eFEL's features beside eFEL",
        "",
        f"{len(rows)} names on {len(measured)} sweeps of {len({s.source for s in measured})} real "
        f"recordings ({spikes} spikes), {RELATIVE:g} relative: {alike} names equal on all of them. Largest "
        "differences are of sweeps with equally many values; `other counts` are sweeps without. NaN of "
        "eFEL counts as no value. Time steps are powers of two of ms and the threshold -20.003 mV, so that "
        "only definitions differ. Made by `benchmarks/efel_parity.py`.",
        "",
        f"- eFEL, in its own environment: {versions(asked.peer, ['efel', 'numpy'])}",
        "",
        *table(rows),
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(RESULTS)


if __name__ == "__main__":
    main()
