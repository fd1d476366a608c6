"""Preferred conditions and values, and how much a cell prefers them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.responses.image_levels import selectivity_by_levels
from allentk.responses.neuropixels.ratios import ratio
from allentk.responses.neuropixels.shown import Shown

__all__ = ["first_largest", "image_selectivity", "lifetime_sparseness", "marginal", "selectivity"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Means closer than this part of the largest are as large.
_TIE = 1e-12


def first_largest(values: Floats, quirks: frozenset[str]) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the first of the largest values along the last axis, and whether there are several.

    Examples
    --------
    >>> first_largest(np.array([[0.1 + 0.2, 0.3, 0.0]]), frozenset())[1].tolist()
    [True]
    """
    largest = values.max(axis=-1, keepdims=True)
    slack = 0.0 if "exact_ties" in quirks else _TIE * np.abs(largest)
    as_large = values >= largest - slack
    return as_large.argmax(axis=-1), as_large.sum(axis=-1) > 1


def marginal(means: Floats, shown: Shown, name: str) -> tuple[Floats, Floats]:
    """Return the values of a parameter, and the mean over the conditions that have each.

    Parameters
    ----------
    means : ndarray, shape (n_cells, n_conditions)
        Mean response to every condition.
    shown : Shown
        The conditions.
    name : str
        The parameter.
    """
    values, conditions = shown.where(name)
    # Taken into rows of their own, so that the order of adding, and a tie, is the same for every cell.
    curves = [np.take(means, chosen, axis=1).mean(axis=1) for chosen in conditions]
    return values, np.column_stack(curves)


def selectivity(means: Floats, shown: Shown, at: dict[str, Floats], harmonic: int) -> Floats:
    """Return the vector index of the curve over orientation at every cell's preferred other values.

    Parameters
    ----------
    means : ndarray, shape (n_cells, n_conditions)
        Mean response to every condition.
    shown : Shown
        The conditions.
    at : dict of str to ndarray, shape (n_cells,)
        Other parameters, and their preferred values.
    harmonic : int
        2 for orientation, 1 for direction.

    Returns
    -------
    ndarray, shape (n_cells,)
        ``abs(sum R exp(i harmonic angle)) / sum R``; NaN without a response, and where not every
        orientation was shown at these values.
    """
    angles, _ = shown.where("orientation_deg")
    wanted = np.column_stack(list(at.values()))
    held = np.column_stack([shown.parameters[name] for name in at])
    out = np.full(len(means), np.nan)
    for values in np.unique(wanted[~np.isnan(wanted).any(axis=1)], axis=0):
        conditions = np.flatnonzero((held == values).all(axis=1))
        conditions = conditions[np.argsort(shown.parameters["orientation_deg"][conditions])]
        if conditions.size == angles.size:
            cells = np.flatnonzero((wanted == values).all(axis=1))
            out[cells] = _vector(means[np.ix_(cells, conditions)], angles, harmonic)
    return out


def _vector(curves: Floats, angles_deg: Floats, harmonic: int) -> Floats:
    phase = np.exp(1j * harmonic * np.deg2rad(angles_deg))
    return ratio(np.abs((curves * phase).sum(axis=-1)), curves.sum(axis=-1))


def lifetime_sparseness(responses: Floats) -> Floats:
    """Return ``(1 - (sum r)^2 / (n sum r^2)) / (1 - 1/n)`` along the last axis.

    NaN without a response, and for a single condition.

    Examples
    --------
    >>> lifetime_sparseness(np.array([[1.0, 0.0], [1.0, 1.0]])).tolist()
    [1.0, 0.0]
    """
    n = responses.shape[-1]
    if n < 2:
        return np.full(responses.shape[:-1], np.nan)
    share = ratio(responses.sum(axis=-1) ** 2, (responses**2).sum(axis=-1))
    sparseness: Floats = (1 - share / n) / (1 - 1 / n)
    return sparseness


def image_selectivity(means: Floats) -> Floats:
    """Return 1 - 2 x the mean share of images above each of 1000 thresholds between least and largest.

    Where all images drive a cell alike it is 0.

    References
    ----------
    Quian Quiroga et al. 2007, J Neurophysiol 98:1997.
    """
    if means.shape[1] < 2:
        return np.full(len(means), np.nan)
    return selectivity_by_levels(means, flat=0.0)
