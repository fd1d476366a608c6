"""Tuning curves in a long table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.responses.gratings import of_gratings

__all__ = ["TUNING_COLUMNS", "tuning_curves"]

#: Columns of ``tuning_curves``.
TUNING_COLUMNS = ("cell", "orientation_deg", "temporal_frequency_hz", "mean", "sem", "n")


def tuning_curves(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    response_window_s: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Return the mean response of every cell to every grating.

    Parameters
    ----------
    responses : Traces or SpikeTrains
        Recorded traces such as dF/F, or recorded or simulated spikes.
    table : StimulusTable
        What was shown; blanks are left out.
    ids : array_like of int, optional
        Cells to measure; all by default.
    response_window_s : (float, float), optional
        Window in seconds from the onset; by default the presentation.

    Returns
    -------
    DataFrame
        Columns `TUNING_COLUMNS`, one row per cell and condition: mean and standard error (ddof 1, NaN
        for a single trial) in Hz or in the unit of the traces, and the number of trials.

    Raises
    ------
    DataError
        Where there is no grating, or more than one stimulus, contrast or spatial frequency.

    Warns
    -----
    UserWarning
        Where presentations lie outside of the recording; they are left out.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0], "stop_s": [1.0, 2.0],
    ...     "stimulus": "drifting_gratings", "orientation_deg": [0.0, 90.0]})
    >>> tuning_curves(SpikeTrains([0.2, 0.4], [0, 0], 1), StimulusTable(shown))["mean"].tolist()
    [2.0, 0.0]
    """
    of = of_gratings(responses, table, ids=ids, response_window_s=response_window_s)
    frequencies, directions = of.grid.axes.values()
    n_tf, n_directions = of.grid.shape
    return pd.DataFrame(
        {
            "cell": np.repeat(of.cells, of.grid.n_conditions),
            "orientation_deg": np.tile(directions, of.cells.size * n_tf),
            "temporal_frequency_hz": np.tile(np.repeat(frequencies, n_directions), of.cells.size),
            "mean": of.averages.mean.ravel(),
            "sem": of.averages.sem.ravel(),
            "n": of.averages.n.ravel(),
        }
    )
