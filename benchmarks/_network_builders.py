"""Sources that build and save one network: in the environment of allentk, and in that of BMTK.

Cells lie in a disc of 845 um radius, tuned at random; a pair is connected with a chance of
``peak exp(-(r / 114 um)^2) (1 - orientation difference / 180 degrees)``, by 3 to 7 synapses. Arguments:
number of cells, peak, folder. Both print CPU seconds and peak memory of the process as JSON.
"""

from __future__ import annotations

__all__ = ["BMTK", "OURS"]

_MEASURE = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
n, peak, folder = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
clock = time.process_time
def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rng = np.random.default_rng(1)
away, angle = 845.0 * np.sqrt(rng.random(n)), 2 * np.pi * rng.random(n)
x, y, tuning = away * np.cos(angle), away * np.sin(angle), 360 * rng.random(n)
"""

OURS = (
    _MEASURE
    + """
import pandas as pd
from allentk.models import GLIFParameters
from allentk.network import Gaussian, Network, Population, Receptor, Tuning, UniformCount, connect
import allentk.network.sonata_write
start, before = clock(), memory()
cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
cells = Population("v1", (cell,), pd.DataFrame({"x_um": x, "y_um": y, "tuning_angle_deg": tuning}))
rule = Gaussian(peak, 114.0, tuning=Tuning(1.0, 0.5))
edges = connect(cells, cells, rule, synapse=Receptor(tau_s=0.002, sign=1), weights_pa=5.0,
                delays_s=0.002, n_synapses=UniformCount(3, 7), seed=1)
built = clock()
Network((cells,), (edges,)).save(folder)
print(json.dumps(dict(edges=edges.n_edges, synapses=int(edges.n_synapses.sum()), imports=start,
                      build=built - start, save=clock() - built, before=before, peak=memory())))
"""
)

BMTK = (
    _MEASURE
    + """
from bmtk.builder import NetworkBuilder
start, before = clock(), memory()
net = NetworkBuilder("v1")
net.add_nodes(N=n, model_type="point_neuron", model_template="nest:iaf_psc_alpha", x=x, y=y, tuning=tuning)
draw = np.random.default_rng(1)
def connected(sources, target):
    i = target.node_id
    square = (x - x[i]) ** 2 + (y - y[i]) ** 2
    apart = np.abs(tuning - tuning[i]) % 180.0
    apart = np.minimum(apart, 180.0 - apart)
    chance = peak * np.exp(-square / 114.0**2) * (1.0 - apart / 180.0)
    chance[i] = 0.0
    return np.where(draw.random(n) < chance, draw.integers(3, 8, n), 0)
net.add_edges(source=net.nodes(), target=net.nodes(), connection_rule=connected, iterator="all_to_one",
              syn_weight=5.0, delay=2.0, model_template="static_synapse")
net.build()
built = clock()
net.save(folder)
import h5py
with h5py.File(f"{folder}/v1_v1_edges.h5") as file:
    edges = len(file["edges/v1_to_v1/source_node_id"])
    synapses = int(file["edges/v1_to_v1/0/nsyns"][:].sum())
print(json.dumps(dict(edges=edges, synapses=synapses, imports=start, build=built - start,
                      save=clock() - built, before=before, peak=memory())))
"""
)
