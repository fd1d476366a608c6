"""Which readers open the SONATA files that allentk writes: libsonata and BMTK, in their own environments.

A network of point neurons and one of cells with compartments is written; both programs of the environment
PYTHON (pip install bmtk libsonata) count what is in every file.

    python -m benchmarks.sonata_readers --peer PYTHON
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import pandas as pd

from allentk.data import SpikeTrains
from allentk.io.sonata import ElementReport, read_sonata, write_report, write_spikes
from allentk.network import Network
from benchmarks._paired import processor, versions
from tests.network.sonata_networks import points, trees

RESULT = Path(__file__).parent / "results" / "sonata_readers.md"

#: What is asked of a program about a folder; it prints one JSON object per question.
LIBSONATA = """
import json, sys, pathlib, libsonata
root = pathlib.Path(sys.argv[1])
def say(kind, file, count): print("@" + json.dumps([kind, file, count]))
for path in sorted(root.rglob("*.h5")):
    if path.name.endswith("_nodes.h5"):
        store = libsonata.NodeStorage(str(path))
        for name in store.population_names: say("nodes", name, len(store.open_population(name)))
    elif path.name.endswith("_edges.h5"):
        store = libsonata.EdgeStorage(str(path))
        for name in store.population_names:
            edges = store.open_population(name)
            say("edges", name, edges.size)
            onto = sum(edges.afferent_edges([node]).flat_size for node in range(8))
            say("edges onto nodes", name, onto)
    elif path.parent.name == "inputs" or path.name == "spikes.h5":
        store = libsonata.SpikeReader(str(path))
        for name in store.get_population_names(): say("spikes", name, len(store[name].get()))
    elif path.name == "report.h5":
        store = libsonata.ElementReportReader(str(path))
        for name in store.get_population_names(): say("report", name, store[name].get().data.shape[0])
"""
BMTK = """
import json, sys, pathlib
from bmtk.utils import sonata
from bmtk.utils.reports import SpikeTrains
from bmtk.utils.reports.compartment import CompartmentReport
root = pathlib.Path(sys.argv[1])
def say(kind, file, count): print("@" + json.dumps([kind, file, int(count)]))
for path in sorted(root.rglob("*.h5")):
    csv = str(path).replace("_nodes.h5", "_node_types.csv").replace("_edges.h5", "_edge_types.csv")
    if path.name.endswith("_nodes.h5"):
        for one in sonata.File(data_files=str(path), data_type_files=csv).nodes.populations:
            say("nodes", one.name, sum(1 for _ in one))
    elif path.name.endswith("_edges.h5"):
        for one in sonata.File(data_files=str(path), data_type_files=csv).edges.populations:
            say("edges", one.name, len(one))
            say("edges onto nodes", one.name, sum(1 for node in range(8) for _ in one.get_target(node)))
    elif path.parent.name == "inputs" or path.name == "spikes.h5":
        held = SpikeTrains.load(str(path))
        for name in held.populations: say("spikes", name, held.n_spikes(population=name))
    elif path.name == "report.h5":
        held = CompartmentReport.load(str(path))
        for name in held.populations: say("report", name, held.data(population=name).shape[0])
"""


def asked(python: str, script: str, folder: Path) -> dict[tuple[str, str], int | str]:
    """Return what a program counted, by question and population; its last words where it gave up."""
    run = subprocess.run(
        [python, "-W", "ignore", "-c", script, str(folder)], capture_output=True, text=True
    )
    lines = [json.loads(line[1:]) for line in run.stdout.splitlines() if line.startswith("@")]
    found: dict[tuple[str, str], int | str] = {(kind, name): count for kind, name, count in lines}
    if run.returncode:
        found["gave up", ""] = run.stderr.strip().splitlines()[-1][:100]
    return found


def expected(folder: Path) -> dict[tuple[str, str], int]:
    """Return what is there, as allentk counts it."""
    circuit = read_sonata(folder)
    found = {("nodes", one.name): len(one) for one in circuit.nodes}
    for edges in circuit.edges:
        found["edges", edges.name] = len(edges)
        found["edges onto nodes", edges.name] = len(edges.onto(0, 8))
    for trains in circuit.inputs().values():
        found |= {("spikes", name): len(one) for name, one in trains.items()}
    return found | {("spikes", "made"): 3, ("report", "made"): 4}


def written(network: Network, folder: Path, merge: dict[str, list[str]]) -> Path:
    """Write a network, and a file of spikes and a report beside it."""
    network.save(folder, merge=merge)
    write_spikes(
        {"made": SpikeTrains.from_lists([[0.1], [0.05, 0.3]])}, folder / "output/spikes.h5"
    )
    values = [[-70.0, -69.0]] * 4
    report = ElementReport("made", values, [0, 1], [0, 0], [0.5, 0.5], 0.0, 1e-3, "v", "mV")
    write_report(report, folder / "output/report.h5")
    return folder


def main() -> None:
    """Write, let both programs read, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, help="Python with bmtk and libsonata")
    peer = parser.parse_args().peer
    rows = []
    with tempfile.TemporaryDirectory() as here:
        for name, network, merge in (
            ("points", points(), {"v1": ["PV", "L2/3 Exc"]}),
            ("trees", trees(), {"all": ["pyr", "fire"]}),
        ):
            folder = written(network, Path(here) / name, merge)
            there = expected(folder)
            for program, script in (("libsonata", LIBSONATA), ("BMTK", BMTK)):
                found = asked(peer, script, folder)
                for kind in dict.fromkeys(kind for kind, _ in there):
                    wanted = {key: n for key, n in there.items() if key[0] == kind}
                    right = sum(found.get(key) == n for key, n in wanted.items())
                    row = {"network": name, "reader": program, "what": kind}
                    rows.append({**row, "as written": f"{right} of {len(wanted)}"})
                if ("gave up", "") in found:
                    print(name, program, found["gave up", ""])
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)]
    head = "| " + " | ".join(table.columns) + " |\n|" + "---|" * len(table.columns)
    named = versions(peer, ["bmtk", "libsonata", "h5py", "numpy"])
    RESULT.write_text(
        "# Files that allentk writes, opened by other programs\n\n"
        "Populations of which a program counted what was written (`python -m benchmarks.sonata_readers`).\n"
        f"\n{head}\n" + "\n".join(lines) + f"\n\n{named}; {processor()}.\n"
    )


if __name__ == "__main__":
    main()
