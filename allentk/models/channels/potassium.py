"""Potassium channels that the voltage opens, and the SK channel that calcium opens.

K_Pst and K_Tst are K_P and K_T in a recording's voltage, moved by the 10 mV of its liquid junction
potential. Papers are in `allentk.models.known_mechanisms`.
"""

from __future__ import annotations

import numpy as np

from allentk.models.channels.gates import (
    Channel,
    Gate,
    Speed,
    at_any_temperature,
    at_body_temperature,
    faster_than,
)
from allentk.models.channels.rates import Array, linoid, sigmoid

__all__ = ["POTASSIUM"]

_M, _MH, _M2H, _M4H = (((1.0, powers),) for powers in ((1,), (1, 1), (2, 1), (4, 1)))

#: What calcium must be at least, in mM, before its power is taken.
_LEAST_CALCIUM_MM = 1e-7
#: Time constant in ms of the slower inactivation of Kv2like where its formula is negative.
_SHORTEST_MS = 0.001


def _bell(v_mv: Array, centre_mv: float, width_mv: float) -> Array:
    return np.asarray(np.exp(-(((v_mv - centre_mv) / width_mv) ** 2)))


def _constant(value: float, v_mv: Array) -> Array:
    return np.full(np.shape(v_mv), value)


def _muscarinic() -> Channel:
    gate = Gate.of_rates(
        "m",
        lambda v: 0.0033 * np.exp(0.1 * (v + 35.0)),
        lambda v: 0.0033 * np.exp(-0.1 * (v + 35.0)),
        faster_than(21.0),
    )
    return Channel("Im", "k", (gate,), _M)


def _muscarinic_v2() -> Channel:
    def opening(v: Array) -> Array:
        return np.asarray(0.007 * np.exp(2.4 * (v + 48.0) / 26.12))

    def closing(v: Array) -> Array:
        return np.asarray(0.007 * np.exp(-3.6 * (v + 48.0) / 26.12))

    gate = Gate.of_tau(
        "m",
        lambda v: opening(v) / (opening(v) + closing(v)),
        lambda v: 15.0 + 1.0 / (opening(v) + closing(v)),
        faster_than(30.0),
    )
    return Channel("Im_v2", "k", (gate,), _M)


def _persistent_m_ms(v: Array) -> Array:
    below, above = 175.03 * np.exp(0.026 * v), 13.0 * np.exp(-0.026 * v)
    return np.asarray(1.25 + np.where(v < -50.0, below, above))


def _persistent_h_ms(v: Array) -> Array:
    return 360.0 + (1010.0 + 24.0 * (v + 55.0)) * _bell(v, -75.0, 48.0)


def _persistent(
    name: str, m: tuple[float, float], h_half_mv: float, moved_mv: float, speed: Speed
) -> Channel:
    gates = (
        Gate.of_tau("m", lambda v: sigmoid(v, *m), lambda v: _persistent_m_ms(v + moved_mv), speed),
        Gate.of_tau(
            "h",
            lambda v: sigmoid(v, h_half_mv, -11.0),
            lambda v: _persistent_h_ms(v + moved_mv),
            speed,
        ),
    )
    return Channel(name, "k", gates, _M2H, shifted=name == "K_P")


def _transient(
    name: str, m: tuple[float, float], h_half_mv: float, moved_mv: float, speed: Speed
) -> Channel:
    gates = (
        Gate.of_tau(
            "m",
            lambda v: sigmoid(v, *m),
            lambda v: 0.34 + 0.92 * _bell(v, -71.0 - moved_mv, 59.0),
            speed,
        ),
        Gate.of_tau(
            "h",
            lambda v: sigmoid(v, h_half_mv, -10.0),
            lambda v: 8.0 + 49.0 * _bell(v, -73.0 - moved_mv, 23.0),
            speed,
        ),
    )
    return Channel(name, "k", gates, _M4H, shifted=name == "K_T")


def _dtype(name: str, speed: Speed) -> Channel:
    gates = (
        Gate.of_tau("m", lambda v: sigmoid(v, -43.0, 8.0), lambda v: _constant(1.0, v), speed),
        Gate.of_tau("h", lambda v: sigmoid(v, -67.0, -7.3), lambda v: _constant(1500.0, v), speed),
    )
    return Channel(name, "k", gates, _MH)


def _kv2_fast_h_ms(v: Array) -> Array:
    return 360.0 + (1010.0 + 23.7 * (v + 54.0)) * _bell(v, -75.0, 48.0)


def _kv2_slow_h_ms(v_mv: Array, celsius: float) -> Array:
    v = np.asarray(v_mv, dtype=float)
    tau = 2350.0 + 1380.0 * np.exp(-0.011 * v) - 210.0 * np.exp(-0.03 * v)
    tau = tau / faster_than(21.0)(celsius)
    return np.where(tau < 0.0, _SHORTEST_MS, tau)


def _kv2() -> Channel:
    def opening(v: Array) -> Array:
        return 0.12 * linoid(43.0 - v, 11.0)

    def closing(v: Array) -> Array:
        return np.asarray(0.02 * np.exp(-(v + 1.27) / 120.0))

    m = Gate.of_tau(
        "m",
        lambda v: opening(v) / (opening(v) + closing(v)),
        lambda v: 2.5 / (opening(v) + closing(v)),
        faster_than(21.0),
    )
    h1 = Gate.of_tau("h1", lambda v: sigmoid(v, -58.0, -11.0), _kv2_fast_h_ms, faster_than(21.0))
    h2 = Gate("h2", h1.steady, _kv2_slow_h_ms)
    return Channel("Kv2like", "k", (m, h1, h2), ((0.5, (2, 1, 0)), (0.5, (2, 0, 1))))


def _shaw(name: str, speed: Speed) -> Channel:
    gate = Gate.of_tau(
        "m", lambda v: sigmoid(v, 18.7, 9.7), lambda v: 4.0 * sigmoid(v, -46.56, 44.14), speed
    )
    return Channel(name, "k", (gate,), _M, shifted=name == "Kv3_1")


def _calcium_activated() -> Channel:
    def steady(cai_mM: Array) -> Array:
        cai = np.asarray(cai_mM, dtype=float)
        cai = np.where(cai < _LEAST_CALCIUM_MM, cai + _LEAST_CALCIUM_MM, cai)
        return np.asarray(1.0 / (1.0 + (4.3e-4 / cai) ** 4.8))

    gate = Gate.of_tau("z", steady, lambda cai: _constant(1.0, cai), at_any_temperature)
    return Channel("SK", "k", (gate,), _M, calcium=True)


#: Every potassium channel.
POTASSIUM = (
    _muscarinic(),
    _muscarinic_v2(),
    _persistent("K_P", (-14.3, 14.6), -54.0, 0.0, faster_than(21.0)),
    _persistent("K_Pst", (-11.0, 12.0), -64.0, 10.0, at_body_temperature),
    _transient("K_T", (-47.0, 29.0), -66.0, 0.0, faster_than(21.0)),
    _transient("K_Tst", (-10.0, 19.0), -76.0, 10.0, at_body_temperature),
    _dtype("Kd", at_any_temperature),
    _dtype("KdT", faster_than(37.0)),
    _kv2(),
    _shaw("Kv3_1", at_any_temperature),
    _shaw("Kv3_1T", faster_than(23.0)),
    _calcium_activated(),
)
