"""The metrics that are compared, their units, and which cells count."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from allentk.errors import DataError

__all__ = [
    *("METRICS", "RESPONSES", "SELECTIVITY", "SELF_DEFINED"),
    *("by_class", "check_columns", "measured", "numbers", "signals"),
]

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


def by_class(cells: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of every class of a table, by its ``population`` as a word.

    Examples
    --------
    >>> [name for name in by_class(pd.DataFrame({"population": [4, "4", "L4 Exc"]}))]
    ['4', 'L4 Exc']
    """
    words = np.array([str(name) for name in cells["population"]], dtype=object)
    return {str(name): rows for name, rows in cells.groupby(words, sort=False)}


def check_columns(table: pd.DataFrame) -> None:
    """Raise DataError where a table of cells has a column twice.

    Examples
    --------
    >>> check_columns(pd.DataFrame({"osi_vector": [0.5]}))
    """
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise DataError(
            f"a table of cells: expected every column once, got {twice!r} twice; leave one out"
        )


def numbers(column: pd.Series) -> pd.Series[float]:
    """Return a column as floats, NaN where it says no number.

    Raises
    ------
    DataError
        For a whole number that is larger than any float.

    Examples
    --------
    >>> numbers(pd.Series(["1.5", "none", True])).tolist()
    [1.5, nan, 1.0]
    """
    try:
        found = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
    except OverflowError as error:
        raise DataError(
            f"a table of cells: expected numbers in the column {column.name!r}, got one that is larger "
            f"than any float; mend it or leave it out"
        ) from error
    return pd.Series(found, index=column.index, name=column.name)


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
    values = numbers(table[metric])
    finite = np.isfinite(values.to_numpy())
    quiet = np.zeros(len(table), dtype=bool)
    if metric in SELECTIVITY and min_peak_rate_hz > 0:
        quiet = finite & ~(numbers(table["peak_rate_hz"]).to_numpy() >= min_peak_rate_hz)
    return values[finite & ~quiet], int((~finite).sum()), int(quiet.sum())
