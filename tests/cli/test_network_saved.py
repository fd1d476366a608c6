"""allentk network run DIR: what it shows, simulates and writes."""

import json

import numpy as np
import pandas as pd
import pytest

from allentk import progress, read_network, read_sonata, simulate
from allentk.io.sonata import read_report, read_spikes
from allentk.models import GLIFParameters
from allentk.network import Network, PoissonInput, Population, Projection, Receptor, recipes, visual

QUICK = ("--stimulus", "spontaneous", "--duration", "0.2")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save two populations that are one in SONATA, and fire."""
    cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=15, t_ref_s=0.003)
    nodes = pd.DataFrame({"x_um": np.arange(20.0)})
    exc, inh = (Population(name, (cell,), nodes) for name in ("L4 Exc", "L4 PV"))
    fast = Receptor(0.002, 1)
    wire = Projection.from_edges(
        "L4 Exc", "L4 PV", range(20), range(20), 40.0, 0.001, fast, n_targets=20
    )
    noise = [
        PoissonInput(name, np.full(20, 800.0), np.full(20, 30.0), fast)
        for name in ("L4 Exc", "L4 PV")
    ]
    folder = tmp_path_factory.mktemp("saved") / "net"
    Network([exc, inh], [wire], noise).save(folder, merge={"v1": ["L4 Exc", "L4 PV"]})
    return folder


def test_the_response_is_the_librarys(run, saved, tmp_path):
    options = ("--record", "voltage_mv:L4 PV:3", "--record", "rate_hz:L4 Exc", "--seed", "4")
    result = run("network", "run", saved, *QUICK, *options, "-o", tmp_path / "out", "--json", "-q")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    record = ("spikes", "voltage_mv:L4 PV:3", "rate_hz:L4 Exc")
    wanted = simulate(read_network(saved), visual.gray(0.2), seed=4, record=record)
    assert sum(map(len, wanted.spikes.values())) > 50
    document = json.loads(result.stdout)
    assert document == json.loads((tmp_path / "out" / "run.json").read_text())
    pd.testing.assert_frame_equal(pd.DataFrame(document["rates"]), wanted.rates_hz())
    spikes = read_spikes(tmp_path / "out" / "spikes.h5", "v1", n_nodes=40)
    for first, name in ((0, "L4 Exc"), (20, "L4 PV")):
        for node in range(20):
            np.testing.assert_array_equal(spikes.of(first + node), wanted.spikes[name].of(node))
    report = read_report(tmp_path / "out" / "voltage_mv.h5", "v1")
    assert report.node_ids.tolist() == [23]
    assert report.units == "mV"
    voltage = wanted.voltage_mv["L4 PV"]
    np.testing.assert_allclose(report.data[:, 0], voltage[3], rtol=1e-5)
    np.testing.assert_allclose(report.times_s, voltage.index)
    rates = pd.read_csv(tmp_path / "out" / "population_rates.csv")
    np.testing.assert_allclose(rates["rate_hz"], wanted.population_rate_hz["L4 Exc"])


def test_what_it_takes_is_said_before(run, saved, tmp_path):
    result = run("network", "run", saved, *QUICK, "-o", tmp_path / "out")
    network, memory, simulating, last = result.stderr.splitlines()
    assert network.startswith("Network: <Network: 40 cells in 2 populations")
    assert memory.endswith(" of memory on the engine glif.")
    assert simulating == "Simulating 0.2 s of 1 presentation ..."
    assert last == f"Spikes (SONATA) and tables are in {tmp_path / 'out'}."
    assert result.stdout.startswith("Mean rates over 0.2 s (allentk GLIF network")


def test_options_of_the_stimulus(run, saved, tmp_path):
    options = ("--directions", "0,90", "--temporal-frequencies", "2", "--contrast", "0.5")
    times = ("--duration", "0.1", "--gap", "0.05", "--repeats", "2")
    result = run("network", "run", saved, *options, *times, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    shown = pd.read_csv(tmp_path / "out" / "presentations.csv")
    assert len(shown) == 6
    assert set(shown["orientation_deg"].dropna()) == {0, 90}
    assert set(shown["contrast"].dropna()) == {0.5}
    again = run(
        "network",
        "run",
        saved,
        "--stimulus",
        tmp_path / "out" / "presentations.csv",
        "-o",
        tmp_path / "b",
    )
    assert again.exit_code == 0, again.stderr
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "b" / "presentations.csv"), shown)


def test_a_run_goes_beside_the_network(run, saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("network", "run", saved / "simulation_config.json", *QUICK).exit_code == 0
    assert (tmp_path / "net-run" / "spikes.h5").is_file()
    result = run("network", "run", saved, *QUICK, "-o", saved)
    assert result.exit_code == 1
    assert "a folder of its own" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--stimulus", "gratings"), 1, "drifting_gratings, static_gratings"),
        (("--stimulus", "none.csv"), 1, "there is no such file"),
        (("--stimulus", "spontaneous", "--contrast", "0.5"), 1, "has no option 'contrast'"),
        (
            (
                "--directions",
                "north",
            ),
            2,
            "numbers separated by commas",
        ),
        (("--models", "."), 2, "is of the patch"),
        (("--record", "voltage_mv:L5:0"), 1, "L4 Exc"),
        (("--dt", "0.5"), 1, "0..0.01"),
    ],
)
def test_what_cannot_be_run(run, saved, tmp_path, words, code, told):
    result = run("network", "run", saved, *words, "-o", tmp_path / "out")
    assert result.exit_code == code
    assert told in result.stderr
    assert not (tmp_path / "out" / "spikes.h5").exists()


def test_options_of_a_saved_network_need_one(run):
    result = run("network", "run", "--stimulus", "flashes")
    assert result.exit_code == 2
    assert "needs DIR" in result.stderr


def test_a_table_that_is_none(run, saved, tmp_path):
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    result = run("network", "run", saved, "--stimulus", tmp_path / "odd.csv")
    assert result.exit_code == 1
    assert "missing columns" in result.stderr


def test_an_engine_that_is_not_there(run, saved, monkeypatch):
    monkeypatch.setattr("allentk.workflow.network_files.find_spec", lambda _: None)
    for engine, package in (("nest", "allentk[nest]"), ("neuron", "neuron")):
        result = run("network", "run", saved, "--backend", engine)
        assert result.exit_code == 1
        assert f"engine {engine} is not installed: pip install" in result.stderr
        assert package in result.stderr


def test_several_processes_are_neurons(run, saved, monkeypatch):
    monkeypatch.setenv("PMI_RANK", "1")
    monkeypatch.setenv("PMI_SIZE", "2")
    result = run("network", "run", saved, *QUICK, "--backend", "glif")
    assert result.exit_code == 1
    assert "without mpiexec" in result.stderr
    assert progress.quiet is False


def test_nodes_of_another_program_keep_their_ids(run, saved, tmp_path):
    """Without allentk.json, a folder is read as one of another program."""
    import shutil

    copy = tmp_path / "theirs"
    shutil.copytree(saved, copy)
    (copy / "allentk.json").unlink()
    options = ("--split", "pop_name", "-o", tmp_path / "out")
    result = run("network", "run", copy, *QUICK, *options, "--json")
    assert result.exit_code == 0, result.stderr
    names = [row["population"] for row in json.loads(result.stdout)["rates"]]
    assert names == ["v1.L4 Exc", "v1.L4 PV"]
    assert set(read_sonata(copy).spikes(tmp_path / "out" / "spikes.h5")) == {"v1"}


def test_eight_cells_on_neuron(run, tmp_path):
    recipes.tutorial8().save(tmp_path / "net")
    words = ("--stimulus", "spontaneous", "--duration", "0.02", "--dt", "0.0001")
    result = run(
        "network",
        "run",
        tmp_path / "net",
        *words,
        "--record",
        "voltage_mv:PV1:1",
        "-o",
        tmp_path / "out",
    )
    assert result.exit_code == 0, result.stderr
    assert "only the length matters" in result.stderr
    assert "engine neuron" in result.stderr
    assert read_report(tmp_path / "out" / "voltage_mv.h5", "PV1").data.shape == (200, 1)
