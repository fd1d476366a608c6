"""One cell on which many parameter sets run, with channels everywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import SimulationError
from allentk.models.biophysical import SECTIONS, BiophysicalParameters
from allentk.models.compartments import Compartments
from allentk.simulation.biophysical.tree_layout import Here, Seen, State, Tables, Values
from allentk.simulation.biophysical.tree_plan import Plan, plan
from allentk.simulation.biophysical.tree_run import TreeRun
from allentk.simulation.biophysical.tree_start import start_of
from allentk.simulation.biophysical.tree_values import mechanisms_of, tables_of, values_of

__all__ = ["METHODS", "TreeCell", "TreeRun"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Method = Literal["fixed", "second-order"]

METHODS = ("fixed", "second-order")
#: A run keeps at most so many spikes of a compartment unless told otherwise, and stops then.
MOST_SPIKES = 10_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TreeCell:
    """A cell on which parameter sets with the same mechanisms run.

    Make one with `TreeCell.of`. It is read-only, and its runs share nothing but tables: threads may run
    it side by side, the compiled part holds no lock.

    Parameters
    ----------
    compartments : Compartments
        The tree.
    celsius : float
        Temperature in degrees Celsius.
    mechanisms : mapping
        Section -> mechanism -> shift of its voltage in mV.
    plan : Plan
        How it is laid out.
    place : array of int, shape (n,)
        Node of every compartment.
    """

    compartments: Compartments
    celsius: float
    mechanisms: Mapping[str, Mapping[str, float]]
    plan: Plan
    place: Ints
    _tables: dict[float, Tables] = field(default_factory=dict)

    @classmethod
    def of(cls, compartments: Compartments, parameters: BiophysicalParameters) -> TreeCell:
        """Lay out a cell for all parameter sets with the mechanisms of this one.

        Parameters
        ----------
        compartments : Compartments
            The tree.
        parameters : BiophysicalParameters
            One parameter set.

        Raises
        ------
        SimulationError
            Where a section that there is has no parameters.

        Examples
        --------
        >>> from allentk.data import Morphology
        >>> from allentk.models.biophysical import SectionParameters
        >>> from allentk.models.compartments import compartments
        >>> xyz = [[0, 0, 0], [0, 9, 0], [0, 99, 0]]
        >>> shape = Morphology([1, 2, 3], [1, 3, 3], xyz, [5, 1, 1], [-1, 0, 1])
        >>> active = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80, ena_mv=53,
        ...     ek_mv=-107, mechanisms={"NaTs": {"gbar": 0.1}, "Kv3_1": {"gbar": 0.3}})
        >>> parameters = BiophysicalParameters(kind="all-active", v_init_mv=-80, axon="stub",
        ...     sections=dict.fromkeys(("soma", "axon", "dend"), active))
        >>> cell = TreeCell.of(compartments(shape, axon="stub"), parameters)
        >>> run = cell.run(parameters, np.full(4000, 200.0), record=[0], watch=[0, cell.axon])
        >>> run.voltage_mv.shape, [steps.size for steps in run.spike_steps]
        ((1, 4000), [14, 14])
        """
        mechanisms = mechanisms_of(compartments, parameters)
        depth = np.zeros(compartments.n, dtype=np.int64)
        for child in range(1, compartments.n):
            depth[child] = depth[compartments.parent[child]] + 1
        order = np.argsort(depth, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        parent = compartments.parent[order]
        laid = plan(
            np.where(parent >= 0, place[parent], -1),
            compartments.kind[order],
            compartments.area_um2[order] > 0,
            {SECTIONS.index(name): there for name, there in mechanisms.items()},
        )
        return cls(compartments, parameters.celsius, mechanisms, laid, place)

    @property
    def axon(self) -> int:
        """The first compartment of the axon, -1 where there is none."""
        first = np.flatnonzero(self._membrane & (self.compartments.kind == SECTIONS.index("axon")))
        return int(first[0]) if first.size else -1

    @property
    def _membrane(self) -> NDArray[np.bool_]:
        return np.asarray(self.compartments.area_um2 > 0)

    def tables(self, dt_s: float) -> Tables:
        """Return the tables of a step; they are made once."""
        if dt_s not in self._tables:
            self._tables[dt_s] = tables_of(self.plan, self.celsius, 1e3 * dt_s)
        return self._tables[dt_s]

    def values(self, parameters: BiophysicalParameters) -> Values:
        """Return a parameter set as the kernel takes it.

        Raises
        ------
        SimulationError
            Where it has other mechanisms, shifts or another temperature than the cell was made for, or
            lacks the reversal potential of an ion that flows.
        """
        if parameters.celsius != self.celsius or mechanisms_of(self.compartments, parameters) != (
            self.mechanisms
        ):
            raise SimulationError(
                "the parameters have other mechanisms, shifts or another temperature than those the "
                "cell was made for; make another with TreeCell.of(compartments, parameters)"
            )
        return values_of(self.compartments, self.plan, self.place, parameters)

    def start(self, parameters: BiophysicalParameters, *, v_mv: float | None = None) -> State:
        """Return the state at the beginning: all gates as they are after long at one voltage.

        Parameters
        ----------
        parameters : BiophysicalParameters
            A parameter set.
        v_mv : float, optional
            Voltage everywhere in mV; by default `parameters.v_init_mv`.
        """
        return start_of(self.plan, self.celsius, parameters, v_mv)

    def run(
        self,
        parameters: BiophysicalParameters,
        current_pa: ArrayLike,
        *,
        dt_s: float = 2.5e-5,
        method: Method = "fixed",
        at: int = 0,
        record: Sequence[int] = (0,),
        every: int = 1,
        watch: Sequence[int] = (0,),
        threshold_mv: float = -20.0,
        most_spikes: int = MOST_SPIKES,
        state: State | None = None,
    ) -> TreeRun:
        """Run one parameter set through one current.

        Parameters
        ----------
        parameters : BiophysicalParameters
            The parameter set.
        current_pa : array_like, shape (n_steps,)
            Injected current in pA, constant within a step.
        dt_s : float
            Step in seconds.
        method : {"fixed", "second-order"}
            Backward Euler, or the staggered trapezoidal rule (NEURON's ``secondorder = 2``).
        at : int
            Compartment that the current goes into.
        record : sequence of int
            Compartments whose voltage is kept.
        every : int
            Of every how many steps.
        watch : sequence of int
            Compartments whose spikes are kept.
        threshold_mv : float
            What a spike reaches.
        most_spikes : int
            The run stops at the next spike of the first watched compartment.
        state : State, optional
            Where to begin, as `settle` returns it; it is copied. By default `start`.

        Returns
        -------
        TreeRun

        Raises
        ------
        SimulationError
            On parameters the cell was not made for, an unknown method or compartment, or a step or
            current that is none.
        """
        current = self._checked(current_pa, dt_s, method, (at, *record, *watch), every)
        seen = Seen(
            nodes=self.place[np.asarray(record, dtype=np.int64)],
            voltage=np.full((len(record), -(-current.size // every)), math.nan),
            every=every,
            watched=self.place[np.asarray(watch, dtype=np.int64)],
            threshold=threshold_mv,
            steps=np.zeros((len(watch), most_spikes), dtype=np.int64),
            counts=np.zeros(len(watch), dtype=np.int64),
        )
        state = self.start(parameters) if state is None else _copied(state)
        done = self._go(parameters, current, dt_s, method, self.place[at], seen, state)
        return TreeRun.of(seen, done, current.size, dt_s)

    def settle(
        self,
        parameters: BiophysicalParameters,
        duration_s: float,
        *,
        dt_s: float = 1e-4,
        method: Method = "fixed",
        current_pa: float = 0.0,
        state: State | None = None,
    ) -> State:
        """Return the state after a while at a constant current, for many runs to begin from.

        Parameters
        ----------
        parameters : BiophysicalParameters
            The parameter set.
        duration_s : float
            How long, in seconds.
        dt_s : float
            Step in seconds; it may be longer than that of the runs, as nothing happens at rest.
        method : {"fixed", "second-order"}
            See `run`.
        current_pa : float
            The current in pA.
        state : State, optional
            Where to begin; by default `start`.
        """
        return self._rested(parameters, duration_s, dt_s, current_pa, method, math.inf, state)[1]

    def sweeps(
        self,
        parameters: BiophysicalParameters,
        currents_pa: Sequence[ArrayLike],
        *,
        rest_s: float = 1.0,
        rest_dt_s: float = 1e-4,
        rest_pa: float = 0.0,
        threshold_mv: float = -20.0,
        **options: Any,
    ) -> list[TreeRun]:
        """Run one parameter set through several currents that begin after the same rest.

        Parameters
        ----------
        parameters : BiophysicalParameters
            The parameter set.
        currents_pa : sequence of array_like, shape (n_steps,)
            Currents after the rest.
        rest_s, rest_dt_s, rest_pa : float
            Length, step and current of the rest, which is made once.
        threshold_mv : float
            What a spike reaches.
        **options
            Of `run`: ``dt_s``, ``method``, ``record``, ``every``, ``watch``, ``most_spikes``.

        Returns
        -------
        list of TreeRun
            One for every current; none where the soma spikes, or the voltage leaves all bounds,
            during the rest.

        Raises
        ------
        SimulationError
            As `run`.

        Examples
        --------
        >>> runs = cell.sweeps(parameters, [hyperpolarising_pa, step_pa])  # doctest: +SKIP
        """
        method = options.get("method", "fixed")
        quiet, state = self._rested(
            parameters, rest_s, rest_dt_s, rest_pa, method, threshold_mv, None
        )
        if not quiet:
            return []
        options |= {"state": state, "threshold_mv": threshold_mv}
        return [self.run(parameters, one, **options) for one in currents_pa]

    def _rested(
        self,
        parameters: BiophysicalParameters,
        duration_s: float,
        dt_s: float,
        current_pa: float,
        method: str,
        threshold_mv: float,
        state: State | None,
    ) -> tuple[bool, State]:
        """Return whether the soma was quiet for a while, and the state in the end."""
        if not (0 <= duration_s < math.inf and 0 < dt_s < math.inf):
            raise SimulationError(
                f"a rest lasts 0 s or longer, in steps longer than 0 s, got {duration_s!r} s in steps of "
                f"{dt_s!r} s"
            )
        current = np.full(round(duration_s / dt_s), float(current_pa))
        self._checked(current, dt_s, method, (), 1)
        # Without room for a spike the run ends at the first.
        soma, nowhere = self.place[:1].copy(), np.empty(0, dtype=np.int64)
        seen = Seen(
            nowhere,
            np.empty((0, current.size)),
            1,
            soma,
            threshold_mv,
            np.empty((1, 0), dtype=np.int64),
            np.zeros(1, dtype=np.int64),
        )
        state = self.start(parameters) if state is None else _copied(state)
        done = self._go(parameters, current, dt_s, method, self.place[0], seen, state)
        return done == current.size, state

    def _go(
        self,
        parameters: BiophysicalParameters,
        current_pa: Array,
        dt_s: float,
        method: str,
        node: np.int64,
        seen: Seen,
        state: State,
    ) -> int:
        """Run to the end, or to where it stops; `seen` and `state` are filled."""
        from allentk.simulation.biophysical.tree_kernels import run_tree, start_tree

        values, tables, layout = self.values(parameters), self.tables(dt_s), self.plan.layout
        here = Here.of(layout.node.size, layout.parent.size)
        still = tables._replace(rungs=np.zeros_like(tables.rungs))
        start_tree(layout, still, values, state, here)
        if second := method == "second-order":
            tables = tables._replace(rungs=0.5 * tables.rungs)
        return int(
            run_tree(
                layout, tables, values, state, here, 1e-3 * current_pa, int(node), second, seen
            )
        )

    def _checked(
        self, current_pa: ArrayLike, dt_s: float, method: str, places: Sequence[int], every: int
    ) -> Array:
        if method not in METHODS:
            raise SimulationError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
        if not (dt_s > 0 and math.isfinite(dt_s)):
            raise SimulationError(f"dt_s must be positive and finite, got {dt_s!r}")
        if every < 1:
            raise SimulationError(f"every must be 1 or more, got {every!r}")
        for one in places:
            if not 0 <= one < self.compartments.n:
                raise SimulationError(f"no compartment {one} of {self.compartments.n}")
        current = np.ascontiguousarray(current_pa, dtype=float)
        if current.ndim != 1 or not np.isfinite(current).all():
            raise SimulationError(
                f"the current must be one-dimensional and finite, got shape {current.shape}"
            )
        return current

    def __repr__(self) -> str:
        active = ", ".join(f"{name} ({' '.join(there)})" for name, there in self.mechanisms.items())
        return f"<TreeCell: {self.compartments.n} compartments, {active}>"


def _copied(state: State) -> State:
    return State(*(part.copy() for part in state))
