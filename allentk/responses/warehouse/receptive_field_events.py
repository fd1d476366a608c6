"""Which presentations of the noise were followed by a calcium event."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["EVENT_FRAMES", "detected_events", "event_windows"]

Array = NDArray[np.float64]

#: Frames of the smoothed trace that are looked at in a presentation.
EVENT_FRAMES = 10
_SIGMAS = 4.0
#: Least rise in dF/F.
_LEAST_RISE = 0.05
#: Percentage of a Gaussian within one standard deviation.
_WITHIN_ONE_SIGMA = 68.26894921370858


def event_windows(first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first frame looked at in every presentation.

    That is one after its start, and two where it follows the one before without a gap.
    """
    follows = np.zeros(first.size, dtype=np.int64)
    follows[1:] = first[1:] == last[:-1]
    return first + 1 + follows


def detected_events(trace: Array, windows: NDArray[np.int64]) -> tuple[NDArray[np.bool_], str]:
    """Find the presentations with an event.

    The trace is smoothed by (1, 2, 1)/4, which in the published program delays it by two frames. A
    presentation is two numbers: the early rise x over 3 frames, and the later rise y, the greatest of three
    over 3 frames. Those within 4 sigma of the medians give the covariance of the noise. An event lies
    beyond 4 in its Mahalanobis distance, has y > 0.05 and y > x, and ends above half of the noise.

    Parameters
    ----------
    trace : ndarray, shape (n_frames,)
        dF/F of one cell, a fraction.
    windows : ndarray of int64, shape (n_presentations,)
        First frames, from `event_windows`; ten frames from there lie in the recording.

    Returns
    -------
    tuple of (ndarray of bool, shape (n_presentations,), str)
        The events; and why there is none where nothing can be told, else "".
    """
    x, y, end = _rises(_smoothed(trace), windows)
    finite = np.isfinite(x) & np.isfinite(y) & np.isfinite(end)
    nothing = np.zeros(windows.size, dtype=bool)
    if finite.sum() < 3:
        return nothing, "fewer than 3 presentations without missing frames"
    middle = np.array([np.median(x[finite]), np.median(y[finite])])
    points = np.stack([x, y]) - middle[:, None]
    spread = np.percentile(np.abs(points[:, finite]), _WITHIN_ONE_SIGMA, axis=1)
    if not (spread > 0).all():
        return nothing, "a flat trace"
    quiet = finite & (np.hypot(*(points / spread[:, None])) < _SIGMAS)
    covariance = np.cov(points[:, quiet])
    if quiet.sum() < 3 or not np.linalg.det(covariance) > 0:
        return nothing, "the noise of the trace has no covariance"
    whitened = np.linalg.inv(np.linalg.cholesky(covariance)) @ points
    noise = np.max(_SIGMAS * spread + middle)
    far = np.hypot(*whitened) > _SIGMAS
    events = finite & far & (y > _LEAST_RISE) & (x < y) & (end > noise / 2)
    return events, "" if finite.all() else f"{(~finite).sum()} presentations with missing frames"


def _smoothed(trace: Array) -> Array:
    """Return the smoothed trace, which is two frames late: item i is around frame i - 2."""
    ends = np.concatenate([trace[2:0:-1], trace, trace[-1:-3:-1]]).astype(float)
    smooth: Array = 0.25 * ends[:-2] + 0.5 * ends[1:-1] + 0.25 * ends[2:]
    lead = np.full(1, np.nan)
    return np.concatenate([lead, smooth])


def _rises(smooth: Array, windows: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    from_start = {k: smooth[windows + k] - smooth[windows] for k in range(8)}
    later = np.stack([from_start[k + 3] - from_start[k] for k in (2, 3, 4)])
    return from_start[3], later.max(axis=0), smooth[windows + EVENT_FRAMES - 1]
