"""Rates of LGN cells beside those of BMTK's FilterNet, and the CPU time of both.

FilterNet runs in an environment of its own, through its public classes, in its separable and faster way.

    python -m benchmarks.lgn_filternet --peer /path/to/bmtk/bin/python
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.network import visual
from allentk.network.lgn import LGN
from allentk.network.temporal import V1_CLASSES
from benchmarks._paired import Asked, median_ratio, pairs, processor, versions

RESULTS = Path(__file__).parent / "results" / "lgn_filternet.md"
RUNS = 3
SECONDS = 2.0
#: Pixels of the compared movie: an odd number on each side, and the first at the origin.
PITCH_DEG, N_COLUMNS, N_ROWS = 0.5, 121, 81
GRATING = {
    "orientation_deg": 30.0,
    "temporal_frequency_hz": 4.0,
    "spatial_frequency_cpd": 0.04,
    "contrast": 0.8,
    "phase": 0.1,
}
Array = NDArray[np.float64]

#: Makes cells from a list of dicts, and what is timed. The stand-in for a node has what a loader asks for.
PEER = """
import json, sys
import numpy as np
from bmtk.simulator.filternet.default_setters import default_cell_loader
from bmtk.simulator.filternet.lgnmodel.lgnmodel1 import LGNModel
from bmtk.simulator.filternet.lgnmodel.movie import GratingMovie, Movie

class Node(dict):
    weights = kpeaks = delays = weights_non_dom = kpeaks_non_dom = delays_non_dom = None
    predefined_jitter, jitter = False, (1.0, 1.0)
    sf_sep = property(lambda self: self["sf_sep"])
    tuning_angle = property(lambda self: self["tuning_angle"])
    non_dom_params = property(lambda self: self["non_dom_params"])

def cells(told):
    return [default_cell_loader(Node(c), ("lgnmodel", c["name"]), c["params"]) for c in told]

def grating(told, rows_deg, columns_deg, pitch_deg):
    made = GratingMovie(rows_deg, columns_deg, frame_rate=1000.0, y_dir="up")
    return made.create_movie(
        t_max=told["seconds"], cpd=told["spatial_frequency_cpd"], temporal_f=told["temporal_frequency_hz"],
        theta=told["orientation_deg"], phase=360 * told["phase"], contrast=told["contrast"],
        degrees_per_pixel=pitch_deg)
"""

RATES = (
    PEER
    + """
told = json.load(open(sys.argv[1]))
frames = np.load(sys.argv[2], mmap_mode="r")
movie = Movie(frames, row_range=np.array(told["y"]), col_range=np.array(told["x"]), frame_rate=1000.0)
found = LGNModel(cells(told["cells"])).evaluate(movie, separable=True)
np.save(sys.argv[3], np.array([np.asarray(rates, dtype=float) for _, rates in found]))
"""
)

TIMES = (
    PEER
    + """
told = json.load(open(sys.argv[1]))
def own():
    LGNModel(cells(told["cells"])).evaluate(grating(told, 120, 240, None), separable=True)
def fine():
    LGNModel(cells(told["cells"])).evaluate(grating(told, 60, 120, 1.0), separable=True)
asked = {"own": own, "fine": fine}
"""
)

OURS = """
import sys
from benchmarks.lgn_filternet import by_formula, by_frames
asked = {"formula": by_formula, "frames": by_frames}
"""


def cells(n_each: int, centre_deg: tuple[float, float], spread_deg: float) -> LGN:
    """Return cells of all classes around a place, at whole pixels."""
    rng = np.random.default_rng(1)
    kind = np.repeat(np.arange(len(V1_CLASSES)), n_each)
    offset = rng.uniform(-spread_deg, spread_deg, (kind.size, 2)) + centre_deg
    place = np.round(offset / PITCH_DEG) * PITCH_DEG
    axis = rng.uniform(0, 360, kind.size)
    sigma = np.full(kind.size, 2.0)
    return LGN(place[:, 0], place[:, 1], sigma, kind, tuple(V1_CLASSES.values()), axis)


def told(lgn: LGN) -> list[dict[str, object]]:
    """Return cells in FilterNet's words."""
    out = []
    for cell, kind in enumerate(lgn.kind):
        of = lgn.classes[kind]
        dominant = getattr(of, "off", of)
        assert lgn.axis_deg is not None
        row: dict[str, object] = {
            "name": of.name,
            "x": float(lgn.x_deg[cell]),
            "y": float(lgn.y_deg[cell]),
            "spatial_size": 3 * float(lgn.sigma_deg[cell]),
            "params": _fitted(dominant),
        }
        if hasattr(of, "off"):
            row |= {
                "non_dom_params": _fitted(of.on),
                "sf_sep": of.separation_deg,
                "tuning_angle": float(lgn.axis_deg[cell]),
            }
        out.append(row)
    return out


def _fitted(of: object) -> dict[str, list[float]]:
    names = {"opt_wts": "weights", "opt_kpeaks": "peaks_ms", "opt_delays": "delays_ms"}
    return {key: list(getattr(of, name)) for key, name in names.items()}


def shown() -> StimulusTable:
    """Return the grating as a row."""
    row = {"start_s": 0.0, "stop_s": SECONDS, "stimulus": "drifting_gratings", **GRATING}
    return StimulusTable(pd.DataFrame([row]))


def frames_of(x_deg: Array, y_deg: Array) -> Array:
    """Return the grating as a movie of 1000 frames per second."""
    return visual.grating_movie(
        direction_deg=GRATING["orientation_deg"],
        temporal_frequency_hz=GRATING["temporal_frequency_hz"],
        x_deg=x_deg,
        y_deg=y_deg,
        n_frames=round(SECONDS * 1000) + 1,
        spatial_frequency_cpd=GRATING["spatial_frequency_cpd"],
        contrast=GRATING["contrast"],
        phase=GRATING["phase"],
    )


def by_formula() -> Array:
    """Make 84 cells and compute their rates, the grating in closed form."""
    return cells(6, (60.0, 30.0), 12.0).rates_hz(shown(), 0.0, SECONDS)


def by_frames() -> Array:
    """Make 84 cells and a movie of 120 x 60 pixels, and compute the rates."""
    x, y = np.linspace(0, 120, 120), np.linspace(0, 60, 60)
    return cells(6, (60.0, 30.0), 12.0).movie_rates_hz(frames_of(x, y), x, y)


def _theirs(peer: str, lgn: LGN, frames: Array, x: Array, y: Array) -> Array:
    with tempfile.TemporaryDirectory() as folder:
        asked, movie, answer = (Path(folder) / n for n in ("a.json", "m.npy", "r.npy"))
        asked.write_text(json.dumps({"cells": told(lgn), "x": x.tolist(), "y": y.tolist()}))
        np.save(movie, frames)
        command = [peer, "-c", RATES, str(asked), str(movie), str(answer)]
        subprocess.run(command, check=True, capture_output=True)
        found: Array = np.load(answer)
        return found


@dataclass(frozen=True, slots=True)
class Beside:
    """How far rates are apart, as shares: of the mean, of the modulation, and at any ms of the peak."""

    mean: float
    modulation: float
    anywhere: float
    unmoved: float


def beside(ours: Array, theirs: Array, moved: int) -> Beside:
    """Compare rates of one class; FilterNet's come `moved` ms earlier."""
    n = min(ours.shape[1], theirs.shape[1]) - moved
    one, other = ours[:, moved : moved + n], theirs[:, :n]
    late = slice(round(SECONDS * 500), None)  # a stretch of whole cycles
    wave = np.exp(2j * math.pi * GRATING["temporal_frequency_hz"] * np.arange(n) * 1e-3)[late]
    first, second = (np.abs((rates[:, late] * wave).mean(axis=1)) for rates in (one, other))
    means = np.abs(one.mean(axis=1) / other.mean(axis=1) - 1)
    peak = other.max(axis=1, keepdims=True)
    same = np.abs(ours[:, :n] - theirs[:, :n]) / peak
    return Beside(
        float(means.max()),
        float(np.abs(first / second - 1).max()),
        float((np.abs(one - other) / peak).max()),
        float(same.max()),
    )


def agreement(peer: str) -> list[str]:
    """Return the rows of the table of rates."""
    x, y = np.arange(N_COLUMNS) * PITCH_DEG, np.arange(N_ROWS) * PITCH_DEG
    lgn = cells(3, (30.0, 20.0), 3.0)
    frames = frames_of(x, y)
    theirs = _theirs(peer, lgn, frames, x, y)
    both = {
        "same frames": lgn.movie_rates_hz(frames, x, y),
        "closed form": lgn.rates_hz(shown(), 0.0, SECONDS),
    }
    rows = []
    for kind, name in enumerate(V1_CLASSES):
        of = lgn.kind == kind
        two = hasattr(V1_CLASSES[name], "off")
        parts = []
        for rates in both.values():
            found = beside(rates[of], theirs[of], 0 if two else 1)
            parts += [f"{100 * v:.3f}" for v in (found.mean, found.modulation, found.anywhere)]
        unmoved = beside(both["same frames"][of], theirs[of], 0 if two else 1).unmoved
        rows.append(f"| {name} | {' | '.join(parts)} | {100 * unmoved:.2f} |")
    return rows


def speed(peer: str) -> list[str]:
    """Return the rows of the table of CPU times."""
    lgn = cells(6, (60.0, 30.0), 12.0)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "asked.json"
        asked.write_text(json.dumps({"cells": told(lgn), "seconds": SECONDS, **GRATING}))
        with Asked(sys.executable, OURS) as ours, Asked(peer, TIMES, [str(asked)]) as theirs:
            for title, mine, other in (
                (
                    "closed form | its own grating movie, 240 x 120 degrees, its pitch",
                    "formula",
                    "own",
                ),
                ("closed form | 120 x 60 pixels", "formula", "fine"),
                ("120 x 60 pixels | 120 x 60 pixels", "frames", "fine"),
            ):
                one, two = pairs((ours, mine), (theirs, other), RUNS)
                rows.append(
                    f"| {title} | {statistics.median(one):.3f} | {statistics.median(two):.2f} | "
                    f"{1 / median_ratio(one, two):.0f} |"
                )
    return rows


ABOUT = f"""# LGN cells beside BMTK's FilterNet

All 14 classes of the V1 models, {SECONDS:g} s of a drifting grating (4 Hz, 0.04 cycles per degree, 30
degrees, contrast 0.8). Made by `python -m benchmarks.lgn_filternet`.
"""

RATES_ABOUT = f"""Rates: three cells per class, deviation 2 degrees, on a movie of {N_COLUMNS} x {N_ROWS}
pixels of {PITCH_DEG:g} degrees and 1000 frames per second, the very same array for both (`same frames`),
and as a row of a table, without pixels (`closed form`). Largest difference of a cell, in per cent: of the
mean rate, of the modulation at 4 Hz in the second half, and at any ms, of the cell's peak rate. `unmoved`:
the last without the shift of 1 ms."""

EXPLAINED = """What is different, and how it is treated here:

- Time: FilterNet's kernels of one subunit begin with the value that its formula has at 1 ms, so that its
  responses come 1 ms earlier; they are compared moved by 1 ms. Kernels of two subunits are placed by their
  zero crossing, and are not moved.
- Width: FilterNet makes a Gaussian by blurring one point (of four where a side has an even number of
  pixels) and shifting it with interpolation, which widens it by up to half a pixel squared; allentk takes
  its value at every pixel. The difference grows with the pitch, which by default is a tenth of the
  grating's period. Here places are whole pixels but for the ON subunits of the last two classes.
- Edges: FilterNet scales the part of a Gaussian that lies on the screen to 1; to allentk the world beyond
  is gray. The compared cells lie far from the edge.
- Kernels: allentk carries the fitted figures to four digits of a weight and three of a peak."""

SPEED_ABOUT = f"""CPU seconds, 84 cells (6 per class), {SECONDS:g} s: cells, movie and rates, without
imports; each in a process of its own, in turns, medians of {RUNS}. The last column is the median of the
ratios. The default pitch is 2.5 degrees: 96 x 48 pixels."""


def main() -> None:
    """Write the page of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, help="Python of an environment with bmtk")
    peer = parser.parse_args().peer
    lines = [
        ABOUT,
        f"- processor: {processor()}; shared with other work",
        f"- allentk: {versions(sys.executable, ['numpy', 'scipy'])}",
        f"- FilterNet, in its own environment: {versions(peer, ['bmtk', 'numpy', 'scipy'])}\n",
        RATES_ABOUT.replace("\n", " ") + "\n",
        "| class | same frames: mean | modulation | anywhere | closed form: mean | modulation | anywhere "
        "| unmoved |",
        "|---|---|---|---|---|---|---|---|",
        *agreement(peer),
        "",
        EXPLAINED,
        "",
        SPEED_ABOUT.replace("\n", " ") + "\n",
        "| allentk | FilterNet | allentk, s | FilterNet, s | times |",
        "|---|---|---|---|---|",
        *speed(peer),
        "",
    ]
    RESULTS.write_text("\n".join(lines), encoding="utf-8")
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main()
