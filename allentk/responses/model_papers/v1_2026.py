"""The definition "v1-2026": the metrics of the biorealistic model of V1 and of its benchmark."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import BLANK_NAMES, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.conditions import conditions
from allentk.responses.measured import Window, frame_of, measure, notes_of
from allentk.responses.model_papers.rates import spikes_only
from allentk.responses.model_papers.v1_2026_metrics import METRICS, QUIRKS
from allentk.responses.selectivity import dsi_vector, osi_vector
from allentk.responses.trials import cells_of, finite_means, presented, trial_responses

__all__ = ["METRICS", "QUIRKS", "drifting_gratings", "preferred_angle_deg", "spontaneous"]

Array = NDArray[np.float64]

#: From the onset of the grating: 500 to 2500 and 100 to 500 ms of a trial that begins with 500 ms of gray.
EVOKED_S, SPONTANEOUS_S = (0.0, 2.0), (-0.4, 0.0)

#: A cell with a lower rate at its preferred direction has no selectivity, Hz.
LEAST_RATE_HZ = 0.5

_COLUMNS = (
    "preferred_direction_deg",
    "preferred_angle_deg",
    "peak_rate_hz",
    "mean_rate_hz",
    "spontaneous_rate_hz",
    "osi_vector",
    "dsi_vector",
    "n_trials",
)


def drifting_gratings(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    response_window_s: Window = EVOKED_S,
    spontaneous_window_s: Window = SPONTANEOUS_S,
    least_rate_hz: float = LEAST_RATE_HZ,
) -> pd.DataFrame:
    """Measure responses to drifting gratings of one frequency as the V1 models' benchmark does.

    Parameters
    ----------
    responses : SpikeTrains
        Recorded or simulated spikes.
    table : StimulusTable
        What was shown: gratings of one temporal frequency, with 0.4 s of gray before each.
    ids : array_like of int, optional
        Cells; all by default.
    response_window_s, spontaneous_window_s : (float, float) or None
        Seconds from the onset; None is the presentation, and the blanks.
    least_rate_hz : float
        A cell with a lower rate at its preferred direction has no OSI and DSI.

    Returns
    -------
    DataFrame
        One row per cell, see ``METRICS``.

    Raises
    ------
    DataError
        For traces; where there is no grating, or more than one temporal frequency, spatial frequency or
        contrast.

    References
    ----------
    github.com/AllenInstitute/biorealistic-v1-model, calculate_odsi.py and model_metrics_analysis.py.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [1.0, 4, 7, 10], "stop_s": [3.0, 6, 9, 12],
    ...     "stimulus": "drifting_gratings", "orientation_deg": [0.0, 90, 180, 270]})
    >>> cells = drifting_gratings(SpikeTrains([1.1, 1.2, 1.3, 7.1], [0, 0, 0, 0], 1), StimulusTable(shown))
    >>> cells[["preferred_angle_deg", "osi_vector", "dsi_vector"]].to_numpy().round(9).tolist()
    [[0.0, 1.0, 0.5]]
    """
    spikes_only(responses, "v1-2026")
    frequencies = conditions(table).axes["temporal_frequency_hz"]
    if frequencies.size > 1:
        raise DataError(
            f"drifting_gratings: 'v1-2026' is of gratings of one temporal frequency, got "
            f"{frequencies.tolist()} Hz; choose one, such as "
            f"table.where(temporal_frequency_hz={frequencies[0]:g}, keep_blanks=True)"
        )
    of = measure(
        "drifting_gratings",
        responses,
        table,
        {"orientation_deg": 360.0},
        ids=ids,
        response_window_s=response_window_s,
        spontaneous_window_s=spontaneous_window_s,
    )
    curve, theta = of.curve("orientation_deg"), of.grid.axes["orientation_deg"]
    columns = of.means() | {
        "preferred_direction_deg": of.preferred("orientation_deg"),
        "preferred_angle_deg": np.where(of.prefers, preferred_angle_deg(curve, theta), np.nan),
    }
    kept = of.peak >= least_rate_hz
    columns["osi_vector"] = np.where(kept, osi_vector(curve, theta), np.nan)
    columns["dsi_vector"] = np.where(kept, dsi_vector(curve, theta), np.nan)
    columns["notes"] = [
        note or ("" if good else f"rate at the preferred direction below {least_rate_hz:g} Hz")
        for note, good in zip(columns["notes"], kept, strict=True)
    ]
    return frame_of(columns, _COLUMNS, spikes=True)


def preferred_angle_deg(curve: Array, directions_deg: Array) -> Array:
    """Return the angle of the vector sum: half the phase of orientation, turned to the direction's side.

    Parameters
    ----------
    curve : ndarray, shape (n_cells, n_directions)
        Mean responses.
    directions_deg : ndarray, shape (n_directions,)
        Directions of motion.

    Returns
    -------
    ndarray, shape (n_cells,)
        Degrees, 0 to 360: the phase of ``sum R exp(2 i theta)`` halved, and 180 more where the projection
        of ``sum R exp(i theta)`` on it is negative. NaN without a response.

    Examples
    --------
    >>> preferred_angle_deg(np.array([[1.0, 0.0, 3.0, 0.0]]), np.arange(0.0, 360, 90)).tolist()
    [180.0]
    """
    theta = np.deg2rad(directions_deg)
    z1, z2 = (np.asarray((curve * np.exp(1j * k * theta)).sum(axis=1)) for k in (1, 2))
    half = np.angle(z2) / 2
    behind = (z1 * np.exp(-1j * half)).real < 0
    angle = np.round(np.rad2deg(half) + np.where(behind, 180.0, 0.0), 9) % 360
    return np.where(np.isfinite(z2) & (finite_means(curve) > 0), angle, np.nan)


def spontaneous(
    responses: Traces | SpikeTrains, table: StimulusTable, *, ids: ArrayLike | None = None
) -> pd.DataFrame:
    """Measure the rate from 400 to 0 ms before every presentation of a stimulus.

    Parameters
    ----------
    responses, table, ids
        As of ``drifting_gratings``; any stimulus will do.

    Raises
    ------
    DataError
        For traces, and where nothing but gray was shown.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [1.0], "stop_s": [3.0], "stimulus": "flashes"})
    >>> spontaneous(SpikeTrains([0.7, 0.9], [0, 0], 1), StimulusTable(shown))["spontaneous_rate_hz"].item()
    5.0
    """
    trains = spikes_only(responses, "v1-2026")
    rows = presented(table).table
    shown = rows[~rows["stimulus"].isin(BLANK_NAMES)]
    if not len(shown):
        raise DataError(
            "spontaneous: 'v1-2026' measures the 0.4 s before presentations, and nothing but gray was "
            "shown; choose another definition"
        )
    before = trial_responses(trains, StimulusTable(shown), window_s=SPONTANEOUS_S, ids=ids)
    columns = {
        "cell": cells_of(trains, ids)[1],
        "spontaneous_rate_hz": finite_means(before),
        "duration_s": np.full(before.shape[0], len(shown) * (SPONTANEOUS_S[1] - SPONTANEOUS_S[0])),
        "notes": notes_of(before, True),
    }
    return frame_of(columns, ("spontaneous_rate_hz", "duration_s"), spikes=True)
