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
from allentk.simulation.biophysical.tree_scheme_kernels import compiled, grow, step_scheme

__all__ = ["run_tree", "solve_tree", "start_tree"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.uint64]
Four: TypeAlias = tuple[float, float, float, float]

#: No less calcium than this, in mM, whatever flows out.
_LEAST_MM = 1e-9
#: A membrane beyond this voltage, in mV, has left the range where the numbers mean anything.
_BEYOND_MV = 500.0

_TWO, _THREE, _FOUR, _ONE = np.uint64(2), np.uint64(3), np.uint64(4), np.uint64(1)


@compiled
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


@compiled
def _within(place: float, last: float) -> float:
    """Return the nearest place that is in the table; no number is at its beginning."""
    if place > last:
        return last
    return place if place > 0.0 else 0.0


@compiled
def _locate(v: Array, node: Ints, t: Tables, here: Here) -> None:
    last = t.growth.size - 1.000001
    for i in range(node.size):
        here.v[i] = v[node[i]]
        place = _within((here.v[i] - t.low) * t.per, last)
        row = np.int32(place)
        here.at[i] = row
        here.part[i] = place - row


@compiled
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


@compiled
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


@compiled
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


@compiled
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


@compiled
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


@compiled
def _open_all(lay: Layout, t: Tables, p: Values, s: State, here: Here, again: float) -> None:
    """Bring the sodium schemes one step further and take the conductances of all patches."""
    for i in range(s.conductance.size):
        s.conductance[i] = s.drive[i] = s.calcium[i] = 0.0
    for c in range(lay.schemes.shape[0]):
        first, n = lay.schemes[c, 0], lay.schemes[c, 1]
        scheme, one = lay.schemes[c, 2], lay.schemes[c, 3]
        grow(t.growth, 1.0 / (t.per * t.slope_mv), here, first, n)
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


@compiled
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


@compiled
def _flow(lay: Layout, s: State, here: Here) -> None:
    """Take the calcium current in mA/cm2 at the present voltage."""
    for k in range(lay.kinds.shape[0]):
        if lay.kinds[k, 6]:
            for i in range(lay.kinds[k, 0], lay.kinds[k, 1]):
                here.current[i] = s.calcium[i] * (s.v[lay.node[i]] - s.reversal[i])


@compiled
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


@compiled
def start_tree(lay: Layout, t: Tables, p: Values, s: State, here: Here) -> None:
    """Open the channels at the beginning; the step of `t` is none, so that everything stands."""
    _locate(s.v, lay.node, t, here)
    for k in range(lay.kinds.shape[0]):
        if lay.kinds[k, 6]:
            _locate_calcium(t, p, s, here, lay.kinds[k, 0], lay.kinds[k, 1])
    _open_all(lay, t, p, s, here, 0.0)


@compiled
def _assemble(lay: Layout, p: Values, s: State, here: Here) -> None:
    for i in range(here.diagonal.size):
        here.diagonal[i] = p.leak[i] + here.charge[i]
        here.right[i] = p.leak_current[i] + here.charge[i] * s.v[i]
    for i in range(lay.node.size):
        node = lay.node[i]
        here.diagonal[node] += p.scale[i] * s.conductance[i]
        here.right[node] += p.scale[i] * s.drive[i]


@compiled
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


@compiled
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
