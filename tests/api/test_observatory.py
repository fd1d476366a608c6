"""The Observatory, from made-up answers."""

import h5py
import numpy as np
import pandas as pd
import pytest

from allentk.api import BrainObservatory, queries
from allentk.api.observatory_columns import METRICS
from allentk.api.rma import file_url, query_url
from allentk.api.session_types import SESSION_STIMULI
from allentk.api.transport import Offline
from allentk.errors import DataError, IntegrityError, OfflineError, ServiceError

SPECIMEN = {
    "name": "Cux2-1",
    "donor": {
        "external_donor_name": "222426",
        "date_of_birth": "2016-03-01T00:00:00Z",
        "conditions": [{"name": "tissuecyte - Laser"}, {"name": "Epileptiform Events"}],
        "transgenic_lines": [
            {"name": "Camk2a-tTA", "transgenic_line_type_name": "driver"},
            {"name": "Cux2-CreERT2", "transgenic_line_type_name": "driver"},
            {"name": "Ai93(TITL-GCaMP6f)", "transgenic_line_type_name": "reporter"},
        ],
    },
}
CONTAINER = {
    "id": 11,
    "failed": False,
    "imaging_depth": 175,
    "targeted_structure": {"acronym": "VISpm"},
    "specimen": SPECIMEN,
}
SESSION = {
    "id": 101,
    "imaging_depth": 175,
    "targeted_structure": {"acronym": "VISpm"},
    "specimen": SPECIMEN,
    "date_of_acquisition": "2016-07-06T15:22:01Z",
    "experiment_container_id": 11,
    "experiment_container": {"failed": False},
    "stimulus_name": "three_session_A",
    "fail_eye_tracking": False,
}


@pytest.fixture
def observatory(replies, tmp_path):
    return BrainObservatory(transport=replies, cache_dir=tmp_path, progress=False)


@pytest.fixture
def answer(replies, envelope):
    def give(query, rows, *, start_row=0, **changes):
        body = envelope(rows, start_row=start_row, **changes)
        replies.bodies[query_url(query, start_row=start_row)] = body

    return give


def test_containers(observatory, answer, tmp_path):
    empty = {"name": None, "donor": None}
    failed = CONTAINER | {
        "id": 12,
        "failed": True,
        "specimen": empty,
        "targeted_structure": None,
        "imaging_depth": None,
    }
    answer(queries.containers(), [CONTAINER, failed])
    table = observatory.containers(include_failed=True)
    assert " ".join(table.columns) == (
        "id imaging_depth targeted_structure cre_line reporter_line donor_name specimen_name tags "
        "failed"
    )
    assert table.loc[0].tolist() == [
        11,
        175,
        "VISpm",
        "Cux2-CreERT2",
        "Ai93(TITL-GCaMP6f)",
        "222426",
        "Cux2-1",
        ["Epileptiform Events"],
        False,
    ]
    assert table.loc[1, ["cre_line", "reporter_line", "donor_name"]].isna().all()
    assert table.loc[1, "tags"] == []
    assert observatory.containers()["id"].tolist() == [11]
    assert observatory.containers(cre_line="cux2-creert2")["id"].tolist() == [11]
    assert observatory.containers(imaging_depth=[175, 275])["id"].tolist() == [11]
    assert table.attrs == {
        "source": "the test's own service",
        "synthetic": True,
        "url": query_url(queries.containers()),
    }
    assert (tmp_path / "observatory" / "experiment_containers.json").is_file()
    with pytest.raises(DataError, match="there are: VISpm"):
        observatory.containers(targeted_structure="VISp")


def test_sessions(observatory, answer):
    second = SESSION | {
        "id": 102,
        "stimulus_name": "three_session_B",
        "specimen": {"name": "x", "donor": {}},
    }
    failed = SESSION | {"id": 103, "experiment_container": {"failed": True}}
    answer(queries.sessions(), [SESSION, second, failed])
    table = observatory.sessions()
    assert table["id"].tolist() == [101, 102]
    first = table.loc[0]
    # March 1 to July 6: 31 + 30 + 31 + 30 + 5 days
    assert first["acquisition_age_days"] == 127
    assert first["session_type"] == "three_session_A"
    assert first["cre_line"] == "Cux2-CreERT2"
    assert table["acquisition_age_days"].isna().tolist() == [False, True]
    assert observatory.sessions(include_failed=True)["id"].tolist() == [101, 102, 103]
    assert observatory.sessions(stimulus="natural_scenes")["id"].tolist() == [102]
    assert observatory.sessions(stimulus="natural_movie_one")["id"].tolist() == [101, 102]
    assert observatory.sessions(container_id=pd.Series([11]))["id"].tolist() == [101, 102]
    assert observatory.sessions(session_type="three_session_B")["id"].tolist() == [102]
    with pytest.raises(DataError, match=r"drifting_gratings.*got 'gratings'"):
        observatory.sessions(stimulus="gratings")


def test_every_session_type_has_one_movie_in_common():
    assert all("natural_movie_one" in shown for shown in SESSION_STIMULI.values())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"date_of_acquisition": "yesterday"}, "acquisition_age_days"),
        ({"date_of_acquisition": 5}, "acquisition_age_days"),
        ({"date_of_acquisition": "2016-07-06"}, "acquisition_age_days"),
        ({"fail_eye_tracking": "perhaps"}, "fail_eye_tracking"),
        ({"targeted_structure": {"acronym": {}}}, "targeted_structure"),
    ],
)
def test_a_session_that_makes_no_sense(observatory, answer, changes, why):
    answer(queries.sessions(), [SESSION | changes])
    with pytest.raises(ServiceError, match=f"'{why}' of row 0"):
        observatory.sessions()
    assert observatory.cache.entries() == []


def metric(cell, **changes):
    return {
        **dict.fromkeys(METRICS),
        "cell_specimen_id": cell,
        "experiment_container_id": 11,
        "area": "VISpm",
        "tld1_name": "Cux2-CreERT2",
        "all_stim": True,
        "failed_experiment_container": False,
        "natural_scene_small": 12345,
        **changes,
    }


def test_cell_metrics_come_in_pages(observatory, answer, replies):
    whole = [metric(cell, osi_dg=cell / 2) for cell in range(4500)]
    for start in (0, 2000, 4000):
        page = whole[start : start + 2000]
        answer(queries.cell_metrics(), page, start_row=start, total_rows=4500)
    table = observatory.cell_metrics()
    assert table.shape == (4500, 60)
    assert table["cell_specimen_id"].tolist() == list(range(4500))
    assert table["osi_dg"].tolist() == [cell / 2 for cell in range(4500)]
    assert table["tld2_id"].isna().all()
    assert "natural_scene_small" not in table
    assert len(replies.asked) == 3
    assert observatory.cell_metrics(cell_specimen_id=[7, 4000])["osi_dg"].tolist() == [3.5, 2000.0]
    assert len(observatory.cell_metrics(container_id=11, area="VISpm", cre_line="Cux2-CreERT2")) > 1
    assert len(replies.asked) == 3


def test_a_page_that_fails_keeps_nothing(observatory, answer):
    page = [metric(cell) for cell in range(2000)]
    answer(queries.cell_metrics(), page, total_rows=2001)
    answer(queries.cell_metrics(), "no", start_row=2000, success=False)
    with pytest.raises(ServiceError, match="the service says 'no'"):
        observatory.cell_metrics()
    assert observatory.cache.entries() == []


def test_cells_of_failed_containers(observatory, answer):
    rows = [metric(1), metric(2, failed_experiment_container=True), metric(3)]
    answer(queries.cell_metrics(), rows)
    assert observatory.cell_metrics()["cell_specimen_id"].tolist() == [1, 3]
    assert len(observatory.cell_metrics(include_failed=True)) == 3


@pytest.fixture
def session_file(replies, answer, tmp_path):
    """Let the service have the NWB file of a session."""

    def give(session_id, named=None):
        path = tmp_path / "made.nwb"
        pipeline = "processing/brain_observatory_pipeline"
        with h5py.File(path, "w") as file:
            file["nwb_version"] = "NWB-1.0.5"
            file["session_description"] = b"a synthetic session"
            file["general/session_id"] = str(named or session_id).encode()
            file[f"{pipeline}/DfOverF/imaging_plane_1/data"] = np.zeros((2, 10), np.float32)
            file[f"{pipeline}/DfOverF/imaging_plane_1/timestamps"] = np.arange(10) / 30
            file[f"{pipeline}/ImageSegmentation/cell_specimen_ids"] = [7, 8]
        link = "/api/v2/well_known_file_download/900"
        answer(queries.session_file(session_id), [{"id": 900, "download_link": link}])
        replies.bodies[file_url(900)] = path.read_bytes()

    return give


def test_a_session(observatory, session_file, replies, tmp_path):
    session_file(101)
    session = observatory.session(101)
    assert session.cell_specimen_ids == (7, 8)
    assert session.metadata["session_id"] == 101
    assert session.metadata["synthetic"] is True
    path = tmp_path / "observatory" / "ophys_experiment_data" / "101.nwb"
    assert observatory.fetch(101) == path
    assert session.path == str(path)
    assert len(replies.asked) == 2
    again = BrainObservatory(cache_dir=tmp_path, transport=Offline(synthetic=True)).session(101)
    assert again.cell_specimen_ids == (7, 8)


def test_a_session_of_another_name(observatory, session_file):
    session_file(102, named=101)
    with pytest.raises(IntegrityError, match="expected session 102, but the file says"):
        observatory.session(102)


def test_an_unknown_session(observatory, answer):
    answer(queries.session_file(9), [])
    with pytest.raises(DataError, match=r"session 9: .*sessions\(\) lists"):
        observatory.session(9)
    with pytest.raises(DataError, match="a session id is a whole number"):
        observatory.session("nine")


def test_offline_says_how_to_fetch(tmp_path):
    observatory = BrainObservatory(cache_dir=tmp_path, offline=True)
    with pytest.raises(OfflineError, match=r"allentk\.BrainObservatory\(\)\.fetch\(101\)"):
        observatory.session(101)
    with pytest.raises(OfflineError, match=r"allentk\.BrainObservatory\(\)\.cell_metrics\(\)"):
        observatory.cell_metrics()
