"""The warehouse's drifting gratings on a real session, beside published cells of the same line."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import StimulusTable
from allentk.responses import warehouse

N_FRAMES = 60


@pytest.fixture(scope="module")
def cells(shared):
    """The session's table: 254 cells cut into 628 trials of 92 frames, 8 of them before the onset."""
    with np.load(shared / "observatory" / "dg_session_527745328_254cells.npz") as data:
        dff, step = data["dff"].astype(float), float(data["dt_s"])
        onset = round(-float(data["t_first_s"]) / step)
        ids = data["cell_specimen_id"]
        shown = {
            "orientation_deg": data["stimulus_orientation"],
            "temporal_frequency_hz": data["stimulus_temporal_frequency"],
        }
    start = np.arange(dff.shape[1]) * 3.0
    table = pd.DataFrame(shown).apply(pd.to_numeric, errors="coerce")
    table = table.assign(start_s=start, stop_s=start + N_FRAMES * step)
    table["stimulus"] = np.where(table["orientation_deg"].isna(), "blank", "drifting_gratings")
    # Fluorescence relative to its baseline is as good as fluorescence to these metrics.
    trials = warehouse.TrialArray(1 + dff, onset, step, ids)
    return warehouse.drifting_gratings(trials, StimulusTable(table))


@pytest.fixture(scope="module")
def published(shared):
    table = pd.read_csv(shared / "observatory" / "swdb_dg_table.csv")
    return table[table["tld1_name"] == "Cux2-CreERT2"]


def summary(g_osi, responsive):
    return {
        "n": len(g_osi),
        "responsive": responsive.mean(),
        "g_osi, responsive cells": g_osi[responsive].median(),
        "g_osi, all cells": g_osi.median(),
    }


def test_the_session_lies_among_published_cells(cells, published):
    ours = summary(cells["g_osi"], cells["responsive"])
    theirs = summary(published["g_osi_dg"], published["responsive_dg"].astype(bool))
    print(pd.DataFrame({"session": ours, "published Cux2": theirs}).round(3).to_string())
    print(cells.drop(columns=["cell", "notes"]).median().round(3).to_string())
    assert ours["n"] == 254
    assert 0.3 < ours["responsive"] < 1
    low, high = published["g_osi_dg"].quantile([0.25, 0.75])
    assert low < ours["g_osi, all cells"] < high


def test_indices_are_within_their_ranges(cells):
    for name in ("osi", "dsi", "g_osi", "g_dsi", "tf_selectivity", "p_value"):
        assert cells[name].dropna().between(0, 1).all(), name
    assert cells["reliability"].dropna().between(-1, 1).all()
    assert set(cells["preferred_direction_deg"].dropna()) <= set(np.arange(0.0, 360, 45))
    assert set(cells["preferred_tf_hz"].dropna()) <= {1.0, 2.0, 4.0, 8.0, 15.0}


def test_responsive_cells_repeat_themselves(cells):
    """A test of means and a correlation of time courses agree on who responds."""
    responsive = cells["responsive"]
    reliability = cells["reliability"]
    assert reliability[responsive].median() > 2 * max(reliability[~responsive].median(), 0.0)
    assert cells["peak_response"][responsive].median() > 1.0
