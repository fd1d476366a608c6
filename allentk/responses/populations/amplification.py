"""How much cortex adds to the current that the thalamus sends."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.errors import DataError
from allentk.responses.populations.inputs import intervals_of, per_cell

__all__ = ["cortical_amplification"]

Array = NDArray[np.float64]


def cortical_amplification(
    all_inputs_pa: pd.DataFrame,
    lgn_alone_pa: pd.DataFrame,
    conditions: ArrayLike,
    intervals_s: ArrayLike,
    *,
    baseline_pa: ArrayLike = 0.0,
) -> pd.DataFrame:
    """Compare the synaptic currents of a run with all inputs with those of a run with LGN input alone.

    Parameters
    ----------
    all_inputs_pa, lgn_alone_pa : DataFrame
        Currents in pA of cells held at one voltage, one column per cell, indexed by ``time_s``, as
        ``NetworkResponse.synaptic_current_pa`` has them. The cells of both are compared.
    conditions : array_like, shape (n_trials,)
        Which grating every trial was.
    intervals_s : array_like, shape (n_trials, 2)
        Windows of the trials in seconds, the same in both runs.
    baseline_pa : float or array_like, shape (n_cells,)
        Current of the cell without input, in the order of the columns of `all_inputs_pa`.

    Returns
    -------
    DataFrame
        ``cell``; ``strongest``, the condition of the largest total current; ``total_pa`` and ``lgn_pa``,
        means over its trials minus the baseline; ``lgn_contribution`` = lgn / total; ``amplification`` =
        total / lgn; ``notes``. NaN where the divisor is 0.

    Raises
    ------
    DataError
        Where there is no trial, lengths differ, no cell is in both, or a trial holds no sample of them.

    References
    ----------
    Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (i_amplification_*.py); Lien and Scanziani
    2013, Nature Neuroscience 16:1315.

    Examples
    --------
    >>> time = pd.Index(np.arange(4.0), name="time_s")
    >>> every = pd.DataFrame({0: [-1.0, -1, -9, -9]}, index=time)
    >>> alone = pd.DataFrame({0: [-1.0, -1, -3, -3]}, index=time)
    >>> found = cortical_amplification(every, alone, [0, 90], [[0, 2], [2, 4]], baseline_pa=-1)
    >>> found[["strongest", "lgn_contribution", "amplification"]].iloc[0].tolist()
    [90.0, 0.25, 4.0]
    """
    intervals = intervals_of(intervals_s, "cortical_amplification")
    labels = np.asarray(conditions).ravel()
    if not len(intervals) or labels.size != len(intervals):
        raise DataError(
            f"cortical_amplification: one condition per trial is needed, got {labels.size} conditions "
            f"and {len(intervals)} intervals"
        )
    cells = [cell for cell in all_inputs_pa.columns if cell in lgn_alone_pa.columns]
    if not cells:
        raise DataError("cortical_amplification: no cell was recorded in both runs")
    base = per_cell(baseline_pa, all_inputs_pa.shape[1], "cortical_amplification: baseline_pa")
    base = base[all_inputs_pa.columns.isin(cells)]
    names, place = np.unique(labels, return_inverse=True)
    total, lgn = (
        _by_condition(frame[cells], intervals, place, names.size) - base[:, None]
        for frame in (all_inputs_pa, lgn_alone_pa)
    )
    if np.isnan(total).any() or np.isnan(lgn).any():
        raise DataError("cortical_amplification: a trial holds no sample of the currents, or NaN")
    best = np.abs(total).argmax(axis=1)
    row = np.arange(best.size)
    all_pa, lgn_pa = total[row, best], lgn[row, best]
    nan = np.full(best.size, np.nan)
    return pd.DataFrame(
        {
            "cell": cells,
            "strongest": names[best],
            "total_pa": all_pa,
            "lgn_pa": lgn_pa,
            "lgn_contribution": np.divide(lgn_pa, all_pa, out=nan.copy(), where=all_pa != 0),
            "amplification": np.divide(all_pa, lgn_pa, out=nan.copy(), where=lgn_pa != 0),
            "notes": np.where((all_pa == 0) | (lgn_pa == 0), "no current above the baseline", ""),
        }
    )


def _by_condition(
    current: pd.DataFrame, intervals: Array, place: NDArray[np.int64], n: int
) -> Array:
    """Mean current of every cell in every condition, cells x conditions."""
    time, values = current.index.to_numpy(dtype=float), current.to_numpy(dtype=float)
    a, b = np.searchsorted(time, intervals.T - 1e-9)
    nothing = np.full(values.shape[1], np.nan)
    means = [values[i:j].mean(axis=0) if j > i else nothing for i, j in zip(a, b, strict=True)]
    trials = np.array(means)
    return np.column_stack([trials[place == k].mean(axis=0) for k in range(n)])
