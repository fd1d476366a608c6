"""Drifting gratings, and gratings of several contrasts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.responses.networks import presentations_of
from allentk.responses.neuropixels.contrast import c50
from allentk.responses.neuropixels.counting import block_of
from allentk.responses.neuropixels.measure import Cells, Columns, Running, measured, recorded
from allentk.responses.neuropixels.modulation import f1_f0, modulation_index
from allentk.responses.neuropixels.shown import Shown, is_shown, shown_of
from allentk.responses.neuropixels.tuned import marginal, selectivity

__all__ = ["contrast_tuning", "drifting_gratings"]

Floats = NDArray[np.float64]


def drifting_gratings(
    responses: SpikeTrains | NetworkResponse,
    table: StimulusTable | None = None,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    quirks: str | Iterable[str] = (),
    name: str | None = None,
    duration_s: float | None = None,
    recording_s: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Measure responses to drifting gratings.

    Parameters
    ----------
    responses : SpikeTrains or NetworkResponse
        Recorded or simulated spikes.
    table : StimulusTable, optional
        What was shown, with ``orientation_deg`` and ``temporal_frequency_hz``: of the whole session, or of
        this stimulus; by default what the network was shown. Where it has gratings of several contrasts
        too (``drifting_gratings_contrast``), c50 is measured in those.
    ids : array_like of int, optional
        Cells to measure; all by default.
    running : (speed_cm_s, time_s), optional
        Two arrays on the clock of the presentations; without them run modulation is NaN.
    quirks : str or iterable of str
        Defects of the published program to repeat, by name (`QUIRKS`), or ``"published"`` for all of them.
    name : str, optional
        Name of the presentations; by default ``drifting_gratings...``.
    duration_s : float, optional
        Window from the start in which spikes are counted; 2 s by default, or what the presentations last.
    recording_s : (float, float), optional
        Start and end of the recording; presentations outside are left out, with a warning.

    Returns
    -------
    DataFrame
        One row per cell; the columns are those of `METRICS`, with ``cell`` first and ``notes`` last.

    Raises
    ------
    DataError
        Where there are no gratings, several contrasts or spatial frequencies; for an unknown id or quirk;
        for traces.

    References
    ----------
    Siegle et al. 2021, Nature 592:86; Allen Brain Observatory, Visual Coding - Neuropixels.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 3.0], "stop_s": [2.0, 5.0],
    ...     "stimulus": "drifting_gratings", "orientation_deg": [0.0, 90.0], "temporal_frequency_hz": 1.0})
    >>> cells = drifting_gratings(SpikeTrains([0.2, 1.2, 3.5], [0, 0, 0], 1), StimulusTable(shown))
    >>> cells[["preferred_direction_deg", "f1_f0"]].round(6).to_numpy().tolist()
    [[0.0, 2.0]]
    """
    shown = presentations_of(responses, table)
    contrasts = _contrasts(shown, recorded(responses, recording_s))
    return measured(
        "drifting_gratings",
        responses,
        shown,
        lambda cells: _drifting(cells, contrasts),
        ids=ids,
        running=running,
        quirks=quirks,
        options={"name": name, "duration_s": duration_s, "recording_s": recording_s},
    )


def _contrasts(shown: StimulusTable, recording_s: tuple[float, float] | None) -> Shown | None:
    """Return the gratings of several contrasts; None where the recording has none."""
    if not is_shown("contrast_tuning", shown, recording_s):
        return None
    return shown_of("contrast_tuning", shown, recording_s=recording_s)


def _drifting(cells: Cells, contrasts: Shown | None) -> Columns:
    shown, quirks = cells.shown, cells.quirks
    direction, directions = cells.best(*marginal(cells.means, shown, "orientation_deg"))
    frequency, frequencies = cells.best(*marginal(cells.means, shown, "temporal_frequency_hz"))
    at = {"temporal_frequency_hz": frequency}
    every = shown.parameters["temporal_frequency_hz"]
    index = modulation_index(cells.psth, every[cells.preferred], quirks)
    cells.note(np.isnan(index) & ~cells.silent, "mod_idx: no spikes in the segments")
    return {
        "preferred_direction_deg": direction,
        "several_preferred_directions": directions,
        "preferred_tf_hz": frequency,
        "several_preferred_tfs": frequencies,
        "c50": _contrast_of(cells, direction, contrasts),
        "f1_f0": f1_f0(cells.block, cells.preferred, every),
        "mod_idx": index,
        "g_osi": selectivity(cells.means, shown, at, 2),
        "g_dsi": selectivity(cells.means, shown, at, 1),
    }


def _contrast_of(cells: Cells, direction: Floats, contrasts: Shown | None) -> Floats:
    """Return c50 at the direction preferred; NaN where no contrasts were shown at it."""
    if contrasts is None:
        return np.full(direction.size, np.nan)
    block = block_of(
        cells.block.trains, contrasts, cells.quirks, cells.block.cell, cells.block.n_cells
    )
    out, found = _half_contrasts(block.sums() / block.trials, contrasts, direction, cells.quirks)
    cells.note(~found & ~np.isnan(direction), "c50: no contrasts shown at the preferred direction")
    cells.note(found & np.isnan(out), "c50: no curve fits")
    return out


def _half_contrasts(
    means: Floats, shown: Shown, direction: Floats, quirks: frozenset[str]
) -> tuple[Floats, NDArray[np.bool_]]:
    out, found = np.full(direction.size, np.nan), np.zeros(direction.size, dtype=bool)
    for value, conditions in zip(*shown.where("orientation_deg"), strict=True):
        contrasts = shown.parameters["contrast"][conditions]
        conditions, contrasts = conditions[contrasts > 0], contrasts[contrasts > 0]
        found |= direction == value
        for cell in np.flatnonzero(direction == value):
            out[cell] = c50(contrasts, means[cell, conditions], quirks)
    return out, found


def contrast_tuning(
    responses: SpikeTrains | NetworkResponse,
    table: StimulusTable | None = None,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    quirks: str | Iterable[str] = (),
    name: str | None = None,
    duration_s: float | None = None,
    recording_s: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Measure responses to gratings of several contrasts.

    The published program has no table of its own for them. The direction preferred is the one with the
    largest mean over contrasts, and c50 is measured there.

    Parameters, errors and columns
        As in `drifting_gratings`; the table has ``orientation_deg`` and ``contrast``, and presentations
        are named ``drifting_gratings_contrast``; the window is 0.5 s.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1.0], "stop_s": [0.5, 1.5],
    ...     "stimulus": "drifting_gratings_contrast", "orientation_deg": 0.0, "contrast": [0.1, 0.8]})
    >>> cells = contrast_tuning(SpikeTrains([1.2], [0], 1), StimulusTable(shown))
    >>> cells["preferred_contrast"].tolist()
    [0.8]
    """
    return measured(
        "contrast_tuning",
        responses,
        table,
        _contrast,
        ids=ids,
        running=running,
        quirks=quirks,
        options={"name": name, "duration_s": duration_s, "recording_s": recording_s},
    )


def _contrast(cells: Cells) -> Columns:
    direction, directions = cells.best(*marginal(cells.means, cells.shown, "orientation_deg"))
    contrast, _ = cells.best(*marginal(cells.means, cells.shown, "contrast"))
    half, _ = _half_contrasts(cells.means, cells.shown, direction, cells.quirks)
    cells.note(np.isnan(half) & ~np.isnan(direction), "c50: no curve fits")
    return {
        "preferred_direction_deg": direction,
        "several_preferred_directions": directions,
        "preferred_contrast": contrast,
        "c50": half,
    }
