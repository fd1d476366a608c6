"""Many GLIF neurons that send each other spikes, compiled. Units are mV, pA, s, MOhm, pF.

Time is cut into spans no longer than the shortest delay between cells: within a span every cell runs on
its own, then its spikes are put into the ring buffer of their targets. Voltages are relative to rest.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.glif_kernels import exponential_pair

__all__ = [
    "ABOVE_THRESHOLD",
    "NOT_FINITE",
    "Cells",
    "Edges",
    "Noise",
    "State",
    "advance",
    "alpha_gains",
]

Array = NDArray[np.float64]
Steps = NDArray[np.int64]
Ids = NDArray[np.int32]

#: Why a run stopped: a cell starts again above its threshold, or its state is no number.
ABOVE_THRESHOLD, NOT_FINITE = 1, 2

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


class Cells(NamedTuple):
    """Constants of every cell, shape (n,), (n, n_asc) or (n, n_ports); see ``glif_propagator``."""

    gain: Array
    leak: Array
    th_inf: Array
    n_ref: Steps
    reset_a: Array
    reset_b: Array
    ths_a: Array
    ths_decay: Array
    ths_rest: Array
    thv_decay: Array
    thv_of_v: Array
    thv_of_current: Array
    asc_amp: Array
    asc_keep: Array
    asc_decay: Array
    asc_push: Array
    thv_of_asc: Array
    port_decay: Array
    port_rise_gain: Array
    port_gain: Array


class State(NamedTuple):
    """What changes: per cell, per after-spike current, per port, and what is on its way."""

    v: Array
    ths: Array
    thv: Array
    silent: Steps
    asc: Array
    rise: Array
    flow: Array
    ring: Array
    current: Array


class Edges(NamedTuple):
    """Edges sorted by source; weights are multiplied by e / tau, delays are steps."""

    indptr: Steps
    target: Ids
    port: NDArray[np.int8]
    delay: Ids
    weight: Array


class Noise(NamedTuple):
    """Poisson trains sorted by cell: mean interval and next event in steps, and a random state each."""

    indptr: Steps
    port: NDArray[np.int8]
    weight: Array
    interval: Array
    coming: Array
    random: NDArray[np.uint64]


class Work(NamedTuple):
    """Scratch of a span.

    Of all cells: what synapses add to the voltage, and their current. Of one cell: what its after-spike
    currents add to the voltage and to the threshold, and what is left of them.
    """

    push: Array
    total: Array
    asc_push: Array
    asc_thv: Array
    asc: Array


@njit(cache=True, nogil=True)
def alpha_gains(step: float, tau: float, other: float) -> tuple[float, float]:
    """Return what the flow, and its rise, of an alpha current add to a unit membrane in one step.

    The current is ``(flow + rise t) exp(-t / other)``; the membrane of time constant `tau` relaxes to it.
    """
    d = (1.0 / other - 1.0 / tau) * step
    if abs(d) < 1e-3:
        ramp = 0.5 - d / 3.0 + d * d / 8.0 - d * d * d / 30.0
    else:
        ramp = (1.0 - (1.0 + d) * math.exp(-d)) / (d * d)
    rise = math.exp(-step / tau) * ramp * step * step / tau
    return exponential_pair(step, tau, other), rise


@njit(cache=True, nogil=True)
def _exponential(random: NDArray[np.uint64], at: int) -> float:
    """Draw from the unit exponential by splitmix64; every train has a state of its own."""
    random[at] += _GOLDEN
    z = random[at]
    z = (z ^ (z >> _S30)) * _MIX_A
    z = (z ^ (z >> _S27)) * _MIX_B
    z = z ^ (z >> _S31)
    return -math.log1p(-float(z >> _S11) * 2.0**-53)


@njit(cache=True, nogil=True)
def _add_noise(noise: Noise, ring: Array, stop: int) -> None:
    mask = ring.shape[2] - 1
    for cell in range(ring.shape[0]):
        for e in range(noise.indptr[cell], noise.indptr[cell + 1]):
            coming, port, weight = noise.coming[e], noise.port[e], noise.weight[e]
            interval = noise.interval[e]
            while coming < stop:
                ring[cell, port, int(coming) & mask] += weight
                coming += interval * _exponential(noise.random, e)
            noise.coming[e] = coming


@njit(cache=True, nogil=True)
def _synapses(cells: Cells, state: State, dt: float, step: int, n: int, work: Work) -> None:
    """Fill the synaptic current at the begin of every step, and what it adds to the voltage."""
    mask = state.ring.shape[2] - 1
    push, total, ring = work.push, work.total, state.ring
    for cell in range(cells.gain.size):
        for s in range(n):
            push[cell, s] = 0.0
            total[cell, s] = 0.0
        for p in range(cells.port_decay.shape[1]):
            decay = cells.port_decay[cell, p]
            slide = decay * dt
            of_flow = cells.gain[cell] * cells.port_gain[cell, p]
            of_rise = cells.gain[cell] * cells.port_rise_gain[cell, p]
            rise, flow = state.rise[cell, p], state.flow[cell, p]
            for s in range(n):
                slot = (step + s) & mask
                rise += ring[cell, p, slot]
                ring[cell, p, slot] = 0.0
                push[cell, s] += of_flow * flow + of_rise * rise
                total[cell, s] += flow
                flow = decay * flow + slide * rise
                rise *= decay
            state.rise[cell, p], state.flow[cell, p] = rise, flow


@njit(cache=True, nogil=True)
def _after_spike(cells: Cells, now: Array, cell: int, first: int, n: int, work: Work) -> None:
    """Fill what the after-spike currents of a cell add in steps `first` to `n`, and are after them."""
    push, thv, later = work.asc_push, work.asc_thv, work.asc
    for s in range(first, n):
        push[s] = 0.0
        thv[s] = 0.0
    for j in range(now.shape[1]):
        flow, decay = now[cell, j], cells.asc_decay[cell, j]
        to_push, to_thv = cells.asc_push[cell, j], cells.thv_of_asc[cell, j]
        for s in range(first, n):
            push[s] += to_push * flow
            thv[s] += to_thv * flow
            flow *= decay
            later[j, s] = flow


@njit(cache=True, nogil=True)
def _reset(cells: Cells, state: State, cell: int, v: float, ths: float) -> tuple[float, float]:
    """Apply the rules of a spike; return the voltage and the spike threshold the cell starts again with."""
    for j in range(cells.asc_amp.shape[1]):
        kept = cells.asc_keep[cell, j] * state.asc[cell, j]
        state.asc[cell, j] = cells.asc_amp[cell, j] + kept
    v = cells.reset_a[cell] * v + cells.reset_b[cell]
    return v, ths * cells.ths_rest[cell] + cells.ths_a[cell]


@njit(cache=True, nogil=True)
def _membranes(
    cells: Cells,
    state: State,
    step: int,
    n: int,
    work: Work,
    spike_step: Steps,
    spike_cell: Steps,
    count: int,
    watched: Steps,
    trace: Array,
    fault: Steps,
) -> int:
    """Run every cell for `n` steps as ``glif_kernels.run_glif`` does; return the number of spikes."""
    n_asc = cells.asc_amp.shape[1]
    for cell in range(cells.gain.size):
        leak, th_inf = cells.leak[cell], cells.th_inf[cell]
        ths_decay, thv_decay = cells.ths_decay[cell], cells.thv_decay[cell]
        of_v, of_current = cells.thv_of_v[cell], cells.thv_of_current[cell]
        v, ths, thv = state.v[cell], state.ths[cell], state.thv[cell]
        current, row = state.current[cell], watched[cell]
        drive = cells.gain[cell] * current * (1.0 - leak)
        s = min(n, state.silent[cell])
        state.silent[cell] -= s
        if row >= 0:
            trace[row, :s] = v
        while s < n:
            _after_spike(cells, state.asc, cell, s, n, work)
            spiked = False
            while s < n and not spiked:
                given = of_current * (current + work.total[cell, s])
                thv = thv_decay * thv + of_v * v + given + work.asc_thv[s]
                v = v * leak + drive + (work.push[cell, s] + work.asc_push[s])
                ths *= ths_decay
                spiked = v > th_inf + ths + thv
                if row >= 0:
                    trace[row, s] = v
                s += 1
            for j in range(n_asc):
                state.asc[cell, j] = work.asc[j, s - 1]
            if spiked:
                spike_step[count], spike_cell[count] = step + s - 1, cell
                count += 1
                v, ths = _reset(cells, state, cell, v, ths)
                if v > th_inf + ths + thv:
                    fault[:] = ABOVE_THRESHOLD, cell, step + s - 1
                    return count
                silent = min(n - s, cells.n_ref[cell])
                state.silent[cell] = cells.n_ref[cell] - silent
                if row >= 0:
                    trace[row, s : s + silent] = v
                s += silent
        if not math.isfinite(v):
            fault[:] = NOT_FINITE, cell, step
            return count
        state.v[cell], state.ths[cell], state.thv[cell] = v, ths, thv
    return count


@njit(cache=True, nogil=True)
def _deliver(
    edges: Edges,
    ring: Array,
    source: NDArray[np.int64],
    grid: Steps,
    first: int,
    last: int,
    late: int,
) -> None:
    """Send spikes `first` to `last` to their targets; `grid` plus `late` is the first step after each."""
    mask = ring.shape[2] - 1
    for i in range(first, last):
        for e in range(edges.indptr[source[i]], edges.indptr[source[i] + 1]):
            slot = (grid[i] + late + edges.delay[e]) & mask
            ring[edges.target[e], edges.port[e], slot] += edges.weight[e]


@njit(cache=True, nogil=True)
def advance(
    cells: Cells,
    state: State,
    edges: Edges,
    noise: Noise,
    dt: float,
    span: int,
    first: int,
    last: int,
    given_grid: Steps,
    given_source: Steps,
    spike_step: Steps,
    spike_cell: Steps,
    watched: Steps,
    voltage: Array,
    fault: Steps,
) -> tuple[int, int, int]:
    """Run all cells from step `first` towards `last`.

    Parameters
    ----------
    span : int
        Steps run at once, not more than the shortest delay between cells.
    given_grid, given_source : ndarray of int, shape (n_given,)
        Spikes of the virtual nodes, sorted: the first step after them, and the row in `edges`.
    spike_step, spike_cell : ndarray of int, shape (capacity,)
        Filled with the spikes.
    watched : ndarray of int, shape (n_cells,)
        Row of `voltage` that a cell's voltage goes to, or -1.
    voltage : ndarray, shape (n_watched, at least last - first)
        Filled with voltages at the end of every step.
    fault : ndarray of int, shape (3,)
        Filled with what went wrong (0 where nothing did), the cell, and a step.

    Returns
    -------
    tuple of int
        The step reached, before `last` where the spikes would not fit or something went wrong, the
        number of spikes, and the number of given spikes used up.
    """
    n_cells = cells.gain.size
    work = Work(
        np.empty((n_cells, span)),
        np.empty((n_cells, span)),
        np.empty(span),
        np.empty(span),
        np.empty((cells.asc_amp.shape[1], span)),
    )
    given = 0
    count = 0
    step = first
    while step < last:
        n = min(span, last - step)
        if count + n_cells * n > spike_step.size:
            break
        known = given
        while given < given_grid.size and given_grid[given] <= step + n:
            given += 1
        _deliver(edges, state.ring, given_source, given_grid, known, given, 0)
        _add_noise(noise, state.ring, step + n)
        _synapses(cells, state, dt, step, n, work)
        known = count
        count = _membranes(
            cells,
            state,
            step,
            n,
            work,
            spike_step,
            spike_cell,
            count,
            watched,
            voltage[:, step - first : step - first + n],
            fault,
        )
        if fault[0]:
            break
        _deliver(edges, state.ring, spike_cell, spike_step, known, count, 1)
        step += n
    return step, count, given
