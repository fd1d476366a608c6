"""Spectrum of a population's spikes as an electrode in it would weigh them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains
from allentk.errors import DataError
from allentk.responses.binned import whole_bins
from allentk.responses.populations.inputs import intervals_of, spikes_of

__all__ = ["distance_weights", "oscillation_spectrum"]

Array = NDArray[np.float64]

_BIN_S = 0.001
_NEAREST_UM = 10.0


def distance_weights(distances_um: ArrayLike) -> Array:
    """Return 10 um / distance, 0 nearer than 10 um.

    Raises
    ------
    DataError
        For a distance that is negative or NaN.

    Examples
    --------
    >>> distance_weights([5.0, 10.0, 40.0]).tolist()
    [0.0, 1.0, 0.25]
    """
    r = np.asarray(distances_um, dtype=float)
    if not (r >= 0).all():
        raise DataError("distance_weights: a distance is negative or NaN; expected 0 um or more")
    near = r < _NEAREST_UM
    return np.where(near, 0.0, _NEAREST_UM / np.where(near, 1.0, r))


def oscillation_spectrum(
    responses: SpikeTrains | NetworkResponse,
    intervals_s: ArrayLike,
    *,
    distances_um: ArrayLike | None = None,
    population: str | None = None,
    up_to_hz: float = 100.0,
) -> pd.DataFrame:
    """Return the amplitude spectrum of a population's spikes, averaged over trials.

    Parameters
    ----------
    responses : SpikeTrains or NetworkResponse
        Recorded or simulated spikes.
    intervals_s : array_like, shape (n_trials, 2)
        One stretch per trial, all of one length, such as 0.5 to 3 s after the onset of a grating.
    distances_um : array_like, shape (n_cells,), optional
        Distance of every cell from the electrode; by default all weigh 1.
    population : str, optional
        Population of a network.
    up_to_hz : float
        Highest frequency.

    Returns
    -------
    DataFrame
        ``frequency_hz`` and ``amplitude``: mean over trials with a spike of ``abs(fft(x)) / N``, x the
        weighted spikes in N bins of 1 ms divided by the number of spikes of the trial.

    Raises
    ------
    DataError
        Where the intervals differ in length, are shorter than 2 ms or there is none, or there are not as
        many distances as cells.

    References
    ----------
    Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (oscillations.py).

    Examples
    --------
    >>> regular = SpikeTrains(np.arange(0, 1, 0.025), np.zeros(40, int), 1)
    >>> found = oscillation_spectrum(regular, [[0.0, 1.0]]).iloc[1:]
    >>> float(found["frequency_hz"][found["amplitude"].idxmax()])
    40.0
    """
    spikes = spikes_of(responses, "oscillation_spectrum", population)
    intervals = intervals_of(intervals_s, "oscillation_spectrum")
    lengths = np.diff(intervals, axis=1).ravel()
    if not lengths.size or np.ptp(lengths) > _BIN_S / 2:
        raise DataError(
            f"oscillation_spectrum: trials must have one length, got {np.unique(lengths)[:4]} s"
        )
    n = whole_bins(float(lengths[0]), _BIN_S)
    if n < 2:
        raise DataError(
            f"oscillation_spectrum: trials must last 2 ms or more, got {lengths[0]:g} s"
        )
    weights = np.ones(spikes.n_cells) if distances_um is None else distance_weights(distances_um)
    if weights.shape != (spikes.n_cells,):
        raise DataError(
            f"oscillation_spectrum: expected {spikes.n_cells} distances, got shape {weights.shape}"
        )
    spectra = [_amplitudes(spikes, weights, start, n) for start in intervals[:, 0]]
    there = [one for one in spectra if one is not None]
    mean = np.mean(there, axis=0) if there else np.full(n // 2 + 1, np.nan)
    frequency = np.arange(n // 2 + 1) / (n * _BIN_S)
    kept = frequency <= up_to_hz + 1e-9
    return pd.DataFrame({"frequency_hz": frequency[kept], "amplitude": mean[kept]})


def _amplitudes(spikes: SpikeTrains, weights: Array, start_s: float, n: int) -> Array | None:
    a, b = np.searchsorted(spikes.times_s, [start_s - 1e-9, start_s + n * _BIN_S - 1e-9])
    if a == b:
        return None
    place = np.floor((spikes.times_s[a:b] - start_s) / _BIN_S + 1e-6).astype(np.int64)
    place = np.clip(place, 0, n - 1)
    signal = np.bincount(place, weights=weights[spikes.ids[a:b]], minlength=n) / (b - a)
    return np.abs(np.fft.rfft(signal)) / n
