"""A recording: the traces of some of its cells, and which windows of frames lie in it."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from allentk.data import Traces
from allentk.errors import DataError

__all__ = ["inside", "values_of"]

Whole = NDArray[np.int64]


def inside(
    first: Whole, last: Whole, n_frames: int, stimulus: str, *, stacklevel: int
) -> NDArray[np.bool_]:
    """Return which windows ``[first, last)`` lie in the recording, and warn once of the others.

    Parameters
    ----------
    first, last : ndarray of int, shape (n,)
        First frame of every window, and the frame after its last.
    n_frames : int
        Frames of the recording.
    stimulus : str
        What was shown, for the words of the warning.
    stacklevel : int
        Of the warning, as in ``warnings.warn``; 2 is the caller of this function.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    DataError
        Where there are windows, and none lies in the recording.

    Warns
    -----
    UserWarning
        Where some do not.

    Examples
    --------
    >>> inside(np.array([0, 5]), np.array([5, 10]), 10, "flashes", stacklevel=2).tolist()
    [True, True]
    """
    kept: NDArray[np.bool_] = (first >= 0) & (last <= n_frames)
    if kept.all():
        return kept
    worst = int(np.argmin(kept))
    where = f"presentation {worst}, which needs the frames {first[worst]} to {last[worst]}"
    if not kept.any():
        raise DataError(
            f"{stimulus}: none of the {kept.size} presentations lies in the recording of {n_frames} "
            f"frames; the first is {where}; are table and traces of one session?"
        )
    warnings.warn(
        f"{stimulus}: {int((~kept).sum())} of {kept.size} presentations lie outside of the recording of "
        f"{n_frames} frames and are left out; the first is {where}",
        UserWarning,
        stacklevel=stacklevel,
    )
    return kept


def values_of(traces: Traces, rows: Whole) -> NDArray[np.float64]:
    """Return the traces of some cells; of all of them in their order, without a copy.

    Parameters
    ----------
    traces : Traces
        The recording.
    rows : ndarray of int, shape (n,)
        Rows of the cells.

    Returns
    -------
    ndarray, shape (n, n_frames)
        In the unit of the traces.

    Examples
    --------
    >>> values_of(Traces([[1.0], [2.0]], [0.0], [7, 8]), np.array([1])).tolist()
    [[2.0]]
    """
    every = rows.size == traces.n_cells and bool((rows == np.arange(rows.size)).all())
    return traces.values if every else traces.values[rows]
