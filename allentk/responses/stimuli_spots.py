"""Metrics of spots and small gratings at many places: one call for session and simulation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.responses.definitions import measured

__all__ = ["gabors", "locally_sparse_noise"]

Responses = Traces | SpikeTrains | NetworkResponse


def locally_sparse_noise(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the receptive field of every cell from white and black spots.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        What was recorded or simulated; a network is measured population by population.
    table : StimulusTable, optional
        What was shown, with ``frame``, the number of the pattern; by default what the network
        was shown.
    definition : str
        Whose metrics: ``"trial-mean"`` or another of ``allentk.responses.DEFINITIONS``.
    ids : array_like of int, optional
        Cells to measure; all by default. Not for a network.
    running : (array_like, array_like), optional
        Running speed in cm/s and its times in seconds, for definitions that take it; "trial-mean" does not.
    quirks : sequence of str, or "published"
        Defects of the published program to keep, see ``docs/metrics.md``.
    **options
        Of the definition. "trial-mean" takes ``template``, the patterns, shape (frames, rows,
        columns), the most common level being gray; ``pixel_deg``, by default 74.4 by the number of rows;
        ``response_window_s`` and ``spontaneous_window_s``.

    Returns
    -------
    DataFrame
        One row per cell, the columns of ``docs/metrics.md``: here centre, area and height of the fields for
        white (on) and black (off) spots, in degrees from the middle of the screen, right and up, and
        ``notes``, why a cell lacks values. A rate is of spikes; of traces it is a response,
        ``peak_response``.

    Raises
    ------
    DataError
        Where the definition, the stimulus or an option is not there, or an argument makes no sense.

    Examples
    --------
    >>> import numpy as np
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0, 2.0], "stop_s": [1.0, 2.0, 3.0],
    ...     "stimulus": "locally_sparse_noise", "frame": [0, 1, 2]})
    >>> spots = np.full((3, 1, 3), 127); spots[[0, 1, 2], 0, [0, 1, 2]] = 255
    >>> cells = locally_sparse_noise(SpikeTrains([2.2, 2.4], [0, 0], 1), StimulusTable(shown),
    ...     template=spots, pixel_deg=10.0)
    >>> cells["rf_on_x_deg"].tolist()
    [10.0]
    """
    return measured(
        "locally_sparse_noise",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )


def gabors(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the receptive field of every cell from small gratings at many places.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        What was recorded or simulated; a network is measured population by population.
    table : StimulusTable, optional
        What was shown, with ``x_deg``, ``y_deg`` and ``orientation_deg``; by default what the
        network was shown.
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
        One row per cell, the columns of ``docs/metrics.md``: here centre, area and height of the field,
        preferred orientation, reliability, and ``notes``, why a cell lacks values. A rate is of spikes; of
        traces it is a response, ``peak_response``.

    Raises
    ------
    DataError
        Where the definition, the stimulus or an option is not there, or an argument makes no sense.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0, 2.0], "stop_s": [1.0, 2.0, 3.0],
    ...     "stimulus": "gabors", "x_deg": [-10.0, 0.0, 10.0], "y_deg": 0.0})
    >>> gabors(SpikeTrains([2.2, 2.4], [0, 0], 1), StimulusTable(shown))["rf_x_deg"].tolist()
    [10.0]
    """
    return measured(
        "gabors",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )
