"""A cell of the reduced backend, on which many parameter sets are run at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data.crossings import SPIKE_MV
from allentk.errors import SimulationError
from allentk.models import BiophysicalParameters
from allentk.models.compartments import Compartments
from allentk.models.known_mechanisms import POOL
from allentk.simulation.biophysical.batch import (
    cell_arrays,
    column_names,
    starts,
    tree_of,
    value_of,
)
from allentk.simulation.biophysical.channel_tables import ChannelTables, lanes_of, tables_of
from allentk.simulation.biophysical.reduced_layout import MODES, Cells, Taken

__all__ = ["BEYOND_MV", "METHODS", "Batch", "Prepared", "ReducedCell", "checked_currents"]

Array = NDArray[np.float64]

METHODS = ("second-order", "fixed")
#: A membrane beyond this voltage, in mV, has left the range where the numbers mean anything.
BEYOND_MV = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Parameter sets as the kernel takes them; made by ``ReducedCell.prepare``.

    Parameters
    ----------
    cells : Cells
        What the kernel reads.
    starts : array, shape (n_sets, n_numbers)
        State of every set at its beginning.
    """

    cells: Cells
    starts: Array

    @property
    def n_sets(self) -> int:
        """Number of parameter sets."""
        return int(self.starts.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What came of every parameter set and every sweep.

    Parameters
    ----------
    voltage_mv : array, shape (n_sets, n_sweeps, n_kept)
        Membrane voltage in mV at the begin of every step that is kept; ``(n_sets, n_sweeps, 0)`` where
        it was not asked for, NaN where a set was left out.
    dt_s : float
        Time between two of them.
    spike_counts : array of int, shape (n_sets, n_sweeps)
        Number of spikes; ``spike_times_s`` gives their times.
    rest_counts : array of int, shape (n_sets,)
        Spikes during the rest. Where there are any and ``stop`` was on, the set was left out.
    failed : array of bool, shape (n_sets, n_sweeps)
        Where the voltage left every range.
    """

    voltage_mv: Array
    dt_s: float
    spike_counts: NDArray[np.int64]
    rest_counts: NDArray[np.int64]
    failed: NDArray[np.bool_]
    spike_steps: NDArray[np.int64]
    step_s: float

    def spike_times_s(self, row: int, sweep: int) -> Array:
        """Return when a set spiked in a sweep: seconds after the rest, first sample at the threshold."""
        count = min(int(self.spike_counts[row, sweep]), self.spike_steps.shape[2])
        return np.asarray(self.spike_steps[row, sweep, :count] * self.step_s, dtype=float)


@dataclass(frozen=True, slots=True, eq=False)
class ReducedCell:
    """A cell on which many parameter sets of the same channels are run.

    Made by ``ReducedCell.of``. A parameter set is a row of numbers in the order of `names`.

    Parameters
    ----------
    compartments : Compartments
        The cell.
    channels : tuple of str
        Mechanisms of the soma, without the calcium pool.
    names : tuple of str
        What the columns of a vector are: ``"soma.NaTs.gbar"``, ``"soma.CaDynamics.decay_s"``,
        ``"dend.g_pas"``, ``"soma.ek_mv"``, ``"v_init_mv"``; units are those of
        `allentk.models.BiophysicalParameters`.
    celsius : float
        Temperature in degrees Celsius.
    vshift_mv : tuple of float
        How far the gates of each channel are shifted.

    Examples
    --------
    >>> from allentk.data import Morphology
    >>> from allentk.models import BiophysicalParameters, SectionParameters
    >>> from allentk.models.compartments import compartments
    >>> swc = Morphology([1, 2, 3], [1, 3, 3], [[0, 0, 0], [0, 9, 0], [0, 400, 0]], [8, 1, 1], [-1, 0, 1])
    >>> passive = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80)
    >>> soma = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80, ena_mv=53,
    ...                          ek_mv=-107, mechanisms={"NaTs": {"gbar": 2.0}, "Kv3_1": {"gbar": 0.5}})
    >>> parameters = BiophysicalParameters(kind="perisomatic", axon="stub", v_init_mv=-80,
    ...                                    sections={"soma": soma, "axon": passive, "dend": passive})
    >>> cell = ReducedCell.of(compartments(swc, axon="stub"), ("NaTs", "Kv3_1"))
    >>> vectors = np.tile(cell.vector(parameters), (3, 1))
    >>> vectors[:, cell.names.index("soma.NaTs.gbar")] *= [0.5, 1.0, 2.0]
    >>> batch = cell.run(cell.prepare(vectors), [np.full(10_000, 200.0)], dt_s=5e-5, rest_s=0.5)
    >>> batch.voltage_mv.shape, batch.spike_counts.shape
    ((3, 1, 10000), (3, 1))
    """

    compartments: Compartments
    channels: tuple[str, ...]
    names: tuple[str, ...]
    celsius: float
    vshift_mv: tuple[float, ...]

    @classmethod
    def of(
        cls,
        compartments: Compartments,
        channels: Sequence[str],
        *,
        celsius: float = 34.0,
        vshift_mv: Mapping[str, float] | None = None,
    ) -> ReducedCell:
        """Return a cell with a set of mechanisms in its soma.

        Parameters
        ----------
        compartments : Compartments
            The cell; its soma must be a single compartment.
        channels : sequence of str
            Mechanisms of the soma by their names in Allen's files, with or without ``CaDynamics``.
        celsius : float
            Temperature in degrees Celsius.
        vshift_mv : mapping, optional
            Channel -> how far its gates are shifted in mV.

        Raises
        ------
        SimulationError
            Where the soma has several compartments, or on a channel that the kernel does not know.
        """
        soma = np.flatnonzero((compartments.kind == 0) & (compartments.area_um2 > 0))
        if soma.size != 1 or soma[0] != 0:
            raise SimulationError(
                f"the reduced backend takes a soma of one compartment, this one has {soma.size} (it "
                f"is longer than 40 um, or in pieces); use backend='tree' or 'neuron'"
            )
        names = tuple(name for name in channels if name != POOL)
        lanes_of(names)
        shifts = tuple((vshift_mv or {}).get(name, 0.0) for name in names)
        columns = column_names(names, POOL in channels, compartments)
        return cls(compartments, names, columns, celsius, shifts)

    def vector(self, parameters: BiophysicalParameters) -> Array:
        """Return parameters as a row in the order of `names`.

        Raises
        ------
        DataError
            Where the parameters lack a section or a mechanism of this cell.
        """
        return np.array([value_of(parameters, name) for name in self.names])

    def prepare(self, vectors: ArrayLike | BiophysicalParameters) -> Prepared:
        """Get parameter sets ready to run: reduce their trees, scale their conductances.

        Parameters
        ----------
        vectors : array_like, shape (n_sets, n_names) or (n_names,), or BiophysicalParameters
            The sets, in the order of `names`.

        Raises
        ------
        SimulationError
            On a wrong number of columns, or a number that is not finite.
        """
        if isinstance(vectors, BiophysicalParameters):
            vectors = self.vector(vectors)
        sets = np.atleast_2d(np.asarray(vectors, dtype=float))
        if sets.ndim != 2 or sets.shape[1] != len(self.names):
            raise SimulationError(
                f"expected vectors of {len(self.names)} numbers ({', '.join(self.names)}), got shape "
                f"{sets.shape}"
            )
        if not np.isfinite(sets).all():
            row, column = np.argwhere(~np.isfinite(sets))[0]
            raise SimulationError(
                f"{self.names[column]} of set {row} is not finite: {sets[row, column]!r}"
            )
        values = {name: sets[:, k] for k, name in enumerate(self.names)}
        trees = [tree_of(self.compartments, values, row).reduced(MODES) for row in range(len(sets))]
        area = float(self.compartments.area_um2[0])
        return Prepared(
            cell_arrays(self.channels, self.celsius, area, values, trees),
            starts(self.channels, self.celsius, self.vshift_mv, values, trees),
        )

    def error_bound(self, parameters: BiophysicalParameters) -> float:
        """Return how far the tree's admittance is off: see `allentk.simulation.biophysical.reduction`."""
        values = {
            name: np.array([value])
            for name, value in zip(self.names, self.vector(parameters), strict=True)
        }
        tree = tree_of(self.compartments, values, 0)
        return tree.bound_of(tree.reduced(MODES))

    def tables(self, dt_s: float, *, second: bool = False) -> ChannelTables:
        """Return the tables of the channels for a time step in seconds; `second` as in ``tables_of``."""
        dt_ms = round(dt_s * 1e3, 12)
        return tables_of(self.channels, self.celsius, dt_ms, self.vshift_mv, second)

    def run(
        self,
        prepared: Prepared,
        current_pa: ArrayLike,
        *,
        dt_s: float = 5e-5,
        method: Literal["fixed", "second-order"] = "second-order",
        rest_s: float = 0.0,
        rest_dt_s: float = 5e-4,
        rest_pa: float = 0.0,
        stop: bool = True,
        voltage: bool = True,
        every: int = 1,
        spike_threshold_mv: float = SPIKE_MV,
        most_spikes: int = 1000,
    ) -> Batch:
        """Run every set: a rest that its sweeps share, then every current from there.

        Parameters
        ----------
        prepared : Prepared
            The sets.
        current_pa : array_like, shape (n_sweeps, n_steps)
            Currents after the rest, constant within every step.
        dt_s : float
            Time step in seconds.
        method : {"second-order", "fixed"}
            NEURON's ``secondorder = 2``, or backward Euler.
        rest_s, rest_dt_s, rest_pa : float
            Length of the rest before, its time step (backward Euler), and its current.
        stop : bool
            Leave out the sweeps of a set that spikes during the rest.
        voltage : bool
            Keep the voltage; spikes are always kept.
        every : int
            Keep the voltage of every so-manieth step.
        spike_threshold_mv : float
            Voltage whose crossing from below is a spike.
        most_spikes : int
            Most spikes of a sweep whose times are kept.

        Raises
        ------
        SimulationError
            On an unknown method, a current that is not finite, a time step that is not positive, or a
            rest that is negative.
        """
        from allentk.simulation.biophysical.reduced_kernels import advance

        currents = checked_currents(current_pa, dt_s, rest_dt_s, method, every)
        if not 0 <= rest_s < math.inf:
            raise SimulationError(f"rest_s must be 0 or longer and finite, got {rest_s!r}")
        n_sets, (n_sweeps, n_steps) = prepared.n_sets, currents.shape
        kept = -(-n_steps // every) if voltage else 0
        volts = np.full((n_sets, n_sweeps, kept), np.nan)
        steps = np.zeros((n_sets, n_sweeps, most_spikes), dtype=np.int64)
        counts = np.zeros((n_sets, n_sweeps), dtype=np.int64)
        last = np.zeros((n_sets, n_sweeps))
        threshold = float(spike_threshold_mv)
        resting = np.full((1, round(rest_s / rest_dt_s)), float(rest_pa))
        states, rest_counts = self._rested(prepared, resting, self.tables(rest_dt_s), threshold)
        tables = self.tables(dt_s, second=method == "second-order")
        for row in range(n_sets):
            if stop and rest_counts[row]:
                continue
            mine = np.repeat(states[row : row + 1], n_sweeps, axis=0)
            taken = _taken(every, volts[row], steps[row], counts[row])
            advance(mine, row, prepared.cells, tables, currents, threshold, taken)
            last[row] = mine[:, 0]
        failed = ~(np.abs(last) < BEYOND_MV)
        return Batch(volts, every * dt_s, counts, rest_counts, failed, steps, dt_s)

    def _rested(
        self, prepared: Prepared, current_pa: Array, tables: ChannelTables, threshold_mv: float
    ) -> tuple[Array, NDArray[np.int64]]:
        """Return the state of every set after the rest, and its spikes in it."""
        from allentk.simulation.biophysical.reduced_kernels import advance

        states, counts = prepared.starts.copy(), np.zeros(prepared.n_sets, dtype=np.int64)
        for row in range(prepared.n_sets if current_pa.size else 0):
            one = slice(row, row + 1)
            nothing = np.empty((1, 0)), np.empty((1, 0), np.int64)
            taken = _taken(1, *nothing, counts[one])
            advance(states[one], row, prepared.cells, tables, current_pa, threshold_mv, taken)
        return states, counts


def _taken(
    every: int, voltage: Array, spikes: NDArray[np.int64], counts: NDArray[np.int64]
) -> Taken:
    return Taken(every, voltage, np.empty(0, np.int64), np.empty((1, 0, 0)), spikes, counts)


def checked_currents(
    current_pa: ArrayLike, dt_s: float, rest_dt_s: float, method: str, every: int
) -> Array:
    """Return currents as the kernel takes them, shape ``(n_sweeps, n_steps)`` in pA.

    Raises
    ------
    SimulationError
        On an unknown method, a current that is not finite, or a time step that is not positive.
    """
    if method not in METHODS:
        raise SimulationError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if not (0 < dt_s < math.inf and 0 < rest_dt_s < math.inf and every >= 1):
        raise SimulationError(
            f"time steps and every must be positive and finite, got dt_s={dt_s!r}, "
            f"rest_dt_s={rest_dt_s!r}, every={every!r}"
        )
    currents = np.ascontiguousarray(np.atleast_2d(np.asarray(current_pa, dtype=float)))
    if currents.ndim != 2 or not np.isfinite(currents).all():
        raise SimulationError(
            f"currents must be finite and of shape (n_sweeps, n_steps), got shape {currents.shape}"
        )
    return currents
