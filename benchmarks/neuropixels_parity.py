"""Metric tables of Neuropixels units: allentk, with the published quirks, beside AllenSDK.

A SYNTHETIC session (`_neuropixels_session`) of the real shape, seeded, is measured by either program in an
environment of its own. AllenSDK draws its shuffles from numpy's shared generator without a seed; here
that generator answers with the draws that allentk makes, so that the p values can be compared.

    python -m benchmarks.neuropixels_parity --allensdk /path/to/allensdk/python --units 60
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.responses import neuropixels
from benchmarks._neuropixels_session import make, ours
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "neuropixels_parity.md"

OURS = str(Path(neuropixels.__file__).parent)

#: Relative differences up to this are none.
LIMIT = 1e-12

#: AllenSDK's class, our function.
TABLES = {
    "DriftingGratings": "drifting_gratings",
    "Flashes": "flashes",
    "NaturalScenes": "natural_scenes",
    "StaticGratings": "static_gratings",
    "ReceptiveFieldMapping": "gabors",
    "DotMotion": "dot_motion",
    "NaturalMovies": "natural_movie",
}
#: What a stimulus asks for besides: there is no usual window for movies.
FURTHER = {"natural_movie": {"duration_s": 1 / 30}}
SESSION = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
from allensdk.brain_observatory.ecephys.ecephys_session import EcephysSession
from allensdk.brain_observatory.ecephys import stimulus_analysis

names = dict(orientation_deg="orientation", temporal_frequency_hz="temporal_frequency",
    spatial_frequency_cpd="spatial_frequency", contrast="contrast", phase="phase", frame="frame",
    x_deg="x_position", y_deg="y_position", color="color", speed_deg_per_s="Speed", direction_deg="Dir",
    start_s="start_time", stop_s="stop_time", stimulus_block="stimulus_block")
held = np.load(sys.argv[1])

class Frames:
    def get_spike_times(self):
        order = np.argsort(held["ids"], kind="stable")
        edges = np.searchsorted(held["ids"][order], np.arange(int(held["n_cells"]) + 1))
        times = held["times"][order]
        return {unit: times[a:b] for unit, (a, b) in enumerate(zip(edges[:-1], edges[1:]))}
    def get_stimulus_presentations(self):
        rows = pd.DataFrame({new: held[old] for old, new in names.items()})
        rows["stimulus_name"] = held["names"]
        rows["stimulus_index"] = 0
        rows.index.name = "id"
        return rows
    def get_running_speed(self):
        clock = held["clock"]
        return pd.DataFrame({"start_time": clock, "end_time": clock, "velocity": held["speed"]})
    def get_units(self):
        n = int(held["n_cells"])
        return pd.DataFrame({"peak_channel_id": np.zeros(n, int), "local_index": np.arange(n)},
            index=pd.Index(np.arange(n), name="id"))
    def get_channels(self):
        return pd.DataFrame({"probe_id": [0], "local_index": [0], "probe_vertical_position": [0],
            "probe_horizontal_position": [0]}, index=pd.Index([0], name="id"))
    def get_probes(self):
        return pd.DataFrame({"description": ["A"]}, index=pd.Index([0], name="id"))
    def get_invalid_times(self):
        return pd.DataFrame(columns=["start_time", "stop_time", "tags"])
    def __getattr__(self, name):
        if name.startswith("get_"):
            return lambda: None
        raise AttributeError(name)

def session():
    return EcephysSession(api=Frames())
"""
THEIRS = (
    SESSION
    + """
import runpy
n_shuffles = int(sys.argv[3])
class Draws:
    drawn = 0
    def choice(self, n, size):
        if self.drawn % n_shuffles == 0:
            self.rng = np.random.default_rng(0)
        self.drawn += 1
        return self.rng.integers(0, n, n)
np.random.choice = Draws().choice
def refitted(analysis, table):
    # The fits of allentk, which need numpy and scipy alone, by the scipy of this environment.
    if "c50_dg" in table:
        fit = runpy.run_path(sys.argv[4] + "/contrast.py")["c50"]
        shown, conditions = analysis.stim_table_contrast, analysis.stimulus_conditions_contrast
        for unit in table.index:
            here = shown.orientation == table.loc[unit, "pref_ori_dg"]
            ids = shown[here].stimulus_condition_id.unique()
            means = analysis.conditionwise_statistics_contrast.loc[unit].loc[ids].spike_mean
            contrasts = conditions.loc[ids].contrast.to_numpy(float)
            yield "c50_dg", unit, fit(contrasts, means.to_numpy(float), {"c50_grid"})
    if "width_rf" in table:
        fields = runpy.run_path(sys.argv[4] + "/fields.py")
        quirks = {"integer_smoothing", "swapped_start", "signed_widths", "half_step_screen"}
        for unit in table.index[table.width_rf.notna()]:
            each = analysis.get_receptive_field(unit).astype(int)
            if fields["inverted"](fields["regions"](each[None], quirks)[0]):
                each = each.max() - each
            found = fields["fitted"](each, quirks)
            yield "width_rf", unit, found.width * 10
            yield "height_rf", unit, found.height * 10

for name in sys.argv[5:]:
    # It knows neither a window for movies nor the names that sessions give them.
    movie = dict(trial_duration=1 / 30, stimulus_key="natural_movie_one")
    more = movie if name == "NaturalMovies" else {}
    analysis = getattr(stimulus_analysis, name)(session(), **more)
    table = analysis.metrics
    if name == "NaturalMovies":  # two columns of scenes, named by mistake and never filled
        table = table.drop(columns=["run_pval_ns", "run_mod_ns"])
    columns = {c: table.sort_index()[c].astype(float).to_numpy() for c in table}
    again = {}
    for column, unit, value in refitted(analysis, table):
        again.setdefault(column, np.full(len(table), np.nan))[unit] = value
    columns.update({f"again {column}": values for column, values in again.items()})
    np.savez(f"{sys.argv[2]}/{name}.npz", **columns)
"""
)


def difference(
    mine: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[int, int, float, float]:
    """Return units compared, units missing on one side only, largest and median relative difference."""
    apart = np.isnan(mine) != np.isnan(other)
    both = ~np.isnan(mine) & ~np.isnan(other)
    a, b = mine[both], other[both]
    size = np.maximum(np.abs(a), np.abs(b))
    relative = np.divide(np.abs(a - b), size, out=np.zeros_like(size), where=size > 0)
    largest = float(relative.max()) if relative.size else 0.0
    return (
        int(both.sum()),
        int(apart.sum()),
        largest,
        float(np.median(relative)) if both.any() else 0.0,
    )


def allen_table(stimulus: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return our table under Allen's names, as numbers."""
    names = neuropixels.ALLEN_NAMES[stimulus]
    renamed = table[list(names)].rename(columns=names)
    if "on_screen_rf" in renamed:
        renamed["on_screen_rf"] = renamed["on_screen_rf"].fillna(False)
    return renamed.astype(float)


def line(
    table: str,
    column: str,
    mine: NDArray[np.float64],
    other: NDArray[np.float64],
    again: NDArray[np.float64] | None,
) -> str:
    """Return one line of the table; `again` are our fits made with the other program's scipy."""
    n, apart, largest, median = difference(mine, other)
    same = "yes" if largest <= LIMIT and not apart else "no"
    if not n and not apart:
        same = "no unit has a value"
    if again is not None:
        _, apart_again, in_one, _ = difference(again, other)
        alike = "yes" if in_one <= LIMIT and not apart_again else "no"
        same += f"; both with scipy of AllenSDK: {alike}, largest {in_one:.1e}"
    return f"| {table} | {column} | {n} | {apart} | {largest:.1e} | {median:.1e} | {same} |"


def compared(python: str, folder: Path, units: int, share: float, seed: int) -> list[str]:
    """Return the lines of the table."""
    path = folder / "session.npz"
    make(path, units, share=share, seed=seed)
    subprocess.run(
        [python, "-c", THEIRS, str(path), str(folder), "1000", OURS, *TABLES],
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"},
    )
    trains, shown, running = ours(path)
    lines = []
    for name, stimulus in TABLES.items():
        measure = getattr(neuropixels, stimulus)
        more = FURTHER.get(stimulus, {})
        found = measure(trains, shown, running=running, quirks="published", **more)
        table = allen_table(stimulus, found)
        with np.load(folder / f"{name}.npz") as held:
            theirs = {column: held[column] for column in held.files}
        for column in [each for each in theirs if not each.startswith("again ")]:
            mine = table[column].to_numpy()
            lines.append(line(name, column, mine, theirs[column], theirs.get(f"again {column}")))
    return lines


def page(lines: list[str], options: argparse.Namespace) -> str:
    """Return the page as Markdown."""
    return "\n".join(
        [
            "# Metrics of Neuropixels units beside AllenSDK",
            "",
            f"A SYNTHETIC session of {options.units} units, {options.share:.0%} of the repeats of a "
            "session of the Visual Coding project (of 630 drifting and 6000 static gratings, 5950 scenes, "
            "3645 gabors, 150 flashes), of 540 gratings of nine contrasts, 180 moving dots and 6000 frames "
            "of a movie; running in bouts of 5 s; about 1 % of the spikes lie exactly on the edge of a "
            'bin, 1 % of the running speeds are missing. `quirks="published"`. Differences are relative to '
            "the larger number. AllenSDK's unseeded shuffles are given the draws of allentk. Made by "
            f"`python -m benchmarks.neuropixels_parity --units {options.units} --share {options.share:g}`.",
            "",
            f"- machine: {processor()}",
            f"- allentk: {versions(sys.executable, ('allentk', 'numpy', 'scipy', 'pandas'))}",
            "- AllenSDK, in its own environment: "
            f"{versions(options.allensdk, ('allensdk', 'numpy', 'scipy', 'pandas'))}",
            "",
            f"| table | column | units | missing in one | largest | median | all within {LIMIT:g} |",
            "|---|---|---|---|---|---|---|",
            *lines,
            "",
            "Three columns end in `scipy.optimize.leastsq`: c50, and width and height of the Gaussian. It "
            "stops where a step no longer pays (1.5e-8), by derivatives taken from differences, and two "
            "releases of scipy stop in two places; c50, one of 256 points, can then lie some points "
            "further, or far away where the data do not hold the fit. The last column of these rows is the "
            "proof that the difference is of scipy alone: the same functions of allentk, run on the same "
            "counts with the scipy of AllenSDK's environment.",
            "",
        ]
    )


def main() -> None:
    """Compare, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--allensdk", required=True, help="python that has allensdk")
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--share", type=float, default=1.0, help="share of the repeats shown")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = compared(options.allensdk, Path(folder), options.units, options.share, options.seed)
    text = page(lines, options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
