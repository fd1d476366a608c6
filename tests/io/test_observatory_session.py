"""Whole sessions of every kind and of both pipelines, in the Observatory's layout."""

import pickle

import h5py
import numpy as np
import pytest

from allentk.errors import DataError, FormatError
from allentk.io import read_ophys_session

P = "processing/brain_observatory_pipeline"
CELLS = (517_425_074, 517_399_994, 600_000_001)
FRAME_S = 0.03325
GAP = 60  # two-photon frames between epochs, more than between any two presentations

GRATINGS = ["drifting_gratings", "natural_movie_three", "natural_movie_one"]
ORDER = {
    "three_session_A": [*GRATINGS, *GRATINGS[:2], "spontaneous", "drifting_gratings"],
    "three_session_B": [
        "static_gratings",
        "natural_scenes",
        "spontaneous",
        "natural_scenes",
        "static_gratings",
        "natural_movie_one",
        "static_gratings",
        "natural_scenes",
    ],
    "three_session_C": [
        "locally_sparse_noise",
        "spontaneous",
        "natural_movie_one",
        "locally_sparse_noise",
        "natural_movie_two",
        "spontaneous",
        "locally_sparse_noise",
    ],
    "three_session_C2": [
        "locally_sparse_noise_4deg",
        "spontaneous",
        "natural_movie_one",
        "locally_sparse_noise_8deg",
        "natural_movie_two",
        "spontaneous",
        "locally_sparse_noise_4deg",
    ],
}
# What one epoch shows: frames from onset to onset, last frame, and the numbers of each presentation.
SHOWS = {
    "drifting_gratings": (90, 60, [[1.0, 45.0, 0.0], [np.nan, np.nan, 1.0], [15.0, 270.0, 0.0]]),
    "static_gratings": (8, 7, [[30.0, 0.02, 0.5], [np.nan, np.nan, np.nan], [150.0, 0.32, 0.0]]),
    "natural_scenes": (8, 7, [2, -1, 0, 1]),
    "natural_movie": (1, 0, [0, 1, 2, 0, 1, 2]),
    "locally_sparse_noise": (8, 7, [3, 0, 2, 1]),
}
FEATURES = {
    "drifting_gratings": [b"temporal_frequency", b"orientation", b"blank_sweep"],
    "static_gratings": [b"orientation", b"spatial_frequency", b"phase"],
}
TEMPLATES = {
    "natural_scenes": (3, 9, 12),
    "natural_movie_one": (3, 4, 8),
    "locally_sparse_noise": (4, 16, 28),
    "locally_sparse_noise_4deg": (4, 16, 28),
    "locally_sparse_noise_8deg": (4, 8, 14),
}


def lay_out(order):
    """Return the presentations by stimulus, the frames of the epochs, and the number of frames."""
    shown, epochs, frame = {}, [], GAP
    for name in order:
        rows = shown.setdefault(name, [])
        if name == "spontaneous":
            last = frame + 300
            rows += [(frame, frame, 1), (last, last, -1)]
        else:
            family = next(key for key in SHOWS if name.startswith(key))
            period, last_frame, values = SHOWS[family]
            starts = [frame + period * place for place in range(len(values))]
            rows += [(a, a + last_frame, v) for a, v in zip(starts, values, strict=True)]
            last = starts[-1] + last_frame
        epochs.append((name, frame, last))
        frame = last + GAP
    return shown, epochs, frame


def write_stimuli(file, shown):
    for name, rows in shown.items():
        group = file.create_group(f"stimulus/presentation/{name}_stimulus")
        group["data"] = np.array([value for _, _, value in rows])
        group["frame_duration"] = np.array([[a, b] for a, b, _ in rows])
        if name in FEATURES:
            group["features"] = np.array(FEATURES[name])
        if name in TEMPLATES:
            stack = np.arange(np.prod(TEMPLATES[name])).reshape(TEMPLATES[name]) % 256
            file[f"stimulus/templates/{name}_image_stack/data"] = stack.astype("u1")


def write_metadata(file, kind, version):
    file["nwb_version"] = b"NWB-1.0.6"
    file["session_description"] = b"SYNTHETIC session"
    file["session_start_time"] = np.bytes_(b"Wed Jul  6 15:22:01 2016")
    general = {
        "session_type": kind.encode(),
        "session_id": b"501940850",
        "experiment_container_id": b"511510855",
        "subject/age": b"104 days",
        "subject/sex": b"male",
        "subject/genotype": b"Camk2a-tTA/wt;Cux2-CreERT2/wt;Ai93(TITL-GCaMP6f)/wt",
        "optophysiology/imaging_plane_1/location": b"VISp",
        "optophysiology/imaging_plane_1/imaging depth": b"175 microns",
        "optophysiology/imaging_plane_1/excitation_lambda": b"910 nanometers",
        "optophysiology/imaging_plane_1/indicator": b"GCaMP6f",
        "devices/2-photon microscope": b"Nikon A1R-MP multiphoton microscope. CAM2P.2 Please ask",
        "fov": b"400x400 microns (512 x 512 pixels)",
        "specimen_name": b"Cux2-CreERT2;Camk2a-tTA;Ai93-222426",
    }
    for name, value in general.items():
        file[f"general/{name}"] = np.bytes_(value)
    if version:
        said = [b"pipeline", b"two-photon", b"version", version.encode()]
        file["general/generated_by"] = np.array(said)


def write_traces(p, times, *, old):
    cells = np.arange(3)[:, None]
    p["DfOverF/imaging_plane_1/data"] = (cells + np.arange(times.size) / 1e4).astype("f4")
    p["DfOverF/imaging_plane_1/timestamps"] = times
    plane = p.create_group("Fluorescence/imaging_plane_1")
    plane["data"] = np.full((3, times.size), 100.0, "f4")
    plane["timestamps"] = times
    if old:
        plane["neuropil_traces"] = np.full((3, times.size), 40.0, "f4")
        plane["r"] = [0.0, 0.5, 1.0]
    else:
        response = p.create_group("Fluorescence/imaging_plane_1_neuropil_response")
        response["data"] = np.full((3, times.size), 40.0, "f4")
        response["r"] = [0.0, 0.5, 1.0]
        p["Fluorescence/imaging_plane_1_demixed_signal/data"] = np.full((3, times.size), 90.0, "f4")


def write_behaviour(p, times, *, old):
    speed = np.arange(times.size - 10.0)  # it began 4 frames late and ended 6 early
    p["BehavioralTimeSeries/running_speed/data"] = speed[:, None] if old else speed
    p["BehavioralTimeSeries/running_speed/timestamps"] = times[4:-6]
    motion = p.create_group(f"MotionCorrection/2p_image_series/xy_translation{'s' if old else ''}")
    motion["data"] = np.array([[1.5, -2.0]] * times.size)
    motion["timestamps"] = times
    motion["feature_description"] = np.array([b"x_motion", b"y_motion"])


def write_eye(p, times):
    for name, values in (("pupil_location", [1.0, -2.0]), ("pupil_location_spherical", [4.0, 8.0])):
        p[f"EyeTracking/{name}/data"] = np.array([values] * times.size)
        p[f"EyeTracking/{name}/timestamps"] = times
    p["PupilTracking/pupil_size/data"] = np.full(times.size, 4321.0)
    p["PupilTracking/pupil_size/timestamps"] = times


def write_images(p):
    p["ImageSegmentation/cell_specimen_ids"] = np.array(CELLS)
    plane = p.create_group("ImageSegmentation/imaging_plane_1")
    plane["roi_list"] = np.array([b"roi_0", b"roi_1", b"roi_2"])
    for number in range(3):
        mask = np.zeros((8, 9), dtype=np.uint8)
        mask[number, number : number + 2] = 1
        plane[f"roi_{number}/img_mask"] = mask
    name = "reference_images/maximum_intensity_projection_image/data"
    plane[name] = np.arange(72, dtype=np.uint8).reshape(8, 9)


@pytest.fixture
def session_of(tmp_path):
    """Write a session of a kind; `version` of the pipeline, None for the oldest."""

    def write(kind="three_session_A", *, version="3.0", eye=True):
        path = tmp_path / f"{kind}.nwb"
        shown, epochs, n_frames = lay_out(ORDER[kind])
        times = 10.0 + np.arange(n_frames) * FRAME_S
        old = version is None or version < "2"
        with h5py.File(path, "w") as file:
            write_metadata(file, kind, version)
            write_stimuli(file, shown)
            p = file.create_group(P)
            write_traces(p, times, old=old)
            write_behaviour(p, times, old=old)
            write_images(p)
            if eye:
                write_eye(p, times)
        return read_ophys_session(path), epochs, times

    return write


@pytest.mark.parametrize("kind", ORDER)
def test_epochs_come_in_the_order_they_were_shown(session_of, kind):
    session, epochs, times = session_of(kind)
    found = session.stimulus_epochs()
    assert found["stimulus"].tolist() == ORDER[kind]
    assert list(zip(found["start_frame"], found["stop_frame"], strict=True)) == [
        (first, last) for _, first, last in epochs
    ]
    starts = [times[first] for _, first, _ in epochs]
    assert found["start_s"].tolist() == pytest.approx(starts)
    counts = found.groupby("stimulus")["presentations"].sum()
    assert counts.to_dict() == {name: len(session.stimulus_table(name)) for name in session.stimuli}


@pytest.mark.parametrize("kind", ORDER)
def test_every_stimulus_has_a_table_that_finds_its_frames_again(session_of, kind):
    session, _, times = session_of(kind)
    for name in session.stimuli:
        table = session.stimulus_table(name).table
        assert (times[table["start_frame"]] == table["start_s"]).all()
        assert set(table["stimulus"]) <= {name, "blank"}


def test_gratings(session_of):
    drifting = session_of()[0].stimulus_table("drifting_gratings").table
    assert drifting["stimulus"].tolist() == ["drifting_gratings", "blank", "drifting_gratings"] * 3
    assert drifting["temporal_frequency_hz"].dropna().tolist() == [1.0, 15.0] * 3
    assert drifting["orientation_deg"].dropna().tolist() == [45.0, 270.0] * 3
    assert (drifting["stop_frame"] - drifting["start_frame"]).tolist() == [60] * 9
    static = session_of("three_session_B")[0].stimulus_table("static_gratings").table
    assert static["stimulus"].tolist() == ["static_gratings", "blank", "static_gratings"] * 3
    assert static["spatial_frequency_cpd"].dropna().tolist() == [0.02, 0.32] * 3
    assert static["phase"].dropna().tolist() == [0.5, 0.0] * 3


def test_images_movies_and_noise(session_of):
    scenes = session_of("three_session_B")[0].stimulus_table("natural_scenes").table
    assert scenes["frame"].tolist() == [2, -1, 0, 1] * 3
    assert scenes["stimulus"].eq("blank").sum() == 3
    movie = session_of()[0].stimulus_table("natural_movie_three").table
    assert movie["frame"].tolist() == [0, 1, 2] * 4
    assert movie["repeat"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    c2 = session_of("three_session_C2")[0]
    assert (
        c2.stimulus_table("locally_sparse_noise_4deg").table["frame"].tolist() == [3, 0, 2, 1] * 2
    )
    assert c2.stimulus_table("locally_sparse_noise_8deg").table["frame"].tolist() == [3, 0, 2, 1]
    assert len(c2.stimulus_table("spontaneous")) == 2


@pytest.mark.parametrize("kind", ["three_session_B", "three_session_C", "three_session_C2"])
def test_templates_are_read_by_frame(session_of, kind):
    session = session_of(kind)[0]
    for name in set(TEMPLATES).intersection(session.stimuli):
        template = pickle.loads(pickle.dumps(session.stimulus_template(name)))
        assert (len(template), template.shape) == (TEMPLATES[name][0], TEMPLATES[name])
        whole = np.arange(np.prod(template.shape)).reshape(template.shape) % 256
        frames = session.stimulus_table(name).where(frame=lambda f: f >= 0).table["frame"]
        for frame in frames:
            assert (template[frame] == whole[int(frame)]).all()
        assert (template.read() == whole).all()


def test_a_template_names_its_frames(session_of):
    scenes = session_of("three_session_B")[0].stimulus_template("natural_scenes")
    assert repr(scenes) == "<StimulusTemplate natural_scenes: 3 frames of 9 x 12>"
    assert (scenes[np.float64(1.0)] == scenes[1]).all()
    with pytest.raises(DataError, match="frame -1 is a blank sweep"):
        scenes[-1]
    with pytest.raises(DataError, match="frames 0 to 2, got 3"):
        scenes[3]
    for wrong in (0.5, "one", None, slice(2), float("nan")):
        with pytest.raises(DataError, match="a frame is a whole number"):
            scenes[wrong]


def test_gratings_have_no_template(session_of):
    session, _, _ = session_of()
    with pytest.raises(DataError, match=r"no frames of 'drifting_gratings'.*natural_movie_one"):
        session.stimulus_template("drifting_gratings")


def test_what_was_shown_at_a_time(session_of):
    session, epochs, times = session_of()
    first = epochs[0][1]
    moments = [
        0.0,
        times[first + 10],
        times[first + 75],
        times[first + 100],
        times[epochs[5][1] + 9],
    ]
    shown = session.stimulus_at(moments)
    assert shown["time_s"].tolist() == moments
    assert shown["stimulus"].fillna("none").tolist() == [
        "none",
        "drifting_gratings",
        "drifting_gratings",
        "drifting_gratings",
        "spontaneous",
    ]
    # 75 frames after the onset the monitor is gray; 100 frames after it the second one is on.
    assert shown["presentation"].tolist()[1::2] == [0, 1]
    assert shown["presentation"].isna().tolist() == [True, False, True, False, False]
    assert shown["blank"].fillna(False).tolist() == [False, False, False, True, False]
    assert shown.loc[1, "orientation_deg"] == 45.0
    assert shown.loc[1, "start_s"] == times[first]


def test_what_was_shown_at_one_time(session_of):
    session, epochs, times = session_of("three_session_B")
    scene = session.stimulus_at(times[epochs[1][1] + 7]).iloc[0]
    assert (scene["stimulus"], scene["frame"]) == ("natural_scenes", 2)
    assert session.stimulus_at(times[epochs[1][1] + 8]).loc[0, "frame"] == -1
    assert session.stimulus_at(times[-1])["stimulus"].isna().all()
    assert session.stimulus_at([]).empty


@pytest.mark.parametrize("version", ["3.0", "1.0", None])
def test_fluorescence_of_both_pipelines(session_of, version):
    session, _, times = session_of(version=version)
    old = version != "3.0"
    assert session.fluorescence("raw").values[:, 5].tolist() == [100.0] * 3
    assert session.fluorescence("neuropil").values[:, 5].tolist() == [40.0] * 3
    base = 100.0 if old else 90.0
    assert session.fluorescence().values[:, 7].tolist() == [base, base - 20.0, base - 40.0]
    assert session.fluorescence(ids=[CELLS[2]]).values[0, 7] == base - 40.0
    assert session.fluorescence().values.shape == (3, times.size)
    assert session.neuropil_r().to_dict() == dict(zip(CELLS, [0.0, 0.5, 1.0], strict=True))
    assert session.neuropil_r(ids=[CELLS[1]]).tolist() == [0.5]
    assert session.metadata["pipeline_version"] == (version or "0.9")
    if old:
        with pytest.raises(DataError, match=r"no demixed fluorescence: its pipeline, before 2\.0"):
            session.fluorescence("demixed")
    else:
        assert session.fluorescence("demixed").values[:, 5].tolist() == [90.0] * 3


def test_dff_is_what_the_file_holds(session_of):
    session, _, times = session_of()
    with h5py.File(session.path) as file:
        held = file[f"{P}/DfOverF/imaging_plane_1/data"][()]
    dff = session.dff()
    assert (dff.values == held).all()
    assert (dff.time_s == times).all()
    assert (session.dff(ids=[CELLS[2], CELLS[0]]).values == held[[2, 0]]).all()
    with pytest.raises(ValueError, match="read-only"):
        dff.values[0, 0] = 1.0


@pytest.mark.parametrize("version", ["3.0", None])
def test_running(session_of, version):
    session, _, times = session_of(version=version)
    speed, at = session.running_speed()
    assert speed.tolist() == list(range(times.size - 10))
    assert (at == times[4:-6]).all()
    speed, at = session.running_speed(on_frames=True)
    assert (at == times).all()
    assert np.isnan(speed).nonzero()[0].tolist() == [*range(4), *range(times.size - 6, times.size)]
    assert speed[4:-6].tolist() == list(range(times.size - 10))


def test_the_eye(session_of):
    session, _, times = session_of()
    degrees = session.pupil_location()
    assert degrees.columns.tolist() == ["time_s", "azimuth_deg", "altitude_deg"]
    assert degrees.iloc[3].tolist() == [times[3], 4.0, 8.0]
    cm = session.pupil_location(spherical=False)
    assert cm.iloc[0].to_dict() == {"time_s": times[0], "x_cm": 1.0, "y_cm": -2.0}
    size = session.pupil_size()
    assert size.columns.tolist() == ["time_s", "area_px"]
    assert set(size["area_px"]) == {4321.0}


def test_a_session_without_eye_tracking_says_so(session_of):
    session, _, _ = session_of(eye=False)
    for ask in (session.pupil_location, session.pupil_size):
        with pytest.raises(
            DataError, match=r"this session has no eye tracking .*fail_eye_tracking"
        ):
            ask()


@pytest.mark.parametrize("version", ["3.0", None])
def test_the_field_of_view(session_of, version):
    session, _, times = session_of(version=version)
    assert (session.max_projection() == np.arange(72.0).reshape(8, 9)).all()
    masks = session.roi_masks(ids=[CELLS[2], CELLS[0]])
    assert masks.shape == (2, 8, 9)
    assert np.argwhere(masks[0]).tolist() == [[2, 2], [2, 3]]
    assert session.roi_masks(ids=[]).shape[0] == 0
    shifts = session.motion_correction()
    assert shifts.columns.tolist() == ["time_s", "x_motion", "y_motion"]
    assert shifts.iloc[-1].tolist() == [times[-1], 1.5, -2.0]


def test_metadata_as_numbers(session_of):
    metadata = session_of()[0].metadata
    assert metadata["age_days"] == 104
    assert metadata["imaging_depth_um"] == 175
    assert metadata["excitation_nm"] == 910
    assert metadata["cre_line"] == "Cux2-CreERT2"
    assert metadata["reporter_line"] == "Ai93(TITL-GCaMP6f)"
    assert metadata["session_start"].isoformat() == "2016-07-06T15:22:01"
    assert metadata["device"] == "Nikon A1R-MP multiphoton microscope"
    assert metadata["device_name"] == "CAM2P.2"
    assert metadata["fov_um"] == (400, 400)
    assert metadata["fov_px"] == (512, 512)
    assert metadata["ophys_experiment_id"] == 501940850


@pytest.mark.parametrize(
    ("place", "value", "key"),
    [
        ("general/subject/age", b"unknown", "age_days"),
        ("general/optophysiology/imaging_plane_1/imaging depth", b"deep", "imaging_depth_um"),
        ("session_start_time", b"some day", "session_start"),
        ("general/fov", b"wide", "fov_um"),
        ("general/subject/genotype", b"wt/wt", "cre_line"),
    ],
)
def test_words_that_say_no_number_are_left_out(session_of, place, value, key):
    path = session_of()[0].path
    with h5py.File(path, "a") as file:
        del file[place]
        file[place] = np.bytes_(value)
    assert key not in read_ophys_session(path).metadata


def test_a_microscope_in_other_words(session_of):
    path = session_of()[0].path
    with h5py.File(path, "a") as file:
        del file["general/devices/2-photon microscope"]
        file["general/devices/2-photon microscope"] = np.bytes_(b"a home-built one")
    metadata = read_ophys_session(path).metadata
    assert metadata["device"] == "a home-built one"
    assert "device_name" not in metadata


def drop(path):
    return lambda file: file.__delitem__(path)


def put(path, value):
    def change(file):
        del file[path]
        file[path] = value

    return change


EYE = f"{P}/EyeTracking/pupil_location_spherical"
MOTION = f"{P}/MotionCorrection/2p_image_series/xy_translation"
MASKS = f"{P}/ImageSegmentation/imaging_plane_1"


@pytest.mark.parametrize(
    ("change", "ask", "kind", "said"),
    [
        (drop(MOTION), "motion_correction", DataError, "has no motion correction"),
        (drop(f"{MASKS}/reference_images"), "max_projection", DataError, "no maximum projection"),
        (drop("stimulus/templates"), "template", DataError, "those of no stimulus"),
        (put(f"{EYE}/data", np.zeros((5, 2))), "pupil_location", FormatError, "by 2 columns"),
        (put(f"{EYE}/data", np.zeros(5)), "pupil_location", FormatError, "2 dimensions"),
        (put(f"{EYE}/data", b"text"), "pupil_location", FormatError, "expected numbers"),
        (
            put(f"{P}/PupilTracking/pupil_size/data", np.zeros(5)),
            "pupil_size",
            FormatError,
            r"\(5,\) values",
        ),
        (
            put(f"{MOTION}/feature_description", np.array([b"x"])),
            "motion_correction",
            FormatError,
            r"by 1 columns \(x\)",
        ),
        (
            put(f"{MASKS}/roi_1/img_mask", np.zeros((3, 3), "u1")),
            "roi_masks",
            FormatError,
            r"masks of unequal shapes: \[\(3, 3\), \(8, 9\)\]",
        ),
        (
            put("stimulus/templates/natural_movie_one_image_stack/data", np.zeros((3, 4))),
            "template",
            FormatError,
            "3 dimensions",
        ),
        (
            put(f"{P}/Fluorescence/imaging_plane_1_neuropil_response/r", np.zeros(2)),
            "neuropil_r",
            FormatError,
            "one share for each of 3 cells, got 2",
        ),
        (
            put(f"{P}/DfOverF/imaging_plane_1/timestamps", np.arange(7.0)),
            "dff",
            FormatError,
            "but 7 time stamps",
        ),
        (
            drop(f"{P}/Fluorescence/imaging_plane_1_demixed_signal"),
            "fluorescence",
            FormatError,
            "demixed_signal/data",
        ),
        (
            put(f"{P}/Fluorescence/imaging_plane_1_neuropil_response/data", np.zeros((2, 9))),
            "fluorescence",
            FormatError,
            r"expected 3 cells by frames, got shape \(2, 9\)",
        ),
        (
            put(f"{MASKS}/roi_list", np.array([b"roi_0"])),
            "roi_masks",
            FormatError,
            "names 1 masks for 3 cells",
        ),
    ],
)
def test_a_part_that_is_missing_or_does_not_fit(session_of, change, ask, kind, said):
    session, _, _ = session_of()
    with h5py.File(session.path, "a") as file:
        change(file)
    asked = {"template": lambda: session.stimulus_template("natural_movie_one")}
    with pytest.raises(kind, match=said):
        asked.get(ask, getattr(session, ask, None))()


def test_traces_of_unequal_lengths_are_not_subtracted(session_of):
    session, _, times = session_of()
    with h5py.File(session.path, "a") as file:
        put(f"{P}/Fluorescence/imaging_plane_1_demixed_signal/data", np.zeros((3, times.size - 1)))(
            file
        )
    with pytest.raises(FormatError, match="but neuropil of shape"):
        session.fluorescence()


def test_a_session_with_fewer_ids_than_traces(session_of):
    path = session_of()[0].path
    with h5py.File(path, "a") as file:
        put(f"{P}/ImageSegmentation/cell_specimen_ids", np.array(CELLS[:2]))(file)
    with pytest.raises(FormatError, match=r"2 cell_specimen_ids, but dF/F of 3 cells"):
        read_ophys_session(path)


def test_a_template_without_the_usual_ending(session_of):
    session, _, _ = session_of()
    with h5py.File(session.path, "a") as file:
        file["stimulus/templates"].move("natural_movie_one_image_stack", "natural_movie_one")
    assert len(session.stimulus_template("natural_movie_one")) == 3


def test_a_session_that_recorded_no_running(session_of):
    session, _, times = session_of()
    with h5py.File(session.path, "a") as file:
        for name in ("data", "timestamps"):
            put(f"{P}/BehavioralTimeSeries/running_speed/{name}", np.zeros(0))(file)
    speed, at = session.running_speed(on_frames=True)
    assert np.isnan(speed).all()
    assert at.size == times.size


def test_epochs_need_a_known_kind_of_session(session_of):
    session, _, _ = session_of()
    with h5py.File(session.path, "a") as file:
        put("general/session_type", b"four_session_Z")(file)
    other = read_ophys_session(session.path)
    with pytest.raises(
        DataError, match=r"three_session_C2, got 'four_session_Z'.*threshold_frames"
    ):
        other.stimulus_epochs()
    assert (
        other.stimulus_epochs(threshold_frames=39)["stimulus"].tolist() == ORDER["three_session_A"]
    )


def test_too_many_epochs_name_the_gaps(session_of):
    session, _, _ = session_of()
    with pytest.raises(
        FormatError, match=r"at most 3 epochs, got 9: the gaps .*more than 20 frames"
    ):
        session.stimulus_epochs(threshold_frames=20)
