"""Drifting and static gratings: one row per cell."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable, Traces
from allentk.responses.definition import chosen
from allentk.responses.selectivity import at_turn
from allentk.responses.warehouse.averages import Averages
from allentk.responses.warehouse.indices import contrast_index, vector_index
from allentk.responses.warehouse.measured import Measured, measure
from allentk.responses.warehouse.preferred import Preferred, by_condition, preferred, table_of
from allentk.responses.warehouse.quirks import QUIRKS
from allentk.responses.warehouse.running import Running
from allentk.responses.warehouse.trial_array import TrialArray
from allentk.responses.warehouse.tuning_noise import frequency_selectivity

__all__ = ["drifting_gratings", "static_gratings"]

Array = NDArray[np.float64]


def drifting_gratings(
    responses: Traces | TrialArray,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    quirks: str | Iterable[str] = (),
) -> pd.DataFrame:
    """Measure responses to drifting gratings as the Allen Brain Observatory's warehouse does.

    Parameters
    ----------
    responses : Traces or TrialArray
        Corrected fluorescence, unit ``"F"`` (``OphysSession.fluorescence()``), not dF/F. A trial's
        response is the mean of 60 frames from the onset, in percent of the mean of the 30 frames before.
    table : StimulusTable
        What was shown, with ``orientation_deg`` and ``temporal_frequency_hz``; rows named ``blank`` or
        ``spontaneous``, or without these, are blanks.
    ids : array_like of int, optional
        Cells to measure; all by default.
    running : (speed, time), optional
        Running speed in cm/s and its times in seconds, for ``run_modulation``.
    quirks : str or iterable of str
        Defects of the published program to keep, by the names in ``QUIRKS``; none by default.

    Returns
    -------
    DataFrame
        One row per cell: ``cell``, ``preferred_direction_deg``, ``preferred_tf_hz``, ``osi``, ``dsi``,
        ``g_osi``, ``g_dsi``, ``tf_selectivity``, ``peak_response`` (percent), ``p_value``,
        ``reliability``, ``run_modulation``, ``p_run_modulation``, ``responsive``, ``notes``; the formulas
        are in ``METRICS``. No cells give no rows.

    Raises
    ------
    DataError
        For traces of another unit, an unknown id or quirk, no grating in the table or in the recording,
        or gratings of several contrasts or spatial frequencies.

    References
    ----------
    AllenSDK 2.16.2, ``brain_observatory.drifting_gratings``; de Vries et al. 2020, Nature Neuroscience
    23:138.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [1.0, 4, 7, 10], "stop_s": [3.0, 6, 9, 12],
    ...     "stimulus": "drifting_gratings", "orientation_deg": [0.0, 90, 180, 270],
    ...     "temporal_frequency_hz": 2.0})
    >>> frames = np.arange(420)
    >>> bright = 100.0 + 10 * ((frames >= 120) & (frames < 180))
    >>> cells = drifting_gratings(Traces([bright], frames / 30, [7], "F"), StimulusTable(shown))
    >>> cells[["preferred_direction_deg", "peak_response", "osi"]].round(6).to_numpy().tolist()
    [[90.0, 10.0, 1.0]]
    """
    asked = chosen(quirks, QUIRKS)
    of = measure(responses, table, "drifting_gratings", ids=ids, running=running, quirks=asked)
    averages = by_condition(of)
    best = preferred(of, averages)
    d, f = np.unravel_index(best.condition, of.shown.shape)
    curve, _, _ = _along(averages, of, best, 0)
    theta, clip = of.shown.axes[0], "unclipped_means" not in asked
    orthogonal = (at_turn(curve, theta, d, 90.0) + at_turn(curve, theta, d, -90.0)) / 2
    own = {
        "preferred_direction_deg": theta[d],
        "preferred_tf_hz": of.shown.axes[1][f],
        "osi": contrast_index(best.mean, orthogonal, clip=clip),
        "dsi": contrast_index(best.mean, at_turn(curve, theta, d, 180.0), clip=clip),
        "g_osi": vector_index(curve, theta, 2),
        "g_dsi": vector_index(curve, theta, 1),
        "tf_selectivity": frequency_selectivity(
            *_along(averages, of, best, 1), around_all_trials="sse_around_all_trials" in asked
        ),
    }
    return table_of(of, best, own, asked, more_than=2)


def static_gratings(
    responses: Traces | TrialArray,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    quirks: str | Iterable[str] = (),
) -> pd.DataFrame:
    """Measure responses to static gratings as the Allen Brain Observatory's warehouse does.

    Parameters
    ----------
    responses : Traces or TrialArray
        Corrected fluorescence, unit ``"F"``. With n the frames of a presentation (7), a trial's response
        is the mean of the 2 n frames from the onset, in percent of the mean of the 4 n before; these hold
        earlier gratings too.
    table : StimulusTable
        What was shown, with ``orientation_deg``, ``spatial_frequency_cpd`` and ``phase``; blanks as in
        ``drifting_gratings``.
    ids, running, quirks
        As in ``drifting_gratings``.

    Returns
    -------
    DataFrame
        One row per cell: ``cell``, ``preferred_orientation_deg``, ``preferred_sf_cpd``,
        ``preferred_phase``, ``osi``, ``g_osi``, ``sf_selectivity``, ``peak_response`` (percent),
        ``p_value``, ``reliability``, ``run_modulation``, ``p_run_modulation``, ``time_to_peak_s``,
        ``responsive``, ``notes``.

    Raises
    ------
    DataError
        As ``drifting_gratings``.

    References
    ----------
    AllenSDK 2.16.2, ``brain_observatory.static_gratings``.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [2.0, 4, 6], "stop_s": [2.25, 4.25, 6.25],
    ...     "stimulus": "static_gratings", "orientation_deg": [0.0, 90, 90],
    ...     "spatial_frequency_cpd": [0.04, 0.04, 0.08], "phase": 0.0})
    >>> frames = np.arange(240)
    >>> bright = 100.0 + 10 * ((frames >= 120) & (frames < 136))
    >>> cells = static_gratings(Traces([bright], frames / 30, [7], "F"), StimulusTable(shown))
    >>> shortly = cells[["preferred_orientation_deg", "preferred_sf_cpd", "peak_response"]]
    >>> shortly.round(6).to_numpy().tolist()
    [[90.0, 0.04, 10.0]]
    """
    asked = chosen(quirks, QUIRKS)
    of = measure(responses, table, "static_gratings", ids=ids, running=running, quirks=asked)
    averages = by_condition(of)
    best = preferred(of, averages)
    o, f, phase = np.unravel_index(best.condition, of.shown.shape)
    curve, _, _ = _along(averages, of, best, 0)
    theta, clip = of.shown.axes[0], "unclipped_means" not in asked
    # Orientations repeat after 180 degrees, directions after 360.
    doubled, directions = np.hstack([curve, curve]), np.concatenate([theta, theta + 180])
    orthogonal = at_turn(doubled, directions, o, 90.0)
    own = {
        "preferred_orientation_deg": theta[o],
        "preferred_sf_cpd": of.shown.axes[1][f],
        "preferred_phase": of.shown.axes[2][phase],
        "osi": contrast_index(best.mean, orthogonal, clip=clip),
        "g_osi": vector_index(curve, theta, 2),
        "sf_selectivity": frequency_selectivity(
            *_along(averages, of, best, 1), around_all_trials="sse_around_all_trials" in asked
        ),
    }
    return table_of(of, best, own, asked, more_than=4)


def _along(
    averages: Averages, of: Measured, best: Preferred, axis: int
) -> tuple[Array, Array, Array]:
    """Return mean, squares and number of trials along one axis, the others as is preferred."""
    shape = of.shown.shape
    place = list(np.unravel_index(best.condition, shape))
    place = [part[:, None] for part in place]
    place[axis] = np.arange(shape[axis])[None, :]
    flat = np.ravel_multi_index(tuple(np.broadcast_arrays(*place)), shape)
    mean, squares, n = (
        np.take_along_axis(part, flat, axis=1)
        for part in (averages.mean, averages.squares, averages.n)
    )
    return mean, squares, n
