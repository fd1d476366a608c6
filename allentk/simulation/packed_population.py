"""The parameters of many neurons laid out for the compiled kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen
from allentk.errors import SimulationError
from allentk.models import GLIFParameters
from allentk.simulation.current import check_point_step
from allentk.simulation.glif_propagator import Propagator, propagator

__all__ = ["PackedPopulation", "pack"]

#: After-spike currents that the kernel has room for.
MAX_ASC = 2


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PackedPopulation:
    """Which model every neuron is, and what a step does to each model.

    Parameters
    ----------
    models : tuple of GLIFParameters
        The models, every one once.
    of : ndarray of int, shape (n_neurons,)
        The model of every neuron.
    dt_s : float
        Time step in seconds.
    steps : ndarray, shape (n_models, 22)
        What a step of `dt_s` does to each model: coefficients in units of mV, pA and s.
    """

    models: tuple[GLIFParameters, ...]
    of: NDArray[np.int32]
    dt_s: float
    steps: NDArray[np.float64]

    def __len__(self) -> int:
        return self.of.size

    def __repr__(self) -> str:
        return f"<PackedPopulation: {len(self)} neurons of {len(self.models)} models>"


def pack(
    parameters: Sequence[GLIFParameters], of: ArrayLike | None = None, *, dt_s: float = 1e-4
) -> PackedPopulation:
    """Lay out neurons for ``simulate_population``: once for many runs.

    Parameters
    ----------
    parameters : sequence of GLIFParameters
        One per neuron, or, with `of`, one per model.
    of : array_like of int, shape (n_neurons,), optional
        The model of every neuron, as a place in `parameters`.
    dt_s : float
        Time step in seconds.

    Raises
    ------
    SimulationError
        Without neurons, on a time step that is not positive, a model that is no GLIFParameters or has more
        than two after-spike currents, or a place out of range.

    Examples
    --------
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3)
    >>> pack([cell] * 1000)
    <PackedPopulation: 1000 neurons of 1 models>
    """
    check_point_step(dt_s)
    place: dict[GLIFParameters, int] = {}
    for number, cell in enumerate(parameters):
        if not isinstance(cell, GLIFParameters):
            raise SimulationError(
                f"neuron {number}: expected GLIFParameters, got {type(cell).__name__}"
            )
        place.setdefault(cell, len(place))
    given = np.fromiter((place[cell] for cell in parameters), np.int32, len(parameters))
    chosen = given if of is None else given[_places(of, len(parameters))]
    if chosen.size == 0:
        raise SimulationError("a population needs at least one neuron, got none")
    steps = np.array([_step(cell, dt_s) for cell in place])
    return PackedPopulation(
        tuple(place), frozen(chosen, np.int32), float(dt_s), frozen(steps, np.float64)
    )


def _places(of: ArrayLike, n_models: int) -> NDArray[np.int64]:
    places = frozen(np.ravel(of), np.int64, what="population: of")
    wrong = (places < 0) | (places >= n_models)
    if wrong.any():
        at = int(wrong.argmax())
        raise SimulationError(
            f"neuron {at} is to be model {places[at]}, but the {n_models} models are 0.."
            f"{n_models - 1}"
        )
    return places


def _step(cell: GLIFParameters, dt_s: float) -> list[float]:
    """Return the columns of ``PackedPopulation.steps`` for one model."""
    if len(cell.asc_amp_pa) > MAX_ASC:
        raise SimulationError(
            f"a population has at most {MAX_ASC} after-spike currents per neuron, got "
            f"{len(cell.asc_amp_pa)}; run this cell by simulate"
        )
    p: Propagator = propagator(cell, dt_s)
    push, of_asc, decay, keep, amp = (
        [*values, *[0.0] * (MAX_ASC - len(values))]
        for values in (p.asc_push, p.thv_of_asc, p.asc_decay, p.asc_keep, p.asc_amp)
    )
    membrane = [p.leak, p.push, *push]
    threshold = [p.ths_decay, p.thv_decay, p.thv_of_v, p.thv_of_current]
    reset = [p.th_inf, p.n_ref, p.reset_a, p.reset_b, p.ths_keep, p.ths_add]
    currents = [keep[0], amp[0], keep[1], amp[1]]
    return [float(x) for x in (*membrane, *threshold, *decay, *reset, *currents, *of_asc)]
