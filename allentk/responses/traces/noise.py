"""How noisy a trace is, told from what is left when all that is slow or large is taken away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import Traces
from allentk.errors import DataError
from allentk.responses.traces.checks import check_window, tell, unmeasured
from allentk.responses.traces.running_median import edges_of, running_median

__all__ = ["NOISE_WINDOW", "noise_std", "trace_noise_std"]

#: Frames of the running median that is taken off.
NOISE_WINDOW = 31
_MAD_TO_STD = 1.4826
_LARGEST_PEAK, _OUTLIER = 1.5, 2.5


def noise_std(
    traces: Traces,
    *,
    window: int = NOISE_WINDOW,
    edges: str = "mirror",
    quirks: str | Iterable[str] = (),
) -> NDArray[np.float64]:
    """Return a robust standard deviation of the noise of every cell.

    Parameters
    ----------
    traces : Traces
        Fluorescence or dF/F.
    window : int
        Frames of the running median that is subtracted first; odd.
    edges : {"mirror", "nearest"}
        What lies beyond the ends of a trace.
    quirks : str or iterable of str
        ``"zero_edges"``, or ``"published"``.

    Returns
    -------
    ndarray, shape (n_cells,)
        In the unit of the traces. NaN, with one warning, where frames are not finite or do not vary.

    Raises
    ------
    DataError
        Where the traces are not longer than the window, or are no Traces.

    Notes
    -----
    x is the trace less its running median. Values of at least 1.5 abs(min x) are left out, then those of at
    least 2.5 standard deviations, each standard deviation being 1.4826 times the median absolute
    deviation from the median (AllenSDK ``brain_observatory.dff.noise_std``). Of white Gaussian noise of
    standard deviation 1 it is 0.94.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(0, 2, (1, 20_000))
    >>> noise_std(Traces(values, np.arange(20_000), [7])).round(2).tolist()
    [1.9]
    """
    if not isinstance(traces, Traces):
        raise DataError(f"noise_std: expected Traces, got a {type(traces).__name__}")
    how = edges_of(edges, quirks)
    check_window(window, traces.time_s.size, "noise_std")
    wrong = unmeasured(traces)
    out = np.full(traces.n_cells, np.nan)
    for row, values in enumerate(traces.values):
        if row not in wrong:
            out[row] = trace_noise_std(values, window, how)
            if np.isnan(out[row]):
                wrong[row] = "it has no noise: most frames are as their neighbours"
    tell("noise_std", traces.ids, wrong)
    return out


def trace_noise_std(trace: NDArray[Any], window: int, edges: str) -> float:
    """Return the robust standard deviation of the noise of one finite trace."""
    x = trace - running_median(trace, window, edges)
    x = x[x < _LARGEST_PEAK * abs(float(x.min()))]
    x = x[np.abs(x) < _OUTLIER * _robust_std(x)]
    return _robust_std(x)


def _robust_std(x: NDArray[Any]) -> float:
    """Return 1.4826 times the median absolute deviation; NaN of nothing."""
    if not x.size:
        return float("nan")
    return _MAD_TO_STD * float(np.median(np.abs(x - np.median(x))))
