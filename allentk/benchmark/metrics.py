"""The metrics that are compared, their units, and which cells count."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

__all__ = ["METRICS", "SELECTIVITY", "measured", "signals"]

#: Selectivity of a cell that hardly fires is noise: it is left out below a peak rate.
SELECTIVITY = ("osi_vector", "dsi_vector", "osi_pair", "dsi_pair")

#: Metrics a reference may have, with their units.
METRICS = {
    "peak_rate_hz": "Hz",
    "mean_rate_hz": "Hz",
    "spontaneous_rate_hz": "Hz",
    "peak_response": "dF/F",
    "mean_response": "dF/F",
    "spontaneous_response": "dF/F",
    **dict.fromkeys(SELECTIVITY, "1"),
}


def signals(columns: Iterable[str]) -> set[str]:
    """Return the units of the responses among `columns`: spikes in Hz, or fluorescence in dF/F.

    Examples
    --------
    >>> signals(["cell", "peak_response", "osi_vector"])
    {'dF/F'}
    """
    return {METRICS[name] for name in columns if name in METRICS and name not in SELECTIVITY}


def measured(
    table: pd.DataFrame, metric: str, min_peak_rate_hz: float
) -> tuple[pd.Series[float], int, int]:
    """Return the values of a metric that count.

    Parameters
    ----------
    table : DataFrame
        One row per cell.
    metric : str
        A column of it.
    min_peak_rate_hz : float
        Selectivity counts only from this peak rate on.

    Returns
    -------
    values : Series
        Finite values.
    n_dropped : int
        Cells without a finite value.
    n_excluded : int
        Cells with a value, left out for their peak rate.
    """
    values = pd.to_numeric(table[metric], errors="coerce")
    finite = np.isfinite(values.to_numpy(dtype=float))
    quiet = np.zeros(len(table), dtype=bool)
    if metric in SELECTIVITY and min_peak_rate_hz > 0:
        peak = pd.to_numeric(table["peak_rate_hz"], errors="coerce").to_numpy(dtype=float)
        quiet = finite & ~(peak >= min_peak_rate_hz)
    return values[finite & ~quiet], int((~finite).sum()), int(quiet.sum())
