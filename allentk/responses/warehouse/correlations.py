"""Signal and noise correlations of cells, and the similarity of conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.courses import varies
from allentk.responses.definition import chosen
from allentk.responses.warehouse.averages import average
from allentk.responses.warehouse.measured import measure
from allentk.responses.warehouse.quirks import QUIRKS
from allentk.responses.warehouse.trial_array import TrialArray

__all__ = [
    "Correlations",
    "NoiseCorrelations",
    "noise_correlation",
    "representational_similarity",
    "signal_correlation",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Correlations:
    """Correlation coefficients and two-sided p values, shape (n, n)."""

    r: Array
    p: Array


@dataclass(frozen=True, slots=True, eq=False)
class NoiseCorrelations:
    """Correlations over trials, shape (n_cells, n_cells, ...) with the axes of the conditions last.

    ``blank`` is that over blanks; None for natural scenes, where the blank is the first condition.
    """

    r: Array
    p: Array
    blank: Correlations | None


def signal_correlation(
    responses: Traces | TrialArray,
    table: StimulusTable,
    stimulus: str = "drifting_gratings",
    *,
    method: str = "spearman",
    ids: ArrayLike | None = None,
    quirks: str | Iterable[str] = (),
) -> Correlations:
    """Correlate the mean responses of cells over conditions.

    Parameters
    ----------
    responses, table, ids, quirks
        As in ``drifting_gratings``.
    stimulus : str
        ``"drifting_gratings"``, ``"static_gratings"`` or ``"natural_scenes"``; for scenes alone the blank
        is one of the conditions.
    method : {"spearman", "pearson"}
        Of ranks, or of responses.

    Returns
    -------
    Correlations
        Shape (n_cells, n_cells); NaN for a cell without a finite mean in every condition, and for one whose
        means are all equal.

    Raises
    ------
    DataError
        As ``drifting_gratings``; for another stimulus or method.

    References
    ----------
    AllenSDK 2.16.2, ``get_signal_correlation``.

    Examples
    --------
    >>> import pandas as pd
    >>> shown = pd.DataFrame({"start_s": [2.0, 4, 6], "stop_s": [2.25, 4.25, 6.25],
    ...     "stimulus": "natural_scenes", "frame": [0, 1, 2]})
    >>> one = 100.0 + (np.arange(240) >= 120)
    >>> traces = Traces([one, 2 * one], np.arange(240) / 30, [7, 8], "F")
    >>> signal_correlation(traces, StimulusTable(shown), "natural_scenes").r.round(6).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return _correlate(_means(responses, table, stimulus, ids, quirks), method)


def representational_similarity(
    responses: Traces | TrialArray,
    table: StimulusTable,
    stimulus: str = "drifting_gratings",
    *,
    method: str = "spearman",
    ids: ArrayLike | None = None,
    quirks: str | Iterable[str] = (),
) -> Correlations:
    """Correlate conditions over the mean responses of all cells.

    Parameters and errors as in ``signal_correlation``.

    Returns
    -------
    Correlations
        Shape (n_conditions, n_conditions); the conditions in the order of ``ConditionResponses``, for
        scenes after the blank. NaN for a condition in which a cell has no finite mean: leave that cell out
        by ``ids``.

    References
    ----------
    AllenSDK 2.16.2, ``get_representational_similarity``.
    """
    return _correlate(_means(responses, table, stimulus, ids, quirks).T, method)


def noise_correlation(
    responses: Traces | TrialArray,
    table: StimulusTable,
    stimulus: str = "drifting_gratings",
    *,
    method: str = "spearman",
    ids: ArrayLike | None = None,
    quirks: str | Iterable[str] = (),
) -> NoiseCorrelations:
    """Correlate the responses of cells over the trials of each condition.

    Parameters and errors as in ``signal_correlation``. A trial in which a cell has no finite response
    makes that cell's correlations in the condition NaN. For natural scenes every image counts as many
    trials as the image shown least.

    Returns
    -------
    NoiseCorrelations
        16 bytes per pair of cells and condition.

    References
    ----------
    AllenSDK 2.16.2, ``get_noise_correlation``.
    """
    asked = chosen(quirks, QUIRKS)
    of = measure(responses, table, stimulus, ids=ids, running=None, quirks=asked)
    n, scenes = of.shown.n_conditions, stimulus == "natural_scenes"
    counts = np.bincount(of.shown.condition, minlength=n + 1)
    groups = [*([n] if scenes and counts[n] else []), *range(n)]
    least = int(counts[groups].min()) if scenes else None
    out = np.empty((2, of.cells.size, of.cells.size, len(groups)))
    for place, group in enumerate(groups):
        trials = of.trials[:, np.flatnonzero(of.shown.condition == group)[:least]]
        found = _correlate(trials, method)
        out[0, :, :, place], out[1, :, :, place] = found.r, found.p
    blank = None if scenes else _correlate(of.trials[:, of.shown.condition == n], method)
    if "noise_p_one_triangle" in asked and blank is not None:
        out[1] = np.triu(np.moveaxis(out[1], 2, 0)).transpose(1, 2, 0)
        blank = Correlations(blank.r, np.triu(blank.p))
    shape = (of.cells.size, of.cells.size, *((len(groups),) if scenes else of.shown.shape))
    return NoiseCorrelations(out[0].reshape(shape), out[1].reshape(shape), blank)


def _means(
    responses: Traces | TrialArray,
    table: StimulusTable,
    stimulus: str,
    ids: ArrayLike | None,
    quirks: str | Iterable[str],
) -> Array:
    """Return mean responses, shape (n_cells, n_conditions); of scenes the blank is the first."""
    asked = chosen(quirks, QUIRKS)
    of = measure(responses, table, stimulus, ids=ids, running=None, quirks=asked, stacklevel=5)
    n = of.shown.n_conditions
    mean = average(of.trials, of.shown.condition, n + 1).mean
    if stimulus == "natural_scenes" and (of.shown.condition == n).any():
        return np.roll(mean, 1, axis=1)
    return mean[:, :n]


def _correlate(values: Array, method: str) -> Correlations:
    """Correlate the rows of `values` with one another."""
    if method not in ("spearman", "pearson"):
        raise DataError(f'correlations: method is "spearman" or "pearson", got {method!r}')
    n = values.shape[1]
    whole: NDArray[np.bool_] = np.all(np.isfinite(values), axis=1)
    kept = np.where(whole[:, None], values, 0.0)
    if method == "spearman" and n and len(kept):
        kept = stats.rankdata(kept, axis=1)
    apart = kept - kept.mean(axis=1, keepdims=True) if n else kept
    squares = (apart**2).sum(axis=1, keepdims=True)
    whole &= varies(squares, np.abs(kept).sum(axis=1, keepdims=True))[:, 0]
    with np.errstate(all="ignore"):
        apart = apart / np.sqrt(squares)
        r = np.clip(apart @ apart.T, -1.0, 1.0)
        r[np.diag_indices_from(r)] = 1.0
        t = r * np.sqrt((n - 2) / ((1 + r) * (1 - r)))
        p = 2 * special.stdtr(n - 2, -np.abs(t)) if n > 2 else np.full(r.shape, np.nan)
    missing = ~whole[:, None] | ~whole[None, :]
    return Correlations(np.where(missing, np.nan, r), np.where(missing, np.nan, p))
