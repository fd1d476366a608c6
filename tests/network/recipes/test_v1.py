"""The V1 models: counts, chances, weights and inputs against published figures and closed forms."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import allentk as atk
from allentk.benchmark import load_reference
from allentk.errors import DataError, FormatError
from allentk.io import write_glif
from allentk.models import GLIFParameters
from allentk.network import Population, Receptor, expected_in_degree, recipes, visual
from allentk.network.recipes import v1_billeh_tables
from allentk.network.recipes.v1_2026 import cells_2026, rule_2026
from allentk.network.recipes.v1_cells import Part
from allentk.network.recipes.v1_potentials import potential_of
from allentk.network.recipes.v1_tables import pairs_2026, populations, probabilities_2020

CELL = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
SCALE = 0.005


@pytest.fixture(scope="module")
def network():
    return recipes.v1(scale=SCALE)


def between(network, source, target):
    return next(p for p in network.projections if (p.source, p.target) == (source, target))


def test_published_counts():
    new, old = populations("2026"), populations("billeh2020")
    assert (len(new), new["n_cells"].sum(), new["n_core"].sum()) == (22, 203816, 66552)
    assert (len(old), old["n_cells"].sum(), old["n_biophysical"].sum()) == (21, 230924, 51978)
    assert old["type"].nunique() == 17
    assert new["type"].nunique() == 19
    assert len(pairs_2026().drop("exc")) == 19 * 19
    classes = set(load_reference().classes)
    assert set(new["cell_class"]) <= classes
    assert {"L2/3 Exc", "L4 PV", "L5 SST", "L1 Htr3a"} <= set(old["cell_class"]) & classes


def test_populations(network):
    table = populations("2026")
    sizes = {p.name: len(p) for p in network.populations}
    assert sizes.pop("LGN") == 17400
    assert sizes.pop("background") == 100
    assert sizes == {name: max(1, round(SCALE * n)) for name, n in table["n_cells"].items()}
    cells = network.population("e4Rorb").nodes
    assert np.hypot(cells["x_um"], cells["z_um"]).max() <= 700 * math.sqrt(SCALE)
    assert cells["y_um"].between(-505, -357).all()
    assert (cells["cell_class"] == "L4 Exc").all()
    angles = np.sort(cells["tuning_angle_deg"])
    np.testing.assert_allclose(np.diff(angles), 360 / len(cells))


@pytest.mark.parametrize(("sign", "sigma"), [(1, 127.0), (-1, 96.6)])
def test_chance_in_the_middle(sign, sigma):
    """Over a wide sheet a Gaussian adds up to 2 pi sigma^2 times density, however displaced and
    stretched."""
    rng = np.random.default_rng(1)
    n, radius = 40000, 700.0
    away, turn = radius * np.sqrt(rng.random(n)), rng.uniform(0, 2 * math.pi, n)
    places = {"x_um": away * np.cos(turn), "z_um": away * np.sin(turn)}
    sources = Population(
        "s", (CELL,), pd.DataFrame(places).assign(tuning_angle_deg=rng.uniform(0, 360, n))
    )
    middle = pd.DataFrame({"x_um": 0.0, "z_um": 0.0, "tuning_angle_deg": np.arange(0, 360, 30.0)})
    shifts = {"relative_size": 0.5, "ahead_um": 50.0, "behind_um": -50.0}
    target = Population("t", (CELL,), middle.assign(**shifts))
    found = expected_in_degree(sources, target, rule_2026(sign, 1, 0.04)).mean()
    assert found == pytest.approx(
        0.5 * 0.04 * 2 * math.pi * sigma**2 * n / (math.pi * radius**2), rel=0.03
    )


def test_connections_at_full_scale():
    """Cells a hundred times as sparse have 1e-4 of the connections: 70.0 M of Billeh et al., 84 M of
    2026."""
    old = recipes.v1_in_degrees("billeh2020", scale=0.01, rule="density", n_targets=20)
    assert old["n_edges"].sum() == pytest.approx(7000, rel=0.06)
    kinds = old.groupby(old["source"].str[0] + old["target"].str[0])["n_edges"].sum()
    for kind, millions in {"ee": 45.3, "ei": 9.4, "ie": 12.7, "ii": 2.6}.items():
        assert kinds[kind] == pytest.approx(100 * millions, rel=0.12)
    new = recipes.v1_in_degrees(scale=0.01, rule="density", n_targets=20)
    assert new["n_edges"].sum() == pytest.approx(8380, rel=0.06)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"poissonParameter": 0.0}, "out of range"),
        ({"probability": 2.0}, "out of range"),
        ({"N_syn": float("inf")}, "not the parameters"),
        ({"ON_OFF_w_min": 9.0, "ON_OFF_w_max": 8.0}, "out of range"),
    ],
)
def test_fields_that_make_no_sense_are_refused(tmp_path, change, message):
    """A Poisson number of mean 0 was drawn again and again until it would be 1."""
    entry = {
        "probability": 1.0,
        "poissonParameter": 2.0,
        "sON_ratio": 0.9,
        "centers_d_min": 4.0,
        "centers_d_max": 6.0,
        "ON_OFF_w_min": 7.5,
        "ON_OFF_w_max": 9.5,
        "aspectRatio_min": 3.4,
        "aspectRatio_max": 3.6,
        "N_syn": 80,
    }
    path = tmp_path / "lgn_params.json"
    path.write_text(json.dumps(dict.fromkeys("ei", entry)))
    assert len(v1_billeh_tables._fields(path)) == 21
    path.write_text(json.dumps({"e": entry, "i": entry | change}))
    with pytest.raises(FormatError, match=message):
        v1_billeh_tables._fields(path)


def test_a_pair_that_a_table_lacks_is_named():
    table = pd.DataFrame({"w": [1.0]}, index=pd.MultiIndex.from_tuples([("a", "b")]))
    assert v1_billeh_tables.row_of(table, ("a", "b"), "t.csv")["w"] == 1.0
    with pytest.raises(FormatError, match=r"t\.csv: has no row a to c"):
        v1_billeh_tables.row_of(table, ("a", "c"), "t.csv")
    with pytest.raises(FormatError, match="has 2 rows a to b"):
        v1_billeh_tables.row_of(pd.concat([table, table]), ("a", "b"), "t.csv")


def test_probabilities_of_billeh():
    """Figures of the supplied program: 0.16 within 75 um is a peak of 0.1971 at a width of 114 um."""
    table = probabilities_2020()
    assert len(table) == 289
    first = table.loc[("e2", "e2")]
    assert (first["peak"], first["sigma_um"]) == (pytest.approx(0.197116, rel=1e-5), 114.0)
    assert (first["same"], first["opposite"]) == (pytest.approx(4 / 3), pytest.approx(2 / 3))
    assert table.loc[("e4", "i4S"), "peak"] == pytest.approx(0.735690, rel=1e-5)
    assert table.loc[("e2", "e5"), "opposite"] / table.loc[("e2", "e5"), "same"] == pytest.approx(
        0.8
    )


def test_potential_is_that_of_the_engine():
    receptor = Receptor(0.0018, 1, tau_slow_s=0.0044, slow_amplitude=0.59)
    time = np.arange(0, 0.1, 1e-5)
    current = sum(a * time / tau * np.exp(1 - time / tau) for tau, a in receptor.parts)
    run = atk.simulate(CELL, 20 * current, dt_s=1e-5, sampling_rate_hz=1e5)
    rise = run.voltage_mv - CELL.E_L_mv
    found = potential_of(CELL, receptor)
    assert rise.max() == pytest.approx(20 * found.peak_mv, rel=2e-3)
    assert np.trapezoid(rise, dx=1e-5) == pytest.approx(20 * found.area_mv_s, rel=0.02)


def test_weights_are_the_published_potentials(network):
    edges = between(network, "e23Cux2", "e23Cux2")
    cells = network.population("e23Cux2")
    row, pair = populations("2026").loc["e23Cux2"], pairs_2026().loc[("L2/3_Exc", "L2/3_Exc")]
    targets, nodes = edges.targets, cells.nodes
    unit = np.array([potential_of(m, edges.receptor).peak_mv for m in cells.models])
    potential = edges.weights_pa * unit[nodes["model"].to_numpy()[targets]]
    potential = potential * nodes["relative_size"].to_numpy()[targets]
    logs = np.log(potential)
    assert np.median(logs) == pytest.approx(
        math.log(pair["psp_mv"] * row["size_median"] / row["size_mean"]), abs=0.1
    )
    width = math.sqrt(pair["psp_shape"] ** 2 - row["size_shape"] ** 2)
    assert logs.std() == pytest.approx(width, rel=0.1)
    angle = nodes["tuning_angle_deg"].to_numpy()
    apart = np.abs(angle[edges.sources] - angle[targets])
    apart = np.minimum(apart, 360 - apart)
    assert np.corrcoef(apart, logs)[0, 1] < -0.9
    assert edges.delays_s[0] == pytest.approx(pair["delay_ms"] / 1e3)
    assert (between(network, "i4Pvalb", "e4Rorb").weights_pa < 0).all()


def test_lgn(network):
    """Sustained cells lie 2.5 degrees ahead of the field's centre, or behind; transient OFF ones
    across from them."""
    lgn = network.population("LGN").nodes
    table = populations("2026")
    for name in ("e4Rorb", "e4other"):
        edges, cells = between(network, "LGN", name), network.population(name).nodes
        row = table.loc[name]
        size = cells["relative_size"] * row["size_mean"] * 0.2 * row["lgn_ratio"]
        np.testing.assert_array_equal(
            edges.in_degrees, np.rint(size * (1 - 1 / row["lgn_yule"])).astype(int)
        )
        assert edges.n_synapses.mean() == pytest.approx(3.5 / 2.5, rel=0.05)
        kind = lgn["cell_class"].to_numpy(str)[edges.sources]
        on = np.bincount(edges.targets, np.char.startswith(kind, "sON_"), len(cells)) > 0
        off = np.bincount(edges.targets, np.char.startswith(kind, "sOFF_"), len(cells)) > 0
        assert not (on & off).any()
        assert on.mean() == pytest.approx(0.9, abs=0.12)
        at = cells.iloc[edges.targets]
        turn = np.deg2rad(at["tuning_angle_deg"].to_numpy())
        dx = lgn["x_deg"].to_numpy()[edges.sources] - 0.07 * at["x_um"].to_numpy()
        dy = lgn["y_deg"].to_numpy()[edges.sources] - 0.04 * at["z_um"].to_numpy()
        along = (dx * np.cos(turn) + dy * np.sin(turn)) * np.where(on[edges.targets], 1, -1)
        sustained = np.char.startswith(kind, "sO") & ~np.char.startswith(kind, "sONs")
        sustained &= ~np.char.startswith(kind, "sONt")
        assert along[sustained].mean() == pytest.approx(2.5, abs=0.4)
        assert along[np.char.startswith(kind, "tOFF")].mean() == pytest.approx(-2.5, abs=0.4)


def test_background(network):
    edges = between(network, "background", "e6Ntsr1")
    assert (edges.in_degrees == 4).all()
    assert (edges.weights_pa > 0).all()


def test_the_same_for_any_number_of_threads():
    one, two = (recipes.v1(scale=0.0005, seed=3, n_jobs=jobs) for jobs in (1, 2))
    for a, b in zip(one.projections, two.projections, strict=True):
        np.testing.assert_array_equal(a.sources, b.sources)
        np.testing.assert_array_equal(a.weights_pa, b.weights_pa)
        np.testing.assert_array_equal(a.n_synapses, b.n_synapses)
    (first, *_), (other, *_) = (cells_2026(Part("2026", 0.0005), None, seed) for seed in (3, 4))
    np.testing.assert_array_equal(first.nodes["x_um"], one.populations[0].nodes["x_um"])
    assert (first.nodes["x_um"] != other.nodes["x_um"]).any()


def test_runs(network):
    response = atk.simulate(network, visual.gray(0.2), seed=1)
    rates = {
        name: response.spikes[name].times_s.size / 0.2 / len(network.population(name))
        for name in ("e23Cux2", "e4Rorb", "i4Pvalb", "e6Ntsr1")
    }
    assert max(rates.values()) > 0
    assert max(rates.values()) < 200


def test_cells_of_your_own(tmp_path):
    part = Part("2026", 0.0005)
    mine = {p.name: p for p in cells_2026(part, {"L4 PV": CELL, "e5IT": [CELL, CELL]}, 0)}
    assert mine["i4Pvalb"].models == (CELL,)
    assert len(mine["e5IT"].models) == 2
    assert mine["i5Pvalb"].models == recipes.published_cells("Pvalb")
    write_glif(CELL, tmp_path / "e4Rorb_1.json")
    found = {p.name: p for p in cells_2026(part, tmp_path, 0)}["e4Rorb"].models
    assert [round(model.C_pf) for model in found] == [100]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"variant": "2019"}, "variant must be one of 2026, billeh2020"),
        ({"scale": 0}, "scale must be a share"),
        ({"rule": "area"}, "rule must be radius or density"),
        ({"cells": "allen"}, "does not download"),
        ({"cells": "nowhere"}, "a folder of GLIF files"),
        ({"cells": {"L7 Exc": CELL}}, "neither a population"),
        ({"cells": {"e4Rorb": []}}, "no model"),
        ({"cells": "biophysical"}, "point neurons only"),
        ({"models": {"exc": CELL}}, "models= is for cells='biophysical'"),
        ({"variant": "billeh2020"}, "portal.brain-map.org"),
        ({"variant": "billeh2020", "tables": "nowhere"}, "lacks glif_v1_v1_edge_types.csv"),
    ],
)
def test_errors(given, said):
    with pytest.raises(DataError, match=said):
        recipes.v1(**{"scale": 0.0005, **given})


def test_published_cells():
    for line in (
        "Cux2",
        "Nr5a1",
        "Rorb",
        "Scnn1a",
        "Rbp4",
        "Ntsr1",
        "Pvalb",
        "Sst",
        "Htr3a",
        "Vip",
    ):
        cells = recipes.published_cells(line)
        assert [cell.level for cell in cells] == [3, 3, 3]
        assert all("Teeter" in cell.source for cell in cells)
    fast, slow = recipes.published_cells("Pvalb")[0], recipes.published_cells("Cux2")[0]
    assert fast.tau_m_s < 0.01 < slow.tau_m_s
    with pytest.raises(DataError, match="no cell of line 'Chat'"):
        recipes.published_cells("Chat")
