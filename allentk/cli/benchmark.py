"""``allentk benchmark``: a network's cells against recorded cells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allentk.cli.group import Verb
from allentk.cli.messages import manners, say
from allentk.cli.output import Output, output_options, text_table
from allentk.errors import FormatError

if TYPE_CHECKING:
    import pandas as pd

    from allentk.benchmark import BenchmarkResult

_SHOWN = (
    "metric",
    "population",
    "n_model",
    "n_data",
    "median_model",
    "median_data",
    "S",
    "ceiling",
    "S_over_ceiling",
)


@click.command(
    cls=Verb,
    examples=(
        "allentk benchmark allentk-network",
        "allentk benchmark allentk-demo --csv",
        "allentk benchmark metrics.csv --out report.html",
    ),
)
@click.argument("metrics", metavar="METRICS.csv|DIR", type=click.Path(path_type=Path))
@click.option(
    "--reference", default="v1-neuropixels", show_default=True, help="What to compare with."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Also write an HTML report."
)
@output_options
@manners
def benchmark(metrics: Path, reference: str, out: Path | None, output: Output) -> None:
    """Score a network against recorded cells.

    METRICS.csv has one row per cell: "population" in the reference's classes (such as "L4 Exc") and
    columns such as peak_rate_hz, osi_vector, dsi_vector. "allentk network run" and "allentk demo"
    write one into their folder, DIR.

    S is the similarity of the two distributions, 1 minus the Kolmogorov-Smirnov distance: 1 where
    they are the same. Read it beside its ceiling, what random halves of the data score against each
    other. A class is scored when both sides have at least 15 cells.
    """
    from allentk.benchmark import Benchmark

    table = _read(metrics)
    result = Benchmark(reference=reference).score(table)
    output.table(result.table, to_read=_to_read(result))
    if "synthetic" in table and table["synthetic"].astype(bool).any():
        say("The network is made of models of SYNTHETIC recordings.")
    say(f"Reference: {result.reference.title}. Model: {result.measured_under}.")
    if out is not None:
        result.to_html(out)
        say(f"Report: {out}.")


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    file = _table_in(path) if path.is_dir() else path
    try:
        return pd.read_csv(file)
    except FileNotFoundError as error:
        raise FormatError(
            f"{file}: there is no such file; expected a table of cells. allentk network run writes one"
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{file}: expected a CSV table with one row per cell, but it cannot be read ({error})"
        ) from error


def _table_in(folder: Path) -> Path:
    """Return the table of cells that ``network run``, or else ``demo``, left in a folder."""
    of_demo = folder / "network_metrics.csv"
    return of_demo if of_demo.is_file() else folder / "metrics.csv"


def _to_read(result: BenchmarkResult) -> str:
    table = result.table
    scored, rest = table[table["scored"]], table[~table["scored"]]
    there = rest["population"].isin(result.model_table["population"])
    missing = ", ".join(rest[~there]["population"].unique())
    lines = [f"  {row.metric}, {row.population}: {row.reason}" for row in rest[there].itertuples()]
    if missing:
        lines.append(f"  the table has no cell of {missing}")
    parts = [text_table(scored[list(_SHOWN)])] if len(scored) else []
    if lines:
        parts.append("\n".join(["not scored:", *lines]))
    return "\n\n".join(parts)
