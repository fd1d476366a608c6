"""``allentk observatory``: sessions, their cells, their metrics and pages of single cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allentk.cli.group import Verb
from allentk.cli.messages import count, manners, say
from allentk.cli.output import Output, output_options
from allentk.cli.source import Source, source_options

if TYPE_CHECKING:
    from allentk.data import Traces
    from allentk.io.sessions import Session
    from allentk.responses import SessionMetrics

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

#: Names of ``allentk.responses.DEFINITIONS``, which is not loaded for a help page.
DEFINITIONS = ("trial-mean", "warehouse", "paper2020", "neuropixels", "layer4", "v1-2026")


@click.group()
def observatory() -> None:
    """Sessions and their metrics: observatory sessions, cells, metrics, plot."""


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
            type=click.Choice(DEFINITIONS),
            help="By which metrics are measured. Of two-photon sessions: warehouse (of fluorescence; the "
            "default), paper2020 (of events), trial-mean (of dF/F). Of Neuropixels sessions: neuropixels "
            "(the default), trial-mean, layer4, v1-2026.",
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
        "allentk observatory metrics neuropixels.nwb --good-units --out units.csv",
    ),
)
@_measured
@click.option(
    "--good-units",
    is_flag=True,
    help="Of a Neuropixels file: only units of good quality that pass the Allen Institute's bounds.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one row per cell to a file: .csv, .json or .parquet.",
)
@output_options
@source_options
@manners
def metrics(
    source: Source,
    output: Output,
    session: str,
    out: Path | None,
    *,
    good_units: bool,
    **options: Any,
) -> None:
    """Measure the cells of a two-photon session, or the units of a Neuropixels one.

    SESSION_ID is a two-photon session, downloaded where it is not in the cache; FILE.nwb is of either
    kind. One row per cell or unit; the columns of a stimulus end with its short name: _dg (drifting
    gratings), _sg (static gratings), _ns (natural scenes), _nm1 to _nm3 (movies), _lsn, _lsn4 and _lsn8
    (locally sparse noise, of 4 and of 8 degrees), _fl (flashes), _rf (gabors), _dm (dot motion), _sp
    (spontaneous). A stimulus that cannot be measured is named, and costs that stimulus. To read,
    quartiles over cells are shown.
    """
    from allentk.workflow.feature_files import target_of
    from allentk.workflow.table_files import write_table

    target = None if out is None else target_of(out)
    opened, events = _opened(source, session, options)
    ids = _good_units(opened) if good_units else None
    found = _measure(opened, events, ids=ids, **options)
    table = found.table
    if target is not None:
        write_table(table, target)
    output.table(table, to_read=found.summary())
    _tell(found)
    what = "unit" if hasattr(opened, "unit_ids") else "cell"
    say(f"{count(len(table), what)}{f', written to {target}' if target else ''}.")


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
    from allentk.errors import DataError
    from allentk.io import OphysSession
    from allentk.workflow.session_cells import write_cells

    opened, events = _opened(source, session, options)
    if not isinstance(opened, OphysSession):
        raise DataError(
            f"{opened.path}: pages of cells are of two-photon sessions of Visual Coding, and this is a "
            f"{type(opened).__name__}; allentk observatory metrics makes its table"
        )
    found = _measure(opened, events, **options)
    _tell(found)
    drawn = write_cells(opened, found, out, cells=cells)
    say(f"{count(len(drawn), 'cell')}: {', '.join(map(str, drawn))}.")
    click.echo(out)


def _opened(source: Source, session: str, options: dict[str, Any]) -> tuple[Session, Traces | None]:
    """Return the session and its events, if given; the definition of its kind where none is asked for."""
    from allentk.cli.source import is_id
    from allentk.errors import DataError
    from allentk.io import EcephysSession, OphysSession, read_events

    service = source.observatory() if is_id(session) else None
    opened = source.session(session) if service is None else service.session(int(session))
    of_spikes = isinstance(opened, EcephysSession)
    options["definition"] = options["definition"] or ("neuropixels" if of_spikes else "warehouse")
    file = options.pop("events")
    if file is not None:
        if not isinstance(opened, OphysSession):
            raise DataError(f"{opened.path}: --events is for two-photon sessions; leave it out")
        return opened, read_events(file, opened)
    if service is not None and options["definition"] == "paper2020":
        return opened, service.events(int(session))
    return opened, None


def _good_units(session: Session) -> list[int]:
    from allentk.errors import DataError
    from allentk.io import EcephysSession
    from allentk.responses.neuropixels import included

    if not isinstance(session, EcephysSession):
        raise DataError(f"{session.path}: --good-units is for Neuropixels sessions; leave it out")
    units = session.units(quality="good")
    good = units.loc[included(units, "default"), "unit_id"]
    say(f"{len(good)} of {len(session.unit_ids)} units are good.")
    return [int(unit) for unit in good]


def _measure(
    session: Session, events: Traces | None, *, quirks: tuple[str, ...], **options: Any
) -> SessionMetrics:
    import warnings

    from allentk.responses import cell_metrics

    asked = "published" if quirks == ("published",) else quirks
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # told as remarks
        return cell_metrics(session, events=events, quirks=asked, say=say, **options)


def _tell(found: SessionMetrics) -> None:
    for remark in found.remarks:
        say(f"Note: {remark}")
    for name, why in found.failed.items():
        click.echo(f"Not measured: {name} ({why})", err=True)
    if found.synthetic:
        say("The session is SYNTHETIC: made up, not recorded from any animal.")
