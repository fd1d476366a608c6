"""A network: populations, the projections between them, and what else drives them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk import registry
from allentk.data._html import card, facts, synthetic_end, table
from allentk.errors import DataError
from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.connectivity import distinct
from allentk.network.inputs import CurrentClamp, PoissonInput, PoissonSynapses
from allentk.network.jump_projection import JumpProjection
from allentk.network.population import Population
from allentk.network.projection import Projection

__all__ = ["AnyProjection", "Network"]

#: Every kind of projection: currents, jumps of the voltage, conductances.
AnyProjection = Projection | JumpProjection | ConductanceProjection


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Network:
    """What is connected to what; ``allentk.simulate`` runs it.

    Parameters
    ----------
    populations : sequence of Population
        Cells and virtual nodes, each population with a name of its own.
    projections : sequence of Projection, JumpProjection or ConductanceProjection
        Connections between them; several may join the same two populations. Those that end at
        compartmental cells are conductances, those at point neurons currents or jumps of the voltage.
    background : sequence of PoissonInput or PoissonSynapses
        Background synapses, of point neurons or compartmental cells.
    currents : sequence of CurrentClamp
        Injected currents.
    name : str
        For people.

    Raises
    ------
    DataError
        On a name used twice, an unknown population, an id out of range, an input to a virtual
        population, or an input of the kind that the cells cannot take.

    Examples
    --------
    >>> from allentk.models import GLIFParameters
    >>> from allentk.network import Receptor
    >>> cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> pair = Population("pair", (cell,), pd.DataFrame(index=range(2)))
    >>> edge = Projection("pair", "pair", [0, 0, 1], [0], 10.0, 0.001, Receptor(tau_s=0.002, sign=1))
    >>> Network([pair], [edge])
    <Network: 2 cells in 1 population, 0 virtual nodes, 1 edge>
    """

    populations: tuple[Population, ...]
    projections: tuple[AnyProjection, ...] = ()
    background: tuple[PoissonInput | PoissonSynapses, ...] = ()
    currents: tuple[CurrentClamp, ...] = ()
    name: str = "network"

    def __post_init__(self) -> None:
        for field in ("populations", "projections", "background", "currents"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        names = [population.name for population in self.populations]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DataError(f"network {self.name!r}: populations need different names, got {twice}")
        for projection in self.projections:
            self._check_projection(projection)
        for entry in self.background:
            n = len(self._cells(entry.target, repr(entry)))
            self._check_kind(entry, isinstance(entry, PoissonSynapses))
            if entry.rates_hz.size != n:
                raise DataError(f"{entry!r} has {entry.rates_hz.size} rates for {n} cells")
        for clamp in self.currents:
            n = len(self._cells(clamp.target, repr(clamp)))
            if clamp.nodes.size and not (clamp.nodes.min() >= 0 and clamp.nodes.max() < n):
                raise DataError(
                    f"{clamp!r}: nodes must lie in 0..{n - 1}, got {clamp.nodes.min()}.."
                    f"{clamp.nodes.max()}"
                )

    def _check_projection(self, projection: AnyProjection) -> None:
        n_sources = len(self.population(projection.source))
        n_targets = len(self._cells(projection.target, repr(projection)))
        self._check_kind(projection, isinstance(projection, ConductanceProjection))
        if projection.n_targets != n_targets:
            raise DataError(
                f"{projection!r}: population {projection.target!r} has {n_targets} nodes; indptr must "
                f"have {n_targets + 1} entries, got {projection.indptr.size}"
            )
        if projection.n_edges and projection.sources.max() >= n_sources:
            at = int(projection.sources.argmax())
            raise DataError(
                f"{projection!r}: source {projection.sources[at]} of edge {at} is out of range; "
                f"{projection.source!r} has nodes 0 to {n_sources - 1}"
            )

    def _check_kind(
        self,
        given: AnyProjection | PoissonInput | PoissonSynapses,
        conductance: bool,
    ) -> None:
        """Refuse currents for compartmental cells, and conductances for point neurons."""
        if self.population(given.target).compartmental == conductance:
            return
        if conductance:
            raise DataError(
                f"{given!r}: the cells of {given.target!r} are points, and a Synapse needs a place; use "
                f"a Projection or PoissonInput with a Receptor, or a JumpProjection"
            )
        raise DataError(
            f"{given!r}: the cells of {given.target!r} have compartments, and a current or jump has no "
            f"place or reversal potential; use a ConductanceProjection or PoissonSynapses with a Synapse"
        )

    def population(self, name: str) -> Population:
        """Return the population of that name.

        Raises
        ------
        DataError
            Where there is none.
        """
        for population in self.populations:
            if population.name == name:
                return population
        raise DataError(
            f"network {self.name!r}: no population {name!r}; there are "
            f"{[population.name for population in self.populations]}"
        )

    def _cells(self, name: str, what: str) -> Population:
        population = self.population(name)
        if population.virtual:
            raise DataError(f"{what}: {name!r} is virtual and takes no input; choose a cell's")
        return population

    @property
    def n_cells(self) -> int:
        """Cells that are simulated."""
        return sum(len(p) for p in self.populations if not p.virtual)

    @property
    def compartmental(self) -> bool:
        """Whether some cells have compartments, so that NEURON must run it."""
        return any(population.compartmental for population in self.populations)

    @property
    def n_edges(self) -> int:
        """Edges of all projections."""
        return sum(p.n_edges for p in self.projections)

    def summary(self) -> pd.DataFrame:
        """Return one row per population: kind, cells, models, edges that end there, mean in-degree."""
        rows = []
        for population in self.populations:
            edges = sum(p.n_edges for p in self.projections if p.target == population.name)
            rows.append(
                {
                    "population": population.name,
                    "kind": "virtual" if population.virtual else "cells",
                    "n_cells": len(population),
                    "n_models": len(population.models),
                    "n_edges_in": edges,
                    "mean_in_degree": edges / len(population),
                }
            )
        return pd.DataFrame(rows)

    def connections(self) -> pd.DataFrame:
        """Return one row per projection: edges, synapses, mean in-degree, median delay (s), weight.

        Currents have a weight in pA, ``tau_s`` and ``sign``; jumps a weight in mV and ``sign``;
        conductances a weight in uS, time constants and a reversal potential.
        """
        rows = [
            {
                "source": p.source,
                "target": p.target,
                "n_edges": p.n_edges,
                "n_synapses": int(p.n_synapses.sum(dtype="int64")),
                "mean_in_degree": p.n_edges / p.n_targets,
                **_synapse_columns(p),
            }
            for p in self.projections
        ]
        return pd.DataFrame(rows)

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        merge: Mapping[str, Sequence[str]] | None = None,
        compression: str | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write the network as a SONATA circuit; see `allentk.network.sonata_write.write_network`.

        Parameters
        ----------
        folder : path
            The folder; it appears whole or not at all.
        merge : mapping, optional
            Name of a SONATA population -> names of the populations that become one in it.
        compression : {None, "gzip", "lzf"}
            Compressed files are smaller, and libsonata's wheels do not read them.
        overwrite : bool
            Replace a circuit that is there.

        Returns
        -------
        Path
            The simulation configuration, which ``allentk.read_network`` reads.

        Raises
        ------
        ConfigError
            Where the folder is there already, or there is no room or no permission.
        DataError
            Where something in the network has no form in a file.
        """
        path: Path = registry.call(
            "network.save",
            self,
            folder,
            merge=merge,
            compression=compression,
            overwrite=overwrite,
        )
        return path

    def __repr__(self) -> str:
        cells = [p for p in self.populations if not p.virtual]
        virtual = sum(len(p) for p in self.populations if p.virtual)
        return (
            f"<Network: {_count(self.n_cells, 'cell')} in {_count(len(cells), 'population')}, "
            f"{_count(virtual, 'virtual node')}, {_count(self.n_edges, 'edge')}"
            f"{synthetic_end(self.synthetic)}>"
        )

    def _repr_html_(self) -> str:
        tables = (table(self.summary()), table(self.connections()))
        inputs = [*self.background, *self.currents]
        told = {"name": self.name, "other inputs": [repr(each)[1:-1] for each in inputs[:3]]}
        return card(self, facts(told), *tables, synthetic=self.synthetic)

    @property
    def synthetic(self) -> bool:
        """Whether a model of a population rests on made-up data."""
        return any(population.synthetic for population in self.populations)


def _synapse_columns(projection: AnyProjection) -> dict[str, float]:
    delay = {"median_delay_s": _median(projection.delays_s)}
    if isinstance(projection, Projection):
        return {
            "median_weight_pa": _median(projection.weights_pa),
            **delay,
            "tau_s": projection.receptor.tau_s,
            "sign": projection.receptor.sign,
        }
    if isinstance(projection, JumpProjection):
        weight = _median(projection.weights_mv)
        return {"median_weight_mv": weight, **delay, "sign": projection.sign}
    return {
        "median_weight_us": _median(projection.weights_us),
        **delay,
        "tau_rise_s": projection.synapse.tau_rise_s,
        "tau_decay_s": projection.synapse.tau_decay_s,
        "reversal_mv": projection.synapse.reversal_mv,
    }


def _median(values: NDArray[np.float32]) -> float:
    found = distinct(values)
    return float(np.median(found)) if found.size else float("nan")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
