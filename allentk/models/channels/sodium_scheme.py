"""The sodium channel NaV of Carter et al. 2012: twelve coupled states instead of gates.

Five closed states and the open one, each with its inactivated neighbour; a ladder of six rungs::

    C1 <-> C2 <-> C3 <-> C4 <-> C5 <-> O
     |      |      |      |      |     |
    I1 <-> I2 <-> I3 <-> I4 <-> I5 <-> I6

With q = 2.3^((T - 37) / 10), a = exp(v / 24), A = 400 q a, B = 12 q / a, x = 2.51, y = 5.32, in 1/ms:

=================== ============== ===============
transition          forth          back
=================== ============== ===============
Ck -> Ck+1 (k < 5)  (5 - k) A      k B
Ik -> Ik+1 (k < 5)  (5 - k) A x    k B / y
C5 -> O, I5 -> I6   250 q          60 q
Ck -> Ik            0.01 q x^(k-1) 40 q / y^(k-1)
O -> I6             8 q            0.05 q
=================== ============== ===============

NaV2 has 2 in place of 40. The ring C5, O, I6, I5 is not in detailed balance, so that at rest a
current of probability goes round: the equilibrium is the null vector of the matrix, no product of
ratios.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from allentk.errors import DataError
from allentk.models.channels.rates import Array, q10

__all__ = ["OPEN", "SCHEMES", "STATES", "Ladder", "equilibrium", "ladder", "rate_matrix"]

#: States of the schemes: closed, open, inactivated.
STATES = ("C1", "C2", "C3", "C4", "C5", "O", "I1", "I2", "I3", "I4", "I5", "I6")
#: Place of the open state.
OPEN = STATES.index("O")

#: Channels with this scheme, and their rate of recovery from inactivation in 1/ms at 37 degrees.
SCHEMES = {"NaV": 40.0, "NaV2": 2.0}
_X, _Y = 2.51, 5.32
#: Change of voltage, in mV, that changes the rates by a factor of e.
SLOPE_MV = 24.0
_RUNGS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """The constants of the scheme at a temperature, as a kernel can use them; rates in 1/ms.

    With ``a = exp(v / 24)``, the rates between rung k and k + 1 are ``up_a * a + up`` and back
    ``down_a / a + down``; column 0 is the side of C and O, column 1 that of I.

    Parameters
    ----------
    up_a, up, down_a, down : array, shape (5, 2)
        Rates along the two sides.
    across, back : array, shape (6,)
        Rates from the side of C and O to that of I, and back.
    """

    up_a: Array
    up: Array
    down_a: Array
    down: Array
    across: Array
    back: Array


def ladder(celsius: float, name: str = "NaV") -> Ladder:
    """Return the constants of a scheme at a temperature.

    Parameters
    ----------
    celsius : float
        Temperature in degrees Celsius.
    name : {"NaV", "NaV2"}
        Which channel.

    Raises
    ------
    DataError
        On another name.

    Examples
    --------
    >>> ladder(37.0).up_a[:, 0].tolist()
    [1600.0, 1200.0, 800.0, 400.0, 0.0]
    """
    if name not in SCHEMES:
        raise DataError(f"no scheme of states for {name!r}; there are {', '.join(SCHEMES)}")
    q = q10(celsius, 37.0)
    left = np.array([4.0, 3.0, 2.0, 1.0, 0.0])
    gone = np.array([1.0, 2.0, 3.0, 4.0, 0.0])
    last = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    rung = np.arange(5)
    return Ladder(
        up_a=400.0 * q * np.outer(left, [1.0, _X]),
        up=250.0 * q * np.outer(last, [1.0, 1.0]),
        down_a=12.0 * q * np.outer(gone, [1.0, 1.0 / _Y]),
        down=60.0 * q * np.outer(last, [1.0, 1.0]),
        across=q * np.append(0.01 * _X**rung, 8.0),
        back=q * np.append(SCHEMES[name] / _Y**rung, 0.05),
    )


def rate_matrix(v_mv: ArrayLike, celsius: float, name: str = "NaV") -> Array:
    """Return R in 1/ms: the probabilities of the states follow ``dp/dt = R p``.

    Parameters
    ----------
    v_mv : array_like, shape (...)
        Voltage in mV.
    celsius : float
        Temperature in degrees Celsius.
    name : {"NaV", "NaV2"}
        Which channel.

    Returns
    -------
    array, shape (..., 12, 12)
        In the order of `STATES`; columns add up to 0.

    Raises
    ------
    DataError
        On another name.
    """
    scheme = ladder(celsius, name)
    a = np.exp(np.asarray(v_mv, dtype=float) / SLOPE_MV)[..., None, None]
    up, down = scheme.up_a * a + scheme.up, scheme.down_a / a + scheme.down
    matrix = np.zeros((*up.shape[:-2], len(STATES), len(STATES)))
    for side in (0, 1):
        for rung in range(_RUNGS - 1):
            here = rung + side * _RUNGS
            matrix[..., here + 1, here] = up[..., rung, side]
            matrix[..., here, here + 1] = down[..., rung, side]
    for rung in range(_RUNGS):
        matrix[..., rung + _RUNGS, rung] = scheme.across[rung]
        matrix[..., rung, rung + _RUNGS] = scheme.back[rung]
    places = np.arange(len(STATES))
    matrix[..., places, places] = -matrix.sum(axis=-2)
    return matrix


def equilibrium(v_mv: ArrayLike, celsius: float, name: str = "NaV") -> Array:
    """Return the probabilities of the states after a long time at a voltage.

    Parameters
    ----------
    v_mv : array_like, shape (...)
        Voltage in mV.
    celsius : float
        Temperature in degrees Celsius.
    name : {"NaV", "NaV2"}
        Which channel.

    Returns
    -------
    array, shape (..., 12)
        In the order of `STATES`; each is right to all its digits, however improbable.

    Raises
    ------
    DataError
        On another name.

    Notes
    -----
    States are taken out one by one, and what went through them is given to their neighbours; nothing
    is subtracted (Grassmann, Taksar and Heyman 1985, Operations Research 33:1107).

    Examples
    --------
    >>> at_rest = equilibrium(-70.0, 34.0)
    >>> round(float(at_rest[OPEN]), 6), round(float(at_rest.sum()), 12)
    (0.000223, 1.0)
    """
    flow = rate_matrix(v_mv, celsius, name)
    out = np.empty(flow.shape[:-1])
    last = len(STATES) - 1
    for k in range(last, 0, -1):
        leaving = flow[..., :k, k].sum(axis=-1)
        flow[..., k, :k] /= leaving[..., None]
        flow[..., :k, :k] += flow[..., :k, k, None] * flow[..., None, k, :k]
    out[..., 0] = 1.0
    for k in range(1, last + 1):
        out[..., k] = (flow[..., k, :k] * out[..., :k]).sum(axis=-1)
    return np.asarray(out / out.sum(axis=-1, keepdims=True))
