"""Speed and spikes of the reduced backend, in turns with NEURON at the same time step.

Published perisomatic models over their f-I range, one core. The models are not part of the project: give
the folder of real data that ``tests/real`` uses.

    OMP_NUM_THREADS=1 python -m benchmarks.reduced_speed --shared /path/to/shared
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from allentk.io import read_biophysical, read_swc
from allentk.models import BiophysicalModel
from allentk.models.channels import CAI0_MM, CAO_MM
from allentk.models.compartments import compartments
from allentk.progress import track
from allentk.simulation.biophysical.neuron_cell import NeuronCell
from allentk.simulation.biophysical.neuron_session import session
from allentk.simulation.biophysical.reduced import ReducedCell
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "reduced_speed.md"
AMPLITUDES_PA = (50.0, 100.0, 150.0, 200.0, 250.0, 300.0)
BEFORE_S, STEP_S, AFTER_S = 0.1, 1.0, 0.05
DT_S = 2.5e-5
METHODS = ("fixed", "second-order")
RUNS = 3
_CELLS, _MODELS, _NETWORK = "cell_types", "models/biophysical", "network/components"
MODELS = {
    "313862022": (f"{_CELLS}/cell_313862022/473465456_fit", f"{_CELLS}/cell_313862022/313862022_m"),
    "320207387": (f"{_CELLS}/cell_320207387/329321704_fit", f"{_CELLS}/cell_320207387/320207387_m"),
    "314804042": (
        f"{_MODELS}/arkhipov_314804042/fit",
        f"{_MODELS}/arkhipov_314804042/reconstruction",
    ),
    "318808427": (
        f"{_MODELS}/arkhipov_318808427/fit",
        f"{_MODELS}/arkhipov_318808427/reconstruction",
    ),
    "472450023": (f"{_MODELS}/osb_472450023/fit", f"{_MODELS}/osb_472450023/reconstruction"),
    "483108201": (f"{_MODELS}/osb_483108201/fit", f"{_MODELS}/osb_483108201/reconstruction"),
    "468193142": (f"{_MODELS}/sdk_468193142/peri_fit", f"{_MODELS}/sdk_468193142/reconstruction"),
    "472363762": (f"{_NETWORK}/472363762_fit", f"{_NETWORK}/Scnn1a_473845048_m"),
    "472912177": (f"{_NETWORK}/472912177_fit", f"{_NETWORK}/Pvalb_470522102_m"),
    "473862421": (f"{_NETWORK}/473862421_fit", f"{_NETWORK}/Pvalb_469628681_m"),
    "473863035": (f"{_NETWORK}/473863035_fit", f"{_NETWORK}/Nr5a1_471087815_m"),
    "473863510": (f"{_NETWORK}/473863510_fit", f"{_NETWORK}/Rorb_325404214_m"),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One model, one method: spikes of all amplitudes, and CPU seconds of a second simulated."""

    name: str
    method: str
    segments: int
    spikes: int
    counts_differ: int
    worst_ms: float
    neuron_s: float
    single_s: float
    batch_s: float


def _currents(dt_s: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    parts = [round(one / dt_s) for one in (BEFORE_S, STEP_S, AFTER_S)]
    return np.array([np.repeat([0.0, one, 0.0], parts) for one in AMPLITUDES_PA])


def _neuron(h: Any, cell: NeuronCell, method: str) -> Callable[[float], tuple[Any, float]]:
    """Return what runs one amplitude: spike times in ms, and CPU seconds of the run alone."""
    clamp = h.IClamp(cell.soma(0.5))
    clamp.delay, clamp.dur = BEFORE_S * 1e3, STEP_S * 1e3
    voltage = h.Vector()
    voltage.record(cell.soma(0.5)._ref_v)
    total_ms, dt_ms = (BEFORE_S + STEP_S + AFTER_S) * 1e3, DT_S * 1e3

    context = h.ParallelContext()

    def run(amplitude_pa: float) -> tuple[Any, float]:
        clamp.amp = amplitude_pa * 1e-3
        h.celsius = cell.model.parameters.celsius
        h.cai0_ca_ion, h.cao0_ca_ion = CAI0_MM, CAO_MM
        h.secondorder, h.dt = (2 if method == "second-order" else 0), dt_ms
        context.set_maxstep(10)
        h.finitialize(cell.model.parameters.v_init_mv)
        start = time.process_time()
        context.psolve(total_ms)
        cpu_s = time.process_time() - start
        v = np.array(voltage)
        crossed = np.flatnonzero((v[1:] >= -20) & (v[:-1] < -20)) + 1
        return crossed * dt_ms, cpu_s

    return run


def _timed(ask: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    got = ask()
    return got, time.process_time() - start


def compared(name: str, model: BiophysicalModel) -> Iterator[Compared]:
    """Yield both methods of a model."""
    parameters = model.parameters
    tree = compartments(model.morphology, axon=parameters.axon)  # type: ignore[arg-type]
    mechanisms = tuple(parameters.sections["soma"].mechanisms)
    ours = ReducedCell.of(tree, mechanisms, celsius=parameters.celsius)
    currents = _currents(DT_S)
    for method in METHODS:
        prepared = ours.prepare(parameters)
        ours.run(prepared, currents[:, :100], dt_s=DT_S, method=method)
        neuron_s, single_s, batch_s = [], [], []
        with session() as h:
            run = _neuron(h, NeuronCell(h, model), method)
            expected = []
            for row, amplitude_pa in enumerate(AMPLITUDES_PA):
                times_ms, cpu_s = run(amplitude_pa)
                expected.append(times_ms)
                neuron_s.append(cpu_s)
                one = currents[row]
                _, cpu_s = _timed(lambda: ours.run(prepared, one, dt_s=DT_S, method=method))  # noqa: B023
                single_s.append(cpu_s)
        for _ in range(RUNS):
            batch, cpu_s = _timed(lambda: ours.run(prepared, currents, dt_s=DT_S, method=method))  # noqa: B023
            batch_s.append(cpu_s / len(AMPLITUDES_PA))
        simulated_s = BEFORE_S + STEP_S + AFTER_S
        found = [batch.spike_times_s(0, row) * 1e3 for row in range(len(AMPLITUDES_PA))]
        same = [(a, b) for a, b in zip(found, expected, strict=True) if a.size == b.size]
        yield Compared(
            name,
            method,
            int((tree.area_um2 > 0).sum()),
            sum(one.size for one in expected),
            len(expected) - len(same),
            max((float(np.abs(a - b).max()) for a, b in same if a.size), default=0.0),
            statistics.median(neuron_s) / simulated_s,
            statistics.median(single_s) / simulated_s,
            statistics.median(batch_s) / simulated_s,
        )


def report(rows: list[Compared]) -> str:
    """Return the page of results."""
    lines = [
        "# Speed of the reduced backend",
        "",
        f"CPU milliseconds for one second simulated at {DT_S * 1e3:g} ms, the run alone, of published "
        f"perisomatic models: steps of {', '.join(f'{one:g}' for one in AMPLITUDES_PA)} pA for "
        f"{STEP_S:g} s, one core. NEURON and the reduced backend in turns, the median over the steps; "
        '"together" is all steps in one call. Made by `python -m benchmarks.reduced_speed`.',
        "",
        f"- processor: {processor()}",
        f"- {versions('', ['numpy', 'numba', 'neuron'])}",
        f"- smallest ratio, one step at a time: {min(r.neuron_s / r.single_s for r in rows):.0f}; "
        f"median {statistics.median(r.neuron_s / r.single_s for r in rows):.0f}",
        f"- largest difference between spike times: {max(r.worst_ms for r in rows):.3f} ms in "
        f"{sum(r.spikes for r in rows)} spikes; steps with another number of spikes: "
        f"{sum(r.counts_differ for r in rows)} of {len(rows) * len(AMPLITUDES_PA)}",
        "",
        "| cell | method | segments | spikes | largest difference, ms | NEURON | reduced | times | "
        "together | times |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {r.name} | {r.method} | {r.segments} | {r.spikes} | {r.worst_ms:.3f}"
            f"{f' ({r.counts_differ} steps differ in number)' if r.counts_differ else ''} "
            f"| {r.neuron_s * 1e3:.0f} | {r.single_s * 1e3:.2f} | {r.neuron_s / r.single_s:.0f} "
            f"| {r.batch_s * 1e3:.2f} | {r.neuron_s / r.batch_s:.0f} |"
            for r in rows
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", required=True, type=Path, help="folder of real data")
    data = parser.parse_args().shared / "data"
    rows: list[Compared] = []
    for name, (fit, swc) in track(list(MODELS.items()), "measuring"):
        model = BiophysicalModel(
            read_biophysical(data / f"{fit}.json"), read_swc(data / f"{swc}.swc")
        )
        rows += compared(name, model)
        for row in rows[-len(METHODS) :]:
            sys.stderr.write(f"{row}\n")
    RESULTS.write_text(report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
