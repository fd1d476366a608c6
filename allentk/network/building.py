"""Connect two populations by a rule, run of targets by run of targets."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from allentk.errors import DataError
from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.edge_values import EdgeValue, PairBlock
from allentk.network.ends import Ends
from allentk.network.jump_projection import JumpProjection
from allentk.network.keys import key_of
from allentk.network.population import Population
from allentk.network.projection import Projection, Receptor
from allentk.network.rules import Rule
from allentk.network.spatial import Drawn, Sampler
from allentk.network.synapses import Synapse

__all__ = ["connect", "expected_in_degree"]

Array = NDArray[np.float64]
Value = float | EdgeValue

#: Edges made together, about; the result does not depend on it.
CHUNK_EDGES = 1 << 18

_MOST_TARGETS = 1 << 14


@overload
def connect(
    source: Population,
    target: Population,
    rule: Rule,
    *,
    synapse: Receptor,
    weights_pa: Value,
    delays_s: Value,
    n_synapses: Value = ...,
    seed: int = ...,
    name: str = ...,
    loops: bool = ...,
    n_jobs: int = ...,
) -> Projection: ...
@overload
def connect(
    source: Population,
    target: Population,
    rule: Rule,
    *,
    synapse: Synapse,
    weights_us: Value,
    delays_s: Value,
    n_synapses: Value = ...,
    seed: int = ...,
    name: str = ...,
    loops: bool = ...,
    n_jobs: int = ...,
) -> ConductanceProjection: ...
@overload
def connect(
    source: Population,
    target: Population,
    rule: Rule,
    *,
    synapse: int,
    weights_mv: Value,
    delays_s: Value,
    n_synapses: Value = ...,
    seed: int = ...,
    name: str = ...,
    loops: bool = ...,
    n_jobs: int = ...,
) -> JumpProjection: ...


def connect(
    source: Population,
    target: Population,
    rule: Rule,
    *,
    synapse: Receptor | Synapse | int,
    weights_pa: Value | None = None,
    weights_us: Value | None = None,
    weights_mv: Value | None = None,
    delays_s: Value,
    n_synapses: Value = 1,
    seed: int = 0,
    name: str = "",
    loops: bool = False,
    n_jobs: int = 1,
) -> Projection | ConductanceProjection | JumpProjection:
    """Connect two populations, or one with itself.

    Parameters
    ----------
    source, target : Population
        Where the spikes come from, and where they go.
    rule : Rule
        Who is connected: ``Gaussian``, ``Linear``, ``Chance``, ``Probability``, ``InDegree``, ``Total``,
        ``AllToAll``, ``OneToOne``, ``Pairs``, ``ByClass`` or ``PerPair``.
    synapse : Receptor, Synapse or int
        What a spike does: a current, with `weights_pa`; a conductance, with `weights_us`; or a jump of the
        voltage of this sign, 1 or -1, with `weights_mv`.
    weights_pa, weights_us, weights_mv : float or callable
        Weight of one synapse: one for all edges, or a function of a ``PairBlock`` that returns one for
        each, such as ``LogNormal`` or ``LikeToLike``.
    delays_s : float or callable
        From the spike to its effect, seconds; ``Conduction`` follows the distance.
    n_synapses : int or callable
        Synapses of every edge, such as ``UniformCount(3, 7)``.
    seed : int
        Draws everything that is random.
    name : str
        Tells connections between the same two populations apart: another name, other random numbers.
    loops : bool
        Whether a cell may be connected to itself.
    n_jobs : int
        Threads.

    Returns
    -------
    Projection, ConductanceProjection or JumpProjection
        As `synapse` asks for; the same for any number of threads, and whatever else is built.

    Raises
    ------
    DataError
        On weights of another kind than the synapse, or that are not what a projection takes; where a rule
        asks for a column that a population lacks, or cannot be fulfilled.

    Examples
    --------
    >>> import pandas as pd
    >>> from allentk.models import GLIFParameters
    >>> from allentk.network import Gaussian
    >>> cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> line = Population("line", (cell,), pd.DataFrame({"x_um": range(1000), "y_um": 0.0}))
    >>> connect(line, line, Gaussian(0.5, 50.0, reach_um=150.0), seed=1,
    ...         synapse=Receptor(tau_s=0.002, sign=1), weights_pa=5.0, delays_s=0.0015)
    <Projection line -> line: 42607 edges on 1000 targets>
    """
    where = f"connect {source.name!r} -> {target.name!r}"
    unit, weights = _weights(where, synapse, {"pa": weights_pa, "us": weights_us, "mv": weights_mv})
    if n_jobs < 1:
        raise DataError(f"{where}: n_jobs must be 1 or more, got {n_jobs}")
    names = (source.name, target.name, name)
    ends = Ends.all(source, target, key_of(seed, *names), loops)
    asked = {
        f"weights_{unit}": (weights, np.float32),
        "delays_s": (delays_s, np.float32),
        "n_synapses": (n_synapses, np.uint16),
    }
    values = {key: value for key, (value, _) in asked.items() if callable(value)}
    types: dict[str, DTypeLike] = {key: dtype for key, (_, dtype) in asked.items()}
    maker = _Maker(
        where, ends, rule.sampler(ends), values, _axes(rule, source, target), names, seed
    )
    indptr, sources, columns = maker.build(types, n_jobs)
    held: dict[str, Any] = {key: value for key, (value, _) in asked.items()} | columns
    if isinstance(synapse, Receptor):
        return Projection(source.name, target.name, indptr, sources, receptor=synapse, **held)
    if isinstance(synapse, Synapse):
        placing = int(key_of(seed, *names) >> np.uint64(1))
        return ConductanceProjection(
            source.name, target.name, indptr, sources, synapse=synapse, seed=placing, **held
        )
    return JumpProjection(source.name, target.name, indptr, sources, sign=synapse, **held)


def expected_in_degree(
    source: Population,
    target: Population,
    rule: Rule,
    *,
    targets: ArrayLike | None = None,
    loops: bool = False,
) -> Array:
    """Return how many edges targets have in the mean over all seeds: the sum of their chances.

    Parameters
    ----------
    source, target, rule, loops
        As ``connect`` takes them.
    targets : array_like of int, optional
        Nodes asked for; by default all. A few hundred tell the mean of a large network in seconds.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> import pandas as pd
    >>> from allentk.models import GLIFParameters
    >>> from allentk.network import Chance
    >>> cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> few = Population("few", (cell,), pd.DataFrame(index=range(11)))
    >>> expected_in_degree(few, few, Chance(0.1), targets=[0])
    array([1.])
    """
    ends = Ends.all(source, target, key_of(0, source.name, target.name), loops)
    nodes = ends.target_nodes if targets is None else np.asarray(targets, dtype=np.int64)
    if nodes.size and not (nodes.min() >= 0 and nodes.max() < len(target)):
        raise DataError(
            f"expected_in_degree: targets must be nodes 0 to {len(target) - 1} of {target!r}, got "
            f"{nodes.min()} to {nodes.max()}"
        )
    return rule.sampler(ends).expected(nodes)


def _weights(
    where: str, synapse: Receptor | Synapse | int, given: dict[str, Value | None]
) -> tuple[str, Value]:
    kinds = {"pa": Receptor, "us": Synapse, "mv": int}
    unit = next((unit for unit, kind in kinds.items() if isinstance(synapse, kind)), None)
    if unit is None or isinstance(synapse, bool):
        raise DataError(
            f"{where}: synapse must be a Receptor, a Synapse, or 1 or -1 for jumps, got {synapse!r}"
        )
    weights = given[unit]
    named = [f"weights_{unit}" for unit, value in given.items() if value is not None]
    if weights is None or len(named) > 1:
        raise DataError(
            f"{where}: {synapse!r} takes weights_{unit} and no other, got {', '.join(named) or 'none'}"
        )
    return unit, weights


def _axes(rule: Rule, source: Population, target: Population) -> str:
    """Return along which axes distance counts: those of the rule, or all that both populations have."""
    known = [axis for axis in "xyz" if {f"{axis}_um"} <= set(source.nodes) & set(target.nodes)]
    return str(getattr(rule, "axes", "")) or "".join(known)


@dataclass(frozen=True, slots=True, eq=False)
class _Maker:
    """Makes the edges of one projection."""

    where: str
    ends: Ends
    sampler: Sampler
    values: dict[str, EdgeValue]
    axes: str
    names: tuple[str, ...]
    seed: int

    def build(
        self, types: dict[str, DTypeLike], n_jobs: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], dict[str, NDArray[Any]]]:
        """Return `indptr`, sources and the columns that have a value per edge, all read-only."""
        n = len(self.ends.target)
        indptr = np.zeros(n + 1, dtype=np.int64)
        sources = _Growing(np.int32)
        columns = {key: _Growing(types[key]) for key in self.values}
        rows = self._rows()
        runs = [(first, min(first + rows, n)) for first in range(0, n, rows)]
        for (first, last), (drawn, found) in zip(runs, self._all(runs, n_jobs), strict=True):
            indptr[first + 1 : last + 1] = drawn.counts
            sources.append(drawn.sources)
            for key, values in found.items():
                columns.setdefault(key, _Growing(types[key])).append(values)
        np.cumsum(indptr, out=indptr)
        indptr.flags.writeable = False
        return indptr, sources.done(), {key: column.done() for key, column in columns.items()}

    def _all(
        self, runs: list[tuple[int, int]], n_jobs: int
    ) -> Iterator[tuple[Drawn, dict[str, NDArray[Any]]]]:
        """Make all runs, in their order; a few at a time where there are several threads."""
        if n_jobs == 1:
            yield from (self._run(*run) for run in runs)
            return
        with ThreadPoolExecutor(n_jobs) as pool:
            for first in range(0, len(runs), 2 * n_jobs):
                yield from pool.map(lambda run: self._run(*run), runs[first : first + 2 * n_jobs])

    def _rows(self) -> int:
        """Return how many targets make about a chunk of edges."""
        some = np.linspace(0, len(self.ends.target) - 1, 8).astype(np.int64)
        mean = float(self.sampler.expected(np.unique(some)).mean())
        return int(np.clip(CHUNK_EDGES / max(mean, 1.0), 1, _MOST_TARGETS))

    def _run(self, first: int, last: int) -> tuple[Drawn, dict[str, NDArray[Any]]]:
        drawn = self.sampler.draw(first, last)
        found: dict[str, NDArray[Any]] = {}
        if drawn.n_synapses is not None:
            found["n_synapses"] = self._whole(drawn.n_synapses)
        if not self.values:
            return drawn, found
        targets = np.repeat(np.arange(first, last), drawn.counts)
        block = PairBlock(
            self.ends.source,
            self.ends.target,
            drawn.sources,
            targets,
            drawn.counts,
            first,
            self.axes,
            self.names,
            self.seed,
        )
        for key, value in self.values.items():
            if key not in found:
                made = self._checked(key, value(block), block)
                found[key] = self._whole(made) if key == "n_synapses" else made
        return drawn, found

    def _checked(self, key: str, values: ArrayLike, block: PairBlock) -> NDArray[Any]:
        array = np.asarray(values)
        if array.shape not in ((), (len(block),)):
            raise DataError(
                f"{self.where}: {key} must return one value for each of {len(block)} pairs, got shape "
                f"{array.shape}"
            )
        return np.broadcast_to(array, (len(block),))

    def _whole(self, values: NDArray[Any]) -> NDArray[Any]:
        wrong = ~((values >= 1) & (values <= 65535) & (values == np.floor(values)))
        if wrong.any():
            raise DataError(
                f"{self.where}: n_synapses must be whole numbers of 1 to 65535, got "
                f"{values[int(wrong.argmax())]}"
            )
        return values


class _Growing:
    """An array that grows at its end, in its own memory."""

    def __init__(self, dtype: DTypeLike) -> None:
        self.array: NDArray[Any] = np.empty(1024, dtype=dtype)
        self.n = 0

    def append(self, values: NDArray[Any]) -> None:
        end = self.n + values.size
        if end > self.array.size:
            # moving pages is the system's business; no second array of the old size stands beside it
            self.array.resize(max(end, self.array.size * 5 // 4), refcheck=False)
        self.array[self.n : end] = values
        self.n = end

    def done(self) -> NDArray[Any]:
        """Return what was appended, read-only; nothing may be appended after that."""
        self.array.resize(self.n, refcheck=False)
        self.array.flags.writeable = False
        return self.array
