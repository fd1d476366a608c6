"""Spontaneous activity as de Vries et al. 2020 measure it, from events."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.definition import chosen
from allentk.responses.frames import frame_numbers
from allentk.responses.paper2020.metrics import QUIRKS
from allentk.responses.paper2020.trials import notes_of
from allentk.responses.paper2020.windows import event_traces
from allentk.responses.recorded import inside
from allentk.responses.trials import cells_of, finite_means, presented

__all__ = ["spontaneous"]


def spontaneous(
    responses: Traces,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: object = None,  # noqa: ARG001
    quirks: str | Iterable[str] = (),
) -> pd.DataFrame:
    """Measure every cell's mean of events per frame while nothing was shown.

    Parameters
    ----------
    responses : Traces
        Events, unit ``"events"``.
    table : StimulusTable
        What was shown; the rows named ``"spontaneous"`` are taken.
    ids : array_like of int, optional
        Cells to measure; all by default.
    running : optional
        Not used.
    quirks : str or iterable of str
        As of ``drifting_gratings``; none changes this.

    Returns
    -------
    DataFrame
        ``cell``, ``mean_response`` (mean over the blocks of the mean per frame, each block once) and
        ``notes``.

    Raises
    ------
    DataError
        For responses that are no events, no block of spontaneous activity, an unknown id or quirk.

    Warns
    -----
    UserWarning
        Where a block lies outside of the recording; it is left out.

    References
    ----------
    de Vries et al. 2020, Nature Neuroscience 23:138.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0], "stop_s": [0.1], "stimulus": "spontaneous"})
    >>> traces = Traces([[0.0, 0.6, 0.0, 5.0]], np.arange(4) / 30, [7], unit="events")
    >>> spontaneous(traces, StimulusTable(shown))["mean_response"].round(6).tolist()
    [0.2]
    """
    chosen(quirks, QUIRKS)
    traces = event_traces(responses, "spontaneous")
    rows, cells = cells_of(traces, ids)
    every = presented(table).table
    quiet = every[every["stimulus"] == "spontaneous"]
    first, last = frame_numbers(traces, StimulusTable(quiet))
    keep = inside(first, last, traces.time_s.size, "spontaneous", stacklevel=3)
    spans = list(zip(first[keep], last[keep], strict=True))
    if not spans:
        raise DataError(
            f'spontaneous: no block named "spontaneous" lies in the recording; the stimuli are '
            f"{sorted(map(str, every['stimulus'].unique()))}"
        )
    values = traces.values  # noqa: PD011
    means = np.column_stack([finite_means(values[rows, a:b]) for a, b in spans])
    lost = [np.isnan(values[rows, a:b]).any(axis=1) for a, b in spans]
    notes = notes_of(cells.size, (np.any(lost, axis=0), "NaN frames are left out"))
    return pd.DataFrame({"cell": cells, "mean_response": finite_means(means), "notes": notes})
