"""One figure of a biophysical model beside the cell it is of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from allentk.data import Sweep, SweepSet
from allentk.fitting.biophysical.result import BiophysicalFitResult
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.biophysical.verdict import Verdict
from allentk.fitting.biophysical.verdict_bench import bench
from allentk.models import BiophysicalModel
from allentk.report.biophysical_curves import counts_panel, deviations_panel, steady_panel
from allentk.report.biophysical_search import bounds_panel, convergence_panel
from allentk.report.biophysical_shown import Shown
from allentk.report.biophysical_traces import labelled, trace_panel, traces
from allentk.report.figures import Figure, canvas, marked, styled

__all__ = ["biophysical_figure", "model_figure", "search_figure"]

#: Inches of the rows, and of a parameter in the last one.
_CURVES_IN, _TRACES_IN, _PARAMETER_IN = 2.9, 2.4, 0.185


@styled
def biophysical_figure(
    model: BiophysicalModel | BiophysicalFitResult,
    targets: Targets | None = None,
    sweeps: SweepSet | Sweep | Iterable[Sweep] | None = None,
    *,
    verdict: Verdict | None = None,
    backend: str = "auto",
    synthetic: bool | None = None,
) -> Figure:
    """Draw a biophysical model beside the cell it is of.

    The number of spikes and the voltage below threshold against the current, held-out steps open; the
    deviations of the features at the largest step; voltage against time; of a fit also how the search
    went, and where its parameters lie within their bounds.

    Parameters
    ----------
    model : BiophysicalModel or BiophysicalFitResult
        The model, or a fit with its model.
    targets : Targets, optional
        What was recorded; by default what the fit aimed at.
    sweeps : SweepSet, Sweep or iterable of Sweep, optional
        The recording, to draw its voltage.
    verdict : Verdict, optional
        Of this model on these targets, where it was made already.
    backend : {"auto", "reduced", "neuron"}
        What runs the model.
    synthetic : bool, optional
        Mark the figure; by default as the recording says.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown; ``figure.savefig(path)`` writes it.

    Raises
    ------
    FitError
        Without targets.

    Examples
    --------
    >>> biophysical_figure(fit.result_, sweeps=sweeps).savefig("fit.svg")  # doctest: +SKIP
    """
    shown = Shown.of(model, targets, sweeps, verdict=verdict, backend=backend)
    figure, rows = _rows([_CURVES_IN, _TRACES_IN, *_search_in(shown.result)])
    _model_rows(rows, shown)
    if shown.result is not None:
        _search_row(rows[2], shown.result)
    return marked(figure, shown.synthetic if synthetic is None else synthetic)


@styled
def model_figure(shown: Shown) -> Figure:
    """Draw the model beside the cell, without the search."""
    figure, rows = _rows([_CURVES_IN, _TRACES_IN])
    _model_rows(rows, shown)
    return marked(figure, shown.synthetic)


@styled
def search_figure(result: BiophysicalFitResult, *, synthetic: bool) -> Figure:
    """Draw how the search went, and where the parameters lie within their bounds."""
    figure, rows = _rows(_search_in(result))
    _search_row(np.ravel(rows)[0], result)
    return marked(figure, synthetic)


def _rows(heights: Sequence[float]) -> tuple[Figure, Any]:
    figure, axes = canvas(10.4, sum(heights))
    axes[0, 0].remove()
    return figure, figure.subfigures(len(heights), 1, height_ratios=heights)


def _search_in(result: BiophysicalFitResult | None) -> list[float]:
    return [] if result is None else [max(_PARAMETER_IN * len(result.genes) + 0.9, 2.4)]


def _model_rows(rows: Any, shown: Shown) -> None:
    curves = rows[0].subplots(1, 3, width_ratios=(1.0, 0.9, 1.1))
    counts_panel(curves[0], shown.verdict)
    steady_panel(curves[1], shown.verdict)
    deviations_panel(curves[2], shown.verdict)
    drawn = traces(bench(shown.model, shown.backend), shown.targets, shown.sweeps)
    panels = rows[1].subplots(1, len(drawn), sharey=True, squeeze=False)[0]
    for panel, trace in zip(panels, drawn, strict=True):
        trace_panel(panel, trace, shown.targets.junction_potential_mv)
    labelled(panels)


def _search_row(row: Any, result: BiophysicalFitResult) -> None:
    search = row.subplots(1, 2, width_ratios=(1.0, 1.25))
    convergence_panel(search[0], result)
    bounds_panel(search[1], result)
