"""What is said on stderr: notes, steps, and the log; stdout is for data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from allentk import progress
from allentk.cli.group import show_traceback

__all__ = ["TOLD", "about", "count", "goes_on", "hush", "manners", "say"]

F = TypeVar("F", bound=Callable[..., Any])

#: How many failures are told where a file has them all.
TOLD = 10


def say(message: str) -> None:
    """Write a note to stderr, unless --quiet was given."""
    if not progress.quiet:
        click.echo(message, err=True)


def count(number: int, what: str) -> str:
    """Return a number of things in words.

    Examples
    --------
    >>> count(1, "cell"), count(2, "cell")
    ('1 cell', '2 cells')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"


def about(name: str, message: str) -> str:
    """Return a message that names once what it is about.

    Examples
    --------
    >>> about("a.nwb", "no spike"), about("a.nwb", "a.nwb: no spike")
    ('a.nwb: no spike', 'a.nwb: no spike')
    """
    return message if message.startswith(name) else f"{name}: {message}"


def manners(command: F) -> F:
    """Give a verb the options --quiet and -v."""
    quiet = click.option(
        "--quiet",
        "-q",
        is_flag=True,
        expose_value=False,
        callback=_quiet,
        help="No notes and no progress bar on stderr; errors only.",
    )
    verbose = click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_verbose,
        help="Show the log on stderr, and the traceback of an error.",
    )
    return quiet(verbose(command))


def _quiet(context: click.Context, _parameter: click.Parameter, given: bool) -> None:
    if given:
        hush(context)


def hush(context: click.Context) -> None:
    """Say nothing until the command ends."""
    if not progress.quiet:
        progress.quiet = True
        context.call_on_close(_loud)


def _loud() -> None:
    progress.quiet = False


def _verbose(context: click.Context, _parameter: click.Parameter, given: bool) -> None:
    if not given:
        return
    show_traceback(context)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    log = logging.getLogger("allentk")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    context.call_on_close(lambda: log.removeHandler(handler))
    context.call_on_close(lambda: log.setLevel(before))


@contextmanager
def goes_on() -> Iterator[None]:
    """Say of what is interrupted that it goes on from there: it has kept what is finished."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt("Interrupted. The same command goes on from here.") from interrupt
