"""Spikes: one group per population, or the flat list of older files.

======================== =====================================================
``/spikes/<population>`` ``timestamps`` in ms, ``node_ids``; attribute ``sorting``
``/spikes``              older: ``timestamps`` in ms, ``gids``
======================== =====================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from allentk.atomic import whole as whole_file
from allentk.data import SpikeTrains
from allentk.errors import DataError, FormatError
from allentk.io.hdf5 import attribute, member, numbers, open_hdf5, text, whole
from allentk.io.sonata.layout import (
    create_dataset,
    create_hdf5,
    new_population,
    warn_compression,
)

__all__ = ["SORTING", "read_spikes", "spike_populations", "write_spikes"]

#: Values of the attribute ``sorting``.
SORTING = {"none": 0, "by_id": 1, "by_time": 2}
#: Seconds per unit of time.
_SECONDS = {"": 1e-3, "ms": 1e-3, "milliseconds": 1e-3, "s": 1.0, "seconds": 1.0}
#: Name under which times in seconds stand where ms would change their last digit.
_EXACT = "allentk_times_s"

Floats = NDArray[np.float64]


def spike_populations(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the populations of a spike file; one empty name for a flat list.

    Raises
    ------
    FormatError
        Where it is no spike file.
    """
    with open_hdf5(path, "a SONATA spike file") as file:
        return tuple(_found(file, path))


def _found(file: h5py.File, path: str | os.PathLike[str]) -> dict[str, h5py.Group]:
    root = member(file, "spikes")
    if not isinstance(root, h5py.Group):
        raise FormatError(f"{path}: expected /spikes, got {', '.join(list(file)) or 'nothing'}")
    if member(root, "gids") is not None:
        return {"": root}
    held = {name: member(root, name) for name in root}
    return {name: one for name, one in held.items() if isinstance(one, h5py.Group)}


def read_spikes(
    path: str | os.PathLike[str], population: str | None = None, *, n_nodes: int | None = None
) -> SpikeTrains:
    """Read the spikes of one population, sorted by time.

    Parameters
    ----------
    path : path
        The HDF5 file, of any age.
    population : str, optional
        Which; needed where the file has several. A flat list belongs to whoever asks.
    n_nodes : int, optional
        Nodes of the population; by default one more than the greatest id.

    Returns
    -------
    SpikeTrains
        In seconds.

    Raises
    ------
    FormatError
        Where there is no such population, lengths disagree, an id is negative or too large, a time is
        not finite, or the unit is unknown.
    """
    with open_hdf5(path, "a SONATA spike file") as file:
        found = _found(file, path)
        name = next(iter(found), "") if population is None or list(found) == [""] else population
        if name not in found or (population is None and len(found) > 1):
            raise FormatError(
                f"{path}: expected spikes of {population or 'one population'!r}, got those of "
                f"{list(found) or 'none'}; name one of them"
            )
        times, ids = _read(found[name], f"{path}: spikes of {name!r}")
    n = int(ids.max(initial=-1)) + 1 if n_nodes is None else n_nodes
    if ids.size and not (ids.min() >= 0 and ids.max() < n and np.isfinite(times).all()):
        raise FormatError(
            f"{path}: spikes of {name!r}: expected finite times of nodes 0 to {n - 1}, got nodes "
            f"{ids.min()} to {ids.max()}"
        )
    order = np.argsort(times, kind="stable")
    return SpikeTrains(times[order], ids[order], n)


def _read(group: h5py.Group, where: str) -> tuple[Floats, NDArray[np.int64]]:
    name = "gids" if member(group, "gids") is not None else "node_ids"
    ids = whole(numbers(group, name, where, ndim=1), where)
    held = numbers(group, "timestamps", where, ndim=1).astype(float)
    unit = text(attribute(group["timestamps"], "units"))
    if unit not in _SECONDS:
        raise FormatError(f"{where}: timestamps are in {unit!r}; expected ms or s")
    if held.shape != ids.shape:
        raise FormatError(f"{where}: {held.size} timestamps and {ids.size} {name}")
    times = held / 1e3 if _SECONDS[unit] != 1 else held
    exact = member(group, _EXACT)
    if exact is not None:
        written = numbers(group, _EXACT, where, ndim=1).astype(float)
        if written.shape == times.shape and np.allclose(written, times, rtol=1e-12, atol=0):
            times = written
    return times, ids


def write_spikes(
    trains: Mapping[str, SpikeTrains],
    path: str | os.PathLike[str],
    *,
    compression: str | None = None,
) -> Path:
    """Write spikes, each population sorted by time; the file appears whole or not at all.

    Parameters
    ----------
    trains : mapping
        Name of the population -> spikes; seconds are written as ms.
    path : path
        The file.
    compression : {None, "gzip", "lzf"}
        Compressed files are smaller, and libsonata's wheels do not read them.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        Without a population.
    ConfigError
        Where there is no room or no permission.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_spikes({"exc": SpikeTrains([0.1, 0.3], [2, 0], 3)}, Path(folder) / "spikes.h5")
    ...     read_spikes(path, "exc", n_nodes=3).of(2)
    array([0.1])
    """
    if not trains:
        raise DataError(f"{path}: there is no population whose spikes could be written")
    warn_compression(compression)
    with whole_file(path) as part, create_hdf5(part) as file:
        for name, one in trains.items():
            _write(new_population(file, "spikes", name), one, compression)
    return Path(path)


def _write(group: h5py.Group, trains: SpikeTrains, compression: str | None) -> None:
    kind = h5py.enum_dtype(SORTING, basetype="u1")
    group.attrs.create("sorting", SORTING["by_time"], dtype=kind)
    stamps = trains.times_s * 1e3
    columns = {"timestamps": stamps, "node_ids": trains.ids.astype(np.uint64)}
    if not np.array_equal(stamps / 1e3, trains.times_s):
        columns[_EXACT] = trains.times_s
    for name, values in columns.items():
        create_dataset(group, name, values.shape, values.dtype, compression)[...] = values
    group["timestamps"].attrs["units"] = "ms"
