"""SONATA files of the format's own repository and of BMTK: read, written again, read back, run."""

import json

import numpy as np
import pandas as pd
import pytest

from allentk.errors import FormatError
from allentk.io.sonata import read_edges, read_report, read_sonata, write_report, write_sonata
from allentk.network import visual
from allentk.network.sonata_check import validate
from allentk.network.sonata_read import read_network
from tests.network.sonata_networks import assert_same

libsonata = pytest.importorskip("libsonata")

CIRCUITS = [
    "sonata/300_pointneurons/config.json",
    "sonata/9_cells/config.json",
    "tutorial8_reference/config.json",
]
GROUPS = ["node_group_id", "node_group_index"]


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "network"


@pytest.mark.parametrize("name", CIRCUITS)
def test_circuits_read_back(folder, tmp_path, name):
    circuit = read_sonata(folder / name)
    again = read_sonata(write_sonata(circuit, tmp_path / "net"))
    for table in circuit.nodes:
        other = again.population(table.name)
        pd.testing.assert_frame_equal(
            table.nodes.drop(columns=GROUPS), other.nodes.drop(columns=GROUPS)
        )
        pd.testing.assert_frame_equal(table.types, other.types)
        path = tmp_path / "net" / "network" / f"{table.name}_nodes.h5"
        assert len(libsonata.NodeStorage(str(path)).open_population(table.name)) == len(table)
    for edges in circuit.edges:
        other = again.edge_population(edges.name)
        pd.testing.assert_frame_equal(edges.read(), other.read())
        pd.testing.assert_frame_equal(edges.onto(1, 5), other.onto(1, 5))
        pd.testing.assert_frame_equal(edges.out_of(1, 5), other.out_of(1, 5))
        path = tmp_path / "net" / "network" / f"{edges.name}_edges.h5"
        theirs = libsonata.EdgeStorage(str(path)).open_population(edges.name)
        assert theirs.afferent_edges([0]).flatten().tolist() == edges.onto(0, 1).index.tolist()
    for given, trains in circuit.inputs().items():
        for population, one in trains.items():
            back = again.inputs()[given][population]
            assert back.times_s.tolist() == one.times_s.tolist()
            assert back.ids.tolist() == one.ids.tolist()
            path = tmp_path / "net" / "inputs" / f"{given}.h5"
            assert len(libsonata.SpikeReader(str(path))[population].get()) == len(one)


def test_placed_edges_of_two_groups_read_back(folder, tmp_path):
    config = tutorial(folder, tmp_path, placed=True)
    circuit = read_sonata(config)
    with pytest.warns(UserWarning, match="2 groups"):
        again = read_sonata(write_sonata(circuit, tmp_path / "net"))
    for edges in circuit.edges:
        pd.testing.assert_frame_equal(edges.read(), again.edge_population(edges.name).read())


def test_edges_without_types(folder):
    (edges,) = read_edges(folder / "sonata" / "edges" / "edge_index_example.h5")
    table = edges.read()
    assert len(table) == 33
    for node in range(5):
        found = edges.onto(node, node + 1)
        assert sorted(found.index) == table.index[table["target_node_id"] == node].tolist()


@pytest.mark.parametrize(
    "name", ["sonata/9_cells/output/membrane_potential.h5", "tutorial8_reference/soma_v.h5"]
)
def test_reports_read_back(folder, tmp_path, name):
    report = read_report(folder / name)
    path = write_report(report, tmp_path / "v.h5")
    again = read_report(path)
    assert again.data.tolist() == report.data.astype(np.float32).tolist()
    assert again.node_ids.tolist() == report.node_ids.tolist()
    theirs = libsonata.ElementReportReader(str(path))[report.population]
    assert theirs.get(node_ids=[1]).data.shape == (len(report.data), 1)


@pytest.mark.parametrize(
    ("name", "model"), [(CIRCUITS[0], "nest:iaf_psc_alpha"), (CIRCUITS[1], "nml:nml/Cell")]
)
def test_models_that_cannot_be_simulated_are_named(folder, name, model):
    with pytest.raises(FormatError, match=model):
        read_network(folder / name)
    assert any(model in one.what for one in validate(folder / name))


def tutorial(folder, where, *, placed):
    """The configuration of the tutorial's network, with its components where they are."""
    reference = folder / "tutorial8_reference"
    document = json.loads((reference / "config.json").read_text())
    document["manifest"] = {"$B": str(reference), "$C": str(folder / "components")}
    document["components"] = dict.fromkeys(
        [
            "morphologies_dir",
            "synaptic_models_dir",
            "biophysical_neuron_models_dir",
            "point_neuron_models_dir",
        ],
        "$C",
    )
    if placed:
        for edges in document["networks"]["edges"]:
            edges["edges_file"] = edges["edges_file"].replace("$B/network", "$B/placed")
    path = where / "config.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("placed", [True, False])
def test_the_tutorials_network_reads_back(folder, tmp_path, placed):
    network = read_network(tutorial(folder, tmp_path, placed=placed), split="pop_name")
    synapses = sum(int(p.n_synapses.sum()) for p in network.projections if p.source != "input")
    # In the placed files BMTK has summed the synapses of a point neuron into one edge.
    assert synapses == (177 if placed else 283)
    parts = [p.name for p in network.populations if p.name.startswith("net")]
    assert parts == ["net.Scnn1a", "net.PV1", "net.LIF_exc", "net.LIF_inh"]
    main = network.save(tmp_path / "net", merge={"net": parts})
    assert_same(network, read_network(main))
    assert validate(main) == []


def test_the_tutorials_network_runs_as_the_reference_did(folder, tmp_path):
    """Point neurons and cells with compartments from files alone, against BMTK's spikes."""
    pytest.importorskip("neuron")
    engine = pytest.importorskip("allentk.simulation.biophysical.neuron_network")
    network = read_network(tutorial(folder, tmp_path, placed=True))
    spikes = read_sonata(tmp_path / "config.json").spikes(
        folder / "tutorial8_reference" / "spikes.h5"
    )
    response = engine.simulate_network_neuron(
        network, visual.gray(3.0), dt_s=1e-4, spike_threshold_mv=-15.0, progress=False
    )
    for cell in range(8):
        population, first = ("net.biophysical", 0) if cell < 4 else ("net.point_neuron", 4)
        found = response.spikes[population].of(cell - first) * 1e3
        assert found == pytest.approx(spikes["net"].of(cell) * 1e3, abs=0.2)
