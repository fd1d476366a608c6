"""Spikes to fluorescence: closed forms, noise of the level asked for, a network seen as a session."""

import numpy as np
import pytest

from allentk.benchmark.forward import imaged, to_fluorescence
from allentk.benchmark.indicators import INDICATORS, Indicator, SpikeToCalcium
from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses import drifting_gratings
from allentk.responses.traces import noise_std

SPIKES = SpikeTrains([0.111, 0.123, 0.5, 0.9], [0, 0, 1, 0], 3)
PLAIN = Indicator(0.05, 0.4)


def seen(indicator, spikes=SPIKES, duration_s=2.0, **how):
    return to_fluorescence(spikes, duration_s, indicator=indicator, **how)


def calcium(times, at, tau):
    return sum(np.where(at >= t, np.exp(-(at - t) / tau), 0.0) for t in times)


def test_calcium_decays_exactly_between_spikes_and_frames():
    traces = seen(PLAIN)
    assert traces.unit == "F"
    assert np.diff(traces.time_s) == pytest.approx(1 / 30.08)
    assert traces.values[0] - 1 == pytest.approx(
        0.05 * calcium([0.111, 0.123, 0.9], traces.time_s, 0.4), abs=1e-12
    )
    assert (traces.values[2] == 1).all()


def test_a_spike_on_a_frame_is_seen_by_it():
    traces = seen(PLAIN, SpikeTrains([10 / 30.08], [0], 1))
    assert traces.values[0, 9] == 1
    assert traces.values[0, 10] == pytest.approx(1.05, abs=1e-6)


@pytest.mark.parametrize(("name", "one"), [("GCaMP6f", 0.0341), ("GCaMP6s", 0.113), ("OGB", 0.049)])
def test_one_spike_has_the_amplitude_and_two_follow_the_polynomial(name, one):
    a, b = INDICATORS[name].polynomial
    for n in (1, 2, 3):
        traces = seen(name, SpikeTrains(np.zeros(n), np.zeros(n, int), 1))
        wanted = one * ((1 - a - b) * n + a * n**2 + b * n**3)
        assert traces.values[0, 0] - 1 == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("name", ["GCaMP6s", Indicator(0.1, 1.0, polynomial=(-0.05, 0.0))])
def test_fluorescence_never_falls_with_more_spikes(name):
    """The cubic of GCaMP6s turns at 9.8 spikes, the square at 10.5."""
    peaks = [
        seen(name, SpikeTrains(np.zeros(n), np.zeros(n, int), 1)).values[0, 0] for n in range(1, 30)
    ]
    assert (np.diff(peaks) >= 0).all()


def test_hill_and_saturation():
    free = (0.3 + 2) ** 2.2 - 0.3**2.2
    hill = Indicator(0.1, 0.4, hill=2.2, rest=0.3, saturation=0.1)
    traces = seen(hill, SpikeTrains([0.0, 0.0], [0, 0], 1))
    assert traces.values[0, 0] - 1 == pytest.approx(0.1 * free / (1 + 0.1 * free))


def test_a_rise_is_slower_and_ends_where_it_should():
    slow = seen(Indicator(0.05, 5.0, rise_s=0.2))
    fast = seen(Indicator(0.05, 5.0))
    first = int(np.searchsorted(slow.time_s, 0.5))
    assert slow.values[1, first] < fast.values[1, first]
    assert slow.values[1, -1] == pytest.approx(fast.values[1, -1], rel=0.01)


@pytest.mark.parametrize("form", ["linear", "hill", "sigmoid"])
def test_spike_to_calcium_models(form):
    model = SpikeToCalcium(form, 2.0, decay_s=0.5, rise_s=0.05, half=0.3, steepness=2.0)
    traces = seen(model)
    late = traces.time_s[:, None] - np.array([0.111, 0.123, 0.9])
    c = np.where(late > 0, np.exp(-late / 0.5) * (1 - np.exp(-late / 0.05)), 0.0).sum(axis=1)
    wanted = {
        "linear": 2 * c,
        "hill": 2 * c**2 / (c**2 + 0.3),
        "sigmoid": 2 / (1 + np.exp(-(c - 0.3) * 2)),
    }[form]
    assert traces.values[0] - 1 == pytest.approx(wanted, abs=1e-12)


def test_noise_is_measured_as_asked_for():
    silent = SpikeTrains([], [], 3)
    traces = seen(PLAIN, silent, 1500.0, noise_std=[0.02, 0.1, 0.0])
    known = Traces(traces.values[:2], traces.time_s, traces.ids[:2], "F")
    assert noise_std(known) == pytest.approx([0.02, 0.1], rel=0.03)
    assert (traces.values[2] == 1).all()


def test_a_cells_noise_is_its_own(monkeypatch):
    many = seen(PLAIN, noise_std=0.1, seed=3)
    assert (seen(PLAIN, noise_std=0.1, seed=3).values == many.values).all()
    assert (seen(PLAIN, noise_std=0.1, seed=4).values != many.values).all()
    one = seen(PLAIN, SPIKES.subset([0]), noise_std=0.1, seed=3)
    assert (one.values[0] == many.values[0]).all()
    monkeypatch.setattr("allentk.benchmark.forward._BLOCK_VALUES", 10)
    assert (seen(PLAIN, noise_std=0.1, seed=3).values == many.values).all()


def test_drift_is_slow_and_of_the_size_asked_for():
    traces = seen(PLAIN, SpikeTrains([], [], 1), 1000.0, drift=0.05, baseline=200.0)
    assert np.std(traces.values[0]) == pytest.approx(10.0, rel=0.01)
    assert abs(np.diff(traces.values[0])).max() < 0.05


def gratings():
    """A network of two cells: one fires at 90 degrees only, one always."""
    import pandas as pd

    shown = [0.0, 90.0, 180.0, 270.0] * 6
    rows = pd.DataFrame({"orientation_deg": shown, "start_s": 1 + 6.0 * np.arange(len(shown))})
    rows = rows.assign(
        stop_s=rows["start_s"] + 2, stimulus="drifting_gratings", temporal_frequency_hz=2.0
    )
    tuned = [
        s + np.arange(0, 2, 0.05) for s, d in zip(rows["start_s"], shown, strict=True) if d == 90
    ]
    flat = [s + np.arange(0, 2, 0.1) for s in rows["start_s"]]
    trains = SpikeTrains.from_lists([np.concatenate(tuned), np.concatenate(flat)])
    return NetworkResponse({"a": trains, "b": trains}, 150.0, StimulusTable(rows))


@pytest.mark.parametrize("signal", ["dF/F", "events"])
def test_a_network_is_measured_as_a_session_is(signal):
    response = gratings()
    found = imaged(response, signal=signal, noise_std=0.05, seed=1)
    assert list(found) == ["a", "b"]
    assert found["a"].unit == signal
    table = drifting_gratings(found["a"], response.presentations)
    assert table["preferred_direction_deg"][0] == 90
    assert table["dsi_vector"][0] > 0.6 > 0.3 > table["dsi_vector"][1]


def test_a_population_draws_by_its_name():
    response = gratings()
    both = imaged(response, noise_std={"a": 0.05, "b": 0.05})
    alone = imaged(NetworkResponse({"b": response.spikes["b"]}, 150.0), noise_std=0.05)
    first, second, lone = both["a"], both["b"], alone["b"]
    assert np.array_equal(*(held.values for held in (lone, second)))  # noqa: PD011 (no table)
    assert not np.array_equal(*(held.values for held in (first, second)))  # noqa: PD011 (no table)


def test_the_running_baseline_needs_its_window():
    with pytest.raises(DataError, match="window of 5401 frames"):
        imaged(gratings(), baseline="running_median", noise_std=0.05)


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="indicator is one of GCaMP6f"):
        seen("GCaMP9")
    with pytest.raises(DataError, match="noise_std must be one number or one per cell, 3"):
        seen(PLAIN, noise_std=[0.1, -0.2, 0.1])
    with pytest.raises(DataError, match="duration_s must be above 0"):
        seen(PLAIN, duration_s=0.0)
    with pytest.raises(DataError, match="expected SpikeTrains"):
        to_fluorescence(gratings(), 1.0)
    with pytest.raises(DataError, match="signal is one of"):
        imaged(gratings(), signal="spikes")
    with pytest.raises(DataError, match="no population 'b'"):
        imaged(gratings(), noise_std={"a": 0.1})
    with pytest.raises(DataError, match="decay_s must be above 0"):
        Indicator(0.1, 0.0)
