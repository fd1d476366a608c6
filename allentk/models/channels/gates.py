"""What an ion channel is made of: gates, and the ways in which they open it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from allentk.models.channels.rates import Array, Rate, q10

__all__ = [
    "ASSUMED_Q10",
    "Channel",
    "Gate",
    "Kinetics",
    "Speed",
    "at_any_temperature",
    "at_body_temperature",
    "faster_than",
]

#: (voltage in mV, temperature in Celsius) -> a steady state, or a time constant in ms.
Kinetics: TypeAlias = Callable[[Array, float], Array]
#: Temperature in Celsius -> how many times faster a gate is than its formulas say.
Speed: TypeAlias = Callable[[float], float]

#: Speed of mechanisms that take 34 degrees for granted, measured at 21.
ASSUMED_Q10 = q10(34.0, 21.0)


def faster_than(reference_celsius: float) -> Speed:
    """Return the speed of a gate that was measured at a temperature."""
    return partial(q10, reference_celsius=reference_celsius)


def at_any_temperature(celsius: float) -> float:  # noqa: ARG001 - a Speed
    """Return the speed of a gate that knows no temperature: 1."""
    return 1.0


def at_body_temperature(celsius: float) -> float:  # noqa: ARG001 - a Speed
    """Return the speed of a gate that is at 34 degrees whatever the temperature is."""
    return ASSUMED_Q10


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """One gate: ``x' = (steady - x) / tau``.

    Parameters
    ----------
    name : str
        ``"m"``, ``"h"``, ``"h1"``, ...
    steady : callable
        (voltage in mV, temperature in Celsius) -> steady state, 0 to 1. Of a channel that calcium
        opens, the first argument is its concentration in mM.
    tau_ms : callable or None
        (voltage in mV, temperature in Celsius) -> time constant in ms; None for a gate that follows
        at once.
    """

    name: str
    steady: Kinetics
    tau_ms: Kinetics | None

    @classmethod
    def of_rates(cls, name: str, opening: Rate, closing: Rate, speed: Speed) -> Gate:
        """Return the gate that opens and closes with these rates in 1/ms.

        Its steady state is a / (a + b), its time constant 1 / ((a + b) q).
        """

        def steady(v_mv: Array, celsius: float) -> Array:  # noqa: ARG001 - of no temperature
            opened = opening(v_mv)
            return opened / (opened + closing(v_mv))

        def tau_ms(v_mv: Array, celsius: float) -> Array:
            return 1.0 / ((opening(v_mv) + closing(v_mv)) * speed(celsius))

        return cls(name, steady, tau_ms)

    @classmethod
    def of_tau(cls, name: str, steady: Rate, tau_ms: Rate | None, speed: Speed) -> Gate:
        """Return the gate of this steady state, and of this time constant divided by the speed."""
        if tau_ms is None:
            return cls(name, lambda v_mv, _: steady(v_mv), None)
        unscaled = tau_ms
        return cls(name, lambda v_mv, _: steady(v_mv), lambda v_mv, c: unscaled(v_mv) / speed(c))


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One kind of channel: its current is ``gbar * open fraction * (v - reversal)``.

    Parameters
    ----------
    name : str
        Its name in Allen's files; where it comes from is in `allentk.models.known_mechanisms`.
    ion : str
        ``"na"``, ``"k"``, ``"ca"``; empty where it is not specific.
    gates : tuple of Gate
        Its gates.
    paths : tuple of (float, tuple of int)
        The ways to be open: a weight, and the power of every gate. The open fraction is
        ``sum_k weight_k * prod_g gate_g ** power_kg``.
    reversal_mv : float or None
        Reversal potential in mV of a channel that is not specific; None where its ion says.
    calcium : bool
        Whether its gates follow the calcium concentration in mM instead of the voltage.
    shifted : bool
        Whether it has a parameter ``vshift_mv``: its gates are then asked for ``v - vshift_mv``.

    Examples
    --------
    >>> from allentk.models.channels import CHANNELS
    >>> channel = CHANNELS["NaTs"]
    >>> v_mv = np.array([-60.0, 0.0])
    >>> states = [gate.steady(v_mv, 34.0) for gate in channel.gates]
    >>> channel.open_fraction(states).round(6)
    array([3.3e-05, 1.7e-05])
    """

    name: str
    ion: str
    gates: tuple[Gate, ...]
    paths: tuple[tuple[float, tuple[int, ...]], ...]
    reversal_mv: float | None = None
    calcium: bool = False
    shifted: bool = False

    def open_fraction(self, states: Sequence[Array]) -> Array:
        """Return which part of the channels is open.

        Parameters
        ----------
        states : sequence of array
            One for each gate, of one shape, 0 to 1.
        """
        total = np.zeros_like(np.asarray(states[0], dtype=float))
        for weight, powers in self.paths:
            product = np.full_like(total, weight)
            for state, power in zip(states, powers, strict=True):
                product = product * state**power
            total = total + product
        return total
