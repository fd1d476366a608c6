"""Small inline pictures, drawn by hand so that a notebook's view of a value loads no plotting library.

However large the data are, a picture has a few hundred marks: extremes of stretches for traces, one mark
per bin for spikes, one line per cell of a grid for trees. Text and axes have the page's own colour, the
rest has colours that are told apart on white and on black.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import not_finite

__all__ = ["COLORS", "polyline", "raster", "stack", "tree"]

#: Blue, orange, green, rose, grey: at least 3 to 1 in contrast on white and on black.
COLORS = ("#2a85b8", "#cf6a14", "#2f9160", "#c2559d", "#808080")
_WIDTH = 340
_MOST_MARKS = 1500
_LANES = 48
_POINTS = 300_000


def polyline(
    values: NDArray[np.float64],
    *,
    unit: str = "",
    end: str = "",
    height: int = 80,
    color: str = COLORS[0],
) -> str:
    """Return `values` against their index, with their range; where they are not finite there is a gap.

    Parameters
    ----------
    values : ndarray, shape (n,)
        The trace.
    unit, end : str
        Unit of the values, and what stands at the end of the axis, such as ``"2 s"``.
    height : int
        In pixels.
    color : str
        Of the line.
    """
    low, high = _extremes(np.asarray(values, dtype=float), _WIDTH)
    known = np.isfinite(low)
    if not known.any():
        return ""
    bottom, top = float(low[known].min()), float(high[known].max())
    path = _path(low, high, bottom, top, height)
    range_ = f"{bottom:.4g} to {top:.4g} {unit}".strip()
    return _picture(
        _WIDTH,
        height + 14,
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1"/>'
        + _text(0, height + 11, range_)
        + _text(_WIDTH, height + 11, end, anchor="end"),
        f"trace, {range_}",
    )


def stack(rows: Sequence[tuple[str, NDArray[np.float64]]], *, unit: str = "", end: str = "") -> str:
    """Return a few named traces one below the other, each on a scale of its own."""
    parts, each, left = [], 34, 70
    for k, (name, values) in enumerate(rows):
        low, high = _extremes(np.asarray(values, dtype=float), 150)
        known = np.isfinite(low)
        if known.any():
            path = _path(low, high, float(low[known].min()), float(high[known].max()), each - 4)
            wide = (_WIDTH - left) / _WIDTH
            parts.append(
                f'<path transform="translate({left},{k * each}) scale({wide:.3f},1)" d="{path}" '
                f'fill="none" stroke="{COLORS[0]}" stroke-width="1"/>'
            )
        parts.append(_text(0, k * each + 20, name))
    bottom = len(rows) * each
    parts.append(_text(left, bottom + 11, unit) + _text(_WIDTH, bottom + 11, end, anchor="end"))
    return _picture(_WIDTH, bottom + 14, "".join(parts), f"{len(rows)} traces")


def raster(groups: Sequence[tuple[ArrayLike, ArrayLike, int]], stop_s: float) -> str:
    """Return spikes as marks, a lane per cell, or per every so many cells where there are many.

    Parameters
    ----------
    groups : sequence of (times_s, ids, n_cells)
        Spikes of every group of cells, drawn in bands of alternating colour.
    stop_s : float
        End of the axis, in seconds.
    """
    total = sum(n for *_, n in groups)
    if not total or not stop_s > 0:
        return ""
    parts, top = [], 0
    for k, (times, ids, n_cells) in enumerate(groups):
        lanes = min(n_cells, max(round(_LANES * n_cells / total), 1))
        color = COLORS[k % 2]
        share = max(_MOST_MARKS * lanes // min(_LANES, total), 20)
        path = _marks(np.asarray(times), np.asarray(ids), n_cells, lanes, stop_s, share)
        if path:
            parts.append(
                f'<path transform="translate(0,{2 * top + 1})" d="{path}" fill="none" stroke="{color}" '
                f'stroke-width="1.6"/>'
            )
        top += lanes
    height = 2 * top + 4
    said = f"{total} cells" if top >= total else f"{top} of {total} cells"
    foot = _text(0, height + 9, said) + _text(_WIDTH, height + 9, f"{stop_s:.4g} s", anchor="end")
    return _picture(_WIDTH, height + 12, "".join(parts) + foot, f"spikes of {said}")


def tree(
    xyz_um: NDArray[np.float64],
    parent: NDArray[np.int64],
    kinds: NDArray[np.int64],
    names: dict[int, str],
    *,
    size: int = 170,
) -> str:
    """Return a tree in the plane of x and y, y upwards, coloured by the kind of a node.

    Parameters
    ----------
    xyz_um : ndarray, shape (n, 3)
        Positions.
    parent : ndarray of int, shape (n,)
        Position of every node's parent, -1 for a root.
    kinds : ndarray of int, shape (n,)
        Kind of every node.
    names : dict of int to str
        Names of the kinds, in the order of their colours; others are grey.
    size : int
        Longer side in pixels.
    """
    xy = xyz_um[:, :2] * (1, -1)
    low, extent = xy.min(axis=0), float(np.ptp(xy, axis=0).max())
    if not np.isfinite(extent):
        return ""
    at = (xy - low) / max(extent, 1e-9) * size
    width, height = (max(int(side), 20) for side in at.max(axis=0) + 8)
    place = np.full(kinds.size, len(names))
    for k, kind in enumerate(names):
        place[kinds == kind] = k
    lines = _lines(at + 4, parent, place)
    drawn: list[str] = []
    legend: list[str] = []
    for k, name in enumerate([*names.values(), "other"]):
        of = [line for line in lines if line[0] == k]
        if not of:
            continue
        color = COLORS[min(k, len(COLORS) - 1)]
        drawn.append(f'<path d="{_chained(of)}" fill="none" stroke="{color}" stroke-width="1"/>')
        legend.append(_text(width + 8, 14 + 13 * len(legend), name, color))
    root = at[int(np.flatnonzero(parent < 0)[0])] + 4
    soma = f'<circle cx="{root[0]:.0f}" cy="{root[1]:.0f}" r="3" fill="currentColor"/>'
    scale = _text(width + 8, max(height - 2, 14 + 13 * len(legend)), f"{extent:.0f} um across")
    body = "".join([*drawn, soma, *legend, scale])
    return _picture(width + 100, max(height, 30), body, f"tree of {len(parent)} nodes")


def _extremes(
    values: NDArray[np.float64], bins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return least and largest of `values` in so many stretches, NaN where nothing in one is finite."""
    if values.size <= 2 * bins:
        finite = np.where(np.isfinite(values), values, np.nan)
        return finite, finite
    edges = np.linspace(0, values.size, bins + 1).astype(np.int64)
    pairs = np.array([_range(values[a:b]) for a, b in pairwise(edges.tolist())])
    return pairs[:, 0], pairs[:, 1]


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    bad = not_finite(values)
    finite = values if bad is None else values[~bad]
    return (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)


def _path(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    bottom: float,
    top: float,
    height: int,
) -> str:
    """Return the line through the extremes; straight stretches are one step."""
    scale = (height - 4) / (top - bottom) if top > bottom else 0.0
    x = np.linspace(0, _WIDTH, max(low.size, 2)).round(1).tolist()
    words: list[str] = []
    before: tuple[float, float] | None = None
    skipped = ""
    for k, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        if a != a:
            words.append(skipped)
            before, skipped = None, ""
            continue
        ya, yb = (round(height - 2 - (y - bottom) * scale, 1) for y in (a, b))
        if ya == yb and before == (ya, yb):
            skipped = f"L{x[k]:g} {yb:g}"
            continue
        words += [skipped, f"{'M' if before is None else 'L'}{x[k]:g} {ya:g}"]
        if yb != ya:
            words.append(f"V{yb:g}")
        before, skipped = (ya, yb), ""
    return "".join([*words, skipped])


def _marks(
    times: NDArray[np.float64],
    ids: NDArray[np.int64],
    n_cells: int,
    lanes: int,
    stop_s: float,
    most: int,
) -> str:
    """Return marks of a pixel or more, 2 px from lane to lane; fewer and wider where there are many."""
    every = max(times.size // _POINTS, 1)
    times, ids = times[::every], ids[::every]
    lane = np.full(n_cells, -1, dtype=np.int64)
    lane[np.linspace(0, n_cells - 1, lanes).astype(np.int64)] = np.arange(lanes)
    shown = (lane[ids] >= 0) & (times >= 0) & (times <= stop_s)
    rows, share = lane[ids[shown]], times[shown] / stop_s
    for bins in (_WIDTH, _WIDTH // 2, _WIDTH // 4, _WIDTH // 8, 10):
        cells = np.unique(rows * bins + np.minimum((share * bins).astype(np.int64), bins - 1))
        # A run is bins of one lane that touch: one mark.
        begins = np.ones(cells.size, dtype=bool)
        begins[1:] = (np.diff(cells) > 1) | (cells[1:] % bins == 0)
        if begins.sum() <= most or bins == 10:
            break
    first = np.flatnonzero(begins)
    lengths = np.diff(np.append(first, cells.size))
    pixel = _WIDTH // bins
    at = zip(cells[first].tolist(), lengths.tolist(), strict=True)
    return "".join(f"M{c % bins * pixel} {2 * (c // bins)}h{n * pixel}" for c, n in at)


def _lines(
    at: NDArray[np.float64], parent: NDArray[np.int64], kinds: NDArray[np.int64]
) -> list[list[int]]:
    """Return kind, x, y and step of the lines on the finest grid on which there are not too many."""
    child = np.flatnonzero(parent >= 0)
    for pixel in (1, 2, 4, 8):
        grid = np.round(at / pixel).astype(np.int64) * pixel
        begin = grid[parent[child]]
        rows = np.column_stack([kinds[child], begin, grid[child] - begin])
        rows = rows[(rows[:, 3:] != 0).any(axis=1)]
        if not len(rows):
            return []
        # One number per line: sorting rows takes far longer.
        keys = np.ravel_multi_index((rows - rows.min(axis=0)).T, np.ptp(rows, axis=0) + 1)
        first = np.unique(keys, return_index=True)[1]
        if first.size <= _MOST_MARKS:
            break
    # In the order of the tree, so that most lines go on where the last one ended.
    kept: list[list[int]] = rows[np.sort(first)[:_MOST_MARKS]].tolist()
    return kept


def _chained(lines: list[list[int]]) -> str:
    words, here = [], None
    for _, x, y, dx, dy in lines:
        if here != (x, y):
            words.append(f"M{x} {y}")
        words.append(f"l{dx} {dy}")
        here = (x + dx, y + dy)
    return "".join(words)


def _text(
    x: float, y: float, words: str, color: str = "currentColor", anchor: str = "start"
) -> str:
    if not words:
        return ""
    short = words if len(words) <= 40 else words[:39] + "…"
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="10" text-anchor="{anchor}" fill="{color}">'
        f"{escape(short)}</text>"
    )


def _picture(width: float, height: float, body: str, label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}" '
        f'style="display:block;max-width:100%;overflow:visible">{body}</svg>'
    )
