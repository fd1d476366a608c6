"""Sections and compartments of synthetic reconstructions: closed forms, and NEURON's own import."""

import importlib.util
from itertools import pairwise

import numpy as np
import pytest

from allentk.data import Morphology
from allentk.errors import DataError
from allentk.io import write_swc
from allentk.models.axon import with_axon
from allentk.models.compartments import Compartments, compartments
from allentk.models.frusta import segments
from allentk.models.sections import Section, cut_into_sections
from tests.neuron_sections import ask

needs_neuron = pytest.mark.skipif(
    importlib.util.find_spec("neuron") is None, reason="NEURON has no wheel here"
)


def cell(rows):
    """Return a reconstruction from rows of type, x, y, z, radius and parent (row number or -1)."""
    rows = np.array(rows, dtype=float)
    return Morphology(np.arange(1, len(rows) + 1), rows[:, 0], rows[:, 1:4], rows[:, 4], rows[:, 5])


BALL = (1, 0, 0, 0, 5, -1)
CELLS = {
    "ball and stick": [BALL, (3, 0, 6, 0, 1, 0), (3, 0, 120, 0, 0.5, 1)],
    "ball, axon and branching dendrite": [
        BALL,
        (2, 0, -6, 0, 0.5, 0),
        (2, 0, -50, 0, 0.4, 1),
        (2, 0, -130, 0, 0.3, 2),
        (3, 0, 6, 0, 1, 0),
        (3, 0, 40, 0, 0.8, 4),
        (3, 30, 80, 0, 0.5, 5),
        (3, -30, 95, 0, 0.6, 5),
        (3, -30, 150, 0, 0.2, 7),
    ],
    "three nodes for a sphere": [
        (1, 0, 0, 0, 5, -1),
        (1, 0, -5, 0, 5, 0),
        (1, 0, 5, 0, 5, 0),
        (3, 0, 9, 0, 1, 0),
        (3, 0, 60, 0, 1, 3),
    ],
    "three nodes that are no sphere": [
        (1, 0, 0, 0, 5, -1),
        (1, 0, -8, 0, 3, 0),
        (1, 0, 8, 0, 4, 0),
        (3, 0, 20, 0, 1, 2),
        (3, 0, 60, 0, 1, 3),
        (4, 9, 9, 0, 1, 0),
        (4, 9, 90, 0, 1, 5),
    ],
    "a long soma, with neurites on its ends and its middle": [
        (1, 0, 0, 0, 4, -1),
        (1, 0, 30, 0, 6, 0),
        (1, 0, 60, 0, 5, 1),
        (1, 0, 90, 0, 3, 2),
        (2, 5, 0, 0, 0.5, 0),
        (2, 80, 0, 0, 0.5, 4),
        (3, 9, 30, 0, 0.7, 1),
        (3, 70, 30, 0, 0.7, 6),
        (4, 0, 100, 0, 1, 3),
        (4, 0, 200, 0, 0.9, 8),
    ],
    "a type that changes along a neurite": [
        BALL,
        (3, 0, 6, 0, 1, 0),
        (3, 0, 40, 0, 0.8, 1),
        (2, 0, 60, 0, 0.4, 2),
        (2, 0, 130, 0, 0.3, 3),
        (5, 0, -6, 0, 1, 0),
        (5, 0, -60, 0, 1, 5),
    ],
    "a branch on the first node of a neurite": [
        BALL,
        (3, 9, 0, 0, 1, 0),
        (3, 30, 0, 0, 1, 1),
        (3, 0, 9, 0, 1, 0),
        (3, 0, 30, 0, 1, 3),
        (3, 20, 30, 0, 0.4, 3),
        (3, 50, 30, 0, 0.4, 5),
    ],
    "single nodes on the soma, and equal ones": [
        BALL,
        (3, 0, 7, 0, 1, 0),
        (3, 9, 0, 0, 1, 0),
        (3, 40, 0, 0, 1, 2),
        (3, 40, 0, 0, 0.5, 3),
        (3, 60, 0, 0, 0.5, 4),
        (3, 40, 0, 0, 0.7, 3),
        (3, 0, 0, 0, 1, 0),
    ],
    "a branching soma": [
        (1, 0, 0, 0, 5, -1),
        (1, 10, 0, 0, 4, 0),
        (1, 20, 0, 0, 3, 1),
        (1, 10, 9, 0, 3, 1),
        (3, 30, 0, 0, 1, 2),
        (3, 70, 0, 0, 1, 4),
        (3, 12, 0, 9, 1, 1),
        (3, 12, 0, 60, 1, 6),
    ],
    "far from the origin, in digits that single precision loses": [
        (1, 5450.4391, 522.63413, 38.7565, 5.12051, -1),
        (3, 5456.1234, 522.63413, 39.1, 0.3432, 0),
        (3, 5499.9877, 530.5, 41.234567, 0.2861, 1),
    ],
}


def test_a_ball_and_a_stick_in_closed_form():
    tree = compartments(cell(CELLS["ball and stick"]), axon="stub")
    assert [section.name for section in tree.sections] == [
        "soma[0]",
        "dend[0]",
        "axon[0]",
        "axon[1]",
    ]
    stick = np.flatnonzero(tree.kind == 2)
    # 114 um are 1 + 2 * 2 segments; a cone from 2 to 1 um.
    assert stick.size == 5
    length, ends = 114 / 5, np.linspace(2, 1, 6)
    side = np.pi / 2 * (ends[:-1] + ends[1:]) * np.hypot(length, np.diff(ends) / 2)
    np.testing.assert_allclose(tree.area_um2[stick], side, rtol=1e-12)
    assert tree.area_um2[0] == pytest.approx(np.pi * 100, rel=1e-12)  # the sphere's area
    middles = np.append(2, np.linspace(2, 1, 11)[1::2])
    step = np.append(length / 2, np.full(4, length))
    np.testing.assert_allclose(
        tree.axial_per_um[stick], 4 / np.pi * step / (middles[:-1] * middles[1:]), rtol=1e-12
    )
    np.testing.assert_allclose(tree.path_um[stick], (np.arange(5) + 0.5) * length)
    np.testing.assert_array_equal(tree.parent[stick], np.append(0, stick[:-1]))


def test_the_stub():
    tree = compartments(cell(CELLS["ball, axon and branching dendrite"]), axon="stub")
    first, end, second = np.flatnonzero(tree.kind == 1)
    assert tree.parent[[first, end, second]].tolist() == [0, first, end]
    np.testing.assert_allclose(tree.area_um2[[first, end, second]], [30 * np.pi, 0, 30 * np.pi])
    np.testing.assert_allclose(tree.axial_mohm(100.0)[first], 0.01 * 100 * 15 / (np.pi / 4))
    assert tree.area_by_kind_um2["axon"] == pytest.approx(60 * np.pi)
    assert tree.total_area_um2 == pytest.approx(sum(tree.area_by_kind_um2.values()))


def test_the_truncated_axon_takes_diameters_from_the_reconstructed():
    tree = compartments(cell(CELLS["ball, axon and branching dendrite"]), axon="truncated")
    axon = [section for section in tree.sections if section.kind == 1]
    # The middle of 124 um, tapering from 1 to 0.6; it is the first section beyond 60 um as well.
    assert axon[0].diameter_um.tolist() == axon[1].diameter_um.tolist()
    assert 0.6 < axon[0].diameter_um[0] < 1
    assert (axon[0].parent, axon[0].parent_x) == (0, 1.0)
    assert tree.path_um[tree.area_um2 > 0][-2:].tolist() == [20, 50]


def test_ends_that_nothing_hangs_on_are_left_out():
    tree = compartments(cell(CELLS["ball, axon and branching dendrite"]), axon="full")
    empty = np.flatnonzero(tree.area_um2 == 0)
    assert tree.x[empty].tolist() == [1.0]
    assert (tree.parent == empty[0]).sum() == 2


def test_compartment_0_is_the_middle_of_a_long_soma():
    tree = compartments(
        cell(CELLS["a long soma, with neurites on its ends and its middle"]), axon="full"
    )
    soma = np.flatnonzero(tree.section == 0)
    assert soma.size == 7  # five segments and both ends
    assert (tree.x[0], tree.path_um[0], tree.parent[0]) == (0.5, 0.0, -1)
    assert (tree.parent[1:] < np.arange(1, tree.n)).all()
    np.testing.assert_allclose(tree.path_um[soma], 90 * np.abs(tree.x[soma] - 0.5))
    # Every link inside the soma is there once, whatever the direction.
    links = {frozenset((one, tree.parent[one])) for one in soma[1:]}
    along = soma[np.argsort(tree.x[soma])]
    assert links == {frozenset(pair) for pair in pairwise(along)}


def test_values_by_kind():
    tree = compartments(cell(CELLS["ball and stick"]), axon="stub")
    ra = tree.axial_mohm({"soma": 100, "axon": 50, "dend": 200})
    np.testing.assert_allclose(
        ra[1:], (tree.axial_mohm(100.0) * tree.by_kind({"soma": 1, "axon": 0.5, "dend": 2}))[1:]
    )
    assert np.isinf(ra[0])
    with pytest.raises(DataError, match="ra_ohm_cm: no value for axon, got soma, dend"):
        tree.axial_mohm({"soma": 100, "dend": 200})
    with pytest.raises(DataError, match="must be positive"):
        tree.axial_mohm(0.0)


def test_places():
    tree = compartments(cell(CELLS["ball, axon and branching dendrite"]), axon="stub")
    assert tree.at(0, 0.5) == tree.at(0, 1.0) == 0
    assert tree.at(1, 0.0) == 0  # where the dendrite begins is the middle of the soma
    assert tree.area_um2[tree.at(1, 1.0)] == 0
    assert tree.x[tree.at(1, 0.4)] == 0.5
    with pytest.raises(DataError, match=r"no place x = 1\.5 on section 0"):
        tree.at(0, 1.5)
    with pytest.raises(DataError, match=r"no place x = 0\.5 on section 9"):
        tree.at(9, 0.5)


def test_shorter_segments():
    tree = compartments(cell(CELLS["ball and stick"]), axon="stub", max_length_um=10)
    assert (tree.kind == 2).sum() == 1 + 2 * 11
    coarse = compartments(cell(CELLS["ball and stick"]), axon="stub")
    assert tree.total_area_um2 == pytest.approx(coarse.total_area_um2, rel=1e-12)
    with pytest.raises(DataError, match="max_length_um must be a positive number"):
        compartments(cell(CELLS["ball and stick"]), axon="stub", max_length_um=0)
    one = compartments(cell(CELLS["ball and stick"]), axon="none", max_length_um=np.inf)
    assert one.kind.tolist() == [0, 2]


def test_a_step_in_diameter_counts_as_membrane():
    """Two points at one place: the ring between them."""
    step = Section("dend[0]", 2, 0, 1.0, [0, 10, 10, 20], [2, 2, 1, 1], 1)
    ring = np.pi / 4 * (2**2 - 1**2)
    assert segments([step]).area_um2[0] == pytest.approx(np.pi * (20 + 10) + ring)
    assert segments([step]).diameter_um[0] == pytest.approx(1.5)


def test_no_section_depends_on_its_neighbours_in_the_list():
    cone = Section("dend[0]", 2, 0, 1.0, [0, 70, 130], [3, 2, 1], 7)
    other = Section("dend[1]", 2, 0, 1.0, [0, 1e-3], [1, 1], 1)
    alone, between = segments([cone]), segments([other, cone, other])
    np.testing.assert_array_equal(between.area_um2[1:-1], alone.area_um2)
    np.testing.assert_array_equal(between.left_per_um[1:-1], alone.left_per_um)


def test_what_is_refused():
    no_axon = cell(CELLS["ball and stick"])
    with pytest.raises(DataError, match="there is none; take axon='stub'"):
        compartments(no_axon, axon="truncated")
    with pytest.raises(
        DataError, match="axon must be one of stub, truncated, full, none, got 'no'"
    ):
        compartments(no_axon, axon="no")
    with pytest.raises(DataError, match="root must be a node of the soma"):
        compartments(cell([(3, 0, 0, 0, 1, -1), (1, 0, 9, 0, 5, 0)]), axon="stub")
    with pytest.raises(DataError, match=r"soma\[0\]: its points have no length"):
        compartments(cell([BALL, (1, 0, 0, 0, 5, 0)]), axon="stub")
    with pytest.raises(DataError, match="type -1 belongs to no section"):
        compartments(cell([BALL, (-1, 0, 9, 0, 1, 0), (-1, 0, 19, 0, 1, 1)]), axon="stub")


def test_a_dendrite_on_the_axon_is_not_dropped_in_silence():
    rows = [BALL, (2, 0, 9, 0, 1, 0), (2, 0, 50, 0, 1, 1), (3, 0, 90, 0, 1, 2)]
    with pytest.raises(DataError, match=r"dend\[0\] grows from axon\[0\], which is taken away"):
        compartments(cell(rows), axon="stub")
    assert compartments(cell(rows), axon="full").area_by_kind_um2["dend"] > 0


def test_an_order_of_nodes_that_would_be_read_as_another_tree():
    """The first node of a neurite must be followed by its child, or NEURON joins what is not joined."""
    rows = [BALL, (3, 9, 0, 0, 1, 0), (3, 0, 9, 0, 1, 0), (3, 30, 0, 0, 1, 1), (3, 0, 30, 0, 1, 2)]
    with pytest.raises(DataError, match="Number the nodes depth first"):
        compartments(cell(rows), axon="stub")


def test_sections_of_length_0_are_refused_and_the_axon_rule_keeps_full():
    with pytest.raises(DataError, match="no length"):
        Section("dend[0]", 2, 0, 1.0, [0, 0], [1, 1], 1)
    with pytest.raises(DataError, match=r"one value per point, got shapes \(2,\) and \(1,\)"):
        Section("dend[0]", 2, 0, 1.0, [0, 9], [1], 1)
    sections = cut_into_sections(cell(CELLS["ball and stick"]))
    assert with_axon(sections, "full") == sections


@pytest.mark.parametrize("far_um", [1e12, 1e39])
def test_a_node_that_is_far_off_does_not_fill_the_memory(far_um):
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(DataError, match=r"dend\[0\].* more than 32767 segments of 40 um"),
    ):
        compartments(cell([BALL, (3, 0, far_um, 0, 1, 0)]), axon="stub")


def test_compartments_check_themselves():
    tree = compartments(cell(CELLS["ball and stick"]), axon="stub")
    values = {name: getattr(tree, name) for name in Compartments.__slots__}
    with pytest.raises(DataError, match="a parent must stand before"):
        Compartments(**(values | {"parent": [-1, *range(2, tree.n + 1)]}))
    with pytest.raises(DataError, match="compartment 0, and no other"):
        Compartments(**(values | {"parent": np.full(tree.n, -1)}))
    with pytest.raises(DataError, match=r"kind must lie in 0\.\.3, got 9 to 9"):
        Compartments(**(values | {"kind": np.full(tree.n, 9)}))
    with pytest.raises(DataError, match=r"section must lie in 0\.\.3, got -1 to -1"):
        Compartments(**(values | {"section": np.full(tree.n, -1)}))
    with pytest.raises(DataError, match="x must have shape"):
        Compartments(**(values | {"x": [0.5]}))
    with pytest.raises(ValueError, match="read-only"):
        tree.area_um2[0] = 1.0


CASES = [
    (name, axon)
    for name, rows in CELLS.items()
    for axon in ("full", "stub", "truncated")
    if axon != "truncated" or any(row[0] == 2 for row in rows)
]


@pytest.fixture(scope="module")
def neurons_answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swc")
    files = {
        name: str(write_swc(cell(rows), folder / f"{number}.swc"))
        for number, (name, rows) in enumerate(CELLS.items())
    }
    answers = ask([{"swc": files[name], "axon": axon} for name, axon in CASES])
    return dict(zip(CASES, answers, strict=True))


@needs_neuron
@pytest.mark.parametrize(("name", "axon"), CASES)
def test_same_as_neuron(name, axon, neurons_answers):
    assert_same(compartments(cell(CELLS[name]), axon=axon), neurons_answers[name, axon])


def assert_same(tree, expected):
    """Compare with NEURON's answer: names, topology, areas, resistances, distances."""
    assert [section.name for section in tree.sections] == [one["name"] for one in expected]
    for place, (section, one) in enumerate(zip(tree.sections, expected, strict=True)):
        above = tree.sections[section.parent].name if section.parent >= 0 else None
        assert above == one["parent"]
        assert above is None or section.parent_x == pytest.approx(one["parent_x"])
        own = np.flatnonzero((tree.section == place) & (tree.area_um2 > 0))
        own = own[np.argsort(tree.x[own])]
        np.testing.assert_allclose(tree.area_um2[own], one["area"], rtol=1e-9)
        np.testing.assert_allclose(tree.path_um[own], one["path"], rtol=1e-9, atol=1e-9)
        if place:
            np.testing.assert_allclose(tree.axial_mohm(100.0)[own], one["ri"], rtol=1e-9)
        end = np.flatnonzero((tree.section == place) & (tree.area_um2 == 0) & (tree.x == 1))
        if end.size:
            np.testing.assert_allclose(tree.axial_mohm(100.0)[end], one["end_ri"], rtol=1e-9)
