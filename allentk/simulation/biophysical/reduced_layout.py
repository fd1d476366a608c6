"""What the kernel of the reduced cell runs on: parameter sets, states, and what is taken down.

Units: mV, ms, pF, nS, pA, calcium in mM. A state is one row of numbers, so that a run goes on from a
copy of another's::

    v, cai | first gates | second gates | modes | NaV's twelve states
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEAD", "MODES", "SCHEME_STATES", "Cells", "Taken"]

Array = NDArray[np.float64]

#: Numbers of a state before the gates, modes of a tree (12 are off by less than 0.1 % up to 20 kHz),
#: and states of NaV.
HEAD, MODES, SCHEME_STATES = 2, 12, 12


class Cells(NamedTuple):
    """Parameter sets of one cell, one row each.

    Parameters
    ----------
    gbar, reversal : array, shape (n_sets, n_lanes)
        Conductance in nS and reversal potential in mV of every lane; that of calcium is not read.
    carries : array, shape (n_lanes,)
        1 for a lane of calcium, 0 for others.
    soma : array, shape (n_sets, 4)
        Capacitance, conductance to rest (leak and axial together), what the leak drives in pA, and
        the reversal potential of sodium for NaV.
    scheme_gbar : array, shape (n_sets,)
        Conductance of NaV in nS.
    pool : array, shape (n_sets, 3)
        Calcium: mM/ms for an inward pA, decay in ms, concentration at rest in mM.
    nernst : array, shape (2,)
        ``RT/2F`` in mV, and the logarithm of calcium outside.
    rate, coupling, drive : array, shape (n_sets, n_modes)
        The modes: ``w' = -rate w + coupling v + drive``, and the soma gets the sum of all w in pA.
    """

    gbar: Array
    reversal: Array
    carries: Array
    soma: Array
    scheme_gbar: Array
    pool: Array
    nernst: Array
    rate: Array
    coupling: Array
    drive: Array


class Taken(NamedTuple):
    """What a run fills; empty arrays are left alone.

    Parameters
    ----------
    every : int
        Of how many steps one is kept, the first first; values are those at the begin of a step.
    voltage : array, shape (n_sweeps, n_kept)
        Voltage in mV.
    which : array of int, shape (n_which,)
        Places in the state.
    states : array, shape (n_sweeps, n_which, n_kept)
        The numbers at those places.
    spikes : array of int, shape (n_sweeps, n_most)
        The steps at whose begin the voltage is first at or above the threshold.
    counts : array of int, shape (n_sweeps,)
        How many there were, which may be more than there is room for.
    """

    every: int
    voltage: Array
    which: NDArray[np.int64]
    states: Array
    spikes: NDArray[np.int64]
    counts: NDArray[np.int64]
