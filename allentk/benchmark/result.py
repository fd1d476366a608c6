"""What a benchmark finds: scores class by class, and under which conditions."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Any

import pandas as pd

from allentk import registry
from allentk.benchmark.reference import Reference
from allentk.data import NetworkResponse
from allentk.data._html import card, facts, says_synthetic, synthetic_end
from allentk.data._html import table as small_table

__all__ = ["RESULT_COLUMNS", "BenchmarkResult"]

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
    "S_low": "bootstrap interval of S, cells drawn again on both sides",
    "S_high": "",
    "unit": "unit of the metric",
    "definition": "what the metric is",
    "window": "of which stretch of time or stimulus it is",
    "exclusion": "which cells with a value are left out",
}

#: Columns of ``summary`` that a notebook shows.
_SHOWN = ("metric", "n_scored", "n_unscored", "S_mean", "ceiling_mean", "n_within_noise")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class BenchmarkResult:
    """How close a model comes to a reference.

    Parameters
    ----------
    table : DataFrame
        One row per metric and class of the reference, columns `RESULT_COLUMNS`; distances are NaN where
        ``scored`` is False and ``reason`` says why.
    reference : Reference
        What it was compared with; ``reference.conditions`` are those of the data.
    model_table : DataFrame
        The model's cells, one row each: as given, or as measured on the network's response.
    measured_under : str
        Under which conditions the model's cells were measured, in words.
    notes : tuple of str
        What was skipped or taken for granted, in words.
    response : NetworkResponse, optional
        The network's response that was scored; the report draws from it.
    """

    table: pd.DataFrame
    reference: Reference
    model_table: pd.DataFrame
    measured_under: str
    notes: tuple[str, ...] = ()
    response: NetworkResponse | None = None

    def summary(self) -> pd.DataFrame:
        """Return one row per metric, means over classes of cells.

        Returns
        -------
        DataFrame
            ``n_scored``, ``n_unscored``, and ``S_mean``, ``S_median`` over the classes scored. A class
            has a ceiling and a noise floor where the data have cells enough for two halves: there are
            ``n_with_ceiling`` such classes scored, and only over them ``S_mean_with_ceiling``,
            ``ceiling_mean``, ``S_over_ceiling_mean``, and ``n_within_noise``, the classes nearer to the
            data than the data's noise.
        """
        rows = []
        for metric, of in self.table.groupby("metric", sort=False):
            scored = of[of["scored"].astype(bool)]
            judged = scored[scored["ceiling"].notna()]
            rows.append(
                {
                    "metric": metric,
                    "n_scored": len(scored),
                    "n_unscored": len(of) - len(scored),
                    "S_mean": scored["S"].mean(),
                    "S_median": scored["S"].median(),
                    "n_with_ceiling": len(judged),
                    "S_mean_with_ceiling": judged["S"].mean(),
                    "ceiling_mean": judged["ceiling"].mean(),
                    "S_over_ceiling_mean": judged["S_over_ceiling"].mean(),
                    "n_within_noise": int((judged["ks"] <= judged["noise_floor"]).sum()),
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
            f"scored; mean S {means or 'none'}{synthetic_end(self.synthetic)}>"
        )

    @property
    def synthetic(self) -> bool:
        """Whether the model's cells or the reference rest on made-up data."""
        cells, response = self.model_table, self.response
        marked = "synthetic" in cells and bool(cells["synthetic"].fillna(False).astype(bool).any())
        said = () if response is None else (response.provenance,)
        return says_synthetic(marked, cells.attrs, self.reference.synthetic, *said)

    def _repr_html_(self) -> str:
        told = {
            "reference": self.reference.title,
            "measured": self.measured_under,
            **{f"note {k}": note for k, note in enumerate(self.notes[:4], start=1)},
        }
        summary = self.summary()[list(_SHOWN)]
        return card(self, facts(told), small_table(summary), synthetic=self.synthetic)
