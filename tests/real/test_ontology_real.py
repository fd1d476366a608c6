"""Names of stimuli in published sweep tables and files against what their codes mean."""

import json
from importlib import import_module

import pytest

from allentk.data.ontology import protocol, stimulus_of
from allentk.io import read_nwb
from allentk.io.protocols import stimulus_name


def published(shared):
    """Every (name, code) of the sweep tables collected."""
    tables = sorted((shared / "cell_types").rglob("ephys_sweeps*.json"))
    assert tables
    found = set()
    for path in tables:
        held = json.loads(path.read_text())
        rows = held["msg"] if isinstance(held, dict) else held
        found |= {(row["stimulus_name"], row["stimulus_description"]) for row in rows}
    return sorted(found)


def test_codes_of_published_sweep_tables_have_their_published_names(shared):
    pairs = published(shared)
    assert len(pairs) > 80
    assert len({name for name, _ in pairs}) >= 12
    other = [(name, code) for name, code in pairs if stimulus_of(code).published_name != name]
    assert other == []


def test_published_names_and_their_codes_mean_the_same_protocol(shared):
    pairs = published(shared)
    assert [
        (n, c) for n, c in pairs if protocol(n) != protocol(c) or protocol(n) == "unknown"
    ] == []


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("H18.03.315.11.11.01.05.nwb", {"EXTPSMOKET180424": "Test"}),
        ("ramp_human_IN1_2018_03_20_0005_a.nwb", {"RAMP1": "Ramp"}),
        ("FergusonEtAl2015_PYR2.nwb", None),
        ("LantyerEtAl2018_180817_ME_9_CC.nwb", None),
    ],
)
def test_codes_of_files(shared, file, expected):
    table = read_nwb(shared / "recordings" / "nwb" / file).table
    named = dict(zip(table.code, table.stimulus, strict=True))
    assert named
    assert named == (dict.fromkeys(named, "") if expected is None else expected)
    assert {code: stimulus_name(code) for code in named} == named


def test_a_published_file_without_test_sweeps_can_be_judged(shared):
    quality = import_module("allentk.features.quality")
    sweeps = read_nwb(shared / "recordings" / "nwb" / "LantyerEtAl2018_180817_ME_9_CC.nwb")
    table = quality.quality(sweeps, limits=quality.QualityLimits(test_pulse=False))
    assert table.number.nunique() == len(sweeps)
    about_all = table[table.number.isna()]
    assert about_all[~about_all.passed].criterion.tolist() == [
        "electrode_0_pa",
        "seal_gohm",
        "initial_access_resistance_mohm",
        "input_access_resistance_ratio",
    ]
