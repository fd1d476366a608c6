"""When cells respond: first spikes, and the peaks of the response to a flash."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, SpikeTrains
from allentk.errors import DataError
from allentk.responses.binned import EDGE_S, binned_counts, onsets_of, whole_bins
from allentk.responses.populations.inputs import intervals_of, spikes_of
from allentk.responses.trials import cells_of

__all__ = ["first_spike_latency", "flash_peaks"]

#: The paper keeps latencies below this.
_KEPT_S = 0.1


def first_spike_latency(
    responses: SpikeTrains | NetworkResponse,
    onsets_s: ArrayLike,
    *,
    population: str | None = None,
    window_s: tuple[float, float] = (0.03, 0.2),
) -> pd.DataFrame:
    """Return the median over trials of the time of the first spike.

    Parameters
    ----------
    responses : SpikeTrains or NetworkResponse
        Recorded or simulated spikes.
    onsets_s : array_like, shape (n_trials,)
        Onsets in seconds, such as of flashes.
    population : str, optional
        Population of a network.
    window_s : (float, float)
        Window after the onset in seconds in which the first spike is sought.

    Returns
    -------
    DataFrame
        ``cell``, ``first_spike_s`` (whole ms, rounded down; trials without a spike left out),
        ``n_trials`` with a spike, ``included`` (below 0.1 s, as the paper keeps) and ``notes``.

    Raises
    ------
    DataError
        For a window that ends before it starts, and an onset that is not finite.

    Notes
    -----
    ``neuropixels.first_spike_times`` is the same number of the presentations of a session, where a late
    one is NaN; here it stays, and ``included`` says what the paper keeps.

    References
    ----------
    Siegle et al. 2021, Nature 592:86; neuropixels_platform_paper, time_to_first_spike.py.

    Examples
    --------
    >>> spikes = SpikeTrains([0.01, 0.055, 0.06, 1.0652], [0, 0, 0, 0], 1)
    >>> first_spike_latency(spikes, [0.0, 1.0])["first_spike_s"].tolist()
    [0.06]
    """
    spikes = spikes_of(responses, "first_spike_latency", population)
    onsets = onsets_of(onsets_s, "first_spike_latency")
    window = intervals_of(window_s, "first_spike_latency")[0]
    first = np.full((spikes.n_cells, onsets.size), np.nan)
    for trial, onset in enumerate(onsets):
        a, b = np.searchsorted(spikes.times_s, onset + window - EDGE_S)
        cells, place = np.unique(spikes.ids[a:b], return_index=True)
        after = spikes.times_s[a:b][place] - onset
        first[cells, trial] = np.floor(after * 1e3 + 1e-6) / 1e3
    n = np.isfinite(first).sum(axis=1)
    median = np.full(spikes.n_cells, np.nan)
    median[n > 0] = np.nanmedian(first[n > 0], axis=1)
    notes = np.where(n > 0, "", "no spike in the window")
    return pd.DataFrame(
        {
            "cell": np.arange(spikes.n_cells),
            "first_spike_s": median,
            "n_trials": n,
            "included": median < _KEPT_S,
            "notes": notes,
        }
    )


def flash_peaks(
    responses: SpikeTrains | NetworkResponse,
    onsets_s: ArrayLike,
    *,
    population: str | None = None,
    cells: ArrayLike | None = None,
    windows_s: ArrayLike = ((0.0, 0.1), (0.1, 0.3)),
    bin_s: float = 0.002,
    together: bool = False,
) -> pd.DataFrame:
    """Return the largest rate and its time in windows after a flash.

    Parameters
    ----------
    responses : SpikeTrains or NetworkResponse
        Recorded or simulated spikes.
    onsets_s : array_like, shape (n_trials,)
        Onsets of the flashes in seconds.
    population : str, optional
        Population of a network.
    cells : array_like of int, optional
        Cells; all by default.
    windows_s : array_like, shape (n_windows, 2)
        Windows after the onset in seconds; by default the two of the layer 4 paper.
    bin_s : float
        Length of a bin in seconds.
    together : bool
        Measure the mean rate of the cells instead of every cell.

    Returns
    -------
    DataFrame
        ``cell`` (not where `together`), and for every window k from 1: ``peak_k_hz``, ``peak_time_k_s``
        from the onset, at the middle of the bin; NaN time where there is no spike.

    Raises
    ------
    DataError
        Where a window holds no bin or is no pair of times, there is no cell or trial, or a cell is unknown.

    References
    ----------
    Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (flashes_frt.py; recorded, 8 cells: 16.2 +-
    4.8 Hz at 91.5 +- 10.2 ms, 11.5 +- 3.2 Hz at 301 +- 18 ms).

    Examples
    --------
    >>> spikes = SpikeTrains([0.041, 0.0415, 0.203], [0, 0, 0], 1)
    >>> flash_peaks(spikes, [0.0]).round(4).iloc[0].tolist()
    [0.0, 1000.0, 0.041, 500.0, 0.203]
    """
    spikes = spikes_of(responses, "flash_peaks", population)
    _, names = cells_of(spikes, cells)
    onsets = onsets_of(onsets_s, "flash_peaks")
    if not onsets.size or not names.size:
        raise DataError(
            f"flash_peaks: expected cells and flashes, got {names.size} cells and {onsets.size} onsets; "
            f"give the times of the flashes in seconds"
        )
    columns = {} if together else {"cell": names}
    for number, (start, stop) in enumerate(intervals_of(windows_s, "flash_peaks"), start=1):
        n_bins = whole_bins(stop - start, bin_s)
        if n_bins < 1:
            raise DataError(
                f"flash_peaks: the window {start:g} to {stop:g} s is shorter than a bin of {bin_s:g} s"
            )
        counts = binned_counts(spikes, onsets + start, n_bins, bin_s, cells=names)
        rates = counts.mean(axis=1) / bin_s
        rates = rates.mean(axis=0, keepdims=True) if together else rates
        best = rates.argmax(axis=1)
        peak = rates[np.arange(len(rates)), best]
        columns[f"peak_{number}_hz"] = peak
        columns[f"peak_time_{number}_s"] = np.where(peak > 0, start + (best + 0.5) * bin_s, np.nan)
    return pd.DataFrame(columns)
