"""What was shown, read from the responses of a population: accuracy by number of cells.

The same for recorded and simulated responses, so that a model can be asked whether its cells carry what
the recorded ones carry. scikit-learn is loaded on use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.responses.trials import presented, trial_responses

__all__ = ["DECODERS", "decode", "decode_stimuli"]

Array = NDArray[np.float64]

#: Names of decoders: multinomial logistic regression, five nearest neighbours, and the linear discriminant
#: with a shrunken covariance; responses are scaled to one variance first.
DECODERS = ("logistic", "neighbours", "discriminant")


def _decoder(name: str, n_train: int) -> Any:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if name == "logistic":
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    if name == "neighbours":
        return make_pipeline(StandardScaler(), KNeighborsClassifier(min(5, n_train)))
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    return make_pipeline(StandardScaler(), model)


def decode(
    trials: ArrayLike,
    conditions: ArrayLike,
    *,
    n_cells: Iterable[int] | int | None = None,
    decoder: str = "logistic",
    n_folds: int = 5,
    n_draws: int = 10,
    n_shuffles: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """Decode conditions from single trials, cross-validated, by number of cells.

    Parameters
    ----------
    trials : array_like, shape (n_cells, n_trials)
        Response of every cell in every trial, in any unit. A trial with a NaN is left out.
    conditions : array_like, shape (n_trials,)
        What was shown: numbers or words.
    n_cells : int or iterable of int, optional
        Numbers of cells; by default 1, 2, 4, ... and all.
    decoder : str
        One of `DECODERS`.
    n_folds : int
        Folds of the cross-validation, each with the same share of every condition; at most the trials
        of the rarest condition.
    n_draws : int
        Random choices of cells for every number of them (one where all are taken).
    n_shuffles : int
        Times that conditions are shuffled over trials, to give the level of chance as it is for this number
        of trials and cells.
    seed : int
        Seed of choices, folds and shuffles.

    Returns
    -------
    DataFrame
        ``n_cells``, ``accuracy`` (mean over draws of the share of trials that are decoded right), ``sd``
        over draws, ``chance`` (mean with shuffled conditions), ``chance_95`` (their 95th percentile),
        ``n_conditions``, ``n_trials``.

    Raises
    ------
    DataError
        Where lengths differ, a condition is missing, there are fewer than two conditions or two trials of
        one of them, a number of cells is not there, or there are fewer than two folds or no draw; for
        ``"discriminant"`` where no more trials than conditions are left to learn from.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shown = np.repeat([0, 1], 20)
    >>> cells = rng.normal(size=(4, 40)) + 5 * shown
    >>> decode(cells, shown, n_cells=[4], n_shuffles=0)["accuracy"].tolist()
    [1.0]
    """
    if n_folds < 2 or n_draws < 1 or n_shuffles < 0 or seed < 0:
        raise DataError(
            f"decode: expected 2 folds or more, 1 draw or more, 0 shuffles or more and a seed from 0 on, "
            f"got {n_folds}, {n_draws}, {n_shuffles} and {seed}"
        )
    responses, labels = _checked(trials, conditions)
    folds = _folds(n_folds, labels, decoder)
    numbers = _numbers(n_cells, responses.shape[1])
    rng = np.random.default_rng(seed)
    rows = []
    for number in numbers:
        draws = 1 if number == responses.shape[1] else n_draws
        chosen = [rng.permutation(responses.shape[1])[:number] for _ in range(draws)]
        found = [_accuracy(responses[:, c], labels, decoder, folds, rng) for c in chosen]
        chance = [
            _accuracy(responses[:, chosen[k % draws]], rng.permutation(labels), decoder, folds, rng)
            for k in range(n_shuffles)
        ]
        rows.append(
            {
                "n_cells": number,
                "accuracy": float(np.mean(found)),
                "sd": float(np.std(found, ddof=1)) if draws > 1 else np.nan,
                "chance": float(np.mean(chance)) if chance else np.nan,
                "chance_95": float(np.quantile(chance, 0.95)) if chance else np.nan,
                "n_conditions": np.unique(labels).size,
                "n_trials": labels.size,
            }
        )
    return pd.DataFrame(rows)


def _checked(trials: ArrayLike, conditions: ArrayLike) -> tuple[Array, NDArray[np.int64]]:
    """Return trials x cells without NaN, and the number of every trial's condition."""
    responses = np.atleast_2d(frozen(trials, what="decode: trials"))
    named = np.asarray(conditions).ravel()
    if responses.ndim != 2 or responses.shape[1] != named.size or not len(responses):
        raise DataError(
            f"decode: expected cells x trials and one condition per trial, got shape {responses.shape} and "
            f"{named.size} conditions"
        )
    if pd.isna(named).any():
        raise DataError(
            f"decode: {int(pd.isna(named).sum())} trials have no condition; leave them out"
        )
    whole = np.isfinite(responses).all(axis=0)
    names, labels = np.unique(named[whole], return_inverse=True)
    counts = np.bincount(labels, minlength=names.size)
    if names.size < 2 or counts.min() < 2:
        said = {str(k): int(n) for k, n in zip(names[:8], counts[:8], strict=True)}
        raise DataError(
            f"decode: needs two conditions or more with two trials or more each, got {said}; leave rare "
            f"conditions out"
        )
    return responses[:, whole].T, labels.astype(np.int64)


def _folds(wanted: int, labels: NDArray[np.int64], decoder: str) -> int:
    """Return how many folds every condition has trials for."""
    if decoder not in DECODERS:
        raise DataError(f"decode: no decoder {decoder!r}; there are {', '.join(DECODERS)}")
    counts = np.bincount(labels)
    folds = min(wanted, int(counts.min()))
    learned = labels.size + (-labels.size // folds)  # the largest fold is rounded up
    if decoder == "discriminant" and learned <= counts.size:
        raise DataError(
            f"decode: 'discriminant' learns from more trials than conditions, got {learned} of "
            f"{labels.size} trials, {counts.size} conditions and {folds} folds; take another decoder, or "
            f"leave rare conditions out"
        )
    return folds


def _numbers(n_cells: Iterable[int] | int | None, there: int) -> list[int]:
    if n_cells is None:
        powers = 2 ** np.arange(int(np.log2(there)) + 1)
        return sorted({int(n) for n in powers} | {there})
    numbers = np.atleast_1d(np.asarray(list(n_cells) if isinstance(n_cells, Iterable) else n_cells))
    wrong = [n for n in numbers.tolist() if n != int(n) or not 1 <= n <= there]
    if wrong or not numbers.size:
        asked = f"{wrong[0]} cells were" if wrong else "no number of cells was"
        raise DataError(f"decode: {asked} asked for; there are 1 to {there}")
    return [int(n) for n in numbers]


def _accuracy(
    responses: Array,
    labels: NDArray[np.int64],
    decoder: str,
    folds: int,
    rng: np.random.Generator,
) -> float:
    from sklearn.model_selection import StratifiedKFold

    splits = StratifiedKFold(folds, shuffle=True, random_state=int(rng.integers(2**31)))
    right = 0
    for train, test in splits.split(responses, labels):
        model = _decoder(decoder, train.size).fit(responses[train], labels[train])
        right += int((model.predict(responses[test]) == labels[test]).sum())
    return right / labels.size


def decode_stimuli(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    by: str | Sequence[str] = ("orientation_deg",),
    ids: ArrayLike | None = None,
    window_s: tuple[float, float] | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Decode what was shown from recorded or simulated responses.

    Parameters
    ----------
    responses : Traces or SpikeTrains
        Recorded traces, or recorded or simulated spikes.
    table : StimulusTable
        What was shown; rows without a value in one of `by` are left out.
    by : str or sequence of str
        Columns that make a condition, such as ``"frame"`` for scenes. Where several stimuli have values in
        them, ``"stimulus"`` must be one.
    ids : array_like of int, optional
        Cells; all by default.
    window_s : (float, float), optional
        Window from the onset in seconds; by default the presentation.
    **options
        As of ``decode``.

    Returns
    -------
    DataFrame
        As of ``decode``.

    Raises
    ------
    DataError
        For an unknown column, several stimuli that `by` does not tell apart, and as of ``decode``.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": np.arange(8.0), "stop_s": np.arange(8.0) + 1,
    ...     "stimulus": "natural_scenes", "frame": [0, 1] * 4})
    >>> spikes = SpikeTrains(np.arange(8) + 0.5, [0, 1] * 4, 2)
    >>> found = decode_stimuli(spikes, StimulusTable(shown), by=["frame"], n_shuffles=0)
    >>> found["accuracy"].tolist()
    [1.0, 1.0]
    """
    names = [by] if isinstance(by, str) else list(by)
    kept = _with_condition(presented(table).table, names)
    labels = kept.groupby(names).ngroup().to_numpy()
    trials = trial_responses(responses, StimulusTable(kept), window_s=window_s, ids=ids)
    return decode(trials, labels, **options)


def _with_condition(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the presentations that have a value in all of the columns `by`."""
    unknown = [name for name in by if name not in rows]
    if unknown or not by:
        raise DataError(f"decode_stimuli: no column {unknown}; there are {list(rows.columns)}")
    kept = rows[rows[by].notna().all(axis=1)]
    if kept.empty:
        raise DataError(f"decode_stimuli: no presentation has a value in all of {by}")
    stimuli = sorted(map(str, kept["stimulus"].unique()))
    if len(stimuli) > 1 and "stimulus" not in by:
        raise DataError(
            f"decode_stimuli: presentations of {stimuli} have values in {by}; choose one, such as "
            f"table.where(stimulus={stimuli[0]!r}), or put 'stimulus' into by="
        )
    return kept
