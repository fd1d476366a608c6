"""Synthetic cells with known conductances, fitted from their own simulated sweeps.

    python -m benchmarks.biophysical_recovery --cells 5 --jobs 2

Everything here is synthetic: a drawn dendritic tree, conductances drawn between the bounds of the fit and
kept where the cell is silent at rest and fires well. The fit sees long squares alone, and is judged on
those it did not see. Every fit has a line in the table beside the page.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import math
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from allentk.data import LongSquare, Morphology, Response, SweepSet
from allentk.fitting import BiophysicalFitter
from allentk.fitting.biophysical.bounds import gene_set, template
from allentk.fitting.biophysical.measured_targets import targets_from_sweeps
from allentk.fitting.biophysical.passive import default_passive
from allentk.fitting.biophysical.verdict import verdict
from allentk.models import BiophysicalModel, BiophysicalParameters
from allentk.models.compartments import compartments
from allentk.simulation import simulate
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "biophysical_recovery.md"
COLUMNS = (
    "cell",
    "rheobase_pa",
    "most_spikes",
    "held_out_steps",
    "largest_count_error",
    "count_error",
    "held_out_z",
    "subthreshold_mv",
    "evaluations",
    "wall_s",
)
REST_MV = -78.0


def tree(rng: np.random.Generator) -> Morphology:
    """Draw a soma with forked dendrites, one of them apical."""
    xyz, radius, kind, parent = [[0.0, 0.0, 0.0]], [float(rng.uniform(6, 8))], [1], [-1]

    def grow(start: int, direction: float, length: float, r_um: float, of: int) -> int:
        origin = np.array(xyz[start])
        for k in range(1, 6):
            turn = direction + rng.normal(0, 0.1)
            step = length / 5 * np.array([math.cos(turn), math.sin(turn), 0.0])
            origin = origin + step
            xyz.append(origin.tolist())
            radius.append(r_um * (1 - 0.05 * k))
            kind.append(of)
            parent.append(start if k == 1 else len(xyz) - 2)
        return len(xyz) - 1

    for k, of in enumerate((4, 3, 3, 3, 3)):
        angle = math.pi / 2 + 2 * math.pi * k / 5
        end = grow(0, angle, rng.uniform(60, 120) * (2 if of == 4 else 1), rng.uniform(0.6, 1), of)
        for side in (-0.4, 0.4):
            grow(end, angle + side, rng.uniform(60, 140), rng.uniform(0.3, 0.5), of)
    ids = np.arange(1, len(xyz) + 1)
    return Morphology(ids, kind, xyz, radius, parent, source="synthetic tree")


def steps(model: BiophysicalModel, amplitudes: Sequence[float]) -> list[Response]:
    """Run long squares."""
    return [
        simulate(
            model,
            LongSquare(amplitude_pa=pa),
            backend="reduced",
            method="second-order",
            dt_s=2.5e-5,
            throw=False,
        )
        for pa in amplitudes
    ]


def drawn(seed: int) -> tuple[BiophysicalModel, list[float]]:
    """Draw cells until one fires well; return it with the amplitudes it is recorded at."""
    rng = np.random.default_rng(seed)
    morphology = tree(rng)
    base = template(morphology, v_rest_mv=REST_MV, passive=default_passive(spiny=False))
    genes = gene_set("pyramidal", base, compartments(morphology, axon="stub"))
    while True:
        point = rng.uniform(0.2, 0.8, len(genes))
        point[genes.names.index("cm_factor_dendrites")] = rng.uniform(0.3, 0.7)
        model = BiophysicalModel(_named(genes.decode(point), seed), morphology)
        found = _recorded_at(model)
        if found:
            return model, found


def _named(parameters: BiophysicalParameters, seed: int) -> BiophysicalParameters:
    return replace(parameters, source=f"synthetic, drawn with seed {seed}")


def _recorded_at(model: BiophysicalModel) -> list[float] | None:
    """Return amplitudes from -100 pA to 160 pA above rheobase; None where the cell is not a good one."""
    if steps(model, [0.0])[0].spike_times_s.size:
        return None
    tried = list(np.arange(20.0, 301.0, 20.0))
    counts = [r.spike_times_s.size for r in steps(model, tried)]
    firing = [pa for pa, n in zip(tried, counts, strict=True) if n]
    if not firing or firing[0] < 40.0 or firing[0] > 200.0:
        return None
    above = [n for pa, n in zip(tried, counts, strict=True) if pa >= firing[0]]
    regular = all(b >= a for a, b in itertools.pairwise(above))
    if not regular or above[-1] < 8 or above[-1] > 60:
        return None
    return [-100.0, -60.0, -20.0, *(pa for pa in tried if pa <= firing[0] + 160.0)]


def recovered(seed: int, jobs: int, options: dict[str, int]) -> dict[str, Any]:
    """Fit a drawn cell and judge the fit on what it did not see."""
    model, amplitudes = drawn(seed)
    sweeps = SweepSet(
        [response.to_sweep(number) for number, response in enumerate(steps(model, amplitudes))]
    )
    targets = targets_from_sweeps(sweeps, junction_potential_mv=0.0)
    start = time.monotonic()
    fit = BiophysicalFitter(seed=seed, n_jobs=jobs, style="pyramidal", progress=False, **options)
    fit.fit(targets, morphology=model.morphology)
    wall = time.monotonic() - start
    judged = verdict(fit.result_)
    held = [step for step in judged.steps if step.use == "held out"]
    off = [abs(step.n_model - step.n_recorded) for step in held]
    return {
        "cell": seed,
        "rheobase_pa": judged.rheobase.recorded_pa,
        "most_spikes": max(step.n_recorded for step in judged.steps),
        "held_out_steps": len(held),
        "largest_count_error": max(off),
        "count_error": judged.held_out.count_error,
        "held_out_z": judged.held_out.z,
        "subthreshold_mv": judged.held_out.subthreshold_mv,
        "evaluations": fit.result_.evaluations,
        "wall_s": wall,
    }


def run(options: argparse.Namespace) -> list[dict[str, str]]:
    """Fit what the table lacks, and return all of it."""
    table = options.out.with_suffix(".csv")
    found = _rows(table)
    for seed in range(options.cells):
        if str(seed) in {row["cell"] for row in found}:
            continue
        given = {"max_evaluations": options.evaluations, "restarts": options.restarts}
        row = recovered(seed, options.jobs, {k: v for k, v in given.items() if v is not None})
        plain = {k: f"{v:.4g}" if isinstance(v, float) else str(v) for k, v in row.items()}
        found.append(plain)
        with table.open("w", newline="") as lines:
            writer = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
    return found


def _rows(table: Path) -> list[dict[str, str]]:
    if not table.exists():
        return []
    with table.open(newline="") as lines:
        return list(csv.DictReader(lines))


def main() -> None:
    """Run what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--evaluations", type=int)
    parser.add_argument("--restarts", type=int)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = run(options)
    lines = [
        "# Synthetic cells with known conductances, fitted from their sweeps",
        "",
        "All cells are synthetic. z is the mean deviation of the features of held-out steps, in the "
        "tolerances of the fit. Made by `python -m benchmarks.biophysical_recovery`.",
        "",
        f"- machine: {processor()}, {platform.system()} {platform.machine()}",
        f"- {versions(sys.executable, ('allentk', 'numpy', 'numba', 'scipy', 'cma'))}",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join(row[name] for name in COLUMNS)} |" for row in found),
    ]
    options.out.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
