"""The section of the Observatory's session: dF/F, tuning and selectivity by the network's own code."""

from __future__ import annotations

import numpy as np

from allentk.report.blocks import Block, Cell, Heading, Picture, Prose, Section, Table
from allentk.report.figures import image
from allentk.report.observatory_figures import selectivity_figure, session_figure
from allentk.report.pages import ObservatoryPage
from allentk.report.text import METRICS, counted, listed, metric_title, number
from allentk.report.tuning import examples

__all__ = ["observatory_section"]

_SELECTIVITY = ("osi_vector", "dsi_vector")


def observatory_section(page: ObservatoryPage) -> Section:
    """Return aligned traces, tuning, and the distribution of selectivity of a session."""
    text = (
        f"{counted(page.traces.n_cells, 'cell')}, "
        f"{counted(len(page.stimulus_table), 'presentation')}. The same functions measure these "
        "traces and the network's spikes; dF/F is not a rate, so responses have their own unit "
        "and selectivity is that of fluorescence."
    )
    blocks: list[Block] = [Heading(f"Session {page.name}", page.synthetic), Prose(text)]
    cells = examples(page.metrics)
    if len(cells):
        figure = session_figure(page.traces, page.stimulus_table, cells, synthetic=page.synthetic)
        ids = listed(cells["cell"])
        blocks.append(
            Picture(
                image(figure),
                alt=f"Mean {page.traces.unit} about the preferred grating, and tuning curves, of "
                f"the cells {ids}.",
                caption=f"Top: {page.traces.unit} about the onset of each cell's preferred "
                "grating, trials (pale) and mean (green); shaded: the grating. Bottom: mean "
                "response to every direction, with the standard error over trials. Cells at the "
                "90th, 50th and 10th percentile of orientation selectivity.",
            )
        )
    names = [name for name in _SELECTIVITY if name in page.metrics]
    if names and len(page.metrics):
        blocks.append(
            Picture(
                image(selectivity_figure(page.metrics, names, synthetic=page.synthetic)),
                alt=f"Cumulative distributions over cells of {listed(map(metric_title, names))}.",
                caption="Selectivity of the session's cells; dashed: the median.",
            )
        )
    blocks.append(_table(page))
    return Section("observatory", "Observatory session", blocks)


def _table(page: ObservatoryPage) -> Table:
    rows = []
    for name in METRICS:
        if name not in page.metrics:
            continue
        values = page.metrics[name].to_numpy(float)
        values = values[np.isfinite(values)]
        quartiles = np.quantile(values, [0.25, 0.5, 0.75]) if values.size else [np.nan] * 3
        rows.append(
            (
                Cell(metric_title(name)),
                Cell(number(values.size)),
                *(Cell(number(q)) for q in quartiles),
            )
        )
    return Table(
        "Metrics of the session's cells", ("metric", "cells", "25 %", "median", "75 %"), rows
    )
