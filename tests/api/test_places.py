"""Other places where a file may lie: shared caches and AllenSDK's folders."""

import json
import os
import shutil

import numpy as np
import pytest

from allentk.api import checks, queries, rma
from allentk.api.allensdk import AllenSDKFolder, read_plain_rows
from allentk.api.expected import Expected, file_digest
from allentk.api.store import Store, read_rows
from allentk.errors import DataError, FormatError, IntegrityError, OfflineError, ServiceError

RECORDING = "cell_types/specimen_5/ephys.nwb"
SWC = b"1 1 0 0 0 1 -1\n"
FILE_URL = "https://api.brain-map.org/api/v2/well_known_file_download/7"


class Service:
    """A service that is no test's toy: not synthetic, so that AllenSDK's folders count."""

    synthetic, source, namespace = False, "the service", ""

    def __init__(self, replies):
        self.replies = replies
        self.down = False

    def get(self, request):
        if self.down:
            raise OfflineError("no network")
        return self.replies.get(request)


@pytest.fixture
def service(replies):
    return Service(replies)


@pytest.fixture
def at_service(replies, envelope):
    """Put a recording of specimen 5 at the service."""

    def put(body):
        link = {"well_known_files": [{"download_link": "/api/v2/well_known_file_download/7"}]}
        replies.bodies[rma.query_url(queries.recording(5))] = envelope([{"ephys_result": link}])
        replies.bodies[FILE_URL] = body

    return put


def fetch(store, check=checks.nwb, name=RECORDING, **options):
    return store.file(
        name,
        queries.recording(5),
        ("ephys_result", "well_known_files"),
        kind="NWBDownload",
        check=check,
        what="recording of specimen 5",
        command="allentk fetch 5",
        none=DataError("none"),
        **options,
    )


@pytest.fixture
def shared(tmp_path, service, at_service, hdf5):
    """A cache that somebody else filled, with its folder made read-only."""
    at_service(hdf5(10, b"shared"))
    folder = tmp_path / "shared"
    fetch(Store(cache_dir=folder, transport=service))
    service.replies.asked.clear()
    return folder


@pytest.fixture
def store(tmp_path, service):
    def make(**options):
        return Store(cache_dir=tmp_path / "own", transport=service, progress=False, **options)

    return make


def snapshot(folder):
    return {
        path.relative_to(folder): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(folder.rglob("*"))
    }


def test_a_shared_cache_is_looked_into_first_and_never_written_to(shared, store, service, hdf5):
    before = snapshot(shared)
    path = fetch(store(shared_cache=shared))
    assert path == shared / RECORDING
    assert service.replies.asked == []
    assert snapshot(shared) == before
    assert not (store().cache.folder / RECORDING).exists()


def test_the_setting_may_name_several(shared, store, tmp_path, monkeypatch):
    monkeypatch.setenv("ALLENTK_SHARED_CACHE", os.pathsep.join([str(tmp_path / "no"), str(shared)]))
    assert fetch(store()) == shared / RECORDING


def spoil_record(shared):
    record = shared / ".records" / f"{RECORDING}.json"
    record.write_text(record.read_text().replace('"size": ', '"size": 9'))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda shared: (shared / RECORDING).write_bytes(b"short"),
        lambda shared: (shared / RECORDING).write_bytes(b"<" * (shared / RECORDING).stat().st_size),
        lambda shared: (shared / ".records" / f"{RECORDING}.json").unlink(),
        spoil_record,
        lambda shared: shutil.rmtree(shared),
    ],
)
def test_what_is_not_as_recorded_is_not_taken(shared, store, spoil, hdf5):
    spoil(shared)
    own = store(shared_cache=shared)
    path = fetch(own)
    assert path == own.cache.path(RECORDING)
    assert path.read_bytes() == hdf5(10, b"shared")


def test_refresh_and_a_published_hash_go_past_a_shared_file(shared, store, at_service, hdf5):
    own = store(shared_cache=shared)
    newer = hdf5(10, b"newer!")
    at_service(newer)
    assert fetch(own, refresh=True).read_bytes() == newer
    assert fetch(own).read_bytes() == hdf5(10, b"shared")
    fits = Expected(digest=file_digest(shared / RECORDING))
    assert fetch(own, expected=fits) == shared / RECORDING
    own_path = own.cache.path(RECORDING)
    assert fetch(own, expected=Expected(digest=file_digest(own_path))) == own_path


def test_a_published_size_goes_past_a_shared_file(shared, store):
    with pytest.raises(IntegrityError, match="expected 7 bytes as published"):
        fetch(store(shared_cache=shared), expected=Expected(7))


def test_a_synthetic_file_is_no_answer_to_a_real_wish(shared, store, service, tmp_path):
    record = shared / ".records" / f"{RECORDING}.json"
    document = json.loads(record.read_text())
    assert document.pop("synthetic") is False
    # As a version wrote it that did not say so.
    record.write_text(json.dumps({**document, "source": "demo cassette (synthetic)"}))
    own = store(shared_cache=shared)
    assert fetch(own) == own.cache.path(RECORDING)
    assert len(service.replies.asked) == 2
    fetch(Store(cache_dir=shared, transport=service))
    assert len(service.replies.asked) == 4
    assert json.loads(record.read_text())["synthetic"] is False


def test_the_word_of_another_cache_is_no_published_hash(shared, store, service, hdf5):
    wanted = Expected(digest="a" * 64)
    record = shared / ".records" / f"{RECORDING}.json"
    document = json.loads(record.read_text())
    record.write_text(json.dumps({**document, "sha256": "a" * 64, "published": wanted.published}))
    with pytest.raises(IntegrityError, match="as published"):
        fetch(store(shared_cache=shared), expected=wanted)


def test_a_published_hash_of_a_shared_file_is_made_once(shared, store, monkeypatch):
    fits = Expected(digest=file_digest(shared / RECORDING))
    assert fetch(store(shared_cache=shared), expected=fits) == shared / RECORDING
    monkeypatch.delattr(Expected, "verify")
    assert fetch(store(shared_cache=shared), expected=fits) == shared / RECORDING


@pytest.fixture
def allensdk(tmp_path, hdf5):
    """A folder as AllenSDK's CellTypesCache fills it."""
    folder = tmp_path / "cell_types"
    entries = [
        {"type": "manifest_version", "value": "1.1"},
        {"key": "BASEDIR", "type": "dir", "spec": "."},
        {"key": "CELLS", "type": "file", "spec": "cells.json", "parent_key": "BASEDIR"},
        {"key": "EPHYS_DATA", "type": "file", "spec": "specimen_%d/ephys.nwb"},
        {"key": "RECONSTRUCTION", "type": "file", "spec": "specimen_%d/reconstruction.swc"},
    ]
    (folder / "specimen_5").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"manifest": entries}))
    (folder / "specimen_5" / "ephys.nwb").write_bytes(hdf5(10, b"theirs"))
    (folder / "specimen_5" / "reconstruction.swc").write_bytes(SWC)
    (folder / "cells.json").write_text(json.dumps([{"id": 1}, {"id": 2}]))
    (folder / "ephys_features.csv").write_text(",id,tau\n0,1,5.5\n1,2,\n")
    return folder


def test_a_file_is_used_where_it_lies(allensdk, store, at_service, service, hdf5):
    at_service(hdf5(10, b"theirs"))
    before = snapshot(allensdk)
    own = store(allensdk_cache=allensdk)
    theirs = allensdk / "specimen_5" / "ephys.nwb"
    assert fetch(own) == theirs
    assert len(service.replies.asked) == 2  # the link and the length, not the file
    assert fetch(store(allensdk_cache=allensdk)) == theirs
    assert len(service.replies.asked) == 2  # once is enough
    assert snapshot(allensdk) == before
    assert not own.cache.path(RECORDING).exists()


def test_a_file_that_was_cut_is_never_used(allensdk, store, at_service, hdf5):
    at_service(hdf5(10, b"theirs"))
    theirs = allensdk / "specimen_5" / "ephys.nwb"
    own = store(allensdk_cache=allensdk)
    assert fetch(own) == theirs
    theirs.write_bytes(theirs.read_bytes()[:-1])
    assert fetch(own) == own.cache.path(RECORDING)


def test_a_length_that_the_service_does_not_have(allensdk, store, at_service, service, caplog):
    """A cut reconstruction looks like a shorter one; only the service can tell."""
    name = "cell_types/specimen_5/reconstruction.swc"
    at_service(SWC + b"2 3 1 0 0 1 1\n")
    own = store(allensdk_cache=allensdk)
    assert fetch(own, checks.swc, name) == own.cache.path(name)
    assert f"expected {len(SWC) + 14} bytes as the service has it, got {len(SWC)}" in caplog.text


def test_without_a_network_the_format_has_to_do(allensdk, store, service):
    service.down = True
    own = store(allensdk_cache=allensdk)
    assert fetch(own) == allensdk / "specimen_5" / "ephys.nwb"
    name = "cell_types/specimen_5/reconstruction.swc"
    assert fetch(own, checks.swc, name) == allensdk / "specimen_5" / "reconstruction.swc"


def test_offline_as_well(allensdk, tmp_path):
    own = Store(cache_dir=tmp_path / "own", offline=True, allensdk_cache=[allensdk])
    assert fetch(own) == allensdk / "specimen_5" / "ephys.nwb"
    (allensdk / "specimen_5" / "ephys.nwb").write_bytes(b"\x89HDF\r\n\x1a\n cut short")
    with pytest.raises(OfflineError, match="recording of specimen 5: not in the cache"):
        fetch(own)


def test_a_published_hash_of_a_file_used_in_place(allensdk, store, service):
    service.down = True
    theirs = allensdk / "specimen_5" / "ephys.nwb"
    own = store(allensdk_cache=allensdk)
    assert fetch(own, expected=Expected(digest=file_digest(theirs))) == theirs
    with pytest.raises(OfflineError):
        fetch(own, expected=Expected(digest="0" * 64))


def test_made_up_answers_come_from_no_real_folder(allensdk, tmp_path, replies, at_service, hdf5):
    at_service(hdf5(3))
    own = Store(cache_dir=tmp_path / "own", transport=replies, allensdk_cache=allensdk)
    assert fetch(own) == own.cache.path(RECORDING)


def cells_of(store):
    def check(rows):
        if any("id" not in row for row in rows):
            raise ServiceError("a row lacks id")

    path = store.answer(
        "cell_types/cells.json",
        queries.cells(),
        what="table of cells",
        command="allentk cells",
        check=check,
        none=ServiceError("none"),
    )
    return [row["id"] for row in read_rows(path)]


def test_a_young_table_is_used_in_place(allensdk, store, service):
    service.down = True
    assert cells_of(store(allensdk_cache=allensdk)) == [1, 2]


@pytest.mark.parametrize("text", ['"Data access error"', '[{"name": "no id"}]', "[{", "[1]"])
def test_a_table_that_is_none_is_not_used(allensdk, store, service, text):
    service.down = True
    (allensdk / "cells.json").write_text(text)
    with pytest.raises(OfflineError, match="no network"):
        cells_of(store(allensdk_cache=allensdk))


def test_an_old_table_is_used_only_where_there_is_no_fresh_one(
    allensdk, store, service, replies, envelope
):
    os.utime(allensdk / "cells.json", (10**9, 10**9))
    service.down = True
    with pytest.warns(UserWarning, match="fetched 2001-09-09"):
        assert cells_of(store(allensdk_cache=allensdk)) == [1, 2]
    service.down = False
    replies.bodies[rma.query_url(queries.cells())] = envelope([{"id": 3}])
    assert cells_of(store(allensdk_cache=allensdk)) == [3]


def test_names_and_places(allensdk):
    folder = AllenSDKFolder(allensdk)
    assert sorted(folder.names()) == [
        "cell_types/cells.json",
        "cell_types/ephys_features.csv",
        "cell_types/specimen_5/ephys.nwb",
        "cell_types/specimen_5/reconstruction.swc",
    ]
    assert folder.find("cell_types/ephys_features.json") == allensdk / "ephys_features.csv"
    assert folder.find("cell_types/specimen_6/ephys.nwb") is None
    assert folder.find("observatory/cells.json") is None
    with pytest.raises(DataError):
        folder.find("cell_types/../cells.json")


def test_a_folder_of_the_observatory(tmp_path):
    (tmp_path / "ophys_experiment_events").mkdir()
    np.savez(tmp_path / "ophys_experiment_events" / "7_events.npz", ev=[1])
    (tmp_path / "ophys_experiment_analysis").mkdir()
    (tmp_path / "ophys_experiment_analysis" / "7_three_session_A_analysis.h5").write_bytes(b"x")
    folder = AllenSDKFolder(tmp_path)
    assert sorted(folder.names()) == [
        "observatory/ophys_experiment_analysis/7_three_session_A_analysis.h5",
        "observatory/ophys_experiment_events/7_events.npz",
    ]
    assert all(folder.find(name).is_file() for name in folder.names())


@pytest.mark.parametrize(
    ("spec", "followed"),
    [
        ("nwb/%d.nwb", True),
        ("nwb\\%d.nwb", True),
        ("../nwb/%d.nwb", False),
        ("/etc/%d.nwb", False),
        (7, False),
    ],
)
def test_a_manifest_that_was_edited(tmp_path, spec, followed):
    (tmp_path / "nwb").mkdir()
    (tmp_path / "nwb" / "5.nwb").write_bytes(b"x")
    entry = {"key": "EPHYS_DATA", "type": "file", "spec": spec}
    (tmp_path / "cell_types_manifest.json").write_text(json.dumps({"manifest": [entry, 3]}))
    found = AllenSDKFolder(tmp_path).find(RECORDING)
    assert found == (tmp_path / "nwb" / "5.nwb" if followed else None)


@pytest.mark.parametrize("text", ["{", "[]", '{"manifest": 5}', "[" * 100_000, "x" * 2**21])
def test_a_manifest_that_is_none(allensdk, text):
    (allensdk / "manifest.json").write_text(text)
    assert AllenSDKFolder(allensdk).find(RECORDING) == allensdk / "specimen_5" / "ephys.nwb"


def test_rows_as_allensdk_keeps_them(allensdk):
    assert read_plain_rows(allensdk / "ephys_features.csv") == [
        {"": "0", "id": "1", "tau": "5.5"},
        {"": "1", "id": "2", "tau": ""},
    ]
    assert read_plain_rows(allensdk / "cells.json") == [{"id": 1}, {"id": 2}]
    (allensdk / "cells.json").write_text('{"msg": []}')
    for path in (allensdk / "cells.json", allensdk / "none.csv"):
        with pytest.raises(FormatError, match="as AllenSDK keeps it"):
            read_plain_rows(path)


def test_notes_that_cannot_be_kept_or_read(allensdk, store, service, tmp_path):
    service.down = True
    own = store(allensdk_cache=allensdk)
    note = own.cache.folder / ".adopted" / f"{RECORDING}.json"
    note.parent.mkdir(parents=True)
    note.write_text('{"path": 5}')
    assert fetch(own) == allensdk / "specimen_5" / "ephys.nwb"
    note.unlink()
    shutil.rmtree(own.cache.folder)
    own.cache.folder.write_text("in the way")
    assert fetch(own) == allensdk / "specimen_5" / "ephys.nwb"
