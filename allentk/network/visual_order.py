"""Presentations in order: random, on a clock, and several stimuli after each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.network.movies import Movie, VisualStimulus

__all__ = ["presentations", "rows_of", "sequence"]


def presentations(n: int, n_repeats: int, seed: int) -> NDArray[np.int64]:
    """Return 0 to n - 1 in random order, and again, as often as asked for."""
    rng = np.random.default_rng(seed)
    if n_repeats < 1:
        raise DataError(f"n_repeats must be at least 1, got {n_repeats}")
    return np.concatenate([rng.permutation(n) for _ in range(n_repeats)])


def rows_of(name: str, n: int, duration_s: float, gap_s: float) -> pd.DataFrame:
    """Return n rows of a stimulus, gray before and after each.

    Raises
    ------
    DataError
        On a duration that is not positive or a gap that is negative.
    """
    if not (0 < duration_s < math.inf and 0 <= gap_s < math.inf):
        raise DataError(
            f"{name}: duration_s must be positive and gap_s not negative, got {duration_s} and {gap_s}"
        )
    start = gap_s + np.arange(n) * (duration_s + gap_s)
    return pd.DataFrame({"start_s": start, "stop_s": start + duration_s, "stimulus": name})


def sequence(parts: Sequence[StimulusTable], gap_s: float = 0.0) -> StimulusTable:
    """Return several stimuli, one after the other.

    Parameters
    ----------
    parts : sequence of StimulusTable
        Their movies come along.
    gap_s : float
        Gray between two of them, seconds.

    Returns
    -------
    StimulusTable
        A ``VisualStimulus`` where a part is one.

    Raises
    ------
    DataError
        Without a part, on a negative gap, or where two different movies have the same name.

    Examples
    --------
    >>> from allentk.network import visual
    >>> visual.sequence([visual.gray(1.0), visual.flashes(n_repeats=2)], gap_s=0.5)
    <StimulusTable: 5 presentations (4 flashes, 1 spontaneous)>
    """
    if not len(parts) or not 0 <= gap_s < math.inf:
        raise DataError(f"sequence: needs a stimulus and a gap of 0 s or more, got {gap_s}")
    begin, tables, movies = 0.0, [], dict[str, Movie]()
    for part in parts:
        rows = part.table
        tables.append(rows.assign(start_s=rows["start_s"] + begin, stop_s=rows["stop_s"] + begin))
        begin += part.duration_s + gap_s
        for name, movie in part.movies.items() if isinstance(part, VisualStimulus) else ():
            if movies.setdefault(name, movie) is not movie:
                raise DataError(f"sequence: two different movies are named {name!r}; rename one")
    # What is NaN throughout has no type of its own, which pandas would warn about.
    joined = pd.concat([rows.dropna(axis=1, how="all") for rows in tables], ignore_index=True)
    return VisualStimulus(joined, movies) if movies else StimulusTable(joined)
