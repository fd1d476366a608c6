"""One figure of a biophysical model beside the cell it is of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allentk.data import Sweep, SweepSet
from allentk.errors import FitError
from allentk.fitting.biophysical.result import BiophysicalFitResult
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.biophysical.verdict import Verdict
from allentk.fitting.biophysical.verdict import verdict as judged_by
from allentk.fitting.biophysical.verdict_bench import bench
from allentk.fitting.recording import sweep_set
from allentk.models import BiophysicalModel
from allentk.report.biophysical_curves import counts_panel, deviations_panel, steady_panel
from allentk.report.biophysical_search import bounds_panel, convergence_panel
from allentk.report.biophysical_traces import labelled, trace_panel, traces
from allentk.report.figures import Figure, canvas, marked, styled

__all__ = ["biophysical_figure", "is_synthetic"]

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
    result = model if isinstance(model, BiophysicalFitResult) else None
    if result is not None:
        targets = result.targets if targets is None else targets
    if targets is None:
        raise FitError("biophysical_figure: what was recorded? Give targets, as for a fit")
    recording = None if sweeps is None else sweep_set(sweeps)
    judged = verdict or judged_by(model, targets, backend=backend)
    cell = model.model if isinstance(model, BiophysicalFitResult) else model
    figure, rows = _rows(result)
    curves = rows[0].subplots(1, 3, width_ratios=(1.0, 0.9, 1.1))
    counts_panel(curves[0], judged)
    steady_panel(curves[1], judged)
    deviations_panel(curves[2], judged)
    shown = traces(bench(cell, backend), targets, recording)
    panels = rows[1].subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for panel, trace in zip(panels, shown, strict=True):
        trace_panel(panel, trace, targets.junction_potential_mv)
    labelled(panels)
    if result is not None:
        search = rows[2].subplots(1, 2, width_ratios=(1.0, 1.25))
        convergence_panel(search[0], result)
        bounds_panel(search[1], result)
    made_up = is_synthetic(targets, recording) if synthetic is None else synthetic
    return marked(figure, made_up)


def _rows(result: BiophysicalFitResult | None) -> tuple[Figure, Any]:
    heights = [_CURVES_IN, _TRACES_IN]
    if result is not None:
        heights.append(max(_PARAMETER_IN * len(result.genes) + 0.9, 2.4))
    figure, axes = canvas(10.4, sum(heights))
    axes[0, 0].remove()
    return figure, figure.subfigures(len(heights), 1, height_ratios=heights)


def is_synthetic(targets: Targets, sweeps: SweepSet | None) -> bool:
    """Whether recording or targets say that they are made up."""
    said = bool(sweeps.metadata.get("synthetic")) if sweeps is not None else False
    return said or "synthetic" in targets.source.lower()
