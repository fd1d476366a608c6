"""Does a cell's response rise, fall, or rise and fall with contrast: three curves compared by AIC."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, gammaln

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.errors import DataError
from allentk.responses.populations.inputs import spikes_of
from allentk.responses.trials import cells_of, presented, response_intervals

__all__ = ["CONTRAST_CLASSES", "contrast_class", "contrast_classes"]

Array = NDArray[np.float64]

#: Rising, rising and falling, falling.
CONTRAST_CLASSES = ("high", "band", "low")

_COLUMNS = ["preferred_direction_deg", "contrast_class", "aic_difference", "c50", "notes"]
_SLOPE = 10.0  # of the sigmoids, per unit of contrast
_FEWEST = 4
_TINY = 1e-9


def _curve(kind: str, p: Array, contrast: Array) -> Array:
    base, height = p[0], p[1]
    if kind == "high":
        return np.asarray(base + height * expit(_SLOPE * (contrast - p[2])))
    if kind == "low":
        return np.asarray(base + height * expit(-_SLOPE * (contrast - p[2])))
    rise = expit(_SLOPE * (contrast - p[2]))
    return np.asarray(base + height * rise * expit(-_SLOPE * (contrast - p[3])))


def _cost(counts: Array, mean: Array, log_k: float) -> float:
    """Return minus the log likelihood of counts that are negative binomial, variance mean + mean^2 / k."""
    k, m = np.exp(log_k), np.maximum(mean, _TINY)
    terms = gammaln(counts + k) - gammaln(k) - gammaln(counts + 1)
    terms = terms - k * np.log1p(m / k) + counts * (np.log(m) - np.log(m + k))
    return -float(terms.sum())


def contrast_class(counts: ArrayLike, contrasts: ArrayLike) -> dict[str, float | str]:
    """Classify one cell.

    Parameters
    ----------
    counts : array_like, shape (n_trials,)
        Spikes in every trial, at the cell's preferred direction.
    contrasts : array_like, shape (n_trials,)
        Contrast of every trial, 0 to 1.

    Returns
    -------
    dict
        ``contrast_class``: one of `CONTRAST_CLASSES`, "" without spikes or with fewer than four contrasts;
        ``aic_difference``, by how much the next best is worse; ``c50``, contrast at the middle of the
        sigmoid (of the rising one, for "band").

    Raises
    ------
    DataError
        Where lengths differ, counts are negative or contrasts lie outside 0 to 1.

    Notes
    -----
    ``b + h S(c)``, S(c) = s(c - c50), s(c50 - c), or s(c - rise) s(fall - c), s(x) = 1 / (1 + exp(-10 x));
    b, h >= 0, c50 in 0..1. Maximum likelihood of negative binomial counts with one dispersion; AIC = 2
    (number of parameters, the dispersion one of them) - 2 log likelihood.

    References
    ----------
    shixnya/v1_functional_property, misc/contrast_tuning.py.

    Examples
    --------
    >>> c = np.repeat([0.04, 0.08, 0.13, 0.2, 0.35, 0.6, 1.0], 10)
    >>> rising = np.random.default_rng(0).poisson(1 + 9 / (1 + np.exp(-10 * (c - 0.4))))
    >>> contrast_class(rising, c)["contrast_class"]
    'high'
    """
    n, c = np.asarray(counts, dtype=float).ravel(), np.asarray(contrasts, dtype=float).ravel()
    if n.shape != c.shape or not (n >= 0).all() or not ((c >= 0) & (c <= 1)).all():
        raise DataError(
            f"contrast_class: expected as many counts >= 0 as contrasts in 0..1, got {n.size} and {c.size}"
        )
    nothing: dict[str, float | str] = {
        "contrast_class": "",
        "aic_difference": np.nan,
        "c50": np.nan,
    }
    if not n.any() or np.unique(c).size < _FEWEST:
        return nothing
    fits = {kind: _fit(kind, n, c) for kind in CONTRAST_CLASSES}
    aic = {kind: 2 * found[1].size + 2 * found[0] for kind, found in fits.items()}
    order = sorted(CONTRAST_CLASSES, key=lambda kind: aic[kind])
    return {
        "contrast_class": order[0],
        "aic_difference": aic[order[1]] - aic[order[0]],
        "c50": float(fits[order[0]][1][2]),
    }


def _fit(kind: str, counts: Array, contrast: Array) -> tuple[float, Array]:
    """Return the smallest cost and its parameters, the last the logarithm of the dispersion."""
    half, most = counts.mean() / 2, 10 * max(counts.max(), 1.0)
    places: tuple[tuple[float, ...], ...] = ((0.15,), (0.5,), (0.85,))
    if kind == "band":
        places = ((0.15, 0.6), (0.3, 0.3), (0.1, 0.3), (0.4, 0.9))
    limits = [(0.0, most), (0.0, most), *[(0.0, 1.0)] * len(places[0]), (-5.0, 15.0)]
    found = [
        minimize(
            lambda p: _cost(counts, _curve(kind, p, contrast), p[-1]),
            [half, half, *start, 1.0],
            method="L-BFGS-B",
            bounds=limits,
        )
        for start in places
    ]
    best = min(found, key=lambda one: float(one.fun))
    return float(best.fun), np.asarray(best.x)


def contrast_classes(
    responses: SpikeTrains | NetworkResponse,
    table: StimulusTable,
    *,
    population: str | None = None,
    cells: ArrayLike | None = None,
    window_s: tuple[float, float] = (0.0, 0.5),
    smallest: float = 0.04,
) -> pd.DataFrame:
    """Classify every cell by its responses to gratings of several contrasts.

    Parameters
    ----------
    responses : SpikeTrains or NetworkResponse
        Recorded or simulated spikes.
    table : StimulusTable
        Gratings with ``contrast`` and ``orientation_deg``.
    population : str, optional
        Population of a network.
    cells : array_like of int, optional
        Cells; all by default.
    window_s : (float, float)
        Window of the response from the onset, in seconds.
    smallest : float
        Lowest contrast that is taken (the source leaves out 1 and 2 %).

    Returns
    -------
    DataFrame
        ``cell``, ``preferred_direction_deg`` (of the largest mean over its trials; the source takes the one
        with the most significant response), ``contrast_class``, ``aic_difference``, ``c50``, ``notes``.

    Raises
    ------
    DataError
        Where no presentation has a contrast and an orientation, for an unknown cell, and for a window that
        ends before it starts.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": np.arange(8.0), "stop_s": np.arange(8.0) + 0.5,
    ...     "stimulus": "drifting_gratings_contrast", "orientation_deg": 0.0,
    ...     "contrast": np.tile([0.1, 0.3, 0.6, 1.0], 2)})
    >>> rising = SpikeTrains(np.repeat([2.1, 3.1, 6.1, 7.1], [3, 9, 3, 9]), np.zeros(24, int), 1)
    >>> contrast_classes(rising, StimulusTable(shown))["contrast_class"].tolist()
    ['high']
    """
    spikes = spikes_of(responses, "contrast_classes", population)
    rows = presented(table).table
    kept = rows[rows["contrast"].ge(smallest) & rows["orientation_deg"].notna()]
    if kept.empty:
        raise DataError(
            f"contrast_classes: no presentation has an orientation and a contrast of {smallest:g} or more"
        )
    counts = spikes.counts(response_intervals(StimulusTable(kept), window_s))
    direction, place = np.unique(kept["orientation_deg"].to_numpy(float), return_inverse=True)
    contrast = kept["contrast"].to_numpy(float)
    _, names = cells_of(spikes, cells)
    found = []
    for cell in names:
        means = [counts[cell, place == k].mean() for k in range(direction.size)]
        best = int(np.argmax(means))
        one = contrast_class(counts[cell, place == best], contrast[place == best])
        note = "" if one["contrast_class"] else "no spikes, or fewer than 4 contrasts"
        found.append({"preferred_direction_deg": direction[best], **one, "notes": note})
    out = pd.DataFrame(found, columns=_COLUMNS)
    out.insert(0, "cell", names)
    return out
