"""Short squares: the pulse itself rises fast, so the detector is adjusted to see past it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from allentk.data import SweepSet
from allentk.features.detect import Criteria
from allentk.features.measure import amplitude_pa
from allentk.features.spike_table import Filtered, filtered, spikes_of

__all__ = ["adjusted", "short_squares"]

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


def adjusted(traces: list[Filtered]) -> Criteria:
    """Return the criteria that tell spikes of short squares from the charging by the pulse.

    dV/dt must reach 1.1 times the median of the steepest charging in the pulse's first millisecond;
    the threshold is where it was 1.2 times its median at the end of that millisecond (at least 10 %
    of the mean upstroke).
    """
    steepest, at_end = [], []
    for trace in traces:
        first = trace.sweep.index(trace.sweep.start_s)
        last = trace.sweep.index(trace.sweep.start_s + ONSET_S)
        steepest.append(float(trace.slope[first:last].max()))
        at_end.append(float(trace.slope[min(last, trace.slope.size - 1)]))
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


def short_squares(sweeps: SweepSet) -> dict[str, float]:
    """Return the published short-square columns; empty where no short square has a spike.

    Parameters
    ----------
    sweeps : SweepSet
        The short squares of one cell.

    Returns
    -------
    dict
        Mean of the first spike over all spiking sweeps, and ``threshold_i_short_square``: the
        amplitude that made a spike most often (the lower of equals), in pA.
    """
    traces = [filtered(sweep) for sweep in sweeps if sweep.has_window]
    if not traces:
        return {}
    criteria = adjusted(traces)
    tables = [spikes_of(trace, trace.sweep.start_s, None, criteria) for trace in traces]
    spiking = [(trace, spikes) for trace, spikes in zip(traces, tables, strict=True) if len(spikes)]
    if not spiking:
        return {}
    mean = (
        pd.DataFrame([spikes.iloc[0] for _, spikes in spiking])[list(_MEANS)].astype(float).mean()
    )
    amplitudes = pd.Series([amplitude_pa(trace.sweep) for trace, _ in spiking])
    row = {f"{name}_short_square": float(mean[name]) for name in _MEANS}
    row["threshold_i_short_square"] = float(amplitudes.mode().min())
    return row
