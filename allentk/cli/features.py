"""``allentk features``: recordings in numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allentk.cli.group import Verb
from allentk.cli.messages import goes_on, manners, say
from allentk.cli.output import Output, output_options, text_table
from allentk.cli.source import Source, is_id, source_options
from allentk.errors import FeatureError

if TYPE_CHECKING:
    import pandas as pd

    from allentk.data import SweepSet
    from allentk.features.definition import Definition

#: Whose rules there are.
DEFINITIONS = ("allen", "allentk")

#: Protocols of which a cell's row is made.
PROTOCOLS = ("Long Square", "Short Square", "Ramp")

#: What is shown of a sweep to read; --csv and --json give every column.
SHOWN = {
    "number": "number",
    "stimulus": "stimulus",
    "amplitude_pa": "amplitude_pa",
    "n_spikes": "n_spikes",
    "avg_rate": "avg_rate_hz",
    "latency": "latency_s",
    "adapt": "adapt",
    "v_baseline": "v_baseline_mv",
    "peak_deflect": "peak_deflect_mv",
    "sag": "sag",
    "tau": "tau_s",
    "threshold_v": "threshold_v_mv",
    "width": "width_s",
}


@click.command(
    cls=Verb,
    examples=(
        "allentk features --demo 900000001",
        "allentk features recording.nwb --sweeps --csv",
        "allentk features --demo 900000001 900000004 --out features.csv",
        "allentk features recordings --jobs 4 --out features.parquet --quality --vectors",
    ),
)
@click.argument("recordings", metavar="ID|FILE|FOLDER...", nargs=-1, required=True)
@click.option("--sweeps", "by_sweep", is_flag=True, help="One row per sweep; of one recording.")
@click.option(
    "--definition",
    type=click.Choice(DEFINITIONS),
    default=DEFINITIONS[0],
    show_default=True,
    help="Whose rules: allen as published, quirks included; allentk with those mended that change "
    "numbers.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one row per cell to a file: .csv, .json or .parquet.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Processes to measure several recordings in; the result is the same (default: the setting "
    "jobs, as allentk doctor shows it).",
)
@click.option(
    "--resume/--no-resume",
    default=True,
    show_default=True,
    help="Take what an earlier run with this --out finished from its journal.",
)
@click.option("--quality", is_flag=True, help="Also judge every sweep; needs --out.")
@click.option(
    "--vectors", is_flag=True, help="Also the feature vectors of every cell; needs --out."
)
@output_options
@source_options
@manners
def features(
    recordings: tuple[str, ...],
    by_sweep: bool,
    definition: Definition,
    source: Source,
    output: Output,
    **batch: Any,
) -> None:
    """Measure the features of a recorded cell.

    ID is a specimen ID, FILE an NWB file. The cell is given under the column names that the Cell
    Types Database publishes, units beside them: mV, pA, s, ms, MOhm. They rest on sweeps named
    Long Square, Short Square and Ramp; a recording without them is measured sweep by sweep.

    Several of them, a FOLDER (searched for *.nwb, also in folders inside) or --out make one table, a
    row per cell. A cell that fails costs that cell; the exit code is 1 only where none was measured.
    Beside --out FILE go the tables STEM_errors.csv and STEM_sweep_errors.csv where there are any,
    STEM_quality.csv, STEM_vectors.npz, and the journal FILE.journal.jsonl: a line per finished cell,
    written as it ends, so that an interrupted run goes on, and a run with further recordings measures
    those alone. Changed files are measured again, failed cells tried again. Delete it at any time.
    """
    if len(recordings) > 1 or batch["out"] is not None or Path(recordings[0]).is_dir():
        _batch(recordings, by_sweep, definition, source, output, **batch)
        return
    _without_out(batch)
    sweeps = source.sweeps(recordings[0])
    if "note" in sweeps.metadata:
        raise FeatureError(sweeps.metadata["note"])
    if not by_sweep and not set(sweeps.table["stimulus"]) & set(PROTOCOLS):
        say(
            f"Note: {sweeps.source} names no {', '.join(PROTOCOLS[:2])} or {PROTOCOLS[2]}, so there is "
            f"no row of the cell; here is one row per sweep, as by --sweeps."
        )
        by_sweep = True
    (_sweeps if by_sweep else _cell)(sweeps, output, definition)


def _without_out(batch: Mapping[str, Any]) -> None:
    for name in ("quality", "vectors"):
        if batch[name]:
            raise click.UsageError(f"--{name} is written beside --out; name a file by --out")


def _batch(
    recordings: tuple[str, ...],
    by_sweep: bool,
    definition: Definition,
    source: Source,
    output: Output,
    **batch: Any,
) -> None:
    from allentk.cli.feature_tables import show
    from allentk.workflow.feature_batch import extract

    if by_sweep:
        raise click.UsageError(
            "--sweeps is of one recording, without --out; several give one row per cell"
        )
    if batch["out"] is None:
        _without_out(batch)
    named = [int(each) if is_id(each) else each for each in recordings]
    cells = source.cell_types() if any(isinstance(each, int) for each in named) else None
    with nullcontext() if batch["out"] is None else goes_on():
        found = extract(named, cells=cells, definition=definition, **batch)
    show(found, output)


def _cell(sweeps: SweepSet, output: Output, definition: Definition) -> None:
    import allentk.features

    row = allentk.features.cell(sweeps, definition=definition)
    synthetic = bool(sweeps.metadata.get("synthetic"))
    errors, filter_hz = row.attrs["errors"], min(row.attrs["filter_hz"])
    if output.form == "json":
        hero = row.attrs["hero_sweep_number"]
        output.document(
            {
                **row.to_dict(),
                "hero_sweep_number": hero,
                "definition": row.attrs["definition"],
                "filter_hz": filter_hz,
                "sweep_errors": errors,
                "source": sweeps.source,
                "synthetic": synthetic,
            }
        )
    else:
        table = row.to_frame().T.assign(filter_hz=filter_hz, synthetic=synthetic)
        output.table(table, to_read=_to_read(row, sweeps))
    _list_errors(errors)


def _to_read(row: pd.Series[Any], sweeps: SweepSet) -> str:
    import pandas as pd

    from allentk.features import CELL_COLUMNS

    # Under the published definition these are always False.
    patterned = row.attrs["definition"] == "allentk"
    lines = [
        {"feature": name, "value": row[name], "what, unit": what}
        for name, what in CELL_COLUMNS.items()
        if not pd.isna(row[name]) and (patterned or not name.startswith("has_"))
    ]
    unknown = [name for name in CELL_COLUMNS if pd.isna(row[name])]
    kind = "synthetic recording" if sweeps.metadata.get("synthetic") else "recording"
    used = ", ".join(f"{hz / 1000:g}" for hz in row.attrs["filter_hz"])
    text = f"{kind} {sweeps.source}, low-pass {used} kHz\n\n{text_table(pd.DataFrame(lines))}"
    return f"{text}\n\n{_wrapped('not measured: ' + ', '.join(unknown))}" if unknown else text


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 100, subsequent_indent="  "))


def _sweeps(sweeps: SweepSet, output: Output, definition: Definition) -> None:
    import allentk.features

    table = allentk.features.table(sweeps, definition=definition)
    if sweeps.metadata.get("synthetic"):
        table = table.assign(synthetic=True)
    shown = table[[name for name in SHOWN if name in table]].rename(columns=SHOWN)
    output.table(table, to_read=shown.dropna(axis="columns", how="all"))
    failed = table[table["error"] != ""]
    _list_errors(failed[["number", "error"]].to_dict("records"))
    if len(failed) == len(table):
        raise FeatureError(f"{sweeps.source}: none of the {len(table)} sweeps could be measured")


def _list_errors(errors: Iterable[Mapping[str, Any]]) -> None:
    for error in errors:
        click.echo(f"Not measured, sweep {error['number']}: {error['error']}", err=True)
