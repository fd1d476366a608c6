"""Columns of all tables of the services."""

from allentk.api.cell_columns import CELLS, EPHYS_FEATURES, SWEEPS
from allentk.api.observatory_columns import CONTAINERS, METRICS, SESSIONS, STIMULUS_MAPPINGS

__all__ = [
    "CELLS",
    "CONTAINERS",
    "EPHYS_FEATURES",
    "METRICS",
    "SESSIONS",
    "STIMULUS_MAPPINGS",
    "SWEEPS",
]
