"""The same metrics for every population of a simulated network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError

__all__ = ["cells_of_network", "per_population", "presentations_of"]


def presentations_of(
    responses: Traces | SpikeTrains | NetworkResponse, table: StimulusTable | None
) -> StimulusTable:
    """Return `table`, or what a network was shown.

    Raises
    ------
    DataError
        Where neither is there.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0], "stop_s": [1.0], "stimulus": "blank"})
    >>> presentations_of(NetworkResponse({}, 1.0, StimulusTable(shown)), None)
    <StimulusTable: 1 presentations (1 blank)>
    """
    if table is None and isinstance(responses, NetworkResponse):
        table = responses.presentations
    if table is None:
        raise DataError(
            f"responses: {responses!r} does not say what was shown; give a StimulusTable as the "
            f"second argument"
        )
    return table


def cells_of_network(response: NetworkResponse) -> pd.DataFrame:
    """Return one row per cell with the first three columns of ``per_population``.

    Raises
    ------
    DataError
        Where a node table has another length, or there are no spikes of any population.

    Examples
    --------
    >>> cells_of_network(NetworkResponse({"v1": SpikeTrains([], [], 2)}, 1.0))["cell"].tolist()
    [0, 1]
    """
    return per_population(
        "responses", response, None, lambda of: pd.DataFrame({"cell": np.arange(of.n_cells)})
    )


def per_population(
    stimulus: str,
    response: NetworkResponse,
    table: StimulusTable | None,
    measure: Callable[[SpikeTrains], pd.DataFrame],
) -> pd.DataFrame:
    """Measure every population of a network.

    Parameters
    ----------
    stimulus : str
        Its name, for messages.
    response : NetworkResponse
        What was simulated.
    table : StimulusTable or None
        What was shown, where it matters.
    measure : callable
        Makes a table with the column ``cell`` of the spike trains of one population.

    Returns
    -------
    DataFrame
        The tables, one under the other, with ``population`` (the cell class of the node, else the
        population's name) and ``node_population``.

    Raises
    ------
    DataError
        Where the presentations go on after the simulation, a node table has another length, or there
        are no spikes of any population.

    Examples
    --------
    >>> both = {"v1": SpikeTrains([], [], 1), "lgn": SpikeTrains([], [], 1)}
    >>> def cells(of):
    ...     return pd.DataFrame({"cell": range(of.n_cells)})
    >>> per_population("flashes", NetworkResponse(both, 1.0), None, cells)["node_population"].tolist()
    ['v1', 'lgn']
    """
    if table is not None and table.duration_s > response.duration_s + 1e-6:
        raise DataError(
            f"{stimulus}: the last presentation ends at {table.duration_s:g} s, after the "
            f"simulation's {response.duration_s:g} s; simulate longer, or leave rows out of the table"
        )
    parts = []
    for name, trains in response.spikes.items():
        classes = _classes(stimulus, response, name)
        part = measure(trains)
        part.insert(1, "population", classes)
        part.insert(2, "node_population", name)
        parts.append(part)
    if not parts:
        raise DataError(f"{stimulus}: the network's response has no population with spikes")
    return pd.concat(parts, ignore_index=True)


def _classes(what: str, response: NetworkResponse, name: str) -> object:
    """Return the cell classes of a population's nodes; its name where the nodes have none."""
    nodes, n_cells = response.nodes.get(name), response.spikes[name].n_cells
    if nodes is None or "cell_class" not in nodes:
        return name
    if len(nodes) != n_cells:
        raise DataError(
            f"{what}: population {name!r} has {n_cells} cells but {len(nodes)} rows in its node table"
        )
    return nodes["cell_class"].to_numpy()
