"""One active compartment with a passive tree of modes behind it, compiled.

Units: mV, ms, pF, nS, pA, calcium in mM. A state is one row of numbers, so that a run goes on from a
copy of another's::

    v, cai | first gates | second gates | modes | NaV's twelve states

Within a step things happen in NEURON's order: currents and their slopes at the voltage and gates of
the step's begin, one implicit solve for soma and modes together, then the gates over the whole step
at the new voltage, then calcium from the current of the solve.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.models.channels.sodium_scheme import SLOPE_MV
from allentk.simulation.biophysical.channel_tables import (
    CALCIUM,
    INSTANT,
    LANES,
    ChannelTables,
    SchemeTable,
)

__all__ = [
    "HEAD",
    "MODES",
    "SCHEME_STATES",
    "Cells",
    "Taken",
    "advance",
    "run_batch",
]

Array = NDArray[np.float64]

#: Numbers of a state before the gates, modes of a tree, and states of NaV.
HEAD, MODES, SCHEME_STATES = 2, 12, 12
_RUNGS = 6


class Cells(NamedTuple):
    """Parameter sets of one cell, one row each.

    Parameters
    ----------
    gbar, reversal : array, shape (n_sets, n_lanes)
        Conductance in nS and reversal potential in mV of every lane; that of calcium is not read.
    carries : array, shape (n_lanes,)
        1 for a lane of calcium, 0 for others.
    soma : array, shape (n_sets, 4)
        Capacitance, conductance to rest (leak and axial together), what the leak drives in pA, and
        the reversal potential of sodium for NaV.
    scheme_gbar : array, shape (n_sets,)
        Conductance of NaV in nS.
    pool : array, shape (n_sets, 3)
        Calcium: mM/ms for an inward pA, decay in ms, concentration at rest in mM.
    nernst : array, shape (2,)
        ``RT/2F`` in mV, and the logarithm of calcium outside.
    rate, coupling, drive : array, shape (n_sets, n_modes)
        The modes: ``w' = -rate w + coupling v + drive``, and the soma gets the sum of all w in pA.
    """

    gbar: Array
    reversal: Array
    carries: Array
    soma: Array
    scheme_gbar: Array
    pool: Array
    nernst: Array
    rate: Array
    coupling: Array
    drive: Array


class Taken(NamedTuple):
    """What a run fills; empty arrays are left alone.

    Parameters
    ----------
    every : int
        Of how many steps one is kept, the first first; values are those at the begin of a step.
    voltage : array, shape (n_sweeps, n_kept)
        Voltage in mV.
    which : array of int, shape (n_which,)
        Places in the state.
    states : array, shape (n_sweeps, n_which, n_kept)
        The numbers at those places.
    spikes : array of int, shape (n_sweeps, n_most)
        The steps at whose begin the voltage is first at or above the threshold.
    counts : array of int, shape (n_sweeps,)
        How many there were, which may be more than there is room for.
    """

    every: int
    voltage: Array
    which: NDArray[np.int64]
    states: Array
    spikes: NDArray[np.int64]
    counts: NDArray[np.int64]


@njit(cache=True, nogil=True, inline="always")
def _small_exp(x: float) -> float:
    """Return exp(x), to the last digit where x is less than 0.003."""
    return 1.0 + x * (1.0 + x * (0.5 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120)))))


_Rung = tuple[float, float, float, float, float, float]


@njit(cache=True, nogil=True, inline="always")
def _rung(
    p: tuple[float, float],
    across: float,
    back: float,
    leaving: tuple[float, float],
    behind: _Rung,
    gain: tuple[float, float],
    ahead: tuple[float, float],
) -> _Rung:
    """Return what a rung of the ladder is, as q + E of the rung ahead: q (2) and E (2 x 2).

    `behind` is the same for the rung behind, from which it gains at rates `gain`; from the one ahead
    it gains at rates `ahead`, and it is left at rates `leaving` along the two sides.
    """
    q_c, q_i, e00, e01, e10, e11 = behind
    d00 = 1.0 + leaving[0] + across - gain[0] * e00
    d01 = -back - gain[0] * e01
    d10 = -across - gain[1] * e10
    d11 = 1.0 + leaving[1] + back - gain[1] * e11
    r_c, r_i = p[0] + gain[0] * q_c, p[1] + gain[1] * q_i
    scale = 1.0 / (d00 * d11 - d01 * d10)
    i00, i01, i10, i11 = scale * d11, -scale * d01, -scale * d10, scale * d00
    return (
        i00 * r_c + i01 * r_i,
        i10 * r_c + i11 * r_i,
        i00 * ahead[0],
        i01 * ahead[1],
        i10 * ahead[0],
        i11 * ahead[1],
    )


@njit(cache=True, nogil=True, inline="always")
def _scheme_step(
    states: Array,
    s: int,
    at: int,
    over: float,
    table: SchemeTable,
    second: bool,
    rates: Array,
    rungs: Array,
) -> None:
    """Backward Euler for the ladder: eliminated from both ends at once, two states to a rung.

    The voltage is `over` slopes above that of row `at`. With `second`, the table is of half a step, and as
    much again is added: so NEURON does.

    `rates` (7, 4) takes the rates up and down between the rungs, with none at its ends; `rungs` (6, 6)
    what each rung is in terms of the next.
    """
    # the inverse is no division: the compiler would divide each of the rates by a
    a, b = _small_exp(over) * table.rise[at], _small_exp(-over) * table.fall[at]
    for k in range(_RUNGS - 1):
        for side in range(2):
            rates[k + 1, side] = table.up_a[k, side] * a + table.up[k, side]
            rates[k + 1, side + 2] = table.down_a[k, side] * b + table.down[k, side]
    low = high = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for k in range(_RUNGS // 2):
        m = _RUNGS - 1 - k
        low = _rung(
            (states[s, k], states[s, k + _RUNGS]),
            table.across[k],
            table.back[k],
            (rates[k + 1, 0] + rates[k, 2], rates[k + 1, 1] + rates[k, 3]),
            low,
            (rates[k, 0], rates[k, 1]),
            (rates[k + 1, 2], rates[k + 1, 3]),
        )
        high = _rung(
            (states[s, m], states[s, m + _RUNGS]),
            table.across[m],
            table.back[m],
            (rates[m + 1, 0] + rates[m, 2], rates[m + 1, 1] + rates[m, 3]),
            high,
            (rates[m + 1, 2], rates[m + 1, 3]),
            (rates[m, 0], rates[m, 1]),
        )
        # written out, because a tuple is slow to index by a loop
        rungs[k, 0], rungs[k, 1], rungs[k, 2] = low[0], low[1], low[2]
        rungs[k, 3], rungs[k, 4], rungs[k, 5] = low[3], low[4], low[5]
        rungs[m, 0], rungs[m, 1], rungs[m, 2] = high[0], high[1], high[2]
        rungs[m, 3], rungs[m, 4], rungs[m, 5] = high[3], high[4], high[5]
    q_c, q_i, e00, e01, e10, e11 = low
    r_c, r_i, f00, f01, f10, f11 = high
    # the third rung is q + E (r + F third)
    d00, d01 = 1.0 - e00 * f00 - e01 * f10, -e00 * f01 - e01 * f11
    d10, d11 = -e10 * f00 - e11 * f10, 1.0 - e10 * f01 - e11 * f11
    g_c, g_i = q_c + e00 * r_c + e01 * r_i, q_i + e10 * r_c + e11 * r_i
    scale = 1.0 / (d00 * d11 - d01 * d10)
    x_c, x_i = scale * (d11 * g_c - d01 * g_i), scale * (d00 * g_i - d10 * g_c)
    y_c, y_i = r_c + f00 * x_c + f01 * x_i, r_i + f10 * x_c + f11 * x_i
    for k in range(_RUNGS // 2):
        i, m = _RUNGS // 2 - 1 - k, _RUNGS // 2 + k
        j, n = i + _RUNGS, m + _RUNGS
        states[s, i] = 2.0 * x_c - states[s, i] if second else x_c
        states[s, j] = 2.0 * x_i - states[s, j] if second else x_i
        states[s, m] = 2.0 * y_c - states[s, m] if second else y_c
        states[s, n] = 2.0 * y_i - states[s, n] if second else y_i
        if k + 1 < _RUNGS // 2:
            i, m = i - 1, m + 1
            x_c, x_i = (
                rungs[i, 0] + rungs[i, 2] * x_c + rungs[i, 3] * x_i,
                rungs[i, 1] + rungs[i, 4] * x_c + rungs[i, 5] * x_i,
            )
            y_c, y_i = (
                rungs[m, 0] + rungs[m, 2] * y_c + rungs[m, 3] * y_i,
                rungs[m, 1] + rungs[m, 4] * y_c + rungs[m, 5] * y_i,
            )


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
    second: bool,
    threshold_mv: float,
    taken: Taken,
) -> None:
    """Step one parameter set through several currents at once.

    The sweeps go in lockstep because a step is a chain of operations that wait for each other: the
    processor fills the gaps of one sweep with the others.

    Parameters
    ----------
    states : array, shape (n_sweeps, n_numbers)
        Where each starts; in the end, where it has come to.
    current_pa : array, shape (n_sweeps, n_steps)
        Current within every step.
    second : bool
        NEURON's ``secondorder = 2`` instead of backward Euler.
    threshold_mv : float
        Voltage whose crossing from below is a spike.
    """
    n_sweeps, n_steps = current_pa.shape
    end = HEAD + 2 * LANES
    both = np.ascontiguousarray(states[:, HEAD:end])
    gates = both.reshape(n_sweeps, 2, LANES)
    modes = np.ascontiguousarray(states[:, end : end + MODES])
    scheme = np.ascontiguousarray(states[:, end + MODES :])
    has_scheme = tables.scheme.across.size > 0
    part_of_step, whole = (0.5 if second else 1.0), tables.scheme
    ladder = SchemeTable(
        whole.up_a * part_of_step,
        whole.up * part_of_step,
        whole.down_a * part_of_step,
        whole.down * part_of_step,
        whole.across * part_of_step,
        whole.back * part_of_step,
        whole.rise,
        whole.fall,
    )
    gbar, reversal, carries, power = (
        cells.gbar[row],
        cells.reversal[row],
        cells.carries,
        tables.power,
    )
    dt = tables.dt_ms
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
    rates, rungs = np.zeros((_RUNGS + 1, 4)), np.empty((_RUNGS, 6))
    last_row, last_log = tables.values.shape[0] - 2, tables.calcium.shape[0] - 2
    row_slopes = 1.0 / (tables.per_mv * SLOPE_MV)
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
    gates[:, 0, CALCIUM] = (
        0.0  # kept apart: a vector is slow to read right after one of its numbers
    )
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
            at = min(int(x), last_row)
            frac = x - at
            for j in range(2 * LANES):
                low, fast = values[at, 0, j], values[at, 1, j]
                steady = low + frac * (values[at + 1, 0, j] - low)
                done = fast + frac * (values[at + 1, 1, j] - fast)
                both[s, j] += done * (steady - both[s, j])
            if has_scheme:
                _scheme_step(scheme, s, at, frac * row_slopes, ladder, second, rates, rungs)
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
    states[:, end + MODES :] = scheme


@njit(cache=True, nogil=True)
def run_batch(
    starts: Array,
    cells: Cells,
    rest_tables: ChannelTables,
    rest_pa: Array,
    tables: ChannelTables,
    current_pa: Array,
    second: bool,
    threshold_mv: float,
    stop: bool,
    rest_counts: NDArray[np.int64],
    taken: Taken,
    voltage: Array,
    spikes: NDArray[np.int64],
    counts: NDArray[np.int64],
    last: Array,
) -> None:
    """Run all parameter sets: each rests once, and goes on from there with every current.

    Parameters
    ----------
    starts : array, shape (n_sets, n_numbers)
        Where each set starts; in the end, where it was after the rest.
    rest_pa : array, shape (1, n_rest_steps)
        Current of the rest, of the steps of `rest_tables`; backward Euler.
    current_pa : array, shape (n_sweeps, n_steps)
        Currents after it, of the steps of `tables`.
    stop : bool
        Leave out the sweeps of a set that spikes at rest.
    rest_counts : array of int, shape (n_sets,)
        Takes the spikes at rest.
    taken : Taken
        Its `every`, `which` and `states` hold for a single set only.
    voltage, spikes, counts : arrays, shape (n_sets, n_sweeps, ...)
        As in `taken`, for every set.
    last : array, shape (n_sets, n_sweeps)
        Takes the voltages in the end; one that is not finite at any time is not finite then.
    """
    n_sweeps = current_pa.shape[0]
    nothing = np.empty((1, 0))
    nowhere = np.empty((1, 0, 0))
    no_place = np.empty(0, np.int64)
    no_spikes = np.empty((1, 0), np.int64)
    for row in range(starts.shape[0]):
        resting = starts[row : row + 1]
        if rest_pa.shape[1]:
            one = rest_counts[row : row + 1]
            quiet = Taken(1 << 30, nothing, no_place, nowhere, no_spikes, one)
            advance(resting, row, cells, rest_tables, rest_pa, False, threshold_mv, quiet)
            if stop and rest_counts[row] > 0:
                continue
        states = np.empty((n_sweeps, starts.shape[1]))
        for s in range(n_sweeps):
            states[s] = resting[0]
        mine = Taken(taken.every, voltage[row], taken.which, taken.states, spikes[row], counts[row])
        advance(states, row, cells, tables, current_pa, second, threshold_mv, mine)
        last[row] = states[:, 0]
