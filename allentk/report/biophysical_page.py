"""A biophysical model on one self-contained page: what was held out first."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from allentk.atomic import write_text
from allentk.data import Sweep, SweepSet
from allentk.fitting.biophysical.result import BiophysicalFitResult
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.biophysical.verdict import Verdict
from allentk.models import BiophysicalModel
from allentk.report.biophysical_figure import model_figure, search_figure
from allentk.report.biophysical_shown import Shown
from allentk.report.biophysical_tables import (
    fame_table,
    features_table,
    model_table,
    parameters_table,
    provenance_table,
    steps_table,
)
from allentk.report.biophysical_words import facts_table, in_words, uses_table
from allentk.report.blocks import Block, Fold, Heading, Picture, Prose, Section
from allentk.report.figures import image
from allentk.report.html import page_file, render
from allentk.report.provenance import references
from allentk.report.text import listed

__all__ = ["write_biophysical_report"]

#: What biophysical models and their judging rest on.
_WORKS = ("gouwens2018", "nandi2022")


def write_biophysical_report(
    model: BiophysicalModel | BiophysicalFitResult,
    path: str | os.PathLike[str],
    *,
    targets: Targets | None = None,
    sweeps: SweepSet | Sweep | Iterable[Sweep] | None = None,
    verdict: Verdict | None = None,
    backend: str = "auto",
    title: str | None = None,
) -> Path:
    """Write a biophysical model as one HTML page: verdict, figure, tables, provenance.

    The page asks for nothing outside itself and runs no script.

    Parameters
    ----------
    model : BiophysicalModel or BiophysicalFitResult
        The model, or a fit with its model.
    path : path
        The file to write, replaced if it is there; folders are made.
    targets : Targets, optional
        What was recorded; by default what the fit aimed at.
    sweeps : SweepSet, Sweep or iterable of Sweep, optional
        The recording: its voltage is drawn, its noise judged.
    verdict : Verdict, optional
        Of this model on these targets, where it was made already.
    backend : {"auto", "reduced", "neuron"}
        What runs the model.
    title : str, optional
        Title of the page.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        Where `path` is a folder.
    FitError
        Without targets.

    Examples
    --------
    >>> write_biophysical_report(fit.result_, "fit.html", sweeps=sweeps)  # doctest: +SKIP
    PosixPath('fit.html')
    """
    file = page_file(path, "write_biophysical_report")
    shown = Shown.of(model, targets, sweeps, verdict=verdict, backend=backend)
    judged, result = shown.verdict, shown.result
    last = provenance_table(shown.model, result, shown.targets, judged, synthetic=shown.synthetic)
    sections = [
        Section("summary", "Summary", _summary(judged)),
        Section("figure", "Model and cell", [_picture(shown)]),
        Section("steps", "Steps and features", _steps(judged)),
        Section("parameters", "Parameters", _parameters(shown)),
        Section("provenance", "Provenance", [last, Heading("References"), references(*_WORKS)]),
    ]
    made_up = ("the recording that the model is judged by",) if shown.synthetic else ()
    name = title or ("A biophysical model, fitted and judged" if result else "A biophysical model")
    return write_text(file, render(name, sections, made_up))


def _picture(shown: Shown) -> Picture:
    return Picture(
        image(model_figure(shown)),
        alt=f"The model beside the cell. {' '.join(in_words(shown.verdict))}",
        caption="Cell (black) and model (orange). Open circles were held out of the fit, filled ones "
        "used for it; vertical lines are the rheobase of cell (dotted) and model (dashed). Bars: how far "
        "features are off, in their tolerances; diamonds: in 5 % of what was recorded. Recorded voltages "
        "are corrected for the liquid junction potential.",
    )


def _summary(judged: Verdict) -> list[Block]:
    first, *others = in_words(judged)
    return [Prose(first, "lead"), Prose(" ".join(others)), uses_table(judged), facts_table(judged)]


def _steps(judged: Verdict) -> list[Block]:
    return [steps_table(judged), Fold("Every feature of every step", [features_table(judged)])]


def _parameters(shown: Shown) -> list[Block]:
    result = shown.result
    if result is None:
        return [model_table(shown.model)]
    stuck = listed(result.at_bounds)
    told = (
        f"{stuck} ended at a bound: the data do not hold these numbers, or the bounds do."
        if stuck
        else "No parameter ended at a bound."
    )
    picture = Picture(
        image(search_figure(result, synthetic=shown.synthetic)),
        alt=f"The training cost of every restart, and every parameter within its bounds. {told}",
        caption="Left: the lowest training cost of every restart. Right: every parameter between its "
        "bounds; a diamond is at one, a bar reaches over the best of all restarts.",
    )
    return [
        Prose(told),
        picture,
        parameters_table(result),
        Fold("Hall of fame", [fame_table(result)]),
        Fold("All parameters of the model", [model_table(shown.model)]),
    ]
