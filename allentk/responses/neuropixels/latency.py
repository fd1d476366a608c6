"""How soon after a stimulus a cell fires."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import SpikeTrains, StimulusTable
from allentk.errors import DataError
from allentk.responses.neuropixels.counting import BIN_S, spike_range
from allentk.responses.neuropixels.psth_kernels import add_first_spikes
from allentk.responses.neuropixels.shown import shown_of
from allentk.responses.trials import cells_of, response_intervals

__all__ = ["first_spike_times"]


def first_spike_times(
    responses: SpikeTrains,
    table: StimulusTable,
    *,
    stimulus: str = "flashes",
    ids: ArrayLike | None = None,
    name: str | None = None,
    window_s: tuple[float, float] = (0.03, 0.2),
    latest_s: float = 0.1,
    bin_s: float = BIN_S,
) -> pd.DataFrame:
    """Return every cell's time to its first spike: the median over presentations.

    Parameters
    ----------
    responses : SpikeTrains
        Recorded or simulated spikes.
    table : StimulusTable
        What was shown.
    stimulus : str
        Which of it; blanks are left out.
    ids : array_like of int, optional
        Cells to measure; all by default.
    name : str, optional
        Name of the presentations; by default the usual one.
    window_s : (float, float)
        Where the first spike is looked for, in seconds from the start of a presentation.
    latest_s : float
        A median from here on is left out (NaN): the spike is no answer to the start.
    bin_s : float
        Times are rounded down to bins of so many seconds.

    Returns
    -------
    DataFrame
        Columns ``cell``, ``first_spike_s``, ``n_trials`` (presentations with a spike in the window) and
        ``notes``.

    Raises
    ------
    DataError
        For a window that ends before it starts, a bin that is no length, and as `shown_of`.

    References
    ----------
    Siegle et al. 2021, Nature 592:86, Figure 2: LGd 62 ms, VISp 63 ms, VISam 73 ms on average.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0], "stop_s": [0.25], "stimulus": "flashes", "color": 1.0})
    >>> first_spike_times(SpikeTrains([0.0605], [0], 1), StimulusTable(shown))["first_spike_s"].tolist()
    [0.06]
    """
    if not bin_s > 0:
        raise DataError(f"first_spike_times: bin_s must be above 0, got {bin_s}")
    _, cells = cells_of(responses, ids)
    response_intervals(table, window_s)
    shown = shown_of(stimulus, table, name=name)
    start = shown.start_s[shown.condition >= 0]
    trains = responses.subset(np.unique(cells))
    first, last = spike_range(
        trains.times_s, start + window_s[0], start + window_s[1], sides=("left", "left")
    )
    times = np.full((start.size, trains.n_cells), np.nan)
    add_first_spikes(trains.times_s, trains.ids, first, last, start, 0, times)
    times = np.floor(times / bin_s + 1e-9) * bin_s
    n = np.isfinite(times).sum(axis=0)
    median = np.full(n.size, np.nan)
    median[n > 0] = np.nanmedian(times[:, n > 0], axis=0)
    late = median >= latest_s
    notes = np.where(n == 0, "no spikes in the window", np.where(late, "later than latest_s", ""))
    back = np.searchsorted(np.unique(cells), cells)
    columns = {"first_spike_s": np.where(late, np.nan, median), "n_trials": n, "notes": notes}
    return pd.DataFrame({"cell": cells, **{key: held[back] for key, held in columns.items()}})
