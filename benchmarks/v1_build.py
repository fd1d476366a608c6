"""The V1 models at full scale: built and saved, with time, memory, and connections beside the tables.

Each variant runs in a process of its own. Connections expected are integrated here from the tables,
without the rules of the package: pairs are drawn by the kernel of the chance, and weighted.

    python -m benchmarks.v1_build --tables /path/to/data/network/v1 [--variant 2026] [--scale 1]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allentk.network import Network, Population, recipes
from allentk.network.recipes.v1_tables import VARIANTS, pairs_2026, populations, read_table
from allentk.network.sonata_write import write_network
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "v1_build.md"

#: Published sums, in millions: pairs by sign, or edges in all; the 2026 file lists every synapse of
#: the LGN.
PUBLISHED = {"billeh2020": {"ee": 45.3, "ei": 9.4, "ie": 12.7, "ii": 2.6}, "2026": {"all": 179.7}}

#: Minutes of wall clock and GB.
BARS = {"billeh2020": (10, 12), "2026": (25, 16)}

TARGETS, SOURCES = 20_000, 16

INPUTS = {"2026": "inputs_2026", "billeh2020": "inputs_2020"}


def main() -> None:
    """Build the variants in turn and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--variant", choices=list(VARIANTS), action="append")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--here", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        print("@" + json.dumps(measure(asked.here, asked.tables, asked.scale, asked.jobs)))
        return
    found = {}
    for variant in asked.variant or list(VARIANTS):
        command = [sys.executable, "-m", "benchmarks.v1_build", "--here", variant]
        command += ["--tables", str(asked.tables), "--scale", str(asked.scale)]
        command += ["--jobs", str(asked.jobs)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        answer = next(line for line in done.stdout.splitlines() if line.startswith("@"))
        found[variant] = json.loads(answer[1:])
        print(variant, json.dumps(found[variant], indent=1), flush=True)
    if asked.scale == 1.0:
        asked.output.write_text(report(found))


def measure(variant: str, tables: Path, scale: float, jobs: int) -> dict[str, Any]:
    """Build and save one variant; return seconds, memory and connections."""
    # before anything is compiled or read
    started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    recipes.v1(variant, scale=0.001, tables=tables)
    clock = Clock()
    module = sys.modules["allentk.network.recipes.v1"]
    inputs = getattr(module, INPUTS[variant])
    setattr(module, INPUTS[variant], clock.timed("LGN", inputs))
    with clock.part("build"):
        network = recipes.v1(variant, scale=scale, tables=tables, n_jobs=jobs)
    folder = Path(tempfile.mkdtemp(prefix="v1_build_"))
    names = [p.name for p in network.populations if not p.virtual]
    try:
        with clock.part("save"):
            write_network(network, folder / "v1", merge={"v1": names})
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9
    finally:
        shutil.rmtree(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "cells": network.n_cells,
        "virtual": sum(len(p) for p in network.populations if p.virtual),
        "seconds": clock.seconds,
        "peak_gb": peak,
        "imported_gb": started,
        "file_gb": size,
        **counts(network, variant),
    }


class Clock:
    """Wall clock and CPU seconds of parts."""

    def __init__(self) -> None:
        self.seconds: dict[str, tuple[float, float]] = {}

    def part(self, name: str) -> Any:
        """Return a context whose time counts for a name."""
        return _Timer(self, name)

    def timed(self, name: str, call: Callable[..., Iterator[Any]]) -> Callable[..., list[Any]]:
        """Return a function whose time counts for a name."""

        def run(*args: object) -> list[Any]:
            with self.part(name):
                return list(call(*args))

        return run


class _Timer:
    def __init__(self, clock: Clock, name: str) -> None:
        self.clock, self.name = clock, name

    def __enter__(self) -> None:
        self.start = time.perf_counter(), time.process_time()

    def __exit__(self, *args: object) -> None:
        wall, cpu = time.perf_counter() - self.start[0], time.process_time() - self.start[1]
        self.clock.seconds[self.name] = (wall, cpu)


def counts(network: Network, variant: str) -> dict[str, Any]:
    """Return sums of connections, and how those of every pair of populations lie beside the expected."""
    cells = {p.name: p for p in network.populations if not p.virtual}
    built = {(p.source, p.target): p for p in network.projections}
    rows, shapes = [], {}
    table = populations(variant)
    for source in cells.values():
        for target in cells.values():
            signs = (int(table.loc[source.name, "sign"]), int(table.loc[target.name, "sign"]))
            if (wanted := kernel(variant, source.name, target.name, signs)) is None:
                continue
            key = (wanted["sigma"], signs, target.name)
            if key not in shapes:
                shapes[key] = geometry(target, wanted, table, variant)
            mean, spread = expected(source, target, wanted, shapes[key])
            edges = (
                built[source.name, target.name].n_edges
                if (source.name, target.name) in built
                else 0
            )
            kind = "".join("e" if sign > 0 else "i" for sign in signs)
            rows.append((source.name, target.name, kind, mean, spread, edges))
    columns = ["source", "target", "kind", "expected", "sigma", "edges"]
    frame = pd.DataFrame(rows, columns=columns)
    off = (frame["edges"] - frame["expected"]).abs()
    good = (off <= 0.01 * frame["expected"]) | (off <= 4 * frame["sigma"])
    of_lgn = [p for p in network.projections if p.source == "LGN"]
    return {
        "expected": (frame.groupby("kind")["expected"].sum() / 1e6).to_dict(),
        "edges": (frame.groupby("kind")["edges"].sum() / 1e6).to_dict(),
        "pairs": len(frame),
        "good": int(good.sum()),
        "worst": frame[~good].to_dict("records"),
        "lgn_edges": sum(p.n_edges for p in of_lgn) / 1e6,
        "lgn_synapses": sum(int(p.n_synapses.sum(dtype="int64")) for p in of_lgn) / 1e6,
        "background": sum(p.n_edges for p in network.projections if p.source == "background") / 1e6,
    }


def kernel(variant: str, source: str, target: str, signs: tuple[int, int]) -> dict[str, Any] | None:
    """Return peak, deviations along and across, shift and tuning of two populations."""
    table = populations(variant)
    types = table.loc[source, "type"], table.loc[target, "type"]
    if variant == "2026":
        sigma = {(1, 1): 127.0, (1, -1): 99.84, (-1, 1): 96.6, (-1, -1): 126.77}[signs]
        stretch = 1.5 if signs[0] > 0 else 1.0
        return {
            "peak": float(pairs_2026().loc[types, "pmax"]),
            "sigma": (sigma / stretch, sigma * stretch),
            "shift": -50.0 if signs[0] > 0 else 50.0,
            "ratio": 0.5 if signs == (1, 1) else 1.0,
        }
    near = read_table("v1_billeh2020_probability.csv").set_index("source").loc[types[0], types[1]]
    if near == 0:
        return None
    pv = {"e": types[1].endswith("P"), "i": types[0].endswith("P")}[types[0][0]]
    widths = {"ee": 114, "ei": 92 if pv else 103, "ie": 95 if pv else 85, "ii": 120}
    sigma = widths[types[0][0] + types[1][0]]
    peak = near / ((sigma / 75) ** 2 * (1 - math.exp(-((75 / sigma) ** 2))))
    ratio = (0.8 if "e5" in types else 0.5) if signs == (1, 1) else 1.0
    width = sigma / math.sqrt(2)
    return {"peak": min(1.0, peak), "sigma": (width, width), "shift": 0.0, "ratio": ratio}


def geometry(
    target: Population, wanted: dict[str, Any], table: pd.DataFrame, variant: str
) -> tuple[Any, Any, Any]:
    """Return fall-off and size of pairs drawn by the kernel, and which of them have the source inside."""
    rng = np.random.default_rng(len(target))
    radius = radius_of(target, variant, table)
    away, turn = radius * np.sqrt(rng.random(TARGETS)), rng.uniform(0, 2 * math.pi, TARGETS)
    place = np.stack([away * np.cos(turn), away * np.sin(turn)])[..., None]
    angle = rng.uniform(0, 2 * math.pi, TARGETS)
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    steps = rng.standard_normal((2, TARGETS, SOURCES))
    shift = np.where(away <= radius * 6 / 7, wanted["shift"], 0.0)[:, None]
    along, across = (s * step for s, step in zip(wanted["sigma"], steps, strict=True))
    found = place + axes[0][..., None] * (along + shift) + axes[1][..., None] * across
    inside = np.hypot(*found) <= radius
    size = np.ones(TARGETS)
    if "relative_size" in target.nodes:
        size = rng.choice(target.nodes["relative_size"].to_numpy(), TARGETS)
    return np.exp(-(steps**2).sum(axis=0) / 2), size[:, None], inside


def radius_of(target: Population, variant: str, table: pd.DataFrame) -> float:
    """Return the radius of a column of this many cells."""
    share = len(target) / table.loc[target.name, "n_cells"]
    return VARIANTS[variant] * math.sqrt(min(1.0, share)) if share < 0.99 else VARIANTS[variant]


def expected(
    source: Population, target: Population, wanted: dict[str, Any], shape: tuple[Any, Any, Any]
) -> tuple[float, float]:
    """Return connections of two populations, and their deviation over seeds."""
    fall, size, inside = shape
    rng = np.random.default_rng(len(source))
    same = 2 / (1 + wanted["ratio"])
    apart = rng.uniform(0, 90, fall.shape)
    tuned = wanted["peak"] * (same + (2 - 2 * same) * apart / 90)
    ratio = np.minimum(1.0, tuned * size * fall) / fall * inside
    radius = np.hypot(source.nodes["x_um"], source.nodes["z_um"]).max()
    pairs = len(target) * (len(source) - (source.name == target.name))
    area = 2 * wanted["sigma"][0] * wanted["sigma"][1] / radius**2
    mean = pairs * area * float(ratio.mean())
    # nodes differ in how much of their kernel lies within the column
    rim = float(inside.mean(axis=1).var() / max(float(inside.mean()) ** 2, 1e-9))
    spread = mean + mean**2 * rim * (1 / len(source) + 1 / len(target))
    return mean, math.sqrt(spread)


def report(found: dict[str, dict[str, Any]]) -> str:
    """Return the page of results."""
    lines = [
        "# The V1 models at full scale: built and saved",
        "",
        "The whole networks, edges in memory and then as SONATA files with both indices "
        "(`write_network`, all cells one",
        "population `v1`), on two threads; CPU seconds of the process, wall clock on a machine that was "
        "busy with other",
        "work, peak memory of the process. Compiling is not counted. Made by `python -m "
        "benchmarks.v1_build`.",
        "",
        f"- machine: {processor()}, {os.cpu_count()} cores",
        f"- {versions(sys.executable, ['allentk', 'numpy', 'numba', 'pandas', 'h5py'])}",
        "",
        "| variant | cells | LGN cells | build, CPU s (wall) | of it LGN | save, CPU s (wall) | all, "
        "minutes of wall "
        "clock (bar) | peak, GB (bar) | files, GB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for variant, one in found.items():
        spent = one["seconds"]
        both = (spent["build"][0] + spent["save"][0]) / 60
        cells = [
            f"{spent[name][1]:.0f} ({spent[name][0]:.0f})" for name in ("build", "LGN", "save")
        ]
        bar = BARS[variant]
        lines.append(
            f"| {variant} | {one['cells']:,} | 17,400 | {cells[0]} | {cells[1]} | {cells[2]} | {both:.1f} "
            f"({bar[0]}) | {one['peak_gb']:.1f} ({bar[1]}) | {one['file_gb']:.1f} |"
        )
    lines += [
        "",
        "Connections in millions, by the signs of source and target. Expected: integrated over the "
        "column from the",
        "published tables, outside the package's rules. A pair of populations counts as right where "
        "what was sampled",
        "is within 1 % of it or 4 standard deviations.",
        "",
        "| variant | | E to E | E to I | I to E | I to I | within V1 | LGN (synapses) | background |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for variant, one in found.items():
        for name in ("expected", "edges"):
            sums = one[name]
            of = " | ".join(f"{sums[kind]:.2f}" for kind in ("ee", "ei", "ie", "ii"))
            tail = (
                f"{one['lgn_edges']:.1f} ({one['lgn_synapses']:.1f}) | {one['background']:.2f}"
                if name == "edges"
                else "| "
            )
            said = "sampled" if name == "edges" else "expected"
            lines.append(f"| {variant} | {said} | {of} | {sum(sums.values()):.2f} | {tail} |")
        published = PUBLISHED[variant]
        if "ee" in published:
            of = " | ".join(str(published[kind]) for kind in ("ee", "ei", "ie", "ii"))
            lines.append(f"| {variant} | published | {of} | {sum(published.values()):.1f} | | |")
    lines += [""]
    for variant, one in found.items():
        lines.append(
            f"- {variant}: {one['good']} of {one['pairs']} pairs of populations are right."
        )
    if "2026" in found:
        one = found["2026"]
        rows = sum(one["edges"].values()) + one["lgn_synapses"] + one["background"]
        lines.append(
            f"- 2026: a published table of run times has {PUBLISHED['2026']['all']} million edges for "
            f"203,816 cells. BMTK "
            f"writes a row per synapse where synapses have weights of their own, as those of the LGN "
            f"do: connections "
            f"within V1, synapses of the LGN and background together are {rows:.1f} million here."
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
