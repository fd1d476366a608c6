"""Reports: a recorded variable of some places on some nodes, one column per place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.atomic import whole as whole_file
from allentk.data._arrays import frozen
from allentk.errors import DataError, FormatError
from allentk.io.hdf5 import attribute, member, numbers, numeric, open_hdf5, readable, text, whole
from allentk.io.sonata.layout import (
    create_dataset,
    create_hdf5,
    new_population,
    populations,
    warn_compression,
)

__all__ = ["ElementReport", "read_report", "report_populations", "write_report"]

_POINTERS = ("index_pointers", "index_pointer")
#: Part of a step that a time may be off by rounding.
_ROUNDING = 1e-6
#: Rows that are written at once: sorting columns copies them.
_ROWS = 1 << 12


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ElementReport:
    """A recorded variable.

    Parameters
    ----------
    population : str
        Name of the node population.
    data : array_like, shape (n_times, n_elements)
        The values.
    node_ids : array_like of int, shape (n_elements,)
        Node of every column.
    element_ids : array_like of int, shape (n_elements,)
        Section of every column.
    element_pos : array_like, shape (n_elements,)
        Place along it, 0 to 1.
    start_s, dt_s : float
        Time of the first row and between rows, seconds.
    variable, units : str
        What was recorded, such as ``"v"`` in ``"mV"``.

    Raises
    ------
    DataError
        Where lengths disagree or `dt_s` is not positive.

    Examples
    --------
    >>> ElementReport("exc", [[-70.0], [-69.0]], [3], [0], [0.5], 0.0, 1e-4, "v", "mV")
    <ElementReport of exc: v, 2 times, 1 place on 1 node>
    """

    population: str
    data: NDArray[np.float64]
    node_ids: NDArray[np.int64]
    element_ids: NDArray[np.int64]
    element_pos: NDArray[np.float64]
    start_s: float
    dt_s: float
    variable: str = ""
    units: str = ""

    def __post_init__(self) -> None:
        where = f"report of {self.population!r}"
        dtypes = {
            "data": float,
            "node_ids": np.int64,
            "element_ids": np.int64,
            "element_pos": float,
        }
        for name, dtype in dtypes.items():
            held = frozen(getattr(self, name), dtype, what=f"{where}: {name}")
            object.__setattr__(self, name, held)
        n = self.data.shape[-1] if self.data.ndim == 2 else -1
        for name in ("node_ids", "element_ids", "element_pos"):
            if getattr(self, name).shape != (n,):
                raise DataError(
                    f"{where}: {name} must have one value per column of data, got shapes "
                    f"{getattr(self, name).shape} and {self.data.shape}"
                )
        if not self.dt_s > 0:
            raise DataError(f"{where}: dt_s must be positive, got {self.dt_s!r}")

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Time of every row, seconds."""
        steps = np.arange(len(self.data), dtype=np.float64)
        return self.start_s + steps * self.dt_s

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per time (s) and one column per node, section and place."""
        columns = pd.MultiIndex.from_arrays(
            [self.node_ids, self.element_ids, self.element_pos],
            names=["node_id", "element_id", "element_pos"],
        )
        return pd.DataFrame(self.data, index=pd.Index(self.times_s, name="time_s"), columns=columns)

    def __repr__(self) -> str:
        n, nodes = self.node_ids.size, np.unique(self.node_ids).size
        return (
            f"<ElementReport of {self.population}: {self.variable or 'values'}, {len(self.data)} times, "
            f"{n} place{'s'[: n != 1]} on {nodes} node{'s'[: nodes != 1]}>"
        )


def report_populations(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the populations of a report file.

    Raises
    ------
    FormatError
        Where it is no report.
    """
    with open_hdf5(path, "a SONATA report") as file:
        return tuple(populations(file, "report", path))


def read_report(
    path: str | os.PathLike[str],
    population: str | None = None,
    *,
    nodes: Sequence[int] | None = None,
    start_s: float = -np.inf,
    stop_s: float = np.inf,
) -> ElementReport:
    """Read a report of one population, or a part of it.

    Parameters
    ----------
    path : path
        The HDF5 file.
    population : str, optional
        Which; needed where the file has several.
    nodes : sequence of int, optional
        Only these nodes.
    start_s, stop_s : float
        Only times in ``[start_s, stop_s)``, seconds.

    Returns
    -------
    ElementReport

    Raises
    ------
    FormatError
        Where there is no such population, nothing is selected, or the file is damaged.
    """
    with open_hdf5(path, "a SONATA report") as file:
        found = populations(file, "report", path)
        name = next(iter(found)) if population is None else population
        if name not in found or (population is None and len(found) > 1):
            raise FormatError(
                f"{path}: expected a report of {population or 'one population'!r}, got {list(found)}; "
                f"name one of them"
            )
        return _read(found[name], name, f"{path}: report of {name!r}", nodes, (start_s, stop_s))


def _read(
    group: h5py.Group,
    name: str,
    where: str,
    nodes: Sequence[int] | None,
    span_s: tuple[float, float],
) -> ElementReport:
    data = numeric(group, "data", where, ndim=2)
    columns = _columns(group, data.shape[1], where)
    start, dt = _time(group, where)
    keep = np.arange(data.shape[1]) if nodes is None else np.flatnonzero(np.isin(columns[0], nodes))
    times = start + np.arange(data.shape[0]) * dt
    low_s, high_s = (edge - dt * _ROUNDING for edge in span_s)
    rows = np.flatnonzero((times >= low_s) & (times < high_s))
    if not (keep.size and rows.size):
        raise FormatError(
            f"{where}: nothing selected: it has nodes {np.unique(columns[0])[:8].tolist()} ... and times "
            f"{start:g} to {times[-1] if times.size else start:g} s"
        )
    with readable(where):
        low, high = int(keep.min()), int(keep.max()) + 1
        values = data[int(rows[0]) : int(rows[-1]) + 1, low:high][:, keep - low]
    return ElementReport(
        name,
        values,
        columns[0][keep],
        columns[1][keep],
        columns[2][keep],
        float(times[rows[0]]),
        dt,
        text(attribute(data, "variable")),
        text(attribute(data, "units")),
    )


def _columns(
    group: h5py.Group, n: int, where: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    ids = whole(numbers(group, "mapping/node_ids", where, ndim=1), where)
    name = next(
        (one for one in _POINTERS if member(group, f"mapping/{one}") is not None), _POINTERS[0]
    )
    pointers = whole(numbers(group, f"mapping/{name}", where, ndim=1), where)
    if pointers.size == ids.size:
        pointers = np.append(pointers, n)
    counts = np.diff(pointers)
    if pointers.size != ids.size + 1 or (counts < 0).any() or pointers[0] != 0 or pointers[-1] != n:
        raise FormatError(
            f"{where}: {name} must rise from 0 to the {n} columns of data, with one span for each of "
            f"{ids.size} nodes; got {pointers[:4].tolist()} ... {pointers[-2:].tolist()}"
        )
    elements = whole(numbers(group, "mapping/element_ids", where, ndim=1), where)
    positions = numbers(group, "mapping/element_pos", where, ndim=1).astype(float)
    if elements.size != n or positions.size != n:
        raise FormatError(
            f"{where}: {n} columns of data, {elements.size} element_ids and {positions.size} element_pos"
        )
    return np.repeat(ids, counts), elements, positions


def _time(group: h5py.Group, where: str) -> tuple[float, float]:
    """Return start and step in seconds."""
    time = numbers(group, "mapping/time", where, ndim=1).astype(float)
    unit = text(attribute(member(group, "mapping/time"), "units")) or "ms"
    if time.size != 3 or not (np.isfinite(time).all() and time[2] > 0) or unit not in ("ms", "s"):
        raise FormatError(
            f"{where}: mapping/time must be start, stop and a positive step in ms, got {time} {unit}"
        )
    start, _, dt = (time / 1e3 if unit == "ms" else time).tolist()
    return start, dt


def write_report(
    reports: ElementReport | Sequence[ElementReport],
    path: str | os.PathLike[str],
    *,
    compression: str | None = None,
) -> Path:
    """Write reports of one or several populations; the file appears whole or not at all.

    Parameters
    ----------
    reports : ElementReport or sequence of ElementReport
        One per population. Values are written in single precision, as readers ask for.
    path : path
        The file.
    compression : {None, "gzip", "lzf"}
        See `write_spikes`.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        Without a report, or with two of one population.
    ConfigError
        Where there is no room or no permission.

    Examples
    --------
    >>> import tempfile
    >>> report = ElementReport("exc", [[-70.0], [-69.0]], [3], [0], [0.5], 0.0, 1e-4, "v", "mV")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_report(write_report(report, Path(folder) / "v.h5")).data.tolist()
    [[-70.0], [-69.0]]
    """
    several = (reports,) if isinstance(reports, ElementReport) else tuple(reports)
    names = [one.population for one in several]
    if not names or len(set(names)) < len(names):
        raise DataError(f"{path}: expected one report for each population, got {names}")
    warn_compression(compression)
    with whole_file(path) as part, create_hdf5(part) as file:
        for one in several:
            _write(new_population(file, "report", one.population), one, compression)
    return Path(path)


def _write(group: h5py.Group, report: ElementReport, compression: str | None) -> None:
    order = np.argsort(report.node_ids, kind="stable")
    ids, first = np.unique(report.node_ids[order], return_index=True)
    data = create_dataset(group, "data", report.data.shape, np.float32, compression)
    for start in range(0, len(report.data), _ROWS):
        data[start : start + _ROWS] = report.data[start : start + _ROWS][:, order]
    data.attrs["units"] = report.units or "unknown"
    data.attrs["variable"] = report.variable or "unknown"
    mapping = group.create_group("mapping")
    stop = report.start_s + len(report.data) * report.dt_s
    columns: dict[str, ArrayLike] = {
        "node_ids": ids.astype(np.uint64),
        _POINTERS[0]: np.append(first, order.size).astype(np.uint64),
        "element_ids": report.element_ids[order].astype(np.uint32),
        "element_pos": report.element_pos[order].astype(np.float32),
        "time": np.array([report.start_s, stop, report.dt_s]) * 1e3,
    }
    for name, values in columns.items():
        mapping.create_dataset(name, data=values)
    mapping[_POINTERS[1]] = mapping[_POINTERS[0]]
    mapping["time"].attrs["units"] = "ms"
    mapping["node_ids"].attrs["sorted"] = np.uint8(1)
