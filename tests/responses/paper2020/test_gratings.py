"""Gratings by de Vries et al. 2020: against loops written out, and cells with planted tuning."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.paper2020 import METRICS, QUIRKS, drifting_gratings, static_gratings

RATE = 30.0
THETA = np.arange(0.0, 360.0, 45.0)
TF = np.array([1.0, 2, 4, 8, 15])
ORI = np.arange(0.0, 180.0, 30.0)
SF = np.array([0.02, 0.04, 0.08, 0.16, 0.32])
PHASE = np.array([0.0, 0.25, 0.5, 0.75])


def shown(conditions, columns, stimulus, frames, gap, first=1200, n_blanks=6, seed=1):
    """A table with `frames` per presentation, and a spontaneous block before the first."""
    order = np.random.default_rng(seed).permutation(len(conditions) + n_blanks)
    rows = pd.DataFrame(
        [*conditions, *[(np.nan,) * len(columns)] * n_blanks], columns=list(columns)
    ).iloc[order]
    rows["start_frame"] = first + np.arange(len(rows)) * (frames + gap)
    rows["stop_frame"] = rows["start_frame"] + frames
    rows["stimulus"] = np.where(rows[columns[0]].isna(), "blank", stimulus)
    quiet = pd.DataFrame(
        {"start_frame": [0], "stop_frame": [first - 60], "stimulus": "spontaneous"}
    )
    rows = pd.concat([quiet, rows], ignore_index=True)
    rows["start_s"], rows["stop_s"] = rows["start_frame"] / RATE, rows["stop_frame"] / RATE
    return StimulusTable(rows)


def dg_table(repeats=8):
    return shown(
        [(d, f) for d in THETA for f in TF] * repeats,
        ("orientation_deg", "temporal_frequency_hz"),
        "drifting_gratings",
        60,
        30,
    )


def sg_table(repeats=4):
    return shown(
        [(o, f, p) for o in ORI for f in SF for p in PHASE] * repeats,
        ("orientation_deg", "spatial_frequency_cpd", "phase"),
        "static_gratings",
        7,
        0,
    )


def events(table, gain, n_cells=3, seed=2, chance=0.02):
    """Sparse events at a base rate, and more of them where `gain(row)` says so."""
    rng = np.random.default_rng(seed)
    n_frames = int(table.table["stop_frame"].max()) + 40
    values = rng.exponential(1.0, (n_cells, n_frames)) * (rng.random((n_cells, n_frames)) < chance)
    for row in table.table.itertuples():
        if row.stimulus in ("blank", "spontaneous"):
            continue
        more = rng.random((n_cells, row.stop_frame - row.start_frame))
        extra = np.asarray(gain(row))[:, None] > more
        values[:, row.start_frame : row.stop_frame] += 1.5 * extra
    values[-1] = 0.0  # the last cell is silent
    return Traces(values, np.arange(n_frames) / RATE, 100 + np.arange(n_cells), unit="events")


def dg_gain(row):
    tuned = np.exp(4 * (np.cos(np.deg2rad(row.orientation_deg - 90)) - 1))
    octave = np.exp(-0.5 * (np.log2(row.temporal_frequency_hz) - 2) ** 2)
    oriented = np.exp(4 * (np.cos(2 * np.deg2rad(row.orientation_deg - 45)) - 1))
    low = np.exp(-np.log2(row.temporal_frequency_hz))
    return [0.4 * tuned * octave, 0.3 * oriented * low, 0.0]


def speeds(table):
    """Running in every second trial of a condition."""
    rows = table.table[lambda t: t["stimulus"] != "spontaneous"]
    n_frames = int(rows["stop_frame"].max()) + 40
    time_s, speed = np.arange(n_frames) / RATE, np.zeros(n_frames)
    columns = ["orientation_deg", "temporal_frequency_hz", "spatial_frequency_cpd", "phase"]
    number = rows.groupby(columns, dropna=False).cumcount()
    for start, stop, n in zip(rows["start_frame"], rows["stop_frame"], number, strict=True):
        speed[start:stop] = 4.0 * (n % 2)
    return speed, time_s


def loop(events, table, columns, window, course, speed, cell, beyond=0):
    """The published rules for one cell, in loops."""
    rows = table.table
    mean, courses, fast, kind = [], [], [], []
    for row in rows[rows["stimulus"] != "spontaneous"].itertuples():
        s = row.start_frame
        mean.append(events[cell, s + window[0] : s + window[1]].mean())
        courses.append(events[cell, s : s + course])
        fast.append(speed[s : s + course].mean())
        kind.append(tuple(getattr(row, c) for c in columns))
    out = {"mean": np.array(mean), "kind": kind}
    conditions = sorted({k for k in kind if not np.isnan(k[0])})
    table_of = {
        c: np.mean([m for m, k in zip(mean, kind, strict=True) if k == c]) for c in conditions
    }
    best = max(conditions, key=lambda c: table_of[c])
    trials = [i for i, k in enumerate(kind) if k == best]
    out["tuning"], out["best"], out["peak"] = table_of, best, table_of[best]
    pairs = [
        stats.pearsonr(courses[i], courses[j])[0]
        for n, i in enumerate(trials)
        for j in trials[n + 1 :]
        if np.ptp(courses[i]) > 0 and np.ptp(courses[j]) > 0
    ]
    out["reliability"] = np.mean(pairs) if pairs else np.nan
    run = [mean[i] for i in trials if fast[i] >= 1]
    still = [mean[i] for i in trials if fast[i] < 1]
    out["run"], out["still"] = np.mean(run), np.mean(still)
    out["p_run"] = stats.ttest_ind(run, still, equal_var=False)[1]
    r = np.array(list(table_of.values()))
    n = r.size
    out["sparseness"] = (1 - r.sum() ** 2 / (n * (r**2).sum())) / (1 - 1 / n)
    return out


def null_of(traces, table, window, cell, seed, n_windows=10_000):
    """Means of the drawn windows, one by one."""
    block = table.table[table.table["stimulus"] == "spontaneous"].iloc[0]
    starts = np.arange(block["start_frame"], block["stop_frame"] - window + 1)
    drawn = starts[np.random.default_rng(seed).integers(starts.size, size=n_windows)]
    values = traces.values[cell]  # noqa: PD011
    return np.array([values[s : s + window].mean() for s in drawn])


@pytest.fixture(scope="module")
def dg():
    table = dg_table()
    return table, events(table, dg_gain), speeds(table)


def test_drifting_gratings_are_the_rules_written_out(dg):
    table, traces, running = dg
    out = drifting_gratings(traces, table, running=running, seed=5)
    for cell in (0, 1):
        wanted = loop(
            traces.values,
            table,
            ("orientation_deg", "temporal_frequency_hz"),
            (0, 60),
            60,
            running[0],
            cell,
        )
        row = out.iloc[cell]
        assert (row["preferred_direction_deg"], row["preferred_tf_hz"]) == wanted["best"]
        theta, tf = wanted["best"]
        r = np.array([wanted["tuning"][d, tf] for d in THETA])
        osi = abs(sum(r * np.exp(2j * np.deg2rad(THETA)))) / sum(r)
        dsi = abs(sum(r * np.exp(1j * np.deg2rad(THETA)))) / sum(r)
        best = int(theta // 45)
        orth, null = (r[(best + 2) % 8] + r[best - 2]) / 2, r[best - 4]
        one = [m for m, k in zip(wanted["mean"], wanted["kind"], strict=True) if k[0] == theta]
        ptp = np.ptp([wanted["tuning"][theta, f] for f in TF])
        sse = np.sqrt(sum((np.array(one) - np.mean(one)) ** 2) / (len(one) - 5))
        run, still = wanted["run"], wanted["still"]
        blank = np.mean(
            [m for m, k in zip(wanted["mean"], wanted["kind"], strict=True) if np.isnan(k[0])]
        )
        expected = {
            "peak_response": wanted["peak"],
            "g_osi": osi,
            "g_dsi": dsi,
            "osi": (r[best] - orth) / (r[best] + orth),
            "dsi": (r[best] - null) / (r[best] + null),
            "tfdi": ptp / (ptp + 2 * sse),
            "reliability": wanted["reliability"],
            "lifetime_sparseness": wanted["sparseness"],
            "run_modulation": (run - still) / max(run, still),
            "p_run_modulation": wanted["p_run"],
            "run_response": run,
            "stationary_response": still,
            "peak_minus_blank": wanted["peak"] - blank,
            "mean_minus_blank": np.mean(list(wanted["tuning"].values())) - blank,
        }
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-10), name
        at_best = [
            m for m, k in zip(wanted["mean"], wanted["kind"], strict=True) if k == wanted["best"]
        ]
        null = null_of(traces, table, 60, cell, seed=5)
        p = [np.mean(null >= mean - 1e-12) for mean in at_best]
        assert row["n_significant_trials"] == sum(value < 0.05 for value in p)
        assert row["responsive"] == (sum(value < 0.05 for value in p) > 3)


def test_planted_tuning_of_drifting_gratings_comes_back(dg):
    table, traces, running = dg
    out = drifting_gratings(traces, table, running=running)
    assert out["preferred_direction_deg"].tolist()[:2] == [90.0, pytest.approx(45.0, abs=180)]
    assert out["preferred_direction_deg"][1] in (45.0, 225.0)
    assert out["preferred_tf_hz"].tolist()[:2] == [4.0, 1.0]
    assert out["responsive"].tolist() == [True, True, False]
    assert out["g_dsi"][0] > 0.5 > 0.35 > out["g_dsi"][1]
    assert out["fit_tf_hz"][0] == pytest.approx(4.0, rel=0.25)
    # Half of the maximum of a Gaussian of sigma 1 octave is 1.18 octaves away.
    assert np.log2(out["tf_high_cutoff_hz"][0]) == pytest.approx(2 + 1.18, abs=0.5)
    assert np.log2(out["tf_low_cutoff_hz"][0]) == pytest.approx(2 - 1.18, abs=0.5)
    assert out["fit_tf_index"][1] == 0.0
    assert out["fit_tf_hz"][1] == 1.0


def test_a_silent_cell_has_no_values_and_says_why(dg):
    table, traces, running = dg
    row = drifting_gratings(traces, table, running=running).iloc[2]
    assert row["notes"] == "no events in any trial"
    assert row[["preferred_direction_deg", "g_osi", "osi", "reliability", "tfdi"]].isna().all()
    assert row["responsive"] is False or not row["responsive"]
    assert row["n_significant_trials"] == 0


def test_columns_are_those_of_metrics(dg):
    table, traces, _ = dg
    out = drifting_gratings(traces, table)
    named = {m.name for m in METRICS if m.stimulus == "drifting_gratings"}
    assert set(out.columns) == named | {"cell", "notes"}
    assert out.columns[0] == "cell"
    assert out.columns[-1] == "notes"
    assert all(metric.definition == "paper2020" for metric in METRICS)


def test_static_gratings_are_the_rules_written_out():
    table = sg_table()

    def gain(row):
        tuned = np.exp(3 * (np.cos(2 * np.deg2rad(row.orientation_deg - 60)) - 1))
        return [0.6 * tuned * np.exp(-0.5 * np.log2(row.spatial_frequency_cpd / 0.08) ** 2), 0.1, 0]

    # The response is measured from frame 2 on: what is planted lies in frames 0 to 6.
    traces, running = events(table, gain), speeds(table)
    out = static_gratings(traces, table, running=running, responsive_above=2)
    columns = ("orientation_deg", "spatial_frequency_cpd", "phase")
    wanted = loop(traces.values, table, columns, (2, 12), 7, running[0], 0)
    row = out.iloc[0]
    found = row[["preferred_orientation_deg", "preferred_sf_cpd", "preferred_phase"]].tolist()
    assert tuple(found) == wanted["best"]
    o, f, p = wanted["best"]
    assert (o, f) == (60.0, 0.08)
    r = np.array([wanted["tuning"][theta, f, p] for theta in ORI])
    assert row["g_osi"] == pytest.approx(abs(sum(r * np.exp(2j * np.deg2rad(ORI)))) / sum(r))
    assert row["osi"] == pytest.approx((r[2] - r[5]) / (r[2] + r[5]))
    one = [m for m, k in zip(wanted["mean"], wanted["kind"], strict=True) if (k[0], k[2]) == (o, p)]
    ptp = np.ptp([wanted["tuning"][o, freq, p] for freq in SF])
    sse = np.sqrt(sum((np.array(one) - np.mean(one)) ** 2) / (len(one) - 5))
    assert row["sfdi"] == pytest.approx(ptp / (ptp + 2 * sse))
    assert row["reliability"] == pytest.approx(wanted["reliability"])
    assert row["lifetime_sparseness"] == pytest.approx(wanted["sparseness"])
    assert row["run_response"] == pytest.approx(wanted["run"])


def test_the_lower_spatial_frequency_is_a_quirk():
    table = sg_table()
    traces = events(table, lambda row: [0.5 * (row.spatial_frequency_cpd == 0.08), 0, 0])
    running = speeds(table)
    ours = static_gratings(traces, table, running=running).iloc[0]
    theirs = static_gratings(
        traces, table, running=running, quirks="shifted-spatial-frequency"
    ).iloc[0]
    assert ours["preferred_sf_cpd"] == theirs["preferred_sf_cpd"] == 0.08
    assert theirs["run_response"] < 0.5 * ours["run_response"]
    assert theirs["reliability"] != pytest.approx(ours["reliability"])
    low = events(table, lambda row: [0.5 * (row.spatial_frequency_cpd == 0.02), 0, 0])
    theirs = static_gratings(low, table, running=running, quirks="published").iloc[0]
    assert theirs["preferred_sf_cpd"] == 0.02
    assert np.isnan(theirs["reliability"])
    assert np.isnan(theirs["run_modulation"])


def test_unclipped_selectivity_is_a_quirk():
    rows = pd.DataFrame(
        {"orientation_deg": ORI, "spatial_frequency_cpd": 0.04, "phase": 0.0, "frame": np.nan}
    )
    rows["start_s"] = np.arange(6) + 1.0
    rows["stop_s"], rows["stimulus"] = rows["start_s"] + 0.25, "static_gratings"
    values = np.zeros((1, 300))
    response = np.array([1.0, 2, 5, 2, 1, -3])
    for k, level in enumerate(response):
        start = round((k + 1) * RATE)
        values[0, start + 2 : start + 12] = level
    traces = Traces(values, np.arange(300) / RATE, [1], unit="events")
    table = StimulusTable(rows)
    z = np.exp(2j * np.deg2rad(ORI))
    clipped = np.maximum(response, 0)
    assert static_gratings(traces, table)["g_osi"][0] == pytest.approx(
        abs(sum(clipped * z)) / sum(clipped)
    )
    assert static_gratings(traces, table, quirks="unclipped-selectivity")["g_osi"][
        0
    ] == pytest.approx(abs(sum(response * z)) / sum(response))


def test_equal_responses_have_no_modulation_unless_the_quirk_leaves_it_unset():
    rows = pd.DataFrame({"start_s": 3.0 * np.arange(16) + 1})
    rows["stop_s"], rows["stimulus"] = rows["start_s"] + 2, "drifting_gratings"
    rows["orientation_deg"], rows["temporal_frequency_hz"] = np.repeat(THETA[:4] * 2, 4), 2.0
    table = StimulusTable(rows)
    time_s = np.arange(1600) / RATE
    values = np.zeros((1, 1600))
    for start in rows["start_s"][:4]:
        values[0, round(start * RATE) + 10] = 1.0
    speed = np.where((time_s // 3).astype(int) % 2, 5.0, 0.0)
    traces = Traces(values, time_s, [1], unit="events")
    ours = drifting_gratings(traces, table, running=(speed, time_s)).iloc[0]
    theirs = drifting_gratings(
        traces, table, running=(speed, time_s), quirks=["run-modulation-unset"]
    ).iloc[0]
    assert ours["run_response"] == ours["stationary_response"] > 0
    assert ours["run_modulation"] == 0
    assert np.isnan(theirs["run_modulation"])


def test_windows_beyond_the_spontaneous_block_are_a_quirk(dg):
    table, traces, _ = dg
    values = traces.values.copy()  # noqa: PD011
    quiet = table.table.iloc[0]
    values[:, : int(quiet["stop_frame"])] = 0.0
    values[:, int(quiet["stop_frame"]) : int(quiet["stop_frame"]) + 60] = 50.0
    loud = Traces(values, traces.time_s, traces.ids, unit="events")
    ours = drifting_gratings(loud, table)["n_significant_trials"]
    theirs = drifting_gratings(loud, table, quirks=["windows-beyond-spontaneous"])
    assert ours[0] == 8
    # 59 of 1140 windows hold what follows the block: just over 5 % are as large as any trial.
    assert theirs["n_significant_trials"][0] == 0


def test_either_cutoff_is_a_quirk(dg):
    table, traces, _ = dg
    ours = drifting_gratings(traces, table).iloc[0]
    theirs = drifting_gratings(traces, table, quirks=["either-cutoff"]).iloc[0]
    assert np.isfinite(ours[["tf_low_cutoff_hz", "tf_high_cutoff_hz"]].astype(float)).all()
    assert theirs["tf_low_cutoff_hz"] == ours["tf_low_cutoff_hz"]
    assert np.isnan(theirs["tf_high_cutoff_hz"])


def test_seeds_decide_and_repeat(dg):
    table, traces, _ = dg
    a, b = (drifting_gratings(traces, table, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(a, b)


def test_presentations_outside_are_left_out_with_one_warning(dg):
    table, traces, _ = dg
    short = Traces(traces.values[:, :-200], traces.time_s[:-200], traces.ids, unit="events")  # noqa: PD011
    with pytest.warns(UserWarning, match=r"2 of 326 presentations lie outside .* presentation 324"):
        out = drifting_gratings(short, table)
    assert np.isfinite(out["g_osi"][0])


def test_nan_frames_leave_out_trials_and_are_said(dg):
    table, traces, _ = dg
    values = traces.values.copy()  # noqa: PD011
    row = table.table[table.table["stimulus"] == "drifting_gratings"].iloc[3]
    values[0, int(row["start_frame"]) + 5] = np.nan
    out = drifting_gratings(Traces(values, traces.time_s, traces.ids, unit="events"), table)
    assert out["notes"][0] == "trials with NaN are left out"
    assert np.isfinite(out["peak_response"][0])
    pd.testing.assert_frame_equal(out.iloc[1:], drifting_gratings(traces, table).iloc[1:])


def test_without_spontaneous_activity_responsive_is_unknown(dg):
    table, traces, _ = dg
    out = drifting_gratings(traces, StimulusTable(table.table.iloc[1:]))
    assert out["responsive"].isna().all()
    assert out["n_significant_trials"].isna().all()
    assert "no spontaneous activity" in out["notes"][0]
    apart = drifting_gratings(
        traces, StimulusTable(table.table.iloc[1:]), spontaneous=StimulusTable(table.table.iloc[:1])
    )
    pd.testing.assert_frame_equal(apart, drifting_gratings(traces, table))


def test_some_cells_none_and_unknown_ones(dg):
    table, traces, _ = dg
    every = drifting_gratings(traces, table)
    some = drifting_gratings(traces, table, ids=[101, 100])
    pd.testing.assert_frame_equal(some, every.iloc[[1, 0]].reset_index(drop=True))
    assert len(drifting_gratings(traces, table, ids=np.array([], dtype=int))) == 0
    with pytest.raises(DataError, match="no cell with id 7"):
        drifting_gratings(traces, table, ids=[7])


def test_other_units_and_types_are_refused(dg):
    table, traces, _ = dg
    with pytest.raises(DataError, match=r'expected traces in the unit "events", got \'dF/F\''):
        drifting_gratings(Traces(traces.values, traces.time_s, traces.ids), table)
    with pytest.raises(DataError, match="got a ndarray"):
        drifting_gratings(traces.values, table)
    with pytest.raises(DataError, match="no quirk 'x'"):
        drifting_gratings(traces, table, quirks="x")
    with pytest.raises(DataError, match="spatial_frequency_cpd"):
        static_gratings(traces, table)


def test_every_quirk_is_of_this_definition():
    assert len({quirk.name for quirk in QUIRKS}) == len(QUIRKS)
    assert all(quirk.definition == "paper2020" for quirk in QUIRKS)


def test_a_clock_of_running_that_does_not_rise_is_refused(dg):
    table, traces, _ = dg
    speed, clock = np.ones(traces.time_s.size), traces.time_s[::-1]
    with pytest.raises(DataError, match="the times must rise"):
        drifting_gratings(traces, table, running=(speed, clock))


def test_gratings_of_several_contrasts_are_not_one_tuning_curve(dg):
    table, traces, _ = dg
    rows = table.table
    rows["contrast"] = np.where(np.arange(len(rows)) % 2, 0.1, 0.8)
    with pytest.raises(DataError, match="2 values of contrast"):
        drifting_gratings(traces, StimulusTable(rows))


def test_a_direction_of_360_degrees_is_that_of_0(dg):
    table, traces, _ = dg
    rows = table.table
    first = rows.index[rows["orientation_deg"] == 0][::2]
    rows.loc[first, "orientation_deg"] = 360.0
    pd.testing.assert_frame_equal(
        drifting_gratings(traces, StimulusTable(rows)), drifting_gratings(traces, table)
    )


def test_running_is_compared_where_two_trials_of_each_have_a_response(dg):
    table, traces, _ = dg
    speed, clock = speeds(table)
    whole = drifting_gratings(traces, table, running=(speed, clock))
    best = whole["preferred_direction_deg"][0], whole["preferred_tf_hz"][0]
    rows = table.table
    chosen = (rows["orientation_deg"] == best[0]) & (rows["temporal_frequency_hz"] == best[1])
    fast = [s for s in rows["start_frame"][chosen] if speed[s] > 1]
    values = np.array(traces.values)
    values[0, fast[1:]] = np.nan
    out = drifting_gratings(
        Traces(values, traces.time_s, traces.ids, "events"), table, running=(speed, clock)
    )
    names = ["run_modulation", "p_run_modulation", "run_response", "stationary_response"]
    assert whole.loc[0, names].notna().all()
    assert (out["preferred_direction_deg"][0], out["preferred_tf_hz"][0]) == best
    assert out.loc[0, names].isna().all()
    pd.testing.assert_frame_equal(out.iloc[1:], whole.iloc[1:])
