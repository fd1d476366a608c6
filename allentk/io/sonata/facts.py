"""What a SONATA file is like, apart from what it holds: for whoever validates it."""

from __future__ import annotations

import os
from dataclasses import dataclass

import h5py
import numpy as np

from allentk.io.hdf5 import attribute, member, members, open_hdf5
from allentk.io.sonata.edge_index import INDICES, check_index
from allentk.io.sonata.layout import VERSION, has_magic, populations

__all__ = ["EdgeFacts", "FileFacts", "edge_facts", "file_facts"]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Whether a file says that it is SONATA, in which version, and whether it is compressed."""

    magic: bool
    version: bool
    compressed: bool


@dataclass(frozen=True, slots=True)
class EdgeFacts:
    """What is wrong with each index of an edge population: empty if nothing, None without an index."""

    source_index: str | None
    target_index: str | None
    both_names: bool


def file_facts(path: str | os.PathLike[str], what: str = "a SONATA file") -> FileFacts:
    """Return what a file is like.

    Raises
    ------
    FormatError
        Where it is missing or damaged.
    """
    with open_hdf5(path, what) as file:
        version = np.ravel(attribute(file, "version"))
        return FileFacts(
            has_magic(file),
            version.size == len(VERSION) and tuple(version) == VERSION,
            _compressed(file, 0),
        )


def _compressed(group: h5py.Group, depth: int) -> bool:
    for _, one in members(group):
        if isinstance(one, h5py.Dataset) and one.compression is not None:
            return True
        if isinstance(one, h5py.Group) and depth < 8 and _compressed(one, depth + 1):
            return True
    return False


def edge_facts(path: str | os.PathLike[str], name: str) -> EdgeFacts:
    """Return what the indices of an edge population are like.

    Raises
    ------
    FormatError
        Where the file is damaged.
    """
    where = f"{path}: edges of {name!r}"
    with open_hdf5(path, "a SONATA edges file") as file:
        population = populations(file, "edges", path)[name]
        found = {}
        both = True
        for end, index in INDICES.items():
            group = member(population, f"indices/{index}")
            there = isinstance(group, h5py.Group)
            found[end] = check_index(population, end, where) if there else None
            both &= not there or {"node_id_to_range", "node_id_to_ranges"} <= set(group)
        return EdgeFacts(found["source"], found["target"], both)
