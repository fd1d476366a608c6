"""The gates of a set of channels, tabulated over the voltage for one temperature and time step.

A kernel that steps a membrane needs the steady state of every gate and how far it goes there within
one step, ``1 - exp(-dt / tau)``. Both depend on the voltage alone (on calcium for SK), so they are
tabulated once and interpolated.

Channels are laid out in *lanes*, one for each way of being open. The conductance of a lane is
``gbar * first ** power * second``: one gate that may have a power, and a second one that has none (1
where there is no second gate). Every channel of the database has that form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allentk.errors import SimulationError
from allentk.models.channels import CHANNELS, OPEN, SCHEMES, STATES, Channel, Gate, rate_matrix

__all__ = [
    "CALCIUM",
    "INSTANT",
    "LANES",
    "MOST_POWER",
    "SCHEME_LANES",
    "ChannelTables",
    "Lane",
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
#: The highest power of a gate that the kernel knows.
MOST_POWER = 4
#: Range and resolution of the tables in mV. Linear interpolation is off by (step / k)^2 / 80 at most
#: for a sigmoid of slope k: 2e-6 for the steepest, 4.6 mV.
LOW_MV, HIGH_MV, STEP_MV = -150.0, 100.0, 0.05
#: Range and resolution of the tables over the natural logarithm of calcium in mM.
LOW_LOG, HIGH_LOG, STEP_LOG = float(np.log(1e-7)), float(np.log(50.0)), 0.002
#: NEURON takes the slope of a current over this step, in mV.
SLOPE_STEP_MV = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """One way for a channel to be open.

    Parameters
    ----------
    channel : Channel
        The channel.
    weight : float
        Part of `gbar` that belongs to this way.
    first, second : Gate or None
        Its gates; None where there is none.
    power : int
        Power of the first gate.
    """

    channel: Channel
    weight: float
    first: Gate
    power: int
    second: Gate | None


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
            lane = _lane(CHANNELS[name], weight, powers)
            place = INSTANT if lane.first.tau_ms is None else CALCIUM
            if lane.first.tau_ms is not None and not lane.channel.calcium:
                place = next(free, INSTANT)
            if place in placed:
                raise SimulationError(
                    f"{name}: too many channels for the reduced backend, which has room for "
                    f"{LANES - 2} ways of being open, one that follows the voltage at once, and one "
                    f"that follows calcium; use backend='neuron'"
                )
            placed[place] = lane
    return placed


def _lane(channel: Channel, weight: float, powers: Sequence[int]) -> Lane:
    used = [(power, gate) for gate, power in zip(channel.gates, powers, strict=True) if power]
    used.sort(key=lambda one: -one[0])
    rest = used[1:]
    if not used or len(rest) > 1 or used[0][0] > MOST_POWER or any(p > 1 for p, _ in rest):
        raise SimulationError(
            f"{channel.name}: the reduced backend takes one gate to a power of up to {MOST_POWER} "
            f"times at most one other gate, got the powers {tuple(powers)}; use backend='neuron'"
        )
    second = rest[0][1] if rest else None
    if second is not None and (second.tau_ms is None or channel.calcium):
        raise SimulationError(
            f"{channel.name}: only the first gate of a channel may follow at once, or follow "
            f"calcium, in the reduced backend; use backend='neuron'"
        )
    return Lane(channel, weight, used[0][1], used[0][0], second)


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
            found = _gate(lane.first, shifted, celsius, dt_ms)
            values[:, 0, 0, place], values[:, 1, 0, place] = found
        if lane.second is not None:
            found = _gate(lane.second, shifted, celsius, dt_ms)
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


def _gate(gate: Gate, x: Array, celsius: float, dt_ms: float) -> tuple[Array, Array]:
    steady = gate.steady(x, celsius)
    if gate.tau_ms is None:
        return steady, np.ones_like(x)
    return steady, -np.expm1(-dt_ms / gate.tau_ms(x, celsius))


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
    return np.stack(_gate(lane.first, cai, celsius, dt_ms), axis=1)


def _scheme(names: Sequence[str], v: Array, celsius: float, dt_ms: float, second: bool) -> Array:
    there = [name for name in names if name in SCHEMES]
    if len(there) > 1:
        raise SimulationError(
            f"the reduced backend takes one of {', '.join(SCHEMES)}, got {', '.join(there)}; use "
            f"backend='neuron'"
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
