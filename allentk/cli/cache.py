"""``allentk cache``: look after the downloads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allentk.cli.group import Verb
from allentk.cli.messages import count, manners, say
from allentk.cli.output import Output, output_options
from allentk.cli.source import cache_dir_option
from allentk.config import settings

if TYPE_CHECKING:
    from allentk.api import Cache


def _opened(cache_dir: Path | None, demo: bool) -> Cache:
    from allentk import api

    if demo:
        return api.demo(cache_dir=cache_dir).cells.cache
    return api.Cache(settings(cache_dir=cache_dir).cache_dir)


_demo = click.option("--demo", is_flag=True, help="The demo's own corner of the cache.")


@click.group()
def cache() -> None:
    """Look after the downloads: cache ls, verify, prune, import."""


@cache.command(cls=Verb, examples=("allentk cache path",))
@_demo
@cache_dir_option
@manners
def path(cache_dir: Path | None, demo: bool) -> None:
    """Print the folder where downloads are kept."""
    click.echo(_opened(cache_dir, demo).folder)


@cache.command(cls=Verb, examples=("allentk cache ls", "allentk cache ls --demo --csv"))
@_demo
@cache_dir_option
@output_options
@manners
def ls(cache_dir: Path | None, demo: bool, output: Output) -> None:
    """List what is in the cache, sizes in bytes."""
    import pandas as pd

    found = _opened(cache_dir, demo)
    columns = ["name", "size", "fetched", "url", "sha256", "path"]
    rows = [[getattr(entry, name) for name in columns] for entry in found.entries()]
    table = pd.DataFrame(rows, columns=columns)
    output.table(table, to_read=table[["name", "size", "fetched", "url"]])
    say(f"{count(len(table), 'file')}, {table['size'].sum() / 1e6:.1f} MB in {found.folder}.")


@cache.command(cls=Verb, examples=("allentk cache verify",))
@_demo
@cache_dir_option
@output_options
@manners
def verify(cache_dir: Path | None, demo: bool, output: Output) -> None:
    """Hash what is in the cache and say what has changed or is missing.

    The exit code is 1 where a file is not as it was fetched.
    """
    import pandas as pd

    states = _opened(cache_dir, demo).verify()
    output.table(pd.DataFrame(states.items(), columns=["name", "state"]))
    bad = [name for name, state in states.items() if state != "ok"]
    if bad:
        raise click.ClickException(
            f"{count(len(bad), 'file')} of {len(states)} not as fetched; remove what has changed, and "
            f"fetch it and what is missing again"
        )
    say(f"{count(len(states), 'file')} as fetched.")


@cache.command(
    cls=Verb,
    examples=(
        "allentk cache prune --dry-run",
        "allentk cache prune --partial",
        "allentk cache prune --older-than 90",
    ),
)
@click.option("--dry-run", is_flag=True, help="Only list what would go.")
@click.option(
    "--older-than",
    metavar="DAYS",
    type=click.FloatRange(min=0.0),
    help="Also files that were fetched longer ago.",
)
@click.option("--partial", is_flag=True, help="Only downloads that were cut off.")
@_demo
@cache_dir_option
@output_options
@manners
def prune(
    dry_run: bool,
    older_than: float | None,
    partial: bool,
    cache_dir: Path | None,
    demo: bool,
    output: Output,
) -> None:
    """Take away what is of no use, sizes in bytes.

    That is what cut-off downloads left behind, and records and parsed tables whose file is gone. A
    download that is under way stays.
    """
    import pandas as pd

    from allentk.api import upkeep

    if partial and older_than is not None:
        raise click.UsageError("give --partial or --older-than, not both")
    gone = upkeep.prune(
        _opened(cache_dir, demo), older_than_days=older_than, partial=partial, dry_run=dry_run
    )
    rows = [(one.why, one.size, str(one.path)) for one in gone]
    table = pd.DataFrame(rows, columns=["why", "size", "path"])
    output.table(table)
    done = "would go" if dry_run else "taken away"
    say(f"{count(len(table), 'file')}, {table['size'].sum() / 1e6:.1f} MB {done}.")


@cache.command(
    "import",
    cls=Verb,
    examples=("allentk cache import ~/cell_types", "allentk cache import /data/boc --link"),
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--link", is_flag=True, help="Link instead of copying, where both are on one disk.")
@cache_dir_option
@output_options
@manners
def take_in(folder: Path, link: bool, cache_dir: Path | None, output: Output) -> None:
    """Take in verified files of another allentk cache, or of an AllenSDK cache.

    FOLDER is a folder that allentk or AllenSDK downloaded into. Nothing is changed there. A file
    that is not as it was recorded, or was cut short, is not taken; the exit code is then 1.
    """
    import pandas as pd

    from allentk.api.imports import import_folder

    found = import_folder(_opened(cache_dir, demo=False), folder, link=link)
    rows = [(one.name, one.size, one.state) for one in found]
    output.table(pd.DataFrame(rows, columns=["name", "size", "state"]))
    bad = [one for one in found if not one.ok]
    new = sum(one.state == "imported" for one in found)
    if bad:
        raise click.ClickException(
            f"{count(len(bad), 'file')} of {len(found)} not taken; they are fetched when they are "
            f"asked for"
        )
    say(f"{count(new, 'file')} imported, {len(found) - new} there already.")
