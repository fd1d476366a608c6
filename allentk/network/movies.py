"""Pictures that are shown: movies, and tables of presentations that name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.data._arrays import frozen
from allentk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Frames", "Movie", "VisualStimulus"]

#: Pixels that are looked at together.
MAX_PIXELS = 1 << 22

Array = NDArray[np.float64]


class Frames(Protocol):
    """Frames that need not be in memory, such as those of ``np.load(path, mmap_mode="r")``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of frames, rows and columns."""
        ...

    def __getitem__(self, numbers: Any, /) -> NDArray[Any]:
        """Return the frames of these numbers, shape ``(n, height, width)``."""
        ...


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Movie:
    """Pictures, and where their pixels are.

    Parameters
    ----------
    frames : array_like or Frames, shape (n_frames, height, width)
        Contrast of every pixel, -1 (black) to 1 (white), 0 for gray. An array in memory is checked at once;
        any other is read a few frames at a time, when a cell sees them, and checked then.
    x_deg, y_deg : array_like, shapes (width,) and (height,)
        Positions of the columns and rows of pixels, degrees to the right and up, evenly spaced. The first
        row of a picture is mostly the topmost: then `y_deg` falls.
    frame_rate_hz : float
        Frames per second, where the movie is played; each is held until the next.

    Raises
    ------
    DataError
        Where shapes disagree, pixels are not evenly spaced, a pixel is not finite or outside -1..1, or the
        rate is not positive.

    Examples
    --------
    >>> Movie(np.zeros((30, 2, 3)), [-1.0, 0.0, 1.0], [0.5, -0.5], 30.0)
    <Movie: 30 frames of 2 x 3 pixels, 30 per second>
    """

    frames: Frames
    x_deg: Array
    y_deg: Array
    frame_rate_hz: float = 60.0

    def __post_init__(self) -> None:
        for name in ("x_deg", "y_deg"):
            object.__setattr__(self, name, frozen(getattr(self, name), what=f"Movie: {name}"))
        if not hasattr(self.frames, "shape"):
            object.__setattr__(self, "frames", np.asarray(self.frames))
        shape, expected = self.frames.shape, (self.y_deg.size, self.x_deg.size)
        if len(shape) != 3 or tuple(shape[1:]) != expected:
            raise DataError(
                f"Movie: frames must have shape (frames, {expected[0]}, {expected[1]}) for these pixels, "
                f"got {tuple(shape)}"
            )
        for pixels in (self.x_deg, self.y_deg):
            _check_even(pixels)
        if not (np.isfinite(self.frame_rate_hz) and self.frame_rate_hz > 0):
            raise DataError(f"Movie: frame_rate_hz must be positive, got {self.frame_rate_hz}")
        if isinstance(self.frames, np.ndarray) and not isinstance(self.frames, np.memmap):
            step = max(1, MAX_PIXELS // max(1, shape[1] * shape[2]))
            for at in range(0, shape[0], step):
                _check_contrast(self.frames[at : at + step], at)
            held = self.frames.copy()
            held.flags.writeable = False
            object.__setattr__(self, "frames", held)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self.frames.shape[0])

    @property
    def duration_s(self) -> float:
        """How long it lasts, played at its frame rate, seconds."""
        return self.n_frames / self.frame_rate_hz

    def read(self, numbers: NDArray[np.int64]) -> Array:
        """Return some frames, shape ``(n, height, width)``.

        Raises
        ------
        DataError
            On a pixel that is not finite or outside -1..1, or frames of another shape than announced.
        """
        found = np.asarray(self.frames[numbers])
        expected = (numbers.size, self.y_deg.size, self.x_deg.size)
        if found.shape != expected:
            raise DataError(f"{self!r}: asked for frames of shape {expected}, got {found.shape}")
        _check_contrast(found, int(numbers[0]) if numbers.size else 0)
        return found.astype(float, copy=False)

    def __repr__(self) -> str:
        count, height, width = self.frames.shape
        return f"<Movie: {count} frames of {height} x {width} pixels, {self.frame_rate_hz:g} per second>"


def _check_even(pixels: Array) -> None:
    pitch = np.diff(pixels)
    if pixels.ndim != 1 or pixels.size < 2:
        raise DataError(
            f"Movie: expected two columns and two rows of pixels at the least, for the size of a pixel, "
            f"got positions of shape {pixels.shape}"
        )
    if not np.allclose(pitch, pitch[0]) or pitch[0] == 0:
        raise DataError(f"Movie: pixels must be evenly spaced, got {pixels[:4]} ...")


def _check_contrast(frames: NDArray[Any], first: int) -> None:
    if not np.issubdtype(frames.dtype, np.number) or np.iscomplexobj(frames):
        raise DataError(f"Movie: frames must be numbers, got {frames.dtype}")
    if frames.size == 0:
        return
    low, high = frames.min(), frames.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"Movie: a pixel that is not finite, in a frame from {first} on")
    if low < -1 - 1e-6 or high > 1 + 1e-6:
        raise DataError(
            f"Movie: contrast must lie in -1..1, got {low:g} to {high:g} in frames from {first} on; of "
            f"gray levels make it with visual.contrast_of"
        )


class VisualStimulus(StimulusTable):
    """Presentations, and the movies that they name.

    A row whose column ``movie`` names a movie shows it: where ``frame`` has a number, that frame all the
    while; where not, all frames from the first on, at the movie's rate. It is a StimulusTable, so that it
    may be given wherever one is asked for.

    Parameters
    ----------
    table : DataFrame
        As of a StimulusTable, with a column ``movie``.
    movies : mapping of str to Movie
        By name.

    Raises
    ------
    DataError
        On a name without a movie, a frame that is not there, or a presentation that outlasts its movie by
        more than half a frame.

    Examples
    --------
    >>> import pandas as pd
    >>> shown = pd.DataFrame({"start_s": [0.5], "stop_s": [0.75], "stimulus": ["natural_scenes"],
    ...     "frame": [0], "movie": ["scenes"]})
    >>> VisualStimulus(shown, {"scenes": Movie(np.zeros((1, 2, 2)), [0, 1], [1, 0])})
    <VisualStimulus: 1 presentations (1 natural_scenes), 1 movies>
    """

    __slots__ = ("_movies",)

    def __init__(self, table: pd.DataFrame, movies: Mapping[str, Movie]) -> None:
        super().__init__(table)
        self._movies = MappingProxyType(dict(movies))
        for name, movie in self._movies.items():
            if not isinstance(movie, Movie):
                raise DataError(f"VisualStimulus: {name!r} must be a Movie, got {movie!r}")
        self._check_rows()

    @property
    def movies(self) -> Mapping[str, Movie]:
        """The movies, by name."""
        return self._movies

    def where(self, *, keep_blanks: bool = False, **conditions: Any) -> VisualStimulus:
        """Return the presentations whose columns have these values; see ``StimulusTable.where``."""
        chosen = super().where(keep_blanks=keep_blanks, **conditions)
        return VisualStimulus(chosen.table, self._movies)

    def _check_rows(self) -> None:
        rows = self._table
        if "movie" not in rows:
            raise DataError(f"VisualStimulus: no column 'movie'; got {list(rows.columns)}")
        for row in np.flatnonzero(rows["movie"].notna().to_numpy()):
            name, frame = rows["movie"].iloc[row], rows["frame"].iloc[row]
            movie = self._movies.get(name)
            if movie is None:
                raise DataError(
                    f"VisualStimulus: row {row} shows the movie {name!r}; there are {sorted(self._movies)}"
                )
            lasts = rows["stop_s"].iloc[row] - rows["start_s"].iloc[row]
            if np.isfinite(frame):
                if frame != int(frame) or not 0 <= frame < movie.n_frames:
                    raise DataError(
                        f"VisualStimulus: row {row} shows frame {frame} of {name!r}, which has frames 0 "
                        f"to {movie.n_frames - 1}"
                    )
            elif lasts * movie.frame_rate_hz > movie.n_frames + 0.5:
                raise DataError(
                    f"VisualStimulus: row {row} lasts {lasts:g} s, its movie {name!r} "
                    f"{movie.duration_s:g} s; end the row earlier or give more frames"
                )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by what it is made of: a view of a mapping cannot be."""
        return VisualStimulus, (self._table, dict(self._movies))

    def __repr__(self) -> str:
        told = super().__repr__()[len("<StimulusTable") : -1]
        return f"<VisualStimulus{told}, {len(self._movies)} movies>"
