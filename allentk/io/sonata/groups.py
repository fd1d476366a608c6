"""Groups of attributes: the columns of nodes and edges in an HDF5 file.

A row of a population says which group it is in and where; the groups differ in their columns. Text stands
as whole numbers, with its words in ``@library``. Parameters of dynamics become columns
``dynamics_params/name``, columns of several numbers ``name[0]``, ``name[1]`` and so on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import DataError, FormatError
from allentk.io.hdf5 import dataset, member, members, numeric, readable, texts, whole
from allentk.io.sonata.layout import create_dataset
from allentk.io.sonata.types import MISSING

__all__ = ["Groups", "write_columns"]

LIBRARY = "@library"
DYNAMICS = "dynamics_params"


class Groups:
    """The groups of one population, opened.

    Parameters
    ----------
    population : h5py.Group
        The population.
    kind : {"node", "edge"}
        What its rows are.
    where : str
        File and population, for messages.

    Raises
    ------
    FormatError
        Where a dataset that must be there is not, or lengths disagree.
    """

    def __init__(self, population: h5py.Group, kind: str, where: str) -> None:
        self.kind, self.where = kind, where
        self._population = population
        self.ids = sorted(
            int(name) for name, one in members(population) if name.isdigit() and _is_group(one)
        )
        self._columns = {one: dict(self._found(one)) for one in self.ids}
        first = "node_type_id" if kind == "node" else "source_node_id"
        self.n_rows = numeric(population, first, where, ndim=1).shape[0]
        for name in ("group_id", "group_index"):
            held = self._row_dataset(name)
            if held is not None and held.shape[0] != self.n_rows:
                raise FormatError(
                    f"{where}: {kind}_{name} has {held.shape[0]} rows, {first} {self.n_rows}"
                )

    def _row_dataset(self, name: str) -> h5py.Dataset | None:
        full = f"{self.kind}_{name}"
        if member(self._population, full) is None and len(self.ids) < 2:
            return None
        return numeric(self._population, full, self.where, ndim=1)

    def _found(self, group_id: int) -> Iterator[tuple[str, h5py.Dataset]]:
        group = member(self._population, str(group_id))
        for name, one in members(group):
            if isinstance(one, h5py.Dataset):
                yield name, one
            elif name == DYNAMICS:
                for parameter, held in members(one):
                    if isinstance(held, h5py.Dataset):
                        yield f"{DYNAMICS}/{parameter}", held

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of all groups."""
        return tuple(dict.fromkeys(name for held in self._columns.values() for name in held))

    def layout(self) -> dict[int, dict[str, np.dtype[Any]]]:
        """Return the flat columns of numbers of every group, and their types.

        Raises
        ------
        FormatError
            Where a column is text or has several numbers per row.
        """
        for one, held in self._columns.items():
            for name, column in held.items():
                text = column.dtype.kind not in "biuf" or self._library(one, name) is not None
                if text or len(column.shape or ()) != 1:
                    raise FormatError(
                        f"{self.where}: {column.name} is text or has several numbers per row; this is "
                        f"read, and cannot be written again"
                    )
        return {
            one: {name: column.dtype for name, column in held.items()}
            for one, held in self._columns.items()
        }

    def places(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return group and place in it of rows.

        Raises
        ------
        FormatError
            Where a group is not there.
        """
        ids, indices = self._row_dataset("group_id"), self._row_dataset("group_index")
        if ids is None or indices is None:
            only = self.ids[0] if self.ids else 0
            return np.full(stop - start, only), np.arange(start, stop)
        with readable(f"{self.where}: its groups"):
            group, index = (whole(one[start:stop], self.where) for one in (ids, indices))
        unknown = [one for one in _distinct(group) if one not in self.ids]
        if unknown and self.ids:
            raise FormatError(
                f"{self.where}: {self.kind}_group_id {unknown[0]} is no group; there are {self.ids}"
            )
        return group, index

    def read(
        self, start: int, stop: int, wanted: Collection[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return the columns of rows ``start`` to ``stop``, missing where a row's group has none.

        Raises
        ------
        FormatError
            Where a place is outside its group.
        """
        group, index = self.places(start, stop)
        parts: dict[str, list[tuple[NDArray[np.bool_], NDArray[Any]]]] = {}
        for one in _distinct(group):
            mask = group == one
            for name, held in self._columns.get(one, {}).items():
                if wanted is None or name in wanted:
                    values = self._values(held, index[mask], one, name)
                    parts.setdefault(name, []).append((mask, values))
        made: dict[str, NDArray[Any]] = {}
        for name, some in parts.items():
            column = _assembled(some, group.size)
            if column.ndim == 1:
                made[name] = column
            else:
                flat = column.reshape(column.shape[0], -1)
                made |= {f"{name}[{k}]": flat[:, k] for k in range(flat.shape[1])}
        return made

    def _values(
        self, held: h5py.Dataset, index: NDArray[np.int64], group_id: int, name: str
    ) -> NDArray[Any]:
        where = f"{self.where}: {held.name}"
        if index.size == 0:
            return np.empty((0, *held.shape[1:]), held.dtype)
        low, high = int(index.min()), int(index.max()) + 1
        if held.shape is None or not held.shape or low < 0 or high > held.shape[0]:
            raise FormatError(
                f"{where}: {self.kind}_group_index reaches from {low} to {high - 1}; the column has shape "
                f"{held.shape}"
            )
        if held.dtype.kind not in "biuf":
            return np.array(texts(dataset(held.parent, name.split("/")[-1], self.where)), object)[
                index
            ]
        numeric(held.parent, name.split("/")[-1], self.where)
        with readable(where):
            values = held[low:high][index - low]
        library = self._library(group_id, name)
        return values if library is None else _words(values, library, where)

    def _library(self, group_id: int, name: str) -> list[str] | None:
        held = member(self._population, f"{group_id}/{LIBRARY}/{name}")
        return texts(held) if isinstance(held, h5py.Dataset) else None


def _distinct(group: NDArray[np.int64]) -> list[int]:
    """Return the groups that there are, quickly where it is one."""
    if group.size and group.min() == group.max():
        return [int(group[0])]
    found: list[int] = np.unique(group).tolist()
    return found


def _is_group(one: Any) -> bool:
    return isinstance(one, h5py.Group)


def _words(codes: NDArray[Any], library: list[str], where: str) -> NDArray[Any]:
    at = whole(codes, where)
    if at.size and not (at.min() >= 0 and at.max() < len(library)):
        raise FormatError(
            f"{where}: codes reach from {at.min()} to {at.max()}; {LIBRARY} has {len(library)} words"
        )
    words = np.array([None if word in MISSING else word for word in library], dtype=object)
    picked: NDArray[Any] = words[at]
    return picked


def _assembled(parts: list[tuple[NDArray[np.bool_], NDArray[Any]]], n: int) -> NDArray[Any]:
    if len(parts) == 1 and parts[0][1].shape[0] == n:
        return parts[0][1]
    kinds = {values.dtype.kind for _, values in parts}
    covered = sum(values.shape[0] for _, values in parts) == n
    shape = (n, *parts[0][1].shape[1:])
    if "O" in kinds:
        column: NDArray[Any] = np.full(shape, None, dtype=object)
    elif covered:
        column = np.empty(shape, np.result_type(*(values.dtype for _, values in parts)))
    else:
        column = np.full(shape, np.nan)
    for mask, values in parts:
        column[mask] = values
    return column


def write_columns(group: h5py.Group, columns: pd.DataFrame, compression: str | None) -> None:
    """Write the columns of one group; text as codes with its ``@library``."""
    for name in columns.columns:
        values = columns[name].to_numpy()
        if values.dtype.kind not in "biuf":
            values = _coded(group, str(name), columns[name])
        if values.dtype.kind == "b":
            values = values.astype(np.int8)
        create_dataset(group, str(name), values.shape, values.dtype, compression)[...] = values


def _coded(group: h5py.Group, name: str, column: pd.Series) -> NDArray[Any]:
    """Write the words of a column, and return its codes."""
    taken = column[column.isin(MISSING)]
    if len(taken):
        raise DataError(
            f"the text {taken.iloc[0]!r} in the column {name!r} would read as no value; rename it"
        )
    codes, words = pd.factorize(column.astype(object).where(column.notna(), MISSING[0]).astype(str))
    library = group.require_group(LIBRARY)
    library.create_dataset(name, data=np.array(words, dtype=object), dtype=h5py.string_dtype())
    made: NDArray[Any] = codes.astype(np.uint32)
    return made
