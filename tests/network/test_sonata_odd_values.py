"""Odd values in a circuit of another program: all end in a FormatError that names the place."""

import json
import shutil

import h5py
import numpy as np
import pytest

from allentk.errors import FormatError
from allentk.io.sonata.types import read_types, write_types
from allentk.network.sonata_check import validate
from allentk.network.sonata_ids import sonata_ids
from allentk.network.sonata_own import OWN
from allentk.network.sonata_read import read_network
from tests.network.sonata_networks import points, trees


def foreign(network, folder):
    """Save a network as another program would have: without what allentk writes beside it."""
    network.save(folder)
    (folder / OWN).unlink()
    return folder


@pytest.fixture(scope="module")
def circuits(tmp_path_factory):
    base = tmp_path_factory.mktemp("circuits")
    made = {"points": points(), "placed": trees(placed=True), "trees": trees(placed=False)}
    return {name: foreign(network, base / name) for name, network in made.items()}


@pytest.fixture
def circuit(circuits, tmp_path):
    """Return what copies a circuit."""

    def copied(name):
        return shutil.copytree(circuits[name], tmp_path / name)

    return copied


def typed(folder, file, **columns):
    path = folder / "network" / file
    key = "edge_type_id" if "edge" in file else "node_type_id"
    write_types(path, read_types(path, key).assign(**columns), key)


def put(folder, file, group, name, values):
    with h5py.File(folder / "network" / file, "r+") as opened:
        if name in opened[group]:
            del opened[group][name]
        if values is not None:
            opened[group][name] = values


@pytest.mark.parametrize(
    ("column", "word", "says"),
    [
        ("distance_range", "['a', 1]", "'distance_range' must be a number, got 'a'"),
        ("distance_range", "[null, 1]", "'distance_range' must be a number, got None"),
        ("distance_range", "[" * 100_000, "expected a list"),
        ("target_sections", "[['somatic']]", "target_sections"),
        ("target_sections", "{}", "target_sections"),
        ("syn_weight", "abc", "syn_weight of type 100 must be a number, got 'abc'"),
        ("syn_weight", "1e39", "syn_weight of 1e"),
        ("syn_weight", None, "no syn_weight"),
        ("nsyns", "2.5", "whole numbers in 1..65535, got 2.5"),
        ("nsyns", "0", "whole numbers in 1..65535, got 0"),
        ("nsyns", "abc", "nsyns of type 100 must be a number"),
    ],
)
def test_a_type_of_edges(circuit, column, word, says):
    folder = circuit("trees")
    typed(folder, "fire_to_pyr_edge_types.csv", **{column: word})
    with pytest.raises(FormatError, match=says):
        read_network(folder)
    if column == "syn_weight" and word != "1e39":
        assert any("6 values of syn_weight are missing" in one.what for one in validate(folder))


@pytest.mark.parametrize("section", [2**32, 1.5, np.inf, -1])
def test_a_section_that_is_no_number_of_one(circuit, section):
    folder = circuit("placed")
    put(folder, "pyr_to_pyr_edges.h5", "edges/pyr_to_pyr/0", "afferent_section_id",
        np.full(9, section))  # fmt: skip
    with pytest.raises(FormatError, match="afferent_section_id must be a whole number"):
        read_network(folder)


def test_a_section_without_a_position(circuit):
    folder = circuit("placed")
    for name in ("afferent_section_pos", "sec_x"):
        put(folder, "pyr_to_pyr_edges.h5", "edges/pyr_to_pyr/0", name, None)
    with pytest.raises(FormatError, match="belong together"):
        read_network(folder)


def test_weights_that_are_text(circuit):
    folder = circuit("trees")
    put(folder, "fire_to_pyr_edges.h5", "edges/fire_to_pyr/0", "syn_weight", np.array([b"a"] * 6))
    with pytest.raises(FormatError, match="syn_weight must be numbers, got text"):
        read_network(folder)
    assert any("6 values of syn_weight" in one.what for one in validate(folder))


@pytest.mark.parametrize(
    ("file", "field", "says"),
    [
        ("receptor_1", {"receptor_type": 1.5}, "receptor_type must be a whole number, got 1.5"),
        ("receptor_1", {"receptor_type": float("inf")}, "receptor_type must be a whole number"),
        ("instantaneous_exc", {"sign": 0}, "must be 1 or -1, got 0"),
        ("instantaneous_exc", {"sign": float("nan")}, "must be 1 or -1, got nan"),
    ],
)
def test_parameters_of_a_synapse(circuit, file, field, says):
    folder = circuit("points")
    path = folder / "components/synaptic_models" / f"{file}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | field))
    with pytest.raises(FormatError, match=says):
        read_network(folder)


@pytest.mark.parametrize("column", ["x", "tuning_angle_deg"])
def test_a_place_that_is_a_word(circuit, column):
    folder = circuit("points")
    typed(folder, "PV_node_types.csv", **{column: "abc"})
    with pytest.raises(FormatError, match="must be numbers, got 'abc'"):
        read_network(folder)


def test_two_columns_for_one_place(circuit):
    folder = circuit("points")
    put(folder, "L2_3_Exc_nodes.h5", "nodes/L2_3_Exc/0", "x_um", np.zeros(5))
    with pytest.raises(FormatError, match="columns twice: \\['x_um'\\]"):
        read_network(folder)


def test_ids_of_virtual_nodes_may_be_large(circuit):
    """No memory is taken for ids that no node has; spikes go to the node of their id."""
    folder = circuit("points")
    ids = np.array([7, 10**12, 3, 0])
    put(folder, "LGN_nodes.h5", "nodes/LGN", "node_id", ids)
    for file in ("LGN_to_L2_3_Exc", "LGN_to_fire"):
        with h5py.File(folder / f"network/{file}_edges.h5", "r+") as opened:
            held = opened[f"edges/{file}/source_node_id"]
            held[...] = ids[held[...].astype(int)]
    path = folder / "inputs/LGN_spikes.h5"
    with h5py.File(path, "r+") as opened:
        held = opened["spikes/LGN/node_ids"]
        held[...] = ids[held[...].astype(int)]
    read = read_network(folder).population("LGN").source.trains
    given = points().population("LGN").source.trains
    assert read.ids.tolist() == given.ids.tolist()
    assert read.times_s == pytest.approx(given.times_s)
    with h5py.File(path, "r+") as opened:
        opened["spikes/LGN/node_ids"][0] = 4
    with pytest.raises(FormatError, match="spikes of node 4, which 'LGN' does not have"):
        read_network(folder)


@pytest.mark.parametrize(
    ("field", "says"),
    [({"n": 10**13}, "which has 5"), ({"n": "x"}, "which has 5"), ({"first": -1}, "which has 5")],
)
def test_our_own_file_with_other_numbers_of_nodes(tmp_path, field, says):
    folder = points().save(tmp_path / "net").parent
    document = json.loads((folder / OWN).read_text())
    document["populations"][0] |= field
    (folder / OWN).write_text(json.dumps(document))
    for read in (read_network, sonata_ids):
        with pytest.raises(FormatError, match=says):
            read(folder)


def test_our_own_file_with_a_number_without_end(tmp_path):
    folder = points().save(tmp_path / "net").parent
    document = json.loads((folder / OWN).read_text())
    document["projections"][0]["type"] = float("inf")
    (folder / OWN).write_text(json.dumps(document))
    with pytest.raises(FormatError, match="damaged"):
        read_network(folder)
