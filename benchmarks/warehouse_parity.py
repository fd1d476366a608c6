"""Two-photon metrics: allentk beside AllenSDK, every column of its tables.

    python -m benchmarks.warehouse_parity PYTHON
    python -m benchmarks.warehouse_parity PYTHON --cells 40 --brief-cells 40 --keep /tmp/answers

PYTHON is an interpreter that has allensdk. Sessions of the real shape are generated (SYNTHETIC), read by
both sides, and answered by AllenSDK with all of its loops: about 70 CPU seconds for drifting gratings,
and 400 each for static gratings and scenes, at 200 cells. ``--keep`` names a folder whose answers of an
earlier run are taken, and where new ones stay.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from allentk.data import StimulusTable
from allentk.responses import warehouse
from benchmarks._observatory_sessions import PEER_SESSION, Session, session_a, session_b
from benchmarks._paired import versions

RESULT = Path(__file__).parent / "results" / "warehouse_parity.md"
GATE = 1e-12
DG, SG, NS = "drifting_gratings", "static_gratings", "natural_scenes"
MOVIES = {"natural_movie_one": "nm1", "natural_movie_three": "nm3"}

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
held = {f"peak_{column}": peak[column].to_numpy() for column in peak}
if name in kinds:
    held["response"] = made.response
np.savez(out, cpu_s=time.process_time() - start, **held)
"""

#: Their column of the peak table: ours, and the axis whose index theirs is.
COLUMNS = {
    DG: {
        "ori_dg": ("preferred_direction_deg", "orientation_deg"),
        "tf_dg": ("preferred_tf_hz", "temporal_frequency_hz"),
        "osi_dg": "osi",
        "dsi_dg": "dsi",
        "cv_os_dg": "g_osi",
        "cv_ds_dg": "g_dsi",
        "tf_index_dg": "tf_selectivity",
    },
    SG: {
        "ori_sg": ("preferred_orientation_deg", "orientation_deg"),
        "sf_sg": ("preferred_sf_cpd", "spatial_frequency_cpd"),
        "phase_sg": ("preferred_phase", "phase"),
        "osi_sg": "osi",
        "cv_os_sg": "g_osi",
        "sf_index_sg": "sf_selectivity",
        "time_to_peak_sg": "time_to_peak_s",
    },
    NS: {
        "scene_ns": ("preferred_image", "frame"),
        "image_selectivity_ns": "image_selectivity",
        "time_to_peak_ns": "time_to_peak_s",
    },
}
COMMON = {
    "peak_dff": "peak_response",
    "ptest": "p_value",
    "p_run": "p_run_modulation",
    "run_modulation": "run_modulation",
    "reliability": "reliability",
}


def asked(python: str, session: Path, name: str, cells: int, folder: Path) -> dict[str, np.ndarray]:
    """Return the other side's answer for one stimulus."""
    out = folder / f"{session.stem}_{name}_{cells}.npz"
    if not out.exists():
        command = [python, "-c", PEER_SESSION + _PEER, str(session), str(out), str(cells), name]
        subprocess.run(command, check=True)
    with np.load(out) as data:
        return dict(data)


def difference(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, int]:
    """Return the largest relative difference, and how many are NaN on one side alone."""
    ours, theirs = ours.astype(float), theirs.astype(float)
    both = np.isfinite(ours) & np.isfinite(theirs)
    gap = np.abs(ours[both] - theirs[both])
    size = np.maximum(np.abs(theirs[both]), np.finfo(float).tiny)
    return float((gap / size).max(initial=0.0)), int((np.isnan(ours) != np.isnan(theirs)).sum())


def line(what: str, column: str, ours: np.ndarray, theirs: np.ndarray) -> str:
    """Return a row of the table."""
    gap, alone = difference(ours, theirs)
    known = theirs[np.isfinite(theirs)]
    spread = f"{known.min():.3g} .. {known.max():.3g}" if known.size else "-"
    verdict = "yes" if gap <= GATE and not alone else "NO"
    return f"| {what} | {column} | {known.size} | {spread} | {gap:.2g} | {alone} | {verdict} |"


def conditions(session: Session, name: str, cells: int, answer: dict[str, np.ndarray]) -> list[str]:
    """Compare the table of one stimulus with conditions, and its array of responses."""
    traces, table = session.traces(cells), session.table(name)
    got = getattr(warehouse, name)(traces, table, running=session.running, quirks="published")
    by = warehouse.condition_responses(traces, table, name, quirks="published")
    suffix = {DG: "dg", SG: "sg", NS: "ns"}[name]
    named = COLUMNS[name] | {f"{theirs}_{suffix}": ours for theirs, ours in COMMON.items()}
    lines = []
    for theirs, ours in named.items():
        value = answer[f"peak_{theirs}"]
        if isinstance(ours, tuple):
            # The other side gives the index; that of a frequency counts the blank's 0 first.
            column, axis = ours
            value = by.axes[axis][value.astype(int) - ("frequency" in axis)]
            ours = column
        lines.append(line(name, theirs, got[ours].to_numpy(), value))
    inner = answer["response"][..., :cells, :]
    if name != NS:
        blank, inner = inner[0, 0] if name == DG else inner[0, 0, 0], inner[:, 1:]
    else:
        blank, inner = inner[0], inner[1:]
    for place, part in enumerate(("mean", "sem", "significant")):
        value = np.moveaxis(inner[..., place], -1, 0)
        lines.append(line(name, f"response, {part}", getattr(by, part), value))
        ours = getattr(by, f"blank_{part}")
        lines.append(line(name, f"response of the blank, {part}", ours, blank[:, place]))
    return lines


def movie(session: Session, name: str, cells: int, answer: dict[str, np.ndarray]) -> list[str]:
    """Compare the table of one movie."""
    table: StimulusTable = session.table(name)
    got: pd.DataFrame = warehouse.natural_movie(session.dff(cells), table, quirks="published")
    short = MOVIES[name]
    return [
        line(name, f"{theirs}_{short}", got[ours].to_numpy(), answer[f"peak_{theirs}_{short}"])
        for theirs, ours in (("response_reliability", "reliability"), ("peak", "peak_frame"))
    ]


def page(lines: list[str], counts: tuple[int, int], python: str) -> str:
    """Return the table."""
    head = [
        "# Two-photon metrics: allentk beside AllenSDK",
        "",
        f"SYNTHETIC sessions of the real shape (A: 115,471 frames, {counts[0]} cells; B: 113,850 frames, "
        f'{counts[1]} cells), the same for both; allentk with `quirks="published"`. Largest relative '
        f"difference over cells (and conditions), and values that are NaN on one side alone; the gate is "
        f"{GATE:g}. Made by `python -m benchmarks.warehouse_parity PYTHON`.",
        "",
        f"- AllenSDK, in its own environment: {versions(python, ['allensdk', 'numpy', 'scipy'])}",
        "",
        "| stimulus | AllenSDK's column | values | from .. to | relative difference | NaN on one side "
        "| within |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *lines]) + "\n"


def main() -> None:
    """Compare, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="an interpreter that has allensdk")
    parser.add_argument("--cells", type=int, default=200, help="cells of session A")
    parser.add_argument("--brief-cells", type=int, default=200, help="cells of session B")
    parser.add_argument("--keep", type=Path, help="folder of answers")
    options = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        kept = options.keep or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        for make, cells in ((session_a, options.cells), (session_b, options.brief_cells)):
            session, path = make(200), Path(folder) / f"{make.__name__}.npz"
            session.save(path)
            for name in (DG, *MOVIES) if make is session_a else (SG, NS):
                answer = asked(options.python, path, name, cells, kept)
                compare = movie if name in MOVIES else conditions
                lines += compare(session, name, cells, answer)
    text = page(lines, (options.cells, options.brief_cells), options.python)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
