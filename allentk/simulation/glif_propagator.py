"""What one time step does to a GLIF neuron: the exact solution for a current held within the step."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allentk.models import GLIFParameters

__all__ = ["Propagator", "alpha_gains", "convolved", "propagator", "refractory_steps"]

Array = NDArray[np.float64]

_SERIES_BELOW, _SERIES_TERMS = 0.5, 16
#: Rates nearer than this part of one leave too few digits in their difference.
_NEARLY_EQUAL = 1e-3


class Propagator(NamedTuple):
    """Coefficients of one step; voltages in mV relative to rest, currents in pA.

    With v, ths, thv and asc the state at the begin of the step and I the current within it::

        v    <- leak v + push I + sum_j asc_push_j asc_j
        thv  <- thv_decay thv + thv_of_v v + thv_of_current I + sum_j thv_of_asc_j asc_j
        ths  <- ths_decay ths                                 asc_j <- asc_decay_j asc_j

    and after a spike, ``n_ref`` steps later::

        v    <- reset_a v + reset_b                           ths   <- ths_keep ths + ths_add
        asc_j <- asc_keep_j asc_j + asc_amp_j
    """

    n_ref: int
    th_inf: float
    leak: float
    push: float
    reset_a: float
    reset_b: float
    ths_add: float
    ths_decay: float
    ths_keep: float
    thv_decay: float
    thv_of_v: float
    thv_of_current: float
    asc_amp: Array
    asc_keep: Array
    asc_decay: Array
    asc_push: Array
    thv_of_asc: Array


def convolved(step: float, *rates: float) -> float:
    """Return the convolution of two or three decays ``exp(-rate t)`` at ``t = step``.

    Equal rates, and nearly equal ones, are no singularity.

    Examples
    --------
    >>> round(convolved(1.0, 2.0, 2.0), 12) == round(math.exp(-2), 12)
    True
    >>> convolved(1.0, 0.0, 0.0, 0.0)
    0.5
    """
    slow, *others = sorted(rate * step for rate in rates)
    spread = [rate - slow for rate in others]
    if len(spread) == 1:
        return step * math.exp(-slow) * _fill(spread[0])
    near, far = spread
    if far < _SERIES_BELOW:
        unit = _series(near, far)
    else:
        # exp(-near) * _fill(far - near) is the pair of the two faster decays.
        unit = (_fill(near) - math.exp(-near) * _fill(far - near)) / far
    return step * step * math.exp(-slow) * unit


def _fill(x: float) -> float:
    return -math.expm1(-x) / x if x else 1.0


def _series(near: float, far: float) -> float:
    """Convolution of 1, exp(-near t) and exp(-far t) at 1, by powers of the rates."""
    total, term, power, factorial = 0.0, 1.0, 1.0, 2.0
    for n in range(_SERIES_TERMS):
        total += term / factorial
        power *= -near
        term = power - far * term
        factorial *= n + 3
    return total


def alpha_gains(step: float, tau: float, other: float) -> tuple[float, float]:
    """Return what the flow, and its rise, of an alpha current add to a unit membrane in one step.

    The current is ``(flow + rise t) exp(-t / other)``; the membrane of time constant `tau` relaxes to it.

    Parameters
    ----------
    step, tau, other : float
        Time step and both time constants in seconds.

    Returns
    -------
    of_flow, of_rise : float
        The second in seconds.

    Examples
    --------
    >>> of_flow, of_rise = alpha_gains(1e-4, 0.02, 0.002)
    >>> round(of_flow, 7), round(1e6 * of_rise, 7)
    (0.0048648, 0.241415)
    """
    rate, slow = 1 / tau, 1 / other
    if abs(rate - slow) < _NEARLY_EQUAL * rate:
        flow = rate * convolved(step, rate, slow)
    else:
        flow = rate * (math.exp(-step * slow) - math.exp(-step * rate)) / (rate - slow)
    d = (slow - rate) * step
    if abs(d) < 1e-3:
        ramp = 0.5 - d / 3.0 + d * d / 8.0 - d * d * d / 30.0
    else:
        ramp = (1.0 - (1.0 + d) * math.exp(-d)) / (d * d)
    return flow, math.exp(-step / tau) * ramp * step * step / tau


def refractory_steps(parameters: GLIFParameters, dt_s: float) -> int:
    """Return the refractory time in whole steps, the nearest to it.

    A spike is noticed at the end of its step, so a cell is silent from there for ``t_ref_s`` give or
    take half a step; everything that decays through the silence decays as long as it lasts.
    """
    return round(parameters.t_ref_s / dt_s)


def propagator(parameters: GLIFParameters, dt_s: float) -> Propagator:
    """Return what a step of `dt_s` seconds does to a cell.

    Parameters
    ----------
    parameters : GLIFParameters
        The cell.
    dt_s : float
        Time step in seconds.

    Returns
    -------
    Propagator
        Exact for a current that is held within the step, whatever the step.

    Examples
    --------
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3)
    >>> step = propagator(cell, 1e-3)
    >>> round(step.leak, 4), round(step.push, 6), step.n_ref
    (0.9512, 0.009754, 3)
    """
    p = parameters
    gain, rate = p.R_mohm * 1e-3, 1 / p.tau_m_s
    drive, slow = p.th_voltage_a_per_s, p.th_voltage_b_per_s
    n_ref = refractory_steps(p, dt_s)
    tau = np.array(p.asc_tau_s, dtype=float)
    # The voltage is gain * rate times a current convolved with exp(-rate t).
    scale = gain * rate
    return Propagator(
        n_ref=n_ref,
        th_inf=p.th_inf_mv,
        leak=math.exp(-dt_s * rate),
        push=-gain * math.expm1(-dt_s * rate),
        reset_a=p.reset_a,
        reset_b=p.reset_b_mv,
        ths_add=p.th_spike_a_mv,
        ths_decay=math.exp(-p.th_spike_b_per_s * dt_s),
        ths_keep=math.exp(-p.th_spike_b_per_s * dt_s * n_ref),
        thv_decay=math.exp(-slow * dt_s),
        thv_of_v=drive * convolved(dt_s, rate, slow),
        thv_of_current=drive * scale * convolved(dt_s, rate, slow, 0.0),
        asc_amp=np.array(p.asc_amp_pa, dtype=float),
        asc_keep=np.array(p.asc_r, dtype=float) * np.exp(-dt_s * n_ref / tau),
        asc_decay=np.exp(-dt_s / tau),
        asc_push=np.array([scale * convolved(dt_s, rate, 1 / x) for x in p.asc_tau_s]),
        thv_of_asc=np.array(
            [drive * scale * convolved(dt_s, rate, slow, 1 / x) for x in p.asc_tau_s]
        ),
    )
