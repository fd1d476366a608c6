"""Networks as SONATA circuits and back, and what is said of circuits that are wrong."""

import json
import resource
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest

import allentk
from allentk.errors import ConfigError, DataError, FormatError
from allentk.io.sonata import read_sonata
from allentk.network import Network, Population, Projection, Receptor, sonata_edges, sonata_sort
from allentk.network.recipes import patch
from allentk.network.sonata_check import validate
from allentk.network.sonata_read import read_network
from tests.network.sonata_networks import INTFIRE, LIF, assert_same, points, trees

libsonata = pytest.importorskip("libsonata")

MERGED = {"v1": ["PV", "L2/3 Exc"]}


@pytest.mark.parametrize("merge", [None, MERGED])
def test_point_neurons_read_back(tmp_path, merge):
    network = points()
    main = network.save(tmp_path / "net", merge=merge)
    assert_same(network, read_network(main))
    assert_same(network, allentk.read_network(tmp_path / "net"))
    assert {one.where for one in validate(main)} <= {"edges of 'PV_to_PV'"}


@pytest.mark.parametrize("placed", [True, False])
def test_compartmental_cells_read_back(tmp_path, placed):
    network = trees(placed=placed)
    main = network.save(tmp_path / "net", merge={"all": ["pyr", "fire"]})
    assert_same(network, read_network(main))
    assert validate(main) == []
    modfiles = {
        file.name: file for file in (tmp_path / "net/components/mechanisms/modfiles").iterdir()
    }
    # The fits of the cells name the channels so, and BMTK looks for nothing else.
    assert "SUFFIX NaTs\n" in modfiles["NaTs.mod"].read_text()
    assert not any("atk_" in file.read_text() for file in modfiles.values())
    assert read_sonata(main).config.run["nsteps_block"] > 0


def test_an_lgn_reads_back(tmp_path):
    network = patch([LIF], [LIF], n_cells=40)
    assert_same(
        network, read_network(network.save(tmp_path / "net", merge={"v1": ["L4 Exc", "L4 PV"]}))
    )


@pytest.mark.parametrize("delay_s", [0.0016, 0.00106, 1 / 3000, 0.0])
def test_a_delay_of_all_edges_keeps_every_digit(tmp_path, delay_s):
    pair = Population("a", (LIF,), pd.DataFrame(index=range(2)))
    wire = Projection("a", "a", [0, 1, 1], [0], 1.0, delay_s, Receptor(0.002, 1))
    network = Network([pair], [wire])
    assert_same(network, read_network(network.save(tmp_path / "net")))
    words = read_sonata(tmp_path / "net").edge_population("a_to_a").types["delay"]
    assert len(words.iloc[0]) < 12, (
        "BMTK rounds delays to its step; 1.5999999 ms would be the step before"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"layer": ["1", "2", "005"]}, {"layer": ["x"]}),
        ({"layer": [1, 2]}, {"layer": ["1", "1.50"]}),
        ({"good": [True, False]}, {"other": [1.5]}),
        ({"word": [f"w{k}" for k in range(99)]}, {"word": ["7", ""]}),
    ],
)
def test_words_stay_words_and_truth_stays_truth(tmp_path, first, second):
    some = [Population(n, (LIF,), pd.DataFrame(d)) for n, d in (("a", first), ("b", second))]
    network = Network(some)
    for merge in (None, {"both": ["b", "a"]}):
        main = network.save(tmp_path / "net", merge=merge, overwrite=True)
        assert_same(network, read_network(main))


def test_the_circuit_alone_says_that_its_input_is_missing(tmp_path):
    main = points().save(tmp_path / "net")
    with pytest.warns(UserWarning, match="recorded spikes of 'LGN'"):
        read_network(main.with_name("circuit_config.json"))


def test_blocks_and_chunks_change_nothing(tmp_path, monkeypatch):
    network = points(3)
    whole = network.save(tmp_path / "whole", merge=MERGED).parent / "network" / "v1_to_v1_edges.h5"
    monkeypatch.setattr(sonata_edges, "CHUNK", 7)
    main = network.save(tmp_path / "blocks", merge=MERGED)
    blocks = main.parent / "network" / "v1_to_v1_edges.h5"
    with h5py.File(whole) as one, h5py.File(blocks) as other:
        names: list[str] = []
        one.visititems(
            lambda name, held: names.append(name) if isinstance(held, h5py.Dataset) else None
        )
        for name in names:
            assert np.array_equal(one[name][()], other[name][()]), name
    chunks = sonata_sort.EdgePopulation.chunks
    monkeypatch.setattr(
        sonata_sort.EdgePopulation, "chunks", lambda self, columns=None: chunks(self, 5, columns)
    )
    assert_same(network, read_network(main))


def test_libsonata_sees_the_edges_of_a_merged_network(tmp_path):
    network = points()
    folder = network.save(tmp_path / "net", merge=MERGED).parent / "network"
    edges = libsonata.EdgeStorage(str(folder / "v1_to_v1_edges.h5")).open_population("v1_to_v1")
    onto = edges.afferent_edges([1]).flatten()
    expected = {
        (p.source, int(source))
        for p in network.projections[:4]
        if p.target == "PV"
        for source in p.sources[p.indptr[1] : p.indptr[2]]
    }
    found = edges.source_nodes(libsonata.Selection(onto)).tolist()
    assert {("L2/3 Exc", node - 3) for node in found} == expected
    nodes = libsonata.NodeStorage(str(folder / "v1_nodes.h5")).open_population("v1")
    x = nodes.get_attribute("x", libsonata.Selection([(3, 8)]))
    assert x.tolist() == network.population("L2/3 Exc").nodes["x_um"].tolist()


def test_without_our_own_file_it_is_a_circuit_like_any_other(tmp_path):
    network = points()
    main = network.save(tmp_path / "net", merge=MERGED)
    (main.parent / "allentk.json").unlink()
    other = read_network(main, split="pop_name")
    found = {(p.source.split(".")[-1], p.target.split(".")[-1]): p for p in other.projections}
    for projection in network.projections:
        if not projection.n_edges:
            continue
        same = found[projection.source, projection.target]
        assert same.sources.tolist() == projection.sources.tolist()
        assert same.indptr.tolist() == projection.indptr.tolist()
        assert same.delays_s.tolist() == projection.delays_s.tolist()
        assert same.n_synapses.tolist() == projection.n_synapses.tolist()
        if isinstance(projection, Projection):
            assert same.weights_pa.tolist() == projection.weights_pa.tolist()
            assert np.allclose(same.receptor.parts, projection.receptor.parts)
            assert same.receptor.sign == projection.receptor.sign
        else:
            assert same.weights_mv.tolist() == projection.weights_mv.tolist()
    asc, lif = other.population("v1.L2/3 Exc").point_models
    ours = network.population("L2/3 Exc").point_models
    for read, model in ((asc, ours[0]), (lif, ours[1])):
        for name, value in model.to_dict().items():
            if name != "source":
                assert getattr(read, name) == pytest.approx(value)
    (fire,) = other.population("fire").point_models
    assert (fire.tau_m_s, fire.t_ref_s, fire.th_inf_mv) == (INTFIRE.tau_m_s, 0.003, 1.0)
    assert other.population("LGN").source.trains.times_s.tolist() == (
        network.population("LGN").source.trains.times_s.tolist()
    )


def test_what_the_files_of_nest_and_neuron_say(tmp_path):
    folder = points().save(tmp_path / "net").parent
    parts = folder / "components"
    pv = json.loads((parts / "point_neuron_models" / "PV_0.json").read_text())
    assert pv["tau_syn_fast"] == [5.5, 8.5]
    assert pv["amp_slow"] == [0.0, 0.4]
    fire = json.loads((parts / "point_neuron_models" / "fire_0.json").read_text())
    assert fire == {"tau": pytest.approx(0.024), "type": "NEURON_IntFire1", "refrac": 0.003}
    types = read_sonata(folder).edge_population("PV_to_L2_3_Exc").types
    assert types["model_template"].tolist() == ["static_synapse"]
    with h5py.File(folder / "network" / "PV_to_L2_3_Exc_edges.h5") as file:
        assert (file["edges/PV_to_L2_3_Exc/0/syn_weight"][:] <= 0).all()


class Foreign:
    n_nodes = 1

    def spikes(self, *_):
        return np.empty(0), np.empty(0, int)


def test_what_cannot_be_saved_leaves_nothing(tmp_path):
    one = pd.DataFrame(index=range(1))
    for population, says in [
        (Population("v", (), one, Foreign()), "Replay"),
        (Population("v", (LIF,), one.assign(model_type="x")), "rename"),
        (Population("v", (LIF,), one.assign(word="NULL")), "NULL"),
        (Population("v", (LIF,), pd.DataFrame({"w": [*map(str, range(99)), "NONE"]})), "NONE"),
    ]:
        with pytest.raises(DataError, match=says):
            Network([population]).save(tmp_path / "net")
    with pytest.raises(DataError, match="named twice"):
        points().save(tmp_path / "net", merge={"a": ["PV"], "b": ["PV"]})
    with pytest.raises(DataError, match="virtual"):
        points().save(tmp_path / "net", merge={"a": ["PV", "LGN"]})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_and_the_older_circuit(tmp_path):
    network = points()
    main = network.save(tmp_path / "net")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    n = 200_000
    big = Projection(
        "PV", "PV", [0, n, n, n], np.zeros(n, int), np.linspace(0, 1, n), 0.001, Receptor(0.002, 1)
    )
    larger = Network(network.populations, [*network.projections, big])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(ConfigError, match="cannot write"):
            larger.save(tmp_path / "net", overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert_same(network, read_network(main))


def edited(path, **changes):
    document = json.loads(path.read_text())
    document.update(changes)
    path.write_text(json.dumps(document))


def test_a_component_that_was_edited_is_noticed(tmp_path):
    main = points().save(tmp_path / "net")
    edited(main.parent / "components/point_neuron_models/PV_0.json", C_m=1.0)
    with pytest.raises(FormatError, match=r"changed after.*PV_0\.json"):
        read_network(main)
    assert any("PV_0.json" in one.what for one in validate(main))


def test_our_own_file_runs_nothing(tmp_path):
    main = points().save(tmp_path / "net")
    own = main.parent / "allentk.json"
    document = json.loads(own.read_text())
    for value in (
        "os:system",
        "allentk.network.inputs:np",
        "allentk.network.inputs:check_conductances",
    ):
        edited(own, currents=[{"value": value, "fields": {}}])
        with pytest.raises(FormatError, match="is no value"):
            read_network(main)
    edited(own, **document)
    edited(own, populations=[{}])
    with pytest.raises(FormatError, match="damaged"):
        read_network(main)


def spoilt(folder, kind):
    edges = folder / "network" / "v1_to_v1_edges.h5"
    if kind == "index":
        with h5py.File(edges, "r+") as file:
            file["edges/v1_to_v1/indices/target_to_source/range_to_edge_id"][0] = [1, 3]
    elif kind in ("target", "type"):
        name = {"target": "target_node_id", "type": "edge_type_id"}[kind]
        with h5py.File(edges, "r+") as file:
            file[f"edges/v1_to_v1/{name}"][-1] = 4711
    elif kind in ("syn_weight", "delay"):
        with h5py.File(edges, "r+") as file:
            group = file["edges/v1_to_v1/0"]
            n = file["edges/v1_to_v1/target_node_id"].size
            values = np.full(n, 1.5, np.float32)
            values[-2:] = np.nan if kind == "syn_weight" else -1.0
            if kind in group:
                del group[kind]
            group[kind] = values
    elif kind == "population":
        with h5py.File(edges, "r+") as file:
            file["edges/v1_to_v1/source_node_id"].attrs["node_population"] = "m1"
    elif kind == "magic":
        with h5py.File(edges, "r+") as file:
            del file.attrs["magic"]
    elif kind == "missing":
        (folder / "network" / "v1_node_types.csv").unlink()
    elif kind == "cut":
        edges.write_bytes(edges.read_bytes()[:2000])
    elif kind == "component":
        types = folder / "network" / "v1_node_types.csv"
        types.write_text(types.read_text().replace("v1_0_0.json", "../../../x.json"))
    elif kind == "set":
        (folder / "node_sets.json").write_text(json.dumps({"none": {"pop_name": "nobody"}}))
    elif kind == "report":
        edited(folder / "simulation_config.json", reports={"v": {"cells": {"pop_name": "nobody"}}})


@pytest.mark.parametrize(
    ("kind", "level", "says", "reading"),
    [
        ("index", "FATAL", "index of its targets", False),
        ("target", "FATAL", "target 4711 is not one of the 8 nodes", True),
        ("type", "FATAL", "edge types 4711", True),
        ("syn_weight", "FATAL", "2 values of syn_weight are missing or not finite", True),
        ("delay", "FATAL", "2 values of delay are negative", True),
        ("population", "FATAL", "'m1'", True),
        ("magic", "WARNING", "magic", False),
        ("missing", "FATAL", "there is no such file", True),
        ("cut", "FATAL", "cut off or damaged", True),
        ("component", "FATAL", "leads out of", False),
        ("set", "WARNING", "selects no node", False),
        ("report", "FATAL", "selects no node", False),
    ],
)
def test_circuits_that_are_wrong(tmp_path, kind, level, says, reading):
    main = points().save(tmp_path / "net", merge=MERGED)
    spoilt(main.parent, kind)
    found = [one for one in validate(main) if says in one.what]
    assert [one.level for one in found[:1]] == [level], validate(main)
    if reading:
        with pytest.raises(FormatError):
            read_network(main)


def test_models_of_others_are_named(tmp_path):
    main = points().save(tmp_path / "net")
    (main.parent / "allentk.json").unlink()
    types = main.parent / "network" / "PV_node_types.csv"
    types.write_text(types.read_text().replace("nest:glif_psc_double_alpha", "nest:glif_psc"))
    types.write_text(types.read_text().replace("nest:glif_psc", "nest:iaf_psc_alpha"))
    with pytest.raises(
        FormatError, match="'nest:iaf_psc_alpha' is not one that allentk can simulate"
    ):
        read_network(main)
    assert len(read_sonata(main).population("PV")) == 3


@pytest.mark.parametrize(
    "changes", [{"g": 0}, {"tau_syn_fast": [1.0]}, {"V_reset": "low"}, {"asc_decay": [0.0, 1.0]}]
)
def test_point_neurons_whose_parameters_are_none(tmp_path, changes):
    main = points().save(tmp_path / "net")
    (main.parent / "allentk.json").unlink()
    edited(main.parent / "components/point_neuron_models/L2_3_Exc_0.json", **changes)
    with pytest.raises(FormatError, match=r"L2_3_Exc_0\.json"):
        read_network(main)


def test_a_cell_that_nest_refuses_is_one_of_ours(tmp_path):
    fast = replace(
        LIF, level=2, reset_a=0.3, reset_b_mv=1.0, th_spike_a_mv=1.0, th_spike_b_per_s=0.0
    )
    network = Network([Population("a", (fast,), pd.DataFrame(index=range(1)))])
    with pytest.warns(UserWarning, match="only allentk reads"):
        main = network.save(tmp_path / "net")
    assert_same(network, read_network(main))
    assert validate(main) == []


def test_an_empty_selection_is_an_error(tmp_path):
    circuit = read_sonata(points().save(tmp_path / "net", merge=MERGED))
    assert circuit.select({"pop_name": "PV"})["v1"].tolist() == [0, 1, 2]
    with pytest.raises(FormatError, match="selects no node"):
        circuit.select({"pop_name": "nobody"})
