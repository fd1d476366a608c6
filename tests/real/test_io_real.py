"""Real files: recordings of four laboratories, reconstructions, published GLIF configurations."""

import csv
import json

import numpy as np
import pytest

from allentk.io import read_glif, read_nwb, read_swc, write_glif, write_swc

# file: format, sweeps, rate, stimulus window of every sweep
RECORDINGS = {
    "FergusonEtAl2015_PYR2.nwb": ("NWB 2.2.5", 13, 10_000, (0.0815, 1.0816)),
    "LantyerEtAl2018_180817_ME_9_CC.nwb": ("NWB 2.2.2", 10, 20_000, (0.1001, 0.6002)),
    "ramp_human_IN1_2018_03_20_0005_a.nwb": ("NWB 2.0b", 1, 50_000, (1.3963, 9.3962)),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_current_clamp(shared, name):
    written, n_sweeps, rate, window = RECORDINGS[name]
    sweeps = read_nwb(shared / "recordings" / "nwb" / name)
    assert sweeps.metadata["format"] == written
    assert sweeps.metadata["synthetic"] is False
    assert "note" not in sweeps.metadata
    assert len(sweeps) == n_sweeps
    assert set(sweeps.table["clamp"]) == {"current"}
    assert set(sweeps.table["sampling_rate_hz"]) == {rate}
    for sweep in sweeps:
        assert sweep.voltage_mv.min() > -150
        assert sweep.voltage_mv.max() < 100
        assert np.median(sweep.voltage_mv[:100]) == pytest.approx(-65, abs=15)
        assert 0.1 < np.abs(sweep.current_pa).max() < 1000
        assert (sweep.start_s, sweep.stop_s) == pytest.approx(window, abs=5e-4)


def test_steps_of_25_pa_on_a_holding_current(shared):
    sweeps = read_nwb(shared / "recordings" / "nwb" / "FergusonEtAl2015_PYR2.nwb")
    steps = [float(np.median(s.current_pa[1500:10_000])) for s in sweeps]
    # The file's descriptions say 25 pA; the current is a measurement and scatters.
    assert np.diff(steps) == pytest.approx(25.0, abs=5.0)
    assert steps[-1] - steps[0] == pytest.approx(300.0, abs=5.0)


def test_the_stimulus_not_its_shifted_description_counts(shared):
    sweeps = read_nwb(shared / "recordings" / "nwb" / "LantyerEtAl2018_180817_ME_9_CC.nwb")
    steps = [float(np.median(s.current_pa[3000:11_000])) for s in sweeps]
    assert steps == pytest.approx([40.25 * n for n in range(1, 11)], abs=1.0)


def test_the_ramp_is_named_by_its_code(shared):
    sweeps = read_nwb(shared / "recordings" / "nwb" / "ramp_human_IN1_2018_03_20_0005_a.nwb")
    assert sweeps.table.loc[0, "stimulus"] == "Ramp"
    assert sweeps[0].current_pa.max() == pytest.approx(200, abs=0.1)
    assert sweeps[0].voltage_mv.max() == pytest.approx(59.5, abs=0.1)


def test_a_voltage_clamp_file_says_that_there_are_no_spikes(shared):
    sweeps = read_nwb(shared / "recordings" / "nwb" / "H18.03.315.11.11.01.05.nwb")
    assert sweeps.metadata["format"] == "NWB 1.0.5"
    assert sweeps.table["clamp"].tolist() == ["voltage"]
    assert sweeps.table["stimulus"].tolist() == ["Test"]
    assert "none of the 1 sweeps was recorded in current clamp" in sweeps.metadata["note"]
    sweep = sweeps[0]
    assert sweep.sampling_rate_hz == 200_000
    assert sweep.voltage_mv.max() == pytest.approx(10.0)
    assert sweep.current_pa.min() == pytest.approx(-2795, abs=1)


@pytest.mark.parametrize("specimen", [473601979, 480353286, 485909730])
def test_reconstructions_against_the_published_table(shared, specimen, tmp_path):
    folder = shared / "cell_types"
    cell = read_swc(folder / "morphologies" / f"specimen_{specimen}_reconstruction.swc")
    with (folder / "morphology_features_402.csv").open() as file:
        rows = {int(float(row["specimen_id"])): row for row in csv.DictReader(file)}
    row = rows[specimen]
    # The table counts dendrites alone: no axon, no soma, no way from the soma's centre to its edge.
    dendrite = (cell.parent >= 0) & (cell.type > 2)
    segment = dendrite & (cell.type[cell.parent] != 1)
    length = cell.segment_length_um[segment]
    assert int(dendrite.sum()) == int(row["number_nodes"])
    assert length.sum() == pytest.approx(float(row["total_length"]), rel=1e-9)
    assert cell.total_length_um == pytest.approx(float(row["total_length"]), rel=0.08)
    # The radii of the table and of the file differ by one factor, which the soma tells. The table
    # takes a segment for a cylinder of the mean radius, Morphology for a truncated cone.
    factor = (float(row["soma_surface"]) / (4 * np.pi * cell.radius_um[cell.root] ** 2)) ** 0.5
    radius = cell.radius_um * factor
    assert 2 * radius[dendrite].mean() == pytest.approx(float(row["average_diameter"]), rel=1e-9)
    both = radius[segment] + radius[cell.parent[segment]]
    assert (np.pi * both * length).sum() == pytest.approx(float(row["total_surface"]), rel=1e-9)
    assert cell.total_surface_um2 * factor == pytest.approx(float(row["total_surface"]), rel=0.12)
    again = read_swc(write_swc(cell, tmp_path / "copy.swc"))
    assert again.total_surface_um2 == cell.total_surface_um2


def test_every_reconstruction_is_read(shared):
    files = sorted(shared.rglob("*.swc"))
    assert len(files) >= 15
    for path in files:
        cell = read_swc(path)
        assert cell.of_type(1).size == 1
        assert 500 < cell.total_length_um < 20_000


def test_every_published_glif_configuration_comes_back(shared, tmp_path):
    files = sorted(shared.rglob("*neuron_config.json"))
    assert len(files) >= 20
    for path in files:
        cell = read_glif(path)
        assert f"GLIF{cell.level}_" in path.name
        returns(cell, tmp_path)


def test_fifty_cells_of_five_levels(shared, tmp_path):
    path = shared / "models" / "glif" / "teeter2018_50cells_config.json"
    cells = json.loads(path.read_text())
    assert len(cells) == 50
    for document in cells.values():
        for level in range(1, 6):
            if f"GLIF{level}" not in document:
                continue
            cell = read_glif(document, level=level)
            config = document[f"GLIF{level}"]["neuron_config"]
            assert cell.E_L_mv == pytest.approx(config["El_reference"] * 1e3)
            assert cell.t_ref_s == pytest.approx(config["spike_cut_length"] * 5e-5)
            assert cell.th_inf_mv == pytest.approx(
                config["th_inf"] * config["coeffs"]["th_inf"] * 1e3
            )
            assert -100 < cell.E_L_mv < -40
            assert 0.001 <= cell.t_ref_s <= 0.01
            returns(cell, tmp_path)


def returns(cell, folder):
    again = read_glif(write_glif(cell, folder / "neuron_config.json")).to_dict()
    for name, value in cell.to_dict().items():
        if name != "source":
            assert again[name] == pytest.approx(value, rel=1e-12), name
