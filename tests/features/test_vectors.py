"""Feature vectors of a cell: names, lengths, and what happens where something is missing."""

import math
import pickle

import numpy as np
import pytest

from allentk.data import Sweep, SweepSet
from allentk.errors import FeatureError
from allentk.features.vector_layout import bin_means, bin_numbers, n_bins, shapes
from allentk.features.vectors import VECTOR_SHAPES, vectors
from tests.features.vector_sweeps import (
    RATE,
    START_S,
    cell,
    hyperpolarising,
    ramp,
    short_square,
    step,
    trains,
)

SPIKING_STEPS = ("psth", "inst_freq", *(name for name in VECTOR_SHAPES if "spiking" in name))


@pytest.fixture(scope="module")
def measured():
    return vectors(cell(), chirp=False)


def test_names_and_lengths(measured):
    assert {name: values.size for name, values in measured.items()} == {
        name: parts * bins for name, (parts, bins) in VECTOR_SHAPES.items() if name != "chirp"
    }
    assert VECTOR_SHAPES["step_subthresh"] == (5, 140)
    assert VECTOR_SHAPES["inst_freq"] == (6, 50)
    assert not any(np.isnan(values).any() for values in measured.values())
    assert measured.errors == {}


def test_it_is_a_mapping_that_cannot_be_written_to(measured):
    assert len(measured) == 13
    assert "psth" in measured
    assert "nothing" not in measured
    assert measured.get("nothing") is None
    assert measured.get("psth") is measured["psth"]
    with pytest.raises(FeatureError, match="no feature vector 'nothing'; there are step_subthresh"):
        measured["nothing"]
    with pytest.raises(ValueError, match="read-only"):
        measured["psth"][0] = 1
    assert repr(measured) == "<FeatureVectors: 13; 0 sweeps left out>"
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(measured))["psth"], measured["psth"])


def test_one_amplitude_is_too_few(measured):
    found = vectors(SweepSet([*hyperpolarising(), *trains([100])]), chirp=False)

    for name in SPIKING_STEPS:
        assert np.isnan(found[name]).all()
        assert found[name].shape == measured[name].shape
        assert "fewer than two" in found.errors[name]
    np.testing.assert_array_equal(found["isi_shape"], measured["isi_shape"])


def test_silent_short_squares_say_so():
    silent = [short_square(500.0, 301, fires=False), *hyperpolarising()]
    found = vectors(SweepSet(silent), chirp=False)

    assert "short square: none of 1 short squares has a spike" in found.errors["first_ap_v"]


def test_other_protocols_do_without_long_squares():
    found = vectors(SweepSet([ramp(1)]), chirp=True)

    assert found["first_ap_v"][300:].max() == 35
    assert all(np.isnan(values).all() for name, values in found.items() if "first_ap" not in name)
    assert set(found.errors) == set(VECTOR_SHAPES)
    assert found["inst_freq"].size == 300
    assert "all NaN: step_subthresh" in repr(found)


def test_chirp_is_one_of_them():
    t = np.arange(41_000) / 2000
    current = np.where(t < 20, np.sin(2 * np.pi * (0.2 + 0.995 * t) * t), 0)
    sweep = Sweep(
        0.1 * current - 70, current, 2000.0, stimulus="Chirp", start_s=0, stop_s=20, number=7
    )
    late = Sweep(current, current, 2000.0, stimulus="Chirp", number=8)
    found = vectors(SweepSet([sweep, late]))

    np.testing.assert_allclose(found["chirp"], np.repeat([0.1, 0.0], 796), atol=1e-9)
    assert "stimulus window" in found.failed[8]


def broken(number, kind):
    good = step(-90.0, number)
    v = good.voltage_mv.copy()
    v[100] = np.nan
    said = {"number": number, "stimulus": "Long Square"}
    window = {"start_s": good.start_s, "stop_s": good.stop_s}
    return {
        "nan": lambda: Sweep(v, good.current_pa, RATE, **said, **window),
        "no window": lambda: Sweep(good.voltage_mv, good.current_pa, RATE, **said),
        "other length": lambda: step(-90.0, number, step_s=0.5),
        "no samples": lambda: Sweep(
            good.voltage_mv, good.current_pa, RATE, **said, start_s=0.3, stop_s=0.300001
        ),
    }[kind]()


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("nan", "not finite"),
        ("no window", "window"),
        ("other length", "a step of 0.5 s, most have 1 s"),
        ("no samples", "amplitude"),
    ],
)
def test_one_bad_sweep_is_left_out_and_said(measured, kind, says):
    found = vectors(SweepSet([broken(-1, kind), *cell()]), chirp=False)

    assert list(found.failed) == [-1]
    assert says in found.failed[-1]
    for name, values in measured.items():
        np.testing.assert_array_equal(found[name], values)


def test_bad_short_squares_and_ramps_are_left_out(measured):
    flat = {"voltage_mv": [-70.0] * 9000, "current_pa": [0.0] * 9000, "sampling_rate_hz": RATE}
    v = np.full(9000, -70.0)
    v[10] = np.nan
    bad = [
        Sweep(**flat, stimulus="Short Square", number=-2),
        Sweep(**flat | {"voltage_mv": v}, stimulus="Ramp", number=-1),
    ]
    found = vectors(SweepSet([*bad, *cell()]), chirp=False)

    assert list(found.failed) == [-2, -1]
    np.testing.assert_array_equal(found["first_ap_v"], measured["first_ap_v"])


def test_nothing_at_all_is_an_error():
    flat = Sweep([-70.0] * 5000, [0.0] * 5000, RATE, stimulus="Noise 1")
    with pytest.raises(
        FeatureError, match=r"no feature vector can be made; there are \['Noise 1'\]"
    ):
        vectors(SweepSet([flat]))
    with pytest.raises(FeatureError, match="first sweep left out: sweep 3"):
        vectors(SweepSet([broken(3, "no window")]))


def test_voltage_after_the_recording_is_nan():
    sweep = step(-90.0, 1)
    size = round((START_S + 1.05) * RATE)
    cut = Sweep(
        sweep.voltage_mv[:size],
        sweep.current_pa[:size],
        RATE,
        stimulus="Long Square",
        start_s=START_S,
        stop_s=START_S + 1,
    )
    part = vectors(SweepSet([cut]), chirp=False)["step_subthresh"][:140]

    np.testing.assert_array_equal(np.isnan(part), np.arange(140) >= 125)


@pytest.mark.parametrize("start_s", [0.27, 0.5, 0.7, 1.02])
def test_lengths_do_not_depend_on_rounding(start_s):
    sweeps = [step(a, n, (0.1, 0.3), start_s=start_s) for n, a in enumerate((50.0, 70.0))]
    found = vectors(SweepSet(sweeps), chirp=False)

    assert found["inst_freq"].size == 300
    assert found["psth"].size == 120


def test_other_steps_scale():
    sweeps = [
        step(a, n, times, step_s=0.5)
        for n, (a, times) in enumerate([(-90.0, ()), (50.0, (0.1,)), (70.0, (0.2,))])
    ]
    found = vectors(SweepSet(sweeps), chirp=False)

    assert {name: values.size for name, values in found.items()} == {
        name: parts * bins for name, (parts, bins) in shapes(0.5).items()
    }
    assert shapes(0.5)["inst_freq"] == (6, 25)
    assert shapes(0.5)["step_subthresh"] == (5, 90)


def test_measured_amplitudes_serve_where_none_is_nominal(measured):
    sweeps = [
        step(a, n, amplitude_pa=math.nan) for n, a in enumerate((-90.0, -70.0, -50.0, -30.0, -10.0))
    ]
    found = vectors(SweepSet(sweeps), chirp=False)

    np.testing.assert_allclose(found["step_subthresh"], measured["step_subthresh"])


def test_bins():
    np.testing.assert_allclose(
        bin_means(np.array([1.0, 2.0, np.nan, 4.0, 5.0]), -1, 2.0, 4), [1, 2, 4.5, np.nan]
    )
    assert bin_numbers(np.array([0.0, 0.99, 1.0, 2.0, 2.5]), 1.0, 2).tolist() == [0, 0, 1, 1, 2]
    assert [n_bins(d, 0.02) for d in (2.02 - 1.02, 0.3, 0.31, 0.001)] == [50, 15, 16, 1]


def test_a_spike_at_the_end_of_the_recording_has_no_waveform():
    v, i = ramp(1).voltage_mv[:30_100], ramp(1).current_pa[:30_100]
    cut = Sweep(v, i, RATE, number=99, stimulus="Ramp", start_s=0.0, stop_s=0.602)
    found = vectors(SweepSet([*hyperpolarising(), cut]), chirp=False)

    assert "ramp: none of 1 ramps has 3 ms of a first spike" in found.errors["first_ap_v"]


def test_a_lone_spike_that_never_ends_has_no_trajectory():
    one = step(100.0, 1, (0.2,))
    v = one.voltage_mv.copy()
    v[round((START_S + 0.2005) * RATE) :] = 30
    stuck = Sweep(
        v, one.current_pa, RATE, stimulus="Long Square", start_s=START_S, stop_s=START_S + 1
    )
    two = SweepSet([stuck, step(120.0, 2, (0.11, 0.51))])
    found = vectors(two, chirp=False)

    alone = vectors(SweepSet([stuck]), chirp=False)
    assert "its only spike has no fast trough" in alone.errors["isi_shape"]
    # Its level has no fast trough: a copy of the other's.
    parts = found["spiking_fast_trough_v"].reshape(6, 50)
    np.testing.assert_array_equal(parts[0], parts[1])
    assert found["spiking_peak_v"].reshape(6, 50)[0] == pytest.approx(np.full(50, 30))


def test_spikes_without_samples_between_them_have_no_trajectory():
    fast = [step(a, n, np.arange(0.1, 0.9, 0.01), rate=8000.0) for n, a in enumerate((50.0, 70.0))]
    found = vectors(SweepSet(fast), chirp=False)

    assert "no interval between spikes" in found.errors["isi_shape"]
    assert np.isfinite(found["psth"]).all()


def test_a_response_that_is_none_cannot_be_normalised():
    flat = {"voltage_mv": [-70.0] * 40_000, "sampling_rate_hz": 20_000.0, "stimulus": "Long Square"}
    window = {"start_s": 0.5, "stop_s": 1.5}
    down, up = [
        Sweep(current_pa=[0.0] * 40_000, amplitude_pa=a, number=n, **flat, **window)
        for n, a in enumerate((-110.0, 50.0))
    ]
    found = vectors(SweepSet([down, up]), chirp=False)

    assert "deflection is 0 mV" in found.errors["subthresh_norm"]
    assert "steady state is 0 mV" in found.errors["subthresh_depol_norm"]
    assert set(found["step_subthresh"]) == {-70.0}


def test_mended_spikes_change_what_hangs_on_samples(measured):
    mended = vectors(cell(), chirp=False, definition="allentk")
    changed = {name for name in measured if not np.array_equal(measured[name], mended[name])}
    assert {"spiking_width"} <= changed <= {"spiking_threshold_v", "spiking_width", "isi_shape"}
    with pytest.raises(FeatureError, match="definition"):
        vectors(cell(), chirp=False, definition="ipfx")
