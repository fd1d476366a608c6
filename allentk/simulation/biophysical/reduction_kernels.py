"""A passive tree's answers to its soma, compiled.

Units: nS, pF, mV, pA and 1/ms. Compartment 0 is the soma; every parent stands before its children.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["tree_admittance", "tree_modes"]

Array = NDArray[np.float64]


@njit(cache=True, nogil=True)
def _fill_ends(x: Array, soma: float, parent: NDArray[np.int64], axial: Array, bare: Array) -> None:
    """Give compartments without membrane the voltage at which no current is left over."""
    n = parent.size
    d, rhs = np.zeros(n), np.zeros(n)
    for i in range(n - 1, 0, -1):
        p = parent[i]
        above = soma if p == 0 else x[p]
        if bare[i]:
            d[i] += axial[i]
            if p > 0 and bare[p]:
                d[p] += axial[i] - axial[i] * axial[i] / d[i]
                rhs[p] += axial[i] * rhs[i] / d[i]
            else:
                rhs[i] += axial[i] * above
        elif p > 0 and bare[p]:
            d[p] += axial[i]
            rhs[p] += axial[i] * x[i]
    for i in range(1, n):
        if bare[i]:
            p = parent[i]
            x[i] = rhs[i] + (axial[i] * x[p] if p > 0 and bare[p] else 0.0)
            x[i] /= d[i]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _product(capacity: Array, x: Array, y: Array) -> float:
    # In four sums, which do not wait for each other; their order is ours, not the compiler's.
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    even = capacity.size // 4 * 4
    for i in range(0, even, 4):
        a += capacity[i] * x[i] * y[i]
        b += capacity[i + 1] * x[i + 1] * y[i + 1]
        c += capacity[i + 2] * x[i + 2] * y[i + 2]
        d += capacity[i + 3] * x[i + 3] * y[i + 3]
    for i in range(even, capacity.size):
        a += capacity[i] * x[i] * y[i]
    return (a + b) + (c + d)


@njit(cache=True, nogil=True)
def tree_modes(
    parent: NDArray[np.int64],
    axial: Array,
    leak: Array,
    capacity: Array,
    drive: Array,
    shifts: Array,
    with_drive: bool,
) -> tuple[Array, Array]:
    """Return an orthonormal basis of the tree's answers to the soma, and the soma's direct share.

    Parameters
    ----------
    parent, axial, leak, capacity, drive : array, shape (n,)
        The tree: parents, conductance to them in nS, leak in nS, capacitance in pF, what the leak
        drives in pA. Compartment 0 is the soma, whose voltage is given.
    shifts : array, shape (n_shifts,)
        Rates s in 1/ms: the answers are ``(G + s C)^-1 b``.
    with_drive : bool
        Whether ``G^-1 drive`` belongs to it as well.

    Returns
    -------
    basis : array, shape (n_found, n)
        Orthonormal in the capacitance.
    ends : array, shape (n,)
        Voltage of the compartments without membrane for 1 mV at the soma and 0 elsewhere.
    """
    n = parent.size
    bare = (capacity == 0.0) & (leak == 0.0)
    diagonal = leak + axial
    for i in range(n - 1, 0, -1):
        diagonal[parent[i]] += axial[i]
    wanted = shifts.size + (1 if with_drive else 0)
    basis = np.zeros((wanted, n))
    found = 0
    for k in range(wanted):
        x = np.zeros(n)
        shift = 0.0
        if k < shifts.size:
            shift = shifts[k]
            for i in range(1, n):
                x[i] = axial[i] if parent[i] == 0 else 0.0
        else:
            x[1:] = drive[1:]
        d = diagonal + shift * capacity
        for i in range(n - 1, 0, -1):
            p = parent[i]
            if p > 0:
                share = axial[i] / d[i]
                d[p] -= share * axial[i]
                x[p] += share * x[i]
        for i in range(1, n):
            p = parent[i]
            x[i] = (x[i] + (axial[i] * x[p] if p > 0 else 0.0)) / d[i]
        before = math.sqrt(_product(capacity, x, x))
        if not before > 0.0:
            continue
        for _ in range(2):
            for j in range(found):
                share = _product(capacity, basis[j], x)
                for i in range(1, n):
                    x[i] -= share * basis[j, i]
        after = math.sqrt(_product(capacity, x, x))
        if after > 1e-9 * before:
            basis[found] = x / after
            found += 1
    for j in range(found):
        _fill_ends(basis[j], 0.0, parent, axial, bare)
    ends = np.zeros(n)
    _fill_ends(ends, 1.0, parent, axial, bare)
    return basis[:found], ends


@njit(cache=True, nogil=True)
def tree_admittance(
    parent: NDArray[np.int64], axial: Array, leak: Array, capacity: Array, rates: Array
) -> NDArray[np.complex128]:
    """Return the admittance in nS that the soma sees, at complex rates s in 1/ms.

    One sweep from the tips to the soma: a branch of admittance y behind a conductance g is
    ``g y / (g + y)``.
    """
    n = parent.size
    out = np.zeros(rates.size, np.complex128)
    for k in range(rates.size):
        y = leak + capacity * rates[k]
        y[0] = 0.0
        for i in range(n - 1, 0, -1):
            y[parent[i]] += axial[i] * y[i] / (axial[i] + y[i])
        out[k] = y[0]
    return out
