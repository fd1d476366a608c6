"""Published tables and a published manifest of the Neuropixels and Visual Behavior projects."""

import gzip
import json

import pandas as pd
import pytest

from allentk.api.csv_tables import csv_check, read_csv
from allentk.api.manifests import compare, read_manifest
from allentk.api.neuropixels_columns import UNIT_QUALITY
from allentk.api.s3 import Bucket
from allentk.api.visual_behavior_columns import NEUROPIXELS, OPHYS
from allentk.io import passing
from allentk.io.nwb2_columns import UNITS

PROJECT = "visual-behavior-neuropixels"
BUCKET = Bucket("visual-behavior-neuropixels-data")
#: What only the test server that wrote these tables has.
OF_THE_SERVER = {"file_path"}


@pytest.fixture
def unpacked(shared, tmp_path):
    def unpack(name):
        path = tmp_path / name.rpartition("/")[2]
        path.write_bytes(gzip.decompress((shared / f"{name}.gz").read_bytes()))
        return path

    return unpack


@pytest.fixture
def manifest_path(unpacked):
    return unpacked(f"vbn/{PROJECT}_project_manifest_v0.3.0.json")


def test_a_published_manifest(manifest_path):
    manifest = read_manifest(manifest_path, PROJECT, "0.3.0", BUCKET)
    assert len(manifest.files) == 153
    assert sorted(manifest.tables) == sorted(NEUROPIXELS)
    assert manifest.pipeline == "AllenSDK 2.13.5"
    raw = json.loads(manifest_path.read_bytes())
    for number, file in manifest.files.items():
        written = raw["data_files"][str(number)]
        assert file.url == f"{written['url']}?versionId={written['version_id']}"
        assert file.expected.digest == written["file_hash"]
        assert manifest.cache_name(file).startswith(f"{PROJECT}-0.3.0/ecephys_sessions/ecephys_se")
    assert compare(manifest, manifest).empty


def test_a_published_manifest_is_that_of_its_version_only(manifest_path):
    with pytest.raises(ValueError, match="expected manifest_version"):
        read_manifest(manifest_path, PROJECT, "0.4.0", BUCKET)
    with pytest.raises(ValueError, match="expected addresses that begin with"):
        read_manifest(manifest_path, PROJECT, "0.3.0", Bucket("visual-behavior-ophys-data"))


TABLES = {
    "vbo/behavior_session_table.csv": (OPHYS["behavior_session_table"], 4787),
    "vbo/ophys_experiment_table.csv": (OPHYS["ophys_experiment_table"], 1941),
    "vbo/ophys_session_table.csv": (OPHYS["ophys_session_table"], 704),
    "vbn/probes_v0.3.0.csv": (NEUROPIXELS["probes"], 905),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_published_table(unpacked, name):
    columns, n_rows = TABLES[name]
    path = unpacked(name)
    csv_check(columns)(path, name)
    table = read_csv(path, columns, what=name)
    plain = pd.read_csv(path)
    assert len(table) == len(plain) == n_rows
    assert set(table) - OF_THE_SERVER <= set(columns)
    for column in set(table) & set(columns):
        assert table[column].isna().sum() == 0 or columns[column].kind not in ("id", "list")
        if columns[column].kind in ("float", "int", "id"):
            assert table[column].astype(float).equals(plain[column].astype(float))
    assert all(
        kind in ("int64", "Int64", "float64", "boolean", "str", "object")
        for kind in map(str, table[[c for c in table if c in columns]].dtypes)
    )


def test_what_published_tables_say(unpacked):
    experiments = read_csv(
        unpacked("vbo/ophys_experiment_table.csv"), OPHYS["ophys_experiment_table"], what="x"
    )
    sessions = read_csv(
        unpacked("vbo/ophys_session_table.csv"), OPHYS["ophys_session_table"], what="x"
    )
    listed = {experiment for row in sessions["ophys_experiment_id"] for experiment in row}
    assert listed == set(experiments["ophys_experiment_id"])
    assert sorted(experiments["passive"].unique()) == [False, True]
    lines = {tuple(line) for line in experiments["driver_line"]}
    assert ("Slc17a7-IRES2-Cre", "Camk2a-tTA") in lines
    probes = read_csv(unpacked("vbn/probes_v0.3.0.csv"), NEUROPIXELS["probes"], what="x")
    assert probes["has_lfp_data"].all()
    assert "VISp" in probes["structure_acronyms"].iloc[1]


def test_published_units_of_one_session(shared):
    table = pd.read_csv(shared / "neuropixels" / "visual_units_session_737581020.csv")
    assert table.shape == (147, 37)
    known = set(UNITS) | set(UNIT_QUALITY)
    further = {
        "local_index_unit",
        "channel_local_index",
        "structure_id",
        "probe_description",
        "lfp_sampling_rate",
        "sampling_rate",
        "location",
        "Row_number",
    }
    assert set(table) - known == further
    keep = passing(
        table, "units", amplitude_cutoff_max=0.1, presence_ratio_min=0.95, isi_violations_max=0.5
    )
    assert keep.all(), "the table was published with these bounds applied"
    assert (
        passing(table, "units", presence_ratio_min=0.99).sum()
        == (table["presence_ratio"] >= 0.99).sum()
    )
    assert table["waveform_duration"].between(0.05, 2.5).all()
