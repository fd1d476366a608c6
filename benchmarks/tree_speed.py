"""The compiled tree beside NEURON: CPU time and spike times of published models.

One core; the models are not part of the project: give the folder of real data that ``tests/real`` uses.

    python -m benchmarks.tree_speed --shared /path/to/shared
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.io.allen_models import read_biophysical
from allentk.io.swc import read_swc
from allentk.models import BiophysicalModel
from allentk.models.compartments import compartments
from allentk.simulation.biophysical.neuron_cell import NeuronCell
from allentk.simulation.biophysical.neuron_session import session
from allentk.simulation.biophysical.tree import TreeCell
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "tree_speed.md"
START_S, STOP_S, TOTAL_S = 0.5, 1.5, 2.0
ROUNDS = 3

#: Name, fit, reconstruction, axon, pA.
MODELS = (
    ("468193142, released all-active, NaV everywhere", "sdk_468193142/allactive_fit.json",
     "sdk_468193142/reconstruction.swc", "truncated", 330.0),
    ("468193142, all-active of 2022", "sdk_468193142/allactive_new_fit.json",
     "sdk_468193142/reconstruction.swc", "stub", 330.0),
    ("483101699, all-active of 2022", "allactive_2022/483101699_hof0.json",
     "allactive_2022/483101699.swc", "stub", 250.0),
    ("483108201, perisomatic", "osb_483108201/fit.json",
     "osb_483108201/reconstruction.swc", "stub", 270.0),
)  # fmt: skip

Times = NDArray[np.float64]
Run = Callable[[], tuple[float, Times]]


@dataclass(frozen=True, slots=True)
class Case:
    """One way of running a model: CPU seconds of every round, and spike times in ms."""

    name: str
    run: Run
    cpu_s: list[float]
    spikes_ms: list[Times]

    def once(self) -> None:
        """Run and keep what came out."""
        cpu, spikes = self.run()
        self.cpu_s.append(cpu)
        self.spikes_ms[:] = [spikes]


def tree_run(cell: TreeCell, model: BiophysicalModel, pa: float, dt_s: float, method: Any) -> Run:
    """Return a run of the compiled tree."""
    current = np.zeros(round(TOTAL_S / dt_s))
    current[round(START_S / dt_s) : round(STOP_S / dt_s)] = pa

    def run() -> tuple[float, Times]:
        start = time.process_time()
        done = cell.run(model.parameters, current, dt_s=dt_s, method=method)
        cpu = time.process_time() - start
        return cpu, np.asarray(1e3 * dt_s * done.spike_steps[0], dtype=float)

    return run


def neuron_run(h: Any, cell: NeuronCell, pa: float, dt_s: float | None, atol: float) -> Run:
    """Return a run in NEURON: fixed step, or variable where there is none."""
    clamp = h.IClamp(cell.soma(0.5))
    clamp.delay, clamp.dur, clamp.amp = 1e3 * START_S, 1e3 * (STOP_S - START_S), 0.0
    counter, spikes = h.APCount(cell.soma(0.5)), h.Vector()
    counter.thresh = -20.0
    counter.record(spikes)

    def run() -> tuple[float, Times]:
        integrator, context = h.CVode(), h.ParallelContext()
        h.celsius = cell.model.parameters.celsius
        clamp.amp = 1e-3 * pa
        integrator.active(int(dt_s is None))
        h.secondorder = 0
        if dt_s is None:
            integrator.atol(atol)
            integrator.rtol(0)
            integrator.maxstep(10)
            integrator.atolscale("cai", 1e-4)
        else:
            h.dt = 1e3 * dt_s
        context.set_maxstep(10)
        h.finitialize(cell.model.parameters.v_init_mv)
        start = time.process_time()
        context.psolve(1e3 * TOTAL_S)
        cpu = time.process_time() - start
        clamp.amp = 0.0
        assert counter.n == spikes.size()  # it lives as long as it is asked
        return cpu, np.array(spikes)

    return run


def measured(model: BiophysicalModel, pa: float) -> tuple[str, list[Case], Times]:
    """Return the size of a cell, every way of running it, and the reference's spikes."""
    tree = compartments(model.morphology, axon=model.parameters.axon)  # type: ignore[arg-type]
    cell = TreeCell.of(tree, model.parameters)
    with session() as h:
        there = NeuronCell(h, model)
        ways: list[tuple[str, Run]] = [
            ("NEURON, fixed 0.025 ms", neuron_run(h, there, pa, 2.5e-5, 0.0)),
            ("NEURON, CVODE 1e-3", neuron_run(h, there, pa, None, 1e-3)),
            ("tree, fixed 0.025 ms", tree_run(cell, model, pa, 2.5e-5, "fixed")),
            ("tree, second-order 0.05 ms", tree_run(cell, model, pa, 5e-5, "second-order")),
            ("tree, second-order 0.025 ms", tree_run(cell, model, pa, 2.5e-5, "second-order")),
        ]
        cases = [Case(name, run, [], []) for name, run in ways]
        cases[2].run()  # compiles
        for turn in range(ROUNDS):
            for case in cases if turn % 2 else reversed(cases):
                case.once()
        _, reference = neuron_run(h, there, pa, None, 1e-6)()
    return str(tree).strip("<>"), cases, reference


def _error(spikes: Times, reference: Times) -> str:
    n = min(spikes.size, reference.size)
    return f"{np.abs(spikes[:n] - reference[:n]).max():.2f}" if n else "-"


def _rows(name: str, size: str, cases: list[Case], reference: Times) -> list[str]:
    cpu = {case.name: statistics.median(case.cpu_s) for case in cases}
    base, spikes = cpu["NEURON, CVODE 1e-3"], {case.name: case.spikes_ms[0] for case in cases}
    same = _error(spikes["tree, fixed 0.025 ms"], spikes["NEURON, fixed 0.025 ms"])
    return [
        "",
        f"## {name}",
        "",
        f"{size}. The tree at 0.025 ms beside NEURON at the same step: {same} ms at most.",
        "",
        "| run | CPU s | NEURON CVODE 1e-3 over it | spikes (reference) | largest error, ms |",
        "|---|---|---|---|---|",
        *(
            f"| {case.name} | {cpu[case.name]:.3f} | {base / cpu[case.name]:.2f} | "
            f"{case.spikes_ms[0].size} ({reference.size}) | {_error(case.spikes_ms[0], reference)} |"
            for case in cases
        ),
    ]


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder with data/models")
    folder = parser.parse_args().shared / "data" / "models" / "biophysical"
    lines = [
        "# The compiled tree beside NEURON",
        "",
        f"{TOTAL_S:g} s with a step of 1 s, published models. CPU seconds of the run alone, without "
        f"building the cell, median of {ROUNDS} rounds in turns in one process; NEURON runs allentk's own "
        "mechanisms. Errors of spike times are against NEURON's CVODE with a tolerance of 1e-6, over "
        "the spikes that both have. Made by `python -m benchmarks.tree_speed`.",
        "",
        f"- processor: {processor()}",
        f"- {versions('', ['neuron', 'numpy', 'numba'])}",
    ]
    for name, fit, swc, axon, pa in MODELS:
        model = BiophysicalModel(read_biophysical(folder / fit, axon=axon), read_swc(folder / swc))
        lines += _rows(name, *measured(model, pa))
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
