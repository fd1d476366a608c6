"""The drawing board: the only place that imports matplotlib.

Figures are ``Figure`` objects drawn by Agg; pyplot and its global state are not used. The other files of
this room draw on what ``canvas`` hands out.
"""

from __future__ import annotations

import base64
import functools
import io
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import ArrayLike, NDArray

from allentk.report.blocks import Image

__all__ = [
    "COLOURS",
    "Figure",
    "canvas",
    "cumulative",
    "image",
    "level_colour",
    "marked",
    "styled",
    "thinned",
]

P = ParamSpec("P")
R = TypeVar("R")
Array = NDArray[np.float64]

#: Okabe and Ito 2008, "Color universal design": told apart with any colour vision.
COLOURS = {
    "black": "#222222",
    "grey": "#8c8c8c",
    "pale": "#d9d9d9",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
}

_LEVELS = {1: "vermilion", 2: "purple", 3: "blue", 4: "green", 5: "sky"}

_STYLE: Any = {
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.1,
    "path.simplify": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "allentk",
    # A name from a file is text, whatever dollars are in it.
    "text.parse_math": False,
}

#: CSS pixels per inch at which a figure is read, and pixels per inch at which it is drawn.
_CSS_PPI, _PNG_PPI = 100, 170

#: Height of the strip that says SYNTHETIC, in inches.
_STRIP_IN = 0.24

#: An SVG up to this size is taken without drawing the PNG.
_SMALL_BYTES = 90_000

_PATH, _DECIMALS = re.compile(rb' d="[^"]*"'), re.compile(rb"(\.\d\d)\d+")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function with the report's style, leaving matplotlib's settings as they were."""

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(_STYLE):
            return draw(*args, **kwargs)

    return wrapped


def canvas(
    width_in: float,
    height_in: float,
    rows: int = 1,
    columns: int = 1,
    *,
    sharex: bool | Literal["col"] = False,
    sharey: bool | Literal["row"] = False,
    heights: Sequence[float] | None = None,
    widths: Sequence[float] | None = None,
) -> tuple[Figure, Any]:
    """Return a figure and its axes, an array of shape ``(rows, columns)``."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    if isinstance(engine := figure.get_layout_engine(), ConstrainedLayoutEngine):
        engine.set(w_pad=0.06, h_pad=0.06, wspace=0.02)
    axes = figure.subplots(
        rows,
        columns,
        squeeze=False,
        sharex=sharex,
        sharey=sharey,
        height_ratios=heights,
        width_ratios=widths,
    )
    return figure, axes


def level_colour(level: int) -> str:
    """Return the colour of a GLIF level, the same in every figure."""
    return COLOURS[_LEVELS.get(level, "black")]


def marked(figure: Figure, synthetic: bool) -> Figure:
    """Write SYNTHETIC above a figure of made-up data, so that a copy of it still says so."""
    engine = figure.get_layout_engine()
    if not synthetic or not isinstance(engine, ConstrainedLayoutEngine):
        return figure
    strip = _STRIP_IN / figure.get_size_inches()[1]
    engine.set(rect=(0.0, 0.0, 1.0, 1.0 - strip))
    figure.text(
        0.997,
        1.0 - strip / 2,
        "SYNTHETIC",
        ha="right",
        va="center",
        fontsize=7.5,
        fontweight="bold",
        color="white",
        bbox={"facecolor": "#9c1c1c", "edgecolor": "none", "boxstyle": "square,pad=0.22"},
    )
    return figure


def thinned(x: ArrayLike, y: ArrayLike, bins: int = 900) -> tuple[Array, Array]:
    """Return a trace with the minimum and the maximum of each of `bins` pieces, in their order.

    What is drawn on `bins` pixels looks the same, spikes keep their height. NaN is left out; a short trace
    is returned whole.

    Examples
    --------
    >>> x, y = thinned(range(1000), [0.0] * 500 + [9.0] + [0.0] * 499, bins=10)
    >>> x.size, float(y.max())
    (20, 9.0)
    """
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    keep = np.isfinite(b)
    a, b = a[keep], b[keep]
    if b.size <= 2 * bins:
        return a, b
    edges = np.linspace(0, b.size, bins + 1).astype(np.int64)
    ends = np.array(
        [
            sorted((lo + int(b[lo:hi].argmin()), lo + int(b[lo:hi].argmax())))
            for lo, hi in itertools.pairwise(edges)
        ]
    ).ravel()
    return a[ends], b[ends]


def cumulative(values: ArrayLike) -> tuple[Array, Array]:
    """Return the steps of the cumulative distribution of `values`, from 0 to 1.

    Examples
    --------
    >>> x, share = cumulative([3.0, 1.0])
    >>> x.tolist(), share.tolist()
    ([1.0, 1.0, 3.0], [0.0, 0.5, 1.0])
    """
    x = np.sort(np.asarray(values, dtype=float))
    share = np.arange(x.size + 1) / max(x.size, 1)
    return np.concatenate([x[:1], x]), share[: x.size + 1 if x.size else 0]


@styled
def image(figure: Figure) -> Image:
    """Return a figure as a data URI: SVG where that is small, else SVG or PNG, whichever is smaller."""
    width, height = figure.get_size_inches()
    kind, body = "svg+xml", _svg(figure)
    if len(body) > _SMALL_BYTES:
        kind, body = min((kind, body), ("png", _png(figure)), key=lambda of: len(of[1]))
    uri = f"data:image/{kind};base64,{base64.b64encode(body).decode('ascii')}"
    return Image(uri, round(width * _CSS_PPI), round(height * _CSS_PPI))


def _svg(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="svg", dpi=_PNG_PPI, metadata={"Date": None, "Creator": None})
    # A hundredth of a point is finer than any screen; matplotlib writes a millionth.
    return _PATH.sub(lambda d: _DECIMALS.sub(rb"\1", d[0]), out.getvalue())


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(
        out, format="png", dpi=_PNG_PPI, metadata={"Software": None}, pil_kwargs={"optimize": True}
    )
    return out.getvalue()
