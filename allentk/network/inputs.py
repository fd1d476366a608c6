"""Inputs that are given to cells without a population of their own, and spikes that are replayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allentk.data import SpikeTrains, StimulusTable
from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.network.projection import Receptor
from allentk.network.synapses import Synapse, check_conductances, place_stream

if TYPE_CHECKING:
    from allentk.models.compartments import Compartments

__all__ = ["CurrentClamp", "PoissonInput", "PoissonSynapses", "Replay"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PoissonInput:
    """Background synapses: every cell of a population gets a Poisson train of its own.

    Parameters
    ----------
    target : str
        Name of the population.
    rates_hz : array_like, shape (n_targets,)
        Spikes per second, summed over all background synapses of a cell.
    weights_pa : array_like, shape (n_targets,)
        Peak of the synaptic current of one spike, pA.
    receptor : Receptor
        Time course and sign of the current.

    Raises
    ------
    DataError
        Where lengths disagree, a rate is negative or not finite, or a weight has the wrong sign.
    """

    target: str
    rates_hz: NDArray[np.float64]
    weights_pa: NDArray[np.float64]
    receptor: Receptor

    def __post_init__(self) -> None:
        where = f"background of {self.target!r}"
        for name in ("rates_hz", "weights_pa"):
            object.__setattr__(self, name, frozen(getattr(self, name), what=f"{where}: {name}"))
        _check_rates(self.rates_hz, self.weights_pa, "weights_pa", where)
        self.receptor.check_weights(self.weights_pa.astype(np.float32), where)

    def __repr__(self) -> str:
        return f"<PoissonInput of {self.target}: {self.rates_hz.mean():.4g} Hz per cell>"


def _check_rates(
    rates_hz: NDArray[np.float64], weights: NDArray[np.float64], name: str, where: str
) -> None:
    if rates_hz.ndim != 1 or rates_hz.shape != weights.shape:
        raise DataError(
            f"{where}: rates_hz and {name} need one value per cell, got shapes {rates_hz.shape} and "
            f"{weights.shape}"
        )
    wrong = ~(np.isfinite(rates_hz) & (rates_hz >= 0))
    if wrong.any():
        at = int(wrong.argmax())
        raise DataError(f"{where}: the rate of cell {at} is {rates_hz[at]} Hz")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PoissonSynapses:
    """Background synapses of compartmental cells, driven by Poisson trains of their own.

    Parameters
    ----------
    target : str
        Name of the population.
    rates_hz : array_like, shape (n_targets,)
        Spikes per second, summed over all background synapses of a cell.
    weights_us : array_like, shape (n_targets,)
        Peak conductance of one spike, microsiemens.
    synapse : Synapse
        Time course, reversal potential and where the synapses sit.
    n_synapses : int
        Places per cell; every spike falls on one of them, each as likely.
    seed : int
        Draws the places: part of the network, not of a run.

    Raises
    ------
    DataError
        Where lengths disagree, a rate or weight is negative or not finite, or there is no place.

    Examples
    --------
    >>> PoissonSynapses("pyr", [1000.0], [2e-4], Synapse(0.0005, 0.003, 0.0), n_synapses=50)
    <PoissonSynapses of pyr: 1000 Hz per cell on 50 places>
    """

    target: str
    rates_hz: NDArray[np.float64]
    weights_us: NDArray[np.float64]
    synapse: Synapse
    n_synapses: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        where = f"background of {self.target!r}"
        for name in ("rates_hz", "weights_us"):
            object.__setattr__(self, name, frozen(getattr(self, name), what=f"{where}: {name}"))
        _check_rates(self.rates_hz, self.weights_us, "weights_us", where)
        check_conductances(self.weights_us.astype(np.float32), where)
        for name, least in (("n_synapses", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise DataError(f"{where}: {name} must be an integer >= {least}, got {value!r}")

    def places(self, cell: Compartments, node: int) -> NDArray[np.int64]:
        """Return the compartments of the background synapses of one cell, shape ``(n_synapses,)``.

        Raises
        ------
        DataError
            Where there is no place.
        """
        rng = place_stream(self.seed, f"background\0{self.target}", node)
        try:
            return self.synapse.draw(cell, self.n_synapses, rng)
        except DataError as error:
            raise DataError(f"{self!r}, cell {node}: {error}") from error

    def __repr__(self) -> str:
        return (
            f"<PoissonSynapses of {self.target}: {self.rates_hz.mean():.4g} Hz per cell on "
            f"{self.n_synapses} places>"
        )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class CurrentClamp:
    """Rectangular currents into cells of a population; those that overlap add up.

    Parameters
    ----------
    target : str
        Name of the population.
    nodes : array_like of int, shape (n_pulses,)
        Cell that gets the pulse.
    amplitudes_pa : array_like, shape (n_pulses,)
        Current in pA.
    starts_s, stops_s : array_like, shape (n_pulses,)
        Begin and end in seconds; an infinite end holds the current.

    Raises
    ------
    DataError
        Where lengths disagree, an amplitude is not finite, or a pulse ends before it starts.

    Examples
    --------
    >>> CurrentClamp("exc", [0, 0], [50.0, -20.0], [0.1, 0.3], [0.2, 0.4])
    <CurrentClamp of exc: 2 pulses>
    """

    target: str
    nodes: NDArray[np.int64]
    amplitudes_pa: NDArray[np.float64]
    starts_s: NDArray[np.float64]
    stops_s: NDArray[np.float64]

    def __post_init__(self) -> None:
        where = f"current clamp of {self.target!r}"
        for name in ("nodes", "amplitudes_pa", "starts_s", "stops_s"):
            dtype = np.int64 if name == "nodes" else np.float64
            held = frozen(getattr(self, name), dtype, what=f"{where}: {name}")
            object.__setattr__(self, name, held)
        shapes = {self.nodes.shape, self.amplitudes_pa.shape, self.starts_s.shape}
        if len(shapes | {self.stops_s.shape}) > 1 or self.nodes.ndim != 1:
            raise DataError(f"{where}: nodes, amplitudes, starts and stops must be equally long")
        if not np.isfinite(self.amplitudes_pa).all():
            raise DataError(f"{where}: amplitudes_pa must be finite, got {self.amplitudes_pa}")
        wrong = ~(self.stops_s > self.starts_s) | ~np.isfinite(self.starts_s)
        if wrong.any():
            at = int(wrong.argmax())
            raise DataError(
                f"{where}: pulse {at} runs from {self.starts_s[at]} to {self.stops_s[at]} s; it must "
                f"start at a finite time and end later"
            )

    def __repr__(self) -> str:
        return f"<CurrentClamp of {self.target}: {self.nodes.size} pulses>"


@dataclass(frozen=True, slots=True)
class Replay:
    """Source of a virtual population that repeats recorded or given spikes.

    Examples
    --------
    >>> Replay(SpikeTrains([0.1, 0.2], [0, 1], 2)).n_nodes
    2
    """

    trains: SpikeTrains

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.trains.n_cells

    def spikes(
        self,
        table: StimulusTable,  # noqa: ARG002  what a SpikeSource is asked
        start_s: float,
        stop_s: float,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return times in seconds and nodes of the spikes in ``[start_s, stop_s)``."""
        first, last = np.searchsorted(self.trains.times_s, [start_s, stop_s])
        return self.trains.times_s[first:last], self.trains.ids[first:last]
