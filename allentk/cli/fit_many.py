"""What ``allentk fit glif --cells`` does with many recordings, and says of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allentk.cli.messages import TOLD, about, count, goes_on, say
from allentk.cli.output import Output
from allentk.cli.source import Source
from allentk.errors import FitError
from allentk.workflow.fit_batch import fit_many
from allentk.workflow.fit_files import batch_document
from allentk.workflow.fit_list import read_list

if TYPE_CHECKING:
    import pandas as pd

    from allentk.workflow.fit_batch import FitBatch

__all__ = ["fit_list"]

#: What is shown of a level to read; fits.csv has every column.
_TO_READ = {
    "specimen_id": "specimen_id",
    "source": "source",
    "level": "level",
    "cv_score": "cross-validated",
    "aic": "AIC",
    "bic": "BIC",
    "ratio": "ratio",
    "reliability": "data's reliability",
}


def fit_list(file: Path, source: Source, output: Output, folder: Path, **options: Any) -> None:
    """Fit the cells of a list into a folder, and print the chosen levels.

    Raises
    ------
    FitError
        Where no cell was fitted.
    """
    named = read_list(file)
    cells = source.cell_types() if any(isinstance(each, int) for each in named) else None
    with goes_on():
        batch = fit_many(named, cells=cells, out=folder, **options)
    _print(batch, output)
    _tell(batch, folder)


def _print(batch: FitBatch, output: Output) -> None:
    if output.form == "json":
        output.document(batch_document(batch))
    else:
        output.table(batch.fits, to_read=_to_read(batch.fits))


def _to_read(fits: pd.DataFrame) -> pd.DataFrame:
    """Return the chosen levels; all of them where a method chooses none."""
    fitted = fits[fits["file"].notna()]
    shown = fitted[fitted["chosen"]] if fitted["chosen"].any() else fitted
    shown = shown[list(_TO_READ)].assign(source=[Path(name).name for name in shown["source"]])
    return shown.rename(columns=_TO_READ).dropna(axis="columns", how="all")


def _tell(batch: FitBatch, folder: Path) -> None:
    lines = [about(row["recording"], row["message"]) for row in batch.errors.to_dict("records")]
    for line in lines[:TOLD]:
        click.echo(f"Not fitted, {line}", err=True)
    if len(lines) > TOLD:
        click.echo(f"... and {len(lines) - TOLD} more, in fits_errors.csv.", err=True)
    if not batch.n_cells:
        raise FitError(f"no cell was fitted; {batch.n_failed} failed, see {folder}/fits_errors.csv")
    n_kept = batch.n_cells - batch.n_fitted
    before = f", {n_kept} of them by an earlier run" if n_kept else ""
    kind = " (synthetic)" if batch.metadata["synthetic"] else ""
    say(
        f"{count(batch.n_cells, 'cell')} fitted{kind}{before}. Models and fits.csv are in {folder}."
    )
    n_lost = len(batch.fits) - int(batch.fits["file"].notna().sum())
    n_lost -= batch.n_failed * len(batch.metadata["levels"])
    if n_lost:
        click.echo(
            f"{count(n_lost, 'level')} of these cells not fitted; why is under error in fits.csv.",
            err=True,
        )
    if batch.n_failed:
        n_all = batch.n_cells + batch.n_failed
        click.echo(
            f"{batch.n_failed} of {count(n_all, 'cell')} not fitted; what to do is in fits_errors.csv.",
            err=True,
        )
