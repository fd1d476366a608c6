"""Conductances at places of compartmental cells.

A synapse opens as the difference of two exponentials,

    g(t) = w (exp(-t / decay) - exp(-t / rise)) / c,   I = g (v - reversal),

with c such that the peak is the weight w: ``Exp2Syn`` of NEURON. Weights are in microsiemens (uS), as in
SONATA files; whether a synapse excites is told by its reversal potential, not by a sign.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import DataError
from allentk.models.biophysical import SECTIONS
from allentk.network.connectivity import IMPLAUSIBLE_S, distinct

if TYPE_CHECKING:
    from allentk.models.compartments import Compartments

__all__ = ["Synapse", "check_conductances", "place_stream"]

#: Conductances from here on are taken for nanosiemens given by mistake, in uS.
IMPLAUSIBLE_US = 10.0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Synapse:
    """Time course, reversal potential and place of a conductance.

    Parameters
    ----------
    tau_rise_s, tau_decay_s : float
        Time constants in seconds; the decay is the longer one.
    reversal_mv : float
        Reversal potential in mV, on the model's own scale (not shifted by the junction potential).
    sections : tuple of str
        Where it may sit: some of ``"soma"``, ``"axon"``, ``"dend"``, ``"apic"``. Those that a cell lacks
        count for nothing.
    distance_um : (float, float)
        Least and greatest distance from the middle of the soma along the tree, um.

    Raises
    ------
    DataError
        On times that are not positive, not in order or look like milliseconds, an unknown section, a
        range that is empty, or a reversal potential that is not finite.

    Examples
    --------
    >>> ampa = Synapse(0.001, 0.003, 0.0, sections=("dend", "apic"), distance_um=(30, 150))
    >>> round(ampa.peak_time_s, 6)
    0.001648
    """

    tau_rise_s: float
    tau_decay_s: float
    reversal_mv: float
    sections: tuple[str, ...] = ("soma", "dend", "apic")
    distance_um: tuple[float, float] = (0.0, math.inf)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sections", tuple(self.sections))
        object.__setattr__(self, "distance_um", tuple(float(x) for x in self.distance_um))
        if not 0 < self.tau_rise_s < self.tau_decay_s < IMPLAUSIBLE_S:
            raise DataError(
                f"Synapse: expected 0 < tau_rise_s < tau_decay_s < {IMPLAUSIBLE_S:g} seconds, got "
                f"{self.tau_rise_s!r} and {self.tau_decay_s!r}; milliseconds must be divided by 1000"
            )
        if not math.isfinite(self.reversal_mv):
            raise DataError(f"Synapse: reversal_mv must be finite, got {self.reversal_mv!r}")
        unknown = [name for name in self.sections if name not in SECTIONS]
        if unknown or not self.sections:
            raise DataError(
                f"Synapse: sections must be some of {', '.join(SECTIONS)}, got {self.sections}"
            )
        if len(self.distance_um) != 2 or not 0 <= self.distance_um[0] <= self.distance_um[1]:
            raise DataError(
                f"Synapse: distance_um must be the least and the greatest distance, 0 or more, got "
                f"{self.distance_um}"
            )

    @property
    def peak_time_s(self) -> float:
        """Time from the onset to the peak, seconds."""
        rise, decay = self.tau_rise_s, self.tau_decay_s
        return rise * decay / (decay - rise) * math.log(decay / rise)

    def conductance(self, time_s: ArrayLike) -> Array:
        """Return the conductance over its peak at times after the onset; 0 before it.

        Examples
        --------
        >>> ampa = Synapse(0.001, 0.003, 0.0)
        >>> ampa.conductance([-0.001, ampa.peak_time_s]).tolist()
        [0.0, 1.0]
        """
        time = np.asarray(time_s, dtype=float)
        after = np.maximum(time, 0.0)
        course: Array = self._open(after) / self._open(np.asarray(self.peak_time_s))
        return np.where(time > 0, course, 0.0)

    def _open(self, time: Array) -> Array:
        opened: Array = np.exp(-time / self.tau_decay_s) - np.exp(-time / self.tau_rise_s)
        return opened

    def allowed(self, compartments: Compartments) -> NDArray[np.int64]:
        """Return the compartments of a cell where the synapse may sit.

        Raises
        ------
        DataError
            Where there is none.
        """
        kinds = [SECTIONS.index(name) for name in self.sections]
        path = compartments.path_um
        there = np.isin(compartments.kind, kinds) & (compartments.area_um2 > 0)
        least, greatest = self.distance_um
        inside = there & (path >= least) & (path <= greatest)
        if not inside.any():
            found = (
                f"their compartments lie {path[there].min():.0f} to {path[there].max():.0f} um away"
                if there.any()
                else "the cell has no such section"
            )
            raise DataError(
                f"no place for a synapse in {', '.join(self.sections)} at {least:g} to {greatest:g} um "
                f"from the soma: {found}; widen distance_um or sections"
            )
        return np.flatnonzero(inside)

    def draw(
        self, compartments: Compartments, n: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw the compartments of `n` synapses, each as likely as its length.

        Raises
        ------
        DataError
            Where no compartment is allowed.
        """
        places = self.allowed(compartments)
        cut = [compartments.sections[section] for section in compartments.section[places]]
        length = np.array([section.length_um / section.n_segments for section in cut])
        return rng.choice(places, size=n, p=length / length.sum())


def place_stream(seed: int, name: str, node: int) -> np.random.Generator:
    """Return the random stream that places the synapses of one kind on one cell.

    It depends on names, not on the order in which anything is built.
    """
    digest = hashlib.sha256(name.encode()).digest()
    key = (int.from_bytes(digest[:8], "little"), node)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def check_conductances(weights_us: NDArray[np.float32], where: str) -> None:
    """Refuse conductances that are negative, not finite, or look like nanosiemens.

    Raises
    ------
    DataError
    """
    weights_us = distinct(weights_us)
    wrong = ~((weights_us >= 0) & (weights_us < IMPLAUSIBLE_US))
    if wrong.any():
        at = int(wrong.argmax())
        raise DataError(
            f"{where}: weights_us must be conductances of 0 to {IMPLAUSIBLE_US:g} uS, got "
            f"{weights_us[at]} at {at}; nanosiemens must be divided by 1000, and inhibition is told by "
            f"the synapse's reversal_mv, not by a sign"
        )
