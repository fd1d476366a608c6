"""What ``allentk fit glif`` does level by level, and writes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import pandas as pd

from allentk.atomic import write_text
from allentk.cli.messages import say
from allentk.cli.output import plain, text_table
from allentk.data import SweepSet
from allentk.errors import FitError
from allentk.fitting import GLIFFitter
from allentk.io import write_glif

__all__ = ["COLUMNS", "fit_levels", "is_held_out", "table_to_read", "write_scores"]

#: Columns of the scores.
COLUMNS = {
    "level": "GLIF level",
    "training_score": "explained-variance ratio on the training sweeps",
    "ratio": "explained-variance ratio on the scored sweeps: model / data",
    "reliability": "what one trial explains of another, on the same scale",
    "model": "variance explained by the model",
    "data": "variance explained by the mean of the trials",
    "pairwise": "variance one trial explains of another",
    "n_trials": "scored sweeps",
    "n_spikes_model": "spikes of the model per trial",
    "n_spikes_data": "spikes of the cell per trial",
    "held_out": "whether the scored sweeps were kept from the fit",
    "evaluations": "simulations of the search",
    "stopped": "why the search stopped",
    "file": "the model",
    "error": "why there is no model or no score, else empty",
}

_TO_READ = {
    "level": "level",
    "training_score": "training score",
    "ratio": "hold-out ratio",
    "reliability": "data's reliability",
    "n_spikes_model": "spikes (model)",
    "n_spikes_data": "spikes (cell)",
    "evaluations": "evaluations",
    "stopped": "stopped",
}


def is_held_out(fitter: GLIFFitter, sweeps: SweepSet) -> bool:
    """Whether the recording has separate sweeps to fit and to score."""
    names = set(sweeps.where(clamp="current").table["stimulus"])
    return {fitter.train, fitter.test} <= names


def fit_levels(
    sweeps: SweepSet, levels: Iterable[int], *, folder: Path, **options: Any
) -> pd.DataFrame:
    """Fit and score every level, and write its model.

    A level that cannot be fitted costs that level; one that cannot be scored keeps its model.
    `options` are those of ``GLIFFitter``.
    """
    rows = []
    for level in levels:
        say(f"Fitting GLIF {level} ...")
        row: dict[str, Any] = {"level": level, "error": ""}
        try:
            _fit_into(row, GLIFFitter(level, **options), sweeps, folder)
        except FitError as error:
            row["error"] = str(error)
            click.echo(
                f"GLIF {level}, {'not scored' if 'file' in row else 'not fitted'}: {error}",
                err=True,
            )
        rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _fit_into(row: dict[str, Any], fitter: GLIFFitter, sweeps: SweepSet, folder: Path) -> None:
    fitter.fit(sweeps)
    file = write_glif(fitter.model_, folder / f"glif{fitter.level}" / "neuron_config.json")
    row |= {
        "training_score": fitter.result_.score,
        "held_out": is_held_out(fitter, sweeps),
        "evaluations": fitter.result_.evaluations,
        "stopped": str(fitter.result_.reason),
        "file": file.relative_to(folder).as_posix(),
    }
    row |= fitter.evaluate(sweeps)


def write_scores(scores: pd.DataFrame, sweeps: SweepSet, folder: Path) -> dict[str, Any]:
    """Write scores.csv and scores.json; return what the latter holds."""
    metadata = sweeps.metadata
    document: dict[str, Any] = plain(
        {
            "specimen_id": metadata.get("specimen_id"),
            "dendrite_type": metadata.get("dendrite_type"),
            "source": sweeps.source,
            "synthetic": bool(metadata.get("synthetic")),
            "levels": scores.to_dict("records"),
        }
    )
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(folder / "scores.json", text + "\n")
    table = scores.assign(synthetic=document["synthetic"])
    write_text(folder / "scores.csv", table.to_csv(index=False, lineterminator="\n"))
    return document


def table_to_read(scores: pd.DataFrame) -> str:
    """Return the scores to read; says so where the scored sweeps are those of the fit."""
    fitted = scores[scores["file"].notna()]
    if not len(fitted):
        return ""
    held_out = bool(fitted["held_out"].all())
    names = {**_TO_READ, "ratio": "hold-out ratio" if held_out else "ratio"}
    reasons = fitted["stopped"].str.partition(":")[0]
    lines = [text_table(fitted.assign(stopped=reasons)[list(names)].rename(columns=names)), ""]
    lines += [f"stopped, {reason}" for reason in fitted["stopped"].unique()]
    if not held_out:
        lines.append(
            "no sweeps named Noise 1 and Noise 2 both, so nothing was held out: a ratio is on sweeps "
            "of the fit"
        )
    return "\n".join(lines).rstrip()
