"""AllenSDK's tables of generated two-photon sessions, and both programs' CPU seconds, asked once.

AllenSDK needs minutes a table, so that the checks of parity and of speed share an answer: it is kept
in a folder with its CPU seconds and those of allentk, taken right before and right after.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks._observatory_sessions import PEER_SESSION, Session, session_a, session_b
from benchmarks._paired import Asked

__all__ = ["NAMES", "OURS", "answers"]

DG, SG, NS = "drifting_gratings", "static_gratings", "natural_scenes"
#: The session that shows each stimulus here.
NAMES: dict[Callable[[int], Session], tuple[str, ...]] = {
    session_a: (DG, "natural_movie_one", "natural_movie_three"),
    session_b: (SG, NS),
}
#: How often allentk is timed on either side of the one run of AllenSDK.
RUNS = 3

#: The other side: its data set is ours, all else is its own.
_PEER = """
import logging, sys, time, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
np.seterr(all="ignore")
from allensdk.brain_observatory.drifting_gratings import DriftingGratings
from allensdk.brain_observatory.static_gratings import StaticGratings
from allensdk.brain_observatory.natural_scenes import NaturalScenes
from allensdk.brain_observatory.natural_movie import NaturalMovie
path, out, cells, name = sys.argv[1:]
kinds = dict(drifting_gratings=DriftingGratings, static_gratings=StaticGratings,
             natural_scenes=NaturalScenes)
data = StandIn(path, int(cells))
start = time.process_time()
made = kinds[name](data) if name in kinds else NaturalMovie(data, name)
peak = made.peak.astype(float)
seconds = time.process_time() - start
held = {f"peak_{column}": peak[column].to_numpy() for column in peak}
if name in kinds:
    held["response"] = made.response
np.savez(out, cpu_s=seconds, **held)
"""

#: Our side: `asked` makes the table as it is by default, and with the published quirks.
OURS = """
import sys
from benchmarks._observatory_sessions import session_a, session_b
from allentk.responses import warehouse
cells, stimulus = int(sys.argv[1]), sys.argv[2]
session = (session_b if stimulus in ("static_gratings", "natural_scenes") else session_a)(cells)
table = session.table(stimulus)
if stimulus.startswith("natural_movie"):
    traces, make, options = session.dff(), warehouse.natural_movie, {}
else:
    traces, make = session.traces(), getattr(warehouse, stimulus)
    options = {"running": session.running}
asked = {
    "default": lambda: make(traces, table, **options),
    "published": lambda: make(traces, table, quirks="published", **options),
}
"""


def answers(python: str, path: Path, name: str, cells: int, folder: Path) -> dict[str, np.ndarray]:
    """Return AllenSDK's table of one stimulus of a saved session, and CPU seconds of both programs.

    Keys: ``peak_<its column>``, ``response`` (but for movies), ``cpu_s``, and ``default`` and
    ``published``, the CPU seconds of our runs.
    """
    out = folder / f"{path.stem}_{name}_{cells}_both.npz"
    if not out.exists():
        theirs, whole = (out.with_name(f"{part}_{out.name}") for part in ("part", "whole"))
        with Asked(sys.executable, OURS, [str(cells), name]) as ours:
            kinds = ("default", "published")
            taken: dict[str, list[float]] = {kind: [] for kind in kinds}
            for kind in kinds:
                ours.cpu_s(kind)  # the first answer of a process is not counted
            command = [python, "-c", PEER_SESSION + _PEER, str(path), str(theirs), str(cells), name]
            for side in range(2):
                for _ in range(RUNS):
                    for kind in kinds:
                        taken[kind].append(ours.cpu_s(kind))
                if not side:
                    subprocess.run(command, check=True)
        with np.load(theirs) as data:
            np.savez(whole, **data, **{k: np.array(v) for k, v in taken.items()})
        whole.replace(out)
        theirs.unlink()
    with np.load(out) as data:
        return dict(data)
