"""Whether samples can be what their unit and their conversion say they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.series import Series

__all__ = ["check_current", "check_voltage", "holds_si"]

_CELL_MV = 1000.0  # no cell rests beyond this,
_AMPLIFIER_MV = 1e4  # no amplifier measures beyond this,
_SILENT_MV = 1.0  # and no trace from inside a cell stays within this of 0
_AMPLIFIER_PA = 1e7  # no patch-clamp amplifier gives more than this

Samples = NDArray[np.float64]


def holds_si(raw: NDArray[Any], series: Series, *, old_pipeline: bool, measured: bool) -> bool:
    """Whether samples are in volts although their conversion says otherwise.

    Old files of the Cell Types Database are; they say so by their version, or it shows: numbers of
    at most 1 that would stay under 1 mV, as no cell does. Numbers beyond 10 are no volts.

    Parameters
    ----------
    raw : ndarray
        The samples as the file has them.
    series : Series
        The series that they belong to.
    old_pipeline : bool
        The file's version says that its conversions do not count.
    measured : bool
        The samples are the voltage of a cell, which can be judged.
    """
    if not measured:
        return old_pipeline
    if series.integer or series.conversion == 1:
        return False
    top = _largest(raw)
    if old_pipeline:
        return top <= 10
    return 0 < top <= 1 and top * series.conversion * series.unit_factor < _SILENT_MV


def check_voltage(
    voltage_mv: Samples, series: Series, where: str, *, in_a_cell: bool = True
) -> None:
    """Refuse a measured voltage that no cell can have.

    Raises
    ------
    FormatError
        Names the unit and the conversion that led to it.
    """
    top = _largest(voltage_mv)
    if top > _CELL_MV:
        typical = float(np.median(np.abs(voltage_mv[np.isfinite(voltage_mv)])))
        if typical > _CELL_MV or top > _AMPLIFIER_MV:
            said = typical if typical > _CELL_MV else top
            raise FormatError(f"{where}: a voltage of {said:.4g} mV {_made_by(series)}")
    if in_a_cell and top < _SILENT_MV and np.isfinite(voltage_mv).any():
        raise FormatError(
            f"{where}: a voltage that stays within {top:.2g} mV of 0, as in no cell, "
            f"{_made_by(series)}"
        )


def check_current(current_pa: Samples, series: Series, where: str) -> None:
    """Refuse a current that no patch-clamp amplifier gives.

    Raises
    ------
    FormatError
        Names the unit and the conversion that led to it.
    """
    top = _largest(current_pa)
    if top > _AMPLIFIER_PA:
        raise FormatError(f"{where}: a current of {top:.4g} pA {_made_by(series)}")


def _largest(values: NDArray[Any]) -> float:
    """Return the largest size among the finite values; 0 where there is none."""
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if np.isfinite(low) and np.isfinite(high):
        return max(-low, high)
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _made_by(series: Series) -> str:
    return (
        f"cannot be: {series.path} has the unit {series.unit!r} and the conversion "
        f"{series.conversion:g}; mend the one that is wrong"
    )
