"""Small networks of every kind, and whether two networks are one."""

from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd

from allentk.data import Morphology, SpikeTrains
from allentk.models import (
    BiophysicalModel,
    BiophysicalParameters,
    GLIFParameters,
    SectionParameters,
)
from allentk.network import (
    ConductanceProjection,
    CurrentClamp,
    JumpProjection,
    Network,
    PoissonInput,
    PoissonSynapses,
    Population,
    Projection,
    Receptor,
    Replay,
    Synapse,
)

ASC = GLIFParameters(
    level=5,
    C_pf=61.0,
    R_mohm=171.3,
    E_L_mv=-71.25,
    th_inf_mv=21.7,
    t_ref_s=0.0031,
    asc_amp_pa=(-11.0, 3.3),
    asc_tau_s=(0.1, 0.03),
    asc_r=(1.0, 0.9),
    reset_a=0.3,
    reset_b_mv=2.1,
    th_spike_a_mv=1.7,
    th_spike_b_per_s=33.3,
    th_voltage_a_per_s=2.2,
    th_voltage_b_per_s=11.1,
    source="a cell",
)
LIF = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
INTFIRE = GLIFParameters(level=1, C_pf=240, R_mohm=100, E_L_mv=0, th_inf_mv=1.0, t_ref_s=0.003)


def tree():
    """A soma with a dendrite."""
    passive = SectionParameters(
        ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1 / 3e4, e_pas_mv=-80, ena_mv=53, ek_mv=-107
    )
    parameters = BiophysicalParameters(
        kind="perisomatic",
        v_init_mv=-80.1,
        axon="stub",
        sections=dict.fromkeys(("soma", "axon", "dend"), passive),
        source="somewhere",
    )
    xyz = [[0, 0, 0], [0, 9, 0], [0, 1 / 3 + 99, 0]]
    return BiophysicalModel(
        parameters, Morphology([1, 2, 3], [1, 3, 3], xyz, [5, 1, 1], [-1, 0, 1])
    )


def wires(rng, n_sources, n_targets, n):
    return rng.integers(0, n_sources, n), rng.integers(0, n_targets, n)


def points(seed=0):
    """Point neurons, their jumps, currents, background, clamps and recorded input."""
    rng = np.random.default_rng(seed)
    nodes = pd.DataFrame(
        {
            "model": [0, 1, 0, 1, 1],
            "x_um": rng.random(5),
            "tuning_angle_deg": [1.0, np.nan, 2.0, 3.0, 4.0],
            "cell_class": ["L2/3 Exc", "b c", "b c", None, 'd"e'],
            "rank": [5, 4, 3, 2, 1],
        }
    )
    exc = Population("L2/3 Exc", (ASC, LIF), nodes)
    inh = Population("PV", (LIF,), pd.DataFrame({"y_um": rng.random(3)}))
    fire = Population("fire", (INTFIRE,), pd.DataFrame(index=range(2)))
    trains = SpikeTrains(np.sort(rng.random(20)), rng.integers(0, 4, 20), 4)
    lgn = Population("LGN", (), pd.DataFrame({"x_deg": rng.random(4)}), Replay(trains))
    fast, slow = Receptor(0.0055, 1), Receptor(0.0085, -1, tau_slow_s=0.03, slow_amplitude=0.4)

    def weights(n):
        return rng.random(n, dtype=np.float32)

    return Network(
        [exc, inh, fire, lgn],
        [
            Projection.from_edges(
                exc.name, "PV", *wires(rng, 5, 3, 30), weights(30), rng.random(30) / 99, fast, n_targets=3
            ),
            Projection.from_edges(
                "PV", exc.name, *wires(rng, 3, 5, 20), -weights(20), 0.0017, slow, n_targets=5
            ),
            Projection.from_edges(
                exc.name, exc.name, *wires(rng, 5, 5, 9), 7.3, 0.002, fast, n_targets=5,
                n_synapses=rng.integers(1, 9, 9),
            ),
            Projection.from_edges("PV", "PV", [], [], [], [], slow, n_targets=3),
            Projection.from_edges("LGN", exc.name, [0, 1], [1, 4], 2.5, 0.001, fast, n_targets=5,
                n_synapses=3),
            JumpProjection.from_edges("LGN", "fire", [0, 3, 3], [1, 0, 0], [0.5, 0.1, 0.2], 0.002, 1,
                n_targets=2),
            JumpProjection.from_edges("fire", "fire", [0], [1], -0.4, 0.002, -1, n_targets=2),
        ],
        [PoissonInput("PV", [1e3, 2e3, 0.1], [1.0, 2.0, 3.0], fast)],
        [CurrentClamp("PV", [0, 2], [50.0, -20.0], [0.1, 0.3], [0.2, np.inf])],
        name="points",
    )  # fmt: skip


def trees(seed=0, *, placed=True):
    """Compartmental cells and point neurons in one network."""
    rng = np.random.default_rng(seed)
    pyr = Population("pyr", (tree(),), pd.DataFrame({"rotation_angle_yaxis": rng.random(3)}))
    fire = Population("fire", (INTFIRE,), pd.DataFrame(index=range(2)))
    ampa = Synapse(0.0001, 0.003, 0.0, sections=("dend",), distance_um=(0, 150))
    gaba = Synapse(0.0002, 0.008, -70.0)
    places = {"section_ids": rng.integers(0, 3, 9), "section_x": rng.random(9)} if placed else {}
    return Network(
        [pyr, fire],
        [
            ConductanceProjection.from_edges(
                "pyr", "pyr", *wires(rng, 3, 3, 9), rng.random(9) / 99, 0.002, gaba, n_targets=3, **places
            ),
            ConductanceProjection.from_edges(
                "fire", "pyr", *wires(rng, 2, 3, 6), 0.001, rng.random(6) / 99, ampa, n_targets=3, seed=7,
                n_synapses=4,
            ),
            JumpProjection.from_edges("pyr", "fire", [0, 2], [1, 0], 0.3, 0.002, 1, n_targets=2),
        ],
        [PoissonSynapses("pyr", [1.0, 2.0, 3.0], [1e-4, 2e-4, 3e-4], ampa, n_synapses=5, seed=3)],
        name="trees",
    )  # fmt: skip


def assert_same(one, other):
    """Compare two networks to the last digit."""
    assert one.name == other.name
    assert [p.name for p in one.populations] == [p.name for p in other.populations]
    for p, q in zip(one.populations, other.populations, strict=True):
        pd.testing.assert_frame_equal(p.nodes, q.nodes)
        assert equal(p.point_models, q.point_models)
        assert len(p.compartmental_models) == len(q.compartmental_models)
        for m, n in zip(p.compartmental_models, q.compartmental_models, strict=True):
            assert m.parameters == n.parameters
            assert m.morphology.digest() == n.morphology.digest()
        assert equal(p.source, q.source)
    for name in ("projections", "background", "currents"):
        assert equal(getattr(one, name), getattr(other, name)), name


def equal(x, y):
    if isinstance(x, np.ndarray):
        return x.dtype == y.dtype and np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
    if isinstance(x, tuple):
        return len(x) == len(y) and all(map(equal, x, y))
    if is_dataclass(x):
        same = type(x) is type(y)
        return same and all(equal(getattr(x, f.name), getattr(y, f.name)) for f in fields(x))
    return bool(x == y)
