"""The cells of the layer 4 model in their places."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from allentk.errors import DataError
from allentk.network.population import Population
from allentk.network.positions import Column
from allentk.network.recipes.layer4_cells import Models
from allentk.network.recipes.layer4_numbers import CORE_SHARE, HEIGHT_UM, KINDS, full_radius_um
from allentk.network.visual_field import layer4_field_deg

__all__ = ["Part", "layer4_populations"]


@dataclass(frozen=True, slots=True)
class Part:
    """How many cells there are of every kind, and the radius of the cylinder."""

    counts: dict[str, int]
    radius_um: float

    @classmethod
    def of(cls, scale: float, rule: str) -> Part:
        """Return the part of that scale; see ``layer4``.

        Raises
        ------
        DataError
            On a scale out of range or an unknown rule.
        """
        if not 0.001 <= scale <= 1:
            raise DataError(f"layer4: scale must lie in 0.001..1, got {scale!r}")
        if rule not in ("radius", "density"):
            raise DataError(f"layer4: rule must be 'radius' or 'density', got {rule!r}")
        counts = {kind.name: max(1, round(scale * kind.n)) for kind in KINDS}
        radius = full_radius_um() * (math.sqrt(scale) if rule == "radius" else 1.0)
        return cls(counts, radius)


def layer4_populations(
    part: Part, models: dict[str, Models], rng: np.random.Generator
) -> dict[str, Population]:
    """Place the cells, evenly in the core or around it, and map them to the visual field."""
    core = part.radius_um * math.sqrt(CORE_SHARE)
    made = {}
    for kind in KINDS:
        n = part.counts[kind.name]
        ring = (core, 0.0) if kind.core else (part.radius_um, core)
        x, y, z = Column(ring[0], (-HEIGHT_UM / 2, HEIGHT_UM / 2), ring[1]).place(n, rng).T
        x_deg, y_deg = layer4_field_deg(x, y)
        nodes = pd.DataFrame(
            {
                "model": rng.permutation(np.arange(n) % len(models[kind.name])),
                "x_um": x,
                "y_um": y,
                "z_um": z,
                "x_deg": x_deg,
                "y_deg": y_deg,
                "cell_class": kind.cell_class,
                "tuning_angle_deg": np.arange(n) * 360.0 / n if kind.excitatory else np.nan,
            }
        )
        made[kind.name] = Population(kind.name, models[kind.name], nodes)
    return made
