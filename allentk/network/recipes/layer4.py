"""The layer 4 model of mouse visual cortex, whole or a small part of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.network.building import connect
from allentk.network.degrees import Pairs
from allentk.network.edge_values import EdgeValue, LikeToLike, PairBlock, UniformCount
from allentk.network.keys import check_seed
from allentk.network.lgn_layer4 import layer4_lgn
from allentk.network.network import AnyProjection, Network
from allentk.network.population import Population
from allentk.network.recipes.layer4_cells import Cells, layer4_models
from allentk.network.recipes.layer4_degrees import check_variant
from allentk.network.recipes.layer4_fields import lgn_inputs
from allentk.network.recipes.layer4_numbers import (
    BACKGROUND,
    DELAY_S,
    FIELDS,
    INT_FIRE,
    KINDS,
    LGN,
    N_SYNAPSES,
    POINT_STRENGTH,
    SEEDS,
    SYNAPSES,
    VARIANTS,
    WAVES,
    WEIGHTS_L_SIGMA_DEG,
    Kind,
)
from allentk.network.recipes.layer4_populations import Part, layer4_populations
from allentk.network.recipes.travelling_waves import TravellingWaves
from allentk.network.rules import Rule

__all__ = ["layer4"]

Variant = Literal["LL", "LR", "RL", "RR"]
ScaleRule = Literal["radius", "density"]
Array = NDArray[np.float64]

#: What a spike of the source does, by the name of its row in the table of weights.
_SIGN = {"lgn": 1, "exc": 1, "waves": 1, "inh": -1}


def layer4(
    scale: float = 0.02,
    variant: Variant = "LL",
    instance: Literal[1, 2, 3] = 1,
    *,
    rule: ScaleRule = "radius",
    cells: Cells | None = None,
    strength: Mapping[tuple[str, str], float] | None = None,
    seed: int | None = None,
) -> Network:
    """Build the layer 4 model: 45,000 cells at full scale, thalamus, and the rest of the brain.

    Five populations of the core (Scnn1a, Rorb, Nr5a1 excite, PV1 and PV2 inhibit) stand in the middle of a
    cylinder, integrate-and-fire cells (LIF_exc, LIF_inh) around them.

    Parameters
    ----------
    scale : float
        Share of the cells, 0.001 to 1.
    variant : {"LL", "LR", "RL", "RR"}
        Whether connections (first letter) and weights (second) are like to like by orientation, or random.
    instance : {1, 2, 3}
        Which of the three published seeds is taken, where `seed` is not given.
    rule : {"radius", "density"}
        How a part is cut out: a cylinder of smaller radius with the same density and chances of connection,
        or the whole cylinder with fewer cells everywhere, as the authors' own small test is.
    cells : "glif", path, or mapping of str to models, optional
        Models of the core. By default published GLIF models (``layer4_numbers.GLIF``); a folder with the
        fits and SWC files of the published model (those of BMTK's ``bio_components``) makes it the true,
        biophysical one; a mapping gives models by population, fitted ones for example, and leaves the
        others as by default. Several models of a population get equal shares of it.
    strength : mapping of (str, str) to float, optional
        Factors on published weights, by source (``"lgn"``, ``"exc"``, ``"inh"`` or ``"waves"``) and target
        (``"exc"`` or ``"inh"``); 1 where nothing is said. By default ``layer4_numbers.POINT_STRENGTH`` for
        a core of point cells, and none for a biophysical one; ``{}`` leaves all weights as published.
    seed : int, optional
        Draws everything that is random.

    Returns
    -------
    Network
        With the virtual populations ``"LGN"`` (9,000 filters) and ``"background"`` (3,000 sources).

    Raises
    ------
    DataError
        On an unknown variant, instance or rule, a scale or strength out of range, or cells that do not fit.

    Notes
    -----
    Conductances and jumps are those of the published file of weights, ``example_1``; those of the four
    systems of the paper were never published, so that variants differ in what the letters say and in
    nothing else. Random numbers are our own: an instance is not the authors', cell by cell.

    A point cell takes jumps of the voltage. Those of the LIF cells are the published ones, in thresholds;
    any other is given the jumps of the LIF cell of its class, times its threshold over rest and times the
    LIF cell's time constant over its own: a train of spikes then moves the mean voltage by the same share
    of the threshold.

    The visual field is in its linear degrees. Of excitatory cells, the ON subfield lies ahead in the
    preferred direction, and filters are drawn from those in a subfield, as in the published program
    (``SI_2/generate_inputs_functions.py``).

    With the published weights and a core of point cells, cells that inhibit fire at 17 to 49 Hz on a gray
    screen, and those that excite not at all (measured at a scale of 0.02); with ``POINT_STRENGTH``, our
    own, at 8 to 16 Hz and, LIF_exc, 1.3 Hz.

    In a part of small radius most cells lie near the border and have fewer connections; see
    ``compare_with_full_scale``.

    References
    ----------
    Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535.

    Examples
    --------
    >>> from allentk.network import recipes
    >>> recipes.layer4(scale=0.002)
    <Network: 90 cells in 7 populations, 12000 virtual nodes, 6172 edges>
    """
    seed = _checked_seed(variant, instance, seed)
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4)]
    made = layer4_populations(Part.of(scale, rule), layer4_models(cells), streams[0])
    filters, nodes = layer4_lgn(seed=seed)
    lgn, waves = Population(LGN, (), nodes, filters), _waves(streams[1], seed)
    if strength is None:
        strength = {} if any(p.compartmental for p in made.values()) else POINT_STRENGTH
    wiring = _Wiring(seed, _checked_strength(strength))
    joins = [
        *_recurrent(made, variant, wiring),
        *_afferent(lgn, made, streams[2], wiring),
        *_background(waves, made, streams[3], wiring),
    ]
    return Network(
        (*made.values(), lgn, waves),
        tuple(joins),
        name=f"layer 4 {variant}, instance {instance}, scale {scale:g} by {rule}, seed {seed}",
    )


def _checked_seed(variant: str, instance: int, seed: int | None) -> int:
    check_variant(variant)
    if instance not in SEEDS:
        raise DataError(f"layer4: instance must be 1, 2 or 3, got {instance!r}")
    return check_seed("layer4", SEEDS[instance] if seed is None else seed)


def _waves(rng: np.random.Generator, seed: int) -> Population:
    n, half = BACKGROUND.n, BACKGROUND.side_um / 2
    source = TravellingWaves(
        x_um=rng.uniform(-half, half, n),
        y_um=rng.uniform(-half, half, n),
        rate_hz=rng.uniform(*BACKGROUND.rate_hz, n),
        up_s=BACKGROUND.up_s,
        between_s=BACKGROUND.between_s,
        length_um=BACKGROUND.length_um,
        seed=seed,
    )
    return Population(WAVES, (), source.nodes(), source)


def _checked_strength(strength: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    for pair, factor in strength.items():
        if pair not in {(source, target) for source in _SIGN for target in ("exc", "inh")}:
            raise DataError(
                f"layer4: strength is told by a source, one of {', '.join(_SIGN)}, and a target, exc or "
                f"inh; got {pair!r}"
            )
        if not 0 <= factor < math.inf:
            raise DataError(f"layer4: strength of {pair} must be 0 or more, got {factor!r}")
    return dict(strength)


def _recurrent(
    cells: dict[str, Population], variant: str, wiring: _Wiring
) -> Iterator[AnyProjection]:
    chances, like_to_like = VARIANTS[variant]
    for post in KINDS:
        for pre in KINDS:
            yield wiring.join(
                cells[pre.name],
                cells[post.name],
                post,
                chances[pre.excitatory, post.excitatory],
                "exc" if pre.excitatory else "inh",
                UniformCount(*N_SYNAPSES),
                like_to_like=like_to_like and pre.excitatory and post.excitatory,
            )


def _afferent(
    lgn: Population, cells: dict[str, Population], rng: np.random.Generator, wiring: _Wiring
) -> Iterator[AnyProjection]:
    for kind in KINDS:
        pairs = Pairs(*lgn_inputs(lgn, cells[kind.name], kind.excitatory, rng))
        yield wiring.join(lgn, cells[kind.name], kind, pairs, "lgn", FIELDS.n_synapses)


def _background(
    waves: Population, cells: dict[str, Population], rng: np.random.Generator, wiring: _Wiring
) -> Iterator[AnyProjection]:
    """Let every cell listen to some of the sources around it."""
    here = waves.nodes[["x_um", "y_um"]].to_numpy(float)
    counts, chances = np.array(BACKGROUND.n_synapses).T
    low, high = BACKGROUND.sources
    for kind in KINDS:
        sources, targets = [], []
        for node, place in enumerate(cells[kind.name].nodes[["x_um", "y_um"]].to_numpy(float)):
            near = np.flatnonzero(np.hypot(*(here - place).T) <= BACKGROUND.reach_um)
            n = min(int(rng.integers(low, high + 1)), near.size)
            sources.append(rng.choice(near, n, replace=False))
            targets.append(np.full(n, node))
        pre, post = np.concatenate(sources), np.concatenate(targets)
        synapses = rng.choice(counts.astype(int), pre.size, p=chances)
        yield wiring.join(waves, cells[kind.name], kind, Pairs(pre, post, synapses), "waves")


@dataclass(frozen=True, slots=True)
class _Wiring:
    """Connects populations with the published weights, times a strength."""

    seed: int
    strength: dict[tuple[str, str], float]

    def join(
        self,
        source: Population,
        target: Population,
        kind: Kind,
        rule: Rule,
        row: str,
        n_synapses: int | UniformCount = 1,
        *,
        like_to_like: bool = False,
    ) -> AnyProjection:
        """Connect two populations; a point cell gets jumps, one with compartments conductances."""
        factor = self.strength.get((row, "exc" if kind.excitatory else "inh"), 1.0)
        if target.compartmental:
            weight = factor * float(getattr(kind.weights, row))
            return connect(
                source,
                target,
                rule,
                synapse=SYNAPSES[row, kind.excitatory],
                weights_us=LikeToLike(weight, WEIGHTS_L_SIGMA_DEG) if like_to_like else weight,
                delays_s=DELAY_S,
                n_synapses=n_synapses,
                seed=self.seed,
            )
        return connect(
            source,
            target,
            rule,
            synapse=_SIGN[row],
            weights_mv=_jumps(target, kind, row, factor, like_to_like),
            delays_s=DELAY_S,
            n_synapses=n_synapses,
            seed=self.seed,
        )


def _jumps(
    target: Population, kind: Kind, row: str, factor: float, like_to_like: bool
) -> float | EdgeValue:
    """Return the jumps of point cells: those of the LIF cell of the class, on the scale of each model."""
    lif = next(k for k in KINDS if not k.core and k.excitatory == kind.excitatory)
    like = INT_FIRE[kind.excitatory]
    jump = factor * _SIGN[row] * float(getattr(lif.weights, row))
    scales = np.array([m.th_inf_mv * like.tau_m_s / m.tau_m_s for m in target.point_models])
    if scales.size == 1 and not like_to_like:
        return jump * float(scales[0])
    of_node = scales[target.nodes["model"].to_numpy()]

    def of_pairs(pairs: PairBlock) -> Array:
        tuned = LikeToLike(jump, WEIGHTS_L_SIGMA_DEG)(pairs) if like_to_like else jump
        jumps: Array = of_node[pairs.targets] * tuned
        return jumps

    return of_pairs
