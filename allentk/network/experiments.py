"""Experiments on a network: each returns a new one, and leaves the old one as it is.

Populations keep their places in the network, so that a source of spikes that is not touched gives the
same spikes before and after, for the same seed of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.models import BiophysicalModel, GLIFParameters
from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.ends import angles_deg, places_um
from allentk.network.inputs import PoissonInput, PoissonSynapses
from allentk.network.jump_projection import JumpProjection
from allentk.network.keys import key_of
from allentk.network.network import AnyProjection, Network
from allentk.network.populating import cell_models
from allentk.network.population import Population
from allentk.network.projection import Projection

__all__ = ["Jumps", "replace_cells", "silence", "silence_recurrent", "without_like_to_like"]

#: What ends at a cell.
Input = AnyProjection | PoissonInput | PoissonSynapses

#: A conductance of this reversal potential or above excites.
_EXCITES_FROM_MV = -40.0


def silence_recurrent(network: Network) -> Network:
    """Cut all connections between cells; input from virtual populations and background stay.

    What cells do with and without them is the amplification by the cortex.

    Examples
    --------
    >>> from allentk.network import recipes
    >>> thalamic = silence_recurrent(recipes.tutorial8())
    >>> [(p.source, p.target) for p in thalamic.projections]
    [('input', 'Scnn1a'), ('input', 'LIF_exc')]
    """
    kept = [p for p in network.projections if network.population(p.source).virtual]
    return replace(
        network, projections=tuple(kept), name=f"{network.name}, recurrent connections cut"
    )


def silence(network: Network, population: str) -> Network:
    """Silence a population: nothing drives its cells, and nothing comes from them.

    Its cells stay in the network, at rest.

    Raises
    ------
    DataError
        Where there is no such population.

    Examples
    --------
    >>> from allentk.network import recipes
    >>> network = silence(recipes.tutorial8(), "PV1")
    >>> sorted({p.source for p in network.projections}), len(network.population("PV1"))
    (['LIF_exc', 'LIF_inh', 'Scnn1a', 'input'], 2)
    """
    network.population(population)
    joins = [p for p in network.projections if population not in (p.source, p.target)]
    return replace(
        network,
        projections=tuple(joins),
        background=tuple(entry for entry in network.background if entry.target != population),
        currents=tuple(clamp for clamp in network.currents if clamp.target != population),
        name=f"{network.name}, {population} silenced",
    )


@dataclass(frozen=True, slots=True)
class Jumps:
    """Turns conductances into jumps of the voltage, for ``replace_cells``.

    Parameters
    ----------
    excitatory_mv_per_us, inhibitory_mv_per_us : float
        Jump of a synapse per microsiemens of its peak, both positive. A conductance counts as excitatory
        where its reversal potential is -40 mV or above.

    Examples
    --------
    >>> import numpy as np
    >>> from allentk.network import Synapse
    >>> edges = ConductanceProjection.from_edges(
    ...     "a", "b", [0], [0], 5e-4, 0.002, Synapse(0.001, 0.003, 0.0), n_targets=1)
    >>> Jumps(1000.0, 500.0)(edges).weights_mv.tolist()
    [0.5]
    """

    excitatory_mv_per_us: float
    inhibitory_mv_per_us: float

    def __post_init__(self) -> None:
        if not (self.excitatory_mv_per_us >= 0 and self.inhibitory_mv_per_us >= 0):
            raise DataError(
                f"Jumps: mV per uS must be 0 or more, got {self.excitatory_mv_per_us} and "
                f"{self.inhibitory_mv_per_us}; the reversal potential tells the sign"
            )

    def __call__(self, given: Input) -> JumpProjection:
        """Return the same edges, as jumps."""
        if not isinstance(given, ConductanceProjection):
            raise DataError(
                f"Jumps: {given!r} has no conductances between cells; leave it out, or convert it by a "
                f"function of your own"
            )
        excites = given.synapse.reversal_mv >= _EXCITES_FROM_MV
        factor = self.excitatory_mv_per_us if excites else -self.inhibitory_mv_per_us
        return JumpProjection(
            given.source,
            given.target,
            given.indptr,
            given.sources,
            weights_mv=given.weights_us * np.float32(factor),
            delays_s=given.delays_s,
            sign=1 if excites else -1,
            n_synapses=given.n_synapses,
        )


def replace_cells(
    network: Network,
    population: str,
    models: GLIFParameters | BiophysicalModel | Sequence[GLIFParameters | BiophysicalModel],
    convert: Callable[[Any], Any] | None = None,
    *,
    seed: int = 0,
) -> Network:
    """Give a population other models, such as point neurons for compartmental ones.

    Parameters
    ----------
    network : Network
        Whose cells are replaced.
    population : str
        Name of the population.
    models : model or sequence of models, or fits of them
        Of the new cells; each is given to an equal share.
    convert : callable, optional
        ``convert(given)`` returns what ends at the new cells in place of each projection and background
        entry that ended at the old ones, such as ``Jumps``. Without it, weights between point neurons are
        scaled so that a train of spikes moves the mean voltage by the same share of the threshold: jumps by
        the threshold over the time constant, currents by the rheobase; all others stay.
    seed : int
        Draws which cell has which model.

    Raises
    ------
    DataError
        On an unknown or virtual population, or inputs that the new cells cannot take.

    Examples
    --------
    >>> from allentk.network import recipes
    >>> network = recipes.tutorial8()
    >>> point = network.population("LIF_exc").models[0]
    >>> replace_cells(network, "Scnn1a", point, Jumps(1.0, 1.3)).population("Scnn1a")
    <Population Scnn1a: 2 cells, 1 model>
    """
    old = network.population(population)
    if old.virtual:
        raise DataError(f"replace_cells: {population!r} is virtual and has no cells")
    chosen = cell_models(models)
    which = np.random.default_rng(seed).permutation(np.arange(len(old)) % len(chosen))
    new = Population(population, chosen, old.nodes.assign(model=which))
    change = convert or _rescaling(old, new)
    return replace(
        network,
        populations=tuple(new if p.name == population else p for p in network.populations),
        projections=tuple(change(p) if p.target == population else p for p in network.projections),
        background=tuple(
            change(entry) if entry.target == population else entry for entry in network.background
        ),
        name=f"{network.name}, other cells in {population}",
    )


def _rescaling(old: Population, new: Population) -> Callable[[Any], Any]:
    """Return what lets a train of spikes move the mean voltage by the same share of the threshold."""
    if old.compartmental or new.compartmental:
        return lambda given: given

    def ratio(of_model: Callable[[GLIFParameters], float]) -> NDArray[np.float32]:
        values = [
            np.array([of_model(model) for model in of.point_models])[of.nodes["model"].to_numpy()]
            for of in (new, old)
        ]
        return np.asarray(values[0] / values[1], dtype=np.float32)

    jumps = ratio(lambda model: model.th_inf_mv / model.tau_m_s)
    currents = ratio(lambda model: model.rheobase_pa)

    def rescaled(given: Input) -> Input:
        if isinstance(given, JumpProjection):
            return replace(given, weights_mv=given.weights_mv * jumps[given.targets])
        if isinstance(given, Projection):
            return replace(given, weights_pa=given.weights_pa * currents[given.targets])
        if isinstance(given, PoissonInput):
            return replace(given, weights_pa=given.weights_pa * currents)
        return given

    return rescaled


def without_like_to_like(
    network: Network, *, seed: int = 0, bin_um: float = 25.0, axes: str = "xy"
) -> Network:
    """Make connections between tuned cells independent of their tuning.

    Every edge between two populations that have a ``tuning_angle_deg`` gets another source about as far
    away, drawn among all of them; and what the edges of a cell carry - weights, delays, synapses - is dealt
    out anew among them. In-degrees, distances and the sum of a cell's weights stay.

    Parameters
    ----------
    network : Network
        With places of the cells along the axes.
    seed : int
        Draws the sources.
    bin_um : float
        Distances within a bin of this width count as equal.
    axes : str
        Along which distance counts: the plane of the cortex, ``"xy"`` of the layer 4 model and ``"xz"`` of
        those of V1.

    Raises
    ------
    DataError
        On a width that is not positive, other axes than x, y and z, a projection with given places of
        synapses, or tuned cells without positions.

    Examples
    --------
    >>> from allentk.network import recipes
    >>> network = recipes.layer4(scale=0.002)
    >>> without_like_to_like(network).n_edges == network.n_edges
    True
    """
    if not bin_um > 0:
        raise DataError(f"without_like_to_like: bin_um must be positive, got {bin_um}")
    if not axes or set(axes) - set("xyz"):
        raise DataError(f"without_like_to_like: axes must be of x, y and z, got {axes!r}")
    tuned = {
        p.name for p in network.populations if not p.virtual and np.isfinite(angles_deg(p)).any()
    }
    joins = [
        _shuffled(p, network, bin_um, axes, number, seed) if {p.source, p.target} <= tuned else p
        for number, p in enumerate(network.projections)
    ]
    return replace(network, projections=tuple(joins), name=f"{network.name}, not like to like")


def _shuffled(
    projection: AnyProjection, network: Network, bin_um: float, axes: str, number: int, seed: int
) -> AnyProjection:
    if isinstance(projection, ConductanceProjection) and projection.is_placed:
        raise DataError(
            f"without_like_to_like: {projection!r} has places of synapses, which belong to its sources; "
            f"shuffle before they are placed"
        )
    here, there = (
        places_um(network.population(name), axes) for name in (projection.source, projection.target)
    )
    rng = np.random.default_rng(
        int(key_of(seed, projection.source, projection.target, str(number)))
    )
    sources = projection.sources.copy()
    order = np.arange(sources.size)
    own = projection.source == projection.target
    for target, (first, last) in enumerate(
        zip(projection.indptr[:-1], projection.indptr[1:], strict=True)
    ):
        away = here - there[target]
        bins = np.floor(np.sqrt((away**2).sum(axis=1)) / bin_um).astype(np.int64)
        old = sources[first:last]
        loops = not own or (old == target).any()
        sources[first:last] = _others(old, bins, -1 if loops else target, rng)
        rng.shuffle(order[first:last])
    names = [
        name for name in ("weights_pa", "weights_mv", "weights_us") if hasattr(projection, name)
    ]
    dealt: dict[str, Any] = {
        name: getattr(projection, name)[order]
        for name in (*names, "delays_s", "n_synapses")
        if getattr(projection, name).strides != (0,)
    }
    return replace(projection, sources=sources, **dealt)


def _others(
    sources: NDArray[np.int32], bins: NDArray[np.int64], itself: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Return as many sources in every bin of distance, sorted, none twice where there are enough."""
    wanted, counts = np.unique(bins[sources], return_counts=True)
    chosen = []
    for one, n in zip(wanted, counts, strict=True):
        near = np.flatnonzero(bins == one)
        near = near[near != itself]
        chosen.append(rng.choice(near, n, replace=n > near.size))
    return np.sort(np.concatenate(chosen)).astype(np.int32) if chosen else sources
