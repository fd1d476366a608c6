"""The V1 model of Billeh et al. 2020 as GLIF cells: 21 populations of 17 classes.

The chance of a connection is ``A exp(-(d / sigma)^2)``, d in the plane of the cortex, for excitatory
cells times a line in the difference of orientations; 3 to 7 synapses each, the stronger the more alike
the directions are.

References
----------
Billeh et al. 2020, Neuron 106:388.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from allentk.network.building import connect
from allentk.network.degrees import AllToAll
from allentk.network.edge_values import UniformCount
from allentk.network.population import Population
from allentk.network.projection import Projection, Receptor
from allentk.network.recipes.v1_billeh_tables import (
    BACKGROUND,
    LGN_WEIGHTS,
    RECURRENT,
    BillehTables,
    row_of,
)
from allentk.network.recipes.v1_cells import Part, column, glif_models, make_population
from allentk.network.recipes.v1_lgn import LGN_NAME, subfield_inputs
from allentk.network.recipes.v1_tables import populations, probabilities_2020
from allentk.network.recipes.v1_weights import DirectionAndPhase
from allentk.network.rules import Gaussian, Tuning
from allentk.progress import track

__all__ = [
    "SYNAPSES",
    "background_2020",
    "cells_2020",
    "inputs_2020",
    "recurrent_2020",
    "rule_2020",
]

VARIANT = "billeh2020"

#: Synapses of a connection.
SYNAPSES = UniformCount(3, 7)

#: Time to peak of the currents of the released GLIF models, by the signs of source and target.
RECEPTORS = {
    (1, 1): Receptor(0.0055, 1),
    (-1, 1): Receptor(0.0085, -1),
    (1, -1): Receptor(0.0028, 1),
    (-1, -1): Receptor(0.0058, -1),
}

LGN_DELAY_S, BACKGROUND_DELAY_S = 0.0017, 0.001

#: The background is one node that fires at this rate.
BACKGROUND_HZ = 1000.0


def cells_2020(part: Part, cells: object, seed: int) -> list[Population]:
    """Return the populations, spread over the whole column."""
    table = populations(VARIANT)
    models = glif_models(table, cells)
    return [
        make_population(
            str(name),
            row,
            models[str(name)],
            part.n_of(row["n_cells"]),
            column(row, part.radius_um),
            seed=seed,
        )
        for name, row in table.iterrows()
    ]


def rule_2020(pair: pd.Series) -> Gaussian:
    """Return who is connected, by a row of ``probabilities_2020``."""
    tuned = pair["same"] != pair["opposite"]
    tuning = Tuning(float(pair["same"]), float(pair["opposite"])) if tuned else None
    return Gaussian(float(pair["peak"]), float(pair["sigma_um"]), axes="xz", tuning=tuning)


def recurrent_2020(
    cells: list[Population], tables: BillehTables, seed: int, n_jobs: int
) -> Iterator[Projection]:
    """Connect every population with every other it has a chance to."""
    table, pairs = populations(VARIANT), probabilities_2020()
    for target in track(cells, "connecting"):
        to = table.loc[target.name]
        for source in cells:
            of = table.loc[source.name]
            pair = pairs.loc[(of["type"], to["type"])]
            if pair["peak"] == 0:
                continue
            signs = (int(of["sign"]), int(to["sign"]))
            row = row_of(tables.recurrent, (source.name, target.name), RECURRENT)
            # weights of a wrong sign would be refused; -0.0 is one of the published ones
            peak = signs[0] * abs(float(row["weight_pa"]))
            yield connect(
                source,
                target,
                rule_2020(pair),
                synapse=RECEPTORS[signs],
                weights_pa=DirectionAndPhase(peak, float(row["sigma_deg"]), signs == (1, 1)),
                delays_s=float(row["delay_ms"]) / 1e3,
                n_synapses=SYNAPSES,
                seed=seed,
                n_jobs=n_jobs,
            )


def inputs_2020(
    lgn: Population, cells: list[Population], tables: BillehTables, seed: int, n_jobs: int
) -> Iterator[Projection]:
    """Connect the LGN with the populations that hear it."""
    table = populations(VARIANT)
    for target in track(cells, "connecting the LGN"):
        fields = tables.fields[target.name]
        if fields.chance == 0 or fields.n_synapses == 0:
            continue
        found = subfield_inputs(lgn, target, fields, seed=seed, n_jobs=n_jobs)
        yield Projection(
            LGN_NAME,
            target.name,
            found.indptr,
            found.sources,
            float(row_of(tables.lgn, target.name, LGN_WEIGHTS)),  # type: ignore[arg-type]
            LGN_DELAY_S,  # type: ignore[arg-type]
            RECEPTORS[1, int(table.loc[target.name, "sign"])],
            fields.n_synapses,  # type: ignore[arg-type]
        )


def background_2020(
    background: Population, cells: list[Population], tables: BillehTables
) -> Iterator[Projection]:
    """Connect every cell with the one source of the background."""
    table = populations(VARIANT)
    for target in cells:
        row = table.loc[target.name]
        yield connect(
            background,
            target,
            AllToAll(),
            synapse=RECEPTORS[1, int(row["sign"])],
            weights_pa=float(row_of(tables.background, target.name, BACKGROUND)),
            delays_s=BACKGROUND_DELAY_S,
            n_synapses=int(row["n_background"]),
        )
