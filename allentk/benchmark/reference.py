"""What a model is compared with: distributions of metrics, class by class."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from allentk.benchmark.compare import split_half
from allentk.benchmark.distribution import Distribution
from allentk.errors import DataError

__all__ = ["METRICS", "SELECTIVITY", "Reference", "load_reference", "measured", "reference_names"]

FORMAT = "allentk-reference-1"

#: Selectivity of a cell that hardly fires is noise: it is left out below a peak rate.
SELECTIVITY = ("osi_vector", "dsi_vector", "osi_pair", "dsi_pair")

#: Metrics a reference may have, with their units.
METRICS = {
    "peak_rate_hz": "Hz",
    "mean_rate_hz": "Hz",
    "spontaneous_rate_hz": "Hz",
    "peak_response": "dF/F",
    "mean_response": "dF/F",
    "spontaneous_response": "dF/F",
    **dict.fromkeys(SELECTIVITY, "1"),
}


def measured(
    table: pd.DataFrame, metric: str, min_peak_rate_hz: float
) -> tuple[pd.Series[float], int, int]:
    """Return the values of a metric that count.

    Parameters
    ----------
    table : DataFrame
        One row per cell.
    metric : str
        A column of it.
    min_peak_rate_hz : float
        Selectivity counts only from this peak rate on.

    Returns
    -------
    values : Series
        Finite values.
    n_dropped : int
        Cells without a finite value.
    n_excluded : int
        Cells with a value, left out for their peak rate.
    """
    values = pd.to_numeric(table[metric], errors="coerce")
    finite = np.isfinite(values.to_numpy(dtype=float))
    quiet = np.zeros(len(table), dtype=bool)
    if metric in SELECTIVITY and min_peak_rate_hz > 0:
        peak = pd.to_numeric(table["peak_rate_hz"], errors="coerce").to_numpy(dtype=float)
        quiet = finite & ~(peak >= min_peak_rate_hz)
    return values[finite & ~quiet], int((~finite).sum()), int(quiet.sum())


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Reference:
    """Distributions of metrics in classes of cells, and where they come from.

    Parameters
    ----------
    name, title : str
        Such as ``"v1-neuropixels"``, and a title for people.
    source, license : str
        Where the numbers were found, and under which licence.
    stimulus : str
        Such as ``"drifting_gratings"``.
    distributions : mapping of str to mapping of str to Distribution
        By class of cells, then by metric.
    min_peak_rate_hz : float
        Selectivity (OSI, DSI) counts only from this peak rate on, in the data and in a model; 0 for all.
    definitions : mapping of str to str
        What each metric is.
    filters : sequence of str
        Which cells are in it.
    """

    name: str
    title: str
    source: str
    license: str
    stimulus: str
    distributions: Mapping[str, Mapping[str, Distribution]]
    min_peak_rate_hz: float = 0.0
    definitions: Mapping[str, str] = field(default_factory=dict)
    filters: Sequence[str] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of cells, such as ``"L2/3 Exc"``."""
        return tuple(self.distributions)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics that any class has, in the order of `METRICS`."""
        there = {metric for of in self.distributions.values() for metric in of}
        return tuple(metric for metric in METRICS if metric in there)

    def distribution(self, metric: str, population: str) -> Distribution:
        """Return the distribution of `metric` in the class `population`.

        Raises
        ------
        DataError
            For an unknown class or metric.
        """
        if population not in self.distributions:
            raise DataError(
                f"reference {self.name!r}: no class {population!r}; there are {self.classes}"
            )
        if metric not in self.distributions[population]:
            raise DataError(
                f"reference {self.name!r}: no metric {metric!r} of {population!r}; there are "
                f"{self.metrics}"
            )
        return self.distributions[population][metric]

    def quantiles(self, metric: str, population: str) -> pd.Series[float]:
        """Return the quantiles of `metric` in the class `population`, indexed by probability.

        Empty where the class is too small to be scored.

        Raises
        ------
        DataError
            For an unknown class or metric.

        Examples
        --------
        >>> load_reference().quantiles("peak_rate_hz", "L4 Exc").size
        101
        """
        coarse = self.distribution(metric, population).in_quantiles()
        index = pd.Index(coarse.probabilities, name="probability", dtype=float)
        return pd.Series(coarse.values, index=index, name=metric, dtype=float)

    def summary(self) -> pd.DataFrame:
        """Return n, median, quartiles, ceiling and noise floor, one row per metric and class."""
        rows = [
            {
                "metric": metric,
                "population": population,
                "n": d.n,
                "median": d.median,
                "q25": d.q25,
                "q75": d.q75,
                "ceiling": d.ceiling,
                "noise_floor": d.noise_floor,
                "quantile_error": d.quantile_error,
            }
            for metric in self.metrics
            for population, of in self.distributions.items()
            if (d := of.get(metric)) is not None
        ]
        return pd.DataFrame(rows)

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame,
        *,
        name: str = "table",
        title: str = "A table of cells",
        source: str = "",
        license: str = "",  # noqa: A002
        stimulus: str = "drifting_gratings",
        min_peak_rate_hz: float | None = None,
        definitions: Mapping[str, str] | None = None,
        filters: Sequence[str] = (),
        draws: int = 200,
        seed: int = 0,
    ) -> Reference:
        """Return the reference made of one row per cell.

        Parameters
        ----------
        table : DataFrame
            Column ``population`` and columns of `METRICS`; other columns are ignored.
        min_peak_rate_hz : float, optional
            Selectivity counts only from this peak rate on; by default 0.5 Hz where the table has
            ``peak_rate_hz``, else 0.
        draws, seed : int
            Random halves for ceiling and noise floor.

        Raises
        ------
        DataError
            Without ``population`` for every cell, or without any metric.
        """
        metrics = [metric for metric in METRICS if metric in table]
        if "population" not in table or not metrics:
            raise DataError(
                f"Reference.from_table: needs the column population and one of {tuple(METRICS)}; "
                f"got {list(table.columns)}"
            )
        if table["population"].isna().any():
            raise DataError("Reference.from_table: every cell needs a population; some are NaN")
        if min_peak_rate_hz is None:
            min_peak_rate_hz = 0.5 if "peak_rate_hz" in table else 0.0
        rng = np.random.default_rng(seed)
        distributions: dict[str, dict[str, Distribution]] = {}
        for population, cells in table.groupby("population", sort=True):
            of = distributions[str(population)] = {}
            for metric in metrics:
                values, _, _ = measured(cells, metric, min_peak_rate_hz)
                of[metric] = _with_halves(values.to_numpy(float), rng, draws)
        return cls(
            name=name,
            title=title,
            source=source,
            license=license,
            stimulus=stimulus,
            distributions=distributions,
            min_peak_rate_hz=min_peak_rate_hz,
            definitions=definitions or {},
            filters=tuple(filters),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with quantiles in place of the cells' values."""
        return {
            "format": FORMAT,
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "license": self.license,
            "stimulus": self.stimulus,
            "min_peak_rate_hz": self.min_peak_rate_hz,
            "filters": list(self.filters),
            "metrics": {
                metric: {"unit": METRICS[metric], "definition": self.definitions.get(metric, "")}
                for metric in self.metrics
            },
            "classes": {
                population: {metric: d.to_dict() for metric, d in of.items()}
                for population, of in self.distributions.items()
            },
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Reference:
        """Return the reference written by ``to_dict``.

        Raises
        ------
        DataError
            Where the content is not of this format.
        """
        if content.get("format") != FORMAT:
            raise DataError(
                f"Reference: expected the format {FORMAT!r}, got {content.get('format')!r}"
            )
        texts = {key: content[key] for key in ("name", "title", "source", "license", "stimulus")}
        return cls(
            **texts,
            min_peak_rate_hz=content["min_peak_rate_hz"],
            filters=tuple(content["filters"]),
            definitions={name: of["definition"] for name, of in content["metrics"].items()},
            distributions={
                population: {metric: Distribution.from_dict(d) for metric, d in of.items()}
                for population, of in content["classes"].items()
            },
        )

    def __repr__(self) -> str:
        return (
            f"<Reference {self.name}: {len(self.metrics)} metrics of {len(self.classes)} classes, "
            f"{self.stimulus}>"
        )


def _with_halves(values: Any, rng: np.random.Generator, draws: int) -> Distribution:
    whole = Distribution.from_samples(values)
    ceiling, floor = split_half(whole.values, rng, draws=draws)
    return replace(whole, ceiling=ceiling, noise_floor=floor)


def reference_names() -> tuple[str, ...]:
    """Return the names of the references that come with allentk."""
    folder = files("allentk.benchmark") / "references"
    found = (entry.name for entry in folder.iterdir())
    return tuple(
        sorted(n.removesuffix(".json").replace("_", "-") for n in found if n.endswith(".json"))
    )


def load_reference(name: str = "v1-neuropixels") -> Reference:
    """Return a reference that comes with allentk.

    Parameters
    ----------
    name : str
        ``"v1-neuropixels"``: drifting gratings of 2 Hz in mouse V1, Visual Coding Neuropixels.

    Raises
    ------
    DataError
        For an unknown name.

    Examples
    --------
    >>> load_reference("v1-neuropixels").stimulus
    'drifting_gratings'
    """
    known = reference_names()
    if name not in known:
        raise DataError(f"load_reference: no reference {name!r}; there are {known}")
    path = files("allentk.benchmark") / "references" / f"{name.replace('-', '_')}.json"
    return Reference.from_dict(json.loads(path.read_text(encoding="utf-8")))
