"""Triple short squares; all sweeps synthetic."""

import math

import numpy as np
import pytest

from allentk import features
from allentk.data import Sweep, SweepSet
from tests.features.vector_sweeps import pulse_of

RATE = 50_000.0
STIMULUS = "Short Square - Triple"
STARTS_S = (0.1, 0.12, 0.14)


def triple(number=1, *, fires=(True, True, True), starts_s=STARTS_S, noise_pa=0.0, **fields):
    """Pulses of 3 ms and 900 pA; a spike from -45 mV comes 1 ms after the start of those that fire."""
    v, i = np.full(20_000, -70.0), np.zeros(20_000)
    i += noise_pa * np.random.default_rng(number).standard_normal(i.size)
    for start, spike in zip(starts_s, fires, strict=True):
        first = round(start * RATE)
        i[first : first + 150] += 900.0
        if spike:
            shape = np.concatenate([np.linspace(-70, -45, 50), pulse_of(30.0, RATE)[:100]])
            v[first : first + 150] = shape
            v[first + 150 :] = -70 + 5 * np.exp(-np.arange(v.size - first - 150) / 200)
    said = {"stimulus": STIMULUS, "amplitude_pa": 900.0, "start_s": 0.1, "stop_s": 0.143} | fields
    return Sweep(v, i, RATE, number=number, **said)


def table(*sweeps, **options):
    return features.triples(SweepSet(sweeps), **options)


@pytest.mark.parametrize("fires", [(True, True, True), (True, False, True), (False, False, False)])
def test_spikes_are_counted_pulse_by_pulse(fires):
    row = table(triple(fires=fires)).iloc[0]
    assert row["error"] == ""
    assert row["interval"] == pytest.approx(0.02)
    for pulse, fired in enumerate(fires, 1):
        assert row[f"n_spikes_{pulse}"] == fired
        latency, threshold = row[f"latency_{pulse}"], row[f"threshold_v_{pulse}"]
        assert math.isnan(latency) != fired
        assert math.isnan(threshold) != fired
        if fired:
            assert 0 < latency < 0.002


def test_a_measured_current_tells_the_pulses_and_their_amplitude():
    row = table(triple(noise_pa=5.0, amplitude_pa=math.nan)).iloc[0]
    assert row["amplitude_pa"] == pytest.approx(900.0, abs=3)
    assert [row[f"n_spikes_{pulse}"] for pulse in (1, 2, 3)] == [1, 1, 1]


def test_mended_thresholds_lie_between_samples():
    published = table(triple())["latency_1"].item()
    mended = table(triple(), definition="allentk")["latency_1"].item()
    assert 0 < abs(mended - published) <= 1.5 / RATE
    assert published * RATE == pytest.approx(round(published * RATE), abs=1e-6)


def test_a_sweep_that_is_no_triple_costs_itself():
    double = triple(2, fires=(True, True), starts_s=STARTS_S[:2])
    unknown = triple(3, start_s=math.nan, stop_s=math.nan)
    found = table(unknown, double, triple(1))
    assert found["number"].tolist() == [1, 2, 3]
    assert found["error"].iloc[0] == ""
    assert "expected 3 pulses" in found["error"].iloc[1]
    assert "no stimulus window" in found["error"].iloc[2]
    assert list(found.columns) == list(features.TRIPLE_COLUMNS)
