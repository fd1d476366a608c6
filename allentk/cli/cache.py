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
    """Look after the downloads: cache ls, path, verify."""


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
