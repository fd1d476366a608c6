"""Receptive fields, mapped with gabor patches on a grid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.responses.definition import chosen
from allentk.responses.neuropixels.chi_square import shuffled_p
from allentk.responses.neuropixels.counting import Block, blocks, grouped, spike_range, window_sides
from allentk.responses.neuropixels.fields import fitted, inverted, regions
from allentk.responses.neuropixels.measure import Cells, Columns, Running, measured
from allentk.responses.neuropixels.metrics import QUIRKS
from allentk.responses.neuropixels.psth_kernels import add_counts
from allentk.responses.neuropixels.shown import Shown, shown_of
from allentk.responses.trials import cells_of

__all__ = ["ReceptiveFields", "gabors", "receptive_fields"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Where the middle of the screen is for the eye: azimuth and elevation, degrees.
_SCREEN_DEG = (50.0, 10.0)
_STEP_DEG = 10.0
_LEAST_SPIKES = 10
_RESULTS = ("azimuth_deg", "elevation_deg", "width_deg", "height_deg", "area_deg2")


@dataclass(frozen=True, slots=True, eq=False)
class ReceptiveFields:
    """Spikes by place of the gabor.

    Parameters
    ----------
    maps : ndarray of int, shape (n_cells, n_rows, n_columns)
        Spikes in all presentations at a place; the first row is the top of the screen.
    x_deg, y_deg : ndarray, shape (n_columns,) and (n_rows,)
        Places on the screen, 0 its middle; `y_deg` falls.
    number_azimuths, number_elevations : int
        Numbers of columns and rows.
    """

    maps: Ints
    x_deg: Floats
    y_deg: Floats
    number_azimuths: int
    number_elevations: int


def receptive_fields(
    responses: SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    quirks: str | Iterable[str] = (),
    name: str | None = None,
    duration_s: float | None = None,
) -> ReceptiveFields:
    """Map the spikes of every cell by place of the gabor.

    Parameters
    ----------
    responses, table, ids, quirks, name, duration_s
        As in `gabors`.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 0.25], "stop_s": [0.25, 0.5],
    ...     "stimulus": "gabors", "x_deg": [0.0, 10.0], "y_deg": 0.0})
    >>> receptive_fields(SpikeTrains([0.3], [0], 1), StimulusTable(shown)).maps.tolist()
    [[[0, 1]]]
    """
    asked = chosen(quirks, QUIRKS)
    _, wanted = cells_of(responses, ids)
    unique, back = np.unique(wanted, return_inverse=True)
    shown = shown_of("gabors", table, name=name, duration_s=duration_s)
    x, y, place = _places(shown)
    parts = [
        _maps(block, place, (y.size, x.size))
        for block in blocks(responses.subset(unique), shown, asked)
    ]
    maps = np.concatenate(parts)[back] if parts else np.zeros((0, y.size, x.size), np.int64)
    labels = 40.0 - y if "flipped_rows" in asked else y
    columns = y.size if "azimuths_are_elevations" in asked else x.size
    return ReceptiveFields(maps, x, labels, columns, y.size)


def gabors(
    responses: SpikeTrains | NetworkResponse,
    table: StimulusTable | None = None,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    quirks: str | Iterable[str] = (),
    name: str | None = None,
    duration_s: float | None = None,
    recording_s: tuple[float, float] | None = None,
    n_shuffles: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure receptive fields.

    Parameters
    ----------
    responses, table, ids, running, quirks, name, duration_s, recording_s
        As in `drifting_gratings`; the table has ``x_deg`` and ``y_deg`` (in a session's own table
        ``x_position_deg`` and ``y_position_deg``), places on the screen with 0 its middle, and may have
        ``orientation_deg``; the window is 0.25 s.
    n_shuffles, seed : int
        Shuffles of the chi-square test, at least one, and their seed.

    Returns
    -------
    DataFrame
        One row per cell; the columns are those of `METRICS`, with ``cell`` first and ``notes`` last. The
        field is NaN for a cell with fewer than 10 spikes. Azimuth and elevation are those of the eye: the
        middle of the screen is at 50 and 10 degrees.

    References
    ----------
    Siegle et al. 2021, Nature 592:86; Allen Brain Observatory, Visual Coding - Neuropixels.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 0.25], "stop_s": [0.25, 0.5],
    ...     "stimulus": "gabors", "x_deg": [0.0, 10.0], "y_deg": 0.0})
    >>> gabors(SpikeTrains([0.3], [0], 1), StimulusTable(shown))["notes"].tolist()
    ['fewer than 10 spikes, so no field']
    """
    return measured(
        "gabors",
        responses,
        table,
        lambda cells: _gabors(cells, n_shuffles, seed),
        ids=ids,
        running=running,
        quirks=quirks,
        options={"name": name, "duration_s": duration_s, "recording_s": recording_s},
    )


def _places(shown: Shown) -> tuple[Floats, Floats, Ints]:
    """Return the columns, the rows from the top, and the place of every presentation (-1 blank)."""
    x, column = np.unique(shown.parameters["x_deg"], return_inverse=True)
    y, row = np.unique(-shown.parameters["y_deg"], return_inverse=True)
    place = row * x.size + column
    here = shown.condition
    return x, -y, np.where(here >= 0, place[here], -1).astype(np.int64)


def _maps(block: Block, place: Ints, shape: tuple[int, int]) -> Ints:
    shown, quirks = block.shown, block.quirks
    edges = np.array([0.0, shown.duration_s])
    if "short_psth" in quirks:
        edges = np.linspace(0, shown.duration_s - 0.001, 3)
    counts = np.zeros((shown.start_s.size, block.n_cells), dtype=np.int32)
    for begin, end in pairwise(edges):
        first, last = spike_range(
            block.trains.times_s,
            begin + shown.start_s,
            end + shown.start_s,
            sides=window_sides(quirks),
        )
        add_counts(block.trains.ids, first, last, block.cell, counts)
    return grouped(counts, place, shape[0] * shape[1]).T.reshape(-1, *shape)


def _gabors(cells: Cells, n_shuffles: int, seed: int) -> Columns:
    block, quirks = cells.block, cells.quirks
    x, y, place = _places(cells.shown)
    enough = block.window_counts[place >= 0].sum(axis=0) >= _LEAST_SPIKES
    cells.note(~enough & ~cells.silent, f"fewer than {_LEAST_SPIKES} spikes, so no field")
    some = np.flatnonzero(enough)
    out: dict[str, Floats] = {name: np.full(block.n_cells, np.nan) for name in _RESULTS}
    on_screen = pd.array(np.zeros(block.n_cells, dtype=bool), dtype="boolean")
    on_screen[~enough] = pd.NA
    maps = _maps(block, place, (y.size, x.size))[some]
    for cell, each, region in zip(some, maps, regions(maps, quirks), strict=True):
        gaussian = fitted(each.max() - each if inverted(region) else each, quirks)
        on_screen[cell] = gaussian.on_grid(each.shape, quirks)
        scale = _Scale(x, y, "fixed_grid" in quirks)
        values = (
            *scale.place(region.column, region.row),
            gaussian.width * scale.x_step_deg,
            gaussian.height * scale.y_step_deg,
            region.area * scale.x_step_deg * scale.y_step_deg,
        )
        for name, value in zip(_RESULTS, values, strict=True):
            out[name][cell] = value
    p = np.full(block.n_cells, np.nan)
    known = place >= 0
    row, column = np.divmod(place[known], x.size)
    _, category = np.unique(column * y.size + row, return_inverse=True)
    counts = np.ascontiguousarray(block.window_counts[known][:, some])
    p[some] = shuffled_p(counts, category, quirks, n_shuffles=n_shuffles, seed=seed)
    return {**out, "p_value": p, "on_screen": on_screen}


@dataclass(frozen=True, slots=True)
class _Scale:
    """From steps of the grid to degrees; `fixed`: nine by nine places, 10 degrees apart."""

    x_deg: Floats
    y_deg: Floats
    fixed: bool

    @property
    def x_step_deg(self) -> float:
        return _STEP_DEG if self.fixed else _step(self.x_deg)

    @property
    def y_step_deg(self) -> float:
        return _STEP_DEG if self.fixed else _step(self.y_deg)

    def place(self, column: float, row: float) -> tuple[float, float]:
        """Return azimuth and elevation."""
        if self.fixed:
            return column * _STEP_DEG + 10.0, (8.0 - row) * _STEP_DEG - 30.0
        azimuth = np.interp(column, np.arange(self.x_deg.size), self.x_deg) + _SCREEN_DEG[0]
        elevation = np.interp(row, np.arange(self.y_deg.size), self.y_deg) + _SCREEN_DEG[1]
        return float(azimuth), float(elevation)


def _step(places: Floats) -> float:
    return float(np.median(np.abs(np.diff(places)))) if places.size > 1 else np.nan
