"""The gates of a set of channels, tabulated over the voltage for one temperature and time step.

A kernel that steps a membrane needs the steady state of every gate and how far it goes there within
one step, ``1 - exp(-dt / tau)``. Both depend on the voltage alone (on calcium for SK), so they are
tabulated once and interpolated.

Channels are laid out in `lanes`, one for each way of being open, each at a place of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allentk.errors import SimulationError
from allentk.models.channels import CHANNELS, OPEN, SCHEMES, STATES, rate_matrix
from allentk.models.known_mechanisms import POOL
from allentk.simulation.biophysical.lanes import (
    HIGH_LOG,
    HIGH_MV,
    LOW_LOG,
    LOW_MV,
    STEP_LOG,
    STEP_MV,
    Lane,
    lane_of,
    relaxation,
)

__all__ = [
    "CALCIUM",
    "INSTANT",
    "LANES",
    "SCHEME_LANES",
    "ChannelTables",
    "has_room",
    "lanes_of",
    "tables_of",
]

Array = NDArray[np.float64]

#: Number of lanes, used or not: loops over so many are unrolled when compiled.
LANES = 12
#: Room for the states of NaV: a compiler leaves loops over fewer than 16 as they are.
SCHEME_LANES = 16
#: Places of a lane whose first gate follows the voltage at once, and of one that follows calcium.
INSTANT, CALCIUM = 0, LANES - 1
#: NEURON takes the slope of a current over this step, in mV.
SLOPE_STEP_MV = 1e-3


class ChannelTables(NamedTuple):
    """What a kernel needs of a set of channels.

    Parameters
    ----------
    dt_ms : float
        The time step.
    second : bool
        Whether steps are those of NEURON's ``secondorder = 2`` instead of backward Euler.
    low_mv, per_mv : float
        Voltage of the first row, and rows in a mV.
    values : array, shape (n_rows, 2, 2 * LANES)
        Steady states of the first and of the second gates, and ``1 - exp(-dt / tau)`` of both.
    power : array of int, shape (LANES,)
        Power of the first gates.
    slope : array, shape (n_rows,)
        Slope over the voltage of the power of the first gate of the lane `INSTANT`, in 1/mV.
    low_log, per_log : float
        Logarithm of calcium in mM of the first row of `calcium`, and rows in a unit of it.
    calcium : array, shape (n_log_rows, 2)
        Steady state and ``1 - exp(-dt / tau)`` of the first gate of the lane `CALCIUM`.
    scheme : array, shape (n_rows, 12 * SCHEME_LANES)
        What a step does to the twelve states of NaV or NaV2: the new state i gets
        ``scheme[row, SCHEME_LANES * j + i]`` of the old state j. No rows without the channel.
    """

    dt_ms: float
    second: bool
    low_mv: float
    per_mv: float
    values: Array
    power: NDArray[np.int64]
    slope: Array
    low_log: float
    per_log: float
    calcium: Array
    scheme: Array


def lanes_of(names: Sequence[str]) -> dict[int, Lane]:
    """Return the lanes of channels by their places; NaV and NaV2 are no lanes.

    Parameters
    ----------
    names : sequence of str
        Channels by their names in Allen's files.

    Raises
    ------
    SimulationError
        On a channel that no kernel knows, or that has no such form, or on too many of them.

    Examples
    --------
    >>> lanes = lanes_of(("NaTs", "Kv2like", "SK"))
    >>> [(place, lane.channel.name, lane.power) for place, lane in lanes.items()]
    [(1, 'NaTs', 3), (2, 'Kv2like', 2), (3, 'Kv2like', 2), (11, 'SK', 1)]
    """
    unknown = [name for name in names if name not in CHANNELS and name not in SCHEMES]
    if unknown:
        raise SimulationError(
            f"the reduced backend does not know the channels {unknown}; it has "
            f"{', '.join([*CHANNELS, *SCHEMES])}"
        )
    free = iter(range(INSTANT + 1, CALCIUM))
    placed: dict[int, Lane] = {}
    for name in names:
        if name not in CHANNELS:
            continue
        for weight, powers in CHANNELS[name].paths:
            lane = lane_of(CHANNELS[name], weight, powers, "reduced")
            place = INSTANT if lane.first.tau_ms is None else CALCIUM
            if lane.first.tau_ms is not None and not lane.channel.calcium:
                place = next(free, INSTANT)
            if place in placed:
                raise SimulationError(
                    f"{name}: too many channels for the reduced backend, which has room for "
                    f"{LANES - 2} ways of being open, one that follows the voltage at once, and one "
                    f"that follows calcium; use backend='tree' or 'neuron'"
                )
            placed[place] = lane
    return placed


def has_room(names: Sequence[str]) -> bool:
    """Return whether the kernel of the reduced cell takes these mechanisms of a soma together.

    Examples
    --------
    >>> has_room(("NaTs", "Kv3_1", "CaDynamics")), has_room(("NaV", "NaV2")), has_room(tuple(CHANNELS))
    (True, False, False)
    """
    try:
        lanes_of([name for name in names if name != POOL])
    except SimulationError:
        return False
    return sum(name in SCHEMES for name in names) < 2


@lru_cache(maxsize=32)
def tables_of(
    names: tuple[str, ...],
    celsius: float,
    dt_ms: float,
    vshift_mv: tuple[float, ...],
    second: bool = False,
) -> ChannelTables:
    """Return the tables of channels; the last 32 are kept.

    Parameters
    ----------
    names : tuple of str
        Channels.
    celsius : float
        Temperature in degrees Celsius.
    dt_ms : float
        Time step in ms.
    vshift_mv : tuple of float
        How far the gates of each channel are shifted, in mV.
    second : bool
        For NEURON's ``secondorder = 2`` instead of backward Euler.

    Raises
    ------
    SimulationError
        As ``lanes_of``.

    Examples
    --------
    >>> tables = tables_of(("NaTs", "SK"), 34.0, 0.025, (0.0, 0.0))
    >>> tables.values.shape, tables.calcium.shape
    ((5001, 2, 24), (10016, 2))
    """
    lanes = lanes_of(names)
    shifts = dict(zip(names, vshift_mv, strict=True))
    v = np.linspace(LOW_MV, HIGH_MV, round((HIGH_MV - LOW_MV) / STEP_MV) + 1)
    values = np.zeros((v.size, 2, 2, LANES))
    values[:, 0, 1] = 1.0
    for place, lane in lanes.items():
        shifted = v - shifts[lane.channel.name]
        if not lane.channel.calcium:
            found = relaxation(lane.first, shifted, celsius, dt_ms)
            values[:, 0, 0, place], values[:, 1, 0, place] = found
        if lane.second is not None:
            found = relaxation(lane.second, shifted, celsius, dt_ms)
            values[:, 0, 1, place], values[:, 1, 1, place] = found
    return ChannelTables(
        dt_ms=dt_ms,
        second=second,
        low_mv=LOW_MV,
        per_mv=1.0 / STEP_MV,
        values=values.reshape(v.size, 2, 2 * LANES),
        power=np.array([lanes[k].power if k in lanes else 1 for k in range(LANES)]),
        slope=_slope(lanes.get(INSTANT), v, celsius, shifts),
        low_log=LOW_LOG,
        per_log=1.0 / STEP_LOG,
        calcium=_over_calcium(lanes.get(CALCIUM), celsius, dt_ms),
        scheme=_scheme(names, v, celsius, dt_ms, second),
    )


def _slope(lane: Lane | None, v: Array, celsius: float, shifts: dict[str, float]) -> Array:
    if lane is None:
        return np.zeros_like(v)
    shifted = v - shifts[lane.channel.name]
    here, there = (
        lane.first.steady(at, celsius) ** lane.power for at in (shifted, shifted + SLOPE_STEP_MV)
    )
    return np.asarray((there - here) / SLOPE_STEP_MV)


def _over_calcium(lane: Lane | None, celsius: float, dt_ms: float) -> Array:
    cai = np.exp(np.arange(LOW_LOG, HIGH_LOG, STEP_LOG))
    if lane is None:
        return np.zeros((cai.size, 2))
    return np.stack(relaxation(lane.first, cai, celsius, dt_ms), axis=1)


def _scheme(names: Sequence[str], v: Array, celsius: float, dt_ms: float, second: bool) -> Array:
    there = [name for name in names if name in SCHEMES]
    if len(there) > 1:
        raise SimulationError(
            f"the reduced backend takes one of {', '.join(SCHEMES)}, got {', '.join(there)}; use "
            f"backend='tree' or 'neuron'"
        )
    if not there:
        return np.zeros((0, len(STATES) * SCHEME_LANES))
    eye = np.eye(len(STATES))
    # the second order is backward Euler over half a step, and as much again
    part = 0.5 * dt_ms if second else dt_ms
    step = np.linalg.inv(eye - part * rate_matrix(v, celsius, there[0]))
    step = 2.0 * step - eye if second else step
    padded = np.zeros((v.size, len(STATES), SCHEME_LANES))
    padded[:, :, : len(STATES)] = step.transpose(0, 2, 1)
    return padded.reshape(v.size, -1)


assert OPEN == 5, "the kernel reads the open state of NaV at place 5"
