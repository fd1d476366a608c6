"""What is recorded of a network of NEURON cells, by name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from allentk.errors import SimulationError
from allentk.network import Network
from allentk.simulation.biophysical.neuron_cell import NeuronCell
from allentk.simulation.biophysical.neuron_record import references, state_names
from allentk.simulation.network_request import cells_of, nodes_of

__all__ = ["Trace", "traces_of"]

#: What a record of the soma's voltage is called, which goes into ``voltage_mv`` of the response.
SOMA = "voltage_mv"


@dataclass(frozen=True, slots=True, order=True)
class Trace:
    """One variable of one cell.

    Parameters
    ----------
    name : str
        What the response calls it: ``"voltage_mv"``, ``"cai_mM"``, ``"voltage_mv dend[3](0.5)"``.
    population : str
        Of the cell.
    node : int
        The cell.
    """

    name: str
    population: str
    node: int

    def reference(self, cell: NeuronCell) -> tuple[Any, Any]:
        """Return where NEURON keeps it, and the section.

        Raises
        ------
        SimulationError
            Where the cell has no such place, or the place no such variable.
        """
        if self.name == SOMA:
            return cell.soma(0.5)._ref_v, cell.soma
        try:
            (found,) = references(cell, state_names((self.name,))).values()
        except SimulationError as error:
            raise SimulationError(f"cell {self.node} of {self.population!r}: {error}") from error
        return found


def traces_of(network: Network, record: Collection[str]) -> list[Trace]:
    """Return what to record, each once, sorted.

    Parameters
    ----------
    record : collection of str
        ``"spikes"``, and ``"<variable>:<population>:<node>,<node>,..."`` where the variable is
        ``voltage_mv`` (of the soma), or one that a single cell can record.

    Raises
    ------
    SimulationError
        On anything else, a node that is not there, or a point neuron.

    Examples
    --------
    >>> traces_of(network, ["voltage_mv:pyr:0,1", "cai_mM:pyr:0"])  # doctest: +SKIP
    """
    sizes = {population.name: len(population) for population in cells_of(network)}
    points = {population.name for population in cells_of(network) if not population.compartmental}
    found: set[Trace] = set()
    for entry in (record,) if isinstance(record, str) else record:
        if entry == "spikes":
            continue
        kind, _, rest_of = entry.partition(":")
        population, _, nodes = rest_of.rpartition(":")
        if population not in sizes:
            raise SimulationError(
                f"cannot record {entry!r}; expected 'spikes' or '<variable>:<population>:<node>,...', as "
                f"in 'voltage_mv:{next(iter(sizes))}:0', with a population of {sorted(sizes)}"
            )
        if population in points:
            raise SimulationError(
                f"cannot record {entry!r}: the cells of {population!r} are points, of which the NEURON "
                f"engine computes spikes alone; backend='glif' records their voltage"
            )
        ids = nodes_of(entry, population, nodes, sizes[population])
        name = kind if kind == SOMA else next(iter(state_names((kind,))), "")
        if not name:
            raise SimulationError(f"cannot record {entry!r}: spikes are kept of all cells")
        found.update(Trace(name, population, node) for node in ids)
    return sorted(found)
