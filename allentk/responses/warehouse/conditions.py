"""The response of every cell to every condition, as a small value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable, Traces
from allentk.responses.definition import chosen
from allentk.responses.shown import PARAMETERS
from allentk.responses.warehouse.averages import average
from allentk.responses.warehouse.measured import measure
from allentk.responses.warehouse.quirks import QUIRKS
from allentk.responses.warehouse.trial_array import TrialArray

__all__ = ["ConditionResponses", "condition_responses"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ConditionResponses:
    """Mean response, its standard error, and significant trials, by condition.

    Parameters
    ----------
    cells : ndarray of int, shape (n_cells,)
        Ids of the cells.
    axes : dict of str to ndarray
        Values of every parameter; its name is the table's column. The order is that of the axes below.
    mean, sem : ndarray, shape (n_cells, ...)
        In the unit percent of the baseline; the standard error has ddof 1. NaN where a condition has no
        trial (or one).
    significant, n : ndarray of int, shape (n_cells, ...)
        Trials whose frames differ from their baseline (one-way analysis of variance, 0.05 by Bonferroni
        over conditions), and all trials.
    blank_mean, blank_sem, blank_significant, blank_n : ndarray, shape (n_cells,)
        The same of the blanks: two in percent of the baseline, two numbers of trials.
    """

    cells: NDArray[np.int64]
    axes: dict[str, Array]
    mean: Array
    sem: Array
    significant: NDArray[np.int64]
    n: NDArray[np.int64]
    blank_mean: Array
    blank_sem: Array
    blank_significant: NDArray[np.int64]
    blank_n: NDArray[np.int64]

    def __repr__(self) -> str:
        shape = " x ".join(f"{axis.size} {name}" for name, axis in self.axes.items())
        return f"<ConditionResponses: {self.cells.size} cells, {shape}>"


def condition_responses(
    responses: Traces | TrialArray,
    table: StimulusTable,
    stimulus: str = "drifting_gratings",
    *,
    ids: ArrayLike | None = None,
    quirks: str | Iterable[str] = (),
) -> ConditionResponses:
    """Return the response of every cell to every condition of a stimulus.

    Parameters
    ----------
    responses, table, ids, quirks
        As in ``drifting_gratings``.
    stimulus : str
        ``"drifting_gratings"``, ``"static_gratings"`` or ``"natural_scenes"``.

    Raises
    ------
    DataError
        As ``drifting_gratings``; for another stimulus.

    Examples
    --------
    >>> import pandas as pd
    >>> shown = pd.DataFrame({"start_s": [2.0, 4, 6], "stop_s": [2.25, 4.25, 6.25],
    ...     "stimulus": "natural_scenes", "frame": [0, 0, 1]})
    >>> traces = Traces([100.0 + np.arange(240) // 120], np.arange(240) / 30, [7], "F")
    >>> condition_responses(traces, StimulusTable(shown), "natural_scenes").n.tolist()
    [[2, 1]]
    """
    asked = chosen(quirks, QUIRKS)
    of = measure(responses, table, stimulus, ids=ids, running=None, quirks=asked)
    n, shape = of.shown.n_conditions, of.shown.shape
    tests = n
    if stimulus == "static_gratings" and "threshold_without_phase" in asked:
        tests = shape[0] * shape[1]
    averages = average(of.trials, of.shown.condition, n + 1)
    passed = of.sweeps.significant(0.05 / tests).astype(float)
    member = np.zeros((of.shown.condition.size, n + 1))
    member[np.arange(len(member)), of.shown.condition] = 1.0
    parts = (averages.mean, averages.sem, passed @ member, averages.n)
    mean, sem, significant, number = (part[:, :n].reshape(-1, *shape) for part in parts)
    blank = [part[:, n] for part in parts]
    return ConditionResponses(
        cells=of.cells,
        axes=dict(zip(PARAMETERS[stimulus], of.shown.axes, strict=True)),
        mean=mean,
        sem=sem,
        significant=significant.astype(np.int64),
        n=number.astype(np.int64),
        blank_mean=blank[0],
        blank_sem=blank[1],
        blank_significant=blank[2].astype(np.int64),
        blank_n=blank[3].astype(np.int64),
    )
