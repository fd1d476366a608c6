"""Which filters of the LGN a cell of layer 4 listens to.

References
----------
Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.network.lgn_layer4 import LAYER4_CLASSES
from allentk.network.population import Population
from allentk.network.recipes.layer4_numbers import FIELDS

__all__ = ["lgn_inputs"]

#: Cells looked at together, for the memory.
_TOGETHER = 256

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Field:
    """One elliptic subfield per cell: its centre, half its width and length, its direction."""

    x: Array
    y: Array
    half_width: Array
    half_length: Array
    angle: Array

    def nearness(self, x: Array, y: Array, some: slice) -> Array:
        """Return how far every filter is from the centre, 1 at the rim, shape (n_cells, n_filters)."""
        dx, dy = x[None, :] - self.x[some, None], y[None, :] - self.y[some, None]
        cos, sin = np.cos(self.angle[some, None]), np.sin(self.angle[some, None])
        along = (dx * cos + dy * sin) / self.half_width[some, None]
        across = (dy * cos - dx * sin) / self.half_length[some, None]
        away: Array = np.hypot(along, across)
        return away


def lgn_inputs(
    lgn: Population, target: Population, excitatory: bool, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of a filter and a cell that listens to it.

    An excitatory cell has an ON and an OFF subfield side by side along its preferred direction, long across
    it; and a small field between them for ON/OFF filters of its orientation. An inhibitory cell has one
    circle for all three classes. Of the filters in a field, so many as there may be are drawn.
    """
    fields = _fields(target, excitatory, rng)
    most = FIELDS.most if excitatory else FIELDS.most_round
    tuning = target.nodes["tuning_angle_deg"].to_numpy(float)
    sources, targets = [], []
    for name, field in zip(LAYER4_CLASSES, fields, strict=True):
        nodes = np.flatnonzero(lgn.nodes["cell_class"] == name)
        x, y, axis = lgn.nodes.loc[nodes, ["x_deg", "y_deg", "tuning_angle_deg"]].to_numpy(float).T
        for first in range(0, len(target), _TOGETHER):
            some = slice(first, min(first + _TOGETHER, len(target)))
            away = field.nearness(x, y, some)
            if excitatory and name == LAYER4_CLASSES[2]:
                apart = (axis[None, :] - tuning[some, None] + 90) % 180 - 90
                away[np.abs(apart) > FIELDS.angle_deg] = np.inf
            row, column = _drawn(away, most, rng)
            sources.append(nodes[column])
            targets.append(row + first)
    return np.concatenate(sources), np.concatenate(targets)


def _fields(target: Population, excitatory: bool, rng: np.random.Generator) -> tuple[_Field, ...]:
    """Return the field of every class of filters, in the order of the classes."""
    n = len(target)
    x, y = (target.nodes[name].to_numpy(float) for name in ("x_deg", "y_deg"))
    width, aspect = rng.uniform(*FIELDS.width_deg, n), rng.uniform(*FIELDS.aspect, n)
    if not excitatory:
        radius = FIELDS.round_widths * width / 2
        return (_Field(x, y, radius, radius, np.zeros(n)),) * 3
    angle = np.deg2rad(target.nodes["tuning_angle_deg"].to_numpy(float))
    apart = rng.uniform(*FIELDS.apart_deg, n)
    on, off = (
        _Field(
            x + side * apart * np.cos(angle),
            y + side * apart * np.sin(angle),
            width / 2,
            aspect * width / 2,
            angle,
        )
        for side in (0.5, -0.5)
    )
    return on, off, _Field(x, y, apart / 4, width / 2, angle)


def _drawn(
    away: Array, most: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of up to `most` values of every row, drawn from those up to 1."""
    inside = away <= 1.0
    order = np.full(away.shape, np.inf)
    order[inside] = rng.random(int(inside.sum()))
    first = np.argpartition(order, most, axis=1)[:, :most]
    row, place = np.nonzero(np.take_along_axis(inside, first, axis=1))
    return row, first[row, place]
