"""``allentk fetch``: download without reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from allentk.cli.group import Verb
from allentk.cli.messages import count, manners, say
from allentk.cli.output import Output, output_options
from allentk.cli.source import Source, source_options
from allentk.errors import AllenTKError, DataError

if TYPE_CHECKING:
    from allentk.api import CellTypes

KINDS = ("sweeps", "morphology", "glif", "sweep_table", "markers", "biophysical")
DEFAULT = ("sweeps", "morphology")


def _kinds(
    _context: click.Context, _parameter: click.Parameter, given: str | None
) -> tuple[str, ...] | None:
    if given is None:
        return None
    kinds = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    if not kinds or not set(kinds) <= set(KINDS):
        raise click.BadParameter(f"expected some of {', '.join(KINDS)}, got {given!r}")
    return kinds


@click.command(
    cls=Verb,
    examples=(
        "allentk fetch --demo 900000001 900000004 --what sweeps,glif",
        "allentk fetch 485909730",
    ),
)
@click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)
@click.option(
    "--what",
    callback=_kinds,
    help=f"What to download, separated by commas: {', '.join(KINDS)}. By default sweeps, and morphology "
    f"where there is one.",
)
@click.option(
    "--jobs",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Cells to download at a time.",
)
@output_options
@source_options
@manners
def fetch(
    ids: tuple[int, ...],
    what: tuple[str, ...] | None,
    jobs: int,
    source: Source,
    output: Output,
) -> None:
    """Download the files of one or more cells.

    ID is a specimen ID as "allentk cells" lists it. What is in the cache is not downloaded again. A
    cell that fails costs that cell: the others are fetched, and the exit code is 1.
    """
    import pandas as pd

    from allentk.api.several import several

    service = source.cell_types()

    failed: list[str] = []

    def fetched(specimen_id: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        try:
            _fetch_into(rows, service, specimen_id, what)
        except AllenTKError as error:
            failed.append(str(specimen_id))
            click.echo(f"Error: cell {specimen_id}: {error}", err=True)
        return rows

    done = several(fetched, ids, jobs=jobs, what="cells", progress=False)
    rows = [row for outcome in done for row in outcome.get()]
    if rows or output.form != "text":
        output.table(pd.DataFrame(rows, columns=["id", "what", "bytes", "path"]))
    if failed:
        raise click.ClickException(
            f"{len(failed)} of {count(len(ids), 'cell')} not fetched: {', '.join(failed)}"
        )
    say(f"{count(len(rows), 'file')} of {count(len(ids), 'cell')}.")


def _fetch_into(
    rows: list[dict[str, Any]],
    service: CellTypes,
    specimen_id: int,
    what: tuple[str, ...] | None,
) -> None:
    """Fetch kind by kind; a morphology that nobody asked for by name may be missing."""
    for kind in what or DEFAULT:
        try:
            files = service.fetch(specimen_id, what=(kind,))
        except DataError as error:
            if what is not None or kind != "morphology":
                raise
            say(f"Note: {error}")
            continue
        for name, path in files.items():
            size = path.stat().st_size
            rows.append({"id": specimen_id, "what": name, "bytes": size, "path": str(path)})
