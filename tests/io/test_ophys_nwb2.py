"""Two-photon experiments of Visual Behavior; files of ours and of pynwb."""

import pickle
import warnings

import h5py
import numpy as np
import pytest

from allentk.errors import DataError, FormatError
from allentk.io import read_ophys_experiment
from allentk.io.nwb2_columns import CELLS as CELL_COLUMNS
from tests.nwb2_files import CELLS, N_FRAMES, ROIS, pynwb_ophys, write_ecephys, write_ophys


@pytest.fixture
def path(tmp_path):
    return write_ophys(tmp_path / "experiment.nwb")


@pytest.fixture
def experiment(path):
    return read_ophys_experiment(path)


def test_what_an_experiment_is(experiment):
    assert experiment.cell_roi_ids == ROIS
    assert experiment.ids == experiment.cell_specimen_ids == CELLS
    assert experiment.metadata["synthetic"] is True
    assert repr(experiment).startswith("<OphysExperiment experiment.nwb: 3 cells, Natural")
    assert experiment.cells()["width"].tolist() == [4, 5, 6]
    assert "image_mask" not in experiment.cells()
    assert set(experiment.cells()) <= set(CELL_COLUMNS)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_dff_of_every_cell_whatever_the_order_of_the_columns(tmp_path, order):
    experiment = read_ophys_experiment(write_ophys(tmp_path / "o.nwb", order=order))
    dff = experiment.dff()
    assert dff.ids.tolist() == list(CELLS)
    assert dff.values.shape == (3, N_FRAMES)
    assert dff.values[:, 5] == pytest.approx([0.005, 1.005, 2.005])
    assert dff.time_s[[0, 31]] == pytest.approx([100.0, 101.0])


def test_dff_of_some_cells(experiment):
    again = pickle.loads(pickle.dumps(experiment))
    some = again.dff(ids=[CELLS[2], CELLS[0]])
    assert some.ids.tolist() == [CELLS[2], CELLS[0]]
    assert some.values[:, 5] == pytest.approx([2.005, 0.005])
    assert again.dff(ids=[]).values.shape == (0, N_FRAMES)
    with pytest.raises(DataError, match=r"experiment\.nwb: no cell 7; the 3 cells"):
        again.dff(ids=[7])


def test_fluorescence_and_events(experiment):
    assert experiment.fluorescence().values[1, 5] == pytest.approx(100.5)
    assert experiment.fluorescence("neuropil").values[1, 5] == pytest.approx(10.05)
    assert experiment.fluorescence("demixed", ids=[CELLS[1]]).values[0, 5] == pytest.approx(110.55)
    with pytest.raises(DataError, match="kind must be one of corrected, demixed, neuropil"):
        experiment.fluorescence("raw")
    events = experiment.events()
    assert events.unit == "events"
    assert events.values[0].max() == 0
    assert events.values[1, 5] == pytest.approx(1.005)
    assert events.time_s.tolist() == experiment.dff().time_s.tolist()


def test_images(experiment):
    assert experiment.max_projection().shape == (12, 14)
    assert experiment.max_projection().max() == 7
    assert experiment.average_projection().max() == 3
    masks = experiment.roi_masks()
    assert masks.sum(axis=(1, 2)).tolist() == [2, 2, 2]
    assert masks[1, 1, 1:3].all()


@pytest.mark.parametrize("specimens", [None, [1.0, np.nan, 3.0], [5, 5, 6], [-1, 2, 3]])
def test_cells_that_were_not_matched_go_by_their_roi(path, specimens):
    with h5py.File(path, "a") as file:
        table = file["processing/ophys/image_segmentation/cell_specimen_table"]
        del table["cell_specimen_id"]
        if specimens:
            table["cell_specimen_id"] = np.array(specimens)
    experiment = read_ophys_experiment(path)
    assert experiment.cell_specimen_ids == ()
    assert experiment.dff(ids=[ROIS[1]]).values[0, 5] == pytest.approx(1.005)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("dff/traces/rois", np.array([0, 1, 1]), "expected 40 frames x 3 cells"),
        ("dff/traces/rois", np.array([0, 1, 9]), "expected 40 frames x 3 cells"),
        ("dff/traces/rois", np.array([0, 1]), "2 rows of the table"),
        ("dff/traces/data", np.zeros((3, N_FRAMES)), r"data of shape \(3, 40\)"),
        ("dff/traces/timestamps", np.zeros(N_FRAMES), "time_s must rise"),
    ],
)
def test_traces_that_do_not_fit(path, name, values, said):
    with h5py.File(path, "a") as file:
        del file[f"processing/ophys/{name}"]
        file[f"processing/ophys/{name}"] = values
    with pytest.raises(FormatError, match=rf"experiment\.nwb: /processing/ophys/dff.*{said}"):
        read_ophys_experiment(path).dff()


def test_what_is_not_there(path):
    with h5py.File(path, "a") as file:
        del file["processing/ophys/event_detection"], file["processing/ophys/images"]
        table = file["processing/ophys/image_segmentation/cell_specimen_table"]
        del table["image_mask"]
        table["image_mask"] = np.zeros((2, 5, 5))
    experiment = read_ophys_experiment(path)
    with pytest.raises(FormatError, match="expected the dataset 'processing/ophys/event_detection"):
        experiment.events()
    with pytest.raises(FormatError, match="expected the dataset 'processing/ophys/images"):
        experiment.max_projection()
    with pytest.raises(FormatError, match="expected 3 masks, got shape"):
        experiment.roi_masks()


def test_an_image_that_is_none(path):
    with h5py.File(path, "a") as file:
        del file["processing/ophys/images/max_projection"]
        file["processing/ophys/images/max_projection"] = np.zeros(5)
    with pytest.raises(FormatError, match=r"expected an image, got shape \(5,\)"):
        read_ophys_experiment(path).max_projection()


def test_a_session_without_imaging(tmp_path):
    with pytest.raises(FormatError, match="opened by read_behavior_session"):
        read_ophys_experiment(write_ecephys(tmp_path / "s.nwb"))


def test_a_file_of_pynwb(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = pynwb_ophys(tmp_path / "pynwb.nwb")
    experiment = read_ophys_experiment(path)
    assert experiment.ids == CELLS
    assert experiment.dff().values[:, 5] == pytest.approx([0.005, 1.005, 2.005])
    assert experiment.roi_masks().shape == (3, 4, 5)
    trials = experiment.trials()
    assert [licks.tolist() for licks in trials["lick_times"]] == [[0.5, 1.5], []]
    assert trials["stop_time"].tolist() == [2.0, 3.0]
