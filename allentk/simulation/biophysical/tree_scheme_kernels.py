"""The sodium channels of coupled states in the compiled tree, and how its kernels are compiled.

Units are mV, ms and S/cm2. States of a chunk of patches stand in twelve rows (`tree_layout.State`).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.biophysical.tree_layout import CHUNK, Here

__all__ = ["compiled", "grow", "step_scheme"]

Array = NDArray[np.float64]
Ten: TypeAlias = tuple[float, float, float, float, float, float, float, float, float, float]

#: No kernel of the tree makes an array. Without numba's counting of references, which costs more than the
#: arithmetic where loops are short, it is three times as fast.
compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, _nrt=False)


@compiled
def _constants(c: Array, one: int, k: int) -> Ten:
    return (
        c[one, k, 0],
        c[one, k, 1],
        c[one, k, 2],
        c[one, k, 3],
        c[one, k, 4],
        c[one, k, 5],
        c[one, k, 6],
        c[one, k, 7],
        c[one, k, 8],
        c[one, k, 9],
    )


@compiled
def _rung(c: Ten, a: float, b: float, below: Ten, p: float, q: float) -> Ten:
    """Eliminate one rung: states p and q, coupled to the rung below, which was eliminated.

    Returns what the rung above needs, and the way back: the solution so far, the rates up and down,
    and the block that turns the states above into a part of these.
    """
    up_p, up_q = c[0] * a + c[1], c[4] * a + c[5]
    down_p, down_q = c[2] * b + c[3], c[6] * b + c[7]
    in_p, in_q, l_p, l_q, d_p, d_q, e00, e01, e10, e11 = below
    d00 = 1.0 + up_p + d_p + c[8] - l_p * e00
    d01 = -c[9] - l_p * e01
    d10 = -c[8] - l_q * e10
    d11 = 1.0 + up_q + d_q + c[9] - l_q * e11
    whole = 1.0 / (d00 * d11 - d01 * d10)
    r_p, r_q = p + l_p * in_p, q + l_q * in_q
    w_p = whole * (d11 * r_p - d01 * r_q)
    w_q = whole * (d00 * r_q - d10 * r_p)
    f_p, f_q = whole * down_p, whole * down_q
    return (w_p, w_q, up_p, up_q, down_p, down_q, d11 * f_p, -d01 * f_q, -d10 * f_p, d00 * f_q)


@compiled
def grow(growth: Array, width: float, here: Here, first: int, n: int) -> None:
    """Take the exponential of the sodium schemes: that of the row, and a series for the rest."""
    first = max(first, 0)
    for i in range(first, first + n):
        d = here.part[i] * width
        near = 1.0 + d * (1.0 + d * (0.5 + d * (1.0 / 6.0)))
        here.growth[i] = growth[here.at[i]] * near


@compiled
def step_scheme(
    s: Array,
    base: int,
    rungs: Array,
    scheme: int,
    again: float,
    growth: Array,
    first: int,
    n: int,
    gbar: float,
    e: float,
    g: Array,
    ge: Array,
) -> None:
    """Bring the states of a chunk one implicit step further and add their conductance.

    The scheme is a ladder, so its matrix is block-tridiagonal with blocks of 2 x 2: the rungs are
    eliminated from the closed end to the open one and found again on the way back. With `again` = 1
    they go on as far as they went: twice half a step is the trapezoidal rule.
    """
    c0, c1, c2 = (
        _constants(rungs, scheme, 0),
        _constants(rungs, scheme, 1),
        _constants(rungs, scheme, 2),
    )
    c3, c4, c5 = (
        _constants(rungs, scheme, 3),
        _constants(rungs, scheme, 4),
        _constants(rungs, scheme, 5),
    )
    none = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    base, first = max(base, 0), max(first, 0)
    for i in range(n):
        j = base + i
        a = growth[first + i]
        b = 1.0 / a
        w0 = _rung(c0, a, b, none, s[j], s[6 * CHUNK + j])
        w1 = _rung(c1, a, b, w0, s[CHUNK + j], s[7 * CHUNK + j])
        w2 = _rung(c2, a, b, w1, s[2 * CHUNK + j], s[8 * CHUNK + j])
        w3 = _rung(c3, a, b, w2, s[3 * CHUNK + j], s[9 * CHUNK + j])
        w4 = _rung(c4, a, b, w3, s[4 * CHUNK + j], s[10 * CHUNK + j])
        w5 = _rung(c5, a, b, w4, s[5 * CHUNK + j], s[11 * CHUNK + j])
        p, q = w5[0], w5[1]
        s[5 * CHUNK + j] = p + again * (p - s[5 * CHUNK + j])
        s[11 * CHUNK + j] = q + again * (q - s[11 * CHUNK + j])
        opened = gbar * s[5 * CHUNK + j]
        g[first + i] += opened
        ge[first + i] += opened * e
        p, q = w4[0] + w4[6] * p + w4[7] * q, w4[1] + w4[8] * p + w4[9] * q
        s[4 * CHUNK + j] = p + again * (p - s[4 * CHUNK + j])
        s[10 * CHUNK + j] = q + again * (q - s[10 * CHUNK + j])
        p, q = w3[0] + w3[6] * p + w3[7] * q, w3[1] + w3[8] * p + w3[9] * q
        s[3 * CHUNK + j] = p + again * (p - s[3 * CHUNK + j])
        s[9 * CHUNK + j] = q + again * (q - s[9 * CHUNK + j])
        p, q = w2[0] + w2[6] * p + w2[7] * q, w2[1] + w2[8] * p + w2[9] * q
        s[2 * CHUNK + j] = p + again * (p - s[2 * CHUNK + j])
        s[8 * CHUNK + j] = q + again * (q - s[8 * CHUNK + j])
        p, q = w1[0] + w1[6] * p + w1[7] * q, w1[1] + w1[8] * p + w1[9] * q
        s[CHUNK + j] = p + again * (p - s[CHUNK + j])
        s[7 * CHUNK + j] = q + again * (q - s[7 * CHUNK + j])
        p, q = w0[0] + w0[6] * p + w0[7] * q, w0[1] + w0[8] * p + w0[9] * q
        s[j] = p + again * (p - s[j])
        s[6 * CHUNK + j] = q + again * (q - s[6 * CHUNK + j])
