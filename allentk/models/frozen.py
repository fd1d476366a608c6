"""A mapping that cannot change, so that values made of it can be compared, hashed and pickled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

__all__ = ["Frozen"]

Value = TypeVar("Value")


class Frozen(Mapping[str, Value]):
    """A read-only mapping from names.

    Parameters
    ----------
    values : mapping
        What it holds; copied.

    Examples
    --------
    >>> Frozen({"gbar": 1.1})["gbar"]
    1.1
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._values,)

    def __repr__(self) -> str:
        return repr(self._values)
