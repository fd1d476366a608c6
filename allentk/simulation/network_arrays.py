"""A network laid out flat, as the compiled kernels want it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from allentk.models import GLIFParameters
from allentk.network import JumpProjection, Network, PoissonInput, Population, Projection
from allentk.simulation.glif_propagator import alpha_gains, propagator
from allentk.simulation.network_kernels import Tiles
from allentk.simulation.network_tile_kernels import (
    ASC_CONSTANTS,
    ASC_STATE,
    CELL_CONSTANTS,
    CELL_STATE,
    PORT_CONSTANTS,
    PORT_STATE,
    TILE,
)

__all__ = ["Layout", "pushes_of", "seats_of", "set_currents", "tiles_of"]

Array = NDArray[np.float64]
#: What makes an input row: the parts of a receptor, or nothing for jumps of the voltage.
Parts = tuple[tuple[float, float], ...]
JUMPS: Parts = ()


def seats_of(n: int) -> int:
    """Return the seats that `n` cells take: whole tiles."""
    return -(-n // TILE) * TILE


@dataclass(frozen=True, slots=True)
class Layout:
    """Where every population lies, and its input rows.

    Cells come first, every population from a tile of its own on; virtual nodes come after all seats.
    """

    network: Network
    first: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, list[Parts]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at = 0
        for population in sorted(self.network.populations, key=lambda p: p.virtual):
            self.first[population.name] = at
            self.inputs[population.name] = []
            at += len(population) if population.virtual else seats_of(len(population))
        for entry in (*self.background, *self.projections):
            if input_of(entry) not in self.inputs[entry.target]:
                self.inputs[entry.target].append(input_of(entry))
        for rows in self.inputs.values():
            rows.sort(key=len, reverse=True)  # jumps last

    @property
    def projections(self) -> list[Projection | JumpProjection]:
        """Projections that end at point neurons."""
        return [p for p in self.network.projections if isinstance(p, Projection | JumpProjection)]

    @property
    def background(self) -> list[PoissonInput]:
        """Background of point neurons."""
        return [entry for entry in self.network.background if isinstance(entry, PoissonInput)]

    @property
    def n_seats(self) -> int:
        """Cells, and what fills their tiles."""
        return sum(seats_of(len(population)) for population in self.cells())

    @property
    def n_inputs(self) -> int:
        """Input rows, the same for all seats: the most that a population needs."""
        return max(1, *(len(rows) for rows in self.inputs.values()))

    def cells(self) -> Iterable[Population]:
        """Yield the populations of cells, in the order of the layout."""
        return (population for population in self.network.populations if not population.virtual)

    def node(self, seat: int) -> tuple[str, int]:
        """Return the population and the node that sit at a seat."""
        name = max(
            (n for n, first in self.first.items() if first <= seat), key=self.first.__getitem__
        )
        return name, seat - self.first[name]

    def row(self, entry: Projection | JumpProjection | PoissonInput) -> int:
        """Return the input row of what ends at the cells of a population."""
        return self.inputs[entry.target].index(input_of(entry))

    def ports(self, name: str) -> list[tuple[float, float]]:
        """Return time to peak (s) and relative peak of every alpha current of a population."""
        return [part for parts in self.inputs[name] for part in parts]


def input_of(entry: Projection | JumpProjection | PoissonInput) -> Parts:
    """Return what the input row of an entry is known by."""
    return JUMPS if isinstance(entry, JumpProjection) else entry.receptor.parts


def _cell_rows(model: GLIFParameters, dt_s: float) -> list[float]:
    """Return the constants of a cell in the order of ``CELL_CONSTANTS``."""
    step = propagator(model, dt_s)
    return [float(getattr(step, name)) for name in CELL_CONSTANTS]


def _asc_rows(model: GLIFParameters, dt_s: float, n_asc: int) -> list[float]:
    """Return the constants of after-spike currents, one after the other; nothing for those not there."""
    step = propagator(model, dt_s)
    columns = (step.asc_decay, step.asc_push, step.thv_of_asc, step.asc_amp, step.asc_keep)
    return [
        float(column[j]) if j < column.size else 0.0 for j in range(n_asc) for column in columns
    ]


def _port_rows(
    model: GLIFParameters, ports: list[tuple[float, float]], dt_s: float, n_ports: int
) -> list[float]:
    """Return the constants of alpha currents, one after the other."""
    rows = []
    for tau, peak in ports:
        of_flow, of_rise = alpha_gains(dt_s, model.tau_m_s, tau)
        decay, gain = math.exp(-dt_s / tau), model.R_mohm * 1e-3
        rows += [decay, decay * dt_s, gain * of_flow, gain * of_rise, peak * math.e / tau]
    return rows + [0.0] * (len(PORT_CONSTANTS) * (n_ports - len(ports)))


def _moves(model: GLIFParameters) -> int:
    """Return 2 where the threshold moves with the voltage, 1 where after spikes alone, or else 0."""
    if model.th_voltage_a_per_s:
        return 2
    return 1 if model.th_spike_a_mv else 0


class _Constants:
    """Constants of tiles, equal ones once."""

    def __init__(self) -> None:
        self.blocks: list[Array] = []
        self._at: dict[bytes, int] = {}
        self._size = 0

    def place(self, block: Array) -> int:
        """Return where the constants of a tile begin."""
        key = block.tobytes()
        if key not in self._at:
            self._at[key] = self._size
            self.blocks.append(block.ravel())
            self._size += block.size
        return self._at[key]


def tiles_of(layout: Layout, dt_s: float) -> Tiles:
    """Return all cells at rest."""
    populations = list(layout.cells())
    n_asc = {p.name: max(len(m.asc_amp_pa) for m in p.point_models) for p in populations}
    most_asc, most_ports = max(n_asc.values()), max(len(layout.ports(p.name)) for p in populations)
    columns = np.zeros((6, layout.n_seats // TILE), dtype=np.int64)
    parts = np.zeros((columns.shape[1], layout.n_inputs), dtype=np.int64)
    constants = _Constants()
    for population in populations:
        name, models = population.name, population.point_models
        ports, inputs = layout.ports(name), layout.inputs[name]
        rows = np.array(
            [
                _cell_rows(m, dt_s)
                + _asc_rows(m, dt_s, most_asc)
                + _port_rows(m, ports, dt_s, most_ports)
                for m in models
            ]
        )
        model = population.nodes["model"].to_numpy()
        first = layout.first[name] // TILE
        jumps = inputs.index(JUMPS) if JUMPS in inputs else -1
        moves = max(_moves(m) for m in models)
        for tile in range(seats_of(model.size) // TILE):
            block = _block(rows[model[tile * TILE : (tile + 1) * TILE]])
            own = (n_asc[name], len(ports), len(inputs) - (jumps >= 0), moves, jumps)
            columns[:, first + tile] = constants.place(block), *own
            parts[first + tile, : len(inputs)] = [len(of) for of in inputs]
    asc = TILE * len(CELL_STATE), TILE * len(CELL_CONSTANTS)
    port = (
        asc[0] + TILE * most_asc * len(ASC_STATE),
        asc[1] + TILE * most_asc * len(ASC_CONSTANTS),
    )
    size = (port[0] + TILE * most_ports * len(PORT_STATE), constants.blocks[0].size)
    x = np.zeros(columns.shape[1] * size[0])
    begins, afters, alphas, rows_in, thresholds, jumped = columns
    c = np.concatenate(constants.blocks)
    return Tiles(x, c, asc, port, size, begins, afters, alphas, rows_in, thresholds, jumped, parts)


def _block(rows: Array) -> Array:
    """Return the constants of up to ``TILE`` cells by row; other seats never reach a threshold."""
    block = np.zeros((rows.shape[1], TILE))
    block[:, : len(rows)] = rows.T
    block[CELL_CONSTANTS.index("th_inf"), len(rows) :] = np.inf
    return block


def pushes_of(layout: Layout, dt_s: float) -> Array:
    """Return by how many mV a current of 1 pA moves every seat in a step, shape (n_seats,)."""
    pushes = np.zeros(layout.n_seats)
    for population in layout.cells():
        push = np.array([propagator(model, dt_s).push for model in population.point_models])
        first = layout.first[population.name]
        own = push[population.nodes["model"].to_numpy()]
        pushes[first : first + len(population)] = own
    return pushes


def set_currents(tiles: Tiles, current_pa: Array, pushes: Array) -> None:
    """Set the injected current of every seat."""
    x = tiles.x.reshape(-1, tiles.size[0] // TILE, TILE)
    with np.errstate(over="ignore"):
        drive = pushes * current_pa
    x[:, CELL_STATE.index("current")] = current_pa.reshape(-1, TILE)
    x[:, CELL_STATE.index("drive")] = drive.reshape(-1, TILE)
