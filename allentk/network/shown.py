"""A table of presentations, read as gratings and pictures on a clock of 1 ms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import BLANK_NAMES, StimulusTable
from allentk.errors import DataError
from allentk.network.movies import Movie, VisualStimulus

__all__ = ["BIN_S", "Picture", "Wave", "pictures", "waves"]

#: Rates are computed in bins of 1 ms, counted from 0 s; a bin shows what is on at its begin.
BIN_S = 1e-3

#: Harmonics of a square wave that add less than this to what any cell sees are left out.
_NOTHING = 1e-13
_MOST_HARMONICS = 4001


@dataclass(frozen=True, slots=True)
class Wave:
    """A grating, or with frequencies of 0 an even screen."""

    start_s: float
    stop_s: float
    direction_deg: float = 0.0
    frequency_hz: float = 0.0
    cpd: float = 0.0
    contrast: float = 1.0
    phase: float = 0.25

    def harmonics(self, narrowest_deg: float) -> Iterator[Wave]:
        """Yield the sines of a square wave of the same phase, as far as they pass a Gaussian."""
        for order in range(1, _MOST_HARMONICS, 2):
            height = 4 / (math.pi * order)
            if height * math.exp(-2 * (math.pi * narrowest_deg * order * self.cpd) ** 2) < _NOTHING:
                return
            yield replace(
                self,
                frequency_hz=order * self.frequency_hz,
                cpd=order * self.cpd,
                contrast=height * self.contrast,
                phase=order * self.phase,
            )


@dataclass(frozen=True, slots=True)
class Picture:
    """What frames of a movie are on: frame `numbers[i]` from `clock[i]` on, -1 for none."""

    movie: Movie
    numbers: NDArray[np.int64]


def _inside(table: StimulusTable, first: int, last: int) -> pd.DataFrame:
    rows = table.table
    on = (rows["stop_s"] > first * BIN_S) & (rows["start_s"] < last * BIN_S)
    return rows[on & ~rows["stimulus"].isin(BLANK_NAMES)]


def _has_movie(rows: pd.DataFrame) -> NDArray[np.bool_]:
    if "movie" not in rows:
        return np.zeros(len(rows), dtype=bool)
    return np.asarray(rows["movie"].notna(), dtype=bool)


def waves(table: StimulusTable, first: int, last: int, narrowest_deg: float) -> list[Wave]:
    """Return the gratings and flashes that are on between two bins.

    Parameters
    ----------
    table : StimulusTable
        Drifting gratings have an ``orientation_deg``, a temporal and a spatial frequency and a contrast;
        rows named ``static_gratings`` need no temporal frequency; ``waveform`` may be ``"square"``. Rows
        named ``flashes`` have a contrast and a ``color``, 1 (white) or -1 (black).
    narrowest_deg : float
        Standard deviation of the narrowest Gaussian that looks.

    Raises
    ------
    DataError
        On a presentation that is neither of these, nor blank, nor a movie, or whose numbers are missing or
        make no sense.
    """
    rows = table.table
    known = rows["stimulus"].isin((*BLANK_NAMES, "flashes")) | rows["orientation_deg"].notna()
    unknown = ~known.to_numpy() & ~_has_movie(rows)
    if unknown.any():
        row = int(unknown.argmax())
        raise DataError(
            f"LGN: presentation {row} ({rows['stimulus'].iloc[row]!r}) is neither a grating (with "
            f"orientation_deg), nor a flash, nor one of {BLANK_NAMES}, and names no movie; leave it out, "
            f"or show it as a movie by a VisualStimulus"
        )
    found: list[Wave] = []
    shown = _inside(table, first, last)
    for row in shown[~_has_movie(shown)].itertuples():
        if row.stimulus == "flashes":
            found.append(_flash(row))
        else:
            wave = _grating(row)
            square = _waveform(row) == "square"
            found += wave.harmonics(narrowest_deg) if square else [wave]
    return found


def _grating(row: Any) -> Wave:
    still = row.stimulus == "static_gratings" and math.isnan(row.temporal_frequency_hz)
    frequency = 0.0 if still else row.temporal_frequency_hz
    values = (frequency, row.spatial_frequency_cpd, row.contrast)
    if not all(map(math.isfinite, values)):
        raise DataError(
            f"LGN: presentation {row.Index} needs temporal_frequency_hz, spatial_frequency_cpd and "
            f"contrast, got {values}"
        )
    _check_contrast(row)
    phase = 0.0 if math.isnan(row.phase) else row.phase
    return Wave(row.start_s, row.stop_s, row.orientation_deg, *values, phase)


def _flash(row: Any) -> Wave:
    color = getattr(row, "color", 1.0)
    if color not in (1.0, -1.0) or not math.isfinite(row.contrast):
        raise DataError(
            f"LGN: presentation {row.Index}, a flash, needs a contrast and the color 1 (white) or -1 "
            f"(black), got {row.contrast} and {color}"
        )
    _check_contrast(row)
    return Wave(row.start_s, row.stop_s, contrast=color * row.contrast)


def _check_contrast(row: Any) -> None:
    if abs(row.contrast) > 1:
        raise DataError(
            f"LGN: presentation {row.Index} has a contrast of {row.contrast:g}; it must lie in 0..1; per "
            f"cent must be divided by 100"
        )


def _waveform(row: Any) -> str:
    form = getattr(row, "waveform", "sine")
    if not isinstance(form, str):
        return "sine"
    if form not in ("sine", "square"):
        raise DataError(
            f"LGN: presentation {row.Index} has the waveform {form!r}; there are 'sine' and 'square'"
        )
    return form


def pictures(table: StimulusTable, first: int, last: int) -> list[Picture]:
    """Return the movies that are on between two bins, with the frame of every bin."""
    shown = _inside(table, first, last)
    named = shown[_has_movie(shown)]
    if not len(named):
        return []
    if not isinstance(table, VisualStimulus):
        raise DataError(
            f"LGN: presentation {named.index[0]} names the movie {named['movie'].iloc[0]!r}, which a "
            f"StimulusTable does not hold; give a VisualStimulus"
        )
    found: dict[str, NDArray[np.int64]] = {}
    for row in named.itertuples():
        movie = table.movies[row.movie]
        numbers = found.setdefault(row.movie, np.full(last - first, -1, dtype=np.int64))
        # A bin belongs to the presentation that is on at its begin.
        begin = max(first, math.ceil(row.start_s / BIN_S - 1e-6))
        end = min(last, math.ceil(row.stop_s / BIN_S - 1e-6))
        if math.isfinite(row.frame):
            numbers[begin - first : end - first] = int(row.frame)
        else:
            since = np.arange(begin, end) * BIN_S - row.start_s
            frame = np.floor(since * movie.frame_rate_hz + 1e-6).astype(np.int64)
            numbers[begin - first : end - first] = np.clip(frame, 0, movie.n_frames - 1)
    return [Picture(table.movies[name], numbers) for name, numbers in found.items()]
