"""Sweeps to numbers: spikes, trains, subthreshold responses, and a cell in one row."""

from allentk.features.spike_table import SPIKE_COLUMNS, spikes

__all__ = ["SPIKE_COLUMNS", "spikes"]
