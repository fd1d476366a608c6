"""Sodium channels with independent gates; those of coupled states are in `sodium_scheme`.

Papers are in `allentk.models.known_mechanisms`.
"""

from __future__ import annotations

from allentk.models.channels.gates import (
    Channel,
    Gate,
    Speed,
    at_body_temperature,
    faster_than,
)
from allentk.models.channels.rates import Array, linoid, sigmoid

__all__ = ["SODIUM"]

_M3H = ((1.0, (3, 1)),)
_MH = ((1.0, (1, 1)),)


def _opening(v: Array, half_mv: float) -> Array:
    return 0.182 * linoid(half_mv - v, 6.0)


def _closing(v: Array, half_mv: float) -> Array:
    return 0.124 * linoid(v - half_mv, 6.0)


def _transient(name: str, m_half_mv: float, h_half_mv: float, speed: Speed) -> Channel:
    m = Gate.of_rates(
        "m", lambda v: _opening(v, m_half_mv), lambda v: _closing(v, m_half_mv), speed
    )
    h = Gate.of_rates(
        "h",
        lambda v: 0.015 * linoid(v - h_half_mv, 6.0),
        lambda v: 0.015 * linoid(h_half_mv - v, 6.0),
        speed,
    )
    return Channel(name, "na", (m, h), _M3H)


def _persistent_open(v: Array) -> Array:
    return sigmoid(v, -52.6, 4.6)


def _persistent_h(speed: Speed) -> Gate:
    return Gate.of_tau(
        "h",
        lambda v: sigmoid(v, -48.8, -10.0),
        lambda v: 1.0 / (2.88e-6 * linoid(v + 17.0, 4.63) + 6.94e-6 * linoid(-64.4 - v, 2.63)),
        speed,
    )


def _persistent() -> Channel:
    m = Gate.of_tau("m", _persistent_open, None, faster_than(21.0))
    return Channel("Nap", "na", (m, _persistent_h(faster_than(21.0))), _MH)


def _persistent_et2() -> Channel:
    m = Gate.of_tau(
        "m",
        _persistent_open,
        lambda v: 6.0 / (_opening(v, -38.0) + _closing(v, -38.0)),
        at_body_temperature,
    )
    return Channel("Nap_Et2", "na", (m, _persistent_h(at_body_temperature)), _M3H)


#: Every sodium channel with independent gates.
SODIUM = (
    _transient("NaTa", -48.0, -69.0, faster_than(23.0)),
    _transient("NaTa_t", -38.0, -66.0, at_body_temperature),
    _transient("NaTs", -40.0, -66.0, faster_than(23.0)),
    _transient("NaTs2_t", -32.0, -60.0, at_body_temperature),
    _persistent(),
    _persistent_et2(),
)
