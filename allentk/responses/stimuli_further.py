"""Metrics of images, spots and gray: one call for session and simulation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.responses.definitions import measured

__all__ = [
    "flashes",
    "gabors",
    "locally_sparse_noise",
    "natural_movie",
    "natural_scenes",
    "spontaneous",
]

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
        One row per cell, the columns of ``docs/metrics.md``: here preferred image, peak, mean
        and spontaneous rate, image selectivity, lifetime sparseness, reliability, and
        ``notes``, why a cell
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
        Running speed in cm/s and its times in seconds, for the modulation by running.
    quirks : sequence of str, or "published"
        Defects of the published program to keep, see ``docs/metrics.md``.
    **options
        Of the definition. "trial-mean" takes ``response_window_s``.

    Returns
    -------
    DataFrame
        One row per cell, the columns of ``docs/metrics.md``: here preferred frame, peak and
        mean rate, lifetime sparseness over frames, reliability of the time course, and
        ``notes``, why a cell
        lacks values. A rate is of spikes; of traces it is a response, ``peak_response``.

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
        Running speed in cm/s and its times in seconds, for the modulation by running.
    quirks : sequence of str, or "published"
        Defects of the published program to keep, see ``docs/metrics.md``.
    **options
        Of the definition. "trial-mean" takes ``template``, the patterns, shape (frames, rows,
        columns), the most common level being gray; ``pixel_deg``, by default 74.4 by the number of rows;
        ``response_window_s`` and ``spontaneous_window_s``.

    Returns
    -------
    DataFrame
        One row per cell, the columns of ``docs/metrics.md``: here centre, area and height of
        the fields for white (on) and black (off) spots, in degrees from the middle of the
        screen, right and up, and ``notes``, why a cell
        lacks values. A rate is of spikes; of traces it is a response, ``peak_response``.

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
        One row per cell, the columns of ``docs/metrics.md``: here rates to white (on) and black
        (off), their ratio and index, time to peak, reliability, and ``notes``, why a cell
        lacks values. A rate is of spikes; of traces it is a response, ``peak_response``.

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
        One row per cell, the columns of ``docs/metrics.md``: here centre, area and height of
        the field, preferred orientation, reliability, and ``notes``, why a cell
        lacks values. A rate is of spikes; of traces it is a response, ``peak_response``.

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
        Running speed in cm/s and its times in seconds, for the modulation by running.
    quirks : sequence of str, or "published"
        Defects of the published program to keep, see ``docs/metrics.md``.
    **options
        Of the definition. "trial-mean" takes ``bin_s``, 0.3 s unless told, in which activity is
        counted for the Fano factor.

    Returns
    -------
    DataFrame
        One row per cell, the columns of ``docs/metrics.md``: here mean rate, Fano factor,
        seconds of gray, and ``notes``, why a cell
        lacks values. A rate is of spikes; of traces it is a response, ``peak_response``.

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
