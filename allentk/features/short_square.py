"""Short squares: the pulse itself rises fast, so the detector is adjusted to see past it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from allentk.data import SweepSet
from allentk.errors import AllenTKError
from allentk.features.detect import Criteria
from allentk.features.measure import amplitude_pa
from allentk.features.spike_table import Filtered, bounds, filtered, spikes_of

__all__ = ["adjusted", "prepared", "short_squares"]

#: The first part of the pulse, where its own charging is steepest.
ONSET_S = 0.001

_MEANS = (
    *(
        f"{point}_{what}"
        for point in ("threshold", "peak", "trough", "fast_trough", "slow_trough")
        for what in "tv"
    ),
    "upstroke_downstroke_ratio",
)


def prepared(sweeps: SweepSet) -> tuple[list[Filtered], list[dict[str, Any]]]:
    """Read and filter every sweep once; return those that can be measured, and why others cannot.

    The second list has one dict per failed sweep: ``number`` and ``error``.
    """
    traces, failed = [], []
    for number in sweeps.numbers:
        try:
            trace = filtered(sweeps.sweep(number))
            if trace.sweep.has_window:
                bounds(trace, trace.sweep.start_s, None)
            traces.append(trace)
        except AllenTKError as error:
            failed.append({"number": number, "error": str(error)})
    return traces, failed


def adjusted(traces: list[Filtered]) -> Criteria:
    """Return the criteria that tell spikes of short squares from the charging by the pulse.

    dV/dt must reach 1.1 times the median of the steepest charging in the pulse's first millisecond,
    and 20 V/s, which any spike must reach; the threshold is where it was 1.2 times its median at the
    end of that millisecond (at least 10 % of the mean upstroke).
    """
    steepest, at_end = [], []
    for trace in traces:
        final = trace.slope.size - 1
        first = min(trace.sweep.index(trace.sweep.start_s), final)
        last = min(trace.sweep.index(trace.sweep.start_s + ONSET_S), final)
        steepest.append(float(trace.slope[first : max(last, first + 1)].max()))
        at_end.append(float(trace.slope[last]))
    cutoff = max(1.1 * float(np.median(steepest)), Criteria().dv_cutoff)
    found = [
        spikes_of(trace, trace.sweep.start_s, None, Criteria(dv_cutoff=cutoff))["upstroke"]
        for trace in traces
    ]
    upstroke = float(pd.concat(found).mean())
    if math.isnan(upstroke):
        return Criteria(dv_cutoff=cutoff, thresh_frac=0.1)
    return Criteria(
        dv_cutoff=cutoff, thresh_frac=max(0.1, 1.2 * float(np.median(at_end)) / upstroke)
    )


def short_squares(traces: list[Filtered]) -> dict[str, float]:
    """Return the published short-square columns; empty where no short square has a spike.

    Spikes that were cut off by the end of the recording do not count.

    Parameters
    ----------
    traces : list of Filtered
        The short squares of one cell; those without a stimulus window are left out.

    Returns
    -------
    dict
        Mean of the first spike over all spiking sweeps, and ``threshold_i_short_square``: the
        amplitude that made a spike most often (the lower of equals), in pA. Amplitudes that differ by
        less than rounding to 1 pA are one, so that measured currents can be counted.
    """
    timed = [trace for trace in traces if trace.sweep.has_window]
    if not timed:
        return {}
    criteria = adjusted(timed)
    firsts, amplitudes = [], []
    for trace in timed:
        spikes = spikes_of(trace, trace.sweep.start_s, None, criteria)
        whole = spikes[~spikes["clipped"].astype(bool)]
        if len(whole):
            firsts.append(whole.iloc[0])
            amplitudes.append(amplitude_pa(trace.sweep))
    if not firsts:
        return {}
    mean = pd.DataFrame(firsts)[list(_MEANS)].astype(float).mean()
    row = {f"{name}_short_square": float(mean[name]) for name in _MEANS}
    row["threshold_i_short_square"] = _most_common(pd.Series(amplitudes))
    return row


def _most_common(amplitudes: pd.Series) -> float:
    rounded = amplitudes.round()
    return float(amplitudes[rounded == rounded.mode().min()].median())
