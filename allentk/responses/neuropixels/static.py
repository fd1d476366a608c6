"""Static gratings."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.responses.neuropixels.measure import Cells, Columns, Running, measured
from allentk.responses.neuropixels.tuned import marginal, selectivity

__all__ = ["static_gratings"]


def static_gratings(
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
    """Measure responses to static gratings.

    Parameters, errors and columns
        As in `drifting_gratings`; the table has ``orientation_deg``, ``spatial_frequency_cpd`` and
        ``phase``; the window is 0.25 s.

    References
    ----------
    Siegle et al. 2021, Nature 592:86; Allen Brain Observatory, Visual Coding - Neuropixels.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 0.25], "stop_s": [0.25, 0.5],
    ...     "stimulus": "static_gratings", "orientation_deg": [0.0, 30.0],
    ...     "spatial_frequency_cpd": 0.04, "phase": 0.25})
    >>> cells = static_gratings(SpikeTrains([0.3], [0], 1), StimulusTable(shown))
    >>> cells["preferred_orientation_deg"].tolist()
    [30.0]
    """
    return measured(
        "static_gratings",
        responses,
        table,
        _static,
        ids=ids,
        running=running,
        quirks=quirks,
        options={"name": name, "duration_s": duration_s, "recording_s": recording_s},
    )


def _static(cells: Cells) -> Columns:
    means, shown = cells.means, cells.shown
    spatial, spatials = cells.best(*marginal(means, shown, "spatial_frequency_cpd"))
    orientation, orientations = cells.best(*marginal(means, shown, "orientation_deg"))
    phase, phases = cells.best(*marginal(means, shown, "phase"))
    at = {"spatial_frequency_cpd": spatial, "phase": phase}
    return {
        "preferred_sf_cpd": spatial,
        "several_preferred_sfs": spatials,
        "preferred_orientation_deg": orientation,
        "several_preferred_orientations": orientations,
        "preferred_phase": phase,
        "several_preferred_phases": phases,
        "g_osi": selectivity(means, shown, at, 2),
    }
