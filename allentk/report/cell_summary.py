"""What the summary of a cell is drawn from: its steps, its rheobase and hero, its first spikes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from allentk import features
from allentk.data import Sweep, SweepSet
from allentk.errors import FeatureError
from allentk.features.definition import Definition, checked
from allentk.report.sweep_traces import Span, spikes_of

__all__ = ["FirstSpike", "Summary", "first_spikes", "span_of", "summary_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """A recording, its features, and the measured long squares by amplitude.

    Parameters
    ----------
    sweeps : SweepSet
        The recording.
    row : Series
        What ``features.cell`` returns.
    steps : DataFrame
        Rows of ``features.table``: long squares without an error.
    hero : Sweep or None
        The hero sweep; where the cell has none the largest step, where it has no step None.
    named_hero : bool
        Whether the cell has a hero sweep.
    """

    sweeps: SweepSet
    row: pd.Series[Any]
    steps: pd.DataFrame
    hero: Sweep | None
    named_hero: bool

    def value(self, name: str) -> float:
        """Return a feature; NaN where it was not measured."""
        value: Any = self.row.get(name, math.nan)
        return math.nan if value is None or pd.isna(value) else float(value)

    @property
    def definition(self) -> Definition:
        """Whose rules the features follow."""
        return checked(self.row.attrs.get("definition", "allen"))

    def recorded(self, stimulus: str) -> bool:
        """Whether the recording has sweeps of a protocol."""
        return bool((self.sweeps.table["stimulus"] == stimulus).any())

    @property
    def no_steps(self) -> str:
        """Why there is no long square to draw."""
        if self.recorded("Long Square"):
            return "none of the long squares could be measured"
        kinds = sorted(set(self.sweeps.table["stimulus"].replace("", "unknown")))
        return f"no long square was recorded; there are: {', '.join(kinds) or 'no sweeps'}"

    @property
    def rheobase(self) -> Sweep | None:
        """The sweep at rheobase."""
        number = self.value("rheobase_sweep_number")
        listed = not math.isnan(number) and int(number) in self.sweeps.numbers
        return self.sweeps.sweep(int(number)) if listed else None

    @property
    def spiking(self) -> pd.DataFrame:
        """The steps with spikes."""
        return self.steps[self.steps["n_spikes"] > 0]

    @property
    def hyperpolarising(self) -> pd.DataFrame:
        """The steps down without a spike."""
        return self.steps[(self.steps["amplitude_pa"] < 0) & (self.steps["n_spikes"] == 0)]


@dataclass(frozen=True, slots=True, eq=False)
class FirstSpike:
    """The first spike of a protocol, and the low-pass under which it was found."""

    protocol: str
    sweep: Sweep
    threshold_s: float
    filter_hz: float


def summary_of(
    sweeps: SweepSet, row: pd.Series[Any] | None, *, definition: Definition = "allen"
) -> Summary:
    """Measure what the figure needs, by the definition of `row`; without it the cell is measured too."""
    if row is None:
        try:
            row = features.cell(sweeps, definition=checked(definition))
        except FeatureError:
            # A recording of other protocols has a summary that says so.
            row = pd.Series(dtype=object)
            row.attrs["definition"] = definition
    steps = _measured(sweeps, "Long Square", row.attrs.get("definition", "allen"))
    steps = steps.sort_values("amplitude_pa", kind="stable")
    hero = row.attrs.get("hero_sweep_number")
    named = hero in set(steps["number"])
    number = hero if named else (steps["number"].iloc[-1] if len(steps) else None)
    shown = None if number is None else sweeps.sweep(int(number))
    return Summary(sweeps, row, steps, shown, named)


def _measured(sweeps: SweepSet, stimulus: str, definition: Definition) -> pd.DataFrame:
    chosen = sweeps.where(stimulus=stimulus, clamp="current")
    table = features.table(chosen, definition=definition)
    return table[table["error"] == ""]


def first_spikes(cell: Summary) -> list[FirstSpike]:
    """Return the first spikes at rheobase, of a short square and of a ramp, where there are any."""
    found = (_at_rheobase(cell), _of_short_square(cell), _of_ramp(cell))
    return [spike for spike in found if spike is not None]


def _at_rheobase(cell: Summary) -> FirstSpike | None:
    sweep = cell.rheobase
    if sweep is None:
        return None
    spikes = spikes_of(sweep, span_of(sweep), definition=cell.definition)
    return _first("rheobase", sweep, spikes)


def _of_ramp(cell: Summary) -> FirstSpike | None:
    ramps = _measured(cell.sweeps, "Ramp", cell.definition)
    spiking = ramps[ramps["n_spikes"] > 0]
    if not len(spiking):
        return None
    sweep = cell.sweeps.sweep(int(spiking["number"].iloc[0]))
    return _first("ramp", sweep, spikes_of(sweep, definition=cell.definition))


def _of_short_square(cell: Summary) -> FirstSpike | None:
    """Take the cell's threshold of short squares, where the voltage last passes it before the peak."""
    threshold = cell.value("threshold_v_short_square")
    amplitude = cell.value("threshold_i_short_square")
    if math.isnan(threshold):
        return None
    squares = cell.sweeps.where(stimulus="Short Square", clamp="current")
    table = squares.table.assign(off=(squares.table["amplitude_pa"] - amplitude).abs())
    for number in table.sort_values("off", kind="stable")["number"]:
        sweep = squares.sweep(int(number))
        spikes = spikes_of(sweep, span_of(sweep, to_the_end=True))
        if not len(spikes):
            continue
        peak = int(spikes["peak_index"].iloc[0])
        below = np.flatnonzero(sweep.voltage_mv[:peak] <= threshold)
        if below.size and sweep.voltage_mv[peak] > threshold:
            at = int(below[-1]) / sweep.sampling_rate_hz
            return FirstSpike("short square", sweep, at, float(spikes.attrs["filter_hz"]))
    return None


def _first(protocol: str, sweep: Sweep, spikes: pd.DataFrame) -> FirstSpike | None:
    if not len(spikes):
        return None
    threshold, cutoff = float(spikes["threshold_t"].iloc[0]), float(spikes.attrs["filter_hz"])
    return FirstSpike(protocol, sweep, threshold, cutoff)


def span_of(sweep: Sweep, *, to_the_end: bool = False) -> Span | None:
    """Return the stimulus window, or from its start to the sweep's end; None where it is unknown."""
    if not sweep.has_window:
        return None
    return sweep.start_s, sweep.duration_s if to_the_end else sweep.stop_s
