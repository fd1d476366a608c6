"""Convolutions of decays against the corner of a matrix exponential, equal rates and all."""

import itertools

import numpy as np
import pytest
from scipy.linalg import expm

from allentk.simulation.glif_propagator import alpha_gains, convolved


def divided(*rates):
    """Convolution of decays over one second, as the corner of a matrix exponential."""
    return expm(np.diag([-rate for rate in rates]) + np.diag(np.ones(len(rates) - 1), -1))[-1, 0]


@pytest.mark.parametrize(
    "rates",
    [
        (1.0, 1.0, 1.0),
        (0.0, 0.0, 0.3),
        (0.02, 0.020001, 0.3),
        (2.0, 2.0, 7.0),
        (2.0, 7.0, 7.0 + 1e-9),
        (0.0, 0.4999, 0.4999),
        (0.0, 0.5001, 0.5001),
        (50.0, 0.1, 300.0),
        (3.0, 3.0 + 1e-9),
        (0.1, 40.0),
    ],
)
def test_convolutions_of_decays(rates):
    for order in itertools.permutations(rates):
        assert convolved(1.0, *order) == pytest.approx(divided(*rates), rel=2e-13)
    halves = convolved(0.5, *(2 * rate for rate in rates))
    assert halves == pytest.approx(0.5 ** (len(rates) - 1) * divided(*rates), rel=2e-13)


@pytest.mark.parametrize("shift", [0.0, 5e-10, 2e-9, 1e-8, 1e-5, 9e-4, 1.1e-3, 0.3, -0.9])
def test_gains_of_an_alpha_current_are_convolutions(shift):
    step, tau = 1e-4, 0.02
    rate, slow = 1 / tau, 1 / (tau * (1 + shift))
    flow, rise = alpha_gains(step, tau, tau * (1 + shift))
    assert flow == pytest.approx(rate * convolved(step, rate, slow), rel=1e-10)
    assert rise == pytest.approx(rate * convolved(step, rate, slow, slow), rel=1e-9)
