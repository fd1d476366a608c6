"""Drifting gratings: planted tuning comes back, from dF/F and from spikes alike."""

import numpy as np
import pandas as pd
import pytest

from allentk import responses
from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses import drifting_gratings, tuning_curves

DIRECTIONS = np.arange(0.0, 360.0, 45.0)
FREQUENCIES = (1.0, 2.0, 4.0)
FRAME_S = 0.05


def table(n_repeats=3, frequencies=FREQUENCIES, n_blanks=4, blank="blank", seed=0):
    """Presentations of 2 s, 1 s apart, in random order."""
    shown = [(d, f) for d in DIRECTIONS for f in frequencies] * n_repeats
    shown += [(np.nan, np.nan)] * n_blanks
    order = np.random.default_rng(seed).permutation(len(shown))
    rows = pd.DataFrame(
        [shown[i] for i in order], columns=["orientation_deg", "temporal_frequency_hz"]
    )
    rows["start_s"] = 1.0 + 3.0 * np.arange(len(rows))
    rows["stop_s"] = rows["start_s"] + 2.0
    name = np.where(rows["orientation_deg"].isna(), blank, "drifting_gratings")
    return StimulusTable(rows.assign(stimulus=name))


def rates(theta, frequency):
    """Mean response of four cells: direction-tuned, orientation-tuned, flat, silent."""
    tuned = np.exp(2 * (np.cos(np.deg2rad(theta - 90.0)) - 1))
    oriented = np.exp(2 * (np.cos(2 * np.deg2rad(theta - 45.0)) - 1))
    gain = {1.0: 0.5, 2.0: 1.0, 4.0: 0.25}[frequency]
    return np.array([20 * tuned * gain, 10 * oriented * gain, 4.0, 0.0])


def spikes(shown, spontaneous=(2.0, 1.0, 4.0, 0.0)):
    """Regular trains with exactly the planted counts, rounded."""
    trains = [[] for _ in range(4)]
    for row in shown.table.itertuples():
        wanted = (
            np.array(spontaneous)
            if np.isnan(row.orientation_deg)
            else rates(row.orientation_deg, row.temporal_frequency_hz)
        )
        for cell, rate in enumerate(wanted):
            n = round(2 * rate)
            trains[cell] += list(row.start_s + (np.arange(n) + 0.5) * 2 / max(n, 1))
    return SpikeTrains.from_lists(trains)


def traces(shown, offset=0.0, ids=(11, 12, 13, 14)):
    """Traces that hold the planted value in each presentation and `offset` elsewhere."""
    time_s = np.arange(0.0, shown.duration_s + 1.0, FRAME_S)
    values = np.full((4, time_s.size), offset)
    for row in shown.table.itertuples():
        if not np.isnan(row.orientation_deg):
            inside = (time_s > row.start_s - 1e-6) & (time_s < row.stop_s - 1e-6)
            values[:, inside] = rates(row.orientation_deg, row.temporal_frequency_hz)[:, None]
    return Traces(values, time_s, np.array(ids))


def expected_curve(cell, frequency=2.0):
    return np.array([rates(theta, frequency)[cell] for theta in DIRECTIONS])


def test_spikes_give_back_the_planted_tuning():
    shown = table()
    out = drifting_gratings(spikes(shown), shown)
    assert list(out.columns) == list(responses.METRIC_COLUMNS)
    assert out["preferred_direction_deg"].tolist()[:2] == [90.0, 45.0]
    assert out["preferred_tf_hz"].tolist()[:2] == [2.0, 2.0]
    assert out["peak_rate_hz"].tolist() == [20.0, 10.0, 4.0, 0.0]
    assert out["spontaneous_rate_hz"].tolist() == [2.0, 1.0, 4.0, 0.0]
    assert (out["n_trials"] == 72).all()
    assert out["mean_rate_hz"][2] == pytest.approx(4.0)


def test_spikes_and_traces_go_the_same_way():
    shown = table()
    a = drifting_gratings(traces(shown), shown)
    assert {"peak_response", "mean_response", "spontaneous_response"} < set(a.columns)
    assert a["cell"].tolist() == [11, 12, 13, 14]
    for cell in range(3):
        curve = expected_curve(cell)
        assert a["osi_vector"][cell] == pytest.approx(responses.osi_vector(curve, DIRECTIONS))
        assert a["dsi_pair"][cell] == pytest.approx(responses.dsi_pair(curve, DIRECTIONS))
    b = drifting_gratings(spikes(shown), shown)
    for name in ("osi_vector", "dsi_vector", "osi_pair", "dsi_pair"):
        assert a[name][:3].to_numpy() == pytest.approx(b[name][:3].to_numpy(), abs=0.05), (
            name
        )  # whole spikes


def test_the_metrics_are_the_formulas_written_out():
    shown = table(frequencies=(2.0,))
    out = drifting_gratings(traces(shown), shown).iloc[0]
    curve, theta = expected_curve(0), np.deg2rad(DIRECTIONS)
    assert out["osi_vector"] == pytest.approx(abs(sum(curve * np.exp(2j * theta))) / sum(curve))
    assert out["dsi_vector"] == pytest.approx(abs(sum(curve * np.exp(1j * theta))) / sum(curve))
    best, null, orth = curve[2], curve[6], (curve[0] + curve[4]) / 2
    assert out["osi_pair"] == pytest.approx((best - orth) / (best + orth))
    assert out["dsi_pair"] == pytest.approx((best - null) / (best + null))


def test_a_silent_cell_has_no_preference_and_nothing_is_infinite():
    shown = table()
    out = drifting_gratings(spikes(shown), shown)
    silent = out.iloc[3]
    undefined = ["preferred_direction_deg", "preferred_tf_hz", "osi_vector", "dsi_vector"]
    assert silent[[*undefined, "osi_pair", "dsi_pair"]].isna().all()
    assert silent["peak_rate_hz"] == 0.0
    numbers = out.drop(columns="notes").to_numpy(dtype=float)
    assert not np.isinf(numbers).any()


def test_negative_dff_is_clipped_by_vector_and_not_by_pair():
    curve = np.array([2.0, 0, -1.0, 0, 1.0, 0, -1.0, 0])
    assert responses.osi_vector(curve, DIRECTIONS) == pytest.approx(1.0)
    assert responses.osi_pair(curve, DIRECTIONS) == pytest.approx(3.0)
    assert np.isnan(responses.osi_pair(-np.abs(curve) - 1, DIRECTIONS))
    assert np.isnan(responses.osi_vector(-np.abs(curve), DIRECTIONS))


def test_a_published_cell_has_its_four_indices_from_one_curve():
    # Allen Brain Observatory, session 502376461, cell 517425074: OSI, DSI, global OSI and global DSI.
    osi, dsi = 1.202353, 0.358697
    orthogonal, null = (1 - osi) / (1 + osi), (1 - dsi) / (1 + dsi)
    curve = 12.09474 * np.array([null, 0, orthogonal, 0, 1.0, 0, orthogonal, 0])
    assert responses.osi_pair(curve, DIRECTIONS) == pytest.approx(osi)
    assert responses.dsi_pair(curve, DIRECTIONS) == pytest.approx(dsi)
    assert responses.osi_vector(curve, DIRECTIONS) == pytest.approx(1.0)
    assert responses.dsi_vector(curve, DIRECTIONS) == pytest.approx(dsi)


@pytest.mark.parametrize("shown", [[0.0, 90.0, 180.0], [0.0], [0.0, 45.0, 90.0, 135.0]])
def test_uneven_directions_give_no_direction_selectivity(shown):
    assert np.isnan(responses.dsi_vector(np.ones(len(shown)), shown))


def test_a_null_direction_that_was_not_shown_gives_no_pair():
    assert np.isnan(responses.dsi_pair([1.0, 0.5, 0.2, 0.1], [0, 45, 90, 135]))
    assert np.isnan(responses.osi_pair([1.0, 0.5], [0, 45]))


def test_orientations_of_half_a_circle_still_have_an_osi():
    assert responses.osi_vector([1.0, 0, 0, 0], [0, 45, 90, 135]) == pytest.approx(1.0)


def test_selectivity_says_which_axis_is_wrong():
    with pytest.raises(DataError, match="last axis"):
        responses.osi_vector(np.ones((8, 3)), DIRECTIONS)


def test_marginal_preference_differs_from_joint():
    # One condition stands out, but another direction is better on average.
    shown = table(n_repeats=1, frequencies=(1.0, 2.0))
    time_s = np.arange(0.0, shown.duration_s + 1, FRAME_S)
    values = np.zeros((1, time_s.size))
    for row in shown.table.itertuples():
        inside = (time_s >= row.start_s) & (time_s < row.stop_s)
        wanted = {(0.0, 1.0): 10.0, (90.0, 1.0): 6.0, (90.0, 2.0): 6.0}
        values[:, inside] = wanted.get((row.orientation_deg, row.temporal_frequency_hz), 1.0)
    trace = Traces(values, time_s, [1])
    joint = drifting_gratings(trace, shown)
    marginal = drifting_gratings(trace, shown, preferred="marginal")
    assert joint["preferred_direction_deg"][0] == 0.0
    assert joint["peak_response"][0] == pytest.approx(10.0, rel=0.05)
    assert marginal["preferred_direction_deg"][0] == 90.0
    assert marginal["peak_response"][0] == pytest.approx(6.0, rel=0.05)
    assert marginal["osi_pair"][0] == pytest.approx((6 - 5.5) / 11.5, rel=0.1)
    with pytest.raises(DataError, match="joint"):
        drifting_gratings(trace, shown, preferred="best")


def test_windows_are_counted_from_the_onset():
    shown = table(frequencies=(2.0,), n_blanks=0)
    trains = SpikeTrains.from_lists(
        [np.concatenate([shown.intervals_s[:, 0] + 0.2, shown.intervals_s[:, 0] - 0.5]).tolist()]
    )
    whole = drifting_gratings(trains, shown).iloc[0]
    assert whole["mean_rate_hz"] == pytest.approx(0.5)
    assert np.isnan(whole["spontaneous_rate_hz"])
    late = drifting_gratings(
        trains, shown, response_window_s=(0.5, 2.0), spontaneous_window_s=(-1.0, 0.0)
    ).iloc[0]
    assert late["mean_rate_hz"] == 0.0
    assert late["spontaneous_rate_hz"] == pytest.approx(1.0)
    with pytest.raises(DataError, match="end after it starts"):
        drifting_gratings(trains, shown, response_window_s=(1.0, 1.0))


@pytest.mark.parametrize("blank", ["blank", "spontaneous", "drifting_gratings"])
def test_blanks_by_name_or_by_lack_of_orientation(blank):
    shown = table(blank=blank)
    assert drifting_gratings(spikes(shown), shown)["spontaneous_rate_hz"][0] == 2.0


def test_other_stimuli_are_ignored():
    shown = table()
    extra = pd.DataFrame(
        {"start_s": [1000.0], "stop_s": [1001.0], "stimulus": ["natural_scenes"], "frame": [3.0]}
    )
    both = StimulusTable(pd.concat([shown.table, extra], ignore_index=True))
    one, two = (drifting_gratings(spikes(shown), s) for s in (shown, both))
    pd.testing.assert_frame_equal(one, two)


def test_mixed_tables_are_refused_with_advice():
    shown = table()
    two_names = shown.table.copy()
    two_names.loc[np.flatnonzero(two_names["orientation_deg"].notna())[0], "stimulus"] = "static"
    with pytest.raises(DataError, match=r"several stimuli.*where\(stimulus="):
        drifting_gratings(spikes(shown), StimulusTable(two_names))
    contrasts = shown.table.assign(contrast=np.linspace(0.1, 1, len(shown)) > 0.5)
    with pytest.raises(DataError, match="2 values of contrast"):
        drifting_gratings(spikes(shown), StimulusTable(contrasts.astype({"contrast": float})))
    with pytest.raises(DataError, match="no presentation has an orientation_deg"):
        drifting_gratings(spikes(shown), shown.where(stimulus="blank"))


def test_ids_choose_cells_in_their_order():
    shown = table()
    whole = drifting_gratings(traces(shown), shown)
    some = drifting_gratings(traces(shown), shown, ids=[13, 11])
    assert some["cell"].tolist() == [13, 11]
    assert some["peak_response"].tolist() == whole["peak_response"][[2, 0]].tolist()
    assert drifting_gratings(spikes(shown), shown, ids=[1])["peak_rate_hz"].tolist() == [10.0]
    with pytest.raises(DataError, match="no cell with id 99"):
        drifting_gratings(traces(shown), shown, ids=[99])


def test_nan_frames_and_lost_trials_are_left_out():
    shown = table()
    good = traces(shown)
    values = good.values.copy()  # noqa: PD011
    first = np.flatnonzero(good.time_s > shown.intervals_s[0, 0])[0]
    values[0, first : first + 3] = np.nan  # some frames of a trial
    values[1, first - 5 : first + 60] = np.nan  # the whole trial
    out = drifting_gratings(Traces(values, good.time_s, good.ids), shown)
    whole = drifting_gratings(good, shown)
    is_grating = shown.table["orientation_deg"].notna()[0]
    assert out["n_trials"].tolist() == [72, 72 - int(is_grating), 72, 72]
    assert out["peak_response"].to_numpy() == pytest.approx(whole["peak_response"].to_numpy())


def test_traces_of_another_clock_are_refused():
    shown = table()
    good = traces(shown)
    late = Traces(good.values, good.time_s + 1e4, good.ids)
    with pytest.raises(DataError, match="one clock"):
        drifting_gratings(late, shown)


def test_a_direction_of_360_is_0():
    shown = table()
    turned = shown.table.assign(orientation_deg=shown.table["orientation_deg"].replace(0.0, 360.0))
    a, b = (drifting_gratings(spikes(shown), s) for s in (shown, StimulusTable(turned)))
    pd.testing.assert_frame_equal(a, b)


def test_a_network_brings_its_classes_and_its_presentations():
    shown = table()
    nodes = pd.DataFrame({"cell_class": ["L4 Exc", "L4 Exc", "L4 PV", "L4 PV"]})
    response = NetworkResponse(
        spikes={"v1": spikes(shown), "other": spikes(shown)},
        duration_s=300.0,
        presentations=shown,
        nodes={"v1": nodes},
    )
    out = drifting_gratings(response)
    assert out["population"].tolist() == ["L4 Exc", "L4 Exc", "L4 PV", "L4 PV", *["other"] * 4]
    assert out["node_population"].tolist() == ["v1"] * 4 + ["other"] * 4
    assert out["cell"].tolist() == [0, 1, 2, 3] * 2
    assert out["peak_rate_hz"].tolist()[:4] == [20.0, 10.0, 4.0, 0.0]
    with pytest.raises(DataError, match="one population"):
        drifting_gratings(response, ids=[1])
    with pytest.raises(DataError, match="what was shown"):
        drifting_gratings(NetworkResponse(spikes=response.spikes, duration_s=1.0))
    with pytest.raises(DataError, match="no population"):
        drifting_gratings(NetworkResponse(spikes={}, duration_s=300.0), shown)
    with pytest.raises(DataError, match="after the simulation's 1 s"):
        drifting_gratings(NetworkResponse(spikes=response.spikes, duration_s=1.0), shown)
    short = NetworkResponse(response.spikes, 300.0, shown, {"v1": nodes[:2]})
    with pytest.raises(DataError, match="2 rows"):
        drifting_gratings(short)


def test_tuning_curves_against_a_loop():
    shown = table()
    rng = np.random.default_rng(1)
    time_s = np.arange(0.0, shown.duration_s + 1, FRAME_S)
    values = rng.normal(size=(2, time_s.size))
    trace = Traces(values, time_s, [5, 6])
    out = tuning_curves(trace, shown)
    assert list(out.columns) == list(responses.TUNING_COLUMNS)
    assert len(out) == 2 * 24
    for row in out.iloc[::5].itertuples():
        of = shown.table[
            (shown.table["orientation_deg"] == row.orientation_deg)
            & (shown.table["temporal_frequency_hz"] == row.temporal_frequency_hz)
        ]
        trials = [
            values[row.cell - 5, (time_s > a - 1e-6) & (time_s < b - 1e-6)].mean()
            for a, b in zip(of["start_s"], of["stop_s"], strict=True)
        ]
        assert row.n == 3
        assert row.mean == pytest.approx(np.mean(trials))
        assert row.sem == pytest.approx(np.std(trials, ddof=1) / np.sqrt(3))


def test_one_trial_has_no_standard_error():
    shown = table(n_repeats=1)
    out = tuning_curves(spikes(shown), shown, ids=[0])
    assert out["sem"].isna().all()
    assert (out["n"] == 1).all()


def test_no_temporal_frequency_is_one_condition_without_a_name():
    shown = table(frequencies=(2.0,))
    without = StimulusTable(shown.table.drop(columns="temporal_frequency_hz"))
    out = drifting_gratings(spikes(shown), without)
    assert out["preferred_tf_hz"].isna().all()
    assert out["peak_rate_hz"].tolist() == [20.0, 10.0, 4.0, 0.0]


def test_the_mean_rate_of_many_cells_is_that_of_their_spikes():
    rng = np.random.default_rng(2)
    shown = table(n_repeats=25, n_blanks=0)
    n, cells = 200_000, 1200
    trains = SpikeTrains(
        np.sort(rng.uniform(0, shown.duration_s, n)), rng.integers(0, cells, n), cells
    )
    out = drifting_gratings(trains, shown)
    inside = (trains.times_s - 1.0) % 3.0 < 2.0  # gratings of 2 s every 3 s, from 1 s on
    inside &= trains.times_s >= 1.0
    counts = np.bincount(trains.ids[inside], minlength=cells)
    assert out["mean_rate_hz"].to_numpy() == pytest.approx(counts / (2.0 * len(shown)))


@pytest.mark.parametrize("preferred", ["joint", "marginal"])
def test_no_cells_no_rows(preferred):
    shown = table()
    nobody = SpikeTrains([], [], 0)
    clock = np.arange(0.0, shown.duration_s, FRAME_S)
    for of, peak in (
        (nobody, "peak_rate_hz"),
        (Traces(np.empty((0, clock.size)), clock, []), None),
    ):
        out = drifting_gratings(of, shown, preferred=preferred)
        assert out.empty
        assert (peak or "peak_response") in out
    assert tuning_curves(nobody, shown).empty


def test_an_empty_population_adds_no_rows():
    shown = table()
    nodes = {"v1": pd.DataFrame({"cell_class": ["L4 Exc"] * 4}), "none": pd.DataFrame()}
    both = {"v1": spikes(shown), "none": SpikeTrains([], [], 0)}
    out = drifting_gratings(NetworkResponse(both, 300.0, shown, nodes))
    assert out["population"].tolist() == ["L4 Exc"] * 4
    assert out["peak_rate_hz"].tolist() == [20.0, 10.0, 4.0, 0.0]
    nobody = drifting_gratings(NetworkResponse({"none": both["none"]}, 300.0, shown))
    assert list(nobody.columns) == list(out.columns)
    assert nobody.empty


def test_other_types_are_refused_with_what_is_expected():
    shown = table()
    trains = spikes(shown)
    for wrong in (np.ones((4, 3)), [1.0, 2.0], None):
        with pytest.raises(DataError, match="Traces or SpikeTrains"):
            drifting_gratings(wrong, shown)
    for function in (drifting_gratings, tuning_curves, responses.trial_responses):
        with pytest.raises(DataError, match=r"StimulusTable\(frame\)"):
            function(trains, shown.table)
    with pytest.raises(DataError, match="whole numbers"):
        drifting_gratings(trains, shown, ids=["one"])
    with pytest.raises(DataError, match="start, stop"):
        drifting_gratings(trains, shown, response_window_s=1.0)
