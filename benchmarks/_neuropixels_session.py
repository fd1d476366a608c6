"""A SYNTHETIC Neuropixels session in arrays, seeded; read by either program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import SpikeTrains, StimulusTable

__all__ = ["make", "ours"]

_COLUMNS = (
    "orientation_deg",
    "temporal_frequency_hz",
    "spatial_frequency_cpd",
    "contrast",
    "phase",
    "frame",
    "x_deg",
    "y_deg",
    "color",
    "speed_deg_per_s",
    "direction_deg",
)

#: Stimuli that the tables whose speed is measured leave out.
_FURTHER = ("drifting_gratings_contrast", "dot_motion", "natural_movie_one")
_HELD = (*_COLUMNS, "start_s", "stop_s", "stimulus_block")


def _grid(**values: list[float]) -> pd.DataFrame:
    names = list(values)
    index = pd.MultiIndex.from_product(list(values.values()), names=names)
    return index.to_frame(index=False)


def _kinds() -> list[tuple[str, pd.DataFrame, int, int, int, float, float]]:
    """Name, conditions, repeats, blanks, lost rows, length and step of presentations."""
    directions = [45.0 * k for k in range(8)]
    places = [10.0 * k for k in range(-4, 5)]
    gabors = _grid(x_deg=places, y_deg=places, orientation_deg=[0.0, 45.0, 90.0])
    levels = [0.01, 0.02, 0.04, 0.08, 0.13, 0.2, 0.35, 0.6, 1.0]
    return [
        (
            "gabors",
            gabors,
            15,
            0,
            0,
            0.25,
            0.2502,
        ),
        ("flashes", _grid(color=[-1.0, 1.0]), 75, 0, 0, 0.25, 2.0),
        (
            "drifting_gratings",
            _grid(orientation_deg=directions, temporal_frequency_hz=[1.0, 2.0, 4.0, 8.0, 15.0]),
            15,
            30,
            0,
            2.0,
            3.0,
        ),
        (
            "static_gratings",
            _grid(
                orientation_deg=[30.0 * k for k in range(6)],
                spatial_frequency_cpd=[0.02, 0.04, 0.08, 0.16, 0.32],
                phase=[0.0, 0.25, 0.5, 0.75],
            ),
            50,
            192,
            192,
            0.25,
            0.2502,
        ),
        ("natural_scenes", _grid(frame=[float(k) for k in range(118)]), 50, 50, 0, 0.25, 0.2502),
        (
            "drifting_gratings_contrast",
            _grid(
                orientation_deg=directions[:4],
                contrast=levels,
            ),
            15,
            0,
            0,
            0.5,
            1.0,
        ),
        (
            "dot_motion",
            _grid(speed_deg_per_s=[16.0, 32.0, 64.0], direction_deg=[0.0, 45.0, 90.0, 135.0]),
            15,
            0,
            0,
            1.0,
            1.0,
        ),
        (
            "natural_movie_one",
            _grid(frame=[float(k) for k in range(300)]),
            20,
            0,
            0,
            1 / 30,
            1 / 30,
        ),
    ]


def _presentations(rng: np.random.Generator, share: float, further: bool) -> pd.DataFrame:
    rows, clock = [], 20.0
    for name, grid, repeats, blanks, lost, length, step in _kinds():
        if name in _FURTHER and not further:
            continue
        each = max(round(repeats * share), 2)
        table = pd.concat([grid] * each, ignore_index=True)
        nothing = pd.DataFrame(
            np.nan, index=range(max(round(blanks * share), 1)), columns=grid.columns
        )
        if "frame" in nothing:
            nothing["frame"] = -1.0
        table = pd.concat([table, nothing], ignore_index=True) if blanks else table
        table = table.iloc[rng.permutation(len(table))[: len(table) - round(lost * share)]]
        table = table.reset_index(drop=True).reindex(columns=_COLUMNS)
        table["start_s"] = clock + step * np.arange(len(table)) + rng.uniform(0, 1e-4, len(table))
        table["stop_s"] = table["start_s"] + length + rng.uniform(-2e-5, 2e-5, len(table))
        table["stop_s"] = np.minimum(table["stop_s"], table["start_s"].shift(-1).fillna(np.inf))
        rows.append(table.assign(stimulus_name=name, stimulus_block=float(len(rows))))
        clock = table["stop_s"].iloc[-1] + 30.0
    return pd.concat(rows, ignore_index=True)


def _rates(rng: np.random.Generator, rows: pd.DataFrame, n_cells: int) -> NDArray[np.float64]:
    """Mean spikes of every cell in every presentation: tuned to what was shown."""
    base = np.exp(rng.normal(1.0, 1.2, n_cells))
    base[:: max(n_cells // 8, 3)] = 0.02  # nearly silent
    base[0] = 0.0
    out = np.empty((len(rows), n_cells))
    for name, part in rows.groupby("stimulus_name", sort=False):
        gain = np.ones((len(part), n_cells))
        if name == "gabors":
            for axis in ("x_deg", "y_deg"):
                away = part[axis].to_numpy()[:, None] - rng.uniform(-35, 35, n_cells)
                gain *= np.exp(-((away / rng.uniform(8, 20, n_cells)) ** 2) / 2)
            gain = np.where(rng.random(n_cells) < 0.1, 1.5 - gain, 0.3 + 2 * gain)
        else:
            codes = part[list(_COLUMNS)].fillna(-9.0).groupby(list(_COLUMNS)).ngroup().to_numpy()
            gain = np.exp(rng.normal(0, 0.8, (codes.max() + 1, n_cells)))[codes]
        if name == "drifting_gratings_contrast":
            c = part["contrast"].to_numpy()[:, None]
            half = rng.uniform(0.05, 0.5, n_cells)
            gain = 0.3 + 3 * c**2 / (c**2 + half**2)
        length = (part["stop_s"] - part["start_s"]).to_numpy()[:, None]
        out[part.index] = base * gain * length
    return out


def _spikes(
    rng: np.random.Generator, rows: pd.DataFrame, n_cells: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    counts = rng.poisson(_rates(rng, rows, n_cells))
    p, cell = np.nonzero(counts)
    n = counts[p, cell]
    p, cell = np.repeat(p, n), np.repeat(cell, n)
    start, stop = rows["start_s"].to_numpy()[p], rows["stop_s"].to_numpy()[p]
    when = rng.beta(1.3, 2.0, p.size)
    tf = rows["temporal_frequency_hz"].fillna(0).to_numpy()[p]
    cycles = np.floor(when * (stop - start) * tf) + rng.beta(3, 3, p.size)
    locked, even = start + cycles / np.maximum(tf, 1), start + when * (stop - start)
    times = np.where((tf > 0) & (cell % 2 == 0), locked, even)
    # Now and then exactly on an edge: of a bin, of a presentation, of a window.
    edge = rng.random(p.size) < 0.01
    whole = np.round((times - start) * 1000) * 0.001
    times = np.where(edge, whole + start, times)
    times = np.where(rng.random(p.size) < 0.002, start, times)
    order = np.argsort(times, kind="stable")
    return times[order], cell[order].astype(np.int64)


def make(
    path: Path, n_cells: int, *, share: float = 1.0, further: bool = True, seed: int = 0
) -> None:
    """Write a session to a file of arrays.

    Parameters
    ----------
    path : Path
        The file, ``.npz``.
    n_cells : int
        Units.
    share : float
        How many of the repeats of a real session are shown.
    further : bool
        Whether contrasts, moving dots and a movie are shown too.
    seed : int
        Seed of everything.
    """
    rng = np.random.default_rng(seed)
    rows = _presentations(rng, share, further)
    times, ids = _spikes(rng, rows, n_cells)
    clock = np.arange(0, rows["stop_s"].max() + 10, 1 / 60)
    # Bouts of some seconds, so that the repeats of a condition meet both states.
    speed = np.where(np.sin(clock / 1.7) > 0, 12.0, 0.1) + rng.normal(0, 0.3, clock.size)
    speed[rng.random(clock.size) < 0.01] = np.nan
    speed[(clock > 400) & (clock < 410)] = np.nan
    columns = {name: rows[name].to_numpy(float) for name in _HELD}
    names = rows["stimulus_name"].to_numpy(str)
    np.savez(
        path,
        times=times,
        ids=ids,
        n_cells=n_cells,
        speed=speed,
        clock=clock,
        names=names,
        **columns,
    )


def ours(
    path: Path,
) -> tuple[SpikeTrains, StimulusTable, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the spikes, the presentations and the running speed of a session."""
    with np.load(path) as held:
        data = {name: held[name] for name in held.files}
    names = data["names"]
    rows = pd.DataFrame({name: data[name] for name in _HELD})
    trains = SpikeTrains(data["times"], data["ids"], int(data["n_cells"]))
    shown = StimulusTable(rows.assign(stimulus=names, stimulus_name=names))
    return trains, shown, (data["speed"], data["clock"])
