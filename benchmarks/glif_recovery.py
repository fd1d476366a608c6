"""Recovery: published GLIF models as SYNTHETIC cells with escape noise, refitted by both methods.

Every cell and level is simulated on Allen's noise protocol (3 repeats to fit, 2 of another noise to score)
and fitted at its own level by `method="allentk"` and by `method="teeter2018"`, on the same recording. The
score is the explained-variance ratio at 10 ms on the held-out noise over what one trial explains of another
(P / D).

    python -m benchmarks.glif_recovery --cells 40 --jobs 2 --work /tmp/recovery
"""

from __future__ import annotations

import argparse
import csv
import platform
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from allentk.errors import AllenTKError
from allentk.fitting import GLIFFitter
from allentk.io import read_glif
from benchmarks._glif_cells import published
from benchmarks._glif_recordings import recording
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "glif_recovery.md"
METHODS = ("allentk", "teeter2018")
COLUMNS = ("cell", "level", "method", "ratio", "reliability", "cpu_s", "error")


def chosen(n_cells: int) -> list[tuple[str, dict[str, Any]]]:
    """Return all levels of the first cells that have all five."""
    models = published()
    specimens = [name.split()[0] for name, _ in models]
    whole = [s for s in dict.fromkeys(specimens) if specimens.count(s) == 5][:n_cells]
    return [(name, config) for name, config in models if name.split()[0] in whole]


def fitted(name: str, config: dict[str, Any], seed: int, evaluations: int) -> list[dict[str, Any]]:
    """Simulate one model and fit it by both methods; one row each."""
    model = read_glif(config)
    sweeps = recording(model, seed)
    rows = []
    for method in METHODS:
        row: dict[str, Any] = {"cell": name.split()[0], "level": model.level, "method": method}
        start = time.process_time()
        try:
            fitter = GLIFFitter(
                model.level, method=method, max_evaluations=evaluations, progress=False
            )
            fit = fitter.fit(sweeps)
            row["cpu_s"] = time.process_time() - start
            scores = fit.evaluate(sweeps)
            row |= {name: scores[name] for name in ("ratio", "reliability")} | {"error": ""}
        except AllenTKError as error:
            row |= {"cpu_s": time.process_time() - start, "error": str(error)}
        rows.append(row)
    return rows


def rows_of(n_cells: int, jobs: int, evaluations: int, kept: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows there are and those that are made now, which are kept."""
    done = pd.read_csv(kept, keep_default_na=False).to_dict("records") if kept.exists() else []
    yield from done
    known = {(str(row["cell"]), int(row["level"])) for row in done}
    todo = [(n, c) for n, c in chosen(n_cells) if (n.split()[0], int(n[-1])) not in known]
    with (
        ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool,
        kept.open("a", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS)
        if not done:
            writer.writeheader()
        for end in as_completed([pool.submit(fitted, n, c, 0, evaluations) for n, c in todo]):
            for row in end.result():
                writer.writerow(row)
                yield row
            file.flush()


def lines_of(table: pd.DataFrame) -> list[str]:
    """Return a line per level."""
    lines = []
    for level, rows in table.groupby("level"):
        by = {m: r.set_index("cell") for m, r in rows.groupby("method")}
        score = {m: by[m]["ratio"] / by[m]["reliability"] for m in METHODS}
        both = pd.concat(score, axis=1).dropna()
        first, second = (both[m] for m in METHODS)
        p = stats.wilcoxon(first, second, alternative="greater").pvalue if len(both) > 5 else np.nan
        failed = {m: int((by[m]["error"] != "").sum()) for m in METHODS}
        cpu = {m: by[m]["cpu_s"].median() for m in METHODS}
        lines.append(
            f"| {level} | {len(both)} | {first.median():.3f} ({first.quantile(0.05):.2f}) | "
            f"{second.median():.3f} ({second.quantile(0.05):.2f}) | {(first - second).median():+.3f} | "
            f"{int((first > second).sum())} | {p:.1e} | {failed['allentk']} / {failed['teeter2018']} | "
            f"{cpu['allentk']:.0f} / {cpu['teeter2018']:.0f} |"
        )
    return lines


def page(table: pd.DataFrame, evaluations: int) -> str:
    """Return the page as Markdown."""
    return "\n".join(
        [
            "# Recovery of published GLIF models",
            "",
            *(line for line in str(__doc__).split("\n\n")[1].split("\n")),
            "Medians over cells (5 % quantile in brackets); the test is Wilcoxon's, paired by cell, "
            "one-sided. "
            f"Fitted with max_evaluations={evaluations}. Made by `python -m benchmarks.glif_recovery`.",
            "",
            f"- machine: {processor()}, {platform.system()} {platform.machine()}",
            f"- {versions(sys.executable, ('allentk', 'numpy', 'numba', 'scipy', 'cma'))}",
            "",
            "| level | cells | allentk | teeter2018 | difference | allentk better | p | not fitted | "
            "CPU s per fit |",
            "|---|---|---|---|---|---|---|---|---|",
            *lines_of(table),
            "",
        ]
    )


def main() -> None:
    """Fit, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--evaluations", type=int, default=200, help="max_evaluations of a fit")
    parser.add_argument("--work", type=Path, required=True, help="folder that keeps finished fits")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    found = rows_of(options.cells, options.jobs, options.evaluations, options.work / "fits.csv")
    rows = list(found)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("level", "ratio", "reliability", "cpu_s"):
        table[name] = pd.to_numeric(table[name], errors="coerce")
    text = page(table, options.evaluations)
    options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
