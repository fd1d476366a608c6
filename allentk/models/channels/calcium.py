"""Calcium channels, the calcium pool below the membrane, and the reversal potential it sets.

The pool (mechanism ``CaDynamics``) takes a part ``gamma`` of what flows in through a shell of depth
d, and falls back with a time constant::

    cai' = -gamma ica / (2 F d) - (cai - cai_rest) / decay

Papers are in `allentk.models.known_mechanisms`.
"""

from __future__ import annotations

import numpy as np

from allentk.models.channels.gates import Channel, Gate, at_any_temperature, faster_than
from allentk.models.channels.rates import Array, linoid, sigmoid

__all__ = [
    "CAI0_MM",
    "CALCIUM",
    "CAO_MM",
    "FARADAY",
    "GAS_CONSTANT",
    "calcium_drive",
    "nernst_mv",
    "nernst_slope_mv",
]

#: Coulombs in a mole of charges: CODATA 2018, as in NEURON 9.
FARADAY = 96485.33212331001
#: The gas constant in J/(mol K): CODATA 2018, as in NEURON 9.
GAS_CONSTANT = 8.31446261815324
#: Calcium inside at rest and at the beginning, mM.
CAI0_MM = 1e-4
#: Calcium outside, mM.
CAO_MM = 2.0

_M2H = ((1.0, (2, 1)),)
_ZERO_CELSIUS = 273.15


def calcium_drive(gamma: float, depth_um: float) -> float:
    """Return how fast calcium rises in mM/ms for an inward current of 1 mA/cm2.

    Parameters
    ----------
    gamma : float
        Fraction of the calcium that is not buffered.
    depth_um : float
        Depth of the shell in um.

    Examples
    --------
    >>> round(calcium_drive(0.05, 0.1), 6)
    0.025911
    """
    return 1e4 * gamma / (2.0 * FARADAY * depth_um)


def nernst_slope_mv(celsius: float) -> float:
    """Return ``RT/2F`` in mV: how far calcium e times as dense outside moves its reversal potential.

    Examples
    --------
    >>> round(nernst_slope_mv(34.0), 6)
    13.23407
    """
    return 1000.0 * GAS_CONSTANT * (celsius + _ZERO_CELSIUS) / (2.0 * FARADAY)


def nernst_mv(cai_mM: Array, celsius: float) -> Array:
    """Return the reversal potential of calcium in mV, with `CAO_MM` outside.

    Examples
    --------
    >>> float(nernst_mv(np.array(1e-4), 34.0).round(6))
    131.063443
    """
    return np.asarray(nernst_slope_mv(celsius) * np.log(CAO_MM / np.asarray(cai_mM, dtype=float)))


def _high_voltage() -> Channel:
    m = Gate.of_rates(
        "m",
        lambda v: 0.055 * linoid(-27.0 - v, 3.8),
        lambda v: 0.94 * np.exp((-75.0 - v) / 17.0),
        at_any_temperature,
    )
    h = Gate.of_rates(
        "h",
        lambda v: 0.000457 * np.exp((-13.0 - v) / 50.0),
        lambda v: 0.0065 / (np.exp((-v - 15.0) / 28.0) + 1.0),
        at_any_temperature,
    )
    return Channel("Ca_HVA", "ca", (m, h), _M2H)


def _low_voltage() -> Channel:
    m = Gate.of_tau(
        "m",
        lambda v: sigmoid(v, -40.0, 6.0),
        lambda v: 5.0 + 20.0 / (1.0 + np.exp((v + 35.0) / 5.0)),
        faster_than(21.0),
    )
    h = Gate.of_tau(
        "h",
        lambda v: sigmoid(v, -90.0, -6.4),
        lambda v: 20.0 + 50.0 / (1.0 + np.exp((v + 50.0) / 7.0)),
        faster_than(21.0),
    )
    return Channel("Ca_LVA", "ca", (m, h), _M2H)


#: Every calcium channel.
CALCIUM = (_high_voltage(), _low_voltage())
