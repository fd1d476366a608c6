"""Choosing rows of a table: one way for sweeps and for presentations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["column_of", "matching"]


def column_of(table: pd.DataFrame, name: str, where: str) -> pd.Series:
    """Return a column.

    Raises
    ------
    DataError
        Where there is none of this name; names those there are.
    """
    if name not in table.columns:
        raise DataError(
            f"{where}: no column {name!r}; there are {', '.join(map(str, table.columns))}"
        )
    return table[name]


def matching(column: pd.Series, wanted: Any) -> NDArray[np.bool_]:
    """Return which values of a column are wanted.

    Parameters
    ----------
    column : Series
        The values.
    wanted : value, list of values, or function
        A function is asked for every value and returns a bool; NaN or None is a missing value.
    """
    import pandas as pd

    if callable(wanted):
        return np.fromiter((bool(wanted(value)) for value in column), bool, len(column))
    several = list | tuple | set | frozenset | range | np.ndarray | pd.Series | pd.Index
    values = list(wanted) if isinstance(wanted, several) else [wanted]
    found = column.isin(values)
    if any(pd.api.types.is_scalar(value) and pd.isna(value) for value in values):
        found |= column.isna()
    chosen: NDArray[np.bool_] = found.to_numpy(dtype=bool)
    return chosen
