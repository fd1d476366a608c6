"""Flashes of the whole screen, moving bars, and discs that grow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.network.movies import Movie, VisualStimulus
from allentk.network.visual_field import FULL_SCREEN, Screen
from allentk.network.visual_order import presentations, rows_of

__all__ = ["flashes", "looming", "moving_bars"]

Array = NDArray[np.float64]


def flashes(
    *,
    colors: Sequence[int] = (-1, 1),
    n_repeats: int = 75,
    duration_s: float = 0.25,
    gap_s: float = 1.75,
    contrast: float = 0.8,
    seed: int = 0,
) -> StimulusTable:
    """Return flashes of the whole screen in random order, gray before and after each.

    Parameters
    ----------
    colors : sequence of int
        1 for white, -1 for black; the table's column ``color``.
    n_repeats : int
        Times that every color is shown.
    duration_s, gap_s : float
        Length of a flash, and of the gray after it (and before the first), seconds.
    contrast : float
        0 to 1.
    seed : int
        Draws the order.

    Raises
    ------
    DataError
        On other colors, or a number that makes no sense.

    Examples
    --------
    >>> flashes(n_repeats=3)
    <StimulusTable: 6 presentations (6 flashes)>

    References
    ----------
    Allen Brain Observatory, Neuropixels: 0.25 s every 2 s, 150 in all, contrast 80 % (Siegle et al. 2021,
    Nature 592:86).
    """
    if not len(colors) or not set(colors) <= {-1, 1}:
        raise DataError(f"flashes: colors must be 1 or -1, got {tuple(colors)}")
    _check_contrast("flashes", contrast)
    order = presentations(len(colors), n_repeats, seed)
    rows = rows_of("flashes", order.size, duration_s, gap_s)
    color = np.array(colors, dtype=float)[order]
    return StimulusTable(rows.assign(contrast=contrast, color=color))


def moving_bars(
    *,
    directions_deg: Sequence[float] = (0.0, 90.0, 180.0, 270.0),
    speed_deg_s: float = 62.5,
    width_deg: float = 5.0,
    color: int = 1,
    contrast: float = 1.0,
    n_repeats: int = 10,
    gap_s: float = 0.5,
    screen: Screen = FULL_SCREEN,
    frame_rate_hz: float = 60.0,
    seed: int = 0,
) -> VisualStimulus:
    """Return long bars that sweep over the screen, in random order.

    A bar lies across its direction and begins and ends just outside the screen.

    Parameters
    ----------
    directions_deg : sequence of float
        Directions of motion; the table's ``orientation_deg``.
    speed_deg_s, width_deg : float
        Degrees per second, and along the direction.
    color : int
        1 for white, -1 for black.
    contrast : float
        0 to 1.
    n_repeats : int
        Times that every direction is shown.
    gap_s : float
        Gray after a sweep (and before the first), seconds.
    screen : Screen
        Where it is seen.
    frame_rate_hz : float
        Frames per second; a frame is rendered when a cell looks at it.
    seed : int
        Draws the order.

    Raises
    ------
    DataError
        On a number that makes no sense.

    Examples
    --------
    >>> moving_bars(n_repeats=2, screen=Screen(60, 40, 0.5))
    <VisualStimulus: 8 presentations (8 moving_bars), 4 movies>

    References
    ----------
    White and black bars at 50 pixels (62.5 linear degrees) per second: Arkhipov et al. 2018, PLoS
    Computational Biology 14:e1006535.
    """
    _check_contrast("moving_bars", contrast)
    numbers = (speed_deg_s, width_deg, frame_rate_hz)
    if not all(math.isfinite(v) and v > 0 for v in numbers) or color not in (-1, 1):
        raise DataError(
            f"moving_bars: speed, width and frame rate must be positive and color 1 or -1, got {numbers} "
            f"and {color}"
        )
    tone = "white" if color > 0 else "black"
    names = [f"bar_{direction:g}_{tone}" for direction in directions_deg]
    if not names or len(set(names)) < len(names) or not np.isfinite(directions_deg).all():
        raise DataError(
            f"moving_bars: directions_deg must be different and finite, got {tuple(directions_deg)}"
        )
    movies, lengths = {}, []
    for name, direction in zip(names, directions_deg, strict=True):
        bar = _Bar(
            screen, float(direction), speed_deg_s, width_deg, color * contrast, frame_rate_hz
        )
        movies[name] = Movie(bar, screen.x_deg, screen.y_deg, frame_rate_hz)
        lengths.append(movies[name].duration_s)
    order = presentations(len(movies), n_repeats, seed)
    # All sweeps take the time of the longest, so that presentations are alike.
    rows = rows_of("moving_bars", order.size, max(lengths), gap_s)
    rows["stop_s"] = rows["start_s"] + np.array(lengths)[order]
    return VisualStimulus(
        rows.assign(
            orientation_deg=np.array(directions_deg, dtype=float)[order],
            contrast=contrast,
            color=float(color),
            movie=np.array(list(movies))[order],
        ),
        movies,
    )


def looming(
    *,
    size_to_speed_s: float = 0.04,
    radii_deg: tuple[float, float] = (1.0, 25.0),
    centre_deg: tuple[float, float] = (0.0, 0.0),
    color: int = -1,
    contrast: float = 1.0,
    n_repeats: int = 10,
    gap_s: float = 1.0,
    screen: Screen = FULL_SCREEN,
    frame_rate_hz: float = 60.0,
) -> VisualStimulus:
    """Return discs that grow as one would that comes nearer at a constant speed.

    The radius is ``atan(l / (v (T - t)))``, l that of the disc, v its speed, T when it would touch the eye.

    Parameters
    ----------
    size_to_speed_s : float
        l / v, seconds.
    radii_deg : (float, float)
        Where it appears and disappears.
    centre_deg : (float, float)
        Of the disc.
    color, contrast, n_repeats, gap_s, screen, frame_rate_hz
        As of ``moving_bars``.

    Raises
    ------
    DataError
        On a number that makes no sense.

    Examples
    --------
    >>> looming(n_repeats=3).movies["looming"].duration_s > 2
    True
    """
    _check_contrast("looming", contrast)
    small, large = radii_deg
    numbers = (size_to_speed_s, small, large - small, 90 - large, frame_rate_hz)
    if not all(math.isfinite(v) and v > 0 for v in numbers) or color not in (-1, 1):
        raise DataError(
            f"looming: size_to_speed_s and frame rate must be positive, radii rise within 0..90 and color "
            f"be 1 or -1, got {size_to_speed_s}, {frame_rate_hz}, {radii_deg} and {color}"
        )
    near, far = (size_to_speed_s / math.tan(math.radians(radius)) for radius in (large, small))
    count = max(1, round((far - near) * frame_rate_hz))
    left = far - np.arange(count) / frame_rate_hz
    radii = np.rad2deg(np.arctan(size_to_speed_s / left))
    disc = _Disc(screen, centre_deg, radii, color * contrast)
    movie = Movie(disc, screen.x_deg, screen.y_deg, frame_rate_hz)
    rows = rows_of("looming", n_repeats, movie.duration_s, gap_s)
    rows = rows.assign(contrast=contrast, color=float(color), movie="looming")
    return VisualStimulus(rows, {"looming": movie})


def _check_contrast(name: str, contrast: float) -> None:
    if not 0 <= contrast <= 1:
        raise DataError(
            f"{name}: contrast must lie in 0..1, got {contrast}; per cent must be divided by 100"
        )


def _covered(beyond: Array, pitch: float) -> Array:
    """Return what share of a pixel lies inside an edge, from its distance beyond the edge."""
    share: Array = np.clip(0.5 - beyond / pitch, 0.0, 1.0)
    return share


@dataclass(frozen=True, slots=True)
class _Bar:
    """Frames of a bar, rendered when asked for; the edges are smoothed over a pixel."""

    screen: Screen
    direction_deg: float
    speed_deg_s: float
    width_deg: float
    contrast: float
    frame_rate_hz: float

    @property
    def _reach(self) -> float:
        """How far from the centre of the screen the bar's middle begins and ends."""
        angle = math.radians(self.direction_deg)
        half = self.screen.width_deg * abs(math.cos(angle)) + self.screen.height_deg * abs(
            math.sin(angle)
        )
        return (half + self.width_deg) / 2

    @property
    def shape(self) -> tuple[int, ...]:
        n = max(1, round(2 * self._reach / self.speed_deg_s * self.frame_rate_hz))
        return n, self.screen.y_deg.size, self.screen.x_deg.size

    def __getitem__(self, numbers: Any, /) -> Array:
        angle = math.radians(self.direction_deg)
        x, y = self.screen.x_deg[None, :], self.screen.y_deg[:, None]
        middle = self.speed_deg_s * np.asarray(numbers) / self.frame_rate_hz - self._reach
        along = x * math.cos(angle) + y * math.sin(angle)
        away = np.abs(along[None] - middle[:, None, None])
        return self.contrast * _covered(away - self.width_deg / 2, self.screen.pitch_deg)


@dataclass(frozen=True, slots=True)
class _Disc:
    """Frames of a disc, rendered when asked for; the edge is smoothed over a pixel."""

    screen: Screen
    centre_deg: tuple[float, float]
    radii_deg: Array
    contrast: float

    @property
    def shape(self) -> tuple[int, ...]:
        return self.radii_deg.size, self.screen.y_deg.size, self.screen.x_deg.size

    def __getitem__(self, numbers: Any, /) -> Array:
        x = self.screen.x_deg[None, :] - self.centre_deg[0]
        y = self.screen.y_deg[:, None] - self.centre_deg[1]
        radius = self.radii_deg[np.asarray(numbers)]
        away = np.hypot(x, y)[None] - radius[:, None, None]
        return self.contrast * _covered(away, self.screen.pitch_deg)
