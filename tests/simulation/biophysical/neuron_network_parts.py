"""Synthetic cells, projections and runs of networks on NEURON."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from allentk.data import Morphology, SpikeTrains
from allentk.models import (
    BiophysicalModel,
    BiophysicalParameters,
    GLIFParameters,
    SectionParameters,
)
from allentk.models.compartments import compartments
from allentk.network import (
    ConductanceProjection,
    JumpProjection,
    Population,
    Replay,
    Synapse,
    visual,
)
from allentk.simulation.biophysical.neuron_network import simulate_network_neuron

ROOT = Path(__file__).resolve().parents[3]
#: What Open MPI wants in containers; no other reads it.
FREE = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
}
PASSIVE = SectionParameters(ra_ohm_cm=120, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80)
CHANNELS = {
    "NaTs": {"gbar": 0.6},
    "Kv3_1": {"gbar": 0.2},
    "K_P": {"gbar": 0.01},
    "Ca_LVA": {"gbar": 1e-4},
    "SK": {"gbar": 1e-3},
    "CaDynamics": {"gamma": 0.01, "decay_s": 0.1},
}
XYZ = [[0, 0, 0], [0, 12, 0], [0, 90, 0], [0, 170, 60], [0, 170, -60], [-12, 0, 0], [-110, 0, 0]]
RADII = [9, 1.2, 1, 0.6, 0.6, 1.5, 0.8]
TREE = Morphology(range(1, 8), [1, 3, 3, 3, 3, 4, 4], XYZ, RADII, [-1, 0, 1, 2, 2, 0, 5])
AMPA = Synapse(0.0005, 0.003, 0.0, sections=("dend", "apic"))
GABA = Synapse(0.001, 0.008, -90.0, sections=("soma", "dend"), distance_um=(0, 60))
#: Section and position on the first dendrite.
SPOT = {"section_ids": 1, "section_x": 0.5}


def model(mechanisms=CHANNELS, **changes):
    soma = replace(PASSIVE, mechanisms=mechanisms, ena_mv=53, ek_mv=-107)
    sections = dict.fromkeys(("axon", "dend", "apic"), PASSIVE) | {"soma": soma}
    values = {"kind": "perisomatic", "v_init_mv": -80, "axon": "stub", **changes}
    return BiophysicalModel(BiophysicalParameters(sections=sections, **values), TREE)


ACTIVE, QUIET = model(), model({})
CUT = compartments(TREE, axon="stub")


def cells(name="a", n=1, models=(ACTIVE,), **columns):
    return Population(name, models, pd.DataFrame(columns, index=range(n)))


def given(times, ids=None, n=1, name="in"):
    ids = [0] * len(times) if ids is None else ids
    return Population(name, (), pd.DataFrame(index=range(n)), Replay(SpikeTrains(times, ids, n)))


def edge(source, target, weight, delay=0.002, synapse=AMPA, pre=(0,), post=(0,), n=1, **more):
    return ConductanceProjection.from_edges(
        source, target, pre, post, weight, delay, synapse, n_targets=n, **more
    )


def run(network, seconds=0.05, watch="a:0", extra=(), **options):
    record = (*(f"voltage_mv:{one}" for one in watch.split()), *extra)
    return simulate_network_neuron(network, visual.gray(seconds), record=record, **options)


def soma(response, name="a", node=0):
    return response.voltage_mv[name][node].to_numpy()


def lif(threshold_mv=10.0, t_ref_s=0.003, tau_s=0.02, **changes):
    """A leaky cell whose jumps are in mV."""
    values = {"level": 1, "E_L_mv": -70, **changes}
    return GLIFParameters(
        C_pf=tau_s * 1e4, R_mohm=100, th_inf_mv=threshold_mv, t_ref_s=t_ref_s, **values
    )


def jump(source, target, weight, delay=0.002, pre=(0,), post=(0,), n=1, **more):
    sign = 1 if weight > 0 else -1
    return JumpProjection.from_edges(
        source, target, pre, post, weight, delay, sign, n_targets=n, **more
    )


def two_processes(folder, script, *options):
    """Run a script by mpiexec; its first argument is `folder`, where it is written to."""
    beside = Path(sys.prefix) / "bin" / "mpiexec"
    launcher = str(beside) if beside.is_file() else shutil.which("mpiexec")
    if launcher is None:
        pytest.skip("no mpiexec here: pip install mpich, or apt install openmpi-bin libopenmpi-dev")
    (folder / "script.py").write_text(script)
    path = os.pathsep.join([str(Path(launcher).parent), os.environ.get("PATH", "")])
    return subprocess.run(
        [launcher, "-n", "2", sys.executable, str(folder / "script.py"), str(folder), *options],
        env={**os.environ, **FREE, "PYTHONPATH": str(ROOT), "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
