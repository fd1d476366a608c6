"""A neuron's reconstructed shape: a tree of nodes with radii."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen, packed, unpacked
from allentk.data._html import card, facts, synthetic_end
from allentk.data._svg import tree
from allentk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["APICAL", "AXON", "BASAL", "SOMA", "Morphology"]

SOMA, AXON, BASAL, APICAL = 1, 2, 3, 4

#: Kinds of nodes in the order of their colours.
_DRAWN = {BASAL: "basal dendrite", APICAL: "apical dendrite", AXON: "axon", SOMA: "soma"}


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Morphology:
    """A reconstruction: one soma, and neurites that grow from it.

    Nodes are ordered so that a parent stands before its children.

    Parameters
    ----------
    id : array_like of int, shape (n_nodes,)
        Ids of the nodes as the file has them.
    type : array_like of int, shape (n_nodes,)
        1 soma, 2 axon, 3 basal dendrite, 4 apical dendrite; others are kept.
    xyz_um : array_like, shape (n_nodes, 3)
        Positions in um.
    radius_um : array_like, shape (n_nodes,)
        Radii in um.
    parent : array_like of int, shape (n_nodes,)
        Position (not id) of the parent, -1 for the root.
    line : array_like of int, shape (n_nodes,), optional
        Line of each node in its file; named in messages.
    source : str
        Where it comes from; used in messages.
    synthetic : bool
        Whether it is made up.

    Raises
    ------
    DataError
        On no soma, several roots, a loop, or a radius that is not positive; names the line.

    Examples
    --------
    >>> xyz = [[0, 0, 0], [0, 10, 0]]
    >>> cell = Morphology([1, 2], [1, 3], xyz, [5, 1], [-1, 0])
    >>> cell.total_length_um
    10.0
    """

    id: NDArray[np.int64]
    type: NDArray[np.int64]
    xyz_um: NDArray[np.float64]
    radius_um: NDArray[np.float64]
    parent: NDArray[np.int64]
    line: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    source: str = ""
    synthetic: bool = False

    # Pickle keeps no array read-only.
    __getstate__, __setstate__ = packed, unpacked

    def __post_init__(self) -> None:
        for name in ("id", "type", "parent", "line"):
            held = frozen(getattr(self, name), np.int64, what=f"Morphology: {name}")
            object.__setattr__(self, name, held)
        for name in ("xyz_um", "radius_um"):
            held = frozen(getattr(self, name), what=f"Morphology: {name}")
            object.__setattr__(self, name, held)
        self._check_shapes()
        self._check_values()
        self._check_tree()

    @property
    def _where(self) -> str:
        return self.source or "morphology"

    def _at(self, position: int) -> str:
        if self.line.size:
            return f"{self._where}, line {self.line[position]}"
        return f"{self._where}, node {self.id[position]}"

    def _check_shapes(self) -> None:
        n = self.id.size
        if n == 0:
            raise DataError(f"{self._where}: there are no nodes")
        for name in ("type", "radius_um", "parent"):
            if getattr(self, name).shape != (n,):
                raise DataError(
                    f"{self._where}: {name} must have shape ({n},), got {getattr(self, name).shape}"
                )
        if self.xyz_um.shape != (n, 3):
            raise DataError(
                f"{self._where}: xyz_um must have shape ({n}, 3), got {self.xyz_um.shape}"
            )

    def _check_values(self) -> None:
        bad = ~(np.isfinite(self.xyz_um).all(axis=1) & (self.radius_um > 0))
        bad |= ~np.isfinite(self.radius_um)
        if bad.any():
            raise DataError(
                f"{self._at(int(bad.argmax()))}: a position must be finite and a radius positive"
            )
        roots = np.flatnonzero(self.parent < 0)
        if roots.size > 1:
            raise DataError(
                f"{self._at(int(roots[1]))}: a second root; the first is at "
                f"{self._at(int(roots[0]))}. Join the pieces or keep one of them"
            )
        if not (self.type == SOMA).any():
            raise DataError(f"{self._where}: no soma (no node of type 1)")

    def _check_tree(self) -> None:
        late = self.parent >= np.arange(self.id.size)
        if late.any() or not (self.parent < 0).any():
            position = int(late.argmax())
            raise DataError(
                f"{self._at(position)}: its chain of parents never reaches a root (a loop), or "
                f"its parent stands after it"
            )

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.id.size

    @property
    def root(self) -> int:
        """Position of the root."""
        return int(np.flatnonzero(self.parent < 0)[0])

    @property
    def segment_length_um(self) -> NDArray[np.float64]:
        """Distance of every node from its parent in um; 0 for the root."""
        has = self.parent >= 0
        length = np.zeros(self.id.size)
        step = self.xyz_um[has] - self.xyz_um[self.parent[has]]
        length[has] = np.linalg.norm(step, axis=1)
        return length

    def _neurites(self) -> NDArray[np.bool_]:
        """Segments that are not inside the soma: both ends, or the far end, belong to a neurite."""
        outside: NDArray[np.bool_] = (self.parent >= 0) & (self.type != SOMA)
        return outside

    @property
    def total_length_um(self) -> float:
        """Length of all neurites in um."""
        return float(self.segment_length_um[self._neurites()].sum())

    @property
    def total_surface_um2(self) -> float:
        """Lateral surface of all neurites in um2, each segment a truncated cone."""
        keep = self._neurites()
        length = self.segment_length_um[keep]
        r1, r0 = self.radius_um[keep], self.radius_um[self.parent[keep]]
        # A neurite leaves the soma with its own radius, not with the soma's.
        r0 = np.where(self.type[self.parent[keep]] == SOMA, r1, r0)
        return float((np.pi * (r0 + r1) * np.sqrt((r0 - r1) ** 2 + length**2)).sum())

    def digest(self) -> str:
        """Return a hash of shape and types, 16 hexadecimal digits; ids and lines do not count."""
        shape = (self.type, self.xyz_um, self.radius_um, self.parent)
        held = b"".join(np.ascontiguousarray(part).tobytes() for part in shape)
        return hashlib.sha256(held).hexdigest()[:16]

    def of_type(self, types: int | ArrayLike) -> NDArray[np.int64]:
        """Return the positions of the nodes of these types."""
        return np.flatnonzero(np.isin(self.type, np.atleast_1d(types)))

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per node: id, type, x, y, z, radius (um) and the parent's id."""
        import pandas as pd

        parent_id = np.where(self.parent >= 0, self.id[self.parent], -1)
        x, y, z = self.xyz_um.T
        return pd.DataFrame(
            {
                "id": self.id,
                "type": self.type,
                "x_um": x,
                "y_um": y,
                "z_um": z,
                "radius_um": self.radius_um,
                "parent_id": parent_id,
            }
        )

    def __repr__(self) -> str:
        return (
            f"<Morphology {self.source or 'in memory'}: {self.n_nodes} nodes, "
            f"{self.total_length_um:.0f} um{synthetic_end(self.synthetic)}>"
        )

    def _repr_html_(self) -> str:
        lengths = {
            name: f"{self.segment_length_um[self.of_type(kind)].sum():.0f} um"
            for kind, name in _DRAWN.items()
            if kind != SOMA and self.of_type(kind).size
        }
        return card(self, drawn(self), facts(lengths), synthetic=self.synthetic)


def drawn(morphology: Morphology) -> str:
    """Return a small inline picture of a reconstruction."""
    return tree(morphology.xyz_um, morphology.parent, morphology.type, _DRAWN)
