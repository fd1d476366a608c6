"""How far a response follows the cycles of a drifting grating: F1/F0 and the modulation index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

from allentk.responses.neuropixels.counting import BIN_S, Block, spike_range
from allentk.responses.neuropixels.psth_kernels import add_phases
from allentk.responses.neuropixels.ratios import ratio

__all__ = ["f1_f0", "modulation_index"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SEGMENT = 1024


def f1_f0(block: Block, preferred: Ints, frequency_hz: Floats) -> Floats:
    """Return the mean F1/F0 over the trials of the preferred condition that have a spike.

    Parameters
    ----------
    block : Block
        The spikes.
    preferred : ndarray of int, shape (n_cells,)
        Preferred condition.
    frequency_hz : ndarray, shape (n_conditions,)
        Temporal frequency of every condition.

    Returns
    -------
    ndarray, shape (n_cells,)
        F0 is the mean, F1 the amplitude at the grating's frequency, over the whole cycles of a trial: 0 for
        a cell that ignores the cycles, near 2 for one that fires at one phase. Few spikes a trial push it
        towards 2. NaN without a spike or a whole cycle.
    """
    shown = block.shown
    published = "f1_f0_cycles" in block.quirks
    edges = np.arange(0, shown.duration_s, BIN_S)
    bins, limit = (
        _published_cycles(frequency_hz, edges)
        if published
        else _whole_cycles(frequency_hz, shown.duration_s)
    )
    stop = edges[-1] if published else shown.duration_s
    first, last = spike_range(
        block.trains.times_s,
        shown.start_s,
        stop + shown.start_s,
        sides=("left", "right" if published else "left"),
    )
    cycle_s = np.divide(1.0, frequency_hz, out=np.ones_like(frequency_hz), where=limit > 0)
    total, trials = np.zeros(block.n_cells), np.zeros(block.n_cells, dtype=np.int64)
    add_phases(
        block.trains.times_s,
        block.trains.ids,
        first,
        last,
        shown.start_s,
        shown.condition,
        preferred,
        block.cell,
        cycle_s,
        bins,
        edges,
        limit,
        total,
        trials,
    )
    return ratio(total, trials)


def _whole_cycles(frequency_hz: Floats, duration_s: float) -> tuple[Ints, Floats]:
    cycles = np.floor(np.nan_to_num(frequency_hz) * duration_s + 1e-9)
    limit = np.divide(cycles, frequency_hz, out=np.zeros_like(cycles), where=cycles > 0)
    return np.zeros(cycles.size, dtype=np.int64), limit


def _published_cycles(frequency_hz: Floats, edges: Floats) -> tuple[Ints, Floats]:
    """Return bins per cycle, and bins used: cycles are counted to the middle of the last bin."""
    n_bins = edges.size - 1
    middle = (edges[-2] + edges[-1]) / 2
    cycles = (np.nan_to_num(frequency_hz) * middle).astype(np.int64)
    bins = np.where(cycles > 0, n_bins // np.maximum(cycles, 1), 0)
    return bins, np.where(bins > 1, cycles * bins, 0).astype(float)


def modulation_index(
    psth: NDArray[np.generic], frequency_hz: Floats, quirks: frozenset[str]
) -> Floats:
    """Return ``abs(P(f) - mean P) / sd P``, P being the power spectrum of the PSTH.

    Parameters
    ----------
    psth : ndarray, shape (n_cells, n_bins)
        Spikes per bin of 1 ms at the preferred condition; the scale does not matter.
    frequency_hz : ndarray, shape (n_cells,)
        Temporal frequency of that condition.
    quirks : frozenset of str
        Names of quirks.

    Returns
    -------
    ndarray, shape (n_cells,)
        NaN without power: no spike, or none in the whole segments, which overlap by half.

    References
    ----------
    Matteucci et al. 2019, J Neurosci 39:1649; spectrum by Welch, segments of 1024 ms.
    """
    if psth.shape[1] < 2 or not len(psth):
        return np.full(len(psth), np.nan)
    frequencies, power = welch(
        psth.astype(float), fs=1 / BIN_S, nperseg=min(_SEGMENT, psth.shape[1]), axis=-1
    )
    at = np.searchsorted(frequencies, frequency_hz)
    at = np.minimum(at, frequencies.size - 1)
    if "next_frequency" not in quirks:
        lower = np.maximum(at - 1, 0)
        nearer = frequency_hz - frequencies[lower] < frequencies[at] - frequency_hz
        at = np.where(nearer, lower, at)
    mean = power.mean(axis=1)
    spread = np.sqrt(np.maximum((power**2).mean(axis=1) - mean**2, 0.0))
    value = np.abs(power[np.arange(len(power)), at] - mean)
    index = ratio(value, spread, (spread > 0) & (mean > 0))
    return np.where(mean == 0, 0.0, index) if "silent_units" in quirks else index
