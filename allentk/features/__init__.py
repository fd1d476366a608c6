"""Sweeps to numbers: spikes, trains, subthreshold responses, and a cell in one row."""

from allentk.features.cell import CELL_COLUMNS, cell
from allentk.features.detect import Criteria
from allentk.features.measure import FIRST_SPIKE, sweep, table
from allentk.features.spike_table import SPIKE_COLUMNS, spikes
from allentk.features.subthreshold import (
    baseline,
    deflection,
    input_resistance,
    sag,
    time_constant,
)
from allentk.features.train import adaptation, train

__all__ = [
    "CELL_COLUMNS",
    "FIRST_SPIKE",
    "SPIKE_COLUMNS",
    "Criteria",
    "adaptation",
    "baseline",
    "cell",
    "deflection",
    "input_resistance",
    "sag",
    "spikes",
    "sweep",
    "table",
    "time_constant",
    "train",
]
