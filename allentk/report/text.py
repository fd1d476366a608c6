"""Numbers, names and plain tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from allentk.report.blocks import Cell, Table

__all__ = [
    "METRICS",
    "capital",
    "counted",
    "fixed",
    "frame_table",
    "header",
    "listed",
    "metric_name",
    "metric_title",
    "number",
    "shown",
    "table_of_facts",
]

#: Metrics for people: what they are, their short name, their unit.
METRICS = {
    "peak_rate_hz": ("peak rate", "peak rate", "Hz"),
    "mean_rate_hz": ("mean rate", "mean rate", "Hz"),
    "spontaneous_rate_hz": ("spontaneous rate", "spontaneous rate", "Hz"),
    "peak_response": ("peak response", "peak response", "dF/F"),
    "mean_response": ("mean response", "mean response", "dF/F"),
    "spontaneous_response": ("spontaneous response", "spontaneous response", "dF/F"),
    "osi_vector": ("orientation selectivity, OSI (vector)", "OSI (vector)", ""),
    "dsi_vector": ("direction selectivity, DSI (vector)", "DSI (vector)", ""),
    "osi_pair": ("orientation selectivity, OSI (pair)", "OSI (pair)", ""),
    "dsi_pair": ("direction selectivity, DSI (pair)", "DSI (pair)", ""),
}

#: Units as the ends of column names.
_UNITS = {
    "hz": "Hz",
    "s": "s",
    "ms": "ms",
    "mv": "mV",
    "pa": "pA",
    "na": "nA",
    "ns": "nS",
    "um": "µm",
    "mohm": "MΩ",
    "pf": "pF",
    "deg": "°",
    "cpd": "cycles/°",
}


#: Words of column names that are written otherwise.
_WORDS = {"osi": "OSI", "dsi": "DSI", "tf": "TF", "sf": "SF", "ks": "KS"}


def number(value: object, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, a whole number whole, and "–" for NaN or None.

    Examples
    --------
    >>> number(0.012345), number(-77.051), number(12345.6), number(1200)
    ('0.0123', '−77.1', '12,346', '1,200')
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return "–"
    if not isinstance(value, Real):
        return str(value)
    x = float(value)
    if math.isnan(x):
        return "–"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    if isinstance(value, Integral):
        text = f"{int(value):,}"
    elif x == 0:
        text = "0"
    else:
        magnitude = math.floor(math.log10(abs(x)))
        tiny = magnitude < -4
        text = f"{x:.{digits - 1}e}" if tiny else f"{x:,.{max(digits - 1 - magnitude, 0)}f}"
    return text.replace("-", "−")


def fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimals, and "–" for NaN.

    Examples
    --------
    >>> fixed(-0.0004, 3), fixed(-71.25, 1)
    ('0.000', '−71.2')
    """
    if math.isnan(value):
        return "–"
    # Adding 0.0 takes the sign off a zero.
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return "1 cell", "2 cells".

    Examples
    --------
    >>> counted(1, "cell"), counted(2, "class", "classes")
    ('1 cell', '2 classes')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def listed(items: Iterable[object]) -> str:
    """Return "a, b and c"."""
    texts = [str(item) for item in items]
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def metric_name(metric: str, *, unit: bool = True) -> str:
    """Return the short name of a metric; an unknown one is read from the column's name.

    Examples
    --------
    >>> metric_name("peak_rate_hz"), metric_name("osi_vector", unit=False)
    ('peak rate (Hz)', 'OSI (vector)')
    """
    if metric not in METRICS:
        return header(metric) if unit else header(metric).partition(" (")[0]
    _, name, of = METRICS[metric]
    return f"{name} ({of})" if unit and of else name


def metric_title(metric: str) -> str:
    """Return what a metric is, as a title."""
    if metric not in METRICS:
        return capital(header(metric))
    name, _, of = METRICS[metric]
    return capital(f"{name} ({of})" if of else name)


def capital(text: str) -> str:
    """Return the text with a capital at its start; a function or a column's name there stays.

    Examples
    --------
    >>> capital("mean rate"), capital("abs(z) / sum")
    ('Mean rate', 'abs(z) / sum')
    """
    if set(text.partition(" ")[0]) & set("(_"):
        return text
    return f"{text[:1].upper()}{text[1:]}"


def header(column: object) -> str:
    """Return a column's name for people, the unit at its end in brackets.

    Examples
    --------
    >>> header("mean_rate_hz"), header("n_cells"), header("E_L_mv")
    ('mean rate (Hz)', 'cells', 'E L (mV)')
    """
    words = str(column).split("_")
    unit = _UNITS.get(words[-1]) if len(words) > 1 else None
    if unit:
        words = words[:-1]
    elif len(words) > 1 and words[0] == "n":
        words = words[1:]
    text = " ".join(_WORDS.get(word, word) for word in words)
    return f"{text} ({unit})" if unit else text


def shown(value: Any) -> str:
    """Return any plain value as text: numbers rounded, lists and mappings in one line.

    Examples
    --------
    >>> shown({"level": 1, "tau_s": [0.1, 0.33333]})
    'level: 1; tau_s: 0.1, 0.3333'
    """
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {shown(of)}" for key, of in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(shown(of) for of in value)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if value is None or value is pd.NA or value is pd.NaT:
        return "–"
    if isinstance(value, Real) and not isinstance(value, Integral):
        return (
            number(value, 4).rstrip("0").rstrip(".") if "." in number(value, 4) else number(value)
        )
    return str(value)


def frame_table(frame: pd.DataFrame, caption: str, *, note: str = "", max_rows: int = 60) -> Table:
    """Return a DataFrame as a table: text columns first, numbers rounded, at most `max_rows` rows."""
    of_text = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
    order = [*of_text, *(c for c in frame.columns if c not in of_text)]
    rows = [
        tuple(Cell(_entry(value)) for value in row)
        for row in frame[order].head(max_rows).itertuples(index=False, name=None)
    ]
    if len(frame) > max_rows:
        note = f"{note} The first {max_rows} of {len(frame)} rows.".strip()
    return Table(caption, tuple(header(c) for c in order), rows, n_text=len(of_text), note=note)


def _entry(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, Real):
        return shown(value)
    return number(value)


def table_of_facts(caption: str, facts: Mapping[str, object], *, note: str = "") -> Table:
    """Return names and values as a table of two text columns."""
    rows = [(Cell(header(key)), Cell(shown(value))) for key, value in facts.items()]
    return Table(caption, ("", ""), rows, n_text=2, note=note)
