"""What drives a population: constants, held currents, or noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import SimulationError
from allentk.simulation.noise_kernels import mixed
from allentk.simulation.population_kernels import Drive

__all__ = ["GaussianInput", "drive_of"]

_NO_VALUES = np.empty((0, 0))
_NO_WORDS = np.empty(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class GaussianInput:
    """A current drawn anew from a normal distribution whenever it is renewed.

    Parameters
    ----------
    mean_pa, sd_pa : array_like, shape () or (n_neurons,)
        Mean and standard deviation in pA, one for all neurons or one each.

    Notes
    -----
    Every neuron has a random stream of its own, addressed by a counter: what it draws depends on its seed
    and the number of the interval alone.
    """

    mean_pa: ArrayLike
    sd_pa: ArrayLike


def drive_of(
    input_pa: ArrayLike | GaussianInput, n_neurons: int, n_intervals: int, seed: int | ArrayLike
) -> Drive:
    """Return the input as the kernel takes it.

    Raises
    ------
    SimulationError
        On numbers that are not finite, a shape that fits neither neurons nor intervals, a negative
        deviation, or a seed that is no whole number.
    """
    streams = mixed(_seeds(seed, n_neurons))
    if isinstance(input_pa, GaussianInput):
        mean = _per_neuron(input_pa.mean_pa, n_neurons, "mean_pa")
        sd = _per_neuron(input_pa.sd_pa, n_neurons, "sd_pa")
        if (sd < 0).any():
            raise SimulationError(f"sd_pa must not be negative, got {sd.min():g}")
        return Drive(_NO_VALUES, mean, sd, streams)
    values = _numbers(input_pa, "input_pa")
    if values.ndim < 2:
        values = _per_neuron(values, n_neurons, "input_pa")[:, None]
    elif values.shape[0] != n_neurons or values.ndim > 2 or values.shape[1] < n_intervals:
        raise SimulationError(
            f"input_pa must have shape (), ({n_neurons},), or ({n_neurons}, {n_intervals}) and more "
            f"intervals, got {values.shape}; check n_neurons, duration_s and interval_s"
        )
    nothing = np.empty(0)
    return Drive(np.ascontiguousarray(values), nothing, nothing, _NO_WORDS)


def _numbers(values: ArrayLike, name: str) -> NDArray[np.floating]:
    try:
        array = np.asarray(values)
        if array.dtype != np.float32:
            array = array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise SimulationError(f"{name}: expected numbers in pA: {error}") from error
    if not np.isfinite(array.sum(dtype=np.float64)) and not np.isfinite(array).all():
        at = np.argwhere(~np.isfinite(array))[0].tolist()
        raise SimulationError(f"{name} is not finite at {at}; cut or mend it first")
    return array


def _per_neuron(values: ArrayLike, n_neurons: int, name: str) -> NDArray[np.float64]:
    array = _numbers(values, name).astype(np.float64)
    if array.shape not in ((), (1,), (n_neurons,)):
        raise SimulationError(f"{name} must have shape () or ({n_neurons},), got {array.shape}")
    return np.ascontiguousarray(np.broadcast_to(array, (n_neurons,)))


def _seeds(seed: int | ArrayLike, n_neurons: int) -> NDArray[np.uint64]:
    """Return one seed per neuron."""
    given = np.asarray(seed)
    if given.dtype.kind not in "iu" or given.shape not in ((), (n_neurons,)) or (given < 0).any():
        raise SimulationError(
            f"seed must be a whole number, 0 or more, or {n_neurons} of them, got {seed!r}"
        )
    if given.ndim:
        return given.astype(np.uint64)
    root: NDArray[np.uint64] = mixed(np.array([given], dtype=np.uint64))
    return np.add(root, np.arange(n_neurons, dtype=np.uint64), dtype=np.uint64)
