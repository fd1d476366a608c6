"""Which units a publication counts: its rules as data, and a function that asks them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.responses.neuropixels.metrics import ALLEN_NAMES

__all__ = ["RULES", "Rule", "included", "units_table"]

_COMPARE: dict[str, Callable[[NDArray[np.float64], float], NDArray[np.bool_]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A bound on a column of Allen's units table.

    Parameters
    ----------
    column : str
        Allen's name, such as ``"area_rf"``.
    compare : "<", "<=", ">" or ">="
        How a value is compared with the bound.
    bound : float
        The bound, in the column's unit.
    """

    column: str
    compare: str
    bound: float

    def __post_init__(self) -> None:
        if self.compare not in _COMPARE:
            raise DataError(f"Rule: compare must be one of {list(_COMPARE)}, got {self.compare!r}")

    def __str__(self) -> str:
        return f"{self.column} {self.compare} {self.bound:g}"


#: Rules by publication: units with a receptive field (Siegle et al. 2021), and what a table of the project
#: holds unless asked for otherwise.
RULES = {
    "siegle2021": (
        Rule("p_value_rf", "<", 0.01),
        Rule("area_rf", "<", 2500.0),
        Rule("snr", ">", 1.0),
        Rule("firing_rate_dg", ">", 0.1),
    ),
    "default": (
        Rule("amplitude_cutoff", "<=", 0.1),
        Rule("presence_ratio", ">=", 0.95),
        Rule("isi_violations", "<=", 0.5),
    ),
}


def included(units: pd.DataFrame, rules: str | Iterable[Rule] = "siegle2021") -> NDArray[np.bool_]:
    """Return which units pass every rule; a value that is unknown or no number does not pass.

    Parameters
    ----------
    units : DataFrame
        One row per unit, columns by Allen's names; see `units_table`.
    rules : str or iterable of Rule
        One of `RULES`, or rules of your own.

    Raises
    ------
    DataError
        For an unknown name, and for a column that is not there.

    References
    ----------
    Siegle et al. 2021, Nature 592:86.

    Examples
    --------
    >>> units = pd.DataFrame({"snr": [0.5, 2.0, float("nan")]})
    >>> included(units, [Rule("snr", ">", 1.0)]).tolist()
    [False, True, False]
    """
    if isinstance(rules, str):
        if rules not in RULES:
            raise DataError(f"included: no rules {rules!r}; there are {', '.join(RULES)}")
        rules = RULES[rules]
    keep = np.ones(len(units), dtype=bool)
    for rule in rules:
        if rule.column not in units:
            raise DataError(
                f"included: the rule {rule} needs a column {rule.column!r}; the table has "
                f"{list(units.columns)[:12]}; add it, or leave the rule out"
            )
        values = pd.to_numeric(units[rule.column], errors="coerce").to_numpy(float, na_value=np.nan)
        keep &= _COMPARE[rule.compare](values, rule.bound)
    return keep


def units_table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Join the tables of several stimuli, under Allen's names, one row per cell.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Tables of this definition by stimulus, such as ``{"gabors": gabors(...)}``, each with one row per
        ``cell``; ``"units"`` is a table of our names of measures of the units themselves.

    Raises
    ------
    DataError
        For a stimulus that has no names of Allen's, and a table without ``cell``, or with two rows of one,
        as the populations of a network have.

    Examples
    --------
    >>> table = pd.DataFrame({"cell": [3], "fano": [1.5], "notes": [""]})
    >>> units_table({"flashes": table}).to_dict("list")
    {'cell': [3], 'fano_fl': [1.5]}
    """
    joined: pd.DataFrame | None = None
    for stimulus, table in tables.items():
        if stimulus not in ALLEN_NAMES:
            raise DataError(
                f"units_table: no names for {stimulus!r}; there are {', '.join(ALLEN_NAMES)}"
            )
        if "cell" not in table or table["cell"].duplicated().any():
            raise DataError(
                f"units_table: the table of {stimulus!r} needs a column 'cell' with every cell once; of a "
                f"network, join the tables of one population at a time"
            )
        names = ALLEN_NAMES[stimulus]
        renamed = table[["cell", *(name for name in names if name in table)]].rename(columns=names)
        joined = renamed if joined is None else joined.merge(renamed, on="cell", how="outer")
    return pd.DataFrame({"cell": []}) if joined is None else joined
