"""Calcium as pieces that decay, found exactly: the fit of one trace for one penalty."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen
from allentk.errors import DataError

__all__ = ["L0Fit", "fit_l0"]

Array = NDArray[np.float64]
_SPENT = 1e-13  # a start's calcium that later samples can no longer tell from none


@dataclass(frozen=True, slots=True, eq=False)
class L0Fit:
    """Calcium fitted to a trace.

    Parameters
    ----------
    calcium : ndarray, shape (n_frames,)
        Fitted calcium, in the unit of the trace.
    jumps : ndarray, shape (n_frames,)
        ``calcium[t] - gamma * calcium[t - 1]`` where a new piece starts, else 0; 0 in frame 0.
    cost : float
        Half the sum of squares, in the squared unit of the trace, and the penalty for every jump.
    """

    calcium: Array
    jumps: Array
    cost: float

    @property
    def events(self) -> Array:
        """The jumps upwards, 0 elsewhere."""
        return np.maximum(self.jumps, 0.0)


def fit_l0(trace: ArrayLike, gamma: float, penalty: float) -> L0Fit:
    """Return the calcium of least cost.

    Parameters
    ----------
    trace : array_like, shape (n_frames,)
        dF/F of one cell, finite.
    gamma : float
        Decay of calcium from frame to frame, between 0 and 1.
    penalty : float
        Cost of a jump; not negative.

    Returns
    -------
    L0Fit
        Minimum over c >= 0 of ``1/2 sum (y_t - c_t)^2 + penalty * #{t: c_t != gamma c_(t-1)}``.

    Raises
    ------
    DataError
        For values that are not finite, or parameters out of range.

    Notes
    -----
    The problem is that of Jewell and Witten 2018 (Ann Appl Stat 12:2457); it is solved here by dynamic
    programming with the pruning of Killick et al. 2012 (JASA 107:1590).

    Examples
    --------
    >>> decay = 0.5 ** np.arange(6.0)
    >>> fit_l0(np.concatenate([np.zeros(4), decay]), 0.5, 0.01).events.round(6).tolist()
    [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    from allentk.responses.traces.l0_kernels import last_starts, pieces

    y = frozen(trace, what="fit_l0: trace")
    if y.ndim != 1 or not np.isfinite(y).all():
        raise DataError(
            f"fit_l0: the trace must be one row of finite values, got shape {y.shape} with "
            f"{int((~np.isfinite(y)).sum())} that are not finite"
        )
    if not 0 < gamma < 1 or not (penalty >= 0 and math.isfinite(penalty)):
        raise DataError(
            f"fit_l0: gamma must lie between 0 and 1 and the penalty must not be negative, got {gamma!r} "
            f"and {penalty!r}"
        )
    young = math.ceil(math.log(_SPENT) / math.log(gamma)) + 1
    calcium, jumps = pieces(y, gamma, last_starts(y, gamma, penalty, max(min(y.size, young), 1)))
    cost = 0.5 * float(np.sum((y - calcium) ** 2)) + penalty * int(np.count_nonzero(jumps))
    return L0Fit(calcium, jumps, cost)
