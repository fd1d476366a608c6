"""The definition "trial-mean": planted responses come back, of spikes and of traces alike."""

import itertools

import numpy as np
import pandas as pd
import pytest

from allentk import responses
from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.metrics import all_metrics
from tests import planted


def grid(**axes):
    combinations = list(itertools.product(*axes.values()))
    return dict(zip(axes, zip(*combinations, strict=True), strict=True))


def blank(row):
    return row.stimulus == "blank"


STATIC = planted.shown(
    "static_gratings",
    grid(
        orientation_deg=range(0, 180, 30),
        spatial_frequency_cpd=(0.02, 0.04, 0.08),
        phase=(0.0, 0.5),
    ),
)
SCENES = planted.shown("natural_scenes", {"frame": range(8)}, repeats=3)
FLASHES = planted.shown("flashes", {"color": (-1.0, 1.0)}, repeats=4)
GABORS = planted.shown(
    "gabors",
    grid(x_deg=range(-40, 50, 10), y_deg=range(-40, 50, 10), orientation_deg=(0, 45, 90)),
    repeats=1,
)
BARS = planted.shown(
    "moving_bars", grid(direction_deg=(0.0, 90.0, 180.0, 270.0), color=(-1.0, 1.0)), repeats=3
)
CONTRASTS = (0.01, 0.02, 0.04, 0.08, 0.13, 0.2, 0.35, 0.6, 1.0)
CONTRAST = planted.shown(
    "drifting_gratings_contrast",
    grid(contrast=CONTRASTS, orientation_deg=(0.0, 90.0)),
    length_s=10.0,
)
DOTS = planted.shown(
    "dot_motion", grid(Dir=(0.0, 90.0, 180.0, 270.0), Speed=(16.0, 32.0, 64.0)), repeats=2
)
DRIFTING = planted.shown(
    "drifting_gratings",
    grid(orientation_deg=range(0, 360, 45), temporal_frequency_hz=(1.0, 2.0)),
)


def static_rates(row):
    if blank(row):
        return [2.0, 0.0]
    tuned = {60.0: 12.0, 150.0: 4.0}.get(row.orientation_deg, 6.0)
    best = row.spatial_frequency_cpd == 0.04 and row.phase == 0.5
    return [tuned if best else 2.0, 0.0]


def scene_rates(row):
    return [3.0 if blank(row) else 8.0 * (row.frame == 5), 4.0]


def flash_rates(row):
    return [1.0, 0.0] if blank(row) else [20.0 if row.color > 0 else 5.0, 8.0 * (row.color < 0)]


def gabor_rates(row):
    if blank(row):
        return [1.0, 3.0]
    near = abs(row.x_deg - 20) <= 10 and row.y_deg == -10
    return [10.0 * near + 2.0 * (near and row.orientation_deg == 45), 3.0]


def bar_rates(row):
    if blank(row):
        return [0.0]
    rate = {90.0: 16.0, 270.0: 4.0}.get(row.direction_deg, 8.0)
    return [rate if row.color < 0 else 1.0]


def contrast_rates(row):
    if blank(row):
        return [1.0]
    gain = row.contrast**2 / (row.contrast**2 + 0.15**2)
    return [1.0 + (40.0 if row.orientation_deg == 90 else 10.0) * gain]


def dot_rates(row):
    if blank(row):
        return [0.0]
    return [{180.0: 12.0, 0.0: 4.0}.get(row.Dir, 6.0) * (1.0 if row.Speed == 32.0 else 0.5)]


def drifting_rates(row):
    return [1.0] if blank(row) else [8.0 * (row.orientation_deg == 90) + 4.0]


EXPECTED = {
    "static_gratings": (
        STATIC,
        static_rates,
        {
            "preferred_orientation_deg": 60.0,
            "preferred_sf_cpd": 0.04,
            "preferred_phase": 0.5,
            "peak_rate_hz": 12.0,
            "spontaneous_rate_hz": 2.0,
            "osi_pair": 0.5,
            "n_trials": 72,
        },
    ),
    "natural_scenes": (
        SCENES,
        scene_rates,
        {
            "preferred_image": 5,
            "peak_rate_hz": 8.0,
            "mean_rate_hz": 1.0,
            "spontaneous_rate_hz": 3.0,
            "lifetime_sparseness": 1.0,
            "image_selectivity": 1 - 2 / 8,
        },
    ),
    "flashes": (
        FLASHES,
        flash_rates,
        {
            "preferred_color": 1.0,
            "on_rate_hz": 20.0,
            "off_rate_hz": 5.0,
            "on_off_ratio": 4.0,
            "on_off_index": 0.6,
            "spontaneous_rate_hz": 1.0,
        },
    ),
    "gabors": (
        GABORS,
        gabor_rates,
        {
            "rf_x_deg": 20.0,
            "rf_y_deg": -10.0,
            "rf_area_deg2": 300.0,
            "preferred_orientation_deg": 45.0,
            "peak_rate_hz": 12.0,
        },
    ),
    "moving_bars": (
        BARS,
        bar_rates,
        {
            "preferred_direction_deg": 90.0,
            "preferred_color": -1.0,
            "peak_rate_hz": 16.0,
            "dsi_pair": 0.6,
            "osi_pair": 1 / 3,
            "dsi_vector": 12 / 36,
        },
    ),
    "contrast_tuning": (
        CONTRAST,
        contrast_rates,
        {"preferred_direction_deg": 90.0, "preferred_contrast": 1.0, "spontaneous_rate_hz": 1.0},
    ),
    "dot_motion": (
        DOTS,
        dot_rates,
        {
            "preferred_direction_deg": 180.0,
            "preferred_speed_deg_per_s": 32.0,
            "peak_rate_hz": 12.0,
            "dsi_pair": 0.5,
            "dsi_vector": 8 / 28,
        },
    ),
    "drifting_gratings": (
        DRIFTING,
        drifting_rates,
        {
            "preferred_direction_deg": 90.0,
            "peak_rate_hz": 12.0,
            "mean_rate_hz": 5.0,
            "dsi_pair": 0.5,
            "osi_vector": 8 / 40,
        },
    ),
    "spontaneous": (DRIFTING, drifting_rates, {"spontaneous_rate_hz": 1.0, "duration_s": 2.0}),
}


@pytest.mark.parametrize("make", [planted.spikes, planted.traces])
@pytest.mark.parametrize("stimulus", EXPECTED)
def test_planted_responses_come_back(stimulus, make):
    table, rates, expected = EXPECTED[stimulus]
    cells = getattr(responses, stimulus)(make(table, rates), table)
    suffix = "rate_hz" if make is planted.spikes else "response"
    got = {n: cells[n.replace("rate_hz", suffix)][0] for n in expected}
    assert got == pytest.approx(expected)
    assert cells.columns[0] == "cell"
    assert cells.columns[-1] == "notes"


@pytest.mark.parametrize("make", [planted.spikes, planted.traces])
@pytest.mark.parametrize("stimulus", EXPECTED)
def test_every_column_is_explained_with_its_unit(stimulus, make):
    table, rates, _ = EXPECTED[stimulus]
    speed = (np.zeros(10), np.linspace(0, table.duration_s, 10))
    running = None if stimulus == "spontaneous" else speed
    cells = getattr(responses, stimulus)(make(table, rates), table, running=running)
    known = {
        m.name: m.unit
        for m in all_metrics()
        if (m.definition, m.stimulus) == ("trial-mean", stimulus)
    }
    assert set(cells.columns) <= set(known)
    assert [name for name in cells.columns if not known[name]] == ["notes"]  # words


def test_a_silent_cell_and_a_flat_trace_have_no_preference_and_say_why():
    trains, dff = (make(STATIC, static_rates) for make in (planted.spikes, planted.traces))
    cells = responses.static_gratings(trains, STATIC)
    assert cells["notes"].tolist() == ["", "no spikes in any presentation"]
    undefined = ["preferred_orientation_deg", "preferred_sf_cpd", "osi_vector", "osi_pair"]
    assert cells.loc[1, [*undefined, "reliability"]].isna().all()
    assert cells["peak_rate_hz"][1] == 0.0
    flat = responses.static_gratings(dff, STATIC)
    assert flat["notes"].tolist() == ["", "the same response in every presentation"]
    numbers = flat.drop(columns="notes").to_numpy(float)
    assert not np.isinf(numbers).any()


def movie(n_frames=30, repeats=4, frame_s=0.1):
    rows = pd.DataFrame({"frame": np.tile(np.arange(n_frames), repeats)})
    rows["start_s"] = frame_s * np.arange(len(rows))
    return StimulusTable(
        rows.assign(stop_s=rows["start_s"] + frame_s, stimulus="natural_movie_one")
    )


def test_a_movie_is_reliable_as_its_repeats_correlate():
    table = movie()
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 4, 30)) + 2 * rng.normal(size=(2, 1, 30))
    time_s = 0.1 * np.arange(120) + 0.05
    cells = responses.natural_movie(Traces(values.reshape(2, 120), time_s, [5, 9]), table)
    for cell in range(2):
        r = np.corrcoef(values[cell])
        expected = r[np.triu_indices(4, 1)].mean()
        assert cells["reliability"][cell] == pytest.approx(expected, abs=1e-12)
        assert cells["preferred_frame"][cell] == values[cell].mean(axis=0).argmax()
    assert cells["n_repeats"].tolist() == [4, 4]
    assert cells["peak_response"].to_numpy() == pytest.approx(values.mean(axis=1).max(axis=1))


def test_a_movie_with_frames_that_no_sample_fell_in_is_measured_by_the_others():
    table = movie()
    rng = np.random.default_rng(1)
    values = rng.normal(size=(1, 120))
    lost = np.zeros(120, dtype=bool)
    lost[[3, 40, 70]] = True
    time_s = 0.1 * np.arange(120) + 0.05
    cells = responses.natural_movie(Traces(values[:, ~lost], time_s[~lost], [1]), table)
    held = np.where(lost, np.nan, values[0]).reshape(4, 30)
    expected = pd.DataFrame(held.T).corr().to_numpy()[np.triu_indices(4, 1)].mean()
    assert cells["reliability"][0] == pytest.approx(expected, abs=1e-12)


def test_spots_give_the_fields_of_white_and_black():
    rng = np.random.default_rng(2)
    patterns = np.full((400, 8, 14), 127, dtype=np.uint8)
    for pattern in patterns:
        pattern.ravel()[rng.choice(112, 8, replace=False)] = rng.choice([0, 255], 8)
    table = planted.shown(
        "locally_sparse_noise", {"frame": range(400)}, repeats=1, length_s=0.25, gap_s=0.0
    )

    def rates(row):
        if blank(row):
            return [0.0, 4.0]
        pattern = patterns[int(row.frame)]
        return [40.0 * (pattern[2, 10] == 255) + 20.0 * (pattern[6, 3] == 0), 4.0]

    for make in (planted.spikes, planted.traces):
        cells = responses.locally_sparse_noise(make(table, rates), table, template=patterns)
        first = cells.iloc[0]
        side = 74.4 / 8
        assert (first["rf_on_x_deg"], first["rf_on_y_deg"]) == pytest.approx(
            (3.5 * side, 1.5 * side)
        )
        assert (first["rf_off_x_deg"], first["rf_off_y_deg"]) == pytest.approx(
            (-3.5 * side, -2.5 * side)
        )
        assert first["rf_on_area_deg2"] == pytest.approx(side**2)
        assert first["preferred_color"] == 1.0
        assert first["rf_on_z"] > 8
        assert cells.loc[1, ["rf_on_x_deg", "rf_off_area_deg2"]].isna().all()
    contrasts = patterns.astype(float) / 127.5 - 1
    again = responses.locally_sparse_noise(make(table, rates), table, template=contrasts.round(2))
    pd.testing.assert_frame_equal(again, cells)
    mask = patterns.copy()
    mask[:, 0] = 64
    with pytest.raises(
        DataError, match=r"got 4 values: 0, 64, 127, 255; give the .* without a mask"
    ):
        responses.locally_sparse_noise(make(table, rates), table, template=mask)
    with pytest.raises(DataError, match="has 3 frames"):
        responses.locally_sparse_noise(make(table, rates), table, template=patterns[:3])
    with pytest.raises(DataError, match="needs template="):
        responses.locally_sparse_noise(make(table, rates), table)
    with pytest.raises(DataError, match="pixel_deg must be a positive"):
        responses.locally_sparse_noise(make(table, rates), table, template=patterns, pixel_deg=-1.0)


def test_windows_move_with_the_onset():
    table = FLASHES.where(stimulus="flashes")
    late = SpikeTrains.from_lists([(table.intervals_s[:, 0] + 1.2).tolist()])
    cells = responses.flashes(late, table)
    assert cells["peak_rate_hz"][0] == 0.0
    assert np.isnan(cells["spontaneous_rate_hz"][0])
    moved = responses.flashes(
        late, table, response_window_s=(1.0, 1.5), spontaneous_window_s=(-0.9, -0.7)
    )
    assert moved["peak_rate_hz"][0] == pytest.approx(2.0)
    # A spike 0.8 s before a flash is there where a flash, not a blank, came before.
    near = (np.diff(table.intervals_s[:, 0]) < 2.5).sum()
    assert moved["spontaneous_rate_hz"][0] == pytest.approx(near / 8 / 0.2)
    assert moved["time_to_peak_s"][0] == pytest.approx(0.205)


def test_presentations_after_the_recording_are_left_out_with_a_warning():
    dff = planted.traces(SCENES, scene_rates)
    half = dff.time_s < SCENES.duration_s / 2
    cut = Traces(dff.values[:, half], dff.time_s[half], dff.ids)  # noqa: PD011
    with pytest.warns(UserWarning, match=r"natural_scenes: \d+ of 26 .* first is row 13") as said:
        cells = responses.natural_scenes(cut, SCENES)
    assert said[0].filename == __file__
    assert cells["n_trials"][0] == (SCENES.table["stimulus"][:13] != "blank").sum()
    assert cells["preferred_image"][0] == 5
    late = Traces(dff.values, dff.time_s + 1e4, dff.ids)
    with pytest.raises(DataError, match="one clock"):
        responses.natural_scenes(late, SCENES)


def test_nan_frames_are_left_out_and_a_cell_of_nan_alone_says_so():
    dff = planted.traces(FLASHES, flash_rates)
    values = np.vstack([dff.values, np.full((1, dff.time_s.size), np.nan)])  # noqa: PD011
    values[0, 5::7] = np.nan
    cells = responses.flashes(Traces(values, dff.time_s, [1, 2, 3]), FLASHES)
    assert cells["on_off_ratio"][0] == pytest.approx(4.0)
    assert cells["notes"].tolist() == ["", "", "no finite response in any presentation"]
    last = cells.drop(columns=["notes", "cell", "n_trials"]).iloc[2]
    assert last.isna().all()


@pytest.mark.parametrize("stimulus", EXPECTED)
def test_no_cells_no_rows(stimulus):
    table, rates, _ = EXPECTED[stimulus]
    clock = np.arange(0.0, table.duration_s, 0.05)
    measure = getattr(responses, stimulus)
    some = measure(planted.spikes(table, rates), table)
    none = measure(SpikeTrains([], [], 0), table)
    assert none.empty
    assert list(none.columns) == list(some.columns)
    assert measure(Traces(np.empty((0, clock.size)), clock, []), table).empty
    with pytest.raises(DataError, match="no cell with id 99"):
        measure(planted.spikes(table, rates), table, ids=[99])


@pytest.mark.parametrize("stimulus", [name for name in EXPECTED if name != "spontaneous"])
def test_a_table_without_the_stimulus_is_refused(stimulus):
    table, rates, _ = EXPECTED[stimulus]
    trains = planted.spikes(table, rates)
    with pytest.raises(DataError, match=rf"{stimulus}: no presentation has an? "):
        getattr(responses, stimulus)(trains, table.where(stimulus="blank"))
    with pytest.raises(DataError, match=r"StimulusTable\(frame\)"):
        getattr(responses, stimulus)(trains, table.table)


def test_of_several_stimuli_that_of_the_name_is_measured():
    rows = FLASHES.table
    bars = BARS.table.assign(
        start_s=BARS.table["start_s"] + FLASHES.duration_s,
        stop_s=BARS.table["stop_s"] + FLASHES.duration_s,
    )
    both = StimulusTable(pd.concat([rows, bars[bars["stimulus"] != "blank"]], ignore_index=True))
    trains = planted.spikes(FLASHES, flash_rates)
    pd.testing.assert_frame_equal(
        responses.flashes(trains, both), responses.flashes(trains, FLASHES)
    )
    unnamed = StimulusTable(both.table.replace({"stimulus": {"flashes": "a", "moving_bars": "b"}}))
    with pytest.raises(DataError, match=r"several stimuli have a color \(\['a', 'b'\]\)"):
        responses.flashes(trains, unnamed)
