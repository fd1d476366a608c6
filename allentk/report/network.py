"""The section of the simulated network: who is in it, how it fires, what it prefers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from allentk.data import SpikeTrains
from allentk.report.blocks import Block, Picture, Prose, Section, Table
from allentk.report.figures import image
from allentk.report.network_figures import (
    aligned_figure,
    raster_figure,
    raster_span,
    tuning_figure,
)
from allentk.report.pages import NetworkPage
from allentk.report.text import (
    capital,
    counted,
    frame_table,
    header,
    listed,
    number,
    table_of_facts,
)
from allentk.report.tuning import Aligned, aligned_curves, examples

__all__ = ["network_section", "population_curves"]

#: Cells whose peak rate is lower have no tuning worth drawing, in Hz; as for the scores of selectivity.
MIN_PEAK_HZ = 0.5

#: Classes whose example cells are drawn.
_MOST_CLASSES = 4


def network_section(page: NetworkPage) -> Section:
    """Return the network's tables, raster, rates and tuning."""
    spikes = sum(len(trains) for trains in page.response.spikes.values())
    cells = sum(trains.n_cells for trains in page.response.spikes.values())
    shown = page.response.presentations
    text = (
        f"A simulation: {counted(cells, 'cell')} in "
        f"{counted(len(page.response.spikes), 'population')}, {counted(spikes, 'spike')} in "
        f"{number(page.response.duration_s)} s"
    )
    if shown is not None:
        text += f", during which {counted(len(shown), 'presentation')} were shown"
    blocks: list[Block] = [Prose(f"{text}."), *_summary_tables(page), _raster(page)]
    if shown is not None and shown.table["orientation_deg"].notna().any() and len(page.metrics):
        blocks += _tuning(page)
    return Section("network", "Network", blocks)


def _summary_tables(page: NetworkPage) -> list[Block]:
    summary = page.network_summary
    if isinstance(summary, pd.DataFrame):
        summary = {"Populations and edges": summary}
    frames = {name: of for name, of in summary.items() if isinstance(of, pd.DataFrame)}
    facts = {name: of for name, of in summary.items() if name not in frames}
    tables: list[Block] = [
        frame_table(of, capital(header(name)), max_rows=40) for name, of in frames.items()
    ]
    if facts:
        tables.append(table_of_facts("The network in numbers", facts))
    return [*tables, _rates(page)]


def _rates(page: NetworkPage) -> Table:
    return frame_table(
        page.response.rates_hz(),
        "Spikes by population",
        note="Mean rates over the whole simulation.",
    )


def _raster(page: NetworkPage) -> Picture:
    start, stop = raster_span(page.response)
    names = listed(page.response.spikes)
    return Picture(
        image(raster_figure(page.response)),
        alt=f"Spikes of {names} from {start:.2f} to {stop:.2f} s and the mean rate of every "
        "population, with the stimulus presentations shaded.",
        caption="Spikes (top, a sample of every population) and mean rates in bins of 50 ms "
        f"(bottom), {start:.2f} to {stop:.2f} s. Shaded: presentations. Cells are in the order of "
        "their preferred angle where the network gives one.",
    )


def population_curves(page: NetworkPage) -> dict[str, tuple[SpikeTrains, pd.DataFrame]]:
    """Return trains and metrics of every class of cells, numbered as the trains are.

    A class that is spread over several node populations is shown by the one with most cells.
    """
    out: dict[str, tuple[SpikeTrains, pd.DataFrame]] = {}
    metrics = page.metrics
    if "population" not in metrics:
        return out
    nodes = metrics.get("node_population", metrics["population"])
    for name, of in metrics.groupby("population", sort=False):
        largest = nodes[of.index].value_counts().idxmax()
        trains = page.response.spikes.get(largest)
        if trains is not None:
            out[str(name)] = (trains, of[nodes[of.index] == largest])
    return out


def _tuning(page: NetworkPage) -> list[Block]:
    table = page.response.presentations
    assert table is not None
    classes = population_curves(page)
    chosen = [
        (name, trains, rows)
        for name, (trains, of) in classes.items()
        if len(rows := examples(of, min_peak=MIN_PEAK_HZ))
    ]
    blocks: list[Block] = []
    shown = chosen[:_MOST_CLASSES]
    if shown:
        few = (
            f" The first {len(shown)} of {len(chosen)} classes." if len(shown) < len(chosen) else ""
        )
        blocks.append(
            Picture(
                image(tuning_figure(shown, table)),
                alt=f"Tuning curves of example cells of {listed(name for name, _, _ in shown)}.",
                caption="Tuning curves (mean and standard error over trials) of cells at the "
                "90th, 50th and 10th percentile of orientation selectivity among those with a "
                f"peak rate of at least {MIN_PEAK_HZ:g} Hz; dashed: spontaneous rate.{few}",
            )
        )
    curves: dict[str, Aligned] = {}
    for name, (trains, of) in classes.items():
        ids = of["cell"][of["peak_rate_hz"] >= MIN_PEAK_HZ].to_numpy(np.int64)
        aligned = aligned_curves(trains, table, ids) if ids.size else None
        if aligned is not None:
            curves[name] = aligned
    if curves:
        blocks.append(_aligned(curves))
    return blocks


def _aligned(curves: Mapping[str, Aligned]) -> Picture:
    middle = listed(
        f"{name} {number(of.mean[np.argmin(np.abs(of.offset_deg))])} Hz at the preferred direction"
        for name, of in curves.items()
    )
    split = all(of.split for of in curves.values())
    how = (
        "The preferred direction comes from the odd trials and the curve from the even ones, so "
        "that noise makes no peak."
        if split
        else "One trial per condition gives both the preferred direction and the curve, so part "
        "of the peak is noise."
    )
    return Picture(
        image(aligned_figure(curves, "rate (Hz)")),
        alt=f"Mean tuning curves about the preferred direction: {middle}.",
        caption="Mean tuning curve of every class about its cells' preferred directions, with "
        f"the standard error over cells. {how}",
    )
