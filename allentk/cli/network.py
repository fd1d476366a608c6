"""``allentk network``: models to a simulated patch of cortex."""

from __future__ import annotations

from pathlib import Path

import click

from allentk.cli.group import Verb
from allentk.cli.messages import manners, say
from allentk.cli.output import Output, output_options
from allentk.cli.source import cache_dir_option


@click.group()
def network() -> None:
    """Simulate a patch of cortex: network run."""


_MODELS = click.Path(exists=True, path_type=Path)


@network.command(
    cls=Verb,
    examples=(
        "allentk network run --cells 300 --repeats 1",
        "allentk network run --models my-fits --out my-network",
        "allentk network run --excitatory spiny --inhibitory aspiny/neuron_config.json",
    ),
)
@click.option(
    "--models",
    type=_MODELS,
    multiple=True,
    help="Folder of fit glif, which says which cell is spiny (excitatory) or aspiny (inhibitory).",
)
@click.option(
    "--excitatory", type=_MODELS, multiple=True, help="neuron_config.json, or a folder of them."
)
@click.option("--inhibitory", type=_MODELS, multiple=True, help="Likewise, for inhibitory cells.")
@click.option(
    "--cells",
    "n_cells",
    default=1200,
    show_default=True,
    type=click.IntRange(min=20),
    help="Cells of the network.",
)
@click.option(
    "--repeats",
    default=3,
    show_default=True,
    type=click.IntRange(min=1),
    help="Presentations of every grating.",
)
@click.option("--seed", default=0, show_default=True, help="Draws network and input.")
@click.option(
    "--out",
    default="allentk-network",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the tables.",
)
@output_options
@cache_dir_option
@manners
def run(
    models: tuple[Path, ...],
    excitatory: tuple[Path, ...],
    inhibitory: tuple[Path, ...],
    n_cells: int,
    repeats: int,
    seed: int,
    out: Path,
    cache_dir: Path | None,
    output: Output,
) -> None:
    """Simulate a patch of layer 4 that looks at drifting gratings.

    Each model given with --models, --excitatory and --inhibitory (each may be repeated) stands for
    many cells of the network. Without any, the published models of the demo's synthetic cells are
    taken.

    Writes spikes.csv (time in s), presentations.csv (times in s, directions in degrees), metrics.csv
    (rates in Hz, one row per cell; "allentk benchmark" reads it) and run.json.
    """
    from allentk.cli.networks import pools, simulate, table_to_read, write_run

    chosen = pools(models, excitatory, inhibitory, cache_dir=cache_dir)
    say(f"Models: {chosen}.")
    out.mkdir(parents=True, exist_ok=True)
    done = simulate(chosen, n_cells=n_cells, repeats=repeats, seed=seed)
    document = write_run(done, out)
    if output.form == "json":
        output.document(document)
    else:
        output.table(done.summary, to_read=table_to_read(done))
    say(f"Tables are in {out}.")
