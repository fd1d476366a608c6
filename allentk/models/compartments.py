"""Compartments of a neuron: the tree of nodes that is simulated.

Every section is cut into equal segments; a segment is a compartment with its membrane at its middle.
Where sections hang on the end of another, that end is a compartment without membrane. This is NEURON's
discretisation, so that the same equations come out.

References
----------
Hines and Carnevale 1997, "The NEURON simulation environment", Neural Computation 9:1179-1209. Mainen and
Sejnowski 1996, Nature 382:363-366, for shape and firing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import Morphology
from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.models._tree import tree_of
from allentk.models.axon import Axon, with_axon
from allentk.models.biophysical import SECTIONS
from allentk.models.sections import MAX_LENGTH_UM, Section, cut_into_sections

__all__ = ["Compartments", "compartments"]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_INTEGERS = ("kind", "section", "parent")
_REALS = ("x", "area_um2", "axial_per_um", "path_um")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Compartments:
    """The nodes of a neuron that is cut into compartments.

    Compartment 0 is the middle of the soma; a parent stands before its children.

    Parameters
    ----------
    sections : tuple of Section
        The sections, in NEURON's order.
    kind : array_like of int, shape (n,)
        What each compartment is of, as a place in `allentk.models.biophysical.SECTIONS`: soma 0, axon 1,
        dend 2, apic 3.
    section : array_like of int, shape (n,)
        Its section, as a place in `sections`.
    x : array_like, shape (n,)
        Its place along the section, 0 to 1; 1 at the end, 0 at the beginning of the soma.
    parent : array_like of int, shape (n,)
        Its parent; -1 for compartment 0.
    area_um2 : array_like, shape (n,)
        Area of its membrane in um2; 0 at ends of sections.
    axial_per_um : array_like, shape (n,)
        Resistance to the parent over the resistivity of its own section, 1/um: ``R_mohm = 0.01
        ra_ohm_cm axial_per_um``. Infinite for compartment 0.
    path_um : array_like, shape (n,)
        Distance from the middle of the soma along the tree in um.

    Raises
    ------
    DataError
        Where lengths differ, there is no such kind or section, or a parent does not stand before its
        child.

    Examples
    --------
    >>> cell = Morphology([1, 2, 3], [1, 3, 3], [[0, 0, 0], [0, 9, 0], [0, 99, 0]], [5, 1, 1], [-1, 0, 1])
    >>> tree = compartments(cell, axon="stub")
    >>> tree
    <Compartments: 9 in 4 sections, soma 1, axon 2, dend 5; 1068.1 um2>
    >>> print(tree.parent, tree.path_um[-3:])
    [-1  0  1  2  3  4  0  6  7] [15. 30. 45.]
    """

    sections: tuple[Section, ...]
    kind: Integers
    section: Integers
    x: Array
    parent: Integers
    area_um2: Array
    axial_per_um: Array
    path_um: Array

    def __post_init__(self) -> None:
        for name in _INTEGERS:
            held = frozen(getattr(self, name), np.int64, what=f"Compartments: {name}")
            object.__setattr__(self, name, held)
        for name in _REALS:
            held = frozen(getattr(self, name), what=f"Compartments: {name}")
            object.__setattr__(self, name, held)
        n = self.parent.size
        for name in (*_INTEGERS, *_REALS):
            if getattr(self, name).shape != (n,):
                raise DataError(f"{name} must have shape ({n},), got {getattr(self, name).shape}")
        for name, there in (("kind", len(SECTIONS)), ("section", len(self.sections))):
            if ((held := getattr(self, name)) < 0).any() or (held >= there).any():
                raise DataError(
                    f"{name} must lie in 0..{there - 1}, got {held.min()} to {held.max()}"
                )
        if n == 0 or self.parent[0] != -1 or (self.parent[1:] < 0).any():
            raise DataError("compartment 0, and no other, must have no parent (-1)")
        if (self.parent >= np.arange(n)).any():
            raise DataError("a parent must stand before its children")

    @property
    def n(self) -> int:
        """Number of compartments, those without membrane included."""
        return self.parent.size

    @property
    def total_area_um2(self) -> float:
        """Area of the whole membrane in um2."""
        return float(self.area_um2.sum())

    @property
    def area_by_kind_um2(self) -> dict[str, float]:
        """Area of the membrane of each kind of section that there is, in um2."""
        summed = np.bincount(self.kind, self.area_um2, len(SECTIONS))
        return {SECTIONS[kind]: float(summed[kind]) for kind in np.unique(self.kind)}

    def axial_mohm(self, ra_ohm_cm: float | Mapping[str, float]) -> Array:
        """Return the resistance between every compartment and its parent.

        Parameters
        ----------
        ra_ohm_cm : float or mapping
            Axial resistivity in Ohm cm; a mapping has one for every kind of section, by name.

        Returns
        -------
        ndarray, shape (n,)
            In MOhm, so that ``1 / axial_mohm(ra)`` is in uS; infinite for compartment 0.

        Raises
        ------
        DataError
            Where a kind that there is has no resistivity, or one is not positive.
        """
        ra = self.by_kind(ra_ohm_cm, what="ra_ohm_cm")
        if not (ra > 0).all():
            raise DataError(f"ra_ohm_cm must be positive, got {ra_ohm_cm!r}")
        return np.asarray(0.01 * ra * self.axial_per_um)

    def by_kind(self, values: float | Mapping[str, float], *, what: str = "values") -> Array:
        """Return a value for every compartment from one for each kind of section.

        Parameters
        ----------
        values : float or mapping
            One number, or one for every kind by name: ``{"soma": 1, "dend": 2}``.
        what : str
            What they are; used in messages.

        Returns
        -------
        ndarray, shape (n,)

        Raises
        ------
        DataError
            Where a kind that there is has no value.
        """
        if not isinstance(values, Mapping):
            return np.full(self.n, float(values))
        missing = [SECTIONS[kind] for kind in np.unique(self.kind) if SECTIONS[kind] not in values]
        if missing:
            raise DataError(f"{what}: no value for {', '.join(missing)}, got {', '.join(values)}")
        return np.array([values.get(name, np.nan) for name in SECTIONS])[self.kind]

    def at(self, section: int, x: float) -> int:
        """Return the compartment that a place on a section belongs to.

        Parameters
        ----------
        section : int
            Place in `sections`.
        x : float
            Place along it, 0 to 1. Ends belong to what is there: 1 to the end of the section where
            something hangs on it and else to its last segment, 0 to where the section begins.

        Raises
        ------
        DataError
            Where there is no such place.
        """
        if not (0 <= section < len(self.sections) and 0 <= x <= 1):
            raise DataError(f"no place x = {x!r} on section {section} of {len(self.sections)}")
        own = np.flatnonzero(self.section == section)
        inner = own[self.area_um2[own] > 0]
        ends = own[(self.area_um2[own] == 0) & (self.x[own] == x)]
        if ends.size:
            return int(ends[0])
        if x == 0 and section != self.section[0]:
            return int(self.parent[inner[0]])
        return int(inner[np.abs(self.x[inner] - x).argmin()])

    def __repr__(self) -> str:
        counts = np.bincount(self.kind[self.area_um2 > 0], minlength=len(SECTIONS))
        kinds = ", ".join(f"{SECTIONS[kind]} {counts[kind]}" for kind in np.unique(self.kind))
        return (
            f"<Compartments: {self.n} in {len(self.sections)} sections, {kinds}; "
            f"{self.total_area_um2:.1f} um2>"
        )


def compartments(
    morphology: Morphology, *, axon: Axon, max_length_um: float = MAX_LENGTH_UM
) -> Compartments:
    """Cut a reconstruction into compartments.

    Parameters
    ----------
    morphology : Morphology
        The reconstruction.
    axon : {"stub", "truncated", "full", "none"}
        What stands for the axon; see `allentk.models.axon`.
    max_length_um : float
        A section of length L has ``1 + 2 int(L / max_length_um)`` segments; 40 um is part of Allen's
        models, infinity makes every section one segment.

    Returns
    -------
    Compartments

    Raises
    ------
    DataError
        Where the reconstruction cannot be cut; see `cut_into_sections` and `with_axon`.

    Examples
    --------
    >>> cell = Morphology([1, 2], [1, 3], [[0, 0, 0], [0, 50, 0]], [5, 1], [-1, 0])
    >>> round(compartments(cell, axon="stub").area_by_kind_um2["axon"], 1)
    188.5
    """
    sections = with_axon(cut_into_sections(morphology, max_length_um=max_length_um), axon)
    return Compartments(sections, *tree_of(sections))
