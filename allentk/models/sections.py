"""Unbranched sections of a reconstruction, cut as NEURON's reader of SWC files cuts them.

The rules, for nodes in the order of their ids:

- A section ends where a node has no child, several children, a child that is not the next node, or
  a child of another type. It begins with a copy of the node that it hangs on.
- A soma of one node, or of three nodes that stand for a sphere (NeuroMorpho.org's convention), is a
  cylinder as long as it is wide, along x; what grows from it is attached to its middle and begins at
  its own first node.
- A neurite on a soma of several nodes is attached to the soma's beginning, end or middle (any other
  node) and begins with a copy of the soma's node that has the neurite's own diameter.
- A branch on the first node of a neurite that begins at the soma is attached to where that neurite
  begins.
- Sections of length 0 are left out.

NEURON reads numbers in single precision, hands them on as eight digits and keeps them in single
precision; so do we, so that areas and resistances are the same to the last digits.

References
----------
Hines and Carnevale 1997, "The NEURON simulation environment", Neural Computation 9:1179-1209, and the
program's own reader (`Import3d_SWC_read`), whose behaviour this is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from allentk.data import Morphology
from allentk.data._arrays import frozen
from allentk.data.morphology import SOMA
from allentk.errors import DataError

__all__ = ["MAX_LENGTH_UM", "Section", "cut_into_sections", "reading_order"]

Array = NDArray[np.float64]

#: Segments of Allen's models are at most this long; the number is part of the models.
MAX_LENGTH_UM: Final = 40.0
#: NEURON cuts a section into no more segments.
_MOST_SEGMENTS: Final = 32767

_KINDS = {1: ("soma", 0), 2: ("axon", 1), 3: ("dend", 2), 4: ("apic", 3)}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Section:
    """An unbranched piece of a neuron, a chain of truncated cones.

    Parameters
    ----------
    name : str
        As NEURON names it: ``"dend[12]"``.
    kind : int
        Place in `allentk.models.biophysical.SECTIONS`: soma 0, axon 1, dend 2, apic 3.
    parent : int
        Place of the section that it hangs on in the same list; -1 for the first soma.
    parent_x : float
        Where on its parent, 0 to 1.
    arc_um, diameter_um : array_like, shape (n_points,)
        Distance of its points from its beginning, from 0 on, and diameters there, in um.
    n_segments : int
        Number of equally long segments that it is cut into; odd.

    Raises
    ------
    DataError
        Where the points have no length, or not a diameter each.

    Examples
    --------
    >>> Section("dend[0]", 2, 0, 0.5, [0, 50, 90], [2, 1, 1], 5)
    <Section dend[0]: 90 um, 5 segments, on section 0 at 0.5>
    """

    name: str
    kind: int
    parent: int
    parent_x: float
    arc_um: Array
    diameter_um: Array
    n_segments: int

    def __post_init__(self) -> None:
        for name in ("arc_um", "diameter_um"):
            object.__setattr__(self, name, frozen(getattr(self, name), what=f"Section: {name}"))
        if self.arc_um.ndim != 1 or self.arc_um.shape != self.diameter_um.shape:
            raise DataError(
                f"{self.name}: arc_um and diameter_um need one value per point, got shapes "
                f"{self.arc_um.shape} and {self.diameter_um.shape}"
            )
        if not (self.arc_um.size > 1 and self.arc_um[-1] > 0):
            raise DataError(f"{self.name}: its points have no length; mend the reconstruction")

    @property
    def length_um(self) -> float:
        """Its length in um."""
        return float(self.arc_um[-1])

    def __repr__(self) -> str:
        return (
            f"<Section {self.name}: {self.length_um:g} um, {self.n_segments} segments, on section "
            f"{self.parent} at {self.parent_x:g}>"
        )


def cut_into_sections(
    morphology: Morphology, *, max_length_um: float = MAX_LENGTH_UM
) -> tuple[Section, ...]:
    """Cut a reconstruction into sections, as NEURON's import does.

    Parameters
    ----------
    morphology : Morphology
        The reconstruction; its root must be of the soma.
    max_length_um : float
        A section of length L has ``1 + 2 int(L / max_length_um)`` segments; infinity makes it one.

    Returns
    -------
    tuple of Section
        In NEURON's order: soma, axon, basal and apical dendrites, other types; within a type in the
        order of the nodes.

    Raises
    ------
    DataError
        Where the root is no node of the soma, a type has no section, or nodes are in an order that
        NEURON would read as another tree.

    Examples
    --------
    >>> cell = Morphology([1, 2, 3], [1, 3, 3], [[0, 0, 0], [0, 9, 0], [0, 99, 0]], [5, 1, 1], [-1, 0, 1])
    >>> for section in cut_into_sections(cell):
    ...     print(section)
    <Section soma[0]: 10 um, 1 segments, on section -1 at 0.5>
    <Section dend[0]: 90 um, 5 segments, on section 0 at 0.5>
    """
    if not max_length_um > 0:
        raise DataError(f"max_length_um must be a positive number, got {max_length_um!r}")
    nodes = _Nodes.of(morphology)
    pieces = [_root_piece(nodes)]
    for first, last in nodes.spans[1:]:
        pieces.append(_piece(nodes, pieces, first, last))
    _drop_empty(pieces)
    return _named(pieces, max_length_um)


@dataclass(frozen=True, slots=True)
class _Nodes:
    """Nodes in the order of their ids, and the spans of nodes that belong to one section each."""

    type: list[int]
    parent: list[int]
    points: Array  # (n, 4): x, y, z, diameter
    section: list[int]
    spans: list[tuple[int, int]]  # first and last node
    soma_children: NDArray[np.int64]  # of each node
    proximal: NDArray[np.bool_]  # hangs on the first node of a neurite at the soma
    sphere: bool

    @classmethod
    def of(cls, morphology: Morphology) -> _Nodes:
        type_, parent, points = _in_order(morphology)
        where = morphology.source or "morphology"
        if type_[0] != SOMA:
            raise DataError(f"{where}: the root must be a node of the soma (type 1)")
        sphere = _is_sphere_of_three(type_, parent, points)
        has_soma_parent = np.append(False, type_[parent[1:]] == SOMA)
        of_soma = np.bincount(parent[(type_ == SOMA) & has_soma_parent], minlength=type_.size)
        chain = parent.copy()
        if sphere:  # its last two nodes are dropped, and must not look like a branch
            chain[2] = 1
        ends, proximal = _section_ends(type_, chain, of_soma)
        lasts = np.flatnonzero(ends)
        firsts = np.append(0, lasts[:-1] + 1)
        inner = np.ones(type_.size, dtype=bool)
        inner[firsts] = False
        if (chain[inner] != np.flatnonzero(inner) - 1).any():
            raise DataError(
                f"{where}: the nodes are in an order that is read wrongly as sections: a neurite's "
                f"first node must be followed by one of its children. Number the nodes depth first"
            )
        section = np.repeat(np.arange(lasts.size), lasts - firsts + 1)
        spans = list(zip(firsts.tolist(), lasts.tolist(), strict=True))
        return cls(
            type_.tolist(),
            parent.tolist(),
            points,
            section.tolist(),
            spans,
            of_soma,
            proximal,
            sphere,
        )


def reading_order(morphology: Morphology) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the nodes in the order in which sections are made and numbered.

    That is the order of their ids, or, where a child would come before its parent, their own.

    Returns
    -------
    order : ndarray, shape (n_nodes,)
        Positions of the nodes in the reconstruction.
    parent : ndarray, shape (n_nodes,)
        Place of each node's parent in this order, -1 for the root.
    """
    order = np.argsort(morphology.id, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    parent = np.where(morphology.parent >= 0, place[morphology.parent], -1)[order]
    if (parent >= np.arange(parent.size)).any():
        return np.arange(order.size), morphology.parent
    return order, parent


def _in_order(morphology: Morphology) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Return types, parents and points in the order in which they are read."""
    order, parent = reading_order(morphology)
    points = np.column_stack([morphology.xyz_um, 2 * morphology.radius_um])[order]
    points = points.astype(np.float32).astype(np.float64)
    return morphology.type[order], parent, points


def _is_sphere_of_three(type_: NDArray[np.int64], parent: NDArray[np.int64], points: Array) -> bool:
    """Whether the soma is three nodes of one width, the ends a diameter apart, that stand for a sphere."""
    if (type_ == SOMA).sum() != 3 or not (type_[1:3] == SOMA).all() or parent[1:3].any():
        return False
    if np.isin(parent, (1, 2)).any() or (points[1:3, 3] != points[0, 3]).any():
        return False
    apart = float(np.linalg.norm(points[1:3, :3] - points[0, :3], axis=1).sum())
    return bool(abs(apart / points[0, 3] - 1) < 0.01)


def _section_ends(
    type_: NDArray[np.int64], parent: NDArray[np.int64], soma_children: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which nodes are the last of a section, and which hang on the first of a neurite."""
    n, nodes = type_.size, np.arange(type_.size)
    above = parent[1:]
    goes_on = (above == nodes[:-1]) & (type_[above] == type_[1:])
    ends = np.bincount(above, minlength=n) != 1
    ends[above[~goes_on]] = True
    proximal = np.zeros(n, dtype=bool)
    aside = 1 + np.flatnonzero(above != nodes[:-1])
    at = parent[aside]
    # The second node of the file is no such place: that is how NEURON reads it.
    begins = (at > 1) & (type_[at] != SOMA) & (type_[parent[at]] == SOMA)
    proximal[aside[begins]] = True
    for child in aside[begins].tolist():  # the last child decides
        ends[parent[child]] = type_[child] != type_[parent[child]]
    along = (type_[:-1] == SOMA) & (type_[1:] == SOMA) & (above == nodes[:-1])
    along[1:] &= soma_children[1:-1] <= 1
    ends[:-1][along] = False
    return ends, proximal


@dataclass(slots=True)
class _Piece:
    """A section in the making."""

    type: int
    first: int
    last: int
    points: Array
    parent: _Piece | None = None
    parent_x: float = 1.0


def _root_piece(nodes: _Nodes) -> _Piece:
    last = 0 if nodes.sphere else nodes.spans[0][1]
    return _Piece(nodes.type[0], 0, last, nodes.points[: last + 1])


def _piece(nodes: _Nodes, pieces: Sequence[_Piece], first: int, last: int) -> _Piece:
    node = nodes.parent[first]
    parent = pieces[nodes.section[node]]
    if nodes.proximal[first]:
        # The place is the beginning of the parent, whatever follows from its type.
        at, wire = 0.0, False
    elif parent.type == SOMA:
        at, wire = _on_soma(nodes, pieces, parent, node, first, last)
    else:
        at, wire = 1.0, False
    begin = nodes.points[[node]]
    if parent.type == SOMA and nodes.type[first] != SOMA:
        begin[0, 3] = nodes.points[first, 3]
    own = nodes.points[first : last + 1]
    return _Piece(
        nodes.type[first], first, last, own if wire else np.vstack([begin, own]), parent, at
    )


def _on_soma(
    nodes: _Nodes, pieces: Sequence[_Piece], soma: _Piece, node: int, first: int, last: int
) -> tuple[float, bool]:
    """Return where on a soma a section hangs, and whether by a wire: it begins at its own first node."""
    neurite, several = nodes.type[first] != SOMA, last > first
    if soma is pieces[0] and neurite and len(soma.points) == 1:
        return 0.5, several
    splits_soma = neurite and nodes.soma_children[node] > 1
    if soma is pieces[0] and node == 0:
        return 0.0, bool(splits_soma)
    if node < soma.last:
        return 0.5, neurite and several
    return 1.0, bool(splits_soma and several)


def _drop_empty(pieces: list[_Piece]) -> None:
    """Leave out sections of two equal points; what hangs on them hangs on their parents."""
    for place in range(len(pieces) - 1, 0, -1):
        piece = pieces[place]
        single = len(piece.points) < 2
        if single or (len(piece.points) == 2 and (piece.points[0] == piece.points[1])[:3].all()):
            del pieces[place]
            for other in pieces[place:]:
                if other.parent is piece:
                    other.parent, other.parent_x = piece.parent, piece.parent_x


def _named(pieces: list[_Piece], max_length_um: float) -> tuple[Section, ...]:
    """Return the sections, ordered and numbered by type."""
    order = sorted(range(len(pieces)), key=lambda place: pieces[place].type)
    place = {id(pieces[old]): new for new, old in enumerate(order)}
    counts: dict[int, int] = {}
    sections: list[Section] = []
    for old in order:
        piece = pieces[old]
        number = counts.setdefault(piece.type, 0)
        counts[piece.type] += 1
        name, kind = _KINDS.get(piece.type, (f"dend_{piece.type}", 2))
        if piece.type < 0:
            raise DataError(f"a node of type {piece.type} belongs to no section; give types from 0")
        arc, diameter = _stored(piece.points)
        sections.append(
            Section(
                f"{name}[{number}]",
                kind,
                place[id(piece.parent)] if piece.parent else -1,
                piece.parent_x if piece.parent else 0.5,
                arc,
                diameter,
                _n_segments(f"{name}[{number}]", float(arc[-1]), max_length_um),
            )
        )
    return tuple(sections)


def _n_segments(name: str, length_um: float, max_length_um: float) -> int:
    if not length_um / max_length_um < _MOST_SEGMENTS // 2:
        raise DataError(
            f"{name}: {length_um:g} um are more than {_MOST_SEGMENTS} segments of {max_length_um:g} um; "
            f"positions are in um: look for a unit, or a node that is far off"
        )
    return 1 + 2 * int(length_um / max_length_um)


def _stored(points: Array) -> tuple[Array, Array]:
    """Return arc lengths and diameters of points as NEURON stores them, in single precision."""
    if len(points) == 1:
        points = np.repeat(points, 3, axis=0)
        points[[0, 2], 0] += points[0, 3] * np.array([-0.5, 0.5])
    scale = 10.0 ** (7 - np.floor(np.log10(np.where(points == 0, 1.0, np.abs(points)))))
    single = (np.rint(points * scale) / scale).astype(np.float32)
    step = np.diff(single[:, :3], axis=0).astype(np.float64)
    arc = np.append(0.0, np.cumsum(np.sqrt((step * step).sum(axis=1))))
    return arc, np.abs(single[:, 3].astype(np.float64))
