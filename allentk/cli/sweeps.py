"""``allentk sweeps``: what a recording holds."""

from __future__ import annotations

import click

from allentk.cli.group import Verb
from allentk.cli.messages import count, manners, say
from allentk.cli.output import Output, output_options
from allentk.cli.source import Source, source_options


@click.command(
    cls=Verb,
    examples=("allentk sweeps --demo 900000001", "allentk sweeps recording.nwb --csv"),
)
@click.argument("recording", metavar="ID|FILE")
@output_options
@source_options
@manners
def sweeps(recording: str, source: Source, output: Output) -> None:
    """List the sweeps of a recording.

    ID is a specimen ID, whose recording is downloaded when it is not in the cache (about 100 MB);
    FILE is an NWB file, version 1 or 2. Amplitudes are in pA, rates in Hz, durations in seconds.
    """
    found = source.sweeps(recording)
    table = found.to_dataframe()
    table["duration_s"] = table["n_samples"] / table["sampling_rate_hz"]
    output.table(table, to_read=table.dropna(axis="columns", how="all"))
    kind = "synthetic " if found.metadata.get("synthetic") else ""
    say(f"{count(len(found), 'sweep')} of the {kind}recording {found.source}.")
    if "note" in found.metadata:
        say(f"Note: {found.metadata['note']}.")
