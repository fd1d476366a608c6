"""One active compartment with a passive tree of modes behind it, compiled.

Units: mV, ms, pF, nS, pA, calcium in mM; a state is one row of numbers (`reduced_layout`).

Within a step things happen in NEURON's order: currents and their slopes at the voltage and gates of
the step's begin, one implicit solve for soma and modes together, then the gates over the whole step
at the new voltage, then calcium from the current of the solve.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.biophysical.channel_tables import (
    CALCIUM,
    INSTANT,
    LANES,
    SCHEME_LANES,
    ChannelTables,
)
from allentk.simulation.biophysical.reduced_layout import HEAD, MODES, SCHEME_STATES, Cells, Taken

__all__ = ["advance"]

Array = NDArray[np.float64]


@njit(cache=True, nogil=True, inline="always")
def _scheme_step(states: Array, s: int, x: float, table: Array) -> None:
    """Step NaV's states by the matrix between rows of its table, at row `x`."""
    at = min(int(x), table.shape[0] - 2)
    low, high, frac = table[at], table[at + 1], x - at
    # written out, so that the sum over the old states stays in registers
    p0, p1, p2, p3 = states[s, 0], states[s, 1], states[s, 2], states[s, 3]
    p4, p5, p6, p7 = states[s, 4], states[s, 5], states[s, 6], states[s, 7]
    p8, p9, p10, p11 = states[s, 8], states[s, 9], states[s, 10], states[s, 11]
    for i in range(SCHEME_LANES):
        before = (
            p0 * low[0 + i]
            + p1 * low[16 + i]
            + p2 * low[32 + i]
            + p3 * low[48 + i]
            + p4 * low[64 + i]
            + p5 * low[80 + i]
            + p6 * low[96 + i]
            + p7 * low[112 + i]
            + p8 * low[128 + i]
            + p9 * low[144 + i]
            + p10 * low[160 + i]
            + p11 * low[176 + i]
        )
        behind = (
            p0 * high[0 + i]
            + p1 * high[16 + i]
            + p2 * high[32 + i]
            + p3 * high[48 + i]
            + p4 * high[64 + i]
            + p5 * high[80 + i]
            + p6 * high[96 + i]
            + p7 * high[112 + i]
            + p8 * high[128 + i]
            + p9 * high[144 + i]
            + p10 * high[160 + i]
            + p11 * high[176 + i]
        )
        states[s, i] = before + frac * (behind - before)


@njit(cache=True, nogil=True)
def _sample(
    sample: int,
    volts: Array,
    calcium: Array,
    gates: Array,
    modes: Array,
    scheme: Array,
    taken: Taken,
) -> None:
    """Keep the states that are asked for."""
    n_gates, n_modes = gates.shape[1], modes.shape[1]
    for j in range(taken.which.size):
        place = taken.which[j]
        if place == 0:
            taken.states[:, j, sample] = volts
        elif place == 1:
            taken.states[:, j, sample] = calcium
        elif place < HEAD + n_gates:
            taken.states[:, j, sample] = gates[:, place - HEAD]
        elif place < HEAD + n_gates + n_modes:
            taken.states[:, j, sample] = modes[:, place - HEAD - n_gates]
        else:
            taken.states[:, j, sample] = scheme[:, place - HEAD - n_gates - n_modes]


@njit(cache=True, nogil=True, inline="always")
def _log_after(log_before: float, before: float, after: float) -> float:
    """Return the logarithm of a number that has changed a little: a series, else the function."""
    d = after / before - 1.0
    if abs(d) > 5e-3:
        return math.log(after)
    return log_before + d * (
        1.0 - d * (1 / 2 - d * (1 / 3 - d * (1 / 4 - d * (1 / 5 - d * (1 / 6)))))
    )


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def advance(
    states: Array,
    row: int,
    cells: Cells,
    tables: ChannelTables,
    current_pa: Array,
    threshold_mv: float,
    taken: Taken,
) -> None:
    """Step one parameter set through several currents at once.

    One long function on purpose: in pieces it is seven times as slow, and its sums end in other digits.
    No compiled function calls it: one that did would hold a copy of its own, optimised again, and which
    of the two runs depends on whether numba compiles in this process or reads its cache.
    The sweeps go in lockstep because a step is a chain of operations that wait for each other: the
    processor fills the gaps of one sweep with the others.

    Parameters
    ----------
    states : array, shape (n_sweeps, n_numbers)
        Where each starts; in the end, where it has come to.
    current_pa : array, shape (n_sweeps, n_steps)
        Current within every step.
    threshold_mv : float
        Voltage whose crossing from below is a spike.
    """
    n_sweeps, n_steps = current_pa.shape
    end = HEAD + 2 * LANES
    both = np.ascontiguousarray(states[:, HEAD:end])
    gates = both.reshape(n_sweeps, 2, LANES)
    modes = np.ascontiguousarray(states[:, end : end + MODES])
    scheme = np.zeros((n_sweeps, SCHEME_LANES))
    scheme[:, :SCHEME_STATES] = states[:, end + MODES :]
    scheme_table = tables.scheme
    has_scheme = scheme_table.size > 0
    gbar, reversal, carries, power = (
        cells.gbar[row],
        cells.reversal[row],
        cells.carries,
        tables.power,
    )
    dt, second = tables.dt_ms, tables.second
    h = 0.5 * dt if second else dt
    mode = np.empty((4, MODES))
    self_gain, const_sum = 0.0, 0.0
    for j in range(MODES):
        p = 1.0 / (1.0 + h * cells.rate[row, j])
        q, k0 = h * p * cells.coupling[row, j], h * p * cells.drive[row, j]
        self_gain += q
        const_sum += k0
        mode[0, j], mode[1, j], mode[2, j] = (
            (2.0 * p - 1.0, 2.0 * q, 2.0 * k0) if second else (p, q, k0)
        )
        mode[3, j] = p
    per_h = cells.soma[row, 0] / h
    fixed_conductance = per_h + cells.soma[row, 1] - self_gain
    fixed_current = cells.soma[row, 2] + const_sum
    e_scheme, g_scheme = cells.soma[row, 3], cells.scheme_gbar[row]
    to_pool, decay, rest_cai = cells.pool[row, 0], cells.pool[row, 1], cells.pool[row, 2]
    to_pool *= decay
    part = -math.expm1(-dt / decay)
    nernst, log_out = cells.nernst[0], cells.nernst[1]
    last_row, last_log = tables.values.shape[0] - 2, tables.calcium.shape[0] - 2
    low_mv, per_mv, top = tables.low_mv, tables.per_mv, float(last_row + 1)
    values, slope, over_calcium = tables.values, tables.slope, tables.calcium
    low_log, per_log, top_log = tables.low_log, tables.per_log, float(last_log + 1)
    every = taken.every
    volts, calcium, logs = states[:, 0].copy(), states[:, 1].copy(), np.log(states[:, 1])
    above = volts >= threshold_mv
    pulls, follow = np.zeros(n_sweeps), gates[:, 0, CALCIUM].copy()
    for s in range(n_sweeps):
        for j in range(MODES):
            pulls[s] += mode[3, j] * modes[s, j]
    # Kept apart: a vector is slow to read right after one of its numbers.
    gates[:, 0, CALCIUM] = 0.0
    g_follow, e_follow = gbar[CALCIUM], reversal[CALCIUM]
    wait, sample = 0, 0
    n_kept = n_sweeps if taken.voltage.size else 0
    for k in range(n_steps):
        wait -= 1
        if wait <= 0:
            wait = every
            for s in range(n_kept):
                taken.voltage[s, sample] = volts[s]
            if taken.which.size:
                gates[:, 0, CALCIUM] = follow
                _sample(sample, volts, calcium, both, modes, scheme, taken)
                gates[:, 0, CALCIUM] = 0.0
            sample += 1
        for s in range(n_sweeps):
            v, cai, log_cai = volts[s], calcium[s], logs[s]
            x = (v - low_mv) * per_mv
            x = x if x > 0.0 else 0.0  # not a number goes to 0
            x = x if x < top else top
            at = min(int(x), last_row)
            frac = x - at
            e_ca = nernst * (log_out - log_cai)
            g_all, g_e, g_ca = 0.0, 0.0, 0.0
            for j in range(LANES):
                y = gates[s, 0, j]
                y2 = y * y
                n = power[j]
                g = gbar[j] * gates[s, 1, j]
                g = g * (y if n & 1 else 1.0)
                g = g * (y2 if n & 2 else 1.0)
                g = g * (y2 * y2 if n & 4 else 1.0)
                g_all += g
                g_e += g * reversal[j]
                g_ca += g * carries[j]
            slow = g_follow * follow[s]
            g_all += slow
            g_e += g_ca * e_ca + slow * e_follow
            if has_scheme:
                opened = g_scheme * scheme[s, 5]
                g_all += opened
                g_e += opened * e_scheme
            steep = slope[at] + frac * (slope[at + 1] - slope[at])
            driving = v + 1e-3 - reversal[INSTANT] - carries[INSTANT] * e_ca
            extra = gbar[INSTANT] * gates[s, 1, INSTANT] * steep * driving
            rhs = per_h * v + fixed_current + current_pa[s, k] + pulls[s] + g_e + extra * v
            half = rhs / (fixed_conductance + g_all + extra)
            i_ca = g_ca * ((half if second else v) - e_ca)
            pull = 0.0
            for j in range(MODES):
                w = mode[0, j] * modes[s, j] + mode[1, j] * half + mode[2, j]
                pull += mode[3, j] * w
                modes[s, j] = w
            pulls[s] = pull
            v = 2.0 * half - v if second else half
            pool = cai + part * (rest_cai - to_pool * i_ca - cai)
            log_cai = _log_after(log_cai, cai, pool)
            x = (v - low_mv) * per_mv
            x = x if x > 0.0 else 0.0
            x = x if x < top else top
            if has_scheme:
                _scheme_step(scheme, s, x, scheme_table)
            at = min(int(x), last_row)
            frac = x - at
            for j in range(2 * LANES):
                low, fast = values[at, 0, j], values[at, 1, j]
                steady = low + frac * (values[at + 1, 0, j] - low)
                done = fast + frac * (values[at + 1, 1, j] - fast)
                both[s, j] += done * (steady - both[s, j])
            x = (log_cai - low_log) * per_log
            x = x if x > 0.0 else 0.0
            x = x if x < top_log else top_log
            line = min(int(x), last_log)
            frac = x - line
            low, fast = over_calcium[line, 0], over_calcium[line, 1]
            steady = low + frac * (over_calcium[line + 1, 0] - low)
            done = fast + frac * (over_calcium[line + 1, 1] - fast)
            follow[s] += done * (steady - follow[s])
            volts[s], calcium[s], logs[s] = v, pool, log_cai
            if (v >= threshold_mv) != above[s]:
                above[s] = not above[s]
                if above[s]:
                    if taken.counts[s] < taken.spikes.shape[1]:
                        taken.spikes[s, taken.counts[s]] = k + 1
                    taken.counts[s] += 1
    states[:, 0], states[:, 1] = volts, calcium
    gates[:, 0, CALCIUM] = follow
    states[:, HEAD:end] = both
    states[:, end : end + MODES] = modes
    states[:, end + MODES :] = scheme[:, :SCHEME_STATES]
