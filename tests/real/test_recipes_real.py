"""The tables of the recipes against the files that they were published in."""

import ast
import json

import h5py
import numpy as np
import pandas as pd
import pytest

import allentk as atk
from allentk.io import read_biophysical
from allentk.network import ConductanceProjection, JumpProjection, recipes
from allentk.network.recipes.layer4_numbers import (
    BACKGROUND,
    FIELDS,
    GLIF,
    INT_FIRE,
    KINDS,
    SEEDS,
    SYNAPSES,
    VARIANTS,
)
from allentk.network.recipes.tutorial8_cells import synthetic_cells

SECTION = {"somatic": "soma", "basal": "dend", "apical": "apic"}
ROWS = {"lgn": "LGN_exc", "exc": "exc", "waves": "tw_exc", "inh": "inh"}


@pytest.fixture(scope="module")
def published(shared):
    return json.loads((shared / "network" / "l4" / "l4_model.json").read_text())


def far(value):
    return np.inf if value > 1e10 else value


def test_counts_and_seeds(published):
    assert {kind.name: kind.n for kind in KINDS} == published["counts"]
    assert {n: published["seeds"][f"ll{n}"] for n in (1, 2, 3)} == SEEDS


def test_chances(published):
    for variant, (chances, _) in VARIANTS.items():
        given = published["connect"]["LL_LR" if variant[0] == "L" else "RR_RL"]
        for name, pair in (("EE", (True, True)), ("EI", (True, False)), ("IE", (False, True)),
                           ("II", (False, False))):  # fmt: skip
            assert (chances[pair].peak, chances[pair].reach_um) == (
                given[name]["d_weight"][1],
                given[name]["d_max"],
            )
            tuned = given[name].get("t_weight")
            line = chances[pair].tuning
            assert (line and [line.opposite, line.same]) == tuned


def test_weights_synapses_and_places(published):
    for kind in KINDS:
        for row, name in ROWS.items():
            given = published["synapses"][kind.name][name]
            assert getattr(kind.weights, row) == pytest.approx(given["w"])
            assert given["delay"] == 2.0
            if not kind.core:
                continue
            synapse = SYNAPSES[row, kind.excitatory]
            assert synapse.reversal_mv == given["e"]
            times = (synapse.tau_rise_s * 1e3, synapse.tau_decay_s * 1e3)
            assert times == pytest.approx((given["tau1"], given["tau2"]))
            assert synapse.sections == tuple(SECTION[s] for s in given["sec"])
            assert synapse.distance_um == tuple(far(x) for x in given["dcutoff"])


def test_lif_cells_fields_and_background(published):
    for name, excitatory in (("LIF_exc", True), ("LIF_inh", False)):
        given = published["lif"][name]
        assert INT_FIRE[excitatory].tau_m_s * 1e3 == pytest.approx(given["tau"])
        assert INT_FIRE[excitatory].t_ref_s * 1e3 == given["refrac"]
    mapping, waves = published["lgn"]["mapping"], published["tw"]
    exc = mapping["exc"]
    assert [list(FIELDS.apart_deg), list(FIELDS.width_deg), list(FIELDS.aspect), FIELDS.most] == [
        exc["centers_distance"], exc["width"], exc["aspect"], exc["top_n"]
    ]  # fmt: skip
    assert (FIELDS.most_round, FIELDS.n_synapses) == (mapping["inh"]["top_n"], mapping["n_syn"])
    assert (BACKGROUND.n, list(BACKGROUND.rate_hz), BACKGROUND.reach_um) == (
        waves["n"], waves["f"], waves["d_cutoff"]
    )  # fmt: skip
    assert dict(BACKGROUND.n_synapses) == {int(n): p for n, p in waves["nsyn_prob"].items()}
    for name, limits in (("t_up", BACKGROUND.up_s), ("t_between", BACKGROUND.between_s)):
        assert sum(limits) / 2 * 1e3 == pytest.approx(waves[name])
        assert (limits[1] - limits[0]) * 1e3 == pytest.approx(waves[f"{name}_fluct"])


def test_the_authors_own_small_instance(shared):
    path = shared / "network" / "l4" / "si2_test_450cells.csv"
    theirs = pd.read_csv(path, sep=r"\s+", na_values="None")
    ours = recipes.layer4(scale=0.01, rule="density")
    for kind in KINDS:
        rows, nodes = theirs[theirs["type"] == kind.name], ours.population(kind.name).nodes
        assert abs(len(rows) - len(nodes)) <= 1
        for places in (rows.rename(columns="{}_um".format), nodes):
            away = np.hypot(places["x_um"], places["y_um"])
            assert away.between(*((0, 398.943) if kind.core else (398.942, 846.285))).all()
            assert places["z_um"].between(-50, 50).all()
        if kind.excitatory and len(rows) == len(nodes):
            assert nodes["tuning_angle_deg"].to_numpy() == pytest.approx(rows["tuning"])
        assert rows["tuning"].isna().all() == (not kind.excitatory)


def test_point_models_are_the_published_ones(shared):
    table = pd.read_csv(shared / "models" / "glif" / "teeter2018_all_levels.csv")
    for name, model in GLIF.items():
        specimen = int(model.source.split("specimen ")[1].split(",")[0])
        row = table[(table["specimen_id"] == specimen) & (table["level"] == 3)].iloc[0]
        assert row["cre"].startswith(name[:4] if not name.startswith("PV") else "Pvalb")
        found = [model.C_pf, model.R_mohm, model.E_L_mv, model.th_inf_mv, model.t_ref_s]
        expected = [
            row["C"] * 1e12, row["R_input"] / 1e6, row["El_reference"] * 1e3,
            row["th_inf"] * row["coeff_th_inf"] * 1e3, row["spike_cut_length"] * row["dt"],
        ]  # fmt: skip
        assert found == pytest.approx(expected, rel=1e-5)
        assert model.asc_amp_pa == pytest.approx(
            [row[f"asc_amp_{i}"] * 1e12 for i in (1, 2)], rel=1e-5
        )
        assert model.asc_tau_s == pytest.approx([row[f"asc_tau_{i}"] for i in (1, 2)], rel=1e-5)


def test_stand_ins_have_the_published_parameters(shared):
    folder = shared / "network" / "components"
    for name, fit in (("Scnn1a", "472363762_fit.json"), ("PV1", "472912177_fit.json")):
        theirs = read_biophysical(folder / fit, axon="stub")
        ours = synthetic_cells()[name].parameters
        assert (ours.v_init_mv, ours.celsius) == pytest.approx((theirs.v_init_mv, theirs.celsius))
        assert set(ours.sections) == set(theirs.sections)
        for section, values in ours.sections.items():
            given = theirs.sections[section]
            for column in ("ra_ohm_cm", "cm_uf_per_cm2", "g_pas", "e_pas_mv"):
                assert getattr(values, column) == pytest.approx(getattr(given, column), rel=1e-5)
            assert set(values.mechanisms) == set(given.mechanisms)
            for mechanism, parameters in values.mechanisms.items():
                for parameter, value in parameters.items():
                    assert value == pytest.approx(given.value(mechanism, parameter), rel=1e-5)


def test_tutorial8_has_the_structure_of_the_reference(shared):
    """Edges, weights, signs, delays and places of every pair of kinds, whoever drew the synapses."""
    folder = shared / "network" / "tutorial8_reference" / "network"
    kind_of = ["Scnn1a"] * 2 + ["PV1"] * 2 + ["LIF_exc"] * 2 + ["LIF_inh"] * 2
    made = recipes.tutorial8(cells=shared / "network" / "components")
    checked = 0
    for network, names in (("net", kind_of), ("input", ["input"] * 25)):
        types = pd.read_csv(
            folder / f"{network}_net_edge_types.csv", sep=" ", index_col="edge_type_id"
        )
        with h5py.File(folder / f"{network}_net_edges.h5") as file:
            edges = file[f"edges/{network}_to_net"]
            table = pd.DataFrame(
                {
                    "pre": [names[i] for i in edges["source_node_id"]],
                    "post": [kind_of[i] for i in edges["target_node_id"]],
                    "type": edges["edge_type_id"][:],
                }
            )
        for (pre, post), rows in table.groupby(["pre", "post"]):
            found = next(p for p in made.projections if (p.source, p.target) == (pre, post))
            assert found.n_edges == len(rows)
            given = types.loc[rows["type"].iloc[0]]
            assert found.delays_s[0] * 1e3 == pytest.approx(given["delay"])
            if isinstance(found, JumpProjection):
                assert abs(found.weights_mv[0]) == pytest.approx(given["syn_weight"])
                assert found.sign == (-1 if "Inh" in given["dynamics_params"] else 1)
            else:
                assert isinstance(found, ConductanceProjection)
                assert found.weights_us[0] == pytest.approx(given["syn_weight"])
                sections = tuple(SECTION[s] for s in ast.literal_eval(given["target_sections"]))
                assert found.synapse.sections == sections
                limits = ast.literal_eval(given["distance_range"])
                assert found.synapse.distance_um == tuple(far(x) for x in limits)
                parts = shared / "network" / "components" / given["dynamics_params"]
                course = json.loads(parts.read_text())
                assert found.synapse.reversal_mv == course["erev"]
                assert found.synapse.tau_rise_s * 1e3 == pytest.approx(course["tau1"])
                assert found.synapse.tau_decay_s * 1e3 == pytest.approx(course["tau2"])
            checked += len(rows)
    assert checked == 156


def test_the_biophysical_layer_runs(shared):
    network = recipes.layer4(scale=0.002, cells=shared / "network" / "components")
    assert [p.name for p in network.populations if p.compartmental] == [
        k.name for k in KINDS if k.core
    ]
    response = atk.simulate(network, atk.visual.gray(0.05), backend="neuron", dt_s=1e-4, seed=1)
    assert response.spikes["LIF_inh"].times_s.size > 0
    assert set(response.spikes) == {kind.name for kind in KINDS}
