"""Signal and noise correlations of pairs of cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.checks import check_seed
from allentk.responses.courses import varies
from allentk.responses.measured import inside
from allentk.responses.trials import cells_of, presented, trial_responses

__all__ = ["noise_correlations", "pair_correlations", "pairs_table", "signal_correlations"]

Array = NDArray[np.float64]

#: Fewest trials of a condition: with two, every correlation is 1 or -1.
_FEWEST = 3


def _checked(trials: ArrayLike, conditions: ArrayLike) -> tuple[Array, NDArray[np.int64]]:
    responses = np.atleast_2d(np.asarray(trials, dtype=float))
    labels = np.asarray(conditions).ravel()
    if responses.ndim != 2 or responses.shape[1] != labels.size:
        raise DataError(
            f"correlations: one condition for each of the trials (cells x trials) is needed, got trials "
            f"of shape {responses.shape} and {labels.size} conditions"
        )
    return responses, np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _pearson(samples: Array) -> Array:
    """Correlate rows; NaN for a row that is constant or has a NaN."""
    if not samples.shape[1]:
        return np.full((len(samples), len(samples)), np.nan)
    centred = samples - samples.mean(axis=1, keepdims=True)
    squares = (centred**2).sum(axis=1)
    norm = np.sqrt(np.where(varies(squares, np.abs(samples).sum(axis=1)), squares, np.nan))
    unit = centred / norm[:, None]
    return np.asarray(np.clip(unit @ unit.T, -1.0, 1.0))


def signal_correlations(trials: ArrayLike, conditions: ArrayLike) -> Array:
    """Return Pearson's correlation of the mean responses of every pair of cells.

    Parameters
    ----------
    trials : array_like, shape (n_cells, n_trials)
        Response of every cell in every trial, in any unit, such as of ``trial_responses``.
    conditions : array_like, shape (n_trials,)
        What was shown in every trial: numbers or words.

    Returns
    -------
    ndarray, shape (n_cells, n_cells)
        1 on the diagonal; NaN for a cell whose means are all equal, or one of them is missing.

    Raises
    ------
    DataError
        Where lengths disagree.

    References
    ----------
    Cohen and Kohn 2011, Nature Neuroscience 14:811.

    Examples
    --------
    >>> signal_correlations([[1, 3, 5, 3.0], [9, 7, 5, 7]], ["a", "b", "c", "b"]).round(6).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    responses, labels = _checked(trials, conditions)
    numbers = range(int(labels.max()) + 1 if labels.size else 0)
    means = [responses[:, labels == k].mean(axis=1) for k in numbers]
    return _pearson(np.column_stack(means) if means else np.empty((len(responses), 0)))


def noise_correlations(trials: ArrayLike, conditions: ArrayLike) -> Array:
    """Return the correlation of trials of one condition, averaged over conditions, of every pair.

    Parameters
    ----------
    trials, conditions
        As of ``signal_correlations``.

    Returns
    -------
    ndarray, shape (n_cells, n_cells)
        Mean over conditions with three trials or more in which both cells vary of Pearson's correlation;
        NaN where there is none.

    Raises
    ------
    DataError
        Where lengths disagree.

    References
    ----------
    Cohen and Kohn 2011; de Vries et al. 2020, Nature Neuroscience 23:138 (a mean over conditions, too).

    Examples
    --------
    >>> noise_correlations([[1, 2, 3.0], [2, 4, 6], [3, 2, 1]], [0, 0, 0]).round(6)[0].tolist()
    [1.0, 1.0, -1.0]
    """
    responses, labels = _checked(trials, conditions)
    total = np.zeros((len(responses), len(responses)))
    count = np.zeros_like(total)
    for k in np.unique(labels):
        samples = responses[:, labels == k]
        if samples.shape[1] < _FEWEST:
            continue
        found = _pearson(samples)
        there = np.isfinite(found)
        total += np.where(there, found, 0.0)
        count += there
    out: Array = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return out


def pairs_table(cells: ArrayLike, signal: Array, noise: Array, **further: Array) -> pd.DataFrame:
    """Return one row per pair of cells: ``cell_1, cell_2, signal_correlation, noise_correlation``.

    Parameters
    ----------
    cells : array_like of int, shape (n_cells,)
        Ids.
    signal, noise : ndarray, shape (n_cells, n_cells)
        Matrices of correlations, values from -1 to 1.
    **further : ndarray, shape (n_cells, n_cells)
        Further columns, such as distances; their names are to say the unit.

    Examples
    --------
    >>> pairs_table([7, 9], np.eye(2), np.full((2, 2), 0.5)).iloc[0].tolist()
    [7.0, 9.0, 0.0, 0.5]
    """
    ids = np.asarray(cells)
    first, second = np.triu_indices(ids.size, k=1)
    named = {"signal_correlation": signal, "noise_correlation": noise, **further}
    columns = {name: matrix[first, second] for name, matrix in named.items()}
    return pd.DataFrame({"cell_1": ids[first], "cell_2": ids[second], **columns})


def pair_correlations(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    by: str | Sequence[str] = ("orientation_deg", "temporal_frequency_hz"),
    ids: ArrayLike | None = None,
    window_s: tuple[float, float] | None = None,
    split_seed: int | None = None,
) -> pd.DataFrame:
    """Return signal and noise correlation of every pair of cells.

    Parameters
    ----------
    responses : Traces or SpikeTrains
        Recorded traces, or recorded or simulated spikes.
    table : StimulusTable
        What was shown. A row that has a value in none of `by` is left out.
    by : str or sequence of str
        Columns that make a condition, such as ``("frame",)`` for scenes; one alone may be a word.
    ids : array_like of int, optional
        Cells; all by default.
    window_s : (float, float), optional
        Window from the onset in seconds; by default the presentation.
    split_seed : int, optional
        Take the signal from one random half of every condition's trials and the noise from the other, so
        that noise does not leak into the signal; by default both come from all trials.

    Returns
    -------
    DataFrame
        ``cell_1, cell_2, signal_correlation, noise_correlation``.

    Raises
    ------
    DataError
        For an unknown column, no row with a value, or fewer than two cells.

    Warns
    -----
    UserWarning
        Where presentations lie outside of the recording; they are left out.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": np.arange(4.0), "stop_s": np.arange(4.0) + 1,
    ...     "stimulus": "natural_scenes", "frame": [0, 1, 0, 1]})
    >>> spikes = SpikeTrains([0.1, 1.1, 1.2, 1.3, 3.1, 3.2], [0, 0, 1, 1, 0, 1], 2)
    >>> pair_correlations(spikes, StimulusTable(shown), by=["frame"])["signal_correlation"].tolist()
    [1.0]
    """
    _, cells = cells_of(responses, ids)
    rows = inside("correlations", responses, presented(table)).table
    names = [by] if isinstance(by, str) else list(by)
    unknown = [name for name in names if name not in rows]
    if unknown or not names:
        raise DataError(
            f"correlations: no column {unknown or 'in by='}; there are {list(rows.columns)}"
        )
    kept = rows[rows[names].notna().any(axis=1)]
    if kept.empty:
        raise DataError(f"correlations: no presentation has a value in {names}")
    labels = kept.groupby(names, dropna=False).ngroup().to_numpy()
    if cells.size < 2:
        raise DataError(f"correlations: a pair needs two cells, got {cells.size}")
    trials = trial_responses(responses, StimulusTable(kept), window_s=window_s, ids=cells)
    one = other = np.ones(labels.size, dtype=bool)
    if split_seed is not None:
        check_seed(split_seed)
        one = _half(labels, split_seed)
        other = ~one
    signal = signal_correlations(trials[:, one], labels[one])
    return pairs_table(cells, signal, noise_correlations(trials[:, other], labels[other]))


def _half(labels: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Choose half of the trials of every condition."""
    rng = np.random.default_rng(seed)
    half = np.zeros(labels.size, dtype=bool)
    for k in np.unique(labels):
        trials = rng.permutation(np.flatnonzero(labels == k))
        half[trials[: (trials.size + 1) // 2]] = True
    return half
