"""``allentk demo``: the whole loop, offline."""

from __future__ import annotations

from pathlib import Path

import click

from allentk.cli.group import Verb
from allentk.cli.messages import manners, say
from allentk.cli.source import cache_dir_option


@click.command(cls=Verb, examples=("allentk demo", "allentk demo --out my-demo --seed 1"))
@click.option(
    "--out",
    default="allentk-demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for everything that is made.",
)
@click.option("--seed", default=0, show_default=True, help="Draws fits, network and input.")
@cache_dir_option
@manners
def demo(out: Path, seed: int, cache_dir: Path | None) -> None:
    """Run the whole loop offline, from cell to report.

    Synthetic cells, recorded in the layout of the services: their sweeps are measured, GLIF neurons
    are fitted, a patch of layer 4 is built of them, looks at drifting gratings, and is scored
    against the Observatory. Takes a minute or two; prints where the report is.
    """
    from allentk import workflow

    result = workflow.demo(out=out, seed=seed, cache_dir=cache_dir, say=say)
    say("Open the report in a browser. Next: allentk cells --demo, allentk --help.")
    click.echo(result.report)
