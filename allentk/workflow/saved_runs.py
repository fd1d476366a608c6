"""A simulation's results in files, read back as the network's response."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.errors import DataError, FormatError
from allentk.io.sonata import read_spikes
from allentk.io.sonata.config import read_config
from allentk.io.sonata.spikes import spike_populations
from allentk.network.sonata_ids import sonata_ids
from allentk.network.sonata_read import read_network

__all__ = ["is_run", "read_run"]

PathLike = str | os.PathLike[str]


def is_run(path: PathLike) -> bool:
    """Whether this is a folder that ``allentk network run DIR`` wrote."""
    return (Path(path) / "spikes.h5").is_file()


def read_run(
    path: PathLike,
    *,
    network: PathLike | None = None,
    presentations: PathLike | None = None,
    split: str | None = None,
) -> NetworkResponse:
    """Read the response of a network that was simulated and saved, here or by another program.

    Parameters
    ----------
    path : path
        A folder of ``allentk network run``; or a SONATA simulation configuration whose output lies where
        it says.
    network : path, optional
        The network's configuration or folder; by default as ``run.json`` or the configuration says.
    presentations : path, optional
        CSV file of what was shown; by default ``presentations.csv`` beside the spikes.
    split : str, optional
        As in ``read_network``.

    Returns
    -------
    NetworkResponse

    Raises
    ------
    FormatError
        Where a file is missing or damaged, or the spikes are of other nodes than the network's.
    DataError
        Where a number in them makes no sense.
    """
    home = Path(path)
    document: Mapping[str, Any] = {}
    if is_run(home):
        spikes = home / "spikes.h5"
        document = _document(home / "run.json")
        circuit = Path(network) if network is not None else _network_of(home, document)
    else:
        config = read_config(home)
        spikes = config.output_dir / str(config.output.get("spikes_file", "spikes.h5"))
        circuit = Path(network) if network is not None else home
        if not spikes.is_file():
            raise FormatError(
                f"{home}: expected the spikes of the simulation in {spikes}; there are none"
            )
    shown = _presentations(Path(presentations or spikes.parent / "presentations.csv"))
    trains, nodes = _spikes(spikes, circuit, split)
    last = max([float(of.times_s[-1]) for of in trains.values() if len(of)], default=0.0)
    duration = _duration(document, max(last, shown.duration_s), home)
    return NetworkResponse(
        trains,
        duration,
        shown,
        nodes,
        provenance={
            "spikes": str(spikes),
            "network": str(circuit),
            **dict(document.get("provenance") or {}),
        },
    )


def _document(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise FormatError(f"{file}: expected what allentk network run writes ({error})") from error
    if not isinstance(content, dict):
        raise FormatError(
            f"{file}: expected what allentk network run writes, got a list or a value"
        )
    return content


def _duration(document: Mapping[str, Any], least: float, home: Path) -> float:
    said = document.get("duration_s", least)
    if not isinstance(said, int | float) or not said > 0:
        raise FormatError(f"{home}: expected a length in seconds in run.json, got {said!r}")
    return max(float(said), least)


def _network_of(home: Path, document: Mapping[str, Any]) -> Path:
    """Return the network that run.json names: as it is written, or seen from the run's folder."""
    said = document.get("network")
    if not isinstance(said, str):
        raise FormatError(f"{home}: no run.json says of which network it is; name it (--network)")
    for place in (Path(said), home.parent / said):
        if place.exists():
            return place
    raise FormatError(f"{home}: its network {said} is not there; name where it is now (--network)")


def _presentations(file: Path) -> StimulusTable:
    try:
        return StimulusTable(pd.read_csv(file))
    except FileNotFoundError as error:
        raise FormatError(
            f"{file}: there is no such file; what was shown is needed (--presentations FILE.csv with "
            f"start_s, stop_s, stimulus, orientation_deg ...)"
        ) from error
    except (DataError, ValueError, OSError) as error:
        raise FormatError(f"{file}: expected a table of presentations ({error})") from error


def _spikes(
    file: Path, circuit: Path, split: str | None
) -> tuple[dict[str, SpikeTrains], dict[str, pd.DataFrame]]:
    ids = sonata_ids(circuit, split=split)
    network = read_network(circuit, split=split)
    cells = {one.name: one.nodes for one in network.populations if not one.virtual}
    sizes: dict[str, int] = {}
    for home, of in ids.values():
        sizes[home] = max(sizes.get(home, 0), int(np.max(of, initial=-1)) + 1)
    there = spike_populations(file)
    wanted = {ids[name][0] for name in cells}
    if there != ("",) and not wanted & set(there):
        raise FormatError(
            f"{file}: expected spikes of {', '.join(sorted(wanted))}, got those of {', '.join(there)}; is "
            f"{circuit} the network that was simulated?"
        )
    whole = {
        home: read_spikes(file, home, n_nodes=sizes[home])
        for home in wanted
        if home in there or there == ("",)
    }
    trains = {name: _of(whole, *ids[name]) for name in cells}
    return trains, cells


def _of(whole: Mapping[str, SpikeTrains], home: str, ids: NDArray[np.int64]) -> SpikeTrains:
    """Return the spikes of one population; a population without a group was silent."""
    if home not in whole:
        return SpikeTrains(np.empty(0), np.empty(0, np.int64), ids.size)
    return whole[home].subset(ids)
