"""What a network is shown: tables of presentations, with movies where a picture cannot be said in a row.

A direction is that of the motion, in degrees counter-clockwise from rightwards; positions in the visual
field are in degrees to the right and up, from the centre of the screen. A grating is
``contrast sin(2 pi (f (x cos a + y sin a) - F t + phase))``: its phase, in cycles, is that at the centre
when it comes on. Between presentations, and before the first, the screen is gray.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.network.movies import Movie, VisualStimulus
from allentk.network.visual_field import Screen
from allentk.network.visual_images import (
    contrast_of,
    locally_sparse_noise,
    natural_movie,
    natural_scenes,
)
from allentk.network.visual_order import presentations, sequence
from allentk.network.visual_shapes import flashes, looming, moving_bars

__all__ = [
    "Movie",
    "Screen",
    "VisualStimulus",
    "contrast_of",
    "drifting_gratings",
    "flashes",
    "grating_movie",
    "gray",
    "locally_sparse_noise",
    "looming",
    "moving_bars",
    "natural_movie",
    "natural_scenes",
    "sequence",
    "static_gratings",
]


def drifting_gratings(
    *,
    directions_deg: Sequence[float] = tuple(range(0, 360, 45)),
    temporal_frequencies_hz: Sequence[float] = (2.0, 4.0),
    n_repeats: int = 3,
    duration_s: float = 1.0,
    gap_s: float = 0.5,
    blanks: bool = True,
    spatial_frequency_cpd: float = 0.04,
    contrast: float = 0.8,
    waveform: str = "sine",
    seed: int = 0,
) -> StimulusTable:
    """Return drifting gratings in random order, each followed by gray.

    Every repeat shows every combination of direction and temporal frequency once, in an order of its own.

    Parameters
    ----------
    directions_deg, temporal_frequencies_hz : sequence of float
        Directions of motion in degrees; cycles per second.
    n_repeats : int
        Times that every grating is shown.
    duration_s, gap_s : float
        Length of a presentation, and of the gray after it (and before the first), seconds.
    blanks : bool
        Show a blank per temporal frequency in every repeat.
    spatial_frequency_cpd : float
        Cycles per degree.
    contrast : float
        0 to 1.
    waveform : str
        ``"sine"``, or ``"square"`` as in the layer 4 model; the table then has a column of that name.
    seed : int
        Draws the order.

    Returns
    -------
    StimulusTable

    Raises
    ------
    DataError
        On an empty or repeated list, a duration or frequency that is not positive, or a contrast
        outside 0 to 1.

    Examples
    --------
    >>> drifting_gratings(directions_deg=(0, 90), temporal_frequencies_hz=(2,), n_repeats=4)
    <StimulusTable: 12 presentations (8 drifting_gratings, 4 blank)>

    References
    ----------
    Allen Brain Observatory, Visual Coding: 8 directions, 0.04 cycles per degree, contrast 80 %
    (de Vries et al. 2020, Nature Neuroscience 23:138; there 2 s and 1 s of gray).
    """
    lists = {
        "directions_deg": directions_deg,
        "temporal_frequencies_hz": temporal_frequencies_hz,
    }
    _check(lists, n_repeats, duration_s, gap_s, contrast)
    if not spatial_frequency_cpd > 0:
        raise DataError(f"spatial_frequency_cpd must be positive, got {spatial_frequency_cpd}")
    if waveform not in ("sine", "square"):
        raise DataError(f"waveform must be 'sine' or 'square', got {waveform!r}")
    shown: list[tuple[float, float]] = [
        (float(direction), float(frequency))
        for frequency in temporal_frequencies_hz
        for direction in directions_deg
    ]
    if blanks:
        shown += [(math.nan, math.nan)] * len(temporal_frequencies_hz)
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(shown)) for _ in range(n_repeats)])
    direction, frequency = np.array(shown)[order].T
    start = gap_s + np.arange(order.size) * (duration_s + gap_s)
    blank = np.isnan(direction)
    table = {
        "start_s": start,
        "stop_s": start + duration_s,
        "stimulus": np.where(blank, "blank", "drifting_gratings"),
        "orientation_deg": direction,
        "temporal_frequency_hz": frequency,
        "spatial_frequency_cpd": np.where(blank, np.nan, spatial_frequency_cpd),
        "contrast": np.where(blank, np.nan, contrast),
        "phase": np.where(blank, np.nan, 0.0),
    }
    if waveform != "sine":
        table["waveform"] = np.where(blank, "", waveform)
    return StimulusTable(pd.DataFrame(table))


def static_gratings(
    *,
    orientations_deg: Sequence[float] = tuple(range(0, 180, 30)),
    spatial_frequencies_cpd: Sequence[float] = (0.02, 0.04, 0.08, 0.16, 0.32),
    phases: Sequence[float] = (0.0, 0.25, 0.5, 0.75),
    n_repeats: int = 50,
    duration_s: float = 0.25,
    gap_s: float = 0.0,
    blank_share: float = 1 / 25,
    contrast: float = 0.8,
    seed: int = 0,
) -> StimulusTable:
    """Return static gratings in random order.

    Parameters
    ----------
    orientations_deg : sequence of float
        Direction across the stripes, degrees.
    spatial_frequencies_cpd, phases : sequence of float
        Cycles per degree; cycles.
    n_repeats : int
        Times that every grating is shown.
    duration_s, gap_s : float
        Length of a presentation, and of the gray after it (and before the first), seconds.
    blank_share : float
        Blanks per grating.
    contrast : float
        0 to 1.
    seed : int
        Draws the order.

    Raises
    ------
    DataError
        On an empty or repeated list, or a number that makes no sense.

    Examples
    --------
    >>> static_gratings(n_repeats=1)
    <StimulusTable: 125 presentations (120 static_gratings, 5 blank)>

    References
    ----------
    Allen Brain Observatory, Visual Coding: 6 orientations, 5 spatial frequencies, 4 phases, 0.25 s without
    gaps, about 50 times each (de Vries et al. 2020, Nature Neuroscience 23:138).
    """
    lists = {
        "orientations_deg": orientations_deg,
        "spatial_frequencies_cpd": spatial_frequencies_cpd,
        "phases": phases,
    }
    _check(lists, n_repeats, duration_s, gap_s, contrast)
    if not 0 <= blank_share < 1e3:
        raise DataError(f"blank_share must be at least 0, got {blank_share}")
    grid = [(o, f, p) for o in orientations_deg for f in spatial_frequencies_cpd for p in phases]
    n_blank = round(blank_share * len(grid))
    shown = np.array(grid + [(math.nan,) * 3] * n_blank, dtype=float)
    order = presentations(len(shown), n_repeats, seed)
    orientation, frequency, phase = shown[order].T
    blank = np.isnan(orientation)
    start = gap_s + np.arange(order.size) * (duration_s + gap_s)
    table = {
        "start_s": start,
        "stop_s": start + duration_s,
        "stimulus": np.where(blank, "blank", "static_gratings"),
        "orientation_deg": orientation,
        "spatial_frequency_cpd": frequency,
        "contrast": np.where(blank, np.nan, contrast),
        "phase": phase,
    }
    return StimulusTable(pd.DataFrame(table))


def _check(
    lists: Mapping[str, Sequence[float]],
    n_repeats: int,
    duration: float,
    gap: float,
    contrast: float,
) -> None:
    for name, values in lists.items():
        if not len(values) or len(set(values)) < len(values) or not np.isfinite(values).all():
            raise DataError(f"{name} must be different finite numbers, got {tuple(values)}")
        if "frequencies" in name and min(values) <= 0:
            raise DataError(f"{name} must be positive, got {tuple(values)}")
    if n_repeats < 1 or not duration > 0 or not gap >= 0:
        raise DataError(
            f"n_repeats must be at least 1, duration_s positive and gap_s not negative, got "
            f"{n_repeats}, {duration} and {gap}"
        )
    if not 0 <= contrast <= 1:
        raise DataError(
            f"contrast must lie in 0..1, got {contrast}; per cent must be divided by 100"
        )


def gray(duration_s: float) -> StimulusTable:
    """Return a gray screen, for spontaneous activity.

    Examples
    --------
    >>> gray(2.0).duration_s
    2.0
    """
    if not duration_s > 0:
        raise DataError(f"duration_s must be positive, got {duration_s}")
    row = {"start_s": [0.0], "stop_s": [duration_s], "stimulus": ["spontaneous"]}
    return StimulusTable(pd.DataFrame(row))


def grating_movie(
    *,
    direction_deg: float,
    temporal_frequency_hz: float,
    x_deg: NDArray[np.float64],
    y_deg: NDArray[np.float64],
    n_frames: int,
    spatial_frequency_cpd: float = 0.04,
    contrast: float = 0.8,
    phase: float = 0.0,
    frame_rate_hz: float = 1000.0,
) -> NDArray[np.float64]:
    """Render a drifting grating.

    Parameters
    ----------
    x_deg, y_deg : ndarray, shapes (width,) and (height,)
        Positions of the columns and rows of pixels, degrees.
    n_frames : int
        Length of the movie.
    phase : float
        In cycles, at the origin at the first frame.

    Returns
    -------
    ndarray, shape (n_frames, height, width)
        Contrast of every pixel, -1 (black) to 1 (white), 0 for gray.
    """
    angle = math.radians(direction_deg)
    along = x_deg[None, :] * math.cos(angle) + y_deg[:, None] * math.sin(angle)
    drift = temporal_frequency_hz * np.arange(n_frames) / frame_rate_hz
    cycles = spatial_frequency_cpd * along - drift[:, None, None] + phase
    frames: NDArray[np.float64] = contrast * np.sin(2 * math.pi * cycles)
    return frames
