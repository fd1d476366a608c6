"""A group that imports a verb when it is called, and a command that shows examples."""

from __future__ import annotations

import errno
import importlib
import traceback
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import click

from allentk.errors import AllenTKError, OfflineError

__all__ = ["INTERRUPTED", "LazyGroup", "Verb", "say_demo", "show_traceback"]

#: What a shell calls the end by Ctrl-C.
INTERRUPTED = 130

_VERBOSE, _DEMO = "allentk.verbose", "allentk.demo"

_HINT = "Add --demo to try this on synthetic data, without a network."

#: What the system may refuse through no fault of the program: rights, space, a file for a folder.
_REFUSED = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
}


def show_traceback(context: click.Context) -> None:
    """Ask for tracebacks of errors that are otherwise told in a sentence."""
    context.meta[_VERBOSE] = True


def say_demo(context: click.Context) -> None:
    """Say that this is the demo already: an error does not advise it again."""
    context.meta[_DEMO] = True


class Verb(click.Command):
    """A command whose help ends with examples.

    Parameters
    ----------
    examples : sequence of str
        Command lines that can be run as they stand.
    """

    def __init__(self, *args: Any, examples: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples below the options."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class LazyGroup(click.Group):
    """A group that knows its commands by name and help line, and imports one when it is called.

    An error of allentk's own is told in a sentence, with exit code 1; ``-v`` shows its traceback. Ctrl-C
    ends with exit code 130, and with what the KeyboardInterrupt says, if anything.

    Parameters
    ----------
    verbs : mapping of str to (str, str)
        Verb to ``("module:command", "help line")``, in the order of the help page.
    """

    def __init__(
        self, *args: Any, verbs: Mapping[str, tuple[str, str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.verbs = dict(verbs or {})

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the verbs in the order of the help page."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a verb's command."""
        if cmd_name not in self.verbs:
            return None
        module, _, name = self.verbs[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; name a near one where there is no such verb."""
        near = get_close_matches(args[0], self.verbs, n=1)
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write names and help lines, without importing any verb."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, line) for name, (_, line) in self.verbs.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb and tell its errors."""
        try:
            return super().invoke(ctx)
        except AllenTKError as error:
            offline = isinstance(error, OfflineError) and not ctx.meta.get(_DEMO)
            _told(ctx, f"{error}\n{_HINT}" if offline else str(error), error)
        except OSError as error:
            if error.errno not in _REFUSED or error.filename is None:
                raise
            _told(ctx, f"{error.filename}: {error.strerror}", error)
        except KeyboardInterrupt as interrupt:
            # The empty line closes that in which the terminal shows ^C.
            click.echo(f"\n{str(interrupt) or 'Interrupted.'}", err=True)
            ctx.exit(INTERRUPTED)


def _told(context: click.Context, message: str, error: Exception) -> NoReturn:
    if context.meta.get(_VERBOSE):
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    raise click.ClickException(message) from error
