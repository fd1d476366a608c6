"""The V1 model of Billeh et al. with its published tables: chances, weights, inputs, biophysical cells."""

import numpy as np
import pandas as pd
import pytest

from allentk.errors import DataError, FormatError
from allentk.io import read_biophysical_model
from allentk.network import ConductanceProjection, JumpProjection, recipes
from allentk.network.recipes.v1_tables import populations, probabilities_2020


@pytest.fixture(scope="module")
def tables(shared):
    return shared / "network" / "v1"


@pytest.fixture(scope="module")
def network(tables):
    return recipes.v1("billeh2020", scale=0.005, tables=tables)


def between(network, source, target):
    return next(p for p in network.projections if (p.source, p.target) == (source, target))


def test_probabilities(tables):
    published = pd.read_csv(tables / "v1_connection_probability.csv").set_index(["src", "trg"])
    found = probabilities_2020().reindex(published.index)
    np.testing.assert_allclose(found["peak"], published["A_new"].clip(upper=1), rtol=1e-6)
    np.testing.assert_array_equal(found["sigma_um"], published["sigma"])
    ratio = found["opposite"] / found["same"]
    np.testing.assert_allclose(ratio, published["B_ratio"].fillna(1.0), rtol=1e-6)


def test_counts(tables):
    published = pd.read_csv(tables / "v1_counts.csv").set_index("pop_name")
    found = populations("billeh2020")
    np.testing.assert_array_equal(found["n_cells"], published["n_total"].loc[found.index])
    np.testing.assert_array_equal(
        found["n_biophysical"], published["n_biophysical"].loc[found.index]
    )


def test_network(network):
    assert len(network.populations) == 23
    assert len(network.population("LGN")) == 17400
    assert len(network.population("background")) == 1
    edges = between(network, "e4Rorb", "e4Rorb")
    assert set(np.unique(edges.n_synapses)) == {3, 4, 5, 6, 7}


def test_weights(network, tables):
    """The published rule, written out: direction, and the phase along the target's direction."""
    table = pd.read_csv(tables / "glif_v1_v1_edge_types.csv", sep=" ")
    edges = between(network, "e23Cux2", "e23Cux2")
    row = table[table["target_query"].str.contains("487661754")]
    row = row[row["source_query"].str.contains("e23Cux2")].iloc[0]
    nodes = network.population("e23Cux2").nodes
    of, to = nodes.iloc[edges.sources], nodes.iloc[edges.targets]
    a, b = of["tuning_angle_deg"].to_numpy(), to["tuning_angle_deg"].to_numpy()
    apart = np.abs(np.abs(np.mod(np.abs(b - a), 360) - 180) - 180)
    turn = b * np.pi / 180
    dx = 0.07 * (to["x_um"].to_numpy() - of["x_um"].to_numpy())
    dz = 0.04 * (to["z_um"].to_numpy() - of["z_um"].to_numpy())
    xz = dx * np.cos(turn) + dz * np.sin(turn)
    folded = np.abs(np.abs(np.abs(180 - np.mod(np.abs(b), 360)) - 90) - 90)
    weight = row["syn_weight"] * np.exp(-((apart / 30) ** 2)) * np.exp(-(xz**2) / 2)
    weight *= 5.5 / 4 - 11 / 1680 * folded
    np.testing.assert_allclose(edges.weights_pa, weight, rtol=1e-4, atol=1e-5)
    assert edges.delays_s[0] == pytest.approx(row["delay"] / 1e3)


def test_lgn(network):
    heard = {p.target for p in network.projections if p.source == "LGN"}
    assert "i23Sst" not in heard
    assert "i4Htr3a" in heard
    edges = between(network, "LGN", "e4Rorb")
    assert (edges.in_degrees > 0).mean() > 0.95
    assert (edges.n_synapses == 80).all()
    some = between(network, "LGN", "e23Cux2")
    assert (some.in_degrees > 0).mean() == pytest.approx(0.789, abs=0.08)


def test_biophysical(shared, tables):
    parts = shared / "network" / "components"
    models = {
        "exc": read_biophysical_model(
            parts / "472363762_fit.json",
            axon="stub",
            morphology=parts / "Scnn1a_473845048_m.swc",
        ),
        "inh": read_biophysical_model(
            parts / "472912177_fit.json", axon="stub", morphology=parts / "Pvalb_470522102_m.swc"
        ),
    }
    network = recipes.v1(
        "billeh2020", scale=0.0005, cells="biophysical", models=models, tables=tables
    )
    inner, outer = network.population("e23Cux2"), network.population("LIFe23Cux2")
    assert (len(inner), len(outer)) == (6, 22)
    assert np.hypot(inner.nodes["x_um"], inner.nodes["z_um"]).max() < 400 * 0.0005**0.5
    assert np.hypot(outer.nodes["x_um"], outer.nodes["z_um"]).min() > 400 * 0.0005**0.5
    open_ = between(network, "LIFe23Cux2", "e23Cux2")
    jump = between(network, "i23Pvalb", "LIFe23Cux2")
    assert isinstance(open_, ConductanceProjection)
    assert isinstance(jump, JumpProjection)
    assert jump.sign == -1
    assert open_.synapse.sections == ("dend", "apic")
    with pytest.raises(DataError, match="no model for i1Htr3a, e23Cux2"):
        recipes.v1(
            "billeh2020",
            scale=0.0005,
            cells="biophysical",
            models={"L4 PV": models["inh"]},
            tables=tables,
        )
    with pytest.raises(DataError, match="needs models="):
        recipes.v1("billeh2020", cells="biophysical", tables=tables)


def test_damaged_tables(tables, tmp_path):
    for path in tables.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "lgn_params.json").write_text('{"e4": 1}')
    with pytest.raises(FormatError, match=r"lgn_params\.json"):
        recipes.v1("billeh2020", scale=0.001, tables=tmp_path)
    lines = (tables / "glif_bkg_v1_edge_types.csv").read_text().splitlines()
    (tmp_path / "glif_bkg_v1_edge_types.csv").write_text("\n".join(lines[:-1]))
    with pytest.raises(FormatError, match="expected 111 models, got 110"):
        recipes.v1("billeh2020", scale=0.001, tables=tmp_path)
