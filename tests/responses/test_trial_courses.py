"""What happens within a presentation, and by running: reliability, time to peak, Fano factor."""

import numpy as np
import pandas as pd
import pytest

from allentk import responses
from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.courses import time_courses
from allentk.responses.welch import welch_p
from tests import planted
from tests.responses.test_trial_mean import FLASHES


def test_reliability_is_the_mean_correlation_of_trials():
    table = planted.shown("flashes", {"color": (1.0,)}, repeats=5, blanks=0)
    time_s = np.arange(0.0, table.duration_s + 1, 0.05)
    rng = np.random.default_rng(4)
    values = rng.normal(size=(2, time_s.size)) + np.sin(2 * np.pi * time_s / 2.0)
    cells = responses.flashes(Traces(values, time_s, [1, 2]), table)
    starts = np.searchsorted(time_s, table.intervals_s[:, 0] - 1e-9)
    for cell in range(2):
        trials = np.array([values[cell, a : a + 20] for a in starts])
        expected = np.corrcoef(trials)[np.triu_indices(5, 1)].mean()
        assert cells["reliability"][cell] == pytest.approx(expected, abs=1e-12)
    one = planted.shown("flashes", {"color": (1.0,)}, repeats=1, blanks=0)
    assert np.isnan(responses.flashes(Traces(values, time_s, [1, 2]), one)["reliability"]).all()


def test_spikes_at_the_same_times_are_reliable_and_jittered_ones_less():
    table = planted.shown("flashes", {"color": (1.0,)}, repeats=6, blanks=0)
    onsets = table.intervals_s[:, 0]
    rng = np.random.default_rng(5)
    same = (onsets[:, None] + [0.105, 0.107, 0.415]).ravel()
    other = (onsets[:, None] + rng.uniform(0, 1, (6, 3))).ravel()
    cells = responses.flashes(SpikeTrains.from_lists([same, other]), table, bin_s=0.05)
    assert cells["reliability"][0] == pytest.approx(1.0)
    assert abs(cells["reliability"][1]) < 0.5
    # The bin 0.10 to 0.15 s holds two spikes of every trial.
    assert cells["time_to_peak_s"][0] == pytest.approx(0.125)


def test_time_to_peak_of_a_trace_is_that_of_its_frame():
    table = planted.shown("flashes", {"color": (1.0, -1.0)}, repeats=3)
    time_s = np.arange(0.0, table.duration_s + 1, 0.05)
    since = time_s[:, None] - table.intervals_s[:, 0]
    bump = np.exp(-(((since - 0.4) / 0.1) ** 2)).sum(axis=1)
    cells = responses.flashes(Traces(bump[None], time_s, [1]), table)
    assert cells["time_to_peak_s"][0] == pytest.approx(0.4 + 0.025)


def test_running_against_scipy():
    from scipy.stats import ttest_ind

    table = planted.shown("flashes", {"color": (1.0,)}, repeats=12, blanks=0)
    rng = np.random.default_rng(6)
    fast = np.arange(12) % 3 == 0
    level = rng.normal(2.0, 0.5, 12) + fast
    time_s = np.arange(0.0, table.duration_s + 1, 0.05)
    values, speed = np.zeros((1, time_s.size)), np.full(time_s.size, np.nan)
    for k, (start, stop) in enumerate(table.intervals_s):
        inside = (time_s > start - 1e-6) & (time_s < stop - 1e-6)
        values[0, inside], speed[inside] = level[k], 20.0 * fast[k]
    dff = Traces(values, time_s, [1])
    cells = responses.flashes(dff, table, running=(speed, time_s))
    run, rest = level[fast], level[~fast]
    assert cells["run_modulation"][0] == pytest.approx((run.mean() - rest.mean()) / run.mean())
    expected = ttest_ind(run, rest, equal_var=False).pvalue
    assert cells["p_run_modulation"][0] == pytest.approx(expected, rel=1e-9)
    still = responses.flashes(dff, table, running=(np.zeros(time_s.size), time_s))
    assert still["run_modulation"].isna().all()
    for wrong in (speed, (speed, time_s[:5]), (speed, time_s[::-1]), ("fast", "slow")):
        with pytest.raises(DataError, match="running="):
            responses.flashes(dff, table, running=wrong)


def test_fano_of_regular_and_of_poisson_spikes():
    gray = StimulusTable(
        pd.DataFrame({"start_s": [0.0], "stop_s": [2000.0], "stimulus": "spontaneous"})
    )
    rng = np.random.default_rng(7)
    regular = np.arange(0.05, 2000, 0.1)
    poisson = np.sort(rng.uniform(0, 2000, 20_000))
    cells = responses.spontaneous(SpikeTrains.from_lists([regular, poisson, []]), gray, bin_s=1.0)
    assert cells["spontaneous_rate_hz"][0] == pytest.approx(10.0)
    assert cells["fano"][0] == pytest.approx(0.0, abs=1e-12)
    assert cells["fano"][1] == pytest.approx(1.0, abs=0.15)
    assert np.isnan(cells["fano"][2])
    counts = np.histogram(poisson, np.arange(2001.0))[0]
    assert cells["fano"][1] == pytest.approx(counts.var(ddof=1) / counts.mean())
    with pytest.raises(DataError, match="bin_s"):
        responses.spontaneous(SpikeTrains.from_lists([regular]), gray, bin_s=0.0)
    with pytest.raises(DataError, match="named 'blank' or 'spontaneous'"):
        responses.spontaneous(SpikeTrains.from_lists([regular]), FLASHES.where(stimulus="flashes"))


def test_frames_before_the_recording_are_missing_and_the_others_stay_in_place():
    trace = Traces(np.arange(10.0)[None], np.arange(10.0), [1])
    courses, step = time_courses(trace, np.array([0]), np.array([-2.0, -0.5, 1.0, 8.0]), 4.0)
    assert step == 1.0
    wanted = [[np.nan, np.nan, 0, 1], [0, 1, 2, 3], [1, 2, 3, 4], [8, 9, np.nan, np.nan]]
    np.testing.assert_array_equal(courses[0], wanted)


def test_a_cell_that_is_asked_for_twice_is_measured_twice():
    trains = SpikeTrains.from_lists([[], [1.1, 1.3, 3.1, 3.3, 5.1, 5.4]])
    shown = pd.DataFrame({"start_s": [1.0, 3.0, 5.0], "stop_s": [2.0, 4.0, 6.0]})
    cells = responses.flashes(
        trains, StimulusTable(shown.assign(stimulus="flashes", color=1.0)), ids=[1, 0, 1]
    )
    assert np.isfinite(cells["reliability"][0])
    assert cells["reliability"][0] == cells["reliability"][2]


def test_the_mean_of_a_trial_leaves_out_infinite_frames_too():
    trace = Traces([[1.0, np.inf, 3.0, 8.0]], np.arange(4.0), [1])
    shown = StimulusTable(pd.DataFrame({"start_s": [0.0], "stop_s": [4.0], "stimulus": "blank"}))
    assert responses.trial_responses(trace, shown).tolist() == [[4.0]]


@pytest.mark.parametrize("window", [(0.0, np.inf), (-np.inf, 0.0), (1.0, 1.0), (np.nan, 1.0)])
def test_a_window_has_two_finite_times(window):
    trains = planted.spikes(FLASHES, lambda _: [1.0])
    with pytest.raises(DataError, match="must end after it starts"):
        responses.flashes(trains, FLASHES, response_window_s=window)


def test_bins_that_would_not_fit_into_memory_are_refused():
    trains = planted.spikes(FLASHES, lambda _: [1.0])
    for measure in (responses.flashes, responses.spontaneous):
        with pytest.raises(DataError, match=r"more than 2\*\*30 bins"):
            measure(trains, FLASHES, bin_s=1e-11)


def test_equal_constants_have_no_p_however_they_were_rounded():
    # 5 and 7 times 0.1 have means that differ in the last digit, and variances that are not quite 0.
    assert np.isnan(welch_p(np.full(5, 0.1), np.full(7, 0.1)))
    assert welch_p(np.full(5, 0.1), np.full(7, 0.2)) == 0.0
