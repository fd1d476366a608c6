"""The eight cells of the Allen Institute's modelling tutorial."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from allentk.data import SpikeTrains
from allentk.errors import DataError
from allentk.models import BiophysicalModel
from allentk.network.building import connect
from allentk.network.degrees import AllToAll
from allentk.network.edge_values import UniformCount
from allentk.network.inputs import Replay
from allentk.network.keys import check_seed
from allentk.network.network import AnyProjection, Network
from allentk.network.population import Population
from allentk.network.positions import Box
from allentk.network.recipes.layer4_cells import read_components
from allentk.network.recipes.layer4_numbers import INT_FIRE, KINDS, SYNAPSES
from allentk.network.recipes.tutorial8_cells import synthetic_cells
from allentk.network.rules import Chance
from allentk.network.synapses import Synapse

__all__ = ["tutorial8"]

#: Populations: whether they excite.
POPULATIONS = {"Scnn1a": True, "PV1": False, "LIF_exc": True, "LIF_inh": False}

N_EACH, REACH_UM, N_SYNAPSES, DELAY_S = 2, 160.0, (3, 7), 0.002

#: (source excites, target) -> weight of one synapse: uS, or shares of the threshold of IntFire1.
WEIGHTS = {
    (True, "Scnn1a"): 0.05,
    (True, "PV1"): 0.05,
    (True, "LIF_exc"): 0.05,
    (True, "LIF_inh"): 0.2,
    (False, "Scnn1a"): 0.3,
    (False, "PV1"): 0.03,
    (False, "LIF_exc"): 0.4,
    (False, "LIF_inh"): 0.3,
}

INPUT, N_INPUT, INPUT_HZ, INPUT_S, INPUT_SYNAPSES = "input", 25, 0.5, 10.0, 10
INPUT_WEIGHTS = {"Scnn1a": 0.0007, "LIF_exc": 0.07}


def tutorial8(
    seed: int = 2017,
    cells: str | os.PathLike[str] | Mapping[str, BiophysicalModel] | None = None,
) -> Network:
    """Build eight cells that are all connected: two each of Scnn1a, PV1, and LIF cells of both kinds.

    Parameters
    ----------
    seed : int
        Draws positions, numbers of synapses, where they sit, and the spikes of the input.
    cells : path or mapping of str to BiophysicalModel, optional
        A folder with the fits and SWC files of the tutorial (those of BMTK's ``bio_components``), or models
        for ``"Scnn1a"`` and ``"PV1"``. By default cells of SYNTHETIC shape with the published parameters,
        which fire otherwise than the tutorial's.

    Returns
    -------
    Network
        For ``simulate(..., backend="neuron", dt_s=1e-4)``. The input, 25 virtual nodes, repeats Poisson
        trains of 0.5 Hz that last 10 s.

    Raises
    ------
    DataError
        On a seed that makes no sense, no such folder, or a population without a compartmental model.
    FormatError
        Where a file of the folder is missing or cannot be read.

    References
    ----------
    AllenInstitute/SWDB_2017, DynamicBrain, biophysical notebook: its rules, weights and input; text and
    code are our own.

    Examples
    --------
    >>> from allentk.network import recipes
    >>> recipes.tutorial8()
    <Network: 8 cells in 4 populations, 25 virtual nodes, 156 edges, SYNTHETIC>
    """
    seed = check_seed("tutorial8", seed)
    places, trains = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    models = _models(cells)
    made = {
        name: Population.from_models(
            name,
            models.get(name, INT_FIRE[excitatory]),
            positions=Box((0.0, 1.0), (0.0, 1.0), (0.0, 1.0)).place(N_EACH, places),
            cell_class=name,
        )
        for name, excitatory in POPULATIONS.items()
    }
    given = Population(INPUT, (), pd.DataFrame(index=range(N_INPUT)), Replay(_trains(trains)))
    joins = [
        _join(made[pre], made[post], WEIGHTS[POPULATIONS[pre], post], seed)
        for post in POPULATIONS
        for pre in POPULATIONS
    ]
    inputs = [_input(given, made[name], weight, seed) for name, weight in INPUT_WEIGHTS.items()]
    return Network((*made.values(), given), (*joins, *inputs), name=f"tutorial 8, seed {seed}")


def _models(
    cells: str | os.PathLike[str] | Mapping[str, BiophysicalModel] | None,
) -> dict[str, BiophysicalModel]:
    if cells is None:
        return synthetic_cells()
    kinds = {kind.name: kind for kind in KINDS}
    wanted = [name for name in POPULATIONS if kinds[name].core]
    if not isinstance(cells, Mapping):
        folder = Path(cells)
        if not folder.is_dir():
            raise DataError(
                f"tutorial8: cells must be a folder with the SWC files and fits, or models for "
                f"{' and '.join(wanted)}; there is no folder {str(cells)!r}"
            )
        return {name: read_components(folder, kinds[name].fit, kinds[name].swc) for name in wanted}
    for name in wanted:
        if not isinstance(cells.get(name), BiophysicalModel):
            raise DataError(
                f"tutorial8: expected a BiophysicalModel for {name!r}, got {cells.get(name)!r}"
            )
    return {name: cells[name] for name in wanted}


def _trains(rng: np.random.Generator) -> SpikeTrains:
    counts = rng.poisson(INPUT_HZ * INPUT_S, N_INPUT)
    times = np.sort(rng.uniform(0.0, INPUT_S, counts.sum()))
    ids = rng.permutation(np.repeat(np.arange(N_INPUT), counts))
    return SpikeTrains(times, ids, N_INPUT)


def _join(source: Population, target: Population, weight: float, seed: int) -> AnyProjection:
    excites = POPULATIONS[source.name]
    rule, many = Chance(1.0, REACH_UM, axes="xyz"), UniformCount(*N_SYNAPSES)
    if target.compartmental:
        synapse = SYNAPSES["exc" if excites else "inh", POPULATIONS[target.name]]
        return _conductance(source, target, rule, synapse, weight, many, seed)
    sign = 1 if excites else -1
    return connect(
        source, target, rule, synapse=sign, weights_mv=sign * weight, delays_s=DELAY_S,
        n_synapses=many, seed=seed,
    )  # fmt: skip


def _input(source: Population, target: Population, weight: float, seed: int) -> AnyProjection:
    if target.compartmental:
        synapse = SYNAPSES["lgn", True]
        return _conductance(source, target, AllToAll(), synapse, weight, INPUT_SYNAPSES, seed)
    return connect(
        source, target, AllToAll(), synapse=1, weights_mv=weight, delays_s=DELAY_S,
        n_synapses=INPUT_SYNAPSES, seed=seed,
    )  # fmt: skip


def _conductance(
    source: Population,
    target: Population,
    rule: Chance | AllToAll,
    synapse: Synapse,
    weight: float,
    n_synapses: int | UniformCount,
    seed: int,
) -> AnyProjection:
    return connect(
        source, target, rule, synapse=synapse, weights_us=weight, delays_s=DELAY_S,
        n_synapses=n_synapses, seed=seed,
    )  # fmt: skip
