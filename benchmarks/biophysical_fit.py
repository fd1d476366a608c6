"""Perisomatic models fitted to recorded cells, and judged beside the published ones in NEURON.

    python -m benchmarks.biophysical_fit --data DATA --seeds 5 --jobs 2

Every fit has a line in the table beside the page, written as it ends; those that are there are not run
again.
"""

from __future__ import annotations

import argparse
import csv
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from allentk.fitting import BiophysicalFitter
from allentk.fitting.biophysical.verdict import Verdict, verdict
from benchmarks._biophysical_cells import CELLS, RecordedCell
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "biophysical_fit.md"
TABLE = RESULTS.with_suffix(".csv")
COLUMNS = (
    "cell",
    "fit",
    "seed",
    "count_error",
    "count_error_percent",
    "subthreshold_mv",
    "rheobase_pa",
    "rheobase_recorded_pa",
    "z_largest",
    "largest_pa",
    "nine_features_z",
    "blocked",
    "evaluations",
    "wall_s",
    "jobs",
)
PUBLISHED, ONE, SEVERAL = "published perisomatic", "one step", "several steps"


def row_of(found: Verdict) -> dict[str, Any]:
    """Return what the page shows of a verdict: held-out steps, but for the largest one."""
    held = found.held_out
    largest = found.largest
    return {
        "count_error": held.count_error,
        "count_error_percent": held.count_error_percent,
        "subthreshold_mv": held.subthreshold_mv,
        "rheobase_pa": found.rheobase.model_pa,
        "rheobase_recorded_pa": found.rheobase.recorded_pa,
        "z_largest": largest.z if largest is not None else float("nan"),
        "largest_pa": found.largest_pa,
        "nine_features_z": nine(found),
        "blocked": found.block.blocked,
    }


def nine(found: Verdict) -> float:
    """Return the mean deviation of the nine published features at the largest step."""
    from allentk.fitting.biophysical.measured import EFEL_NINE

    largest = found.largest
    if largest is None:
        return float("nan")
    return statistics.fmean(m.z for m in largest.features if m.feature in EFEL_NINE)


def published(cell: RecordedCell, data: Path) -> dict[str, Any] | None:
    """Judge the published model on the steps that a fit to several would not see."""
    model = cell.published(data)
    if model is None:
        return None
    targets = _several(cell, data)
    return row_of(verdict(model, targets, backend="neuron"))


def fitted(
    cell: RecordedCell, data: Path, fit: str, seed: int, jobs: int, evaluations: int | None
) -> dict[str, Any]:
    """Fit and judge."""
    targets = cell.targets(data)
    options: dict[str, Any] = {} if evaluations is None else {"max_evaluations": evaluations}
    if fit == ONE:
        options["train_amplitudes_pa"] = [_several(cell, data).training[-1]]
    start = time.monotonic()
    estimator = BiophysicalFitter(seed=seed, n_jobs=jobs, progress=False, **options)
    estimator.fit(
        targets,
        morphology=cell.morphology(data),
        passive=cell.membrane(data),
        dendrite_type=cell.dendrite_type,
    )
    wall = time.monotonic() - start
    found = row_of(verdict(estimator.result_, backend="neuron"))
    return {**found, "evaluations": estimator.result_.evaluations, "wall_s": wall, "jobs": jobs}


def _several(cell: RecordedCell, data: Path) -> Any:
    from allentk.fitting.biophysical.training import choose_training

    return choose_training(cell.targets(data))


def plan(seeds: int, other_seeds: int) -> Iterator[tuple[int, str, int]]:
    """Yield what is to be run: the first seed of everything first."""
    for cell, one in CELLS.items():
        if one.model:
            yield cell, PUBLISHED, 0
    for seed in range(max(seeds, other_seeds)):
        for place, cell in enumerate(CELLS):
            if seed < (other_seeds if place else seeds):
                yield cell, SEVERAL, seed
                if not place:
                    yield cell, ONE, seed


def run(options: argparse.Namespace) -> None:
    """Run what the table lacks."""
    have = {(row["cell"], row["fit"], row["seed"]) for row in rows(options.table)}
    for cell, fit, seed in plan(options.seeds, options.other_seeds):
        asked = cell in options.cells and fit in options.fits
        if not asked or (str(cell), fit, str(seed)) in have:
            continue
        one = CELLS[cell]
        found = (
            published(one, options.data)
            if fit == PUBLISHED
            else fitted(one, options.data, fit, seed, options.jobs, options.evaluations)
        )
        if found is not None:
            append(options.table, {"cell": cell, "fit": fit, "seed": seed, **found})


def rows(table: Path) -> list[dict[str, str]]:
    """Return the lines of the table."""
    if not table.exists():
        return []
    with table.open(newline="") as lines:
        return list(csv.DictReader(lines))


def append(table: Path, row: Mapping[str, Any]) -> None:
    """Write a line."""
    new = not table.exists()
    with table.open("a", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        rounded = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()}
        writer.writerow(rounded)


def page(table: Path) -> str:
    """Return the page: medians over seeds, then every fit."""
    found = rows(table)
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in found:
        groups.setdefault((row["cell"], row["fit"]), []).append(row)
    lines = [
        "# Perisomatic models of recorded cells",
        "",
        "Fitted on the reduced backend (12 restarts share 60,000 models: the default), "
        "judged in NEURON (CVODE), on published numbers of the cells' long squares (no raw sweep of them "
        "is at hand). Held-out steps are those that a fit to several steps does not see (but for a fit to "
        "one step: all others); a published model may have seen some of them. The largest step is training "
        "for both. Medians over seeds, with the range. Wall times are of one process on two cores that "
        "were shared with much else: a fit to several steps took about 14 minutes of CPU, one to one step "
        "6. Made by `python -m benchmarks.biophysical_fit`.",
        "",
        f"- machine: {processor()}, {platform.system()} {platform.machine()}",
        f"- {versions(sys.executable, ('allentk', 'numpy', 'numba', 'scipy', 'cma', 'neuron'))}",
        "",
        "| cell | fit | models run, most | fits | held-out spike-count error | of the recorded mean, % | "
        "held-out sub-threshold, mV | rheobase, pA (recorded) | mean z of nine features, largest step | "
        "wall, s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (cell, fit), members in groups.items():
        most = max(row["evaluations"] for row in members)
        lines.append(
            f"| {cell} | {fit} | {most} | {len(members)} | {_spread(members, 'count_error')} | "
            f"{_spread(members, 'count_error_percent')} | {_spread(members, 'subthreshold_mv')} | "
            f"{_spread(members, 'rheobase_pa')} ({members[0]['rheobase_recorded_pa']}) | "
            f"{_spread(members, 'nine_features_z')} | {_spread(members, 'wall_s')} |"
        )
    lines += ["", "Every fit:", "", f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    lines += [f"| {' | '.join(row[name] or '' for name in COLUMNS)} |" for row in found]
    return "\n".join([*lines, ""])


def _spread(members: Sequence[Mapping[str, str]], name: str) -> str:
    values = [float(row[name]) for row in members if row[name]]
    if not values:
        return ""
    middle = f"{statistics.median(values):.3g}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.3g} to {max(values):.3g})"


def main() -> None:
    """Run what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of real data")
    parser.add_argument("--cells", type=int, nargs="+", default=list(CELLS))
    parser.add_argument("--fits", nargs="+", default=[PUBLISHED, ONE, SEVERAL])
    parser.add_argument("--seeds", type=int, default=5, help="of the first cell")
    parser.add_argument("--other-seeds", type=int, default=1, help="of the other cells")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--evaluations", type=int)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    run(options)
    options.out.write_text(page(options.table), encoding="utf-8")


if __name__ == "__main__":
    main()
