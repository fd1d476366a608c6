"""allentk observatory metrics on a SYNTHETIC Neuropixels session in the layout of the released files."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest

from allentk import read_session
from allentk.cli.observatory import DEFINITIONS
from allentk.data import SpikeTrains, StimulusTable
from allentk.errors import FormatError
from allentk.io import EcephysSession
from allentk.responses import DEFINITIONS as LIBRARYS
from allentk.responses import cell_metrics, neuropixels
from tests import nwb2_files as layout

RENAMED = {
    "start_time": "start_s",
    "stop_time": "stop_s",
    "orientation": "orientation_deg",
    "temporal_frequency": "temporal_frequency_hz",
    "x_position": "x_deg",
    "y_position": "y_deg",
}


def presentations(rng):
    """Return what was shown by name, in the columns of the file."""
    directions, frequencies = np.repeat(np.arange(0.0, 360, 45), 6), np.tile([2.0, 8.0], 24)
    gratings = pd.DataFrame({"orientation": directions, "temporal_frequency": frequencies})
    gratings.loc[[0, 13]] = np.nan
    flashes = pd.DataFrame({"color": np.tile([1.0, -1.0], 20)})
    places = [(x, y) for x in np.arange(-20.0, 21, 10) for y in np.arange(-20.0, 21, 10)] * 4
    gabors = pd.DataFrame(places, columns=["x_position", "y_position"])
    tables, start = {}, 1.0
    for name, rows, lasts, gap in (
        ("drifting_gratings", gratings, 2.0, 1.0),
        ("flashes", flashes, 0.25, 1.75),
        ("gabor_20_deg_250ms", gabors, 0.25, 0.0),
        ("spontaneous", pd.DataFrame(index=range(1)), 30.0, 0.0),
    ):
        rows = rows.sample(frac=1, random_state=rng).reset_index(drop=True)
        begins = start + (lasts + gap) * np.arange(len(rows))
        tables[name] = rows.assign(start_time=begins, stop_time=begins + lasts)
        start = begins[-1] + lasts + gap + 1
    return tables, start


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Write a session of three units that like upward gratings, and return it in arrays."""
    rng = np.random.default_rng(3)
    tables, end = presentations(rng)
    spikes = [np.sort(rng.uniform(0, end, int(rate * end))) for rate in (4.0, 0.0, 9.0)]
    for row in tables["drifting_gratings"].itertuples():
        if row.orientation == 90.0:
            spikes[0] = np.sort(np.append(spikes[0], row.start_time + rng.uniform(0, 2, 40)))
    path = tmp_path_factory.mktemp("made") / "neuropixels.nwb"
    with h5py.File(path, "w") as file:
        layout.add_head(file, session=1, stimulus="brain_observatory_1.1")
        layout.add_electrodes(file)
        layout.add_units(file)
        for name in ("spike_times", "spike_times_index"):
            del file[f"units/{name}"]
        layout.add_ragged(file["units"], "spike_times", spikes, np.int64)
        for name, rows in tables.items():
            columns = {column: rows[column].to_numpy() for column in rows}
            layout.add_table(file, f"intervals/{name}_presentations", columns)
    shown = {
        name: StimulusTable(
            rows.rename(columns=RENAMED).assign(
                stimulus=name
                if "orientation" not in rows
                else rows["orientation"].isna().map({True: "blank", False: name}),
                stimulus_name=name,
            )
        )
        for name, rows in tables.items()
    }
    return path, SpikeTrains.from_lists(spikes), shown


def test_a_table_of_units_is_the_librarys_of_the_arrays(run, made, tmp_path):
    path, trains, shown = made
    out = tmp_path / "units.csv"
    result = run("observatory", "metrics", path, "--out", out)
    assert result.exit_code == 0, result.stderr
    table = pd.read_csv(out)
    assert table["cell"].tolist() == list(layout.UNITS)
    assert table["definition"].unique().tolist() == ["neuropixels"]
    assert table["structure_acronym"].fillna("").tolist() == ["VISp", "", "CA1"]
    assert table["synthetic"].all()
    for name, suffix, measure in (
        ("drifting_gratings", "dg", neuropixels.drifting_gratings),
        ("flashes", "fl", neuropixels.flashes),
        ("gabor_20_deg_250ms", "gabor_20_deg_250ms", neuropixels.gabors),
    ):
        measure(trains, shown[name]).to_csv(tmp_path / "alone.csv", index=False)
        alone = pd.read_csv(tmp_path / "alone.csv").drop(columns=["cell", "notes"])
        side = table[[f"{column}_{suffix}" for column in alone]]
        pd.testing.assert_frame_equal(side, alone.add_suffix(f"_{suffix}"))
    assert table["preferred_direction_deg_dg"][0] == 90.0
    assert "dg: no spikes in the presentations" in table["notes"][1]
    assert "Not measured: spontaneous (" in result.stderr
    assert "SYNTHETIC" in result.stderr
    assert "3 units, written to" in result.stderr


def test_good_units_are_those_within_the_bounds(run, made):
    path, _, _ = made
    result = run("observatory", "metrics", path, "--good-units", "--json", "--stimulus", "flashes")
    assert result.exit_code == 0, result.stderr
    (row,) = json.loads(result.stdout)
    assert row["cell"] == layout.UNITS[0]
    assert row["structure_acronym"] == "VISp"
    assert "1 of 3 units are good." in result.stderr
    whole = cell_metrics(read_session(path), definition="neuropixels", stimuli=["flashes"])
    assert row["fano_fl"] == pytest.approx(whole.table["fano_fl"][0])


def copied(made, folder, change):
    path = folder / "changed.nwb"
    path.write_bytes(made[0].read_bytes())
    with h5py.File(path, "a") as file:
        change(file)
    return path


def no_good_unit(file):
    file["units/isi_violations"][...] = 2.0


def no_channels(file):
    del file["general/extracellular_ephys/electrodes"]


def damaged_running(file):
    layout.add_series(file, "processing/running/running_speed", [1.0, 2.0, 3.0], [0.0, 1.0])


def test_no_unit_is_good(run, made, tmp_path):
    path = copied(made, tmp_path, no_good_unit)
    result = run("observatory", "metrics", path, "--good-units", "--csv")
    assert result.exit_code == 0, result.stderr
    (head,) = result.stdout.splitlines()
    assert "preferred_direction_deg_dg" in head.split(",")
    assert "0 units" in result.stderr


def test_what_a_file_may_lack(run, made, tmp_path):
    flashes = ("--stimulus", "flashes", "--json")
    path = copied(made, tmp_path, no_channels)
    rows = json.loads(run("observatory", "metrics", path, *flashes).stdout)
    assert "structure_acronym" not in rows[0]
    assert rows[0]["fano_fl"] > 0
    path = copied(made, tmp_path, damaged_running)
    result = run("observatory", "metrics", path, *flashes)
    assert "Note: flashes: running is left out: " in result.stderr
    assert json.loads(result.stdout)[0]["fano_fl"] == rows[0]["fano_fl"]


def test_other_definitions_of_spikes(run, made):
    path, trains, shown = made
    result = run("observatory", "metrics", path, "--definition", "trial-mean", "--json", "-q")
    rows = json.loads(result.stdout)
    assert rows[2]["spontaneous_rate_hz_sp"] == pytest.approx(
        trains.counts(shown["spontaneous"].intervals_s)[2, 0] / 30.0
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("--definition", "warehouse"),
            "of traces, and these are spikes; choose one of trial-mean",
        ),
        (
            ("--definition", "paper2020"),
            "of traces, and these are spikes; choose one of trial-mean",
        ),
        (("--events", "e.npz"), "--events is for two-photon sessions"),
        (
            ("--stimulus", "odours"),
            "no stimulus 'odours', which was not shown; shown were drifting",
        ),
        (("--quirk", "mine"), "no quirk 'mine'"),
    ],
)
def test_what_does_not_fit(run, made, arguments, told):
    result = run("observatory", "metrics", made[0], *arguments)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "neuropixels.nwb" in result.stderr


def test_other_kinds_of_sessions(run, made, tmp_path):
    result = run("observatory", "plot", made[0], "--out", tmp_path / "page.html")
    assert result.exit_code == 1
    assert "two-photon sessions of Visual Coding, and this is a EcephysSession" in result.stderr
    lfp = layout.write_lfp(tmp_path / "lfp.nwb")
    result = run("observatory", "metrics", lfp)
    assert result.exit_code == 1
    assert "lfp.nwb: expected Traces or SpikeTrains" in result.stderr
    assert "got a ProbeLFP" in result.stderr


def test_the_choices_are_the_librarys():
    assert set(DEFINITIONS) == set(LIBRARYS)


def test_two_units_of_one_id(made, tmp_path):
    def twice(file):
        file["units/id"][1] = layout.UNITS[0]

    assert isinstance(read_session(made[0]), EcephysSession)
    path = copied(made, tmp_path, twice)
    with pytest.raises(FormatError, match=rf"the id {layout.UNITS[0]} is there twice"):
        read_session(path)
