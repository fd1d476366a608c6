"""The metrics that are compared, their units, and which cells count."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

__all__ = ["METRICS", "RESPONSES", "SELECTIVITY", "SELF_DEFINED", "measured", "signals"]

#: Selectivity of a cell that hardly fires is noise: it is left out below a peak rate.
SELECTIVITY = ("osi_vector", "dsi_vector", "osi_pair", "dsi_pair")

#: Responses of a cell, with their units: rates of spikes, or fluorescence.
RESPONSES = {
    "peak_rate_hz": "Hz",
    "mean_rate_hz": "Hz",
    "spontaneous_rate_hz": "Hz",
    "peak_response": "dF/F",
    "mean_response": "dF/F",
    "spontaneous_response": "dF/F",
}

#: Metrics whose name says what they are. Of the others each definition has its own (``g_osi`` of
#: fluorescence is not that of events), so that they are compared within one definition only.
SELF_DEFINED = (
    *(name for name, unit in RESPONSES.items() if unit == "Hz"),
    *SELECTIVITY,
    *(
        "preferred_direction_deg",
        "preferred_orientation_deg",
        "preferred_tf_hz",
        "preferred_sf_cpd",
    ),
    *("first_spike_s", "tau_ms"),
)

#: Metrics a reference may have, with their units.
METRICS = {
    **RESPONSES,
    **dict.fromkeys(SELECTIVITY, "1"),
    "firing_rate_hz": "Hz",
    "preferred_direction_deg": "deg",
    "preferred_orientation_deg": "deg",
    "preferred_tf_hz": "Hz",
    "preferred_sf_cpd": "cycles/deg",
    "preferred_phase": "cycles",
    **dict.fromkeys(("responsive", "osi", "dsi", "g_osi", "g_dsi"), "1"),
    **dict.fromkeys(("tfdi", "sfdi", "tf_selectivity", "sf_selectivity"), "1"),
    **dict.fromkeys(("reliability", "lifetime_sparseness", "image_selectivity", "fano"), "1"),
    **dict.fromkeys(("f1_f0", "c50", "mod_idx", "run_modulation"), "1"),
    **dict.fromkeys(("on_off_ratio", "sustained_idx"), "1"),
    "time_to_peak_s": "s",
    "first_spike_s": "s",
    "tau_ms": "ms",
    "area_deg2": "deg^2",
}


def signals(columns: Iterable[str]) -> set[str]:
    """Return the units of the responses among `columns`: spikes in Hz, or fluorescence in dF/F.

    Examples
    --------
    >>> signals(["cell", "peak_response", "osi_vector"])
    {'dF/F'}
    """
    return {RESPONSES[name] for name in columns if name in RESPONSES}


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
