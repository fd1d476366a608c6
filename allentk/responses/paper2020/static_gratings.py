"""Static gratings as de Vries et al. 2020 measure them, from events."""

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
from allentk.responses.selectivity import osi_pair, osi_vector
from allentk.responses.sparseness import lifetime_sparseness

__all__ = ["static_gratings"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


def static_gratings(
    responses: Traces,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    spontaneous: StimulusTable | None = None,
    quirks: str | Iterable[str] = (),
    responsive_above: int = 11,
    n_windows: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure every cell's responses to static gratings.

    A trial's response is the mean of the events in the frames 2 to 11 from its onset (10 frames);
    reliability compares the frames 0 to 6.

    Parameters
    ----------
    responses : Traces
        Events, unit ``"events"``.
    table : StimulusTable
        What was shown, with ``orientation_deg``, ``spatial_frequency_cpd`` and ``phase``.
    ids, running, spontaneous, quirks, n_windows, seed
        As of ``drifting_gratings``.
    responsive_above : int
        A cell is responsive with more significant trials than this at its preferred condition; the
        published 11 is for about 50 trials.

    Returns
    -------
    DataFrame
        One row per cell; the columns are explained in `METRICS`. ``notes`` says why a cell lacks values.

    Raises
    ------
    DataError
        As ``drifting_gratings``.

    Warns
    -----
    UserWarning
        Where presentations lie outside of the recording; they are left out.

    References
    ----------
    de Vries et al. 2020, Nature Neuroscience 23:138.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": 1.0 * np.arange(6), "stop_s": np.arange(6) + 0.25,
    ...     "stimulus": "static_gratings", "orientation_deg": 30.0 * np.arange(6),
    ...     "spatial_frequency_cpd": 0.04, "phase": 0.0})
    >>> events = np.zeros((1, 300))
    >>> events[0, 65] = 0.5
    >>> traces = Traces(events, np.arange(300) / 30, [7], unit="events")
    >>> static_gratings(traces, StimulusTable(shown))[["cell", "preferred_orientation_deg", "g_osi"]]
       cell  preferred_orientation_deg  g_osi
    0     7                       60.0    1.0
    """
    kept = chosen(quirks, QUIRKS)
    how = Protocol(
        "static_gratings",
        onset=2,
        n_frames=10,
        n_course=7,
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
    theta, sf, phase = trials.shown.axes
    o, f, h = np.unravel_index(np.maximum(preferred, 0), trials.shown.shape)
    known = preferred >= 0
    # One frequency too low, and no grating at all below the lowest.
    lower = np.where(f > 0, preferred - phase.size, -1)
    compared = lower if "shifted-spatial-frequency" in kept else preferred
    columns = {
        "cell": trials.cells,
        "preferred_orientation_deg": np.where(known, theta[o], np.nan),
        "preferred_sf_cpd": np.where(known, sf[f], np.nan),
        "preferred_phase": np.where(known, phase[h], np.nan),
        "peak_response": at_preferred(means, preferred),
        **responsive_cells(trials, preferred, responsive_above),
        **_selectivity(means, trials, (o, f, h), "unclipped-selectivity" in kept),
        "sfdi": discrimination(trials, means, preferred, axis=1),
        "reliability": reliability(trials, compared, how.n_course),
        "lifetime_sparseness": lifetime_sparseness(means),
        **running_modulation(trials, compared, unset_at_equal=False),
    }
    cube = means.reshape(-1, *trials.shown.shape)
    curves = cube[np.arange(o.size), o, :, h]
    columns |= fits(curves, sf, f, columns["responsive"], "sf", "cpd", "either-cutoff" in kept)
    few = not octaves_apart(sf), "no fit: fewer than 4 spatial frequencies an octave apart"
    return pd.DataFrame(columns | {"notes": trials.notes(preferred, few)})


def _selectivity(
    means: Array, trials: Trials, at: tuple[Indices, ...], unclipped: bool
) -> dict[str, Array]:
    theta = trials.shown.axes[0]
    curves = means.reshape(-1, *trials.shown.shape)[np.arange(at[0].size), :, at[1], at[2]]
    clipped = np.maximum(curves, 0.0)
    g_osi = osi_vector(clipped, theta)
    if unclipped:
        total = curves.sum(axis=1)
        length = np.abs(curves @ np.exp(2j * np.deg2rad(theta)))
        g_osi = np.divide(length, total, out=np.full(total.shape, np.nan), where=total != 0)
    # Orientations repeat after 180 degrees, directions after 360.
    doubled = np.concatenate([clipped, clipped], axis=1)
    turned = np.concatenate([theta, theta + 180])
    return {"g_osi": g_osi, "osi": osi_pair(doubled, turned, preferred=at[0])}
