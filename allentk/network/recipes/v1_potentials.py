"""What a synaptic current does to the voltage of a model cell, in closed form.

The current is a sum of alpha functions ``w (t / tau) exp(1 - t / tau)``, the membrane one time constant:

    v(t) = R e a b (exp(-b t) - exp(-a t) (1 + d t)) / d^2,   a = 1 / tau,  b = 1 / (R C),  d = a - b

for each of them. From its course follow the peak of the potential, which published connections are
told by, and the mean and variance that Poisson trains of it have (Campbell's theorem).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from allentk.models import GLIFParameters
from allentk.network.projection import Receptor

__all__ = ["Potential", "potential_of"]

_POINTS, _SPAN = 6000, 15.0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Potential:
    """A postsynaptic potential of a peak current of 1 pA.

    Parameters
    ----------
    peak_mv : float
        Its peak, mV, without sign.
    area_mv_s : float
        Its integral: the mean voltage that trains of 1 Hz make.
    square_mv2_s, slope_mv2_per_s : float
        Integrals of its square and of the square of its slope: variances that trains of 1 Hz make.
    """

    peak_mv: float
    area_mv_s: float
    square_mv2_s: float
    slope_mv2_per_s: float


@lru_cache(maxsize=4096)
def potential_of(model: GLIFParameters, receptor: Receptor) -> Potential:
    """Return the potential that a current of 1 pA peak makes in a cell at rest.

    Examples
    --------
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> found = potential_of(cell, Receptor(tau_s=0.002, sign=1))
    >>> round(found.peak_mv, 4), round(found.area_mv_s / (0.2 * 2.718281828 * 0.002), 3)
    (0.0393, 1.0)
    """
    slowest = max(model.tau_m_s, *(tau for tau, _ in receptor.parts))
    time = np.linspace(0.0, _SPAN * slowest, _POINTS)
    course = np.zeros_like(time)
    current = np.zeros_like(time)
    for tau, share in receptor.parts:
        course += share * _course(time, model.R_mohm * 1e-3, model.tau_m_s, tau)
        current += share * time / tau * np.exp(1 - time / tau)
    slope = (model.R_mohm * 1e-3 * current - course) / model.tau_m_s
    return Potential(
        float(course.max()),
        model.R_mohm * 1e-3 * receptor.charge_per_peak_s,
        float(np.trapezoid(course**2, time)),
        float(np.trapezoid(slope**2, time)),
    )


def _course(time: Array, resistance: float, membrane_s: float, tau_s: float) -> Array:
    a, b = 1 / tau_s, 1 / membrane_s
    d = a - b
    if abs(d) < 1e-6 * a:
        gone = time**2 / 2 * np.exp(-b * time)
    else:
        gone = (np.exp(-b * time) - np.exp(-a * time) * (1 + d * time)) / d**2
    course: Array = resistance * math.e * a * b * gone
    return course
