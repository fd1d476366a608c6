"""What is scored: a table, a saved run, or a network that is simulated."""

import json

import numpy as np
import pandas as pd
import pytest

from allentk import read_network, simulate
from allentk.benchmark import Benchmark, Comparison, Reference, load_reference
from allentk.errors import ConfigError, DataError, FormatError
from allentk.io.sonata import write_spikes
from allentk.models import GLIFParameters
from allentk.network import Network, PoissonInput, Population, Receptor
from allentk.network.sonata_ids import sonata_ids
from allentk.responses import drifting_gratings, spontaneous
from allentk.workflow.benchmark_run import Protocol, benchmark_models, reference_stimulus
from allentk.workflow.network_files import write_response
from allentk.workflow.saved_runs import read_run


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save twenty cells of each of two classes that are one population in SONATA."""
    cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=15, t_ref_s=0.003)
    nodes = pd.DataFrame({"x_um": np.arange(20.0)})
    names = ("L4 Exc", "L4 PV")
    cells = [Population(name, (cell,), nodes.assign(cell_class=name)) for name in names]
    noise = [
        PoissonInput(name, np.full(20, 800.0), np.full(20, 30.0), Receptor(0.002, 1))
        for name in names
    ]
    folder = tmp_path_factory.mktemp("saved") / "net"
    Network(cells, [], noise).save(folder, merge={"v1": list(names)})
    return folder


@pytest.fixture(scope="module")
def simulated(saved):
    shown = reference_stimulus(load_reference(), Protocol(trials=1, seed=2))
    return simulate(read_network(saved), shown, seed=2)


@pytest.fixture(scope="module")
def ran(saved, simulated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ran") / "run"
    folder.mkdir()
    write_response(simulated, folder, sonata_ids(saved))
    document = {"network": str(saved), "duration_s": simulated.duration_s}
    (folder / "run.json").write_text(json.dumps(document))
    return folder


def test_the_protocol_is_the_references():
    reference = load_reference("v1-neuropixels")
    table = reference_stimulus(reference, Protocol(trials=3, seed=1)).table
    gratings = table[table["orientation_deg"].notna()]
    assert gratings["temporal_frequency_hz"].unique().tolist() == [2.0]
    assert gratings["contrast"].unique().tolist() == [0.8]
    assert gratings["orientation_deg"].value_counts().tolist() == [3] * 8
    assert (gratings["stop_s"] - gratings["start_s"]).round(9).unique().tolist() == [2.0]
    spontaneous = reference_stimulus(load_reference("v1-spontaneous"), Protocol(trials=3))
    assert spontaneous.duration_s == 30.0
    cells = pd.DataFrame({"population": "VISp", "time_to_peak_s": [0.1, 0.2]})
    flashes = Reference.from_table(cells, stimulus="flashes")
    with pytest.raises(DataError, match="not shown to networks here"):
        reference_stimulus(flashes, Protocol())


def test_a_network_is_simulated_and_said(saved, simulated):
    told = []
    result = benchmark_models(
        {"net": saved},
        metrics=["peak_rate_hz"],
        protocol=Protocol(trials=1, seed=2),
        say=told.append,
    )
    expected = Benchmark(metrics=["peak_rate_hz"]).score(simulated)
    pd.testing.assert_frame_equal(result.table, expected.table)
    assert result.table["scored"].sum() == 2
    assert "Simulating" in told[1]
    assert "1 trials, seed 2, engine glif" in told[1]
    assert result.response is not None


def test_a_saved_run_is_what_was_simulated(ran, simulated):
    response = read_run(ran)
    assert response.duration_s == simulated.duration_s
    for name, trains in simulated.spikes.items():
        np.testing.assert_array_equal(response.spikes[name].times_s, trains.times_s)
        np.testing.assert_array_equal(response.spikes[name].ids, trains.ids)
        assert response.nodes[name]["cell_class"].unique().tolist() == [name]
    result = benchmark_models({"run": ran}, metrics=["mean_rate_hz"])
    expected = Benchmark(metrics=["mean_rate_hz"]).score(simulated)
    pd.testing.assert_frame_equal(result.table, expected.table)


@pytest.mark.parametrize("definition", ["trial-mean", "neuropixels", "layer4", "v1-2026"])
def test_another_definition_measures_the_same_spikes(ran, simulated, definition):
    protocol = Protocol(definition=definition)
    result = benchmark_models({"run": ran}, metrics=["mean_rate_hz"], protocol=protocol)
    expected = drifting_gratings(simulated, definition=definition)
    pd.testing.assert_frame_equal(result.model_table, expected)
    assert result.model_table.attrs["definition"] == definition
    assert result.response is not None
    assert result.measured_under.endswith(f"by the definition {definition!r}")


def test_a_definition_of_spontaneous_activity(saved):
    protocol = Protocol(trials=1, definition="layer4")
    result = benchmark_models({"net": saved}, reference="v1-spontaneous", protocol=protocol)
    shown = reference_stimulus(result.reference, protocol)
    expected = spontaneous(simulate(read_network(saved), shown), definition="layer4")
    pd.testing.assert_frame_equal(result.model_table, expected)
    for wrong in ("neuropixels", "warehouse", "mine"):
        with pytest.raises(
            DataError, match="of spontaneous; these do: trial-mean, layer4, v1-2026"
        ):
            benchmark_models(
                {"net": saved}, reference="v1-spontaneous", protocol=Protocol(definition=wrong)
            )


def test_a_silent_population_has_its_cells(ran, saved, tmp_path):
    response = read_run(ran)
    write_spikes({"v1": response.spikes["L4 Exc"]}, tmp_path / "spikes.h5")
    (tmp_path / "presentations.csv").write_bytes((ran / "presentations.csv").read_bytes())
    found = read_run(tmp_path, network=saved)
    assert found.spikes["L4 PV"].n_cells == 20
    assert len(found.spikes["L4 PV"]) == 0
    assert len(found.spikes["L4 Exc"]) == len(response.spikes["L4 Exc"])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda f: (f / "run.json").unlink(), "no run.json says of which network"),
        (lambda f: (f / "run.json").write_text("[1]"), "got a list or a value"),
        (lambda f: (f / "run.json").write_text("{"), "expected what allentk network run writes"),
        (
            lambda f: (f / "run.json").write_text('{"network": "gone"}'),
            "its network gone is not there",
        ),
        (lambda f: (f / "presentations.csv").unlink(), "--presentations FILE.csv"),
        (
            lambda f: (f / "presentations.csv").write_text("a\n1\n"),
            "expected a table of presentations",
        ),
        (lambda f: (f / "spikes.h5").write_bytes(b"no"), "spikes.h5"),
    ],
)
def test_a_spoilt_run_says_what_is_missing(ran, tmp_path, spoil, told):
    for file in ran.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    spoil(tmp_path)
    with pytest.raises(FormatError, match=told):
        read_run(tmp_path)


def test_spikes_of_another_network(ran, saved, tmp_path):
    write_spikes({"other": read_run(ran).spikes["L4 Exc"]}, tmp_path / "spikes.h5")
    (tmp_path / "presentations.csv").write_bytes((ran / "presentations.csv").read_bytes())
    with pytest.raises(FormatError, match="expected spikes of v1, got those of other"):
        read_run(tmp_path, network=saved)


def test_several_models_are_a_comparison(ran, tmp_path):
    table = Benchmark().measure(read_run(ran))
    table.to_csv(tmp_path / "m.csv", index=False)
    found = benchmark_models({"a": ran, "b": tmp_path / "m.csv"}, metrics=["peak_rate_hz"])
    assert isinstance(found, Comparison)
    scored = found.table[found.table["scored"]].pivot_table(
        index="population", columns="model", values="S"
    )
    np.testing.assert_allclose(scored["a"], scored["b"])


def test_what_is_no_model(tmp_path):
    with pytest.raises(ConfigError, match="there is no model"):
        benchmark_models({})
    with pytest.raises(FormatError, match="there is no such file or folder"):
        benchmark_models({"x": tmp_path / "gone"})
    with pytest.raises(FormatError, match=r"expected metrics\.csv, or spikes\.h5"):
        benchmark_models({"x": tmp_path})
