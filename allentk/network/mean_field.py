"""How much background a GLIF cell needs to fire at a given rate, in closed form.

Many small synaptic currents make the voltage a smooth Gaussian process. Where firing is rare, its rate is
that of the upward crossings of the threshold (Rice), ``f exp(-(T - m)^2 / 2 s^2)`` with
``f = s' / (2 pi s)``: m and s are mean and standard deviation of the voltage, s' that of its slope.
A membrane that is slow against the rate wanted of it is still recovering when it fires again: it takes
the mean first passage time of the diffusion (Siegert).

References
----------
Rice 1944, Bell System Technical Journal 23:282; for spiking neurons: Badel 2011, Physical Review E
84:041919. Siegert 1951, Physical Review 81:617; Brunel 2000, Journal of Computational Neuroscience 8:183.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import erfcx

from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network.projection import Receptor

__all__ = ["Membranes", "ShotNoise", "background_rates_hz", "background_weights"]

#: Rates are kept below this share of the rate of crossings at the threshold itself.
HIGHEST_SHARE = 0.7

#: Firing is rare where a cell spends less than this share of the time recovering.
RARE = 0.3

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Membranes:
    """Numbers of many cells, arrays of shape ``(n,)``: what the closed forms need of a GLIF."""

    R_mohm: Array
    tau_s: Array
    threshold_mv: Array
    asc_charge_pc: Array
    th_spike_mv_s: Array
    th_voltage: Array
    dead_s: Array

    @classmethod
    def of(cls, models: Sequence[GLIFParameters], index: NDArray[np.int64]) -> Membranes:
        """Return the numbers of the cells that have the models of these indices."""
        rows = pd.DataFrame([_numbers(model) for model in models])
        columns = (rows[name].to_numpy(float)[index] for name in rows)
        return cls(*columns)

    def unit_weight_pa(self, receptor: Receptor) -> Array:
        """Return the peak current whose trains of 1 Hz depolarise a cell to its threshold.

        A weight of x times this, at r Hz, moves the mean voltage by x r thresholds: weights in this unit
        mean the same to every cell.
        """
        rheobase = self.threshold_mv / self.R_mohm * 1e3
        return receptor.sign * rheobase / receptor.charge_per_peak_s


def _numbers(model: GLIFParameters) -> dict[str, float]:
    b_s, b_v = model.th_spike_b_per_s, model.th_voltage_b_per_s
    return {
        "R_mohm": model.R_mohm,
        "tau_s": model.tau_m_s,
        "threshold_mv": model.th_inf_mv,
        "asc_charge_pc": sum(
            amp * tau for amp, tau in zip(model.asc_amp_pa, model.asc_tau_s, strict=True)
        ),
        "th_spike_mv_s": model.th_spike_a_mv / b_s if b_s > 0 else 0.0,
        # How far the threshold follows a steady voltage; a full share could never be crossed.
        "th_voltage": min(model.th_voltage_a_per_s / b_v, 0.8) if b_v > 0 else 0.0,
        "dead_s": model.t_ref_s + model.tau_m_s,
    }


@dataclass(frozen=True, slots=True)
class ShotNoise:
    """Mean (mV), variance (mV2) and variance of the slope (mV2/s2) of the voltage, shape ``(n,)``."""

    mean: Array
    variance: Array
    slope: Array

    @classmethod
    def of(cls, cells: Membranes, receptor: Receptor, weights_pa: Array) -> ShotNoise:
        """Return those of Poisson alpha currents at 1 Hz; they grow in proportion to the rate.

        Raises
        ------
        DataError
            On a receptor with two currents, whose noise is not known in closed form here.
        """
        if len(receptor.parts) > 1:
            raise DataError(f"{receptor!r}: expected one alpha current; leave out the slower one")
        area = cells.R_mohm * 1e-3 * weights_pa * receptor.charge_per_peak_s
        tau, other = cells.tau_s, receptor.tau_s
        squared = area**2 / (tau + other) ** 2
        return cls(area, squared * (2 * tau + other) / 4, squared / (4 * other))

    @classmethod
    def total(cls, parts: Sequence[ShotNoise]) -> ShotNoise:
        """Return those of independent inputs together."""
        return cls(
            np.sum([part.mean for part in parts], axis=0),
            np.sum([part.variance for part in parts], axis=0),
            np.sum([part.slope for part in parts], axis=0),
        )

    def __mul__(self, factor: Array | float) -> ShotNoise:
        return ShotNoise(self.mean * factor, self.variance * factor, self.slope * factor)

    def weighted(self, factor: Array) -> ShotNoise:
        """Return those of weights that are this many times as large."""
        squared = factor**2
        return ShotNoise(self.mean * factor, self.variance * squared, self.slope * squared)


def _lacking_mv(cells: Membranes, noise: ShotNoise, rates_hz: Array) -> Array:
    """Return by how much the mean voltage is below what the rates ask for."""
    deviation = np.sqrt(noise.variance)
    peak = np.sqrt(noise.slope) / (2 * math.pi * deviation)
    # Crossings are counted in the time a cell is ready, after it has recovered from its last spike.
    ready = rates_hz / np.maximum(1.0 - rates_hz * cells.dead_s, 0.2)
    ready = np.minimum(ready, HIGHEST_SHARE * peak)
    raised = cells.threshold_mv + cells.th_spike_mv_s * rates_hz
    after = cells.R_mohm * 1e-3 * cells.asc_charge_pc * rates_hz
    wanted = (raised - deviation * np.sqrt(2 * np.log(peak / ready))) / (1.0 - cells.th_voltage)
    lacking: Array = wanted - (noise.mean + after)
    return lacking


def _passage_rate_hz(cells: Membranes, noise: ShotNoise, rates_hz: Array) -> Array:
    """Return the rate at which a diffusion of this mean and variance passes the threshold."""
    after = cells.R_mohm * 1e-3 * cells.asc_charge_pc * rates_hz
    mean, spread = noise.mean + after, np.sqrt(2 * noise.variance)
    threshold = cells.threshold_mv + cells.th_spike_mv_s * rates_hz + cells.th_voltage * mean
    low, high = -mean / spread, (threshold - mean) / spread
    half = (high - low) / 2
    points = low + half * (_NODES[:, None] + 1)
    # exp(u^2) (1 + erf u), which does not overflow where the threshold is within reach.
    with np.errstate(over="ignore"):
        integral = half * (_WEIGHTS[:, None] * erfcx(-np.clip(points, None, 25.0))).sum(axis=0)
    refractory = cells.dead_s - cells.tau_s
    rate: Array = 1.0 / (refractory + cells.tau_s * math.sqrt(math.pi) * integral)
    return rate


def _fires_less(cells: Membranes, noise: ShotNoise, rates_hz: Array) -> NDArray[np.bool_]:
    """Return whether cells fire less than wanted."""
    rare = rates_hz * cells.dead_s < RARE
    by_crossings = _lacking_mv(cells, noise, rates_hz) > 0
    less: NDArray[np.bool_] = np.where(
        rare, by_crossings, _passage_rate_hz(cells, noise, rates_hz) < rates_hz
    )
    return less


def background_rates_hz(
    cells: Membranes, background: ShotNoise, others: ShotNoise, rates_hz: Array
) -> Array:
    """Return the rate of the background synapses at which every cell fires as wanted.

    Parameters
    ----------
    cells : Membranes
        The cells.
    background : ShotNoise
        Of the background at 1 Hz; it must depolarise.
    others : ShotNoise
        Of everything else, at the rates it has.
    rates_hz : ndarray, shape (n,)
        Wanted, below about 20 Hz; higher ones are cut at what threshold crossings can give.

    Returns
    -------
    ndarray, shape (n,)
        Hz; 0 for a cell that fires more than wanted without any background.
    """
    most = _more_than_needed(cells, background, others)
    return _needed(cells, lambda rate: background * rate, others, rates_hz, most, 1e-6)


def background_weights(
    cells: Membranes, background: ShotNoise, others: ShotNoise, rates_hz: Array
) -> Array:
    """Return the weight of the background synapses at which every cell fires as wanted.

    Parameters
    ----------
    cells : Membranes
        The cells.
    background : ShotNoise
        Of the background at its own rate and a weight of 1; it must depolarise.
    others : ShotNoise
        Of everything else, at the rates it has.
    rates_hz : ndarray, shape (n,)
        Wanted; high ones are cut at what threshold crossings can give.

    Returns
    -------
    ndarray, shape (n,)
        In units of the weight of `background`; 0 for a cell that fires more than wanted without any.
    """
    most = _more_than_needed(cells, background, others)
    return _needed(cells, background.weighted, others, rates_hz, most, 1e-9 * most)


def _more_than_needed(cells: Membranes, background: ShotNoise, others: ShotNoise) -> Array:
    """Return a strength that holds the mean at thrice the threshold against everything else."""
    most: Array = (3 * cells.threshold_mv + np.abs(others.mean)) / background.mean
    return most / (1.0 - cells.th_voltage)


def _needed(
    cells: Membranes,
    background: Callable[[Array], ShotNoise],
    others: ShotNoise,
    rates_hz: Array,
    most: Array,
    least: Array | float,
) -> Array:
    """Return the strength of the background, up to `most`, for the rates; 0 where `least` is too much."""
    low, high = np.zeros_like(rates_hz), most
    for _ in range(60):
        middle = (low + high) / 2
        noise = ShotNoise.total([others, background(middle)])
        short = _fires_less(cells, noise, rates_hz)
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    needed: Array = np.where(high < least, 0.0, (low + high) / 2)
    return needed
