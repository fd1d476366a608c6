"""What a model is compared with: distributions of metrics, class by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from allentk.benchmark.distances import split_half
from allentk.benchmark.distribution import Distribution
from allentk.benchmark.metrics import METRICS, SELECTIVITY, by_class, check_columns, measured
from allentk.data._html import card, facts, says_synthetic, synthetic_end
from allentk.data._html import table as small_table
from allentk.errors import DataError

__all__ = ["METRICS", "SELECTIVITY", "Reference", "measured"]

FORMAT = "allentk-reference-1"

#: Keys of a reference in JSON beside ``format``.
_KEYS = (
    *("name", "title", "source", "license", "stimulus", "conditions"),
    *("min_peak_rate_hz", "filters", "metrics", "classes"),
)

#: Columns of a StimulusTable that conditions may name.
_CONDITIONS = ("temporal_frequency_hz", "spatial_frequency_cpd", "contrast")


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
    conditions : mapping of str to float
        What the gratings were, by column of a StimulusTable, such as ``{"temporal_frequency_hz": 2.0}``;
        a network is measured under the same. Empty where it does not matter.
    distributions : mapping of str to mapping of str to Distribution
        By class of cells, then by metric.
    min_peak_rate_hz : float
        Selectivity (OSI, DSI) counts only from this peak rate on, in the data and in a model; 0 for all.
    definitions : mapping of str to str
        What each metric is.
    windows : mapping of str to str
        Of which stretch of time or stimulus each metric is, where the source says so.
    filters : sequence of str
        Which cells are in it.
    definition : str
        Whose definitions these are, such as ``"warehouse"``: metrics whose name does not say what they
        are (``g_osi``) are compared within one definition only. Empty where not stated.
    quirks : str
        ``"published"`` where the numbers have the defects of the published program: a network is measured
        with them too, where it is by the same definition.
    notes : sequence of str
        What was left out, or taken for granted, when it was made.

    Raises
    ------
    DataError
        For a condition or a metric that allentk does not know, and without any metric of any class.
    """

    name: str
    title: str
    source: str
    license: str
    stimulus: str
    distributions: Mapping[str, Mapping[str, Distribution]]
    conditions: Mapping[str, float] = field(default_factory=dict)
    min_peak_rate_hz: float = 0.0
    definitions: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, str] = field(default_factory=dict)
    filters: Sequence[str] = ()
    definition: str = ""
    quirks: str = ""
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name, value in self.conditions.items():
            if name not in _CONDITIONS or not np.isfinite(value):
                raise DataError(
                    f"Reference {self.name!r}: a condition is a finite value of one of "
                    f"{_CONDITIONS}, got {name!r}: {value!r}"
                )
        there = {metric for of in self.distributions.values() for metric in of}
        unknown = sorted(there.difference(METRICS))
        if unknown:
            raise DataError(
                f"Reference {self.name!r}: no metric {unknown[0]!r}; there are {tuple(METRICS)}"
            )
        if not there:
            raise DataError(
                f"Reference {self.name!r}: expected a metric of one class of cells or more, got none; "
                f"see whether its table has rows, and their class is known"
            )

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of cells, such as ``"L2/3 Exc"``."""
        return tuple(self.distributions)

    def exclusion(self, metric: str) -> str:
        """Return which cells with a value are left out of `metric`, in words; empty for none."""
        if metric not in SELECTIVITY or self.min_peak_rate_hz <= 0:
            return ""
        return f"cells below {self.min_peak_rate_hz:g} Hz at the preferred direction"

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
        >>> from allentk.benchmark import load_reference
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
        conditions: Mapping[str, float] | None = None,
        min_peak_rate_hz: float | None = None,
        definitions: Mapping[str, str] | None = None,
        windows: Mapping[str, str] | None = None,
        filters: Sequence[str] = (),
        definition: str = "",
        quirks: str = "",
        notes: Sequence[str] = (),
        draws: int = 200,
        seed: int = 0,
    ) -> Reference:
        """Return the reference made of one row per cell.

        Parameters
        ----------
        table : DataFrame
            Column ``population`` and columns of `METRICS`; other columns are ignored. ``attrs`` may name
            the ``definition``.
        conditions : mapping of str to float, optional
            What the gratings were, such as ``{"temporal_frequency_hz": 2.0}``.
        min_peak_rate_hz : float, optional
            Selectivity counts only from this peak rate on; by default 0.5 Hz where the table has
            ``peak_rate_hz``, else 0.
        draws, seed : int
            Random halves for ceiling and noise floor; at least one.

        Raises
        ------
        DataError
            Without ``population`` for every cell, or without any metric; without a draw; with
            `min_peak_rate_hz` where the table has no ``peak_rate_hz``.
        """
        metrics = _metrics_of(table)
        if min_peak_rate_hz is None:
            min_peak_rate_hz = 0.5 if "peak_rate_hz" in table else 0.0
        elif min_peak_rate_hz > 0 and "peak_rate_hz" not in table:
            raise DataError(
                f"Reference.from_table: min_peak_rate_hz={min_peak_rate_hz:g} needs the column "
                f"peak_rate_hz; got {list(table.columns)}"
            )
        rng = np.random.default_rng(seed)
        distributions: dict[str, dict[str, Distribution]] = {}
        classes = by_class(table)
        # Numbers in their order, not in that of their words: 2 before 10.
        for population in dict.fromkeys(
            map(str, table.groupby("population", observed=True).groups)
        ):
            of = distributions[population] = {}
            for metric in metrics:
                values, _, _ = measured(classes[population], metric, min_peak_rate_hz)
                of[metric] = _with_halves(values.to_numpy(float), rng, draws)
        return cls(
            name=name,
            title=title,
            source=source,
            license=license,
            stimulus=stimulus,
            conditions=conditions or {},
            distributions=distributions,
            min_peak_rate_hz=min_peak_rate_hz,
            definitions=definitions or {},
            windows=windows or {},
            filters=tuple(filters),
            definition=definition or _definition_of(table),
            quirks=quirks,
            notes=tuple(notes),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with quantiles in place of the cells' values."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "license": self.license,
            "stimulus": self.stimulus,
            "conditions": dict(self.conditions),
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
        for metric, of in content["metrics"].items():
            if metric in self.windows:
                of["window"] = self.windows[metric]
        optional = {
            "definition": self.definition,
            "quirks": self.quirks,
            "notes": list(self.notes),
        }
        return content | {key: value for key, value in optional.items() if value}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Reference:
        """Return the reference written by ``to_dict``.

        Raises
        ------
        DataError
            Where the content is not of this format, or a metric is in another unit than allentk's.
        """
        _check_keys(content)
        try:
            _check_units(content["metrics"])
            return cls(
                **{key: str(content[key]) for key in _KEYS[:5]},
                conditions={name: float(value) for name, value in content["conditions"].items()},
                min_peak_rate_hz=float(content["min_peak_rate_hz"]),
                filters=tuple(content["filters"]),
                definitions={name: of["definition"] for name, of in content["metrics"].items()},
                windows={n: of["window"] for n, of in content["metrics"].items() if "window" in of},
                definition=str(content.get("definition", "")),
                quirks=str(content.get("quirks", "")),
                notes=tuple(content.get("notes", ())),
                distributions={
                    population: {metric: Distribution.from_dict(d) for metric, d in of.items()}
                    for population, of in content["classes"].items()
                },
            )
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise DataError(
                f"Reference.from_dict: {content['name']!r} is not what Reference.to_dict writes: "
                f"{type(error).__name__} {error}"
            ) from error

    def __repr__(self) -> str:
        return (
            f"<Reference {self.name}: {len(self.metrics)} metrics of {len(self.classes)} classes, "
            f"{self.stimulus}{synthetic_end(self.synthetic)}>"
        )

    @property
    def synthetic(self) -> bool:
        """Whether its title, source or notes say that it is made up."""
        return says_synthetic(self.title, self.source, *self.notes)

    def _repr_html_(self) -> str:
        told = {
            "title": self.title,
            "source": self.source,
            "licence": self.license,
            "conditions": self.conditions,
        }
        numbers = small_table(self.summary(), most=6, columns=6)
        return card(self, facts(told), numbers, synthetic=self.synthetic)


def _definition_of(table: pd.DataFrame) -> str:
    """Return the definition that a table names, where it names one for all of its metrics."""
    named = table.attrs.get("definition", "")
    return named if isinstance(named, str) else ""


def _metrics_of(table: object) -> list[str]:
    """Return the metrics of a table of cells that can be a reference."""
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"Reference.from_table: expected a DataFrame with one row per cell, got a "
            f"{type(table).__name__}"
        )
    metrics = [metric for metric in METRICS if metric in table]
    if "population" not in table or not metrics:
        raise DataError(
            f"Reference.from_table: needs the column population and one of {tuple(METRICS)}; "
            f"got {list(table.columns)}"
        )
    check_columns(table)
    if table["population"].isna().any():
        raise DataError("Reference.from_table: every cell needs a population; some are NaN")
    return metrics


def _check_keys(content: object) -> None:
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        got = content.get("format") if isinstance(content, Mapping) else type(content).__name__
        raise DataError(f"Reference.from_dict: expected the format {FORMAT!r}, got {got!r}")
    missing = [key for key in _KEYS if key not in content]
    if missing:
        raise DataError(
            f"Reference.from_dict: the keys {missing} are missing; expected what Reference.to_dict "
            f"returns, with {_KEYS}"
        )


def _check_units(metrics: Mapping[str, Mapping[str, str]]) -> None:
    for name, of in metrics.items():
        if of["unit"] != METRICS.get(name, of["unit"]):
            raise DataError(f"{name} is in {of['unit']!r}, expected {METRICS[name]!r}")


def _with_halves(values: Any, rng: np.random.Generator, draws: int) -> Distribution:
    whole = Distribution.from_samples(values)
    ceiling, floor = split_half(whole.values, rng, draws=draws)
    return replace(whole, ceiling=ceiling, noise_floor=floor)
