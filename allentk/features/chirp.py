"""Impedance over frequency, from the response to a chirp: a sine whose frequency rises."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep, SweepSet
from allentk.data.ontology import protocol
from allentk.errors import AllenTKError, FeatureError

__all__ = ["Impedance", "impedance"]

Array = NDArray[np.float64]

#: Rate to which sweeps are averaged before their spectrum is taken, in Hz.
RATE_HZ = 2000.0
MOHM_PER_GOHM = 1000.0


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Impedance:
    """Response of the membrane to a sine, over its frequency.

    Parameters
    ----------
    frequency_hz : ndarray, shape (n,)
        Frequencies, one over the chirp's duration apart.
    amplitude_mohm : ndarray, shape (n,)
        Amplitude of the voltage over that of the current.
    phase_rad : ndarray, shape (n,)
        Phase of the voltage, -pi to pi; below 0 where it lags behind the current.
    n_sweeps : int
        Sweeps that were averaged.
    failed : dict
        Number of a sweep to the reason why it was left out.
    """

    frequency_hz: Array
    amplitude_mohm: Array
    phase_rad: Array
    n_sweeps: int
    failed: dict[int, str]

    @property
    def vector(self) -> Array:
        """Amplitude in GOhm (mV/pA), then phase in rad: the feature vector, shape ``(2 n,)``."""
        return np.concatenate([self.amplitude_mohm / MOHM_PER_GOHM, self.phase_rad])

    def __repr__(self) -> str:
        first, last = self.frequency_hz[[0, -1]]
        return f"<Impedance: {first:g} to {last:g} Hz, mean of {self.n_sweeps} sweeps>"


def _blocks(values: Array, sweep: Sweep, n_blocks: int) -> Array:
    """Return the chirp, averaged to 2 kHz where the rate is a multiple of that."""
    rate = sweep.sampling_rate_hz
    first = sweep.index(sweep.start_s)
    part = values[first : first + round(n_blocks * rate / RATE_HZ)]
    if part.size < round(n_blocks * rate / RATE_HZ) or not np.isfinite(part).all():
        raise FeatureError(f"{sweep.label}: the recording ends within the chirp; leave it out")
    width = round(rate / RATE_HZ)
    if width < 1 or not math.isclose(width * RATE_HZ, rate, rel_tol=1e-9):
        return part
    mean: Array = part.reshape(n_blocks, width).mean(axis=1)
    return mean


def _duration_blocks(sweep: Sweep) -> int:
    if not sweep.has_window:
        raise FeatureError(f"{sweep.label}: a chirp needs its stimulus window")
    return round((sweep.stop_s - sweep.start_s) * RATE_HZ)


def _spectra(sweep: Sweep, n_blocks: int, bins: slice) -> NDArray[np.complex128]:
    """Return the spectra of voltage and current, shape (2, n), per sample."""
    pair = [_blocks(values, sweep, n_blocks) for values in (sweep.voltage_mv, sweep.current_pa)]
    return np.array([np.fft.rfft(values)[bins] / values.size for values in pair])


def _chosen(sweeps: SweepSet) -> SweepSet:
    """Return the chirps that there are most of: those at one holding voltage."""
    chirps = {
        int(row["number"]): row["stimulus"]
        for row in sweeps.where(clamp="current").table.to_dict("records")
        if "chirp" in (protocol(str(row["stimulus"])), protocol(str(row["code"])))
    }
    if not chirps:
        raise FeatureError(
            f"{sweeps.source or 'recording'}: no chirp; there are "
            f"{sorted(set(sweeps.table['stimulus']))}"
        )
    usual = Counter(chirps.values()).most_common(1)[0][0]
    return sweeps.where(number=lambda number: chirps.get(number) == usual)


def impedance(sweeps: SweepSet, *, min_hz: float = 0.2, max_hz: float = 40.0) -> Impedance:
    """Measure the impedance from the chirps of a recording.

    The spectrum of the mean voltage over that of the mean current, in the stimulus window. Sweeps are
    first averaged in blocks to 2 kHz; those whose rate is no multiple of 2 kHz, such as 12.5 kHz, keep
    their rate: the frequencies are the same, one over the chirp's duration apart.

    Parameters
    ----------
    sweeps : SweepSet
        The recording. Sweeps whose stimulus or code is a chirp count; where several kinds were
        recorded, such as at several holding voltages, the one there is most of.
    min_hz, max_hz : float
        Frequencies from `min_hz` to below `max_hz`.

    Returns
    -------
    Impedance
        796 frequencies for a chirp of 20 s.

    Raises
    ------
    FeatureError
        Where no chirp could be measured, or the chirp has no current at these frequencies.

    Notes
    -----
    A chirp that begins and ends abruptly leaks between neighbouring frequencies: near 0.2 Hz the
    amplitude of a passive membrane comes out about 1 % high. Published frequencies are 0.005 % above
    those given here, which are the ones that the spectrum is taken at.

    Examples
    --------
    >>> t = np.arange(40_000) / 2000
    >>> current = np.sin(2 * np.pi * (0.2 + 1.1 * t) * t)
    >>> ohmic = Sweep(0.1 * current - 70, current, 2000.0, stimulus="Chirp", start_s=0, stop_s=20)
    >>> round(float(impedance(SweepSet([ohmic])).amplitude_mohm[100]), 6)
    100.0
    """
    failed: dict[int, str] = {}
    found: list[tuple[int, NDArray[np.complex128]]] = []
    usual, bins = 0, slice(0)
    for number in _chosen(sweeps).numbers:
        try:
            sweep = sweeps.sweep(number)
            n_blocks = _duration_blocks(sweep)
            if not found:
                usual, bins = n_blocks, _bins(n_blocks, min_hz, max_hz)
            elif n_blocks != usual:
                raise FeatureError(f"{sweep.label}: its chirp is of another length than the first")
            found.append((number, _spectra(sweep, n_blocks, bins)))
        except AllenTKError as error:
            failed[number] = str(error)
    if not found:
        raise FeatureError(f"no chirp could be measured; first: {next(iter(failed.values()))}")
    voltage, current = np.mean([pair for _, pair in found], axis=0)
    if not (np.abs(current) > 0).all():
        raise FeatureError(f"the chirps have no current at some of {min_hz:g} to {max_hz:g} Hz")
    ratio = voltage / current
    frequency = np.arange(bins.start, bins.stop) * (RATE_HZ / usual)
    return Impedance(frequency, np.abs(ratio) * MOHM_PER_GOHM, np.angle(ratio), len(found), failed)


def _bins(n_blocks: int, min_hz: float, max_hz: float) -> slice:
    """Return the frequencies from `min_hz` to below `max_hz`, in units of one over the duration."""
    duration_s = n_blocks / RATE_HZ
    first = max(math.ceil(min_hz * duration_s - 1e-6), 1)
    last = min(math.ceil(max_hz * duration_s - 1e-6), n_blocks // 2)
    if first >= last:
        raise FeatureError(
            f"a chirp of {duration_s:g} s has no frequency from {min_hz:g} to below {max_hz:g} Hz"
        )
    return slice(first, last)
