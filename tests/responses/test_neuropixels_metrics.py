"""The definition "neuropixels": closed forms, and the same numbers by slow loops."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.responses import neuropixels
from allentk.responses.neuropixels.contrast import c50
from allentk.responses.neuropixels.tuned import image_selectivity

LEVELS = np.array([0.01, 0.02, 0.04, 0.08, 0.13, 0.2, 0.35, 0.6, 1.0])


def shown(stimulus, conditions, repeats=3, length=2.0, step=3.0, seed=0, **more):
    """Presentations of every condition, in random order."""
    rows = pd.concat([pd.DataFrame(conditions)] * repeats, ignore_index=True)
    rows = rows.iloc[np.random.default_rng(seed).permutation(len(rows))].reset_index(drop=True)
    rows["start_s"] = 1.0 + step * np.arange(len(rows))
    rows["stop_s"] = rows["start_s"] + length
    return StimulusTable(rows.assign(stimulus=stimulus, **more))


def grid(**values):
    return pd.MultiIndex.from_product(values.values(), names=values).to_frame(index=False)


GRATINGS = grid(orientation_deg=np.arange(0, 360, 45.0), temporal_frequency_hz=[1.0, 2.0, 4.0])


def trains(table, counts):
    """Spikes spread evenly in each presentation, as many as `counts(row, cell)` says."""
    lists = []
    for cell in range(counts.n_cells):
        times = []
        for row in table.table.itertuples():
            n = counts(row, cell)
            length = row.stop_s - row.start_s
            times += list(row.start_s + (np.arange(n) + 0.5) * length / max(n, 1))
        lists.append(times)
    return SpikeTrains.from_lists(lists)


def counted(n_cells):
    def mark(function):
        function.n_cells = n_cells
        return function

    return mark


@pytest.mark.parametrize("frequency", [1.0, 2.0, 4.0])
def test_f1_f0_of_a_sine(frequency):
    depth = 0.6
    table = shown(
        "drifting_gratings", grid(orientation_deg=[0.0], temporal_frequency_hz=[frequency])
    )
    # Spike k of a rate 1 + depth cos is where its integral passes (k + 1/2) / n.
    phase = np.linspace(0, 1, 20_001)
    cycle = phase + depth * np.sin(2 * np.pi * phase) / (2 * np.pi)
    one = np.interp((np.arange(200) + 0.5) / 200, cycle, phase)
    offsets = np.concatenate([(k + one) / frequency for k in range(int(2 * frequency))])
    times = np.sort((table.intervals_s[:, :1] + offsets).ravel())
    train = SpikeTrains(times, np.zeros(times.size, int), 1)
    ours = neuropixels.drifting_gratings(train, table)["f1_f0"][0]
    assert ours == pytest.approx(depth, abs=1e-3)
    published = neuropixels.drifting_gratings(train, table, quirks="f1_f0_cycles")["f1_f0"][0]
    assert abs(published - depth) > 0.1  # the cycle it takes is not the grating's


@pytest.mark.parametrize("half", [0.06, 0.2, 0.5])
def test_c50_of_a_known_curve(half):
    b = 3.0
    responses = 1 + 9 * LEVELS**b / (LEVELS**b + half**b)
    ends = 1 + 9 * np.array([0.9 * 0.01, 1.1]) ** b / (np.array([0.9 * 0.01, 1.1]) ** b + half**b)
    u = (ends.mean() - 1) / 9
    expected = half * (u / (1 - u)) ** (1 / b)
    assert c50(LEVELS, responses) == pytest.approx(expected, rel=1e-6)
    assert c50(LEVELS, responses[::-1]) > 0
    assert np.isnan(c50(LEVELS, np.ones(9)))
    assert np.isnan(c50(LEVELS[:3], responses[:3]))


def test_c50_of_drifting_gratings_comes_from_the_contrasts():
    gratings = shown("drifting_gratings", GRATINGS).table
    contrasts = shown(
        "drifting_gratings_contrast", grid(orientation_deg=[0.0, 45.0], contrast=LEVELS), length=0.5
    ).table
    contrasts[["start_s", "stop_s"]] += gratings["stop_s"].max() + 10
    table = StimulusTable(pd.concat([gratings, contrasts], ignore_index=True))

    @counted(2)
    def counts(row, cell):
        if row.stimulus == "drifting_gratings":
            return 9 if row.orientation_deg == (45.0 if cell == 0 else 180.0) else 2
        return round(100 * row.contrast**2 / (row.contrast**2 + 0.2**2))

    cells = neuropixels.drifting_gratings(trains(table, counts), table)
    assert cells["c50"][0] == pytest.approx(0.19, abs=0.02)
    assert np.isnan(cells["c50"][1])
    assert "preferred direction" in cells["notes"][1]
    alone = neuropixels.contrast_tuning(trains(table, counts), table)
    assert alone["c50"].tolist() == pytest.approx([0.19, 0.19], abs=0.02)


def test_selectivity_and_preference():
    table = shown("drifting_gratings", GRATINGS)

    @counted(2)
    def counts(row, cell):
        theta = np.deg2rad(row.orientation_deg)
        gain = {1.0: 1, 2.0: 4, 4.0: 2}[row.temporal_frequency_hz]
        tuned = 1 + (0.5 * np.cos(theta - np.pi / 2) if cell == 0 else 0.5 * np.cos(2 * theta))
        return round(100 * gain * tuned)

    cells = neuropixels.drifting_gratings(trains(table, counts), table)
    assert cells["preferred_tf_hz"].tolist() == [2.0, 2.0]
    assert cells["preferred_direction_deg"].tolist() == [90.0, 0.0]
    assert cells["several_preferred_directions"].tolist() == [False, True]  # 0 and 180
    assert cells["g_dsi"].tolist() == pytest.approx([0.25, 0.0], abs=1e-3)
    assert cells["g_osi"].tolist() == pytest.approx([0.0, 0.25], abs=1e-3)


def test_common_columns_equal_slow_loops():
    table = shown(
        "static_gratings",
        grid(
            orientation_deg=[0.0, 30.0, 60.0], spatial_frequency_cpd=[0.02, 0.04], phase=[0.0, 0.5]
        ),
        repeats=12,
        length=0.25,
        step=0.25,
    )
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(0, table.duration_s + 1, 6000))
    train = SpikeTrains(times, rng.integers(0, 4, times.size), 4)
    clock = np.arange(0, 50, 0.02)
    speed = 3 * np.sin(clock / 3)
    speed[100:200] = np.nan
    cells = neuropixels.static_gratings(train, table, running=(speed, clock))
    for cell in range(4):
        mine = train.of(cell)
        rows = table.table.assign(
            n=[((mine >= a) & (mine < b)).sum() for a, b in table.intervals_s],
            speed=[
                np.nanmean(speed[(clock >= a) & (clock < b)])
                if np.isfinite(speed[(clock >= a) & (clock < b)]).any()
                else np.nan
                for a, b in table.intervals_s
            ],
        )
        keys = ["orientation_deg", "spatial_frequency_cpd", "phase"]
        means = rows.groupby(keys, sort=False)["n"].mean()
        best = rows.set_index(keys).loc[[means.idxmax()]]
        run, still = best[best.speed >= 1]["n"], best[best.speed < 1]["n"]
        row = cells.loc[cell]
        assert row["fano"] == pytest.approx(best["n"].var(ddof=0) / best["n"].mean(), rel=1e-12)
        assert row["p_run_modulation"] == pytest.approx(
            stats.ttest_ind(run, still, equal_var=False).pvalue, rel=1e-9
        )
        assert row["run_modulation"] == pytest.approx(
            (run.mean() - still.mean()) / max(run.mean(), still.mean()), rel=1e-12
        )
        n = len(means)
        sparse = (1 - means.sum() ** 2 / n / (means**2).sum()) / (1 - 1 / n)
        assert row["lifetime_sparseness"] == pytest.approx(sparse, rel=1e-12)
        assert row["preferred_sf_cpd"] == means.groupby(level=1).mean().idxmax()
        assert row["firing_rate_hz"] == pytest.approx(
            rows["n"].sum() / (table.duration_s - 1.0), rel=1e-9
        )
        offsets = np.concatenate(
            [mine[(mine >= a) & (mine < b)] - a for a, b in best[["start_s", "stop_s"]].to_numpy()]
        )
        psth = np.histogram(offsets, np.arange(251) * 0.001)[0]
        assert row["time_to_peak_s"] == pytest.approx(psth.argmax() * 0.001 + 0.0005, abs=1e-12)


def test_modulation_index_is_large_where_spikes_follow_the_grating():
    table = shown("drifting_gratings", grid(orientation_deg=[0.0], temporal_frequency_hz=[4.0]), 10)
    start = table.intervals_s[:, :1]
    rng = np.random.default_rng(0)
    locked = (start + (np.arange(8) + 0.5) / 4 + rng.normal(0, 0.02, (10, 8))).ravel()
    free = (start + rng.uniform(0, 2, (10, 8))).ravel()
    cells = neuropixels.drifting_gratings(
        SpikeTrains.from_lists([np.sort(locked), np.sort(free)]), table
    )
    assert cells["mod_idx"][0] > 3 > cells["mod_idx"][1]


def test_flashes():
    table = shown("flashes", grid(color=[1.0, -1.0]), repeats=10, length=0.25, step=2.0)
    white = table.table["color"].to_numpy() == 1
    start = table.intervals_s[:, 0]
    early = start[white] + 0.0505
    everywhere = (start[:, None] + (np.arange(250) + 0.5) / 1000).ravel()
    only_white = np.concatenate([early, start[~white][:5] + 0.1])
    cells = neuropixels.flashes(
        SpikeTrains.from_lists([np.sort(only_white), everywhere, early]), table
    )
    assert cells["on_off_ratio"].tolist()[:2] == [2.0, 1.0]
    assert np.isnan(cells["on_off_ratio"][2])
    assert "black" in cells["notes"][2]
    assert cells["sustained_idx"].tolist() == pytest.approx([1 / 250, 1.0, 1 / 250])
    assert cells["time_to_peak_s"].tolist() == pytest.approx([0.0505, 0.0005, 0.0505])
    first = neuropixels.first_spike_times(SpikeTrains.from_lists([early, start + 0.15]), table)
    assert first["first_spike_s"][0] == pytest.approx(0.05)
    assert np.isnan(first["first_spike_s"][1])
    assert first["notes"][1] == "later than latest_s"


def test_image_selectivity_is_one_minus_two_over_n_for_one_image():
    means = np.zeros((1, 118))
    means[0, 5] = 3.0
    assert image_selectivity(means)[0] == pytest.approx(1 - 2 / 118)
    steps = np.arange(118.0)[None]
    assert image_selectivity(steps)[0] == pytest.approx(
        1 - 2 * np.mean([(steps > t).mean() for t in np.arange(1000) * 117 / 1000]), abs=1e-12
    )


def test_scenes_movies_and_dots():
    scenes = shown("natural_scenes", grid(frame=[-1.0, 4.0, 9.0, 30.0]), length=0.25, step=0.25)

    @counted(2)
    def counts(row, cell):
        return (7 if row.frame == 9 else 99 if row.frame == -1 else 1) * (cell == 0)

    cells = neuropixels.natural_scenes(trains(scenes, counts), scenes)
    assert cells["preferred_image"][0] == 9  # a blank is no image
    assert np.isnan(cells["preferred_image"][1])
    assert cells["notes"].tolist() == ["", "no spikes in the presentations"]
    movie = shown("natural_movie_one", grid(frame=np.arange(5.0)), length=1 / 30, step=1 / 30)

    @counted(1)
    def frames(row, cell):
        return 3 if row.frame == 2 else 1

    assert neuropixels.natural_movie(trains(movie, frames), movie)["preferred_frame"][0] == 2
    dots = shown("dot_motion", grid(Speed=[10.0, 20.0], Dir=[0.0, 90.0]), length=1.0, step=1.0)

    @counted(1)
    def moving(row, cell):
        return 2 + 3 * (row.Speed == 20) + 5 * (row.Dir == 90)

    found = neuropixels.dot_motion(trains(dots, moving), dots).loc[0]
    assert (found["preferred_speed_deg_per_s"], found["preferred_direction_deg"]) == (20.0, 90.0)


def test_columns_are_those_of_the_metrics():
    movie = shown("natural_movie_one", grid(frame=np.arange(3.0)))
    table = neuropixels.natural_movie(SpikeTrains([1.5], [0], 1), movie)
    named = [m.name for m in neuropixels.METRICS if m.stimulus == "natural_movie"]
    assert list(table) == ["cell", *named, "notes"]
    gratings = shown("drifting_gratings", GRATINGS)
    table = neuropixels.drifting_gratings(SpikeTrains([1.5], [0], 1), gratings)
    named = [m.name for m in neuropixels.METRICS if m.stimulus == "drifting_gratings"]
    assert list(table) == ["cell", *named, "notes"]


def test_cells_are_measured_alike_in_any_blocks(monkeypatch):
    table = shown("drifting_gratings", GRATINGS)
    rng = np.random.default_rng(1)
    times = np.sort(rng.uniform(0, table.duration_s, 5000))
    train = SpikeTrains(times, rng.integers(0, 7, times.size), 7)
    whole = neuropixels.drifting_gratings(train, table)
    monkeypatch.setattr("allentk.responses.neuropixels.counting._MOST_COUNTS", 150)
    pd.testing.assert_frame_equal(neuropixels.drifting_gratings(train, table), whole)
    some = neuropixels.drifting_gratings(train, table, ids=[5, 2, 5])
    expected = whole.iloc[[5, 2, 5]].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, expected)


def test_a_network_is_measured_by_population():
    table = shown("drifting_gratings", GRATINGS)
    spikes = {"a": SpikeTrains([1.5], [0], 2), "b": SpikeTrains([1.6], [0], 1)}
    response = NetworkResponse(spikes, table.duration_s, presentations=table)
    cells = neuropixels.drifting_gratings(response)
    assert cells["population"].tolist() == ["a", "a", "b"]
    assert cells["cell"].tolist() == [0, 1, 0]


def test_what_the_program_lacks_is_not_said_to_be_its_own():
    of = {metric.source for metric in neuropixels.METRICS if metric.stimulus == "contrast_tuning"}
    assert of == {"allentk"}
