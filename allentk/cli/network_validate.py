"""``allentk network validate``: what is wrong with a saved network."""

from __future__ import annotations

from pathlib import Path

import click

from allentk.cli.group import Verb
from allentk.cli.messages import manners
from allentk.cli.output import Output, output_options

__all__ = ["validate"]

_LEVELS = ("FATAL", "WARNING", "INFO")


@click.command(
    cls=Verb,
    examples=(
        "allentk network validate my-network",
        "allentk network validate my-network/simulation_config.json --json",
    ),
)
@click.argument("config", type=click.Path(path_type=Path), metavar="DIR_OR_CONFIG")
@output_options
@manners
def validate(config: Path, output: Output) -> None:
    """Check a SONATA network, of any program, for what is wrong with it.

    DIR_OR_CONFIG is a folder, a circuit configuration, or a simulation configuration, whose inputs, node
    sets and reports are checked too.

    FATAL cannot be read or run, WARNING may not do what was meant, INFO is what some program cannot read.
    The exit code is 1 where something is fatal.
    """
    import pandas as pd

    from allentk.network.sonata_check import validate as findings_of

    findings = findings_of(config)
    counts = {level: sum(one.level == level for one in findings) for level in _LEVELS}
    rows = [{"level": one.level, "where": one.where, "what": one.what} for one in findings]
    if output.form == "json":
        output.document({"valid": not counts["FATAL"], "counts": counts, "findings": rows})
    else:
        told = ", ".join(f"{n} {level}" for level, n in counts.items())
        lines = [*map(str, findings), f"{config}: {told}"]
        table = pd.DataFrame(rows, columns=["level", "where", "what"])
        output.table(table, to_read="\n".join(lines))
    if counts["FATAL"]:
        click.get_current_context().exit(1)
