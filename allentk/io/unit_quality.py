"""Which sorted units are good enough: one rule for tables of a service and of a file."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import DataError

__all__ = ["passing"]


def passing(
    table: pd.DataFrame,
    where: str,
    *,
    quality: str | None = None,
    amplitude_cutoff_max: float | None = None,
    presence_ratio_min: float | None = None,
    isi_violations_max: float | None = None,
) -> NDArray[np.bool_]:
    """Return which units lie within bounds, the bounds included; an unknown value lies outside.

    Parameters
    ----------
    table : DataFrame
        One row per unit.
    where : str
        What the table is; used in messages.
    quality : str, optional
        ``"good"`` or ``"noise"``.
    amplitude_cutoff_max, presence_ratio_min, isi_violations_max : float, optional
        Bounds, in the units of the columns: two fractions, and violations as a ratio of rates. None
        leaves a column alone.

    Raises
    ------
    DataError
        On a bound for a column that is not there.

    References
    ----------
    Siegle et al. 2021, Nature 592:86-92: 0.1, 0.95 and 0.5 by default.

    Examples
    --------
    >>> table = pd.DataFrame({"isi_violations": [0.1, 0.5, 0.6, np.nan]})
    >>> passing(table, "units", isi_violations_max=0.5).tolist()
    [True, True, False, False]
    """
    keep = np.ones(len(table), dtype=bool)
    bounds = (
        ("amplitude_cutoff", np.less_equal, amplitude_cutoff_max),
        ("presence_ratio", np.greater_equal, presence_ratio_min),
        ("isi_violations", np.less_equal, isi_violations_max),
    )
    for name, within, bound in bounds:
        if bound is not None:
            _expect(table, name, where)
            keep &= within(table[name].to_numpy(float, na_value=np.nan), bound)
    if quality is not None:
        _expect(table, "quality", where)
        keep &= (table["quality"] == quality).fillna(False).to_numpy(bool)
    return keep


def _expect(table: pd.DataFrame, name: str, where: str) -> None:
    if name not in table:
        raise DataError(
            f"{where}: there is no column {name!r} to choose units by; ask without this bound (None)"
        )
