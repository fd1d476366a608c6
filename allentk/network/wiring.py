"""Projections whose weights are relative to the cell that receives them.

A weight is given in thresholds per Hz: how far a train of 1 Hz moves the mean voltage, as a share of the
way from rest to the threshold. The inputs of one kind to a cell are scaled to a given sum, so that a cell
fires alike whatever its model, and wherever in the patch it lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.network.mean_field import Membranes, ShotNoise
from allentk.network.patch_pairs import connect, delays_s, like_to_like, lognormal
from allentk.network.population import Population
from allentk.network.projection import Projection, Receptor
from allentk.network.receptive_fields import Fields

__all__ = ["Afferent", "Recurrent", "afferent", "recurrent"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrent:
    """How one population is connected to another, or to itself.

    Parameters
    ----------
    peak, sigma_um, tuning_ratio
        Probability of a connection; see ``patch_pairs.probability``.
    tuning_sigma_deg : float, optional
        Weights fall off with the orientation difference; see ``patch_pairs.like_to_like``.
    strength : float
        Sum of the weights of a cell, thresholds per Hz.
    spread : float
        Lognormal spread of the weights: deviation of their logarithm.
    fewest : int
        A cell with fewer inputs than this gets a smaller sum, not ever larger weights.
    synapse_s, speed_um_per_s : float
        Delay; see ``patch_pairs.delays_s``.
    receptor : Receptor
        Time course and sign.
    """

    peak: float
    sigma_um: float
    tuning_ratio: float = 1.0
    tuning_sigma_deg: float | None = None
    strength: float
    spread: float = 0.4
    fewest: int = 8
    synapse_s: float
    speed_um_per_s: float = 0.3e6
    receptor: Receptor


@dataclass(frozen=True, slots=True, kw_only=True)
class Afferent:
    """Input from the LGN: sum of the weights (thresholds per Hz), its spread over cells, and the delay."""

    strength: float
    spread: float
    delay_s: float
    receptor: Receptor


def recurrent(
    source: Population,
    target: Population,
    rule: Recurrent,
    cells: Membranes,
    rate_hz: float,
    seed: np.random.SeedSequence,
) -> tuple[Projection, ShotNoise]:
    """Connect two populations at random.

    Parameters
    ----------
    rule : Recurrent
        How.
    cells : Membranes
        Of the target population.
    rate_hz : float
        Mean rate of the source, for the noise.
    seed : SeedSequence
        Draws pairs and weights.

    Returns
    -------
    projection : Projection
        The connections.
    noise : ShotNoise
        What they do to the voltage of every target at that rate.
    """
    pairs, draws = seed.spawn(2)
    edges = connect(
        source,
        target,
        peak=rule.peak,
        sigma_um=rule.sigma_um,
        tuning_ratio=rule.tuning_ratio,
        seed=pairs,
    )
    n = len(target)
    weights = lognormal(len(edges), sigma=rule.spread, rng=np.random.default_rng(draws))
    if rule.tuning_sigma_deg is not None:
        weights *= like_to_like(edges.tuning_difference_deg, sigma_deg=rule.tuning_sigma_deg)
    total = np.bincount(edges.targets, weights, minlength=n)
    count = np.bincount(edges.targets, minlength=n)
    wanted = rule.strength * np.minimum(count / rule.fewest, 1.0)
    scale = np.divide(wanted, total, out=np.zeros(n), where=total > 0)
    weights *= scale[edges.targets]
    projection = Projection.from_edges(
        source.name,
        target.name,
        edges.sources,
        edges.targets,
        weights * cells.unit_weight_pa(rule.receptor)[edges.targets],
        delays_s(edges, synapse_s=rule.synapse_s, speed_um_per_s=rule.speed_um_per_s),
        rule.receptor,
        n_targets=n,
    )
    rates = np.full(len(edges), rate_hz)
    return projection, _noise(cells, rule.receptor, edges.targets, weights, rates)


def afferent(
    lgn: Population,
    target: Population,
    fields: Fields,
    rule: Afferent,
    cells: Membranes,
    rates_hz: Array,
    rng: np.random.Generator,
) -> tuple[Projection, ShotNoise]:
    """Connect LGN cells to the cells in whose receptive fields they are.

    Parameters
    ----------
    fields : Fields
        Pairs, and the share of each in a cell's input.
    rates_hz : ndarray, shape (n_lgn,)
        Spontaneous rates of the LGN cells, for the noise.
    rng : Generator
        Draws how strong each cell's input is.

    Returns
    -------
    projection : Projection
        The connections.
    noise : ShotNoise
        What they do to the voltage of every target on a gray screen.
    """
    sums = rule.strength * lognormal(len(target), sigma=rule.spread, rng=rng)
    weights = sums[fields.targets] * fields.shares
    projection = Projection.from_edges(
        lgn.name,
        target.name,
        fields.sources,
        fields.targets,
        weights * cells.unit_weight_pa(rule.receptor)[fields.targets],
        rule.delay_s,
        rule.receptor,
        n_targets=len(target),
    )
    rates = rates_hz[fields.sources]
    return projection, _noise(cells, rule.receptor, fields.targets, weights, rates)


def _noise(
    cells: Membranes,
    receptor: Receptor,
    targets: NDArray[np.int64],
    weights: Array,
    rates_hz: Array,
) -> ShotNoise:
    """Sum over the edges of every target: means go with the weight, variances with its square."""
    n = cells.tau_s.size
    unit = ShotNoise.of(cells, receptor, cells.unit_weight_pa(receptor))
    first = np.bincount(targets, weights * rates_hz, minlength=n)
    second = np.bincount(targets, weights**2 * rates_hz, minlength=n)
    return ShotNoise(unit.mean * first, unit.variance * second, unit.slope * second)
