"""A cell with channels everywhere, compiled: one step after the other through the whole tree.

Units inside are mV, ms, nA, uS, nF and mM. A *node* is a point of the tree; a *patch* is the membrane
of a node that has any. Patches of a section kind stand side by side, so that every loop below runs
over neighbours in memory and the compiler makes vector instructions of it.

A step is NEURON's: currents at the old voltage, one solution of the tree (Hines 1984), the new
voltage, then gates, sodium schemes and calcium at it. The currents of the next step need the same
voltage, so they are taken in the same sweep over the patches.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.biophysical.tree_layout import (
    CHUNK,
    Here,
    Layout,
    Seen,
    State,
    Tables,
    Values,
)

__all__ = ["run_tree", "solve_tree", "start_tree", "step_scheme"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.uint64]
Four: TypeAlias = tuple[float, float, float, float]
Ten: TypeAlias = tuple[float, float, float, float, float, float, float, float, float, float]

#: No less calcium than this, in mM, whatever flows out.
_LEAST_MM = 1e-9
#: A membrane beyond this voltage, in mV, has left the range where the numbers mean anything.
_BEYOND_MV = 500.0

#: Nothing below makes an array. Without numba's counting of references, which costs more than the
#: arithmetic where loops are short, it is three times as fast.
_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, _nrt=False)

_TWO, _THREE, _FOUR, _ONE = np.uint64(2), np.uint64(3), np.uint64(4), np.uint64(1)


@_compiled
def solve_tree(parent: Ints, coupling: Array, diagonal: Array, right: Array, v: Array) -> None:
    """Solve the tree for `v`; `diagonal` and `right` are used up.

    Row i reads ``diagonal[i] v[i] - sum of coupling to neighbours times theirs = right[i]``.
    """
    for i in range(parent.size - 1, 0, -1):
        p = parent[i]
        whole = 1.0 / diagonal[i]
        part = coupling[i] * whole
        diagonal[p] -= part * coupling[i]
        right[p] += part * right[i]
        diagonal[i] = part
        right[i] *= whole
    v[0] = right[0] / diagonal[0]
    for i in range(1, parent.size):
        v[i] = right[i] + diagonal[i] * v[parent[i]]


@_compiled
def _within(place: float, last: float) -> float:
    """Return the nearest place that is in the table; no number is at its beginning."""
    if place > last:
        return last
    return place if place > 0.0 else 0.0


@_compiled
def _locate(v: Array, node: Ints, t: Tables, here: Here) -> None:
    last = t.growth.size - 1.000001
    for i in range(node.size):
        here.v[i] = v[node[i]]
        place = _within((here.v[i] - t.low) * t.per, last)
        row = np.int32(place)
        here.at[i] = row
        here.part[i] = place - row


@_compiled
def _relax(
    x: Array, begin: int, n: int, rows: Array, table: int, first: int, at: Rows, part: Array
) -> None:
    """Bring a gate of all patches of a kind one step further."""
    begin, first = max(begin, 0), max(first, 0)
    table_at = np.uint64(table)
    for i in range(n):
        k = table_at + at[first + i] * _FOUR
        gone = rows[k] + part[first + i] * rows[k + _ONE]
        steady = rows[k + _TWO] + part[first + i] * rows[k + _THREE]
        x[begin + i] += gone * (steady - x[begin + i])


@_compiled
def _open_one(
    x: Array, m: int, n: int, power: Four, gbar: float, e: float, first: int, g: Array, ge: Array
) -> None:
    m, first = max(m, 0), max(first, 0)
    one, two, three, four = power
    for i in range(n):
        gate = x[m + i]
        opened = gbar * gate * (one + gate * (two + gate * (three + gate * four)))
        g[first + i] += opened
        ge[first + i] += opened * e


@_compiled
def _open_two(
    x: Array,
    m: int,
    h: int,
    n: int,
    power: Four,
    gbar: float,
    e: float,
    first: int,
    g: Array,
    ge: Array,
) -> None:
    m, h, first = max(m, 0), max(h, 0), max(first, 0)
    one, two, three, four = power
    for i in range(n):
        gate = x[m + i]
        opened = gbar * x[h + i] * (gate * (one + gate * (two + gate * (three + gate * four))))
        g[first + i] += opened
        ge[first + i] += opened * e


@_compiled
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


@_compiled
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


@_compiled
def _grow(growth: Array, width: float, here: Here, first: int, n: int) -> None:
    """Take the exponential of the sodium schemes: that of the row, and a series for the rest."""
    first = max(first, 0)
    for i in range(first, first + n):
        d = here.part[i] * width
        near = 1.0 + d * (1.0 + d * (0.5 + d * (1.0 / 6.0)))
        here.growth[i] = growth[here.at[i]] * near


@_compiled
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


@_compiled
def _add_slope(
    x: Array,
    h: int,
    n: int,
    rows: Array,
    table: int,
    per: float,
    gbar: float,
    e: float,
    first: int,
    here: Here,
    g: Array,
    ge: Array,
) -> None:
    """Take a first gate that follows at once into the solution: its slope over the voltage."""
    for i in range(n):
        v, k = here.v[first + i], np.uint64(table) + here.at[first + i] * _FOUR + _THREE
        slope = gbar * x[h + i] * rows[k] * per * (v - e)
        g[first + i] += slope
        ge[first + i] += slope * v


@_compiled
def _open_paths(lay: Layout, t: Tables, p: Values, s: State, here: Here, k: int) -> None:
    """Add the conductances of the channels of a kind."""
    first, n = lay.kinds[k, 0], lay.kinds[k, 1] - lay.kinds[k, 0]
    for path in range(lay.kinds[k, 4], lay.kinds[k, 5]):
        gbar, e = p.gbar[path], p.reversal[path]
        w = lay.powers
        power = (w[path, 0], w[path, 1], w[path, 2], w[path, 3])
        one, other = lay.paths[path, 0], lay.paths[path, 1]
        m = lay.gates[one, 0]
        g = s.calcium if lay.paths[path, 3] else s.conductance
        if other < 0:
            _open_one(s.x, m, n, power, gbar, e, first, g, s.drive)
            continue
        h = lay.gates[other, 0]
        _open_two(s.x, m, h, n, power, gbar, e, first, g, s.drive)
        if lay.paths[path, 2]:
            table = lay.gates[one, 2]
            _add_slope(s.x, h, n, t.rows, table, t.per, gbar, e, first, here, g, s.drive)
    if lay.kinds[k, 6]:
        for i in range(first, first + n):
            s.conductance[i] += s.calcium[i]
            s.drive[i] += s.calcium[i] * s.reversal[i]


@_compiled
def _open_all(lay: Layout, t: Tables, p: Values, s: State, here: Here, again: float) -> None:
    """Bring the sodium schemes one step further and take the conductances of all patches."""
    for i in range(s.conductance.size):
        s.conductance[i] = s.drive[i] = s.calcium[i] = 0.0
    for c in range(lay.schemes.shape[0]):
        first, n = lay.schemes[c, 0], lay.schemes[c, 1]
        scheme, one = lay.schemes[c, 2], lay.schemes[c, 3]
        _grow(t.growth, 1.0 / (t.per * t.slope_mv), here, first, n)
        base, gbar, e = 12 * CHUNK * c, p.scheme_gbar[one], p.scheme_reversal[one]
        step_scheme(
            s.states,
            base,
            t.rungs,
            scheme,
            again,
            here.growth,
            first,
            n,
            gbar,
            e,
            s.conductance,
            s.drive,
        )
    for k in range(lay.kinds.shape[0]):
        _open_paths(lay, t, p, s, here, k)


@_compiled
def _locate_calcium(t: Tables, p: Values, s: State, here: Here, first: int, last: int) -> None:
    """Find the reversal potential of calcium, and its place in the tables."""
    end = t.n_calcium - 1.000001
    for i in range(first, last):
        level = math.log(s.cai[i])
        s.reversal[i] = p.calcium_slope * (p.calcium_out - level)
        place = _within((level - t.calcium_low) * t.calcium_per, end)
        row = np.int32(place)
        here.at_calcium[i] = row
        here.part_calcium[i] = place - row


@_compiled
def _flow(lay: Layout, s: State, here: Here) -> None:
    """Take the calcium current in mA/cm2 at the present voltage."""
    for k in range(lay.kinds.shape[0]):
        if lay.kinds[k, 6]:
            for i in range(lay.kinds[k, 0], lay.kinds[k, 1]):
                here.current[i] = s.calcium[i] * (s.v[lay.node[i]] - s.reversal[i])


@_compiled
def _advance(lay: Layout, t: Tables, p: Values, s: State, here: Here, again: float) -> None:
    """Bring calcium and gates one step further at the new voltage, and open the channels."""
    _locate(s.v, lay.node, t, here)
    for k in range(lay.kinds.shape[0]):
        first, last = lay.kinds[k, 0], lay.kinds[k, 1]
        if lay.kinds[k, 6]:
            rise, decay, rest = p.pool[k, 0], p.pool[k, 1], p.pool[k, 2]
            kept = math.exp(-t.dt_ms / decay)
            for i in range(first, last):
                steady = rest - rise * decay * here.current[i]
                s.cai[i] = max(steady + kept * (s.cai[i] - steady), _LEAST_MM)
            _locate_calcium(t, p, s, here, first, last)
        for gate in range(lay.kinds[k, 2], lay.kinds[k, 3]):
            begin, table = lay.gates[gate, 0], lay.gates[gate, 2]
            if lay.gates[gate, 1]:
                at, part = here.at_calcium, here.part_calcium
            else:
                at, part = here.at, here.part
            _relax(s.x, begin, last - first, t.rows, table, first, at, part)
    _open_all(lay, t, p, s, here, again)


@_compiled
def start_tree(lay: Layout, t: Tables, p: Values, s: State, here: Here) -> None:
    """Open the channels at the beginning; the step of `t` is none, so that everything stands."""
    _locate(s.v, lay.node, t, here)
    for k in range(lay.kinds.shape[0]):
        if lay.kinds[k, 6]:
            _locate_calcium(t, p, s, here, lay.kinds[k, 0], lay.kinds[k, 1])
    _open_all(lay, t, p, s, here, 0.0)


@_compiled
def _assemble(lay: Layout, p: Values, s: State, here: Here) -> None:
    for i in range(here.diagonal.size):
        here.diagonal[i] = p.leak[i] + here.charge[i]
        here.right[i] = p.leak_current[i] + here.charge[i] * s.v[i]
    for i in range(lay.node.size):
        node = lay.node[i]
        here.diagonal[node] += p.scale[i] * s.conductance[i]
        here.right[node] += p.scale[i] * s.drive[i]


@_compiled
def _look(seen: Seen, step: int, v: Array, old: Array) -> bool:
    """Note voltages and spikes; return whether the run is to stop."""
    if step % seen.every == 0:
        for k in range(seen.nodes.size):
            seen.voltage[k, step // seen.every] = v[seen.nodes[k]]
    for k in range(seen.watched.size):
        node = seen.watched[k]
        if v[node] >= seen.threshold and old[node] < seen.threshold:
            if seen.counts[k] == seen.steps.shape[1]:
                if k == 0:
                    return True
                continue
            seen.steps[k, seen.counts[k]] = step
            seen.counts[k] += 1
    return not abs(v[0]) < _BEYOND_MV


@_compiled
def run_tree(
    lay: Layout,
    t: Tables,
    p: Values,
    s: State,
    here: Here,
    current: Array,
    at: int,
    second_order: bool,
    seen: Seen,
) -> int:
    """Run a cell through a current and return at which step it stopped.

    `s` is the state at the beginning, after ``start_tree``, and in the end that at the end; a run goes
    on from there.

    Parameters
    ----------
    lay, t, p, s, here
        See there.
    current : array, shape (n_steps,)
        Current in nA, constant within a step.
    at : int
        The node it goes into.
    second_order : bool
        Whether the voltage is taken by the trapezoidal rule, against which gates are staggered by half
        a step (NEURON's ``secondorder = 2``), or by backward Euler.
    seen : Seen
        Filled.
    """
    per_step = (2.0 if second_order else 1.0) / t.dt_ms
    for i in range(s.v.size):
        here.charge[i] = p.capacity[i] * per_step
        here.old[i] = s.v[i]
    for step in range(current.size):
        if _look(seen, step, s.v, here.old):
            return step
        for i in range(s.v.size):
            here.old[i] = s.v[i]
        _assemble(lay, p, s, here)
        here.right[at] += current[step]
        if not second_order:
            _flow(lay, s, here)
        solve_tree(lay.parent, p.coupling, here.diagonal, here.right, s.v)
        if second_order:
            _flow(lay, s, here)
            for i in range(s.v.size):
                s.v[i] += s.v[i] - here.old[i]
        _advance(lay, t, p, s, here, 1.0 if second_order else 0.0)
    return int(current.size)
