"""The Observatory's files, from the service, from the bucket, and from the one where the other fails."""

import io
import json
import logging

import h5py
import numpy as np
import pytest

from allentk.api import BrainObservatory, queries
from allentk.api.exchange import Response
from allentk.api.observatory_columns import CONTAINERS, METRICS, SESSIONS, STIMULUS_MAPPINGS
from allentk.api.observatory_files import BUCKET
from allentk.api.rma import BASE, file_url, query_url
from allentk.api.store import read_rows
from allentk.errors import (
    DataError,
    FormatError,
    IntegrityError,
    OfflineError,
    ServiceError,
)

MAPPINGS = [
    {
        "id": 1,
        "item": "osi_dg",
        "item_type": "M",
        "level": "R",
        "stimulus_name": "drifting_grating",
    },
    {
        "id": 16,
        "item": "dg_small",
        "item_type": "T",
        "level": "R",
        "stimulus_name": "drifting_grating",
    },
    {
        "id": 92,
        "item": "speed",
        "item_type": "M",
        "level": "S",
        "stimulus_name": "experiment_summary",
    },
]
CONTAINER = {
    "id": 11,
    "failed": False,
    "imaging_depth": 175,
    "targeted_structure": {"acronym": "VISp"},
    "specimen": {"name": "x", "donor": {"external_donor_name": "7", "transgenic_lines": []}},
}
SESSION = CONTAINER | {
    "id": 101,
    "date_of_acquisition": None,
    "experiment_container_id": 11,
    "experiment_container": {"failed": False},
    "stimulus_name": "three_session_C2",
    "fail_eye_tracking": True,
}
PIPELINE = "processing/brain_observatory_pipeline"


def s3(name):
    return f"{BUCKET.base}/visual-coding-2p/{name}"


class Services:
    """Both sources: a body by URL, or an error to raise; what is at neither is a 404."""

    source, synthetic, namespace = BASE, False, ""

    def __init__(self):
        self.at, self.asked = {}, []

    def get(self, request):
        self.asked.append(request.url)
        there = self.at.get(request.url, 404)
        for host, error in self.at.items():
            if request.url.startswith(host) and isinstance(error, type):
                raise error(f"{host} is down")
        if isinstance(there, int):
            return Response(there, {}, request.url, iter([b"<html>"]), lambda: None)
        headers = {"content-length": str(len(there))}
        return Response(200, headers, request.url, iter([there]), lambda: None)

    def rows(self, query, rows):
        answer = {"success": True, "id": 0, "start_row": 0, "total_rows": len(rows), "msg": rows}
        self.at[query_url(query)] = json.dumps(answer).encode()

    def file(self, session, kind, number, body):
        """Let the service have a file; the bucket is given its own."""
        link = f"/api/v2/well_known_file_download/{number}"
        self.rows(queries.session_file(session, kind=kind), [{"id": number, "download_link": link}])
        self.at[file_url(number)] = body

    def hosts(self):
        return ["s3" if url.startswith(BUCKET.base) else "api" for url in self.asked]


@pytest.fixture
def services():
    return Services()


@pytest.fixture
def observatory(services, tmp_path):
    def make(source="auto", folder="cache", **options):
        return BrainObservatory(
            source=source,
            transport=services,
            cache_dir=tmp_path / folder,
            progress=False,
            **options,
        )

    return make


@pytest.fixture
def bodies(tmp_path):
    """Bytes of a session's files: two cells, ten frames."""
    session = tmp_path / "made.nwb"
    with h5py.File(session, "w") as file:
        file["session_description"] = b"SYNTHETIC"
        file["general/session_id"] = b"101"
        file[f"{PIPELINE}/DfOverF/imaging_plane_1/data"] = np.zeros((2, 10), np.float32)
        file[f"{PIPELINE}/DfOverF/imaging_plane_1/timestamps"] = np.arange(10) / 30
        file[f"{PIPELINE}/ImageSegmentation/cell_specimen_ids"] = [7, 8]
    analysis = tmp_path / "made.h5"
    with h5py.File(analysis, "w") as file:
        file["analysis/mean_response_lsn4"] = np.ones((16, 28, 2))
    events = io.BytesIO()
    np.savez(events, ev=np.arange(20.0).reshape(2, 10))
    return {
        "nwb": session.read_bytes(),
        "h5": analysis.read_bytes(),
        "npz": events.getvalue(),
    }


@pytest.mark.parametrize("columns", [CONTAINERS, SESSIONS, METRICS, STIMULUS_MAPPINGS])
def test_every_column_has_a_meaning(columns):
    assert [name for name, field in columns.items() if not field.meaning] == []


def test_units_of_some_columns():
    assert METRICS["pref_dir_dg"].unit == "deg"
    assert METRICS["pref_sf_sg"].unit == "cpd"
    assert METRICS["rf_area_on_lsn"].unit == "deg^2"
    assert SESSIONS["acquisition_age_days"].unit == "days"


@pytest.mark.parametrize("source", ["api", "s3"])
def test_one_table_from_either_source(services, observatory, source):
    services.rows(queries.stimulus_mappings(), MAPPINGS)
    services.at[s3("stimulus_mappings.json")] = json.dumps(MAPPINGS).encode()
    client = observatory(source)
    table = client.stimulus_mappings()
    assert table.to_dict("records") == MAPPINGS
    place = BASE if source == "api" else BUCKET.base
    assert table.attrs["source"] == client.source == place
    assert table.attrs["url"].startswith(place)
    assert "fell_over" not in table.attrs
    assert client.stimulus_mappings(item_type="M", level="S")["item"].tolist() == ["speed"]
    assert services.hosts() == [source]
    with pytest.raises(DataError, match="no row has level X"):
        client.stimulus_mappings(level="X")


def test_the_other_source_opens_what_one_kept(services, observatory):
    services.at[s3("experiment_containers.json")] = json.dumps([CONTAINER]).encode()
    assert observatory("s3").containers()["id"].tolist() == [11]
    table = observatory("api").containers()
    assert table["id"].tolist() == [11]
    assert table.attrs["source"] == BUCKET.base
    assert services.hosts() == ["s3"]


def test_a_table_is_asked_for_again_only_where_it_is_wanted(services, observatory):
    services.at[s3("ophys_experiments.json")] = json.dumps([SESSION]).encode()
    client = observatory("s3")
    assert client.sessions()["session_type"].tolist() == ["three_session_C2"]
    services.at[s3("ophys_experiments.json")] = json.dumps(
        [SESSION, SESSION | {"id": 102}]
    ).encode()
    assert client.sessions()["id"].tolist() == [101]
    assert client.sessions(refresh=True)["id"].tolist() == [101, 102]
    assert observatory("s3").sessions()["id"].tolist() == [101, 102]
    assert len(services.asked) == 2


@pytest.mark.parametrize("failure", [500, 404, OfflineError, b"<html>sorry</html>"])
def test_auto_falls_over_to_the_bucket_and_says_so(services, observatory, failure, caplog):
    where = BASE if isinstance(failure, type) else query_url(queries.stimulus_mappings())
    services.at[where] = failure
    services.at[s3("stimulus_mappings.json")] = json.dumps(MAPPINGS).encode()
    client = observatory()
    assert client.source == f"{BASE}, else {BUCKET.base}"
    with caplog.at_level(logging.WARNING, logger="allentk"):
        table = client.stimulus_mappings()
    assert len(table) == 3
    assert table.attrs["source"] == BUCKET.base
    assert "taken from 's3', because 'api' failed: " in table.attrs["fell_over"]
    assert table.attrs["fell_over"] in caplog.text
    assert client.source == f"{BUCKET.base}, else {BASE}"


def test_auto_comes_back_where_the_bucket_fails(services, observatory):
    services.at[BASE] = OfflineError
    services.at[s3("stimulus_mappings.json")] = json.dumps(MAPPINGS).encode()
    client = observatory()
    client.stimulus_mappings()
    del services.at[BASE]
    services.rows(queries.containers(), [CONTAINER])
    services.rows(queries.sessions(), [SESSION])
    services.asked.clear()
    table = client.containers()
    assert services.hosts() == ["s3", "api"]
    assert "taken from 'api', because 's3' failed" in table.attrs["fell_over"]
    assert table.attrs["source"] == BASE
    services.asked.clear()
    assert "fell_over" not in client.sessions().attrs
    assert services.hosts() == ["api"]


def test_one_source_alone_does_not_fall_over(services, observatory):
    services.at[s3("stimulus_mappings.json")] = json.dumps(MAPPINGS).encode()
    with pytest.raises(ServiceError, match="404"):
        observatory("api").stimulus_mappings()
    assert services.hosts() == ["api"]
    with pytest.raises(DataError, match="source must be one of api, s3, auto, got 'S3'"):
        observatory("S3")


def test_where_both_fail_both_are_named(services, observatory):
    services.at[BASE] = OfflineError
    with pytest.raises(ServiceError, match=r"'api' failed: .* is down; then 's3' failed: .*404"):
        observatory().stimulus_mappings()
    services.at[BUCKET.base] = OfflineError
    with pytest.raises(OfflineError, match=r"'api' failed: .*; then 's3' failed: .* is down"):
        observatory(folder="other").stimulus_mappings()


def test_offline_nothing_is_asked_twice(tmp_path):
    client = BrainObservatory(source="auto", cache_dir=tmp_path, offline=True)
    with pytest.raises(OfflineError) as caught:
        client.stimulus_mappings()
    assert "then 's3'" not in str(caught.value)
    assert "allentk.BrainObservatory().stimulus_mappings()" in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"[]", b'{"msg": 5}', b"[1]", b'[{"id": 1}]', json.dumps([{"id": "x"}]).encode()]
)
def test_a_table_of_the_bucket_that_is_none_is_not_kept(services, observatory, body):
    services.at[s3("stimulus_mappings.json")] = body
    client = observatory("s3")
    with pytest.raises(IntegrityError, match="table of stimulus mappings"):
        client.stimulus_mappings()
    assert client.cache.entries() == []


def test_a_table_in_a_shared_cache_says_where_it_came_from(services, observatory, tmp_path):
    services.at[s3("stimulus_mappings.json")] = json.dumps(MAPPINGS).encode()
    observatory("s3", folder="shared").stimulus_mappings()
    for source in ("s3", "api"):
        client = observatory(source, shared_cache=tmp_path / "shared")
        table = client.stimulus_mappings()
        assert len(table) == 3
        assert table.attrs["url"] == s3("stimulus_mappings.json")
        assert client.cache.entries() == []
    assert len(services.asked) == 1


def test_a_table_that_allensdk_left_is_used_where_it_lies(services, observatory, tmp_path):
    body = json.dumps(MAPPINGS).encode()
    services.at[s3("stimulus_mappings.json")] = body
    left = tmp_path / "sdk" / "stimulus_mappings.json"
    left.parent.mkdir()
    left.write_bytes(body)
    table = observatory("s3", allensdk_cache=left.parent).stimulus_mappings()
    assert table["item"].tolist() == ["osi_dg", "dg_small", "speed"]
    assert table.attrs["source"] == str(left)
    assert "url" not in table.attrs


def test_what_is_kept_of_a_table(services, observatory):
    services.at[s3("stimulus_mappings.json")] = json.dumps(MAPPINGS).encode()
    client = observatory("s3")
    client.stimulus_mappings()
    (entry,) = client.cache.entries()
    assert entry.name == "observatory/stimulus_mappings.json"
    assert entry.url == s3("stimulus_mappings.json")
    assert read_rows(entry.path) == MAPPINGS


def give(services, bodies, source):
    """Let a source have the files of session 101."""
    if source == "api":
        services.rows(queries.sessions(), [SESSION])
        services.file(101, "NWBOphys", 901, bodies["nwb"])
        services.file(101, "ObservatoryEventsFile", 902, bodies["npz"])
        services.file(101, "OphysExperimentCellRoiMetricsFile", 903, bodies["h5"])
    else:
        services.at |= {
            s3("ophys_experiments.json"): json.dumps([SESSION]).encode(),
            s3("ophys_experiment_data/101.nwb"): bodies["nwb"],
            s3("ophys_experiment_events/101_events.npz"): bodies["npz"],
            s3("ophys_experiment_analysis/101_three_session_C2_analysis.h5"): bodies["h5"],
        }


@pytest.mark.parametrize("source", ["api", "s3"])
def test_the_files_of_a_session(services, observatory, bodies, source):
    give(services, bodies, source)
    client = observatory(source)
    assert client.session(101).metadata["session_id"] == 101
    events = client.events(101)
    assert events.unit == "events"
    assert events.ids.tolist() == [7, 8]
    assert events.values.tolist() == np.arange(20.0).reshape(2, 10).tolist()
    assert events.time_s.tolist() == (np.arange(10) / 30).tolist()
    analysis = client.analysis(101)
    assert analysis.array("mean_response_lsn4").shape == (16, 28, 2)
    assert set(services.hosts()) == {source}
    n_asked = len(services.asked)
    assert client.fetch(101, what="events").name == "101_events.npz"
    assert client.fetch(101, what="analysis").name == "101_three_session_C2_analysis.h5"
    assert len(services.asked) == n_asked
    assert sorted(entry.name for entry in client.cache.entries()) == [
        "observatory/ophys_experiment_analysis/101_three_session_C2_analysis.h5",
        "observatory/ophys_experiment_data/101.nwb",
        "observatory/ophys_experiment_events/101_events.npz",
        "observatory/ophys_experiments.json",
    ]


def test_files_fall_over_too(services, observatory, bodies, caplog):
    give(services, bodies, "s3")
    services.at[BASE] = OfflineError
    with caplog.at_level(logging.WARNING, logger="allentk"):
        assert observatory().session(101).cell_specimen_ids == (7, 8)
    assert "NWB file of session 101: taken from 's3'" in caplog.text


def test_a_session_that_the_service_has_not(services, observatory):
    services.rows(queries.session_file(9), [])
    with pytest.raises(DataError, match=r"session 9: .* has none\. Is the id right\? sessions\(\)"):
        observatory().session(9)
    assert services.hosts() == ["api"]


def test_events_of_another_session(services, observatory, bodies):
    other = io.BytesIO()
    np.savez(other, ev=np.zeros((3, 10)))
    give(services, bodies | {"npz": other.getvalue()}, "s3")
    with pytest.raises(FormatError, match=r"'ev' of 2 cells by 10 frames.*got .*\(3, 10\)"):
        observatory("s3").events(101)


def test_no_archive_is_kept_under_the_name_of_one(services, observatory, bodies):
    give(services, bodies | {"npz": b"<html>", "h5": b"<html>"}, "s3")
    client = observatory("s3")
    with pytest.raises(IntegrityError, match="events of session 101"):
        client.events(101)
    with pytest.raises(IntegrityError, match="analysis of session 101"):
        client.analysis(101)


def test_the_analysis_of_an_unknown_session(services, observatory, bodies):
    give(services, bodies, "s3")
    with pytest.raises(DataError, match=r"session 5: .*lists no such session"):
        observatory("s3").analysis(5)
    with pytest.raises(
        DataError, match="what must be one of session, events, analysis, got 'movie'"
    ):
        observatory("s3").fetch(101, what="movie")
