"""The warehouse's gratings and scenes: written out in loops, scaled, cut into trials, and with quirks."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses import warehouse
from allentk.responses.warehouse.measured import cells_and_values

STEP_S = 1 / 30


def drifting_table(n_repeats=4, seed=0):
    rows = [(d, f) for d in np.arange(0.0, 360, 45) for f in (1.0, 2.0, 4.0)] * n_repeats
    rows += [(np.nan, np.nan)] * 6
    order = np.random.default_rng(seed).permutation(len(rows))
    table = pd.DataFrame(
        [rows[i] for i in order], columns=["orientation_deg", "temporal_frequency_hz"]
    )
    start = 40 + 90 * np.arange(len(table))
    return framed(table, start, 60, "drifting_gratings", table["orientation_deg"].isna())


def static_table(lengths=(7,), seed=0):
    one = [(o, f, p) for o in np.arange(0.0, 180, 30) for f in (0.04, 0.08) for p in (0.0, 0.5)]
    rows = one * 8 + [(np.nan,) * 3] * 8
    order = np.random.default_rng(seed).permutation(len(rows))
    names = ["orientation_deg", "spatial_frequency_cpd", "phase"]
    table = pd.DataFrame([rows[i] for i in order], columns=names)
    length = np.resize(lengths, len(table))
    start = 50 + 10 * np.arange(len(table))
    return framed(table, start, length, "static_gratings", table["phase"].isna())


def scenes_table(n_images=6, n_repeats=8, seed=0):
    frames = np.repeat(np.arange(-1, n_images), n_repeats)
    frames = np.random.default_rng(seed).permutation(frames)
    table = pd.DataFrame({"frame": frames})
    start = 50 + 8 * np.arange(len(table))
    return framed(table, start, 7, "natural_scenes", table["frame"] < 0)


def framed(table, start, length, name, blank):
    stop = start + length
    return StimulusTable(
        table.assign(
            start_frame=start,
            stop_frame=stop,
            start_s=start * STEP_S,
            stop_s=stop * STEP_S,
            stimulus=np.where(blank, "blank", name),
        )
    )


def fluorescence(table, n_cells=5, seed=1, noise=8.0, strength=2.0):
    """Cells with a response of their own to every kind of row, and noise."""
    rng = np.random.default_rng(seed)
    rows = table.table
    n_frames = int(rows["stop_frame"].max()) + 70
    values = rng.uniform(100, 400, (n_cells, 1)) + rng.normal(size=(n_cells, n_frames)) * noise
    keys = [c for c in ("orientation_deg", "temporal_frequency_hz", "phase", "frame") if c in rows]
    kind = rows.groupby(keys, dropna=False).ngroup().to_numpy()
    gain = rng.normal(0, 1, (n_cells, kind.max() + 1)) * noise * strength
    for k, start, stop in zip(kind, rows["start_frame"], rows["stop_frame"], strict=True):
        values[:, start + 2 : stop + 3] += gain[:, [k]]
    return Traces(values, np.arange(n_frames) * STEP_S, 100 + np.arange(n_cells), "F")


def values_of(traces):
    return np.asarray(traces.values)


def running(traces, seed=2):
    rng = np.random.default_rng(seed)
    n = traces.time_s.size
    return np.repeat(rng.uniform(-1, 4, n // 80 + 1), 80)[:n], traces.time_s


def percent(trace, start, before, after):
    window = trace[start - before : start + after]
    return 100 * (window / window[:before].mean() - 1)


def pairs(windows):
    some = [stats.pearsonr(a, b)[0] for i, a in enumerate(windows) for b in windows[i + 1 :]]
    return np.mean(some)


def same(got, **columns):
    for name, value in columns.items():
        assert got[name] == pytest.approx(value, rel=1e-10, nan_ok=True), name


def run_split(values, speeds, more_than):
    run, rest = values[speeds >= 1], values[speeds < 1]
    if min(run.size, rest.size) <= more_than:
        return np.nan, np.nan
    larger = max(run.mean(), rest.mean())
    return (run.mean() - rest.mean()) / abs(larger), stats.ttest_ind(run, rest, equal_var=False)[1]


def test_drifting_gratings_as_written_out():
    table = drifting_table(12)
    traces = fluorescence(table)
    speed, clock = running(traces)
    out = warehouse.drifting_gratings(traces, table, running=(speed, clock), quirks="published")
    rows, directions = table.table, np.arange(0.0, 360, 45)
    theta, tf = np.deg2rad(directions), rows["temporal_frequency_hz"]
    for got, trace in zip(out.to_dict("records"), traces.values, strict=True):
        windows = np.array([percent(trace, s, 30, 60)[30:] for s in rows["start_frame"]])
        trials = windows.mean(axis=1)
        groups = {
            (d, f): (rows["orientation_deg"] == d) & (tf == f)
            for d in directions
            for f in (1, 2, 4)
        }
        mean = {key: trials[of].mean() for key, of in groups.items()}
        d, f = max(mean, key=mean.get)
        curve = np.array([mean[e, f] for e in directions])
        i, clipped = int(d // 45), np.maximum(curve, 0)
        pref, null = curve[i], curve[(i + 4) % 8]
        orth = (curve[(i + 2) % 8] + curve[(i - 2) % 8]) / 2
        everything = trials[rows["orientation_deg"] == d]
        noise = np.sqrt(((everything - everything.mean()) ** 2).sum() / (everything.size - 5))
        spread = np.ptp([mean[d, g] for g in (1, 2, 4)])
        samples = [trials[of] for of in groups.values()] + [trials[tf.isna()]]
        chosen = groups[d, f].to_numpy()
        speeds = np.array([speed[s : s + 60].mean() for s in rows["start_frame"]])
        modulation, p_run = run_split(trials[chosen], speeds[chosen], 2)
        same(
            got,
            preferred_direction_deg=d,
            preferred_tf_hz=f,
            osi=(pref - orth) / (pref + orth),
            dsi=(pref - null) / (pref + null),
            g_osi=abs((clipped * np.exp(2j * theta)).sum()) / clipped.sum(),
            g_dsi=abs((clipped * np.exp(1j * theta)).sum()) / clipped.sum(),
            tf_selectivity=spread / (spread + 2 * noise),
            p_value=stats.f_oneway(*samples)[1],
            peak_response=pref,
            reliability=pairs(windows[chosen]),
            run_modulation=modulation,
            p_run_modulation=p_run,
        )
    assert out["p_run_modulation"].notna().any()


def test_static_gratings_as_written_out():
    table = static_table()
    traces = fluorescence(table)
    out = warehouse.static_gratings(traces, table, quirks="published")
    rows = table.table
    keys = ["orientation_deg", "spatial_frequency_cpd", "phase"]
    for got, trace in zip(out.to_dict("records"), traces.values, strict=True):
        windows = np.array([percent(trace, s, 28, 35) for s in rows["start_frame"]])
        trials = pd.Series(windows[:, 28:42].mean(axis=1))
        mean = trials.groupby([rows[k] for k in keys]).mean()
        o, f, phase = mean.idxmax()
        chosen = (rows[keys].to_numpy() == [o, f, phase]).all(axis=1)
        orth = mean[(o + 90) % 180, f, phase]
        kinds = rows[keys].fillna(-1).apply(tuple, axis=1)
        same(
            got,
            preferred_orientation_deg=o,
            preferred_sf_cpd=f,
            preferred_phase=phase,
            osi=(mean.max() - orth) / (mean.max() + orth),
            peak_response=mean.max(),
            p_value=stats.f_oneway(*[trials[kinds == k] for k in kinds.unique()])[1],
            reliability=pairs(windows[chosen][:, 28:42]),
            time_to_peak_s=(windows[chosen].mean(axis=0).argmax() - 28) * STEP_S,
        )


def test_mended_columns_as_written_out():
    """Negative means as 0; noise around the mean of each frequency; the peak in the response."""
    table = static_table()
    traces = fluorescence(table, 12, strength=0.3)
    out = warehouse.static_gratings(traces, table)
    keys = ["orientation_deg", "spatial_frequency_cpd", "phase"]
    rows = table.table
    for got, trace in zip(out.to_dict("records"), traces.values, strict=True):
        windows = np.array([percent(trace, s, 28, 14)[28:] for s in rows["start_frame"]])
        groups = pd.Series(windows.mean(axis=1)).groupby([rows[k] for k in keys])
        mean = groups.mean()
        o, f, phase = mean.idxmax()
        pref, orth = max(mean.max(), 0), max(mean[(o + 90) % 180, f, phase], 0)
        at = [(o, g, phase) for g in (0.04, 0.08)]
        sse = sum(((groups.get_group(k) - mean[k]) ** 2).sum() for k in at)
        spread = abs(mean[at[0]] - mean[at[1]])
        chosen = (rows[keys].to_numpy() == [o, f, phase]).all(axis=1)
        same(
            got,
            osi=(pref - orth) / (pref + orth),
            sf_selectivity=spread / (spread + 2 * np.sqrt(sse / (16 - 2))),
            reliability=pairs(windows[chosen]),
            time_to_peak_s=windows[chosen].mean(axis=0).argmax() * STEP_S,
        )
    assert (out["osi"] == 1).any()  # an orthogonal mean below 0
    assert out["osi"].lt(1).any()


def test_natural_scenes_as_written_out():
    table = scenes_table()
    traces = fluorescence(table)
    out = warehouse.natural_scenes(traces, table)
    frame = table.table["frame"].to_numpy()
    for got, trace in zip(out.to_dict("records"), traces.values, strict=True):
        windows = np.array([percent(trace, s, 28, 14) for s in table.table["start_frame"]])
        trials = windows[:, 28:].mean(axis=1)
        mean = np.array([trials[frame == i].mean() for i in range(6)])
        levels = mean.min() + np.arange(1000) * (np.ptp(mean) / 1000)
        chosen = frame == mean.argmax()
        same(
            got,
            preferred_image=mean.argmax(),
            image_selectivity=1 - 2 * np.mean([(mean > level).mean() for level in levels]),
            peak_response=mean.max(),
            p_value=stats.f_oneway(*[trials[frame == i] for i in range(-1, 6)])[1],
            reliability=pairs(windows[chosen][:, 28:]),
            time_to_peak_s=windows[chosen][:, 28:].mean(axis=0).argmax() * STEP_S,
        )


def test_responses_to_conditions_as_written_out():
    table = drifting_table()
    traces = fluorescence(table, noise=3.0)
    out = warehouse.condition_responses(traces, table)
    rows = table.table
    direction, tf = rows["orientation_deg"].to_numpy(), rows["temporal_frequency_hz"].to_numpy()
    for cell, trace in enumerate(traces.values):
        windows = [percent(trace, s, 30, 60) for s in rows["start_frame"]]
        trials = np.array([w[30:].mean() for w in windows])
        p = np.array([stats.f_oneway(w[:30], w[30:])[1] for w in windows])
        for i, d in enumerate(out.axes["orientation_deg"]):
            for j, f in enumerate(out.axes["temporal_frequency_hz"]):
                of = (direction == d) & (tf == f)
                assert out.mean[cell, i, j] == pytest.approx(trials[of].mean(), rel=1e-10)
                assert out.sem[cell, i, j] == pytest.approx(stats.sem(trials[of]), rel=1e-10)
                assert out.significant[cell, i, j] == (p[of] < 0.05 / 24).sum()
        assert out.blank_mean[cell] == pytest.approx(trials[np.isnan(tf)].mean(), rel=1e-10)
    assert 0 < out.significant.sum() < out.n.sum() * 5


@pytest.mark.parametrize(
    ("measure", "table"),
    [
        (warehouse.drifting_gratings, drifting_table()),
        (warehouse.static_gratings, static_table()),
        (warehouse.natural_scenes, scenes_table()),
    ],
)
def test_brightness_changes_nothing(measure, table):
    traces = fluorescence(table)
    brighter = Traces(3.7 * values_of(traces), traces.time_s, traces.ids, "F")
    fast = running(traces)
    one, other = (measure(t, table, running=fast) for t in (traces, brighter))
    pd.testing.assert_frame_equal(one, other, rtol=1e-9)
    some = measure(traces, table, ids=[103, 101], running=fast)
    pd.testing.assert_frame_equal(some, one.iloc[[3, 1]].reset_index(drop=True))


def test_trials_cut_before_are_the_same_trials():
    table = drifting_table()
    traces = fluorescence(table)
    starts = table.table["start_frame"]
    windows = np.stack([values_of(traces)[:, s - 30 : s + 60] for s in starts], axis=1)
    cut = warehouse.TrialArray(windows, 30, STEP_S, traces.ids)
    out = warehouse.drifting_gratings(cut, table)
    pd.testing.assert_frame_equal(out, warehouse.drifting_gratings(traces, table))


def test_windows_cut_shortly_before_the_onset_keep_their_frames_of_reliability():
    table = static_table((8,))
    traces = fluorescence(table)
    starts = table.table["start_frame"]
    published = []
    for before in (32, 10):
        windows = np.stack([values_of(traces)[:, s - before : s + 40] for s in starts], axis=1)
        windows /= windows[:, :, :10].mean(axis=2, keepdims=True)
        cut = warehouse.TrialArray(windows, before, STEP_S, traces.ids)
        out = warehouse.static_gratings(cut, table, quirks="reliability_frames_28_42")
        published.append(out)
    # Frames 28 to 42 of 32 + 16 are those from 4 before the onset; where these were cut off, so they stay.
    whole, short = published
    same_trials = whole["preferred_sf_cpd"] == short["preferred_sf_cpd"]
    same_trials &= whole["preferred_orientation_deg"] == short["preferred_orientation_deg"]
    same_trials &= whole["preferred_phase"] == short["preferred_phase"]
    assert same_trials.any()
    assert whole["reliability"][same_trials].to_numpy() == pytest.approx(
        short["reliability"][same_trials].to_numpy(), rel=1e-9
    )


def test_many_trials_of_one_condition_need_little_memory():
    n_trials, n_cells = 500, 16
    start = 40 + 90 * np.arange(n_trials)
    rows = {"orientation_deg": np.zeros(n_trials), "temporal_frequency_hz": np.ones(n_trials)}
    table = framed(pd.DataFrame(rows), start, 60, "drifting_gratings", np.zeros(n_trials, bool))
    traces = fluorescence(table, n_cells)
    tracemalloc.start()
    out = warehouse.drifting_gratings(traces, table)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert out["reliability"].notna().all()
    assert (
        most < 2 * values_of(traces).nbytes + 8e6
    )  # all pairs of all cells at once are 32 MB, twice


def test_single_precision_is_computed_in_double():
    table = drifting_table()
    traces = fluorescence(table)
    single = values_of(traces).astype(np.float32)
    double = Traces(single.astype(float), traces.time_s, traces.ids, "F")
    out = warehouse.drifting_gratings(Traces(single, traces.time_s, traces.ids, "F"), table)
    pd.testing.assert_frame_equal(out, warehouse.drifting_gratings(double, table))


def uneven(traces):
    times = traces.time_s + 0.002 * (np.arange(traces.time_s.size) > 0)
    return Traces(traces.values, times, traces.ids, "F")


DRIFTING, STATIC, LONG_SECOND, LONG_FIRST = (
    drifting_table(),
    static_table(),
    static_table((7, 8, 7, 7)),
    static_table((8,)),
)
SCENES = scenes_table(120, 2)


@pytest.mark.parametrize(
    ("quirk", "table", "column"),
    [
        ("unclipped_means", DRIFTING, "osi"),
        ("unclipped_means", STATIC, "osi"),
        ("sse_around_all_trials", DRIFTING, "tf_selectivity"),
        ("sse_around_all_trials", STATIC, "sf_selectivity"),
        ("length_of_second_row", LONG_SECOND, "peak_response"),
        ("reliability_frames_28_42", LONG_FIRST, "reliability"),
        ("peak_in_whole_sweep", STATIC, "time_to_peak_s"),
        ("rate_of_first_frames", STATIC, "time_to_peak_s"),
        ("images_118", SCENES, "image_selectivity"),
    ],
)
def test_a_quirk_changes_a_number(quirk, table, column):
    name = next(n for n in table.table["stimulus"] if n != "blank")
    weak = quirk == "peak_in_whole_sweep"  # so that the largest value lies anywhere
    traces = uneven(fluorescence(table, 40, strength=0.1 if weak else 2.0))
    plain, quirky = (getattr(warehouse, name)(traces, table, quirks=q) for q in ((), quirk))
    assert not plain[column].equals(quirky[column])
    assert plain["p_value"].notna().all()
    if quirk == "unclipped_means":
        assert plain[column].between(-1, 1).all()
        assert not quirky[column].between(-1, 1).all()


def test_phases_count_among_the_tests():
    traces = fluorescence(STATIC, noise=2.0)
    plain, quirky = (
        warehouse.condition_responses(traces, STATIC, "static_gratings", quirks=q).significant.sum()
        for q in ((), "threshold_without_phase")
    )
    assert plain < quirky


def test_presentations_outside_the_recording_are_left_out_once():
    traces = fluorescence(DRIFTING)
    short = Traces(values_of(traces)[:, :-200], traces.time_s[:-200], traces.ids, "F")
    with pytest.warns(UserWarning, match="2 of 102 presentations lie outside") as caught:
        out = warehouse.drifting_gratings(short, DRIFTING)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    kept = StimulusTable(DRIFTING.table.iloc[:-2])
    pd.testing.assert_frame_equal(out, warehouse.drifting_gratings(short, kept))
    none = Traces(values_of(traces)[:, :50], traces.time_s[:50], traces.ids, "F")
    with pytest.raises(DataError, match="none of the 102 presentations"):
        warehouse.drifting_gratings(none, DRIFTING)


def test_a_cell_without_values_costs_itself():
    traces = fluorescence(DRIFTING)
    values = values_of(traces).copy()
    values[1], values[2] = 250.0, np.nan
    values[3, 45] = np.nan
    broken = Traces(values, traces.time_s, traces.ids, "F")
    out = warehouse.drifting_gratings(broken, DRIFTING)
    assert out["notes"].tolist()[1] == "the trace does not vary"
    assert "no trial of any condition has a finite response" in out["notes"][2]
    assert out["notes"][3].startswith("1 of 102 trials left out")
    assert out.loc[[1, 2]].drop(columns=["cell", "notes", "responsive"]).isna().all(axis=None)
    assert not out.loc[[1, 2], "responsive"].any()
    assert np.isfinite(out.loc[3, ["osi", "p_value", "reliability"]].astype(float)).all()
    whole = warehouse.drifting_gratings(traces, DRIFTING)
    pd.testing.assert_frame_equal(out.iloc[[0, 4]], whole.iloc[[0, 4]])


def test_what_cannot_be_measured_is_said():
    traces = fluorescence(DRIFTING)
    dff = Traces(traces.values, traces.time_s, traces.ids, "dF/F")
    with pytest.raises(DataError, match=r"expected traces of unit 'F'.*got 'dF/F'"):
        warehouse.drifting_gratings(dff, DRIFTING)
    with pytest.raises(DataError, match="no cell with id 9"):
        warehouse.drifting_gratings(traces, DRIFTING, ids=[9])
    with pytest.raises(DataError, match="no quirk 'nonsense'"):
        warehouse.drifting_gratings(traces, DRIFTING, quirks="nonsense")
    with pytest.raises(
        DataError, match="no presentation has orientation_deg and spatial_frequency_cpd"
    ):
        warehouse.static_gratings(traces, DRIFTING)
    none = warehouse.drifting_gratings(traces, DRIFTING, ids=np.array([], dtype=int))
    assert len(none) == 0
    assert list(none) == list(warehouse.drifting_gratings(traces, DRIFTING))


def test_one_trial_of_each_condition_has_no_reliability():
    table = drifting_table(1)
    out = warehouse.drifting_gratings(fluorescence(table), table)
    assert out["reliability"].isna().all()
    assert out["notes"].str.contains("one trial of the preferred condition").all()
    assert out["osi"].notna().all()


def test_what_is_missing_is_noted():
    two = drifting_table(4).table
    two = two[two["orientation_deg"].isna() | two["orientation_deg"].isin([0, 45])]
    traces = fluorescence(StimulusTable(two))
    out = warehouse.drifting_gratings(traces, StimulusTable(two))
    positive = out["peak_response"] > 0
    assert positive.any()
    assert out["osi"].isna().all()
    assert (out["notes"][positive] == "too few conditions or trials for osi, dsi").all()
    one = StimulusTable(two[two["orientation_deg"] == 0].iloc[:1])
    alone = warehouse.drifting_gratings(traces, one)
    assert np.isfinite(alone["peak_response"]).all()
    assert not alone["notes"].str.contains("does not vary").any()
    with pytest.raises(DataError, match=r"expected \(speed_cm_s, time_s\).*got a int"):
        warehouse.drifting_gratings(traces, StimulusTable(two), running=5)


def test_every_column_is_described():
    for name, table in (
        ("drifting_gratings", DRIFTING),
        ("static_gratings", STATIC),
        ("natural_scenes", SCENES),
    ):
        out = getattr(warehouse, name)(fluorescence(table), table)
        described = [m.name for m in warehouse.METRICS if m.stimulus == name]
        assert sorted(described) == sorted(set(out) - {"cell", "notes"})
        assert set(warehouse.ALLEN_NAMES[name]) <= set(out)


def test_the_name_of_a_quirk_of_another_stimulus_changes_nothing():
    traces = fluorescence(DRIFTING)
    plain = warehouse.drifting_gratings(traces, DRIFTING)
    for quirk in warehouse.QUIRKS:
        if "drifting_gratings" not in quirk.stimulus:
            out = warehouse.drifting_gratings(traces, DRIFTING, quirks=quirk.name)
            pd.testing.assert_frame_equal(out, plain)


def test_blanks_alone_make_no_preferred_grating():
    traces = fluorescence(DRIFTING)
    rows = DRIFTING.table
    values = values_of(traces).copy()
    shown = rows[rows["orientation_deg"].notna()]
    for start in shown["start_frame"]:
        values[1, start] = np.nan
    held = Traces(values, traces.time_s, traces.ids, "F")
    out = warehouse.drifting_gratings(held, DRIFTING)
    assert out.loc[1].drop(["cell", "notes", "responsive"]).isna().all()
    assert "no trial of any condition has a finite response" in out["notes"][1]
    whole = warehouse.drifting_gratings(traces, DRIFTING)
    pd.testing.assert_frame_equal(out.drop(1), whole.drop(1))
    moved = rows.copy()
    moved.loc[shown.index, ["start_frame", "stop_frame"]] += 10**6
    with (
        pytest.warns(UserWarning, match="96 of 102 presentations lie outside"),
        pytest.raises(DataError, match="of 96 presentations none lies in the recording"),
    ):
        warehouse.drifting_gratings(traces, StimulusTable(moved))


def test_movies_are_not_measured_by_condition():
    with pytest.raises(DataError, match="no stimulus 'natural_movie'"):
        warehouse.condition_responses(fluorescence(SCENES), SCENES, "natural_movie")


def test_cut_trials_of_all_cells_are_not_copied():
    held = warehouse.TrialArray(np.ones((2, 2, 9)), 3, 0.03, [7, 8])
    cells, values = cells_and_values(held, None, "F")
    assert cells.tolist() == [7, 8]
    assert np.shares_memory(values, held.values)


def test_ids_of_cut_trials_are_whole():
    with pytest.raises(DataError, match="expected whole numbers"):
        warehouse.TrialArray(np.ones((1, 2, 9)), 3, 0.03, [7.5])
