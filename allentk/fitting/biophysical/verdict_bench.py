"""Where a model is judged: stepped and played to, by the engine that suits it.

Judging takes finer steps than a fit: 0.025 ms of second order on the reduced backend for models with
passive dendrites, NEURON with a variable step for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import LongSquare, Stimulus, Sweep
from allentk.errors import FitError, SimulationError
from allentk.fitting.biophysical.measured import SPIKE_MV
from allentk.models import BiophysicalModel

if TYPE_CHECKING:
    from allentk.data import Response
    from allentk.simulation.biophysical.reduced import Batch

__all__ = ["BACKENDS", "Bench", "bench"]

Array = NDArray[np.float64]

BACKENDS = ("auto", "reduced", "neuron")
#: Step of the reduced backend, and interval at which NEURON's voltage is read, in s.
DT_S = 2.5e-5
#: Rest before a step, what of it is looked at, and what follows a step, in s.
REST_S, BEFORE_S, AFTER_S = 1.0, 0.2, 0.1
#: More spikes than this are not kept.
MOST_SPIKES = 10_000


class Bench(Protocol):
    """A model at rest, which can be stepped and played to."""

    @property
    def engine(self) -> str:
        """What runs it, with its method and its time step, in words."""

    def step(self, amplitude_pa: float, duration_s: float) -> Sweep:
        """Return the response to a step: the membrane's own voltage, with the step for its window."""

    def play(self, current_pa: ArrayLike, sampling_rate_hz: float) -> Array:
        """Return when the model spikes on a current, in s after its first sample."""


def bench(model: BiophysicalModel, backend: str = "auto") -> Bench:
    """Return what judges a model.

    Parameters
    ----------
    model : BiophysicalModel
        The model.
    backend : {"auto", "reduced", "neuron"}
        ``"auto"``: the reduced backend for the perisomatic models that it can run, NEURON for the
        others (not the compiled tree, which ``allentk.simulate`` takes).

    Raises
    ------
    FitError
        On an unknown backend.
    SimulationError
        Where the backend cannot run the model.
    """
    if backend not in BACKENDS:
        raise FitError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    if backend == "auto":
        from allentk.simulation.biophysical.simulate import engine_of

        backend = engine_of(model)
    return _Reduced(model) if backend == "reduced" else _Neuron(model)


class _Reduced:
    """The soma with its channels, and the modes of the tree behind it."""

    engine = f"reduced backend, second order, {1e3 * DT_S:g} ms"

    def __init__(self, model: BiophysicalModel) -> None:
        from allentk.models.compartments import compartments
        from allentk.simulation.biophysical.reduced import ReducedCell

        parameters = model.parameters
        if parameters.kind != "perisomatic":
            raise SimulationError(
                f"{model!r}: the reduced backend takes passive dendrites; use backend='neuron'"
            )
        soma = parameters.sections["soma"].mechanisms
        self._cell = ReducedCell.of(
            compartments(model.morphology, axon=parameters.axon),  # type: ignore[arg-type]
            tuple(soma),
            celsius=parameters.celsius,
            vshift_mv={name: given.get("vshift_mv", 0.0) for name, given in soma.items()},
        )
        self._prepared = self._cell.prepare(parameters)

    def step(self, amplitude_pa: float, duration_s: float) -> Sweep:
        parts = [round(one / DT_S) for one in (BEFORE_S, duration_s, AFTER_S)]
        current = np.repeat([0.0, amplitude_pa, 0.0], parts)
        voltage = self._run(current, voltage=True).voltage_mv[0, 0]
        return _swept(voltage, DT_S, amplitude_pa, BEFORE_S, duration_s)

    def play(self, current_pa: ArrayLike, sampling_rate_hz: float) -> Array:
        from allentk.simulation.current import resampled

        given = np.ascontiguousarray(current_pa, dtype=float)
        batch = self._run(resampled(given, 1.0 / sampling_rate_hz, DT_S), voltage=False)
        times: Array = batch.spike_times_s(0, 0)
        return times

    def _run(self, current_pa: Array, *, voltage: bool) -> Batch:
        batch = self._cell.run(
            self._prepared,
            current_pa[np.newaxis],
            dt_s=DT_S,
            method="second-order",
            rest_s=REST_S,
            stop=False,
            voltage=voltage,
            spike_threshold_mv=SPIKE_MV,
            most_spikes=MOST_SPIKES,
        )
        if batch.failed.any():
            raise SimulationError("the model's voltage left every range; its numbers make no cell")
        return batch


class _Neuron:
    """The whole tree in NEURON."""

    engine = "NEURON, CVODE"

    def __init__(self, model: BiophysicalModel) -> None:
        self._model = model

    def step(self, amplitude_pa: float, duration_s: float) -> Sweep:
        stimulus = LongSquare(
            amplitude_pa=amplitude_pa,
            start_s=REST_S + BEFORE_S,
            duration_s=duration_s,
            tail_s=AFTER_S,
        )
        response = self._simulated(stimulus, dt_s=DT_S, method="cvode")
        return _swept(
            response.voltage_mv, response.dt_s, amplitude_pa, REST_S + BEFORE_S, duration_s
        )

    def play(self, current_pa: ArrayLike, sampling_rate_hz: float) -> Array:
        # A current that changes at every sample leaves a variable step nothing to choose.
        response = self._simulated(
            current_pa, sampling_rate_hz=sampling_rate_hz, dt_s=DT_S, method="fixed"
        )
        times: Array = response.spike_times_s
        return times

    def _simulated(self, stimulus: Stimulus | ArrayLike, **options: Any) -> Response:
        from allentk.simulation.biophysical.simulate import simulate_biophysical

        return simulate_biophysical(self._model, stimulus, backend="neuron", **options)


def _swept(
    voltage_mv: Array, dt_s: float, amplitude_pa: float, start_s: float, duration_s: float
) -> Sweep:
    return Sweep(
        voltage_mv,
        np.zeros(voltage_mv.size),
        1.0 / dt_s,
        amplitude_pa=amplitude_pa,
        start_s=start_s,
        stop_s=start_s + duration_s,
    )
