"""Cells whose response to every presentation is known: spikes and traces of the same rates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from allentk.data import SpikeTrains, StimulusTable, Traces

FRAME_S = 0.05

Rates = Callable[[object], list[float]]


def shown(stimulus: str, columns: dict, *, length_s=1.0, gap_s=1.0, repeats=2, blanks=2, seed=0):
    """Presentations of every row of `columns`, in random order, blanks among them."""
    rows = pd.concat([pd.DataFrame(columns)] * repeats, ignore_index=True)
    rows["stimulus"] = stimulus
    rows = pd.concat(
        [rows, pd.DataFrame({"stimulus": ["blank"] * blanks})] if blanks else [rows],
        ignore_index=True,
    )
    rows = rows.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    rows["start_s"] = 1.0 + (length_s + gap_s) * np.arange(len(rows))
    return StimulusTable(rows.assign(stop_s=rows["start_s"] + length_s))


def spikes(table: StimulusTable, rates: Rates) -> SpikeTrains:
    """Spikes evenly over every presentation, as many as the rates say, rounded."""
    trains: list[list[float]] = []
    for row in table.table.itertuples():
        wanted = rates(row)
        trains = trains or [[] for _ in wanted]
        length = row.stop_s - row.start_s
        for cell, rate in enumerate(wanted):
            n = round(rate * length)
            trains[cell] += list(row.start_s + (np.arange(n) + 0.5) * length / max(n, 1))
    return SpikeTrains.from_lists(trains)


def traces(table: StimulusTable, rates: Rates, frame_s=FRAME_S, unit="dF/F") -> Traces:
    """Traces that hold the rate in every presentation, and 0 in between."""
    time_s = np.arange(0.0, table.duration_s + 1.0, frame_s)
    values = None
    for row in table.table.itertuples():
        wanted = np.asarray(rates(row), dtype=float)
        values = np.zeros((wanted.size, time_s.size)) if values is None else values
        inside = (time_s > row.start_s - 1e-6) & (time_s < row.stop_s - 1e-6)
        values[:, inside] = wanted[:, None]
    return Traces(values, time_s, 100 + np.arange(len(values)), unit)
