"""``compatibility="allensdk"`` beside AllenSDK's own GlifNeuron on the same currents.

AllenSDK runs in an environment of its own. Published models, SYNTHETIC noise currents.

    python -m benchmarks.glif_compatibility --peer /path/to/allensdk/bin/python
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import Response
from allentk.io import read_glif
from allentk.progress import track
from allentk.simulation import simulate
from benchmarks._glif_cells import DT_S, around_rheobase, published
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "glif_compatibility.md"
N_STEPS, EVERY = 20_000, 4

PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from allensdk.model.glif.glif_neuron import GlifNeuron
held = np.load(sys.argv[1])
out = {}
for name, config in json.loads(str(held["asked"])).items():
    neuron = GlifNeuron.from_dict(config)
    start = time.process_time()
    found = neuron.run(held[name] * 1e-12)
    out["cpu " + name] = time.process_time() - start
    for what in ("spike_time_steps", "interpolated_spike_times", "voltage", "threshold"):
        out[what + " " + name] = found[what]
np.savez(sys.argv[2], **out)
"""


@dataclass(frozen=True, slots=True)
class Beside:
    """One model in both programs; differences are relative to the largest value of the run."""

    spikes: int
    same_steps: bool
    same_silence: bool
    voltage: float
    threshold: float
    time_s: float
    cpu_s: tuple[float, float]


def theirs(
    peer: str, configs: dict[str, Any], currents: dict[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Return what AllenSDK makes of every model, under "what name"."""
    with tempfile.TemporaryDirectory() as folder:
        sent, answer = Path(folder) / "asked.npz", Path(folder) / "answer.npz"
        arrays: dict[str, Any] = dict(currents)
        np.savez(sent, asked=json.dumps(configs), **arrays)
        subprocess.run([peer, "-c", PEER, str(sent), str(answer)], check=True)
        with np.load(answer) as held:
            return {name: held[name] for name in held.files}


def _apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.nanmax(np.abs(one - other)) / np.nanmax(np.abs(other)))


def beside(found: Response, rest_mv: float, cpu_s: float, of: dict[str, Any]) -> Beside:
    """Compare a run with that of AllenSDK."""
    v, th = found.voltage_mv - rest_mv, found.states["threshold_mv"] - rest_mv
    times = np.asarray(of["interpolated_spike_times"])
    same = found.spike_steps.tolist() == of["spike_time_steps"].tolist()
    return Beside(
        spikes=int(found.spike_steps.size),
        same_steps=same,
        same_silence=bool((np.isnan(v) == np.isnan(of["voltage"])).all()),
        voltage=_apart(v, of["voltage"] * 1e3),
        threshold=_apart(th, of["threshold"] * 1e3),
        time_s=float(np.abs(found.spike_times_s - times).max(initial=0)) if same else np.inf,
        cpu_s=(cpu_s, float(of["cpu"])),
    )


def compared(peer: str) -> dict[int, list[Beside]]:
    """Run every chosen model in both programs; by level."""
    configs = dict(published()[::EVERY])
    cells = {name: read_glif(config) for name, config in configs.items()}
    currents = {
        name: around_rheobase(abs(cell.rheobase_pa), N_STEPS, seed)
        for seed, (name, cell) in enumerate(cells.items())
    }
    answers = theirs(peer, configs, currents)
    by_level: dict[int, list[Beside]] = {level: [] for level in range(1, 6)}
    for name, cell in track(list(cells.items()), "comparing"):
        start = time.process_time()
        found = simulate(
            cell,
            currents[name],
            dt_s=DT_S,
            compatibility="allensdk",
            interpolate=True,
            throw=False,
            record="threshold_mv",
        )
        cpu = time.process_time() - start
        of = {k.split(" ", 1)[0]: v for k, v in answers.items() if k.endswith(f" {name}")}
        by_level[cell.level].append(beside(found, cell.E_L_mv, cpu, of))
    return by_level


def _row(level: int, of: list[Beside]) -> str:
    ours, peer = (N_STEPS / np.median([x.cpu_s[which] for x in of]) / 1e6 for which in (0, 1))
    return (
        f"| {level} | {sum(x.spikes for x in of)} | {sum(x.same_steps for x in of)}/{len(of)} "
        f"| {sum(x.same_silence for x in of)}/{len(of)} | {max(x.voltage for x in of):.1e} "
        f"| {max(x.threshold for x in of):.1e} | {max(x.time_s for x in of):.1e} "
        f"| {ours:.0f} | {peer:.2f} |"
    )


def report(by_level: dict[int, list[Beside]], peer: str) -> str:
    """Return the page of results."""
    lines = [
        "# GLIF beside AllenSDK",
        "",
        f"Every {EVERY}th of the 250 published models of 50 cells, {N_STEPS * DT_S:g} s of SYNTHETIC "
        "noise around rheobase each, steps of 0.05 ms. `spike steps` and `silent steps` count runs with "
        "identical ones; voltage and threshold are the largest difference over the largest value of the "
        "run, times those of interpolated spike times in s. Speed: million steps per "
        "second of CPU with everything recorded, one short run each, median. Made by "
        "`python -m benchmarks.glif_compatibility`.",
        "",
        f"- processor: {processor()}",
        f"- allentk: {versions('', ['numpy', 'numba'])}",
        f"- AllenSDK, in its own environment: {versions(peer, ['allensdk', 'numpy'])}",
        "",
        "| level | spikes | spike steps | silent steps | voltage | threshold | spike times, s "
        "| allentk M/s | AllenSDK M/s |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(level, of) for level, of in by_level.items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Compare and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, help="Python of an environment with allensdk")
    peer = parser.parse_args().peer
    RESULTS.write_text(report(compared(peer), peer), encoding="utf-8")


if __name__ == "__main__":
    main()
