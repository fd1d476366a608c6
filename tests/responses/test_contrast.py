"""Contrast tuning: the contrast of half of the gain."""

import numpy as np
import pytest

from allentk import responses
from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.responses.contrast import half_saturation
from tests import planted
from tests.responses.test_trial_mean import CONTRASTS, EXPECTED


def test_contrast_of_half_the_gain_is_found():
    table, rates, _ = EXPECTED["contrast_tuning"]
    dff = planted.traces(table, rates)
    cells = responses.contrast_tuning(dff, table)
    assert cells["c50"][0] == pytest.approx(0.15, rel=1e-3)
    assert cells["c50_exponent"][0] == pytest.approx(2.0, rel=1e-2)
    assert cells["c50_r_squared"][0] == pytest.approx(1.0, abs=1e-6)
    rounded = responses.contrast_tuning(planted.spikes(table, rates), table)
    assert rounded["c50"][0] == pytest.approx(0.15, rel=0.03)  # whole spikes
    percent = StimulusTable(table.table.assign(contrast=100 * table.table["contrast"]))
    with pytest.raises(DataError, match="divided by 100"):
        responses.contrast_tuning(dff, percent)


def test_c50_against_scipy():
    from scipy.optimize import curve_fit

    def curve(c, base, gain, c50, n):
        return base + gain * c**n / (c**n + c50**n)

    c = np.array(CONTRASTS)
    rng = np.random.default_rng(3)
    noisy = [curve(c, 2.0, 10.0, k, n) + rng.normal(0, 0.3, 9) for k, n in ((0.1, 2), (0.3, 3))]
    c50, exponent, _ = half_saturation(c, noisy)
    for cell, r in enumerate(noisy):
        wanted, _ = curve_fit(curve, c, r, p0=(1.0, 10.0, 0.2, 2.0), maxfev=20_000)
        assert (c50[cell], exponent[cell]) == pytest.approx((wanted[2], wanted[3]), rel=2e-3)
    falls = half_saturation(c, [-c, np.ones(9), np.full(9, np.nan)])
    assert np.isnan(falls).all()
    assert np.isnan(half_saturation([0.1, 0.5, 1.0], [[1.0, 2.0, 3.0]])).all()
    assert np.isnan(half_saturation(np.zeros(9), [c])).all()
    for wrong, curves in ((c, [np.ones(8)]), (c - 0.1, [c]), (c, c)):
        with pytest.raises(DataError, match="half_saturation: expected curves"):
            half_saturation(wrong, curves)
