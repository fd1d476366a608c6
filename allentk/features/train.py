"""Numbers of a spike train; times are threshold times."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import FeatureError
from allentk.features.pauses import column

__all__ = ["TRAIN_FEATURES", "adaptation", "train"]

Array = NDArray[np.float64]

#: Keys of ``train``.
TRAIN_FEATURES = (
    "n_spikes",
    "avg_rate",
    "latency",
    "first_isi",
    "mean_isi",
    "median_isi",
    "isi_cv",
    "adapt",
)


def adaptation(intervals_s: Array) -> float:
    """Return the mean of (next - this) / (next + this) over neighbouring intervals, no unit.

    NaN with fewer than two intervals.

    Examples
    --------
    >>> round(adaptation(np.array([0.1, 0.2])), 6)
    0.333333
    """
    if intervals_s.size < 2:
        return math.nan
    total = intervals_s[1:] + intervals_s[:-1]
    if np.allclose(total, 0):
        return 0.0
    return float(np.nanmean((intervals_s[1:] - intervals_s[:-1]) / total))


def train(spikes: Mapping[str, ArrayLike] | Any, start_s: float, end_s: float) -> dict[str, float]:
    """Return the features of the spikes between `start_s` and `end_s`.

    Parameters
    ----------
    spikes : DataFrame or mapping
        What ``features.spikes`` returns; ``threshold_t`` (s) is what counts.
    start_s, end_s : float
        The window in seconds.

    Returns
    -------
    dict
        ``n_spikes``; ``avg_rate`` (Hz); ``latency``, ``first_isi``, ``mean_isi``, ``median_isi`` (s);
        ``isi_cv`` and ``adapt`` (no unit). NaN where there are too few spikes. All but ``avg_rate``
        are of all the spikes given; it counts those in the window.

    Raises
    ------
    FeatureError
        Where the column is missing, or the window does not end after its start.

    Examples
    --------
    >>> train({"threshold_t": [1.1, 1.2, 1.4]}, 1.0, 2.0)["avg_rate"]
    3.0
    """
    times = column(spikes, "threshold_t").astype(float)
    if not start_s < end_s:
        raise FeatureError(
            f"a train needs a window that ends after its start, got {start_s}..{end_s} s; give the "
            f"sweep's start_s and stop_s, or 0 and duration_s"
        )
    isi = np.diff(times)
    # A window edge that is a sample must not lose its spike to rounding.
    inside = ((times >= start_s - 1e-9) & (times <= end_s + 1e-9)).sum()
    nan = math.nan
    return {
        "n_spikes": int(times.size),
        "avg_rate": float(inside / (end_s - start_s)),
        "latency": float(times[0] - start_s) if times.size else nan,
        "first_isi": float(isi[0]) if isi.size else nan,
        "mean_isi": float(isi.mean()) if isi.size else nan,
        "median_isi": float(np.median(isi)) if isi.size else nan,
        "isi_cv": float(isi.std() / isi.mean()) if isi.size else nan,
        "adapt": adaptation(isi),
    }
