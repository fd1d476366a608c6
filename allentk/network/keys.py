"""Where random numbers start: a key for what has a name, so that nothing depends on what else is built."""

from __future__ import annotations

import hashlib

import numpy as np

from allentk.errors import DataError

__all__ = ["check_seed", "key_of"]


def key_of(seed: int, *names: str) -> np.uint64:
    """Return the start of the random numbers of what has these names.

    Raises
    ------
    DataError
        On a seed that is no integer.

    Examples
    --------
    >>> key_of(0, "exc", "inh") == key_of(0, "exc", "inh"), key_of(0, "a", "b") == key_of(0, "b", "a")
    (np.True_, np.False_)
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise DataError(f"seed must be an integer, got {seed!r}")
    digest = hashlib.sha256("\0".join([str(int(seed)), *names]).encode()).digest()
    return np.uint64(int.from_bytes(digest[:8], "little"))


def check_seed(where: str, seed: int) -> int:
    """Return the seed of a recipe.

    Raises
    ------
    DataError
        On one that is no integer of 0 or more.

    Examples
    --------
    >>> check_seed("patch", 3)
    3
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise DataError(f"{where}: seed must be an integer, 0 or more, got {seed!r}")
    return int(seed)
