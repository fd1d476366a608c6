"""Running medians of one trace: what lies beyond its ends, and whose word decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray
from scipy.ndimage import median_filter

from allentk.errors import DataError
from allentk.responses.definition import chosen
from allentk.responses.traces.quirks import QUIRKS

__all__ = ["edges_of", "running_median"]

_EDGES = ("mirror", "nearest")
_SCIPY = {"mirror": "mirror", "nearest": "nearest", "zero": "constant"}


def edges_of(edges: str, quirks: str | Iterable[str]) -> str:
    """Return what lies beyond the ends of a trace.

    Raises
    ------
    DataError
        For an unknown word, or an unknown quirk.
    """
    if edges not in _EDGES:
        raise DataError(
            f'traces: edges is "mirror" or "nearest", got {edges!r}; zeros beyond the ends are '
            f'quirks="zero_edges"'
        )
    return "zero" if "zero_edges" in chosen(quirks, QUIRKS) else edges


def running_median(trace: NDArray[Any], window: int, edges: str) -> NDArray[Any]:
    """Return the median of the `window` frames around every frame.

    Parameters
    ----------
    trace : ndarray, shape (n_frames,)
        Finite values.
    window : int
        Odd number of frames.
    edges : {"mirror", "nearest", "zero"}
        Beyond the ends: the trace again, its last value, or zeros.

    Examples
    --------
    >>> import numpy as np
    >>> running_median(np.array([1.0, 9.0, 2.0, 3.0]), 3, "zero").tolist()
    [1.0, 2.0, 3.0, 2.0]
    """
    # scipy before 1.15 sorts every window anew: 600 times slower for a window of 5401 frames.
    out: NDArray[Any] = median_filter(trace, window, mode=_SCIPY[edges])
    return out
