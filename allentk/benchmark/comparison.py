"""Several models against one reference: which is nearer to the data, beyond noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from os import PathLike
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk import registry
from allentk.benchmark.benchmark import Benchmark
from allentk.benchmark.bootstrap import interval, resampled_scores, streams
from allentk.benchmark.reference import Reference
from allentk.benchmark.result import BenchmarkResult
from allentk.benchmark.score import values_of
from allentk.data import NetworkResponse
from allentk.data._html import card, facts, synthetic_end
from allentk.data._html import table as small_table
from allentk.errors import DataError

__all__ = ["COMPARED", "DIFFERENCES", "Comparison", "compare"]

Array = NDArray[np.float64]
Model: TypeAlias = pd.DataFrame | NetworkResponse | str | PathLike[str] | BenchmarkResult

#: Columns of ``Comparison.table``.
COMPARED = (
    *("metric", "population", "model", "n_model", "n_data", "median_model", "median_data"),
    *("S", "S_low", "S_high", "ceiling", "S_over_ceiling", "ks", "noise_floor", "scored", "reason"),
)

#: Columns of ``Comparison.differences``.
DIFFERENCES = {
    "metric": "name of the metric",
    "population": "class of cells",
    "model_a": "one model",
    "model_b": "the other",
    "difference": "S of the one less S of the other",
    "low": "95 % bootstrap interval of the difference; the data are drawn for both in common",
    "high": "",
    "better": "the model whose S is larger, where the interval leaves 0 out; else empty",
    "scored": "whether both have a score",
    "reason": "why not, else empty",
}


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Comparison:
    """How several models come out against one reference.

    Parameters
    ----------
    results : mapping of str to BenchmarkResult
        Of each model, in the order given.
    table : DataFrame
        One row per metric, class and model, columns `COMPARED`.
    differences : DataFrame
        One row per metric, class and pair of models, columns `DIFFERENCES`.
    means : DataFrame
        What ``summary`` returns.
    bootstrap, seed : int
        Draws for the intervals, and where their random numbers start.
    """

    results: Mapping[str, BenchmarkResult]
    table: pd.DataFrame
    differences: pd.DataFrame
    means: pd.DataFrame
    bootstrap: int
    seed: int

    @property
    def reference(self) -> Reference:
        """What the models were compared with."""
        return next(iter(self.results.values())).reference

    def summary(self) -> pd.DataFrame:
        """Return one row per metric and pair of models, means over the classes that both have a score of.

        Returns
        -------
        DataFrame
            ``metric``, ``model_a``, ``model_b``, ``n_classes``, ``S_mean_a``, ``S_mean_b``,
            ``difference`` of the means, its 95 % bootstrap interval ``low``, ``high``, and ``better``.
        """
        return self.means.copy()

    def to_dataframe(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def to_html(self, path: str | PathLike[str]) -> Any:
        """Write the page of the comparison to `path`; returns what its writer returns."""
        return registry.call("comparison.to_html", self, path)

    def __repr__(self) -> str:
        better = self.differences["better"]
        wins = ", ".join(f"{name!r} in {int((better == name).sum())}" for name in self.results)
        return (
            f"<Comparison of {len(self.results)} models against {self.reference.name}: of "
            f"{int(self.differences['scored'].sum())} differences better beyond noise {wins}"
            f"{synthetic_end(self.synthetic)}>"
        )

    @property
    def synthetic(self) -> bool:
        """Whether a model or the reference rests on made-up data."""
        return any(result.synthetic for result in self.results.values())

    def _repr_html_(self) -> str:
        told = {"reference": self.reference.title, "models": list(self.results)}
        return card(self, facts(told), small_table(self.means), synthetic=self.synthetic)


def compare(models: Mapping[str, Model], benchmark: Benchmark) -> Comparison:
    """Compare several models with one reference, and with each other.

    Parameters
    ----------
    models : mapping of str to DataFrame, NetworkResponse, path or BenchmarkResult
        At least two, each what ``Benchmark.score`` takes, or has returned for this reference.
    benchmark : Benchmark
        With the reference, the metrics, and the draws of the intervals.

    Returns
    -------
    Comparison

    Raises
    ------
    DataError
        For fewer than two models, or results against another reference; as ``Benchmark.score``.

    Notes
    -----
    The data are drawn again for all models in common, the cells of each model on their own: the interval
    of a difference is narrower than those of the two S suggest.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> near, far = (
    ...     pd.DataFrame({"population": "L4 Exc", "osi_vector": rng.beta(*shape, 200), "peak_rate_hz": 3.0})
    ...     for shape in ((2, 5), (9, 2))
    ... )
    >>> bench = Benchmark(reference="v1-neuropixels", metrics=["osi_vector"])
    >>> found = compare({"near": near, "far": far}, bench).differences
    >>> found.loc[found["scored"], "better"].tolist()
    ['near']
    """
    if not isinstance(models, Mapping) or len(models) < 2:
        raise DataError(
            "compare: expected at least two models by name, such as {'tuned': table, 'random': table}"
        )
    results = {str(name): _scored(model, str(name), benchmark) for name, model in models.items()}
    table = pd.concat([r.table.assign(model=name) for name, r in results.items()])
    order = [(m, p) for m in benchmark.metrics for p in benchmark.reference.classes]
    rank = {row: i for i, row in enumerate(order)}
    at = [rank[row] for row in zip(table["metric"], table["population"], strict=True)]
    table = table.assign(_at=at).sort_values("_at", kind="stable")[list(COMPARED)]
    draws = _drawn(results, benchmark)
    return Comparison(
        results=results,
        table=table.reset_index(drop=True),
        differences=_differences(results, draws, order),
        means=_means(results, draws, benchmark),
        bootstrap=benchmark.bootstrap,
        seed=benchmark.seed,
    )


def _scored(model: Model, name: str, benchmark: Benchmark) -> BenchmarkResult:
    if not isinstance(model, BenchmarkResult):
        return benchmark.score(model)
    found = set(zip(model.table["metric"], model.table["population"], strict=True))
    wanted = {(m, p) for m in benchmark.metrics for p in benchmark.reference.classes}
    if model.reference is not benchmark.reference or found != wanted:
        raise DataError(
            f"compare: the result of {name!r} is against {model.reference.name!r}, or of other metrics, "
            f"than this benchmark's; give the model itself"
        )
    return model


def _drawn(
    results: Mapping[str, BenchmarkResult], benchmark: Benchmark
) -> dict[tuple[str, str, str], Array]:
    """Return the scores of resampled cells by model, metric and class; the data drawn in common."""
    found = {}
    for name, result in results.items():
        for row in result.table[result.table["scored"].astype(bool)].itertuples():
            metric, population = str(row.metric), str(row.population)
            values = values_of(benchmark.reference, metric, population, result.model_table)
            found[name, metric, population] = resampled_scores(
                values,
                benchmark.reference.distributions[population][metric],
                *streams(benchmark.seed, metric, population, name),
                draws=max(benchmark.bootstrap, 1),
            )
    return found if benchmark.bootstrap else dict.fromkeys(found, np.full(1, np.nan))


def _scores(result: BenchmarkResult) -> dict[tuple[str, str], tuple[float, str]]:
    """Return S, and why there is none, by metric and class."""
    table = result.table
    rows = zip(table["metric"], table["population"], table["S"], table["reason"], strict=True)
    return {(m, p): (float(score), reason) for m, p, score, reason in rows}


def _differences(
    results: Mapping[str, BenchmarkResult],
    draws: Mapping[tuple[str, str, str], Array],
    order: list[tuple[str, str]],
) -> pd.DataFrame:
    scores = {name: _scores(result) for name, result in results.items()}
    rows: list[dict[str, object]] = []
    for row in order:
        for a, b in combinations(results, 2):
            (s_a, no_a), (s_b, no_b) = scores[a][row], scores[b][row]
            reason = "; ".join(f"{name}: {no}" for name, no in ((a, no_a), (b, no_b)) if no)
            found = dict(zip(("difference", "low", "high", "better"), _NOTHING, strict=True))
            if not reason:
                found = _judged(a, b, s_a - s_b, draws[a, *row] - draws[b, *row])
            of = {"metric": row[0], "population": row[1], "model_a": a, "model_b": b}
            rows.append({**of, **found, "scored": not reason, "reason": reason})
    return pd.DataFrame(rows, columns=list(DIFFERENCES))


#: Difference, interval and verdict where there is no score.
_NOTHING = (math.nan, math.nan, math.nan, "")


def _judged(a: str, b: str, difference: float, drawn: Array) -> dict[str, object]:
    """Return a difference with its interval, and which of the two is better beyond noise."""
    low, high = interval(drawn, within=(-1.0, 1.0))
    # Each model's draws are moved by their own mean: without spread they may miss the difference itself.
    low, high = min(low, difference), max(high, difference)
    better = a if low > 0 else b if high < 0 else ""
    return {"difference": difference, "low": low, "high": high, "better": better}


def _means(
    results: Mapping[str, BenchmarkResult],
    draws: Mapping[tuple[str, str, str], Array],
    benchmark: Benchmark,
) -> pd.DataFrame:
    rows = [
        {"metric": metric, "model_a": a, "model_b": b, **_mean(results, draws, metric, a, b)}
        for metric in benchmark.metrics
        for a, b in combinations(results, 2)
    ]
    return pd.DataFrame(rows)


def _mean(
    results: Mapping[str, BenchmarkResult],
    draws: Mapping[tuple[str, str, str], Array],
    metric: str,
    a: str,
    b: str,
) -> dict[str, object]:
    scores = {name: _scores(results[name]) for name in (a, b)}
    both = list(_classes(draws, metric, a, b))
    found: dict[str, object] = {"n_classes": len(both), "S_mean_a": math.nan, "S_mean_b": math.nan}
    if not both:
        return found | dict(zip(("difference", "low", "high", "better"), _NOTHING, strict=True))
    means = [float(np.mean([scores[name][metric, p][0] for p in both])) for name in (a, b)]
    drawn = np.mean([draws[a, metric, p] - draws[b, metric, p] for p in both], axis=0)
    found["S_mean_a"], found["S_mean_b"] = means
    return found | _judged(a, b, means[0] - means[1], drawn)


def _classes(
    draws: Mapping[tuple[str, str, str], Array], metric: str, a: str, b: str
) -> Iterator[str]:
    """Yield the classes in which both models have a score of `metric`."""
    for name, of, population in draws:
        if name == a and of == metric and (b, metric, population) in draws:
            yield population
