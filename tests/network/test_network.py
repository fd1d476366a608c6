"""Populations, projections and networks: what they hold, and when they say no."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import SpikeTrains
from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network import (
    CurrentClamp,
    Network,
    PoissonInput,
    Population,
    Projection,
    Receptor,
    Replay,
)

CELL = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
EXCITATION, INHIBITION = Receptor(tau_s=0.002, sign=1), Receptor(tau_s=0.005, sign=-1)


def population(name="a", n=3, **columns):
    return Population(name, (CELL,), pd.DataFrame({"x_um": np.arange(float(n)), **columns}))


def virtual(name="lgn", n=2):
    return Population(name, (), pd.DataFrame(index=range(n)), Replay(SpikeTrains([], [], n)))


def projection(source="a", target="a", **changes):
    values = {
        "sources": [2, 0, 1, 0],
        "targets": [1, 1, 0, 2],
        "weights_pa": [1.0, 2.0, 3.0, 4.0],
        "delays_s": [0.001, 0.002, 0.003, 0.004],
        "receptor": EXCITATION,
        "n_targets": 3,
        **changes,
    }
    return Projection.from_edges(source, target, **values)


def test_edges_are_sorted_by_target_then_source():
    made = projection()
    assert made.indptr.tolist() == [0, 1, 3, 4]
    assert made.sources.tolist() == [1, 0, 2, 0]
    assert made.targets.tolist() == [0, 1, 1, 2]
    assert made.weights_pa.tolist() == [3.0, 2.0, 1.0, 4.0]
    assert made.delays_s == pytest.approx([0.003, 0.002, 0.001, 0.004])
    assert made.in_degrees.tolist() == [1, 2, 1]
    assert (made.sources.dtype, made.weights_pa.dtype) == (np.int32, np.float32)


def test_one_weight_and_delay_for_all():
    made = projection(weights_pa=5.0, delays_s=0.001)
    assert made.weights_pa.tolist() == [5.0] * 4
    assert made.delays_s.size == 4


def test_a_value_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        projection().weights_pa[0] = 7


def test_the_callers_table_is_not_the_populations():
    table = pd.DataFrame({"x_um": [0.0, 1.0]})
    made = Population("a", (CELL,), table)
    table.loc[0, "x_um"] = 9.0
    assert made.nodes["x_um"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": [1, 1, 0, 3]}, r"targets must lie in 0\.\.2, got 0\.\.3"),
        ({"sources": [-1, 0, 1, 0]}, "source -1 of edge 1 is negative"),
        ({"weights_pa": [1.0, 2.0]}, "weights_pa must be as long as sources"),
        ({"weights_pa": -1.0}, "at or above 0 for a receptor of sign \\+1, got -1.0 at 0"),
        ({"receptor": INHIBITION}, "at or below 0"),
        ({"weights_pa": np.nan}, "must be finite"),
        ({"delays_s": 2.0}, "milliseconds must be divided by 1000"),
        ({"delays_s": [0.001, np.nan, 0.001, 0.001]}, "delays_s must be finite"),
        ({"delays_s": -0.001}, "delays_s must be finite and lie in 0"),
        ({"sources": [0.5, 0, 1, 0]}, "whole numbers"),
    ],
)
def test_projection_refuses(changes, message):
    with pytest.raises(DataError, match=message):
        projection(**changes)


@pytest.mark.parametrize("indptr", [[0, 1, 3], [1, 2, 4], [0, 3, 2, 4], [0]])
def test_indptr_must_rise_to_the_number_of_edges(indptr):
    with pytest.raises(DataError, match="indptr must rise from 0"):
        Projection("a", "a", indptr, [0, 1, 0, 1], 1.0, 0.001, EXCITATION)


def test_flat_arrays_only():
    with pytest.raises(DataError, match="sources must be a flat array"):
        Projection("a", "a", [0, 2], [[0, 1]], 1.0, 0.001, EXCITATION)
    with pytest.raises(DataError, match="one value per edge"):
        Projection("a", "a", [0, 2], [0, 1], [1.0], 0.001, EXCITATION)


@pytest.mark.parametrize(
    ("tau_s", "sign", "message"),
    [(2.0, 1, "milliseconds"), (0.0, 1, "tau_s"), (np.nan, 1, "tau_s"), (0.002, 2, "sign")],
)
def test_receptor_refuses(tau_s, sign, message):
    with pytest.raises(DataError, match=message):
        Receptor(tau_s=tau_s, sign=sign)


def test_population_refuses():
    with pytest.raises(DataError, match="no row"):
        Population("a", (CELL,), pd.DataFrame())
    with pytest.raises(DataError, match="either models"):
        Population("a", (), pd.DataFrame(index=range(2)))
    with pytest.raises(DataError, match="no column 'model'"):
        Population("a", (CELL, CELL), pd.DataFrame(index=range(2)))
    with pytest.raises(DataError, match="node 1 has model 2; there are models 0 to 1"):
        Population("a", (CELL, CELL), pd.DataFrame({"model": [0, 2]}))
    with pytest.raises(DataError, match="y_um of node 1 is not finite"):
        population(y_um=[0.0, np.inf, 0.0])
    with pytest.raises(DataError, match="the source has 2 nodes, the node table 3 rows"):
        Population("v", (), pd.DataFrame(index=range(3)), Replay(SpikeTrains([], [], 2)))


def test_network_checks_its_parts():
    a, lgn = population(), virtual()
    with pytest.raises(DataError, match="need different names"):
        Network([a, a])
    with pytest.raises(DataError, match=r"no population 'b'; there are \['a'\]"):
        Network([a], [projection(source="b")])
    with pytest.raises(
        DataError, match="source 2 of edge 2 is out of range; 'lgn' has nodes 0 to 1"
    ):
        Network([a, lgn], [projection(source="lgn")])
    with pytest.raises(DataError, match="has 3 nodes; indptr must have 4 entries, got 5"):
        Network([a], [projection(n_targets=4)])
    with pytest.raises(DataError, match="is virtual and takes no input"):
        Network([a, lgn], [projection(target="lgn")])
    with pytest.raises(DataError, match="2 rates for 3 cells"):
        Network([a], background=[PoissonInput("a", [1.0, 2.0], [1.0, 1.0], EXCITATION)])
    with pytest.raises(DataError, match=r"nodes must lie in 0\.\.2, got 0\.\.3"):
        Network([a], currents=[CurrentClamp("a", [0, 3], [1.0, 1.0], [0, 0], [1, 1])])


@pytest.mark.parametrize(
    ("rates", "weights", "message"),
    [
        ([1.0], [1.0, 2.0], "one value per cell"),
        ([-1.0], [1.0], "the rate of cell 0 is -1.0 Hz"),
        ([1.0], [-1.0], "at or above 0"),
    ],
)
def test_background_refuses(rates, weights, message):
    with pytest.raises(DataError, match=message):
        PoissonInput("a", rates, weights, EXCITATION)


@pytest.mark.parametrize(
    ("amplitude", "start", "stop", "message"),
    [
        ([1.0], [0.2], [0.1], "runs from 0.2 to 0.1 s"),
        ([np.inf], [0.0], [0.1], "must be finite"),
        ([1.0, 2.0], [0.0], [0.1], "equally long"),
        ([1.0], [np.nan], [0.1], "finite time"),
    ],
)
def test_clamp_refuses(amplitude, start, stop, message):
    with pytest.raises(DataError, match=message):
        CurrentClamp("a", [0], amplitude, start, stop)


def test_network_tells_what_it_is():
    a, lgn = population(), virtual()
    drive = projection(source="lgn", sources=[0, 1, 1, 0])
    network = Network([a, lgn], [projection(), drive], name="<one>")
    assert repr(network) == "<Network: 3 cells in 1 population, 2 virtual nodes, 8 edges>"
    summary = network.summary().set_index("population")
    assert summary.loc["a", ["kind", "n_cells", "n_edges_in"]].tolist() == ["cells", 3, 8]
    assert summary.loc["a", "mean_in_degree"] == pytest.approx(8 / 3)
    assert summary.loc["lgn", ["kind", "n_edges_in"]].tolist() == ["virtual", 0]
    connections = network.connections()
    assert connections["mean_in_degree"].tolist() == pytest.approx([4 / 3, 4 / 3])
    assert connections["median_weight_pa"].tolist() == [2.5, 2.5]
    html = network._repr_html_()
    assert "&lt;one&gt;" in html
    assert html.count("<table") == 3
    assert repr(lgn) == "<Population lgn: 2 virtual nodes>"
    assert repr(projection()) == "<Projection a -> a: 4 edges on 3 targets>"
    background = PoissonInput("a", [1.0, 3.0, 2.0], [1.0] * 3, EXCITATION)
    assert repr(background) == "<PoissonInput of a: 2 Hz per cell>"


def test_a_projection_without_edges():
    empty = Projection("a", "a", [0, 0, 0, 0], [], 1.0, 0.001, EXCITATION)
    assert Network([population()], [empty]).connections()["median_weight_pa"].isna().all()


def test_replay_gives_the_spikes_of_a_window():
    source = Replay(SpikeTrains([0.1, 0.2, 0.3], [0, 1, 0], 2))
    times, ids = source.spikes(None, 0.2, 0.3, None)
    assert (times.tolist(), ids.tolist()) == ([0.2], [1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": [2**32, 0, 1, 0]}, r"sources: expected whole numbers in .*got 0..4294967296"),
        ({"n_synapses": 65537}, r"n_synapses: expected whole numbers in 0..65535, got 65537"),
    ],
)
def test_a_number_too_large_for_its_type_is_not_another_number(changes, message):
    with pytest.raises(DataError, match=message):
        projection(**changes)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"tuning_angle_deg": [0.0, np.inf, np.nan]}, "tuning_angle_deg of node 1 is not finite"),
        ({"y_um": ["a", "b", "c"]}, "y_um must be numbers, got 'a'"),
    ],
)
def test_places_and_directions_are_numbers(columns, message):
    with pytest.raises(DataError, match=message):
        population(**columns)


def test_a_column_may_not_come_twice():
    nodes = pd.DataFrame([[1.0, 2.0]], columns=["x_um", "x_um"])
    with pytest.raises(DataError, match=r"columns twice: \['x_um'\]"):
        Population("a", (CELL,), nodes)
