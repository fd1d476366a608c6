"""Connections from the LGN to V1: from subfields of the visual field beside each other.

A cell hears either sustained ON or sustained OFF cells on one side of its receptive field and
transient OFF cells on the other, both sides along its preferred direction; and cells of two subunits
whose axis is like its own. Classes are chosen by a preferred temporal frequency that is drawn for
every cell.

References
----------
Billeh et al. 2020, Neuron 106:388 (subfields as ellipses, all cells within by their class's chance); the
biorealistic-v1-model of the Allen Institute, BSD-3-Clause (a number of synapses by the size of the
cell, Yule distributed over sources drawn by a Gaussian of 5 degrees).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.network.keys import key_of
from allentk.network.lgn import LGN
from allentk.network.lgn_v1 import v1_lgn
from allentk.network.population import Population
from allentk.network.recipes.v1_lgn_kernels import draw_subfields, draw_weighted
from allentk.network.visual_field import v1_field_deg

__all__ = [
    "LGN_NAME",
    "Inputs",
    "Subfields",
    "lgn_population",
    "subfield_inputs",
    "weighted_inputs",
]

LGN_NAME = "LGN"

#: Size of the field that the LGN of 2026 covers, of 240 x 120 linear degrees before.
FIELD_SHARE_2026 = (120.0 / 240.0, 80.0 / 120.0)

#: Temporal frequencies that sustained ON, sustained OFF and transient OFF cells come in.
_FREQUENCIES = {"sON": (1, 2, 4, 8), "sOFF": (1, 2, 4, 8, 15), "tOFF": (4, 8, 15)}

_CHUNK = 1024

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Sources of every target, sorted, and synapses of each."""

    indptr: NDArray[np.int64]
    sources: NDArray[np.int32]
    n_synapses: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Subfields:
    """Geometry of the subfields of a class of Billeh et al.: ranges of degrees, and chances.

    Parameters
    ----------
    chance : float
        Share of the cells that have any input.
    frequency : float
        Parameter of the Poisson distribution of preferred frequencies.
    on_share : float
        Share of the cells that hear sustained ON, and not sustained OFF, cells.
    distance_deg, width_deg, aspect : (float, float)
        Distance of the centres, short diameter, and long over short one.
    n_synapses : int
        Of every connection.
    """

    chance: float
    frequency: float
    on_share: float
    distance_deg: tuple[float, float]
    width_deg: tuple[float, float]
    aspect: tuple[float, float]
    n_synapses: int


def lgn_population(variant: str, seed: int) -> Population:
    """Return the 17,400 cells of the LGN of a variant, 116 in each of 15 x 10 tiles.

    All cells of a class have one kernel; those of the published networks varied by 2.5 %.
    """
    if variant == "2026":
        lgn, _ = v1_lgn(variant="2026", seed=seed)
        wide, high = FIELD_SHARE_2026
        lgn = replace(lgn, x_deg=lgn.x_deg * wide, y_deg=lgn.y_deg * high)
    else:
        lgn, _ = v1_lgn(variant="2020", seed=seed)
    return Population(LGN_NAME, (), lgn.nodes(), source=lgn)


def _classes(lgn: Population) -> tuple[list[str], NDArray[np.int64], Array]:
    """Return names of classes, which every cell has, and on which side of the centre they are heard."""
    names, kind = np.unique(lgn.nodes["cell_class"].to_numpy(str), return_inverse=True)
    sides = [0.0 if "_00" in name else 1.0 if name.startswith("tOFF") else -1.0 for name in names]
    return list(names), kind.astype(np.int64), np.array(sides)


def _frequencies(mean: float, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw Poisson numbers of at least 1."""
    drawn = rng.poisson(mean, n)
    while (drawn == 0).any():
        drawn[drawn == 0] = rng.poisson(mean, int((drawn == 0).sum()))
    return drawn


def _chances(names: list[str], frequency: NDArray[np.int64], on: NDArray[np.bool_]) -> Array:
    """Return the chance of every class: the likelier, the nearer to the preferred frequency."""
    chances = np.zeros((frequency.size, len(names)))
    for family, available in _FREQUENCIES.items():
        away = np.abs(frequency[:, None] - np.array(available))
        share = (1 - away / away.sum(axis=1, keepdims=True)) / (len(available) - 1)
        heard = {"sON": on, "sOFF": ~on}.get(family, np.ones_like(on))
        for value, column in zip(available, share.T, strict=True):
            if f"{family}_TF{value}" in names:
                chances[:, names.index(f"{family}_TF{value}")] = np.where(heard, column, 0.0)
    return chances


def _stream(target: Population, seed: int) -> np.random.Generator:
    return np.random.default_rng(int(key_of(seed, LGN_NAME, target.name, "fields")))


def _places(
    lgn: Population, target: Population, *, linear: bool
) -> tuple[tuple[Array, ...], Array, Array]:
    source = lgn.source
    assert isinstance(source, LGN)
    assert source.axis_deg is not None
    nodes = target.nodes
    centres = np.column_stack(v1_field_deg(nodes["x_um"], nodes["z_um"], linear=linear))
    angles = nodes["tuning_angle_deg"].to_numpy(float)
    return (source.x_deg, source.y_deg, source.axis_deg), centres, angles


def _in_chunks(
    n: int, n_jobs: int, draw: Callable[[slice], tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    runs = [slice(first, min(first + _CHUNK, n)) for first in range(0, n, _CHUNK)]
    if n_jobs == 1:
        return [draw(run) for run in runs]
    with ThreadPoolExecutor(n_jobs) as pool:
        return list(pool.map(draw, runs))


def _joined(parts: list[tuple[Any, ...]]) -> tuple[NDArray[Any], ...]:
    counts, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return np.concatenate([[0], np.cumsum(counts)]), *columns


def weighted_inputs(
    lgn: Population,
    target: Population,
    n_sources: NDArray[np.int64],
    *,
    frequency: float,
    on_share: float,
    yule: float,
    seed: int,
    n_jobs: int = 1,
) -> Inputs:
    """Draw the inputs of a population of 2026.

    Parameters
    ----------
    lgn, target : Population
        Source and target; the target has ``x_um``, ``z_um`` and ``tuning_angle_deg``.
    n_sources : ndarray of int, shape (n_targets,)
        LGN cells that every cell hears.
    frequency, on_share, yule : float
        Parameters of preferred frequencies, of ON and OFF, and of synapses per connection.
    seed, n_jobs : int
        Draws everything that is random; threads.
    """
    names, kind, sides = _classes(lgn)
    (x, y, axis), centres, angles = _places(lgn, target, linear=False)
    rng = _stream(target, seed)
    on = rng.random(len(target)) < on_share
    chances = _chances(names, _frequencies(frequency, len(target), rng), on)
    turned = np.where(on, 1.0, -1.0)
    key = key_of(seed, LGN_NAME, target.name)

    def draw(run: slice) -> tuple[Any, ...]:
        some = (centres[run], angles[run], turned[run], chances[run], n_sources[run])
        drawn: tuple[Any, ...] = draw_weighted(run.start, x, y, kind, axis, sides, *some, yule, key)
        return drawn

    return Inputs(*_joined(_in_chunks(len(target), n_jobs, draw)))


def subfield_inputs(
    lgn: Population, target: Population, fields: Subfields, *, seed: int, n_jobs: int = 1
) -> Inputs:
    """Draw the inputs of a population of Billeh et al.: cells within its subfields.

    Parameters
    ----------
    lgn, target : Population
        Source and target; the target has ``x_um``, ``z_um`` and ``tuning_angle_deg``.
    fields : Subfields
        Their geometry.
    seed, n_jobs : int
        Draws everything that is random; threads.
    """
    n = len(target)
    names, kind, sides = _classes(lgn)
    # the map of the cortex on the screen is linear on the screen, not in degrees
    (x, y, axis), centres, angles = _places(lgn, target, linear=True)
    rng = _stream(target, seed)
    heard = rng.random(n) < fields.chance
    on = rng.random(n) < fields.on_share
    chances = _chances(names, _frequencies(fields.frequency, n, rng), on)
    chances[:, sides == 0.0] = 1.0
    chances[~heard] = 0.0
    halves = rng.uniform(*fields.distance_deg, n) / 2
    shorts = rng.uniform(*fields.width_deg, n) / 2
    longs = shorts * rng.uniform(*fields.aspect, n)
    key = key_of(seed, LGN_NAME, target.name)

    def draw(run: slice) -> tuple[Any, ...]:
        some = (centres[run], angles[run], halves[run], shorts[run], longs[run], chances[run])
        drawn: tuple[Any, ...] = draw_subfields(run.start, x, y, kind, axis, sides, *some, key)
        return drawn

    indptr, sources = _joined(_in_chunks(n, n_jobs, draw))
    synapses = np.broadcast_to(np.uint16(max(fields.n_synapses, 1)), sources.shape)
    return Inputs(indptr, sources, synapses)
