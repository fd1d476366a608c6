"""Compartmental cells of a published tutorial network against BMTK 1.2 on NEURON 9.

Its four biophysical cells get the spikes of its four point neurons and 25 inputs, through the synapses
that BMTK placed. BMTK divides sections by the 40 um of the models, whatever `dL` its file asks for.
"""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from allentk.data import SpikeTrains
from allentk.io import read_biophysical, read_swc
from allentk.models import BiophysicalModel
from allentk.models.compartments import compartments
from allentk.network import (
    ConductanceProjection,
    Network,
    Population,
    Replay,
    Synapse,
    visual,
)
from allentk.simulation.biophysical.neuron_network import simulate_network_neuron

pytest.importorskip("neuron")
h5py = pytest.importorskip("h5py")

#: Where synapses of an edge type may sit: sections, and um from the soma.
RULES = {
    ("net", 100): (("soma", "dend"), 0, np.inf),
    ("net", 102): (("soma", "dend", "apic"), 0, 50),
    ("net", 104): (("soma", "dend"), 0, np.inf),
    ("net", 106): (("dend", "apic"), 30, 150),
    ("input", 100): (("dend", "apic"), 0, 150),
}


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "network" / "tutorial8_reference"


@pytest.fixture(scope="module")
def parts(shared):
    return shared / "network" / "components"


def model(parts, fit, tree):
    parameters = read_biophysical(json.loads((parts / fit).read_text()), axon="stub")
    return BiophysicalModel(replace(parameters, v_init_mv=-80.0), read_swc(parts / tree))


def replayed(name, times_s, ids, n):
    order = np.argsort(times_s, kind="stable")
    trains = SpikeTrains(times_s[order], ids[order], n)
    return Population(name, (), pd.DataFrame(index=range(n)), Replay(trains))


def edges(folder, name):
    """Placed synapses on the biophysical cells, one row each."""
    with h5py.File(folder / "placed" / f"{name}_net_edges.h5") as file:
        group = file[f"edges/{name}_net"]
        placed = group["edge_group_id"][:] == 0
        row = group["edge_group_index"][:][placed].astype(int)
        columns = {c: group[c][:][placed].astype(int) for c in ("source_node_id", "target_node_id")}
        columns["edge_type_id"] = group["edge_type_id"][:][placed].astype(int)
        for column in ("sec_id", "sec_x", "syn_weight"):
            columns[column] = group["0"][column][:][row]
    return pd.DataFrame(columns)


def projections(folder, parts, name):
    types = pd.read_csv(folder / "network" / f"{name}_net_edge_types.csv", sep=" ")
    types = types.set_index("edge_type_id")
    for kind, rows in edges(folder, name).groupby("edge_type_id"):
        synapse = json.loads((parts / types.dynamics_params[kind]).read_text())
        sections, least, greatest = RULES[name, kind]
        course = Synapse(
            synapse["tau1"] * 1e-3,
            synapse["tau2"] * 1e-3,
            synapse["erev"],
            sections=sections,
            distance_um=(least, greatest),
        )
        point = (rows.source_node_id >= 4) & (name == "net")
        for of_points, some in rows.groupby(point):
            source = "input" if name == "input" else ("points" if of_points else "cells")
            yield ConductanceProjection.from_edges(
                source,
                "cells",
                some.source_node_id - (4 if of_points else 0),
                some.target_node_id,
                some.syn_weight,
                types.delay[kind] * 1e-3,
                course,
                n_targets=4,
                section_ids=some.sec_id,
                section_x=some.sec_x,
            )


@pytest.fixture(scope="module")
def network(folder, parts):
    models = (
        model(parts, "472363762_fit.json", "Scnn1a_473845048_m.swc"),
        model(parts, "472912177_fit.json", "Pvalb_470522102_m.swc"),
    )
    cells = Population("cells", models, pd.DataFrame({"model": [0, 0, 1, 1]}))
    spikes = recorded(folder)
    others = spikes[spikes.node_ids >= 4]
    points = replayed(
        "points", others.timestamps.to_numpy() * 1e-3, others.node_ids.to_numpy() - 4, 4
    )
    with h5py.File(folder / "input_spikes.h5") as file:
        group = file["spikes/input"]
        inputs = replayed("input", group["timestamps"][:] * 1e-3, group["node_ids"][:], 25)
    wires = [*projections(folder, parts, "net"), *projections(folder, parts, "input")]
    return Network([cells, points, inputs], wires)


def recorded(folder):
    return pd.read_csv(folder / "spikes.csv", sep=" ")


def test_the_reference_programs_spikes_and_voltages(folder, network):
    response = simulate_network_neuron(
        network,
        visual.gray(3.0),
        dt_s=1e-4,
        spike_threshold_mv=-15.0,
        record=("voltage_mv:cells:0,1,2,3",),
        progress=False,
    )
    spikes = recorded(folder)
    for cell in range(4):
        expected = np.sort(spikes[spikes.node_ids == cell].timestamps)
        assert response.spikes["cells"].of(cell) * 1e3 == pytest.approx(expected, abs=1e-3)
    with h5py.File(folder / "soma_v.h5") as file:
        reference = file["report/net/data"][:]
    error = np.abs(response.voltage_mv["cells"].to_numpy() - reference)
    # The published NaV begins a little away from its equilibrium, for some milliseconds.
    assert error[:1000].max() < 0.02
    assert error[1000:].max() < 2e-4


def test_the_reference_program_placed_synapses_where_our_rules_do(network):
    models = network.population("cells").compartmental_models
    trees = [compartments(model.morphology, axon="stub") for model in models]
    total = outside = 0
    for projection in network.projections:
        allowed = [set(projection.synapse.allowed(tree).tolist()) for tree in trees]
        least, greatest = projection.synapse.distance_um
        for node, section, x in zip(
            projection.targets, projection.section_ids, projection.section_x, strict=True
        ):
            tree = trees[node // 2]
            at = tree.at(int(section), float(x))
            assert tree.x[at] == pytest.approx(x, abs=1e-9)
            # BMTK takes a segment that the range reaches into, we one whose middle lies in it.
            assert least - 20 <= tree.path_um[at] <= greatest + 20
            total += 1
            outside += at not in allowed[node // 2]
    assert total == 649
    assert outside <= 0.03 * total
