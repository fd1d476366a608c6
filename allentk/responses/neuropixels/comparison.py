"""Rules for comparing spikes and fluorescence: who responds, how far apart samples are, like with like.

Siegle et al. 2021, eLife 10:e69068, which compares Neuropixels and two-photon recordings of the same areas.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import jensenshannon

from allentk.data import SpikeTrains, StimulusTable
from allentk.errors import DataError

__all__ = [
    "jensen_shannon",
    "jensen_shannon_null",
    "layer_matched",
    "responsive",
    "responsive_fraction",
    "running_matched",
    "spontaneous_counts",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def spontaneous_counts(
    responses: SpikeTrains, table: StimulusTable, window_s: float, *, stimulus: str = "spontaneous"
) -> Ints:
    """Count spikes in windows laid end to end through the spontaneous presentations.

    Parameters
    ----------
    responses : SpikeTrains
        The spikes.
    table : StimulusTable
        What was shown.
    window_s : float
        Length of the windows in seconds: that of the responses they are compared with.
    stimulus : str
        Name of the spontaneous presentations.

    Returns
    -------
    ndarray of int, shape (n_cells, n_windows)

    Raises
    ------
    DataError
        Where no spontaneous presentation is as long as a window, or that is no length.

    Examples
    --------
    >>> import pandas as pd
    >>> shown = pd.DataFrame({"start_s": [0.0], "stop_s": [1.0], "stimulus": "spontaneous"})
    >>> spontaneous_counts(SpikeTrains([0.1, 0.6], [0, 0], 1), StimulusTable(shown), 0.5).tolist()
    [[1, 1]]
    """
    spans = table.where(stimulus=stimulus).intervals_s
    if not 0 < window_s < np.inf:
        raise DataError(f"spontaneous_counts: window_s must be above 0, got {window_s}")
    number = np.floor(np.diff(spans)[:, 0] / window_s + 1e-9).astype(int)
    if not number.any():
        raise DataError(
            f"spontaneous_counts: no presentation of {stimulus!r} is as long as a window of {window_s} s"
        )
    starts = np.concatenate(
        [start + window_s * np.arange(n) for start, n in zip(spans[:, 0], number, strict=True)]
    )
    return responses.counts(np.column_stack([starts, starts + window_s]))


def responsive_fraction(
    trials: ArrayLike, spontaneous: ArrayLike, *, percentile: float = 95.0
) -> Floats:
    """Return the share of trials above a percentile of spontaneous activity.

    Parameters
    ----------
    trials : array_like, shape (n_cells, n_trials)
        Responses to the preferred condition; NaN where a cell has fewer trials.
    spontaneous : array_like, shape (n_cells, n_windows)
        Spontaneous activity in windows as long; NaN where it is not known.
    percentile : float
        Which percentile, of the windows that are known.

    Returns
    -------
    ndarray, shape (n_cells,)
        0 to 1; NaN for a cell without a trial or a window.

    Raises
    ------
    DataError
        Where the two are not of the same cells.

    Examples
    --------
    >>> responsive_fraction([[0, 3, 4, 0]], [[0, 1, 0, 1]]).tolist()
    [0.5]
    """
    of_trials, quiet = np.asarray(trials, dtype=float), np.asarray(spontaneous, dtype=float)
    if of_trials.ndim != 2 or quiet.ndim != 2 or len(of_trials) != len(quiet):
        raise DataError(
            f"responsive_fraction: expected cells x trials and cells x windows of the same cells, got "
            f"shapes {of_trials.shape} and {quiet.shape}"
        )
    if not quiet.shape[1]:
        raise DataError("responsive_fraction: there is no window of spontaneous activity")
    share = np.full(len(quiet), np.nan)
    there = np.isfinite(of_trials)
    known = there.any(axis=1) & ~np.isnan(quiet).all(axis=1)
    limit = np.nanpercentile(quiet[known], percentile, axis=1)[:, None]
    above = there[known] & (of_trials[known] > limit)
    share[known] = above.sum(axis=1) / there[known].sum(axis=1)
    return share


def responsive(
    trials: ArrayLike, spontaneous: ArrayLike, *, least: float = 0.25, percentile: float = 95.0
) -> NDArray[np.bool_]:
    """Return which cells respond: in over a quarter of the trials, and with a mean above 0.

    Examples
    --------
    >>> responsive([[0, 3, 4, 0], [0, 0, 0, 0]], [[0, 1, 0, 1], [0, 0, 0, 0]]).tolist()
    [True, False]
    """
    share = responsive_fraction(trials, spontaneous, percentile=percentile)
    total = np.nansum(np.asarray(trials, dtype=float), axis=1)
    answer: NDArray[np.bool_] = (share > least) & (total > 0)
    return answer


def jensen_shannon(a: ArrayLike, b: ArrayLike, *, width: float = 0.1, offset: float = 0.0) -> float:
    """Return the Jensen-Shannon distance of two histograms from 0 to 1, natural logarithm.

    Parameters
    ----------
    a, b : array_like
        Values from 0 to 1, such as lifetime sparseness; NaN is left out.
    width : float
        Width of the bins.
    offset : float
        Added to every bin of a histogram that has an empty one, as the published program does by a small
        number; the distance needs none.

    Returns
    -------
    float
        0 for equal histograms, ``sqrt(ln 2)`` for histograms without overlap; NaN without a value.

    Raises
    ------
    DataError
        For values outside of 0 to 1, and a width that does not divide it.

    Examples
    --------
    >>> jensen_shannon([0.05, 0.15], [0.05, 0.15])
    0.0
    """
    n_bins = round(1 / width) if width > 0 else 0
    if n_bins < 1 or abs(n_bins * width - 1) > 1e-9:
        raise DataError(f"jensen_shannon: bins must divide 0 to 1, got a width of {width}")
    histograms = []
    for values in (a, b):
        held = np.asarray(values, dtype=float).ravel()
        held = held[~np.isnan(held)]
        if not held.size:
            return float("nan")
        if held.min() < 0 or held.max() > 1:
            raise DataError(
                f"jensen_shannon: values must lie in 0..1, got {held.min():g}..{held.max():g}"
            )
        counts = np.histogram(held, bins=n_bins, range=(0, 1))[0].astype(float)
        share = counts / counts.sum()
        histograms.append(share + offset if (share == 0).any() else share)
    return float(jensenshannon(*histograms))


def jensen_shannon_null(
    values: ArrayLike, *, n_draws: int = 1000, width: float = 0.1, seed: int = 0
) -> Floats:
    """Return distances between random halves of one sample: what a distance is worth less than.

    Examples
    --------
    >>> jensen_shannon_null(np.full(10, 0.5), n_draws=3).tolist()
    [0.0, 0.0, 0.0]
    """
    held = np.asarray(values, dtype=float).ravel()
    held = held[~np.isnan(held)]
    rng = np.random.default_rng(seed)
    half = held.size // 2
    draws = (rng.permutation(held) for _ in range(n_draws))
    return np.array([jensen_shannon(d[:half], d[half:], width=width) for d in draws])


def layer_matched(
    a: ArrayLike, b: ArrayLike, *, without: tuple[str, ...] = ("L6",), seed: int = 192
) -> tuple[Ints, Ints]:
    """Draw rows of two samples so that both have as many cells of every layer.

    Parameters
    ----------
    a, b : array_like of str
        Layer of every cell of the two samples; a cell whose layer is missing (NaN, None) is left out.
    without : tuple of str
        Layers that are left out.
    seed : int
        Seed of the draw.

    Returns
    -------
    tuple of ndarray of int
        Rows of the two samples, rising.

    Examples
    --------
    >>> rows_a, rows_b = layer_matched(["L4", "L4", "L5", "L6"], ["L4", "L5", "L5", "L6"])
    >>> rows_a.size, rows_b.size
    (2, 2)
    """
    of_a, of_b = (
        np.array(["" if pd.isna(layer) else str(layer) for layer in np.asarray(each, dtype=object)])
        for each in (a, b)
    )
    rng = np.random.default_rng(seed)
    rows: tuple[list[Ints], list[Ints]] = ([], [])
    for layer in np.intersect1d(of_a, of_b):
        if layer in ("", *without):
            continue
        here = [np.flatnonzero(each == layer) for each in (of_a, of_b)]
        size = min(each.size for each in here)
        for chosen, each in zip(rows, here, strict=True):
            chosen.append(rng.choice(each, size, replace=False))
    empty = np.empty(0, dtype=np.int64)
    first, second = (np.sort(np.concatenate([empty, *each])) for each in rows)
    return first, second


def running_matched(a: ArrayLike, b: ArrayLike, *, tolerance: float = 0.05) -> tuple[Ints, Ints]:
    """Pair sessions of two samples whose animals ran about as much.

    Parameters
    ----------
    a, b : array_like
        Share of the time that the animal ran, 0 to 1, one per session.
    tolerance : float
        Largest difference of a pair.

    Returns
    -------
    tuple of ndarray of int
        Sessions of the two samples; as many pairs as there can be, and of these the closest.

    Raises
    ------
    DataError
        For a share outside of 0 to 1, or NaN.

    Examples
    --------
    >>> [rows.tolist() for rows in running_matched([0.1, 0.9], [0.5, 0.12])]
    [[0], [1]]
    """
    of_a, of_b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    for shares in (of_a, of_b):
        if not ((shares >= 0) & (shares <= 1)).all():
            raise DataError(f"running_matched: shares must lie in 0..1, got {shares}")
    apart = np.abs(of_a[:, None] - of_b[None, :])
    fits = apart <= tolerance
    # A pair that does not fit costs more than all others together, so that it is taken last.
    cost = np.where(fits, apart, 1.0 + max(apart.shape, default=0))
    first, second = linear_sum_assignment(cost)
    good = fits[first, second]
    return first[good].astype(np.int64), second[good].astype(np.int64)
