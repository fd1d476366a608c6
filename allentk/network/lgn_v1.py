"""The lateral geniculate nucleus of the V1 models: 116 cells in each of 15 x 10 tiles of the screen.

References
----------
Billeh et al. 2020, Neuron 106:388. Counts and sizes are those of the tables of LGN models that come with
the V1 model of 2020 and, with sizes up to 9 degrees, that of 2026 (biorealistic-v1-model, BSD-3-Clause).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.network.lgn import LGN
from allentk.network.temporal import V1_CLASSES, FilterClass, TwoSubunitClass
from allentk.network.visual_field import SCREEN_LINEAR_DEG

__all__ = ["V1_LGN_COUNTS", "v1_lgn"]

#: Cells of every class in a tile.
V1_LGN_COUNTS = {
    "sON_TF1": 7,
    "sON_TF2": 5,
    "sON_TF4": 7,
    "sON_TF8": 15,
    "sOFF_TF1": 8,
    "sOFF_TF2": 8,
    "sOFF_TF4": 15,
    "sOFF_TF8": 8,
    "sOFF_TF15": 7,
    "tOFF_TF4": 10,
    "tOFF_TF8": 5,
    "tOFF_TF15": 8,
    "sONsOFF_001": 8,
    "sONtOFF_001": 5,
}

TILES = (15, 10)

#: Smallest and largest size of a receptive field of one subunit, degrees, by model; most are near 3.
SIZES_DEG = {"2020": (2.0, 10.0), "2026": (2.0, 9.0)}

#: Size of a receptive field of two subunits, degrees.
DOUBLE_SIZES_DEG = {"sONsOFF_001": 6.0, "sONtOFF_001": 9.0}

#: Greatest jitter: from 0.2 on, some kernel of a cell of two subunits would cross zero after its time.
MOST_JITTER = 0.15

Array = NDArray[np.float64]


def v1_lgn(
    *,
    variant: str = "2026",
    jitter: float = 0.0,
    within_deg: tuple[float, float] | None = None,
    seed: int = 0,
) -> tuple[LGN, pd.DataFrame]:
    """Return the 17,400 cells of the lateral geniculate nucleus of a V1 model, and their node table.

    Cells lie evenly within every tile of a screen of 240 x 120 linear degrees about the centre. The size
    of a receptive field is three deviations of its Gaussian; sizes are drawn from a triangle that peaks 1
    degree above the smallest.

    Parameters
    ----------
    variant : str
        ``"2026"`` or ``"2020"``: largest size 9 or 10 degrees.
    jitter : float
        Share by which weights, peaks and delays of each cell's kernels, and the distance of two subunits,
        are varied up and down; 0.025 in the published networks. The delays are then cut to whole ms.
    within_deg : (float, float), optional
        Keep only cells within this distance of the centre, across and up. Those kept are the same as of the
        whole screen.
    seed : int
        Draws everything.

    Returns
    -------
    lgn : LGN
        The source of a population.
    nodes : DataFrame
        ``x_deg``, ``y_deg``, ``sigma_deg``, ``cell_class``, and ``tuning_angle_deg`` of cells of two
        subunits.

    Raises
    ------
    DataError
        On an unknown variant, a jitter outside 0..0.15, or where no cell is left.

    Examples
    --------
    >>> lgn, nodes = v1_lgn(within_deg=(8.0, 6.0))
    >>> len(nodes), sorted(nodes["cell_class"].unique())[0]
    (116, 'sOFF_TF1')
    """
    if variant not in SIZES_DEG or not 0 <= jitter <= MOST_JITTER:
        raise DataError(
            f"v1_lgn: variant must be one of {sorted(SIZES_DEG)} and jitter lie in 0..{MOST_JITTER}, got "
            f"{variant!r} and {jitter}"
        )
    rng = np.random.default_rng(seed)
    names = [name for name, count in V1_LGN_COUNTS.items() for _ in range(count)]
    tiles = np.array([(i, j) for i in range(TILES[0]) for j in range(TILES[1])])
    kind = np.tile([list(V1_CLASSES).index(name) for name in names], len(tiles))
    corner = np.repeat(tiles, len(names), axis=0)
    size = np.array(SCREEN_LINEAR_DEG)
    place = (corner + rng.random(corner.shape)) * size / TILES - size / 2
    low, high = SIZES_DEG[variant]
    sizes = rng.triangular(low, low + 1, high, kind.size)
    axis = rng.uniform(0, 360, kind.size)
    factors = 1 + jitter * rng.uniform(-1, 1, (kind.size, 13))
    classes = list(V1_CLASSES.values())
    for at, of in enumerate(classes):
        if isinstance(of, TwoSubunitClass):
            sizes[kind == at] = DOUBLE_SIZES_DEG[of.name]
        else:
            axis[kind == at] = np.nan
    keep = np.ones(kind.size, dtype=bool)
    if within_deg is not None:
        keep = (np.abs(place) <= within_deg).all(axis=1)
    if not keep.any():
        raise DataError(f"v1_lgn: no cell lies within {within_deg} degrees of the centre")
    kind, factors = kind[keep], factors[keep]
    if jitter:
        pairs = zip(kind, factors, strict=True)
        classes = [_varied(classes[at], some) for at, some in pairs]
        kind = np.arange(kind.size)
    lgn = LGN(place[keep, 0], place[keep, 1], sizes[keep] / 3, kind, tuple(classes), axis[keep])
    return lgn, lgn.nodes()


def _varied(of: FilterClass | TwoSubunitClass, factors: Array) -> FilterClass | TwoSubunitClass:
    if isinstance(of, FilterClass):
        return _varied_kernel(of, factors)
    return replace(
        of,
        off=_varied_kernel(of.off, factors),
        on=_varied_kernel(of.on, factors[6:]),
        separation_deg=of.separation_deg * factors[12],
    )


def _varied_kernel(of: FilterClass, factors: Array) -> FilterClass:
    one, two = of.weights
    early, late = of.peaks_ms
    return replace(
        of,
        weights=(one * factors[0], two * factors[1]),
        peaks_ms=(early * factors[2], late * factors[3]),
        delays_ms=(int(of.delays_ms[0] * factors[4]), int(of.delays_ms[1] * factors[5])),
    )
