"""dF/F: how much brighter a cell is than its own slow baseline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import Traces
from allentk.errors import DataError
from allentk.responses.definition import chosen
from allentk.responses.traces.checks import check_window, given, made, tell, unmeasured
from allentk.responses.traces.noise import NOISE_WINDOW, trace_noise_std
from allentk.responses.traces.quirks import QUIRKS
from allentk.responses.traces.running_median import edges_of, running_median

__all__ = ["dff", "dff_windowed_mode"]

_LARGEST_TREND = 2.5  # standard deviations that the short detrending may take off
_MOST_BINS = 2**24  # of the histogram of a windowed mode


def dff(
    traces: Traces,
    *,
    long_window: int = 5401,
    short_window: int = 101,
    edges: str = "mirror",
    quirks: str | Iterable[str] = (),
) -> Traces:
    """Return dF/F against a running median.

    Parameters
    ----------
    traces : Traces
        Fluorescence, corrected for neuropil, of unit ``"F"``; single precision is kept.
    long_window, short_window : int
        Odd numbers of frames of the baseline's median (180 s) and of that of the last detrending (3 s).
    edges : {"mirror", "nearest"}
        Beyond the ends of a trace: the trace mirrored, or its first and last value. The latter makes
        the baseline there that one value, with all its noise.
    quirks : str or iterable of str
        ``"zero_edges"``, or ``"published"``, is what AllenSDK does, to the last bit.

    Returns
    -------
    Traces
        Of unit ``"dF/F"``, a fraction. A cell whose frames are not all finite is NaN, with one warning
        that says which and why.

    Raises
    ------
    DataError
        Where the traces are of another unit, or not longer than a window.

    Notes
    -----
    B is the running median of F over the long window, s = ``noise_std(F)`` and d = (F - B) / max(B, s).
    Of d its running median over the short window is taken off, but never more than 2.5
    ``noise_std(d)`` (AllenSDK ``brain_observatory.dff``, windowed median).

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(100, 2, (1, 2000))
    >>> values[0, 900] = 150
    >>> bright = dff(Traces(values, np.arange(2000), [1], "F"), long_window=501)
    >>> round(float(bright.values[0, 900]), 1)
    0.5
    """
    traces = given(traces, "F", "dff")
    how = edges_of(edges, quirks)
    for window in (long_window, short_window, NOISE_WINDOW):
        check_window(window, traces.time_s.size, "dff")
    wrong = unmeasured(traces)
    out = np.empty_like(traces.values)
    for row, trace in enumerate(traces.values):
        if row in wrong:
            out[row] = np.nan
        else:
            wrong |= _one_dff(trace, out[row], row, (long_window, short_window), how)
    tell("dff", traces.ids, wrong)
    return made(out, traces, "dF/F")


def _one_dff(
    trace: NDArray[Any], out: NDArray[Any], row: int, windows: tuple[int, int], edges: str
) -> dict[int, str]:
    """Write dF/F of one trace; return why there is none."""
    noise = trace_noise_std(trace, NOISE_WINDOW, edges)
    baseline = running_median(trace, windows[0], edges)
    divisor = np.maximum(baseline, noise)
    if not divisor.min() > 0:  # of NaN noise too
        out[:] = np.nan
        return {row: "it has no noise to be measured by"}
    np.subtract(trace, baseline, out=out)
    out /= divisor
    most = _LARGEST_TREND * trace_noise_std(out, NOISE_WINDOW, edges)
    if np.isnan(most):
        out[:] = np.nan
        return {row: "what is left above its baseline has no noise to be measured by"}
    out -= np.minimum(running_median(out, windows[1], edges), most)
    return {}


def dff_windowed_mode(
    traces: Traces,
    *,
    mode_window: int = 5400,
    mean_window: int = 3000,
    quirks: str | Iterable[str] = (),
) -> Traces:
    """Return dF/F against a running mode, as the first releases of the Observatory had it.

    Parameters
    ----------
    traces : Traces
        Fluorescence of unit ``"F"``, in counts of the camera: the mode is that of whole numbers.
    mode_window, mean_window : int
        Frames of the running mode, and of the running mean of it; even.
    quirks : str or iterable of str
        ``"first_mean_count"``, or ``"published"``.

    Returns
    -------
    Traces
        Of unit ``"dF/F"``, a fraction, in double precision. NaN, with one warning, as of ``dff``.

    Raises
    ------
    DataError
        Where the traces are of another unit, not longer than a window, or span more than 2**24 counts.

    Notes
    -----
    B is the running mode of F in whole numbers, counted from the lowest F where that is negative; of two
    values that are equally frequent that which was it before stays. M is the running mean of B, and dF/F
    is (F - M) / M (AllenSDK ``brain_observatory.dff``, windowed mode).

    Examples
    --------
    >>> flat = Traces(np.full((1, 40), 100.0), np.arange(40), [1], "F")
    >>> float(dff_windowed_mode(flat, mode_window=8, mean_window=4).values.max())
    0.0
    """
    from allentk.responses.traces.mode_kernels import mode_baseline

    traces = given(traces, "F", "dff_windowed_mode")
    published = "first_mean_count" in chosen(quirks, QUIRKS)
    for window in (mode_window, mean_window):
        _check_even(window, traces.time_s.size)
    wrong = unmeasured(traces)
    out = np.full(traces.values.shape, np.nan)
    for row, trace in enumerate(traces.values):
        if row in wrong:
            continue
        lowest = min(float(trace.min()), 0.0)
        above = trace.astype(float) - lowest
        _check_span(float(above.max()), int(traces.ids[row]))
        baseline = mode_baseline(above, mode_window, mean_window, lowest, published)
        if not (baseline != 0).all():
            wrong[row] = "its baseline reaches zero"
            continue
        np.divide(trace - baseline, baseline, out=out[row])
    tell("dff_windowed_mode", traces.ids, wrong)
    return made(out, traces, "dF/F")


def _check_even(window: int, n_frames: int) -> None:
    if not isinstance(window, int | np.integer) or window < 2 or window % 2:
        raise DataError(
            f"dff_windowed_mode: a window must be an even number of frames, got {window!r}"
        )
    if window >= n_frames:
        raise DataError(
            f"dff_windowed_mode: the traces have {n_frames} frames, but a window of {window} frames "
            f"needs more than that; give a shorter window"
        )


def _check_span(span: float, cell: int) -> None:
    if span >= _MOST_BINS:
        raise DataError(
            f"dff_windowed_mode: cell {cell} spans {span:.4g} counts, more than {_MOST_BINS}; expected "
            f"fluorescence in counts of the camera"
        )
