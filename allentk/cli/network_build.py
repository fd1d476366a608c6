"""``allentk network build``: a recipe to a folder of SONATA files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allentk.cli.group import Verb
from allentk.cli.messages import manners, say
from allentk.cli.output import Output, output_options, text_table
from allentk.cli.source import Source, cache_dir_option

if TYPE_CHECKING:
    import pandas as pd

    from allentk.network import Network
    from allentk.workflow.network_estimates import Estimate

__all__ = ["build"]


@click.command(
    cls=Verb,
    examples=(
        "allentk network build layer4 --scale 0.05 -o my-network",
        "allentk network build v1 --scale 0.02 --rule density --jobs 2 -o my-v1",
        "allentk network build v1 --variant billeh2020 --tables my-tables -o my-v1",
        "allentk network build tutorial8 --cells my-components -o my-eight",
        "allentk network build patch --cells my-fits -o my-patch",
    ),
)
@click.argument("recipe", type=click.Choice(["layer4", "v1", "tutorial8", "patch"]))
@click.option(
    "--scale",
    type=float,
    help="Share of the cells (layer4: 0.02, v1: 0.05 where not given); of patch, in units of 1200 cells.",
)
@click.option(
    "--variant",
    help="layer4: LL, LR, RL or RR (like to like or random connections, weights); v1: 2026 or billeh2020.",
)
@click.option("--instance", type=click.IntRange(1, 3), help="layer4: which of the published seeds.")
@click.option(
    "--rule",
    type=click.Choice(["radius", "density"]),
    help="layer4, v1: a part is a narrower column (default), or has sparser cells.",
)
@click.option(
    "--cells",
    help="Models of the cells: glif, biophysical (v1), allen (downloads), or a folder of models; of patch "
    "a folder of fit glif.",
)
@click.option(
    "--models",
    type=click.Path(path_type=Path),
    help="v1 --cells biophysical: folder with a model's folder for exc and for inh, or for populations.",
)
@click.option(
    "--tables",
    type=click.Path(exists=False, path_type=Path),
    help="v1 --variant billeh2020: folder with its tables of weights.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Draws everything that is random.")
@click.option("--jobs", type=click.IntRange(min=1), help="v1: threads; the network is the same.")
@click.option(
    "--out",
    "-o",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the network; it appears whole or not at all.",
)
@click.option("--overwrite", is_flag=True, help="Replace a network that is there.")
@click.option(
    "--offline", is_flag=True, default=None, help="Use what is in the cache; never download."
)
@output_options
@cache_dir_option
@manners
def build(
    recipe: str,
    cells: str | None,
    out: Path,
    overwrite: bool,
    offline: bool | None,
    cache_dir: Path | None,
    output: Output,
    **options: Any,
) -> None:
    """Build a network from a recipe and save it as SONATA.

    RECIPE is layer4 (45,000 cells at full scale), v1 (about 200,000), tutorial8 (8 cells with
    compartments) or patch (the fits of yours, or the demo's synthetic models). What it will take is said
    before it is built.

    The folder is read by "allentk network run", BMTK and libsonata. Printed are the populations, and of
    layer4 and v1 the connections per cell beside those of the whole model.
    """
    from allentk.cli.network_words import expected, room_for
    from allentk.workflow.network_estimates import disk_bytes, estimate_recipe, machine_bytes
    from allentk.workflow.network_recipes import build_recipe, check_place, full_scale

    check_place(out, overwrite=overwrite)
    estimate = estimate_recipe(recipe, {**options, "cells": cells})
    expected(estimate)
    room_for(estimate.build_bytes, machine_bytes())
    room_for(estimate.disk_bytes, disk_bytes(out), "free on that disk")
    chosen = _cells(recipe, cells, options["variant"], Source(cache_dir, offline))
    say("Building ...")
    network = build_recipe(recipe, {**options, "cells": chosen})
    say(f"Saving {network!r} ...")
    config = network.save(out, overwrite=overwrite)
    whole = full_scale(recipe, options)
    compared = None if whole is None else _compared(network, whole)
    _print(network, estimate, compared, config, output)
    say(f"The network is in {out}. See it with: allentk network info {out}")


def _cells(recipe: str, cells: str | None, variant: str | None, source: Source) -> Any:
    """Return what a recipe takes as its cells."""
    if recipe == "patch":
        from allentk.cli.pools import pools

        found = pools(() if cells is None else (Path(cells),), cache_dir=source.cache_dir)
        say(f"Models: {found}.")
        return found.excitatory, found.inhibitory
    if cells != "allen":
        return cells
    from allentk.workflow.network_recipes import published_models

    say("Fetching the published models of the cells ...")
    return published_models(recipe, variant, source.cell_types())


def _compared(network: Network, whole: pd.DataFrame) -> pd.DataFrame:
    from allentk.network.recipes import compare_with_full_scale

    return compare_with_full_scale(network, whole)


def _print(
    network: Network,
    estimate: Estimate,
    compared: pd.DataFrame | None,
    config: Path,
    output: Output,
) -> None:
    if output.form == "json":
        output.document(
            {
                "name": network.name,
                "config": str(config),
                "n_cells": network.n_cells,
                "n_edges": network.n_edges,
                "expected": estimate.to_dict(),
                "populations": network.summary().to_dict("records"),
                "connections": network.connections().to_dict("records"),
                "full_scale": None if compared is None else compared.to_dict("records"),
            }
        )
    else:
        output.table(network.summary(), to_read=_to_read(network, compared))


def _to_read(network: Network, compared: pd.DataFrame | None) -> str:
    lines = [f"{network.name}: {network!r}", "", text_table(network.summary())]
    if compared is not None:
        rows = compared[compared["source"] == "all"]
        shown = rows[["target", "in_degree", "full_scale", "ratio"]].round(
            {"in_degree": 1, "full_scale": 1, "ratio": 3}
        )
        lines += ["", "Recurrent connections per cell, beside the whole model", text_table(shown)]
    return "\n".join(lines)
