"""SONATA files and plain tables: the two dialects, damaged files, and what libsonata makes of ours."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allentk.data import SpikeTrains
from allentk.errors import ConfigError, DataError, FormatError
from allentk.io.sonata import (
    EdgeWriter,
    ElementReport,
    NodeTable,
    edge_index,
    read_config,
    read_edges,
    read_nodes,
    read_report,
    read_spikes,
    read_types,
    select_nodes,
    whole_folder,
    write_nodes,
    write_report,
    write_spikes,
    write_types,
)
from allentk.io.sonata.edge_index import check_index
from allentk.io.sonata.layout import component, create_hdf5

libsonata = pytest.importorskip("libsonata")


def edges_file(path, sources, targets, n_sources, n_targets, **columns):
    """Write edges of one type, with both indices."""
    sources, targets = np.asarray(sources), np.asarray(targets)
    held = {name: np.asarray(values) for name, values in columns.items()}
    dtypes = {name: values.dtype for name, values in held.items()}
    with create_hdf5(path) as file:
        writer = EdgeWriter(file, "e", "a", "b", {0: sources.size}, {0: dtypes})
        writer.append(sources, targets, 100, held)
        writer.finish(n_sources, n_targets)
    return path


def test_libsonata_finds_the_edges_of_every_node(tmp_path):
    rng = np.random.default_rng(0)
    targets, sources = np.sort(rng.integers(0, 30, 400)), rng.integers(0, 20, 400)
    weights = rng.random(400, dtype=np.float32)
    path = edges_file(tmp_path / "e.h5", sources, targets, 20, 31, syn_weight=weights)
    edges = libsonata.EdgeStorage(str(path)).open_population("e")
    for node in (0, 7, 30):
        assert (
            edges.afferent_edges([node]).flatten().tolist()
            == np.flatnonzero(targets == node).tolist()
        )
    for node in (0, 3, 19):
        assert (
            edges.efferent_edges([node]).flatten().tolist()
            == np.flatnonzero(sources == node).tolist()
        )
    chosen = libsonata.Selection([(0, 400)])
    assert edges.get_attribute("syn_weight", chosen).tolist() == weights.tolist()
    assert (edges.source, edges.target) == ("a", "b")


@settings(max_examples=8, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), max_size=40),
    ordered=st.booleans(),
    bounds=st.tuples(st.integers(0, 6), st.integers(0, 6)),
)
def test_any_edges_are_found_by_either_end(tmp_path_factory, pairs, ordered, bounds):
    pairs = sorted(pairs, key=lambda pair: pair[1]) if ordered else pairs
    sources, targets = np.array(pairs, dtype=int).reshape(-1, 2).T
    path = edges_file(tmp_path_factory.mktemp("e") / "e.h5", sources, targets, 7, 6)
    (edges,) = read_edges(path)
    first, last = min(bounds), max(bounds)
    onto = edges.onto(first, last).index
    assert sorted(onto) == np.flatnonzero((targets >= first) & (targets < last)).tolist()
    out = edges.out_of(first, last).index
    assert sorted(out) == np.flatnonzero((sources >= first) & (sources < last)).tolist()
    with h5py.File(path, "r+") as file:
        assert check_index(file["edges/e"], "source", "") == ""
        del file["edges/e/indices"]
    assert edges.onto(first, last).index.tolist() == sorted(onto)


def test_an_index_is_made_in_blocks_of_nodes(tmp_path, monkeypatch):
    from allentk.io.sonata import edge_index

    monkeypatch.setattr(edge_index, "_BLOCK", 50)
    monkeypatch.setattr(edge_index, "_PASSES", 1000)
    monkeypatch.setattr(edge_index, "_HELD", 0)
    monkeypatch.setattr(edge_index, "CHUNK", 64)
    rng = np.random.default_rng(1)
    targets, sources = np.sort(rng.integers(0, 30, 1000)), rng.integers(0, 20, 1000)
    path = edges_file(tmp_path / "e.h5", sources, targets, 20, 30)
    edges = libsonata.EdgeStorage(str(path)).open_population("e")
    for node in range(20):
        assert (
            edges.efferent_edges([node]).flatten().tolist()
            == np.flatnonzero(sources == node).tolist()
        )


def test_indices_of_both_dialects_are_one_dataset(tmp_path):
    path = edges_file(tmp_path / "e.h5", [0, 1], [0, 1], 2, 2, afferent_section_id=[3, 4])
    with h5py.File(path) as file:
        for index in ("source_to_target", "target_to_source"):
            group = file[f"edges/e/indices/{index}"]
            assert group["node_id_to_range"] == group["node_id_to_ranges"]
        assert file["edges/e/0/sec_id"] == file["edges/e/0/afferent_section_id"]
        assert file.attrs["magic"] == 0x0A7A
        assert file["edges/e/source_node_id"].chunks is None


def test_an_index_that_lies_is_not_followed(tmp_path):
    path = edges_file(tmp_path / "e.h5", [0, 1, 2], [0, 1, 2], 3, 3)
    (edges,) = read_edges(path)
    with h5py.File(path, "r+") as file:
        spans = file["edges/e/indices/target_to_source/range_to_edge_id"]
        spans[0] = [1, 2]
        assert "edge 1" in check_index(file["edges/e"], "target", "") or spans
    with pytest.raises(FormatError, match="index leads"):
        edges.onto(0, 1)
    with h5py.File(path, "r+") as file:
        file["edges/e/indices/target_to_source/range_to_edge_id"][0] = [0, 2**40]
    with pytest.raises(FormatError, match="out of its 3 edges"):
        edges.onto(0, 1)


@pytest.mark.parametrize(
    ("table", "rows", "says"),
    [
        ("range_to_edge_id", [[2, 1], [1, 2], [2, 4]], "backwards"),
        ("range_to_edge_id", [[0, 1], [0, 2], [2, 4]], "gives edge 0 to node 1"),
        ("range_to_edge_id", [[0, 1], [1, 2], [2, 3]], "covers 3 of 4"),
        ("range_to_edge_id", [[0, 1], [1, 2], [2, 9]], "leads out"),
        ("node_id_to_ranges", [[0, 1], [0, 3], [2, 3]], "to two nodes"),
        ("node_id_to_ranges", [[1, 2], [0, 1], [2, 3]], "gives edge 0 to node 1"),
        ("node_id_to_ranges", [[0, 1], [1, 2], [2, 9]], "names row 9"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 2, 1 << 21])
def test_what_is_wrong_with_an_index(tmp_path, monkeypatch, table, rows, says, chunk):
    path = edges_file(tmp_path / "e.h5", [0, 0, 0, 0], [0, 1, 2, 2], 1, 3)
    monkeypatch.setattr(edge_index, "CHUNK", chunk)
    with h5py.File(path, "r+") as file:
        population = file["edges/e"]
        assert (
            check_index(population, "target", "x") == check_index(population, "source", "x") == ""
        )
        population[f"indices/target_to_source/{table}"][...] = rows
        assert says in check_index(population, "target", "x")


def nodes():
    table = pd.DataFrame(
        {
            "node_id": [0, 1, 2],
            "node_type_id": [100, 100, 101],
            "x": [0.5, 1.5, np.nan],
            "word": ["a", "b", None],
        }
    )
    types = pd.DataFrame(
        {"ei": ["e", "i"], "x": ["7", "8"], "note": ["two words", 'a "quoted" one']},
        index=pd.Index([100, 101], name="node_type_id"),
        dtype=object,
    )
    return NodeTable("v1", table, types)


def test_nodes_read_back_and_stand_over_their_types(tmp_path):
    table = nodes()
    write_nodes(tmp_path / "n.h5", (table,))
    write_types(tmp_path / "n.csv", table.types, "node_type_id")
    (read,) = read_nodes(tmp_path / "n.h5", tmp_path / "n.csv")
    pd.testing.assert_frame_equal(read.types, table.types)
    merged = read.table()
    assert merged["x"].tolist() == [0.5, 1.5, 8.0]
    assert merged["word"].tolist()[:2] == ["a", "b"]
    assert merged["word"].isna()[2]
    assert merged["note"].tolist() == ["two words", "two words", 'a "quoted" one']
    theirs = libsonata.NodeStorage(str(tmp_path / "n.h5")).open_population("v1")
    assert theirs.get_attribute("word", libsonata.Selection([0, 1])).tolist() == ["a", "b"]
    with h5py.File(tmp_path / "n.h5", "r+") as file:
        del file["nodes/v1/node_id"]
    (read,) = read_nodes(tmp_path / "n.h5")
    assert read.ids.tolist() == [0, 1, 2]


def test_nodes_of_several_groups(tmp_path):
    with create_hdf5(tmp_path / "n.h5") as file:
        group = file.create_group("nodes/v1")
        group["node_type_id"] = [1, 1, 2]
        group["node_group_id"], group["node_group_index"] = [1, 0, 0], [0, 1, 0]
        group["0/x"], group["1/y"] = [1.0, 2.0], [5.0]
        group["1/dynamics_params/tau"] = [9.0]
    (read,) = read_nodes(tmp_path / "n.h5")
    assert read.nodes["x"].tolist()[1:] == [2.0, 1.0]
    assert np.isnan(read.nodes["x"][0])
    assert read.nodes["y"][0] == 5.0
    assert read.nodes["dynamics_params/tau"][0] == 9.0


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda g: g.__delitem__("node_type_id"), "node_type_id"),
        (lambda g: g["node_group_index"].__setitem__(0, 99), "reaches"),
        (lambda g: g["node_group_id"].__setitem__(0, 9), "no group"),
        (lambda g: (g.__delitem__("node_id"), g.__setitem__("node_id", [0, -1, 2])), "negative"),
        (lambda g: (g.__delitem__("node_id"), g.__setitem__("node_id", [0, 0, 2])), "twice"),
        (
            lambda g: (g.__delitem__("node_id"), g.__setitem__("node_id", ["x", "y", "z"])),
            "numbers",
        ),
        (
            lambda g: (
                g.__delitem__("node_id"),
                g.create_dataset("node_id", (2**40,), "u8", chunks=(1024,)),
            ),
            "claims",
        ),
    ],
)
def test_damaged_nodes(tmp_path, spoil, says):
    path = write_nodes(tmp_path / "n.h5", (nodes(),))
    with h5py.File(path, "r+") as file:
        spoil(file["nodes/v1"])
    with pytest.raises(FormatError, match=says):
        read_nodes(path)


def test_files_cut_off(tmp_path):
    path = edges_file(tmp_path / "e.h5", np.zeros(5000, int), np.zeros(5000, int), 1, 1)
    whole = path.read_bytes()
    for length in (0, 100, 3000, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            read_edges(path)[0].read()


def test_tables_of_types_that_are_none(tmp_path):
    path = tmp_path / "t.csv"
    for text, says in [
        ("", "expected a column"),
        ("a,b\n1,2\n", "separated by blanks"),
        ("node_type_id a\n1\n", "expected 2 words"),
        ("node_type_id a\n1 x\n1 y\n", "occurs twice"),
        ("node_type_id a\nq x\n", "whole number"),
        ("node_type_id a\n-1 x\n", "0 or more"),
    ]:
        path.write_text(text)
        with pytest.raises(FormatError, match=says):
            read_types(path, "node_type_id")
    with pytest.raises(DataError, match="NULL"):
        write_types(path, pd.DataFrame({"a": ["NULL"]}, index=[1]), "node_type_id")


def test_components_stay_in_their_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "in" / "ok.json").write_text("{}")
    assert component(tmp_path / "in", "ok.json", "w", "k").name == "ok.json"
    for name in (
        "../secret.json",
        str(tmp_path / "secret.json"),
        "in/../../secret.json",
        "\0",
        "",
        ".",
    ):
        with pytest.raises(FormatError):
            component(tmp_path / "in", name, "w", "k")


def test_spikes_of_every_age(tmp_path):
    trains = SpikeTrains(np.array([0.1, 0.3, 1 / 3]), np.array([2, 0, 1]), 4)
    path = write_spikes({"v1": trains, "lgn": trains}, tmp_path / "s.h5")
    theirs = libsonata.SpikeReader(str(path))["v1"]
    assert theirs.sorting == "by_time"
    assert theirs.get()[0] == (2, pytest.approx(100.0))
    read = read_spikes(path, "lgn", n_nodes=4)
    assert read.times_s.tolist() == trains.times_s.tolist()
    with pytest.raises(FormatError, match="name one"):
        read_spikes(path)
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file["spikes/gids"], file["spikes/timestamps"] = [3, 1], [20.0, 10.0]
        file["spikes"].attrs["sorting"] = "by_gid"
    old = read_spikes(tmp_path / "old.h5", "anyone")
    assert (old.times_s.tolist(), old.ids.tolist()) == ([0.01, 0.02], [1, 3])
    with pytest.raises(FormatError, match="nodes 0 to 1"):
        read_spikes(tmp_path / "old.h5", n_nodes=2)
    with pytest.warns(UserWarning, match="libsonata"):
        packed = write_spikes({"v1": trains}, tmp_path / "z.h5", compression="gzip")
    assert len(read_spikes(packed)) == 3


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0, 1e6), max_size=30))
def test_times_keep_every_digit(tmp_path_factory, times):
    trains = SpikeTrains(np.sort(times), np.zeros(len(times), int), 1)
    path = write_spikes({"p": trains}, tmp_path_factory.mktemp("s") / "s.h5")
    assert read_spikes(path, "p", n_nodes=1).times_s.tolist() == trains.times_s.tolist()


def test_reports(tmp_path):
    data = np.arange(12.0).reshape(4, 3)
    report = ElementReport(
        "v1", data, [5, 2, 5], [0, 1, 3], [0.5, 0.25, 0.75], 0.1, 1e-3, "v", "mV"
    )
    path = write_report(report, tmp_path / "r.h5")
    theirs = libsonata.ElementReportReader(str(path))["v1"]
    assert theirs.get_node_ids() == [2, 5]
    assert (theirs.data_units, theirs.time_units) == ("mV", "ms")
    assert theirs.times == pytest.approx((100.0, 104.0, 1.0))
    assert theirs.get(node_ids=[2]).data.ravel().tolist() == data[:, 1].tolist()
    read = read_report(path)
    assert read.to_dataframe()[5].to_numpy().tolist() == data[:, [0, 2]].tolist()
    part = read_report(path, nodes=[2], start_s=0.101, stop_s=0.103)
    assert part.data.tolist() == [[4.0], [7.0]]
    with pytest.raises(FormatError, match="nothing selected"):
        read_report(path, nodes=[77])
    with h5py.File(path, "r+") as file:
        mapping = file["report/v1/mapping"]
        pointers = mapping["index_pointers"][:-1]
        del mapping["index_pointers"], mapping["index_pointer"]
        mapping["index_pointer"] = pointers
    assert read_report(path).node_ids.tolist() == read.node_ids.tolist()
    with h5py.File(path, "r+") as file:
        file["report/v1/mapping/index_pointer"][0] = 2
    with pytest.raises(FormatError, match="must rise"):
        read_report(path)


def test_node_sets():
    tables = [nodes()]
    sets = {
        "exc": {"ei": "e"},
        "some": {"ei": ["e", "i"], "node_id": [0, 2]},
        "both": ["exc", "some"],
    }
    assert select_nodes("exc", tables, sets)["v1"].tolist() == [0, 1]
    assert select_nodes("some", tables, sets)["v1"].tolist() == [0, 2]
    assert select_nodes("both", tables, sets)["v1"].tolist() == [0, 1, 2]
    assert select_nodes({"population": "v1", "ei": "i"}, tables, {})["v1"].tolist() == [2]
    assert select_nodes({"ei": "x"}, tables, {}) == {}
    for wanted, says in [
        ("none", "no node set"),
        ({"nothing": 1}, "no population has"),
        ({"population": "m1"}, "no population"),
        ("loop", "contains itself"),
    ]:
        with pytest.raises(FormatError, match=says):
            select_nodes(wanted, tables, {"loop": ["loop"]})


def test_node_sets_of_other_programs_are_refused():
    for wanted in ({"x": {"$gt": 1}}, {"x": [[1]]}, {"population": {"a": 1}}, {"population": 3}):
        with pytest.raises(FormatError):
            select_nodes(wanted, [nodes()], {})


def write(path, document):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def test_configurations(tmp_path):
    files = {"nodes_file": "$N/v1.h5", "node_types_file": "${configdir}/t.csv"}
    networks = {"nodes": [files, {**files, "enabled": False}]}
    manifest = {"$BASE": "..", "$N": "$BASE/net"}
    write(tmp_path / "a" / "circuit.json", {"manifest": manifest, "networks": networks})
    simulation = {"network": "../a/circuit.json", "run": {"tstop": 1.0}}
    write(tmp_path / "b" / "sim.json", simulation)
    both = write(
        tmp_path / "config.json", {"network": "a/circuit.json", "simulation": "b/sim.json"}
    )
    config = read_config(both)
    assert [one.file for one in config.nodes] == [tmp_path / "net" / "v1.h5"]
    assert config.nodes[0].types == tmp_path / "a" / "t.csv"
    assert config.run == {"tstop": 1.0}
    for manifest, says in [({}, r"\$N"), ({"$N": "$N/x"}, "circle")]:
        wrong = write(tmp_path / "wrong.json", {"manifest": manifest, "networks": networks})
        with pytest.raises(FormatError, match=says):
            read_config(wrong)
    with pytest.raises(FormatError, match="networks"):
        read_config(write(tmp_path / "empty.json", {}))
    lost = write(tmp_path / "lost.json", {"network": "gone.json"})
    with pytest.raises(FormatError, match=r"lost\.json names"):
        read_config(lost)


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "net"
    with pytest.raises(ZeroDivisionError), whole_folder(target) as part:  # noqa: PT012
        (part / "half").write_text("x")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    for text in ("{}", "[]"):
        with whole_folder(target, overwrite=True) as part:
            (part / "circuit_config.json").write_text(text)
    assert [one.name for one in tmp_path.iterdir()] == ["net"]
    assert (target / "circuit_config.json").read_text() == "[]"
    with pytest.raises(ConfigError, match="overwrite"), whole_folder(target):
        pass
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    replaced = whole_folder(tmp_path / "mine", overwrite=True)
    with pytest.raises(ConfigError, match="no circuit_config"), replaced:
        pass
    assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize("name", ["L2/3 Exc", "", "..", "/exc"])
def test_a_population_whose_name_is_a_path_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="a population cannot be called"):
        write_spikes({name: SpikeTrains([0.1], [0], 1)}, tmp_path / "spikes.h5")
    assert list(tmp_path.iterdir()) == []
