"""Where things are seen: screens, linear degrees, and the map of the visual field on the cortex.

Models of the primary visual cortex place receptive fields in linear degrees: the distance on a flat
screen from its centre, divided by the distance of the eye, times 180 / pi. Near the centre they are
degrees. Positions here are relative to the centre of the screen, to the right and up.

References
----------
Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (layer 4); Billeh et al. 2020, Neuron 106:388
(V1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import DataError

__all__ = [
    "FULL_SCREEN",
    "SCREEN_LINEAR_DEG",
    "V1_DEG_PER_UM",
    "Screen",
    "angle_to_linear",
    "layer4_field_deg",
    "linear_to_angle",
    "v1_field_deg",
]

#: Width and height of the screen of the layer 4 and V1 models, linear degrees.
SCREEN_LINEAR_DEG = (240.0, 120.0)

#: Degrees of visual angle per um of cortex in the V1 models, along x and z.
V1_DEG_PER_UM = (0.07, 0.04)

#: Part of the visual field that the layer 4 model's cylinder maps, linear degrees, and its radius, um.
LAYER4_FIELD_DEG, LAYER4_RADIUS_UM = (140.0, 70.0), 846.2843753216345

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen about the centre of the visual field.

    Parameters
    ----------
    width_deg, height_deg : float
        Its size.
    pitch_deg : float
        Distance of its pixels; at most the deviation of the narrowest receptive field.

    Raises
    ------
    DataError
        Where it has not at least 2 x 2 pixels.

    Examples
    --------
    >>> Screen(4.0, 2.0, 1.0).y_deg
    array([ 1.,  0., -1.])
    """

    width_deg: float = SCREEN_LINEAR_DEG[0]
    height_deg: float = SCREEN_LINEAR_DEG[1]
    pitch_deg: float = 0.5

    def __post_init__(self) -> None:
        small = min(self.width_deg, self.height_deg)
        if not (math.isfinite(self.width_deg + self.height_deg) and 0 < self.pitch_deg <= small):
            raise DataError(f"{self!r}: sizes must be finite, pitch_deg positive and no larger")

    @property
    def x_deg(self) -> Array:
        """Columns of pixels, from left to right."""
        return _pixels(self.width_deg, self.pitch_deg)

    @property
    def y_deg(self) -> Array:
        """Rows of pixels, from the top down."""
        return _pixels(self.height_deg, self.pitch_deg)[::-1]


def _pixels(length: float, pitch: float) -> Array:
    count = int(length / pitch + 1e-9) + 1
    centred: Array = (np.arange(count, dtype=float) - (count - 1) / 2) * pitch
    return centred


#: The whole screen of the models.
FULL_SCREEN = Screen()


def angle_to_linear(angle_deg: ArrayLike) -> Array:
    """Return linear degrees of visual angles, both from the centre of the screen.

    Examples
    --------
    >>> angle_to_linear([0.0, 10.0, 45.0]).round(2)
    array([ 0. , 10.1, 57.3])
    """
    return np.asarray(np.rad2deg(np.tan(np.deg2rad(np.asarray(angle_deg, dtype=float)))), float)


def linear_to_angle(linear_deg: ArrayLike) -> Array:
    """Return visual angles of linear degrees."""
    return np.asarray(np.rad2deg(np.arctan(np.deg2rad(np.asarray(linear_deg, dtype=float)))), float)


def v1_field_deg(x_um: ArrayLike, z_um: ArrayLike, *, linear: bool = True) -> tuple[Array, Array]:
    """Return where cells of the V1 models have their receptive fields.

    Parameters
    ----------
    x_um, z_um : array_like, shape (n,)
        Place in the plane of the cortex, from its middle.
    linear : bool
        Linear degrees, as in the model of 2020; else angles, which that of 2026 takes for them.

    Returns
    -------
    x_deg, y_deg : ndarray, shape (n,)
    """
    angles = (
        np.asarray(at, dtype=float) * scale
        for at, scale in zip((x_um, z_um), V1_DEG_PER_UM, strict=True)
    )
    x, y = (angle_to_linear(angle) if linear else angle for angle in angles)
    return x, y


def layer4_field_deg(
    x_um: ArrayLike, y_um: ArrayLike, radius_um: float = LAYER4_RADIUS_UM
) -> tuple[Array, Array]:
    """Return where cells of the layer 4 model have their receptive fields, linear degrees.

    Parameters
    ----------
    x_um, y_um : array_like, shape (n,)
        Place in the plane of the cortex, from its middle.
    radius_um : float
        Of the cylinder, whose diameter maps 140 x 70 linear degrees.
    """
    scale = tuple(size / (2 * radius_um) for size in LAYER4_FIELD_DEG)
    x, y = np.asarray(x_um, dtype=float) * scale[0], np.asarray(y_um, dtype=float) * scale[1]
    return x, y
