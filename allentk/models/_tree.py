"""The tree of compartments that sections make."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allentk.models.frusta import segments
from allentk.models.sections import Section

__all__ = ["Tree", "tree_of"]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


class Tree(NamedTuple):
    """Nodes of a tree, a parent before its children; see `Compartments`."""

    kind: Integers
    section: Integers
    x: Array
    parent: Integers
    area_um2: Array
    axial_per_um: Array
    path_um: Array


def tree_of(sections: Sequence[Section]) -> Tree:
    """Return the compartments of sections, rooted in the middle of the first."""
    order = _parents_first(sections)
    laid = [sections[place] for place in order]
    used = {(section.parent, section.parent_x) for section in sections}
    n_inner = np.array([section.n_segments for section in laid])
    has_end = np.array([(place, 1.0) in used for place in order])
    # Only the root has a beginning of its own; what hangs at another's hangs on its parent.
    has_begin = np.zeros(n_inner.size, dtype=bool)
    has_begin[0] = any(
        section.parent_x == 0 and _hangs_on_begin_of_root(sections, section) for section in sections
    )
    size = has_begin + n_inner + has_end
    start = np.cumsum(size) - size
    owner = np.repeat(np.arange(size.size), size)
    number = np.arange(owner.size) - start[owner] - has_begin[owner]
    is_begin, is_end = number < 0, number == n_inner[owner]
    inner = ~(is_begin | is_end)
    length = np.array([section.length_um for section in laid])
    x = np.clip((number + 0.5) / n_inner[owner], 0.0, 1.0)
    x[is_begin], x[is_end] = 0.0, 1.0

    geometry = segments(laid)
    area, axial = np.zeros(owner.size), np.zeros(owner.size)
    area[inner] = geometry.area_um2
    left, right = np.zeros(owner.size), np.zeros(owner.size)
    left[inner], right[inner] = geometry.left_per_um, geometry.right_per_um
    axial[1:] = left[1:] + np.where(owner[1:] == owner[:-1], right[:-1], 0.0)
    axial[0] = np.inf

    attach, begin_path = _attachments(sections, order, start, n_inner, has_begin)
    parent = np.arange(-1, owner.size - 1)
    parent[start] = attach
    path = begin_path[owner] + x * length[owner]
    root = owner == 0
    path[root] = np.abs(x[root] - 0.5) * length[0]
    kind = np.array([section.kind for section in laid])[owner]
    tree = Tree(kind, np.array(order)[owner], x, parent, area, axial, path)
    return _rooted(tree, int(has_begin[0]) + int(n_inner[0]) // 2)


def _parents_first(sections: Sequence[Section]) -> list[int]:
    """Return an order of the sections in which a parent stands before its children."""
    children: list[list[int]] = [[] for _ in sections]
    for place, section in enumerate(sections):
        if section.parent >= 0:
            children[section.parent].append(place)
    order, stack = [], [0]
    while stack:
        place = stack.pop()
        order.append(place)
        stack.extend(reversed(children[place]))
    return order


def _hangs_on_begin_of_root(sections: Sequence[Section], section: Section) -> bool:
    """Whether a section at the beginning of another ends up at the beginning of the root."""
    while section.parent >= 0 and section.parent_x == 0:
        if section.parent == 0:
            return True
        section = sections[section.parent]
    return False


def _attachments(
    sections: Sequence[Section],
    order: Sequence[int],
    start: Integers,
    n_inner: Integers,
    has_begin: NDArray[np.bool_],
) -> tuple[Integers, Array]:
    """Return the node that each section, as laid, hangs on, and its distance from the root's middle."""
    laid_at = {place: at for at, place in enumerate(order)}
    node = np.full(len(order), -1)
    path = np.zeros(len(order))
    for at, place in enumerate(order[1:], start=1):
        section = sections[place]
        above = laid_at[section.parent]
        length, x = sections[section.parent].length_um, section.parent_x
        path[at] = path[above] + x * length if above else abs(x - 0.5) * length
        if x == 0 and above:
            node[at] = node[above]
            path[at] = path[above]
            continue
        n, begin = int(n_inner[above]), int(has_begin[above])
        inside = -1 if x == 0 else n if x == 1 else min(int(x * n), n - 1)
        node[at] = start[above] + begin + inside
    return node, path


def _rooted(tree: Tree, root: int) -> Tree:
    """Return the same tree with another root; everything else keeps its order."""
    if root == 0:
        return tree
    chain = [root]
    while tree.parent[chain[-1]] >= 0:
        chain.append(int(tree.parent[chain[-1]]))
    parent, axial = tree.parent.copy(), tree.axial_per_um.copy()
    for below, above in pairwise(chain):
        parent[above], axial[above] = below, tree.axial_per_um[below]
    parent[root], axial[root] = -1, np.inf
    rest = np.ones(parent.size, dtype=bool)
    rest[chain] = False
    order = np.append(chain, np.flatnonzero(rest))
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    moved = np.where(parent >= 0, place[parent], -1)
    return Tree(
        kind=tree.kind[order],
        section=tree.section[order],
        x=tree.x[order],
        parent=moved[order],
        area_um2=tree.area_um2[order],
        axial_per_um=axial[order],
        path_um=tree.path_um[order],
    )
