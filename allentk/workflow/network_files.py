"""A simulated network's response as files: spikes and reports as SONATA, tables as CSV."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import NetworkResponse
from allentk.errors import ConfigError, MissingExtraError
from allentk.io.sonata import ElementReport, write_report, write_spikes
from allentk.network.sonata_ids import sonata_trains
from allentk.simulation.ranks import launched_ranks
from allentk.workflow.table_files import write_csv

__all__ = ["check_engine", "write_response"]

Ids = Mapping[str, tuple[str, NDArray[np.int64]]]

_INSTALL = {
    "neuron": "pip install neuron (Linux and macOS)",
    "nest": 'pip install "allentk[nest]" (Linux, Python 3.11 to 3.13)',
}


def check_engine(engine: str) -> None:
    """Refuse an engine that is not installed, or cannot share out a network among processes.

    Raises
    ------
    MissingExtraError
        Where it is not installed; says what to install.
    ConfigError
        Where several processes were started together, and the engine does not join them here.
    """
    if engine in _INSTALL and find_spec(engine) is None:
        raise MissingExtraError(f"the engine {engine} is not installed: {_INSTALL[engine]}")
    if engine != "neuron" and launched_ranks()[1] > 1:
        raise ConfigError(
            f"{launched_ranks()[1]} processes were started together, and the engine {engine} would run the "
            f"whole network in each; run it without mpiexec (NEST on several machines: see docs/nest.md)"
        )


def write_response(
    response: NetworkResponse, folder: str | os.PathLike[str], ids: Ids
) -> list[Path]:
    """Write a response into a folder, every file whole or not at all.

    ``spikes.h5``, and of records ``<variable>.h5``, are SONATA files with the populations and ids of the
    saved network; ``rates.csv`` and ``presentations.csv`` are tables.

    Parameters
    ----------
    response : NetworkResponse
        Of a network that was read from files.
    folder : path
        Made where it is not there.
    ids : mapping
        Of ``sonata_ids``.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ConfigError
        Where there is no room or no permission.
    """
    home = Path(folder)
    written = [write_spikes(sonata_trains(response.spikes, ids), home / "spikes.h5")]
    tables = {"rates.csv": response.rates_hz()}
    if response.presentations is not None:
        tables["presentations.csv"] = response.presentations.table
    if response.population_rate_hz:
        tables["population_rates.csv"] = _rates(response.population_rate_hz)
    for name, table in tables.items():
        written.append(write_csv(table, home / name))
    for name, reports in _reports(response, ids):
        written.append(write_report(reports, home / f"{name}.h5"))
    return written


def _rates(rates: Mapping[str, pd.Series]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"population": name, "time_s": rate.index, "rate_hz": rate.to_numpy()})
        for name, rate in rates.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _reports(response: NetworkResponse, ids: Ids) -> Iterator[tuple[str, list[ElementReport]]]:
    recorded: dict[str, Mapping[str, pd.DataFrame]] = {
        "voltage_mv": response.voltage_mv,
        "synaptic_current_pa": response.synaptic_current_pa,
        **response.states,
    }
    for variable, tables in recorded.items():
        by_home: dict[str, list[pd.DataFrame]] = {}
        for name, table in tables.items():
            home, of = ids[name]
            nodes = [int(of[int(node)]) for node in table.columns]
            by_home.setdefault(home, []).append(table.set_axis(nodes, axis="columns"))
        if by_home:
            yield _file(variable), [_report(*one, variable) for one in by_home.items()]


def _file(variable: str) -> str:
    """Return a name of a file for a variable such as ``voltage_mv dend[3](0.5)``."""
    return "".join(one if one.isalnum() or one in "_.-" else "_" for one in variable).strip("_")


def _report(home: str, tables: list[pd.DataFrame], variable: str) -> ElementReport:
    table: Any = pd.concat(tables, axis="columns")
    times = table.index.to_numpy(float)
    step = float(times[1] - times[0]) if times.size > 1 else 1e-3
    n = table.shape[1]
    name, _, units = variable.partition(" ")[0].rpartition("_")
    return ElementReport(
        home,
        table.to_numpy(float),
        table.columns.to_numpy(np.int64),
        np.zeros(n, np.int64),
        np.full(n, 0.5),
        float(times[0]) if times.size else 0.0,
        step,
        name or variable,
        {"mv": "mV", "pa": "pA"}.get(units, units),
    )
