"""Metrics of the whole screen, flashed or gray: one call for session and simulation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.responses.definitions import measured

__all__ = ["flashes", "spontaneous"]

Responses = Traces | SpikeTrains | NetworkResponse


def flashes(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the responses of every cell to flashes of the whole screen.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        What was recorded or simulated; a network is measured population by population.
    table : StimulusTable, optional
        What was shown, with ``color``, 1 white and -1 black; by default what the network was shown.
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
        ``spontaneous_window_s``, (start, stop) in seconds from the onset, and ``bin_s`` (0.01 s
        unless told).

    Returns
    -------
    DataFrame
        One row per cell, the columns of ``docs/metrics.md``: here rates to white (on) and black (off),
        their ratio and index, time to peak, reliability, and ``notes``, why a cell lacks values. A rate is
        of spikes; of traces it is a response, ``peak_response``.

    Raises
    ------
    DataError
        Where the definition, the stimulus or an option is not there, or an argument makes no sense.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0], "stimulus": "flashes",
    ...     "color": [1.0, -1.0]})
    >>> cells = flashes(SpikeTrains([0.2, 0.4, 0.5, 1.5], [0, 0, 0, 0], 1), StimulusTable(shown))
    >>> cells[["on_off_ratio", "on_off_index"]].to_numpy().tolist()
    [[3.0, 0.5]]
    """
    return measured(
        "flashes",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )


def spontaneous(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the activity of every cell without a stimulus.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        What was recorded or simulated; a network is measured population by population.
    table : StimulusTable, optional
        What was shown, with presentations named ``blank`` or ``spontaneous``; by default what
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
        Of the definition. "trial-mean" takes ``bin_s``, 0.3 s unless told, in which activity is
        counted for the Fano factor.

    Returns
    -------
    DataFrame
        One row per cell, the columns of ``docs/metrics.md``: here mean rate, Fano factor, seconds of gray,
        and ``notes``, why a cell lacks values. A rate is of spikes; of traces it is a response,
        ``peak_response``.

    Raises
    ------
    DataError
        Where the definition, the stimulus or an option is not there, or an argument makes no sense.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0], "stop_s": [3.0], "stimulus": "spontaneous"})
    >>> cells = spontaneous(SpikeTrains([0.1, 1.1, 2.1], [0, 0, 0], 1), StimulusTable(shown), bin_s=1.0)
    >>> cells[["spontaneous_rate_hz", "fano"]].to_numpy().tolist()
    [[1.0, 0.0]]
    """
    return measured(
        "spontaneous",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )
