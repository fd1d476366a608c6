"""The lateral geniculate nucleus of the layer 4 model: transient ON, OFF and ON/OFF filters.

A filter sees ``3 G(s) - 2 G(2 s)``, G a Gaussian of unit integral: the difference of Gaussians of heights
1.2 and 0.2 and deviations s and 2 s, scaled to unit integral. Its kernel in time is ``k t exp(-k t) (1 -
(k t)^2 / 6)``. An ON/OFF cell has an ON and an OFF filter side by side, of rate ``max(0, max(0, r0 + on)
+ max(0, r0 + off) - r0)``.

References
----------
Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535; figures as in the code published with it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.network.filters import Filters
from allentk.network.gaussians import Gaussians
from allentk.network.visual_field import SCREEN_LINEAR_DEG

__all__ = ["LAYER4_CLASSES", "layer4_kernel", "layer4_lgn"]

#: Classes, in order of the nodes.
LAYER4_CLASSES = ("transient_ON", "transient_OFF", "transient_ON_OFF")

#: Length of the kernel, steps of 1 ms, and the rate k of its decay, per ms.
KERNEL_MS, K_PER_MS = 500, 0.038

#: Deviation of the centre, linear degrees; weights of centre and surround; surround over centre.
SIGMA_DEG, WEIGHTS, SURROUND = (2.0, 3.0), (3.0, -2.0), 2.0

#: Distance of the filters of an ON/OFF cell, linear degrees.
DISTANCE_DEG = (3.5, 5.0)

#: Rate on a gray screen, Hz.
SPONTANEOUS_HZ = 4.5

#: The published scaling is per gray level (127.5 of them for a contrast of 1) and per square pixel (0.8
#: pixels per linear degree).
_GRAY_LEVELS, _PIXELS_PER_DEG = 127.5, 0.8
SCALING = {"transient_ON": 0.0051, "transient_OFF": 0.0051, "transient_ON_OFF": 0.003}

Array = NDArray[np.float64]


def layer4_kernel(k_per_ms: Array) -> Array:
    """Return kernels in time, one value per ms of the past, shape ``(n, 500)``."""
    kt = np.asarray(k_per_ms, dtype=float)[:, None] * np.arange(KERNEL_MS)
    kernel: Array = kt * np.exp(-kt) * (1 - kt**2 / 6)
    return kernel


def layer4_lgn(*, n_per_class: int = 3000, seed: int = 150) -> tuple[Filters, pd.DataFrame]:
    """Return the 9,000 filters of the layer 4 model, and their node table.

    They lie evenly on a screen of 240 x 120 linear degrees about the centre. Spontaneous rate and answer
    vary by 10 %, k by 1 %. The published model varies the answer by another 10 % with every stimulus:
    ``filters.scaled(factors)`` does.

    Parameters
    ----------
    n_per_class : int
        Cells of each of ``LAYER4_CLASSES``, which follow each other.
    seed : int
        Draws everything; 150, 5 and 12345 name the published instances, whose very cells another generator
        drew.

    Returns
    -------
    filters : Filters
        The source of a population.
    nodes : DataFrame
        ``x_deg``, ``y_deg`` (linear degrees), ``sigma_deg`` (of the centre), ``cell_class``, and of
        ON/OFF cells ``tuning_angle_deg``, where the OFF filter lies from the ON filter, and
        ``separation_deg``.

    Raises
    ------
    DataError
        Where there is no cell.

    Examples
    --------
    >>> filters, nodes = layer4_lgn(n_per_class=10)
    >>> filters, len(nodes)
    (<Filters: 30 cells of 40 subunits>, 30)
    """
    if n_per_class < 1:
        raise DataError(f"layer4_lgn: n_per_class must be at least 1, got {n_per_class}")
    rng = np.random.default_rng(seed)
    n = len(LAYER4_CLASSES) * n_per_class
    kind = np.repeat(np.arange(len(LAYER4_CLASSES)), n_per_class)
    x, y = ((rng.random(n) - 0.5) * size for size in SCREEN_LINEAR_DEG)
    sigma = rng.uniform(*SIGMA_DEG, n)
    angle = np.where(kind == 2, rng.uniform(0, 360, n), np.nan)
    distance = np.where(kind == 2, rng.uniform(*DISTANCE_DEG, n), np.nan)
    base = SPONTANEOUS_HZ * rng.uniform(0.9, 1.1, n)
    scaling = np.array([SCALING[name] for name in LAYER4_CLASSES])[kind] * rng.uniform(0.9, 1.1, n)
    kernels = layer4_kernel(K_PER_MS * rng.uniform(0.99, 1.01, n))
    nodes = {
        "x_deg": x,
        "y_deg": y,
        "sigma_deg": sigma,
        "cell_class": np.array(LAYER4_CLASSES)[kind],
        "tuning_angle_deg": angle,
        "separation_deg": distance,
    }
    cell = np.repeat(np.arange(n), np.where(kind == 2, 2, 1))
    off = np.where(kind[cell] == 2, np.diff(cell, prepend=-1) == 0, kind[cell] == 1)
    # The filters of an ON/OFF cell lie half their distance on either side of its place.
    away = np.where(kind == 2, distance / 2, 0.0)[cell] * np.where(off, 1.0, -1.0)
    axis = np.deg2rad(np.where(kind == 2, angle, 0.0))[cell]
    fields = Gaussians(
        x[cell] + away * np.cos(axis),
        y[cell] + away * np.sin(axis),
        sigma[cell, None] * (1.0, SURROUND),
        np.tile(WEIGHTS, (cell.size, 1)),
    )
    gain = scaling * _GRAY_LEVELS / _PIXELS_PER_DEG**2
    filters = Filters(
        fields,
        cell,
        cell,
        kernels,
        np.where(off, -1.0, 1.0) * gain[cell],
        base[cell],
        np.where(kind == 2, base, 0.0),
    )
    return filters, pd.DataFrame(nodes)
