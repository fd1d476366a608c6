"""Read-only arrays, so that a value stays the value it was."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from allentk.errors import DataError

__all__ = ["frozen", "not_finite"]

_EXACT = 2**53  # whole numbers up to here are exact as floats


def frozen(values: Any, dtype: DTypeLike = float, *, what: str = "values") -> NDArray[Any]:
    """Return `values` as a read-only array that nobody else can write to.

    A copy is made of everything but an array that is read-only down to the memory it stands on.

    Parameters
    ----------
    values : array_like
        Numbers.
    dtype : dtype
        What to make of them; whole numbers only where it is an integer type.
    what : str
        What they are; used in messages.

    Raises
    ------
    DataError
        Where they are no numbers, or not whole where whole ones are asked for.
    """
    locked = isinstance(values, np.ndarray) and _is_locked(values)
    given = _numbers(values, what)
    if np.issubdtype(dtype, np.integer):
        _check_whole(given, what)
    array = given.astype(dtype, copy=not locked)
    array.flags.writeable = False
    return array


def not_finite(values: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Return which values are not finite; None where all are, which is told with little work."""
    # A sum is finite only where all of its terms are.
    with np.errstate(invalid="ignore", over="ignore"):
        if np.isfinite(values.sum()):
            return None
    bad = ~np.isfinite(values)
    return bad if bad.any() else None


def _is_locked(array: NDArray[Any]) -> bool:
    """Whether neither the array nor what it is a view of can be written to."""
    memory: Any = array
    while isinstance(memory, np.ndarray):
        if memory.flags.writeable:
            return False
        memory = memory.base
    return memory is None


def _numbers(values: Any, what: str) -> NDArray[Any]:
    try:
        array = np.asarray(values)
        if array.dtype.kind in "biuf":
            return array
        if array.dtype.kind != "c":
            return np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{what}: expected numbers in rows of one length: {error}") from error
    raise DataError(f"{what}: expected real numbers, got complex ones")


def _check_whole(array: NDArray[Any], what: str) -> None:
    if array.dtype.kind == "f":
        wrong = ~(np.abs(array) <= _EXACT) | (array != np.floor(array))
    elif array.dtype.kind == "u":
        wrong = array > np.iinfo(np.int64).max
    else:
        return
    if wrong.any():
        first = array.ravel()[int(wrong.ravel().argmax())]
        raise DataError(f"{what}: expected whole numbers up to 2**53, got {first}")
