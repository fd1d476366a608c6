"""Moving dots."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.responses.neuropixels.measure import Cells, Columns, Running, measured
from allentk.responses.neuropixels.tuned import marginal

__all__ = ["dot_motion"]


def dot_motion(
    responses: SpikeTrains | NetworkResponse,
    table: StimulusTable | None = None,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    quirks: str | Iterable[str] = (),
    name: str | None = None,
    duration_s: float | None = None,
    recording_s: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Measure responses to moving dots.

    Parameters, errors and columns
        As in `drifting_gratings`; the table has ``speed_deg_per_s`` and ``direction_deg`` (in a session's
        own table ``Speed`` and ``Dir``); the window is 1 s.

    References
    ----------
    Siegle et al. 2021, Nature 592:86; Allen Brain Observatory, Visual Coding - Neuropixels.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 2.0], "stop_s": [1.0, 3.0],
    ...     "stimulus": "dot_motion", "Speed": [10.0, 20.0], "Dir": 90.0})
    >>> cells = dot_motion(SpikeTrains([2.1], [0], 1), StimulusTable(shown))
    >>> cells["preferred_speed_deg_per_s"].tolist()
    [20.0]
    """
    return measured(
        "dot_motion",
        responses,
        table,
        _dots,
        ids=ids,
        running=running,
        quirks=quirks,
        options={"name": name, "duration_s": duration_s, "recording_s": recording_s},
    )


def _dots(cells: Cells) -> Columns:
    speed, speeds = cells.best(*marginal(cells.means, cells.shown, "speed_deg_per_s"))
    direction, directions = cells.best(*marginal(cells.means, cells.shown, "direction_deg"))
    return {
        "preferred_speed_deg_per_s": speed,
        "several_preferred_speeds": speeds,
        "preferred_direction_deg": direction,
        "several_preferred_directions": directions,
    }
