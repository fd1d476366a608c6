"""Metrics of moving bars and of moving dots, by their means over trials."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.responses.courses import BIN_S
from allentk.responses.gratings import direction_columns
from allentk.responses.measured import Window, frame_of, measure

__all__ = ["dot_motion", "moving_bars"]

_MEANS = ("peak_rate_hz", "mean_rate_hz", "spontaneous_rate_hz")
_BARS = (
    "preferred_direction_deg",
    "preferred_color",
    *_MEANS,
    "osi_vector",
    "dsi_vector",
    "osi_pair",
    "dsi_pair",
    "reliability",
    "n_trials",
)
_DOTS = (
    "preferred_direction_deg",
    "preferred_speed_deg_per_s",
    *_MEANS,
    "dsi_vector",
    "dsi_pair",
    "reliability",
    "n_trials",
)


def moving_bars(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: object = None,
    response_window_s: Window = None,
    spontaneous_window_s: Window = None,
    bin_s: float = BIN_S,
) -> pd.DataFrame:
    """Measure responses to bars that sweep over the screen by their means over trials.

    Parameters and errors as of ``allentk.responses.moving_bars``.
    """
    windows = (response_window_s, spontaneous_window_s)
    axes = {"color": None, "direction_deg": 360.0}
    return _moving("moving_bars", responses, table, axes, _BARS, ids, running, windows, bin_s)


def dot_motion(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: object = None,
    response_window_s: Window = None,
    spontaneous_window_s: Window = None,
    bin_s: float = BIN_S,
) -> pd.DataFrame:
    """Measure responses to fields of dots by their means over trials.

    Parameters and errors as of ``allentk.responses.dot_motion``.
    """
    windows = (response_window_s, spontaneous_window_s)
    axes = {"speed_deg_per_s": None, "direction_deg": 360.0}
    return _moving("dot_motion", responses, table, axes, _DOTS, ids, running, windows, bin_s)


def _moving(
    stimulus: str,
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    axes: Mapping[str, float | None],
    names: tuple[str, ...],
    ids: ArrayLike | None,
    running: object,
    windows: tuple[Window, Window],
    bin_s: float,
) -> pd.DataFrame:
    of = measure(
        stimulus,
        responses,
        table,
        axes,
        key="direction_deg",
        ids=ids,
        response_window_s=windows[0],
        spontaneous_window_s=windows[1],
    )
    other = next(iter(axes))
    columns = of.common(running, bin_s) | direction_columns(of, "direction_deg")
    columns[f"preferred_{other}"] = of.preferred(other)
    return frame_of(columns, names, spikes=of.spikes)
