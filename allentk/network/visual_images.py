"""Natural images and movies of one's own, and locally sparse noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.errors import DataError
from allentk.network.movies import Frames, Movie, VisualStimulus
from allentk.network.visual_field import Screen
from allentk.network.visual_order import presentations, rows_of

__all__ = ["contrast_of", "locally_sparse_noise", "natural_movie", "natural_scenes"]

#: Pixels of the locally sparse noise of the Allen Brain Observatory, degrees, and their numbers.
SPARSE_PIXEL_DEG, SPARSE_PIXELS = 4.65, (16, 28)

#: No other spot lies within so many pixels of one.
SPARSE_DISTANCE = 5


def contrast_of(
    levels: ArrayLike, *, black: float = 0.0, white: float = 255.0
) -> NDArray[np.float32]:
    """Return gray levels as contrasts, -1 for black and 1 for white.

    Raises
    ------
    DataError
        Where white is not above black, or a level lies outside.

    Examples
    --------
    >>> contrast_of([0, 255])
    array([-1.,  1.], dtype=float32)
    """
    given = np.asarray(levels)
    if not white > black:
        raise DataError(f"contrast_of: white must lie above black, got {white} and {black}")
    if given.size and not (given.min() >= black and given.max() <= white):
        raise DataError(
            f"contrast_of: levels must lie in {black:g}..{white:g}, got {given.min()} to {given.max()}"
        )
    contrast = (given.astype(np.float32) - black) * (2.0 / (white - black)) - 1.0
    return np.asarray(contrast, dtype=np.float32)


def natural_scenes(
    images: Frames,
    x_deg: ArrayLike,
    y_deg: ArrayLike,
    *,
    n_repeats: int = 50,
    duration_s: float = 0.25,
    gap_s: float = 0.0,
    blanks: bool = True,
    seed: int = 0,
) -> VisualStimulus:
    """Return images of one's own in random order.

    Parameters
    ----------
    images : array_like, shape (n_images, height, width)
        Contrasts, -1 to 1; see ``contrast_of``.
    x_deg, y_deg : array_like, shapes (width,) and (height,)
        Where the pixels are, as of a ``Movie``, or of a ``Screen``.
    n_repeats : int
        Times that every image is shown.
    duration_s, gap_s : float
        Length of a presentation, and of the gray after it (and before the first), seconds.
    blanks : bool
        Show a blank, too, as often as an image.
    seed : int
        Draws the order.

    Returns
    -------
    VisualStimulus
        The number of the image is in the column ``frame``, -1 for a blank.

    Raises
    ------
    DataError
        Where the images are no movie, or a number makes no sense.

    Examples
    --------
    >>> natural_scenes(np.zeros((3, 2, 2)), [0.0, 1.0], [1.0, 0.0], n_repeats=2)
    <VisualStimulus: 8 presentations (6 natural_scenes, 2 blank), 1 movies>

    References
    ----------
    Allen Brain Observatory, Visual Coding: 118 images and a blank, 0.25 s without gaps, 50 times (de
    Vries et al. 2020, Nature Neuroscience 23:138).
    """
    movie = Movie(images, np.asarray(x_deg), np.asarray(y_deg))
    order = presentations(movie.n_frames + blanks, n_repeats, seed)
    blank = order == movie.n_frames
    rows = rows_of("natural_scenes", order.size, duration_s, gap_s).assign(
        stimulus=np.where(blank, "blank", "natural_scenes"),
        frame=np.where(blank, -1, order),
        movie=pd.Series("natural_scenes", range(order.size), dtype=object).mask(blank, None),
    )
    return VisualStimulus(rows, {"natural_scenes": movie})


def natural_movie(
    frames: Frames,
    x_deg: ArrayLike,
    y_deg: ArrayLike,
    *,
    frame_rate_hz: float = 30.0,
    n_repeats: int = 10,
    gap_s: float = 0.0,
    name: str = "natural_movie_one",
) -> VisualStimulus:
    """Return a movie of one's own, shown again and again; one row per frame, as in the Observatory.

    Parameters
    ----------
    frames, x_deg, y_deg
        As of ``natural_scenes``.
    frame_rate_hz : float
        Frames per second.
    n_repeats : int
        Times that the movie is shown.
    gap_s : float
        Gray before every showing, seconds.
    name : str
        Of the stimulus.

    Raises
    ------
    DataError
        Where the frames are no movie, or a number makes no sense.

    Examples
    --------
    >>> shown = natural_movie(np.zeros((30, 2, 2)), [0.0, 1.0], [1.0, 0.0], n_repeats=2, gap_s=0.5)
    >>> len(shown), shown.duration_s
    (60, 3.0)
    """
    movie = Movie(frames, np.asarray(x_deg), np.asarray(y_deg), frame_rate_hz)
    if n_repeats < 1 or not 0 <= gap_s < np.inf or movie.n_frames < 1:
        raise DataError(
            f"natural_movie: needs a frame, n_repeats of at least 1 and gap_s not negative, got "
            f"{movie.n_frames}, {n_repeats} and {gap_s}"
        )
    frame = np.tile(np.arange(movie.n_frames), n_repeats)
    begin = gap_s + np.repeat(np.arange(n_repeats), movie.n_frames) * (movie.duration_s + gap_s)
    table = {
        "start_s": begin + frame / frame_rate_hz,
        "stop_s": begin + (frame + 1) / frame_rate_hz,
        "stimulus": name,
        "frame": frame,
        "movie": name,
    }
    return VisualStimulus(pd.DataFrame(table), {name: movie})


def locally_sparse_noise(
    *,
    n_frames: int = 1000,
    n_spots: int = 11,
    duration_s: float = 0.25,
    n_repeats: int = 1,
    pixels: tuple[int, int] = SPARSE_PIXELS,
    pixel_deg: float = SPARSE_PIXEL_DEG,
    largest_pitch_deg: float = 0.6,
    seed: int = 0,
) -> VisualStimulus:
    """Return frames with a few white and black spots on gray, none near another.

    Parameters
    ----------
    n_frames, n_spots : int
        Different frames, and spots in each, as far as there is room.
    duration_s : float
        Length of a frame, seconds; there is no gray in between.
    n_repeats : int
        Times that every frame is shown.
    pixels : (int, int)
        Rows and columns.
    pixel_deg : float
        Size of a spot, degrees.
    largest_pitch_deg : float
        A spot is rendered as so many points that they lie no farther apart; at most the deviation of the
        narrowest receptive field.
    seed : int
        Draws the frames.

    Returns
    -------
    VisualStimulus
        Its movie's ``frames.spots`` are the frames with one value per spot.

    Raises
    ------
    DataError
        On a number that makes no sense.

    Examples
    --------
    >>> locally_sparse_noise(n_frames=4)
    <VisualStimulus: 4 presentations (4 locally_sparse_noise), 1 movies>

    References
    ----------
    Allen Brain Observatory, Visual Coding: 16 x 28 spots of 4.65 degrees, 0.25 s each (de Vries et al.
    2020, Nature Neuroscience 23:138).
    """
    numbers = np.array([n_frames, n_spots, n_repeats, *pixels])
    sizes = np.array([pixel_deg, largest_pitch_deg, duration_s])
    if (numbers < 1).any() or not ((sizes > 0) & np.isfinite(sizes)).all():
        raise DataError(
            f"locally_sparse_noise: numbers and sizes must be positive, got {n_frames} frames, {n_spots} "
            f"spots, {n_repeats} repeats, {pixels} pixels, {pixel_deg} and {largest_pitch_deg} degrees, "
            f"and {duration_s} s"
        )
    finer = max(2, int(np.ceil(pixel_deg / largest_pitch_deg)))
    pitch = pixel_deg / finer
    rng = np.random.default_rng(seed)
    spots = np.array([_sparse_frame(pixels, n_spots, rng) for _ in range(n_frames)])
    height, width = (count * finer for count in pixels)
    screen = Screen((width - 1) * pitch, (height - 1) * pitch, pitch)
    movie = Movie(_Spots(spots, finer), screen.x_deg, screen.y_deg, 1 / duration_s)
    rows = rows_of("locally_sparse_noise", n_frames * n_repeats, duration_s, 0.0)
    frame = np.tile(np.arange(n_frames), n_repeats)
    name = "locally_sparse_noise"
    return VisualStimulus(rows.assign(frame=frame, movie=name), {name: movie})


def _sparse_frame(
    pixels: tuple[int, int], n_spots: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    frame = np.zeros(pixels, dtype=np.int8)
    free = np.ones(pixels, dtype=bool)
    row, column = np.ogrid[: pixels[0], : pixels[1]]
    for _ in range(n_spots):
        open_ = np.flatnonzero(free)
        if not open_.size:
            break
        at = divmod(int(rng.choice(open_)), pixels[1])
        frame[at] = rng.choice((-1, 1))
        free &= (row - at[0]) ** 2 + (column - at[1]) ** 2 > SPARSE_DISTANCE**2
    return frame


@dataclass(frozen=True, slots=True)
class _Spots:
    """Frames of spots, each repeated across and down when asked for."""

    spots: NDArray[np.int8]
    finer: int

    @property
    def shape(self) -> tuple[int, ...]:
        n, height, width = self.spots.shape
        return n, height * self.finer, width * self.finer

    def __getitem__(self, numbers: Any, /) -> NDArray[Any]:
        chosen = np.asarray(self.spots[numbers])
        return chosen.repeat(self.finer, axis=1).repeat(self.finer, axis=2)
