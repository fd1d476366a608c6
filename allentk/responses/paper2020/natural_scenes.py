"""Natural scenes as de Vries et al. 2020 measure them, from events."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.definition import chosen
from allentk.responses.paper2020.drifting_gratings import responsive_cells
from allentk.responses.paper2020.metrics import QUIRKS
from allentk.responses.paper2020.preferred import (
    at_preferred,
    preferred_conditions,
    reliability,
    running_modulation,
)
from allentk.responses.paper2020.trials import Protocol, Running, measured, notes_of
from allentk.responses.sparseness import lifetime_sparseness

__all__ = ["image_selectivity", "natural_scenes"]

Array = NDArray[np.float64]

#: Thresholds between the smallest and the largest response.
_N_THRESHOLDS = 1000


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
        For responses that are no events, no images, an unknown id or quirk.

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
        ("frame",),
        onset=2,
        n_frames=10,
        n_course=7,
        beyond="windows-beyond-spontaneous" in kept,
    )
    trials = measured(
        responses,
        _with_blanks(table),
        how,
        ids=ids,
        running=running,
        spontaneous=spontaneous,
        n_windows=n_windows,
        seed=seed,
    )
    means = trials.by_condition()
    preferred = preferred_conditions(means)
    images = trials.grid.levels[0]
    summed, n = means, means.shape[1]
    if "blank-in-sparseness" in kept and (trials.grid.index == -1).any():
        summed = np.column_stack([trials.blank(), means])
    columns = {
        "cell": trials.cells,
        "preferred_image": np.where(preferred >= 0, images[preferred], np.nan),
        "peak_response": at_preferred(means, preferred),
        **responsive_cells(trials, preferred, responsive_above),
        "image_selectivity": image_selectivity(means),
        "reliability": reliability(trials, preferred, how.n_course),
        "lifetime_sparseness": _sparseness(summed, n),
        **running_modulation(trials, preferred, unset_at_equal=False),
    }
    notes = notes_of(
        trials.cells.size,
        (preferred < 0, "no events in any trial"),
        (not trials.has_null, "no spontaneous activity to compare with"),
        (np.isnan(trials.means).any(axis=1), "trials with NaN are left out"),
    )
    return pd.DataFrame(columns | {"notes": notes})


def _with_blanks(table: StimulusTable) -> StimulusTable:
    """Image -1 is a blank sweep."""
    if not isinstance(table, StimulusTable):
        raise DataError(
            f"natural_scenes: what was shown must be a StimulusTable, got {type(table).__name__}"
        )
    rows = table.table
    rows["frame"] = rows["frame"].where(rows["frame"] >= 0)
    return StimulusTable(rows)


def _sparseness(responses: Array, n: int) -> Array:
    if responses.shape[1] == n:
        return lifetime_sparseness(responses)
    square = (responses**2).sum(axis=1)
    nan = np.full(square.shape, np.nan)
    share = np.divide(responses.sum(axis=1) ** 2 / n, square, out=nan, where=square > 0)
    return np.asarray((1 - share) / (1 - 1 / n))


def image_selectivity(means: ArrayLike) -> Array:
    """Return ``1 - 2 mean_j (share of images above threshold j)``, 1000 thresholds from min to max.

    Parameters
    ----------
    means : array_like, shape (n_cells, n_images)
        Mean response to every image.

    Returns
    -------
    ndarray, shape (n_cells,)
        NaN where a response is missing, or all are equal.

    Notes
    -----
    An image is above as many thresholds as the distance of its response from the smallest one holds steps
    of a thousandth of the range: no loop over thresholds.

    References
    ----------
    Quian Quiroga et al. 2007, Journal of Neurophysiology 98:1997; de Vries et al. 2020.

    Examples
    --------
    >>> image_selectivity([[0.0, 0.0, 0.0, 1.0]]).tolist()
    [0.5]
    """
    r = np.asarray(means, dtype=float)
    if not r.shape[-1]:
        return np.full(r.shape[0], np.nan)
    low, high = r.min(axis=1), r.max(axis=1)
    steps = np.arange(_N_THRESHOLDS)
    thresholds = low[:, None] + steps * ((high - low) / _N_THRESHOLDS)[:, None]
    above = [np.searchsorted(t, row, side="left") for t, row in zip(thresholds, r, strict=True)]
    shares = np.array(above, dtype=float).reshape(r.shape).mean(axis=1) / _N_THRESHOLDS
    return np.where(high > low, 1 - 2 * shares, np.nan)
