"""Drifting gratings as de Vries et al. 2020 measure them, from events."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable, Traces
from allentk.responses.definition import chosen
from allentk.responses.paper2020.metrics import QUIRKS
from allentk.responses.paper2020.preferred import (
    at_preferred,
    discrimination,
    preferred_conditions,
    reliability,
    responsive_cells,
    running_modulation,
)
from allentk.responses.paper2020.trials import Protocol, Running, Trials, measured
from allentk.responses.paper2020.tuning_fits import fits, octaves_apart
from allentk.responses.selectivity import dsi_pair, dsi_vector, osi_pair, osi_vector
from allentk.responses.sparseness import lifetime_sparseness
from allentk.responses.trials import finite_means

__all__ = ["drifting_gratings"]

Array = NDArray[np.float64]


def drifting_gratings(
    responses: Traces,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    spontaneous: StimulusTable | None = None,
    quirks: str | Iterable[str] = (),
    responsive_above: int = 3,
    n_windows: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure every cell's responses to drifting gratings.

    A trial's response is the mean of the events in 60 frames (2 s) from its onset.

    Parameters
    ----------
    responses : Traces
        Events, unit ``"events"``.
    table : StimulusTable
        What was shown, with ``orientation_deg`` and ``temporal_frequency_hz``; blank sweeps named
        ``"blank"``, or as the gratings and without these.
    ids : array_like of int, optional
        Cells to measure; all by default.
    running : (speed_cm_s, time_s), optional
        Running speed; without it there is no modulation by running.
    spontaneous : StimulusTable, optional
        When nothing was shown, rows named ``"spontaneous"``; by default those of `table`. Without any, no
        trial is significant or not, and ``responsive`` is unknown.
    quirks : str or iterable of str
        Defects of the published program to keep: names of `QUIRKS`, or ``"published"``.
    responsive_above : int
        A cell is responsive with more significant trials than this at its preferred condition; the
        published 3 is for 15 trials.
    n_windows, seed : int
        Number of spontaneous windows that trials are compared with, and the seed of their draw.

    Returns
    -------
    DataFrame
        One row per cell; the columns are explained in `METRICS`. ``notes`` says why a cell lacks values.

    Raises
    ------
    DataError
        For responses that are no events, no gratings in the table or in the recording, gratings of several
        contrasts or spatial frequencies, an unknown id or quirk, or numbers out of range.

    Warns
    -----
    UserWarning
        Where presentations lie outside of the recording; they are left out.

    References
    ----------
    de Vries et al. 2020, Nature Neuroscience 23:138.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": 3.0 * np.arange(8), "stop_s": 3.0 * np.arange(8) + 2,
    ...     "stimulus": "drifting_gratings", "orientation_deg": 45.0 * np.arange(8),
    ...     "temporal_frequency_hz": 2.0})
    >>> events = np.zeros((1, 800))
    >>> events[0, 100] = 0.6
    >>> traces = Traces(events, np.arange(800) / 30, [7], unit="events")
    >>> drifting_gratings(traces, StimulusTable(shown))[["cell", "preferred_direction_deg", "osi"]]
       cell  preferred_direction_deg  osi
    0     7                     45.0  1.0
    """
    kept = chosen(quirks, QUIRKS)
    how = Protocol(
        "drifting_gratings",
        onset=0,
        n_frames=60,
        n_course=60,
        beyond="windows-beyond-spontaneous" in kept,
    )
    trials = measured(
        responses,
        table,
        how,
        ids=ids,
        running=running,
        spontaneous=spontaneous,
        n_windows=n_windows,
        seed=seed,
    )
    means = trials.by_condition()
    preferred = preferred_conditions(means)
    theta, tf = trials.shown.axes
    direction, frequency = np.divmod(np.maximum(preferred, 0), tf.size)
    blank, peak = trials.blank(), at_preferred(means, preferred)
    columns = {
        "cell": trials.cells,
        "preferred_direction_deg": np.where(preferred >= 0, theta[direction], np.nan),
        "preferred_tf_hz": np.where(preferred >= 0, tf[frequency], np.nan),
        "peak_response": peak,
        **responsive_cells(trials, preferred, responsive_above),
        **_selectivity(means, trials, direction, frequency),
        "tfdi": discrimination(trials, means, preferred, axis=1),
        "reliability": reliability(trials, preferred, how.n_course),
        "lifetime_sparseness": lifetime_sparseness(means),
        **running_modulation(trials, preferred, unset_at_equal="run-modulation-unset" in kept),
        "peak_minus_blank": peak - blank,
        "mean_minus_blank": finite_means(means) - blank,
    }
    curves = means.reshape(-1, theta.size, tf.size)[np.arange(direction.size), direction]
    columns |= fits(
        curves, tf, frequency, columns["responsive"], "tf", "hz", "either-cutoff" in kept
    )
    few = not octaves_apart(tf), "no fit: fewer than 4 temporal frequencies an octave apart"
    return pd.DataFrame(columns | {"notes": trials.notes(preferred, few)})


def _selectivity(
    means: Array, trials: Trials, direction: NDArray[np.int64], frequency: NDArray[np.int64]
) -> dict[str, Array]:
    theta, tf = trials.shown.axes
    curves = means.reshape(-1, theta.size, tf.size)[np.arange(frequency.size), :, frequency]
    curves = np.maximum(curves, 0.0)
    return {
        "g_osi": osi_vector(curves, theta),
        "g_dsi": dsi_vector(curves, theta),
        "osi": osi_pair(curves, theta, preferred=direction),
        "dsi": dsi_pair(curves, theta, preferred=direction),
    }
