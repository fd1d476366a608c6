"""Which cells of the geniculate a cortical cell listens to.

An excitatory cell has two elongated subfields side by side, one of sustained ON cells and one of transient
OFF cells; the ON one lies ahead in the preferred direction. The lag of the sustained response then makes up
for the shift, in that direction only. A PV cell listens to all classes in a round field.

References
----------
Lien and Scanziani 2018, Nature 558:80 (direction selectivity from sustained and transient inputs);
Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (layer 4 model); Billeh et al. 2020, Neuron
106:388 (V1 model: subfields of layer 4, counts of LGN classes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.network.lgn import LGN
from allentk.network.lgn_v1 import V1_LGN_COUNTS
from allentk.network.temporal import FILTER_CLASSES

__all__ = ["LGN_COUNTS", "Fields", "elongated_fields", "lgn_grid", "round_fields"]

Array = NDArray[np.float64]

#: Cells of every class, as in a tile of the V1 models without ON/OFF cells; tON is ours, for symmetry.
LGN_COUNTS = {name: V1_LGN_COUNTS.get(name, 5) for name in FILTER_CLASSES}

#: Sizes of LGN receptive fields in degrees, drawn evenly; the Gaussian's deviation is a third.
LGN_SIZE_DEG = (2.0, 9.0)

#: Subfields of excitatory cells in degrees: distance of the centres (4-6 in the V1 model, 10-11 in the
#: layer 4 model), short axis (as in the layer 4 model), and long over short axis (as in the V1 model).
DISTANCE_DEG, WIDTH_DEG, ASPECT = (6.0, 8.0), (6.0, 8.0), (3.4, 3.6)

#: Share of the transient OFF subfield in the input; its cells answer more weakly, the two should match.
OFF_SHARE = 0.65

#: Diameter of the round field of a PV cell, degrees, and the chance that a cell in it is listened to.
ROUND_DEG, ROUND_CHANCE = (10.0, 13.0), 0.5


@dataclass(frozen=True, slots=True)
class Fields:
    """Pairs of an LGN cell and a cortical cell, and each pair's share of the cell's LGN input."""

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    shares: Array


def lgn_grid(
    half_width_deg: float, half_height_deg: float, *, pitch_deg: float, rng: np.random.Generator
) -> LGN:
    """Return LGN cells on a jittered grid, of random classes in the proportions of ``LGN_COUNTS``."""
    columns = np.arange(-half_width_deg, half_width_deg + pitch_deg / 2, pitch_deg)
    rows = np.arange(-half_height_deg, half_height_deg + pitch_deg / 2, pitch_deg)
    x, y = (axis.ravel() for axis in np.meshgrid(columns, rows))
    n = x.size
    jitter = rng.uniform(-pitch_deg / 2, pitch_deg / 2, (2, n))
    share = np.array(list(LGN_COUNTS.values()), dtype=float)
    kind = rng.choice(share.size, n, p=share / share.sum())
    sigma = rng.uniform(*LGN_SIZE_DEG, n) / 3
    return LGN(x + jitter[0], y + jitter[1], sigma, kind)


def _classes(lgn: LGN, *, sustained: bool, sign: int) -> NDArray[np.bool_]:
    chosen = [c.sustained == sustained and c.sign == sign for c in lgn.classes]
    return np.array(chosen)[lgn.kind]


def _pairs(inside: NDArray[np.bool_], weight: float) -> Fields:
    """Return the pairs of a (cells, LGN) table; the shares of every cell that has some sum to `weight`."""
    targets, sources = np.nonzero(inside)
    count = inside.sum(axis=1)
    return Fields(sources, targets, weight / count[targets])


def elongated_fields(
    lgn: LGN, centres_deg: Array, direction_deg: Array, *, rng: np.random.Generator
) -> Fields:
    """Return the LGN input of direction-selective cells.

    Parameters
    ----------
    lgn : LGN
        The cells to choose from.
    centres_deg : ndarray, shape (n, 2)
        Centre of every receptive field.
    direction_deg : ndarray, shape (n,)
        Preferred direction of motion.
    rng : Generator
        Draws the geometry of every field.
    """
    n = direction_deg.size
    angle = np.deg2rad(direction_deg)
    distance, width, aspect = (rng.uniform(*of, n) for of in (DISTANCE_DEG, WIDTH_DEG, ASPECT))
    dx, dy = _offsets(lgn, centres_deg)
    along = dx * np.cos(angle)[:, None] + dy * np.sin(angle)[:, None]
    across = dy * np.cos(angle)[:, None] - dx * np.sin(angle)[:, None]
    across /= (aspect * width / 2)[:, None]
    parts = []
    for side, sustained, sign, share in (
        (0.5, True, 1, 1 - OFF_SHARE),
        (-0.5, False, -1, OFF_SHARE),
    ):
        ahead = (along - side * distance[:, None]) / (width / 2)[:, None]
        inside = (ahead**2 + across**2 <= 1.0) & _classes(lgn, sustained=sustained, sign=sign)
        parts.append(_pairs(inside, share))
    on, off = parts
    return Fields(
        np.concatenate([on.sources, off.sources]),
        np.concatenate([on.targets, off.targets]),
        np.concatenate([on.shares, off.shares]),
    )


def round_fields(lgn: LGN, centres_deg: Array, *, rng: np.random.Generator) -> Fields:
    """Return the LGN input of cells without a preference: some cells of all classes within a circle."""
    radius = rng.uniform(*ROUND_DEG, len(centres_deg)) / 2
    away = np.hypot(*_offsets(lgn, centres_deg))
    heard = rng.random(away.shape) < ROUND_CHANCE
    return _pairs((away <= radius[:, None]) & heard, 1.0)


def _offsets(lgn: LGN, centres_deg: Array) -> tuple[Array, Array]:
    """Return how far every LGN cell lies to the right of and above every centre, shape (n, n_lgn)."""
    return (
        lgn.x_deg[None, :] - centres_deg[:, :1],
        lgn.y_deg[None, :] - centres_deg[:, 1:],
    )


def reach_deg() -> float:
    """Return how far from its centre a receptive field may reach, degrees."""
    return math.ceil(ASPECT[1] * WIDTH_DEG[1] / 2 + DISTANCE_DEG[1] / 2)
