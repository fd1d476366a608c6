"""Sources that run 10,000 neurons, or any number, in the environments of allentk, NEST and Brian2.

All run GLIF5 of cell 490376252 (Teeter et al. 2018) at 0.1 ms on a normally distributed current of mean
140 pA and standard deviation 100 pA, drawn anew for every neuron every millisecond: about 13 Hz.
"""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

__all__ = ["BRIAN2", "MEMORY", "NEST", "OURS", "Program"]

OURS = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from allentk.io import read_glif
from allentk.simulation.population import GaussianInput, pack, simulate_population
configs = json.load(open(sys.argv[1]))
models = [read_glif(config) for config in configs.values()]
names = list(configs)
ONE = models[names.index("490376252 GLIF5")]
rheobase = np.array([model.rheobase_pa for model in models])
asked = {}
def populations(n):
    of = np.random.default_rng(0).integers(0, len(models), n)
    yield "one", pack([ONE], np.zeros(n, int)), GaussianInput(140.0, 100.0)
    yield "mixed", pack(models, of), GaussianInput(1.35 * rheobase[of], rheobase[of])
for n in (1_000, 10_000, 100_000):
    for kind, packed, noise in populations(n):
        for dtype in ("float64", "float32"):
            for threads in (1, 2):
                asked[f"{n} {kind} {dtype} {threads}"] = lambda a=(packed, noise), d=dtype, t=threads: (
                    simulate_population(*a, duration_s=1.0, dtype=d, threads=t, throw=False))
            asked[f"{n} {kind} {dtype} every step"] = lambda a=(packed, noise), d=dtype: (
                simulate_population(*a, duration_s=0.1, dtype=d, interval_s=1e-4, throw=False))
"""

NEST = """
import os, sys, warnings
os.environ["PYNEST_QUIET"] = "1"
warnings.simplefilter("ignore")
import nest
nest.set_verbosity("M_ERROR")
def made(n, threads):
    nest.ResetKernel()
    nest.resolution, nest.local_num_threads = 0.1, threads
    cells = nest.Create("glif_psc", n, params=dict(
        C_m=88.27580509541662, g=1e3 / 208.3702431073954, E_L=-74.447, V_m=-74.447, V_reset=-74.447,
        V_th=21.53943773839469 - 74.447, t_ref=3.25, asc_init=[0.0, 0.0], asc_decay=[0.01, 0.1],
        asc_amps=[-20.52523741639089, -143.17094126892655], asc_r=[1.0, 1.0],
        spike_dependent_threshold=True, after_spike_currents=True, adapting_threshold=True,
        voltage_reset_fraction=0.5644275136249873, voltage_reset_add=5.7589073438746965,
        th_spike_add=1.307465639049971, th_spike_decay=0.02217035259570709,
        th_voltage_index=6.694410580854925e-3, th_voltage_decay=33.093170636062005e-3))
    noise = nest.Create("noise_generator", params=dict(mean=140.0, std=100.0, dt=1.0))
    nest.Connect(noise, cells)
    nest.Connect(cells, nest.Create("spike_recorder"))
    nest.Simulate(10.0)
made(int(sys.argv[1]), int(sys.argv[2]))
asked = {"second": lambda: nest.Simulate(1000.0)}
"""

BRIAN2 = """
import sys
import numpy as np
from brian2 import *
n, folder = int(sys.argv[1]), sys.argv[2]
set_device("cpp_standalone", directory=folder, build_on_run=False)
prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++11"]
defaultclock.dt = 0.1 * ms
drive = TimedArray(np.random.default_rng(0).normal(140, 100, (1000, n)), dt=1 * ms)
gain = 0.2083702431073954
constants = dict(
    gain=gain, tau_m=gain * 88.27580509541662e-3 * second, resting=21.53943773839469,
    rate_1=100 / second, rate_2=10 / second, keep_1=np.exp(-0.325), keep_2=np.exp(-0.0325),
    plus_1=-143.17094126892655, plus_2=-20.52523741639089, fall=22.17035259570709 / second,
    keep_s=np.exp(-22.17035259570709 * 0.00325), plus_s=1.307465639049971,
    rise=6.694410580854925 / second, sink=33.093170636062005 / second,
    slope=0.5644275136249873, offset=5.7589073438746965, drive=drive)
cells = NeuronGroup(n, '''
    dv/dt = (gain * (drive(t, i) + a1 + a2) - v) / tau_m : 1 (unless refractory)
    da1/dt = -rate_1 * a1 : 1 (unless refractory)
    da2/dt = -rate_2 * a2 : 1 (unless refractory)
    dths/dt = -fall * ths : 1 (unless refractory)
    dthv/dt = rise * v - sink * thv : 1 (unless refractory)''',
    threshold="v > resting + ths + thv", refractory=3.25 * ms, method="euler", namespace=constants,
    reset='''
    v = slope * v + offset
    ths = keep_s * ths + plus_s
    a1 = keep_1 * a1 + plus_1
    a2 = keep_2 * a2 + plus_2''')
counts = SpikeMonitor(cells, record=False)
run(1 * second)
device.build(directory=folder, compile=True, run=False)
"""

MEMORY = """
import resource, sys
import numpy as np
from allentk.models import GLIFParameters
from allentk.simulation.population import GaussianInput, pack, simulate_population
n = int(sys.argv[1])
cell = GLIFParameters(
    level=1, C_pf=100.0, R_mohm=200.0, E_L_mv=-70.0, th_inf_mv=20.0, t_ref_s=3e-3)
packed = pack([cell], np.zeros(n, np.int32))
simulate_population(packed, GaussianInput(0.0, 10.0), duration_s=0.02)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


class Program:
    """A compiled program that answers the question of its CPU time, as ``Asked`` does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def cpu_s(self, _question: str) -> float:
        """Return the CPU seconds of one run; there is one question."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([str(self._folder / "main")], cwd=self._folder, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
