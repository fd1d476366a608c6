"""Presentations sorted into conditions, and those outside of a recording."""

import warnings

import numpy as np
import pandas as pd
import pytest

from allentk import responses
from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses import drifting_gratings, tuning_curves
from allentk.responses.conditions import gratings_where
from allentk.responses.fields import field_columns
from allentk.responses.frames import frame_numbers, frame_rate_hz
from tests.responses.test_gratings import spikes, table, traces


def mixed():
    """Two temporal frequencies and two contrasts, one of each, and blanks by name and by value."""
    rows = pd.DataFrame(
        {
            "stimulus": ["drifting_gratings"] * 5 + ["blank", "natural_scenes"],
            "orientation_deg": [0.0, 0, 0, 0, np.nan, np.nan, np.nan],
            "temporal_frequency_hz": [2.0, 4, 2, 4, np.nan, np.nan, np.nan],
            "contrast": [0.8, 0.8, 0.1, 0.1, np.nan, np.nan, np.nan],
        }
    )
    start = np.arange(float(len(rows)))
    return StimulusTable(rows.assign(start_s=start, stop_s=start + 0.5))


def test_gratings_of_a_condition_keep_the_blanks():
    shown = mixed()
    one = gratings_where(shown, {"temporal_frequency_hz": 4.0, "contrast": 0.8})
    assert one.table["start_s"].tolist() == [1.0, 4.0, 5.0, 6.0]
    assert len(gratings_where(shown, {})) == len(shown)
    unstated = StimulusTable(shown.table.drop(columns="contrast"))
    assert len(gratings_where(unstated, {"contrast": 0.8})) == len(shown)


def test_gratings_that_were_not_shown_are_answered_with_those_that_were():
    with pytest.raises(DataError, match="no grating of temporal_frequency_hz 8 was shown") as error:
        gratings_where(mixed(), {"temporal_frequency_hz": 8.0})
    assert "temporal_frequency_hz 2; temporal_frequency_hz 4" in str(error.value)
    half = gratings_where(mixed(), {"temporal_frequency_hz": 2.0, "contrast": 0.8})
    with pytest.raises(DataError, match=r"frequency_hz 2, contrast 0\.8$"):
        gratings_where(half, {"temporal_frequency_hz": 2.0, "contrast": 0.1})


def test_the_advice_for_a_mixed_table_keeps_the_blanks():
    shown = table()
    two = shown.table["orientation_deg"].isin([0.0, 90.0])
    contrast = np.where(two, 0.1, 0.8)
    several = shown.table.assign(
        contrast=np.where(shown.table["orientation_deg"].isna(), np.nan, contrast)
    )
    with pytest.raises(DataError, match=r"where\(contrast=0\.8, keep_blanks=True\)"):
        drifting_gratings(spikes(shown), StimulusTable(several))
    kept = StimulusTable(several).where(contrast=0.8, keep_blanks=True)
    assert drifting_gratings(spikes(shown), kept)["spontaneous_rate_hz"].tolist() == [
        2.0,
        1.0,
        4.0,
        0.0,
    ]


def test_gratings_of_a_column_that_is_not_there_are_refused():
    with pytest.raises(DataError, match="no column 'size_deg'; the table has stimulus, "):
        gratings_where(mixed(), {"size_deg": 20.0})


def test_one_contrast_computed_in_two_ways_is_one_contrast():
    shown = table()
    contrast = np.where(np.arange(len(shown)) % 2, 0.8, 0.1 * 8 + 1e-12)
    both = StimulusTable(shown.table.assign(contrast=contrast))
    assert len(drifting_gratings(spikes(shown), both)) == 4


def test_a_stimulus_is_told_by_its_name_though_another_has_the_better_column():
    rows = pd.DataFrame({"start_s": np.arange(4.0), "stop_s": np.arange(4.0) + 1})
    rows["stimulus"] = ["moving_bars", "moving_bars", "dot_motion", "dot_motion"]
    rows["orientation_deg"] = [0.0, 180.0, np.nan, np.nan]
    rows["Dir"], rows["Speed"] = [np.nan, np.nan, 45.0, 135.0], [np.nan, np.nan, 16.0, 16.0]
    trains = SpikeTrains([0.1, 1.1, 1.2, 3.5], [0, 0, 0, 0], 1)
    bars = responses.moving_bars(trains, StimulusTable(rows))
    assert (bars["preferred_direction_deg"][0], bars["n_trials"][0]) == (180.0, 2)
    dots = responses.dot_motion(trains, StimulusTable(rows))
    assert (dots["preferred_direction_deg"][0], dots["n_trials"][0]) == (135.0, 2)
    without = StimulusTable(rows.drop(columns="orientation_deg"))
    with pytest.raises(DataError, match="moving_bars: no presentation has a direction_deg"):
        responses.moving_bars(trains, without)


def test_tuning_curves_and_metrics_are_of_the_same_trials():
    shown = table()
    whole = traces(shown)
    cut = whole.time_s < shown.duration_s / 2
    half = Traces(whole.values[:, cut], whole.time_s[cut], whole.ids)  # noqa: PD011
    with pytest.warns(UserWarning, match="outside of the recording"):
        curves = tuning_curves(half, shown)
    with pytest.warns(UserWarning, match="outside of the recording"):
        cells = drifting_gratings(half, shown)
    assert curves.groupby("cell")["n"].sum().tolist() == cells["n_trials"].tolist()
    assert curves.groupby("cell")["mean"].max().tolist() == cells["peak_response"].tolist()


def test_frames_are_counted_on_outside_of_the_recording():
    trace = Traces(np.zeros((1, 9)), 100.0 + np.arange(9.0), [1])
    at = np.array([90.0, 99.0, 100.0, 100.4, 108.0, 109.0, 115.0])
    shown = pd.DataFrame({"start_s": at, "stop_s": at + 0.2, "stimulus": "flashes"})
    first, _ = frame_numbers(trace, StimulusTable(shown))
    assert first.tolist() == [-10, -1, 0, 0, 8, 9, 15]
    whole = pd.DataFrame({"start_s": [100.0], "stop_s": [109.0], "stimulus": "flashes"})
    _, last = frame_numbers(trace, StimulusTable(whole))
    assert last.tolist() == [9]  # the frame after the last: all nine are in
    unknown = StimulusTable(whole.assign(start_frame=np.nan, stop_frame=9.0))
    with pytest.raises(DataError, match="StimulusTable: start_frame"):
        frame_numbers(trace, unknown)
    with pytest.raises(DataError, match="two frames or more, got 1"):
        frame_rate_hz(Traces(np.zeros((1, 1)), [0.0], [1]))


def test_a_hole_in_a_map_is_no_field():
    hole = np.ones((1, 3, 3))
    hole[0, 1, 1] = 0.0
    places = np.array([-1.0, 0.0, 1.0])
    found = field_columns("rf_", np.concatenate([hole, 1 - hole]), places, places)
    assert np.isnan(found["rf_x_deg"]).tolist() == [True, False]
    assert np.isnan(found["rf_area_deg2"]).tolist() == [True, False]
    assert found["rf_z"] == pytest.approx([1 / 8**0.5, 8**0.5])


def test_half_a_pattern_of_noise_is_refused():
    rows = {"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0], "stimulus": "locally_sparse_noise"}
    shown = StimulusTable(pd.DataFrame(rows | {"frame": [0.5, 1.0]}))
    patterns = np.full((2, 2, 2), 127)
    patterns[0, 0, 0], patterns[1, 1, 1] = 255, 0
    with pytest.raises(DataError, match=r"frame 0\.5 was shown, but the template has 2 frames"):
        responses.locally_sparse_noise(SpikeTrains([0.1], [0], 1), shown, template=patterns)


def test_one_cell_has_one_sparseness_and_one_selectivity():
    assert responses.lifetime_sparseness([3.0, 0.0, 0.0]).item() == pytest.approx(1.0)
    assert responses.image_selectivity([4.0, 0.0, np.nan, 0.0, 0.0]).item() == 0.5


def test_no_directions_and_places_that_are_none():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(responses.osi_pair(np.empty((3, 0)), [])).all()
        assert np.isnan(responses.dsi_pair(np.empty((3, 0)), [])).all()
    assert responses.osi_pair(np.empty((0, 4)), [0, 90, 180, 270], preferred=[]).shape == (0,)
    for wrong in (7, -1, 0.5):
        with pytest.raises(DataError, match="place of a direction, 0 to 3"):
            responses.osi_pair([1.0, 2, 3, 4], [0, 90, 180, 270], preferred=wrong)
