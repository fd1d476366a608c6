"""Metrics of drifting and of static gratings, one row per cell, from dF/F or from spikes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.conditions import AXES, conditions
from allentk.responses.courses import BIN_S
from allentk.responses.measured import Measured, Window, frame_of, measure
from allentk.responses.selectivity import dsi_pair, dsi_vector, osi_pair, osi_vector
from allentk.responses.trials import cells_of, finite_means

__all__ = [
    "METRIC_COLUMNS",
    "direction_columns",
    "drifting_gratings",
    "of_gratings",
    "static_gratings",
]

Array = NDArray[np.float64]

#: Columns of ``drifting_gratings`` for spikes, with units; for traces ``_rate_hz`` reads ``_response``.
METRIC_COLUMNS = {
    "cell": "id of the cell",
    "preferred_direction_deg": "direction of motion of the largest mean response, degrees",
    "preferred_tf_hz": "temporal frequency of the largest mean response, Hz",
    "peak_rate_hz": "mean response at the preferred condition",
    "mean_rate_hz": "mean over all conditions, each counted once",
    "spontaneous_rate_hz": "mean response to blanks",
    "osi_vector": "1 - circular variance of orientation at the preferred temporal frequency",
    "dsi_vector": "1 - circular variance of direction at the preferred temporal frequency",
    "osi_pair": "(pref - orth) / (pref + orth) at the preferred temporal frequency",
    "dsi_pair": "(pref - null) / (pref + null) at the preferred temporal frequency",
    "reliability": "mean correlation of the time courses of all pairs of preferred trials",
    "n_trials": "grating presentations measured",
    "notes": "why a cell lacks values",
}

_STATIC = (
    "preferred_orientation_deg",
    "preferred_sf_cpd",
    "preferred_phase",
    "peak_rate_hz",
    "mean_rate_hz",
    "spontaneous_rate_hz",
    "osi_vector",
    "osi_pair",
    "reliability",
    "n_trials",
)


def drifting_gratings(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: object = None,
    response_window_s: Window = None,
    spontaneous_window_s: Window = None,
    preferred: Literal["joint", "marginal"] = "joint",
    bin_s: float = BIN_S,
) -> pd.DataFrame:
    """Measure responses to drifting gratings by their means over trials.

    Parameters, columns (`METRIC_COLUMNS`) and errors as of ``allentk.responses.drifting_gratings``.
    """
    cells_of(responses, ids)
    of = of_gratings(
        responses,
        table,
        ids=ids,
        response_window_s=response_window_s,
        spontaneous_window_s=spontaneous_window_s,
    )
    if preferred == "marginal":
        of = replace(of, best=_marginal(of))
    elif preferred != "joint":
        raise DataError(f'drifting_gratings: preferred is "joint" or "marginal", got {preferred!r}')
    columns = of.common(running, bin_s) | direction_columns(of, "orientation_deg")
    columns["preferred_tf_hz"] = of.preferred("temporal_frequency_hz")
    names = tuple(name for name in METRIC_COLUMNS if name not in ("cell", "notes"))
    return frame_of(columns, names, spikes=of.spikes)


def of_gratings(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None,
    response_window_s: Window,
    spontaneous_window_s: Window = None,
) -> Measured:
    """Return the responses to drifting gratings of one contrast and one spatial frequency.

    Parameters and errors as of ``allentk.responses.drifting_gratings``.
    """
    conditions(table)  # one of each, or no metric means anything
    return measure(
        "drifting_gratings",
        responses,
        table,
        AXES,
        key="orientation_deg",
        ids=ids,
        response_window_s=response_window_s,
        spontaneous_window_s=spontaneous_window_s,
    )


def _marginal(of: Measured) -> NDArray[np.int64]:
    """Return the condition of the largest mean per frequency, and of the largest per direction."""
    mean = of.averages.mean
    marginals = (finite_means(mean, axis=2), finite_means(mean, axis=1))
    tf, direction = (np.where(np.isnan(m), -np.inf, m).argmax(axis=1) for m in marginals)
    best: NDArray[np.int64] = tf * mean.shape[2] + direction
    return best


def direction_columns(of: Measured, axis: str) -> dict[str, Any]:
    """Return preferred direction and selectivity along the axis of directions.

    Parameters
    ----------
    of : Measured
        Responses to what moves.
    axis : str
        The axis of directions among those of its grid, such as ``"direction_deg"``.
    """
    curve, theta, at = of.curve(axis), of.grid.axes[axis], of.place(axis)
    return {
        "preferred_direction_deg": of.preferred(axis),
        "osi_vector": osi_vector(curve, theta),
        "dsi_vector": dsi_vector(curve, theta),
        "osi_pair": osi_pair(curve, theta, preferred=at),
        "dsi_pair": dsi_pair(curve, theta, preferred=at),
    }


def static_gratings(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: object = None,
    response_window_s: Window = None,
    spontaneous_window_s: Window = None,
    bin_s: float = BIN_S,
) -> pd.DataFrame:
    """Measure responses to flashed gratings by their means over trials.

    Parameters and errors as of ``allentk.responses.static_gratings``.
    """
    of = measure(
        "static_gratings",
        responses,
        table,
        {"orientation_deg": 180.0, "spatial_frequency_cpd": None, "phase": None},
        ids=ids,
        response_window_s=response_window_s,
        spontaneous_window_s=spontaneous_window_s,
    )
    theta = of.grid.axes["orientation_deg"]
    curve = of.curve("orientation_deg")
    # The indices know directions: an orientation is both of its directions.
    both, twice = np.concatenate([theta, theta + 180.0]), np.concatenate([curve, curve], axis=1)
    columns = of.common(running, bin_s) | {
        "preferred_orientation_deg": of.preferred("orientation_deg"),
        "preferred_sf_cpd": of.preferred("spatial_frequency_cpd"),
        "preferred_phase": of.preferred("phase"),
        "osi_vector": osi_vector(curve, theta),
        "osi_pair": osi_pair(twice, both, preferred=of.place("orientation_deg")),
    }
    return frame_of(columns, _STATIC, spikes=of.spikes)
