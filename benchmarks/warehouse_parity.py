"""Two-photon metrics: allentk beside AllenSDK, every column of its tables, and its correlations.

    python -m benchmarks.warehouse_parity PYTHON --keep /tmp/answers
    python -m benchmarks.warehouse_parity PYTHON --record tests/responses/warehouse/allensdk.json

PYTHON is an interpreter that has allensdk. Sessions of the real shape are generated (SYNTHETIC), read by
both sides, and answered by AllenSDK with all of its loops: about 70 CPU seconds for drifting gratings,
and 400 each for static gratings and scenes, at 200 cells. ``--keep`` names a folder whose answers of an
earlier run are taken, and where new ones stay; `benchmarks.warehouse_speed` takes their CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from allentk.data import StimulusTable
from allentk.responses import warehouse
from allentk.responses.warehouse.averages import f_ratio
from allentk.responses.warehouse.measured import measure
from allentk.responses.warehouse.preferred import by_condition
from benchmarks._observatory_sessions import PEER_SESSION, Session, session_a
from benchmarks._paired import versions
from benchmarks._warehouse_answers import NAMES, answers

RESULT = Path(__file__).parent / "results" / "warehouse_parity.md"
GATE = 1e-12
DG, SG, NS = "drifting_gratings", "static_gratings", "natural_scenes"
MOVIES = {"natural_movie_one": "nm1", "natural_movie_three": "nm3"}

#: Cells whose correlations are compared, and whose tables the tests hold.
FEW = 10

#: The other side: correlations by both methods.
_CORRELATIONS = """
import logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
np.seterr(all="ignore")
from allensdk.brain_observatory.drifting_gratings import DriftingGratings
from allensdk.brain_observatory.static_gratings import StaticGratings
from allensdk.brain_observatory.natural_scenes import NaturalScenes
path, out, cells, name = sys.argv[1:]
made = dict(drifting_gratings=DriftingGratings, static_gratings=StaticGratings,
            natural_scenes=NaturalScenes)[name](StandIn(path, int(cells)))
held = {}
for method in ("spearman", "pearson"):
    for kind in ("signal_correlation", "representational_similarity", "noise_correlation"):
        found = getattr(made, "get_" + kind)(method)
        for part, value in zip(("r", "p", "blank_r", "blank_p"), found):
            held[f"{kind} {method} {part}"] = value
np.savez(out, **held)
"""

#: The other side: p of ratios of variances by the scipy that it has.
_P_OF_RATIO = """
import sys, numpy as np
from scipy import special
data = np.load(sys.argv[1])
np.save(sys.argv[2], special.fdtrc(data["between"], data["within"], data["f"]))
"""
_P_NOTE = (
    "p: AllenSDK takes it from scipy 1.10.1, whose incomplete beta function is off by up to 2e-12 here "
    "(against 40 digits, 10 cells: 1.8e-12 for scenes and 8.6e-13 for static gratings; allentk 2.4e-14 and "
    "1.2e-14). The row after it has that scipy's p of allentk's ratio of variances."
)

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


def difference(ours: np.ndarray, theirs: np.ndarray, least: object = 0.0) -> tuple[float, int]:
    """Return the largest relative difference, and how many are NaN on one side alone.

    Relative to the other side's value, or to `least` where that is more.
    """
    ours, theirs = ours.astype(float), theirs.astype(float)
    with np.errstate(all="ignore"):
        size = np.maximum(np.maximum(np.abs(theirs), least), np.finfo(float).tiny)
        gap = np.abs(ours - theirs) / size
    alone = int((np.isfinite(ours) != np.isfinite(theirs)).sum())
    return float(gap[np.isfinite(gap)].max(initial=0.0)), alone


def line(what: str, column: str, ours: np.ndarray, theirs: np.ndarray, least: object = 0.0) -> str:
    """Return a row of the table."""
    gap, alone = difference(ours, theirs, least)
    known = theirs[np.isfinite(theirs)]
    spread = f"{known.min():.3g} .. {known.max():.3g}" if known.size else "-"
    verdict = "yes" if gap <= GATE and not alone else "NO"
    return f"| {what} | {column} | {known.size} | {spread} | {gap:.2g} | {alone} | {verdict} |"


def paired(
    name: str, got: pd.DataFrame, axes: Mapping[str, np.ndarray], answer: Mapping[str, np.ndarray]
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield every column of their table: its name, our values, and theirs."""
    suffix = {DG: "dg", SG: "sg", NS: "ns"}[name]
    for theirs, ours in (COLUMNS[name] | {f"{t}_{suffix}": o for t, o in COMMON.items()}).items():
        value = answer[f"peak_{theirs}"]
        if isinstance(ours, tuple):
            # The other side gives the index; that of a frequency counts the blank's 0 first.
            ours, axis = ours
            value = axes[axis][value.astype(int) - ("frequency" in axis)]
        yield theirs, got[ours].to_numpy(float), value


def same_ratio(python: str, session: Session, name: str, cells: int) -> np.ndarray:
    """Return the p that the other side's scipy has for our ratios of variances."""
    of = measure(
        session.traces(cells), session.table(name), name, ids=None, running=None,
        quirks=[quirk.name for quirk in warehouse.QUIRKS],
    )  # fmt: skip
    f, between, within = f_ratio(by_condition(of))
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "f.npz", Path(folder) / "p.npy"
        np.savez(given, f=f, between=between, within=within)
        subprocess.run([python, "-c", _P_OF_RATIO, str(given), str(out)], check=True)
        return np.load(out)


def conditions(
    python: str, session: Session, name: str, cells: int, answer: dict[str, np.ndarray]
) -> list[str]:
    """Compare the table of one stimulus with conditions, and its array of responses."""
    traces, table = session.traces(cells), session.table(name)
    got = getattr(warehouse, name)(traces, table, running=session.running, quirks="published")
    by = warehouse.condition_responses(traces, table, name, quirks="published")
    lines = []
    for column, ours, theirs in paired(name, got, by.axes, answer):
        lines.append(line(name, column, ours, theirs))
        if column.startswith("ptest"):
            again = same_ratio(python, session, name, cells)
            lines.append(line(name, f"{column}, of our ratio by its scipy", again, theirs))
    inner = answer["response"][..., :cells, :]
    if name != NS:
        blank, inner = inner[0, 0] if name == DG else inner[0, 0, 0], inner[:, 1:]
    else:
        blank, inner = inner[0], inner[1:]
    for place, part in enumerate(("mean", "sem", "significant")):
        value = np.moveaxis(inner[..., place], -1, 0)
        # A mean may be as near to 0 as rounding brings it: 1e-16 % is much of 1e-5 %.
        least = by.sem if part == "mean" else 0.0
        lines.append(line(name, f"response, {part}", getattr(by, part), value, least))
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


def correlations(python: str, session: Session, path: Path, name: str, folder: Path) -> list[str]:
    """Compare signal and noise correlations and the similarity of conditions."""
    out = folder / f"{path.stem}_{name}_correlations.npz"
    if not out.exists():
        command = [python, "-c", PEER_SESSION + _CORRELATIONS, str(path), str(out), str(FEW), name]
        subprocess.run(command, check=True)
    lines, traces, table = [], session.traces(), session.table(name)
    with np.load(out) as theirs:
        for kind, method in sorted({tuple(key.split()[:2]) for key in theirs.files}):
            make = getattr(warehouse, kind)
            found = make(traces, table, name, method=method, quirks="published")
            blank = getattr(found, "blank", None)
            parts = {"r": found.r, "p": found.p}
            parts |= {"blank_r": blank.r, "blank_p": blank.p} if blank else {}
            for part, value in parts.items():
                lines.append(_correlation_line(name, f"{kind} {method} {part}", value, theirs))
    return lines


def _correlation_line(
    name: str, key: str, ours: np.ndarray, theirs: Mapping[str, np.ndarray]
) -> str:
    """Return a row: coefficients may be as near to 0 as rounding brings them, so both differ absolutely."""
    other = theirs[key]
    gap = float(np.nanmax(np.abs(ours - other)))
    alone = int((np.isnan(ours) != np.isnan(other)).sum())
    verdict = "yes" if gap <= GATE and not alone else "NO"
    return f"| {name} | {key} | {other.size} | {gap:.2g} | {alone} | {verdict} |"


def record(python: str, folder: Path, to: Path) -> None:
    """Write the other side's tables of a few cells, which a test compares with ours."""
    held = {}
    for make, names in NAMES.items():
        session, path = make(FEW), folder / f"few_{make.__name__}.npz"
        session.save(path)
        for name in names:
            answer = answers(python, path, name, FEW, folder)
            held[name] = {
                key.removeprefix("peak_"): [None if np.isnan(v) else float(v) for v in value]
                for key, value in answer.items()
                if key.startswith("peak_") and "cell_specimen_id" not in key
            }
    to.write_text(json.dumps(held, indent=1).replace("\n   ", " ") + "\n", encoding="utf-8")


def page(lines: list[str], few: list[str], counts: tuple[int, int], python: str) -> str:
    """Return the tables."""
    head = [
        "# Two-photon metrics: allentk beside AllenSDK",
        "",
        f"SYNTHETIC sessions of the real shape (A: 115,471 frames, {counts[0]} cells; B: 113,850 frames, "
        f'{counts[1]} cells), the same for both; allentk with `quirks="published"`. Largest relative '
        f"difference over cells (and conditions; of a mean response relative to its standard error where "
        f"that is more), and values that are NaN on one side alone; the gate is {GATE:g}. "
        f"Made by `python -m benchmarks.warehouse_parity PYTHON`.",
        "",
        f"- AllenSDK, in its own environment: {versions(python, ['allensdk', 'numpy', 'scipy'])}",
        "",
        "| stimulus | AllenSDK's column | values | from .. to | relative difference | NaN on one side "
        "| within |",
        "|---|---|---|---|---|---|---|",
        *lines,
        "",
        _P_NOTE,
        "",
        f"Correlations of {FEW} cells, largest absolute difference:",
        "",
        "| stimulus | what | values | difference | NaN on one side | within |",
        "|---|---|---|---|---|---|",
        *few,
    ]
    return "\n".join(head) + "\n"


def main() -> None:
    """Compare, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="an interpreter that has allensdk")
    parser.add_argument("--cells", type=int, default=200, help="cells of session A")
    parser.add_argument("--brief-cells", type=int, default=200, help="cells of session B")
    parser.add_argument("--keep", type=Path, help="folder of answers")
    parser.add_argument("--record", type=Path, help="write the tables of a few cells here, and end")
    options = parser.parse_args()
    lines, few = [], []
    with tempfile.TemporaryDirectory() as folder:
        kept = options.keep or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        if options.record:
            record(options.python, kept, options.record)
            return
        for make, names in NAMES.items():
            cells = options.cells if make is session_a else options.brief_cells
            session, path = make(cells), Path(folder) / f"{make.__name__}.npz"
            session.save(path)
            for name in names:
                answer = answers(options.python, path, name, cells, kept)
                if name in MOVIES:
                    lines += movie(session, name, cells, answer)
                else:
                    lines += conditions(options.python, session, name, cells, answer)
            session, path = make(FEW), Path(folder) / f"few_{make.__name__}.npz"
            session.save(path)
            for name in set(names) - set(MOVIES):
                few += correlations(options.python, session, path, name, kept)
    text = page(lines, sorted(few), (options.cells, options.brief_cells), options.python)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
