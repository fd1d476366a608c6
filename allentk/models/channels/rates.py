"""The three functions that nearly all rates of ion channels are written in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Rate", "linoid", "q10", "sigmoid"]

Array: TypeAlias = NDArray[np.float64]

#: A function of voltage in mV.
Rate: TypeAlias = Callable[[Array], Array]

#: exp of more than this is no finite number.
_LARGEST = 700.0


def _exp(x: Array) -> Array:
    return np.exp(np.clip(x, -_LARGEST, _LARGEST))


def sigmoid(v_mv: Array, half_mv: float, slope_mv: float) -> Array:
    """Return ``1 / (1 + exp(-(v - half) / slope))``: falling where the slope is negative.

    Parameters
    ----------
    v_mv : array
        Voltage in mV.
    half_mv, slope_mv : float
        Where it is one half, and how steep it is there, in mV.

    Examples
    --------
    >>> float(sigmoid(np.array(-40.0), -40.0, 6.0))
    0.5
    """
    return np.asarray(1.0 / (1.0 + _exp(-(v_mv - half_mv) / slope_mv)))


def linoid(x_mv: Array, slope_mv: float) -> Array:
    """Return ``x / (exp(x / slope) - 1)``, with its limit, the slope, at 0.

    Parameters
    ----------
    x_mv : array
        Distance from the singularity in mV.
    slope_mv : float
        Constant of the exponential in mV.

    Examples
    --------
    >>> linoid(np.array([-1e-9, 0.0, 1e-9]), 6.0).round(6)
    array([6., 6., 6.])
    """
    z = np.asarray(x_mv, dtype=float) / slope_mv
    at_limit = z == 0.0
    grown = np.where(at_limit, 1.0, np.expm1(np.minimum(z, _LARGEST)))
    return np.asarray(slope_mv * np.where(at_limit, 1.0, z / grown))


def q10(celsius: float, reference_celsius: float) -> float:
    """Return how many times faster kinetics are than at their reference: 2.3 times in 10 degrees.

    Examples
    --------
    >>> q10(31.0, 21.0)
    2.3
    """
    return float(2.3 ** ((celsius - reference_celsius) / 10.0))
