"""Metrics of gratings and of what moves: one call for session and simulation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.responses.definitions import measured

__all__ = [
    "contrast_tuning",
    "dot_motion",
    "drifting_gratings",
    "moving_bars",
    "static_gratings",
]

Responses = Traces | SpikeTrains | NetworkResponse


def drifting_gratings(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the responses of every cell to drifting gratings.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        Recorded dF/F, recorded or simulated spikes, or a simulated network. By "trial-mean" a trial's
        response is the mean dF/F, or the spike rate in Hz, in the presentation.
    table : StimulusTable, optional
        What was shown, with ``orientation_deg`` and ``temporal_frequency_hz``; by default what the
        network was shown. Rows named ``blank`` or ``spontaneous``, or without an orientation, are blanks.
    definition : str
        Whose metrics: ``"trial-mean"`` or another of ``allentk.responses.DEFINITIONS``.
    ids : array_like of int, optional
        Cells to measure; all by default. Not for a network.
    running : (array_like, array_like), optional
        Running speed in cm/s and its times in seconds, for the modulation by running.
    quirks : sequence of str, or "published"
        Defects of the published program to keep, see ``docs/metrics.md``.
    **options
        Of the definition. "trial-mean" takes ``response_window_s``, (start, stop) in seconds from the
        onset, by default the presentation; ``spontaneous_window_s``, such as ``(-0.4, 0.0)``, in which
        spontaneous activity is measured before every grating, by default it is in the blanks;
        ``preferred``, ``"joint"`` for the condition of the largest mean response (two-photon
        Observatory) or ``"marginal"`` for the temporal frequency and the direction of the largest
        marginal means (Neuropixels); and ``bin_s``, of the time courses for the reliability.

    Returns
    -------
    DataFrame
        One row per cell, columns `METRIC_COLUMNS`; for traces ``peak_response``, ``mean_response`` and
        ``spontaneous_response``, in the unit of the traces, in place of the rates. A network has also
        ``population``, the cell class of the node (``cell_class``, else the population's name), and
        ``node_population``. NaN where undefined, such as the preference of a silent cell; never infinite.
        No cells give no rows. Other definitions have columns of their own, see ``docs/metrics.md``.

    Raises
    ------
    DataError
        Where there is no grating, or more than one stimulus, contrast or spatial frequency; where a
        presentation ends after the simulation; for arguments of another type.

    Notes
    -----
    "trial-mean" subtracts no baseline. The Observatory's own two-photon tables are by another definition,
    ``"warehouse"``: they compute from fluorescence relative to the second before each presentation, not
    from dF/F of the whole session. The formulas are these, the numbers are not.

    References
    ----------
    de Vries et al. 2020, Nature Neuroscience 23:138; Siegle et al. 2021, Nature 592:86; Billeh et al.
    2020, Neuron 106:388.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1, 2, 3], "stop_s": [1.0, 2, 3, 4],
    ...     "stimulus": "drifting_gratings", "orientation_deg": [0.0, 90, 180, 270]})
    >>> cells = drifting_gratings(SpikeTrains([0.2, 0.4, 2.5], [0, 0, 0], 1), StimulusTable(shown))
    >>> cells[["peak_rate_hz", "osi_pair"]].to_numpy().tolist()
    [[2.0, 1.0]]
    """
    return measured(
        "drifting_gratings",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )


def static_gratings(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the responses of every cell to flashed gratings.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        What was recorded or simulated; a network is measured population by population.
    table : StimulusTable, optional
        What was shown, with ``orientation_deg``, ``spatial_frequency_cpd`` and ``phase``; by
        default what the network was shown.
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
        One row per cell, the columns of ``docs/metrics.md``: here preferred orientation, spatial frequency
        and phase, peak, mean and spontaneous rate, OSI, reliability, and ``notes``, why a cell lacks
        values. A rate is of spikes; of traces it is a response, ``peak_response``.

    Raises
    ------
    DataError
        Where the definition, the stimulus or an option is not there, or an argument makes no sense.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0],
    ...     "stimulus": "static_gratings", "orientation_deg": [0.0, 90.0]})
    >>> cells = static_gratings(SpikeTrains([0.2, 0.4, 1.5], [0, 0, 0], 1), StimulusTable(shown))
    >>> cells[["preferred_orientation_deg", "peak_rate_hz", "osi_pair"]].to_numpy().round(3).tolist()
    [[0.0, 2.0, 0.333]]
    """
    return measured(
        "static_gratings",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )


def moving_bars(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the responses of every cell to bars that sweep over the screen.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        What was recorded or simulated; a network is measured population by population.
    table : StimulusTable, optional
        What was shown, with ``direction_deg`` or ``orientation_deg``, and ``color``; by default
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
        One row per cell, the columns of ``docs/metrics.md``: here preferred direction and color, OSI, DSI,
        reliability, and ``notes``, why a cell lacks values. A rate is of spikes; of traces it is a
        response, ``peak_response``.

    Raises
    ------
    DataError
        Where the definition, the stimulus or an option is not there, or an argument makes no sense.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0], "stimulus": "moving_bars",
    ...     "direction_deg": [0.0, 180.0]})
    >>> cells = moving_bars(SpikeTrains([0.2, 0.4, 0.5, 1.5], [0, 0, 0, 0], 1), StimulusTable(shown))
    >>> cells[["preferred_direction_deg", "dsi_pair"]].to_numpy().tolist()
    [[0.0, 0.5]]
    """
    return measured(
        "moving_bars",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )


def contrast_tuning(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the responses of every cell to gratings of several contrasts.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        What was recorded or simulated; a network is measured population by population.
    table : StimulusTable, optional
        What was shown, with ``contrast`` (0 to 1) and ``orientation_deg``; by default what the
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
        One row per cell, the columns of ``docs/metrics.md``: here preferred direction and contrast, c50 of
        a fit and how well it fits, reliability, and ``notes``, why a cell lacks values. A rate is of
        spikes; of traces it is a response, ``peak_response``.

    Raises
    ------
    DataError
        Where the definition, the stimulus or an option is not there, or an argument makes no sense.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0],
    ...     "stimulus": "drifting_gratings_contrast", "contrast": [0.1, 1.0], "orientation_deg": 0.0})
    >>> cells = contrast_tuning(SpikeTrains([1.2, 1.4], [0, 0], 1), StimulusTable(shown))
    >>> cells["preferred_contrast"].tolist()
    [1.0]
    """
    return measured(
        "contrast_tuning",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )


def dot_motion(
    responses: Responses,
    table: StimulusTable | None = None,
    *,
    definition: str = "trial-mean",
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Measure the responses of every cell to fields of moving dots.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        What was recorded or simulated; a network is measured population by population.
    table : StimulusTable, optional
        What was shown, with ``direction_deg`` and ``speed_deg_per_s``; by default what the
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
        One row per cell, the columns of ``docs/metrics.md``: here preferred direction and speed, DSI,
        reliability, and ``notes``, why a cell lacks values. A rate is of spikes; of traces it is a
        response, ``peak_response``.

    Raises
    ------
    DataError
        Where the definition, the stimulus or an option is not there, or an argument makes no sense.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0], "stimulus": "dot_motion",
    ...     "direction_deg": 0.0, "speed_deg_per_s": [16.0, 32.0]})
    >>> cells = dot_motion(SpikeTrains([1.2, 1.4], [0, 0], 1), StimulusTable(shown))
    >>> cells["preferred_speed_deg_per_s"].tolist()
    [32.0]
    """
    return measured(
        "dot_motion",
        responses,
        table,
        definition,
        ids=ids,
        running=running,
        quirks=quirks,
        options=options,
    )
