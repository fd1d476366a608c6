"""Drifting gratings of a real two-photon session (254 cells), and of published cells."""

import numpy as np
import pandas as pd
import pytest

from allentk import responses
from allentk.data import StimulusTable, Traces
from allentk.responses import drifting_gratings, tuning_curves

DIRECTIONS = np.arange(0.0, 360.0, 45.0)
FREQUENCIES = np.array([1.0, 2.0, 4.0, 8.0, 15.0])
ONSET, N_FRAMES = 8, 60  # the grating begins at frame 8 of a trial and lasts 2 s


@pytest.fixture(scope="module")
def session(shared):
    """The trials laid end to end on one clock, with the table of what was shown."""
    with np.load(shared / "observatory" / "dg_session_527745328_254cells.npz") as data:
        dff, dt = data["dff"], float(data["dt_s"])
        assert round(-float(data["t_first_s"]) / dt) == ONSET
        ids = data["cell_specimen_id"]
        shown = {
            "orientation_deg": data["stimulus_orientation"],
            "temporal_frequency_hz": data["stimulus_temporal_frequency"],
        }
    n_cells, n_trials, n_frames = dff.shape
    time_s = np.arange(n_trials * n_frames) * dt
    start = (np.arange(n_trials) * n_frames + ONSET) * dt
    table = pd.DataFrame(shown).apply(pd.to_numeric, errors="coerce")
    table = table.assign(start_s=start, stop_s=start + N_FRAMES * dt)
    table["stimulus"] = np.where(table["orientation_deg"].isna(), "blank", "drifting_gratings")
    traces = Traces(dff.reshape(n_cells, -1), time_s, ids)
    return dff, traces, StimulusTable(table)


def curves(dff, table):
    """Mean response by frequency and direction, written out plainly, and the mean of the blanks."""
    trials = dff[:, :, ONSET : ONSET + N_FRAMES].astype(float).mean(axis=2)
    frequency, direction = table["temporal_frequency_hz"], table["orientation_deg"]
    mean = np.empty((len(dff), 5, 8))
    for i, f in enumerate(FREQUENCIES):
        for j, d in enumerate(DIRECTIONS):
            mean[:, i, j] = trials[:, (frequency == f) & (direction == d)].mean(axis=1)
    return mean, trials[:, direction.isna()].mean(axis=1)


def by_hand(curve):
    """Four indices of one tuning curve."""
    theta, clipped = np.deg2rad(DIRECTIONS), np.maximum(curve, 0)
    best = int(curve.argmax())
    pref, null = curve[best], curve[(best + 4) % 8]
    orth = (curve[(best + 2) % 8] + curve[(best - 2) % 8]) / 2
    total = clipped.sum()
    return {
        "osi_vector": abs((clipped * np.exp(2j * theta)).sum()) / total if total > 0 else np.nan,
        "dsi_vector": abs((clipped * np.exp(1j * theta)).sum()) / total if total > 0 else np.nan,
        "osi_pair": (pref - orth) / (pref + orth) if pref + orth > 0 else np.nan,
        "dsi_pair": (pref - null) / (pref + null) if pref + null > 0 else np.nan,
    }


def test_every_cell_against_the_formulas_written_out(session):
    dff, traces, shown = session
    got = drifting_gratings(traces, shown)
    mean, blank = curves(dff, shown.table)
    assert len(got) == 254
    assert (got["n_trials"] == 599).all()
    assert got["spontaneous_response"].to_numpy() == pytest.approx(blank, abs=1e-12)
    for cell, row in got.iterrows():
        f, d = np.unravel_index(mean[cell].argmax(), (5, 8))
        assert row["preferred_tf_hz"] == FREQUENCIES[f]
        assert row["preferred_direction_deg"] == DIRECTIONS[d]
        assert row["peak_response"] == pytest.approx(mean[cell, f, d], abs=1e-12)
        for name, value in by_hand(mean[cell, f]).items():
            assert row[name] == pytest.approx(value, rel=1e-9, nan_ok=True), name


def test_tuning_curves_have_15_trials_of_each_grating(session):
    dff, traces, shown = session
    out = tuning_curves(traces, shown, ids=traces.ids[:5])
    assert sorted(out["n"].unique()) == [14, 15]
    mean, _ = curves(dff[:5], shown.table)
    assert out["mean"].to_numpy() == pytest.approx(mean.ravel(), abs=1e-12)
    assert (out["sem"] > 0).all()


def test_the_session_looks_like_the_published_population(session, shared):
    _, traces, shown = session
    got = drifting_gratings(traces, shown)
    published = pd.read_csv(shared / "observatory" / "swdb_dg_table.csv")
    lines = published.groupby("tld1_name")["g_osi_dg"].median()
    assert lines.min() < got["osi_vector"].median() < lines.max()
    assert not np.isinf(got.drop(columns="notes").to_numpy(dtype=float)).any()
    # Blanks leave dF/F at its baseline, gratings raise it above.
    assert abs(got["spontaneous_response"].median()) < 0.02
    assert (got["peak_response"] > got["spontaneous_response"]).mean() > 0.95


def test_published_cells_with_opposite_responses_only(shared):
    """Where a published global OSI is 1, the global DSI follows from the pair DSI."""
    cells = pd.read_csv(shared / "observatory" / "apicam_cell_metrics_511510753.csv")
    only = cells[(cells["g_osi_dg"] > 1 - 1e-9) & (cells["dsi_dg"] > 0)]
    assert len(only) >= 3
    for row in only.itertuples():
        curve = np.zeros(8)
        curve[[0, 4]] = 1.0, (1 - row.dsi_dg) / (1 + row.dsi_dg)
        assert responses.dsi_vector(curve, DIRECTIONS) == pytest.approx(row.g_dsi_dg, abs=1e-6)
        assert responses.dsi_pair(curve, DIRECTIONS) == pytest.approx(row.dsi_dg)
        assert responses.osi_vector(curve, DIRECTIONS) == pytest.approx(row.g_osi_dg)
