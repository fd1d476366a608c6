"""Projections whose weights are relative to the cell that receives them.

A weight is given in thresholds per Hz: how far a train of 1 Hz moves the mean voltage, as a share of the
way from rest to the threshold. The inputs of one kind to a cell are scaled to a given sum, so that a cell
fires alike whatever its model, and wherever in the patch it lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.network.building import connect
from allentk.network.edge_values import Conduction, LikeToLike, LogNormal, PairBlock
from allentk.network.mean_field import Membranes, ShotNoise
from allentk.network.population import Population
from allentk.network.projection import Projection, Receptor
from allentk.network.receptive_fields import Fields
from allentk.network.rules import Rule

__all__ = ["Afferent", "Recurrent", "afferent", "recurrent"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrent:
    """How one population is connected to another, or to itself.

    Parameters
    ----------
    chance : Rule
        Who is connected.
    like_to_like : LikeToLike, optional
        How weights fall off with the difference in tuning; its peak does not matter.
    strength : float
        Sum of the weights of a cell, thresholds per Hz.
    spread : float
        Lognormal spread of the weights: deviation of their logarithm.
    fewest : int
        A cell with fewer inputs than this gets a smaller sum, not ever larger weights.
    delays_s : Conduction
        Delay of the synapse and of the way to it.
    receptor : Receptor
        Time course and sign.
    """

    chance: Rule
    like_to_like: LikeToLike | None = None
    strength: float
    spread: float = 0.4
    fewest: int = 8
    delays_s: Conduction
    receptor: Receptor


@dataclass(frozen=True, slots=True, kw_only=True)
class Afferent:
    """Input from the LGN: sum of the weights (thresholds per Hz), its spread over cells, and the delay."""

    strength: float
    spread: float
    delay_s: float
    receptor: Receptor


@dataclass(frozen=True, slots=True, eq=False)
class _Scaled:
    """Weights of edges in pA, scaled to the sum that a rule gives every cell; `unit_pa` is that of 1."""

    rule: Recurrent
    unit_pa: Array

    def __call__(self, pairs: PairBlock) -> Array:
        weights = LogNormal(1.0, self.rule.spread)(pairs)
        if self.rule.like_to_like is not None:
            weights *= self.rule.like_to_like(pairs)
        place, n = pairs.targets - pairs.first, pairs.counts.size
        total = np.bincount(place, weights, minlength=n)
        wanted = self.rule.strength * np.minimum(pairs.counts / self.rule.fewest, 1.0)
        wanted *= self.unit_pa[pairs.first : pairs.first + n]
        scale = np.divide(wanted, total, out=np.zeros(n), where=total > 0)
        scaled: Array = weights * scale[place]
        return scaled


def recurrent(
    source: Population,
    target: Population,
    rule: Recurrent,
    cells: Membranes,
    rate_hz: float,
    seed: int,
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
    seed : int
        With the names of the populations, draws pairs and weights.

    Returns
    -------
    projection : Projection
        The connections.
    noise : ShotNoise
        What they do to the voltage of every target at that rate.
    """
    projection = connect(
        source,
        target,
        rule.chance,
        synapse=rule.receptor,
        weights_pa=_Scaled(rule, cells.unit_weight_pa(rule.receptor)),
        delays_s=rule.delays_s,
        seed=seed,
    )
    return projection, _noise(cells, projection, np.full(len(source), rate_hz))


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
    n = len(target)
    sums = rule.strength * rng.lognormal(-0.5 * rule.spread**2, rule.spread, n)
    sums *= cells.unit_weight_pa(rule.receptor)
    projection = Projection.from_edges(
        lgn.name,
        target.name,
        fields.sources,
        fields.targets,
        sums[fields.targets] * fields.shares,
        rule.delay_s,
        rule.receptor,
        n_targets=n,
    )
    return projection, _noise(cells, projection, rates_hz)


def _noise(cells: Membranes, edges: Projection, rates_hz: Array) -> ShotNoise:
    """Sum over the edges of every target: means go with the weight, variances with its square."""
    n = edges.n_targets
    unit = ShotNoise.of(cells, edges.receptor, np.ones(n))
    weights, rates, targets = edges.weights_pa.astype(float), rates_hz[edges.sources], edges.targets
    first = np.bincount(targets, weights * rates, minlength=n)
    second = np.bincount(targets, weights**2 * rates, minlength=n)
    return ShotNoise(unit.mean * first, unit.variance * second, unit.slope * second)
