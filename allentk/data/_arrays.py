"""Read-only arrays, so that a value stays the value it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from allentk.errors import DataError

__all__ = ["frozen", "not_finite", "packed", "unpacked"]

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
        Where they are no numbers, or not whole, or too large for the type, where whole ones are asked for.
    """
    locked = isinstance(values, np.ndarray) and _is_locked(values)
    given = _numbers(values, what)
    if np.issubdtype(dtype, np.integer):
        _check_whole(given, what)
        _check_range(given, np.dtype(dtype), what)
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


class _Repeated(NamedTuple):
    """One value for a whole column, as it is pickled."""

    value: Any
    n: int


def packed(self: Any) -> list[Any]:
    """Return the fields of a dataclass to be pickled: the ``__getstate__`` of values with arrays.

    A column that is one value for all of its rows is pickled as that value.
    """
    return [_packed(getattr(self, field.name)) for field in fields(self)]


def unpacked(self: Any, state: list[Any]) -> None:
    """Take the fields of a dataclass as pickled, arrays read-only again: the ``__setstate__``.

    What pickle brings back is new memory that can be written to, whatever it was before.
    """
    for field, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, field.name, _unpacked(value))


def _packed(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.size > 1 and value.strides == (0,):
        return _Repeated(value[0], value.size)
    return value


def _unpacked(value: Any) -> Any:
    if isinstance(value, _Repeated):
        return np.broadcast_to(frozen(value.value, value.value.dtype), (value.n,))
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, Mapping):
        for each in value.values():
            _unpacked(each)
    return value


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


def _check_range(array: NDArray[Any], dtype: np.dtype[Any], what: str) -> None:
    """Refuse numbers that a narrow type would turn into others."""
    if not array.size or np.can_cast(array.dtype, dtype):
        return
    low, high = int(array.min()), int(array.max())
    limit = np.iinfo(dtype)
    if low < limit.min or high > limit.max:
        raise DataError(
            f"{what}: expected whole numbers in {limit.min}..{limit.max}, got {low}..{high}"
        )
