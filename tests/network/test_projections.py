"""Projections: what they refuse, columns of one value, several synapses per edge."""

import numpy as np
import pandas as pd
import pytest

from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network import (
    ConductanceProjection,
    JumpProjection,
    Network,
    Population,
    Projection,
    Receptor,
    Synapse,
)

EXC = Receptor(tau_s=0.002, sign=1)
CELL = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)


def test_a_column_of_one_value_takes_no_memory() -> None:
    made = Projection("a", "b", [0, 1, 3], [0, 1, 2], 5.0, 0.001, EXC)
    assert made.weights_pa.tolist() == [5.0, 5.0, 5.0]
    assert made.weights_pa.strides == made.delays_s.strides == made.n_synapses.strides == (0,)
    assert not made.weights_pa.flags.writeable


def test_edges_carry_their_synapses_through_sorting() -> None:
    made = Projection.from_edges(
        "a",
        "b",
        [0, 1, 2],
        [1, 0, 0],
        [1.0, 2.0, 3.0],
        0.001,
        EXC,
        n_targets=2,
        n_synapses=[3, 4, 5],
    )
    assert made.sources.tolist() == [1, 2, 0]
    assert made.n_synapses.tolist() == [4, 5, 3]


@pytest.mark.parametrize("n_synapses", [0, [1, 0, 2]])
def test_an_edge_has_a_synapse(n_synapses: object) -> None:
    with pytest.raises(DataError, match="n_synapses must be 1 or more, got 0"):
        Projection("a", "b", [0, 1, 3], [0, 1, 2], 5.0, 0.001, EXC, n_synapses)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [[-1.0, 0.2, 0.2], -1.0, float("nan")])
def test_jumps_have_the_sign_they_say(wrong: object) -> None:
    with pytest.raises(DataError, match="weights_mv must be finite and at or above 0"):
        JumpProjection("a", "b", [0, 1, 3], [0, 1, 2], wrong, 0.001, 1)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="sign must be 1 or -1, got 2"):
        JumpProjection("a", "b", [0, 1, 3], [0, 1, 2], 0.5, 0.001, 2)


def test_a_double_alpha_is_two_currents() -> None:
    receptor = Receptor(0.002, -1, tau_slow_s=0.01, slow_amplitude=0.25)
    assert receptor.parts == ((0.002, 1.0), (0.01, 0.25))
    assert receptor.charge_per_peak_s == pytest.approx(np.e * (0.002 + 0.0025))
    assert Receptor(0.002, -1, tau_slow_s=0.01).parts == ((0.002, 1.0),)
    with pytest.raises(DataError, match="needs tau_slow_s"):
        Receptor(0.002, 1, slow_amplitude=0.5)
    with pytest.raises(DataError, match="tau_slow_s must lie in"):
        Receptor(0.002, 1, tau_slow_s=8.0, slow_amplitude=0.5)


def test_several_synapses_of_an_edge_get_a_place_each() -> None:
    synapse = Synapse(0.0005, 0.003, 0.0)
    made = ConductanceProjection(
        "a", "b", [0, 1, 3], [0, 1, 2], [1e-4, 2e-4, 3e-4], 0.001, synapse, n_synapses=[1, 3, 2]
    )
    each = made._one_synapse_each()
    assert each.indptr.tolist() == [0, 1, 6]
    assert each.sources.tolist() == [0, 1, 1, 1, 2, 2]
    np.testing.assert_allclose(each.weights_us, [1e-4, 2e-4, 2e-4, 2e-4, 3e-4, 3e-4])
    with pytest.raises(DataError, match="edge 1 has 3 synapses and one place"):
        ConductanceProjection(
            "a", "b", [0, 1, 3], [0, 1, 2], 1e-4, 0.001, synapse, 0, [0, 0, 0], [0.5] * 3, [1, 3, 2]
        )


def test_a_network_tells_the_kinds_of_its_connections() -> None:
    cells = Population("b", (CELL,), pd.DataFrame(index=range(2)))
    jumps = JumpProjection("b", "b", [0, 1, 3], [1, 0, 1], 0.2, 0.002, 1, n_synapses=[1, 2, 3])
    currents = Projection("b", "b", [0, 1, 3], [1, 0, 1], 5.0, 0.001, EXC)
    table = Network([cells], [jumps, currents]).connections()
    assert table["n_edges"].tolist() == [3, 3]
    assert table["n_synapses"].tolist() == [6, 3]
    assert table["median_weight_mv"].tolist()[0] == pytest.approx(0.2)
    assert table["median_weight_pa"].tolist()[1] == pytest.approx(5.0)
