"""Metrics of natural scenes and natural movies, by their means over trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.responses.courses import BIN_S, mean_pair_correlation
from allentk.responses.measured import Measured, Window, frame_of, measure
from allentk.responses.sparseness import image_selectivity, lifetime_sparseness

__all__ = ["natural_movie", "natural_scenes"]

_SCENES = (
    "preferred_image",
    "peak_rate_hz",
    "mean_rate_hz",
    "spontaneous_rate_hz",
    "image_selectivity",
    "lifetime_sparseness",
    "reliability",
    "n_trials",
)
_MOVIE = (
    "preferred_frame",
    "peak_rate_hz",
    "mean_rate_hz",
    "spontaneous_rate_hz",
    "lifetime_sparseness",
    "reliability",
    "n_repeats",
)


def natural_scenes(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: object = None,
    response_window_s: Window = None,
    spontaneous_window_s: Window = None,
    bin_s: float = BIN_S,
) -> pd.DataFrame:
    """Measure responses to images by their means over trials.

    Parameters and errors as of ``allentk.responses.natural_scenes``.
    """
    of = measure(
        "natural_scenes",
        responses,
        table,
        {"frame": None},
        ids=ids,
        response_window_s=response_window_s,
        spontaneous_window_s=spontaneous_window_s,
    )
    columns = of.common(running, bin_s) | {
        "preferred_image": of.preferred("frame"),
        "image_selectivity": image_selectivity(of.flat),
        "lifetime_sparseness": lifetime_sparseness(of.flat),
    }
    return frame_of(columns, _SCENES, spikes=of.spikes)


def natural_movie(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    response_window_s: Window = None,
) -> pd.DataFrame:
    """Measure responses to the frames of a movie by their means over its repeats.

    Parameters and errors as of ``allentk.responses.natural_movie``.
    """
    of = measure(
        "natural_movie",
        responses,
        table,
        {"frame": None},
        ids=ids,
        response_window_s=response_window_s,
    )
    repeats = _repeats(of)
    reliability = np.full(of.cells.size, np.nan)
    for cell in range(of.cells.size):  # a cell at a time: all of a long movie would not fit twice
        course = np.full((repeats.max(initial=-1) + 1, of.grid.n_conditions), np.nan)
        course[repeats, of.grid.index] = of.trials[cell]
        reliability[cell] = mean_pair_correlation(course[None])[0]
    columns = of.means() | {
        "preferred_frame": of.preferred("frame"),
        "lifetime_sparseness": lifetime_sparseness(of.flat),
        "reliability": reliability,
        "n_repeats": np.full(of.cells.size, repeats.max(initial=-1) + 1),
    }
    return frame_of(columns, _MOVIE, spikes=of.spikes)


def _repeats(of: Measured) -> NDArray[np.int64]:
    """Return of every row how often its frame was shown before."""
    index = of.grid.index
    order = np.argsort(index, kind="stable")
    first = np.searchsorted(index[order], index[order], side="left")
    out = np.empty(index.size, dtype=np.int64)
    out[order] = np.arange(index.size) - first
    return out
