"""Score a model's cells against a reference, metric by metric and class by class."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from allentk.benchmark.compare import ks_distance, wasserstein_distance
from allentk.benchmark.distribution import MIN_CELLS, Distribution
from allentk.benchmark.metrics import SELECTIVITY, measured, signals
from allentk.benchmark.reference import Reference
from allentk.benchmark.result import RESULT_COLUMNS, BenchmarkResult
from allentk.benchmark.shipped import load_reference
from allentk.data import NetworkResponse, StimulusTable
from allentk.errors import DataError
from allentk.responses import drifting_gratings
from allentk.responses.conditions import conditions, gratings_where
from allentk.responses.gratings import presentations_of

__all__ = ["Benchmark"]


class Benchmark:
    """Compare the metrics of a model's cells with those of recorded cells.

    Parameters
    ----------
    stimulus : str
        What both were shown; ``"drifting_gratings"``.
    reference : str, Reference or DataFrame
        The name of a reference that comes with allentk, a reference, or a table of cells with the column
        ``population`` and metric columns.
    metrics : sequence of str, optional
        Metrics to score; by default all of the reference.

    Raises
    ------
    DataError
        For an unknown reference or metric, or one of another stimulus.

    Notes
    -----
    A class is scored when it has at least 15 cells on both sides, S = 1 - KS (Billeh et al. 2020, Neuron
    106:388). Read S beside its ceiling, what random halves of the data score against each other.

    Examples
    --------
    >>> cells = pd.DataFrame({"population": "L4 Exc", "peak_rate_hz": np.linspace(0, 20, 50)})
    >>> result = Benchmark("drifting_gratings", reference="v1-neuropixels").score(cells)
    >>> result.table[result.table["scored"]][["metric", "population"]].to_numpy().tolist()
    [['peak_rate_hz', 'L4 Exc']]
    """

    def __init__(
        self,
        stimulus: str = "drifting_gratings",
        *,
        reference: str | Reference | pd.DataFrame = "v1-neuropixels",
        metrics: Sequence[str] | None = None,
    ) -> None:
        self.stimulus = stimulus
        self.reference = _reference(reference, stimulus)
        if isinstance(metrics, str) or not (metrics is None or isinstance(metrics, Iterable)):
            raise DataError(f"Benchmark: metrics must be a sequence of names, got {metrics!r}")
        self.metrics = self.reference.metrics if metrics is None else tuple(metrics)
        if self.reference.stimulus != stimulus:
            raise DataError(
                f"Benchmark: the reference {self.reference.name!r} is of "
                f"{self.reference.stimulus!r}, not of {stimulus!r}"
            )
        unknown = [metric for metric in self.metrics if metric not in self.reference.metrics]
        if unknown:
            raise DataError(
                f"Benchmark: the reference {self.reference.name!r} has no metric {unknown[0]!r}; "
                f"there are {self.reference.metrics}"
            )

    def score(self, table: pd.DataFrame | NetworkResponse) -> BenchmarkResult:
        """Compare the model's cells with the reference.

        Parameters
        ----------
        table : DataFrame or NetworkResponse
            A network's response, measured first as in ``measure``: it is ``model_table`` of the result.
            Or one row per cell: ``population`` in the reference's classes and metric columns. A table is
            taken as it is given: that it was measured under the reference's conditions, such as 2 Hz
            only, is for the caller to see to.

        Returns
        -------
        BenchmarkResult
            Not compared, and ``reason`` says so: rates in Hz with dF/F, and selectivity of the one with
            that of the other.

        Raises
        ------
        DataError
            Without ``population``, or for a population that the reference does not have; for a response
            as in ``measure``; for anything else.
        """
        if isinstance(table, NetworkResponse):
            shown = self._shown(table)
            under = _under(shown, self.reference)
            table = drifting_gratings(table, shown)
        else:
            under = _as_given(table, self.reference)
        self._check(table)
        cells = {str(name): rows for name, rows in table.groupby("population", sort=False)}
        rows = [
            self._row(metric, population, cells.get(population, table.iloc[:0]))
            for metric in self.metrics
            for population in self.reference.classes
        ]
        result = pd.DataFrame(rows, columns=list(RESULT_COLUMNS))
        return BenchmarkResult(result, self.reference, table.copy(), under)

    def measure(self, response: NetworkResponse) -> pd.DataFrame:
        """Measure a network's cells under the conditions of the reference.

        Parameters
        ----------
        response : NetworkResponse
            With ``presentations``; of the gratings only those like the reference's count, and the blanks.
            A condition that the presentations do not state is taken to be the reference's.

        Returns
        -------
        DataFrame
            What ``responses.drifting_gratings`` returns for them, one row per cell: the table that
            ``score`` compares.

        Raises
        ------
        DataError
            Where no grating of the reference's conditions was shown, or it is not known what was; for a
            benchmark of another stimulus, or an argument of another type.
        """
        return drifting_gratings(response, self._shown(response))

    def _shown(self, response: object) -> StimulusTable:
        """Return the gratings like the reference's that a network was shown, and the blanks."""
        if not isinstance(response, NetworkResponse):
            raise DataError(
                f"Benchmark.measure: expected a NetworkResponse, got a {type(response).__name__}; "
                f"for recorded cells give score the table of responses.drifting_gratings with a "
                f"column 'population'"
            )
        if self.stimulus != "drifting_gratings":
            raise DataError(
                f"Benchmark.measure: only drifting_gratings can be measured, not {self.stimulus!r}; "
                f"give score a table of metrics"
            )
        return gratings_where(presentations_of(response, None), self.reference.conditions)

    def _check(self, table: pd.DataFrame) -> None:
        if "population" not in table:
            raise DataError(
                f"Benchmark.score: the table needs the column 'population', one of "
                f"{self.reference.classes}; got the columns {list(table.columns)}"
            )
        counts = table["population"].value_counts(dropna=False, sort=False)
        unknown = {name: n for name, n in counts.items() if name not in self.reference.classes}
        if unknown:
            names = ", ".join(f"{str(name)!r} ({n} cells)" for name, n in unknown.items())
            raise DataError(
                f"Benchmark.score: the reference {self.reference.name!r} has no population {names}; "
                f"there are {self.reference.classes}. Rename the cells' population, or leave them "
                f"out of the table; Benchmark.measure gives that of a network's response"
            )

    def _row(self, metric: str, population: str, cells: pd.DataFrame) -> dict[str, object]:
        data = self.reference.distributions[population].get(metric)
        data = Distribution.from_samples([]) if data is None else data
        row: dict[str, object] = {
            **dict.fromkeys(RESULT_COLUMNS, math.nan),
            **dict.fromkeys(("n_model", "n_dropped", "n_excluded"), 0),
            "metric": metric,
            "population": population,
            "n_data": data.n,
            "median_data": data.median,
            "q25_data": data.q25,
            "q75_data": data.q75,
            "ceiling": data.ceiling,
            "noise_floor": data.noise_floor,
            "quantile_error": data.quantile_error,
        }
        reason = self._missing(metric, cells)
        values = np.empty(0)
        if not reason:
            kept, row["n_dropped"], row["n_excluded"] = measured(
                cells, metric, self.reference.min_peak_rate_hz
            )
            values = kept.to_numpy(float)
            row |= _model_side(values)
            reason = _too_few(values.size, data)
        if not reason:
            row |= _scores(values, data)
        return {**row, "scored": not reason, "reason": reason}

    def _missing(self, metric: str, cells: pd.DataFrame) -> str:
        ours, theirs = signals(self.reference.metrics), signals(cells.columns)
        if ours and theirs and not ours & theirs:
            return f"the model's responses are in {theirs.pop()}, those of the reference in {ours.pop()}"
        if metric not in cells:
            return f"the model's table has no column {metric}"
        least = self.reference.min_peak_rate_hz
        if metric in SELECTIVITY and least > 0 and "peak_rate_hz" not in cells:
            return (
                f"the model's table has no column peak_rate_hz, by which the reference leaves out "
                f"cells below {least:g} Hz"
            )
        return ""


def _reference(reference: object, stimulus: str) -> Reference:
    if isinstance(reference, Reference):
        return reference
    if isinstance(reference, pd.DataFrame):
        return Reference.from_table(reference, stimulus=stimulus)
    if isinstance(reference, str):
        return load_reference(reference)
    raise DataError(
        f"Benchmark: the reference must be a name, a Reference or a DataFrame of cells, got a "
        f"{type(reference).__name__}"
    )


def _under(shown: StimulusTable, reference: Reference) -> str:
    """Say which gratings a network was measured with."""
    kinds = conditions(shown)
    stated = shown.table.iloc[kinds.grating].notna().any()
    said = [
        f"{name} {value:g}" + ("" if stated[name] else " (taken for granted, not stated)")
        for name, value in reference.conditions.items()
    ]
    of = f"with {', '.join(said)}" if said else "of all conditions shown"
    return f"{kinds.grating.size} gratings {of}, and {kinds.blank.size} blanks"


def _as_given(table: object, reference: Reference) -> str:
    """Say what is known of the conditions of a table."""
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"Benchmark.score: expected a DataFrame with one row per cell or a NetworkResponse, got a "
            f"{type(table).__name__}"
        )
    said = "a table, taken as it is given"
    wanted = reference.conditions.get("temporal_frequency_hz")
    if wanted is None or "preferred_tf_hz" not in table:
        return said
    preferred = pd.to_numeric(table["preferred_tf_hz"], errors="coerce").dropna()
    others = sorted({float(f) for f in preferred if not math.isclose(f, wanted, rel_tol=1e-6)})
    if not others:
        return said
    return (
        f"{said}: not under the reference's conditions, temporal_frequency_hz {wanted:g}, for it has "
        f"cells that prefer {', '.join(f'{f:g}' for f in others)} Hz"
    )


def _model_side(values: Any) -> dict[str, object]:
    if not values.size:
        return {"n_model": 0}
    q25, median, q75 = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    return {"n_model": values.size, "median_model": median, "q25_model": q25, "q75_model": q75}


def _too_few(n_model: int, data: Distribution) -> str:
    if data.n < MIN_CELLS:
        return f"the data have {data.n} cells, fewer than {MIN_CELLS}"
    if n_model < MIN_CELLS:
        return f"the model has {n_model} cells, fewer than {MIN_CELLS}"
    return ""


def _scores(values: Any, data: Distribution) -> dict[str, object]:
    ks = ks_distance(values, data)
    return {
        "ks": ks,
        "wasserstein": wasserstein_distance(values, data),
        "S": 1 - ks,
        "S_over_ceiling": (1 - ks) / data.ceiling,
    }
