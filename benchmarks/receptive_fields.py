"""Receptive fields and speed tuning against AllenSDK: CPU seconds and agreement.

    python -m benchmarks.receptive_fields --allensdk /path/to/its/python

A generated session of the real shape (105,738 frames, 8880 presentations of 16 x 28 pixels) whose cells
have known fields. Both programs shuffle 10,000 times with the same random numbers, each in its own
environment. The table goes to ``benchmarks/results/receptive_fields.md``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from allentk.responses.warehouse.locally_sparse_noise import locally_sparse_noise
from allentk.responses.warehouse.metrics import ALLEN_NAMES
from allentk.responses.warehouse.receptive_field import receptive_fields
from allentk.responses.warehouse.speed_tuning import speed_tuning
from benchmarks._noise_sessions import noise_session
from benchmarks._observatory_sessions import PEER_SESSION, Session
from benchmarks._paired import processor, versions

NOISE = "locally_sparse_noise"
RESULTS = Path(__file__).parent / "results" / "receptive_fields.md"

#: What the other environment runs: CPU seconds, tables and maps as JSON.
PEER = (
    PEER_SESSION
    + """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from allensdk.brain_observatory.locally_sparse_noise import LocallySparseNoise

peer = StandIn(sys.argv[1])
peer.number_of_cells = len(peer.ids)
peer.get_metadata = lambda: {"ophys_experiment_id": 1}
noise = LocallySparseNoise(peer, "locally_sparse_noise")
noise.populate_stimulus_table()
start = time.process_time()
fields = noise.cell_index_receptive_field_analysis_data
peak = noise.peak.drop(columns="cell_specimen_id").astype(float)
middle = time.process_time()
speed = noise.get_speed_tuning(binsize=800)[4].astype(float)
end = time.process_time()
maps = {side: [fields[str(i)][side]["pvalues"]["data"].tolist() for i in range(len(peer.ids))]
        for side in ("on", "off")}
masks = {side: [fields[str(i)][side]["fdr_mask"]["data"].sum(axis=0).tolist()
                for i in range(len(peer.ids))] for side in ("on", "off")}
events = [int(fields[str(i)]["event_vector"]["data"].sum()) for i in range(len(peer.ids))]
print("\\n@" + json.dumps({"fields_s": middle - start, "speed_s": end - middle, "maps": maps,
      "masks": masks, "events": events,
      "peak": peak.to_dict("list"), "speed": speed.to_dict("list")}))
"""
)


def theirs(python: str, session: Session) -> dict[str, object]:
    """Return what AllenSDK finds, and its CPU seconds."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "session.npz"
        session.save(path)
        said = subprocess.run(
            [python, "-c", PEER, str(path)], capture_output=True, text=True, check=True
        ).stdout
    line = next(line for line in said.splitlines() if line.startswith("@"))
    found: dict[str, object] = json.loads(line[1:])
    return found


def timed(session: Session, cells: int | None) -> tuple[float, float, pd.DataFrame, pd.DataFrame]:
    """Return CPU seconds of fields and of speed, and the tables with the published quirks."""
    traces, table = session.dff(cells), session.table(NOISE)
    start = time.process_time()
    fields = locally_sparse_noise(traces, table, template=session.template, quirks="published")
    middle = time.process_time()
    speed = speed_tuning(
        traces, session.table("spontaneous"), running=session.running, quirks="published"
    )
    return middle - start, time.process_time() - middle, fields, speed


def agreement(
    session: Session, peer: dict[str, object], fields: pd.DataFrame, speed: pd.DataFrame
) -> list[tuple[str, str]]:
    """Return how far both programs differ, one line per quantity."""
    traces = session.dff()
    maps = receptive_fields(traces, session.table(NOISE), session.template, quirks="published")
    lines = []
    same = [int(field.events.sum()) for field in maps] == peer["events"]
    lines.append(("events per cell", f"equal: {same} {peer['events']}"))
    for side in ("on", "off"):
        ours = np.array([getattr(field, side).p_values for field in maps])
        mask = np.array([getattr(field, side).parts > 0 for field in maps])
        p, significant = (np.array(peer[of][side]) for of in ("maps", "masks"))
        gaps = ", ".join(f"{gap:.2g}" for gap in np.abs(ours - p).max(axis=(1, 2)))
        lines.append((f"p of pixels, {side}", f"largest difference per cell {gaps}"))
        unequal = int((mask != (significant > 0)).sum())
        lines.append(
            (f"significant pixels, {side}", f"{int(mask.sum())}, of which {unequal} differ")
        )
    names = ALLEN_NAMES[NOISE] | ALLEN_NAMES["running speed"]
    for name, published in names.items():
        table, other = (fields, peer["peak"]) if name in fields else (speed, peer["speed"])
        a, b = table[name].to_numpy(float), np.array(other[published], dtype=float)
        missing = int((np.isnan(a) != np.isnan(b)).sum())
        there = np.isfinite(a) & np.isfinite(b)
        worst = float(np.abs(a - b)[there].max(initial=0.0))
        lines.append(
            (
                name,
                f"largest difference {worst:.2g} of {int(there.sum())} cells, {missing} NaN differ",
            )
        )
    return lines


def megabytes_of(field: str) -> float:
    """Return a field of this process's memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


def main() -> None:
    """Measure, compare and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--allensdk", required=True, help="python with allensdk 2.16.2")
    parser.add_argument("--cells", type=int, default=4, help="cells that both programs measure")
    parser.add_argument("--container", type=int, default=200, help="cells that ours measures")
    asked = parser.parse_args()
    session, _ = noise_session(asked.cells)
    timed(session, 1)  # compile
    field_s, speed_s, fields, speed = timed(session, None)
    peer = theirs(asked.allensdk, session)
    lines = agreement(session, peer, fields, speed)
    session, _ = noise_session(asked.container)
    traces, table = session.dff(), session.table(NOISE)
    # Linux forgets the peak of making the session, so that only that of the fields is measured.
    Path("/proc/self/clear_refs").write_text("5")
    before = megabytes_of("VmRSS")
    start = time.process_time()
    locally_sparse_noise(traces, table, template=session.template)
    all_fields_s = time.process_time() - start
    start = time.process_time()
    speed_tuning(traces, session.table("spontaneous"), running=session.running)
    all_speed_s = time.process_time() - start
    added = megabytes_of("VmHWM") - before
    n, megabytes = asked.cells, traces.values.nbytes / 2**20  # noqa: PD011
    text = [
        "# Receptive fields and speed tuning against AllenSDK",
        "",
        f"{processor()}; allentk: {versions(sys.executable, ['numpy', 'scipy', 'numba'])}; "
        f"AllenSDK: {versions(asked.allensdk, ['allensdk', 'numpy', 'scipy'])}. CPU seconds of one thread, "
        "one run each, on a machine that was busy.",
        "",
        "| what | allentk | AllenSDK | ratio |",
        "|---|---|---|---|",
        f"| receptive fields, {n} cells | {field_s:.2f} | {peer['fields_s']:.1f} "
        f"| {peer['fields_s'] / field_s:.0f} |",
        f"| speed tuning, {n} cells | {speed_s:.2f} | {peer['speed_s']:.1f} "
        f"| {peer['speed_s'] / speed_s:.0f} |",
        f"| receptive fields, {asked.container} cells | {all_fields_s:.1f} | | |",
        f"| speed tuning, {asked.container} cells | {all_speed_s:.1f} | | |",
        "",
        f"Memory beside {megabytes:.0f} MB of traces: {added:.0f} MB more at the peak.",
        "",
        'Agreement on the same session, `quirks="published"`; speed tuning is shuffled with other random '
        "numbers, all else with the same. Of a cell with few events (their numbers are in the first row) "
        "shuffled maps tie with the found one, which rounding decides:",
        "",
        "| quantity | agreement |",
        "|---|---|",
        *(f"| {name} | {said} |" for name, said in lines),
        "",
    ]
    RESULTS.write_text("\n".join(text))
    print("\n".join(text))


if __name__ == "__main__":
    main()
