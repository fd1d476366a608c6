"""The definition "layer4": the metrics of the model of mouse layer 4 of Arkhipov et al. 2018."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.responses.conditions import check_one
from allentk.responses.measured import Measured, Window, frame_of, measure
from allentk.responses.model_papers.layer4_metrics import METRICS, QUIRKS
from allentk.responses.model_papers.rates import spikes_only
from allentk.responses.populations.tuning_width import tuning_widths
from allentk.responses.quiet import spontaneous as gray
from allentk.responses.selectivity import at_turn, dsi_pair, osi_vector, pair_index
from allentk.responses.trials import finite_means, presented

__all__ = ["METRICS", "QUIRKS", "drifting_gratings", "osi_modulation", "spontaneous"]

Array = NDArray[np.float64]

#: From the onset of the grating: 500 to 3000 ms of a trial that begins with 500 ms of gray.
EVOKED_S = (0.0, 2.5)

_COLUMNS = (
    "preferred_direction_deg",
    "preferred_sf_cpd",
    "preferred_tf_hz",
    "peak_rate_hz",
    "mean_rate_hz",
    "spontaneous_rate_hz",
    "osi_vector",
    "osi_modulation",
    "dsi_pair",
    "n_trials",
)
_AXES = {"spatial_frequency_cpd": None, "temporal_frequency_hz": None, "orientation_deg": 360.0}


def drifting_gratings(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    response_window_s: Window = EVOKED_S,
    tuning_width: bool = False,
) -> pd.DataFrame:
    """Measure responses to drifting gratings as the layer 4 model's were.

    Parameters
    ----------
    responses : SpikeTrains
        Recorded or simulated spikes.
    table : StimulusTable
        What was shown; spontaneous activity is that of its blanks.
    ids : array_like of int, optional
        Cells; all by default.
    response_window_s : (float, float) or None
        Seconds from the onset; None is the presentation.
    tuning_width : bool
        Whether ``tuning_width_deg`` is fitted too: about 0.03 s per cell.

    Returns
    -------
    DataFrame
        One row per cell, see ``METRICS``.

    Raises
    ------
    DataError
        For traces, where there is no grating or several contrasts, and for the width of fewer than six
        directions.

    References
    ----------
    Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535, supporting scripts of its analysis.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 3, 6, 9], "stop_s": [2.5, 5.5, 8.5, 11.5],
    ...     "stimulus": "drifting_gratings", "orientation_deg": [0.0, 90, 180, 270]})
    >>> cells = drifting_gratings(SpikeTrains([0.1, 0.2, 6.1], [0, 0, 0], 1), StimulusTable(shown))
    >>> cells[["osi_modulation", "dsi_pair"]].to_numpy().round(3).tolist()
    [[1.0, 0.333]]
    """
    spikes_only(responses, "layer4")
    of = measure(
        "drifting_gratings",
        responses,
        table,
        _AXES,
        key="orientation_deg",
        ids=ids,
        response_window_s=response_window_s,
    )
    check_one(presented(table).table.iloc[of.grid.trials], "contrast")
    rmax = of.peak
    of = replace(of, best=_best(of))
    curve, theta = of.curve("orientation_deg"), of.grid.axes["orientation_deg"]
    place = of.place("orientation_deg")
    vector = osi_vector(curve, theta)
    silent = np.isfinite(curve).all(axis=1) & (curve.sum(axis=1) == 0)
    columns = of.means() | {
        "preferred_direction_deg": of.preferred("orientation_deg"),
        "preferred_sf_cpd": of.preferred("spatial_frequency_cpd"),
        "preferred_tf_hz": of.preferred("temporal_frequency_hz"),
        "peak_rate_hz": rmax,
        "osi_vector": np.where(silent, 0.0, vector),
        "osi_modulation": osi_modulation(curve, theta, place),
        "dsi_pair": dsi_pair(curve, theta, preferred=place),
    }
    if tuning_width:
        columns["tuning_width_deg"] = tuning_widths(curve, theta)["half_width_deg"].to_numpy()
        return frame_of(columns, (*_COLUMNS, "tuning_width_deg"), spikes=True)
    return frame_of(columns, _COLUMNS, spikes=True)


def _best(of: Measured) -> NDArray[np.int64]:
    """Return the best direction of the mean over frequencies, and the best frequencies at it."""
    mean = of.averages.mean
    cells = np.arange(mean.shape[0])
    over = finite_means(mean, axis=(1, 2))
    direction = np.where(np.isnan(over), -np.inf, over).argmax(axis=1)
    there = mean[cells, :, :, direction].reshape(cells.size, mean.shape[1] * mean.shape[2])
    frequencies = np.where(np.isnan(there), -np.inf, there).argmax(axis=1)
    best: NDArray[np.int64] = frequencies * mean.shape[3] + direction
    return best


def osi_modulation(curve: Array, directions_deg: Array, preferred: NDArray[np.int64]) -> Array:
    """Return ``(R_po - R_orth) / (R_po + R_orth)``: both directions of the preferred orientation.

    Parameters
    ----------
    curve : ndarray, shape (n_cells, n_directions)
        Mean responses.
    directions_deg : ndarray, shape (n_directions,)
        Directions of motion.
    preferred : ndarray of int, shape (n_cells,)
        Place of the preferred direction.

    Returns
    -------
    ndarray, shape (n_cells,)
        R_po is the mean at the preferred and the opposite direction, R_orth at +90 and -90 degrees. NaN
        where one of the four was not shown, or the sum is not positive.

    Examples
    --------
    >>> osi_modulation(np.array([[3.0, 1.0, 1.0, 1.0]]), np.arange(0.0, 360, 90), np.array([0])).round(3)
    array([0.333])
    """
    at = [at_turn(curve, directions_deg, preferred, turn) for turn in (0.0, 180.0, 90.0, -90.0)]
    return pair_index((at[0] + at[1]) / 2, (at[2] + at[3]) / 2)


def spontaneous(
    responses: Traces | SpikeTrains, table: StimulusTable, *, ids: ArrayLike | None = None
) -> pd.DataFrame:
    """Measure the rate on the gray screen, the mean over its trials weighted by their length.

    Parameters, returned columns (``METRICS``) and errors as of ``drifting_gratings``.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0], "stop_s": [2.0], "stimulus": "spontaneous"})
    >>> spontaneous(SpikeTrains([0.7, 0.9], [0, 0], 1), StimulusTable(shown))["spontaneous_rate_hz"].item()
    1.0
    """
    spikes_only(responses, "layer4")
    return gray(responses, table, ids=ids)[["cell", "spontaneous_rate_hz", "duration_s", "notes"]]
