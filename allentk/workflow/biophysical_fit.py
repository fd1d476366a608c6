"""From a cell to a fitted biophysical model, judged, in a folder of files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allentk.atomic import room, whole, write_json, write_text
from allentk.fitting.biophysical.estimator import BiophysicalFitter
from allentk.fitting.biophysical.verdict import Verdict, verdict
from allentk.io import write_biophysical_model
from allentk.workflow.biophysical_cell import BiophysicalCell
from allentk.workflow.table_files import write_csv

if TYPE_CHECKING:
    from allentk.fitting.biophysical.result import BiophysicalFitResult

__all__ = ["HISTORY", "BiophysicalFit", "fit_cell", "fit_document", "histories", "write_fit"]

#: The search's own file: with it the same call goes on where it ended.
HISTORY = "history.jsonl"
#: It and those of the stages: what may be removed. Others in the folder are somebody's.
_HISTORIES = re.compile(r"history(\.stage\d+)?\.jsonl")


@dataclass(frozen=True, slots=True, eq=False)
class BiophysicalFit:
    """A cell, the model that was fitted to it, and what it is worth."""

    cell: BiophysicalCell
    result: BiophysicalFitResult
    verdict: Verdict


def fit_cell(
    cell: BiophysicalCell, folder: Path, *, resume: bool = True, **options: Any
) -> BiophysicalFit:
    """Fit a model to a cell and judge it.

    Parameters
    ----------
    cell : BiophysicalCell
        The cell.
    folder : Path
        Where the history is written: an interrupted fit goes on from there.
    resume : bool
        Whether to go on from a history that is there; without, it is removed.
    **options
        Of ``BiophysicalFitter``.
    """
    history = folder / HISTORY
    for stale in () if resume else histories(folder):
        with room(stale):
            stale.unlink(missing_ok=True)
    fitter = BiophysicalFitter(history=history, **options)
    fitter.fit(
        cell.recorded,
        morphology=cell.morphology,
        dendrite_type=cell.dendrite_type,
        human=cell.human,
    )
    return BiophysicalFit(cell, fitter.result_, verdict(fitter.result_, sweeps=cell.sweeps))


def histories(folder: Path) -> list[Path]:
    """Return the histories in a folder: one, or one per stage of a staged fit."""
    found = [path for path in folder.glob("history*.jsonl") if _HISTORIES.fullmatch(path.name)]
    return sorted(found)


def fit_document(fit: BiophysicalFit) -> dict[str, Any]:
    """Return the verdict and what it is of, as plain JSON types; the verdict first."""
    result, parameters = fit.result, fit.result.model.parameters
    return {
        **fit.verdict.to_dict(),
        "cell": fit.cell.name,
        "synthetic": fit.cell.synthetic,
        "kind": parameters.kind,
        "style": result.style,
        "axon": parameters.axon,
        "seed": result.seed,
        "evaluations": result.evaluations,
        "cost": result.cost,
        "reason": str(result.reason),
    }


def write_fit(fit: BiophysicalFit, folder: Path, *, figure: bool = False) -> tuple[Path, ...]:
    """Write a fit as a folder and return the files.

    ::

        manifest.json, fit.json, reconstruction.swc   the model, as Allen's files have it
        verdict.json, verdict.csv                     how it does, held-out steps first
        result.json                                   the search: bounds, hall of fame, versions
        report.html                                   all of it to read
        fit.svg                                       the figure of the report, where asked for
    """
    from allentk.report import write_biophysical_report

    result, judged = fit.result, fit.verdict
    manifest = write_biophysical_model(result.model, folder)
    text = json.dumps(fit_document(fit), indent=2, ensure_ascii=False, allow_nan=False)
    table = judged.to_dataframe().assign(synthetic=fit.cell.synthetic)
    told = {name: of for name, of in result.to_dict().items() if name != "history"}
    files = [
        manifest,
        write_text(folder / "verdict.json", text + "\n"),
        write_csv(table, folder / "verdict.csv"),
        write_json(folder / "result.json", told),
        write_biophysical_report(
            result,
            folder / "report.html",
            sweeps=fit.cell.sweeps,
            verdict=judged,
            title=f"Cell {fit.cell.name}: a fitted biophysical model",
        ),
    ]
    if figure:
        files.append(_draw(fit, folder / "fit.svg"))
    return tuple(files)


def _draw(fit: BiophysicalFit, file: Path) -> Path:
    from allentk.report import biophysical_figure

    drawn = biophysical_figure(fit.result, sweeps=fit.cell.sweeps, verdict=fit.verdict)
    with whole(file) as part:
        drawn.savefig(part, format="svg", metadata={"Date": None})
    return file
