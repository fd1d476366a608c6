"""What a simulation returns: the response of one cell, or of a network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allentk.data._arrays import frozen, packed, unpacked
from allentk.data._html import card, facts, says_synthetic, synthetic_end, table
from allentk.data._svg import COLORS, polyline, raster
from allentk.data.presentations import StimulusTable
from allentk.data.spikes import SpikeTrains
from allentk.data.sweep import Sweep
from allentk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NetworkResponse", "Response"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Response:
    """The simulated response of one cell to a current.

    Parameters
    ----------
    voltage_mv, current_pa : array_like, shape (n_steps,)
        Membrane voltage in mV and injected current in pA.
    dt_s : float
        Time step in seconds; step 0 is at 0 s.
    spike_times_s : array_like, shape (n_spikes,)
        Spike times in seconds; for a GLIF the end of the crossing step.
    spike_steps : array_like of int, shape (n_spikes,)
        The crossing steps.
    states : mapping of str to array_like, shape (n_steps,)
        Recorded state variables, the unit in the name, such as ``threshold_mv``.
    stimulus : str
        Name of what was injected, such as ``"Long Square"``; empty where unknown.
    amplitude_pa : float
        Its amplitude in pA; NaN where unknown.
    start_s, stop_s : float
        Stimulus window in seconds; NaN where unknown.
    reason : str
        Why the run stopped before the end of the current; empty where it did not.

    Raises
    ------
    DataError
        Where lengths differ, or `dt_s` is not positive.
    """

    voltage_mv: NDArray[np.float64]
    current_pa: NDArray[np.float64]
    dt_s: float
    spike_times_s: NDArray[np.float64]
    spike_steps: NDArray[np.int64]
    states: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    stimulus: str = ""
    amplitude_pa: float = math.nan
    start_s: float = math.nan
    stop_s: float = math.nan
    reason: str = ""

    # Pickle keeps no array read-only.
    __getstate__, __setstate__ = packed, unpacked

    def __post_init__(self) -> None:
        for name in ("voltage_mv", "current_pa", "spike_times_s", "spike_steps"):
            dtype = np.int64 if name == "spike_steps" else np.float64
            held = frozen(getattr(self, name), dtype, what=f"Response: {name}")
            object.__setattr__(self, name, held)
        states = {k: frozen(v, what=f"Response: state {k}") for k, v in self.states.items()}
        object.__setattr__(self, "states", states)
        if not (self.dt_s > 0 and math.isfinite(self.dt_s)):
            raise DataError(f"Response: dt_s must be positive, got {self.dt_s!r}")
        _check_equal({"voltage_mv": self.voltage_mv, "current_pa": self.current_pa, **states})
        _check_equal({"spike_times_s": self.spike_times_s, "spike_steps": self.spike_steps})

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Time of every step in seconds."""
        return np.arange(self.voltage_mv.size, dtype=float) * self.dt_s

    def to_sweep(self, number: int = 0) -> Sweep:
        """Return the response as a sweep, so that features and fits read it like a recording."""
        return Sweep(
            self.voltage_mv,
            self.current_pa,
            1 / self.dt_s,
            number=number,
            stimulus=self.stimulus,
            amplitude_pa=self.amplitude_pa,
            start_s=self.start_s,
            stop_s=self.stop_s,
            source="simulation",
        )

    def to_dataframe(self) -> pd.DataFrame:
        """Return time, voltage, current and the recorded states, one row per step."""
        import pandas as pd

        return pd.DataFrame(
            {
                "time_s": self.time_s,
                "voltage_mv": self.voltage_mv,
                "current_pa": self.current_pa,
                **self.states,
            }
        )

    def __repr__(self) -> str:
        seconds = self.voltage_mv.size * self.dt_s
        stopped = ", stopped" if self.reason else ""
        return f"<Response: {self.spike_times_s.size} spikes in {seconds:.4g} s{stopped}>"

    def _repr_html_(self) -> str:
        end = f"{self.voltage_mv.size * self.dt_s:.4g} s"
        return card(
            self,
            polyline(self.voltage_mv, unit="mV", end=end),
            polyline(self.current_pa, unit="pA", end=end, height=36, color=COLORS[1]),
            facts({"recorded": list(self.states), "stopped": self.reason}),
        )


def _check_equal(arrays: Mapping[str, NDArray[Any]]) -> None:
    shapes = {name: array.shape for name, array in arrays.items()}
    first, expected = next(iter(shapes.items()))
    for name, shape in shapes.items():
        if shape != expected or len(shape) != 1:
            raise DataError(
                f"Response: {first} and {name} must be one-dimensional and equally long, got "
                f"shapes {expected} and {shape}"
            )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class NetworkResponse:
    """The simulated response of a network.

    Parameters
    ----------
    spikes : mapping of str to SpikeTrains
        Spikes of every population; ids are the nodes of that population.
    duration_s : float
        Simulated time in seconds.
    presentations : StimulusTable, optional
        What was shown.
    nodes : mapping of str to DataFrame
        Node table of every population that spiked.
    voltage_mv : mapping of str to DataFrame
        Recorded membrane voltages, one column per recorded node, indexed by ``time_s``.
    provenance : mapping
        Seed, time step, engine, wall and CPU seconds.
    synaptic_current_pa : mapping of str to DataFrame
        Recorded synaptic currents, as `voltage_mv`.
    population_rate_hz : mapping of str to Series
        Recorded rates of populations, per cell, indexed by the begin of every bin, ``time_s``.
    states : mapping of str to mapping of str to DataFrame
        Other recorded variables, of NEURON, such as ``states["cai_mM"]["pyr"]``; tables as of the voltages.

    Raises
    ------
    DataError
        Where `duration_s` is not positive.
    """

    spikes: Mapping[str, SpikeTrains]
    duration_s: float
    presentations: StimulusTable | None = None
    nodes: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    voltage_mv: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    synaptic_current_pa: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    population_rate_hz: Mapping[str, pd.Series] = field(default_factory=dict)
    states: Mapping[str, Mapping[str, pd.DataFrame]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.duration_s > 0 and math.isfinite(self.duration_s)):
            raise DataError(
                f"NetworkResponse: duration_s must be positive, got {self.duration_s!r}"
            )

    def rates_hz(self) -> pd.DataFrame:
        """Return one row per population: cells, spikes and mean rate in Hz."""
        import pandas as pd

        rows = [
            {
                "population": name,
                "n_cells": trains.n_cells,
                "n_spikes": len(trains),
                "mean_rate_hz": len(trains) / max(trains.n_cells, 1) / self.duration_s,
            }
            for name, trains in self.spikes.items()
        ]
        return pd.DataFrame(rows, columns=["population", "n_cells", "n_spikes", "mean_rate_hz"])

    def __repr__(self) -> str:
        total = sum(len(trains) for trains in self.spikes.values())
        return (
            f"<NetworkResponse: {len(self.spikes)} populations, {total} spikes in "
            f"{self.duration_s:.4g} s{synthetic_end(self.synthetic)}>"
        )

    @property
    def synthetic(self) -> bool:
        """Whether its provenance says that it rests on made-up data."""
        return says_synthetic(self.provenance)

    def _repr_html_(self) -> str:
        groups = [(t.times_s, t.ids, t.n_cells) for t in self.spikes.values()]
        return card(
            self,
            raster(groups[:24], self.duration_s),
            table(self.rates_hz()),
            synthetic=self.synthetic,
        )
