"""Simulation of many GLIF neurons that do not know each other, by the compiled kernel."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains
from allentk.errors import SimulationError
from allentk.models import GLIFParameters
from allentk.progress import bar
from allentk.simulation.packed_population import PackedPopulation, pack
from allentk.simulation.population_input import GaussianInput, drive_of
from allentk.simulation.population_kernels import (
    NOT_FINITE,
    RUNNING,
    TILE,
    Clock,
    Drive,
    Models,
    Watch,
    run_tiles,
)
from allentk.simulation.population_request import clock_of, threads_of, watch_of
from allentk.simulation.span_kernels import span_constants

__all__ = ["GaussianInput", "PackedPopulation", "PopulationResponse", "pack", "simulate_population"]

#: Neurons given to a thread at once.
CHUNK = 16 * TILE

#: How far below its threshold a neuron must provably stay to jump, in mV: far above the rounding.
SLACK_MV = {"float64": 1e-9, "float32": 1e-3}

DEFAULT_DT_S = 1e-4


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PopulationResponse:
    """What a population did.

    Parameters
    ----------
    spikes : SpikeTrains
        Spikes of all neurons; a time is the end of the crossing step.
    duration_s, dt_s : float
        Simulated time and time step in seconds.
    voltage_mv : mapping of int to ndarray, shape (n_steps,)
        Absolute voltages of the neurons asked for, at the end of every step.
    stopped_s : mapping of int to float
        Neurons that were above their threshold right after a spike, and the time of that spike; they
        are silent from there.
    provenance : mapping
        Seed, engine, wall and CPU seconds.
    """

    spikes: SpikeTrains
    duration_s: float
    dt_s: float
    voltage_mv: Mapping[int, NDArray[np.float64]] = field(default_factory=dict)
    stopped_s: Mapping[int, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of spikes of every neuron."""
        return np.bincount(self.spikes.ids, minlength=self.spikes.n_cells)

    def __repr__(self) -> str:
        return (
            f"<PopulationResponse: {len(self.spikes)} spikes of {self.spikes.n_cells} neurons in "
            f"{self.duration_s:.4g} s>"
        )


def simulate_population(
    parameters: Sequence[GLIFParameters] | PackedPopulation,
    input_pa: ArrayLike | GaussianInput,
    *,
    duration_s: float,
    interval_s: float = 1e-3,
    dt_s: float | None = None,
    dtype: Literal["float64", "float32"] = "float64",
    threads: int = 1,
    seed: int | ArrayLike = 0,
    record: Collection[str] = ("spikes",),
    throw: bool = True,
    progress: bool | None = None,
) -> PopulationResponse:
    """Run many GLIF neurons of any models and levels, from rest, each on a current of its own.

    Parameters
    ----------
    parameters : sequence of GLIFParameters or PackedPopulation
        One model per neuron; ``pack`` them once for many runs.
    input_pa : array_like or GaussianInput
        A constant for all, shape (), or for every neuron, shape (n_neurons,); currents held for
        `interval_s` each, shape (n_neurons, n_intervals); or noise renewed every `interval_s`. In pA.
    duration_s, interval_s : float
        Simulated time, and how long a current is held, in seconds and whole steps.
    dt_s : float, optional
        Time step in seconds; 1e-4, or what the neurons were packed for.
    dtype : {"float64", "float32"}
        What is computed in. In double precision every spike is in the same step as in
        ``simulate_glif``; in single precision it may be off by a step where a crossing is grazing.
    threads : int
        Threads; nothing in the result depends on their number.
    seed : int or array_like of int, shape (n_neurons,)
        Draws the noise; with one per neuron, equal seeds mean equal noise.
    record : str or collection of str
        ``"spikes"`` (always kept) and ``"voltage_mv:<neuron>,<neuron>,..."``.
    throw : bool
        Raise where a neuron is above its threshold right after a spike, rather than silence it there.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Returns
    -------
    PopulationResponse

    Raises
    ------
    SimulationError
        On an input, clock, seed, number of threads or record that makes no sense; where a neuron starts
        again above its threshold (see `throw`), or a state is no longer finite.

    Notes
    -----
    Between spikes the equations are linear, so that a neuron that provably stays below its threshold for as
    long as its current is held jumps there at once; everybody else goes step by step. Either way the state
    at every step is the exact one, spikes are where step by step they are.

    Examples
    --------
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3)
    >>> simulate_population([cell] * 3, [50.0, 150.0, 200.0], duration_s=0.1).counts.tolist()
    [0, 4, 6]
    """
    wall, cpu = time.perf_counter(), time.process_time()
    packed = _packed(parameters, dt_s)
    held = isinstance(input_pa, GaussianInput) or np.ndim(input_pa) > 1
    clock = clock_of(packed.dt_s, duration_s, interval_s, held)
    drive = drive_of(input_pa, len(packed), -(-clock.steps // clock.interval), seed)
    watch, watched = watch_of(record, len(packed), clock.steps)
    run = _Run(packed, drive, clock, dtype, watch)
    keys = run.go(threads_of(threads), progress)
    run.check(throw)
    steps, ids = np.divmod(keys, len(packed))
    e_l = [packed.models[packed.of[neuron]].E_L_mv for neuron in watched]
    return PopulationResponse(
        spikes=SpikeTrains((steps + 1) * packed.dt_s, ids, len(packed)),
        duration_s=clock.steps * packed.dt_s,
        dt_s=packed.dt_s,
        voltage_mv={n: watch.voltage[row] + e_l[row] for row, n in enumerate(watched)},
        stopped_s={
            int(n): float((run.stopped[n] + 1) * packed.dt_s)
            for n in np.flatnonzero(run.stopped >= 0)
        },
        provenance={
            "engine": "allentk GLIF population",
            "seed": int(np.asarray(seed)) if np.ndim(seed) == 0 else "one per neuron",
            "dtype": dtype,
            "threads": threads,
            "cpu_s": time.process_time() - cpu,
            "wall_s": time.perf_counter() - wall,
        },
    )


class _Run:
    """One run: the arrays of the kernel, and the loop over chunks of neurons."""

    def __init__(
        self, packed: PackedPopulation, drive: Drive, clock: Clock, dtype: str, watch: Watch
    ) -> None:
        if dtype not in SLACK_MV:
            raise SimulationError(f"dtype must be one of {sorted(SLACK_MV)}, got {dtype!r}")
        kind = np.dtype(dtype)
        span = span_constants(packed.steps, clock.span)
        self.models = Models(packed.of, packed.steps.astype(kind), span.astype(kind))
        self.packed, self.drive, self.clock, self.watch = packed, drive, clock, watch
        self.span, self.slack = kind.type(clock.span), kind.type(SLACK_MV[dtype])
        self.stopped = np.full(len(packed), RUNNING, dtype=np.int64)

    def go(self, threads: int, progress: bool | None) -> NDArray[np.int64]:
        """Run to the end; return ``step * n_neurons + neuron`` of every spike, sorted."""
        total, keys = len(self.packed), []
        with (
            bar("simulating", total=total, unit="neurons", progress=progress) as shown,
            ThreadPoolExecutor(threads) as pool,
        ):
            for first, some in zip(
                range(0, total, CHUNK), pool.map(self._chunk, range(0, total, CHUNK)), strict=True
            ):
                keys.append(some)
                shown.update(min(CHUNK, total - first))
        joined = np.concatenate(keys)
        joined.sort()
        return joined

    def _chunk(self, first: int) -> NDArray[np.int64]:
        last = min(first + CHUNK, len(self.packed))
        keys: NDArray[np.int64] = run_tiles(
            first,
            last,
            self.models,
            self.drive,
            self.clock,
            self.watch,
            self.stopped,
            self.span,
            self.slack,
        )
        return keys

    def check(self, throw: bool) -> None:
        """Raise where a neuron went wrong."""
        lost = np.flatnonzero(self.stopped == NOT_FINITE)
        if lost.size:
            raise SimulationError(
                f"the state of neuron {lost[0]} ({lost.size} in all) is not finite; look for a huge "
                f"current, or a model that runs away"
            )
        above = np.flatnonzero(self.stopped >= 0)
        if throw and above.size:
            cell = self.packed.models[self.packed.of[above[0]]]
            raise SimulationError(
                f"neuron {above[0]} ({above.size} in all) is above its threshold right after its spike "
                f"at {(self.stopped[above[0]] + 1) * self.packed.dt_s:.4f} s (reset_a {cell.reset_a}, "
                f"reset_b_mv {cell.reset_b_mv}) and would fire without end; mend the reset rule or the "
                f"threshold, or take throw=False to silence it there"
            )


def _packed(
    parameters: Sequence[GLIFParameters] | PackedPopulation, dt_s: float | None
) -> PackedPopulation:
    if not isinstance(parameters, PackedPopulation):
        return pack(parameters, dt_s=DEFAULT_DT_S if dt_s is None else dt_s)
    if dt_s is not None and dt_s != parameters.dt_s:
        raise SimulationError(
            f"{parameters!r} was packed for steps of {parameters.dt_s:g} s, got dt_s={dt_s:g}; pack it "
            f"again"
        )
    return parameters
