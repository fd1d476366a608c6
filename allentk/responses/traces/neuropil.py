"""How much of a cell's fluorescence is light of the neuropil around it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from allentk.data import Traces
from allentk.errors import DataError
from allentk.responses.checks import check_whole
from allentk.responses.definition import chosen
from allentk.responses.traces.checks import given, same_cells, unmeasured
from allentk.responses.traces.quirks import QUIRKS

__all__ = ["neuropil_r"]

Array = NDArray[np.float64]
_FIRST_RANGE, _FIRST_STEP, _FINER, _PASSES = (0.0, 2.0), 0.1, 0.1, 3
_MOST_FOLDS = 1_000_000
_LARGEST = 1000.0  # share beyond which traces of one unit cannot lie: the search would not end


def neuropil_r(
    traces: Traces,
    neuropil: Traces,
    *,
    smoothness: float = 0.05,
    n_folds: int = 4,
    normalise: bool = False,
    quirks: str | Iterable[str] = (),
) -> pd.DataFrame:
    """Return the share r of the neuropil in every cell's fluorescence.

    Parameters
    ----------
    traces, neuropil : Traces
        Fluorescence of the cells, demixed, and of the neuropil around each; of unit ``"F"``.
    smoothness : float
        Weight of the first differences.
    n_folds : int
        Pieces of equal length that a recording is cut into; frames left over at the end are not used.
    normalise : bool
        Measure every fold in units of the range of its neuropil, as the published program describes and
        does not do.
    quirks : str or iterable of str
        ``"same_fold"``, or ``"published"``: the error is that of AllenSDK. The share is its in any case.

    Returns
    -------
    DataFrame
        One row per cell: ``cell``; ``r``; ``error``, what is not smooth, as a fraction of the mean
        fluorescence; ``notes``, why a cell has no r.

    Raises
    ------
    DataError
        Where the traces are of another unit, or too short for two frames in a fold; for a negative
        smoothness.

    Notes
    -----
    For a share r, C solves (I + smoothness L'L) C = F - r N in every fold, L the first difference;
    the error is RMS(C - (F - r N)) / abs(mean(F)), averaged over folds. The share of least error is looked
    for from 0 to 2 in steps of 0.1, then twice between its neighbours in steps ten times smaller;
    where the last one is best the range moves on (AllenSDK ``brain_observatory.r_neuropil``). What is
    left over is linear in r, so that two solutions per fold serve all shares.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> around, cell = rng.normal(200, 20, 4000), np.cumsum(rng.normal(0, 0.5, 4000)) + 300
    >>> clock = np.arange(4000)
    >>> F, N = (Traces(x[None], clock, [5], "F") for x in (cell + 0.7 * around, around))
    >>> neuropil_r(F, N)["r"].round(2).tolist()
    [0.7]
    """
    traces, neuropil = given(traces, "F", "neuropil_r"), given(neuropil, "F", "neuropil_r")
    same_cells(traces, neuropil, "neuropil_r")
    same_fold = "same_fold" in chosen(quirks, QUIRKS)
    n_frames = traces.time_s.size
    check_whole("n_folds", n_folds, least=1, most=_MOST_FOLDS)
    if not 0 <= smoothness < np.inf:
        raise DataError(f"neuropil_r: smoothness must be a weight of 0 or more, got {smoothness!r}")
    length = n_frames // n_folds
    if length < 2:
        raise DataError(
            f"neuropil_r: {n_frames} frames cannot be cut into {n_folds} folds of two frames "
            f"or more"
        )
    band = _band(length, smoothness)
    wrong = unmeasured(neuropil) | unmeasured(traces)
    r, error = np.full((2, traces.n_cells), np.nan)
    for row in range(traces.n_cells):
        if row in wrong:
            continue
        cut = (n_folds, length)
        f, n = (_row(held, row, cut) for held in (traces, neuropil))
        left = _left_over(f, n, band, normalise)
        if left is None:
            wrong[row] = "the mean fluorescence of a fold is zero"
            continue
        r[row], error[row] = _search(left)
        if np.isnan(r[row]):
            wrong[row] = "the error still falls at the largest share tried"
        elif not same_fold:
            error[row] = _held_out(left)
    return pd.DataFrame(
        {
            "cell": traces.ids,
            "r": r,
            "error": error,
            "notes": [wrong.get(row, "") for row in range(traces.n_cells)],
        }
    )


@dataclass(frozen=True, slots=True)
class _LeftOver:
    """Mean square of what is not smooth, per fold: f - 2 r cross + r^2 n; and the vectors."""

    f: Array
    n: Array
    cross: Array
    divisor: Array
    of_f: Array  # (length, folds)
    of_n: Array

    def errors(self, r: Array) -> Array:
        """Return the error of every share and fold."""
        share = r[:, None]
        square = self.f - 2 * share * self.cross + share**2 * self.n
        found: Array = np.sqrt(np.maximum(square, 0.0)) / self.divisor
        return found

    def exact(self, r: float) -> Array:
        """Return the error of every fold, without the cancellation of the squares."""
        rest = self.of_f - r * self.of_n
        found: Array = np.sqrt(np.mean(rest**2, axis=0)) / self.divisor
        return found


def _row(traces: Traces, row: int, cut: tuple[int, int]) -> Array:
    """Return a trace in double precision, one row per fold."""
    first: Array = traces.values[row][: cut[0] * cut[1]].astype(float)  # noqa: PD011 (no table)
    return first.reshape(cut)


def _band(length: int, smoothness: float) -> Array:
    """Return I + smoothness L'L as the three rows of its diagonals."""
    band = np.full((3, length), -smoothness)
    band[1] = 1 + 2 * smoothness
    band[1, [0, -1]] = 1 + smoothness
    return band


def _left_over(f: Array, n: Array, band: Array, normalise: bool) -> _LeftOver | None:
    divisor = np.abs(f.mean(axis=1) - n.min(axis=1) if normalise else f.mean(axis=1))
    if not (divisor > 0).all():
        return None
    both = np.concatenate([f, n]).T
    rest = solve_banded((1, 1), band, both) - both
    of_f, of_n = rest[:, : len(f)], rest[:, len(f) :]
    squares = [np.mean(a * b, axis=0) for a, b in ((of_f, of_f), (of_n, of_n), (of_f, of_n))]
    return _LeftOver(squares[0], squares[1], squares[2], divisor, of_f, of_n)


def _search(left: _LeftOver) -> tuple[float, float]:
    """Return the share of least mean error, and that error; NaN where the range runs empty."""
    best = _best(left, np.arange(left.divisor.size))
    return best, float(left.exact(best).mean()) if np.isfinite(best) else np.nan


def _best(left: _LeftOver, folds: NDArray[np.int64]) -> float:
    """Return the share of least mean error over some folds."""
    (start, stop), step = _FIRST_RANGE, _FIRST_STEP
    least, best = np.inf, np.nan
    passes = 0
    while passes < _PASSES:
        shares = np.arange(start, stop, step)
        if not shares.size or start > _LARGEST:
            return np.nan
        errors = left.errors(shares)[:, folds].mean(axis=1)
        at = int(errors.argmin())
        if errors[at] < least:
            least, best = float(errors[at]), float(shares[at])
        if at == shares.size - 1:
            start, stop = shares[-1], shares[-1] + (shares[-1] - shares[0])
        else:
            start, stop = shares[max(at - 1, 0)], shares[at + 1]
            step *= _FINER
            passes += 1
    return best


def _held_out(left: _LeftOver) -> float:
    """Return the mean error of every fold at the share that the others choose; NaN of one fold."""
    folds = np.arange(left.divisor.size)
    if folds.size < 2:
        return np.nan
    errors = [left.exact(_best(left, folds[folds != fold]))[fold] for fold in folds]
    return float(np.mean(errors))
