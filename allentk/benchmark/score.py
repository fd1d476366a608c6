"""One row of a benchmark's table: a metric in a class of cells, model against data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.benchmark.bootstrap import interval, resampled_scores, streams
from allentk.benchmark.distances import ks_distance, wasserstein_distance
from allentk.benchmark.distribution import MIN_CELLS, Distribution
from allentk.benchmark.metrics import METRICS, SELECTIVITY, SELF_DEFINED, measured, signals
from allentk.benchmark.reference import Reference
from allentk.benchmark.result import RESULT_COLUMNS

__all__ = ["score_row", "unstated", "values_of"]

Array = NDArray[np.float64]

#: Two definitions of one thing: never compared with each other.
_ALIKE = {
    **dict.fromkeys(("dsi_vector", "dsi_pair", "g_dsi", "dsi"), "direction selectivity"),
    **dict.fromkeys(("osi_vector", "osi_pair", "g_osi", "osi"), "orientation selectivity"),
}


def score_row(
    reference: Reference,
    metric: str,
    population: str,
    cells: pd.DataFrame,
    bootstrap: int = 300,
    seed: int = 0,
) -> dict[str, object]:
    """Return the row of `metric` in the class `population`, by `RESULT_COLUMNS`.

    Parameters
    ----------
    reference : Reference
        Its distribution may be missing, or too small: the row says so and has no score.
    metric, population : str
        What is compared.
    cells : DataFrame
        The model's cells of that class, perhaps none.
    bootstrap, seed : int
        Draws for the interval of S, none for 0, and where their random numbers start.
    """
    data = reference.distributions[population].get(metric)
    data = Distribution.from_samples([]) if data is None else data
    row: dict[str, Any] = {
        **_data_side(data),
        **_described(reference, metric),
        "population": population,
    }
    reason = _missing(reference, metric, cells)
    values = np.empty(0)
    if not reason:
        kept, row["n_dropped"], row["n_excluded"] = measured(
            cells, metric, reference.min_peak_rate_hz
        )
        values = kept.to_numpy(float)
        row |= _model_side(values)
        reason = _too_few(values.size, data)
    if not reason:
        row |= _scores(values, data)
        if bootstrap:
            generators = streams(seed, metric, population)
            resampled = resampled_scores(values, data, *generators, draws=bootstrap)
            low, high = interval(resampled)
            # The draws are moved by their own mean: near the noise they may miss the score itself.
            score = float(row["S"])
            row["S_low"], row["S_high"] = min(low, score), max(high, score)
    return {**row, "scored": not reason, "reason": reason}


def values_of(reference: Reference, metric: str, population: str, cells: pd.DataFrame) -> Array:
    """Return the values of a model's table that count for one row."""
    of_class = cells[cells["population"].astype(str) == population]
    kept, _, _ = measured(of_class, metric, reference.min_peak_rate_hz)
    values: Array = kept.to_numpy(float)
    return values


def unstated(reference: Reference, metrics: Sequence[str], table: pd.DataFrame) -> tuple[str, ...]:
    """Say which of `metrics` are compared though only one side, or none, names its definition."""
    loose = [m for m in metrics if m in table and m not in SELF_DEFINED]
    loose = [m for m in loose if not (reference.definition and _definition(table, m))]
    if not loose:
        return ()
    side = "the model's table" if reference.definition else "the reference"
    return (
        f"{side} does not name the definition of {', '.join(loose)}: taken to be the same as the other's",
    )


def _definition(table: pd.DataFrame, metric: str) -> str:
    named = table.attrs.get("definition", "")
    return str(named.get(metric, "")) if isinstance(named, dict) else str(named)


def _data_side(data: Distribution) -> dict[str, object]:
    return {
        **dict.fromkeys(RESULT_COLUMNS, math.nan),
        **dict.fromkeys(("n_model", "n_dropped", "n_excluded"), 0),
        "n_data": data.n,
        "median_data": data.median,
        "q25_data": data.q25,
        "q75_data": data.q75,
        "ceiling": data.ceiling,
        "noise_floor": data.noise_floor,
        "quantile_error": data.quantile_error,
    }


def _described(reference: Reference, metric: str) -> dict[str, object]:
    return {
        "metric": metric,
        "unit": METRICS[metric],
        "definition": reference.definitions.get(metric) or reference.definition,
        "window": reference.windows.get(metric, ""),
        "exclusion": reference.exclusion(metric),
    }


def _missing(reference: Reference, metric: str, cells: pd.DataFrame) -> str:
    ours, theirs = signals(reference.metrics), signals(cells.columns)
    if ours and theirs and not ours & theirs:
        return (
            f"the model's responses are in {theirs.pop()}, those of the reference in {ours.pop()}"
        )
    if metric not in cells:
        return f"the model's table has no column {metric}{_instead(metric, cells)}"
    named = _definition(cells, metric)
    if metric not in SELF_DEFINED and named and reference.definition not in ("", named):
        return (
            f"the model's {metric} is of the definition {named!r}, that of the reference of "
            f"{reference.definition!r}"
        )
    least = reference.min_peak_rate_hz
    if metric in SELECTIVITY and least > 0 and "peak_rate_hz" not in cells:
        return (
            f"the model's table has no column peak_rate_hz, by which the reference leaves out "
            f"cells below {least:g} Hz"
        )
    return ""


def _instead(metric: str, cells: pd.DataFrame) -> str:
    """Say which other definition of the same the table has: it is not compared."""
    other = [name for name, what in _ALIKE.items() if what == _ALIKE.get(metric) and name in cells]
    return f"; its {other[0]} is another definition of {_ALIKE[metric]}" if other else ""


def _model_side(values: Array) -> dict[str, Any]:
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


def _scores(values: Array, data: Distribution) -> dict[str, object]:
    ks = ks_distance(values, data)
    return {
        "ks": ks,
        "wasserstein": wasserstein_distance(values, data),
        "S": 1 - ks,
        "S_over_ceiling": (1 - ks) / data.ceiling,
    }
