"""The passive tree behind a soma as a few independent modes.

Where only the soma has channels, all else is linear: with C, G the capacitances and conductances of
the tree, b its conductances to the soma and g e what its leak drives,

    C v' = -G v + b v_soma + g e,    the soma gets  b.(v - v_soma).

Compartments without membrane (ends of sections) are eliminated exactly. v is then sought in the span
of a few answers of the tree: ``(G + s C)^-1 b`` at rates s from 0 to 1 / (1 us), and, where the
reversal potential of the leak is not the same everywhere, ``G^-1 g e``. In a basis V of that span that
is orthonormal in C, and that makes V'GV diagonal, the tree is

    w_j' = -rate_j w_j + strength_j v_soma + drive_j,    the soma gets  sum_j w_j,

which is passive and stable whatever was left out (rates and strengths are not negative), and exact in
the steady state, because s = 0 is among the rates.

How far that is off is known, not guessed. The tree's admittance at a frequency is one sweep from the
tips to the soma, so that the error is computed, not estimated, relative to the whole passive admittance
at the soma, at `FREQUENCIES_HZ`: 12 a decade. Between them the error, a function of u = log f, is
analytic for ``|Im u| < pi / 2`` (poles and zeros of passive admittances lie on the negative real axis)
and there at most ``2 / sin(pi / 4 - |Im u| / 2) ** 2``. Interpolated from the nearest 16 frequencies it
is therefore at most twice (their Lebesgue constant, 1.72) what it is at those, up to 1e-4 (the remainder
as a contour integral along ``|Im u| = 1.3``). `PassiveTree.bound_of` is twice the largest of all, which
include those beyond 20 kHz that this takes.

References
----------
Odabasioglu, Celik and Pileggi 1998, IEEE Transactions on Computer-Aided Design 17:645-654 (reduction
that stays passive). Kellems, Chaturantabut, Sorensen and Cox 2010, Journal of Computational
Neuroscience 28:161-175 (the same for dendrites).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.models.compartments import Compartments

__all__ = ["FREQUENCIES_HZ", "PassiveTree", "ReducedTree"]

Array = NDArray[np.float64]

#: Where the error is computed: 12 frequencies a decade, with 8 on either side of 0.1 Hz to 20 kHz.
FREQUENCIES_HZ = 2e4 * 10.0 ** (np.arange(-72, 9) / 12.0)
#: What the error is at most between them, times that at them.
_BETWEEN = 2.0
#: Slowest and fastest rate at which the tree's answer is kept exactly, beside 0, in 1/ms.
_SLOWEST, _FASTEST = 0.02, 1000.0
#: Conductance in nS of 1 S/cm2 on 1 um2, and capacitance in pF of 1 uF/cm2.
NS_PER_UM2, PF_PER_UM2 = 10.0, 0.01


@dataclass(frozen=True, slots=True, eq=False)
class ReducedTree:
    """A passive tree as the soma sees it.

    Parameters
    ----------
    rate_per_ms, strength, drive : array, shape (n_modes,)
        The modes: ``w' = -rate w + strength v_soma + drive`` in pA, v in mV and time in ms; `strength`
        in nS/ms, `drive` in pA/ms.
    start : array, shape (n_modes,)
        w in pA where the whole tree is at 1 mV above `e_mv`; the rest of the start is in `e_mv`.
    axial_ns : float
        Conductance that the soma sees at once.
    e_mv : float
        Voltage from which the tree is measured; ``axial_ns * e_mv`` goes into the soma all the time.
    """

    rate_per_ms: Array
    strength: Array
    drive: Array
    start: Array
    axial_ns: float
    e_mv: float

    def admittance_ns(self, rates_per_ms: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Return the admittance in nS at complex rates s in 1/ms (``2 pi i f``)."""
        s = np.asarray(rates_per_ms)[..., None]
        return np.asarray(self.axial_ns - (self.strength / (self.rate_per_ms + s)).sum(axis=-1))


@dataclass(frozen=True, slots=True, eq=False)
class PassiveTree:
    """Conductances and capacitances of a tree; compartment 0 is the soma.

    Parameters
    ----------
    parent : array of int, shape (n,)
        Parents, each before its children.
    axial_ns, leak_ns, capacity_pf, e_mv : array, shape (n,)
        Conductance to the parent, leak, capacitance, and the leak's reversal potential.
    """

    parent: NDArray[np.int64]
    axial_ns: Array
    leak_ns: Array
    capacity_pf: Array
    e_mv: Array

    @classmethod
    def of(
        cls,
        cell: Compartments,
        *,
        ra_ohm_cm: float | Mapping[str, float],
        cm_uf_per_cm2: float | Mapping[str, float],
        g_pas: float | Mapping[str, float],
        e_pas_mv: float | Mapping[str, float],
    ) -> PassiveTree:
        """Return the tree of a cell.

        Parameters
        ----------
        cell : Compartments
            The cell; its soma is one compartment.
        ra_ohm_cm, cm_uf_per_cm2, g_pas, e_pas_mv : float or mapping
            Axial resistivity in Ohm cm, capacitance in uF/cm2, leak in S/cm2 and its reversal potential
            in mV; one number, or one for every kind of section by name.

        Raises
        ------
        DataError
            Where a kind that there is has no value.

        Examples
        --------
        >>> from allentk.data import Morphology
        >>> from allentk.models.compartments import compartments
        >>> xyz = [[0, 0, 0], [0, 9, 0], [0, 400, 0]]
        >>> cell = compartments(Morphology([1, 2, 3], [1, 3, 3], xyz, [5, 1, 1], [-1, 0, 1]), axon="stub")
        >>> tree = PassiveTree.of(cell, ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80)
        >>> tree.bound_of(tree.reduced(12)) < 1e-3
        True
        """
        return cls(
            cell.parent,
            1e3 / cell.axial_mohm(ra_ohm_cm),
            cell.by_kind(g_pas, what="g_pas") * cell.area_um2 * NS_PER_UM2,
            cell.by_kind(cm_uf_per_cm2, what="cm_uf_per_cm2") * cell.area_um2 * PF_PER_UM2,
            cell.by_kind(e_pas_mv, what="e_pas_mv"),
        )

    def reduced(self, n_modes: int) -> ReducedTree:
        """Return the tree as at most so many modes, without the error."""
        from allentk.simulation.biophysical.reduction_kernels import tree_modes

        parent, axial, leak, capacity = self._arrays()
        membrane = self.leak_ns[1:] > 0
        e_tree = self.e_mv[1:][membrane]
        e_ref = float(e_tree[0]) if e_tree.size else float(self.e_mv[0])
        driven = leak * (self.e_mv - e_ref)
        driven[0] = 0.0
        uneven = bool(driven.any())
        basis, ends = tree_modes(
            parent, axial, leak, capacity, driven, _shifts(n_modes - uneven), uneven
        )
        at_soma = np.flatnonzero(parent == 0)
        steps = basis[:, 1:] - basis[:, parent[1:]]
        conductance = (steps * axial[1:]) @ steps.T + (basis * leak) @ basis.T
        rates, turn = np.linalg.eigh(conductance)
        seen = turn.T @ (basis[:, at_soma] @ axial[at_soma])
        direct = axial[at_soma].sum() - (axial[at_soma] * ends[at_soma]).sum()
        strength = seen * seen
        return ReducedTree(
            rate_per_ms=np.maximum(rates, 0.0),
            strength=strength,
            drive=seen * (turn.T @ (basis @ driven)) - strength * e_ref,
            start=seen * (turn.T @ (basis @ capacity)),
            axial_ns=float(direct),
            e_mv=e_ref,
        )

    def error_of(self, tree: ReducedTree, frequencies_hz: Array = FREQUENCIES_HZ) -> Array:
        """Return the relative error of the admittance at every frequency."""
        s = (2j * np.pi * frequencies_hz * 1e-3).astype(np.complex128)
        exact = self.admittance_ns(s)
        soma = self.leak_ns[0] + s * self.capacity_pf[0]
        return np.asarray(np.abs(tree.admittance_ns(s) - exact) / np.abs(exact + soma))

    def bound_of(self, tree: ReducedTree) -> float:
        """Return the largest error of the admittance from 0 to 20 kHz, between the frequencies too."""
        return _BETWEEN * float(self.error_of(tree).max())

    def admittance_ns(self, rates_per_ms: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Return the admittance of the whole tree in nS at complex rates s in 1/ms."""
        from allentk.simulation.biophysical.reduction_kernels import tree_admittance

        found: NDArray[np.complex128] = tree_admittance(*self._arrays(), rates_per_ms)
        return found

    def _arrays(self) -> tuple[NDArray[np.int64], Array, Array, Array]:
        """Return parents, axial conductances, leaks and capacitances; the soma has none of its own."""
        axial, leak, capacity = (
            np.array(one) for one in (self.axial_ns, self.leak_ns, self.capacity_pf)
        )
        axial[0] = leak[0] = capacity[0] = 0.0
        return np.array(self.parent), axial, leak, capacity


def _shifts(n: int) -> Array:
    """Return the rates at which the tree's answer is kept, in 1/ms: 0, and a geometric series."""
    return np.concatenate([[0.0], np.geomspace(_SLOWEST, _FASTEST, max(n - 1, 1))])[: max(n, 1)]
