"""eFEL's features on shapes whose values follow from their construction."""

import math
from pathlib import Path

import numpy as np
import pytest

from allentk.data import Sweep
from allentk.errors import FeatureError
from allentk.features._efel import EFEL_NAMES, EfelSettings, efel
from allentk.features._efel.catalogue import CATALOGUE
from docs.make_efel import page

RATE = 10_000.0
BASE = -70.0
#: Ten samples up to 30 mV, eleven down to -80 mV, then slowly back: 10 mV a sample is 100 V/s.
UP = np.arange(-60.0, 31.0, 10.0)
DOWN = np.arange(20.0, -81.0, -10.0)
BACK = np.linspace(-79.9, BASE, 100)
SPIKE = np.concatenate([UP, DOWN, BACK])
STARTS = (300, 600, 1000, 1500, 2100)


def train(starts=STARTS, size=3000, start_s=0.02, stop_s=0.25):
    voltage = np.full(size, BASE)
    for start in starts:
        voltage[start + 1 : start + 1 + SPIKE.size] = SPIKE
    return Sweep(voltage, np.zeros(size), RATE, start_s=start_s, stop_s=stop_s, amplitude_pa=50.0)


def values(sweep, name, **options):
    return efel(sweep, [name], **options)[name]


TIMES = np.array(STARTS) / 10 + 1.0
STEPS = np.array([30.0, 40.0, 50.0, 60.0])
KEPT = STEPS[1:]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spike_count", [5]),
        ("Spikecount_stimint", [5]),
        ("number_initial_spikes", [1]),
        ("peak_time", TIMES),
        ("peak_indices", np.array(STARTS) + 10),
        ("time_to_first_spike", [11.0]),
        ("time_to_second_spike", [41.0]),
        ("time_to_last_spike", [191.0]),
        ("inv_time_to_first_spike", [1000 / 11]),
        ("all_ISI_values", STEPS),
        ("ISI_values", KEPT),
        ("inv_ISI_values", 1000 / STEPS),
        ("inv_third_ISI", [20.0]),
        ("inv_fifth_ISI", None),
        ("inv_last_ISI", [1000 / 60]),
        ("doublet_ISI", [30.0]),
        ("ISI_CV", [np.std(KEPT, ddof=1) / 50]),
        ("irregularity_index", [10.0]),
        ("ISI_semilog_slope", np.polyfit([1, 2, 3], np.log(KEPT), 1)[:1]),
        ("ISI_log_slope", np.polyfit(np.log([1, 2, 3]), np.log(KEPT), 1)[:1]),
        ("adaptation_index2", [(10 / 90 + 10 / 110) / 2]),
        ("adaptation_index", [(10 / 90 + 10 / 110) / 2]),
        ("mean_frequency", [5000 / 191]),
        ("single_burst_ratio", [40 / 50]),
        ("burst_number", [0]),
    ],
)
def test_times(name, expected):
    measured = values(train(), name)
    if expected is None:
        assert measured is None
    else:
        np.testing.assert_allclose(measured, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("peak_voltage", 30.0),
        ("AP_amplitude", 100.0),
        ("mean_AP_amplitude", 100.0),
        ("AP1_amp", 100.0),
        ("AP_amplitude_from_voltagebase", 100.0),
        ("amp_drop_first_last", 0.0),
        ("AP_begin_voltage", BASE),
        ("AP_begin_width", 2.0),
        ("AP_rise_time", 1.0),
        ("AP_fall_time", 1.2),
        ("AP_duration", 2.2),
        ("AP_duration_half_width", 1.0),
        ("AP_width", 1.0),
        ("AP_width_between_threshold", 1.0),
        ("spike_half_width", 1.1),
        ("AP2_width", 1.1),
        ("AP_rise_rate", 100.0),
        ("AP_fall_rate", -109.9 / 1.2),
        ("AP_peak_upstroke", 100.0),
        ("AP_peak_downstroke", -100.0),
        ("AP_phaseslope", 5.0),
        ("phaseslope_max", 100.0),
        ("min_AHP_values", -80.0),
        ("AHP_depth", -10.0),
        ("AHP_depth_from_peak", 110.0),
        ("AHP_time_from_peak", 1.1),
        ("fast_AHP", 10.0),
        ("min_between_peaks_values", -80.0),
        ("AHP_depth_abs_slow", -76.1),
        ("ADP_peak_amplitude", 0.0),
    ],
)
def test_shape_of_every_spike(name, expected):
    measured = values(train(), name)
    np.testing.assert_allclose(measured, np.full(measured.size, expected), rtol=1e-9, atol=1e-9)


def test_begins_ends_and_halves_are_samples():
    names = ("AP_begin_indices", "AP_end_indices", "AP_rise_indices", "AP_fall_indices")
    measured = efel(train(), names)
    assert {name: int(measured[name][0]) for name in names} == dict(
        zip(names, (300, 322, 305, 315), strict=True)
    )


def test_changes_are_relative_to_the_first():
    voltage = train().voltage_mv.copy()
    voltage[600:622] = np.where(
        voltage[600:622] > -40, voltage[600:622] * 0.5 - 20, voltage[600:622]
    )
    sweep = Sweep(voltage, voltage * 0, RATE, start_s=0.02, stop_s=0.25)
    peaks = np.array([30.0, -5.0, 30.0, 30.0, 30.0])
    np.testing.assert_allclose(values(sweep, "AP_amplitude_change"), (peaks[1:] - 30) / 100)
    np.testing.assert_allclose(values(sweep, "AP_amplitude_diff"), np.diff(peaks))
    np.testing.assert_allclose(values(sweep, "amp_drop_first_second"), [35.0])
    np.testing.assert_allclose(values(sweep, "amp_drop_second_last"), [-35.0])
    np.testing.assert_allclose(values(sweep, "max_amp_difference"), [35.0])
    np.testing.assert_allclose(values(sweep, "AP2_AP1_diff"), [-35.0])


def test_bursts_of_three_with_long_pauses():
    starts = [300 + 2500 * burst + 200 * k for burst in range(4) for k in range(3)]
    sweep = train(starts, size=12000, stop_s=1.1)
    assert values(sweep, "burst_ISI_indices").tolist() == [2, 5, 8]
    np.testing.assert_allclose(values(sweep, "burst_mean_freq"), [3000 / 40] * 4)
    assert values(sweep, "burst_number").tolist() == [4]
    assert values(sweep, "interburst_voltage").size == 3
    assert values(sweep, "burst_begin_indices").tolist() == [1, 3, 6, 9]
    assert values(sweep, "burst_end_indices").tolist() == [2, 5, 8, 11]
    assert values(sweep, "spikes_per_burst").tolist() == [2, 3, 3, 3]
    np.testing.assert_allclose(
        values(sweep, "strict_burst_mean_freq"), [2000 / 20] + [3000 / 40] * 3
    )


def step(tau_ms=20.0, depth=-10.0, sag=0.0, sag_ms=40.0):
    """A step from 100 to 600 ms of 1 s, exponential on and off."""
    time = np.arange(10_000) / 10.0
    on = np.clip(time - 100, 0, 500)
    voltage = BASE + depth * (1 - np.exp(-on / tau_ms)) + sag * (1 - np.exp(-on / sag_ms))
    off = time >= 600
    voltage[off] = BASE + (voltage[5999] - BASE) * np.exp(-(time[off] - 600) / tau_ms)
    current = np.where((time >= 100) & (time < 600), -50.0, 5.0)
    return Sweep(voltage, current, RATE, start_s=0.1, stop_s=0.6, amplitude_pa=-50.0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("voltage_base", -70.0),
        ("current_base", 0.99 * 0.005 + 0.01 * -0.050),
        ("steady_state_voltage_stimend", -80.0),
        ("steady_state_current_stimend", -0.05),
        ("steady_state_hyper", -80.0),
        ("minimum_voltage", -80.0),
        ("maximum_voltage", -70.0),
        ("maximum_voltage_from_voltagebase", 0.0),
        ("voltage_deflection", -10.0),
        ("voltage_deflection_vb_ssse", -10.0),
        ("ohmic_input_resistance", 200.0),
        ("ohmic_input_resistance_vb_ssse", 200.0),
        ("voltage_after_stim", -70.0),
        ("sag_amplitude", 0.0),
        ("sag_ratio2", 1.0),
        ("decay_time_constant_after_stim", 20.0),
        ("time_constant", 20.0),
        ("depol_block_bool", 0),
        ("spike_count", 0),
    ],
)
def test_a_passive_step(name, expected):
    assert values(step(), name) == pytest.approx([expected], rel=1e-3, abs=1e-4)


def test_sag():
    sweep = step(tau_ms=5.0, depth=-20.0, sag=8.0, sag_ms=60.0)
    lowest = float(sweep.voltage_mv.min())
    height = BASE - 12.0 - lowest
    assert values(sweep, "sag_amplitude") == pytest.approx([height], rel=1e-3)
    assert values(sweep, "sag_ratio1") == pytest.approx([height / (BASE - lowest)], rel=1e-3)
    assert values(sweep, "sag_ratio2") == pytest.approx([12.0 / (BASE - lowest)], rel=1e-3)
    assert 20 < values(sweep, "sag_time_constant")[0] < 60


def test_a_step_up_has_no_sag():
    upwards = step(depth=10.0)
    assert values(upwards, "sag_amplitude") is None
    assert values(upwards, "sag_ratio1") is None
    assert values(upwards, "sag_time_constant") is None
    assert values(upwards, "time_constant") is None


def test_a_plateau_above_the_begins_is_a_block():
    voltage = train((300,)).voltage_mv.copy()
    voltage[500:1200] = -40.0
    sweep = Sweep(voltage, voltage * 0, RATE, start_s=0.02, stop_s=0.25)
    assert values(sweep, "depol_block_bool").tolist() == [1]
    patient = EfelSettings(depol_block_min_ms=80.0)
    assert values(sweep, "depol_block_bool", settings=patient).tolist() == [0]


def test_one_number_is_the_first_and_the_only():
    assert values(train((300,)), "AP1_width").size == 1
    for name in (
        "AP2_amp",
        "doublet_ISI",
        "ISI_CV",
        "AP_duration_change",
        "fast_AHP",
        "AHP_depth_diff",
    ):
        assert values(train((300,)), name) is None


def test_without_spikes_only_counts_are_numbers():
    measured = efel(step())
    about_spikes = [name for name in EFEL_NAMES if "AP" in name or "ISI" in name or "peak" in name]
    assert about_spikes
    assert not [name for name in about_spikes if measured[name] is not None]
    assert measured["Spikecount"].tolist() == [0]


def test_a_flat_top_is_no_afterhyperpolarisation():
    voltage = train((300,)).voltage_mv.copy()
    voltage[310:313] = 30.0
    sweep = Sweep(voltage, voltage * 0, RATE, start_s=0.02, stop_s=0.25)
    assert values(sweep, "min_AHP_values").tolist() == [-80.0]


def test_a_sample_at_the_threshold_hides_no_spike():
    assert -20.0 in train().voltage_mv
    shifted = train().voltage_mv + 5.0
    moved = Sweep(shifted, shifted * 0, RATE, start_s=0.02, stop_s=0.25)
    assert values(train(), "spike_count") == values(moved, "spike_count") == [5]


def test_fine_steps_with_noise_stay_near_the_shape():
    rng = np.random.default_rng(3)
    time = np.arange(60_000) / 200.0
    voltage = np.full(time.size, BASE)
    peaks = np.array([50.0, 90.0, 140.0, 200.0])
    for peak in peaks:
        voltage += 100 * np.exp(-(((time - peak) / 0.4) ** 2))
        after = np.clip(time - peak - 0.4, 0, None)
        voltage -= 12 * (after / 2) * np.exp(1 - after / 2)
    noisy = np.round((voltage + rng.normal(0, 0.05, time.size)) * 32) / 32
    sweep = Sweep(noisy, noisy * 0, 200_000.0, start_s=0.02, stop_s=0.28)
    assert values(sweep, "peak_time") == pytest.approx(peaks, abs=0.05)
    lowest = voltage.min()
    assert values(sweep, "min_AHP_values") == pytest.approx([lowest] * 4, abs=2.0)
    above = voltage[time < 60] > (30 + lowest) / 2
    assert values(sweep, "spike_half_width") == pytest.approx([above.sum() / 200] * 4, abs=0.03)


def test_strict_leaves_out_spikes_outside_the_stimulus():
    strict = EfelSettings(strict_stiminterval=True)
    sweep = train(start_s=0.05, stop_s=0.12)
    assert values(sweep, "peak_indices").tolist() == [310, 610, 1010, 1510, 2110]
    assert values(sweep, "peak_indices", settings=strict).tolist() == [610, 1010]
    assert values(sweep, "spike_count_stimint").tolist() == [2]
    assert values(sweep, "AP_amplitude").tolist() == [100.0, 100.0]
    assert values(sweep, "AP_begin_indices").tolist() == [600, 1000, 1500, 2100]


def test_a_spike_without_a_begin_takes_the_amplitudes_away():
    voltage = train((300, 600)).voltage_mv.copy()
    voltage[601:610] = -70.0
    sweep = Sweep(voltage, voltage * 0, RATE, start_s=0.02, stop_s=0.25)
    assert values(sweep, "spike_count").tolist() == [2]
    assert values(sweep, "AP_begin_indices").tolist() == [300]
    assert values(sweep, "AP_amplitude") is None
    assert values(sweep, "mean_AP_amplitude") is None
    assert values(sweep, "AP_duration").tolist() == pytest.approx([2.2])


def test_settings_and_thresholds():
    sweep = train()
    assert values(sweep, "spike_count", threshold_mv=40.0).tolist() == [0]
    assert values(sweep, "AP_begin_indices", derivative_threshold=60.0)[0] == 301
    assert values(sweep, "ISI_values", settings=EfelSettings(ignore_first_isi=False)).size == 4
    half = EfelSettings(rise_start_fraction=0.2, rise_end_fraction=0.8)
    assert values(sweep, "AP_rise_time", settings=half)[0] == pytest.approx(0.6)
    na = EfelSettings(stimulus_current_na=-0.1)
    assert values(step(), "ohmic_input_resistance", settings=na) == pytest.approx([100.0], rel=1e-3)


@pytest.mark.parametrize("wrong", [{"derivative_window": 0}, {"burst_factor": math.nan}])
def test_settings_that_make_no_sense(wrong):
    with pytest.raises(FeatureError, match=next(iter(wrong))):
        EfelSettings(**wrong)


def test_the_window_of_the_sweep_or_of_the_call():
    bare = train(start_s=math.nan, stop_s=math.nan)
    assert values(bare, "spike_count").tolist() == [5]
    assert values(bare, "time_to_first_spike", stim_start_s=0.02, stim_end_s=0.25) == pytest.approx(
        [11.0]
    )
    with pytest.raises(FeatureError, match=r"voltage_base: .* stim_start_s"):
        efel(bare, ["voltage_base"])
    with pytest.raises(FeatureError, match=r"inside the sweep of 0\.3 s"):
        efel(bare, ["voltage_base"], stim_start_s=0.1, stim_end_s=5.0)


def test_unknown_names_say_which_are_near():
    with pytest.raises(
        FeatureError, match="no eFEL feature 'AP_amplitud': did you mean 'AP_amplitude'"
    ):
        efel(train(), ["peak_time", "AP_amplitud"])


def test_all_names_by_default_and_one_by_its_name():
    assert tuple(efel(train())) == EFEL_NAMES
    assert list(efel(train(), "peak_time")) == ["peak_time"]
    assert len(EFEL_NAMES) >= 130


def test_tiny_sweeps_give_none_and_no_error():
    for size in (1, 2, 4, 12):
        measured = efel(Sweep([BASE] * size, [0.0] * size, RATE, start_s=0.0, stop_s=size / RATE))
        assert measured["spike_count"].tolist() == [0]
        assert measured["time_constant"] is None


def test_a_tail_that_is_not_a_number_is_no_part_of_the_sweep():
    whole, names = train(), [name for name in EFEL_NAMES if "resistance" not in name]
    padded = np.append(whole.voltage_mv, [math.nan] * 500)
    cut = Sweep(padded, padded * 0, RATE, start_s=0.02, stop_s=0.25)
    expected, measured = efel(whole, names), efel(cut, names)
    assert [name for name in names if expected[name] is not None] == [
        name for name in names if measured[name] is not None
    ]
    np.testing.assert_array_equal(measured["min_between_peaks_values"], [-80.0] * 5)
    np.testing.assert_array_equal(
        measured["steady_state_voltage"], expected["steady_state_voltage"]
    )


def test_every_name_has_a_unit_and_a_definition():
    assert not [name for name, one in CATALOGUE.items() if not (one.unit and one.definition)]


def test_the_page_is_of_today():
    assert (Path(__file__).resolve().parents[2] / "docs" / "efel.md").read_text(
        encoding="utf-8"
    ) == page()


def test_what_cannot_be_measured_is_an_error_as_of_spikes():
    whole = train()
    broken = np.array(whole.voltage_mv)
    broken[5] = math.nan
    with pytest.raises(FeatureError, match="not finite"):
        efel(Sweep(broken, broken * 0, RATE), ["peak_time"])
    with pytest.raises(FeatureError, match="voltage-clamp"):
        efel(Sweep(whole.voltage_mv, whole.current_pa, RATE, clamp="voltage"), ["peak_time"])
