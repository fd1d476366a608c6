"""Networks on NEURON shared among processes: the same spikes and voltages, one end for all."""

import numpy as np
import pytest

from allentk.errors import SimulationError
from allentk.network import CurrentClamp, Network, PoissonSynapses
from allentk.simulation import ranks
from allentk.simulation.biophysical import neuron_ranks
from allentk.simulation.biophysical.neuron_ranks import Ranks
from allentk.simulation.ranks import launched_ranks
from tests.simulation.biophysical.neuron_network_parts import (
    AMPA,
    GABA,
    QUIET,
    cells,
    edge,
    given,
    jump,
    lif,
    run,
    soma,
    two_processes,
)

pytest.importorskip("neuron")

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from allentk.errors import SimulationError
from allentk.simulation.biophysical import neuron_network_run
from allentk.simulation.ranks import is_first_rank, launched_ranks
from tests.simulation.biophysical import test_neuron_ranks as here

out, rank = Path(sys.argv[1]), launched_ranks()[0]
if "--break" in sys.argv:
    if rank == 1:
        neuron_network_run._Run._wire = lambda self: 1 / 0
    here.outcome()
    (out / f"{rank} went on").touch()
try:
    here.run(here.runaway(), 0.011, watch="")
except SimulationError as error:
    (out / f"error{rank}.txt").write_text(str(error))
found = here.outcome()
if is_first_rank():
    np.savez(out / "found.npz", **found)
    print("through", flush=True)
"""


def mixed(least_s=0.001):
    """Cells and points that excite and inhibit each other."""
    rng = np.random.default_rng(5)
    times = np.sort(rng.random(60)) * 0.03
    everyone = {"pre": [0, 1, 2, 3] * 5, "post": [0, 1] * 10, "n": 2}
    points = cells("p", 3, (lif(3.0),), model=[0] * 3)
    all_points = {"pre": [0, 1, 2] * 2, "post": [1, 2, 0, 2, 0, 1], "n": 3}
    wires = [
        edge("in", "a", 3e-3, **everyone),
        edge("a", "a", 4e-3, least_s, GABA, pre=[0, 1], post=[1, 0], n=2),
        edge("p", "a", 4e-3, 0.001, AMPA, pre=[0, 1, 2], post=[1, 0, 1], n=2),
        jump("in", "p", 2.0, pre=[0, 1, 2, 3], post=[0, 1, 2, 0], n=3),
        jump("a", "p", 2.0, 0.002, pre=[0, 1], post=[0, 2], n=3),
        jump("p", "p", -1.0, 0.0015, **all_points),
    ]
    background = PoissonSynapses("a", [400.0, 300.0], [1e-3, 1e-3], AMPA, n_synapses=6)
    inputs = given(times, rng.integers(4, size=60), 4)
    return Network([cells(n=2), points, inputs], wires, [background])


def runaway():
    """The second cell breaks, which with two processes is of the second."""
    clamp = CurrentClamp("a", [1], [1e300], [0.0], [0.02])
    return Network([cells(n=2, models=(QUIET,))], currents=[clamp])


def outcome():
    response = run(mixed(), 0.04, "a:0,1", seed=3, extra=["cai_mM:a:1"])
    found = {f"v{node}": soma(response, node=node) for node in (0, 1)}
    found["cai"] = response.states["cai_mM"]["a"][1].to_numpy()
    for name, spikes in response.spikes.items():
        found |= {f"{name}_times": spikes.times_s, f"{name}_ids": spikes.ids}
    brief = run(mixed(2.5e-5), 0.002, "a:0,1")  # a delay of one step
    found["brief"] = brief.voltage_mv["a"].to_numpy()
    found["n"] = np.array([response.provenance[k] for k in ("n_processes", "n_conductances")])
    return found


def test_two_processes_do_what_one_does(tmp_path):
    alone = outcome()
    done = two_processes(tmp_path, SCRIPT)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "found.npz") as held:
        together = dict(held)
    assert together.pop("n").tolist() == [2, alone["n"][1]]
    assert alone.pop("n")[0] == 1
    assert set(together) == set(alone)
    for name, values in alone.items():
        assert together[name].tolist() == values.tolist(), name
    assert alone["a_times"].size > 2
    assert alone["p_times"].size > 10
    # An error of one is an error of all, and nothing else is written to the output.
    words = [(tmp_path / f"error{rank}.txt").read_text() for rank in (0, 1)]
    assert "voltage of cell 1 of 'a' is" in words[0]
    assert words[0] == words[1]
    assert done.stdout == "through\n"


def test_a_fault_in_one_process_ends_all(tmp_path):
    done = two_processes(tmp_path, SCRIPT, "--break")
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stderr
    assert not list(tmp_path.glob("* went on"))


class Alone:
    """A NEURON that finds no MPI."""

    def nrnmpi_init(self):
        pass

    def ParallelContext(self):
        return self

    def id(self):
        return 0.0

    def nhost(self):
        return 1.0


def test_processes_without_mpi_are_refused(monkeypatch):
    monkeypatch.setenv("MPI_LIB_NRN_PATH", "/nowhere/libmpi.so")
    monkeypatch.setattr(neuron_ranks, "launched_ranks", lambda: (1, 2))
    with pytest.raises(
        SimulationError, match=r"2 processes were started.* NEURON sees 1: .*/nowhere/libmpi\.so"
    ):
        Ranks(Alone())


def test_the_library_is_that_of_the_launcher(monkeypatch, tmp_path):
    for name in ("bin/mpiexec", "lib/libmpi.so.12", "lib/libmpi.so.40"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("OMPI_COMM_WORLD_SIZE", raising=False)
    assert neuron_ranks.mpi_library() == str(tmp_path / "lib" / "libmpi.so.12")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    assert neuron_ranks.mpi_library() == str(tmp_path / "lib" / "libmpi.so.40")


def test_launchers_say_how_many_there_are(monkeypatch):
    assert launched_ranks({"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3"}) == (2, 3)
    assert launched_ranks({"PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "2"}) == (1, 2)
    # A batch job that is no parallel program.
    assert launched_ranks({"SLURM_PROCID": "1", "SLURM_NTASKS": "4"}) == (0, 1)
    with pytest.raises(SimulationError, match="PMI_SIZE='two' should be whole numbers"):
        launched_ranks({"PMI_RANK": "0", "PMI_SIZE": "two"})
    monkeypatch.setattr(ranks, "launched_ranks", lambda: (1, 2))
    assert not ranks.is_first_rank()
