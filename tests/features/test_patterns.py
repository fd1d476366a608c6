"""Bursts, pauses and delay of one sweep, against each of them measured alone."""

import math

import numpy as np
import pytest

from allentk import features
from allentk.data import Sweep
from allentk.errors import FeatureError
from tests.features.waveforms import START_S, STOP_S, recording

RATE = 20_000.0


def trains(times):
    """Spikes after which nothing but the resting voltage follows, so that every interval is direct."""
    return recording(
        RATE, voltage=lambda t: -70 + sum(95 * np.exp(-(((t - at) / 4e-4) ** 2)) for at in times)
    )


#: One pause of 0.2 s in a train of intervals of 20 ms.
PAUSED_S = (*(0.35 + 0.02 * k for k in range(6)), *(0.65 + 0.02 * k for k in range(6)))


@pytest.mark.parametrize("definition", ["allen", "allentk"])
def test_the_patterns_are_those_of_the_spikes(definition):
    sweep = trains(PAUSED_S)
    found = features.patterns(sweep, definition=definition)
    spikes = features.spikes(sweep, start_s=START_S, end_s=STOP_S, definition=definition)
    latency = features.train(spikes, START_S, STOP_S)["latency"]
    late = features.delay(sweep, latency, START_S, definition=definition)
    assert found["n_pauses"] == 1
    assert found["pause_fraction"] == pytest.approx(0.2 / 0.5, abs=1e-3)
    assert found["n_bursts"] == features.bursts(spikes, definition=definition).n
    assert (found["delay_ratio"], found["delay_tau"]) == (late.ratio, late.tau_s)


def test_criteria_and_definition_count():
    sweep = trains(PAUSED_S)
    strict = features.patterns(sweep, criteria=features.Criteria(min_peak_mv=100.0))
    assert strict["n_pauses"] == 0
    assert math.isnan(strict["delay_ratio"])
    published, mended = (features.patterns(sweep, definition=d) for d in ("allen", "allentk"))
    assert published["delay_tau"] != mended["delay_tau"]


def test_what_has_no_patterns():
    with pytest.raises(FeatureError, match="voltage-clamp"):
        features.patterns(Sweep([-70.0] * 500, [0.0] * 500, 1e4, clamp="voltage"))
    with pytest.raises(FeatureError, match="definition"):
        features.patterns(recording(RATE), definition="ipfx")
