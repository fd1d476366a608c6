"""The ways in which a channel opens, as both compiled engines take them.

A *lane* is one way: its conductance is ``gbar * weight * first ** power * second``, of one gate that may
have a power, and a second one that has none (1 where there is no second gate). Every channel of the
database has that form. What its gates do within a step depends on the voltage alone, or on calcium alone,
and is tabulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.errors import SimulationError
from allentk.models.channels import Channel, Gate

__all__ = [
    "HIGH_LOG",
    "HIGH_MV",
    "LOW_LOG",
    "LOW_MV",
    "MOST_POWER",
    "STEP_LOG",
    "STEP_MV",
    "Lane",
    "lane_of",
    "relaxation",
]

Array = NDArray[np.float64]

#: The highest power of a gate that the kernels know.
MOST_POWER = 4
#: Range and resolution of the tables in mV. Linear interpolation is off by (step / k)^2 / 80 at most
#: for a sigmoid of slope k: 2e-6 for the steepest, 4.6 mV.
LOW_MV, HIGH_MV, STEP_MV = -150.0, 100.0, 0.05
#: Range and resolution of the tables over the natural logarithm of calcium in mM.
LOW_LOG, HIGH_LOG, STEP_LOG = float(np.log(1e-7)), float(np.log(50.0)), 0.002


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """One way for a channel to be open.

    Parameters
    ----------
    channel : Channel
        The channel.
    weight : float
        Part of `gbar` that belongs to this way.
    first : Gate
        The gate that may have a power.
    power : int
        Power of the first gate, 1 to 4.
    second : Gate or None
        The other gate; None where there is none.
    """

    channel: Channel
    weight: float
    first: Gate
    power: int
    second: Gate | None


def lane_of(channel: Channel, weight: float, powers: Sequence[int], backend: str) -> Lane:
    """Return one way of a channel to be open.

    Parameters
    ----------
    channel : Channel
        The channel.
    weight : float
        Part of `gbar` that belongs to this way.
    powers : sequence of int
        Power of every gate of the channel, 0 where it has no part.
    backend : str
        Which engine asks; used in messages.

    Raises
    ------
    SimulationError
        Where this is no product of a power of one gate and at most one other.

    Examples
    --------
    >>> from allentk.models.channels import CHANNELS
    >>> (weight, powers), = CHANNELS["NaTs"].paths
    >>> lane = lane_of(CHANNELS["NaTs"], weight, powers, "tree")
    >>> lane.first.name, lane.power, lane.second.name
    ('m', 3, 'h')
    """
    used = [(power, gate) for gate, power in zip(channel.gates, powers, strict=True) if power]
    used.sort(key=lambda one: -one[0])
    fits = 1 <= len(used) <= 2 and used[0][0] <= MOST_POWER
    fits &= all(power == 1 and gate.tau_ms is not None for power, gate in used[1:])
    if not fits or (channel.calcium and len(used) > 1):
        raise SimulationError(
            f"{channel.name}: the {backend} backend takes one gate to a power of up to {MOST_POWER} "
            f"times at most one other gate, which follows the voltage and not at once, got the powers "
            f"{tuple(powers)}; use backend='neuron'"
        )
    (power, first), second = used[0], used[1][1] if len(used) == 2 else None
    return Lane(channel, weight, first, power, second)


def relaxation(gate: Gate, x: Array, celsius: float, dt_ms: float) -> tuple[Array, Array]:
    """Return where a gate goes, and the part of the way that is gone in a step.

    Parameters
    ----------
    gate : Gate
        The gate.
    x : array
        Voltage in mV, or calcium in mM.
    celsius : float
        Temperature in degrees Celsius.
    dt_ms : float
        The step in ms.

    Returns
    -------
    steady, gone : array, shape of `x`
        Both 0 to 1; a gate that follows at once is there within the step.
    """
    steady = gate.steady(x, celsius)
    if gate.tau_ms is None:
        return steady, np.ones_like(x)
    return steady, -np.expm1(-dt_ms / gate.tau_ms(x, celsius))
