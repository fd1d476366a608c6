"""Full-field flashes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.responses.neuropixels.measure import Cells, Columns, Running, measured
from allentk.responses.neuropixels.ratios import ratio

__all__ = ["flashes"]

Floats = NDArray[np.float64]

_WHITE, _BLACK = 1.0, -1.0


def flashes(
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
    """Measure responses to flashes of the whole screen.

    Parameters, errors and columns
        As in `drifting_gratings`; the table has ``color``, 1 white and -1 black; the window is 0.25 s.

    References
    ----------
    Siegle et al. 2021, Nature 592:86; Allen Brain Observatory, Visual Coding - Neuropixels.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 2.0], "stop_s": [0.25, 2.25],
    ...     "stimulus": "flashes", "color": [1.0, -1.0]})
    >>> trains = SpikeTrains([0.1, 0.2, 2.1], [0, 0, 0], 1)
    >>> flashes(trains, StimulusTable(shown))["on_off_ratio"].tolist()
    [2.0]
    """
    return measured(
        "flashes",
        responses,
        table,
        _flashes,
        ids=ids,
        running=running,
        quirks=quirks,
        options={"name": name, "duration_s": duration_s, "recording_s": recording_s},
    )


def _flashes(cells: Cells) -> Columns:
    color = cells.shown.parameters["color"]
    white, black = (_mean_at(cells.means, color == value) for value in (_WHITE, _BLACK))
    cells.note((black == 0) & ~cells.silent, "no spikes in black flashes, so no on_off_ratio")
    peak = cells.psth.max(axis=1, initial=0)
    return {
        "on_off_ratio": ratio(white, black),
        "sustained_idx": ratio(cells.psth.mean(axis=1), peak),
    }


def _mean_at(means: Floats, conditions: NDArray[np.bool_]) -> Floats:
    there = np.flatnonzero(conditions)
    return means[:, there[0]] if there.size else np.full(len(means), np.nan)
