"""Natural scenes: one row per cell."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import StimulusTable, Traces
from allentk.responses.definition import chosen
from allentk.responses.image_levels import selectivity_by_levels
from allentk.responses.warehouse.measured import measure
from allentk.responses.warehouse.preferred import by_condition, preferred, table_of
from allentk.responses.warehouse.quirks import QUIRKS
from allentk.responses.warehouse.running import Running
from allentk.responses.warehouse.trial_array import TrialArray

__all__ = ["natural_scenes"]

_COUNTED_IMAGES = 118


def natural_scenes(
    responses: Traces | TrialArray,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    quirks: str | Iterable[str] = (),
) -> pd.DataFrame:
    """Measure responses to natural scenes as the Allen Brain Observatory's warehouse does.

    Parameters
    ----------
    responses : Traces or TrialArray
        Corrected fluorescence, unit ``"F"``; a trial's response is as in ``static_gratings``.
    table : StimulusTable
        What was shown, with ``frame``, the number of the image; -1, no number, and rows named ``blank`` or
        ``spontaneous`` are blanks.
    ids : array_like of int, optional
        Cells to measure; all by default.
    running : (speed, time), optional
        Running speed in cm/s and its times in seconds, for ``run_modulation``.
    quirks : str or iterable of str
        Defects of the published program to keep, by the names in ``QUIRKS``; none by default.

    Returns
    -------
    DataFrame
        One row per cell: ``cell``, ``preferred_image``, ``image_selectivity``, ``peak_response``
        (percent), ``p_value``, ``reliability``, ``run_modulation``, ``p_run_modulation``,
        ``time_to_peak_s``, ``responsive``, ``notes``; the formulas are in ``METRICS``.

    Raises
    ------
    DataError
        For traces of another unit, an unknown id or quirk, no image in the table or in the recording.

    References
    ----------
    AllenSDK 2.16.2, ``brain_observatory.natural_scenes``.

    Examples
    --------
    >>> import numpy as np
    >>> shown = pd.DataFrame({"start_s": [2.0, 4, 6], "stop_s": [2.25, 4.25, 6.25],
    ...     "stimulus": "natural_scenes", "frame": [0, 1, 2]})
    >>> frames = np.arange(240)
    >>> bright = 100.0 + 10 * ((frames >= 120) & (frames < 136))
    >>> cells = natural_scenes(Traces([bright], frames / 30, [7], "F"), StimulusTable(shown))
    >>> cells[["preferred_image", "peak_response"]].round(6).to_numpy().tolist()
    [[1.0, 10.0]]
    """
    asked = chosen(quirks, QUIRKS)
    of = measure(responses, table, "natural_scenes", ids=ids, running=running, quirks=asked)
    averages = by_condition(of)
    best = preferred(of, averages)
    images = of.shown.axes[0]
    counted = min(_COUNTED_IMAGES, images.size) if "images_118" in asked else images.size
    own = {
        "preferred_image": images[best.condition],
        "image_selectivity": selectivity_by_levels(averages.mean[:, : images.size], counted),
    }
    return table_of(of, best, own, asked, more_than=4)
