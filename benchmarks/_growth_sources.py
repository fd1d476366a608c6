"""What `benchmarks.growth` runs in the environments of allentk and of its peers.

Each source makes ``asked``, functions by size, as `benchmarks._paired.Asked` wants them. Everything is
SYNTHETIC and made before the clock starts.
"""

from __future__ import annotations

from benchmarks._observatory_sessions import PEER_SESSION

__all__ = ["CELLS", "CELLS_PEER", "NEURONS", "SWEEPS", "SWEEPS_PEER"]

#: Sweeps of 2 s at 50 kHz under a step of 1 s, with a spike every 60 ms.
_SWEEPS = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np
sizes = [int(size) for size in sys.argv[1:]]
rate, begin, end = 50_000, 0.5, 1.5
t = np.arange(2 * rate) / rate
i = np.where((t >= begin) & (t < end), 100.0, 0.0)
v = -70 + np.where(i > 0, 15 * (1 - np.exp(-np.clip(t - begin, 0, 1) / 0.02)),
                   15 * np.exp(-np.clip(t - end, 0, 1) / 0.02) * (t >= end))
for at in np.arange(0.56, 1.49, 0.06):
    after = np.clip(t - at, 0, 0.03)
    v += 110 * (np.exp(-after / 4e-4) - np.exp(-after / 2e-4)) * (after > 0) * 2.5
    v -= 8 * (np.exp(-after / 1e-2) - np.exp(-after / 1e-3)) * (after > 0)
v += 0.03 * np.random.default_rng(0).normal(size=t.size)
"""

SWEEPS = (
    _SWEEPS
    + """
from allentk import features
from allentk.data import Sweep
def rows(n):
    for _ in range(n):
        features.sweep(Sweep(v, i, float(rate), start_s=begin, stop_s=end))
asked = {str(n): (lambda n=n: rows(n)) for n in sizes}
"""
)

SWEEPS_PEER = (
    _SWEEPS
    + """
from ipfx.feature_extractor import SpikeFeatureExtractor, SpikeTrainFeatureExtractor
more = ["peak_deflect", "stim_amp", "v_baseline", "sag"]
def rows(n):
    for _ in range(n):
        spikes = SpikeFeatureExtractor().process(t, v, i)
        SpikeTrainFeatureExtractor(begin, end).process(t, v, i, spikes, extra_features=more)
asked = {str(n): (lambda n=n: rows(n)) for n in sizes}
"""
)

#: Drifting gratings; a session for every size.
CELLS = """
import sys
from benchmarks._observatory_sessions import session_a
from allentk.responses import warehouse
def table(n):
    session = session_a(n)
    traces, shown = session.traces(), session.table("drifting_gratings")
    return lambda: warehouse.drifting_gratings(traces, shown, running=session.running)
asked = {n: table(int(n)) for n in sys.argv[1:]}
"""

#: The first argument is a session that `Session.save` wrote.
CELLS_PEER = (
    PEER_SESSION
    + """
import logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
np.seterr(all="ignore")
from allensdk.brain_observatory.drifting_gratings import DriftingGratings
path, *sizes = sys.argv[1:]
held = {n: StandIn(path, int(n)) for n in sizes}
asked = {n: (lambda n=n: DriftingGratings(held[n]).peak) for n in sizes}
"""
)

#: GLIF5 of cell 490376252 (Teeter et al. 2018), as `benchmarks._population_peers.NEST` has it.
NEURONS = """
import sys
import numpy as np
from allentk.models import GLIFParameters
from allentk.simulation.population import GaussianInput, pack, simulate_population
cell = GLIFParameters(
    level=5, C_pf=88.27580509541662, R_mohm=208.3702431073954, E_L_mv=-74.447,
    th_inf_mv=21.53943773839469, t_ref_s=0.00325, asc_amp_pa=(-20.52523741639089, -143.17094126892655),
    asc_tau_s=(0.1, 0.01), asc_r=(1.0, 1.0), reset_a=0.5644275136249873, reset_b_mv=5.7589073438746965,
    th_spike_a_mv=1.307465639049971, th_spike_b_per_s=22.17035259570709,
    th_voltage_a_per_s=6.694410580854925, th_voltage_b_per_s=33.093170636062005)
def second(n):
    return simulate_population(
        pack([cell], np.zeros(n, int)), GaussianInput(140.0, 100.0), duration_s=1.0, threads=1, throw=False)
asked = {n: (lambda n=int(n): second(n)) for n in sys.argv[1:]}
"""
