"""What ``allentk network run`` simulates, prints and writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from allentk.atomic import write_text
from allentk.benchmark import Benchmark
from allentk.cli.messages import say
from allentk.cli.output import plain, text_table
from allentk.cli.pools import Pools, pools
from allentk.data import NetworkResponse
from allentk.network import recipes, visual
from allentk.simulation import simulate as simulate_model
from allentk.workflow.table_files import write_csv

__all__ = ["Run", "pools", "simulate", "table_to_read", "write_run"]

_SUMMARY = {
    "peak_rate_hz": "peak_rate_hz",
    "mean_rate_hz": "mean_rate_hz",
    "spontaneous_rate_hz": "spontaneous_rate_hz",
    "osi_vector": "osi_vector",
    "dsi_vector": "dsi_vector",
}


@dataclass(frozen=True, slots=True)
class Run:
    """A simulated network and what was measured on it."""

    models: Pools
    seed: int
    response: NetworkResponse
    metrics: pd.DataFrame
    summary: pd.DataFrame


def simulate(models: Pools, *, n_cells: int, repeats: int, seed: int) -> Run:
    """Build the network, show it drifting gratings, and measure every cell."""
    network = recipes.patch(models.excitatory, models.inhibitory, n_cells=n_cells, seed=seed)
    say(f"Network: {network!r}")
    shown = visual.drifting_gratings(n_repeats=repeats, seed=seed)
    say(f"Simulating {shown.duration_s:.0f} s of {len(shown)} presentations ...")
    response = simulate_model(network, shown, seed=seed)
    # Under the conditions of the reference, so that the table can be scored.
    metrics = Benchmark("drifting_gratings").measure(response)
    if models.synthetic:
        metrics = metrics.assign(synthetic=True)
    return Run(models, seed, response, metrics, _summary(metrics))


def _summary(metrics: pd.DataFrame) -> pd.DataFrame:
    groups = metrics.groupby("population", sort=True)
    medians = groups[list(_SUMMARY)].median()
    medians.insert(0, "n_cells", groups.size())
    medians.insert(1, "n_silent", groups["peak_rate_hz"].agg(lambda rate: int((rate <= 0).sum())))
    return medians.reset_index()


def write_run(run: Run, folder: Path) -> dict[str, Any]:
    """Write the tables and run.json; return what the latter holds."""
    spikes = pd.concat(
        [
            trains.to_dataframe().assign(population=name)
            for name, trains in run.response.spikes.items()
        ],
        ignore_index=True,
    )
    tables = {"spikes.csv": spikes, "metrics.csv": run.metrics}
    if run.response.presentations is not None:
        tables["presentations.csv"] = run.response.presentations.table
    for name, table in tables.items():
        write_csv(table, folder / name)
    document: dict[str, Any] = plain(
        {
            "models": run.models.sources,
            "synthetic": run.models.synthetic,
            "seed": run.seed,
            "duration_s": run.response.duration_s,
            "rates": run.response.rates_hz().to_dict("records"),
            "summary": run.summary.to_dict("records"),
            "provenance": dict(run.response.provenance),
        }
    )
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(folder / "run.json", text + "\n")
    return document


def table_to_read(run: Run) -> str:
    """Return mean rates of the populations and the medians of their cells."""
    kind = "synthetic models" if run.models.synthetic else "models"
    return (
        f"Mean rates over {run.response.duration_s:.1f} s ({kind})\n"
        f"{text_table(run.response.rates_hz())}\n\n"
        f"Responses to drifting gratings, medians over cells\n{text_table(run.summary)}"
    )
