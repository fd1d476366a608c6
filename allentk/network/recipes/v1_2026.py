"""The V1 model of 2026: 22 populations, wired by what electron microscopy counted.

The chance of a connection is ``pmax exp(-d^2 / 2 sigma^2)``, pmax by the types of both cells, d in the
plane of the cortex. Excitatory sources lie in an ellipse, narrower along the target's preferred
direction and moved 50 um against it; inhibitory ones in a circle moved 50 um ahead. Excitatory cells
of like orientation are connected more often, and a cell with more synapses than its class has in the
mean has as many more connections.

References
----------
AllenInstitute/biorealistic-v1-model, BSD-3-Clause; Rossi et al. 2020, Nature 588:648 (displaced inputs);
Campagnola, Seeman et al. 2022, Science 375:eabj5861 (potentials, widths, latencies).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.network.building import connect
from allentk.network.keys import key_of
from allentk.network.population import Population
from allentk.network.projection import Projection, Receptor
from allentk.network.recipes.v1_cells import Part, column, glif_models, make_population
from allentk.network.recipes.v1_lgn import LGN_NAME, weighted_inputs
from allentk.network.recipes.v1_potentials import potential_of
from allentk.network.recipes.v1_tables import pairs_2026, populations
from allentk.network.recipes.v1_weights import ScreenedPotential
from allentk.network.rules import Frame, Gaussian, Tuning
from allentk.progress import track

__all__ = ["cells_2026", "feedforward_receptor", "inputs_2026", "recurrent_2026", "rule_2026"]

VARIANT = "2026"

#: Deviation of the fall-off of a chance by the signs of source and target, um.
SIGMA_UM = {(1, 1): 127.0, (1, -1): 99.84, (-1, 1): 96.6, (-1, -1): 126.77}

#: Chance of a connection of excitatory cells at orthogonal orientations over that at equal ones.
OPPOSITE = 0.5

#: How far the sources are displaced, and how much their ellipse is stretched across and pressed along.
SHIFT_UM, STRETCH = 50.0, 1.5

#: Sources of cells beyond this share of the radius are not displaced.
SHIFTED_SHARE = 600.0 / 700.0

#: Blur of the preference in the weights, by the signs of source and target, degrees.
NOISE_DEG = {(1, 1): 5.0, (1, -1): 15.0, (-1, 1): 15.0, (-1, -1): 25.0}

#: Synapses of the LGN over all of a cell of layer 4, potential of one, and its latency.
LGN_FRACTION, LGN_MV, LGN_DELAY_S = 0.2, 0.345, 0.0017

Array = NDArray[np.float64]


def cells_2026(part: Part, cells: object, seed: int) -> list[Population]:
    """Return the populations: places, directions, and how many synapses every cell has."""
    table = populations(VARIANT)
    models = glif_models(table, cells)
    made = []
    for name, row in table.iterrows():
        where = column(row, part.radius_um)
        n = part.n_of(row["n_cells"])
        population = make_population(str(name), row, models[str(name)], n, where, seed=seed)
        made.append(_with_sizes(population, row, part.radius_um, seed))
    return made


def _with_sizes(population: Population, row: pd.Series, radius_um: float, seed: int) -> Population:
    rng = np.random.default_rng(int(key_of(seed, population.name, "sizes")))
    drawn = row["size_median"] * np.exp(row["size_shape"] * rng.standard_normal(len(population)))
    size = np.maximum(drawn.round(), 1.0)
    nodes = population.nodes
    away = np.hypot(nodes["x_um"], nodes["z_um"])
    shift = np.where(away <= SHIFTED_SHARE * radius_um, SHIFT_UM, 0.0)
    columns = {"relative_size": size / row["size_mean"], "ahead_um": shift, "behind_um": -shift}
    return Population(population.name, population.models, nodes.assign(**columns))


def rule_2026(sign: int, target_sign: int, pmax: float) -> Gaussian:
    """Return who is connected, by the signs of source and target and the peak of the chance."""
    both = sign > 0 and target_sign > 0
    same = 2 / (1 + OPPOSITE)
    return Gaussian(
        pmax,
        math.sqrt(2) * SIGMA_UM[sign, target_sign],
        axes="xz",
        tuning=Tuning(same, 2 - same) if both else None,
        scale_by="relative_size",
        frame=Frame("behind_um", 1 / STRETCH, STRETCH) if sign > 0 else Frame("ahead_um"),
    )


def recurrent_2026(cells: list[Population], seed: int, n_jobs: int) -> Iterator[Projection]:
    """Connect every population with every other."""
    table, pairs = populations(VARIANT), pairs_2026()
    for target in track(cells, "connecting"):
        to = table.loc[target.name]
        for source in cells:
            of = table.loc[source.name]
            pair = pairs.loc[(of["type"], to["type"])]
            signs = (int(of["sign"]), int(to["sign"]))
            receptor = _receptor(pair, signs[0])
            yield connect(
                source,
                target,
                rule_2026(*signs, float(pair["pmax"])),
                synapse=receptor,
                weights_pa=_weights(pair, to, target, receptor, signs),
                delays_s=float(pair["delay_ms"]) / 1e3,
                seed=seed,
                n_jobs=n_jobs,
            )


def _receptor(pair: pd.Series, sign: int) -> Receptor:
    return Receptor(
        float(pair["tau_fast_ms"]) / 1e3,
        sign,
        tau_slow_s=float(pair["tau_slow_ms"]) / 1e3,
        slow_amplitude=float(pair["slow_share"]),
    )


def _unit_mv(target: Population, receptor: Receptor) -> tuple[float, ...]:
    """Return the peak potential of 1 pA in every model of a population."""
    return tuple(potential_of(model, receptor).peak_mv for model in target.point_models)


def _weights(
    pair: pd.Series, to: pd.Series, target: Population, receptor: Receptor, signs: tuple[int, int]
) -> ScreenedPotential:
    return ScreenedPotential(
        signs[0],
        float(pair["psp_mv"]),
        float(pair["psp_shape"]),
        float(to["size_median"]),
        float(to["size_mean"]),
        float(to["size_shape"]),
        _unit_mv(target, receptor),
        NOISE_DEG[signs],
        OPPOSITE if signs == (1, 1) else 1.0,
    )


def feedforward_receptor(population: str) -> Receptor:
    """Return the receptor of the LGN's and the background's synapses on a population."""
    kind = populations(VARIANT).loc[population, "type"]
    return _receptor(pairs_2026().loc[("exc", kind)], 1)


def inputs_2026(
    lgn: Population, cells: list[Population], seed: int, n_jobs: int
) -> Iterator[Projection]:
    """Connect the LGN: by the size of a cell, many weak synapses or fewer strong ones."""
    table = populations(VARIANT)
    usual = table.loc["e4other"]
    usual_size = float(usual["size_median"] * math.exp(usual["size_shape"] ** 2 / 2))
    for target in track(cells, "connecting the LGN"):
        row = table.loc[target.name]
        size = target.nodes["relative_size"].to_numpy(float) * row["size_mean"]
        yule = float(row["lgn_yule"])
        synapses = size * LGN_FRACTION * float(row["lgn_ratio"])
        found = weighted_inputs(
            lgn,
            target,
            np.rint(synapses * (yule - 1) / yule).astype(np.int64),
            frequency=float(row["lgn_frequency"]),
            on_share=float(row["lgn_on_share"]),
            yule=yule,
            seed=seed,
            n_jobs=n_jobs,
        )
        receptor = feedforward_receptor(target.name)
        unit = np.array(_unit_mv(target, receptor))[target.nodes["model"].to_numpy()]
        weight = (LGN_MV / unit * usual_size / size).astype(np.float32)
        yield Projection(
            LGN_NAME,
            target.name,
            found.indptr,
            found.sources,
            np.repeat(weight, np.diff(found.indptr)),
            LGN_DELAY_S,  # type: ignore[arg-type]
            receptor,
            found.n_synapses,
        )
