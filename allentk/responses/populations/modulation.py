"""F1 and F0: how much a response follows the cycles of a grating, in rates and in currents."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains
from allentk.errors import DataError
from allentk.responses.populations.inputs import intervals_of, per_cell, spikes_of

__all__ = ["cycle_average", "f1_f0", "f1_f0_of_current", "sine_fit"]

Array = NDArray[np.float64]


def _whole_cycles(intervals: Array, frequency_hz: float, what: str) -> tuple[Array, float]:
    """Cut intervals to whole cycles; return them and the time that they last together."""
    if not 0 < frequency_hz < np.inf:
        raise DataError(f"{what}: the frequency must be positive, got {frequency_hz} Hz")
    cycles = np.floor(np.diff(intervals, axis=1).ravel() * frequency_hz + 1e-6)
    if not cycles.size or (cycles < 1).any():
        raise DataError(
            f"{what}: every trial must last a cycle of {frequency_hz:g} Hz or more, got "
            f"{np.diff(intervals, axis=1).ravel()[:4]} s"
        )
    lasting = cycles / frequency_hz
    return np.column_stack([intervals[:, 0], intervals[:, 0] + lasting]), float(lasting.sum())


def f1_f0(
    responses: SpikeTrains | NetworkResponse,
    intervals_s: ArrayLike,
    frequency_hz: float,
    *,
    population: str | None = None,
) -> pd.DataFrame:
    """Return the modulation of every cell's rate at the frequency of a grating.

    Parameters
    ----------
    responses : SpikeTrains or NetworkResponse
        Recorded or simulated spikes.
    intervals_s : array_like, shape (n_trials, 2)
        Trials of one grating, in seconds; cut to whole cycles. Phase is counted from each start.
    frequency_hz : float
        Temporal frequency in Hz.
    population : str, optional
        Population of a network.

    Returns
    -------
    DataFrame
        ``cell``, ``f0_hz`` = spikes / time, ``f1_hz`` = ``2 / time * abs(sum exp(-2 pi i f t))`` over the
        spikes t of all trials (the amplitude of the mean cycle's sine), ``f1_f0`` (1 for a rate
        ``r (1 + sin)``, up to 2) and ``phase_deg``, that of a sine. NaN for a silent cell.

    Raises
    ------
    DataError
        Where a trial lasts less than a cycle.

    References
    ----------
    Skottun et al. 1991, Vision Research 31:1079; Arkhipov et al. 2018, PLoS Computational Biology
    14:e1006535.

    Examples
    --------
    >>> locked = SpikeTrains([0.125, 0.625], [0, 0], 1)
    >>> f1_f0(locked, [[0.0, 1.0]], 2.0).round(6).iloc[0].tolist()
    [0.0, 2.0, 4.0, 2.0, 0.0]
    """
    spikes = spikes_of(responses, "f1_f0", population)
    intervals = intervals_of(intervals_s, "f1_f0")
    intervals, time = _whole_cycles(intervals, frequency_hz, "f1_f0")
    total = np.zeros(spikes.n_cells, dtype=complex)
    n = np.zeros(spikes.n_cells)
    for start, stop in intervals:
        a, b = np.searchsorted(spikes.times_s, [start - 1e-9, stop - 1e-9])
        turn = np.exp(-2j * np.pi * frequency_hz * (spikes.times_s[a:b] - start))
        ids = spikes.ids[a:b]
        size = spikes.n_cells
        total += np.bincount(ids, turn.real, size) + 1j * np.bincount(ids, turn.imag, size)
        n += np.bincount(ids, minlength=size)
    f0, f1 = n / time, 2 * np.abs(total) / time
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(n > 0, f1 / f0, np.nan)
    # sin(x + p) = cos(x + p - 90 degrees)
    phase = np.where(n > 0, (np.rad2deg(np.angle(total)) + 90) % 360, np.nan)
    cells = np.arange(spikes.n_cells)
    columns = {"cell": cells, "f0_hz": f0, "f1_hz": f1, "f1_f0": ratio, "phase_deg": phase}
    return pd.DataFrame(columns)


def cycle_average(
    time_s: ArrayLike,
    values: ArrayLike,
    intervals_s: ArrayLike,
    frequency_hz: float,
    *,
    n_bins: int = 50,
) -> Array:
    """Average a recorded course over the cycles of a grating.

    Parameters
    ----------
    time_s : array_like, shape (n_times,)
        Time in seconds.
    values : array_like, shape (n_times,) or (n_times, n_cells)
        Such as synaptic currents; the average has their unit.
    intervals_s : array_like, shape (n_trials, 2)
        Trials of one grating in seconds; cut to whole cycles.
    frequency_hz : float
        Temporal frequency in Hz.
    n_bins : int
        Bins of a cycle.

    Returns
    -------
    ndarray, shape (n_bins,) or (n_bins, n_cells)

    Raises
    ------
    DataError
        Where a bin holds no sample, a trial lasts less than a cycle, there is no bin, or lengths differ.

    Examples
    --------
    >>> t = np.arange(1000) * 0.001
    >>> cycle_average(t, np.sin(2 * np.pi * 2 * t), [[0, 1]], 2.0, n_bins=4).round(1).tolist()
    [0.6, 0.6, -0.6, -0.6]
    """
    time, course = np.asarray(time_s, dtype=float), np.asarray(values, dtype=float)
    if n_bins < 1 or course.shape[:1] != time.shape:
        raise DataError(
            f"cycle_average: expected one value per time, and a bin or more, got times of shape "
            f"{time.shape}, values of shape {course.shape} and {n_bins} bins"
        )
    intervals = intervals_of(intervals_s, "cycle_average")
    intervals, _ = _whole_cycles(intervals, frequency_hz, "cycle_average")
    total, n = np.zeros((n_bins, *course.shape[1:])), np.zeros(n_bins)
    for start, stop in intervals:
        inside = (time >= start - 1e-9) & (time < stop - 1e-9)
        turn = ((time[inside] - start) * frequency_hz + 1e-9) % 1.0
        place = np.minimum((turn * n_bins).astype(np.int64), n_bins - 1)
        np.add.at(total, place, course[inside])
        n += np.bincount(place, minlength=n_bins)
    if not n.all():
        raise DataError(
            f"cycle_average: {int((n == 0).sum())} of {n_bins} bins of the cycle hold no sample; choose "
            f"fewer bins"
        )
    return np.asarray(total / n.reshape(-1, *[1] * (course.ndim - 1)))


def sine_fit(cycle: ArrayLike) -> tuple[Array, Array, Array]:
    """Fit ``mean + amplitude sin(x + phase)`` to a cycle by least squares.

    Parameters
    ----------
    cycle : array_like, shape (n_bins,) or (n_bins, n_cells)
        Average cycle in bins of one length, three or more; x is taken at their middles.

    Returns
    -------
    mean, amplitude, phase_deg : ndarray
        Scalars or one per cell; mean and amplitude in the unit of `cycle`, the phase in degrees.

    Raises
    ------
    DataError
        For fewer than three bins.

    Examples
    --------
    >>> x = (np.arange(8) + 0.5) / 8 * 2 * np.pi
    >>> [round(float(v), 6) for v in sine_fit(3 + 2 * np.sin(x + np.pi / 6))]
    [3.0, 2.0, 30.0]
    """
    y = np.asarray(cycle, dtype=float)
    n = y.shape[0]
    if n < 3:
        raise DataError(f"sine_fit: a sine has three numbers, got {n} bins")
    # On bins of one length the sine, the cosine and 1 are orthogonal: least squares is one product.
    x = (np.arange(n) + 0.5) / n * 2 * np.pi
    c = 2 / n * np.tensordot(np.exp(-1j * x), y, axes=(0, 0))
    return y.mean(axis=0), np.abs(c), (np.rad2deg(np.angle(c)) + 90) % 360


def f1_f0_of_current(
    current_pa: pd.DataFrame,
    intervals_s: ArrayLike,
    frequency_hz: float,
    *,
    baseline_pa: ArrayLike = 0.0,
    n_bins: int = 50,
) -> pd.DataFrame:
    """Return the modulation of synaptic currents at the frequency of a grating.

    Parameters
    ----------
    current_pa : DataFrame
        Currents in pA, one column per cell, indexed by ``time_s``, as
        ``NetworkResponse.synaptic_current_pa`` has them.
    intervals_s, frequency_hz, n_bins
        As of ``cycle_average``.
    baseline_pa : float or array_like, shape (n_cells,)
        Current without input, subtracted from F0.

    Returns
    -------
    DataFrame
        ``cell``, ``f0_pa`` = abs(mean - baseline), ``f1_pa`` = 2 * amplitude of the sine fitted to the
        cycle average (peak to peak, as the layer 4 paper has it), ``f1_f0`` and ``phase_deg``.

    Raises
    ------
    DataError
        As of ``cycle_average``, and for as many baselines as neither one nor the cells.

    References
    ----------
    Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (i_amplification_process_LGN_crt.py).

    Examples
    --------
    >>> t = np.arange(1000) * 0.001
    >>> current = pd.DataFrame({7: -10 - 4 * np.sin(2 * np.pi * 2 * t)}, index=t)
    >>> f1_f0_of_current(current, [[0, 1]], 2.0)[["cell", "f0_pa", "f1_pa"]].round(2).iloc[0].tolist()
    [7.0, 10.0, 7.99]
    """
    time = current_pa.index.to_numpy(dtype=float)
    values = current_pa.to_numpy(dtype=float)
    cycle = cycle_average(time, values, intervals_s, frequency_hz, n_bins=n_bins)
    mean, amplitude, phase = sine_fit(cycle)
    f0 = np.abs(mean - per_cell(baseline_pa, mean.size, "f1_f0_of_current: baseline_pa"))
    f1 = 2 * amplitude
    ratio = np.divide(f1, f0, out=np.full(f0.shape, np.nan), where=f0 > 0)
    columns = {"f0_pa": f0, "f1_pa": f1, "f1_f0": ratio, "phase_deg": phase}
    return pd.DataFrame({"cell": current_pa.columns.to_numpy(), **columns})
