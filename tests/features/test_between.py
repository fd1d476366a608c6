"""Times between samples, on slopes given as numbers."""

import numpy as np
import pytest

from allentk.features.between import between_samples
from allentk.features.detect import Criteria, detect

RATE = 1000.0


def between(slope, threshold, target, **index):
    """Columns of one spike on a voltage that is the sum of the slope."""
    v = np.concatenate([[0.0], np.cumsum(slope)])
    spikes = {"threshold_index": np.array([threshold]), "upstroke_index": np.array([3])}
    spikes["downstroke_index"] = np.array([np.nan])
    return between_samples(spikes | index, v, np.array(slope, float), RATE, np.array([target])), v


def test_a_threshold_is_where_the_slope_passes_its_target():
    """Slopes of 0 and 4 at 1.5 and 2.5 samples: 1 is a quarter of the way."""
    found, v = between([0.0, 0.0, 4.0, 8.0, 0.0], 1, 1.0)
    assert found["threshold_t"][0] * RATE == pytest.approx(1.75)
    assert found["threshold_v"][0] == pytest.approx(v[1] + 0.75 * (v[2] - v[1]))
    assert found["upstroke_t"][0] * RATE == 3.5
    assert np.isnan(found["downstroke_t"][0])


@pytest.mark.parametrize("target", [-1.0, 5.0])
def test_a_threshold_whose_slope_does_not_pass_stays_at_its_sample(target):
    found, v = between([0.0, 0.0, 4.0, 8.0, 0.0], 1, target)
    assert found["threshold_t"][0] * RATE == 1.0
    assert found["threshold_v"][0] == v[1]


def test_the_last_sample_is_no_way_out():
    found, v = between([0.0, 0.0, 0.0, 4.0], 3, 1.0)
    assert found["threshold_t"][0] * RATE == 3.0
    assert found["threshold_v"][0] == v[3]


def test_each_threshold_has_the_target_it_was_found_at():
    """The first spike creeps up for 20 ms, so that its threshold is looked for anew, at 5 %."""
    rate, rise, fall = 10_000.0, np.linspace(-50, 30, 11)[1:], np.linspace(30, -60, 13)[1:]
    creep = -60 + 10 * (np.arange(1, 201) / 200) ** 2 * 1.0
    spike = np.concatenate([rise, fall])
    v = np.concatenate([np.full(200, -60.0), creep, spike, np.full(400, -60.0), creep, spike])
    v = np.concatenate([v, np.full(400, -60.0)])
    slope = np.diff(v) * rate * 1e-3
    spikes = detect(
        v, slope, rate, (0, v.size - 1), criteria=Criteria(thresh_frac=0.01, max_interval_s=0.002)
    )
    assert spikes.peak.size == 2
    assert spikes.target == pytest.approx(0.05 * slope[spikes.upstroke].mean())
