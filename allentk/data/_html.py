"""How a value looks in a notebook: one small card for all kinds, in light and in dark.

Every text is escaped: names come out of files, and files come from anywhere. Styles stand in the elements,
for a notebook keeps no style sheet, and the colours are the page's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["card", "facts", "says_synthetic", "synthetic_end", "table"]

_CARD = (
    "display:inline-block;max-width:100%;box-sizing:border-box;border:1px solid rgba(128,128,128,.45);"
    "border-radius:5px;padding:6px 10px;margin:2px 0;font:13px/1.45 system-ui,sans-serif;"
    "overflow-x:auto;vertical-align:top"
)
_TABLE = "border-collapse:collapse;margin:5px 0 0;font-size:12px;border:0;color:inherit"
_CELL = "padding:1px 10px 1px 0;border:0;background:none;vertical-align:top"
_BADGE = (
    "background:#a63d08;color:#fff;border-radius:3px;padding:0 5px;font-size:11px;font-weight:600;"
    "letter-spacing:.04em"
)
_MUTED = "opacity:.75"
_LONGEST = 90
_LONGEST_TITLE = 220


def card(value: object, *parts: str, synthetic: bool = False) -> str:
    """Return the card of a value: its one-line repr as the title, and `parts`, which are HTML.

    Parameters
    ----------
    value : object
        Its repr is the title.
    *parts : str
        HTML of `facts`, `table` and the pictures; empty ones are left out.
    synthetic : bool
        Whether a mark says that the data are made up.

    Examples
    --------
    >>> "&lt;b&gt;" in card("<b>")
    True
    """
    name = type(value).__name__
    said = repr(value).removeprefix("<").removesuffix(">")
    rest = _cut(said.removeprefix(name).removesuffix(synthetic_end(synthetic)), _LONGEST_TITLE)
    gap = "" if not rest or rest[0] in ":(" else " "
    mark = f' <span style="{_BADGE}">SYNTHETIC</span>' if synthetic else ""
    body = "".join(f'<div style="margin-top:4px">{part}</div>' for part in parts if part)
    title = f"<div><b>{escape(name)}</b>{gap}{escape(rest)}{mark}</div>"
    return f'<div class="allentk" style="{_CARD}">{title}{body}</div>'


def facts(pairs: Mapping[str, object], *, most: int = 16) -> str:
    """Return names and values in two columns; what is None or empty is left out.

    Examples
    --------
    >>> facts({"specimen": "<b>", "nothing": ""}).count("<tr>"), "&lt;b&gt;" in facts({"specimen": "<b>"})
    (1, True)
    """
    known = [(name, shown(value)) for name, value in pairs.items() if value is not None]
    rows = [(name, text) for name, text in known if text]
    body = "".join(
        f"<tr>{_cell(name, align='left', muted=True)}{_cell(text, align='left')}</tr>"
        for name, text in rows[:most]
    )
    return (
        f'<table style="{_TABLE}">{body}</table>{_more(len(rows) - most, "further")}'
        if rows
        else ""
    )


def table(frame: pd.DataFrame, *, most: int = 8, columns: int = 9) -> str:
    """Return the first rows and columns of a table, and how many there are.

    Parameters
    ----------
    frame : DataFrame
        The table; its index is left out.
    most, columns : int
        Rows and columns shown.
    """
    if not len(frame) or not len(frame.columns):
        return ""
    part = frame.iloc[:most, :columns]
    names = [str(name) for name in part.columns]
    sides = ["right" if part.iloc[:, k].dtype.kind in "iuf" else "left" for k in range(len(names))]
    head = "".join(
        _cell(name, align=side, muted=True) for name, side in zip(names, sides, strict=True)
    )
    rows = zip(*(part.iloc[:, k].tolist() for k in range(len(names))), strict=True)
    body = "".join(f"<tr>{_row(row, sides)}</tr>" for row in rows)
    left = _more(len(frame) - most, "further rows") + _more(
        len(frame.columns) - columns, "further columns"
    )
    return f'<table style="{_TABLE}"><tr>{head}</tr>{body}</table>{left}'


def says_synthetic(*said: object) -> bool:
    """Return whether any of these says that data are made up.

    Parameters
    ----------
    *said : mapping, str or bool
        Metadata with a key ``"synthetic"``; a text with the word ``SYNTHETIC``; or the answer itself.

    Examples
    --------
    >>> says_synthetic({"synthetic": False}, "cell.nwb"), says_synthetic("SYNTHETIC cell")
    (False, True)
    """
    return any(
        bool(each.get("synthetic"))
        if isinstance(each, Mapping)
        else "SYNTHETIC" in each
        if isinstance(each, str)
        else bool(each)
        for each in said
    )


def synthetic_end(synthetic: bool) -> str:
    """Return what a repr ends in: that the data are made up, or nothing."""
    return ", SYNTHETIC" if synthetic else ""


def shown(value: object) -> str:
    """Return a value as a short text.

    Examples
    --------
    >>> shown(0.123456), shown(("a", 2.0)), shown(float("nan"))
    ('0.1235', 'a, 2', '')
    """
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e9
        return "" if math.isnan(value) else f"{value:.0f}" if whole else f"{value:.4g}"
    if isinstance(value, Mapping):
        return shown([f"{name} {shown(of)}" for name, of in value.items()])
    if isinstance(value, list | tuple | set | frozenset):
        return _cut(", ".join(shown(one) for one in _first(value, 12)), _LONGEST)
    return "" if value is None else _cut(str(value), _LONGEST)


def _first(values: Iterable[Any], most: int) -> list[Any]:
    listed = list(values)
    return listed if len(listed) <= most else [*listed[:most], f"… {len(listed)} in all"]


def _row(values: Iterable[object], sides: list[str]) -> str:
    return "".join(_cell(shown(v), align=side) for v, side in zip(values, sides, strict=True))


def _cell(text: str, *, align: str, muted: bool = False) -> str:
    # Names and numbers stay whole, and a wide table scrolls; a long text breaks.
    wrap = "overflow-wrap:anywhere" if len(text) > 24 and not muted else "white-space:nowrap"
    style = f"{_CELL};{wrap};text-align:{align}{';' + _MUTED if muted else ''}"
    return f'<td style="{style}">{escape(text)}</td>'


def _more(n: int, what: str) -> str:
    return f'<div style="{_MUTED};font-size:11px">and {n} {what}</div>' if n > 0 else ""


def _cut(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"
