"""Networks in allentk beside the same networks in NEST, which runs in an environment of its own.

    python -m benchmarks.network_nest --peer /path/to/nest/bin/python

Every run is a process of its own, the two programs in turns.
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
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.io.glif_nest import nest_parameters
from allentk.models import GLIFParameters
from allentk.network import (
    CurrentClamp,
    Network,
    PoissonInput,
    Population,
    Projection,
    Receptor,
    visual,
)
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "network_nest.md"
PEER = Path(__file__).parent / "_network_nest_peer.py"
DT_MS = 0.1
CELL = GLIFParameters(
    level=3,
    C_pf=100.0,
    R_mohm=200.0,
    E_L_mv=-70.0,
    th_inf_mv=23.0,
    t_ref_s=0.003,
    asc_amp_pa=(-10.0, -60.0),
    asc_tau_s=(0.3, 0.03),
)
EXCITATION, INHIBITION = Receptor(0.002, 1), Receptor(0.002, -1)
#: Steps by which everything is later in NEST, where a current travels for a step.
LATE = 2
Answer = dict[str, Any]


def balanced_question(n_cells: int, n_in: int, scale: float, run_ms: float) -> Answer:
    """Return the large network, or a smaller one with weights times `scale`."""
    return {
        "network": "balanced",
        "dt_ms": DT_MS,
        "n_cells": n_cells,
        "n_in": n_in,
        "background_hz": 11000.0,
        "excitation_pa": 2.0,
        "recurrent_pa": 2.0 * scale,
        "inhibition_pa": -10.0 * scale,
        "delay_ms": 1.5,
        "warm_ms": 100.0,
        "run_ms": run_ms,
    }


def balanced(asked: Answer) -> Network:
    """Build it: 80 % excitatory cells, fixed in-degree, one weight and delay."""
    n, n_in = asked["n_cells"], asked["n_in"]
    sizes = {"exc": n * 4 // 5, "inh": n // 5}
    rng = np.random.default_rng(asked["seed"])
    projections = []
    for source, degree, weight, receptor in (
        ("exc", n_in * 4 // 5, asked["recurrent_pa"], EXCITATION),
        ("inh", n_in // 5, asked["inhibition_pa"], INHIBITION),
    ):
        for target, size in sizes.items():
            sources = rng.integers(0, sizes[source], size * degree, dtype=np.int32)
            sources.flags.writeable = False  # what nobody can write to is not copied
            indptr = np.arange(size + 1) * degree
            delay = asked["delay_ms"] * 1e-3
            projections.append(Projection(source, target, indptr, sources, weight, delay, receptor))
    populations = [Population(k, (CELL,), pd.DataFrame(index=range(m))) for k, m in sizes.items()]
    weight = asked["excitation_pa"]
    background = [
        PoissonInput(k, np.full(m, asked["background_hz"]), np.full(m, weight), EXCITATION)
        for k, m in sizes.items()
    ]
    return Network(populations, projections, background)


def noiseless_question() -> Answer:
    """Return a small network without noise: levels 1 and 3, two receptors, four delays."""
    rng = np.random.default_rng(5)
    n, edges = 40, 600
    source = rng.integers(0, n, edges)
    inhibits = source >= 32
    return {
        "network": "noiseless",
        "dt_ms": DT_MS,
        "seed": 0,
        "models": [_cell(number) for number in range(n)],
        "edges": {
            "source": source.tolist(),
            "target": rng.integers(0, n, edges).tolist(),
            "weight_pa": np.where(inhibits, -32.0, 16.0).tolist(),
            "delay_ms": rng.choice([0.5, 1.0, 1.7, 2.9], edges).tolist(),
            "port": np.where(inhibits, 2, 1).tolist(),
        },
        "amplitude_pa": (120.0 + 60.0 * rng.random(n)).round(3).tolist(),
        "start_ms": (1.0 + rng.integers(0, 300, n) * 0.1).round(1).tolist(),
        "warm_ms": 100.0,
        "run_ms": 900.0,
    }


def _cell(number: int) -> Answer:
    """Return the parameters of a cell of the small network: every other one is of level 3."""
    held = {
        "level": 1,
        "C_pf": 80.0 + number,
        "R_mohm": 200.0,
        "E_L_mv": -70.0,
        "th_inf_mv": 20.0,
        "t_ref_s": 0.003,
    }
    if number % 2:
        held |= {"level": 3, "asc_amp_pa": (-10.0, -60.0), "asc_tau_s": (0.3, 0.03)}
    return held


def noiseless(asked: Answer) -> Network:
    """Build it."""
    models = tuple(GLIFParameters(**model) for model in asked["models"])
    n = len(models)
    edges = {name: np.array(values) for name, values in asked["edges"].items()}
    cells = Population("exc", models, pd.DataFrame({"model": np.arange(n)}))
    projections = []
    for port, receptor in ((1, EXCITATION), (2, INHIBITION)):
        mine = edges["port"] == port
        projections.append(
            Projection.from_edges(
                "exc",
                "exc",
                edges["source"][mine],
                edges["target"][mine],
                edges["weight_pa"][mine],
                edges["delay_ms"][mine] * 1e-3,
                receptor,
                n_targets=n,
            )
        )
    starts = np.array(asked["start_ms"]) * 1e-3
    clamp = CurrentClamp("exc", np.arange(n), asked["amplitude_pa"], starts, np.full(n, np.inf))
    return Network([cells], projections, currents=[clamp])


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def answer(asked: Answer, path: Path) -> None:
    """Run a network here and write spikes and costs; called in a process of its own."""
    from allentk.simulation.network_engine import simulate_network

    imported, began = _peak_mb(), time.process_time()
    network = {"balanced": balanced, "noiseless": noiseless}[asked["network"]](asked)
    built = time.process_time()
    options: Answer = {"dt_s": DT_MS * 1e-3, "seed": asked["seed"], "progress": False}
    simulate_network(network, visual.gray(asked["warm_ms"] * 1e-3), **options)
    warm = time.process_time()
    simulate_network(network, visual.gray(asked["warm_ms"] * 1e-3), **options)
    again = time.process_time()
    whole_s = (asked["warm_ms"] + asked["run_ms"]) * 1e-3
    response = simulate_network(network, visual.gray(whole_s), **options)
    done = time.process_time()
    cost = {"build": built - began, "warm": warm - built, "run": done - again - (again - warm)}
    cost["memory"] = _peak_mb() - imported
    found: Answer = {}
    for number, trains in enumerate(response.spikes.values()):
        found[f"steps_{number}"] = np.rint(trains.times_s * 1e3 / DT_MS).astype(np.int64)
        found[f"ids_{number}"] = trains.ids
    np.savez(path, cost=json.dumps(cost), **found)


def for_nest(asked: Answer) -> Answer:
    """Return what NEST is asked: its parameters in place of ours."""
    if asked["network"] == "balanced":
        return {**asked, "cell": {**nest_parameters(CELL), "tau_syn": [2.0, 2.0]}}
    cells = [
        {**nest_parameters(GLIFParameters(**model)), "tau_syn": [2.0, 2.0]}
        for model in asked["models"]
    ]
    pulses = [
        {"amplitude_times": [round(start + DT_MS, 6)], "amplitude_values": [amplitude]}
        for start, amplitude in zip(asked["start_ms"], asked["amplitude_pa"], strict=True)
    ]
    return {**asked, "cells": cells, "pulses": pulses}


def run(python: str, asked: Answer, folder: Path) -> Answer:
    """Run a network in a process of its own: NEST's, or ours where `python` is empty."""
    question, answered = folder / "asked.json", folder / "answer.npz"
    question.write_text(json.dumps(for_nest(asked) if python else asked))
    here = [
        sys.executable,
        "-m",
        "benchmarks.network_nest",
        "--answer",
        str(answered),
        str(question),
    ]
    there = [python, str(PEER), str(question), str(answered)]
    subprocess.run(there if python else here, check=True, stdout=subprocess.DEVNULL)
    with np.load(answered) as held:
        return {**{name: held[name] for name in held.files}, "cost": json.loads(str(held["cost"]))}


def statistics_of(found: Answer, asked: Answer) -> dict[str, float]:
    """Return rates, CV of intervals and correlation of counts in 10 ms, after the warm-up."""
    warm, duration = asked["warm_ms"] / DT_MS, asked["run_ms"] * 1e-3
    n = asked["n_cells"]
    out: dict[str, float] = {}
    for number, (name, size) in enumerate((("exc", n * 4 // 5), ("inh", n // 5))):
        late = found[f"steps_{number}"] > warm
        steps, ids = found[f"steps_{number}"][late], found[f"ids_{number}"][late]
        out[f"rate {name}, Hz"] = steps.size / size / duration
        out[f"CV {name}"] = _cv(steps, ids)
        out[f"correlation {name}"] = _correlation(steps - warm, ids, round(asked["run_ms"] / 10))
    return out


def _cv(steps: NDArray[np.int64], ids: NDArray[np.int64]) -> float:
    """Return the mean CV of the intervals of cells with five spikes or more."""
    order = np.lexsort((steps, ids))
    _, counts = np.unique(ids[order], return_counts=True)
    trains = np.split(steps[order], np.cumsum(counts)[:-1])
    found = [np.diff(train) for train in trains if train.size >= 5]
    return float(np.mean([x.std() / x.mean() for x in found])) if found else float("nan")


def _correlation(steps: NDArray[np.float64], ids: NDArray[np.int64], n_bins: int) -> float:
    """Return the mean correlation of the counts of 200 cells that spike."""
    cells = np.unique(ids)[:200]
    counts = np.zeros((cells.size, n_bins))
    mine = np.isin(ids, cells)
    bins = np.minimum((steps[mine] * DT_MS / 10).astype(int), n_bins - 1)
    np.add.at(counts, (np.searchsorted(cells, ids[mine]), bins), 1)
    found = np.corrcoef(counts[counts.std(axis=1) > 0])
    return float(found[np.triu_indices(len(found), 1)].mean())


def same_spikes(ours: Answer, nest: Answer, asked: Answer) -> tuple[int, bool]:
    """Return the number of spikes, and whether all of them lie in the same steps."""
    last = (asked["warm_ms"] + asked["run_ms"]) / DT_MS - LATE
    trains = []
    for found, late in ((ours, 0), (nest, LATE)):
        steps, ids = found["steps_0"] - late, found["ids_0"]
        early = steps <= last
        order = np.lexsort((ids[early], steps[early]))
        trains.append(np.stack([steps[early], ids[early]])[:, order])
    return trains[0].shape[1], bool(np.array_equal(*trains))


def compare(
    peer: str, asked: Answer, seeds: int, folder: Path
) -> tuple[list[Answer], list[Answer]]:
    """Run both programs in turns, a seed after the other."""
    ours, theirs = [], []
    for seed in range(seeds):
        question = {**asked, "seed": seed}
        for python in ("", peer) if seed % 2 else (peer, ""):
            found = run(python, question, folder)
            kept = {"cost": found["cost"], "statistics": statistics_of(found, asked)}
            (theirs if python else ours).append(kept)
            print(python or "allentk", seed, kept, flush=True)
    return ours, theirs


def _cost_rows(asked: Answer, ours: list[Answer], theirs: list[Answer]) -> list[str]:
    rows = []
    names = {
        "build": "build, CPU s",
        "warm": "first 100 ms, CPU s",
        "run": "per biological second, CPU s",
        "memory": "growth of memory, MB",
    }
    for key, name in names.items():
        per = 1e3 / asked["run_ms"] if key == "run" else 1.0
        a, b = ([per * run["cost"][key] for run in runs] for runs in (ours, theirs))
        ratio = statistics.median(y / x for x, y in zip(a, b, strict=True))
        rows.append(
            f"| {name} | {statistics.median(a):.3g} | {statistics.median(b):.3g} | {ratio:.3g} |"
        )
    return rows


def _statistics_rows(ours: list[Answer], theirs: list[Answer]) -> list[str]:
    rows = []
    for name in ours[0]["statistics"]:
        a, b = (np.array([run["statistics"][name] for run in runs]) for runs in (ours, theirs))
        if np.isnan([*a, *b]).any():
            continue  # too few spikes per cell in so short a run
        error = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a)) if len(a) > 1 else np.nan
        z = (a.mean() - b.mean()) / error
        rows.append(
            f"| {name} | {a.mean():.4f} ± {a.std():.4f} | {b.mean():.4f} ± {b.std():.4f} | {z:+.2f} |"
        )
    return rows


def report(peer: str, load: float, noise: tuple[int, bool], parts: list[tuple[str, Any]]) -> str:
    """Return the page of results."""
    lines = [
        "# Networks beside NEST",
        "",
        "The balanced network: GLIF3 cells (80 % excitatory), fixed in-degree, weights 2 and -10 pA, delay "
        "1.5 ms, 11 kHz of Poisson input to each cell, steps of 0.1 ms, one thread. SYNTHETIC parameters. "
        "Made by `python -m benchmarks.network_nest`.",
        "",
        f"- processor: {processor()}; {os.cpu_count()} cores shared with other work, load {load:.1f}: "
        f"compare within a row",
        f"- allentk: {versions(sys.executable, ['numpy', 'numba'])}",
        f"- NEST, in its own environment: {versions(peer, ['nest-simulator', 'numpy'])}",
        "- first 100 ms: with the loading of compiled code and the sorting of edges (allentk), or the "
        "making of its tables (NEST); memory: peak of the process over that after imports, network, "
        "engine and spikes together",
        "",
        f"Without noise (40 cells of levels 1 and 3, 600 edges, two receptors, four delays, 1 s): "
        f"{noise[0]} spikes, {'every one in the same step' if noise[1] else 'NOT all the same'} in both.",
    ]
    for title, rows in parts:
        lines += ["", title, "", *rows]
    return "\n".join([*lines, ""])


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="Python of an environment with NEST")
    parser.add_argument("--large", type=int, default=5, help="pairs of runs of the large network")
    parser.add_argument("--seeds", type=int, default=10, help="seeds of the smaller one")
    parser.add_argument("--run-ms", type=float, default=1000.0, help="of the large network")
    parser.add_argument("--answer", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer(json.loads(Path(options.answer[1]).read_text()), Path(options.answer[0]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder, peer = Path(name), options.peer
        asked = noiseless_question()
        noise = same_spikes(run("", asked, folder), run(peer, asked, folder), asked)
        print(noise, flush=True)
        parts: list[tuple[str, Any]] = []
        for title, question, seeds in (
            (
                "2,000 cells, 200 inputs each, weights times 2.2",
                balanced_question(2000, 200, 2.2, 1000.0),
                options.seeds,
            ),
            (
                "10,000 cells, 1,000 inputs each: 10 million edges",
                balanced_question(10_000, 1000, 1.0, options.run_ms),
                options.large,
            ),
        ):
            if seeds:
                ours, theirs = compare(peer, question, seeds, folder)
                head = f"## {title}\n\n{seeds} seeds, {question['run_ms'] / 1e3:g} s each"
                cost = ["| | allentk | NEST | NEST / allentk |", "|---|---|---|---|"]
                rates = ["| mean ± sd over seeds | allentk | NEST | z |", "|---|---|---|---|"]
                parts.append((head, cost + _cost_rows(question, ours, theirs)))
                parts.append(("", rates + _statistics_rows(ours, theirs)))
                RESULTS.write_text(report(peer, os.getloadavg()[0], noise, parts), encoding="utf-8")


if __name__ == "__main__":
    main()
