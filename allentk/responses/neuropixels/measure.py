"""From spikes and a table to one row per cell: what every kind of stimulus has in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.errors import DataError
from allentk.responses.definition import chosen
from allentk.responses.networks import per_population, presentations_of
from allentk.responses.neuropixels.counting import BIN_S, Block, bin_edges, blocks
from allentk.responses.neuropixels.metrics import QUIRKS
from allentk.responses.neuropixels.ratios import ratio
from allentk.responses.neuropixels.running import (
    RUNNING,
    STATIONARY,
    run_modulation,
    states,
)
from allentk.responses.neuropixels.shown import Shown, shown_of
from allentk.responses.neuropixels.tuned import first_largest, lifetime_sparseness
from allentk.responses.trials import cells_of

__all__ = ["Cells", "Options", "Running", "measured"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Columns = dict[str, NDArray[np.generic]]
Running = tuple[ArrayLike, ArrayLike]


class Options(TypedDict, total=False):
    """Which presentations are measured; see `shown_of`."""

    name: str | None
    duration_s: float | None
    recording_s: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Cells:
    """A block of cells with what every metric starts from.

    Parameters
    ----------
    block : Block
        The counts.
    sums, means : ndarray, shape (n_cells, n_conditions)
        Spikes of all presentations of a condition, and spikes per presentation.
    preferred : ndarray of int, shape (n_cells,)
        The condition with the largest mean.
    psth : ndarray, shape (n_cells, n_bins)
        Spikes per ms at that condition, all trials together.
    silent : ndarray of bool, shape (n_cells,)
        Cells without a spike in the presentations.
    notes : list of list of str
        Why a cell lacks a value; to be added to.
    """

    block: Block
    sums: Ints
    means: Floats
    preferred: Ints
    psth: NDArray[np.int32]
    silent: NDArray[np.bool_]
    notes: list[list[str]]

    @property
    def shown(self) -> Shown:
        """What was shown."""
        return self.block.shown

    @property
    def quirks(self) -> frozenset[str]:
        """Names of quirks."""
        return self.block.quirks

    def best(self, values: Floats, curves: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the value with the largest response, and whether several have it; NaN where silent."""
        index, several = first_largest(curves, self.quirks)
        return self.unless_silent(values[index]), several & ~self.unvalued

    @property
    def unvalued(self) -> NDArray[np.bool_]:
        """Cells that prefer nothing."""
        return self.silent & ("silent_units" not in self.quirks)

    def unless_silent(self, values: NDArray[np.generic]) -> Floats:
        """Return values, NaN for cells without a spike."""
        out: Floats = np.where(self.unvalued, np.nan, values.astype(float))
        return out

    def note(self, where: NDArray[np.bool_], words: str) -> None:
        """Say something about some cells."""
        for cell in np.flatnonzero(where):
            self.notes[cell].append(words)


def measured(
    stimulus: str,
    responses: SpikeTrains | NetworkResponse,
    table: StimulusTable | None,
    own: Callable[[Cells], Columns],
    *,
    ids: ArrayLike | None,
    running: Running | None,
    quirks: str | Iterable[str],
    options: Options,
) -> pd.DataFrame:
    """Return the metrics of one kind of stimulus, one row per cell.

    Parameters
    ----------
    stimulus : str
        One of `FAMILIES`.
    responses, table, ids, running, quirks
        As in the functions of the stimuli.
    own : function of Cells
        Returns the columns that only this stimulus has, in order.
    options : Options
        Which presentations are measured.

    Raises
    ------
    DataError
        For traces, for ``ids`` of a network, and as in the functions of the stimuli.
    """
    asked = chosen(quirks, QUIRKS)
    if not isinstance(responses, SpikeTrains | NetworkResponse):
        raise DataError(
            f"{stimulus}: the definition 'neuropixels' is one of spikes; expected SpikeTrains or a "
            f"NetworkResponse, got a {type(responses).__name__}; for traces choose 'warehouse' or "
            f"'paper2020'"
        )
    presentations = presentations_of(responses, table)
    options = {**options, "recording_s": recorded(responses, options.get("recording_s"))}
    shown = shown_of(stimulus, presentations, **options)
    state = states(shown, running, asked)
    if isinstance(responses, SpikeTrains):
        return _table(responses, shown, state, own, ids, asked)
    if ids is not None:
        raise DataError(f"{stimulus}: ids= chooses cells of one population; give its spikes")
    # What was shown after the end is left out already.
    return per_population(
        stimulus, responses, None, lambda trains: _table(trains, shown, state, own, None, asked)
    )


def recorded(
    responses: object, recording_s: tuple[float, float] | None
) -> tuple[float, float] | None:
    """Return start and end of the recording in seconds: as given, else those of a simulation."""
    if recording_s is None and isinstance(responses, NetworkResponse):
        return 0.0, responses.duration_s
    return recording_s


def _table(
    trains: SpikeTrains,
    shown: Shown,
    state: Ints,
    own: Callable[[Cells], Columns],
    ids: ArrayLike | None,
    quirks: frozenset[str],
) -> pd.DataFrame:
    _, wanted = cells_of(trains, ids)
    unique, back = np.unique(wanted, return_inverse=True)
    if unique.size < trains.n_cells:
        trains = trains.subset(unique)
    parts = [_rows(block, state, own) for block in blocks(trains, shown, quirks)]
    if not parts:  # the columns, of no cells
        none = Block(trains, shown, 0, 0, quirks, *np.zeros((2, shown.start_s.size, 0), np.int32))
        parts = [_rows(none, state, own)]
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    table = table.iloc[back].reset_index(drop=True)
    table.insert(0, "cell", wanted)
    return table


def _rows(block: Block, state: Ints, own: Callable[[Cells], Columns]) -> pd.DataFrame:
    sums = block.sums()
    means = sums / block.trials
    preferred = first_largest(means, block.quirks)[0].astype(np.int64)
    notes: list[list[str]] = [[] for _ in range(block.n_cells)]
    silent = (sums == 0).all(axis=1)
    cells = Cells(block, sums, means, preferred, block.psth(preferred), silent, notes)
    cells.note(silent, "no spikes in the presentations")
    columns: Mapping[str, NDArray[np.generic]] = {**own(cells), **_common(cells, state)}
    said = np.array(["; ".join(words) for words in notes], dtype=object)
    return pd.DataFrame({**columns, "notes": said})


def _common(cells: Cells, state: Ints) -> Columns:
    block, quirks = cells.block, cells.quirks
    moments = block.moments(cells.preferred, state, 3)
    every = moments[0] + moments[1] + moments[2]
    mean = every.mean()
    p, modulation = run_modulation(moments[RUNNING], moments[STATIONARY])
    edges = bin_edges(block.shown.duration_s, quirks)
    middle = edges[:-1] + np.diff(edges) / 2
    peak = middle[cells.psth.argmax(axis=1)] if middle.size else np.full(mean.shape, BIN_S / 2)
    flat = ~cells.psth.any(axis=1) & ("silent_units" not in quirks)
    of = cells.sums.astype(float) if "sparseness_of_sums" in quirks else cells.means
    return {
        "firing_rate_hz": block.rates_hz(),
        "fano": ratio(every.variance(0), mean),
        "lifetime_sparseness": lifetime_sparseness(of),
        "p_run_modulation": p,
        "run_modulation": modulation,
        "time_to_peak_s": np.where(flat, np.nan, peak),
    }
