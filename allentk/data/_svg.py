"""A trace as a small inline SVG, drawn by hand so that a repr loads no plotting library."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["polyline"]


def polyline(values: NDArray[np.float64], width: int = 320, height: int = 80) -> str:
    """Return an SVG of `values` against their index, thinned to the minima and maxima shown."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return "<svg/>"
    chunks = np.array_split(finite, min(width, finite.size))
    points = np.array([extreme for chunk in chunks for extreme in (chunk.min(), chunk.max())])
    low, span = points.min(), max(float(np.ptp(points)), 1e-9)
    x = np.linspace(0, width, points.size)
    y = height - 2 - (points - low) / span * (height - 4)
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<polyline points="{path}" fill="none" stroke="#1f6f8b" stroke-width="1"/></svg>'
    )
