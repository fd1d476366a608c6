"""The sodium channel of twelve states."""

import numpy as np
import pytest

from allentk.errors import DataError
from allentk.models.channels import OPEN, SCHEMES, STATES, equilibrium, ladder, rate_matrix

VOLTAGES = np.array([-120.0, -93.0, -70.0, -55.5, -38.0, -10.0, 0.0, 20.0, 60.0])
CELSIUS = (24.0, 34.0, 37.0)


def transitions(v, celsius, recovery):
    """Return (from, to) -> rate in 1/ms, read from the published table, one by one."""
    q = 2.3 ** ((celsius - 37) / 10)
    A, B, x, y = 400 * q * np.exp(v / 24), 12 * q * np.exp(-v / 24), 2.51, 5.32
    out = {("C5", "O"): 250 * q, ("O", "C5"): 60 * q, ("I5", "I6"): 250 * q, ("I6", "I5"): 60 * q}
    out |= {("O", "I6"): 8 * q, ("I6", "O"): 0.05 * q}
    for k in (1, 2, 3, 4):
        out[f"C{k}", f"C{k + 1}"], out[f"C{k + 1}", f"C{k}"] = (5 - k) * A, k * B
        out[f"I{k}", f"I{k + 1}"], out[f"I{k + 1}", f"I{k}"] = (5 - k) * A * x, k * B / y
    for k in (1, 2, 3, 4, 5):
        out[f"C{k}", f"I{k}"] = 0.01 * q * x ** (k - 1)
        out[f"I{k}", f"C{k}"] = recovery * q / y ** (k - 1)
    return out


@pytest.mark.parametrize(("name", "recovery"), [("NaV", 40.0), ("NaV2", 2.0)])
@pytest.mark.parametrize("celsius", CELSIUS)
def test_rates_are_those_of_the_table(name, recovery, celsius):
    for v in VOLTAGES:
        wanted = np.zeros((12, 12))
        for (source, target), rate in transitions(v, celsius, recovery).items():
            wanted[STATES.index(target), STATES.index(source)] = rate
        got = rate_matrix(v, celsius, name)
        off = ~np.eye(12, dtype=bool)
        np.testing.assert_allclose(got[off], wanted[off], rtol=1e-13, atol=0)
        np.testing.assert_allclose(-np.diag(got), wanted.sum(axis=0), rtol=1e-13)


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("celsius", CELSIUS)
def test_equilibrium_is_the_null_vector(name, celsius):
    p = equilibrium(VOLTAGES, celsius, name)
    R = rate_matrix(VOLTAGES, celsius, name)
    assert p.shape == (9, 12)
    assert (p > 0).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1.0, rtol=1e-14)
    gained = np.einsum("vij,vj->vi", R, p)
    through = np.einsum("vij,vj->vi", np.abs(R), p)
    np.testing.assert_array_less(np.abs(gained), 1e-14 * through)


def test_equilibrium_is_reached():
    R = rate_matrix(-30.0, 34.0)
    step = np.eye(12) - 0.05 * R
    p = np.eye(12)[0]
    for _ in range(4000):
        p = np.linalg.solve(step, p)
    np.testing.assert_allclose(p, equilibrium(-30.0, 34.0), rtol=1e-10)


def test_a_ring_of_the_scheme_is_not_in_balance():
    rate = transitions(-40.0, 34.0, 40.0)
    ring = ["C5", "O", "I6", "I5"]
    pairs = list(zip(ring, ring[1:] + ring[:1], strict=True))
    forth = np.prod([rate[pair] for pair in pairs])
    back = np.prod([rate[pair[::-1]] for pair in pairs])
    assert forth > 10 * back
    p = dict(zip(STATES, equilibrium(-40.0, 34.0), strict=True))
    assert p["C5"] * rate["C5", "O"] > p["O"] * rate["O", "C5"] * (1 + 1e-6)


def test_the_ladder_gives_the_matrix():
    steps, v = ladder(34.0, "NaV2"), -47.0
    a = np.exp(v / 24.0)
    up, down = steps.up_a * a + steps.up, steps.down_a / a + steps.down
    R = rate_matrix(v, 34.0, "NaV2")
    blocks = np.array([[k, k + 6] for k in range(6)])
    for k in range(5):
        rising, falling = (
            R[np.ix_(blocks[k + 1], blocks[k])],
            R[np.ix_(blocks[k], blocks[k + 1])],
        )
        np.testing.assert_allclose(rising, np.diag(up[k]))
        np.testing.assert_allclose(falling, np.diag(down[k]))
        assert R[k + 6, k] == steps.across[k]
        assert R[k, k + 6] == steps.back[k]
    assert STATES[OPEN] == "O"


def test_shapes():
    assert rate_matrix(-70.0, 34.0).shape == (12, 12)
    assert equilibrium(np.zeros((2, 3)), 34.0).shape == (2, 3, 12)


def test_another_name_is_refused():
    with pytest.raises(DataError, match="'NaTs'; there are NaV, NaV2"):
        rate_matrix(0.0, 34.0, "NaTs")
