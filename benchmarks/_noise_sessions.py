"""Generated sessions whose cells have known receptive fields, for locally sparse noise.

A session of kind C from `_observatory_sessions`, SYNTHETIC like it, to whose fluorescence calcium
is added wherever a spot falls into a cell's field. Cells 0, 4, 8.. have none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from benchmarks._observatory_sessions import Session, session_c

__all__ = ["PIXEL_DEG", "Field", "noise_session"]

Array = NDArray[np.float64]
PIXEL_DEG = 4.65


@dataclass(frozen=True)
class Field:
    """A cell's field: center in degrees from the first pixel's center, radius, and what it answers."""

    x_deg: float
    y_deg: float
    radius_deg: float
    on: float
    off: float


def noise_session(n_cells: int, seed: int = 0) -> tuple[Session, list[Field]]:
    """Return a session and the fields of its cells."""
    session = session_c(n_cells, seed)
    rng = np.random.default_rng([seed, 9])
    table = session.tables["locally_sparse_noise"]
    shown = session.template[table["frame"].to_numpy()].astype(int)
    rows, columns = np.mgrid[:16, :28] * PIXEL_DEG
    out = session.fluorescence.copy()
    fields = []
    for cell in range(n_cells):
        kind = cell % 4
        field = Field(
            rng.uniform(20, 105),
            rng.uniform(15, 55),
            rng.uniform(4, 9),
            *((0.0, 0.0), (0.7, 0.0), (0.0, 0.7), (0.6, 0.6))[kind],
        )
        near = (columns - field.x_deg) ** 2 + (rows - field.y_deg) ** 2
        weight = np.exp(-near / (2 * field.radius_deg**2))
        chance = field.on * ((shown > 127) * weight).max(axis=(1, 2))
        chance += field.off * ((shown < 127) * weight).max(axis=(1, 2))
        fired = rng.random(len(table)) < 0.5 * chance
        events = np.zeros(out.shape[1])
        events[table["start"].to_numpy()[fired] + 4] = rng.gamma(4, 0.25, fired.sum())
        out[cell] += session.baseline[cell] * lfilter([0.4], [1, -np.exp(-1 / 15)], events)
        fields.append(field)
    return replace(session, fluorescence=out), fields
