"""What is asked of a network run, checked; every engine reads it the same way."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from allentk.data import StimulusTable
from allentk.errors import SimulationError
from allentk.network import (
    ConductanceProjection,
    JumpProjection,
    Network,
    Population,
    Projection,
)
from allentk.simulation.current import check_point_step

__all__ = [
    "RATE_BIN_S",
    "Record",
    "cells_of",
    "check_points",
    "check_request",
    "n_steps_of",
    "nodes_of",
    "record_of",
    "short_delay",
    "watched_nodes",
]

#: Bin of a population's rate where none is asked for, seconds.
RATE_BIN_S = 0.01


def short_delay(
    projection: Projection | JumpProjection | ConductanceProjection,
    edge: int,
    delay_s: float,
    dt_s: float,
) -> SimulationError:
    """Return the error of an edge whose delay no engine can keep."""
    return SimulationError(
        f"{projection!r}: the delay of edge {edge}, {delay_s:g} s, is shorter than the time step of "
        f"{dt_s:g} s; take a smaller dt_s or a longer delay"
    )


def check_request(network: Network, table: StimulusTable, dt_s: float, seed: int) -> None:
    """Refuse what no engine can run.

    Raises
    ------
    SimulationError
        On a time step or seed that makes no sense, a network without cells, or an empty table.
    """
    check_point_step(dt_s)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise SimulationError(f"seed must be an integer, 0 or more, got {seed!r}")
    if network.n_cells == 0:
        raise SimulationError(f"{network!r} has no cells to simulate; add a population with models")
    if table.duration_s < dt_s:
        raise SimulationError(
            f"{table!r} lasts {table.duration_s:g} s: nothing to simulate; add a presentation"
        )


def n_steps_of(table: StimulusTable, dt_s: float) -> int:
    """Return how many steps last to the end of what is shown."""
    return math.ceil(table.duration_s / dt_s - 1e-6)


def check_points(network: Network, engine: str) -> None:
    """Refuse cells with compartments, in the name of an engine.

    Raises
    ------
    SimulationError
        Where there are some.
    """
    others = [population.name for population in network.populations if population.compartmental]
    if others:
        raise SimulationError(
            f"{engine} runs point neurons; the cells of {others} have compartments: use "
            f"backend='neuron'"
        )


def cells_of(network: Network) -> list[Population]:
    """Return the populations that are simulated, in the order of the network."""
    return [population for population in network.populations if not population.virtual]


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept besides spikes.

    Parameters
    ----------
    nodes : dict
        ``"voltage_mv"`` or ``"synaptic_current_pa"`` -> population -> nodes, sorted.
    rate_bins_s : dict
        Population -> bin of its rate in seconds.
    """

    nodes: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    rate_bins_s: dict[str, float] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, list[int]]:
        """Return the nodes of which something is kept, by population."""
        return self.nodes.get(kind, {})


def record_of(network: Network, record: Collection[str]) -> Record:
    """Read what is to be kept.

    Parameters
    ----------
    record : collection of str
        ``"spikes"``, ``"voltage_mv:<population>:<node>,<node>,..."``,
        ``"synaptic_current_pa:<population>:<node>,..."``, and ``"rate_hz:<population>"`` or
        ``"rate_hz:<population>:<bin in seconds>"``.

    Raises
    ------
    SimulationError
        On anything else, a node that is not there, a bin that is no time, or two bins of one population.
    """
    found = Record()
    sizes = {population.name: len(population) for population in cells_of(network)}
    for entry in (record,) if isinstance(record, str) else record:
        kind, _, rest_of = entry.partition(":")
        if entry == "spikes":
            continue
        if kind == "rate_hz":
            name, bin_s = _rate(entry, rest_of, sizes)
            if found.rate_bins_s.setdefault(name, bin_s) != bin_s:
                raise SimulationError(
                    f"cannot record {entry!r}: the rate of {name!r} is kept in one bin, and "
                    f"{found.rate_bins_s[name]:g} s were asked for as well"
                )
        else:
            name, nodes = _nodes(entry, kind, rest_of, sizes)
            by_name = found.nodes.setdefault(kind, {})
            by_name[name] = sorted({*by_name.get(name, []), *nodes})
    return found


def _nodes(entry: str, kind: str, rest_of: str, sizes: dict[str, int]) -> tuple[str, list[int]]:
    name, _, nodes = rest_of.rpartition(":")
    if kind not in ("voltage_mv", "synaptic_current_pa") or name not in sizes:
        raise SimulationError(
            f"cannot record {entry!r}; expected 'spikes', 'voltage_mv:<population>:<node>,...', "
            f"'synaptic_current_pa:<population>:<node>,...' or 'rate_hz:<population>' "
            f"with a population of {sorted(sizes)}"
        )
    return name, nodes_of(entry, name, nodes, sizes[name])


def nodes_of(entry: str, name: str, text: str, size: int) -> list[int]:
    """Read the nodes of a population that something is recorded of.

    Parameters
    ----------
    entry : str
        The whole of what was asked.
    name, size
        Of the population.
    text : str
        Nodes, such as ``"0,17"``.

    Raises
    ------
    SimulationError
        On what is no number, or a node that is not there.

    Examples
    --------
    >>> nodes_of("voltage_mv:exc:0,17", "exc", "0,17", 20)
    [0, 17]
    """
    ids = [int(node) if node.strip().isdecimal() else -1 for node in text.split(",")]
    if min(ids) < 0 or max(ids) >= size:
        raise SimulationError(f"cannot record {entry!r}: nodes of {name!r} are 0 to {size - 1}")
    return ids


def _rate(entry: str, rest_of: str, sizes: dict[str, int]) -> tuple[str, float]:
    if rest_of in sizes:
        return rest_of, RATE_BIN_S
    name, _, bin_s = rest_of.rpartition(":")
    if name not in sizes:
        raise SimulationError(
            f"cannot record {entry!r}: there is no population {rest_of!r} in {sorted(sizes)}"
        )
    try:
        seconds = float(bin_s)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise SimulationError(f"cannot record {entry!r}: a bin must be seconds, got {bin_s!r}")
    return name, seconds


def watched_nodes(network: Network, record: Collection[str]) -> dict[str, list[int]]:
    """Return the nodes whose voltage is asked for, by population, where nothing else can be kept.

    Parameters
    ----------
    record : collection of str
        ``"spikes"`` and ``"voltage_mv:<population>:<node>,<node>,..."``.

    Raises
    ------
    SimulationError
        On anything else, or a node that is not there.
    """
    found = record_of(network, record)
    if found.rate_bins_s or found.nodes.keys() - {"voltage_mv"}:
        raise SimulationError(
            f"cannot record {sorted(record)}; expected 'spikes' or 'voltage_mv:<population>:<node>,...'"
        )
    return found.of("voltage_mv")
