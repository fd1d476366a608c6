"""The passive tree in closed form: the soma's response to a pulse of current as a sum of exponentials.

With one axial resistivity Ri, capacitance Cm and leak Rm everywhere, the voltages V of the compartments
obey, with areas A and the axial network L of unit resistivity,

    Cm A dV/dt = -(L / Ri + A / Rm) V + I.

Ends of sections have no area and are eliminated exactly. ``A^-1/2 L A^-1/2 = U diag(mu) U^T`` is found
once for a reconstruction; mode k then relaxes at ``(mu_k / Ri + 1 / Rm) / Cm`` and a current at the soma
drives and shows it with the weight ``U[0, k]^2 / A[0]``. No time step is involved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen
from allentk.models.compartments import Compartments

__all__ = ["Electrode", "PassiveModes", "Pulse"]

Array = NDArray[np.float64]

# um, Ohm cm, uF/cm2, Ohm cm2 -> pF, nS, ms: 1 um2 of membrane has 0.01 Cm pF and 10 / Rm nS; an axial
# resistance over the resistivity of 1/um is 0.01 Ri MOhm, a conductance of 1e5 / Ri nS.
_PF, _LEAK_NS, _AXIAL_NS = 1e-2, 10.0, 1e5
_GONE = 60.0  # time constants after which a mode is no longer there


@dataclass(frozen=True, slots=True)
class Pulse:
    """A rectangular current at the soma: amplitude in pA, start and duration in seconds."""

    amplitude_pa: float
    start_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Electrode:
    """An electrode between amplifier and soma: two equal resistors in series, a capacitor between them.

    The current enters at the amplifier's end and passes ``resistance_mohm / 2`` to a point with
    ``capacitance_pf`` to ground, and ``resistance_mohm / 2`` from there to the soma. The voltage is read at
    the amplifier's end; nothing is subtracted from it.

    Parameters
    ----------
    resistance_mohm : float
        Resistance in MOhm, as the bridge balance tells it.
    capacitance_pf : float
        Capacitance in pF.
    """

    resistance_mohm: float
    capacitance_pf: float = 1.0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PassiveModes:
    """Modes of a passive tree of uniform membrane.

    Parameters
    ----------
    mu_per_um3 : array_like, shape (n_modes,)
        Eigenvalues of the axial network scaled by area, ascending from 0.
    weight_per_um2 : array_like, shape (n_modes,)
        How much a current at the soma drives each mode, and how much the soma shows it; they sum to one
        over the soma's area.

    Examples
    --------
    >>> from allentk.data import Morphology
    >>> from allentk.models.compartments import compartments
    >>> cell = Morphology([1, 2], [1, 3], [[0, 0, 0], [0, 90, 0]], [8, 1], [-1, 0])
    >>> modes = PassiveModes.of(compartments(cell, axon="stub"))
    >>> pulse = Pulse(200, 0.0, 1.0)  # so long that it shows the input resistance, 66 MOhm
    >>> v = modes.response(pulse, [1.0], ri_ohm_cm=100, cm_uf_per_cm2=1, rm_ohm_cm2=1000)
    >>> print(v.round(2))
    [13.16]
    """

    mu_per_um3: Array
    weight_per_um2: Array

    def __post_init__(self) -> None:
        for name in ("mu_per_um3", "weight_per_um2"):
            object.__setattr__(self, name, frozen(getattr(self, name), what=name))

    @classmethod
    def of(cls, tree: Compartments) -> PassiveModes:
        """Return the modes of a tree, seen from compartment 0.

        Parameters
        ----------
        tree : Compartments
            The tree.
        """
        n, child, parent = tree.n, np.arange(1, tree.n), tree.parent[1:]
        link = 1 / tree.axial_per_um[1:]
        network = np.zeros((n, n))
        network[child, parent] = network[parent, child] = -link
        np.fill_diagonal(network, -network.sum(axis=1))
        membrane, ends = np.flatnonzero(tree.area_um2 > 0), np.flatnonzero(tree.area_um2 == 0)
        across = network[np.ix_(ends, membrane)]
        kept = network[np.ix_(membrane, membrane)]
        kept = kept - across.T @ np.linalg.solve(network[np.ix_(ends, ends)], across)
        scale = tree.area_um2[membrane] ** -0.5
        mu, vectors = np.linalg.eigh(scale[:, None] * kept * scale)
        return cls(np.maximum(mu, 0.0), vectors[0] ** 2 / tree.area_um2[0])

    def rates_per_ms(self, ri_ohm_cm: float, cm_uf_per_cm2: float, rm_ohm_cm2: float) -> Array:
        """Return the rates at which the modes relax, in 1/ms."""
        conductance = _AXIAL_NS * self.mu_per_um3 / ri_ohm_cm + _LEAK_NS / rm_ohm_cm2
        return np.asarray(conductance / (_PF * cm_uf_per_cm2))

    def response(
        self,
        pulse: Pulse,
        time_s: ArrayLike,
        *,
        ri_ohm_cm: float,
        cm_uf_per_cm2: float,
        rm_ohm_cm2: float,
        electrode: Electrode | None = None,
    ) -> Array:
        """Return how far the voltage is from rest, at the soma or at the end of an electrode.

        Parameters
        ----------
        pulse : Pulse
            The current.
        time_s : array_like
            Times in seconds.
        ri_ohm_cm, cm_uf_per_cm2, rm_ohm_cm2 : float
            Axial resistivity, membrane capacitance and membrane resistance.
        electrode : Electrode, optional
            What the current is injected and the voltage read through.

        Returns
        -------
        ndarray
            Voltage in mV, one for each time.
        """
        rates = self.rates_per_ms(ri_ohm_cm, cm_uf_per_cm2, rm_ohm_cm2)
        gain = self.weight_per_um2 / (_PF * cm_uf_per_cm2)  # mV/ms per pA
        since = 1e3 * (np.asarray(time_s, dtype=float) - pulse.start_s)
        until = since - 1e3 * pulse.duration_s
        if electrode is None:
            return pulse.amplitude_pa * (_step(since, rates, gain) - _step(until, rates, gain))
        rates, gain = _through(electrode, rates, gain)
        voltage = pulse.amplitude_pa * (_step(since, rates, gain) - _step(until, rates, gain))
        on = (since >= 0) & (until < 0)
        voltage[on] += 1e-3 * pulse.amplitude_pa * electrode.resistance_mohm / 2
        return voltage

    def __repr__(self) -> str:
        return f"<PassiveModes: {self.mu_per_um3.size} modes>"


def _step(since_ms: Array, rates: Array, gain: Array) -> Array:
    """Response to a current of 1 pA from time 0 on: the sum of ``gain / rate (1 - exp(-rate t))``."""
    reached = gain / rates
    after = since_ms > 0
    found = np.where(after, reached.sum(), 0.0)
    first = since_ms[after].min() if after.any() else 0.0
    # What is gone before the first time of interest never shows.
    slow = rates * first < _GONE
    found[after] -= np.exp(-np.outer(since_ms[after], rates[slow])) @ reached[slow]
    return found


def _through(electrode: Electrode, rates: Array, gain: Array) -> tuple[Array, Array]:
    """Return rates and gains of tree and electrode together, seen from the electrode's middle.

    The unknowns are the modes and the voltage at the capacitor, scaled so that the matrix is symmetric.
    """
    n = rates.size
    to_soma_ns = 1e3 / (electrode.resistance_mohm / 2)
    seen, inside = np.sqrt(gain), electrode.capacitance_pf**-0.5
    matrix = np.empty((n + 1, n + 1))
    matrix[:n, :n] = to_soma_ns * np.outer(seen, seen)
    matrix[np.arange(n), np.arange(n)] += rates
    matrix[n, :n] = matrix[:n, n] = -to_soma_ns * seen * inside
    matrix[n, n] = to_soma_ns * inside**2
    together, vectors = np.linalg.eigh(matrix)
    return together, (vectors[n] * inside) ** 2
