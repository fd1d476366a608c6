"""Speed of one GLIF neuron on one core, in turns with AllenSDK's GlifNeuron.

AllenSDK runs in an environment of its own. Published models, SYNTHETIC noise currents.

    python -m benchmarks.glif_speed --peer /path/to/allensdk/bin/python
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from allentk.progress import track
from benchmarks._glif_cells import published
from benchmarks._paired import Asked, pairs, processor, versions

RESULTS = Path(__file__).parent / "results" / "glif_speed.md"
CELLS, RUNS = 3, 5
OURS_STEPS, THEIR_STEPS = 4_000_000, 40_000

#: Both make the same noise; the shorter run sees the first part of it many times over.
CURRENT = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
configs = json.load(open(sys.argv[1]))
def current(config, steps):
    threshold = config["th_inf"] * config["coeffs"]["th_inf"]
    noise = np.random.default_rng(1).normal(size=40_000)
    slow = np.convolve(noise, np.full(100, 0.1), mode="same")
    once = abs(threshold / config["R_input"]) * (1.4 + 0.6 * slow) * 1e12
    return np.tile(once, steps // once.size)
"""
OURS = f"""
from allentk.io import read_glif
from allentk.simulation import simulate
from allentk.simulation.glif import spike_steps
asked = {{}}
for name, config in configs.items():
    def runs(cell=read_glif(config), given=current(config, {OURS_STEPS})):
        yield "spikes", lambda: spike_steps(cell, given, dt_s=5e-5)
        yield "recorded", lambda: simulate(cell, given, dt_s=5e-5)
        yield "allensdk", lambda: simulate(cell, given, dt_s=5e-5, compatibility="allensdk")
    asked.update({{what + " " + name: run for what, run in runs()}})
"""
THEIRS = f"""
from allensdk.model.glif.glif_neuron import GlifNeuron
asked = {{}}
for name, config in configs.items():
    def run(config=config, given=current(config, {THEIR_STEPS}) * 1e-12):
        return GlifNeuron.from_dict(config).run(given)
    asked[name] = run
"""
KINDS = {
    "spikes": "spikes only",
    "recorded": "spikes, voltage, threshold, after-spike currents",
    "allensdk": '`compatibility="allensdk"`, all recorded',
}


def measured(peer: str) -> dict[str, dict[str, tuple[float, float]]]:
    """Return million steps per second of both, by kind and model."""
    configs = dict(published()[: 5 * CELLS])
    found: dict[str, dict[str, tuple[float, float]]] = {kind: {} for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "configs.json"
        path.write_text(json.dumps(configs), encoding="utf-8")
        with (
            Asked(sys.executable, CURRENT + OURS, [str(path)]) as ours,
            Asked(peer, CURRENT + THEIRS, [str(path)]) as theirs,
        ):
            for name in track(list(configs), "measuring"):
                for kind in KINDS:
                    mine, other = pairs((ours, f"{kind} {name}"), (theirs, name), RUNS)
                    found[kind][name] = (
                        OURS_STEPS / statistics.median(mine) / 1e6,
                        THEIR_STEPS / statistics.median(other) / 1e6,
                    )
    return found


def _row(kind: str, level: int, of: dict[str, tuple[float, float]]) -> str:
    rates = [pair for name, pair in of.items() if name.endswith(f"GLIF{level}")]
    ours, theirs = zip(*rates, strict=True)
    times = statistics.median(a / b for a, b in rates)
    return (
        f"| {KINDS[kind]} | {level} | {min(ours):.0f} - {max(ours):.0f} "
        f"| {min(theirs):.3f} - {max(theirs):.3f} | {times:.0f} |"
    )


def report(found: dict[str, dict[str, tuple[float, float]]], peer: str) -> str:
    """Return the page of results."""
    lines = [
        "# Speed of one GLIF neuron",
        "",
        f"Million steps per second of CPU on one core, {CELLS} published cells, SYNTHETIC noise around "
        f"rheobase; smallest and largest over the cells of the median of {RUNS} runs, in turns with "
        f"AllenSDK. A run is {OURS_STEPS:,} steps in allentk and {THEIR_STEPS:,} in AllenSDK, which "
        "always records everything. Made by `python -m benchmarks.glif_speed`.",
        "",
        f"- processor: {processor()}",
        f"- allentk: {versions('', ['numpy', 'numba'])}",
        f"- AllenSDK, in its own environment: {versions(peer, ['allensdk', 'numpy'])}",
        "",
        "| what | level | allentk | AllenSDK | times, median |",
        "|---|---|---|---|---|",
        *(_row(kind, level, of) for kind, of in found.items() for level in range(1, 6)),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, help="Python of an environment with allensdk")
    peer = parser.parse_args().peer
    RESULTS.write_text(report(measured(peer), peer), encoding="utf-8")


if __name__ == "__main__":
    main()
