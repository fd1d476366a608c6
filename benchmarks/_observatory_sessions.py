"""Generated two-photon sessions of the real shape, and the stand-in by which AllenSDK reads them.

Counts of frames, rows, repetitions and presentations of 7, 8, 9 and of 59, 60, 61 frames are those of
real sessions of the kinds A, B and C; the traces are SYNTHETIC: calcium of cells with sparse tuning,
trial-to-trial variation and a gain with running, plus noise. Everything is drawn from one seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from allentk.data import StimulusTable, Traces

__all__ = ["PEER_SESSION", "Session", "session_a", "session_b", "session_c"]

Array = NDArray[np.float64]
FRAME_S = 0.0332446  # 30.08 frames a second
START_S = 8.7
#: Frames of the microscope between two images or patterns (0.25 s), and two frames of a movie at 30 Hz.
IMAGE, MOVIE = 7.52, 30.08 / 30


@dataclass(frozen=True)
class Session:
    """Fluorescence (cells x frames), its baseline per cell, tables in frames, and running in cm/s."""

    kind: str
    fluorescence: Array
    baseline: Array
    tables: dict[str, pd.DataFrame]
    speed: Array
    time_s: Array
    ids: NDArray[np.int64]
    template: NDArray[np.uint8]  # patterns of locally sparse noise; empty in A and B

    def traces(self, cells: int | None = None) -> Traces:
        """Return corrected fluorescence of the first cells."""
        return Traces(self.fluorescence[:cells], self.time_s, self.ids[:cells], "F")

    def dff(self, cells: int | None = None) -> Traces:
        """Return dF/F of the first cells."""
        values = self.fluorescence[:cells] / self.baseline[:cells, None] - 1
        return Traces(values, self.time_s, self.ids[:cells], "dF/F")

    @property
    def running(self) -> tuple[Array, Array]:
        """Speed in cm/s and its clock in seconds."""
        return self.speed, self.time_s

    def table(self, name: str) -> StimulusTable:
        """Return the presentations of one stimulus, as a session of ours gives them."""
        rows = self.tables[name]
        names = {
            "orientation": "orientation_deg",
            "temporal_frequency": "temporal_frequency_hz",
            "spatial_frequency": "spatial_frequency_cpd",
            "start": "start_frame",
            "end": "stop_frame",
        }
        shown = rows.rename(columns=names).drop(columns="blank_sweep", errors="ignore")
        start, end = (rows[side].to_numpy() for side in ("start", "end"))
        first = "orientation" if "orientation" in rows else "frame"
        blank = (rows[first].isna() | (rows[first] < 0)) if first in rows else False
        return StimulusTable(
            shown.assign(
                start_s=self.time_s[start],
                stop_s=self.time_s[np.maximum(end, start + 1)],
                stimulus=np.where(blank, "blank", name),
            )
        )

    def save(self, path: Path) -> None:
        """Write all for the other side's `PEER_SESSION`."""
        flat = {f"table_{n}_{c}": t[c].to_numpy(float) for n, t in self.tables.items() for c in t}
        held = ("fluorescence", "baseline", "speed", "time_s", "ids", "template")
        arrays = {name: getattr(self, name) for name in held}
        np.savez(path, kind=np.array(self.kind), **arrays, **flat)


#: Source for the other environment: a data set with AllenSDK's getters, read from `Session.save`.
PEER_SESSION = """
import numpy as np, pandas as pd

class StandIn:
    def __init__(self, path, cells=None):
        self.data = data = np.load(path)
        cells = cells or None
        self.f, self.ids = data["fluorescence"][:cells], data["ids"][:cells]
        self.baseline, self.times = data["baseline"][:cells], data["time_s"]
        self.dxcm = data["speed"]

    def get_corrected_fluorescence_traces(self, cell_specimen_ids=None):
        return self.times, self.f

    def get_dff_traces(self, cell_specimen_ids=None):
        return self.times, self.f / self.baseline[:, None] - 1

    def get_fluorescence_timestamps(self):
        return self.times

    def get_cell_specimen_ids(self):
        return self.ids

    def get_roi_ids(self):
        return self.ids

    def get_running_speed(self):
        return self.dxcm, self.times

    def get_session_type(self):
        return str(self.data["kind"])

    def list_stimuli(self):
        return sorted({k[6:].rsplit("_start", 1)[0] for k in self.data.files
                       if k.startswith("table_") and k.endswith("_start")})

    def get_stimulus_table(self, name):
        start = f"table_{name}_"
        rows = {k[len(start):]: self.data[k] for k in self.data.files if k.startswith(start)}
        table = pd.DataFrame(rows)
        whole = [c for c in table if c in ("start", "end", "frame", "repeat")]
        return table.astype({c: int for c in whole})

    def get_locally_sparse_noise_stimulus_template(self, stimulus, mask_off_screen=True):
        template = self.data["template"]
        return template, np.ones(template.shape[1:], dtype=bool)

    def get_stimulus_template(self, name):
        return self.data["template"]
"""


def _lengths(rng: np.random.Generator, starts: NDArray[np.int64], counts: dict[int, int]) -> Array:
    """Draw how many frames every presentation lasts; the table's second row has the usual number."""
    usual = max(counts, key=lambda length: counts[length])
    out = np.full(starts.size, usual)
    room = np.append(np.diff(starts), 10_000)
    room[1] = 0
    for length in sorted((n for n in counts if n != usual), reverse=True):
        free = np.flatnonzero((room >= length) & (out == usual))
        out[rng.choice(free, min(counts[length], free.size), replace=False)] = length
    return out


def _blocks(first: Array, counts: list[int], period: float) -> NDArray[np.int64]:
    """Return the start frames of presentations in blocks that begin at `first`."""
    parts = [at + np.floor(np.arange(n) * period) for at, n in zip(first, counts, strict=True)]
    return np.concatenate(parts).astype(np.int64)


def _order(parts: list[tuple[str, float]], n_frames: int) -> dict[str, list[float]]:
    """Lay parts of given lengths one after the other, the rest of the frames shared out as gaps."""
    gap = (n_frames - sum(length for _, length in parts)) / (len(parts) + 1)
    at, begins = gap, {}
    for name, length in parts:
        begins.setdefault(name, []).append(np.floor(at))
        at += length + gap
    return begins


def _thirds(n: int) -> list[int]:
    return [n // 3, n // 3, n - 2 * (n // 3)]


def _shuffled(rng: np.random.Generator, rows: list[tuple[float, ...]], columns: list[str]):
    return pd.DataFrame([rows[i] for i in rng.permutation(len(rows))], columns=columns)


def _drifting(rng: np.random.Generator, first: list[float]) -> pd.DataFrame:
    shown = [(d, f) for d in np.arange(0.0, 360, 45) for f in (1.0, 2, 4, 8, 15)] * 15
    lost = rng.choice(600, 2, replace=False)
    shown = [row for i, row in enumerate(shown) if i not in lost] + [(np.nan, np.nan)] * 30
    table = _shuffled(rng, shown, ["orientation", "temporal_frequency"])
    starts = _blocks(first, _thirds(628), 90.29)
    table["blank_sweep"] = table["orientation"].isna().astype(float)
    lengths = _lengths(rng, starts, {60: 431, 59: 194, 61: 3})
    return table.assign(start=starts, end=starts + lengths)


def _static(rng: np.random.Generator, first: list[float]) -> pd.DataFrame:
    one = [
        (o, f, p)
        for o in np.arange(0.0, 180, 30)
        for f in (0.02, 0.04, 0.08, 0.16, 0.32)
        for p in (0.0, 0.25, 0.5, 0.75)
    ]
    more = [one[i] for i in rng.choice(120, 46, replace=False)]
    shown = one * 48 + more + [(np.nan,) * 3] * 194
    table = _shuffled(rng, shown, ["orientation", "spatial_frequency", "phase"])
    starts = _blocks(first, _thirds(6000), IMAGE)
    lengths = _lengths(rng, starts, {7: 5867, 8: 132, 9: 1})
    return table.assign(start=starts, end=starts + lengths)


def _scenes(rng: np.random.Generator, first: list[float]) -> pd.DataFrame:
    table = _shuffled(rng, [(float(i),) for i in range(-1, 118)] * 50, ["frame"])
    starts = _blocks(first, _thirds(5950), IMAGE)
    lengths = _lengths(rng, starts, {7: 5811, 8: 138, 15: 1})
    return table.astype({"frame": int}).assign(start=starts, end=starts + lengths)


def _noise(rng: np.random.Generator, first: list[float]) -> pd.DataFrame:
    frames = rng.permutation(9000)[:8880]
    starts = _blocks(first, _thirds(8880), IMAGE)
    return pd.DataFrame({"frame": np.sort(frames), "start": starts, "end": starts + 7})


def _movie(first: list[float], n_frames: int) -> pd.DataFrame:
    per_block = 10 // len(first)
    starts = _blocks(first, [per_block * n_frames] * len(first), MOVIE)
    frame, repeat = np.tile(np.arange(n_frames), 10), np.repeat(np.arange(10), n_frames)
    return pd.DataFrame({"frame": frame, "repeat": repeat, "start": starts, "end": starts + 1})


def _quiet(first: list[float], length: float) -> pd.DataFrame:
    start = np.array(first, dtype=np.int64)
    return pd.DataFrame({"start": start, "end": start + int(length)})


def _template(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw patterns of 16 x 28 pixels with about 11 spots, none within 5 pixels of another."""
    out = np.full((9000, 16, 28), 127, dtype=np.uint8)
    y, x = np.mgrid[:16, :28]
    for pattern in out:
        free = np.ones((16, 28), dtype=bool)
        for _ in range(11):
            places = np.flatnonzero(free)
            if not places.size:
                break
            row, column = divmod(int(rng.choice(places)), 28)
            pattern[row, column] = rng.choice((0, 255))
            free &= (y - row) ** 2 + (x - column) ** 2 > 25
    return out


def _running(rng: np.random.Generator, n_frames: int) -> Array:
    """Draw rest with bouts of running of 3 to 30 s; a few frames have no value."""
    speed = 0.2 * np.abs(rng.normal(size=n_frames))
    at = 500
    while at < n_frames:
        length = int(rng.uniform(90, 900))
        bout = rng.uniform(4, 35) * np.sin(np.linspace(0, np.pi, length)) ** 0.5
        speed[at : at + length] += bout[: n_frames - at] + rng.normal(size=length)[: n_frames - at]
        at += length + int(rng.exponential(1500))
    missing = rng.integers(1200, 12_000, 6)
    for frame in missing:
        speed[frame : frame + 5] = np.nan
    return speed


def _drive(rng: np.random.Generator, tables: dict[str, pd.DataFrame], n_frames: int):
    """Return a function that draws the event rate of one more cell, per frame."""
    conditions = {}
    for name, table in tables.items():
        if name == "spontaneous":
            continue
        keys = [c for c in table if c not in ("start", "end", "repeat", "blank_sweep")]
        condition = table.groupby(keys, dropna=False).ngroup().to_numpy()
        starts, ends = (table[side].to_numpy() for side in ("start", "end"))
        lengths = np.maximum(ends - starts, 1)
        row = np.repeat(np.arange(len(table)), lengths)
        offset = np.arange(row.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        conditions[name] = condition, row, np.minimum(starts[row] + offset, n_frames - 1)

    def rate() -> Array:
        out = np.full(n_frames, rng.gamma(1.0, 0.02))
        strength = 10 ** rng.uniform(-2.5, 0)  # from cells that hardly respond on
        for condition, row, frame in conditions.values():
            gain = strength * rng.gamma(0.15, 0.15, condition.max() + 1)
            gain *= gain > np.quantile(gain, rng.uniform(0.3, 0.97))
            trial = rng.gamma(2.0, 0.5, condition.size)
            out[frame] += np.minimum(gain[condition] * trial, 1.5)[row]
        return out

    return rate


def _session(
    kind: str,
    n_frames: int,
    n_cells: int,
    rng: np.random.Generator,
    tables: dict[str, pd.DataFrame],
    template: NDArray[np.uint8] | None = None,
) -> Session:
    speed = _running(rng, n_frames)
    moving = np.nan_to_num(speed) > 1
    rate: Callable[[], Array] = _drive(rng, tables, n_frames)
    baseline = rng.uniform(150, 900, n_cells)
    out = np.empty((n_cells, n_frames))
    slow = np.sin(np.linspace(0, 9, n_frames))
    for cell in range(n_cells):
        events = rng.poisson(rate() * np.where(moving, rng.uniform(0.6, 2.0), 1.0))
        calcium = lfilter([0.08], [1, -np.exp(-1 / 15)], events * rng.gamma(4, 0.25, n_frames))
        noise = rng.normal(size=n_frames) * rng.uniform(0.03, 0.12)
        out[cell] = baseline[cell] * (1 + calcium + noise + rng.uniform(0, 0.03) * slow)
    jitter = rng.uniform(-2e-5, 2e-5, n_frames)
    return Session(
        kind=kind,
        fluorescence=out,
        baseline=baseline,
        tables=tables,
        speed=speed,
        time_s=START_S + np.arange(n_frames) * FRAME_S + jitter,
        ids=517_000_000 + 3 * np.arange(n_cells),
        template=np.zeros((0, 16, 28), np.uint8) if template is None else template,
    )


def session_a(n_cells: int = 200, seed: int = 0) -> Session:
    """Return a session of kind A: drifting gratings, natural movies three and one."""
    rng = np.random.default_rng([seed, 1])
    third, half, movie = 210 * 90.29, 18_000 * MOVIE, 9_000 * MOVIE
    dg, nm3, nm1 = "drifting_gratings", "natural_movie_three", "natural_movie_one"
    order = [(dg, third), (nm3, half), (nm1, movie), (dg, third), (nm3, half)]
    begins = _order([*order, ("spontaneous", 9_024), (dg, third)], 115_471)
    tables = {
        dg: _drifting(rng, begins[dg]),
        nm3: _movie(begins[nm3], 3600),
        nm1: _movie(begins[nm1], 900),
        "spontaneous": _quiet(begins["spontaneous"], 9_024),
    }
    return _session("three_session_A", 115_471, n_cells, rng, tables)


def session_b(n_cells: int = 200, seed: int = 0) -> Session:
    """Return a session of kind B: static gratings, natural scenes and natural movie one."""
    rng = np.random.default_rng([seed, 2])
    sg, ns, nm1, sp = "static_gratings", "natural_scenes", "natural_movie_one", "spontaneous"
    length = {sg: 2000 * IMAGE, ns: 1984 * IMAGE, nm1: 9_000 * MOVIE, sp: 9_024.0}
    parts = [(name, length[name]) for name in (sg, ns, sp, ns, sg, nm1, sg, ns)]
    begins = _order(parts, 113_850)
    tables = {
        sg: _static(rng, begins[sg]),
        ns: _scenes(rng, begins[ns]),
        nm1: _movie(begins[nm1], 900),
        sp: _quiet(begins[sp], 9_024),
    }
    return _session("three_session_B", 113_850, n_cells, rng, tables)


def session_c(n_cells: int = 200, seed: int = 0) -> Session:
    """Return a session of kind C: locally sparse noise (4 degrees), natural movies one and two."""
    rng = np.random.default_rng([seed, 3])
    lsn, nm1, nm2 = "locally_sparse_noise", "natural_movie_one", "natural_movie_two"
    sp, movie, third = "spontaneous", 9_000 * MOVIE, 2960 * IMAGE
    parts = [(lsn, third), (sp, 9_024), (nm1, movie), (lsn, third), (nm2, movie), (sp, 9_024)]
    begins = _order([*parts, (lsn, third)], 105_738)
    tables = {
        lsn: _noise(rng, begins[lsn]),
        nm1: _movie(begins[nm1], 900),
        nm2: _movie(begins[nm2], 900),
        sp: _quiet(begins[sp], 9_024),
    }
    return _session("three_session_C", 105_738, n_cells, rng, tables, _template(rng))
