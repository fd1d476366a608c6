"""Score a model's cells against a reference, metric by metric and class by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from allentk import registry
from allentk.benchmark.compare import ks_distance, wasserstein_distance
from allentk.benchmark.distribution import MIN_CELLS, Distribution
from allentk.benchmark.reference import SELECTIVITY, Reference, load_reference, measured
from allentk.data import NetworkResponse
from allentk.errors import DataError
from allentk.responses import drifting_gratings

__all__ = ["RESULT_COLUMNS", "Benchmark", "BenchmarkResult"]

#: Columns of ``BenchmarkResult.table``.
RESULT_COLUMNS = {
    "metric": "name of the metric",
    "population": "class of cells",
    "n_model": "cells of the model that count",
    "n_data": "cells of the data that count",
    "n_dropped": "cells of the model without a value",
    "n_excluded": "cells of the model with a peak rate too low for selectivity",
    "median_model": "median, and quartiles, in the unit of the metric",
    "median_data": "",
    "q25_model": "",
    "q75_model": "",
    "q25_data": "",
    "q75_data": "",
    "ks": "Kolmogorov-Smirnov distance, 0 to 1",
    "wasserstein": "first Wasserstein distance, in the unit of the metric",
    "S": "1 - ks",
    "ceiling": "mean S between random halves of the data",
    "S_over_ceiling": "S as a share of the ceiling",
    "noise_floor": "95th percentile of ks between random halves of the data",
    "quantile_error": "most by which ks may err because the reference is in quantiles",
    "scored": "whether the row counts",
    "reason": "why not, else empty",
}


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class BenchmarkResult:
    """How close a model comes to a reference.

    Parameters
    ----------
    table : DataFrame
        One row per metric and class of the reference, columns `RESULT_COLUMNS`; distances are NaN where
        ``scored`` is False and ``reason`` says why.
    reference : Reference
        What it was compared with.
    model_table : DataFrame
        The model's cells, one row each.
    """

    table: pd.DataFrame
    reference: Reference
    model_table: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """Return one row per metric: classes scored, mean and median S, mean ceiling and share of it."""
        rows = []
        for metric, of in self.table.groupby("metric", sort=False):
            scored = of[of["scored"]]
            rows.append(
                {
                    "metric": metric,
                    "n_scored": len(scored),
                    "n_unscored": len(of) - len(scored),
                    "S_mean": scored["S"].mean(),
                    "S_median": scored["S"].median(),
                    "ceiling_mean": scored["ceiling"].mean(),
                    "S_over_ceiling_mean": scored["S_over_ceiling"].mean(),
                    "n_within_noise": int((scored["ks"] <= scored["noise_floor"]).sum()),
                }
            )
        return pd.DataFrame(rows)

    def to_dataframe(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def to_html(self, path: str | PathLike[str]) -> Any:
        """Write the report to `path`; returns what the report's writer returns."""
        return registry.call("benchmark.to_html", self, path)

    def __repr__(self) -> str:
        scored = int(self.table["scored"].sum())
        means = ", ".join(
            f"{row.metric} {row.S_mean:.2f}" for row in self.summary().itertuples() if row.n_scored
        )
        return (
            f"<BenchmarkResult against {self.reference.name}: {scored} of {len(self.table)} rows "
            f"scored; mean S {means or 'none'}>"
        )

    def _repr_html_(self) -> str:
        html: str = self.summary().to_html(index=False, float_format=lambda x: f"{x:.3f}")
        return html


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
            One row per cell: ``population`` in the reference's classes and metric columns, as
            ``responses.drifting_gratings`` returns them; or a network's response, measured first.

        Returns
        -------
        BenchmarkResult

        Raises
        ------
        DataError
            Without ``population``, or for a population that the reference does not have.
        """
        if isinstance(table, NetworkResponse):
            table = drifting_gratings(table)
        self._check(table)
        cells = {str(name): rows for name, rows in table.groupby("population", sort=False)}
        rows = [
            self._row(metric, population, cells.get(population, table.iloc[:0]))
            for metric in self.metrics
            for population in self.reference.classes
        ]
        result = pd.DataFrame(rows, columns=list(RESULT_COLUMNS))
        return BenchmarkResult(result, self.reference, table.copy())

    def _check(self, table: pd.DataFrame) -> None:
        if "population" not in table:
            raise DataError(
                f"Benchmark.score: the table needs the column 'population', one of "
                f"{self.reference.classes}; got the columns {list(table.columns)}"
            )
        there = list(table["population"].unique())
        unknown = [name for name in there if name not in self.reference.classes]
        if unknown:
            names = ", ".join(repr(str(name)) for name in unknown)
            raise DataError(
                f"Benchmark.score: the reference {self.reference.name!r} has no population {names}; "
                f"there are {self.reference.classes}. Rename the cells' population, or leave them "
                f"out of the table"
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
        if metric not in cells:
            return f"the model's table has no column {metric}"
        least = self.reference.min_peak_rate_hz
        if metric in SELECTIVITY and least > 0 and "peak_rate_hz" not in cells:
            return (
                f"the model's table has no column peak_rate_hz, by which the reference leaves out "
                f"cells below {least:g} Hz"
            )
        return ""


def _reference(reference: str | Reference | pd.DataFrame, stimulus: str) -> Reference:
    if isinstance(reference, Reference):
        return reference
    if isinstance(reference, pd.DataFrame):
        return Reference.from_table(reference, stimulus=stimulus)
    return load_reference(reference)


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
