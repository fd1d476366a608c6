"""Visual Behavior: releases, their tables and files, by hash, from a bucket in memory."""

import pytest

from allentk.api import Live, VisualBehavior
from allentk.api.s3 import Bucket
from allentk.api.transport import Offline
from allentk.api.visual_behavior_columns import NEUROPIXELS, OPHYS
from allentk.errors import DataError, FormatError, IntegrityError, OfflineError, ServiceError
from tests.buckets import FakeBucket, blake2b, put_release
from tests.nwb2_files import CELLS, PROBE, SPIKES, UNITS, write_ecephys, write_lfp, write_ophys

OPHYS_BASE = "https://visual-behavior-ophys-data.s3.us-west-2.amazonaws.com"
PIXELS_BASE = "https://visual-behavior-neuropixels-data.s3.us-west-2.amazonaws.com"
OPHYS_PROJECT = "visual-behavior-ophys"
PIXELS_PROJECT = "visual-behavior-neuropixels"
EXPERIMENT = 951_980_471
SESSION = 1_044_385_384

BEHAVIOR = """behavior_session_id,ophys_session_id,mouse_id,session_type,ophys_experiment_id,file_id
870987812,,457841,TRAINING_1_gratings,,8
951520319,951410079,457841,OPHYS_1_images_A,"[951980471, 951980473]",-999
"""
OPHYS_TABLES = {
    "behavior_session_table": BEHAVIOR,
    "ophys_session_table": """ophys_session_id,behavior_session_id,ophys_experiment_id,cre_line
951410079,951520319,"[951980471, 951980473]",Sst-IRES-Cre
""",
    "ophys_experiment_table": """ophys_experiment_id,behavior_session_id,ophys_session_id,\
ophys_container_id,targeted_structure,cre_line,session_type,passive,file_id
951980471,951520319,951410079,1018028342,VISp,Sst-IRES-Cre,OPHYS_1_images_A,False,7
951980473,951520319,951410079,1018028345,VISl,Sst-IRES-Cre,OPHYS_1_images_A,False,9
""",
    "ophys_cells_table": """cell_roi_id,cell_specimen_id,ophys_experiment_id
1080000001,1086492307,951980471
1080000002,,951980471
""",
}
PIXELS_TABLES = {
    "ecephys_sessions": f"""ecephys_session_id,behavior_session_id,file_id,abnormal_histology
{SESSION},1044408432,0,"['VISp']"
""",
    "behavior_sessions": """behavior_session_id,ecephys_session_id,mouse_id
1044408432,1044385384,524761
""",
    "probes": f"""ecephys_probe_id,ecephys_session_id,name,has_lfp_data,file_id
{PROBE},{SESSION},probeA,True,1
12,{SESSION},probeB,False,
""",
    "channels": f"""ecephys_channel_id,ecephys_probe_id,ecephys_session_id,structure_acronym
101,{PROBE},{SESSION},VISp
""",
    "units": f"""unit_id,ecephys_channel_id,ecephys_probe_id,ecephys_session_id,structure_acronym,\
isi_violations,quality
1,101,{PROBE},{SESSION},VISp,0.1,good
2,101,{PROBE},{SESSION},CA1,0.9,noise
""",
}


@pytest.fixture
def experiment_body(tmp_path):
    return write_ophys(tmp_path / "e.nwb").read_bytes()


@pytest.fixture
def ophys(experiment_body):
    """A bucket with two releases, between which a table and one of three files changed."""
    bucket = FakeBucket(OPHYS_BASE)
    path = "behavior_ophys_experiments/behavior_ophys_experiment_{}.nwb".format
    files = {
        7: (path(EXPERIMENT), experiment_body),
        8: ("behavior_sessions/behavior_session_870987812.nwb", experiment_body + b"1"),
        9: (path(951980473), experiment_body + b"2"),
    }
    put_release(bucket, OPHYS_PROJECT, "1.0.0", tables=OPHYS_TABLES, files=files)
    newer = {**files, 9: (path(951980473), experiment_body + b"3")}
    tables = {
        **OPHYS_TABLES,
        "ophys_cells_table": OPHYS_TABLES["ophys_cells_table"] + "3,4,951980473\n",
    }
    put_release(bucket, OPHYS_PROJECT, "1.10.0", tables=tables, files=newer)
    put_release(bucket, OPHYS_PROJECT, "1.9.0", tables=OPHYS_TABLES, files=files)
    bucket.put(f"{OPHYS_PROJECT}/manifests/readme.txt", b"")
    return bucket


@pytest.fixture
def pixels(tmp_path):
    bucket = FakeBucket(PIXELS_BASE)
    session = write_ecephys(tmp_path / "s.nwb", session=SESSION).read_bytes()
    lfp = write_lfp(tmp_path / "l.nwb", session=SESSION).read_bytes()
    folder = f"behavior_ecephys_sessions/{SESSION}"
    files = {
        0: (f"{folder}/ecephys_session_{SESSION}.nwb", session),
        1: (f"{folder}/probe_{PROBE}_lfp.nwb", lfp),
    }
    for version in ("0.4.0", "0.5.0"):
        put_release(bucket, PIXELS_PROJECT, version, tables=PIXELS_TABLES, files=files)
    return bucket


@pytest.fixture
def client(tmp_path):
    def make(bucket, project="ophys", **options):
        folder = tmp_path / "cache"
        return VisualBehavior(
            project, cache_dir=folder, transport=bucket, progress=False, **options
        )

    return make


def test_releases_the_newest_first(client, ophys):
    vb = client(ophys)
    assert vb.versions() == ["1.10.0", "1.9.0", "1.0.0"]
    assert vb.version == "1.10.0"
    assert vb.project == OPHYS_PROJECT
    assert client(ophys, version="1.0.0").version == "1.0.0"
    assert len(vb.manifest().files) == 3


def test_tables_of_a_release(client, ophys):
    vb = client(ophys)
    table = vb.experiments(targeted_structure="visp")
    assert table["ophys_experiment_id"].tolist() == [EXPERIMENT]
    assert table["passive"].tolist() == [False]
    assert table.attrs == {"source": OPHYS_BASE, "synthetic": True, "version": "1.10.0"}
    assert vb.sessions()["ophys_experiment_id"].tolist() == [[951980471, 951980473]]
    assert vb.behavior_sessions()["ophys_session_id"].isna().tolist() == [True, False]
    assert vb.cells()["cell_roi_id"].tolist() == [1080000001, 1080000002, 3]
    assert client(ophys, version="1.0.0").cells(experiment_id=EXPERIMENT).shape == (2, 3)
    with pytest.raises(
        DataError, match="no table 'units'; there are behavior_session_table, ophys"
    ):
        vb.table("units")


def test_an_experiment(client, ophys):
    vb = client(ophys)
    experiment = vb.experiment(EXPERIMENT)
    assert experiment.ids == CELLS
    assert experiment.metadata["version"] == "1.10.0"
    assert experiment.metadata["experiment_id"] == EXPERIMENT
    assert f"/{OPHYS_PROJECT}-1.10.0/behavior_ophys_experiments/" in experiment.path
    asked = len(ophys.asked)
    client(ophys, version="1.10.0").experiment(EXPERIMENT)
    assert len(ophys.asked) == asked


def test_what_did_not_change_is_not_downloaded_again(client, ophys):
    old = client(ophys, version="1.0.0").experiment(EXPERIMENT)
    asked = len(ophys.asked)
    new = client(ophys, version="1.10.0").experiment(EXPERIMENT)
    assert new.path == old.path
    assert new.metadata["version"] == "1.10.0"
    assert [url for url in ophys.asked[asked:] if ".nwb" in url or "experiment_table" in url] == []


def test_what_changed_is_kept_for_each_release(client, ophys, experiment_body):
    for version, end in (("1.0.0", b"2"), ("1.10.0", b"3")):
        path = client(ophys, version=version).experiment(951980473).path
        with open(path, "rb") as file:
            assert file.read() == experiment_body + end
        assert f"{OPHYS_PROJECT}-{version}" in path


def test_an_old_file_that_was_cut_is_not_taken(client, ophys, experiment_body):
    old = client(ophys, version="1.0.0").experiment(EXPERIMENT)
    with open(old.path, "wb") as file:
        file.write(b"short")
    new = client(ophys, version="1.10.0").experiment(EXPERIMENT)
    with open(new.path, "rb") as file:
        assert file.read() == experiment_body


def test_a_damaged_manifest_of_another_release_does_not_stand_in_the_way(client, ophys):
    old = client(ophys, version="1.0.0")
    old.manifest()
    name = f"{OPHYS_PROJECT}_project_manifest_v1.0.0.json"
    path = old.cache.path(name)
    path.write_bytes(b"x" * path.stat().st_size)
    assert client(ophys, version="1.10.0").experiment(EXPERIMENT).ids == CELLS
    with pytest.raises(FormatError, match="expected JSON"):
        client(ophys, version="1.0.0").manifest()


def test_what_differs_between_releases(client, ophys):
    table = client(ophys).compare("1.0.0", "1.10.0").set_index("path")["change"]
    assert table.to_dict() == {
        "behavior_ophys_experiments/behavior_ophys_experiment_951980473.nwb": "changed",
        "project_metadata/ophys_cells_table.csv": "changed",
    }
    assert client(ophys).compare("1.0.0", "1.9.0").empty


def test_a_file_that_is_not_the_published_one(client, ophys):
    key = f"{OPHYS_PROJECT}/behavior_ophys_experiments/behavior_ophys_experiment_951980473.nwb"
    good = ophys.objects[key]["v1.10.0"]
    ophys.objects[key]["v1.10.0"] = good[:-1] + b"4"
    vb = client(ophys)
    with pytest.raises(IntegrityError, match="expected blake2b") as caught:
        vb.experiment(951980473)
    assert "ophys experiment 951980473" in str(caught.value)
    assert not [entry for entry in vb.cache.entries() if entry.name.endswith(".nwb")]
    ophys.objects[key]["v1.10.0"] = good
    assert vb.experiment(951980473).ids == CELLS


def test_a_table_that_is_not_the_published_one(client, ophys):
    key = f"{OPHYS_PROJECT}/project_metadata/ophys_cells_table.csv"
    ophys.objects[key]["v1.10.0"] = OPHYS_TABLES["ophys_cells_table"].encode()
    with pytest.raises(IntegrityError, match="expected blake2b"):
        client(ophys).cells()


def test_a_manifest_that_leads_elsewhere(client, ophys):
    changes = {
        "data_files": {
            "7": {
                "url": f"{OPHYS_BASE}/{OPHYS_PROJECT}/../../../../etc/cron.d/x",
                "version_id": "v",
                "file_hash": blake2b(b"evil"),
            }
        }
    }
    put_release(ophys, OPHYS_PROJECT, "2.0.0", tables={}, files={}, changes=changes)
    with pytest.raises(FormatError, match="expected plain names of files"):
        client(ophys).experiments()


def test_behaviour_without_recording(client, ophys):
    vb = client(ophys)
    session = vb.behavior_session(870987812)
    assert session.licks()["frame"].tolist() == [90, 150]
    assert session.metadata["behavior_session_id"] == 870987812
    with pytest.raises(DataError, match="What a mouse did while it was recorded is in the file of"):
        vb.behavior_session(951520319)
    with pytest.raises(DataError, match="has no such row in behavior_session_table"):
        vb.behavior_session(5)


def test_an_experiment_is_read_where_it_is(client, ophys):
    vb = client(ophys)
    experiment = vb.experiment(EXPERIMENT, remote=True)
    assert experiment.dff(ids=[CELLS[1]]).values[0, 5] == pytest.approx(1.005)
    assert experiment.path.endswith("?versionId=v1.10.0")
    assert not [entry for entry in vb.cache.entries() if entry.name.endswith(".nwb")]


def test_a_neuropixels_session(client, pixels):
    vb = client(pixels, "neuropixels")
    assert vb.version == "0.5.0"
    session = vb.session(SESSION)
    assert session.spike_times_s(UNITS[0]).tolist() == SPIKES[0]
    assert session.metadata["session_id"] == SESSION
    assert session.metadata["project"] == PIXELS_PROJECT
    assert vb.sessions()["abnormal_histology"].tolist() == [["VISp"]]
    assert vb.units(quality="good")["unit_id"].tolist() == [1]
    assert vb.units(isi_violations_max=0.5, session_id=SESSION)["unit_id"].tolist() == [1]
    assert vb.units(structure="CA1")["unit_id"].tolist() == [2]
    assert vb.units().attrs["version"] == "0.5.0"
    assert vb.channels(session_id=SESSION)["ecephys_channel_id"].tolist() == [101]
    assert vb.probes()["name"].tolist() == ["probeA", "probeB"]


@pytest.mark.parametrize("remote", [False, True])
def test_the_lfp_of_a_probe(client, pixels, remote):
    vb = client(pixels, "neuropixels")
    assert vb.probe_lfp(PROBE, remote=remote).read(6, 6.5).values.shape == (2, 5)
    with pytest.raises(DataError, match=r"LFP comes with releases from 0\.4\.0 on"):
        vb.probe_lfp(12)


def test_the_lfp_that_is_wrong_by_two_warns(client, pixels):
    vb = client(pixels, "neuropixels", version="0.4.0")
    with pytest.warns(
        UserWarning, match=r"0\.4\.0 is wrong by a factor of two; take version 0\.5\.0"
    ):
        vb.probe_lfp(PROBE)


def test_what_belongs_to_the_other_project(client, ophys, pixels):
    imaging, probes = client(ophys), client(pixels, "neuropixels")
    wrong = [
        (imaging.units, "units belongs to VisualBehavior\\('neuropixels'\\)"),
        (imaging.probes, "probes belongs"),
        (imaging.channels, "channels belongs"),
        (lambda: imaging.session(5), r"session belongs .*experiment\(id\) opens one imaging plane"),
        (lambda: imaging.probe_lfp(5), "probe_lfp belongs"),
        (probes.experiments, "experiments belongs to VisualBehavior\\('ophys'\\)"),
        (probes.cells, "cells belongs"),
        (lambda: probes.experiment(5), r"experiment belongs .*session\(id\)"),
    ]
    for ask, said in wrong:
        with pytest.raises(DataError, match=said):
            ask()
    assert probes.behavior_sessions()["mouse_id"].tolist() == ["524761"]


def test_without_a_network_the_newest_is_the_newest_in_the_cache(client, ophys, tmp_path):
    client(ophys, version="1.9.0").experiment(EXPERIMENT)
    client(ophys, version="1.0.0").manifest()
    offline = VisualBehavior(cache_dir=tmp_path / "cache", transport=Offline(synthetic=True))
    assert offline.versions() == ["1.9.0", "1.0.0"]
    assert offline.experiment(EXPERIMENT).ids == CELLS
    assert offline.source == f"{OPHYS_BASE} (offline)"
    with pytest.raises(OfflineError, match="ophys experiment 951980473"):
        offline.experiment(951980473)


def test_a_bucket_that_cannot_be_reached_warns(client, ophys):
    client(ophys, version="1.0.0").manifest()
    ophys.reachable = False
    with pytest.warns(UserWarning, match=r"nobody answers.*Only those in the cache .*1\.0\.0"):
        assert client(ophys).versions() == ["1.0.0"]


def test_nothing_at_all(tmp_path, ophys, client):
    offline = VisualBehavior(cache_dir=tmp_path / "empty", offline=True)
    with pytest.raises(
        OfflineError, match=r"list of releases of visual-behavior-ophys.*versions\(\)"
    ):
        offline.experiments()
    with pytest.raises(ServiceError, match="lists no manifest of it"):
        client(FakeBucket(OPHYS_BASE)).versions()
    with pytest.raises(ServiceError, match=r"manifest of visual-behavior-ophys 3\.0\.0.*got 404"):
        client(ophys, version="3.0.0").manifest()
    with pytest.raises(DataError, match="three numbers"):
        client(ophys, version="newest").manifest()
    with pytest.raises(DataError, match="project must be one of ophys, neuropixels, got 'x'"):
        VisualBehavior("x")


def test_over_http(loopback, says, tmp_path, experiment_body):
    """The whole way through a server: listing, manifest, table, and the file in its version."""
    fake = FakeBucket(loopback.url("/bucket"), page=1000)
    bucket = Bucket("visual-behavior-ophys-data", base=fake.base)
    files = {7: ("behavior_ophys_experiments/e.nwb", experiment_body)}
    put_release(fake, OPHYS_PROJECT, "1.0.0", tables=OPHYS_TABLES, files=files)
    listing = fake._listing({"prefix": f"{OPHYS_PROJECT}/manifests/"})
    page = bucket.list_url(f"{OPHYS_PROJECT}/manifests/").removeprefix(loopback.url(""))
    loopback.script[page] = [says(200, listing)]
    for key, versions in fake.objects.items():
        for version, body in versions.items():
            path = bucket.url(key, version_id=version).removeprefix(loopback.url(""))
            loopback.script[path] = [says(200, body)]
    vb = VisualBehavior(
        bucket=bucket, cache_dir=tmp_path / "cache", transport=Live(tries=1), progress=False
    )
    assert vb.experiment(EXPERIMENT).ids == CELLS
    assert f"/bucket/{OPHYS_PROJECT}/behavior_ophys_experiments/e.nwb?versionId=v1.0.0" in (
        loopback.paths()
    )


def test_every_column_says_what_it_is():
    for project in (OPHYS, NEUROPIXELS):
        for columns in project.values():
            assert all(field.meaning for field in columns.values())
    for name, text in {**OPHYS_TABLES, **PIXELS_TABLES}.items():
        known = OPHYS.get(name, {}) or NEUROPIXELS[name]
        assert set(text.split("\n")[0].split(",")) <= set(known)
