"""Every quirk of which the two definitions make different things changes a number."""

import dataclasses

import numpy as np
import pytest

from allentk import features
from allentk.data import Sweep, SweepSet
from allentk.features.quirks import QUIRKS
from allentk.features.subthreshold import resting_baseline
from tests.features.test_cell import step
from tests.features.waveforms import START_S, recording

SPIKING = recording(20_000.0)


def first(name, criteria=None):
    return lambda d: features.spikes(SPIKING, definition=d, criteria=criteria)[name].iloc[0]


def slow_rise(definition):
    """Threshold of a spike that creeps up for longer than a threshold may be before its peak."""
    creep = -70 + 30 * np.linspace(0, 1, 500)
    spike = np.concatenate([np.linspace(-40, 30, 25), np.linspace(30, -70, 25)])
    v = np.concatenate([np.full(1000, -70.0), creep, spike, np.full(1000, -70.0)])
    wanted = features.Criteria(thresh_frac=0.005)
    table = features.spikes(Sweep(v, 0 * v, 50_000.0), criteria=wanted, definition=definition)
    return table["threshold_index"].tolist()


def resistance(definition):
    sag = step(-50, 1), step(-90, 2)
    sag = [dataclasses.replace(s, voltage_mv=np.minimum(s.voltage_mv, -70)) for s in sag]
    for sweep in sag:
        sweep.voltage_mv.flags.writeable = True
        sweep.voltage_mv[sweep.index(1.3)] += 0.1 * sweep.amplitude_pa
    return features.long_squares(SweepSet(sag), definition=definition).input_resistance_mohm


def rest(definition):
    quiet = np.full(20_000, -70.0)
    return resting_baseline(Sweep(quiet, 0 * quiet, 20_000.0), definition=definition)


def hero(definition):
    steps = SweepSet([step(100, 1, spikes=(1.5,)), step(190, 2, spikes=(1.2, 1.5))])
    return features.cell(steps, definition=definition)["avg_isi"]


def short_square(definition):
    pulses = [(900, 1, 1.021), (900, 2, 1.021), (800, 3, 1.0225)]
    made = [step(pa, n, spikes=(at,), named="Short Square") for pa, n, at in pulses]
    return features.cell(SweepSet(made), definition=definition)["peak_t_short_square"]


def train(intervals, types):
    times = np.concatenate([[0.1], 0.1 + np.cumsum(intervals)])
    detour = np.array([*types, "direct"]) == "detour"
    return {
        "threshold_t": times,
        "threshold_v": np.full(times.size, -40.0),
        "isi_type": np.where(detour, "detour", "direct"),
        "fast_trough_t": times + 0.001,
        "slow_trough_t": np.where(detour, times + 0.02, np.nan),
        "slow_trough_v": np.where(detour, -60.0, np.nan),
    }


def pauses(definition):
    types = ["direct"] * 3 + ["detour"] * 5
    spikes = train([0.05, 0.05, 0.05, 0.051, 0.05, 0.9, 0.05, 0.051], types)
    return features.pauses(spikes, definition=definition).indices


def bursts(definition):
    """A burst that ends at a border without a slow trough; nothing is a pause at this price."""
    spikes = train([0.01, 0.011, 0.1, 0.1, 0.1, 0.11], ["direct"] * 2 + ["detour"] * 4)
    spikes["slow_trough_t"][2] = np.nan
    return features.bursts(spikes, pause_cost=1e6, definition=definition).ranges


def delay(definition):
    return features.delay(SPIKING, 0.05, START_S, definition=definition).tau_s


def flags(definition):
    trains = [(100, (1.5,)), (150, tuple(np.r_[1.3:1.4:0.02, 1.8:1.9:0.02]))]
    steps = SweepSet([step(pa, n, spikes=at) for n, (pa, at) in enumerate(trains)])
    return features.cell(steps, definition=definition)["has_pause"]


CHANGES = {
    "spike times": first("threshold_t"),
    "width": first("width"),
    "threshold too long before the peak": slow_rise,
    "input resistance": resistance,
    "baseline where no stimulus start is known": rest,
    "hero sweep": hero,
    "first spike of short squares": short_square,
    "pauses": pauses,
    "bursts": bursts,
    "delay": delay,
    "has_burst, has_pause, has_delay": flags,
}


def test_there_is_an_example_of_every_difference():
    differ = {quirk.feature for quirk in QUIRKS if quirk.allentk not in ("the same", quirk.allen)}
    assert differ - {"slow trough of a last spike"} == set(CHANGES)


@pytest.mark.parametrize("name", CHANGES)
def test_a_quirk_that_was_mended_changes_a_number(name):
    allen, allentk = (CHANGES[name](definition) for definition in ("allen", "allentk"))
    assert not np.array_equal(np.asarray(allen, float), np.asarray(allentk, float), equal_nan=True)


def test_both_columns_of_the_slow_trough_are_empty():
    for definition in ("allen", "allentk"):
        assert features.spikes(SPIKING, definition=definition)["slow_trough_v"].isna().iloc[-1]
