"""How a cell is laid out for the compiled tree: its gates, the ways channels open, and where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allentk.errors import SimulationError
from allentk.models.biophysical import SECTIONS
from allentk.models.channels import CHANNELS, SCHEMES, Channel, Gate
from allentk.models.known_mechanisms import POOL
from allentk.simulation.biophysical.lanes import (
    HIGH_LOG,
    HIGH_MV,
    LOW_LOG,
    LOW_MV,
    MOST_POWER,
    STEP_LOG,
    STEP_MV,
    Lane,
    lane_of,
)
from allentk.simulation.biophysical.tree_layout import CHUNK, Layout

__all__ = ["Plan", "Slot", "plan", "rows_of"]

Ints = NDArray[np.int64]


class Slot(NamedTuple):
    """A gate of a section kind: what it does, how its voltage is shifted, and where it stands."""

    gate: Gate
    shift_mv: float
    calcium: bool
    kind: int
    begin: int


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The layout of a cell, and what its parts are.

    Parameters
    ----------
    layout : Layout
        Where everything stands.
    kinds : tuple of int
        Section kinds that have membrane, as places in `allentk.models.biophysical.SECTIONS`.
    slots : tuple of Slot
        The gates.
    tables : tuple of (Gate, float, bool)
        The tables that gates share: gate, shift, whether calcium drives it.
    lanes : tuple of (int, Lane)
        Kind and channel of every path.
    schemes : tuple of (int, str)
        Kind and name of every sodium scheme.
    """

    layout: Layout
    kinds: tuple[int, ...]
    slots: tuple[Slot, ...]
    tables: tuple[tuple[Gate, float, bool], ...]
    lanes: tuple[tuple[int, Lane], ...]
    schemes: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class _Drawn:
    """What has been laid out so far."""

    slots: list[Slot] = field(default_factory=list)
    lanes: list[tuple[int, Lane]] = field(default_factory=list)
    paths: list[tuple[int, int, int, int]] = field(default_factory=list)
    kinds: list[tuple[int, ...]] = field(default_factory=list)
    length: int = 0

    def add_kind(self, kind: int, first: int, last: int, there: Mapping[str, float]) -> None:
        """Add a section kind of patches `first` to `last` with its channels."""
        n_slots, n_paths, pool = len(self.slots), len(self.paths), POOL in there
        own: dict[tuple[str, Gate], int] = {}
        for path in _lanes_of(there):
            channel = path.channel
            for gate in (path.first, path.second):
                if gate is not None and (channel.name, gate) not in own:
                    own[channel.name, gate] = len(self.slots)
                    shift = there[channel.name]
                    self.slots.append(Slot(gate, shift, channel.calcium, kind, self.length))
                    self.length += last - first
            other = -1 if path.second is None else own[channel.name, path.second]
            instant, flows = path.first.tau_ms is None, channel.ion == "ca"
            self.paths.append((own[channel.name, path.first], other, int(instant), int(flows)))
            self.lanes.append((kind, path))
            pool = pool or channel.calcium or flows
        slots, paths = (n_slots, len(self.slots)), (n_paths, len(self.paths))
        self.kinds.append((first, last, *slots, *paths, int(pool)))


def plan(
    parent: Ints,
    kind: Ints,
    has_membrane: NDArray[np.bool_],
    mechanisms: Mapping[int, Mapping[str, float]],
) -> Plan:
    """Lay a cell out.

    Parameters
    ----------
    parent : array of int, shape (n_nodes,)
        Parents; each stands before its children.
    kind : array of int, shape (n_nodes,)
        Section kinds.
    has_membrane : array of bool, shape (n_nodes,)
        Which nodes have membrane.
    mechanisms : mapping of int to mapping of str to float
        Section kind -> mechanism -> shift of its voltage in mV.

    Raises
    ------
    SimulationError
        On a channel that has not the form the kernel knows.
    """
    patches = np.flatnonzero(has_membrane)
    node = patches[np.argsort(kind[patches], kind="stable")]
    kinds = tuple(int(one) for one in np.unique(kind[node]))
    bounds = np.searchsorted(kind[node], [*kinds, len(SECTIONS)]).tolist()
    drawn = _Drawn()
    for k, first, last in zip(kinds, bounds[:-1], bounds[1:], strict=True):
        drawn.add_kind(k, first, last, mechanisms[k])
    wanted = [(slot.gate, slot.shift_mv, slot.calcium) for slot in drawn.slots]
    tables = tuple(dict.fromkeys(wanted))
    starts = [0, *np.cumsum([4 * rows_of(calcium) for _, _, calcium in tables]).tolist()]
    places = [starts[tables.index(one)] for one in wanted]
    gates = [(s.begin, int(s.calcium), at) for s, at in zip(drawn.slots, places, strict=True)]
    schemes = tuple((k, name) for k in kinds for name in mechanisms[k] if name in SCHEMES)
    layout = Layout(
        parent=np.ascontiguousarray(parent, dtype=np.int64),
        node=np.ascontiguousarray(node, dtype=np.int64),
        kinds=_table(drawn.kinds, 7),
        gates=_table(gates, 3),
        paths=_table(drawn.paths, 4),
        powers=np.array([np.eye(MOST_POWER)[path.power - 1] for _, path in drawn.lanes]).reshape(
            -1, 4
        ),
        schemes=_chunks(schemes, dict(zip(kinds, drawn.kinds, strict=True))),
    )
    return Plan(layout, kinds, tuple(drawn.slots), tables, tuple(drawn.lanes), schemes)


def _lanes_of(names: Iterable[str]) -> Iterator[Lane]:
    for channel in (CHANNELS[name] for name in names if name in CHANNELS):
        for weight, powers in channel.paths:
            yield _lane(channel, weight, powers)


def _lane(channel: Channel, weight: float, powers: Sequence[int]) -> Lane:
    lane = lane_of(channel, weight, powers, "tree")
    # Of a gate that follows at once the kernel takes the slope where it has no power, and a partner.
    if lane.first.tau_ms is None and (lane.power > 1 or lane.second is None):
        raise SimulationError(
            f"{channel.name}: the tree backend takes a gate that follows at once without a power and "
            f"beside another gate alone, got the powers {tuple(powers)}; use backend='neuron'"
        )
    return lane


def _table(rows: Sequence[Sequence[int]], width: int) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(-1, width)


def _chunks(schemes: Sequence[tuple[int, str]], rows: Mapping[int, Sequence[int]]) -> Ints:
    names = list(SCHEMES)
    chunks = [
        (first, min(CHUNK, rows[kind][1] - first), names.index(name), one)
        for one, (kind, name) in enumerate(schemes)
        for first in range(rows[kind][0], rows[kind][1], CHUNK)
    ]
    return _table(chunks, 4)


def rows_of(calcium: bool) -> int:
    """Return how many rows a table has: one over calcium, or over the voltage."""
    low, high, step = (LOW_LOG, HIGH_LOG, STEP_LOG) if calcium else (LOW_MV, HIGH_MV, STEP_MV)
    return round((high - low) / step) + 1
