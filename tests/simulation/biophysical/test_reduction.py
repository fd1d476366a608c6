"""Passive trees as modes, on SYNTHETIC cells: exact where they must be, and as far off as they say."""

import numpy as np
import pytest
from scipy.linalg import expm

from allentk.data import Morphology
from allentk.models.compartments import compartments
from allentk.simulation.biophysical.reduction import PassiveTree

PASSIVE = {
    "ra_ohm_cm": 120.0,
    "cm_uf_per_cm2": {"soma": 1.0, "axon": 1.0, "dend": 2.0},
    "g_pas": {"soma": 2e-4, "axon": 5e-4, "dend": 3e-5},
    "e_pas_mv": -82.0,
}


def branching(seed=0, depth=4):
    """Return compartments of a soma with two random binary trees and a stub."""
    rng = np.random.default_rng(seed)
    kinds, parents, xyz, radii = [1], [-1], [np.zeros(3)], [7.0]

    def grow(parent, at, level):
        end = at + rng.normal(0, 1, 3) * rng.uniform(20, 90)
        kinds.append(3)
        parents.append(parent)
        xyz.append(end)
        radii.append(rng.uniform(0.3, 1.2))
        here = len(kinds) - 1
        if level:
            grow(here, end, level - 1)
            grow(here, end, level - 1)

    grow(0, xyz[0], depth)
    grow(0, xyz[0], depth - 1)
    numbers = range(1, len(kinds) + 1)
    return compartments(Morphology(list(numbers), kinds, xyz, radii, parents), axon="stub")


def matrices(tree):
    """Return C, G and b of the tree without its soma, and the leak's drive, as dense arrays."""
    n = tree.parent.size
    G = np.diag(tree.leak_ns.astype(float))
    for i in range(1, n):
        p, g = tree.parent[i], tree.axial_ns[i]
        G[i, i] += g
        G[p, p] += g
        G[i, p] -= g
        G[p, i] -= g
    return tree.capacity_pf[1:], G[1:, 1:], -G[1:, 0], (tree.leak_ns * tree.e_mv)[1:]


def of_membrane(tree):
    """Return C, G, b, drive and the direct conductance without the ends that have no membrane."""
    C, G, b, drive = matrices(tree)
    has, bare = C > 0, C == 0
    solve = np.linalg.solve(G[np.ix_(bare, bare)], np.eye(bare.sum()))
    across = G[np.ix_(has, bare)] @ solve
    return (
        C[has],
        G[np.ix_(has, has)] - across @ G[np.ix_(bare, has)],
        b[has] - across @ b[bare],
        drive[has],
        b.sum() - b[bare] @ solve @ b[bare],
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_swept_admittance_is_that_of_the_matrices(seed):
    tree = PassiveTree.of(branching(seed), **PASSIVE)
    C, G, b, _ = matrices(tree)
    s = 2j * np.pi * np.array([0.0, 1e-4, 0.01, 1.0, 20.0])
    expected = [b.sum() - b @ np.linalg.solve(G + one * np.diag(C), b) for one in s]
    np.testing.assert_allclose(tree.admittance_ns(s), expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_all_modes_are_the_whole_tree(seed):
    cell = branching(seed, depth=2)
    C, _, b, _, direct = of_membrane(PassiveTree.of(cell, **PASSIVE))
    tree = PassiveTree.of(cell, **PASSIVE).reduced(60)
    assert tree.axial_ns == pytest.approx(direct, rel=1e-12)
    assert tree.strength.sum() == pytest.approx((b / C) @ b, rel=1e-4)


def test_a_step_at_the_soma_is_answered_like_the_whole_tree():
    cell = branching(1)
    full = PassiveTree.of(cell, **PASSIVE)
    C, G, b, drive, direct = of_membrane(full)
    modes = full.reduced(24)
    assert full.bound_of(modes) < 1e-5
    rest = np.linalg.solve(G, b * -82.0 + drive)
    assert rest == pytest.approx(np.full(C.size, -82.0), abs=1e-9)
    steady = np.linalg.solve(G, b * -60.0 + drive)
    w_steady = (modes.strength * -60.0 + modes.drive) / modes.rate_per_ms
    w_rest = (modes.strength * -82.0 + modes.drive) / modes.rate_per_ms
    at_rest = modes.start * 0.0 + w_rest
    for t_ms in (0.01, 0.1, 1.0, 10.0, 100.0):
        v = steady + expm(-(G / C[:, None]) * t_ms) @ (rest - steady)
        w = w_steady + np.exp(-modes.rate_per_ms * t_ms) * (at_rest - w_steady)
        expected = b @ v - direct * -60.0
        got = w.sum() + modes.axial_ns * modes.e_mv - modes.axial_ns * -60.0
        assert got == pytest.approx(expected, rel=1e-4)


def test_the_steady_state_is_exact_whatever_the_number_of_modes():
    tree = PassiveTree.of(branching(2), **PASSIVE)
    for n_modes in (2, 4, 9):
        modes = tree.reduced(n_modes)
        assert modes.admittance_ns(np.array([0j])) == pytest.approx(
            tree.admittance_ns(np.array([0j])), rel=1e-9
        )


def test_a_leak_that_differs_between_sections_is_exact_at_rest():
    cell = branching(0)
    uneven = {**PASSIVE, "e_pas_mv": {"soma": -70.0, "axon": -60.0, "dend": -85.0}}
    full = PassiveTree.of(cell, **uneven)
    _, G, b, drive, direct = of_membrane(full)
    modes = full.reduced(12)
    w = (modes.strength * -75.0 + modes.drive) / modes.rate_per_ms
    got = w.sum() + modes.axial_ns * (modes.e_mv + 75.0)
    expected = b @ np.linalg.solve(G, b * -75.0 + drive) - direct * -75.0
    assert got == pytest.approx(expected, rel=1e-9)


def test_no_charge_is_lost():
    # Without a leak, what goes into the tree for good is what its capacitance holds.
    cell = branching(3)
    tight = {**PASSIVE, "g_pas": {"soma": 0, "axon": 0, "dend": 0}}
    modes = PassiveTree.of(cell, **tight).reduced(12)
    held = PassiveTree.of(cell, **PASSIVE).capacity_pf[1:].sum()
    assert (modes.strength / modes.rate_per_ms**2).sum() == pytest.approx(held, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_holds_between_the_frequencies_and_is_not_loose(seed):
    rng = np.random.default_rng(seed)
    g_pas = dict(zip(("soma", "axon", "dend"), 10 ** rng.uniform(-7, -3, 3), strict=True))
    passive = {**PASSIVE, "g_pas": g_pas, "ra_ohm_cm": rng.uniform(50, 300)}
    cell = branching(seed)
    full = PassiveTree.of(cell, **passive)
    for n_modes in (5, 8, 12):
        modes = full.reduced(n_modes)
        worst = full.error_of(modes, np.geomspace(0.1, 2e4, 1500)).max()
        assert worst <= full.bound_of(modes) <= 30 * worst


def test_modes_are_passive_and_stable():
    modes = PassiveTree.of(branching(0), **PASSIVE).reduced(12)
    assert (modes.rate_per_ms > 0).all()
    assert (modes.strength >= 0).all()
    s = 2j * np.pi * np.geomspace(1e-4, 100, 50)
    assert (modes.admittance_ns(s).real > 0).all()
