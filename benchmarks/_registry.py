"""What there is to run: each comparison with its arguments, and what it needs.

In arguments ``{allensdk}`` and the other names of `benchmarks._peers.PEERS` stand for the interpreter of
that environment, ``{shared}`` for the folder of real data, ``{work}`` for one that is kept between runs.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks._peers import PEERS

__all__ = ["BENCHMARKS", "OTHER_PROGRAMS", "Benchmark", "named"]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A comparison: its module, its room, its arguments, its time in minutes, its short form.

    Attributes
    ----------
    name : str
        The module in this folder, and the page in ``results``.
    room : str
        What part of the package it is about.
    arguments : str
        Of its command line, with the places named above.
    minutes : int
        About how long it takes on two quiet cores.
    quick : str or None
        Arguments of the short form; None where there is none.
    smaller : mapping of str to object
        Constants of the module that the short form replaces.
    real : bool
        It reads real data, by ``ALLENTK_SHARED`` where no argument says so.
    """

    name: str
    room: str
    arguments: str
    minutes: int
    quick: str | None = None
    smaller: Mapping[str, object] = field(default_factory=dict)
    real: bool = False

    def places(self, quick: bool = False) -> set[str]:
        """Return the names in braces of the arguments."""
        text = self.quick if quick else self.arguments
        return {place for _, place, _, _ in string.Formatter().parse(text or "") if place}

    def peers(self, quick: bool = False) -> list[str]:
        """Return the environments that it asks for."""
        return [name for name in PEERS if name in self.places(quick)]

    def needs_data(self, quick: bool = False) -> bool:
        """Return whether the folder of real data must be given."""
        return self.real or "shared" in self.places(quick)


BENCHMARKS: tuple[Benchmark, ...] = (
    # data
    Benchmark("download_faults", "data", "", 20),
    Benchmark("table_opening", "data", "", 3),
    Benchmark("ontology_parity", "data", "{ipfx}", 1, "{ipfx}"),
    Benchmark(
        "nwb1_reading",
        "data",
        "--peer {allensdk}",
        3,
        "--peer {allensdk} --sweeps 6 --samples 200000 --runs 3",
    ),
    Benchmark(
        "observatory_reading",
        "data",
        "--peer {allensdk}",
        3,
        "--peer {allensdk} --cells 20 --runs 3",
    ),
    # features
    Benchmark(
        "feature_speed",
        "features",
        "--peer {ipfx} --sweeps {work}",
        12,
        "--peer {ipfx} --sweeps {work} --runs 1",
        {"RATES": (50_000,)},
    ),
    Benchmark(
        "efel_parity", "features", "--peer {ipfx} --recordings {shared}/data/recordings", 5
    ),
    Benchmark("vector_parity", "features", "--peer {ipfx}", 8),
    Benchmark("quality_parity", "features", "{ipfx}", 2, "{ipfx}"),
    Benchmark(
        "train_parity", "features", "--ipfx {ipfx} --allensdk {allensdk}", 5, real=True
    ),
    Benchmark("cell_classes", "features", "--tables {shared}/data/cell_types", 6),
    # point neurons
    Benchmark("glif_compatibility", "point neurons", "--peer {allensdk}", 3, real=True),
    Benchmark(
        "glif_speed",
        "point neurons",
        "--peer {allensdk}",
        8,
        "--peer {allensdk}",
        {"CELLS": 1, "RUNS": 1, "OURS_STEPS": 1_000_000, "THEIR_STEPS": 10_000},
        real=True,
    ),
    Benchmark("glif_recovery", "point neurons", "--work {work} --evaluations 100", 90, real=True),
    Benchmark(
        "glif_noise_cell",
        "point neurons",
        "--recording {shared}/data/recordings/noise/gif_pozzorini_test9.npz --evaluations 1000",
        4,
    ),
    Benchmark("nest_agreement", "point neurons", "--peer {nest}", 3, real=True),
    Benchmark(
        "population_speed", "point neurons", "--nest {nest} --brian2 {brian2}", 15, real=True
    ),
    # cells with dendrites
    Benchmark("tree_speed", "cells with dendrites", "--shared {shared}", 5),
    Benchmark("reduced_speed", "cells with dendrites", "--shared {shared}", 6),
    Benchmark("biophysical_fit", "cells with dendrites", "--data {shared}/data", 240),
    Benchmark("biophysical_recovery", "cells with dendrites", "", 60),
    # networks
    Benchmark("network_build", "networks", "--bmtk {bmtk}", 8),
    Benchmark("sonata_readers", "networks", "--peer {bmtk}", 2, "--peer {bmtk}"),
    Benchmark(
        "network_nest", "networks", "--peer {nest} --large 2 --run-ms 300", 6,
        "--peer {nest} --seeds 2 --large 0",
    ),
    Benchmark("lgn_filternet", "networks", "--peer {bmtk}", 8),
    Benchmark("v1_build", "networks", "--tables {shared}/data/network/v1", 20),
    # responses
    Benchmark(
        "traces_speed",
        "responses",
        "--peer {allensdk} --cells 1 --frames 40000",
        5,
        "--peer {allensdk} --cells 1 --frames 10000 --runs 1",
    ),
    Benchmark("warehouse_speed", "responses", "{allensdk} --keep {work}", 45),
    Benchmark("warehouse_parity", "responses", "{allensdk} --keep {work}", 30),
    Benchmark("receptive_fields", "responses", "--allensdk {allensdk}", 15),
    Benchmark("neuropixels_speed", "responses", "--allensdk {allensdk}", 15),
    Benchmark("neuropixels_parity", "responses", "--allensdk {allensdk} --units 12 --share 0.15", 15),
    # all rooms
    Benchmark(
        "growth",
        "growth",
        "--allensdk {allensdk} --ipfx {ipfx} --nest {nest} --bmtk {bmtk}",
        6,
        "--allensdk {allensdk} --ipfx {ipfx} --nest {nest} --bmtk {bmtk} --quick",
    ),
)  # fmt: skip

#: Programs of this folder that compare nothing, and what they are for.
OTHER_PROGRAMS: Mapping[str, str] = {
    "live": "asks the real services (`make live`)",
    "make_area_references": "makes references of visual areas from public tables",
    "make_published_ranges": "makes the published ranges that reports show",
    "make_v1_reference": "makes a reference of V1 from a public table",
    "make_v1_tables": "makes the tables of the V1 recipe from published ones",
}


def named(name: str) -> Benchmark:
    """Return the benchmark of a name.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {one.name: one for one in BENCHMARKS}[name]
