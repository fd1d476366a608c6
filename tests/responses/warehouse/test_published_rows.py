"""Rows of real cells as AllenSDK's notebooks print them, and what of them holds without the recording."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import StimulusTable, Traces
from allentk.responses import warehouse

#: Drifting gratings, experiment 502376461, cell 517425074. ``ori`` and ``tf`` are places among 0, 45.. 315
#: degrees and among (blank), 1, 2, 4, 8, 15 Hz.
DG = {
    "ori": 4,
    "tf": 2,
    "reliability": 0.186626,
    "osi": 1.202353,
    "dsi": 0.358697,
    "peak_dff": 12.09474,
    "ptest": 0.0,
    "p_run": 0.061258,
    "run_modulation": -0.620711,
    "cv_os": 1.0,
    "cv_ds": 0.358697,
    "tf_index": 0.30792,
}
#: Static gratings, experiment 510938357, cell 517399994: places among 0, 30.. 150 degrees, among (blank),
#: 0.02.. 0.32 cycles/deg, and among 0, 0.25, 0.5, 0.75.
SG = {
    "ori": 5,
    "sf": 3,
    "phase": 3,
    "reliability": 0.025564,
    "osi": 0.893034,
    "peak_dff": 18.603113,
    "time_to_peak": 0.43121,
    "cv_os": 0.816515,
    "sf_index": 0.280605,
}
#: Natural scenes, the same cell.
NS = {
    "scene": 96,
    "reliability": 0.132598,
    "peak_dff": 8.396541,
    "image_selectivity": 0.553542,
    "time_to_peak": 0.3317,
}
FRAME_S = 0.03317


def steps(levels, name, values):
    """Fluorescence of 100 that steps to a level in each grating, and the gratings."""
    start = 40 + 90 * np.arange(len(levels))
    length = 60 if name == "drifting_gratings" else 7
    held = 60 if name == "drifting_gratings" else 14
    trace = np.full(start[-1] + 100, 100.0)
    for at, level in zip(start, levels, strict=True):
        trace[at : at + held] += level
    times = {"start_frame": start, "stop_frame": start + length}
    seconds = {"start_s": start / 30, "stop_s": (start + length) / 30}
    table = pd.DataFrame(values | times | seconds | {"stimulus": name})
    return Traces([trace], np.arange(trace.size) / 30, [1], "F"), StimulusTable(table)


def other(index):
    """The response, of a preferred one of 1, that makes (1 - it) / (1 + it) the index."""
    return (1 - index) / (1 + index)


def test_a_row_of_drifting_gratings_follows_from_its_own_indices():
    """cv_os is 1 where only two opposite directions have positive means: then cv_ds is the dsi."""
    assert other(DG["osi"]) < 0  # osi above 1
    curve = np.array(
        [other(DG["dsi"]), -0.5, other(DG["osi"]), -0.5, 1, -0.5, other(DG["osi"]), -0.5]
    )
    shown = {"orientation_deg": np.arange(0.0, 360, 45), "temporal_frequency_hz": 2.0}
    traces, table = steps(DG["peak_dff"] * curve, "drifting_gratings", shown)
    row = warehouse.drifting_gratings(traces, table, quirks="published").iloc[0]
    assert row["preferred_direction_deg"] == 45 * DG["ori"]
    assert row["peak_response"] == pytest.approx(DG["peak_dff"])
    assert row["osi"] == pytest.approx(DG["osi"])
    assert row["dsi"] == pytest.approx(DG["dsi"])
    assert row["g_osi"] == pytest.approx(DG["cv_os"])
    assert row["g_dsi"] == pytest.approx(DG["cv_ds"])
    assert warehouse.drifting_gratings(traces, table)["osi"].item() == 1.0


def test_a_row_of_static_gratings_follows_from_its_own_indices():
    """One more orientation with a response, 30 degrees away, makes cv_os what it is."""
    orthogonal = other(SG["osi"])
    near = np.linspace(0, 1, 20_001)
    away = np.exp(2j * np.deg2rad(30))
    cv_os = np.abs(1 - orthogonal + near * away) / (1 + orthogonal + near)
    third = near[np.abs(cv_os - SG["cv_os"]).argmin()]
    curve = np.array([third, -0.2, orthogonal, -0.2, -0.2, 1.0])
    shown = {
        "orientation_deg": np.arange(0.0, 180, 30),
        "spatial_frequency_cpd": 0.08,
        "phase": 0.75,
    }
    traces, table = steps(SG["peak_dff"] * curve, "static_gratings", shown)
    for quirks in ((), "published"):
        row = warehouse.static_gratings(traces, table, quirks=quirks).iloc[0]
        assert row["preferred_orientation_deg"] == 30 * SG["ori"]
        assert row["peak_response"] == pytest.approx(SG["peak_dff"])
        assert row["osi"] == pytest.approx(SG["osi"])
        assert row["g_osi"] == pytest.approx(SG["cv_os"], abs=1e-4)


@pytest.mark.parametrize(("row", "frames"), [(SG, 13), (NS, 10)])
def test_times_to_peak_are_whole_frames(row, frames):
    assert row["time_to_peak"] / FRAME_S == pytest.approx(frames, abs=0.002)


def test_image_selectivity_counts_pairs_of_images_and_levels():
    pairs = (1 - NS["image_selectivity"]) / 2 * 118 * 1000
    assert pairs == pytest.approx(round(pairs), abs=5e-7 / 2 * 118_000)
