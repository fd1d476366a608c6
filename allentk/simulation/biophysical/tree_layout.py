"""What the compiled tree runs on: where gates and states stand, tables of a step, parameters.

Units are mV, ms, nA, uS, nF and mM. A *node* is a point of the tree; a *patch* is the membrane of a
node that has any. Patches of a section kind stand side by side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHUNK", "Here", "Layout", "Seen", "State", "Tables", "Values"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.uint64]

#: Patches of a sodium scheme that are stepped together; their states stand in rows of this length.
CHUNK = 64


class Layout(NamedTuple):
    """Where everything stands; the same for every parameter set of a cell.

    Parameters
    ----------
    parent : array of int, shape (n_nodes,)
        Parent of every node; parents stand before their children.
    node : array of int, shape (n_patches,)
        Node of every patch.
    kinds : array of int, shape (n_kinds, 7)
        Of every section kind: first patch and the one after the last, first gate and the one after
        the last, first path and the one after the last, and whether it has a calcium pool.
    gates : array of int, shape (n_gates, 3)
        Where a gate's states begin, whether calcium drives it, and where its table begins.
    paths : array of int, shape (n_paths, 4)
        First gate, second gate or -1, whether the first follows at once, whether calcium flows.
    powers : array, shape (n_paths, 4)
        1 at the power of the first gate, less one; else 0.
    schemes : array of int, shape (n_chunks, 4)
        Of every chunk of patches with a sodium scheme: first patch, number, which scheme, which
        of the conductances.
    """

    parent: Ints
    node: Ints
    kinds: Ints
    gates: Ints
    paths: Ints
    powers: Array
    schemes: Ints


class Tables(NamedTuple):
    """What a step of one length does to gates.

    Parameters
    ----------
    dt_ms : float
        The step.
    low, per : float
        First abscissa of the tables of voltage, in mV, and rows per mV.
    calcium_low, calcium_per : float
        The same for tables of the logarithm of calcium in mM.
    rows : array, shape (n_tables * n_rows * 4,)
        Of every row of a table: the part of the way to the steady state that is gone in a step, its
        change to the next row, the steady state, its change.
    growth : array, shape (n_rows,)
        exp(v / slope) of the sodium schemes.
    slope_mv : float
        That slope.
    rungs : array, shape (n_schemes, 6, 10)
        `Ladder` times the implicit step, by rungs: the step, or half of it for the second order.
    n_calcium : int
        Rows of the tables of calcium.
    """

    dt_ms: float
    low: float
    per: float
    calcium_low: float
    calcium_per: float
    rows: Array
    growth: Array
    slope_mv: float
    rungs: Array
    n_calcium: int


class Values(NamedTuple):
    """Parameters, in absolute units for nodes and patches.

    Parameters
    ----------
    coupling : array, shape (n_nodes,)
        Conductance to the parent in uS.
    capacity, leak, leak_current : array, shape (n_nodes,)
        Capacitance in nF, passive conductance to everywhere in uS, leak times its reversal in nA.
    scale : array, shape (n_patches,)
        uS of a patch for 1 S/cm2.
    gbar, reversal : array, shape (n_paths,)
        S/cm2 and mV; 0 where calcium flows.
    scheme_gbar, scheme_reversal : array, shape (n_conductances,)
        The same for sodium schemes.
    pool : array, shape (n_kinds, 3)
        Rise of calcium in mM/ms for -1 mA/cm2, its decay in ms, its rest in mM.
    calcium_slope, calcium_out : float
        RT/zF in mV, and the logarithm of calcium outside in mM.
    """

    coupling: Array
    capacity: Array
    leak: Array
    leak_current: Array
    scale: Array
    gbar: Array
    reversal: Array
    scheme_gbar: Array
    scheme_reversal: Array
    pool: Array
    calcium_slope: float
    calcium_out: float


class State(NamedTuple):
    """What a step changes.

    Parameters
    ----------
    v : array, shape (n_nodes,)
        Voltage in mV.
    x : array
        Gates; where each begins is in the layout.
    states : array, shape (n_chunks * 12 * CHUNK,)
        Sodium schemes: twelve rows of patches for every chunk.
    cai, reversal : array, shape (n_patches,)
        Calcium in mM, and its reversal potential in mV.
    conductance, drive, calcium : array, shape (n_patches,)
        Of the channels: S/cm2, that times the reversal in mA/cm2; of those for calcium: S/cm2.
    """

    v: Array
    x: Array
    states: Array
    cai: Array
    reversal: Array
    conductance: Array
    drive: Array
    calcium: Array


class Here(NamedTuple):
    """Work space of a run.

    Parameters
    ----------
    v, at, part : array, shape (n_patches,)
        Voltage of patches, their row in the tables and the way to the next.
    growth, current : array, shape (n_patches,)
        exp(v / slope) of the sodium schemes; calcium current in mA/cm2.
    at_calcium, part_calcium : array, shape (n_patches,)
        The place in the tables of calcium.
    charge, diagonal, right, old : array, shape (n_nodes,)
        Capacitance over the step; the equations; the voltage before.
    """

    v: Array
    at: Rows
    part: Array
    growth: Array
    current: Array
    at_calcium: Rows
    part_calcium: Array
    charge: Array
    diagonal: Array
    right: Array
    old: Array

    @classmethod
    def of(cls, n_patches: int, n_nodes: int) -> Here:
        """Return room for so many patches and nodes."""
        sizes = [n_patches] * 7 + [n_nodes] * 4
        return cls(
            *(
                np.zeros(size, dtype=np.uint64 if name.startswith("at") else float)
                for name, size in zip(cls._fields, sizes, strict=True)
            )
        )


class Seen(NamedTuple):
    """What a run fills; empty arrays are left alone.

    Parameters
    ----------
    nodes : array of int, shape (n_nodes_recorded,)
        Nodes whose voltage is kept.
    voltage : array, shape (n_nodes_recorded, n_kept)
        Their voltage at the beginning of every `every`-th step, in mV.
    every : int
        See `voltage`.
    watched : array of int, shape (n_watched,)
        Nodes whose spikes are kept.
    threshold : float
        Voltage in mV at or above which, after being below, there is a spike.
    steps : array of int, shape (n_watched, most)
        At the beginning of which steps; a run stops once those of the first are full.
    counts : array of int, shape (n_watched,)
        How many spikes.
    """

    nodes: Ints
    voltage: Array
    every: int
    watched: Ints
    threshold: float
    steps: Ints
    counts: Ints
