"""``allentk features``: a recording in numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from allentk.cli.group import Verb
from allentk.cli.messages import manners, say
from allentk.cli.output import Output, output_options, text_table
from allentk.cli.source import Source, source_options
from allentk.errors import FeatureError

if TYPE_CHECKING:
    import pandas as pd

    from allentk.data import SweepSet

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
    ),
)
@click.argument("recording", metavar="ID|FILE")
@click.option("--sweeps", "by_sweep", is_flag=True, help="One row per sweep.")
@output_options
@source_options
@manners
def features(recording: str, by_sweep: bool, source: Source, output: Output) -> None:
    """Measure the features of a recorded cell.

    ID is a specimen ID, FILE an NWB file. The cell is given under the column names that the Cell
    Types Database publishes, units beside them: mV, pA, s, ms, MOhm. They rest on sweeps named
    Long Square, Short Square and Ramp; a recording without them is measured sweep by sweep.
    """
    sweeps = source.sweeps(recording)
    if "note" in sweeps.metadata:
        raise FeatureError(sweeps.metadata["note"])
    if not by_sweep and not set(sweeps.table["stimulus"]) & set(PROTOCOLS):
        say(
            f"Note: {sweeps.source} names no {', '.join(PROTOCOLS[:2])} or {PROTOCOLS[2]}, so there is "
            f"no row of the cell; here is one row per sweep, as by --sweeps."
        )
        by_sweep = True
    (_sweeps if by_sweep else _cell)(sweeps, output)


def _cell(sweeps: SweepSet, output: Output) -> None:
    import allentk.features

    row = allentk.features.cell(sweeps)
    synthetic = bool(sweeps.metadata.get("synthetic"))
    errors = row.attrs["errors"]
    if output.form == "json":
        hero = row.attrs["hero_sweep_number"]
        output.document(
            {
                **row.to_dict(),
                "hero_sweep_number": hero,
                "sweep_errors": errors,
                "source": sweeps.source,
                "synthetic": synthetic,
            }
        )
    else:
        output.table(row.to_frame().T.assign(synthetic=synthetic), to_read=_to_read(row, sweeps))
    _list_errors(errors)


def _to_read(row: pd.Series[Any], sweeps: SweepSet) -> str:
    import pandas as pd

    from allentk.features import CELL_COLUMNS

    lines = [
        {"feature": name, "value": row[name], "what, unit": what}
        for name, what in CELL_COLUMNS.items()
        if not pd.isna(row[name]) and not name.startswith("has_")
    ]
    unknown = [name for name in CELL_COLUMNS if pd.isna(row[name])]
    kind = "synthetic recording" if sweeps.metadata.get("synthetic") else "recording"
    text = f"{kind} {sweeps.source}\n\n{text_table(pd.DataFrame(lines))}"
    return f"{text}\n\n{_wrapped('not measured: ' + ', '.join(unknown))}" if unknown else text


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 100, subsequent_indent="  "))


def _sweeps(sweeps: SweepSet, output: Output) -> None:
    import allentk.features

    table = allentk.features.table(sweeps)
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
