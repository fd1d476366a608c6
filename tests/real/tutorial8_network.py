"""The published tutorial network of eight cells, as BMTK 1.2 placed its synapses and drove it.

Cells 0 to 3 have compartments (two Scnn1a, two PV1), 4 to 7 are points (two LIF_exc, two LIF_inh). In its
files ``sec_id`` counts sections from 0, as `allentk.models.compartments` does; weights of points are of
all synapses of an edge together, and signed.
"""

import json
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd

from allentk.data import SpikeTrains
from allentk.io import read_biophysical, read_swc
from allentk.models import BiophysicalModel, GLIFParameters
from allentk.network import (
    ConductanceProjection,
    JumpProjection,
    Network,
    Population,
    Replay,
    Synapse,
)

#: Where synapses of an edge type may sit: sections, and um from the soma.
RULES = {
    ("net", 100): (("soma", "dend"), 0, np.inf),
    ("net", 102): (("soma", "dend", "apic"), 0, 50),
    ("net", 104): (("soma", "dend"), 0, np.inf),
    ("net", 106): (("dend", "apic"), 30, 150),
    ("input", 100): (("dend", "apic"), 0, 150),
}


def network(folder, parts):
    """Return the network; `folder` and `parts` hold its files and those of its cells."""
    inputs = Population("input", (), pd.DataFrame(index=range(25)), Replay(_input(folder)))
    wires = [*_projections(folder, parts, "net"), *_projections(folder, parts, "input")]
    return Network([cells(parts), points(parts), inputs], wires, name="tutorial8")


def cells(parts):
    models = (
        _model(parts, "472363762_fit.json", "Scnn1a_473845048_m.swc"),
        _model(parts, "472912177_fit.json", "Pvalb_470522102_m.swc"),
    )
    return Population("cells", models, pd.DataFrame({"model": [0, 0, 1, 1]}))


def points(parts):
    return Population(
        "points",
        (_point(parts, "IntFire1_exc_1.json"), _point(parts, "IntFire1_inh_1.json")),
        pd.DataFrame({"model": [0, 0, 1, 1]}),
    )


def recorded(folder):
    """Return the spikes of the reference program: timestamps in ms, node_ids."""
    return pd.read_csv(folder / "spikes.csv", sep=" ")


def soma_voltages(folder):
    """Return voltages of the reference program, one column per cell."""
    with h5py.File(folder / "soma_v.h5") as file:
        return file["report/net/data"][:]


def _model(parts, fit, tree):
    parameters = read_biophysical(json.loads((parts / fit).read_text()), axon="stub")
    return BiophysicalModel(replace(parameters, v_init_mv=-80.0), read_swc(parts / tree))


def _point(parts, name):
    """Return an IntFire1 as a leaky cell with a threshold of 1 mV."""
    given = json.loads((parts / name).read_text())
    return GLIFParameters(
        level=1,
        C_pf=given["tau"] * 1e4,
        R_mohm=100.0,
        E_L_mv=0.0,
        th_inf_mv=1.0,
        t_ref_s=given["refrac"],
    )


def _input(folder):
    with h5py.File(folder / "input_spikes.h5") as file:
        times = file["spikes/input/timestamps"][:] * 1e-3
        ids = file["spikes/input/node_ids"][:]
    order = np.argsort(times, kind="stable")
    return SpikeTrains(times[order], ids[order], 25)


def _edges(folder, name):
    """Return the synapses on cells and the edges to points, one row each."""
    with h5py.File(folder / "placed" / f"{name}_net_edges.h5") as file:
        group = file[f"edges/{name}_net"]
        columns = {
            one: group[one][:].astype(int)
            for one in ("source_node_id", "target_node_id", "edge_type_id", "edge_group_id")
        }
        rows = group["edge_group_index"][:].astype(int)
        for one in ("sec_id", "sec_x", "syn_weight"):
            values = np.full(rows.size, -1.0)
            for number in (0, 1):
                mine = columns["edge_group_id"] == number
                if one in group[str(number)]:
                    values[mine] = group[f"{number}/{one}"][:][rows[mine]]
            columns[one] = values
    return pd.DataFrame(columns)


def _projections(folder, parts, name):
    types = pd.read_csv(folder / "network" / f"{name}_net_edge_types.csv", sep=" ")
    types = types.set_index("edge_type_id")
    edges = _edges(folder, name)
    edges["of_points"] = (edges.source_node_id >= 4) & (name == "net")
    for (kind, of_points), rows in edges.groupby(["edge_type_id", "of_points"]):
        source = "input" if name == "input" else ("points" if of_points else "cells")
        ends = source, rows.source_node_id - (4 if of_points else 0)
        delay_s = types.delay[kind] * 1e-3
        if (name, kind) in RULES:
            course = _synapse(parts / types.dynamics_params[kind], RULES[name, kind])
            yield _conductances(ends, rows, delay_s, course)
        else:
            yield _jumps(ends, rows, delay_s)


def _synapse(path, rule):
    given = json.loads(path.read_text())
    sections, least, greatest = rule
    return Synapse(
        given["tau1"] * 1e-3,
        given["tau2"] * 1e-3,
        given["erev"],
        sections=sections,
        distance_um=(least, greatest),
    )


def _conductances(ends, rows, delay_s, course):
    return ConductanceProjection.from_edges(
        ends[0],
        "cells",
        ends[1],
        rows.target_node_id,
        rows.syn_weight,
        delay_s,
        course,
        n_targets=4,
        section_ids=rows.sec_id.astype(int),
        section_x=rows.sec_x,
    )


def _jumps(ends, rows, delay_s):
    sign = int(np.sign(rows.syn_weight.iloc[0]))
    return JumpProjection.from_edges(
        ends[0],
        "points",
        ends[1],
        rows.target_node_id - 4,
        rows.syn_weight,
        delay_s,
        sign,
        n_targets=4,
    )
