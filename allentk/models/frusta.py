"""Membrane and axial resistance of segments: integrals along a chain of truncated cones.

A section of length L and n segments is divided into 2 n equal halves. In each, diameters run straight
between the points, and with y the diameter and s the distance along the section

- area: pi/2 sum (y1 + y2) sqrt(ds^2 + (y2 - y1)^2 / 4), the side of the cones, steps in diameter
  (two points at one place) included;
- resistance: R = Ra integral ds / (pi y^2 / 4) = Ra (4 / pi) sum ds / (y1 y2), exact for cones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.models.sections import Section

__all__ = ["Segments", "segments"]

Array = NDArray[np.float64]

#: Points nearer than this along a section are one place, in um.
_NO_STEP_UM = 1e-10
#: The shortest step of an integral, in um.
_SHORTEST_UM = 1e-15


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Geometry of the segments of some sections, one section after the other.

    Parameters
    ----------
    area_um2 : array_like, shape (n_segments,)
        Area of the membrane in um2.
    left_per_um, right_per_um : array_like, shape (n_segments,)
        Resistance of the half towards the beginning and towards the end of the section over the
        resistivity, 1/um: ``R_mohm = 0.01 ra_ohm_cm left_per_um``.
    diameter_um : array_like, shape (n_segments,)
        Mean diameter in um.
    """

    area_um2: Array
    left_per_um: Array
    right_per_um: Array
    diameter_um: Array


def segments(sections: Sequence[Section]) -> Segments:
    """Integrate area, resistance and diameter over every segment.

    Parameters
    ----------
    sections : sequence of Section
        Sections in any order.

    Returns
    -------
    Segments
        In the order of the sections.

    Examples
    --------
    >>> cone = Section("dend[0]", 2, 0, 1.0, [0, 30], [2, 1], 1)
    >>> found = segments([cone])
    >>> print(found.area_um2.round(3), found.diameter_um, (found.left_per_um + found.right_per_um).round(3))
    [141.391] [1.5] [19.099]
    """
    n_halves = 2 * np.array([section.n_segments for section in sections])
    y, s, half = _pieces(sections, n_halves)
    # Pieces run from one element to the next; those that begin a section have no piece before them.
    inside = half[1:] >= 0
    half, y1, y2 = half[1:][inside], y[:-1][inside], y[1:][inside]
    step = np.diff(s)[inside]
    cut = np.maximum(step, _SHORTEST_UM)
    n = int(n_halves.sum())
    ri: Array = np.asarray(np.bincount(half, cut / (y1 * y2), n) * (4 / np.pi), dtype=float)
    side = np.bincount(half, (y1 + y2) * np.sqrt(cut**2 + (0.5 * (y2 - y1)) ** 2), n)
    width = np.bincount(half, (y1 + y2) * step, n)
    lengths = np.array([section.length_um for section in sections])
    per_segment = np.repeat(2 * lengths / n_halves, n_halves // 2)
    return Segments(
        area_um2=0.5 * np.pi * side.reshape(-1, 2).sum(axis=1),
        left_per_um=ri[::2],
        right_per_um=ri[1::2],
        diameter_um=0.5 * width.reshape(-1, 2).sum(axis=1) / per_segment,
    )


def _pieces(
    sections: Sequence[Section], n_halves: NDArray[np.int64]
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return diameter, place and half of all points and ends of halves, along every section.

    The last point of a section is no element: the end of its last half stands for it. Half is -1 for
    first points, and for what lies behind the end of the last half by rounding.
    """
    n_points = np.array([section.arc_um.size for section in sections])
    arc = np.concatenate([section.arc_um for section in sections])
    diameter = np.concatenate([section.diameter_um for section in sections])
    owner = np.repeat(np.arange(n_points.size), n_points)
    last = np.cumsum(n_points) - 1
    keep = np.ones(arc.size, dtype=bool)
    keep[last] = False
    ends, end_owner = _ends_of_halves(arc[last], n_halves)
    place = np.concatenate([arc[keep], ends])
    of = np.concatenate([owner[keep], end_owner])
    is_end = np.arange(place.size) >= int(keep.sum())
    order = np.lexsort((is_end, place, of))
    place, of, is_end = place[order], of[order], is_end[order]
    # Position, in the list of all points, of the last point at or before each element.
    before = np.cumsum(~is_end) - 1 + of
    gap = arc[before + 1] - arc[before]
    wide = np.abs(gap) >= _NO_STEP_UM
    part = np.where(wide, (place - arc[before]) / np.where(wide, gap, 1.0), 1.0)
    between = (1 - part) * diameter[before] + part * diameter[before + 1]
    y = np.where(is_end, between, diameter[before])
    half: NDArray[np.int64] = np.cumsum(is_end) - is_end
    first = np.append(True, of[1:] != of[:-1])
    behind = half >= np.cumsum(n_halves)[of]
    half[first | behind] = -1
    return y, place, half


def _ends_of_halves(
    length_um: Array, n_halves: NDArray[np.int64]
) -> tuple[Array, NDArray[np.int64]]:
    """Return where every half ends, and the section it is of."""
    owner = np.repeat(np.arange(n_halves.size), n_halves)
    number = np.arange(owner.size) - np.repeat(np.cumsum(n_halves) - n_halves, n_halves)
    whole = length_um[owner] / (n_halves[owner] // 2)
    # Summed as NEURON sums, for the same last digit.
    end = (number // 2) * whole + whole / 2
    return np.where(number % 2 == 1, end + whole / 2, end), owner
