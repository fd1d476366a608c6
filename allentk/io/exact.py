"""Samples in a file's type and unit, such that reading gives back every bit of mV and pA.

Volts as doubles do not: ``(v / 1e3) * 1e3`` is another number for one value in eight. So what is
stored are mV and pA, and the conversion of the file says that they are 1e-3 V and 1e-12 A, or what
the source had where single precision holds it.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["SI", "Quantity", "packed", "unpacked"]

Quantity = Literal["voltage", "current"]
Samples = NDArray[np.float64]

#: What one volt is in mV, and one ampere in pA.
SI: dict[Quantity, float] = {"voltage": 1e3, "current": 1e12}
#: The conversion that says so; times `SI` it is exactly 1.
_UNIT: dict[Quantity, float] = {"voltage": 1e-3, "current": 1e-12}


def packed(values: Samples, quantity: Quantity) -> tuple[NDArray[Any], float]:
    """Return numbers for a file, and the conversion that makes volts or amperes of them.

    Parameters
    ----------
    values : ndarray of float
        Samples in mV or pA.
    quantity : {"voltage", "current"}
        What they are.

    Returns
    -------
    raw : ndarray of float32 or float64
        Single precision where that loses no bit, in mV and pA or else in V and A.
    conversion : float
        ``raw * conversion`` is in V or A.

    Examples
    --------
    >>> raw, conversion = packed(np.array([-70.25, 0.1]), "voltage")
    >>> raw.dtype, conversion, unpacked(raw, conversion, "voltage").tolist()
    (dtype('float64'), 0.001, [-70.25, 0.1])
    """
    for conversion in (_UNIT[quantity], 1.0):
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            raw = (values / (conversion * SI[quantity])).astype(np.float32)
            back = unpacked(raw, conversion, quantity)
        if _same_bits(back, values):
            return raw, conversion
    return values, _UNIT[quantity]


def unpacked(raw: NDArray[Any], conversion: float, quantity: Quantity) -> Samples:
    """Return samples in mV or pA; a writable copy."""
    values = raw.astype(np.float64)
    factor = conversion * SI[quantity]
    if factor != 1:
        values *= factor
    return values


def _same_bits(one: Samples, other: Samples) -> bool:
    return np.array_equal(one.view(np.int64), other.view(np.int64))
