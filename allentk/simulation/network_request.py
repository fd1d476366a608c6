"""What is asked of a network run, checked; every engine reads it the same way."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from allentk.data import StimulusTable
from allentk.errors import SimulationError
from allentk.network import Network, Population

__all__ = ["cells_of", "check_request", "watched_nodes"]


def check_request(network: Network, table: StimulusTable, dt_s: float, seed: int) -> None:
    """Refuse what no engine can run.

    Raises
    ------
    SimulationError
        On a time step or seed that makes no sense, a network without cells, or an empty table.
    """
    if not (math.isfinite(dt_s) and 0 < dt_s <= 0.01):
        raise SimulationError(f"dt_s must lie in 0..0.01 seconds, got {dt_s!r}")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise SimulationError(f"seed must be an integer, 0 or more, got {seed!r}")
    if network.n_cells == 0:
        raise SimulationError(f"{network!r} has no cells to simulate; add a population with models")
    if table.duration_s < dt_s:
        raise SimulationError(
            f"{table!r} lasts {table.duration_s:g} s: nothing to simulate; add a presentation"
        )


def cells_of(network: Network) -> list[Population]:
    """Return the populations that are simulated, in the order of the network."""
    return [population for population in network.populations if not population.virtual]


def watched_nodes(network: Network, record: Collection[str]) -> dict[str, list[int]]:
    """Return the nodes whose voltage is asked for, by population.

    Parameters
    ----------
    record : collection of str
        ``"spikes"`` and ``"voltage_mv:<population>:<node>,<node>,..."``.

    Raises
    ------
    SimulationError
        On anything else, or a node that is not there.
    """
    wanted: dict[str, list[int]] = {}
    sizes = {population.name: len(population) for population in cells_of(network)}
    for entry in record:
        if entry == "spikes":
            continue
        kind, _, rest_of = entry.partition(":")
        name, _, nodes = rest_of.rpartition(":")
        if kind != "voltage_mv" or name not in sizes:
            raise SimulationError(
                f"cannot record {entry!r}; expected 'spikes' or 'voltage_mv:<population>:<node>,...' "
                f"with a population of {sorted(sizes)}"
            )
        ids = [int(node) if node.strip().isdecimal() else -1 for node in nodes.split(",")]
        if min(ids) < 0 or max(ids) >= sizes[name]:
            raise SimulationError(
                f"cannot record {entry!r}: nodes of {name!r} are 0 to {sizes[name] - 1}"
            )
        wanted[name] = sorted({*wanted.get(name, []), *ids})
    return wanted
