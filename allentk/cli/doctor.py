"""``allentk doctor``: check the installation."""

from __future__ import annotations

from pathlib import Path

import click

from allentk.cli.group import Verb
from allentk.cli.messages import manners
from allentk.cli.output import Output, output_options
from allentk.cli.source import cache_dir_option


@click.command(cls=Verb, examples=("allentk doctor --offline", "allentk doctor --json"))
@click.option("--offline", is_flag=True, default=None, help="Do not try to reach the services.")
@cache_dir_option
@output_options
@manners
def doctor(offline: bool | None, cache_dir: Path | None, output: Output) -> None:
    """Check this installation and say what to mend.

    Looks at the versions of all packages, the engines and compilers, the cache and its disk, and
    whether the services answer. "ok" is fine, "note" is worth knowing, "problem" must be mended; with
    a problem the exit code is 1. Sizes are in GB.
    """
    import pandas as pd

    from allentk.cli.checks import check_all
    from allentk.cli.finding import Finding

    found = check_all(cache_dir=cache_dir, offline=offline)
    table = pd.DataFrame([finding.row() for finding in found], columns=list(Finding.COLUMNS))
    output.table(table)
    problems = [finding.what for finding in found if finding.status == "problem"]
    if problems:
        raise click.ClickException(f"to mend: {', '.join(problems)}")
