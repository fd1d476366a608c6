"""Metrics of images and movies: one call for session and simulation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.responses.definitions import measured

__all__ = ["natural_movie", "natural_scenes"]

Responses = Traces | SpikeTrains | NetworkResponse


def natural_scenes(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the responses of every cell to images.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        What was recorded or simulated; a network is measured population by population.
    table : StimulusTable, optional
        What was shown, with ``frame``, the number of the image (below 0 a blank); by default
        what the network was shown.
    definition : str
        Whose metrics: ``"trial-mean"`` or another of ``allentk.responses.DEFINITIONS``.
    ids : array_like of int, optional
        Cells to measure; all by default. Not for a network.
    running : (array_like, array_like), optional
        Running speed in cm/s and its times in seconds, for the modulation by running.
    quirks : sequence of str, or "published"
        Defects of the published program to keep, see ``docs/metrics.md``.
    **options
        Of the definition. "trial-mean" takes ``response_window_s`` and
        ``spontaneous_window_s``, (start, stop) in seconds from the onset, and ``bin_s``.

    Returns
    -------
    DataFrame
        One row per cell, the columns of ``docs/metrics.md``: here preferred image, peak, mean and
        spontaneous rate, image selectivity, lifetime sparseness, reliability, and ``notes``, why a cell
        lacks values. A rate is of spikes; of traces it is a response, ``peak_response``.

    Raises
    ------
    DataError
        Where the definition, the stimulus or an option is not there, or an argument makes no sense.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0], "stimulus": "natural_scenes",
    ...     "frame": [7, 3]})
    >>> cells = natural_scenes(SpikeTrains([0.2, 0.4], [0, 0], 1), StimulusTable(shown))
    >>> cells[["preferred_image", "lifetime_sparseness"]].to_numpy().tolist()
    [[7.0, 1.0]]
    """
    return measured(
        "natural_scenes",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )


def natural_movie(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the responses of every cell to the frames of a movie.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        What was recorded or simulated; a network is measured population by population.
    table : StimulusTable, optional
        What was shown, with ``frame``, a row for every frame of every repeat; by default what
        the network was shown.
    definition : str
        Whose metrics: ``"trial-mean"`` or another of ``allentk.responses.DEFINITIONS``.
    ids : array_like of int, optional
        Cells to measure; all by default. Not for a network.
    running : (array_like, array_like), optional
        Running speed in cm/s and its times in seconds, for definitions that take it; "trial-mean" does not.
    quirks : sequence of str, or "published"
        Defects of the published program to keep, see ``docs/metrics.md``.
    **options
        Of the definition. "trial-mean" takes ``response_window_s``.

    Returns
    -------
    DataFrame
        One row per cell, the columns of ``docs/metrics.md``: here preferred frame, peak and mean rate,
        lifetime sparseness over frames, reliability of the time course, and ``notes``, why a cell lacks
        values. A rate is of spikes; of traces it is a response, ``peak_response``.

    Raises
    ------
    DataError
        Where the definition, the stimulus or an option is not there, or an argument makes no sense.

    Examples
    --------
    >>> import numpy as np
    >>> shown = pd.DataFrame({"start_s": np.arange(6.0), "stop_s": np.arange(6.0) + 1,
    ...     "stimulus": "natural_movie_one", "frame": [0, 1, 2, 0, 1, 2]})
    >>> cells = natural_movie(SpikeTrains([1.5, 4.5], [0, 0], 1), StimulusTable(shown))
    >>> cells[["preferred_frame", "reliability"]].to_numpy().round(12).tolist()
    [[1.0, 1.0]]
    """
    return measured(
        "natural_movie",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )
