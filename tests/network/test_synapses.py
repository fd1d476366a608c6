"""Conductances of compartmental cells: their course, their places, and when they say no.

All cells are synthetic.
"""

import math

import numpy as np
import pandas as pd
import pytest

from allentk.data import Morphology, SpikeTrains
from allentk.errors import DataError
from allentk.models import (
    BiophysicalModel,
    BiophysicalParameters,
    GLIFParameters,
    SectionParameters,
)
from allentk.models.compartments import compartments
from allentk.network import (
    ConductanceProjection,
    Network,
    PoissonInput,
    PoissonSynapses,
    Population,
    Projection,
    Receptor,
    Replay,
    Synapse,
)

PASSIVE = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80)
POINT = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
AMPA = Synapse(0.001, 0.003, 0.0, sections=("dend",), distance_um=(50, 150))


def model(length=400.0):
    """A soma with two dendrites, one of them twice as long."""
    xyz = [[0, 0, 0], [0, 9, 0], [0, length, 0], [9, 0, 0], [length / 2, 0, 0]]
    cell = Morphology([1, 2, 3, 4, 5], [1, 3, 3, 3, 3], xyz, [8, 1, 1, 1, 1], [-1, 0, 1, 0, 3])
    sections = dict.fromkeys(("soma", "axon", "dend"), PASSIVE)
    parameters = BiophysicalParameters(
        kind="perisomatic", v_init_mv=-80, axon="stub", sections=sections
    )
    return BiophysicalModel(parameters, cell)


CELL = model()
TREE = compartments(CELL.morphology, axon="stub")


def population(name="pyr", n=2, models=(CELL,)):
    return Population(name, models, pd.DataFrame(index=range(n)))


def virtual(n=3):
    return Population("in", (), pd.DataFrame(index=range(n)), Replay(SpikeTrains([], [], n)))


def projection(synapse=AMPA, **changes):
    values = {
        "sources": [2, 0, 1, 0],
        "targets": [1, 1, 0, 0],
        "weights_us": [1e-3, 2e-3, 3e-3, 4e-3],
        "delays_s": 0.001,
        "n_targets": 2,
        **changes,
    }
    return ConductanceProjection.from_edges("in", "pyr", synapse=synapse, **values)


def test_the_conductance_peaks_at_its_weight():
    time = np.linspace(0, 0.05, 500_001)
    course = AMPA.conductance(time)
    assert course.max() == pytest.approx(1.0, abs=1e-9)
    assert time[course.argmax()] == pytest.approx(AMPA.peak_time_s, abs=1e-6)
    late = AMPA.conductance([0.04, 0.043])
    assert late[1] / late[0] == pytest.approx(math.exp(-1), rel=1e-6)


def test_edges_and_their_places_are_sorted_together():
    made = projection(section_ids=[3, 2, 1, 0], section_x=[0.3, 0.2, 0.1, 0.0])
    assert made.sources.tolist() == [0, 1, 0, 2]
    assert made.section_ids.tolist() == [0, 1, 2, 3]
    assert made.section_x.tolist() == [0.0, 0.1, 0.2, 0.3]
    assert made.weights_us == pytest.approx([4e-3, 3e-3, 2e-3, 1e-3])
    assert made.is_placed


def test_places_obey_the_rule_and_follow_the_length():
    n = 4000
    made = projection(sources=[0] * n, targets=[0] * n, weights_us=1e-3).placed([TREE, TREE])
    at = {(s, x): i for i, (s, x) in enumerate(zip(TREE.section, TREE.x, strict=True))}
    drawn = np.array(
        [at[s, x] for s, x in zip(made.section_ids, made.section_x, strict=True)], dtype=int
    )
    assert set(drawn) == set(AMPA.allowed(TREE))
    assert TREE.path_um[drawn].min() >= 50
    assert TREE.path_um[drawn].max() <= 150
    assert {int(TREE.kind[i]) for i in drawn} == {2}
    cut = [TREE.sections[i] for i in TREE.section[AMPA.allowed(TREE)]]
    length = np.array([section.length_um / section.n_segments for section in cut])
    share = np.bincount(drawn, minlength=TREE.kind.size)[AMPA.allowed(TREE)] / n
    error = np.sqrt(share * (1 - share) / n)
    assert (np.abs(share - length / length.sum()) < 4.5 * error).all()


def test_places_follow_the_seed_and_the_node_alone():
    one = projection(seed=1)
    both, again = one.placed([TREE, TREE]), one.placed([TREE, TREE])
    assert both.section_x.tolist() == again.section_x.tolist()
    n = 50
    many = {"sources": [0] * 2 * n, "targets": [0] * n + [1] * n, "weights_us": 1e-3}
    first = projection(**many, seed=1).placed([TREE, TREE])
    other = projection(**many, seed=2).placed([TREE, TREE])
    assert first.section_x.tolist() != other.section_x.tolist()
    assert first.section_x[:n].tolist() != first.section_x[n:].tolist()
    alone = {"sources": [0] * n, "targets": [1] * n, "weights_us": 1e-3}
    assert projection(**alone, seed=1).placed([TREE, TREE]).section_x.tolist() == (
        first.section_x[n:].tolist()
    )


def test_a_place_given_is_kept():
    made = projection(section_ids=0, section_x=0.5)
    assert made.placed([TREE, TREE]) is made
    beyond = projection(section_ids=[0, 0, 99, 0], section_x=0.5)
    with pytest.raises(DataError, match="edge 1 sits on section 99; its cell has sections 0 to"):
        beyond.placed([TREE, TREE])


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"sections": ("apic",)}, "the cell has no such section"),
        ({"distance_um": (5000, 6000)}, r"lie \d+ to \d+ um away; widen"),
    ],
)
def test_no_place(rule, message):
    with pytest.raises(DataError, match=r"target 0: no place .*" + message):
        projection(Synapse(0.001, 0.003, 0.0, **rule)).placed([TREE, TREE])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tau_rise_s": 1.0, "tau_decay_s": 3.0}, "milliseconds"),
        ({"tau_rise_s": 0.003}, "tau_rise_s < tau_decay_s"),
        ({"tau_rise_s": 0.0}, "0 < tau_rise_s"),
        ({"reversal_mv": math.nan}, "reversal_mv must be finite"),
        ({"sections": ("basal",)}, "some of soma, axon, dend, apic, got"),
        ({"sections": ()}, "some of soma"),
        ({"distance_um": (100, 50)}, "least and the greatest"),
        ({"distance_um": (math.nan, 50)}, "least and the greatest"),
    ],
)
def test_synapse_refuses(changes, message):
    values = {"tau_rise_s": 0.001, "tau_decay_s": 0.003, "reversal_mv": 0.0, **changes}
    with pytest.raises(DataError, match=message):
        Synapse(**values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights_us": -1e-3}, "inhibition is told by the synapse's reversal_mv"),
        ({"weights_us": 50.0}, "nanosiemens must be divided by 1000"),
        ({"weights_us": [1e-3]}, "as long as sources"),
        ({"delays_s": 2.0}, "milliseconds must be divided by 1000"),
        ({"section_ids": 0}, "belong together"),
        ({"section_ids": 0, "section_x": [0.5, 1.5, 0.5, 0.5]}, "sits on section 0 at 1.5"),
        ({"section_ids": [0, -1, 0, 0], "section_x": 0.5}, "section -1"),
        ({"seed": -1}, "seed must be an integer, 0 or more"),
        ({"targets": [0, 1, 2, 0]}, r"targets must lie in 0\.\.1"),
    ],
)
def test_projection_refuses(changes, message):
    with pytest.raises(DataError, match=message):
        projection(**changes)


def test_background_refuses():
    for values, message in (
        (([1.0, 2.0], [1e-3]), "one value per cell"),
        (([-1.0], [1e-3]), "rate of cell 0 is -1.0 Hz"),
        (([1.0], [-1e-3]), "weights_us must be conductances"),
    ):
        with pytest.raises(DataError, match=message):
            PoissonSynapses("pyr", *values, AMPA)
    with pytest.raises(DataError, match="n_synapses must be an integer >= 1, got 0"):
        PoissonSynapses("pyr", [1.0], [1e-3], AMPA, n_synapses=0)


def test_currents_and_conductances_go_where_they_can():
    points = Population("pyr", (POINT,), pd.DataFrame(index=range(2)))
    current = Projection.from_edges(
        "in", "pyr", [0], [0], 1.0, 0.001, Receptor(tau_s=0.002, sign=1), n_targets=2
    )
    noise = PoissonInput("pyr", [1.0, 1.0], [1.0, 1.0], Receptor(tau_s=0.002, sign=1))
    synapses = PoissonSynapses("pyr", [1.0, 1.0], [1e-3, 1e-3], AMPA)
    for given in ({"projections": [current]}, {"background": [noise]}):
        Network([points, virtual()], **given)
        with pytest.raises(DataError, match="use a ConductanceProjection or PoissonSynapses"):
            Network([population(), virtual()], **given)
    for given in ({"projections": [projection()]}, {"background": [synapses]}):
        Network([population(), virtual()], **given)
        with pytest.raises(DataError, match="use a Projection or PoissonInput"):
            Network([points, virtual()], **given)


def test_a_network_tells_of_its_conductances():
    points = Population("dot", (POINT,), pd.DataFrame(index=range(2)))
    network = Network([population(), virtual(), points], [projection()])
    assert network.compartmental
    assert not Network([points]).compartmental
    row = network.connections().iloc[0]
    assert row["median_weight_us"] == pytest.approx(2.5e-3)
    assert row["reversal_mv"] == 0.0
    assert "median_weight_us" in network._repr_html_()
    assert repr(network.populations[0]) == "<Population pyr: 2 cells, 1 biophysical model>"


def test_models_of_one_kind():
    with pytest.raises(DataError, match="got BiophysicalModel, GLIFParameters; a population"):
        Population("a", (CELL, POINT), pd.DataFrame({"model": [0, 1]}))
    with pytest.raises(DataError, match=r"BiophysicalModel\(parameters, morphology\)"):
        Population("a", (CELL.parameters,), pd.DataFrame(index=range(2)))
    assert population().compartmental_models == (CELL,)
    assert population().point_models == ()
    points = Population("a", (POINT,), pd.DataFrame(index=range(2)))
    assert (points.point_models, points.compartmental_models) == ((POINT,), ())
