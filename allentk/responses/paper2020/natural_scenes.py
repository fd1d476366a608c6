"""Natural scenes as de Vries et al. 2020 measure them, from events."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable, Traces
from allentk.responses.definition import chosen
from allentk.responses.image_levels import selectivity_by_levels
from allentk.responses.paper2020.metrics import QUIRKS
from allentk.responses.paper2020.preferred import (
    at_preferred,
    preferred_conditions,
    reliability,
    responsive_cells,
    running_modulation,
)
from allentk.responses.paper2020.trials import Protocol, Running, measured
from allentk.responses.sparseness import lifetime_sparseness

__all__ = ["natural_scenes"]

Array = NDArray[np.float64]


def natural_scenes(
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
    """Measure every cell's responses to natural scenes.

    A trial's response is the mean of the events in the frames 2 to 11 from its onset (10 frames);
    reliability compares the frames 0 to 6.

    Parameters
    ----------
    responses : Traces
        Events, unit ``"events"``.
    table : StimulusTable
        What was shown, with ``frame``, the number of the image; -1, NaN and ``"blank"`` are blank.
    ids, running, spontaneous, quirks, n_windows, seed
        As of ``drifting_gratings``.
    responsive_above : int
        A cell is responsive with more significant trials than this at its preferred image; the published
        11 is for 50 trials.

    Returns
    -------
    DataFrame
        One row per cell; the columns are explained in `METRICS`. ``notes`` says why a cell lacks values.

    Raises
    ------
    DataError
        For responses that are no events, no images in the table or in the recording, an unknown id or
        quirk, or numbers out of range.

    Warns
    -----
    UserWarning
        Where presentations lie outside of the recording; they are left out.

    References
    ----------
    de Vries et al. 2020, Nature Neuroscience 23:138.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": 1.0 * np.arange(4), "stop_s": np.arange(4) + 0.25,
    ...     "stimulus": "natural_scenes", "frame": [5, 9, -1, 7]})
    >>> events = np.zeros((1, 200))
    >>> events[0, 34] = 0.5
    >>> traces = Traces(events, np.arange(200) / 30, [7], unit="events")
    >>> found = natural_scenes(traces, StimulusTable(shown))
    >>> found[["cell", "preferred_image", "lifetime_sparseness"]]
       cell  preferred_image  lifetime_sparseness
    0     7              9.0                  1.0
    """
    kept = chosen(quirks, QUIRKS)
    how = Protocol(
        "natural_scenes",
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
    images = trials.shown.axes[0]
    summed, n = means, means.shape[1]
    if "blank-in-sparseness" in kept and trials.shown.blank.any():
        summed = np.column_stack([trials.blank(), means])
    columns = {
        "cell": trials.cells,
        "preferred_image": np.where(preferred >= 0, images[preferred], np.nan),
        "peak_response": at_preferred(means, preferred),
        **responsive_cells(trials, preferred, responsive_above),
        "image_selectivity": selectivity_by_levels(means, flat=np.nan),
        "reliability": reliability(trials, preferred, how.n_course),
        "lifetime_sparseness": _sparseness(summed, n),
        **running_modulation(trials, preferred, unset_at_equal=False),
    }
    return pd.DataFrame(columns | {"notes": trials.notes(preferred)})


def _sparseness(responses: Array, n: int) -> Array:
    if responses.shape[1] == n:
        return lifetime_sparseness(responses)
    square = (responses**2).sum(axis=1)
    nan = np.full(square.shape, np.nan)
    share = np.divide(responses.sum(axis=1) ** 2 / n, square, out=nan, where=square > 0)
    return np.asarray((1 - share) / (1 - 1 / n))
