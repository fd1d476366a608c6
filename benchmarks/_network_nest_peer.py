"""One run of the network of ``benchmarks.network_nest`` in NEST; its environment has no allentk.

python _network_nest_peer.py ASKED.json ANSWER.npz
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import nest
import numpy as np


def peak_mb() -> float:
    """Return the peak memory of this process so far, MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def balanced(asked: dict[str, Any]) -> tuple[Any, Any]:
    """Build the large network; return excitatory and inhibitory cells."""
    n, n_in = asked["n_cells"], asked["n_in"]
    cells = nest.Create("glif_psc", n, params=asked["cell"])
    excitatory, inhibitory = cells[: n * 4 // 5], cells[n * 4 // 5 :]
    drive = nest.Create("poisson_generator", params={"rate": asked["background_hz"]})
    own = {"delay": asked["dt_ms"], "weight": asked["excitation_pa"], "receptor_type": 1}
    nest.Connect(drive, cells, syn_spec=own)
    for source, degree, weight, port in (
        (excitatory, n_in * 4 // 5, asked["recurrent_pa"], 1),
        (inhibitory, n_in // 5, asked["inhibition_pa"], 2),
    ):
        nest.Connect(
            source,
            cells,
            {"rule": "fixed_indegree", "indegree": degree},
            {"weight": weight, "delay": asked["delay_ms"], "receptor_type": port},
        )
    return excitatory, inhibitory


def noiseless(asked: dict[str, Any]) -> tuple[Any, Any]:
    """Build the small network from lists; return its cells twice."""
    cells = [nest.Create("glif_psc", params=params)[0] for params in asked["cells"]]
    ids = np.array([cell.global_id for cell in cells])
    edges = {name: np.array(values) for name, values in asked["edges"].items()}
    nest.Connect(
        ids[edges["source"]],
        ids[edges["target"]],
        "one_to_one",
        {
            "weight": edges["weight_pa"].astype(float),
            "delay": edges["delay_ms"].astype(float),
            "receptor_type": edges["port"],
        },
    )
    for cell, pulse in zip(cells, asked["pulses"], strict=True):
        source = nest.Create("step_current_generator", params=pulse)
        nest.Connect(source, cell, syn_spec={"delay": asked["dt_ms"]})
    together = nest.NodeCollection(ids.tolist())
    return together, together


def main() -> None:
    """Answer what is asked."""
    asked = json.loads(Path(sys.argv[1]).read_text())
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution = asked["dt_ms"]
    nest.rng_seed = asked["seed"] + 1
    nest.local_num_threads = 1
    imported, began = peak_mb(), time.process_time()
    first, second = {"balanced": balanced, "noiseless": noiseless}[asked["network"]](asked)
    recorders = []
    for cells in (first, second):
        recorders.append(nest.Create("spike_recorder"))
        nest.Connect(cells, recorders[-1], syn_spec={"delay": asked["dt_ms"]})
    nest.Prepare()
    built = time.process_time()
    nest.Run(asked["warm_ms"])
    warm = time.process_time()
    nest.Run(asked["run_ms"])
    done = time.process_time()
    nest.Cleanup()
    found: dict[str, Any] = {}
    for number, (cells, recorder) in enumerate(zip((first, second), recorders, strict=True)):
        events = recorder.events
        found[f"steps_{number}"] = np.rint(events["times"] / asked["dt_ms"]).astype(np.int64)
        found[f"ids_{number}"] = events["senders"] - cells[0].global_id
    cost = {"build": built - began, "warm": warm - built, "run": done - warm}
    cost["memory"] = peak_mb() - imported
    np.savez(sys.argv[2], cost=json.dumps(cost), **found)


if __name__ == "__main__":
    main()
