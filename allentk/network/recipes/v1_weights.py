"""Weights of the connections of the V1 models, from where both ends are and what they prefer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from allentk.network.edge_values import PairBlock
from allentk.network.visual_field import V1_DEG_PER_UM

__all__ = ["DirectionAndPhase", "ScreenedPotential"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScreenedPotential:
    """Weights such that potentials are lognormal, the larger the more alike the preferred directions are.

    Parameters
    ----------
    sign : int
        Of the weights.
    median_mv, shape : float
        Median and deviation of the logarithm of the potentials measured.
    size_median, size_mean, size_shape : float
        Synapses of the target's class: a cell of more of them has weaker ones, and what sizes vary is taken
        off what potentials vary.
    unit_mv : tuple of float
        Potential that 1 pA makes, of every model of the target.
    noise_deg : float
        Deviation of what blurs the preference.
    opposite : float, optional
        Chance of a connection at 90 degrees over that at 0; 1 where connections do not depend on it.

    Notes
    -----
    The rank of a potential among all is that of its difference in direction: who prefers the same has the
    largest. A target has ``relative_size``, its synapses over `size_mean`, in its node table.
    """

    sign: int
    median_mv: float
    shape: float
    size_median: float
    size_mean: float
    size_shape: float
    unit_mv: tuple[float, ...]
    noise_deg: float
    opposite: float = 1.0

    def __call__(self, pairs: PairBlock) -> Array:
        """Return a weight for every pair, pA."""
        apart = pairs.of_target("tuning_angle_deg") - pairs.of_source("tuning_angle_deg")
        apart += self.noise_deg * pairs.normal("tuning")
        np.abs(apart, out=apart)
        apart %= 360.0
        rank = 1.0 - difference_share(np.minimum(apart, 360.0 - apart), self.opposite)
        np.clip(rank, 1e-3, 1 - 1e-3, out=rank)
        width = math.sqrt(max(self.shape**2 - self.size_shape**2, 1e-6))
        median = self.sign * self.median_mv * self.size_median / self.size_mean
        unit = np.array(self.unit_mv)[pairs.of_target("model").astype(np.int64)]
        unit *= pairs.of_target("relative_size")
        weights: Array = median * np.exp(width * ndtri(rank)) / unit
        return weights


def difference_share(apart_deg: Array, opposite: float) -> Array:
    """Return the share of connections whose difference in direction is smaller.

    Parameters
    ----------
    apart_deg : ndarray
        Differences in direction, 0 to 180 degrees.
    opposite : float
        Chance of a connection at a difference of 90 degrees over that at 0 and 180, a line between.

    Examples
    --------
    >>> difference_share(np.array([0.0, 90.0, 180.0]), 0.5).tolist()
    [0.0, 0.5, 1.0]
    >>> difference_share(np.array([45.0]), 1.0).tolist()
    [0.25]
    """
    past = apart_deg - 90.0
    slope = (1.0 - opposite) / 90.0
    # of a line through `opposite` at 90 degrees that rises to 1 on both sides
    area = opposite * past + np.sign(past) * slope * past**2 / 2
    share: Array = 0.5 + area / (90.0 * (1.0 + opposite))
    return share


@dataclass(frozen=True, slots=True)
class DirectionAndPhase:
    """``peak exp(-(difference / sigma)^2)`` in direction, of cells whose fields lie side by side.

    Parameters
    ----------
    peak : float
        Weight of equal directions of cells that see the same.
    sigma_deg : float
        Difference in direction at which it is 1/e of that.
    phase : bool
        Whether it falls off with the distance of the receptive fields along the target's direction, with a
        deviation of 1 degree.

    Notes
    -----
    The factor ``5.5 / 4 - 11 / 1680 t``, t the angle of the preferred direction to the horizontal,
    evens out that a degree takes more cortex along z than along x.
    """

    peak: float
    sigma_deg: float
    phase: bool = False

    def __call__(self, pairs: PairBlock) -> Array:
        """Return a weight for every pair."""
        weights: Array = self.peak * np.exp(
            -((pairs.direction_difference_deg / self.sigma_deg) ** 2)
        )
        if not self.phase:
            return weights
        angle = pairs.of_target("tuning_angle_deg")
        turn = np.deg2rad(angle)
        ahead = V1_DEG_PER_UM[0] * pairs.offset_um("x") * np.cos(turn)
        ahead += V1_DEG_PER_UM[1] * pairs.offset_um("z") * np.sin(turn)
        weights *= np.exp(-(ahead**2) / 2)
        tilt = np.abs(np.abs(180.0 - angle % 360.0) - 90.0)
        weights *= 5.5 / 4.0 - 11.0 / 1680.0 * (90.0 - tilt)
        return weights
