"""A synthetic cell with channels everywhere that the tree backend runs in milliseconds."""

from functools import lru_cache

import numpy as np

from allentk.data import Morphology, Sweep, SweepSet
from allentk.fitting.biophysical.all_active_stages import all_active_targets
from allentk.fitting.biophysical.runner import Clock
from allentk.fitting.biophysical.tree_runner import build_tree_runner
from allentk.models import BiophysicalParameters, SectionParameters

#: Conductances of a spiny cell in S/cm2.
SOMA = {
    "NaTs2_t": 0.9,
    "Nap_Et2": 4e-4,
    "K_Tst": 0.1,
    "K_Pst": 0.02,
    "Kv3_1": 0.3,
    "Ih": 5e-5,
    "SK": 1e-4,
    "Ca_HVA": 2e-5,
    "Ca_LVA": 1e-4,
}
AXON = {
    "NaTa_t": 3.0,
    "Nap_Et2": 4e-5,
    "K_Tst": 0.1,
    "K_Pst": 0.2,
    "Kv3_1": 0.9,
    "SK": 1e-3,
    "Ca_HVA": 1e-5,
    "Ca_LVA": 1e-4,
}
DEND = {"NaTs2_t": 5e-3, "Kv3_1": 0.02, "Im": 3e-4, "Ih": 3e-5}
CM, RA_OHM_CM, G_PAS, E_PAS_MV, JUNCTION_MV = 2.0, 120.0, 8e-5, -88.0, -14.0
#: The recording: amplitudes in pA, and length of the steps in s.
AMPLITUDES = (-60.0, -40.0, -20.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0)
STEP_S = 0.25
CLOCK = Clock(lead_s=0.1, tail_s=0.3)


def morphology():
    """A soma of 7 um radius and two dendrites, each of one compartment."""
    xyz = [[0, 0, 0], [0, -7, 0], [0, -45, 0], [0, 7, 0], [0, 45, 0]]
    return Morphology(
        [1, 2, 3, 4, 5], [1, 3, 3, 4, 4], xyz, [7, 1, 0.7, 1.2, 0.9], [-1, 0, 1, 0, 3]
    )


def parameters():
    """Return the model."""
    passive = {
        "ra_ohm_cm": RA_OHM_CM,
        "cm_uf_per_cm2": CM,
        "g_pas": G_PAS,
        "e_pas_mv": E_PAS_MV,
        "ena_mv": 53.0,
        "ek_mv": -107.0,
    }
    pool = {"CaDynamics": {"gamma": 0.01, "decay_s": 0.2}}

    def section(gbar, more):
        mechanisms = {name: {"gbar": value} for name, value in gbar.items()}
        return SectionParameters(**passive, mechanisms={**mechanisms, **more})

    dend = section(DEND, {})
    return BiophysicalParameters(
        kind="all-active",
        sections={
            "soma": section(SOMA, pool),
            "axon": section(AXON, pool),
            "dend": dend,
            "apic": dend,
        },
        v_init_mv=E_PAS_MV,
        axon="stub",
        source="made up (synthetic)",
    )


@lru_cache(maxsize=1)
def recording():
    """Return what a rig would have recorded of the model: not corrected for the junction potential."""
    truth, sweeps = parameters(), []
    runner = build_tree_runner(truth, morphology())
    state = runner.rest(truth, CLOCK).state
    for number, pa in enumerate(AMPLITUDES, 20):
        voltage = runner.step(truth, pa, STEP_S, CLOCK, state).voltage_mv
        first = CLOCK.n(CLOCK.lead_s)
        current = np.zeros(voltage.size)
        current[first : first + CLOCK.n(STEP_S)] = pa
        sweeps.append(
            Sweep(
                voltage - JUNCTION_MV,
                current,
                1.0 / CLOCK.dt_s,
                number=number,
                stimulus="Long Square",
                amplitude_pa=pa,
                start_s=CLOCK.lead_s,
                stop_s=CLOCK.lead_s + STEP_S,
            )
        )
    return SweepSet(sweeps, source="a made-up cell (synthetic)", metadata={"synthetic": True})


@lru_cache(maxsize=1)
def targets():
    """Return the targets of the recording."""
    return all_active_targets(recording())
