"""``allentk observatory``: sessions, their cells, their metrics and pages of single cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from allentk.cli.group import Verb
from allentk.cli.messages import count, manners, say
from allentk.cli.output import Output, output_options
from allentk.cli.source import Source, source_options

#: What is shown to read; --csv and --json give every column.
SESSIONS = (
    "id",
    "experiment_container_id",
    "session_type",
    "targeted_structure",
    "imaging_depth",
    "cre_line",
)
CELLS = (
    "cell_specimen_id",
    "experiment_container_id",
    "area",
    "imaging_depth",
    "tld1_name",
    "p_dg",
    "pref_dir_dg",
    "osi_dg",
    "dsi_dg",
    "reliability_dg",
)


@click.group()
def observatory() -> None:
    """Two-photon sessions: observatory sessions, cells, metrics, plot."""


@observatory.command(
    cls=Verb,
    examples=(
        "allentk observatory sessions --demo",
        "allentk observatory sessions --area VISp --line Cux2-CreERT2 --stimulus drifting_gratings",
    ),
)
@click.option("--area", metavar="NAME", help="Visual area, such as VISp.")
@click.option("--line", metavar="NAME", help="Cre line, such as Cux2-CreERT2.")
@click.option("--depth", metavar="UM", type=int, help="Imaging depth in um, such as 175.")
@click.option("--container", metavar="ID", type=int, help="Only those of one container.")
@click.option("--session-type", metavar="TYPE", help="three_session_A, B, C or C2.")
@click.option("--stimulus", metavar="NAME", help="Only those in which it was shown.")
@click.option("--include-failed", is_flag=True, help="Also those that failed quality control.")
@output_options
@source_options
@manners
def sessions(
    source: Source,
    output: Output,
    area: str | None,
    line: str | None,
    depth: int | None,
    container: int | None,
    **filters: Any,
) -> None:
    """List the two-photon sessions of the Observatory.

    One row per session; "id" is what "observatory metrics" and "plot" take.
    """
    service = source.observatory()
    table = service.sessions(
        targeted_structure=area,
        cre_line=line,
        imaging_depth=depth,
        container_id=container,
        **filters,
    )
    _print(table, SESSIONS, output, synthetic=service.synthetic)
    say(f"{count(len(table), 'session')}.")


@observatory.command(
    cls=Verb,
    examples=(
        "allentk observatory cells --demo",
        "allentk observatory cells --area VISp --line Sst-IRES-Cre --csv",
    ),
)
@click.option("--area", metavar="NAME", help="Visual area, such as VISp.")
@click.option("--line", metavar="NAME", help="Cre line, such as Cux2-CreERT2.")
@click.option("--container", metavar="ID", type=int, help="Only cells of one container.")
@click.option("--cell", metavar="ID", type=int, multiple=True, help="Only this cell (repeatable).")
@click.option("--include-failed", is_flag=True, help="Also those that failed quality control.")
@output_options
@source_options
@manners
def cells(
    source: Source,
    output: Output,
    area: str | None,
    line: str | None,
    container: int | None,
    cell: tuple[int, ...],
    *,
    include_failed: bool,
) -> None:
    """List the imaged cells with their published metrics.

    One row per cell, as the Observatory itself measured it (definition "warehouse"). To read, the main
    columns are shown; --csv and --json give all 60.
    """
    service = source.observatory()
    table = service.cell_metrics(
        area=area,
        cre_line=line,
        container_id=container,
        cell_specimen_id=list(cell) or None,
        include_failed=include_failed,
    )
    _print(table, CELLS, output, synthetic=service.synthetic)
    say(f"{count(len(table), 'cell')}.")


def _print(table: Any, shown: tuple[str, ...], output: Output, *, synthetic: bool) -> None:
    if synthetic:
        table = table.assign(synthetic=True)
    names = [name for name in (*shown, "synthetic") if name in table]
    output.table(table, to_read=table[names])


def _measured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb SESSION, and by what its cells are measured."""
    for add in (
        click.option(
            "--quirk",
            "quirks",
            metavar="NAME",
            multiple=True,
            help='Keep a published bug (repeatable), or "published" for all of them.',
        ),
        click.option(
            "--events",
            type=click.Path(dir_okay=False, path_type=Path),
            help="File of events, for paper2020 of a file; of an ID it is downloaded.",
        ),
        click.option(
            "--stimulus",
            "stimuli",
            metavar="NAME",
            multiple=True,
            help="Only this stimulus (repeatable; default: all that were shown).",
        ),
        click.option(
            "--definition",
            type=click.Choice(["warehouse", "paper2020", "trial-mean"]),
            default="warehouse",
            show_default=True,
            help="By which metrics are measured: of fluorescence, of events, or of dF/F.",
        ),
        click.argument("session", metavar="SESSION_ID|FILE.nwb"),
    ):
        command = add(command)
    return command


@observatory.command(
    cls=Verb,
    examples=(
        "allentk observatory metrics --demo 900100001 --definition trial-mean",
        "allentk observatory metrics 501940850 --stimulus drifting_gratings --out metrics.csv",
        "allentk observatory metrics session.nwb --definition paper2020 --events events.npz",
    ),
)
@_measured
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one row per cell to a file: .csv, .json or .parquet.",
)
@output_options
@source_options
@manners
def metrics(source: Source, output: Output, session: str, out: Path | None, **options: Any) -> None:
    """Measure the cells of a downloaded session.

    SESSION_ID is downloaded where it is not in the cache. One row per cell; the columns of a stimulus
    end with its short name: _dg (drifting gratings), _sg (static gratings), _ns (natural scenes), _nm1
    to _nm3 (movies), _lsn, _lsn4 and _lsn8 (locally sparse noise, of 4 and of 8 degrees), _sp
    (spontaneous). A stimulus that cannot be measured is named, and costs that stimulus. To read,
    quartiles over cells are shown.
    """
    from allentk.workflow.feature_files import target_of
    from allentk.workflow.table_files import write_table

    target = None if out is None else target_of(out)
    found = _measure(source, session, **options)
    table = found.table()
    if target is not None:
        write_table(table, target)
    output.table(table, to_read=found.summary())
    _tell(found)
    say(f"{count(len(table), 'cell')}{f', written to {target}' if target else ''}.")


@observatory.command(
    cls=Verb,
    examples=(
        "allentk observatory plot --demo 900100001 --cell 900200000 --definition trial-mean "
        "--out page.html",
        "allentk observatory plot 501940850 --cell 517399994 --cell 517400011 --out cells.html",
    ),
)
@_measured
@click.option(
    "--cell",
    "cells",
    metavar="ID",
    type=int,
    multiple=True,
    help="A cell to draw (repeatable; default: three, strong, middling and weak).",
)
@click.option(
    "--out",
    default="cells.html",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page to write.",
)
@source_options
@manners
def plot(source: Source, session: str, cells: tuple[int, ...], out: Path, **options: Any) -> None:
    """Write a page of single cells: responses, tuning, metrics with definitions.

    One file that needs no network: of every cell and stimulus a map of the responses, the tuning, every
    trial of the preferred condition and their average, and all metrics with unit and formula.
    """
    from allentk.workflow.session_cells import write_cells

    found = _measure(source, session, **options)
    _tell(found)
    drawn = write_cells(found, out, cells=cells)
    say(f"{count(len(drawn), 'cell')}: {', '.join(map(str, drawn))}.")
    click.echo(out)


def _measure(
    source: Source, session: str, *, definition: str, events: Path | None, **options: Any
) -> Any:
    from allentk.cli.source import is_id
    from allentk.workflow.session_metrics import measure_session

    if is_id(session):
        service = source.observatory()
        opened = service.session(int(session))
        given: Any = events
        if definition == "paper2020" and events is None:
            given = service.events(int(session))
    else:
        opened, given = source.session(session), events
    if options.get("quirks") == ("published",):
        options["quirks"] = "published"
    return measure_session(opened, definition=definition, events=given, say=say, **options)


def _tell(found: Any) -> None:
    for remark in found.remarks:
        say(f"Note: {remark}")
    for name, why in found.failed.items():
        click.echo(f"Not measured: {name} ({why})", err=True)
    if found.synthetic:
        say("The session is SYNTHETIC: made up, not recorded from any animal.")
