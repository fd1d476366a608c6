"""How CPU time grows with sweeps, cells, neurons and edges, in allentk and in a peer of each room.

A few sizes each, the peers at those that take them seconds. Everything is SYNTHETIC, one thread; imports
and compiling are left out. Networks have a process for each size.

    python -m benchmarks.growth --ipfx PYTHON --allensdk PYTHON --nest PYTHON --bmtk PYTHON

A peer that is not given is left out of its table.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from allentk.atomic import write_text
from benchmarks._growth_sources import CELLS, CELLS_PEER, NEURONS, SWEEPS, SWEEPS_PEER
from benchmarks._network_builders import BMTK, OURS
from benchmarks._observatory_sessions import session_a
from benchmarks._paired import Asked, processor, versions
from benchmarks._population_peers import NEST
from benchmarks.network_build import once

RESULTS = Path(__file__).parent / "results" / "growth.md"
RUNS = 3
#: The peak of the chance of a connection, at every number of cells.
PEAK = 0.704

Times = dict[str, float]


@dataclass(frozen=True, slots=True)
class Room:
    """Sizes of ours and of a peer, and how either is timed: CPU seconds by what a size is called."""

    title: str
    about: str
    peer: str
    package: str
    sizes: tuple[int, ...]
    peer_sizes: tuple[int, ...]
    ours: Callable[[Sequence[int]], Times]
    theirs: Callable[[str, Sequence[int]], Times]


def asked(
    python: str, source: str, before: Sequence[str], sizes: Sequence[int]
) -> dict[int, float]:
    """Return the median CPU seconds of every size, in one process; the first answer does not count."""
    with Asked(python, source, [*before, *map(str, sizes)]) as process:
        process.cpu_s(str(sizes[0]))
        return {
            n: statistics.median(process.cpu_s(str(n)) for _ in range(RUNS if n < sizes[-1] else 1))
            for n in sizes
        }


def named(times: Mapping[int, float], unit: str) -> Times:
    """Return times by size in words."""
    return {f"{n:,} {unit}": seconds for n, seconds in times.items()}


def of_allensdk(python: str, sizes: Sequence[int]) -> Times:
    """Time AllenSDK on a session that it reads from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.npz"
        session_a(max(sizes)).save(path)
        return named(asked(python, CELLS_PEER, [str(path)], sizes), "cells")


def of_nest(python: str, sizes: Sequence[int]) -> Times:
    """Time NEST, a process for each size."""
    found = {}
    for n in sizes:
        with Asked(python, NEST, [str(n), "1"]) as process:
            found[n] = process.cpu_s("second")
    return named(found, "neurons")


def of_network(python: str, source: str, cells: Sequence[int]) -> Times:
    """Time building and saving, by the number of edges that came out."""
    runs = [once(python, source, (n, PEAK)) for n in cells]
    return {f"{run['edges']:,.0f} edges": run["build"] + run["save"] for run in runs}


def rooms(quick: bool) -> tuple[Room, ...]:
    """Return what is measured; the short form takes the smaller sizes."""
    end = 2 if quick else None
    here = sys.executable
    return (
        Room(
            "Features of sweeps",
            "Sweeps of 2 s at 50 kHz with 16 spikes: a row of features each.",
            "IPFX",
            "ipfx",
            (3, 10, 30, 100, 300)[:end],
            (3, 10, 30, 100)[:end],
            lambda sizes: named(asked(here, SWEEPS, [], sizes), "sweeps"),
            lambda python, sizes: named(asked(python, SWEEPS_PEER, [], sizes), "sweeps"),
        ),
        Room(
            "Responses of cells",
            "Metrics of drifting gratings of a session of 115,471 frames.",
            "AllenSDK",
            "allensdk",
            (1, 3, 10, 30, 100)[:end],
            (1, 3, 10)[:end],
            lambda sizes: named(asked(here, CELLS, [], sizes), "cells"),
            of_allensdk,
        ),
        Room(
            "GLIF neurons",
            "A second of GLIF5 on noise at steps of 0.1 ms, all spikes kept.",
            "NEST",
            "nest-simulator",
            (100, 1_000, 10_000, 100_000)[:end],
            (100, 1_000, 10_000)[:end],
            lambda sizes: named(asked(here, NEURONS, [], sizes), "neurons"),
            of_nest,
        ),
        Room(
            "Edges of a network",
            "Networks of 1,000 to 20,000 cells, connected by distance and tuning, built and saved.",
            "BMTK",
            "bmtk",
            (1_000, 3_000, 10_000, 20_000)[:end],
            (1_000, 3_000)[:end],
            lambda cells: of_network(here, OURS, cells),
            lambda python, cells: of_network(python, BMTK, cells),
        ),
    )


def table(room: Room, python: str | None) -> list[str]:
    """Measure a room; return its part of the page.

    Sizes of both programs are told in pairs, by rank: the edges that two programs draw differ a little.
    """
    ours = list(room.ours(room.sizes).items())
    theirs = list(room.theirs(python, room.peer_sizes).items()) if python else []
    text = [f"## {room.title}", "", room.about, ""]
    text += ["| size | allentk, s | other | other, s |", "|---|---|---|---|"]
    for rank, (size, seconds) in enumerate(ours):
        other = f"{room.peer} | {theirs[rank][1]:.4g}" if rank < len(theirs) else " | "
        text.append(f"| {size} | {seconds:.4g} | {other} |")
    return [*text, ""]


def main() -> None:
    """Measure all rooms and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    for peer in ("allensdk", "ipfx", "nest", "bmtk"):
        parser.add_argument(f"--{peer}", help=f"Python of an environment with {peer}")
    parser.add_argument("--quick", action="store_true", help="the two smaller sizes")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    text = [
        "# How CPU time grows with size",
        "",
        f"CPU seconds, one thread, median of {RUNS} after a first that does not count; once at the largest "
        "size of several, of NEST and of networks. "
        "SYNTHETIC data. Made by `python -m benchmarks.growth`.",
        "",
        f"- machine: {processor()}; {os.cpu_count()} cores shared with other work, load "
        f"{os.getloadavg()[0]:.1f} before",
        f"- allentk: {versions(sys.executable, ['allentk', 'numpy', 'numba'])}",
    ]
    parts: list[str] = []
    for room in rooms(options.quick):
        python = getattr(options, room.package.split("-")[0])
        if python:
            text.append(f"- {room.peer}: {versions(python, [room.package, 'numpy'])}")
        parts += table(room, python)
        write_text(RESULTS, "\n".join([*text, "", *parts]))


if __name__ == "__main__":
    main()
