"""What triple short squares say of the threshold after a spike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import SweepSet
from allentk.features import triples

__all__ = ["Recovery", "fit_recovery"]

Array = NDArray[np.float64]

#: Spread of a threshold about the model's, in mV, that one pulse is taken to have.
SPREAD_MV = 1.0
#: Width of the escape in mV at which the spread is weighed; the likelihood is flat in it.
WIDTH_MV = 2.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """How far the threshold of a second spike was above that of the first, and how long after it."""

    after_s: Array
    raised_mv: Array

    def since_end(self, t_ref_s: float) -> Recovery:
        """Return the same counted from the end of the refractory time, where a model's step is."""
        return Recovery(np.maximum(self.after_s - t_ref_s, 0.0), self.raised_mv)

    def penalty(self, rate_per_s: float) -> Array:
        """Return the quadratic form in (1 / width, -step / width) that holds a step to the pulses.

        For a step ``a`` at time 0 it is ``sum (a exp(-rate t) - raised)^2 / SPREAD_MV^2``, times
        ``WIDTH_MV^2`` and over the width's square, which keeps it convex beside the likelihood.
        """
        rows = np.column_stack([self.raised_mv, np.exp(-rate_per_s * self.after_s)])
        form: Array = rows.T @ rows * (WIDTH_MV / SPREAD_MV) ** 2
        return form


def fit_recovery(sweeps: SweepSet) -> Recovery | None:
    """Measure the sweeps named ``Short Square - Triple``.

    Returns
    -------
    Recovery or None
        None where no sweep has spikes to the first two pulses.
    """
    table = triples(sweeps)
    table = table[(table["error"] == "") & table["threshold_v_1"].notna()]
    after, raised = [], []
    for _, row in table.iterrows():
        if row["n_spikes_1"] != 1 or not np.isfinite(row["threshold_v_2"]):
            continue
        gap = row["interval"] + row["latency_2"] - row["latency_1"]
        after.append(float(gap))
        raised.append(float(row["threshold_v_2"] - row["threshold_v_1"]))
    return Recovery(np.array(after), np.array(raised)) if after else None
