"""``allentk benchmark``: a network's cells against recorded cells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allentk.cli.group import Verb
from allentk.cli.messages import count, manners, say
from allentk.cli.output import Output, output_options, text_table

if TYPE_CHECKING:
    import pandas as pd

    from allentk.benchmark import BenchmarkResult
    from allentk.benchmark.comparison import Comparison

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
#: Definitions of spikes of ``allentk.responses``, which is not loaded for a help page.
DEFINITIONS = ("trial-mean", "neuropixels", "layer4", "v1-2026")
_COMPARED = ("metric", "population", "model", "n_model", "n_data", "S", "ceiling")


@click.group()
def benchmark() -> None:
    """Score a network against recorded cells: benchmark run, references."""


@benchmark.command(
    cls=Verb,
    examples=(
        "allentk benchmark run allentk-network --reference v1-neuropixels --report report.html",
        "allentk benchmark run my-network --trials 5 --seed 1 --report report.html",
        "allentk benchmark run metrics.csv --csv",
        "allentk benchmark run --model tuned=tuned.csv --model random=random.csv --report both.html",
    ),
)
@click.argument(
    "model",
    metavar="[NETWORK_OR_RESULT]",
    required=False,
    type=click.Path(path_type=Path),
)
@click.option(
    "--reference",
    default="v1-neuropixels",
    show_default=True,
    help="What to compare with: a name of benchmark references, or a file of cells.",
)
@click.option("--by", metavar="NAME", help="Of a file: cell_type, area, cre, layer or a column.")
@click.option(
    "--model",
    "models",
    metavar="NAME=PATH",
    multiple=True,
    help="A further model (repeatable); two or more are compared.",
)
@click.option("--metric", "metrics", multiple=True, help="Only this metric (repeatable).")
@click.option(
    "--report",
    "--out",
    "report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write an HTML report.",
)
@click.option(
    "--definition",
    type=click.Choice(DEFINITIONS),
    help="Measure spikes by it (default: as the reference's cells were, where that is one of these, else "
    "trial-mean). Of spontaneous activity: all but neuropixels.",
)
@click.option(
    "--trials",
    default=15,
    show_default=True,
    type=click.IntRange(min=1),
    help="Of a network: presentations of every grating.",
)
@click.option("--seed", default=0, show_default=True, help="Of a network: order and input.")
@click.option(
    "--backend",
    type=click.Choice(["auto", "glif", "nest", "neuron"]),
    default="auto",
    show_default=True,
    help="Of a network: the engine.",
)
@click.option("--split", help="Of another program's network: column that tells populations apart.")
@click.option(
    "--network",
    type=click.Path(path_type=Path),
    help="Of a saved run: its network, where run.json does not lead there.",
)
@click.option(
    "--presentations",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Of another program's run: CSV file of what was shown.",
)
@output_options
@manners
def run(
    model: Path | None,
    models: tuple[str, ...],
    reference: str,
    by: str | None,
    metrics: tuple[str, ...],
    report: Path | None,
    output: Output,
    **protocol: Any,
) -> None:
    """Score a network against recorded cells.

    NETWORK_OR_RESULT is one of: a table with one row per cell (.csv, .csv.gz, .parquet), "population" in
    the reference's classes (such as "L4 Exc") and columns such as peak_rate_hz, osi_vector, dsi_vector; a
    folder of "allentk network run" or "allentk demo"; or a saved network, which is shown what the
    reference's cells were shown, and simulated.

    S is the similarity of the two distributions, 1 minus the Kolmogorov-Smirnov distance: 1 where
    they are the same. Read it beside its ceiling, what random halves of the data score against each
    other. A class is scored when both sides have at least 15 cells.
    """
    named = _named(model, models)
    from allentk.benchmark import BenchmarkResult
    from allentk.workflow.benchmark_run import Protocol, benchmark_models

    found = benchmark_models(
        named,
        reference=reference,
        by=by,
        metrics=metrics or None,
        protocol=Protocol(**protocol),
        say=say,
    )
    if isinstance(found, BenchmarkResult):
        _print_one(found, output)
    else:
        _print_several(found, output)
    if report is not None:
        found.to_html(report)
        say(f"Report: {report}.")


def _named(model: Path | None, models: tuple[str, ...]) -> dict[str, Path]:
    """Return every model by its name: the one given by place, then those by --model."""
    named: dict[str, Path] = {}
    if model is not None:
        named[model.resolve().name.partition(".")[0] or str(model)] = model
    for text in models:
        name, _, path = text.partition("=")
        if not (name and path):
            raise click.UsageError(f"--model: expected NAME=PATH, got {text!r}")
        if name in named:
            raise click.UsageError(f"--model: {name!r} is there twice; give each a name of its own")
        named[name] = Path(path)
    if not named:
        raise click.UsageError("name a table, a saved run or a network, or give --model NAME=PATH")
    return named


def _print_one(result: BenchmarkResult, output: Output) -> None:
    output.table(result.table, to_read=_to_read(result))
    _say_synthetic(result.model_table)
    for note in result.notes:
        say(f"Note: {note}")
    say(f"Reference: {result.reference.title}. Model: {result.measured_under}.")


def _print_several(comparison: Comparison, output: Output) -> None:
    scored = comparison.table[comparison.table["scored"].astype(bool)]
    parts = [text_table(scored[list(_COMPARED)])] if len(scored) else ["no class is scored"]
    parts.append(text_table(comparison.summary()))
    output.table(comparison.table, to_read="\n\n".join(parts))
    for name, result in comparison.results.items():
        _say_synthetic(result.model_table)
        say(f"{name}: {result.measured_under}.")
    say(f"Reference: {comparison.reference.title}.")


def _say_synthetic(table: pd.DataFrame) -> None:
    if "synthetic" in table and table["synthetic"].fillna(value=False).astype(bool).any():
        say("The network is made of models of SYNTHETIC recordings.")


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


@benchmark.command(
    cls=Verb, examples=("allentk benchmark references", "allentk benchmark references --json")
)
@output_options
@manners
def references(output: Output) -> None:
    """List the references that come with allentk.

    One row each: what was recorded, which stimulus, how many classes and metrics, source and licence. A
    file of cells of your own is taken by --reference too.
    """
    import pandas as pd

    from allentk.benchmark import load_reference, reference_names

    rows = []
    for name in reference_names():
        of = load_reference(name)
        rows.append(
            {
                "name": name,
                "title": of.title,
                "stimulus": of.stimulus,
                "classes": len(of.classes),
                "metrics": len(of.metrics),
                "licence": of.license,
                "source": of.source,
            }
        )
    table = pd.DataFrame(rows)
    output.table(table, to_read=table[["name", "stimulus", "classes", "metrics", "title"]])
    say(f"{count(len(table), 'reference')}.")
