"""Visual Coding, Neuropixels: tables and sessions from a bucket in memory."""

import json

import numpy as np
import pandas as pd
import pytest

from allentk.api import Neuropixels, rma
from allentk.api.neuropixels_columns import CHANNELS, METRICS, PROBES, SESSIONS, UNIT_PLACES, UNITS
from allentk.api.neuropixels_tables import BUCKET, PREFIX
from allentk.api.neuropixels_units import mended, placed
from allentk.errors import DataError, IntegrityError, OfflineError, ServiceError
from tests.buckets import FakeBucket, answer
from tests.nwb2_files import CHANNELS as FILE_CHANNELS
from tests.nwb2_files import PROBE, SPIKES, write_ecephys, write_lfp
from tests.nwb2_files import UNITS as FILE_UNITS

SESSION = 766_640_955
TABLES = {
    "sessions": f"""id,specimen_id,session_type,age_in_days,sex,full_genotype,ecephys_structure_acronyms
{SESSION},5,functional_connectivity,118.0,M,wt/wt,"['VISp', 'CA1', nan]"
715093703,6,brain_observatory_1.1,120.0,F,Sst-IRES-Cre/wt,"['LGd']"
""",
    "probes": f"""id,ecephys_session_id,name,phase,sampling_rate,has_lfp_data
{PROBE},{SESSION},probeA,3a,29999.9,True
11,715093703,probeB,3a,29999.8,False
""",
    "channels": f"""id,ecephys_probe_id,local_index,probe_vertical_position,ecephys_structure_acronym
101,{PROBE},0,20,VISp
102,{PROBE},1,40,
103,11,0,20,LGd
""",
    "units": """id,ecephys_channel_id,amplitude_cutoff,presence_ratio,isi_violations,waveform_duration
1,101,0.1,0.95,0.5,0.3
2,102,0.1000001,0.99,0.1,0.3
3,103,0.05,0.949,0.1,0.3
4,103,0.05,0.99,0.501,0.3
5,103,0.01,0.99,,0.3
6,103,0.01,0.99,0.0,0.6
""",
}
METRICS_CSV = """ecephys_unit_id,g_osi_dg,on_screen_rf,p_value_rf,pref_ori_multi_dg
1,0.3,0.001,True,False
2,0.5,0.27,False,True
"""


@pytest.fixture
def bucket():
    bucket = FakeBucket(BUCKET.base)
    for name, text in TABLES.items():
        bucket.put(f"{PREFIX}/{name}.csv", text.encode())
    return bucket


@pytest.fixture
def client(bucket, tmp_path):
    return Neuropixels(cache_dir=tmp_path / "cache", transport=bucket, progress=False)


@pytest.fixture
def with_session(bucket, tmp_path):
    body = write_ecephys(tmp_path / "s.nwb").read_bytes()
    bucket.put(f"{PREFIX}/session_{SESSION}/session_{SESSION}.nwb", body)
    return body


def test_tables_are_fetched_once(client, bucket):
    assert client.sessions()["id"].tolist() == [SESSION, 715093703]
    assert client.probes(session_id=SESSION)["name"].tolist() == ["probeA"]
    assert client.channels(probe_id=11)["id"].tolist() == [103]
    asked = len(bucket.asked)
    assert client.sessions(sex="f")["session_type"].tolist() == ["brain_observatory_1.1"]
    assert len(bucket.asked) == asked == 3
    client.sessions(refresh=True)
    assert len(bucket.asked) == asked + 1


def test_where_tables_come_from(client):
    table = client.sessions(full_genotype="wt/wt")
    assert table.attrs == {"source": BUCKET.base, "synthetic": True}
    assert client.source == BUCKET.base
    assert table["ecephys_structure_acronyms"].tolist() == [["VISp", "CA1"]]
    assert table["age_in_days"].tolist() == [118.0]
    with pytest.raises(DataError, match="no row has session_type x; there are: brain_observatory"):
        client.sessions(session_type="x")


def test_units_that_were_isolated_well(client):
    units = client.units()
    assert units["id"].tolist() == [1, 6]
    assert units["ecephys_structure_acronym"].tolist() == ["VISp", "LGd"]
    assert units["ecephys_session_id"].tolist() == [SESSION, 715093703]
    assert units["probe_name"].tolist() == ["probeA", "probeB"]
    assert units["probe_vertical_position"].tolist() == [20.0, 20.0]
    assert client.units(amplitude_cutoff_max=None)["id"].tolist() == [1, 2, 6]
    assert client.units(isi_violations_max=None)["id"].tolist() == [1, 4, 5, 6]
    every = client.units(
        amplitude_cutoff_max=None, presence_ratio_min=None, isi_violations_max=None
    )
    assert len(every) == 6
    assert client.units(structure="visp")["id"].tolist() == [1]
    assert client.units(session_id=715093703)["id"].tolist() == [6]


def test_a_unit_whose_channel_is_unknown():
    units = pd.DataFrame({"id": [1, 2], "ecephys_channel_id": [101, 999]})
    channels = pd.DataFrame(
        {"id": [101], "ecephys_probe_id": [7], "ecephys_structure_acronym": ["VISp"]}
    )
    probes = pd.DataFrame({"id": [7], "name": ["probeA"], "ecephys_session_id": [5]})
    table = placed(units, channels, probes)
    assert table["ecephys_session_id"].tolist() == [5, pd.NA]
    assert table["probe_name"].isna().tolist() == [False, True]


def test_metrics_under_each_others_names_are_mended_and_it_is_said(client, bucket):
    bucket.put(f"{PREFIX}/functional_connectivity_analysis_metrics.csv", METRICS_CSV.encode())
    table = client.unit_metrics("functional_connectivity")
    assert table["p_value_rf"].tolist() == [0.001, 0.27]
    assert table["on_screen_rf"].tolist() == [True, False]
    assert "exchanged" in table.attrs["mended"]
    assert table["pref_ori_multi_dg"].dtype == "boolean"


def test_metrics_that_are_right_are_left_alone(client, bucket):
    right = METRICS_CSV.replace("on_screen_rf,p_value_rf", "p_value_rf,on_screen_rf")
    bucket.put(f"{PREFIX}/brain_observatory_1.1_analysis_metrics.csv", right.encode())
    table = client.unit_metrics("brain_observatory_1.1")
    assert table["p_value_rf"].tolist() == [0.001, 0.27]
    assert table["on_screen_rf"].tolist() == [True, False]
    assert "mended" not in table.attrs
    with pytest.raises(DataError, match="session_type must be one of"):
        client.unit_metrics("other")


@pytest.mark.parametrize(
    ("on_screen", "p_value", "exchanged"),
    [
        ([1.0, 0.0], [0.2, 0.3], False),
        ([0.2, np.nan], [1.0, 0.0], True),
        ([np.nan, np.nan], [1.0, 0.0], True),
        ([1.0, 0.0], [1.0, 0.0], False),
        ([0.1, 0.5], [0.2, 0.3], False),
        ([np.nan], [np.nan], False),
    ],
)
def test_which_is_which_shows_in_the_values(on_screen, p_value, exchanged):
    table, note = mended(pd.DataFrame({"on_screen_rf": on_screen, "p_value_rf": p_value}))
    assert bool(note) is exchanged
    kept = table["on_screen_rf"].tolist()
    assert kept == pytest.approx(p_value if exchanged else on_screen, nan_ok=True)
    assert mended(pd.DataFrame({"x": [1]}))[1] == ""


def test_a_session(client, bucket, with_session):
    session = client.session(SESSION)
    assert session.spike_times_s(FILE_UNITS[0]).tolist() == SPIKES[0]
    assert session.metadata["session_id"] == SESSION
    assert session.metadata["synthetic"] is True
    asked = len(bucket.asked)
    client.session(SESSION)
    assert len(bucket.asked) == asked
    assert client.fetch(SESSION).read_bytes() == with_session


def test_a_session_is_read_where_it_is(client, bucket, with_session):
    session = client.session(SESSION, remote=True)
    assert session.units()["unit_id"].tolist() == list(FILE_UNITS)
    assert session.path.startswith(BUCKET.base)
    assert client.cache.entries() == []


def test_a_session_under_the_id_of_another(client, bucket, tmp_path):
    body = write_ecephys(tmp_path / "s.nwb", session=5).read_bytes()
    bucket.put(f"{PREFIX}/session_{SESSION}/session_{SESSION}.nwb", body)
    with pytest.raises(IntegrityError, match=f"expected session {SESSION}.* it is session 5"):
        client.session(SESSION)


def test_a_session_that_there_is_not(client):
    with pytest.raises(
        ServiceError, match="Neuropixels session 5: expected HTTP status 200, got 404"
    ):
        client.session(5)
    with pytest.raises(DataError, match="a session id is a whole number"):
        client.session("5")


def test_a_file_that_is_none(client, bucket):
    bucket.put(f"{PREFIX}/session_5/session_5.nwb", b"<html>out of order</html>")
    with pytest.raises(IntegrityError, match="Neuropixels session 5"):
        client.session(5)
    assert client.cache.entries() == []


@pytest.mark.parametrize("remote", [False, True])
def test_the_lfp_of_a_probe(client, bucket, tmp_path, remote):
    body = write_lfp(tmp_path / "l.nwb").read_bytes()
    bucket.put(f"{PREFIX}/session_{SESSION}/probe_{PROBE}_lfp.nwb", body)
    lfp = client.probe_lfp(PROBE, remote=remote)
    window = lfp.read(6, 6.5, channels=[FILE_CHANNELS[1]])
    assert window.to_dataframe().shape == (5, 1)


def test_a_probe_without_lfp(client):
    with pytest.raises(DataError, match="probe 11: no LFP of it was published"):
        client.probe_lfp(11)
    with pytest.raises(DataError, match="probe 12: there is no such probe"):
        client.probe_lfp(12)


def test_offline(tmp_path):
    client = Neuropixels(cache_dir=tmp_path, offline=True)
    assert client.source == f"{BUCKET.base} (offline)"
    for ask in (
        client.units,
        lambda: client.session(SESSION),
        lambda: client.session(5, remote=True),
    ):
        with pytest.raises(OfflineError, match=r"allentk\.Neuropixels\(\)"):
            ask()


def test_a_table_that_is_none(client, bucket):
    bucket.put(f"{PREFIX}/probes.csv", b"name\nprobeA\n")
    with pytest.raises(IntegrityError, match="expected the columns id, ecephys_session_id"):
        client.probes()
    assert client.cache.entries() == []


class Warehouse:
    """A transport that answers queries in pages of two."""

    source, synthetic, namespace = rma.BASE, False, ""

    def __init__(self, tables):
        self.tables = tables
        self.asked = []

    def get(self, request):
        self.asked.append(request.url)
        for model, rows in self.tables.items():
            for start in range(0, max(len(rows), 1), 2):
                query = rma.Query(model, order="id", page=2)
                if request.url == rma.query_url(query, start_row=start):
                    body = {"success": True, "start_row": start, "total_rows": len(rows)}
                    text = json.dumps({**body, "msg": rows[start : start + 2]})
                    return answer(200, text.encode(), request.url)
        raise AssertionError(request.url)


def test_tables_of_the_warehouse(tmp_path, monkeypatch):
    monkeypatch.setattr("allentk.api.neuropixels_tables._PAGE", 2)
    probes = [
        {"id": n, "ecephys_session_id": 5, "name": f"probe{n}", "has_lfp_data": n > 1, "x": None}
        for n in range(3)
    ]
    warehouse = Warehouse({"EcephysProbe": probes, "EcephysSession": []})
    client = Neuropixels(source="api", cache_dir=tmp_path, transport=warehouse, progress=False)
    table = client.probes()
    assert table["name"].tolist() == ["probe0", "probe1", "probe2"]
    assert table["has_lfp_data"].tolist() == [False, False, True]
    assert table.attrs["source"] == rma.BASE
    assert len(warehouse.asked) == 2
    client.probes()
    assert len(warehouse.asked) == 2
    with pytest.raises(ServiceError, match="answered with no rows"):
        client.sessions()


def test_another_source(tmp_path):
    with pytest.raises(DataError, match="source must be one of bucket, api, got 'disk'"):
        Neuropixels(source="disk", cache_dir=tmp_path)


def test_every_column_says_what_it_is():
    for columns in (SESSIONS, PROBES, CHANNELS, UNITS, UNIT_PLACES, METRICS):
        assert all(field.meaning for field in columns.values())
    for text, columns in ((TABLES["units"], UNITS), (METRICS_CSV, METRICS)):
        assert set(text.split("\n")[0].split(",")) <= set(columns)
    assert {
        f"{m}_{x}" for m in ("fano", "run_mod") for x in ("dg", "sg", "ns", "fl", "rf", "dm")
    } <= set(METRICS)
