"""What ``allentk features`` says of a batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allentk.cli.messages import TOLD, about, count, say
from allentk.cli.output import Output, text_table
from allentk.errors import FeatureError

if TYPE_CHECKING:
    import pandas as pd

    from allentk.workflow.feature_batch import FeatureBatch

__all__ = ["show"]

#: What is shown of a cell to read; --csv, --json and --out give every column.
SHOWN = {
    "specimen_id": "specimen_id",
    "source": "source",
    "vrest": "vrest_mv",
    "ri": "ri_mohm",
    "tau": "tau_ms",
    "sag": "sag",
    "threshold_i_long_square": "rheobase_pa",
    "f_i_curve_slope": "f_i_slope_hz_per_pa",
    "adaptation": "adaptation",
    "latency": "latency_s",
    "synthetic": "synthetic",
}


def show(batch: FeatureBatch, output: Output) -> None:
    """Print a batch, and what it lacks.

    Raises
    ------
    FeatureError
        Where no cell was measured.
    """
    _print(batch, output)
    _tell_failures(batch)
    n_cells, n_failed = len(batch.features), batch.n_failed
    n_kept = n_cells - batch.n_measured
    if not n_cells:
        raise FeatureError(f"no cell was measured; {n_failed} failed")
    before = f", {n_kept} of them by an earlier run" if n_kept else ""
    kind = " (synthetic)" if batch.metadata["synthetic"] else ""
    say(f"{count(n_cells, 'cell')} measured{kind}{before}.")
    if n_failed:
        click.echo(f"{n_failed} of {count(n_cells + n_failed, 'cell')} not measured.", err=True)


def _print(batch: FeatureBatch, output: Output) -> None:
    if output.form == "json":
        from allentk.workflow.feature_files import document

        output.document(document(batch))
    elif output.form == "csv":
        output.table(batch.features)
    elif batch.files:
        click.echo("\n".join(map(str, batch.files)))
    elif len(batch.features):
        click.echo(text_table(_to_read(batch.features)))


def _to_read(features: pd.DataFrame) -> pd.DataFrame:
    shown = features[list(SHOWN)].rename(columns=SHOWN)
    if shown["specimen_id"].notna().all():
        return shown.drop(columns="source")
    return shown.assign(source=_short(list(shown["source"])))


def _short(sources: list[str]) -> list[str]:
    """Return the files without the folder they have in common."""
    folders = {str(Path(source).parent) for source in sources}
    return [Path(source).name for source in sources] if len(folders) == 1 else sources


def _tell_failures(batch: FeatureBatch) -> None:
    lines = []
    for row in batch.errors.to_dict("records"):
        part = "" if row["what"] == "cell" else f", {row['what']}"
        lines.append(f"Not measured{part}, {about(row['recording'], row['message'])}")
    for row in batch.sweep_errors.to_dict("records"):
        name = f"{row['source']}: sweep {row['number']}"
        lines.append(f"Not measured, {about(name, row['error'])}")
    told = lines[:TOLD] if batch.files else lines
    for line in told:
        click.echo(line, err=True)
    if len(told) < len(lines):
        click.echo(f"... and {len(lines) - len(told)} more, in the tables of errors.", err=True)
