"""What ``allentk fit biophysical`` does with a cell, prints and writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allentk.cli.group import INTERRUPTED
from allentk.cli.messages import say
from allentk.cli.output import Output, text_table
from allentk.cli.source import Source, is_id
from allentk.errors import ConfigError
from allentk.workflow.biophysical_cell import open_cell
from allentk.workflow.biophysical_fit import fit_cell, fit_document, histories, write_fit

if TYPE_CHECKING:
    from allentk.fitting.biophysical.verdict import Verdict
    from allentk.workflow.biophysical_cell import BiophysicalCell
    from allentk.workflow.biophysical_fit import BiophysicalFit

__all__ = ["fit_one"]


def fit_one(
    recording: str,
    source: Source,
    output: Output,
    *,
    swc: Path | None,
    dendrite_type: str | None,
    human: bool,
    out: Path | None,
    figure: bool,
    **options: Any,
) -> None:
    """Fit a cell, write it into a folder, and print its verdict.

    `options` are those of ``fit_cell`` and ``BiophysicalFitter``.
    """
    known = is_id(recording)
    cell = open_cell(
        int(recording) if known else recording,
        cells=source.cell_types() if known else None,
        swc=swc,
        dendrite_type=dendrite_type,
        human=human,
    )
    folder = out or Path(f"biophysical-{cell.name}")
    _announce(cell, folder, options)
    try:
        fit = fit_cell(cell, folder, **options)
    except ConfigError as error:
        if "remove it to begin anew" not in str(error):
            raise
        raise ConfigError(f"{error}. Or begin anew with --no-resume") from error
    write_fit(fit, folder, figure=figure)
    _print(fit, output)
    say(f"The model, its verdict and report.html are in {folder}.")
    if fit.result.reason.name == "INTERRUPTED":
        say("Interrupted: these are of the best model so far. The same command goes on from here.")
        click.get_current_context().exit(INTERRUPTED)


def _announce(cell: BiophysicalCell, folder: Path, options: dict[str, Any]) -> None:
    made_up = " (synthetic)" if cell.synthetic else ""
    if cell.synthetic:
        say(f"{cell.name} is synthetic: a fit to it shows how the way goes, nothing about a brain.")
    if options["resume"] and histories(folder):
        say(f"Going on from {histories(folder)[-1]}.")
    say(
        f"Fitting a {options['kind']} model to {cell.name}{made_up}, for {options['max_seconds']:g} s "
        f"or {options['max_evaluations']} models at most ..."
    )


def _print(fit: BiophysicalFit, output: Output) -> None:
    if output.form == "json":
        output.document(fit_document(fit))
    else:
        output.table(fit.verdict.to_dataframe(), to_read=_to_read(fit))


def _to_read(fit: BiophysicalFit) -> str:
    """Return the verdict to read: held-out steps, then the rest, then why the search stopped."""
    from allentk.report.biophysical_words import in_words

    lines = [*in_words(fit.verdict), "", text_table(_uses(fit.verdict)), ""]
    lines.append(f"{fit.result.evaluations} models evaluated; stopped, {_reason(fit)}")
    lines += [f"Note: {note}" for note in dict.fromkeys([*fit.result.notes, *fit.verdict.notes])]
    return "\n".join(lines)


def _reason(fit: BiophysicalFit) -> str:
    """Return why the search stopped, with this program's own options in the advice."""
    told = str(fit.result.reason)
    for name, option in (("max_seconds", "--budget"), ("max_evaluations", "--max-evaluations")):
        told = told.replace(name, option)
    return told


def _uses(judged: Verdict) -> Any:
    import pandas as pd

    from allentk.report.biophysical_words import uses_table

    table = uses_table(judged)
    rows = [[cell.text for cell in row] for row in table.rows]
    return pd.DataFrame(rows, columns=["", *table.columns[1:]])
