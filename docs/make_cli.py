"""Write ``docs/cli.md``: every command's ``--help``.

The build calls it; the page is made anew every time and is not kept. python -m docs.make_cli
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from allentk.cli.main import cli

PAGE = Path(__file__).resolve().with_name("cli.md")

INTRODUCTION = """\
# Command line

What `allentk VERB --help` says, made of the commands themselves. Every example is run by the tests.
"""


def commands(
    group: click.Group = cli,
    above: tuple[str, ...] = ("allentk",),
    over: click.Context | None = None,
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command with its name and context, groups before what is in them."""
    context = click.Context(
        group, info_name=above[-1], parent=over, terminal_width=100, max_content_width=100
    )
    yield " ".join(above), group, context
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name), context)
        elif command is not None:
            own = click.Context(
                command, info_name=name, parent=context, terminal_width=100, max_content_width=100
            )
            yield f"{' '.join(above)} {name}", command, own


def page() -> str:
    """Return the page as Markdown."""
    lines = [INTRODUCTION]
    for name, command, context in commands():
        lines += [f"## {name}", "", "```text", command.get_help(context).rstrip(), "```", ""]
    return "\n".join(lines)


def write() -> Path:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return PAGE


if __name__ == "__main__":
    print(write())
