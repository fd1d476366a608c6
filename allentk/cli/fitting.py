"""What ``allentk fit glif`` does with one recording, prints and writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from allentk.atomic import prepared
from allentk.cli.messages import say
from allentk.cli.output import Output, text_table
from allentk.data import SweepSet
from allentk.errors import FitError
from allentk.workflow.fit_cell import told
from allentk.workflow.fit_files import cell_document, write_cell
from allentk.workflow.fit_levels import fitted_levels
from allentk.workflow.fit_tables import score_table

if TYPE_CHECKING:
    from allentk.fitting import LevelFits

__all__ = ["choice_in_words", "fit_one", "table_to_read"]

_TO_READ = {
    "level": "level",
    "chosen": "chosen",
    "cv_score": "cross-validated",
    "aic": "AIC",
    "bic": "BIC",
    "training_score": "training score",
    "ratio": "hold-out ratio",
    "reliability": "data's reliability",
    "n_spikes_model": "spikes (model)",
    "n_spikes_data": "spikes (cell)",
    "evaluations": "evaluations",
    "stopped": "stopped",
}


def fit_one(
    sweeps: SweepSet,
    folder: Path,
    output: Output,
    *,
    levels: Sequence[int],
    method: str,
    figure: bool,
    train: str,
    test: str,
    **options: Any,
) -> None:
    """Fit the levels of a recording, write them, and print their scores.

    A level that cannot be fitted costs that level; one that cannot be scored keeps its model. `options`
    are those of ``GLIFFitter``.
    """
    if "note" in sweeps.metadata:
        raise FitError(sweeps.metadata["note"])
    prepared(folder)
    say(f"Fitting GLIF {', '.join(map(str, levels))} ...")
    found = fitted_levels(sweeps, levels, method=method, train=train, test=test, **options)
    fit = told(sweeps, found, method=method, source=sweeps.source, train=train, test=test)
    write_cell(fit, folder)
    scores = score_table(fit)
    if output.form == "json":
        output.document(cell_document(fit))
    else:
        output.table(scores, to_read=table_to_read(scores))
    if figure and len(fit.models):
        _draw(sweeps, found, folder / "fit.svg", method, test)
    _tell(scores, found, folder)


def _draw(sweeps: SweepSet, found: LevelFits, file: Path, method: str, test: str) -> None:
    from allentk.atomic import whole
    from allentk.report import fit_figure

    drawn = fit_figure(sweeps, found, test=test, mark_chosen=method == "allentk")
    with whole(file) as part:
        drawn.savefig(part, format="svg", metadata={"Date": None})
    say(f"The fit is drawn in {file}.")


def _notes(found: LevelFits) -> dict[str, list[int]]:
    """Return what was noted, each with the levels it is about."""
    notes: dict[str, list[int]] = {}
    for level in found.levels:
        for note in found.fits[level].notes if level in found.fits else ():
            notes.setdefault(note, []).append(level)
    return notes


def _tell(scores: pd.DataFrame, found: LevelFits, folder: Path) -> None:
    failed = scores[scores["file"].isna()]
    for row in scores[scores["error"] != ""].to_dict("records"):
        what = "not fitted" if row["level"] in set(failed["level"]) else "not scored"
        click.echo(f"GLIF {row['level']}, {what}: {row['error']}", err=True)
    for note, levels in _notes(found).items():
        say(f"Note, GLIF {', '.join(map(str, levels))}: {note}")
    say(f"{'Scores' if len(failed) == len(scores) else 'Models and scores'} are in {folder}.")
    if len(failed):
        names = ", ".join(f"GLIF {level}" for level in failed["level"])
        raise click.ClickException(
            f"{len(failed)} of {len(scores)} levels were not fitted: {names}"
        )


def table_to_read(scores: pd.DataFrame) -> str:
    """Return the scores to read; says so where the scored sweeps are those of the fit."""
    fitted = scores[scores["file"].notna()]
    if not len(fitted):
        return ""
    held_out = bool(fitted["held_out"].fillna(False).all())
    names = {**_TO_READ, "ratio": "hold-out ratio" if held_out else "ratio"}
    shown = fitted.assign(
        stopped=fitted["stopped"].str.partition(":")[0],
        chosen=["chosen" if chosen else "" for chosen in fitted["chosen"]],
    )
    shown = shown[list(names)].rename(columns=names).dropna(axis="columns", how="all")
    lines = [text_table(shown), "", choice_in_words(fitted), ""]
    lines += [f"stopped, {reason}" for reason in fitted["stopped"].unique()]
    if not held_out:
        scored = fitted["ratio"].notna().any()
        lines.append(
            "no sweeps of both --train and --test, so nothing was held out: "
            + ("a ratio is on sweeps of the fit" if scored else "there is no score")
        )
    return "\n".join(lines).rstrip()


def choice_in_words(fitted: pd.DataFrame) -> str:
    """Return a sentence on which level is chosen, and why."""
    chosen = fitted[fitted["chosen"]]
    if not len(chosen):
        return "No level is chosen: the published pipeline does not compare them."
    row = chosen.iloc[0]
    by_aic, by_bic = (int(fitted.loc[fitted[name].idxmin(), "level"]) for name in ("aic", "bic"))
    if math.isnan(row["cv_score"]):
        why = "it has the smallest BIC; the recording is too short to hold anything out"
    else:
        equal = (fitted["cv_score"] == row["cv_score"]).sum() > 1
        why = (
            f"it predicts best what was held out in cross-validation ({row['cv_score']:.3f})"
            f"{', the lowest of those that do so equally' if equal else ''}"
        )
    return (
        f"GLIF {row['level']} is chosen: {why}. The smallest AIC has GLIF {by_aic}, the smallest BIC "
        f"GLIF {by_bic}."
    )
