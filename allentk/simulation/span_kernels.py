"""What a span of steps under one held current does to a GLIF neuron, compiled.

Between spikes a step is linear in the state (``glif_propagator``), and so is a span of steps, and so is, at
every step of the span, the distance D = V - Ts - Tv - th_inf by which the neuron is above its threshold.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["N_SPAN", "N_STEP", "span_constants"]

Array = NDArray[np.float64]

#: Columns of the table of steps, and of the table of spans.
N_STEP, N_SPAN = 22, 19


@njit(cache=True, nogil=True)
def _earlier(row: Array, c: Array) -> None:
    """Express a quantity, given by V, Ts, Tv, A1, A2 and the current, by these one step before."""
    v, t = row[0], row[2]
    row[3] = v * c[2] + t * c[20] + row[3] * c[8]
    row[4] = v * c[3] + t * c[21] + row[4] * c[9]
    row[5] += v * c[1] + t * c[7]
    row[0] = v * c[0] + t * c[6]
    row[1] *= c[4]
    row[2] = t * c[5]


@njit(cache=True, nogil=True)
def _rows(first: tuple[float, float, float], c: Array, rows: Array) -> None:
    """Fill what a quantity of V, Ts and Tv becomes after 0, 1, 2 ... steps."""
    rows[0] = 0.0
    rows[0, 0], rows[0, 1], rows[0, 2] = first
    for s in range(1, rows.shape[0]):
        rows[s] = rows[s - 1]
        _earlier(rows[s], c)


@njit(cache=True, nogil=True)
def _bends(rows: Array, out: Array) -> None:
    """Fill the largest distances of the rows from the straight line between first and last."""
    span = rows.shape[0] - 1
    for i in range(6):
        out[i] = 0.0
        for s in range(1, span):
            line = rows[0, i] + (rows[span, i] - rows[0, i]) * s / span
            out[i] = max(out[i], abs(rows[s, i] - line))


@njit(cache=True, nogil=True)
def span_constants(steps: Array, span: int) -> Array:
    """Return what `span` steps under one current do.

    Parameters
    ----------
    steps : ndarray, shape (n_models, N_STEP)
        What a step does, the columns of ``packed_population``.
    span : int
        Steps.

    Returns
    -------
    ndarray, shape (n_models, N_SPAN)
        What V, A1, A2 and the current contribute to V; what Tv, V, A1, A2 and the current contribute to
        Tv; what is kept of Ts, A1, A2; th_inf; and the bends of D with V, Ts, Tv, A1, A2 and the current.
        The sum of bend times magnitude bounds how far D may rise, within the span, above the higher of
        its values at both ends.
    """
    out = np.empty((steps.shape[0], N_SPAN))
    rows = np.empty((span + 1, 6))
    for m in range(steps.shape[0]):
        c = steps[m]
        _rows((1.0, 0.0, 0.0), c, rows)
        out[m, 0], out[m, 1:4] = rows[span, 0], rows[span, 3:6]
        _rows((0.0, 0.0, 1.0), c, rows)
        out[m, 4], out[m, 5], out[m, 6:9] = rows[span, 2], rows[span, 0], rows[span, 3:6]
        out[m, 9], out[m, 10], out[m, 11] = c[4] ** span, c[8] ** span, c[9] ** span
        out[m, 12] = c[10]
        _rows((1.0, -1.0, -1.0), c, rows)
        _bends(rows, out[m, 13:19])
    return out
