"""A synthetic cell that the reduced backend runs in milliseconds: a soma with channels, two dendrites."""

from functools import lru_cache

import numpy as np

from allentk.data import Morphology, Sweep, SweepSet
from allentk.fitting.biophysical.measured_targets import targets_from_sweeps
from allentk.fitting.biophysical.training import choose_training
from allentk.models import BiophysicalModel, BiophysicalParameters, SectionParameters

#: The conductances of a pyramidal model in S/cm2, and its passive numbers.
SOMA = {
    "NaTs": 1.5,
    "Nap": 2e-4,
    "K_P": 0.05,
    "K_T": 0.01,
    "Kv3_1": 0.6,
    "Im": 4e-3,
    "Ih": 1e-4,
    "SK": 3e-3,
    "Ca_HVA": 3e-4,
    "Ca_LVA": 1e-4,
}
G_PAS, E_PAS_MV, JUNCTION_MV = 6e-5, -85.0, -14.0
#: The recording: amplitudes in pA, onset and length of the steps and length of the sweeps in s.
AMPLITUDES = (-90.0, -50.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0, 210.0, 240.0, 270.0)


def morphology():
    """A soma of 8 um radius, 150 um of basal and 400 um of apical dendrite."""
    types = [1, 3, 3, 4, 4]
    xyz = [[0, 0, 0], [0, -8, 0], [0, -150, 0], [0, 8, 0], [0, 400, 0]]
    return Morphology([1, 2, 3, 4, 5], types, xyz, [8, 1, 0.6, 1.2, 0.8], [-1, 0, 1, 0, 3])


def cell(*, training_sweeps=(), **changes):
    """Return the model, with other conductances where they are given as ``gbar_NaTs=...``."""
    gbar = {name: changes.get(f"gbar_{name}", value) for name, value in SOMA.items()}
    mechanisms = {name: {"gbar": value} for name, value in gbar.items()}
    mechanisms["CaDynamics"] = {"gamma": 0.01, "decay_s": 0.2}
    passive = {
        "ra_ohm_cm": 100.0,
        "cm_uf_per_cm2": 1.0,
        "g_pas": changes.get("g_pas", G_PAS),
        "e_pas_mv": E_PAS_MV,
    }
    soma = SectionParameters(**passive, ena_mv=53.0, ek_mv=-107.0, mechanisms=mechanisms)
    rest = dict.fromkeys(("axon", "dend", "apic"), SectionParameters(**passive))
    parameters = BiophysicalParameters(
        kind="perisomatic",
        sections={"soma": soma, **rest},
        v_init_mv=E_PAS_MV,
        axon="stub",
        training_sweeps=training_sweeps,
        source="made up (synthetic)",
    )
    return BiophysicalModel(parameters, morphology())


@lru_cache(maxsize=1)
def recording():
    """Return what a rig would have recorded of the model: not corrected for the junction potential."""
    from allentk.fitting.biophysical.verdict_bench import bench

    on, sweeps = bench(cell()), []
    for number, pa in enumerate(AMPLITUDES, 10):
        made = on.step(pa, 1.0)
        current = np.zeros(made.n_samples)
        current[made.index(made.start_s) : made.index(made.stop_s)] = pa
        sweeps.append(
            Sweep(
                made.voltage_mv - JUNCTION_MV,
                current,
                made.sampling_rate_hz,
                number=number,
                stimulus="Long Square",
                amplitude_pa=pa,
                start_s=made.start_s,
                stop_s=made.stop_s,
            )
        )
    metadata = {"synthetic": True, "dendrite_type": "spiny"}
    return SweepSet(sweeps, source="a made-up cell (synthetic)", metadata=metadata)


@lru_cache(maxsize=1)
def targets():
    """Return the targets of the recording, the training steps chosen."""
    return choose_training(targets_from_sweeps(recording()))
