"""The V1 model of Billeh et al. 2020 with biophysical cells in its core and point cells around.

The cells of the core, 51,978 within 400 um, have morphologies and conductances; around them are
178,946 leaky integrators whose voltage every spike moves at once. Their populations are named as the
published tables name them: ``e4Rorb`` and ``LIFe4Rorb``.

References
----------
Billeh et al. 2020, Neuron 106:388.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allentk.errors import DataError, FormatError
from allentk.models import BiophysicalModel
from allentk.network.building import connect
from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.jump_projection import JumpProjection
from allentk.network.populating import cell_models
from allentk.network.population import Population
from allentk.network.recipes.layer4_numbers import INT_FIRE
from allentk.network.recipes.v1_billeh2020 import LGN_DELAY_S, SYNAPSES, VARIANT, rule_2020
from allentk.network.recipes.v1_billeh_tables import BIOPHYSICAL, BillehTables, row_of
from allentk.network.recipes.v1_cells import Part, column, make_population
from allentk.network.recipes.v1_lgn import LGN_NAME, Inputs, subfield_inputs
from allentk.network.recipes.v1_tables import populations, probabilities_2020
from allentk.network.recipes.v1_weights import DirectionAndPhase
from allentk.network.synapses import Synapse
from allentk.progress import track

__all__ = ["LIF", "cells_biophysical", "inputs_biophysical", "recurrent_biophysical"]

#: How the name of a population of point cells begins.
LIF = "LIF"

#: Radius of the core, um.
CORE_UM = 400.0

#: Rise, decay (s) and reversal potential (mV) of the synapses that the tables name.
_COURSES = {
    "AMPA_ExcToExc": (0.001, 0.003, 0.0),
    "AMPA_ExcToInh": (0.0001, 0.0005, 0.0),
    "GABA_InhToExc": (0.0027, 0.015, -70.0),
    "GABA_InhToInh": (0.0002, 0.008, -70.0),
}

_SECTIONS = {"somatic": "soma", "basal": "dend", "apical": "apic"}

AnyInput = ConductanceProjection | JumpProjection


def cells_biophysical(part: Part, models: object, seed: int) -> list[Population]:
    """Return the biophysical populations of the core and the point populations around it.

    Raises
    ------
    DataError
        Without models, or where a population has none.
    """
    table = populations(VARIANT)
    given = _given(table, models)
    core = CORE_UM * part.share
    made = []
    for name, row in table.iterrows():
        inner, outer = column(row, core), column(row, part.radius_um, core)
        n = part.n_of(row["n_biophysical"])
        made.append(make_population(str(name), row, given[str(name)], n, inner, seed=seed))
        point = [INT_FIRE[bool(row["sign"] > 0)]]
        n = part.n_of(row["n_cells"] - row["n_biophysical"])
        made.append(make_population(f"{LIF}{name}", row, point, n, outer, seed=seed))
    return made


def _given(table: pd.DataFrame, models: object) -> dict[str, tuple[BiophysicalModel, ...]]:
    """Return the models of every population, of whom a mapping names populations, classes or signs."""
    if not isinstance(models, Mapping):
        raise DataError(
            "v1: cells='biophysical' needs models=, a mapping of populations ('e4Rorb'), classes ('L4 "
            "PV') or "
            "'exc' and 'inh' to BiophysicalModel; the published models can be fetched with "
            "allentk.CellTypes().biophysical_model"
        )
    found: dict[str, tuple[BiophysicalModel, ...]] = {}
    signs = {"exc": table["sign"] > 0, "inh": table["sign"] < 0}
    # what is named more closely counts
    for key in sorted(models, key=lambda key: (key in table.index, key not in signs)):
        chosen = signs.get(key, (table["cell_class"] == key) | (table.index == key))
        if not chosen.any():
            raise DataError(
                f"v1: models has {key!r}; expected populations ({', '.join(table.index)}), their classes, "
                f"'exc' or 'inh'"
            )
        ready = cell_models(models[key])
        wrong = [model for model in ready if not isinstance(model, BiophysicalModel)]
        if wrong or not ready:
            raise DataError(
                f"v1: models for {key!r} must be BiophysicalModel, got "
                f"{type(wrong[0]).__name__ if wrong else 'none'}"
            )
        found |= dict.fromkeys(table.index[chosen], ready)
    missing = [name for name in table.index if name not in found]
    if missing:
        raise DataError(f"v1: no model for {', '.join(missing)}; 'exc' and 'inh' name all")
    return found


def _name(population: Population) -> str:
    return population.name.removeprefix(LIF)


def recurrent_biophysical(
    cells: list[Population], tables: BillehTables, seed: int, n_jobs: int
) -> Iterator[AnyInput]:
    """Connect all populations with a chance to; conductances of the core, jumps of the cells around."""
    table, pairs = populations(VARIANT), probabilities_2020()
    for target in track(cells, "connecting"):
        for source in cells:
            types = [table.loc[_name(end), "type"] for end in (source, target)]
            pair = pairs.loc[tuple(types)]
            if pair["peak"] == 0:
                continue
            signs = [int(table.loc[_name(end), "sign"]) for end in (source, target)]
            row = _row(tables, source.name, target.name)
            weight = abs(float(row["w_mean"]))
            rule = DirectionAndPhase(
                weight if target.compartmental else signs[0] * weight,
                float(row["wsigma"]),
                signs == [1, 1],
            )
            shared: dict[str, Any] = {
                "delays_s": float(row["delay"]) / 1e3,
                "n_synapses": SYNAPSES,
                "seed": seed,
                "n_jobs": n_jobs,
            }
            if target.compartmental:
                shared |= {"synapse": _synapse(row), "weights_us": rule}
            else:
                shared |= {"synapse": signs[0], "weights_mv": rule}
            yield connect(source, target, rule_2020(pair), **shared)


def inputs_biophysical(
    lgn: Population, cells: list[Population], tables: BillehTables, seed: int, n_jobs: int
) -> Iterator[AnyInput]:
    """Connect the LGN with the populations that hear it."""
    for target in track(cells, "connecting the LGN"):
        fields = tables.fields[_name(target)]
        if fields.chance == 0 or fields.n_synapses == 0:
            continue
        found = subfield_inputs(lgn, target, fields, seed=seed, n_jobs=n_jobs)
        yield _input(found, target, _row(tables, LGN_NAME, target.name), fields.n_synapses, seed)


def _input(
    found: Inputs, target: Population, row: pd.Series, n_synapses: int, seed: int
) -> AnyInput:
    edges = (LGN_NAME, target.name, found.indptr, found.sources)
    weight = np.float32(row["w_mean"])
    n: Any = n_synapses
    if target.compartmental:
        made = (weight, LGN_DELAY_S, _synapse(row))
        return ConductanceProjection(*edges, *made, seed=seed, n_synapses=n)  # type: ignore[arg-type]
    return JumpProjection(*edges, weight, LGN_DELAY_S, 1, n)  # type: ignore[arg-type]


def _row(tables: BillehTables, source: str, target: str) -> pd.Series:
    if tables.biophysical is None:
        raise DataError(
            f"v1: cells='biophysical' needs {BIOPHYSICAL} in the folder of the tables, with the mean "
            f"weight "
            f"of every pair of populations"
        )
    row: pd.Series = row_of(tables.biophysical, (source, target), BIOPHYSICAL)
    return row


def _synapse(row: pd.Series) -> Synapse:
    course = _COURSES.get(Path(str(row["params"])).stem)
    if course is None:
        raise FormatError(
            f"{BIOPHYSICAL}: unknown synapse {row['params']!r}; known are {', '.join(_COURSES)}"
        )
    try:
        names = json.loads(str(row["sec"]).replace("'", '"'))
        nearest, farthest = json.loads(str(row["dist"]))
        sections = tuple(_SECTIONS[name] for name in names)
    except (ValueError, TypeError, KeyError) as error:
        raise FormatError(
            f"{BIOPHYSICAL}: expected sections such as \"['basal', 'apical']\" and a distance such as "
            f'"[0.0, 150.0]", got {row["sec"]!r} and {row["dist"]!r}'
        ) from error
    return Synapse(*course, sections=sections, distance_um=(nearest, farthest))
