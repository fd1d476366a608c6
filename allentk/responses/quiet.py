"""Metrics of activity without a stimulus."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import BLANK_NAMES, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.binned import whole_bins
from allentk.responses.checks import positive
from allentk.responses.measured import frame_of, inside, notes_of
from allentk.responses.trials import cells_of, finite_means, presented, trial_responses

__all__ = ["spontaneous"]

Array = NDArray[np.float64]

_COLUMNS = ("spontaneous_rate_hz", "fano", "n_bins", "duration_s")


def spontaneous(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    bin_s: float = 0.3,
) -> pd.DataFrame:
    """Measure activity in the gray between stimuli.

    Parameters and errors as of ``allentk.responses.spontaneous``.
    """
    _, cells = cells_of(responses, ids)
    rows = presented(table).table
    gray = rows[rows["stimulus"].isin(BLANK_NAMES)]
    if not len(gray):
        raise DataError(
            f"spontaneous: no presentation is named {' or '.join(map(repr, BLANK_NAMES))}; the stimuli "
            f"are {sorted(map(str, rows['stimulus'].unique()))}"
        )
    bin_s = positive("bin_s", bin_s)
    shown = inside("spontaneous", responses, StimulusTable(gray))
    lengths = np.diff(shown.intervals_s, axis=1)[:, 0]
    whole = trial_responses(responses, shown, ids=cells)
    known = np.isfinite(whole)
    weight = (known * lengths).sum(axis=1)
    rate = np.divide(
        np.where(known, whole * lengths, 0.0).sum(axis=1),
        weight,
        out=np.full(cells.size, np.nan),
        where=weight > 0,
    )
    spikes = isinstance(responses, SpikeTrains)
    binned = _bins(shown, bin_s)
    values = np.empty((cells.size, 0))
    if binned is not None:
        values = trial_responses(responses, binned, ids=cells)
    columns = {
        "cell": cells,
        "spontaneous_rate_hz": rate,
        "fano": _fano(values * (bin_s if spikes else 1.0)),
        "n_bins": np.isfinite(values).sum(axis=1),
        "duration_s": np.full(cells.size, lengths.sum()),
        "notes": notes_of(whole, spikes),
    }
    return frame_of(columns, _COLUMNS, spikes=spikes)


def _bins(shown: StimulusTable, bin_s: float) -> StimulusTable | None:
    """Return whole bins of the presentations, one after the other; None where none fits."""
    starts = [
        start + bin_s * np.arange(whole_bins(stop - start, bin_s))
        for start, stop in shown.intervals_s
    ]
    start = np.concatenate(starts)
    if not start.size:
        return None
    return StimulusTable(
        pd.DataFrame({"start_s": start, "stop_s": start + bin_s, "stimulus": "spontaneous"})
    )


def _fano(counts: Array) -> Array:
    """Return variance (ddof 1) over mean; NaN for a mean that is not positive."""
    n = np.isfinite(counts).sum(axis=1)
    mean = finite_means(counts)
    spread = finite_means((counts - mean[:, None]) ** 2) * n
    defined = (n > 1) & (mean > 0)
    fano: Array = np.full(n.shape, np.nan)
    np.divide(spread, (n - 1) * mean, out=fano, where=defined)
    return fano
