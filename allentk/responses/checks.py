"""What is asked of numbers that a caller gives."""

from __future__ import annotations

import numpy as np

from allentk.errors import DataError

__all__ = ["check_seed", "check_whole", "positive"]


def check_whole(name: str, value: object, *, least: int, most: int) -> None:
    """Check that a number is whole and lies between two others.

    Raises
    ------
    DataError
        Where it does not.

    Examples
    --------
    >>> check_whole("n_shuffles", 200, least=1, most=10_000)
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (whole and least <= int(value) <= most):  # type: ignore[call-overload]
        raise DataError(f"{name} must be a whole number from {least} to {most:,}, got {value!r}")


def check_seed(seed: object, *, most: int = 2**128 - 1) -> None:
    """Check that a number can seed random draws.

    Raises
    ------
    DataError
        Where it is no whole number from 0 to `most`.

    Examples
    --------
    >>> check_seed(1)
    """
    check_whole("seed", seed, least=0, most=most)


def positive(name: str, value: object) -> float:
    """Return `value`.

    Raises
    ------
    DataError
        Where it is no positive finite number.

    Examples
    --------
    >>> positive("bin_s", 0.05)
    0.05
    """
    number = isinstance(value, int | float | np.integer | np.floating)
    if not number or not 0 < float(value) < np.inf:  # type: ignore[arg-type]
        raise DataError(f"responses: {name} must be a positive number, got {value!r}")
    return float(value)  # type: ignore[arg-type]
