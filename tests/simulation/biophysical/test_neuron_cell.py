"""How a cell is built in NEURON; the reconstructions are synthetic."""

import math
import sys
from dataclasses import replace

import numpy as np
import pytest

from allentk.data import Morphology
from allentk.errors import DataError
from allentk.models import BiophysicalModel, BiophysicalParameters, SectionParameters
from allentk.models.compartments import compartments
from allentk.simulation.biophysical.neuron_cell import NeuronCell
from allentk.simulation.biophysical.neuron_session import session

pytest.importorskip("neuron")

PASSIVE = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80)
SOMA = SectionParameters(
    ra_ohm_cm=70, cm_uf_per_cm2=1.5, g_pas=2e-4, e_pas_mv=-75, ena_mv=53, ek_mv=-107,
    mechanisms={
        "NaTs": {"gbar": 1.1},
        "K_P": {"gbar": 0.2, "vshift_mv": 3.0},
        "CaDynamics": {"gamma": 0.01, "decay_s": 0.3, "depth_um": 0.2, "min_cai_mM": 2e-4},
    },
)  # fmt: skip
# Dendrites at the soma's middle and end, one of type 5, and an axon that branches beyond 60 um.
TREE = Morphology(
    range(1, 13),
    [1, 1, 1, 3, 3, 2, 2, 2, 2, 5, 5, 3],
    [
        [0, 0, 0], [0, 8, 0], [0, 16, 0],
        [0, 17, 0], [0, 217, 0],
        [0, -1, 0], [0, -41, 0], [0, -141, 0], [30, -60, 0],
        [9, 8, 0], [95, 8, 0], [50, 230, 0],
    ],
    [8, 8, 7, 1.5, 1, 2, 1.5, 0.5, 0.75, 1, 0.5, 0.4],
    [-1, 0, 1, 2, 3, 0, 5, 6, 6, 1, 9, 4],
)  # fmt: skip


def model(axon, soma=SOMA, **sections):
    given = {"soma": soma, "axon": PASSIVE, "dend": PASSIVE} | sections
    kind = "all-active" if sections else "perisomatic"
    return BiophysicalModel(
        BiophysicalParameters(kind=kind, v_init_mv=-80, axon=axon, sections=given), TREE
    )


@pytest.mark.parametrize("axon", ["stub", "truncated", "full"])
def test_geometry_is_that_of_the_compartments(axon):
    expected = compartments(TREE, axon=axon)
    with session() as h:
        cell = NeuronCell(h, model(axon))
        names = [section.name().rpartition(".")[2] for section in cell.sections]
        assert names == [one.name for one in expected.sections]
        assert [one.nseg for one in cell.sections] == [s.n_segments for s in expected.sections]
        area = [segment.area() for one in cell.sections for segment in one]
        path = [h.distance(cell.soma(0.5), segment) for one in cell.sections for segment in one]
    membrane = expected.area_um2 > 0
    order = np.lexsort((expected.x[membrane], expected.section[membrane]))
    np.testing.assert_allclose(area, expected.area_um2[membrane][order], rtol=1e-12)
    np.testing.assert_allclose(path, expected.path_um[membrane][order], rtol=1e-9, atol=1e-9)


def test_sections_are_numbered_by_the_ids_of_their_nodes():
    """Dendrites of 50, 90 and 40 um; a synapse on section 1 must sit on the one with the lowest id."""
    xyz = [[0, 0, 0], [0, 50, 0], [0, -90, 0], [40, 0, 0]]
    shuffled = Morphology([1, 3, 2, 4], [1, 3, 3, 3], xyz, [8, 1, 1, 1], [-1, 0, 0, 0])
    expected = [(one.name, one.length_um) for one in compartments(shuffled, axon="stub").sections]
    assert expected[1:3] == [("dend[0]", 90.0), ("dend[1]", 50.0)]
    with session() as h:
        cell = NeuronCell(h, replace(model("stub"), morphology=shuffled))
        found = [(section.name().rpartition(".")[2], section.L) for section in cell.sections]
    assert found == expected


def test_axons():
    with session() as h:
        stub = NeuronCell(h, model("stub"))
        first, second = stub.sections[-2:]
        assert (first.L, first.diam, first.nseg, first.parentseg().x) == (30, 1, 1, 0.5)
        assert second.parentseg().sec == first
    with session() as h:
        cut = NeuronCell(h, model("truncated"))
        first, second = cut.sections[-2:]
        assert first.parentseg().x == 1.0
        # The middle of the root's first piece, and of the first branch with its middle beyond 60 um.
        assert (first.diam, second.diam) == pytest.approx((3.5, 2.0), rel=0.2)
        assert second.diam < first.diam
    with session() as h:
        full = NeuronCell(h, model("full"))
        assert sum("axon" in section.name() for section in full.sections) == 3


def test_parameters_arrive_in_neurons_units():
    with session() as h:
        cell = NeuronCell(h, model("stub"))
        soma, dendrite = cell.soma(0.5), cell.sections[1](0.5)
        assert (cell.soma.Ra, soma.cm, soma.g_pas, soma.e_pas) == (70, 1.5, 2e-4, -75)
        assert (soma.ena, soma.ek) == (53, -107)
        assert (soma.gbar_atk_NaTs, soma.gbar_atk_K_P, soma.vshift_atk_K_P) == (1.1, 0.2, 3.0)
        assert (soma.gamma_atk_CaDynamics, soma.depth_atk_CaDynamics) == (0.01, 0.2)
        assert (soma.decay_atk_CaDynamics, soma.minCai_atk_CaDynamics) == (300, 2e-4)
        assert (cell.sections[1].Ra, dendrite.cm, dendrite.g_pas) == (100, 1, 1e-4)
        assert not hasattr(dendrite, "atk_NaTs")


def test_calcium_without_a_pool_keeps_its_nernst_potential():
    leaky = replace(PASSIVE, mechanisms={"Ca_HVA": {"gbar": 1e-5}})
    with session() as h:
        cell = NeuronCell(h, model("stub", dend=leaky))
        h.celsius = 34.0
        h.finitialize(-80)
        nernst = 1e3 * 8.31446261815324 * 307.15 / (2 * 96485.33212) * math.log(2.0 / 1e-4)
        assert cell.sections[1](0.5).eca == pytest.approx(nernst, rel=1e-6)


def test_segments_by_name():
    with session() as h:
        cell = NeuronCell(h, model("full"))
        assert cell.segment("soma(0.5)").sec == cell.soma
        assert cell.segment("dend_5[0](1)").x == 1
        assert cell.segment("axon[2](0.25)").sec.name().endswith("axon[2]")


def test_refuses_trees_that_fall_apart():
    orphan = replace(TREE, type=np.where(np.arange(12) == 8, 3, TREE.type))
    for axon in ("stub", "truncated"):
        broken = replace(model(axon), morphology=orphan)
        with pytest.raises(DataError, match=r"grows from axon\[0\]"), session() as h:
            NeuronCell(h, broken)
    rootless = replace(TREE, type=np.where(np.arange(12) == 0, 3, TREE.type))
    with pytest.raises(DataError, match="root must be of the soma"), session() as h:
        NeuronCell(h, replace(model("stub"), morphology=rootless))


def test_branches_without_length_are_left_out_quietly(capfd):
    short = replace(
        TREE, xyz_um=np.where(np.arange(12)[:, None] == 11, TREE.xyz_um[4], TREE.xyz_um)
    )
    with session() as h:
        NeuronCell(h, replace(model("stub"), morphology=short))
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_the_users_own_names_stay(monkeypatch):
    """NEURON's import runs ``import neuron`` in the main program."""
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "neuron", "mine", raising=False)
    with session() as h:
        NeuronCell(h, model("stub"))
    assert main.neuron == "mine"
    monkeypatch.delattr(main, "neuron")
    with session() as h:
        NeuronCell(h, model("stub"))
    assert not hasattr(main, "neuron")
