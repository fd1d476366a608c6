"""Two-photon sessions: traces, tables in seconds, running, masks."""

import pickle

import h5py
import numpy as np
import pytest

from allentk.errors import DataError, FormatError
from allentk.io import read_nwb, read_ophys_session

P = "processing/brain_observatory_pipeline"
CELLS = (517_425_074, 517_399_994, 600_000_001)


def at(frame):
    return 10.0 + frame * 0.03325


def test_what_a_session_is(session_file):
    session = read_ophys_session(session_file)
    assert session.cell_specimen_ids == CELLS
    assert session.stimuli == ["drifting_gratings", "natural_movie_one", "spontaneous"]
    assert session.metadata["synthetic"] is True
    assert session.metadata["targeted_structure"] == "VISp"
    assert session.metadata["ophys_experiment_id"] == 501940850
    assert session.metadata["imaging_depth"] == "175 microns"
    assert session.metadata["format"] == "NWB 1.0.6"
    assert repr(session).startswith("<OphysSession session.nwb: 3 cells, drifting_gratings")


def test_dff_of_all_and_of_some(session_file):
    session = pickle.loads(pickle.dumps(read_ophys_session(session_file)))
    dff = session.dff()
    assert dff.values.shape == (3, 900)
    assert dff.ids.tolist() == list(CELLS)
    assert dff.time_s[[0, 1]] == pytest.approx([at(0), at(1)])
    assert dff.values[2, 100] == pytest.approx(2.1)
    some = session.dff(ids=[CELLS[2], CELLS[0]])
    assert some.ids.tolist() == [CELLS[2], CELLS[0]]
    assert some.values[0] == pytest.approx(dff.values[2])
    assert session.dff(ids=[]).values.shape == (0, 900)
    with pytest.raises(DataError, match=r"session\.nwb: no cell 7; the 3 cells"):
        session.dff(ids=[7])


def test_fluorescence(session_file):
    session = read_ophys_session(session_file)
    assert session.fluorescence().values[:, 5].tolist() == [90.0, 70.0, 50.0]
    assert session.fluorescence(ids=[CELLS[1]]).values[0, 5] == 70.0
    assert session.fluorescence("raw").values.shape == (3, 901)
    with pytest.raises(DataError, match=r"kind must be one of corrected, raw.*got 'best'"):
        session.fluorescence("best")


def test_gratings_in_seconds(session_file):
    table = read_ophys_session(session_file).stimulus_table("drifting_gratings").table
    assert table["stimulus"].tolist() == ["drifting_gratings", "blank", "drifting_gratings"]
    assert table["start_s"].tolist() == pytest.approx([at(30), at(120), at(210)])
    assert table["stop_s"].tolist() == pytest.approx([at(90), at(180), at(270)])
    assert table["orientation_deg"].tolist()[::2] == [45.0, 270.0]
    assert table["temporal_frequency_hz"].tolist()[::2] == [2.0, 8.0]
    assert np.isnan(table.loc[1, "orientation_deg"])
    assert "blank_sweep" not in table


def test_movies_and_spontaneous(session_file):
    session = read_ophys_session(session_file)
    movie = session.stimulus_table("natural_movie_one").table
    assert movie["frame"].tolist() == [0, 1, 2, 0, 1, 2]
    assert movie["repeat"].tolist() == [0, 0, 0, 1, 1, 1]
    assert movie["stop_s"].iloc[0] == pytest.approx(at(301))
    rest = session.stimulus_table("spontaneous").table
    assert rest[["start_s", "stop_s"]].to_numpy().tolist() == [pytest.approx([at(400), at(900)])]
    overview = session.to_dataframe().set_index("stimulus")["presentations"]
    assert overview.to_dict() == {
        "drifting_gratings": 3,
        "natural_movie_one": 6,
        "spontaneous": 1,
    }


def add(path, name, data, frames, features=None):
    with h5py.File(path, "a") as file:
        group = file.create_group(f"stimulus/presentation/{name}_stimulus")
        group["data"], group["frame_duration"] = np.array(data), np.array(frames)
        if features:
            group["features"] = np.array([feature.encode() for feature in features])


def test_blank_scenes_and_static_gratings(session_file):
    add(session_file, "natural_scenes", [117, -1], [[500, 507], [508, 515]])
    add(
        session_file,
        "static_gratings",
        [[30.0, 0.08, 0.25], [np.nan, np.nan, np.nan]],
        [[600, 607], [607, 615]],
        ["orientation", "spatial_frequency", "phase"],
    )
    session = read_ophys_session(session_file)
    scenes = session.stimulus_table("natural_scenes").table
    assert scenes["stimulus"].tolist() == ["natural_scenes", "blank"]
    assert scenes["frame"].tolist() == [117, -1]
    static = session.stimulus_table("static_gratings").table
    assert static["stimulus"].tolist() == ["static_gratings", "blank"]
    assert static.loc[0, ["spatial_frequency_cpd", "phase"]].tolist() == [0.08, 0.25]


@pytest.mark.parametrize(
    ("name", "data", "frames", "features", "said"),
    [
        ("x", [1, 2], [[0, 5]], None, r"frame_duration of shape \(2, 2\), got \(1, 2\)"),
        ("x", [[1.0, 2.0]], [[0, 5]], ["orientation"], r"1 features .*but 2 columns"),
        ("spontaneous_2", [1, 1], [[0, 0], [5, 5]], None, r"2 spontaneous periods .*0 end"),
    ],
)
def test_a_table_that_does_not_fit_itself(session_file, name, data, frames, features, said):
    add(session_file, name, data, frames, features)
    with pytest.raises(FormatError, match=said):
        read_ophys_session(session_file).stimulus_table(name)


def test_a_table_without_rows(session_file):
    add(session_file, "flash", np.empty((0, 1)), np.empty((0, 2), dtype=int), ["contrast"])
    assert len(read_ophys_session(session_file).stimulus_table("flash")) == 0


def test_an_unknown_stimulus_names_the_known(session_file):
    with pytest.raises(DataError, match=r"no stimulus 'flashes'.*there are drifting_gratings, nat"):
        read_ophys_session(session_file).stimulus_table("flashes")


def test_running_and_masks(session_file):
    session = read_ophys_session(session_file)
    speed, times = session.running_speed()
    assert speed[-1] == 5.0
    assert times[0] == 10.0
    masks = session.roi_masks()
    assert masks.shape == (3, 8, 9)
    assert masks.dtype == bool
    assert masks[1, 1].tolist() == [False, True, True] + [False] * 6


@pytest.mark.parametrize(
    ("change", "call", "said"),
    [
        (
            lambda f: f[
                "stimulus/presentation/drifting_gratings_stimulus/frame_duration"
            ].write_direct(np.array([[30, 90], [120, 180], [5000, 5060]])),
            lambda s: s.stimulus_table(),
            r"frames 30\.\.5060, but the recording has 900 frames",
        ),
        (
            lambda f: f[
                "stimulus/presentation/drifting_gratings_stimulus/frame_duration"
            ].write_direct(np.array([[30, 130], [120, 180], [210, 270]])),
            lambda s: s.stimulus_table(),
            r"drifting_gratings: StimulusTable: row 1 starts at .* before row 0 ends",
        ),
        (
            lambda f: f["stimulus/presentation/drifting_gratings_stimulus"].pop("frame_duration"),
            lambda s: s.stimulus_table(),
            r"expected the dataset 'frame_duration'; .*holds data, features",
        ),
        (
            lambda f: f.pop(f"{P}/BehavioralTimeSeries"),
            lambda s: s.running_speed(),
            r"expected the dataset '.*running_speed/data'; /processing/.* holds DfOverF",
        ),
        (
            lambda f: f.pop(f"{P}/ImageSegmentation/imaging_plane_1/roi_1"),
            lambda s: s.roi_masks(),
            r"expected the dataset '.*roi_1/img_mask'",
        ),
        (
            lambda f: f[f"{P}/DfOverF/imaging_plane_1/timestamps"].write_direct(np.zeros(900)),
            lambda s: s.dff(),
            r"time_s must rise",
        ),
        (
            lambda f: f[f"{P}/ImageSegmentation"].pop("cell_specimen_ids"),
            lambda s: s,
            r"has neither cell_specimen_ids nor roi_ids",
        ),
    ],
)
def test_a_fault_names_the_place(session_file, change, call, said):
    with h5py.File(session_file, "a") as file:
        change(file)
    with pytest.raises(FormatError, match=said):
        call(read_ophys_session(session_file))


def replace(file, path, values):
    file.pop(path, None)
    file[path] = values


DFF = f"{P}/DfOverF/imaging_plane_1"
GRATINGS = "stimulus/presentation/drifting_gratings_stimulus"
IDS = f"{P}/ImageSegmentation/cell_specimen_ids"
SPEED = f"{P}/BehavioralTimeSeries/running_speed"


@pytest.mark.parametrize(
    ("path", "values", "call", "said"),
    [
        (
            IDS,
            [b"a", b"b", b"c"],
            read_ophys_session,
            r"cell_specimen_ids: expected ids such as .*'a'",
        ),
        (IDS, [1.0, np.nan, 3.0], read_ophys_session, r"cell_specimen_ids: expected whole numbers"),
        (IDS, [7, 7, 8], read_ophys_session, r"cell_specimen_ids: the id 7 is there twice"),
        (
            f"{DFF}/data",
            3.0,
            read_ophys_session,
            r"data: expected numbers in 2 dimensions, got shape \(\)",
        ),
        (
            f"{DFF}/data",
            h5py.Empty("f"),
            read_ophys_session,
            r"expected numbers in 2 dimensions, got .*None",
        ),
        (
            f"{DFF}/data",
            [[b"a"]] * 3,
            read_ophys_session,
            r"expected numbers in 2 dim.* of type object",
        ),
        (f"{DFF}/timestamps", np.arange(10.0), "dff", r"900 frames, but 10 time stamps; they may"),
        (f"{DFF}/timestamps", np.zeros(0), "dff", r"900 frames, but 0 time stamps"),
        (f"{DFF}/timestamps", 1.0, "dff", r"expected numbers in 1 dimension, got shape \(\)"),
        (f"{DFF}/timestamps", [b"a"] * 900, "stimulus_table", r"numbers in 1 dimension, .*object"),
        (GRATINGS, 3, "stimulus_table", r"expected the group /stimulus/.*, got Dataset"),
        (f"{GRATINGS}/data", 1.0, "stimulus_table", r"data: expected a column or a table"),
        (f"{GRATINGS}/data", [[b"a"] * 3] * 3, "stimulus_table", r"data: expected numbers, got"),
        (f"{GRATINGS}/features", [b"x", b"x", b"y"], "stimulus_table", r"different names"),
        (f"{GRATINGS}/features", [b"stop_s", b"x", b"y"], "stimulus_table", r"different names"),
        (
            f"{GRATINGS}/frame_duration",
            [[30, 90], [180, 120], [210, 270]],
            "stimulus_table",
            r"presentation 1 ends at frame 120, before it begins at frame 180",
        ),
        (
            f"{GRATINGS}/frame_duration",
            [[30, 90], [120, np.nan], [210, 270]],
            "stimulus_table",
            r"frame_duration: expected whole numbers",
        ),
        (f"{SPEED}/data", [b"a"] * 900, "running_speed", r"speed/data: expected numbers"),
        (
            f"{P}/ImageSegmentation/imaging_plane_1/roi_1/img_mask",
            np.zeros((3, 3)),
            "roi_masks",
            r"masks of unequal shapes: \[\(3, 3\), \(8, 9\)\]",
        ),
        (
            f"{P}/Fluorescence/imaging_plane_1_neuropil_response/r",
            [0.5],
            "fluorescence",
            r"one share for each of 3 cells, got 1",
        ),
    ],
)
def test_values_of_another_kind(session_file, path, values, call, said):
    with h5py.File(session_file, "a") as file:
        replace(file, path, values)
    with pytest.raises(FormatError, match=rf"session\.nwb: .*{said}"):
        call(session_file) if callable(call) else getattr(read_ophys_session(session_file), call)()


def test_one_time_stamp_less_is_allowed(session_file):
    with h5py.File(session_file, "a") as file:
        replace(file, f"{DFF}/timestamps", 10.0 + np.arange(899) * 0.03325)
    assert read_ophys_session(session_file).dff().values.shape == (3, 899)


def test_masks_stand_in_for_cells_without_ids(session_file):
    with h5py.File(session_file, "a") as file:
        del file[IDS]
        file[f"{P}/ImageSegmentation/roi_ids"] = [b"roi_000", b"roi_007", b"12"]
    assert read_ophys_session(session_file).cell_specimen_ids == (0, 7, 12)


def test_a_damaged_part_is_not_an_absent_one(session_file):
    with h5py.File(session_file, "a") as file:
        replace(file, IDS, h5py.SoftLink("/nowhere"))
    with pytest.raises(FormatError, match=r"cell_specimen_ids cannot be read .*damaged"):
        read_ophys_session(session_file)


def test_files_of_another_kind(session_file, nwb1, tmp_path):
    with pytest.raises(FormatError, match=r"cell\.nwb: .*no /processing/.*recording by read_nwb"):
        read_ophys_session(nwb1())
    with pytest.raises(FormatError, match=r"session\.nwb: no patch-clamp.*read_session"):
        read_nwb(session_file)
    with pytest.raises(FormatError, match=r"there is no such file; expected a two-photon NWB"):
        read_ophys_session(tmp_path / "none.nwb")
