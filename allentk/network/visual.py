"""What a network is shown: tables of presentations, and gratings as movies.

A direction is that of the motion, in degrees counter-clockwise from rightwards; positions in the visual
field are in degrees to the right and up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError

__all__ = ["drifting_gratings", "grating_movie", "gray"]


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
    _check(directions_deg, temporal_frequencies_hz, n_repeats, duration_s, gap_s, contrast)
    if not spatial_frequency_cpd > 0:
        raise DataError(f"spatial_frequency_cpd must be positive, got {spatial_frequency_cpd}")
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
    return StimulusTable(pd.DataFrame(table))


def _check(
    directions: Sequence[float],
    frequencies: Sequence[float],
    n_repeats: int,
    duration: float,
    gap: float,
    contrast: float,
) -> None:
    for name, values in (("directions_deg", directions), ("temporal_frequencies_hz", frequencies)):
        if not len(values) or len(set(values)) < len(values) or not np.isfinite(values).all():
            raise DataError(f"{name} must be different finite numbers, got {tuple(values)}")
    if min(frequencies) <= 0:
        raise DataError(f"temporal_frequencies_hz must be positive, got {tuple(frequencies)}")
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
